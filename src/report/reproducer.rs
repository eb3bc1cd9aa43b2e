//! A finding as a case file: what it shows in a few lines, and the steps.

use super::{Confirmation, Finding, words};
use crate::plan::{Suite, comments};

/// The text of the file.
pub fn text(finding: &Finding) -> String {
    let departure = &finding.departure;
    let header = [
        format!("{}: {}", finding.requirement, finding.rule),
        format!(
            "expected at step {}: {}",
            departure.step,
            words::expected(departure)
        ),
        format!("came: {}", departure.actual),
        format!(
            "{}; run it again: cardproof replay {}.toml",
            words::confirmation(finding.confirmation),
            finding.id
        ),
    ];
    let suite = Suite {
        times: times(finding),
        cases: vec![finding.case.clone()],
        ..Suite::default()
    };
    format!("{}{}", comments(&header), suite.to_toml())
}

/// How often it has to be run so that it departs, where what it shows comes with one card in so many.
fn times(finding: &Finding) -> Option<usize> {
    const MORE_THAN_NEEDED: u32 = 10;
    let Confirmation {
        reproduced,
        attempts,
    } = finding.confirmation;
    let comes_seldom = finding.comes_seldom() && reproduced > 0;
    let times = || (MORE_THAN_NEEDED * attempts).div_ceil(reproduced);
    let times = (comes_seldom && !finding.case.may_come_by_chance()).then(times)?;
    usize::try_from(times).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::revival;

    #[test]
    fn what_comes_seldom_is_run_again_as_often_as_it_takes() {
        for (reproduced, attempts, told) in [
            (5, 5, None),
            (3, 5, None),
            (7, 200, Some(286)),
            (1, 50, Some(500)),
            (0, 200, None),
        ] {
            let mut finding = revival();
            finding.confirmation = Confirmation {
                reproduced,
                attempts,
            };
            assert_eq!(times(&finding), told, "{reproduced} of {attempts}");
            let suite = Suite::from_toml("again", "again.toml", &text(&finding)).unwrap();
            assert_eq!(suite.times, told, "{reproduced} of {attempts}");
        }
    }
}
