//! The gate: what a run is asked for beside its verdict, and what of that does not hold. It can only ask for more: no
//! departure from what must be passes it, unless an entry of the expected failures is for it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expected, ExpectedFailures, Finding, ObstacleFact, RequirementResult, Verdict};
use crate::requirement::Level;

/// What fails a run beside departures from what must be.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// A departure from what should be.
    Should,
    /// An expected failure.
    Waived,
    /// A requirement that nothing exercised, open points aside.
    NotShown,
    /// An obstacle, even one that did not come again.
    Obstacle,
    /// An entry of the expected failures that does not hold. It is always asked for where there is such a file.
    Expected,
}

impl FailOn {
    /// What may be asked for.
    pub const ASKED: [Self; 4] = [Self::Should, Self::Waived, Self::NotShown, Self::Obstacle];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Should => "should",
            Self::Waived => "waived",
            Self::NotShown => "not-shown",
            Self::Obstacle => "obstacle",
            Self::Expected => "expected",
        }
    }

    /// It leaves a question open, where others are answers.
    fn is_question(self) -> bool {
        matches!(self, Self::NotShown | Self::Obstacle)
    }
}

/// What a run is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// What fails it.
    pub fail_on: BTreeSet<FailOn>,
    /// The failures that are expected.
    pub expected: ExpectedFailures,
    /// The day of the run, by which it is said whether an entry has expired.
    pub today: Date,
}

/// What was asked for, and what of it does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// What fails the run beside departures from what must be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fail_on: BTreeSet<FailOn>,
    /// What does not hold. Nothing: the gate is passed, as far as the verdict lets it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Breach>,
}

/// Something that was asked for and does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Breach {
    /// What was asked for.
    pub asked: FailOn,
    /// What is so instead, and what to do about it.
    pub words: String,
}

impl Gate {
    /// Nothing was asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Something that was asked for is not so.
    pub fn is_broken(&self) -> bool {
        self.broken.iter().any(|breach| !breach.asked.is_question())
    }

    /// Something that was asked for was not answered.
    pub fn leaves_open(&self) -> bool {
        self.broken.iter().any(|breach| breach.asked.is_question())
    }

    /// Holds a run to its demands.
    pub fn of(
        demands: &Demands,
        results: &[RequirementResult],
        findings: &[Finding],
        obstacles: &[ObstacleFact],
    ) -> Self {
        let entries = demands.expected.expected.iter();
        let mut broken: Vec<Breach> = entries
            .filter_map(|entry| stale(entry, demands.today, results, findings))
            .map(|words| Breach {
                asked: FailOn::Expected,
                words,
            })
            .collect();
        broken.extend(demands.fail_on.iter().filter_map(|asked| {
            let words = breach(*asked, results, obstacles)?;
            Some(Breach {
                asked: *asked,
                words,
            })
        }));
        Self {
            fail_on: demands.fail_on.clone(),
            broken,
        }
    }
}

/// Why an entry does not hold, if so.
fn stale(
    entry: &Expected,
    today: Date,
    results: &[RequirementResult],
    findings: &[Finding],
) -> Option<String> {
    let name = entry.name();
    if entry.has_expired(today) {
        return Some(format!(
            "the expected failure {name} of {} expired on {}: mend it, or set another day",
            entry.owner, entry.expires
        ));
    }
    let comes = findings.iter().any(|finding| entry.is_of(finding));
    let result = results.iter().find(|r| r.id == entry.requirement)?;
    (result.verdict.is_shown() && !comes && !entry.sometimes).then(|| {
        format!(
            "the expected failure {name} of {} no longer comes: take its entry out, or write the file anew with --update-expected",
            entry.owner
        )
    })
}

fn breach(
    asked: FailOn,
    results: &[RequirementResult],
    obstacles: &[ObstacleFact],
) -> Option<String> {
    let with = |is_meant: &dyn Fn(&RequirementResult) -> bool, what: &str| {
        let ids: Vec<&str> = results
            .iter()
            .filter(|r| is_meant(r))
            .map(|r| r.id.as_str())
            .collect();
        (!ids.is_empty()).then(|| format!("{what}: {}", ids.join(", ")))
    };
    match asked {
        FailOn::Should => with(
            &|r| r.level == Level::Should && r.verdict == Verdict::Fail,
            "departed from, though they only should be kept",
        ),
        FailOn::Waived => with(&|r| r.verdict == Verdict::Waived, "expected failures"),
        FailOn::NotShown => with(&RequirementResult::is_owed, "not shown"),
        FailOn::Obstacle => {
            (!obstacles.is_empty()).then(|| format!("obstacles: {}", obstacles.len()))
        }
        FailOn::Expected => None,
    }
}

