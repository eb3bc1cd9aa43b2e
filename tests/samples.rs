//! The sample reports are what a run writes today; `UPDATE=1 cargo test --test samples` makes them anew.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{cardproof, check_schema, folder, report};
use serde_json::{Value, json};

const SAMPLES: [(&str, &str, i32); 2] = [
    ("reports/sample-conforming", "", 0),
    (
        "reports/sample-departures",
        "--fault deactivate-does-nothing",
        1,
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &Path, out: &str, flags: &str, code: i32) {
    let ended = cardproof(folder, &format!("run --suite smoke {flags} --out {out}"));
    assert_eq!(ended.code, Some(code), "{}{}", ended.stdout, ended.stderr);
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// What is the same in all runs: no times, ids, addresses or counts of what happens by itself.
fn lasting(report: &Value) -> Value {
    let verdicts = report["requirements"].as_array().unwrap().iter();
    let findings = report["findings"].as_array().unwrap().iter();
    json!({
        "verdict": report["verdict"],
        "contract": report["contract"],
        "requirements": verdicts.map(|r| json!([r["id"], r["rule"], r["verdict"]])).collect::<Vec<Value>>(),
        "findings": findings.map(|f| json!([f["id"], f["case"], f["departure"], f["file"]])).collect::<Vec<Value>>(),
        "readings": report["readings"],
    })
}

#[test]
fn the_samples_are_what_a_run_writes_today() {
    for (sample, flags, code) in SAMPLES {
        let committed = root();
        if std::env::var_os("UPDATE").is_some() {
            run(&committed, sample, flags, code);
        }
        let folder = folder();
        run(folder.path(), sample, flags, code);
        let advice = "make it anew with `UPDATE=1 cargo test --test samples`";
        let (old, new) = (committed.join(sample), folder.path().join(sample));
        assert_eq!(names(&old), names(&new), "{sample}: {advice}");
        let (old, new) = (report(&committed, sample), report(folder.path(), sample));
        check_schema(&old);
        assert_eq!(lasting(&old), lasting(&new), "{sample}: {advice}");
    }
}
