//! What a case exercised: which call met a card in which status, and how it was answered. Nothing is judged here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::follow::Judge;
use super::request::Asked;
use crate::card::{Action, CardId, CardStatus};
use crate::trace::Exchange;
use crate::world::ways::{Call, Id, Input, Key, Wish};

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
        let (status, call) = match asked {
            Asked::Read(Id::Known(card)) => (self.known_status(card), CardCall::Read),
            Asked::Modify(call) if !self.is_ordinary(call) => return,
            Asked::Modify(call) => match &call.wish {
                Wish::Act(action, Id::Known(card)) => {
                    (self.known_status(card), CardCall::Act(*action))
                }
                Wish::Create {
                    account: Id::Known(_),
                    ..
                } => (None, CardCall::Create),
                _ => return,
            },
            _ => return,
        };
        if status.is_none() && call != CardCall::Create {
            return;
        }
        let answer = exchange.response().map(|response| response.status);
        let tried = Tried {
            status,
            call,
            answer,
        };
        *self.judgement.tried.entry(tried).or_default() += 1;
    }

    /// Neither invalid nor the repetition of another request.
    fn is_ordinary(&self, call: &Call) -> bool {
        let is_first = match &call.key {
            Key::Missing | Key::Malformed => false,
            Key::Single | Key::Exempt => true,
            Key::Uuid(key) => self.worlds.iter().all(|w| !w.keys.contains_key(key)),
        };
        is_first && !matches!(call.input, Input::Invalid(_))
    }

    /// The status on which all worlds agree.
    fn known_status(&self, card: &CardId) -> Option<CardStatus> {
        let status = self.worlds.first()?.card(card)?.status;
        let agrees =
            |world: &crate::world::World| world.card(card).map(|c| c.status) == Some(status);
        self.worlds.iter().all(agrees).then_some(status)
    }
}
