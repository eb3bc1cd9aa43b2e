//! Flags of the gate: what a run is asked for beside its verdict.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};

use super::failure::{Failure, OrUsage};
use super::output::note;
use crate::report::{Demands, ExpectedFailures, FailOn, Report};

/// How much is asked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A first look.
    Quick,
    /// What a gate asks for.
    Standard,
    /// All of it, and nothing left out.
    Certified,
}

/// What fails a run beside departures from what must be.
#[derive(clap::Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Departures that are expected for now: tables `expected` with requirement, variant, owner, reason and expires. One
    /// that no longer comes, or has expired, fails the gate.
    #[arg(long, value_name = "FILE", env = "CARDPROOF_EXPECTED_FAILURES_FILE")]
    expected_failures_file: Option<PathBuf>,
    /// Write that file anew: entries that hold stay, and each departure that none is for gets one. The exit code is as before.
    #[arg(long, requires = "expected_failures_file", env = "CARDPROOF_UPDATE_EXPECTED", value_parser = FalseyValueParser::new())]
    update_expected: bool,
    /// What fails the run besides: departures from what only should be, waived (expected) failures, requirements that were not
    /// shown, obstacles.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', env = "CARDPROOF_FAIL_ON", value_parser = fail_on())]
    fail_on: Vec<FailOn>,
    /// The same as --fail-on should.
    #[arg(long, env = "CARDPROOF_STRICT", value_parser = FalseyValueParser::new())]
    strict: bool,
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    let words = FailOn::ASKED.map(FailOn::as_str);
    PossibleValuesParser::new(words).try_map(|word| {
        let mut asked = FailOn::ASKED.into_iter();
        asked.find(|asked| asked.as_str() == word).ok_or("unknown")
    })
}

impl GateArgs {
    /// Whether failures are expected.
    pub fn has_file(&self) -> bool {
        self.expected_failures_file.is_some()
    }

    /// What is asked for, as of today.
    pub fn demands(&self) -> Result<Demands, Failure> {
        let strict = self.strict.then_some(FailOn::Should);
        let file = self.expected_failures_file.as_deref();
        Ok(Demands {
            fail_on: self.fail_on.iter().copied().chain(strict).collect(),
            expected: file
                .map(|file| self.read(file))
                .transpose()?
                .unwrap_or_default(),
            today: jiff::Zoned::now().date(),
        })
    }

    fn read(&self, file: &Path) -> Result<ExpectedFailures, Failure> {
        let name = file.display();
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.update_expected => {
                return Ok(ExpectedFailures::default());
            }
            text => text
                .map_err(|error| {
                    let advice = "write it with --update-expected";
                    anyhow::anyhow!("can't read the expected failures in {name}: {error}; {advice}")
                })
                .or_usage()?,
        };
        ExpectedFailures::from_toml(&text)
            .map_err(|error| {
                anyhow::anyhow!("the expected failures in {name} can't be used\n{error}")
            })
            .or_usage()
    }

    /// Writes the file anew, if that was asked for.
    pub fn update(&self, report: &Report, demands: &Demands) -> Result<(), Failure> {
        let Some(file) = self
            .expected_failures_file
            .as_deref()
            .filter(|_| self.update_expected)
        else {
            return Ok(());
        };
        let is_shown = |id| {
            let result = report.result_of(id);
            result.is_some_and(|result| result.verdict.is_shown())
        };
        let renewed = demands
            .expected
            .renewed(&report.findings, is_shown, demands.today);
        std::fs::write(file, renewed.to_toml())
            .map_err(|error| anyhow::anyhow!("can't write {}: {error}", file.display()))
            .or_usage()?;
        note(&format!(
            "note: {} has {} expected failures now; give each new one an owner and a reason",
            file.display(),
            renewed.expected.len()
        ));
        Ok(())
    }
}
