//! Across cases: an implementation keeps to one reading of each open point.

use std::collections::{BTreeMap, BTreeSet};

use super::Judgement;
use crate::case::Case;
use crate::requirement::RequirementId;
use crate::trace::CaseNumber;
use crate::world::choice::{Choice, Scope};

/// The readings left for a point in a scope.
pub type Readings = BTreeMap<(RequirementId, Scope), BTreeSet<usize>>;

/// Two cases that can't both be right about one implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The open point.
    pub point: RequirementId,
    /// What the reading is consistent over.
    pub scope: Scope,
    /// The earlier case.
    pub first: Witness,
    /// The later case.
    pub second: Witness,
}

/// A case, and the readings that it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its number.
    pub number: CaseNumber,
    /// The case.
    pub case: Case,
    /// What it left.
    pub left: BTreeSet<usize>,
}

/// The first case that left each set of readings.
type ByReadings = BTreeMap<BTreeSet<usize>, (CaseNumber, Case)>;

/// The readings of all cases, folded as the cases come. For each set of readings that some case left, the first such case
/// is kept; so it grows with what an implementation does, not with how many cases are run, and the order in which cases
/// end changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    witnesses: BTreeMap<(RequirementId, Scope), ByReadings>,
}

impl Ledger {
    /// Adds what a case showed. One with departures says nothing of readings, since what it showed is not how the target
    /// means to behave.
    pub fn add(&mut self, case: &Case, judgement: &Judgement) {
        if !judgement.departures.is_empty() {
            return;
        }
        for (key, left) in &judgement.readings {
            let witnesses = self.witnesses.entry(key.clone()).or_default();
            match witnesses.get_mut(left) {
                Some((number, _)) if *number <= judgement.number => {}
                Some(known) => *known = (judgement.number, case.clone()),
                None => {
                    witnesses.insert(left.clone(), (judgement.number, case.clone()));
                }
            }
        }
    }

    /// What all cases leave. Where they leave nothing in common, everything that one of them left.
    pub fn readings(&self) -> Readings {
        self.witnesses
            .iter()
            .map(|(key, witnesses)| {
                let common = witnesses
                    .keys()
                    .cloned()
                    .reduce(|all, left| all.intersection(&left).copied().collect())
                    .unwrap_or_default();
                let left = if common.is_empty() {
                    witnesses.keys().flatten().copied().collect()
                } else {
                    common
                };
                (key.clone(), left)
            })
            .collect()
    }

    /// Whether two cases leave nothing in common of this point.
    pub fn has_clash(&self, point: RequirementId) -> bool {
        let of_point = self.witnesses.iter().filter(|((id, _), _)| *id == point);
        let mut sets = of_point.map(|(_, witnesses)| witnesses.keys().collect::<Vec<_>>());
        sets.any(|sets| {
            let mut pairs = sets.iter().enumerate();
            pairs.any(|(place, left)| sets[..place].iter().any(|other| left.is_disjoint(other)))
        })
    }

    /// For each point, the first two cases that leave nothing in common.
    pub fn clashes(&self) -> Vec<Clash> {
        self.witnesses
            .iter()
            .filter_map(|((point, scope), witnesses)| {
                let mut sorted: Vec<Witness> = witnesses
                    .iter()
                    .map(|(left, (number, case))| Witness {
                        number: *number,
                        case: case.clone(),
                        left: left.clone(),
                    })
                    .collect();
                sorted.sort_by_key(|w| w.number);
                let (first, second) = first_disjoint(&sorted)?;
                Some(Clash {
                    point: *point,
                    scope: scope.clone(),
                    first: first.clone(),
                    second: second.clone(),
                })
            })
            .collect()
    }
}

/// Readings of an open point, in words.
pub fn in_words(point: RequirementId, scope: &Scope, readings: &BTreeSet<usize>) -> String {
    let words = readings.iter().map(|reading| {
        let choice = Choice {
            point,
            scope: scope.clone(),
            reading: *reading,
        };
        choice.to_string()
    });
    words.collect::<Vec<String>>().join(" or ")
}

fn first_disjoint(sorted: &[Witness]) -> Option<(&Witness, &Witness)> {
    sorted.iter().enumerate().find_map(|(place, second)| {
        let first = sorted[..place]
            .iter()
            .find(|first| first.left.is_disjoint(&second.left))?;
        Some((first, second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::id;

    fn ledger(cases: &[(usize, &[usize])]) -> Ledger {
        let mut ledger = Ledger::default();
        for (number, readings) in cases {
            let case = Case {
                name: format!("case-{number}"),
                title: String::new(),
                steps: Vec::new(),
            };
            let judgement = Judgement {
                number: CaseNumber(*number),
                readings: [(
                    (id::OPEN_1, String::new()),
                    readings.iter().copied().collect(),
                )]
                .into(),
                ..Judgement::default()
            };
            ledger.add(&case, &judgement);
        }
        ledger
    }

    #[test]
    fn readings_are_what_all_cases_leave() {
        let ledger = ledger(&[(1, &[0, 1]), (2, &[1])]);
        assert!(ledger.clashes().is_empty());
        assert!(!ledger.has_clash(id::OPEN_1));
        assert_eq!(ledger.readings()[&(id::OPEN_1, String::new())], [1].into());
    }

    #[test]
    fn two_cases_that_leave_nothing_in_common_clash_whatever_their_order() {
        for cases in [
            [(1, &[0][..]), (2, &[0, 1]), (3, &[1]), (4, &[1])],
            [(4, &[1]), (3, &[1]), (2, &[0, 1]), (1, &[0])],
        ] {
            let ledger = ledger(&cases);
            assert!(ledger.has_clash(id::OPEN_1));
            assert!(!ledger.has_clash(id::OPEN_2));
            let clashes = ledger.clashes();
            assert_eq!(clashes.len(), 1);
            assert_eq!(clashes[0].first.number, CaseNumber(1));
            assert_eq!(clashes[0].second.number, CaseNumber(3));
        }
    }
}
