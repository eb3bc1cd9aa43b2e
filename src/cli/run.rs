//! `cardproof run`: plan, drive, judge, shrink, report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::builder::FalseyValueParser;

use super::diff::read_report;
use super::failure::{Failure, OrUsage, Outcome};
use super::gate::{GateArgs, Mode};
use super::interrupt;
use super::output::{Output, screen, show, width};
use super::progress::Bar;
use super::resume::Earlier;
use super::settings::{self, SpecArgs};
use super::target::{Target, TargetArgs};
use crate::drive::{Session, StopSignal, TraceWriter};
use crate::exit_code::ExitCode;
use crate::plan::{
    Budget, DEFAULT_SUITE, Planned, Suite, by_worth, case_file, plan, planned_count,
};
use crate::profile::Accounts;
use crate::report::files::{self, TRACE_FILE};
use crate::report::{Demands, FailOn, Report, text};
use crate::run::{Agenda, Effort, Limits, Live, Setting, abilities, run, write_cases};
use crate::trace::{CaseTrace, Header};

/// Where reports go when no folder is named.
const REPORTS: &str = "reports";

/// Test an implementation and report.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    spec: SpecArgs,
    /// What to run: built-in suites by name, files ending in .toml, or folders of such files; may be repeated [default: full].
    #[arg(
        short,
        long,
        value_name = "NAME|FILE",
        env = "CARDPROOF_SUITE",
        value_delimiter = ','
    )]
    suite: Vec<String>,
    /// The seed of the generated cases: the same seed, suites and version give the same cases [default: 1].
    #[arg(long, value_name = "N", env = "CARDPROOF_SEED")]
    seed: Option<u64>,
    /// Generate so many cases, instead of the suites' own numbers; hand-written cases come on top.
    #[arg(short = 'n', long, value_name = "N", env = "CARDPROOF_CASES")]
    cases: Option<usize>,
    /// End within this time, such as 60s or 5m; once something has departed, the last third of it is for making that short.
    #[arg(long, value_name = "TIME", value_parser = settings::duration, env = "CARDPROOF_MAX_TIME")]
    max_time: Option<Duration>,
    /// Begin no further case once so many have departed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "CARDPROOF_MAX_FAILURES")]
    max_failures: Option<u32>,
    /// Run so many cases at a time.
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024), env = "CARDPROOF_WORKERS")]
    workers: u16,
    /// The folder for the report [default: reports/ and the time].
    #[arg(short, long, value_name = "DIR", env = "CARDPROOF_OUT")]
    out: Option<PathBuf>,
    /// Go on with a run that was killed, stopped or interrupted: DIR is its folder. Cases that it recorded to their end are
    /// judged and not run again; seed, suites and number of cases are as they were then.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "dry_run"], env = "CARDPROOF_RESUME")]
    resume: Option<PathBuf>,
    /// Don't look for the shortest sequences; departures are still run again to see whether they come back.
    #[arg(long, env = "CARDPROOF_NO_SHRINK", value_parser = FalseyValueParser::new())]
    no_shrink: bool,
    /// Run just the reproducers of an earlier report: DIR is its folder.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["suite", "cases", "resume"], env = "CARDPROOF_RERUN_FAILED")]
    rerun_failed: Option<PathBuf>,
    #[command(flatten)]
    gate: GateArgs,
    /// How much is asked: `quick` runs the suite smoke, `standard` the suite full; `certified` too, and takes no choice of
    /// cases, no end before theirs, nothing disabled or expected to fail, and nothing that is not shown.
    #[arg(
        long,
        value_name = "MODE",
        default_value = "standard",
        env = "CARDPROOF_MODE"
    )]
    mode: Mode,
    /// Put all traffic of the run into traffic.har, instead of that of the findings alone.
    #[arg(long, env = "CARDPROOF_ALL_TRAFFIC", value_parser = FalseyValueParser::new())]
    all_traffic: bool,
    /// Send nothing: print the cases that would be run, as a suite file.
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  cardproof run                                      the embedded reference, as a first look
  cardproof run --fault terminate-is-reversible      what a departure looks like
  cardproof run --profile mine.toml -s smoke         a second's worth, before anything else
  cardproof run --profile mine.toml --max-time 5m -n 100000
                                                     as much as five minutes allow
  cardproof run --profile mine.toml --resume reports/2026-03-02T10-00-00Z
                                                     go on with a run that was killed
  cardproof run --seed 7 --dry-run                   the cases of a seed, to read or to keep";

