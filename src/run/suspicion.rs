//! Suspicions: equal departures as the run showed them, before anything is run again.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::findings::order;
use crate::case::{Case, Command, Step, StepNumber};
use crate::judge::{Clash, Departure, Judgement, in_words};
use crate::plan::inconsistency;
use crate::report::{Confirmation, Finding};
use crate::requirement::RequirementId;
use crate::trace::{CaseNumber, CaseTrace, Event, Exchange};

/// Equal departures as the run showed them.
#[derive(Clone, Debug)]
pub struct Suspicion {
    /// A few of them, the one that shows after the fewest steps first.
    pub(super) examples: Vec<Example>,
    pub(super) seen_in: BTreeSet<CaseNumber>,
}

/// One departure, and the case that showed it.
#[derive(Clone, Debug)]
pub(super) struct Example {
    pub departure: Departure,
    pub case: Case,
    pub evidence: Evidence,
    pub found_in: String,
}

/// What went over the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub exchanges: Vec<Exchange>,
    /// Those of the case, which all its departures share.
    pub events: Arc<[Event]>,
}

/// So many examples are kept, the shortest and the longest: if a short one was a disturbance by another case, a long one
/// may show it alone.
const EXAMPLES_MAX: usize = 12;

/// The longest pause that is put into a case.
const PAUSE_MS_MAX: u64 = 3_000;

impl Example {
    /// A departure of a case, and the events of that case.
    pub fn of(trace: &CaseTrace, events: &Arc<[Event]>, departure: &Departure) -> Self {
        let last = trace.case.end_of_race(departure.step);
        let exchanges = trace.exchanges.iter().enumerate();
        let exchanges = exchanges.filter(|(moment, exchange)| {
            *moment <= departure.moment
                || exchange.step.0 > departure.step.0 && exchange.step <= last
        });
        Self {
            departure: departure.clone(),
            case: trace.case.restricted(|step| step <= last),
            evidence: Evidence {
                exchanges: exchanges.map(|(_, exchange)| exchange.clone()).collect(),
                events: Arc::clone(events),
            },
            found_in: trace.case.name.clone(),
        }
    }

    /// The same with a pause before the departing step, as long as the case had taken by then: what a target does by a
    /// timer needs its time.
    pub fn with_its_time(&self) -> Self {
        let took = match (
            self.evidence.exchanges.first(),
            self.evidence.exchanges.last(),
        ) {
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

    /// The same beside a copy of itself, as it ran beside other cases: what a target does to a neighbour needs one.
    pub fn with_neighbours(&self) -> impl Iterator<Item = Self> {
        [false, true].into_iter().filter_map(|at_once| {
            let case = self.case.doubled(at_once)?;
            let example = Self {
                case,
                ..self.clone()
            };
            inconsistency(&example.case).is_none().then_some(example)
        })
    }

    /// The same with each request over a connection of its own: of several servers behind an address, it may meet each.
    pub fn over_fresh_connections(&self) -> Option<Self> {
        let case = self.case.over_fresh_connections()?;
        Some(Self {
            case,
            ..self.clone()
        })
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
    pub(super) fn departure(&self) -> &Departure {
        &self.examples[0].departure
    }

    /// Whether both name the same rule.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.departure().requirement == other.departure().requirement
    }

    /// Whether it is the rule that was departed from, or another may be to blame and is this one.
    pub(super) fn may_be_of(&self, rule: RequirementId) -> bool {
        let departure = self.departure();
        departure.requirement == rule || departure.instead.contains(&rule)
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
            self.forget_one();
        }
    }
}

impl Suspicion {
    /// What only shows where requests overlap must not be crowded out by short cases that other cases disturbed: half the
    /// room is for races, if there are any.
    fn forget_one(&mut self) {
        let (races, polite): (Vec<usize>, Vec<usize>) =
            (0..self.examples.len()).partition(|place| self.examples[*place].case.has_race());
        let crowd = if races.len() > polite.len() {
            races
        } else {
            polite
        };
        self.examples.remove(crowd[crowd.len() / 2]);
    }
}

/// Adds a case's departures to the suspicions. Equal ones at one step are one example.
pub(super) fn suspect(suspicions: &mut Vec<Suspicion>, trace: &CaseTrace, judgement: &Judgement) {
    if judgement.departures.is_empty() {
        return;
    }
    let events: Arc<[Event]> = trace.events.clone().into();
    let mut told = HashSet::new();
    for departure in &judgement.departures {
        if !told.insert((departure.requirement, &departure.subject, departure.step)) {
            continue;
        }
        let example = Example::of(trace, &events, departure);
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

pub(super) fn seen(suspicion: &Suspicion) -> Finding {
    let example = &suspicion.examples[0];
    finding(
        example,
        suspicion.seen_in.len(),
        example.departure.clone(),
        example.case.clone(),
        example.evidence.clone(),
        Confirmation {
            reproduced: 0,
            attempts: 0,
        },
    )
}

pub(super) fn finding(
    example: &Example,
    seen_in: usize,
    departure: Departure,
    case: Case,
    evidence: Evidence,
    confirmation: Confirmation,
) -> Finding {
    Finding {
        id: String::new(),
        requirement: departure.requirement,
        rule: departure.requirement.requirement().rule.to_owned(),
        departure,
        case,
        exchanges: evidence.exchanges,
        events: evidence.events.to_vec(),
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
            evidence: Evidence::default(),
            found_in: format!("{} and {}", first.case.name, second.case.name),
        }],
        seen_in: [first.number, second.number].into(),
    }
}
