use cardproof::selftest::*;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let faults = cardproof::reference::faults()
        .iter()
        .filter(|f| args.iter().any(|a| a == "faults" || a == f.id))
        .collect();
    let num = |k: &str, d: u64| {
        args.iter()
            .find_map(|a| a.strip_prefix(k)?.parse().ok())
            .unwrap_or(d)
    };
    let plan = Plan {
        faults,
        readings: args.iter().any(|a| a == "readings"),
        seeds: num("from:", 1)..num("to:", 2),
        cases: num("cases:", 60) as usize,
        at_once: num("j:", 3) as usize,
    };
    let t = selftest(&plan, &|_, _| ())
        .map_err(|e| e.to_string())
        .unwrap();
    let mut ms: Vec<u64> = t.faults.iter().map(|r| r.took_ms).collect();
    ms.sort();
    for r in &t.faults {
        if !r.is_named() || !r.is_shortest() || args.iter().any(|a| a == "all") {
            println!(
                "{} {} {} want {} caught {:?} req {} len {:?}/{} {} ms\n      {}\n      {}",
                if r.is_caught() { " " } else { "MISSED" },
                if r.is_named() { "named" } else { "UNNAMED" },
                r.fault,
                r.requirement,
                r.caught_by,
                r.requests,
                r.length,
                r.shortest,
                r.took_ms,
                r.words,
                r.steps.join("; ")
            );
        }
    }
    for r in &t.correct {
        if !r.departures.is_empty() {
            println!(
                "FALSE ALARM {} seed {} {:?} {}",
                r.variant,
                r.seed,
                r.departures,
                r.words.clone().unwrap_or_default()
            );
        }
    }
    let mut slow: Vec<_> = t
        .faults
        .iter()
        .map(|r| (r.took_ms, r.fault.clone(), r.requests))
        .collect();
    slow.sort();
    slow.reverse();
    println!("slow {:?}", &slow[..slow.len().min(25)]);
    let n = t.faults.len();
    println!(
        "{n} faults, caught {}, named {}, shortest {}; median {:?} ms max {:?}; correct {} rows {} requests; {} ms",
        t.faults.iter().filter(|r| r.is_caught()).count(),
        t.faults.iter().filter(|r| r.is_named()).count(),
        t.faults.iter().filter(|r| r.is_shortest()).count(),
        ms.get(n / 2),
        ms.last(),
        t.correct.len(),
        t.correct.iter().map(|r| r.requests).sum::<usize>(),
        t.took_ms
    );
}
