//! The limit: who holds a slot (contract.md, the limit).

use std::collections::BTreeSet;

use super::{Card, Choice, World, unseen};
use crate::card::{AccountId, CardStatus, CardType};
use crate::requirement::{RequirementId, id};

/// What the limit says of a create in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nobody holds it, provided that these readings are so.
    Free(Vec<Choice>),
    /// A card holds it, by this rule, provided that these readings are so.
    Held(RequirementId, Vec<Choice>),
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

/// What a card that failed because it was over the limit does is a question of its own, since it never held a slot.
pub const OVER_THE_LIMIT: &str = "over the limit";

/// The questions that a card which has ended may fall under; several where nobody knows how it came about.
fn scopes(card: &Card) -> &'static [&'static str] {
    match card.status {
        CardStatus::IssueFailed if card.is_of_before() => &["", OVER_THE_LIMIT],
        CardStatus::IssueFailed if card.over_limit.is_some() => &[OVER_THE_LIMIT],
        _ => &[""],
    }
}

/// How the slot of a type in an account may stand; `except` is left out of account.
pub fn slots(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    except: Option<usize>,
) -> Vec<Slot> {
    let rivals = || {
        let others = world.cards.iter().enumerate();
        let others = others.filter(|(place, _)| Some(*place) != except);
        others
            .map(|(_, card)| card)
            .filter(|card| card.account == *account && card.card_type == card_type)
    };
    if let Some(card) = rivals().find(|card| holds(card)) {
        return vec![Slot::Held(rule(card.status), Vec::new())];
    }
    // Many that ended in the same way leave one question.
    let ended: BTreeSet<(CardStatus, RequirementId, &[&str])> = rivals()
        .filter_map(|card| Some((card.status, frees_point(card.status)?, scopes(card))))
        .collect();
    let frees = ended.iter().filter_map(|(_, point, scopes)| match scopes {
        [scope] => Some(Choice::new(*point, *scope, "frees")),
        _ => None,
    });
    let kept = ended.iter().flat_map(|(status, point, scopes)| {
        let keeps = |scope: &&str| vec![Choice::new(*point, *scope, "keeps")];
        let kept = scopes.iter().map(keeps);
        kept.map(|choices| Slot::Held(rule(*status), choices))
    });
    let unseen = unseen::holders(world, account, card_type).into_iter();
    let unseen = unseen.map(|choices| Slot::Held(id::LIMIT_4, choices));
    std::iter::once(Slot::Free(frees.collect()))
        .chain(kept)
        .chain(unseen)
        .collect()
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
