//! A finding as a case file: what it shows in a few lines, and the steps.

use super::{Finding, words};
use crate::plan::case_file;

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
            "{}; run it again: cardproof replay {}.toml{}",
            words::confirmation(finding.confirmation),
            finding.id,
            words::repeats(finding)
        ),
    ];
    case_file(&finding.case, &header)
}
