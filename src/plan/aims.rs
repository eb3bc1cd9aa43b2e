//! Which requirements a built-in case is about: the few cases that show a requirement with the least beside it.
//!
//! They stand in `suites/aims.json`, which `tests/aims.rs` writes from what the cases show on the reference. The cases that a
//! selftest found the planted faults of a requirement in stand in `suites/tellers.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Planned, When};
use crate::requirement::RequirementId;

type Aims = BTreeMap<String, BTreeMap<String, Vec<String>>>;

static AIMS: LazyLock<Aims> = LazyLock::new(|| {
    let text = include_str!("../../suites/aims.json");
    serde_json::from_str(text).unwrap_or_default()
});

/// For each requirement the cases that told of planted faults, those that told of most first.
type Tellers = BTreeMap<String, Vec<String>>;

static TELLERS: LazyLock<Tellers> = LazyLock::new(|| {
    let text = include_str!("../../suites/tellers.json");
    serde_json::from_str(text).unwrap_or_default()
});

/// The ids of a case of whichever suite: no two suites have a case of the same name.
pub fn of_case(case: &str) -> &'static [String] {
    let mut suites = AIMS.values();
    suites
        .find_map(|cases| cases.get(case))
        .map_or(&[], Vec::as_slice)
}

/// The names of the cases, of whichever suite.
pub fn cases_about(rule: RequirementId) -> impl Iterator<Item = &'static str> {
    let cases = AIMS.values().flatten();
    cases
        .filter(move |(_, ids)| ids.iter().any(|id| id == rule.as_str()))
        .map(|(case, _)| case.as_str())
}

/// The ids, in the order of the catalogue.
pub fn of(suite: &str, case: &str) -> Vec<String> {
    let aims = AIMS.get(suite).and_then(|cases| cases.get(case));
    aims.cloned().unwrap_or_default()
}

/// How soon a case is run that may tell of a requirement.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// It has told of mistakes, and stands at this place among those that have.
    HasTold(usize),
    IsAbout,
    /// It has told as well, and waits for seconds.
    HasToldSlowly(usize),
    /// Cases about it stand in the same suite.
    IsBeside,
    None,
}

/// Puts the cases first that have told of mistakes of a requirement or are about it, then those of the suites that have such
/// cases; otherwise in the order in which they are.
pub fn about_first(planned: &mut [&Planned], rule: RequirementId) {
    let is_about = |ids: &[String]| ids.iter().any(|id| id == rule.as_str());
    let tellers = TELLERS.get(rule.as_str()).map_or(&[][..], Vec::as_slice);
    planned.sort_by_cached_key(|planned| {
        let name = &planned.case.name;
        let told = tellers.iter().position(|teller| teller == name);
        let is_slow = When::of(&planned.case) == When::First;
        let suite = AIMS.get(&planned.suite);
        let suite_is = suite.is_some_and(|cases| cases.values().any(|ids| is_about(ids)));
        match told {
            Some(place) if !is_slow => Worth::HasTold(place),
            _ if is_about(of_case(name)) => Worth::IsAbout,
            Some(place) => Worth::HasToldSlowly(place),
            None if suite_is => Worth::IsBeside,
            None => Worth::None,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::plan::{Abilities, Budget, DEFAULT_SUITE, Suite, plan};
    use crate::requirement::id;

    #[test]
    fn tellers_and_cases_about_a_rule_come_first_and_then_the_rest_of_their_suites() {
        let suites = Suite::find(DEFAULT_SUITE).unwrap();
        let contract = Contract::embedded();
        let all: Vec<Planned> =
            plan(&suites, 1, Budget::default(), contract, Abilities::ALL).collect();
        for rule in [id::LIFE_4, id::AUTH_10, id::HOOK_19] {
            let mut planned: Vec<&Planned> = all.iter().collect();
            about_first(&mut planned, rule);
            assert_eq!(planned.len(), all.len());
            let is_about =
                |planned: &&Planned| of_case(&planned.case.name).contains(&rule.to_string());
            let suites: Vec<&str> = planned
                .iter()
                .filter(|p| is_about(p))
                .map(|p| p.suite.as_str())
                .collect();
            let is_slow = |planned: &&Planned| When::of(&planned.case) == When::First;
            let place = |planned: &&Planned| {
                let mut tellers = TELLERS[rule.as_str()].iter();
                tellers.position(|teller| *teller == planned.case.name)
            };

            let quick = planned
                .iter()
                .take_while(|p| place(p).is_some() && !is_slow(p));
            let quick: Vec<&&Planned> = quick.collect();
            assert!(!quick.is_empty(), "{rule}");
            assert!(quick.is_sorted_by_key(|p| place(p)), "{rule}");
            let rest = &planned[quick.len()..];
            let about = rest.iter().take_while(|p| is_about(p)).count();
            let slow = rest[about..]
                .iter()
                .take_while(|p| place(p).is_some())
                .count();
            let rest = &rest[about + slow..];
            assert!(
                !rest.iter().any(|p| is_about(p) || place(p).is_some()),
                "{rule}"
            );
            let (next, last) = (rest[0].suite.as_str(), rest[rest.len() - 1].suite.as_str());
            assert!(suites.contains(&next) && !suites.contains(&last), "{rule}");
        }
    }
}
