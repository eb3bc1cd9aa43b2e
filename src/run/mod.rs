//! The main job, as a straight pipe: planned cases → drive → judge → settle → shrink → confirm → report.
//!
//! Synchronous: the driver keeps its tasks to itself and hands over traces. Everything that is decided here is decided
//! from them.

mod accounts;
mod chance;
mod findings;
mod lab;
mod left_out;
mod live;
mod progress;
mod setting;
mod silence;
mod suspicion;
#[cfg(test)]
mod testing;
mod troubles;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::card::CardStatus;
use crate::case::Case;
use crate::judge::{Departure, Judgement, Ledger, Tried};
use crate::plan::{Planned, aims};
use crate::report::{
    ContractFacts, Coverage, Facts, Gate, Made, NotRun, Overall, REPORT_VERSION, Reading, Report,
    Stopwatch, Target, Totals, reproducer, requirement_results,
};
use crate::requirement::{Level, RequirementId};
use crate::trace::{CaseNumber, CaseTrace, Obstacle};
use crate::world::choice::readings as point_readings;

use chance::Races;
pub use lab::Effort;
use left_out::LeftOut;
pub use live::Live;
pub use progress::{Progress, Silent};
pub use setting::{Setting, abilities};
use silence::Silence;
pub use suspicion::Suspicion;
use troubles::Troubles;

/// Where cases are run. The driver is one; a test's table is another.
pub trait Stage {
    /// Runs cases, several at a time, and hands each over as it ends. Ends early when `each` says so.
    fn run_all(
        &self,
        cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
        each: &mut dyn FnMut(CaseTrace) -> Continue,
    );

    /// Runs cases at the same time on accounts of their own; what is sent is not recorded as part of the run.
    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace>;

    /// A card in this final status is known to keep its slot, so that where accounts are few, one is spent with it.
    fn slots_are_kept_by(&self, _: CardStatus) {}

    /// Ends what the run made in listed accounts, and says what is left; none where accounts are not listed.
    fn clean_up(&self) -> Option<Made> {
        None
    }

    /// Accounts are used again and again, so that nothing is run hundreds of times.
    fn accounts_are_few(&self) -> bool {
        false
    }

    /// Trouble that is no case's own: it is told, and decides nothing.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Its time is up: what is run from now on is given up at once, and shows nothing.
    fn is_over(&self) -> bool {
        false
    }
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
    /// It is about this requirement alone: the run ends some cases after one that departed from it, and once that is confirmed,
    /// nothing else is looked into.
    pub sought: Option<RequirementId>,
    /// The run ends, too, some cases after one that may have departed from what is sought.
    pub ends_at_hints: bool,
    /// Before so much time is over: once something has departed, the last third is kept for making departures short. Until
    /// when they are is up to the stage ([`Stage::is_over`]).
    pub max_time: Option<Duration>,
    /// How much shrinking and confirming.
    pub effort: Effort,
}

/// A departure of a few more cases may be shorter.
const CASES_AFTER_TELLING: usize = 20;

/// Where another rule was blamed, and this one may be to blame instead, a case to come may tell.
const CASES_AFTER_HINT: usize = 100;

/// What all cases showed, before anything is shrunk.
#[derive(Default)]
pub struct Shown {
    exercised: BTreeMap<RequirementId, u32>,
    troubles: Troubles,
    silence: Silence,
    ledger: Ledger,
    done: BTreeSet<CaseNumber>,
    suspicions: Vec<Suspicion>,
    totals: Totals,
    failures: usize,
    /// What came was enough, or time was up, so cases of the plan were not run.
    ended_early: bool,
    /// Why cases were not run for want of accounts, and how many.
    wants: BTreeMap<String, usize>,
    /// The same, by what the cases are about.
    wanting: LeftOut,
    /// Cases that the target lacks something for, by what they are about.
    lacking: LeftOut,
    tried: BTreeMap<Tried, u32>,
    /// How often a card showed that it changes by itself.
    own_updates: u32,
    stopwatch: Stopwatch,
}

impl Shown {
    fn leave_out(&mut self, case: &str, lack: &str) {
        let why = format!("the target lacks something that its cases need: {lack}");
        self.lacking.note(aims::of_case(case), &why);
        let obstacle = Obstacle {
            step: None,
            words: format!("a case was left out because the target lacks something: {lack}"),
        };
        self.troubles.note(&obstacle);
    }

