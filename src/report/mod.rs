//! The report: every fact of a run, decided once. Writers draw it; none counts or decides anything.

mod curl;
pub mod diff;
mod expected;
pub mod files;
mod gate;
pub mod har;
pub mod html;
mod junit;
mod latency;
mod ledger;
mod point;
mod race;
pub mod reproducer;
#[cfg(test)]
pub(crate) mod sample;
mod sarif;
mod summary;
pub mod text;
mod verdict;
pub(crate) mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::{Case, StepNumber};
use crate::contract::{Contract, OperationKind, Route};
use crate::judge::{Departure, Tried};
use crate::requirement::{Level, RequirementId, Tag};
use crate::trace::{Event, Exchange, RunId, Terms};

pub use expected::{Expected, ExpectedFailures};
pub use gate::{Breach, Demands, FailOn, Gate};
pub use latency::{Latency, Stopwatch};
pub use ledger::{Left, Made, NotRun};
pub use verdict::{Facts, Overall, Verdict, requirement_results};

/// The version of the form of `report.json`. It grows when a member changes its meaning or goes.
pub const REPORT_VERSION: u32 = 1;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub report: u32,
    /// The version of cardproof.
    pub cardproof: String,
    /// The run; each of its requests carries it, unless the profile says `run_id = false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The verdict on the run as a whole.
    pub verdict: Overall,
    /// Why it is that, in a sentence.
    pub because: String,
    /// What was asked for beside the verdict, and what of it does not hold.
    #[serde(default, skip_serializing_if = "Gate::is_empty")]
    pub gate: Gate,
    /// When the run began, RFC 3339; absent in a judgement of a recorded trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What was tested.
    pub target: Target,
    /// Against what.
    pub contract: ContractFacts,
    /// The seed of the generated cases.
    pub seed: u64,
    /// The suites that were run.
    pub suites: Vec<String>,
    /// How many cases were to be generated, if not the suites' own numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<usize>,
    /// How much was done.
    pub totals: Totals,
    /// Each requirement of the catalogue, in its order.
    pub requirements: Vec<RequirementResult>,
    /// Departures, equal ones grouped, the gravest first.
    pub findings: Vec<Finding>,
    /// How this implementation reads the open points, as far as it showed.
    pub readings: Vec<Reading>,
    /// How often each call met a card in each status, by its answer: ordinary calls, none of which overlapped with another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Coverage>,
    /// How long the target took to answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<Latency>,
    /// Trouble that is nobody's proven fault.
    pub obstacles: Vec<ObstacleFact>,
    /// Cases that were not run, for want of accounts or of a simulator that is done when it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_run: Vec<NotRun>,
    /// The ledger: what the run made in listed accounts, and what of it is left; absent where accounts are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

impl Report {
    /// The verdict on a requirement, if this version knows it.
    pub fn result_of(&self, id: RequirementId) -> Option<&RequirementResult> {
        self.requirements.iter().find(|result| result.id == id)
    }
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Its name, from the profile.
    pub name: String,
    /// Its base URL.
    pub base_url: String,
    /// What the judge was told of it.
    pub terms: Terms,
}

/// The document that the target was held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractFacts {
    /// The document's title.
    pub title: String,
    /// The document's version.
    pub version: String,
    /// The file.
    pub file: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Where it describes the operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Described>,
    /// Where it contradicts the one that comes with cardproof, a line each; the target was held to it all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<String>,
}

impl ContractFacts {
    /// The facts about a document that contradicts the one that comes with cardproof in this.
    pub fn of(contract: &Contract, contradictions: Vec<String>) -> Self {
        Self {
            title: contract.title().to_owned(),
            version: contract.version().to_owned(),
            file: contract.file_name().to_owned(),
            sha256: contract.digest().to_owned(),
            operations: contract
                .operations()
                .filter_map(|operation| {
                    Some(Described {
                        operation: operation.kind(),
                        line: operation.place()?.line,
                    })
                })
                .collect(),
            contradictions,
        }
    }

    /// Where an operation is described.
    pub fn place_of(&self, operation: OperationKind) -> Option<&Described> {
        self.operations.iter().find(|d| d.operation == operation)
    }
}

/// Where an operation is described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Described {
    /// The operation.
    #[schemars(with = "String")]
    pub operation: OperationKind,
    /// The line of the document, from 1.
    pub line: usize,
}