/// What is to be run, as the flags say, or as they said when the run began.
struct Choice {
    suites: Vec<String>,
    seed: u64,
    budget: Budget,
}

/// Tests and reports.
pub fn execute(args: &Args, output: Output) -> Outcome {
    let demands = args.demands()?;
    let earlier = args.resume.as_deref().map(Earlier::read).transpose()?;
    let choice = args.choice(earlier.as_ref())?;
    let suites = Suite::find_all(choice.suites.iter().map(String::as_str)).or_usage()?;
    let mut target = args.target.resolve()?;
    let held = args.spec.held(Some(&target.profile))?;
    let contract = held.contract;
    target.add_flags(&held.flags);
    let mut setting =
        Setting::new(contract, &target.profile, choice.seed, choice.suites).or_usage()?;
    setting.contradictions = held.contradictions;
    setting.cases = choice.budget.cases;
    args.refuse_disabled(&setting)?;
    setting.demands = demands;
    if let Some(earlier) = &earlier {
        // It is the same run that goes on.
        setting.run = earlier.header().run;
    }
    let planned = || -> Box<dyn Iterator<Item = Planned>> {
        let offered = abilities(&target.profile);
        let planned = plan(&suites, choice.seed, choice.budget, contract, offered);
        match target.profile.accounts {
            Accounts::List(_) => Box::new(by_worth(planned.collect()).into_iter()),
            _ => Box::new(planned),
        }
    };
    if args.dry_run {
        return show_cases(&mut *planned());
    }
    if let Some(earlier) = &earlier {
        earlier.check_header(&setting.header(), target.is_embedded())?;
        earlier.check_plan(planned())?;
    }
    let mut planned = planned();
    let mut recorded: Box<dyn Iterator<Item = CaseTrace>> = match &earlier {
        Some(earlier) => {
            earlier.withdraw_accounts(&mut target.profile);
            Box::new(earlier.cases()?)
        }
        None => Box::new(std::iter::empty()),
    };
    let folder = match &args.resume {
        Some(path) => Folder::to_go_on(path)?,
        None => Folder::make(args.out.as_deref())?,
    };
    let agenda = Agenda {
        cases: &mut *planned,
        count: planned_count(&suites, choice.budget, contract),
        recorded: &mut recorded,
    };
    let open_trace = || match &earlier {
        Some(earlier) => earlier.writer(),
        None => TraceWriter::create(&folder.path.join(TRACE_FILE), &setting.header()).or_usage(),
    };
    let tested = test(args, output, &target, &setting, agenda, &open_trace)?;
    let mut report = tested.report;
    if let Err(failure) = tested.recorded {
        // A report without its trace is none, so it is not written; what is known is told all the same.
        tell(&report, output, None, &target, failure.code())?;
        return Err(failure);
    }
    let code = match tested.was_interrupted {
        true => ExitCode::Interrupted,
        false => ExitCode::of(&report),
    };
    let written = folder.write(&mut report, &target, code);
    if args.all_traffic && written.is_ok() {
        files::write_traffic(&folder.path).or_usage()?;
    }
    if !tested.was_interrupted {
        args.gate.update(&report, &setting.demands)?;
    }
    tell(&report, output, Some(&folder), &target, code)?;
    written.map(|()| code)
}

/// What came of a test.
struct Tested {
    report: Report,
    was_interrupted: bool,
    /// Whether all of it could be written down.
    recorded: Result<(), Failure>,
}

fn test(
    args: &Args,
    output: Output,
    target: &Target,
    setting: &Setting<'_>,
    agenda: Agenda<'_>,
    open_trace: &dyn Fn() -> Result<TraceWriter, Failure>,
) -> Result<Tested, Failure> {
    let began = Instant::now();
    let stop = StopSignal::new();
    interrupt::watch(&stop);
    let session = Session::connect_as(target.profile.clone(), setting.run)?;
    if let Some(time) = args.max_time {
        session.stop_after(time.saturating_sub(began.elapsed()), &stop);
    }
    session.greet(&stop)?;
    let stage = Live {
        session: &session,
        workers: usize::from(args.workers),
        trace: Arc::new(open_trace()?),
        stop: stop.clone(),
    };
    let what = format!(
        "{} at {} (seed {})",
        setting.target, setting.base_url, setting.seed
    );
    let mut bar = Bar::new(&what, output, args.max_time);
    let is_stopped = || stop.was_interrupted() || stage.trace.has_failed();
    let mut planned = agenda.cases.take_while(|_| !stop.was_interrupted());
    let agenda = Agenda {
        cases: &mut planned,
        count: agenda.count,
        recorded: agenda.recorded,
    };
    let limits = args.limits();
    let report = run(&stage, setting, agenda, &limits, &is_stopped, &mut bar);
    drop(bar);
    let advice = "make room, and go on with --resume, or name another folder with --out";
    let recorded = stage.trace.finish().map_err(|error| {
        Failure::usage(anyhow::anyhow!(
            "{error}; what was recorded until then is shown: {advice}"
        ))
    });
    Ok(Tested {
        report,
        was_interrupted: stop.was_interrupted(),
        recorded,
    })
}

