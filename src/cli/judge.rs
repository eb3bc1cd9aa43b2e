//! `cardproof judge`: the same verdict from a recording, without any network.

use std::io::BufRead;
use std::path::PathBuf;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::{Output, note, show, width};
use super::run::{Folder, ending};
use super::settings::SpecArgs;
use crate::exit_code::ExitCode;
use crate::report::{Report, text};
use crate::run::{Recorded, Setting};
use crate::trace::Header;
use crate::trace_reader::TraceReader;

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
    mut reader: TraceReader<impl BufRead>,
    args: &Args,
) -> Result<Report, Failure> {
    let mut recorded = Recorded::new(setting);
    for case in reader.by_ref() {
        recorded.add(&case.or_usage()?);
    }
    let file = args.trace.display();
    match recorded.unfinished() {
        0 if reader.is_over() => {}
        0 => note(&format!(
            "note: the run behind {file} ended before its plan did; what it recorded is judged"
        )),
        cut_off => note(&format!(
            "note: {file} ends before {cut_off} of its cases do; they are judged as far as they go"
        )),
    }
    Ok(recorded.report(reader.is_over()))
}

fn another_document(args: &Args, header: &Header) -> anyhow::Error {
    anyhow::anyhow!(
        "{} was recorded against another OpenAPI document (sha256 {}); name that one with --spec",
        args.trace.display(),
        header.contract
    )
}