/// How often a call met a card in a status and was answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The call, the status and the answer.
    #[serde(flatten)]
    pub tried: Tried,
    /// So many times.
    pub times: u32,
}

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Cases that were planned.
    pub planned: usize,
    /// Cases that were run and judged.
    pub cases: usize,
    /// Requests in them.
    pub requests: usize,
    /// Requests until the first case with a departure was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_to_departure: Option<usize>,
    /// Requests for shrinking and confirming.
    pub requests_to_shrink: usize,
    /// Departures, before equal ones are grouped.
    pub departures: usize,
}

/// The verdict on one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementResult {
    /// Which.
    pub id: RequirementId,
    /// The rule.
    pub rule: String,
    /// How much a departure weighs.
    pub level: Level,
    /// How hard the sources say it.
    pub tag: Tag,
    /// The verdict.
    pub verdict: Verdict,
    /// How often it was put to the test.
    pub exercised: u32,
    /// Why, where the verdict does not say it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The findings that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

impl RequirementResult {
    /// It must be kept and can be broken, and nothing showed whether it is kept.
    pub fn is_owed(&self) -> bool {
        self.verdict == Verdict::NotShown && self.level == Level::Must && self.tag != Tag::Open
    }
}

/// A departure with the shortest sequence that shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is called in this report, and the name of its file in `cases/`.
    pub id: String,
    /// The rule that is broken.
    pub requirement: RequirementId,
    /// The rule in words.
    pub rule: String,
    /// The departure, as it shows in `case`.
    pub departure: Departure,
    /// The shortest sequence.
    pub case: Case,
    /// What went over the wire when `case` was last run.
    pub exchanges: Vec<Exchange>,
    /// The events that were delivered meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// How often it came when it was run again from scratch.
    pub confirmation: Confirmation,
    /// The case of the run that showed it first.
    pub found_in: String,
    /// In how many cases of the run it was seen.
    pub seen_in: usize,
    /// The reproducer, relative to the folder of the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Finding {
    /// It came again at least once.
    pub fn is_confirmed(&self) -> bool {
        self.confirmation.reproduced > 0
    }

    /// It came again every time.
    pub fn is_steady(&self) -> bool {
        self.confirmation.reproduced == self.confirmation.attempts
    }

    /// It came again less than every other time, if at all.
    pub fn comes_seldom(&self) -> bool {
        2 * self.confirmation.reproduced < self.confirmation.attempts
    }

    /// How surely it comes again, from 0 to 1.
    pub fn rate(&self) -> f64 {
        let Confirmation {
            reproduced,
            attempts,
        } = self.confirmation;
        f64::from(reproduced) / f64::from(attempts.max(1))
    }

    /// It was run again, and never came back.
    pub fn is_unconfirmed(&self) -> bool {
        self.confirmation.attempts > 0 && !self.is_confirmed()
    }

    /// What went over the wire for a step.
    pub fn exchanges_of(&self, step: StepNumber) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(move |e| e.step == step)
    }

    /// The exchange that shows it.
    pub fn shown_by(&self) -> Option<&Exchange> {
        self.exchanges.get(self.departure.moment)
    }

    /// The operation that was asked for there.
    pub fn operation(&self) -> Option<OperationKind> {
        let request = &self.shown_by()?.request;
        Route::of(&request.method, &request.path).map(|route| route.operation)
    }

    /// The requests of the shortest sequence.
    pub fn length(&self) -> usize {
        self.case
            .steps
            .iter()
            .filter(|s| !matches!(s.command, crate::case::Command::Pause(_)))
            .count()
    }
}

/// How often a departure came when its case was run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// So often it came.
    pub reproduced: u32,
    /// Of so many attempts; none where a recorded trace was judged, or time was up.
    pub attempts: u32,
}

/// How an open point is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// The open point.
    pub id: RequirementId,
    /// Its name.
    pub point: String,
    /// What the reading is consistent over; empty for the point as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The readings that are left; one, where it is clear.
    pub readings: Vec<String>,
}

/// Trouble, and where it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ObstacleFact {
    /// What happened, and what it prevented.
    pub words: String,
    /// A case in which it came.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepNumber>,
    /// How often it came.
    pub times: usize,
    /// It did not come again when each case that had met it was run once more; then it decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overcome: bool,
}

/// How often each verdict was given.
pub fn verdict_counts<'a>(
    results: impl IntoIterator<Item = &'a RequirementResult>,
) -> BTreeMap<Verdict, usize> {
    let mut counts = BTreeMap::new();
    for result in results {
        *counts.entry(result.verdict).or_default() += 1;
    }
    counts
}

/// The JSON Schema of `report.json`, drawn from the types.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
