//! From departures to findings: group equal ones, find the shortest sequence, and see whether it comes again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Setting, Stage};
use crate::case::{CardRef, Case, Command, Step, StepNumber};
use crate::judge::{Clash, Departure, Judgement, in_words, judge};
use crate::plan::case_file;
use crate::report::{Confirmation, Finding};
use crate::requirement::{Level, RequirementId, id};
use crate::run::Progress;
use crate::shrink::shrink;
use crate::trace::{CaseNumber, CaseTrace, Exchange};

/// How much is spent on each departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Candidates that are run to find the shortest sequence.
    pub shrink_runs: usize,
    /// Times that the shortest sequence is run again from scratch.
    pub confirmations: u32,
    /// The same for one that holds a race, which need not come every time.
    pub race_confirmations: u32,
    /// A candidate with a race may be run so many times until it departs.
    pub race_tries: u32,
    /// Departures of one requirement that are looked into; further ones are counted.
    pub per_requirement: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            shrink_runs: 400,
            confirmations: 5,
            race_confirmations: 50,
            race_tries: 10,
            per_requirement: 3,
        }
    }
}

/// Equal departures as the run showed them.
#[derive(Clone, Debug)]
pub struct Suspicion {
    /// A few of them, the one that shows after the fewest steps first.
    examples: Vec<Example>,
    seen_in: BTreeSet<CaseNumber>,
}

/// One departure, and the case that showed it.
#[derive(Clone, Debug)]
struct Example {
    departure: Departure,
    case: Case,
    exchanges: Vec<Exchange>,
    found_in: String,
}

/// So many examples are kept, the shortest and the longest: if a short one was a disturbance by another case, a long one
/// may show it alone.
const EXAMPLES_MAX: usize = 12;

/// The longest pause that is put into a case.
const PAUSE_MS_MAX: u64 = 3_000;

impl Example {
    fn of(trace: &CaseTrace, departure: &Departure) -> Self {
        let last = trace.case.end_of_race(departure.step);
        let exchanges = trace.exchanges.iter().enumerate();
        let exchanges = exchanges.filter(|(moment, exchange)| {
            *moment <= departure.moment
                || exchange.step.0 > departure.step.0 && exchange.step <= last
        });
        Self {
            departure: departure.clone(),
            case: trace.case.restricted(|step| step <= last),
            exchanges: exchanges.map(|(_, exchange)| exchange.clone()).collect(),
            found_in: trace.case.name.clone(),
        }
    }

    /// The same with a pause before the departing step, as long as the case had taken by then: what a target does by a
    /// timer needs its time.
    fn with_its_time(&self) -> Self {
        let took = match (self.exchanges.first(), self.exchanges.last()) {
            (Some(first), Some(last)) => last.sent_at.0.saturating_sub(first.sent_at.0) / 1000,
            _ => 0,
        };
        let mut patient = self.clone();
        if let Some(last) = patient.case.stretches().last() {
            let pause = Step::new(Command::Pause(took.clamp(50, PAUSE_MS_MAX)));
            patient.case = patient.case.with_inserted(last.start, pause);
        }
        patient
    }

    /// What running it again takes: time first.
    fn cost(&self) -> (u64, usize) {
        let pauses = self.case.steps.iter().map(|step| match step.command {
            Command::Pause(milliseconds) => milliseconds,
            _ => 0,
        });
        (pauses.sum(), self.case.steps.len())
    }
}

impl Suspicion {
    fn departure(&self) -> &Departure {
        &self.examples[0].departure
    }

    /// Whether both name the same rule.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.departure().requirement == other.departure().requirement
    }

    fn is_equal(&self, departure: &Departure) -> bool {
        self.departure().requirement == departure.requirement
            && self.departure().subject == departure.subject
    }

    fn add(&mut self, example: Example, number: CaseNumber) {
        self.seen_in.insert(number);
        let place = self
            .examples
            .partition_point(|e| e.cost() <= example.cost());
        self.examples.insert(place, example);
        if self.examples.len() > EXAMPLES_MAX {
            self.examples.remove(EXAMPLES_MAX / 2);
        }
    }
}

/// Adds a case's departures to the suspicions.
pub(super) fn suspect(suspicions: &mut Vec<Suspicion>, trace: &CaseTrace, judgement: &Judgement) {
    for departure in &judgement.departures {
        let example = Example::of(trace, departure);
        match suspicions.iter_mut().find(|s| s.is_equal(departure)) {
            Some(known) => known.add(example, trace.number),
            None => suspicions.push(Suspicion {
                examples: vec![example],
                seen_in: [trace.number].into(),
            }),
        }
    }
}