    /// Adds what a case showed.
    pub fn add(&mut self, trace: &CaseTrace, judgement: &Judgement) {
        if let Some(want) = &trace.not_run {
            *self.wants.entry(want.clone()).or_default() += 1;
            return self.wanting.note(aims::of_case(&trace.case.name), want);
        }
        self.totals.cases += usize::from(trace.complete && self.done.insert(trace.number));
        self.totals.requests += trace.exchanges.len();
        self.totals.departures += judgement.departures.len();
        let is_must = |d: &Departure| d.requirement.requirement().level == Level::Must;
        if judgement.departures.iter().any(is_must) {
            self.failures += 1;
            self.totals
                .requests_to_departure
                .get_or_insert(self.totals.requests);
        }
        for (requirement, times) in &judgement.exercised {
            *self.exercised.entry(*requirement).or_default() += times;
        }
        for (tried, times) in &judgement.tried {
            *self.tried.entry(*tried).or_default() += times;
        }
        self.own_updates += judgement.own_updates;
        self.stopwatch.add(trace);
        self.troubles.add(trace, judgement);
        self.silence.add(trace);
        suspicion::suspect(&mut self.suspicions, trace, judgement);
        self.ledger.add(&trace.case, judgement);
    }

    fn departs_from(&self, rule: RequirementId) -> bool {
        let mut departures = self.suspicions.iter().map(Suspicion::departure);
        departures.any(|d| d.requirement == rule) || self.ledger.has_clash(rule)
    }

    fn may_depart_from(&self, rule: RequirementId) -> bool {
        self.suspicions.iter().any(|s| s.may_be_of(rule))
    }

    /// The rules that something departed from.
    pub fn departed(&self) -> BTreeSet<RequirementId> {
        let departures = self.suspicions.iter().map(Suspicion::departure);
        departures.map(|departure| departure.requirement).collect()
    }

    /// How many cases departed from what must be kept.
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
    /// What an earlier run of the same agenda recorded before it ended: cases that are complete are not run again.
    pub recorded: &'a mut dyn Iterator<Item = CaseTrace>,
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
    let (mut since_telling, mut since_hint) = (0, 0);
    progress.planned(agenda.count);
    let mut done = BTreeSet::new();
    for trace in agenda.recorded {
        shown.add(&trace, &setting.judge(&trace));
        progress.case_done(&shown);
        if trace.complete {
            done.insert(trace.number);
        }
    }
    let mut left_out = Vec::new();
    let mut races = Races::default();
    let mut numbers = (1..).map(CaseNumber);
    let mut cases = agenda
        .cases
        .filter_map(|planned| match planned.missing.first() {
            Some(ability) => {
                left_out.push((planned.case.name, ability.words()));
                None
            }
            None => numbers.next().map(|number| {
                races.note(number, &planned.case);
                (number, planned.case)
            }),
        })
        .filter(|(number, _)| !done.contains(number));
    accounts::pinned_keepers(&setting.terms).for_each(|status| stage.slots_are_kept_by(status));
    let mut each = |trace: CaseTrace, shown: &mut Shown, progress: &mut dyn Progress| {
        let judgement = setting.judge(&trace);
        shown.add(&trace, &judgement);
        accounts::keepers(&judgement).for_each(|status| stage.slots_are_kept_by(status));
        progress.case_done(shown);
        if let Some(rule) = limits.sought {
            since_telling += usize::from(shown.departs_from(rule));
            since_hint += usize::from(shown.may_depart_from(rule));
        }
        let enough = limits.max_failures.is_some_and(|max| shown.failures >= max)
            || since_telling > CASES_AFTER_TELLING
            || limits.ends_at_hints && since_hint > CASES_AFTER_HINT;
        let late = limits.max_time.is_some_and(|max| {
            let departed = shown.failures > 0;
            let for_cases = if departed { max * 2 / 3 } else { max };
            began.elapsed() >= for_cases
        });
        let is_silent = shown.silence.is_final();
        shown.ended_early = enough || late || is_silent || is_stopped();
        match shown.ended_early {
            true => Continue::No,
            false => Continue::Yes,
        }
    };
    stage.run_all(&mut cases, &mut |trace| each(trace, &mut shown, progress));
    drop(cases);
    let again = shown.troubles.again();
    if !again.is_empty() && !stage.is_over() {
        progress.again(again.len());
        stage.run_all(&mut again.into_iter(), &mut |trace| {
            each(trace, &mut shown, progress)
        });
    }
    for _ in 0..chance::ROUNDS {
        let again = races.about_what_is_missing(&shown, setting);
        if again.is_empty() || shown.ended_early || stage.is_over() {
            break;
        }
        progress.again(again.len());
        stage.run_all(&mut again.into_iter(), &mut |trace| {
            each(trace, &mut shown, progress)
        });
    }
    shown.ended_early |= stage.is_over();
    shown.totals.planned = agenda.count - left_out.len();
    for (case, lack) in left_out {
        shown.leave_out(&case, lack);
    }
    for words in stage.trouble().into_iter().chain(shown.silence.words()) {
        shown.troubles.note(&Obstacle { step: None, words });
    }
    progress.shrinking(shown.suspicions.len());
    let mut report = conclude(stage, setting, shown, limits, is_stopped, progress);
    report.made = stage.clean_up();
    report.started_at = Some(started_at);
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

fn conclude(
    stage: &dyn Stage,
    setting: &Setting<'_>,
    mut shown: Shown,
    limits: &Limits,
    is_stopped: &dyn Fn() -> bool,
    progress: &mut dyn Progress,
) -> Report {
    let is_silent = shown.silence.is_final();
    let is_over = || is_silent || is_stopped() || stage.is_over();
    let mut lab = lab::Lab::new(stage, setting, limits, &is_over);
    for clash in shown.ledger.clashes() {
        let joined = lab.join(&clash);
        if !shown.suspicions.iter().any(|other| other.is_of(&joined)) {
            shown.suspicions.push(joined);
        }
    }
    lab.own_updates = shown.own_updates;
    let findings = lab.investigate(std::mem::take(&mut shown.suspicions), progress);
    shown.totals.requests_to_shrink = lab.requests();
    shown.own_updates = lab.own_updates;
    for (want, findings) in lab.wants() {
        let words = format!("seen but not confirmed, since for running it again {want}");
        let obstacle = Obstacle { step: None, words };
        (0..findings).for_each(|_| shown.troubles.note(&obstacle));
    }
    finish(setting, shown, findings, !is_stopped())
}

/// What was recorded, judged without a stage: nothing is shrunk or confirmed.
pub struct Recorded<'a> {
    setting: &'a Setting<'a>,
    shown: Shown,
    numbers: BTreeSet<CaseNumber>,
    /// Those that have not been run to their end, in this or another attempt.
    unfinished: BTreeSet<CaseNumber>,
}

