//! What a case exercised: which call met a card in which status, and how it was answered. Nothing is judged here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::follow::Judge;
use super::request::Asked;
use crate::card::{Action, CardId, CardStatus};
use crate::trace::Exchange;
use crate::world::World;
use crate::world::ways::{Call, Id, Key, Wish};

/// A call that concerns one card.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CardCall {
    /// It is made.
    Create,
    /// It is read by its id.
    Read,
    /// It is to change its status.
    #[serde(untagged)]
    Act(Action),
}

impl CardCall {
    /// The verb, as in a case file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Act(action) => action.as_str(),
        }
    }
}

/// A call on a card in some status, and its answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Tried {
    /// The card's status, as last known when the request was sent; absent for a create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CardStatus>,
    /// The call.
    pub call: CardCall,
    /// The status code of the answer; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<u16>,
}

impl Judge<'_> {
    /// Counts an ordinary call on a card whose status is known. Where requests overlap, nobody knows it.
    pub(super) fn note_tried(&mut self, exchange: &Exchange, asked: &Asked) {
        if !self.race.moments.is_empty() || exchange.flaw.is_some() {
            return;
        }
        let Some((status, call)) = self.card_call(asked) else {
            return;
        };
        let tried = Tried {
            status,
            call,
            answer: exchange.response().map(|response| response.status),
        };
        *self.judgement.tried.entry(tried).or_default() += 1;
    }

    /// An ordinary call on one card, and the status that it meets.
    fn card_call(&self, asked: &Asked) -> Option<(Option<CardStatus>, CardCall)> {
        let on = |card, call| Some((Some(self.known_status(card)?), call));
        match asked {
            Asked::Read(Id::Known(card)) => on(card, CardCall::Read),
            Asked::Modify(call) if self.is_ordinary(call) => match &call.wish {
                Wish::Act(action, Id::Known(card)) => on(card, CardCall::Act(*action)),
                Wish::Create {
                    account: Id::Known(_),
                    ..
                } => Some((None, CardCall::Create)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Neither invalid nor the repetition of another request.
    fn is_ordinary(&self, call: &Call) -> bool {
        let is_first = match &call.key {
            Key::Missing | Key::Malformed | Key::Overlong => false,
            Key::Single | Key::Exempt => true,
            Key::Uuid(key) => self.worlds.iter().all(|w| !w.keys.contains_key(key)),
        };
        is_first && !call.input.is_invalid()
    }

    /// The status on which all worlds agree.
    fn known_status(&self, card: &CardId) -> Option<CardStatus> {
        let status = self.worlds.first()?.card(card)?.status;
        let agrees = |world: &World| world.card(card).is_some_and(|c| c.status == status);
        self.worlds.iter().all(agrees).then_some(status)
    }
}
