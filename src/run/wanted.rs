//! What is wanted of a case that is run again, and what running it has shown.

use super::suspicion::Evidence;
use crate::judge::{Departure, Judgement};
use crate::requirement::RequirementId;
use crate::trace::CaseTrace;

/// What a smaller case must still show. The blame may move to a rule that the departure named as possible, never back.
pub(super) struct Wanted {
    pub requirement: RequirementId,
    instead: Vec<RequirementId>,
}

impl Wanted {
    pub fn of(departure: &Departure) -> Self {
        Self {
            requirement: departure.requirement,
            instead: departure.instead.clone(),
        }
    }

    pub fn accept(&mut self, departure: &Departure) -> bool {
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

/// What running a case again has shown.
#[derive(Default)]
pub(super) struct Seen {
    pub attempts: u32,
    pub reproduced: u32,
    pub not_run: u32,
    /// The last time that it departed.
    pub departed: Option<(Departure, Evidence)>,
}

impl Seen {
    pub fn add(&mut self, (trace, judgement): (CaseTrace, Judgement), wanted: &Wanted) {
        self.attempts += 1;
        let mut departures = judgement.departures.into_iter();
        if trace.not_run.is_some() {
            self.not_run += 1;
        } else if let Some(departure) = departures.find(|d| d.requirement == wanted.requirement) {
            self.reproduced += 1;
            let evidence = Evidence {
                exchanges: trace.exchanges,
                events: trace.events.into(),
            };
            self.departed = Some((departure, evidence));
        }
    }
}
