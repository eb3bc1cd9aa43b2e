//! The limit: who holds a slot (contract.md, the limit).

use super::{Card, Choice, World};
use crate::card::{AccountId, CardStatus, CardType};
use crate::requirement::{RequirementId, id};

/// What the limit says of a create in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nobody holds it, provided that these readings are so.
    Free(Vec<Choice>),
    /// This card (its place in the world) holds it, provided that this reading is so.
    Held(usize, Option<Choice>),
}

/// Whether a card holds its slot, whatever the readings.
pub fn holds(card: &Card) -> bool {
    match card.status {
        CardStatus::Issuing => card.over_limit.is_none(),
        CardStatus::Active | CardStatus::Inactive | CardStatus::Suspended => true,
        CardStatus::Blocked | CardStatus::IssueFailed | CardStatus::Terminated => false,
    }
}

/// The open point that says whether a card in this final status frees its slot.
fn frees_point(status: CardStatus) -> Option<RequirementId> {
    match status {
        CardStatus::Terminated => Some(id::OPEN_9),
        CardStatus::Blocked => Some(id::OPEN_10),
        CardStatus::IssueFailed => Some(id::OPEN_11),
        CardStatus::Issuing | CardStatus::Active | CardStatus::Inactive | CardStatus::Suspended => {
            None
        }
    }
}

/// A card that failed because it was over the limit never held a slot, so what it does is a question of its own.
fn frees(card: &Card, point: RequirementId, reading: &str) -> Choice {
    let scope = if card.over_limit.is_some() && card.status == CardStatus::IssueFailed {
        "over the limit"
    } else {
        ""
    };
    Choice::new(point, scope, reading)
}

/// How the slot of a type in an account may stand; `except` is left out of account.
pub fn slots(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    except: Option<usize>,
) -> Vec<Slot> {
    let rivals = || {
        world.cards.iter().enumerate().filter(|(place, card)| {
            Some(*place) != except && card.account == *account && card.card_type == card_type
        })
    };
    if let Some((place, _)) = rivals().find(|(_, card)| holds(card)) {
        return vec![Slot::Held(place, None)];
    }
    let ended =
        || rivals().filter_map(|(place, card)| Some((place, card, frees_point(card.status)?)));
    let free = Slot::Free(
        ended()
            .map(|(_, card, point)| frees(card, point, "frees"))
            .collect(),
    );
    let kept =
        ended().map(|(place, card, point)| Slot::Held(place, Some(frees(card, point, "keeps"))));
    std::iter::once(free).chain(kept).collect()
}

/// The rule that forbids a second card beside a holder in this status.
pub fn rule(holder: CardStatus) -> RequirementId {
    match holder {
        CardStatus::Issuing => id::LIMIT_6,
        CardStatus::Inactive | CardStatus::Suspended => id::LIMIT_5,
        CardStatus::Active
        | CardStatus::Blocked
        | CardStatus::IssueFailed
        | CardStatus::Terminated => id::LIMIT_4,
    }
}
