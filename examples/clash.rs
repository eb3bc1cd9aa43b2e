use cardproof::*;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let want = std::env::args().nth(2).unwrap();
    let reader = trace_reader::TraceReader::open(std::path::Path::new(&path)).map_err(|e| e.to_string()).unwrap();
    let terms = reader.header().terms.clone();
    let mut seen = std::collections::BTreeMap::new();
    for t in reader {
        let t = t.unwrap();
        let j = judge::judge(contract::Contract::embedded(), &terms, &t);
        for ((id, scope), left) in &j.readings { if id.as_str() == want { seen.entry((scope.clone(), left.clone())).or_insert_with(Vec::new).push(t.case.name.clone()); } }
    }
    for (k, v) in seen { println!("{k:?} {} {:?}", v.len(), &v[..v.len().min(6)]); }
}
