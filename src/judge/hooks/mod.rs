//! Events against what the case knows: when all its exchanges are judged, since an event may come late and in any order.
//!
//! An event is charged to the step that waited when it came, or to the next that waits: a case that is cut there still
//! takes it in. One that comes after the last wait is judged by nobody, for it might as well have come too late.
//!
//! What events say is held against the worlds only in a case without other departures: where an answer was wrong, nobody
//! knows what the events ought to show. Where requests overlap, a card has surely changed if it is another than before in
//! every order that explains the answers: what lay between need not have been.

mod changes;
mod doors;
mod payload;
mod standing;
mod subscriptions;
mod waits;

use serde_json::Value;

use super::follow::Judge;
use crate::card::CardId;
use crate::case::{Case, Command, Hook, StepNumber};
use crate::trace::{CaseTrace, Event, Micros};
use crate::world::Moment;

pub(super) use changes::Changes;

/// An event, understood.
#[derive(Clone, Debug)]
struct Told<'t> {
    event: &'t Event,
    body: Value,
    /// The exchange that it is charged to.
    moment: Moment,
}

impl Told<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    fn card(&self) -> Option<CardId> {
        self.text("id").map(CardId::new)
    }

    fn event_id(&self) -> Option<String> {
        self.text("eventId").map(str::to_ascii_lowercase)
    }
}

impl<'a> Judge<'a> {
    /// Judges the events of the case, and its subscriptions.
    pub(super) fn all_events(&mut self) {
        if !self.case.listens() || self.terms.event_wait.is_none() {
            return;
        }
        let is_clean = self.judgement.departures.is_empty();
        let mut told = self.told();
        told.retain(|told| self.is_foreign(told) || !self.is_of_another_type(told));
        // An event that is late may be about what was before the case.
        told.retain(|told| {
            let is_of_before = |card: CardId| self.is_of_before(&card);
            self.is_foreign(told) || !told.card().is_some_and(is_of_before)
        });
        let readable = told.iter().filter(|event| self.payload(event)).count();
        self.subscriptions();
        let is_judged = is_clean && readable == told.len() && !self.gave_up();
        if !is_judged || !self.judgement.departures.is_empty() {
            return;
        }
        self.states(&told);
        self.ids(&told);
        self.closed_subscriptions(&told);
        // Of what was not kept, nobody knows whether it came.
        let may_lack_events = self.elsewhere.may_lack_events || self.trace.may_lack_events();
        if self.judgement.departures.is_empty() && !may_lack_events {
            self.waits(&told);
        }
    }

    fn told(&self) -> Vec<Told<'a>> {
        let events = self.trace.events.iter();
        events
            .filter_map(|event| {
                Some(Told {
                    event,
                    body: serde_json::from_str(&event.body).unwrap_or(Value::Null),
                    moment: self.taken_in(event.received_at)?,
                })
            })
            .collect()
    }

    fn taken_in(&self, came_at: Micros) -> Option<Moment> {
        taken_in(self.trace, self.case, came_at)
    }

    fn is_await(&self, step: StepNumber) -> bool {
        is_await(self.case, step)
    }
}

/// The last exchange of the step that waited when something came, or of the next that waits.
pub(super) fn taken_in(trace: &CaseTrace, case: &Case, came_at: Micros) -> Option<Moment> {
    let exchanges = &trace.exchanges;
    let before = exchanges.iter().rposition(|e| e.sent_at <= came_at);
    let mut after = exchanges[before.unwrap_or(0)..].iter();
    let waiting = after.find(|e| is_await(case, e.step))?;
    exchanges.iter().rposition(|e| e.step == waiting.step)
}

fn is_await(case: &Case, step: StepNumber) -> bool {
    case.step(step)
        .is_some_and(|s| matches!(s.command, Command::Hook(Hook::Await { .. })))
}