impl Args {
    /// What the run is asked for; a mode that asks for more refuses what would make it less.
    fn demands(&self) -> Result<Demands, Failure> {
        let mut demands = self.gate.demands()?;
        if self.mode == Mode::Certified {
            let refused = [
                ("--suite", !self.suite.is_empty()),
                ("--cases", self.cases.is_some()),
                ("--rerun-failed", self.rerun_failed.is_some()),
                ("--max-time", self.max_time.is_some()),
                ("--max-failures", self.max_failures.is_some()),
                ("--no-shrink", self.no_shrink),
                ("--expected-failures-file", self.gate.has_file()),
            ];
            if let Some((flag, _)) = refused.into_iter().find(|(_, given)| *given) {
                return Err(Failure::usage(anyhow::anyhow!(
                    "--mode certified takes no {flag}: it runs everything, and nothing is left out or expected to fail; give \
                     up one of the two"
                )));
            }
            demands.fail_on.insert(FailOn::NotShown);
        }
        Ok(demands)
    }

    fn refuse_disabled(&self, setting: &Setting<'_>) -> Result<(), Failure> {
        match setting.disabled.keys().next() {
            Some(first) if self.mode == Mode::Certified => Err(Failure::usage(anyhow::anyhow!(
                "--mode certified judges every requirement, and the profile disables {first}: take [disabled] out of it"
            ))),
            _ => Ok(()),
        }
    }

    fn choice(&self, earlier: Option<&Earlier>) -> Result<Choice, Failure> {
        let header = earlier.map(Earlier::header);
        if let Some(header) = header.filter(|_| self.mode == Mode::Certified) {
            refuse_less(header)?;
        }
        let failed = self.rerun_failed.as_deref().map(reproducers).transpose()?;
        let default = || match (header, self.mode) {
            (Some(header), _) => header.suites.clone(),
            (None, Mode::Quick) => vec!["smoke".to_owned()],
            (None, Mode::Standard | Mode::Certified) => vec![DEFAULT_SUITE.to_owned()],
        };
        Ok(Choice {
            suites: match (failed, self.suite.is_empty()) {
                (Some(reproducers), _) => vec![reproducers],
                (None, true) => default(),
                (None, false) => self.suite.clone(),
            },
            seed: self.seed.or(header.map(|h| h.seed)).unwrap_or(1),
            budget: Budget {
                cases: self.cases.or(header.and_then(|h| h.cases)),
            },
        })
    }

    fn limits(&self) -> Limits {
        let effort = Effort::default();
        Limits {
            max_failures: self.max_failures.map(|max| max as usize),
            max_time: self.max_time,
            effort: Effort {
                shrink_runs: if self.no_shrink {
                    0
                } else {
                    effort.shrink_runs
                },
                ..effort
            },
            ..Limits::default()
        }
    }
}

/// A certified run goes on only as one that was to run everything.
fn refuse_less(header: &Header) -> Result<(), Failure> {
    match header.suites == [DEFAULT_SUITE] && header.cases.is_none() {
        true => Ok(()),
        false => Err(Failure::usage(anyhow::anyhow!(
            "--mode certified runs everything, and the run to go on with was of a choice (suites {}{}): begin a new one, \
             without --resume",
            header.suites.join(", "),
            header
                .cases
                .map_or_else(String::new, |n| format!(", {n} cases")),
        ))),
    }
}

