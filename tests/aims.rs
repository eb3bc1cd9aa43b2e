//! `suites/aims.json`: which built-in cases are about which requirement; `UPDATE=1 cargo test published` writes it.
//! `suites/tellers.json`: which cases tell of the planted faults; `SELFTEST=DIR/selftest.json cargo test published` writes it from
//! a `selftest --all`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cardproof::contract::Contract;
use cardproof::drive::{Session, StopSignal};
use cardproof::embedded::Embedded;
use cardproof::judge::judge;
use cardproof::plan::Suite;
use cardproof::reference::Options;
use cardproof::requirement::{self, Needs, RequirementId, Tag};
use cardproof::selftest::Selftest;

/// A requirement leads to so many cases that show it most often, and to so many that show the least beside it.
const CASES_EACH: usize = 3;

type Aims = BTreeMap<String, BTreeMap<String, Vec<RequirementId>>>;

/// Whether requests meet is up to chance, so each race is run so often.
const ROUNDS: usize = 5;

/// What each hand-written case of the built-in suites shows on the reference.
fn shown() -> Vec<(String, String, BTreeMap<RequirementId, u32>)> {
    let embedded = Embedded::start(Options::default()).unwrap();
    let profile = embedded.profile();
    let terms = profile.terms();
    let session = Session::connect(profile).unwrap();
    let suites = Suite::find_all(Suite::built_in_names()).unwrap();
    let mut shown = Vec::new();
    for suite in &suites {
        let mut of_cases = BTreeMap::<String, BTreeMap<RequirementId, u32>>::new();
        let races = suite.cases.iter().filter(|case| case.has_race());
        let again = races.flat_map(|case| std::iter::repeat_n(case, ROUNDS - 1));
        let cases: Vec<_> = suite.cases.iter().chain(again).cloned().collect();
        for trace in session.drive_batch(&cases, &StopSignal::new()) {
            let judgement = judge(Contract::embedded(), &terms, &trace);
            let is_first = !of_cases.contains_key(&trace.case.name);
            let of_case = of_cases.entry(trace.case.name).or_default();
            for (id, times) in judgement.exercised {
                if is_first || id.requirement().needs == Needs::AtOnce {
                    *of_case.entry(id).or_default() += times;
                }
            }
        }
        shown.extend(suite.cases.iter().map(|case| {
            let ids = of_cases.remove(&case.name).unwrap_or_default();
            (suite.name.clone(), case.name.clone(), ids)
        }));
    }
    shown
}

/// For each requirement the cases that put it to the test most often, and those that show the least beside it.
fn aims() -> Aims {
    let shown = shown();
    let mut aims = Aims::new();
    for requirement in requirement::all() {
        let id = requirement.id;
        let mut cases: Vec<_> = shown
            .iter()
            .filter(|(.., ids)| ids.contains_key(&id))
            .collect();
        cases.sort_by_key(|(.., ids)| ids.len());
        let plainest: Vec<_> = cases.iter().copied().take(CASES_EACH).collect();
        cases.sort_by_key(|(.., ids)| std::cmp::Reverse(ids[&id]));
        for (suite, case, _) in cases.into_iter().take(CASES_EACH).chain(plainest) {
            let ids = aims.entry(suite.clone()).or_default();
            let ids = ids.entry(case.clone()).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    aims
}

type Tellers = BTreeMap<String, Vec<String>>;

/// For each requirement the cases in which its faults were found, those that told of most first.
fn tellers(selftest: &Selftest) -> Tellers {
    let mut told: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in selftest.faults.iter().filter(|row| row.is_named()) {
        // Two cases may tell together, by contradicting each other.
        for case in row.found_in.iter().flat_map(|cases| cases.split(" and ")) {
            let cases = told.entry(&row.requirement).or_default();
            *cases.entry(case).or_default() += 1;
        }
    }
    let in_order = |cases: BTreeMap<&str, usize>| {
        let mut cases: Vec<_> = cases.into_iter().collect();
        cases.sort_by_key(|(_, faults)| std::cmp::Reverse(*faults));
        cases.into_iter().map(|(case, _)| case.to_owned()).collect()
    };
    told.into_iter()
        .map(|(rule, cases)| (rule.to_owned(), in_order(cases)))
        .collect()
}

#[test]
fn the_published_tellers_are_of_requirements_and_no_case_stands_twice() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/tellers.json");
    if let Some(selftest) = std::env::var_os("SELFTEST") {
        let selftest = serde_json::from_slice(&std::fs::read(selftest).unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&tellers(&selftest)).unwrap();
        std::fs::write(&file, text + "\n").unwrap();
    }
    let tellers: Tellers = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(tellers.len() > 100, "{}", tellers.len());
    for (rule, cases) in &tellers {
        assert!(requirement::find(rule).is_ok(), "{rule}");
        let each: BTreeSet<&String> = cases.iter().collect();
        assert_eq!(each.len(), cases.len(), "{rule}: {cases:?}");
    }
}

#[test]
fn the_published_aims_lead_to_cases_that_are_there_for_every_requirement() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/aims.json");
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&aims()).unwrap();
        std::fs::write(&file, text + "\n").unwrap();
    }
    let aims: Aims = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let suites = Suite::find_all(Suite::built_in_names()).unwrap();
    let known: BTreeSet<(&str, &str)> = suites
        .iter()
        .flat_map(|suite| {
            suite
                .cases
                .iter()
                .map(|case| (suite.name.as_str(), case.name.as_str()))
        })
        .collect();
    let led: BTreeSet<(&str, &str)> = aims
        .iter()
        .flat_map(|(suite, cases)| cases.keys().map(|case| (suite.as_str(), case.as_str())))
        .collect();
    let gone: Vec<_> = led.difference(&known).collect();
    assert!(
        gone.is_empty(),
        "UPDATE=1 cargo test published; gone: {gone:?}"
    );
    let aimed: BTreeSet<RequirementId> = aims
        .values()
        .flat_map(BTreeMap::values)
        .flatten()
        .copied()
        .collect();
    let missing: Vec<RequirementId> = requirement::all()
        .filter(|requirement| {
            matches!(requirement.needs, Needs::Nothing | Needs::AtOnce)
                && requirement.tag != Tag::Open
                && !aimed.contains(&requirement.id)
        })
        .map(|requirement| requirement.id)
        .collect();
    assert!(
        missing.is_empty(),
        "UPDATE=1 cargo test published; without a case: {missing:?}"
    );
}
