//! Which requirements a built-in case is about: the few cases that show a requirement with the least beside it.
//!
//! They stand in `suites/aims.json`, which `tests/aims.rs` writes from what the cases show on the reference. The cases that a
//! selftest found the planted faults of a requirement in stand in `suites/tellers.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Planned;
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

/// The ids, in the order of the catalogue.
pub fn of(suite: &str, case: &str) -> Vec<String> {
    let aims = AIMS.get(suite).and_then(|cases| cases.get(case));
    aims.cloned().unwrap_or_default()
}

/// Puts the cases first that have told of mistakes of a requirement, then those about it, then those of the suites that have
/// such cases; otherwise in the order in which they are.
pub fn about_first(planned: &mut [&Planned], rule: RequirementId) {
    let is_about = |ids: &[String]| ids.iter().any(|id| id == rule.as_str());
    let tellers = TELLERS.get(rule.as_str()).map_or(&[][..], Vec::as_slice);
    planned.sort_by_cached_key(|planned| {
        let name = &planned.case.name;
        let place = tellers.iter().position(|teller| teller == name);
        let suite = AIMS.get(&planned.suite);
        let suite_is = suite.is_some_and(|cases| cases.values().any(|ids| is_about(ids)));
        (
            place.unwrap_or(tellers.len()),
            !is_about(of_case(name)),
            !suite_is,
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;
    use crate::plan::{Abilities, Budget, DEFAULT_SUITE, Suite, plan};
    use crate::requirement::id;

    #[test]
    fn cases_about_a_rule_come_first_and_then_the_rest_of_their_suites() {
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
            let about = planned.iter().take_while(|p| is_about(p)).count();
            assert!((1..=6).contains(&about), "{rule}: {about}");
            assert!(!planned[about..].iter().any(is_about), "{rule}");
            let suites: Vec<&str> = planned[..about].iter().map(|p| p.suite.as_str()).collect();
            let next = planned[about].suite.as_str();
            let last = planned[planned.len() - 1].suite.as_str();
            assert!(suites.contains(&next) && !suites.contains(&last), "{rule}");
        }
    }
}