/// Departures that were only recorded, as findings.
pub(super) fn as_seen(mut suspicions: Vec<Suspicion>) -> Vec<Finding> {
    suspicions.sort_by(|a, b| order(a.departure(), b.departure()));
    suspicions.iter().map(seen).collect()
}

fn seen(suspicion: &Suspicion) -> Finding {
    let example = &suspicion.examples[0];
    finding(
        example,
        suspicion.seen_in.len(),
        example.departure.clone(),
        example.case.clone(),
        example.exchanges.clone(),
        Confirmation {
            reproduced: 0,
            attempts: 0,
        },
    )
}

fn finding(
    example: &Example,
    seen_in: usize,
    departure: Departure,
    case: Case,
    exchanges: Vec<Exchange>,
    confirmation: Confirmation,
) -> Finding {
    Finding {
        id: String::new(),
        requirement: departure.requirement,
        rule: departure.requirement.requirement().rule.to_owned(),
        departure,
        case,
        exchanges,
        confirmation,
        found_in: example.found_in.clone(),
        seen_in,
        file: None,
    }
}

/// Two cases that read an open point in two ways, as they were seen.
pub(super) fn contradiction(clash: &Clash) -> Suspicion {
    let (first, second) = (&clash.first, &clash.second);
    let joined = first.case.followed_by(&second.case);
    let departure = Departure {
        requirement: clash.point,
        instead: Vec::new(),
        step: StepNumber(joined.steps.len()),
        moment: 0,
        subject: format!("two readings of {}", clash.scope),
        expected: format!(
            "what case {} showed: {}",
            first.case.name,
            in_words(clash.point, &clash.scope, &first.left)
        ),
        since: None,
        actual: format!(
            "case {} shows: {}",
            second.case.name,
            in_words(clash.point, &clash.scope, &second.left)
        ),
        tried: Vec::new(),
        diff: None,
    };
    Suspicion {
        examples: vec![Example {
            departure,
            case: joined,
            exchanges: Vec::new(),
            found_in: format!("{} and {}", first.case.name, second.case.name),
        }],
        seen_in: [first.number, second.number].into(),
    }
}

/// Gives findings their ids: the requirement, and a number from the second on.
pub(super) fn name(findings: &mut [Finding]) {
    let mut counts: BTreeMap<RequirementId, usize> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.requirement).or_default();
        *count += 1;
        finding.id = match count {
            1 => finding.requirement.to_string(),
            n => format!("{}-{n}", finding.requirement),
        };
        finding.case.name = finding.id.to_ascii_lowercase();
        finding.case.title = finding.rule.clone();
    }
}

fn order(a: &Departure, b: &Departure) -> std::cmp::Ordering {
    let level = |d: &Departure| match d.requirement.requirement().level {
        Level::Must => 0,
        Level::Should => 1,
    };
    level(a)
        .cmp(&level(b))
        .then_with(|| a.requirement.cmp(&b.requirement))
        .then_with(|| a.step.cmp(&b.step))
        .then_with(|| a.subject.cmp(&b.subject))
}

/// Where departures are looked into: cases are run again, smaller and smaller.
pub(super) struct Lab<'a> {
    stage: &'a dyn Stage,
    setting: &'a Setting<'a>,
    effort: &'a Effort,
    is_stopped: &'a dyn Fn() -> bool,
    requests: usize,
    /// Candidates are run one after the other, so that none disturbs another.
    one_by_one: bool,
    /// A candidate must depart so many times in a row.
    times: usize,
}

