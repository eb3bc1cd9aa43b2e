//! Possible worlds: what may be true of a target, given all that it has answered.
//!
//! A [`World`] is small: the cards of a case with their status, what is remembered under which idempotency key, and the
//! readings of open points decided so far. A call has several [`Way`]s to go in a world ([`ways::ways`]); its answer
//! picks those that it fits. No way left in any world is a departure. Pure: no clock, no network.

mod cards;
pub mod choice;
mod distinct;
pub mod lifecycle;
pub mod limit;
pub mod unseen;
pub mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::case::StepNumber;
use crate::requirement::RequirementId;
use crate::trace::Past;

pub use cards::Cards;
pub use choice::{Choice, Choices};
pub use distinct::{Distinct, distinct};
pub use unseen::Unseen;
pub use ways::{Answer, Call, Effect, Id, InFlight, Input, Key, Memory, RefusalKind, Way};

/// The place of an exchange in its case, counted from 0. Steps repeat (waiting for issuance), moments don't.
pub type Moment = usize;

/// Why a card is believed to have its status. That is no part of what may be true: all reasons are equal, so that worlds
/// which differ in nothing else are one.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// The exchange that established it.
    pub moment: Moment,
    /// Its step.
    pub step: StepNumber,
    /// The rule by which it did.
    pub rule: RequirementId,
}

impl PartialEq for Since {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Since {}

impl Hash for Since {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A card as a world believes it to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Card {
    /// Its id; a card whose create was never answered has none that is known.
    pub id: Option<CardId>,
    /// Its account.
    pub account: AccountId,
    /// Its type.
    pub card_type: CardType,
    /// Its status.
    pub status: CardStatus,
    /// It was created over the limit, against this rule, so it is going to fail (contract.md, the limit).
    pub over_limit: Option<RequirementId>,
    /// It has been issued, so its number, network and expiry are set. A card that was moved out of `issuing` by a call of
    /// the holder (OPEN-4, OPEN-5) need not have been.
    pub issued: bool,
    /// The step that made it; [`StepNumber::BEFORE`] if it was there before the case.
    pub made_by: StepNumber,
    /// Since when, and why, it has its status.
    pub since: Since,
}

/// What a world remembers of a request sent under a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Remembered {
    /// The method and the path, ids in lower case.
    pub call: String,
    /// The body, byte for byte.
    pub payload: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was answered with success at this moment.
    Done(Moment),
    /// It was refused at this moment.
    Refused(Moment, RefusalKind),
    /// Its answer was lost, and in this world it was carried out; the step that made a card by it, if it made one.
    LostDone(Option<StepNumber>),
    /// Its answer was lost, and in this world it was not carried out.
    LostUndone,
    /// Its answer was lost, and in this world that was a refusal, for the state that the cards were in.
    LostRefused,
    /// It was refused so many times because another request had the key at that moment.
    InFlight(usize),
}

impl Card {
    /// It was there before the case, so nobody knows how it came about.
    pub fn is_of_before(&self) -> bool {
        self.made_by == StepNumber::BEFORE
    }
}

/// One possible world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The cards, in the order of the steps that made them.
    pub cards: Cards,
    /// What was sent under each key that is used more than once (lower case).
    pub keys: BTreeMap<String, Vec<Remembered>>,
    /// Requests whose answers were lost and which may still be carried out, by when they were sent.
    pub pending: BTreeSet<Moment>,
    /// The slots that a card of before, which nobody has seen, may hold.
    pub unseen: Unseen,
    /// The readings decided so far.
    pub choices: Choices,
}

/// Alike for worlds of which one may stand for the other ([`Distinct`]), so choices and pending requests are left out.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for card in &self.cards {
            (
                card.made_by,
                card.over_limit.is_none().then_some(card.status),
            )
                .hash(state);
        }
        self.keys.hash(state);
    }
}

impl World {
    /// This world with one more card. Creates that overlap may come in any order; their cards don't.
    pub fn add(&mut self, card: Card) {
        let slot = (card.account.clone(), card.card_type);
        if limit::holds(&card) && self.unseen.get(&slot) != Some(&Past::Shared) {
            self.unseen.remove(&slot);
        }
        let place = self.cards.partition_point(|c| c.made_by <= card.made_by);
        self.cards.insert(place, card);
    }

    /// The place of the card with this id.
    pub fn position(&self, id: &CardId) -> Option<usize> {
        self.cards
            .iter()
            .rposition(|card| card.id.as_ref() == Some(id))
    }

    /// The card with this id.
    pub fn card(&self, id: &CardId) -> Option<&Card> {
        self.position(id).map(|place| &self.cards[place])
    }

    /// This world with one more reading decided; none if it is decided otherwise.
    pub fn with(&self, choices: &[Choice]) -> Option<Self> {
        let mut world = self.clone();
        for choice in choices {
            if !world.choices.decide(choice) {
                return None;
            }
        }
        Some(world)
    }

    /// Remembers what became of a request under its key. An answer that was a success is never forgotten for a refusal.
    pub fn remember(&mut self, key: &str, call: &str, payload: &str, outcome: Outcome) {
        let entries = self.keys.entry(key.to_owned()).or_default();
        let entry = Remembered {
            call: call.to_owned(),
            payload: payload.to_owned(),
            outcome,
        };
        match entries.iter_mut().find(|e| e.call == call) {
            Some(known) => match (&mut known.outcome, outcome) {
                (Outcome::InFlight(times), Outcome::InFlight(more)) => *times += more,
                (_, Outcome::InFlight(_)) => {}
                (
                    Outcome::Done(_) | Outcome::LostDone(_),
                    Outcome::Refused(..) | Outcome::LostUndone | Outcome::LostRefused,
                ) => {}
                (_, Outcome::Done(_) | Outcome::LostDone(_))
                | (_, Outcome::Refused(..) | Outcome::LostUndone | Outcome::LostRefused) => {
                    *known = entry;
                }
            },
            None => entries.push(entry),
        }
    }
}
