//! The main job, as a straight pipe: planned cases → drive → judge → settle → shrink → confirm → report.
//!
//! Synchronous: the driver keeps its tasks to itself and hands over traces. Everything that is decided here is decided
//! from them.

mod findings;
mod lab;
mod live;
mod progress;
mod setting;
mod suspicion;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::judge::{Judgement, Ledger, judge};
use crate::plan::Planned;
use crate::report::{
    ContractFacts, Facts, ObstacleFact, Overall, REPORT_VERSION, Reading, Report, Target, Totals,
    requirement_results,
};
use crate::requirement::RequirementId;
use crate::trace::{CaseNumber, CaseTrace, Obstacle};
use crate::world::choice::readings as point_readings;

pub use lab::Effort;
pub use live::Live;
pub use progress::{Progress, Silent};
pub use setting::{Setting, abilities};
pub use suspicion::Suspicion;

/// Where cases are run. The driver is one; a test's table is another.
pub trait Stage {
    /// Runs cases, several at a time, and hands each over as it ends. Ends early when `each` says so.
    fn run_all(
        &self,
        cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
        each: &mut dyn FnMut(CaseTrace) -> Continue,
    );

    /// Runs cases at the same time on fresh accounts; what is sent is not recorded as part of the run.
    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace>;
}

/// Whether more is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continue {
    /// More cases.
    Yes,
    /// No more: those in flight may end.
    No,
}

/// When to stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After so many cases with departures.
    pub max_failures: Option<usize>,
    /// After so many further cases once one has departed.
    pub cases_after_failure: Option<usize>,
    /// After so much time; what is in flight ends, and departures are still shrunk.
    pub max_time: Option<Duration>,
    /// How much shrinking and confirming.
    pub effort: Effort,
}

/// What all cases showed, before anything is shrunk.
#[derive(Default)]
pub struct Shown {
    exercised: BTreeMap<RequirementId, u32>,
    obstacles: BTreeMap<String, ObstacleFact>,
    ledger: Ledger,
    suspicions: Vec<Suspicion>,
    totals: Totals,
    failures: usize,
}

impl Shown {
    fn leave_out(&mut self, lack: &str) {
        let obstacle = Obstacle {
            step: None,
            words: format!("a case was left out because the target lacks something: {lack}"),
        };
        self.hinder(&obstacle, "");
    }

    /// Adds what a case showed.
    pub fn add(&mut self, trace: &CaseTrace, judgement: &Judgement) {
        self.totals.cases += 1;
        self.totals.requests += trace.exchanges.len();
        self.totals.departures += judgement.departures.len();
        if !judgement.departures.is_empty() {
            self.failures += 1;
            self.totals
                .requests_to_departure
                .get_or_insert(self.totals.requests);
        }
        for (requirement, times) in &judgement.exercised {
            *self.exercised.entry(*requirement).or_default() += times;
        }
        for obstacle in &judgement.obstacles {
            self.hinder(obstacle, &trace.case.name);
        }
        suspicion::suspect(&mut self.suspicions, trace, judgement);
        self.ledger.add(&trace.case, judgement);
    }

    fn hinder(&mut self, obstacle: &Obstacle, case: &str) {
        self.obstacles
            .entry(obstacle.words.clone())
            .or_insert_with(|| ObstacleFact {
                words: obstacle.words.clone(),
                case: case.to_owned(),
                step: obstacle.step,
                times: 0,
            })
            .times += 1;
    }

    /// How many cases departed.
    pub fn failures(&self) -> usize {
        self.failures
    }

    /// How many requests were sent for them.
    pub fn requests(&self) -> usize {
        self.totals.requests
    }
}

/// What is to be run.
pub struct Agenda<'a> {
    /// The cases, planned while they are run.
    pub cases: &'a mut dyn Iterator<Item = Planned>,
    /// How many there will be.
    pub count: usize,
}

