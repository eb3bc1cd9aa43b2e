//! Across cases: an implementation keeps to one reading of each open point.

use std::collections::{BTreeMap, BTreeSet};

use super::Judgement;
use crate::requirement::RequirementId;
use crate::trace::CaseNumber;
use crate::world::choice::Scope;

/// The readings left for a point in a scope.
pub type Readings = BTreeMap<(RequirementId, Scope), BTreeSet<usize>>;

/// Two cases that can't both be right about one implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The open point.
    pub point: RequirementId,
    /// What the reading is consistent over.
    pub scope: Scope,
    /// The earlier case, and the readings that it left.
    pub first: (CaseNumber, BTreeSet<usize>),
    /// The later case, likewise.
    pub second: (CaseNumber, BTreeSet<usize>),
}

/// Folds the readings of all cases, in the order of their numbers. A case with departures says nothing of readings, since
/// what it showed is not how the target means to behave.
pub fn settle_readings<'j>(
    judgements: impl IntoIterator<Item = &'j Judgement>,
) -> (Readings, Vec<Clash>) {
    let mut sorted: Vec<&Judgement> = judgements
        .into_iter()
        .filter(|j| j.departures.is_empty())
        .collect();
    sorted.sort_by_key(|j| j.number);
    let mut seen: BTreeMap<(RequirementId, Scope), BTreeMap<BTreeSet<usize>, CaseNumber>> =
        BTreeMap::new();
    let mut readings = Readings::new();
    let mut clashes: BTreeMap<(RequirementId, Scope), Clash> = BTreeMap::new();
    for judgement in sorted {
        for (key, left) in &judgement.readings {
            let earlier = seen.entry(key.clone()).or_default();
            if let Some((other, number)) = earlier.iter().find(|(other, _)| other.is_disjoint(left))
            {
                clashes.entry(key.clone()).or_insert_with(|| Clash {
                    point: key.0,
                    scope: key.1.clone(),
                    first: (*number, other.clone()),
                    second: (judgement.number, left.clone()),
                });
            }
            earlier.entry(left.clone()).or_insert(judgement.number);
            readings
                .entry(key.clone())
                .and_modify(|all| {
                    let both: BTreeSet<usize> = all.intersection(left).copied().collect();
                    if both.is_empty() {
                        all.extend(left);
                    } else {
                        *all = both;
                    }
                })
                .or_insert_with(|| left.clone());
        }
    }
    (readings, clashes.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::id;

    fn judgement(number: usize, readings: &[usize]) -> Judgement {
        Judgement {
            number: CaseNumber(number),
            readings: [(
                (id::OPEN_1, String::new()),
                readings.iter().copied().collect(),
            )]
            .into(),
            ..Judgement::default()
        }
    }

    #[test]
    fn readings_are_what_all_cases_leave() {
        let (readings, clashes) = settle_readings(&[judgement(1, &[0, 1]), judgement(2, &[1])]);
        assert!(clashes.is_empty());
        assert_eq!(readings[&(id::OPEN_1, String::new())], [1].into());
    }

    #[test]
    fn two_cases_that_leave_nothing_in_common_clash_whatever_their_order() {
        for judgements in [
            [
                judgement(1, &[0]),
                judgement(2, &[0, 1]),
                judgement(3, &[1]),
            ],
            [
                judgement(3, &[1]),
                judgement(2, &[0, 1]),
                judgement(1, &[0]),
            ],
        ] {
            let (_, clashes) = settle_readings(&judgements);
            assert_eq!(clashes.len(), 1);
            assert_eq!(clashes[0].first.0, CaseNumber(1));
            assert_eq!(clashes[0].second.0, CaseNumber(3));
        }
    }
}
