//! Where verdicts are made: once, for each requirement and for the run.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gate::waiver;
use super::words::counted;
use super::{Demands, Finding, RequirementResult};
use crate::requirement::{self, Level, Needs, Requirement, RequirementId};

/// The verdict on one requirement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Exercised, and never departed from.
    Pass,
    /// Departed from.
    Fail,
    /// Departed from, as was expected.
    Waived,
    /// Nothing exercised it. Never a pass.
    NotShown,
    /// The target says that it lacks what this needs.
    NotApplicable,
    /// The user said so.
    Disabled,
    /// An obstacle, or a departure that never came back.
    Inconclusive,
}

impl Verdict {
    /// The target showed how it is with the requirement: it keeps it, or it does not.
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Pass | Self::Fail | Self::Waived)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Waived => "waived",
            Self::NotShown => "not-shown",
            Self::NotApplicable => "not-applicable",
            Self::Disabled => "disabled",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verdict on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// No departure, and something was shown.
    Conforms,
    /// At least one requirement was departed from.
    Departs,
    /// No departure, but trouble left a question open.
    Inconclusive,
}

/// What verdicts are made from.
pub struct Facts<'a> {
    /// How often each requirement was exercised.
    pub exercised: &'a BTreeMap<RequirementId, u32>,
    /// The departures.
    pub findings: &'a [Finding],
    /// Requirements that the user disabled, with the reason.
    pub disabled: &'a BTreeMap<String, String>,
    /// What the target lacks.
    pub lacks: &'a [Needs],
    /// Why cases were not run, where accounts were wanting for them.
    pub want: Option<&'a str>,
    /// Obstacles came in the way.
    pub hindered: bool,
    /// Every case of the plan was run to its end.
    pub whole: bool,
    /// What the run is asked for: which failures are expected.
    pub demands: &'a Demands,
}

impl Facts<'_> {
    /// Whether the cases that were run had to do with the requirement's group; if not, those that were not run hardly had.
    fn has_shown_any_of(&self, requirement: &Requirement) -> bool {
        let own = requirement.id.group();
        self.exercised.keys().any(|id| id.group() == own)
    }
}

/// The verdict on each requirement of the catalogue.
pub fn requirement_results(facts: &Facts<'_>) -> Vec<RequirementResult> {
    requirement::all()
        .map(|requirement| result(requirement, facts))
        .collect()
}

fn result(requirement: &'static Requirement, facts: &Facts<'_>) -> RequirementResult {
    let exercised = facts.exercised.get(&requirement.id).copied().unwrap_or(0);
    let named: Vec<&Finding> = facts
        .findings
        .iter()
        .filter(|f| f.requirement == requirement.id)
        .collect();
    let (verdict, because) = verdict(requirement, exercised, &named, facts);
    RequirementResult {
        id: requirement.id,
        rule: requirement.rule.to_owned(),
        level: requirement.level,
        tag: requirement.tag,
        verdict,
        exercised,
        because,
        findings: named.iter().map(|f| f.id.clone()).collect(),
    }
}

fn verdict(
    requirement: &Requirement,
    exercised: u32,
    named: &[&Finding],
    facts: &Facts<'_>,
) -> (Verdict, Option<String>) {
    let disabled = facts
        .disabled
        .iter()
        .find(|(id, _)| requirement::find(id).is_ok_and(|r| r.id == requirement.id));
    if let Some((_, reason)) = disabled {
        return (Verdict::Disabled, Some(reason.clone()));
    }
    if named.iter().any(|finding| !finding.is_unconfirmed()) {
        return match waiver(facts.demands, named) {
            Some(waiver) => (Verdict::Waived, Some(waiver)),
            None => (Verdict::Fail, None),
        };
    }
    if !named.is_empty() {
        let words = "a departure was seen, and never came back when its case was run again";
        return (Verdict::Inconclusive, Some(words.to_owned()));
    }
    if exercised > 0 {
        return (Verdict::Pass, None);
    }
    if facts.lacks.contains(&Needs::Changes) {
        return (Verdict::NotShown, Some(Needs::Changes.reason().to_owned()));
    }
    let needs = requirement.needs;
    let lacks = facts.lacks.contains(&needs);
    if lacks && needs.is_for_seeing() {
        return (Verdict::NotShown, Some(needs.reason().to_owned()));
    }
    if lacks {
        return (Verdict::NotApplicable, Some(needs.reason().to_owned()));
    }
    if let Some(want) = facts.want.filter(|_| facts.has_shown_any_of(requirement)) {
        return (Verdict::NotShown, Some(want.to_owned()));
    }
    if facts.hindered {
        let words = "obstacles came in the way of the cases that would have exercised it";
        return (Verdict::Inconclusive, Some(words.to_owned()));
    }
    // The target offers what it needs; the suites did not make use of it.
    let words = Needs::Nothing.reason().to_owned();
    (Verdict::NotShown, Some(words))
}

impl Overall {
    /// The verdict on the run, and why.
    pub fn of(results: &[RequirementResult], facts: &Facts<'_>) -> (Self, String) {
        let count = |verdict| results.iter().filter(|r| r.verdict == verdict).count();
        let failed = results
            .iter()
            .filter(|r| r.verdict == Verdict::Fail && r.level == Level::Must)
            .count();
        let passed = count(Verdict::Pass);
        if failed > 0 {
            let words = format!("{} departed from", counted(failed, "requirement"));
            return (Self::Departs, words);
        }
        if passed == 0 && facts.hindered {
            let words = "nothing was shown, since every case met trouble: check that the target runs, that base_url leads to it, and that it answers within the profile's `timeout`";
            return (Self::Inconclusive, words.to_owned());
        }
        if passed == 0 {
            let words = "nothing was shown: no requirement was put to the test".to_owned();
            return (Self::Inconclusive, words);
        }
        let unclear = count(Verdict::Inconclusive);
        if unclear > 0 {
            let words = format!("{} could not be decided", counted(unclear, "requirement"));
            return (Self::Inconclusive, words);
        }
        let is_wanting = |r: &&RequirementResult| {
            r.is_owed() && facts.want.is_some() && r.because.as_deref() == facts.want
        };
        let wanting = results.iter().filter(is_wanting).count();
        if wanting > 0 {
            let words = format!(
                "{} could not be shown for want of accounts",
                counted(wanting, "requirement")
            );
            return (Self::Inconclusive, words);
        }
        if facts.hindered {
            let words = "trouble came in the way of some cases, though all else was shown";
            return (Self::Inconclusive, words.to_owned());
        }
        if !facts.whole {
            return (
                Self::Inconclusive,
                "the run ended before its plan did".to_owned(),
            );
        }
        let counts = [
            (count(Verdict::Waived), "expected failure"),
            (count(Verdict::Fail), "recommendation"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let excepted: Vec<String> = counts.map(|(count, what)| counted(count, what)).collect();
        let but = match excepted.is_empty() {
            true => String::new(),
            false => format!(" but for {}", excepted.join(" and ")),
        };
        let passed = counted(passed, "requirement");
        (
            Self::Conforms,
            format!("{passed} shown, none departed from{but}"),
        )
    }
}
