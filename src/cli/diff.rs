//! `cardproof diff`: two reports compared.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::show;
use crate::exit_code::ExitCode;
use crate::report::diff::{Diff, Outcome as Compared};
use crate::report::files::REPORT_FILE;
use crate::report::{REPORT_VERSION, Report};

/// Compare two reports.
#[derive(clap::Args)]
#[command(after_long_help = "\
It ends with 0 if nothing got worse, with 1 if a requirement is newly failing, and with 3 if none is but one that was shown
no longer is.

Example:
  cardproof diff reports/main reports/mine")]
pub struct Args {
    /// The report of before: its folder, or its report.json.
    before: PathBuf,
    /// The report of after.
    after: PathBuf,
    /// The form of the comparison.
    #[arg(long, value_name = "FORM", default_value = "markdown")]
    format: Format,
}

/// The form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a comment or a page.
    Markdown,
    /// For a program.
    Json,
}

/// Compares and tells.
pub fn execute(args: &Args) -> Outcome {
    let diff = Diff::of(&read_report(&args.before)?, &read_report(&args.after)?);
    let drawn = match args.format {
        Format::Markdown => diff.markdown(),
        Format::Json => serde_json::to_string_pretty(&diff).or_usage()? + "\n",
    };
    show(|out| out.write_all(drawn.as_bytes()))?;
    Ok(match diff.outcome() {
        Compared::NoWorse => ExitCode::Conforms,
        Compared::Worse => ExitCode::Departures,
        Compared::LessKnown => ExitCode::Inconclusive,
    })
}

/// Reads a report from its folder or its file.
pub fn read_report(path: &Path) -> Result<Report, Failure> {
    let file = match path.is_dir() {
        true => path.join(REPORT_FILE),
        false => path.to_owned(),
    };
    let name = file.display();
    let bytes = std::fs::read(&file)
        .map_err(|error| {
            let advice = "name the folder that a run wrote with --out, or its report.json";
            anyhow::anyhow!("can't read the report {name}: {error}; {advice}")
        })
        .or_usage()?;
    let advice = "judge its recording with this one: cardproof judge trace.jsonl --out DIR";
    // The version comes first: a report of another one has other members.
    let version = serde_json::from_slice(&bytes).map(|Version { report }| report);
    if let Some(other) = version.ok().filter(|version| *version != REPORT_VERSION) {
        return Err(Failure::usage(anyhow::anyhow!(
            "{name} is a report of version {other}, and this cardproof reads version {REPORT_VERSION}; {advice}"
        )));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| {
            anyhow::anyhow!("{name} is no report of this version of cardproof: {error}; {advice}")
        })
        .or_usage()
}

/// Of a report of any version.
#[derive(Deserialize)]
struct Version {
    report: u32,
}
