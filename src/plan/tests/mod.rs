//! The plan's tests: what is generated, how suites are read, how cases are written.

mod files;
mod generation;
mod suites;

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;

/// The cases of the named suites, for a target that offers everything; made once for all tests.
fn planned(names: &[&str], seed: u64) -> Vec<Planned> {
    static KNOWN: Mutex<BTreeMap<(String, u64), Vec<Planned>>> = Mutex::new(BTreeMap::new());
    let key = (names.join(" "), seed);
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(key)
        .or_insert_with(|| fresh(names, seed))
        .clone()
}

fn fresh(names: &[&str], seed: u64) -> Vec<Planned> {
    let suites = Suite::find_all(names.iter().copied()).unwrap_or_else(|e| panic!("{e}"));
    plan(
        &suites,
        seed,
        Budget::default(),
        Contract::embedded(),
        Abilities::ALL,
    )
    .collect()
}
