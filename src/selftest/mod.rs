//! The harness, tested: every planted fault must be caught, and the correct reference left alone in every reading.
//!
//! Each fault is met as a user would meet it: the `full` suite, then the shortest sequence of what departs. What the fault is
//! known to break is used for the table, and to be done sooner: the cases about that come first, and once it has been seen, no
//! further cases are run, and once it is confirmed, nothing else is looked into.

mod core_faults;
mod variants;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use core_faults::core_faults;
pub use variants::variants;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::drive::{Session, StopSignal, TraceWriter};
use crate::embedded::Embedded;
use crate::plan::{Abilities, Budget, Origin, Planned, Suite, SuiteError, about_first, plan};
use crate::reference::{self, Fault, Options};
use crate::report::{Finding, Report};
use crate::requirement::{self, RequirementId};
use crate::run::{Agenda, Effort, Limits, Live, Setting, Silent, abilities, run};

/// What is tested, and how hard.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The faults.
    pub faults: Vec<&'static Fault>,
    /// One case in so many is met by each correct implementation, by the next one the next, so that together they meet all;
    /// none: they are left out.
    pub correct: Option<NonZeroUsize>,
    /// So many seeds are tried for each fault and reading, from this one on.
    pub seeds: std::ops::Range<u64>,
    /// Generated cases for each reading and seed.
    pub cases: usize,
    /// So many targets are tested at a time.
    pub at_once: usize,
}

/// What the selftest found: `selftest.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selftest {
    /// One row for each fault and seed.
    pub faults: Vec<FaultRow>,
    /// One row for each reading and seed.
    pub correct: Vec<CorrectRow>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// How a fault was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRow {
    /// The fault.
    pub fault: String,
    /// The mistake in words.
    pub words: String,
    /// The seed.
    pub seed: u64,
    /// Runs of the suite that were made: a second one where the first did not name the requirement, further ones where
    /// nothing was caught.
    pub runs: u32,
    /// It shows only where requests overlap, hence by chance.
    pub is_race: bool,
    /// The requirement that it breaks.
    pub requirement: String,
    /// The requirements that were named by confirmed departures.
    pub caught_by: Vec<RequirementId>,
    /// Requests that were sent until the first departure was there, the cases about the requirement being the first.
    pub requests: usize,
    /// The case of the suite that showed it first.
    pub found_in: Option<String>,
    /// Steps of the shortest sequence that names the requirement; of any, if none does.
    pub length: Option<usize>,
    /// The known shortest.
    pub shortest: usize,
    /// The shortest sequence.
    pub steps: Vec<String>,
    /// How long it took, shrinking and confirming included.
    pub took_ms: u64,
}

impl FaultRow {
    /// A departure was found and came again.
    pub fn is_caught(&self) -> bool {
        !self.caught_by.is_empty()
    }

    /// The requirement that the fault breaks was named.
    pub fn is_named(&self) -> bool {
        self.caught_by
            .iter()
            .any(|id| id.as_str() == self.requirement)
    }

    /// The sequence is no longer than the known shortest.
    pub fn is_shortest(&self) -> bool {
        self.length.is_some_and(|length| length <= self.shortest)
    }
}

/// How a correct implementation was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CorrectRow {
    /// Which: the reading that differs from the usual ones, or how cards are issued.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// Requests that were sent.
    pub requests: usize,
    /// The requirements that were departed from; there must be none.
    pub departures: Vec<RequirementId>,
    /// What the first departure said.
    pub words: Option<String>,
    /// How long it took.
    pub took_ms: u64,
}

impl Selftest {
    /// Every fault was caught, and no correct implementation departed.
    pub fn is_good(&self) -> bool {
        self.faults.iter().all(FaultRow::is_caught)
            && self.correct.iter().all(|row| row.departures.is_empty())
    }
}