impl<'a> Recorded<'a> {
    /// Nothing as yet.
    pub fn new(setting: &'a Setting<'a>) -> Self {
        Self {
            setting,
            shown: Shown::default(),
            numbers: BTreeSet::new(),
            unfinished: BTreeSet::new(),
        }
    }

    /// Adds a case, or what an earlier attempt left of it.
    pub fn add(&mut self, trace: &CaseTrace) {
        let judgement = self.setting.judge(trace);
        self.shown.add(trace, &judgement);
        self.numbers.insert(trace.number);
        if trace.complete {
            self.unfinished.remove(&trace.number);
        } else {
            self.unfinished.insert(trace.number);
        }
    }

    /// How many cases end too early.
    pub fn unfinished(&self) -> usize {
        self.unfinished.len()
    }

    /// The verdict; `is_over` says that no case is missing at the end.
    pub fn report(self, is_over: bool) -> Report {
        let whole = is_over && self.unfinished.is_empty();
        let (setting, mut shown) = (self.setting, self.shown);
        shown.totals.planned = self.numbers.len();
        shown
            .suspicions
            .extend(shown.ledger.clashes().iter().map(suspicion::contradiction));
        let mut findings = suspicion::as_seen(std::mem::take(&mut shown.suspicions));
        findings::name(&mut findings);
        finish(setting, shown, findings, whole)
    }
}

fn finish(
    setting: &Setting<'_>,
    shown: Shown,
    mut findings: Vec<crate::report::Finding>,
    whole: bool,
) -> Report {
    if shown.own_updates > 0 {
        findings::keep_what_no_card_does_itself(&mut findings);
    }
    // Where time was up before anything was answered, no case got as far as to say so.
    let hindered =
        shown.troubles.remain() || shown.totals.planned > 0 && shown.exercised.is_empty();
    let facts = Facts {
        exercised: &shown.exercised,
        findings: &findings,
        disabled: &setting.disabled,
        lacks: &setting.lacks,
        wants: &shown.wanting.reasons(),
        misses: &shown.lacking.reasons(),
        hindered,
        whole: whole && !shown.ended_early,
        demands: &setting.demands,
    };
    let requirements = requirement_results(&facts);
    let (verdict, because) = Overall::of(&requirements, &facts);
    let obstacles = shown.troubles.facts();
    let gate = Gate::of(&setting.demands, &requirements, &findings, &obstacles);
    Report {
        report: REPORT_VERSION,
        cardproof: env!("CARGO_PKG_VERSION").to_owned(),
        run: setting.run,
        verdict,
        because,
        gate,
        started_at: None,
        took_ms: 0,
        target: Target {
            name: setting.target.clone(),
            base_url: setting.base_url.clone(),
            terms: setting.terms.clone(),
        },
        contract: ContractFacts::of(setting.contract, setting.contradictions.clone()),
        seed: setting.seed,
        suites: setting.suites.clone(),
        cases: setting.cases,
        totals: shown.totals,
        requirements,
        findings,
        readings: shown
            .ledger
            .readings()
            .iter()
            .map(|((id, scope), left)| reading(*id, scope, left))
            .collect(),
        coverage: shown
            .tried
            .into_iter()
            .map(|(tried, times)| Coverage { tried, times })
            .collect(),
        latency: shown.stopwatch.facts(),
        obstacles,
        not_run: shown
            .wants
            .into_iter()
            .map(|(because, cases)| NotRun { because, cases })
            .collect(),
        made: None,
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
        std::fs::write(cases.join(&file), reproducer::text(finding))?;
        finding.file = Some(format!("cases/{file}"));
    }
    Ok(())
}
