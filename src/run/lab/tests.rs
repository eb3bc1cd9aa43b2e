use std::cell::Cell;

use super::*;
use crate::judge::tests::Story;
use crate::run::Continue;
use crate::run::testing::run_one;
use crate::trace::CaseNumber;

/// A target whose lists fail when two of them meet: the first time, and from then on at one meeting in so many.
struct FailsOnceIn {
    meetings: u32,
    met: Cell<u32>,
}

impl FailsOnceIn {
    fn trace(&self, case: &Case) -> CaseTrace {
        let meets = case.has_race();
        let fails = meets && self.met.get().is_multiple_of(self.meetings);
        self.met.set(self.met.get() + u32::from(meets));
        let last = case.steps.len();
        let answered = case.numbered().map(|(number, step)| {
            let answer = if fails && number.0 == last {
                "500"
            } else {
                "200 []"
            };
            format!("{step} => {answer}")
        });
        let lines: Vec<String> = answered.collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Story::told(&lines).trace()
    }
}

impl Stage for FailsOnceIn {
    fn run_all(
        &self,
        cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
        each: &mut dyn FnMut(CaseTrace) -> Continue,
    ) {
        for (_, case) in cases {
            each(self.trace(&case));
        }
    }

    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace> {
        cases.iter().map(|case| self.trace(case)).collect()
    }
}

#[test]
fn a_race_that_comes_seldom_is_run_until_it_comes() {
    for (meetings, reproduced, attempts) in [(1, 50, 50), (20, 2, 50), (150, 1, 150)] {
        let stage = FailsOnceIn {
            meetings,
            met: Cell::new(0),
        };
        let report = run_one(&stage, Case::told(&["[1] list A", "[2] list A"]));
        let [finding] = &report.findings[..] else {
            panic!("{:?}", report.findings);
        };
        let Confirmation {
            reproduced: came,
            attempts: tried,
        } = finding.confirmation;
        assert_eq!(came, reproduced, "one in {meetings}: {came}/{tried}");
        assert!((attempts..attempts + 8).contains(&tried), "{came}/{tried}");
    }
}