/// Whether all of a requirement's departures are expected today; then, who says so and why.
pub(super) fn waiver(demands: &Demands, named: &[&Finding]) -> Option<String> {
    let current = |finding: &&Finding| {
        let mut entries = demands.expected.expected.iter();
        entries.find(|entry| entry.is_of(finding) && !entry.has_expired(demands.today))
    };
    let entries: Option<Vec<&Expected>> = named.iter().map(current).collect();
    let entry = *entries?.first()?;
    Some(format!(
        "expected: {} ({}, until {})",
        entry.reason, entry.owner, entry.expires
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit_code::ExitCode;
    use crate::report::Report;
    use crate::report::sample::{finding, report_asked, revival};
    use crate::requirement::id;

    fn entry(requirement: &str, more: &str) -> String {
        format!(
            "[[expected]]\nrequirement = \"{requirement}\"\nowner = \"me\"\nreason = \"CARDS-1\"\nexpires = 2026-03-31\n{more}\n"
        )
    }

    fn asked(findings: Vec<Finding>, expected: &str, fail_on: &[FailOn]) -> Report {
        let demands = Demands {
            fail_on: fail_on.iter().copied().collect(),
            expected: ExpectedFailures::from_toml(expected).unwrap(),
            today: jiff::civil::date(2026, 3, 2),
        };
        report_asked(findings, &demands)
    }

    fn verdict(report: &Report, id: crate::requirement::RequirementId) -> Verdict {
        report
            .requirements
            .iter()
            .find(|r| r.id == id)
            .unwrap()
            .verdict
    }

    /// Every way to ask, every outcome: which exit code.
    #[test]
    fn no_failing_run_ends_with_zero() {
        let flaky = || Finding {
            confirmation: crate::report::Confirmation {
                reproduced: 0,
                attempts: 5,
            },
            ..revival()
        };
        let life_4 = entry("LIFE-4", "");
        let own = entry("LIFE-4", "variant = \"something\"");
        let other = entry("LIFE-4", "variant = \"another thing\"");
        let expired = life_4.replace("2026-03-31", "2026-03-01");
        let stale = entry("READ-1", "");
        let sometimes = entry("READ-1", "sometimes = true");
        let unshown = entry("HOOK-1", "");
        let both = format!("{life_4}{stale}");
        let rows: [(Vec<Finding>, &str, &[FailOn], u8); 16] = [
            (vec![], "", &[], 0),
            (vec![revival()], "", &[], 1),
            (vec![flaky()], "", &[], 3),
            (vec![revival()], &life_4, &[], 0),
            (vec![revival()], &own, &[], 0),
            (vec![revival()], &other, &[], 1),
            (vec![revival()], &expired, &[], 1),
            (vec![], &expired, &[], 1),
            (vec![], &life_4, &[], 1),
            (vec![revival()], &both, &[], 1),
            (vec![], &sometimes, &[], 0),
            (vec![], &unshown, &[], 0),
            (vec![revival(), finding(id::READ_1, 1)], &life_4, &[], 1),
            (vec![revival()], &life_4, &[FailOn::Waived], 1),
            (vec![], "", &[FailOn::NotShown], 3),
            (vec![], "", &[FailOn::Obstacle], 0),
        ];
        for (findings, expected, fail_on, code) in rows {
            let report = asked(findings, expected, fail_on);
            let words = format!("{expected} {fail_on:?}: {:?}", report.gate);
            assert_eq!(ExitCode::of(&report).number(), code, "{words}");
            let says = report.because.clone();
            let is_told = code == 0
                || report.verdict != crate::report::Overall::Conforms
                || !report.gate.broken.is_empty();
            assert!(is_told, "{says}: nothing says why it is {code}");
        }
    }

    #[test]
    fn what_is_expected_is_waived_and_says_who_answers_for_it() {
        let report = asked(vec![revival()], &entry("LIFE-4", ""), &[]);
        assert_eq!(verdict(&report, id::LIFE_4), Verdict::Waived);
        assert!(
            report.because.contains("1 expected failure"),
            "{}",
            report.because
        );
        let result = report
            .requirements
            .iter()
            .find(|r| r.id == id::LIFE_4)
            .unwrap();
        assert_eq!(
            result.because.as_deref(),
            Some("expected: CARDS-1 (me, until 2026-03-31)")
        );
    }

    #[test]
    fn what_should_be_kept_fails_a_strict_gate_alone() {
        let mut report = asked(vec![], "", &[]);
        let result = &mut report.requirements[0];
        (result.level, result.verdict) = (Level::Should, Verdict::Fail);
        let strict = Demands {
            fail_on: [FailOn::Should].into(),
            ..Demands::default()
        };
        report.gate = Gate::of(&strict, &report.requirements, &[], &[]);
        assert_eq!(ExitCode::of(&report).number(), 1);
        report.gate = Gate::of(&Demands::default(), &report.requirements, &[], &[]);
        assert_eq!(ExitCode::of(&report).number(), 0);
    }
}
