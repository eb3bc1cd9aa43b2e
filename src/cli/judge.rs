//! `cardproof judge`: the same verdict from a recording, without any network.

use std::path::PathBuf;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::{Output, note, show, width};
use super::run::{Folder, ending};
use super::settings::SpecArgs;
use crate::exit_code::ExitCode;
use crate::report::{Report, text};
use crate::run::{Setting, rejudge};
use crate::trace::{CaseTrace, Header};
use crate::trace_reader::{ReadError, TraceReader};

/// Judge a recorded trace.
#[derive(clap::Args)]
#[command(after_long_help = "\
A trace that was cut off (the run was killed, the disk was full) is judged as far as it goes, and the report says so.
Nothing can be run again here, so departures are shown as they were recorded: neither made short nor confirmed.

Example:
  cardproof judge reports/2026-03-02T10-00-00Z/trace.jsonl --out judged")]
pub struct Args {
    /// The trace.jsonl of a run.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    #[command(flatten)]
    spec: SpecArgs,
    /// Write the report to this folder too.
    #[arg(short, long, value_name = "DIR", env = "CARDPROOF_OUT")]
    out: Option<PathBuf>,
}

/// Judges and reports.
pub fn execute(args: &Args, output: Output) -> Outcome {
    let contract = args.spec.contract()?;
    let reader = TraceReader::open(&args.trace).or_usage()?;
    let setting = Setting::recorded(contract, reader.header());
    if reader.header().contract != contract.digest() {
        return Err(Failure::usage(another_document(args, reader.header())));
    }
    let folder = args
        .out
        .as_deref()
        .map(|out| Folder::make(Some(out)))
        .transpose()?;
    let mut report = judged(&setting, reader, args)?;
    let code = ExitCode::from(report.verdict);
    if let Some(folder) = &folder {
        folder.write_as(&mut report, "", code)?;
    }
    let look = text::Look {
        width: width(),
        detail: output.detail(),
        folder: folder.as_ref().map(Folder::path),
        target_flags: "",
        ending: &ending(code),
    };
    show(|out| text::write(&report, &look, out))?;
    Ok(code)
}

fn judged(
    setting: &Setting<'_>,
    cases: impl Iterator<Item = Result<CaseTrace, ReadError>>,
    args: &Args,
) -> Result<Report, Failure> {
    let mut failed = None;
    let mut cut_off = 0;
    let whole = cases
        .map_while(|case| case.map_err(|error| failed = Some(error)).ok())
        .inspect(|case| cut_off += usize::from(!case.complete));
    let report = rejudge(setting, whole);
    if let Some(error) = failed {
        return Err(Failure::usage(error));
    }
    if cut_off > 0 {
        let file = args.trace.display();
        note(&format!(
            "note: {file} ends before {cut_off} of its cases do; they are judged as far as they go"
        ));
    }
    Ok(report)
}

fn another_document(args: &Args, header: &Header) -> anyhow::Error {
    anyhow::anyhow!(
        "{} was recorded against another OpenAPI document (sha256 {}); name that one with --spec",
        args.trace.display(),
        header.contract
    )
}
