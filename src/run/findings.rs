//! Findings: their order, their names, and the file of each.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::judge::{Departure, UPDATE_AT_REST};
use crate::report::Finding;
use crate::requirement::{Level, RequirementId};

/// Gives findings their ids: the requirement, and a number from the second on.
pub(super) fn name(findings: &mut [Finding]) {
    let mut counts: BTreeMap<RequirementId, usize> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.requirement).or_default();
        *count += 1;
        finding.id = match count {
            1 => finding.requirement.to_string(),
            n => format!("{}-{n}", finding.requirement),
        };
        finding.case.name = finding.id.to_ascii_lowercase();
        finding.case.title = finding.rule.clone();
    }
}

/// The gravest first. Of one rule, what a card must be comes before what a call was answered.
pub(super) fn order(a: &Departure, b: &Departure) -> Ordering {
    let level = |d: &Departure| match d.requirement.requirement().level {
        Level::Must => 0,
        Level::Should => 1,
    };
    level(a)
        .cmp(&level(b))
        .then_with(|| a.requirement.cmp(&b.requirement))
        .then_with(|| b.since.is_some().cmp(&a.since.is_some()))
        .then_with(|| a.step.cmp(&b.step))
        .then_with(|| a.subject.cmp(&b.subject))
}

/// Two suspicions that come to the same sequence and rule are one finding.
pub(super) fn merge(findings: &mut Vec<Finding>, finding: Finding) {
    let same = findings
        .iter_mut()
        .find(|f| f.requirement == finding.requirement && f.case.steps == finding.case.steps);
    match same {
        Some(known) => known.seen_in += finding.seen_in,
        None => findings.push(finding),
    }
}

/// Where cards change by themselves, a call is blamed for a moved update time only if that comes every time.
pub(super) fn keep_what_no_card_does_itself(findings: &mut Vec<Finding>) {
    findings.retain(|finding| {
        finding.departure.subject != UPDATE_AT_REST || finding.is_confirmed() && finding.is_steady()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::finding;
    use crate::requirement::id;

    #[test]
    fn a_moved_time_that_comes_by_chance_may_be_the_cards_own() {
        let mut findings = Vec::new();
        for (subject, reproduced) in [
            (UPDATE_AT_REST, 5),
            (UPDATE_AT_REST, 1),
            (UPDATE_AT_REST, 0),
            ("status", 0),
        ] {
            let mut found = finding(id::READ_7, findings.len() + 1);
            found.departure.subject = subject.to_owned();
            found.confirmation.reproduced = reproduced;
            found.confirmation.attempts = 5;
            findings.push(found);
        }
        keep_what_no_card_does_itself(&mut findings);
        let kept: Vec<&str> = findings.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(kept, ["READ-7", "READ-7-4"]);
    }
}
