//! How cardproof ends: every exit code and what it says, once.
//!
//! A gate reads nothing else, so no code has two meanings: departures are never mixed up with a mistyped flag, nor with
//! trouble of our own.

use crate::report::{Overall, Report};

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// No departure, and something was shown.
    Conforms,
    /// A requirement was departed from.
    Departures,
    /// The command, a file that it names, or a setting is wrong. Nothing was decided.
    Usage,
    /// Trouble that is nobody's proven fault left the question open.
    Inconclusive,
    /// A fault of cardproof.
    Internal,
    /// The user stopped it.
    Interrupted,
}

impl ExitCode {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::Conforms,
        Self::Departures,
        Self::Usage,
        Self::Inconclusive,
        Self::Internal,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub fn number(self) -> u8 {
        match self {
            Self::Conforms => 0,
            Self::Departures => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Internal => 4,
            Self::Interrupted => 130,
        }
    }

    /// What it says.
    pub fn words(self) -> &'static str {
        match self {
            Self::Conforms => "conforms: no departure, and something was shown",
            Self::Departures => {
                "departs: at least one requirement was departed from, or the gate asks for what is not so"
            }
            Self::Usage => "the command, profile, suite, case, trace or document is wrong",
            Self::Inconclusive => {
                "inconclusive: the target could not be reached or prepared, or a question was left open"
            }
            Self::Internal => "cardproof itself failed",
            Self::Interrupted => "interrupted; what was recorded is judged and reported",
        }
    }

    /// All codes as a table, for the help.
    pub fn table() -> String {
        Self::ALL
            .map(|code| format!("  {:>3}  {}\n", code.number(), code.words()))
            .concat()
    }

    /// How a command ends that reports this.
    pub fn of(report: &Report) -> Self {
        match report.verdict {
            Overall::Departs => Self::Departures,
            _ if report.gate.is_broken() => Self::Departures,
            _ if report.gate.leaves_open() => Self::Inconclusive,
            Overall::Conforms => Self::Conforms,
            Overall::Inconclusive => Self::Inconclusive,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::report;
    use crate::report::{Breach, FailOn};

    #[test]
    fn the_codes_are_those_that_gates_rely_on() {
        let numbers = ExitCode::ALL.map(ExitCode::number);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 130]);
    }

    #[test]
    fn only_a_conforming_run_that_passes_its_gate_ends_with_zero() {
        use FailOn::{Expected, NotShown, Obstacle, Should, Waived};
        let mut report = report(vec![]);
        for (overall, [asked_nothing, question, answer]) in [
            (Overall::Conforms, [0, 3, 1]),
            (Overall::Departs, [1, 1, 1]),
            (Overall::Inconclusive, [3, 3, 1]),
        ] {
            report.verdict = overall;
            let mut ends = |asked: &[FailOn]| {
                let broken = asked.iter().map(|asked| Breach {
                    asked: *asked,
                    words: String::new(),
                });
                report.gate.broken = broken.collect();
                ExitCode::of(&report).number()
            };
            assert_eq!(ends(&[]), asked_nothing, "{overall:?}");
            for asked in [NotShown, Obstacle] {
                assert_eq!(ends(&[asked]), question, "{overall:?} {asked:?}");
            }
            for asked in [Should, Waived, Expected] {
                assert_eq!(ends(&[asked]), answer, "{overall:?} {asked:?}");
                assert_eq!(ends(&[NotShown, asked]), answer, "{overall:?} {asked:?}");
            }
        }
    }

    #[test]
    fn the_table_names_every_code() {
        let table = ExitCode::table();
        assert_eq!(table.lines().count(), ExitCode::ALL.len());
        for code in ExitCode::ALL {
            assert!(table.contains(code.words()), "{code:?}");
        }
    }
}