/// The folder of an earlier report's reproducers, as a suite is named.
fn reproducers(folder: &Path) -> Result<String, Failure> {
    if !folder.is_dir() {
        return Err(Failure::usage(anyhow::anyhow!(
            "--rerun-failed wants the folder that an earlier run wrote, with its report.json and its cases, and {} is none",
            folder.display()
        )));
    }
    let report = read_report(folder)?;
    let cases = folder.join("cases");
    if report.findings.iter().all(|finding| finding.file.is_none()) {
        return Err(Failure::usage(anyhow::anyhow!(
            "the report in {} has no findings, so there is nothing to run again; leave --rerun-failed out",
            folder.display()
        )));
    }
    // A folder here is told from the name of a built-in suite by its slash.
    Ok(Path::new(".").join(cases).display().to_string())
}

fn show_cases(planned: &mut dyn Iterator<Item = Planned>) -> Outcome {
    show(|out| {
        for planned in planned {
            let from = format!("from the suite {}", planned.suite);
            let missing = planned
                .missing
                .first()
                .map(|ability| format!("left out: the target does not offer {}", ability.words()));
            let header: Vec<String> = [from].into_iter().chain(missing).collect();
            writeln!(out, "{}", case_file(&planned.case, &header))?;
        }
        Ok(())
    })?;
    Ok(ExitCode::Conforms)
}

fn tell(
    report: &Report,
    output: Output,
    folder: Option<&Folder>,
    target: &Target,
    code: ExitCode,
) -> Result<(), Failure> {
    let look = text::Look {
        width: width(),
        screen: screen(),
        detail: output.detail(),
        folder: folder.map(Folder::path),
        target_flags: &target.flags,
        ending: &ending(code),
    };
    show(|out| text::write(report, &look, out))
}

/// The exit code and what it says.
pub fn ending(code: ExitCode) -> String {
    format!("exit code {}, {}", code.number(), code.words())
}

/// The folder of a report. If nothing gets written there, it goes again.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The named folder, or a new one named by the time.
    pub fn make(out: Option<&Path>) -> Result<Self, Failure> {
        let path = match out {
            Some(path) => path.to_owned(),
            None => fresh_folder().or_usage()?,
        };
        no_place(files::prepare(&path))?;
        Ok(Self { path })
    }

    /// The folder of a run that goes on.
    pub fn to_go_on(path: &Path) -> Result<Self, Failure> {
        no_place(files::prepare_to_go_on(path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Writes the report and its reproducers.
    pub fn write(
        &self,
        report: &mut Report,
        target: &Target,
        code: ExitCode,
    ) -> Result<(), Failure> {
        self.write_as(report, &target.flags, code)
    }

    /// As [`Folder::write`], where the flags of the target are known otherwise.
    pub fn write_as(
        &self,
        report: &mut Report,
        flags: &str,
        code: ExitCode,
    ) -> Result<(), Failure> {
        write_cases(report, &self.path)
            .map_err(|error| {
                let cases = self.path.join("cases");
                anyhow::Error::new(error).context(format!("can't write to {}", cases.display()))
            })
            .or_usage()?;
        self.write_report(report, flags, code)
    }

    /// Writes the report alone: what it is about can't be run again.
    pub fn write_report(
        &self,
        report: &Report,
        flags: &str,
        code: ExitCode,
    ) -> Result<(), Failure> {
        files::write(report, &self.path, flags, &ending(code)).or_usage()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn no_place(prepared: Result<(), files::FileError>) -> Result<(), Failure> {
    let advice = "name a folder that can be written to with --out";
    prepared
        .map_err(|error| {
            anyhow::Error::new(error).context(format!("the report has no place; {advice}"))
        })
        .or_usage()
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Only an empty folder can be removed, so nothing is lost; failing to is no harm.
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// A folder that nobody else has: named by the time, so that they sort, and by a number where that is taken.
fn fresh_folder() -> anyhow::Result<PathBuf> {
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H-%M-%SZ")
        .to_string();
    let names = std::iter::once(now.clone()).chain((2..1000).map(|n| format!("{now}-{n}")));
    std::fs::create_dir_all(REPORTS).map_err(|e| {
        anyhow::anyhow!("can't make the folder {REPORTS}: {e}; name another with --out")
    })?;
    for name in names {
        let path = Path::new(REPORTS).join(name);
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => anyhow::bail!(
                "can't make the folder {}: {error}; name another with --out",
                path.display()
            ),
        }
    }
    anyhow::bail!("the folder {REPORTS} is full of runs of this second; name another with --out")
}
