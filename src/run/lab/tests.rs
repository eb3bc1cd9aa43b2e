use std::cell::Cell;

use super::*;
use crate::judge::tests::Story;
use crate::run::Continue;
use crate::run::testing::run_one;
use crate::trace::CaseNumber;

/// A target whose lists fail: the first time, and from then on in one of so many cases that are such.
struct FailsOnceIn {
    times: u32,
    met: Cell<u32>,
    /// Whether it may fail in a case.
    may_fail: fn(&Case) -> bool,
}

impl FailsOnceIn {
    fn trace(&self, case: &Case) -> CaseTrace {
        let is_first = self.met.get() == 0;
        let may_fail = is_first || (self.may_fail)(case);
        let fails = may_fail && self.met.get().is_multiple_of(self.times);
        self.met.set(self.met.get() + u32::from(may_fail));
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
            times: meetings,
            met: Cell::new(0),
            may_fail: Case::has_race,
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

/// In the run a case has its requests on whatever connections there are, and alone it has one.
#[test]
fn what_another_server_shows_comes_again_over_fresh_connections() {
    let stage = FailsOnceIn {
        times: 2,
        met: Cell::new(0),
        may_fail: |case| case.steps.iter().any(|step| step.fresh_connection),
    };
    let report = run_one(&stage, Case::told(&["list A", "list A"]));
    let [finding] = &report.findings[..] else {
        panic!("{:?}", report.findings);
    };
    assert_eq!(
        finding.case.steps,
        Case::told(&["list A over a fresh connection"]).steps
    );
    let Confirmation {
        reproduced,
        attempts,
    } = finding.confirmation;
    assert_eq!((reproduced, attempts), (25, 50));
}
