//! `cardproof replay`: cases of a file, run again, and how often they depart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::{Failure, OrUsage, Outcome};
use super::interrupt;
use super::output::{Output, screen, show, show_page, width};
use super::settings::SpecArgs;
use super::target::TargetArgs;
use crate::case::Case;
use crate::contract::Contract;
use crate::drive::{Session, StopSignal};
use crate::exit_code::ExitCode;
use crate::judge::{Departure, Judgement, judge};
use crate::plan::{Budget, Origin, Suite, plan};
use crate::report::text::page::{BAD, DIM, GOOD, PLAIN, Span, UNSURE, plain};
use crate::report::text::{Detail, Look, write_finding};
use crate::report::{Confirmation, Finding};
use crate::requirement::RequirementId;
use crate::run::{Setting, abilities};
use crate::trace::CaseTrace;
use crate::trace_reader::TraceReader;

/// Run cases again.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  cardproof replay reports/…/cases/LIFE-4.toml                     against the nearest cardproof.toml
  cardproof replay LIFE-4.toml --fault terminate-is-reversible     against the embedded reference
  cardproof replay LIMIT-1.toml --profile mine.toml --times 50     how often does it come?")]
pub struct Args {
    /// A reproducer or suite (.toml), or a recording (.jsonl), whose cases are run.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Run each case so many times, each time on fresh accounts [default: what the file says, or 5; a race or a cut answer until it departs, at most 200].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: Option<u32>,
    /// The seed for the cases that a suite generates.
    #[arg(long, value_name = "N", default_value_t = 1, env = "CARDPROOF_SEED")]
    seed: u64,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    spec: SpecArgs,
}

/// What became of one case.
struct Outing {
    case: Case,
    /// So many times it was run.
    runs: u32,
    /// How often each rule was departed from, with the first departure and what went over the wire.
    departures: BTreeMap<RequirementId, (u32, Departure, CaseTrace)>,
    /// Times that something came in the way.
    hindered: Vec<String>,
}

/// Runs the cases and says how they went.
pub fn execute(args: &Args, output: Output) -> Outcome {
    let target = args.target.resolve()?;
    let contract = args.spec.held(Some(&target.profile))?.contract;
    let mut cases = cases(args, contract)?;
    let setting = Setting::new(contract, &target.profile, args.seed, Vec::new()).or_usage()?;
    let offered = abilities(&target.profile);
    let all = cases.len();
    cases.retain(|(case, _)| offered.missing(case).is_empty());
    let left_out = all - cases.len();
    let stop = StopSignal::new();
    interrupt::watch(&stop);
    let session = Session::connect_as(target.profile, setting.run)?;
    session.greet(&stop)?;
    let mut outings = Vec::new();
    for (case, times) in cases {
        if stop.was_interrupted() {
            break;
        }
        let outing = run_again(&session, &setting, case, args.times.or(times), &stop);
        show_outing(&outing, output)?;
        outings.push(outing);
    }
    let code = match stop.was_interrupted() {
        true => ExitCode::Interrupted,
        false => code(&outings, left_out),
    };
    sum_up(&outings, left_out, code)?;
    Ok(code)
}

/// A case, and how often its file says that it is run.
type Asked = (Case, Option<u32>);

fn cases(args: &Args, contract: &Contract) -> Result<Vec<Asked>, Failure> {
    if args.file.extension().is_some_and(|end| end == "jsonl") {
        return recorded_cases(&args.file);
    }
    let suites = Suite::find(&as_path(&args.file)).or_usage()?;
    let everything = crate::plan::Abilities::ALL;
    let planned = plan(&suites, args.seed, Budget::default(), contract, everything);
    let planned = planned.filter(|planned| planned.origin != Origin::Again);
    let times_of = |name: &str| {
        let suite = suites.iter().find(|suite| suite.name == name)?;
        u32::try_from(suite.times?).ok()
    };
    let cases = planned.map(|planned| (planned.case, times_of(&planned.suite)));
    let cases: Vec<Asked> = cases.collect();
    match cases.is_empty() {
        true => Err(Failure::usage(anyhow::anyhow!(
            "{} holds no case",
            args.file.display()
        ))),
        false => Ok(cases),
    }
}

fn recorded_cases(file: &Path) -> Result<Vec<Asked>, Failure> {
    let traces: Result<Vec<CaseTrace>, _> = TraceReader::open(file).or_usage()?.collect();
    Ok(traces
        .or_usage()?
        .into_iter()
        .map(|trace| (trace.case, None))
        .collect())
}