/// A selftest that can't be done.
#[derive(Debug, thiserror::Error)]
pub enum SelftestError {
    /// The reference can't be started.
    #[error("can't start the reference implementation: {0}")]
    Start(#[from] io::Error),
    /// The reference can't be reached.
    #[error(transparent)]
    Trouble(#[from] crate::drive::Trouble),
    /// The suites can't be read.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The setting is wrong.
    #[error(transparent)]
    Setting(#[from] crate::profile::Mistake),
}

/// One thing to be tested.
enum Job {
    Fault(&'static Fault, u64),
    Correct {
        name: String,
        options: Box<Options>,
        share: Share,
        seed: u64,
    },
}

enum Row {
    Fault(FaultRow),
    Correct(CorrectRow),
}

/// Tests the harness. `each` hears of every row as it is done, with how many there will be.
///
/// # Errors
/// When the reference can't be started or reached.
pub fn selftest(
    plan: &Plan,
    each: &(dyn Fn(usize, usize) + Sync),
) -> Result<Selftest, SelftestError> {
    let began = Instant::now();
    let jobs = jobs(plan);
    let plans = Plans::new()?;
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let rows: Mutex<Vec<(usize, Result<Row, SelftestError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..plan.at_once.max(1) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = done.fetch_add(1, Ordering::Relaxed) + 1;
                    let row = job.run(plan, &plans);
                    each(place, jobs.len());
                    let index = jobs.iter().position(|j| std::ptr::eq(j, job)).unwrap_or(0);
                    rows.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    let mut selftest = Selftest::default();
    for (_, row) in rows {
        match row? {
            Row::Fault(row) => selftest.faults.push(row),
            Row::Correct(row) => selftest.correct.push(row),
        }
    }
    selftest.took_ms = millis(began.elapsed());
    Ok(selftest)
}

fn jobs(plan: &Plan) -> Vec<Job> {
    let mut jobs = Vec::new();
    for seed in plan.seeds.clone() {
        jobs.extend(plan.faults.iter().map(|fault| Job::Fault(fault, seed)));
        if let Some(every) = plan.correct {
            let shares = (0..every.get()).cycle().map(|from| Share { from, every });
            let variants = variants().into_iter().zip(shares);
            jobs.extend(variants.map(|((name, options), share)| Job::Correct {
                name,
                options: Box::new(options),
                share,
                seed,
            }));
        }
    }
    jobs
}

impl Job {
    fn run(&self, plan: &Plan, plans: &Plans) -> Result<Row, SelftestError> {
        match self {
            Self::Fault(fault, seed) => meet_fault(fault, *seed, plans).map(Row::Fault),
            Self::Correct {
                name,
                options,
                share,
                seed,
            } => {
                let meeting = Meeting {
                    written_too: *seed == plan.seeds.start,
                    share: *share,
                    ..Meeting::generated(*seed, plan.cases)
                };
                meet_correct(name, options, &meeting, plans).map(Row::Correct)
            }
        }
    }
}

/// What decides a plan.
type Terms = (u64, Option<usize>, Abilities);

/// The plans of the `full` suite. Most targets offer the same, so they are met with the same cases, planned once.
struct Plans {
    suites: Vec<Suite>,
    made: Mutex<HashMap<Terms, Arc<[Planned]>>>,
}

impl Plans {
    fn new() -> Result<Self, SuiteError> {
        Ok(Self {
            suites: Suite::find(crate::plan::DEFAULT_SUITE)?,
            made: Mutex::default(),
        })
    }

    fn of(&self, seed: u64, budget: Budget, offered: Abilities) -> Arc<[Planned]> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // Seeds are gone through one after the other, and those that are done with would only take room.
        made.retain(|(of, ..), _| seed <= of.saturating_add(1));
        let made = made
            .entry((seed, budget.cases, offered))
            .or_insert_with(|| {
                plan(&self.suites, seed, budget, Contract::embedded(), offered).collect()
            });
        Arc::clone(made)
    }
}

/// How a target is met.
struct Meeting {
    seed: u64,
    budget: Budget,
    /// The cases that are not generated, too: they are the same with every seed, so one seed runs them.
    written_too: bool,
    share: Share,
    limits: Limits,
}

/// A part of the cases: those at every so manieth place, from one on.
#[derive(Clone, Copy)]
struct Share {
    from: usize,
    every: NonZeroUsize,
}

impl Share {
    const ALL: Self = Self {
        from: 0,
        every: NonZeroUsize::MIN,
    };
}

impl Meeting {
    /// With so many generated cases, until a few have departed.
    fn generated(seed: u64, cases: usize) -> Self {
        Self {
            seed,
            budget: Budget { cases: Some(cases) },
            written_too: false,
            share: Share::ALL,
            limits: Limits {
                max_failures: Some(3),
                ..Limits::default()
            },
        }
    }
}

/// Runs the `full` suite against a reference of its own.
fn meet(options: Options, meeting: &Meeting, plans: &Plans) -> Result<Report, SelftestError> {
    let embedded = Embedded::start(options)?;
    let profile = embedded.profile();
    let setting = Setting::new(
        Contract::embedded(),
        &profile,
        meeting.seed,
        vec![crate::plan::DEFAULT_SUITE.to_owned()],
    )?;
    let planned = plans.of(meeting.seed, meeting.budget, abilities(&profile));
    let is_generated = |planned: &&Planned| matches!(planned.origin, Origin::Generated { .. });
    let mut planned: Vec<&Planned> = planned
        .iter()
        .filter(|planned| meeting.written_too || is_generated(planned))
        .skip(meeting.share.from)
        .step_by(meeting.share.every.get())
        .collect();
    if let Some(rule) = meeting.limits.sought {
        about_first(&mut planned, rule);
    }
    let session = Session::connect(profile)?;
    let stage = Live {
        session: &session,
        workers: WORKERS,
        trace: Arc::new(TraceWriter::none()),
        stop: StopSignal::new(),
    };
    Ok(run(
        &stage,
        &setting,
        Agenda {
            count: planned.len(),
            cases: &mut planned.into_iter().cloned(),
            recorded: &mut std::iter::empty(),
        },
        &meeting.limits,
        &|| false,
        &mut Silent,
    ))
}

/// Cases in flight: few, so that a run stops soon after the first departure.
const WORKERS: usize = 8;

fn names(report: &Report, fault: &Fault) -> bool {
    let mut confirmed = report.findings.iter().filter(|f| f.is_confirmed());
    confirmed.any(|f| f.requirement.as_str() == fault.requirement)
}

/// What shows by chance (a race, or two accounts that happen to be neighbours), a run may miss; so the suite is run again
/// until it is caught, and the table says how often it was.
const RUNS_MAX: u32 = 6;

fn meet_fault(fault: &'static Fault, seed: u64, plans: &Plans) -> Result<FaultRow, SelftestError> {
    let began = Instant::now();
    let options = Options {
        fault: Some(fault),
        ..Options::default()
    };
    let mut meeting = Meeting {
        seed,
        budget: Budget::default(),
        written_too: true,
        share: Share::ALL,
        limits: Limits {
            sought: requirement::find(fault.requirement)
                .map(|rule| rule.id)
                .ok(),
            ends_at_hints: true,
            effort: Effort {
                confirmations: 2,
                race_confirmations: 10,
                per_requirement: 2,
                longest: Duration::from_secs(15),
                altogether: Duration::from_secs(30),
                ..Effort::default()
            },
            ..Limits::default()
        },
    };
    let mut report = meet(options.clone(), &meeting, plans)?;
    // A fault may break several rules, and what might have told of this one may turn out to tell of another.
    meeting.limits.ends_at_hints = false;
    let mut runs = 1;
    if !names(&report, fault) {
        report = meet(options.clone(), &meeting, plans)?;
        runs += 1;
    }
    // What none of the cases about it showed, some other may.
    meeting.limits.sought = None;
    while runs < RUNS_MAX && !report.findings.iter().any(Finding::is_confirmed) {
        report = meet(options.clone(), &meeting, plans)?;
        runs += 1;
    }
    let confirmed = || report.findings.iter().filter(|f| f.is_confirmed());
    let caught_by: BTreeSet<RequirementId> = confirmed().map(|f| f.requirement).collect();
    let telling = confirmed()
        .filter(|f| f.requirement.as_str() == fault.requirement)
        .min_by_key(|f| f.length())
        .or_else(|| confirmed().min_by_key(|f| f.length()));
    Ok(FaultRow {
        fault: fault.id.to_owned(),
        runs,
        is_race: fault.is_race(),
        words: fault.words.to_owned(),
        seed,
        requirement: fault.requirement.to_owned(),
        caught_by: caught_by.into_iter().collect(),
        requests: report
            .totals
            .requests_to_departure
            .unwrap_or(report.totals.requests),
        found_in: telling.map(|f| f.found_in.clone()),
        length: telling.map(Finding::length),
        shortest: fault.shortest,
        steps: telling.map_or_else(Vec::new, |f| {
            f.case.steps.iter().map(ToString::to_string).collect()
        }),
        took_ms: millis(began.elapsed()),
    })
}

fn meet_correct(
    variant: &str,
    options: &Options,
    meeting: &Meeting,
    plans: &Plans,
) -> Result<CorrectRow, SelftestError> {
    let began = Instant::now();
    let report = meet(options.clone(), meeting, plans)?;
    Ok(CorrectRow {
        variant: variant.to_owned(),
        seed: meeting.seed,
        requests: report.totals.requests,
        departures: report.findings.iter().map(|f| f.requirement).collect(),
        words: report.findings.first().map(|f| {
            let steps: Vec<String> = f.case.steps.iter().map(ToString::to_string).collect();
            format!(
                "{} · expected {} · came {}",
                steps.join("; "),
                f.departure.expected,
                f.departure.actual
            )
        }),
        took_ms: millis(began.elapsed()),
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The faults that break a requirement.
pub fn faults_of(id: RequirementId) -> impl Iterator<Item = &'static Fault> {
    reference::faults()
        .iter()
        .filter(move |fault| requirement::find(fault.requirement).is_ok_and(|r| r.id == id))
}

#[cfg(test)]
mod tests {
    use super::variants::UPKEEP;
    use super::*;
    use crate::reference::Line;

    /// What the client can't know of a broken line, or of a card that changes by itself, is no reason to accuse anybody.
    #[test]
    fn what_a_client_can_not_know_is_no_departure() {
        let plans = Plans::new().unwrap();
        let meeting = Meeting::generated(1, 60);
        for (name, options) in variants() {
            if options.line == Line::Holds && options.upkeep.is_none() {
                continue;
            }
            let row = meet_correct(&name, &options, &meeting, &plans).unwrap();
            assert!(row.departures.is_empty(), "{row:?}");
            assert!(row.requests > 300 || name == UPKEEP, "{row:?}");
        }
    }
    /// Where calls take as long as a card takes to change by itself, that falls between the same two looks every time.
    #[test]
    fn what_a_card_does_by_itself_is_no_sure_departure_where_calls_are_slow() {
        let options = Options {
            upkeep: Some(Duration::from_millis(40)),
            pace: Duration::from_millis(8),
            ..Options::default()
        };
        let mut meeting = Meeting::generated(1, 20);
        meeting.limits.max_failures = Some(1);
        let report = meet(options, &meeting, &Plans::new().unwrap()).unwrap();
        let findings = report.findings.iter();
        let sure: Vec<_> = findings
            .filter(|f| f.is_confirmed() && f.is_steady())
            .collect();
        assert!(sure.is_empty(), "{sure:?}");
    }

    /// Of a mistake that breaks several rules, only the one that is sought is run again.
    #[test]
    fn once_what_is_sought_is_confirmed_nothing_else_is_looked_into() {
        let mut faults = reference::faults().iter();
        let fault = faults.find(|f| f.id == "terminate-is-reversible").unwrap();
        let rule = requirement::find(fault.requirement).unwrap().id;
        let meeting = Meeting {
            written_too: true,
            limits: Limits {
                sought: Some(rule),
                ..Limits::default()
            },
            ..Meeting::generated(1, 0)
        };
        let options = Options {
            fault: Some(fault),
            ..Options::default()
        };
        let report = meet(options, &meeting, &Plans::new().unwrap()).unwrap();
        let (of_rule, others): (Vec<&Finding>, Vec<&Finding>) = report
            .findings
            .iter()
            .partition(|finding| finding.requirement == rule);
        assert!(of_rule.iter().all(|finding| finding.is_confirmed()));
        assert!(!of_rule.is_empty() && !others.is_empty());
        assert!(
            others.iter().all(|f| f.confirmation.attempts == 0),
            "{others:?}"
        );
        assert!(report.totals.cases < 200, "{}", report.totals.cases);
    }
}