/// Runs the plan against a stage and reports.
pub fn run(
    stage: &dyn Stage,
    setting: &Setting<'_>,
    agenda: Agenda<'_>,
    limits: &Limits,
    is_stopped: &dyn Fn() -> bool,
    progress: &mut dyn Progress,
) -> Report {
    let began = Instant::now();
    let started_at = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
    let mut shown = Shown::default();
    let mut since_failure = 0;
    progress.planned(agenda.count);
    let mut left_out = Vec::new();
    let mut numbers = (1..).map(CaseNumber);
    let mut cases = agenda
        .cases
        .filter_map(|planned| match planned.missing.first() {
            Some(ability) => {
                left_out.push(ability.words());
                None
            }
            None => numbers.next().map(|number| (number, planned.case)),
        });
    stage.run_all(&mut cases, &mut |trace| {
        let judgement = judge(setting.contract, &setting.terms, &trace);
        shown.add(&trace, &judgement);
        progress.case_done(&shown);
        since_failure += usize::from(shown.failures > 0);
        let enough = limits.max_failures.is_some_and(|max| shown.failures >= max)
            || limits
                .cases_after_failure
                .is_some_and(|max| since_failure > max);
        let late = limits.max_time.is_some_and(|max| began.elapsed() >= max);
        if enough || late || is_stopped() {
            Continue::No
        } else {
            Continue::Yes
        }
    });
    drop(cases);
    shown.totals.planned = agenda.count - left_out.len();
    for lack in left_out {
        shown.leave_out(lack);
    }
    progress.shrinking(shown.suspicions.len());
    let mut report = conclude(stage, setting, shown, &limits.effort, is_stopped, progress);
    report.started_at = Some(started_at);
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

fn conclude(
    stage: &dyn Stage,
    setting: &Setting<'_>,
    mut shown: Shown,
    effort: &Effort,
    is_stopped: &dyn Fn() -> bool,
    progress: &mut dyn Progress,
) -> Report {
    let mut lab = lab::Lab::new(stage, setting, effort, is_stopped);
    for clash in shown.ledger.clashes() {
        let joined = lab.join(&clash);
        if !shown.suspicions.iter().any(|other| other.is_of(&joined)) {
            shown.suspicions.push(joined);
        }
    }
    let findings = lab.investigate(shown.suspicions, progress);
    shown.totals.requests_to_shrink = lab.requests();
    finish(
        setting,
        shown.exercised,
        shown.obstacles,
        shown.totals,
        findings,
        &shown.ledger.readings(),
        !is_stopped(),
    )
}

/// Judges what was recorded, without a stage: nothing is shrunk or confirmed.
pub fn rejudge(setting: &Setting<'_>, traces: impl Iterator<Item = CaseTrace>) -> Report {
    let mut shown = Shown::default();
    let mut whole = true;
    for trace in traces {
        whole &= trace.complete;
        let judgement = judge(setting.contract, &setting.terms, &trace);
        shown.totals.planned += 1;
        shown.add(&trace, &judgement);
    }
    shown
        .suspicions
        .extend(shown.ledger.clashes().iter().map(suspicion::contradiction));
    let mut findings = suspicion::as_seen(std::mem::take(&mut shown.suspicions));
    findings::name(&mut findings);
    finish(
        setting,
        shown.exercised,
        shown.obstacles,
        shown.totals,
        findings,
        &shown.ledger.readings(),
        whole,
    )
}

fn finish(
    setting: &Setting<'_>,
    exercised: BTreeMap<RequirementId, u32>,
    obstacles: BTreeMap<String, ObstacleFact>,
    totals: Totals,
    findings: Vec<crate::report::Finding>,
    readings: &crate::judge::Readings,
    whole: bool,
) -> Report {
    let hindered = obstacles.values().any(|o| !o.case.is_empty());
    let facts = Facts {
        exercised: &exercised,
        findings: &findings,
        disabled: &setting.disabled,
        lacks: &setting.lacks,
        hindered,
        whole,
    };
    let requirements = requirement_results(&facts);
    let (verdict, because) = Overall::of(&requirements, &facts);
    Report {
        report: REPORT_VERSION,
        cardproof: env!("CARGO_PKG_VERSION").to_owned(),
        verdict,
        because,
        started_at: None,
        took_ms: 0,
        target: Target {
            name: setting.target.clone(),
            base_url: setting.base_url.clone(),
            terms: setting.terms.clone(),
        },
        contract: ContractFacts {
            title: setting.contract.title().to_owned(),
            version: setting.contract.version().to_owned(),
            file: setting.contract.file_name().to_owned(),
            sha256: setting.contract.digest().to_owned(),
        },
        seed: setting.seed,
        suites: setting.suites.clone(),
        totals,
        requirements,
        findings,
        readings: readings
            .iter()
            .map(|((id, scope), left)| reading(*id, scope, left))
            .collect(),
        obstacles: obstacles.into_values().collect(),
    }
}

fn reading(id: RequirementId, scope: &str, left: &std::collections::BTreeSet<usize>) -> Reading {
    let all = point_readings(id);
    Reading {
        id,
        point: id.requirement().point.map_or("", |p| p.name).to_owned(),
        scope: scope.to_owned(),
        readings: left
            .iter()
            .filter_map(|place| all.get(*place))
            .map(|r| (*r).to_owned())
            .collect(),
    }
}

/// Writes the reproducers of a report into `folder/cases/` and notes where they are.
///
/// # Errors
/// When a file can't be written.
pub fn write_cases(report: &mut Report, folder: &Path) -> std::io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let cases = folder.join("cases");
    std::fs::create_dir_all(&cases)?;
    for finding in &mut report.findings {
        let file = format!("{}.toml", finding.id);
        std::fs::write(cases.join(&file), findings::case_text(finding))?;
        finding.file = Some(format!("cases/{file}"));
    }
    Ok(())
}
