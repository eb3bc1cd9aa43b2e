//! A departure: the target's proven fault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::StepNumber;
use crate::requirement::RequirementId;
use crate::world::Moment;

/// An exchange that no possible world explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Departure {
    /// The rule that is broken.
    pub requirement: RequirementId,
    /// Rules that may be broken instead; which it is shows in the shortest sequence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<RequirementId>,
    /// The step that shows it.
    pub step: StepNumber,
    /// The exchange of the case that shows it, counted from 0.
    pub moment: Moment,
    /// What was looked at, in words that are the same for equal departures: no ids, no step numbers.
    pub subject: String,
    /// What the contract asks for here.
    pub expected: String,
    /// Since which step, and by which rule, that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Origin>,
    /// What came.
    pub actual: String,
    /// Where requests overlapped: orders that were tried, and why each fails. There may be more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<TriedOrder>,
    /// The difference between two bodies, line by line, where bodies differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// Where a belief comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The step that established it.
    pub step: StepNumber,
    /// The rule by which it did.
    pub rule: RequirementId,
}

/// An order in which overlapping requests may have been carried out, and why they were not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedOrder {
    /// The steps that fit, one after the other.
    pub order: Vec<StepNumber>,
    /// The step that does not fit behind them.
    pub fails_at: StepNumber,
    /// Why it doesn't.
    pub because: String,
}

impl Departure {
    /// Whether this shows `rule`, or may.
    pub fn concerns(&self, rule: RequirementId) -> bool {
        self.requirement == rule || self.instead.contains(&rule)
    }
}

/// The difference of two JSON texts, members in their order, as a unified diff without a head.
pub fn json_diff(expected: &str, actual: &str) -> Option<String> {
    let pretty = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| text.to_owned())
    };
    let (expected, actual) = (pretty(expected), pretty(actual));
    let diff = similar::TextDiff::from_lines(&expected, &actual);
    let lines: Vec<String> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n')))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