impl<'a> Lab<'a> {
    pub fn new(
        stage: &'a dyn Stage,
        setting: &'a Setting<'a>,
        effort: &'a Effort,
        is_stopped: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            stage,
            setting,
            effort,
            is_stopped,
            requests: 0,
            one_by_one: false,
            times: 1,
        }
    }

    pub fn requests(&self) -> usize {
        self.requests
    }

    fn try_out(&mut self, cases: &[Case]) -> Vec<(CaseTrace, Judgement)> {
        let traces = if self.one_by_one {
            let alone = cases
                .iter()
                .flat_map(|case| self.stage.run_aside(std::slice::from_ref(case)));
            alone.collect()
        } else {
            self.stage.run_aside(cases)
        };
        traces
            .into_iter()
            .map(|trace| {
                self.requests += trace.exchanges.len();
                let judgement = judge(self.setting.contract, &self.setting.terms, &trace);
                (trace, judgement)
            })
            .collect()
    }

    /// Two cases that contradict each other, as one that contradicts itself; as they were seen, if that one does not.
    pub fn join(&mut self, clash: &Clash) -> Suspicion {
        let mut seen = contradiction(clash);
        let joined = seen.examples[0].case.clone();
        let Some((trace, judgement)) = self.try_out(std::slice::from_ref(&joined)).pop() else {
            return seen;
        };
        // Neither departs alone, so whatever the two show together comes of the contradiction.
        let departures = &judgement.departures;
        let shown = departures
            .iter()
            .find(|d| d.concerns(clash.point))
            .or_else(|| departures.first());
        if let Some(departure) = shown {
            let found_in = seen.examples[0].found_in.clone();
            seen.examples = vec![Example {
                found_in,
                ..Example::of(&trace, departure)
            }];
        }
        seen
    }

    /// Finds the shortest sequence of each suspicion, and merges those that come to the same.
    pub fn investigate(
        &mut self,
        mut suspicions: Vec<Suspicion>,
        progress: &mut dyn Progress,
    ) -> Vec<Finding> {
        suspicions.sort_by(|a, b| order(a.departure(), b.departure()));
        let mut looked_into: BTreeMap<RequirementId, usize> = BTreeMap::new();
        let mut findings: Vec<Finding> = Vec::new();
        for suspicion in suspicions {
            let count = looked_into
                .entry(suspicion.departure().requirement)
                .or_default();
            *count += 1;
            if *count <= self.effort.per_requirement {
                let finding = if (self.is_stopped)() {
                    seen(&suspicion)
                } else {
                    self.look_into(&suspicion)
                };
                merge(&mut findings, finding);
            }
            progress.shrunk();
        }
        findings.sort_by(|a, b| {
            order(&a.departure, &b.departure)
                .then_with(|| a.case.steps.len().cmp(&b.case.steps.len()))
        });
        name(&mut findings);
        findings
    }

    /// The ways to look into a departure, until it comes again every time. Candidates are run side by side at first; what
    /// then does not come again alone was a disturbance between them, so the next search runs one at a time, from an
    /// example that departs alone. One that needs time to show is run with the time that it had. Of a departure that
    /// comes by chance, candidates that come more surely are taken.
    fn look_into(&mut self, suspicion: &Suspicion) -> Finding {
        let seen_in = suspicion.seen_in.len();
        let mut best = self.shortest(&suspicion.examples[0], seen_in);
        self.one_by_one = true;
        if !best.is_confirmed() {
            let patient = suspicion.examples.iter().map(Example::with_its_time);
            let tries: Vec<Example> = suspicion.examples.iter().cloned().chain(patient).collect();
            if let Some(example) = tries.iter().find(|e| self.departs_again(e)) {
                best = surer(best, self.shortest(example, seen_in));
            }
        }
        if best.is_confirmed() && !best.is_steady() && !best.case.has_race() {
            self.times = 3;
            best = surer(best, self.shortest(&suspicion.examples[0], seen_in));
            self.times = 1;
        }
        self.one_by_one = false;
        best
    }

    /// Which of these cases depart as is wanted. Only the first that does is taken, so only it may narrow what is wanted.
    /// One with a race is run until it departs, as often as may be.
    fn still_depart(&mut self, cases: &[Case], wanted: &mut Wanted) -> Vec<bool> {
        let mut departs = vec![false; cases.len()];
        let mut left: Vec<usize> = (0..cases.len()).collect();
        for _ in 0..self.effort.race_tries.max(1) {
            let tried: Vec<Case> = left.iter().map(|place| cases[*place].clone()).collect();
            let judged = self.try_out(&tried);
            for (place, (_, judgement)) in left.iter().zip(judged) {
                departs[*place] = !departs.contains(&true)
                    && judgement.departures.iter().any(|d| wanted.accept(d))
                    && self.departs_further(&cases[*place], wanted);
            }
            left.retain(|place| cases[*place].has_race());
            if left.is_empty() || departs.contains(&true) {
                break;
            }
        }
        departs
    }

    /// The case departs in each of the further runs that are asked for.
    fn departs_further(&mut self, case: &Case, wanted: &Wanted) -> bool {
        (1..self.times).all(|_| {
            let tried = self.try_out(std::slice::from_ref(case));
            let mut departures = tried
                .iter()
                .flat_map(|(_, judgement)| &judgement.departures);
            departures.any(|d| d.requirement == wanted.requirement)
        })
    }

    fn departs_again(&mut self, example: &Example) -> bool {
        let case = std::slice::from_ref(&example.case);
        let mut wanted = Wanted::of(&example.departure);
        self.still_depart(case, &mut wanted) == [true]
    }

    fn shortest(&mut self, example: &Example, seen_in: usize) -> Finding {
        let mut wanted = Wanted::of(&example.departure);
        let budget = self.effort.shrink_runs;
        let shrunk = {
            let lab = &mut *self;
            let mut still_departs = |cases: &[Case]| lab.still_depart(cases, &mut wanted);
            shrink(&example.case, &mut still_departs, budget)
        };
        let sharpened = self.sharpen(&shrunk.case, &wanted);
        let (case, wanted) = sharpened.unwrap_or((shrunk.case, wanted));
        self.confirm(example, seen_in, case, &wanted)
    }

    /// What a list alone shows may be the list's fault or the card's. A read of the card tells.
    fn sharpen(&mut self, case: &Case, wanted: &Wanted) -> Option<(Case, Wanted)> {
        let last = case.steps.last()?;
        if !matches!(
            last.command,
            Command::ListAccount(_) | Command::ListProgramme
        ) {
            return None;
        }
        let cards = (1..=case.steps.len())
            .map(StepNumber)
            .filter(|s| case.steps[s.0 - 1].makes_card());
        let probed: Vec<Case> = cards
            .map(|card| {
                let mut probed = case.clone();
                probed
                    .steps
                    .push(Step::new(Command::Read(CardRef::Made(card))));
                probed
            })
            .collect();
        self.try_out(&probed)
            .into_iter()
            .find_map(|(trace, judgement)| {
                let blamed = judgement.departures.iter().find(|d| {
                    d.requirement == id::READ_6 && d.instead.contains(&wanted.requirement)
                })?;
                Some((trace.case, Wanted::of(blamed)))
            })
    }

    fn confirm(
        &mut self,
        example: &Example,
        seen_in: usize,
        case: Case,
        wanted: &Wanted,
    ) -> Finding {
        let attempts = match case.has_race() {
            true => self.effort.race_confirmations,
            false => self.effort.confirmations,
        };
        let mut reproduced = 0;
        let mut shown = None;
        for _ in 0..attempts {
            if let Some((trace, judgement)) = self.try_out(std::slice::from_ref(&case)).pop()
                && let Some(departure) = judgement
                    .departures
                    .into_iter()
                    .find(|d| d.requirement == wanted.requirement)
            {
                reproduced += 1;
                shown = Some((departure, trace.exchanges));
            }
        }
        let confirmation = Confirmation {
            reproduced,
            attempts,
        };
        match shown {
            Some((departure, exchanges)) => {
                finding(example, seen_in, departure, case, exchanges, confirmation)
            }
            // What never came again is told as it was seen.
            None => finding(
                example,
                seen_in,
                example.departure.clone(),
                example.case.clone(),
                example.exchanges.clone(),
                confirmation,
            ),
        }
    }
}

