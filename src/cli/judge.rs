//! `cardproof judge`: the same verdict from a recording, without any network; and a verdict on what others recorded.

use std::fs::File;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::failure::{Failure, OrUsage, Outcome};
use super::gate::GateArgs;
use super::output::{Output, note, screen, show, width};
use super::run::{Folder, ending};
use super::settings::{Held, SpecArgs};
use crate::exit_code::ExitCode;
use crate::har::{self, Har, LeftOut};
use crate::report::{Demands, Report, text};
use crate::run::{Recorded, Setting};
use crate::trace::{Header, Past};
use crate::trace_reader::TraceReader;

/// Judge a recorded trace, or a HAR file that another program recorded.
#[derive(clap::Args)]
#[command(after_long_help = "\
A trace that was cut off (the run was killed, the disk was full) is judged as far as it goes, and the report says so.
Nothing can be run again here, so departures are shown as they were recorded: neither made short nor confirmed.

A HAR file (from a browser, a proxy, an API client) is judged as far as it shows anything: cards may have been there before,
others may act on them meanwhile, and what is missing in the file is not held against the target. What it does not show is
not-shown. Access (tokens, signatures) can't be judged from it.

Examples:
  cardproof judge reports/2026-03-02T10-00-00Z/trace.jsonl --out judged
  cardproof judge traffic.har --base-url https://cards.example/v1")]
pub struct Args {
    /// The trace.jsonl of a run, or a HAR file.
    #[arg(value_name = "TRACE|HAR")]
    trace: PathBuf,
    #[command(flatten)]
    spec: SpecArgs,
    /// Of a HAR file: where the API is [default: where the calls of the document are found].
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Of a HAR file: nobody else changed these accounts' cards while it was recorded, the issuer neither, and no change is missing
    /// in it.
    #[arg(long)]
    alone: bool,
    /// Write the report to this folder too.
    #[arg(short, long, value_name = "DIR", env = "CARDPROOF_OUT")]
    out: Option<PathBuf>,
    #[command(flatten)]
    gate: GateArgs,
}

/// Judges and reports.
pub fn execute(args: &Args, output: Output) -> Outcome {
    let held = args.spec.held(None)?;
    let demands = args.gate.demands()?;
    match is_har(&args.trace) {
        true => judge_har(args, output, &held, &demands),
        false => judge_trace(args, output, &held, demands),
    }
}

/// A file that can't be read is met with an error when it is to be judged.
fn is_har(path: &Path) -> bool {
    const LOOKED_AT: u64 = 1 << 10;
    let mut beginning = Vec::new();
    let file = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut beginning));
    file.is_ok() && har::is_har(path, &beginning)
}

fn judge_trace(args: &Args, output: Output, held: &Held, demands: Demands) -> Outcome {
    let flag = match (&args.base_url, args.alone) {
        (Some(_), _) => Some("--base-url"),
        (None, true) => Some("--alone"),
        (None, false) => None,
    };
    if let Some(flag) = flag {
        return Err(Failure::usage(anyhow::anyhow!(
            "{flag} is for HAR files, and {} is a trace, which says so itself",
            args.trace.display()
        )));
    }
    let reader = TraceReader::open(&args.trace).or_usage()?;
    let mut setting = Setting::recorded(held.contract, reader.header());
    setting.contradictions.clone_from(&held.contradictions);
    setting.demands = demands;
    if reader.header().contract != held.contract.digest() {
        return Err(Failure::usage(another_document(args, reader.header())));
    }
    let folder = folder(args)?;
    let mut report = judged(&setting, reader, args)?;
    let code = ExitCode::of(&report);
    if let Some(folder) = &folder {
        folder.write_as(&mut report, "", code)?;
    }
    args.gate.update(&report, &setting.demands)?;
    tell(&report, output, folder.as_ref(), code)
}

fn judge_har(args: &Args, output: Output, held: &Held, demands: &Demands) -> Outcome {
    let read = |past| -> Result<(Report, LeftOut), Failure> {
        let base_url = args.base_url.as_deref();
        let har = har::read(&args.trace, held.contract, base_url, past).or_usage()?;
        Ok(judged_har(args, held, demands, har))
    };
    let (report, left_out) = match args.alone {
        true => read(Past::Unknown)?,
        false => read(Past::Shared)?,
    };
    note_left_out(&left_out);
    if !args.alone {
        let (strict, _) = read(Past::Unknown)?;
        let more = strict.findings.len().saturating_sub(report.findings.len());
        if more > 0 {
            note(&format!(
                "note: {more} more can be explained only by somebody else's having changed cards meanwhile; if nobody did, \
                 judge it with --alone"
            ));
        }
    }
    let folder = folder(args)?;
    let code = ExitCode::of(&report);
    if let Some(folder) = &folder {
        folder.write_report(&report, "", code)?;
    }
    args.gate.update(&report, demands)?;
    tell(&report, output, folder.as_ref(), code)
}

fn folder(args: &Args) -> Result<Option<Folder>, Failure> {
    let out = args.out.as_deref();
    out.map(|out| Folder::make(Some(out))).transpose()
}

fn tell(report: &Report, output: Output, folder: Option<&Folder>, code: ExitCode) -> Outcome {
    let look = text::Look {
        width: width(),
        screen: screen(),
        detail: output.detail(),
        folder: folder.map(Folder::path),
        target_flags: "",
        ending: &ending(code),
    };
    show(|out| text::write(report, &look, out))?;
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

fn judged_har(args: &Args, held: &Held, demands: &Demands, har: Har) -> (Report, LeftOut) {
    let name = args.trace.file_name().unwrap_or(args.trace.as_os_str());
    let target = name.to_string_lossy().into_owned();
    let mut setting = Setting::overheard(held.contract, target, har.base_url, har.terms);
    setting.contradictions.clone_from(&held.contradictions);
    setting.demands.clone_from(demands);
    let mut recorded = Recorded::new(&setting);
    har.cases.iter().for_each(|case| recorded.add(case));
    (recorded.report(true), har.left_out)
}

fn note_left_out(left_out: &LeftOut) {
    let counts = [
        (left_out.elsewhere, "not about cards"),
        (left_out.setup, "tokens, keys and webhooks"),
        (
            left_out.browsers,
            "answered from a cache, or the browser's own",
        ),
    ];
    let told = counts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, what)| format!("{count} ({what})"))
        .collect();
    if !told.is_empty() {
        note(&format!(
            "note: entries that are not judged: {}",
            told.join(", ")
        ));
    }
    for (base, count) in &left_out.other_bases {
        note(&format!(
            "note: {count} of them look like calls below {base}; judge those with --base-url {base}"
        ));
    }
}

fn another_document(args: &Args, header: &Header) -> anyhow::Error {
    anyhow::anyhow!(
        "{} was recorded against another OpenAPI document (sha256 {}); name that one with --spec",
        args.trace.display(),
        header.contract
    )
}