/// A file here, rather than the name of a built-in suite.
fn as_path(file: &Path) -> String {
    match file.exists() && file.components().count() == 1 {
        true => Path::new(".").join(file).display().to_string(),
        false => file.display().to_string(),
    }
}

fn run_again(
    session: &Session,
    setting: &Setting<'_>,
    case: Case,
    times: Option<u32>,
    stop: &StopSignal,
) -> Outing {
    let until_it_departs = times.is_none() && case.may_come_by_chance();
    let times = times.unwrap_or(if until_it_departs {
        RACE_TIMES_MAX
    } else {
        TIMES
    });
    let at_once = if until_it_departs { 1 } else { times };
    let again = vec![case.clone(); at_once as usize];
    let mut outing = Outing {
        case,
        runs: 0,
        departures: BTreeMap::new(),
        hindered: Vec::new(),
    };
    while outing.runs < times && outing.departures.is_empty() && !stop.was_interrupted() {
        for trace in session.drive_batch(&again, stop) {
            let judgement = judge(setting.contract, &setting.terms, &trace);
            outing.add(trace, judgement);
        }
        outing.runs += at_once;
    }
    outing
}

/// How often a case is run where nothing else is asked for.
const TIMES: u32 = 5;
/// The same for a race or a cut answer, which is run until it departs.
const RACE_TIMES_MAX: u32 = 200;

impl Outing {
    fn add(&mut self, trace: CaseTrace, judgement: Judgement) {
        self.hindered
            .extend(judgement.obstacles.into_iter().map(|o| o.words));
        let mut seen = Vec::new();
        for departure in judgement.departures {
            if seen.contains(&departure.requirement) {
                continue;
            }
            seen.push(departure.requirement);
            self.departures
                .entry(departure.requirement)
                .and_modify(|(times, ..)| *times += 1)
                .or_insert_with(|| (1, departure, trace.clone()));
        }
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.departures.iter().map(
            move |(requirement, (reproduced, departure, trace))| Finding {
                id: requirement.to_string(),
                requirement: *requirement,
                rule: requirement.requirement().rule.to_owned(),
                departure: departure.clone(),
                case: self.case.clone(),
                exchanges: trace.exchanges.clone(),
                events: trace.events.clone(),
                confirmation: Confirmation {
                    reproduced: *reproduced,
                    attempts: self.runs,
                },
                found_in: String::new(),
                seen_in: 1,
                file: None,
            },
        )
    }
}

fn show_outing(outing: &Outing, output: Output) -> Result<(), Failure> {
    let most = outing.departures.values().map(|(times, ..)| *times).max();
    let (word, style) = match most {
        Some(times) => (format!("departs {times}/{}", outing.runs), BAD),
        None if !outing.hindered.is_empty() => ("hindered".to_owned(), UNSURE),
        None => (format!("departs 0/{}", outing.runs), GOOD),
    };
    show_page(|page| {
        page.line(&[
            Span::padded(style, word, 16),
            plain(&outing.case.name),
            Span::new(DIM, format!("  {}", outing.case.title)),
        ])?;
        outing
            .hindered
            .first()
            .map_or(Ok(()), |words| page.hanging(&[plain("  ")], UNSURE, words))
    })?;
    if output.detail() == Detail::Brief {
        return Ok(());
    }
    let look = Look {
        width: width(),
        screen: screen(),
        detail: output.detail(),
        folder: None,
        target_flags: "",
        ending: "",
    };
    show(|out| {
        outing.findings().try_for_each(|finding| {
            writeln!(out)?;
            write_finding(&finding, &look, out)
        })
    })
}

fn code(outings: &[Outing], left_out: usize) -> ExitCode {
    if outings.iter().any(|outing| !outing.departures.is_empty()) {
        ExitCode::Departures
    } else if left_out > 0 || outings.iter().any(|outing| !outing.hindered.is_empty()) {
        ExitCode::Inconclusive
    } else {
        ExitCode::Conforms
    }
}

fn sum_up(outings: &[Outing], left_out: usize, code: ExitCode) -> Result<(), Failure> {
    let departing = outings
        .iter()
        .filter(|outing| !outing.departures.is_empty())
        .count();
    let plural = if outings.len() == 1 { "" } else { "s" };
    let mut words = format!("{departing} of {} case{plural} departed", outings.len());
    if left_out > 0 {
        words += &format!("; {left_out} left out, since the target lacks what they need");
    }
    words += &format!("; {}", super::run::ending(code));
    show_page(|page| {
        page.blank()?;
        page.hanging(&[], PLAIN, &words)
    })
}
