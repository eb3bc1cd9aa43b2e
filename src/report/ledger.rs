//! The ledger: what a run made in accounts that others use after it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::card::{AccountId, CardId, CardStatus, CardType};

/// Cases that were not run for want of accounts, by the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotRun {
    /// Why.
    pub because: String,
    /// How many.
    pub cases: usize,
}

/// What a run made in listed accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    /// So many cards.
    pub cards: usize,
    /// Those that have not ended.
    pub left: Vec<Left>,
}

/// A card that a run left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    /// The card.
    pub card: CardId,
    /// Its account.
    pub account: AccountId,
    /// Its type, if an answer has shown it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_type: Option<CardType>,
    /// Its status as last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CardStatus>,
    /// Why it was left.
    pub because: String,
}