/// What a smaller case must still show. The blame may move to a rule that the departure named as possible, never back.
struct Wanted {
    requirement: RequirementId,
    instead: Vec<RequirementId>,
}

impl Wanted {
    fn of(departure: &Departure) -> Self {
        Self {
            requirement: departure.requirement,
            instead: departure.instead.clone(),
        }
    }

    fn accept(&mut self, departure: &Departure) -> bool {
        if departure.requirement == self.requirement {
            return true;
        }
        match self
            .instead
            .iter()
            .position(|rule| *rule == departure.requirement)
        {
            Some(place) => {
                self.requirement = departure.requirement;
                self.instead.drain(..=place);
                true
            }
            None => false,
        }
    }
}

/// The finding that comes again more surely; of two alike, the first.
fn surer(first: Finding, second: Finding) -> Finding {
    let rate = |finding: &Finding| {
        let Confirmation {
            reproduced,
            attempts,
        } = finding.confirmation;
        f64::from(reproduced) / f64::from(attempts.max(1))
    };
    if rate(&second) > rate(&first) {
        second
    } else {
        first
    }
}

/// Two suspicions that come to the same sequence and rule are one finding.
fn merge(findings: &mut Vec<Finding>, finding: Finding) {
    let same = findings
        .iter_mut()
        .find(|f| f.requirement == finding.requirement && f.case.steps == finding.case.steps);
    match same {
        Some(known) => known.seen_in += finding.seen_in,
        None => findings.push(finding),
    }
}

/// The reproducer as a file: what it shows in a few lines, and the steps.
pub(super) fn case_text(finding: &Finding) -> String {
    let departure = &finding.departure;
    let since = departure.since.as_ref().map_or_else(String::new, |s| {
        format!(", since step {} ({})", s.step, s.rule)
    });
    let header = [
        format!("{}: {}", finding.requirement, finding.rule),
        format!(
            "expected at step {}: {}{since}",
            departure.step, departure.expected
        ),
        format!("came: {}", departure.actual),
        format!(
            "reproduced {}/{}; run it again: cardproof replay {}.toml",
            finding.confirmation.reproduced, finding.confirmation.attempts, finding.id
        ),
    ];
    case_file(&finding.case, &header)
}
