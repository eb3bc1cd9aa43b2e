//! Findings: their order, their names, and the file of each.

use std::cmp::{Ordering, Reverse};
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

/// The groups of requirements, what costs the most first: card data that gets out, a card too many, one that comes back, a
/// charge that is made twice, whoever gets in. What is only written otherwise comes last.
const GRAVEST_FIRST: [&[&str]; 4] = [
    &["LEAK", "LIMIT", "LIFE", "IDEM", "AUTH", "ID"],
    &["CREATE", "KEEP", "READ", "TIME", "HOOK"],
    &["INPUT", "BODY", "HTTP"],
    &["OPEN"],
];

/// How little a departure from this requirement weighs: the level, and which of the groups of groups.
fn lightness(requirement: RequirementId) -> (Level, Option<usize>) {
    let group = requirement.group();
    let tier = GRAVEST_FIRST.iter().position(|tier| tier.contains(&group));
    (requirement.requirement().level, tier)
}

/// The proven first, of these the gravest, and of those that weigh alike the ones whose rule was broken in most cases: what
/// only follows from a mistake is seen more seldom than the mistake itself.
pub(super) fn sort(findings: &mut [Finding]) {
    let mut cases: BTreeMap<RequirementId, usize> = BTreeMap::new();
    for finding in findings.iter() {
        *cases.entry(finding.requirement).or_default() += finding.seen_in;
    }
    let rank = |finding: &Finding| {
        let seen_in = cases.get(&finding.requirement).copied();
        (
            !finding.is_confirmed(),
            lightness(finding.requirement),
            Reverse(seen_in),
        )
    };
    findings.sort_by(|a, b| {
        rank(a)
            .cmp(&rank(b))
            .then_with(|| order(&a.departure, &b.departure))
            .then_with(|| a.case.steps.len().cmp(&b.case.steps.len()))
    });
}

/// The gravest first. Of one rule, what a card must be comes before what a call was answered.
pub(super) fn order(a: &Departure, b: &Departure) -> Ordering {
    lightness(a.requirement)
        .cmp(&lightness(b.requirement))
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
        Some(known) => {
            let seen_in = known.seen_in + finding.seen_in;
            if finding.rate() > known.rate() {
                *known = finding;
            }
            known.seen_in = seen_in;
        }
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::sample::finding;
    use crate::requirement::{self, id};

    #[test]
    fn of_two_that_come_to_the_same_the_surer_is_told() {
        let with = |reproduced, attempts| {
            let mut finding = finding(id::LIFE_5, 2);
            finding.confirmation.reproduced = reproduced;
            finding.confirmation.attempts = attempts;
            finding
        };
        for pair in [[with(0, 5), with(7, 200)], [with(7, 200), with(0, 5)]] {
            let mut findings = Vec::new();
            pair.into_iter().for_each(|one| merge(&mut findings, one));
            let told: Vec<_> = findings
                .iter()
                .map(|f| (f.confirmation.reproduced, f.seen_in))
                .collect();
            assert_eq!(told, [(7, 2)]);
        }
    }

    #[test]
    fn each_group_of_the_catalogue_has_its_gravity() {
        let groups: BTreeSet<&str> = requirement::all().map(|rule| rule.id.group()).collect();
        assert_eq!(groups, GRAVEST_FIRST.concat().into_iter().collect());
    }

    #[test]
    fn what_costs_most_comes_first_and_then_what_comes_most() {
        let seen = [
            (id::BODY_1, 90),
            (id::OPEN_8, 90),
            (id::LIFE_4, 3),
            (id::LIMIT_8, 20),
        ];
        let mut findings = seen.map(|(rule, seen_in)| Finding {
            seen_in,
            ..finding(rule, 1)
        });
        sort(&mut findings);
        let sorted = findings.map(|finding| finding.requirement);
        assert_eq!(sorted, [id::LIMIT_8, id::LIFE_4, id::BODY_1, id::OPEN_8]);
    }

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
