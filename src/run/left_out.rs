//! Cases that were not run, told by the requirements that they are about: each has its own reason for not being shown.

use std::collections::BTreeMap;

use crate::requirement::{self, RequirementId};

/// Why cases about each requirement were not run, and how many.
#[derive(Debug, Default)]
pub(super) struct LeftOut(BTreeMap<RequirementId, BTreeMap<String, usize>>);

impl LeftOut {
    /// Notes a case by what it is about. A generated one is about nothing in particular.
    pub fn note(&mut self, aims: &[String], why: &str) {
        for requirement in aims.iter().filter_map(|id| requirement::find(id).ok()) {
            let whys = self.0.entry(requirement.id).or_default();
            *whys.entry(why.to_owned()).or_default() += 1;
        }
    }

    /// The reasons that held back most of a requirement's cases, in words.
    pub fn reasons(&self) -> BTreeMap<RequirementId, String> {
        let each = self.0.iter();
        each.map(|(requirement, whys)| (*requirement, most_frequent(whys)))
            .collect()
    }
}

fn most_frequent(whys: &BTreeMap<String, usize>) -> String {
    const TOLD: usize = 3;
    let mut whys: Vec<(&String, &usize)> = whys.iter().collect();
    whys.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
    let told: Vec<&str> = whys
        .iter()
        .take(TOLD)
        .map(|(why, _)| why.as_str())
        .collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::id;

    #[test]
    fn each_requirement_has_the_reasons_of_the_cases_that_are_about_it() {
        let mut left_out = LeftOut::default();
        let (apart, full): (&[RequirementId], _) = (&[id::LIMIT_3], &[id::LIMIT_3, id::LIMIT_8]);
        for (aims, why) in [
            (apart, "it needs 2 accounts"),
            (full, "it needs 7 accounts"),
            (full, "it needs 7 accounts"),
            (&[], "it needs 9 accounts"),
        ] {
            let aims: Vec<String> = aims.iter().map(ToString::to_string).collect();
            left_out.note(&aims, why);
        }
        let reasons = left_out.reasons();
        assert_eq!(
            reasons[&id::LIMIT_3],
            "it needs 7 accounts; it needs 2 accounts"
        );
        assert_eq!(reasons[&id::LIMIT_8], "it needs 7 accounts");
        assert_eq!(reasons.get(&id::AUTH_1), None);
    }
}
