//! Where tests are run: the target, started once, and a run of its own for each test.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::{Completion, Failed};

use super::sets::Set;
use super::{StartError, Target, tell};
use crate::case::Case;
use crate::contract::Contract;
use crate::drive::{Session, StopSignal, TraceWriter};
use crate::plan::{Origin, Planned};
use crate::profile::Profile;
use crate::report::{Overall, Report};
use crate::run::{
    Agenda, Continue, Limits, Live, Setting, Silent, Stage, abilities, run, write_cases,
};
use crate::trace::{CaseNumber, CaseTrace};

/// So many cases of a set are in flight at a time.
const WORKERS: usize = 4;
/// A set that departed in so many cases has said enough.
const FAILURES_MAX: usize = 3;

type Start = Box<dyn FnOnce() -> Result<Target, StartError> + Send>;

/// What all tests of a process share.
pub struct Stand {
    start: Mutex<Option<Start>>,
    suites: Vec<String>,
    seed: u64,
    out: PathBuf,
    ready: OnceLock<Result<Ready, String>>,
}

/// A target that was started and prepared.
struct Ready {
    session: Session,
    setting: Setting<'static>,
    profile: Profile,
    // Dropped last: it may be the server.
    _kept: Vec<Box<dyn std::any::Any + Send + Sync>>,
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.session.clean_up();
    }
}

impl Stand {
    pub fn new(start: Start, suites: Vec<String>, seed: u64, out: PathBuf) -> Self {
        Self {
            start: Mutex::new(Some(start)),
            suites,
            seed,
            out,
            ready: OnceLock::new(),
        }
    }

    /// Runs a test.
    pub fn run(&self, set: &Set) -> Result<Completion, Failed> {
        let ready = self.ready.get_or_init(|| self.prepare());
        let ready = ready
            .as_ref()
            .map_err(|words| Failed::from(words.clone()))?;
        let offered = abilities(&ready.profile);
        let mut cases = set.cases(self.seed, ready.setting.contract, offered);
        let lack = cases
            .iter()
            .find_map(|case| offered.missing(case).first().copied());
        cases.retain(|case| offered.missing(case).is_empty());
        if let Some(lack) = lack.filter(|_| cases.is_empty()) {
            let reason = format!("the target does not offer {}", lack.words());
            return Ok(Completion::ignored_with(reason));
        }
        self.outcome(set, ready.report(set, cases))
    }

    fn prepare(&self) -> Result<Ready, String> {
        let start = self
            .start
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let start = start.ok_or("the target could not be started")?;
        let Target { profile, kept } =
            start().map_err(|error| format!("the target could not be started: {error}"))?;
        let contract = contract(&profile)?;
        let setting = Setting::new(contract, &profile, self.seed, self.suites.clone())
            .map_err(|mistake| mistake.to_string())?;
        let session = Session::connect_as(profile.clone(), setting.run);
        let session =
            session.and_then(|session| session.greet(&StopSignal::new()).map(|()| session));
        let session =
            session.map_err(|trouble| format!("the target could not be prepared: {trouble}"))?;
        Ok(Ready {
            session,
            setting,
            profile,
            _kept: kept,
        })
    }

    fn outcome(&self, set: &Set, mut report: Report) -> Result<Completion, Failed> {
        match report.verdict {
            Overall::Conforms => Ok(Completion::Completed),
            Overall::Departs => {
                let folder = self.out.join(set.name.replace("::", "/"));
                let written = write_cases(&mut report, &folder);
                Err(tell::departures(&report, &folder, written).into())
            }
            Overall::Inconclusive if report.obstacles.is_empty() && report.findings.is_empty() => {
                let want = report
                    .not_run
                    .first()
                    .map(|not_run| not_run.because.clone());
                Ok(Completion::ignored_with(want.unwrap_or(report.because)))
            }
            Overall::Inconclusive => Err(tell::trouble(&report).into()),
        }
    }
}

/// The document that a target is held to: its own, where that doesn't contradict ours.
fn contract(profile: &Profile) -> Result<&'static Contract, String> {
    let Some(path) = &profile.spec else {
        return Ok(Contract::embedded());
    };
    let contract = Contract::load(path).map_err(|error| error.to_string())?;
    // It lives as long as the process, like the embedded one.
    let contract: &'static Contract = Box::leak(Box::new(contract));
    let sent: Vec<&str> = profile.headers.0.keys().map(String::as_str).collect();
    let found = contract.contradictions(Contract::embedded(), &sent);
    if found.is_empty() {
        return Ok(contract);
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    let path = path.display();
    Err(format!(
        "{path} contradicts the contract:\n  {}",
        lines.join("\n  ")
    ))
}

impl Ready {
    fn report(&self, set: &Set, cases: Vec<Case>) -> Report {
        let stage = Part(Live {
            session: &self.session,
            workers: WORKERS,
            trace: Arc::new(TraceWriter::none()),
            stop: StopSignal::new(),
        });
        let planned = |case| Planned {
            case,
            suite: set.suite().to_owned(),
            origin: Origin::Written,
            missing: Vec::new(),
        };
        let agenda = Agenda {
            count: cases.len(),
            cases: &mut cases.into_iter().map(planned),
            recorded: &mut std::iter::empty(),
        };
        let limits = Limits {
            max_failures: Some(FAILURES_MAX),
            ..Limits::default()
        };
        run(
            &stage,
            &self.setting,
            agenda,
            &limits,
            &|| false,
            &mut Silent,
        )
    }
}

/// A part of what a session is for: it is cleaned up after the last.
struct Part<'a>(Live<'a>);

impl Stage for Part<'_> {
    fn run_all(
        &self,
        cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
        each: &mut dyn FnMut(CaseTrace) -> Continue,
    ) {
        self.0.run_all(cases, each);
    }

    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace> {
        self.0.run_aside(cases)
    }

    fn slots_are_kept_by(&self, status: crate::card::CardStatus) {
        self.0.slots_are_kept_by(status);
    }

    fn accounts_are_few(&self) -> bool {
        self.0.accounts_are_few()
    }

    fn trouble(&self) -> Option<String> {
        self.0.trouble()
    }

    fn is_over(&self) -> bool {
        self.0.is_over()
    }
}
