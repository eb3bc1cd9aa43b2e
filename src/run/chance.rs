//! What shows only where requests meet. Whether they do is up to chance, so that cases about it are run again where they
//! did not.

use std::collections::BTreeSet;

use super::{Setting, Shown};
use crate::case::Case;
use crate::plan::aims;
use crate::requirement::{self, Needs};
use crate::trace::CaseNumber;

/// So often, at most.
pub(super) const ROUNDS: usize = 5;

/// The races of a plan.
#[derive(Default)]
pub(super) struct Races(Vec<(CaseNumber, Case)>);

impl Races {
    /// A case of the plan.
    pub fn note(&mut self, number: CaseNumber, case: &Case) {
        if case.has_race() {
            self.0.push((number, case.clone()));
        }
    }

    /// Those that are about what is still to be shown.
    pub fn about_what_is_missing(
        &self,
        shown: &Shown,
        setting: &Setting<'_>,
    ) -> Vec<(CaseNumber, Case)> {
        let about: BTreeSet<&str> = requirement::all()
            .filter(|requirement| requirement.needs == Needs::AtOnce)
            .map(|requirement| requirement.id)
            .filter(|rule| !shown.exercised.contains_key(rule) && !setting.is_disabled(*rule))
            .flat_map(aims::cases_about)
            .collect();
        let races = self.0.iter();
        races
            .filter(|(_, case)| about.contains(case.name.as_str()))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::judge::tests::Story;
    use crate::requirement::id;
    use crate::run::testing::run_one;
    use crate::run::{Continue, Stage};
    use crate::trace::CaseTrace;

    /// Where requests meet only when a case is run for the n-th time.
    struct Seldom {
        meets_at: usize,
        runs: Cell<usize>,
    }

    impl Stage for Seldom {
        fn run_all(
            &self,
            cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
            each: &mut dyn FnMut(CaseTrace) -> Continue,
        ) {
            for (number, case) in cases {
                self.runs.set(self.runs.get() + 1);
                let lasts_until = if self.runs.get() == self.meets_at {
                    9
                } else {
                    1
                };
                let lines = [
                    "create virtual on A => 201 issuing",
                    "issue #1 => 204",
                    &format!("[1] terminate #1 => 204 @ 0-{lasts_until}"),
                    "[2] read #1 => 200 terminated @ 2-3",
                    "[2] read #1 => 200 terminated @ 4-5",
                ];
                let trace = Story::told(&lines).trace();
                each(CaseTrace {
                    number,
                    case: Case {
                        name: case.name,
                        ..trace.case
                    },
                    ..trace
                });
            }
        }

        fn run_aside(&self, _: &[Case]) -> Vec<CaseTrace> {
            Vec::new()
        }
    }

    #[test]
    fn what_no_request_met_is_tried_again_until_it_is_shown() {
        for (meets_at, runs, times) in [(1, 1, 1), (3, 3, 1), (100, 1 + ROUNDS, 0)] {
            let stage = Seldom {
                meets_at,
                runs: Cell::new(0),
            };
            let lanes = ["create virtual on A", "[1] terminate #1", "[2] read #1"];
            let case = Case {
                name: aims::cases_about(id::READ_10).next().unwrap().to_owned(),
                ..Case::told(&lanes)
            };
            let report = run_one(&stage, case);
            assert_eq!((stage.runs.get(), report.totals.cases), (runs, 1));
            let mut results = report.requirements.iter();
            let result = results.find(|result| result.id == id::READ_10).unwrap();
            assert_eq!(result.exercised, times, "{meets_at}");
        }
    }
}
