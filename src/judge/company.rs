//! Accounts on which others act meanwhile ([`Past::Shared`]): what of a world stays true from one exchange to the next.
//!
//! Between two exchanges others may do whatever the contract allows. So of a card only this is kept: that it is there,
//! whether it may still be issuing, and in which final state it has ended. The readings that depend on the state of cards
//! are not kept either, since nobody knows in which state a call found its card. Of two worlds, of which one may turn into
//! the other unseen, the first one stands for both. So the worlds stay few, however much was recorded.

use std::collections::{BTreeMap, HashSet};

use super::changes::concerned;
use super::follow::Judge;
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::requirement::{RequirementId, id};
use crate::trace::Past;
use crate::world::ways::{self, Call, Wish};
use crate::world::{Card, Since, World};

/// Readings that an answer shows only to those who know in which state the cards were, or what had been sent before.
pub(super) const OF_STATE: [RequirementId; 18] = [
    id::OPEN_1,
    id::OPEN_2,
    id::OPEN_3,
    id::OPEN_4,
    id::OPEN_5,
    id::OPEN_6,
    id::OPEN_7,
    id::OPEN_8,
    id::OPEN_9,
    id::OPEN_10,
    id::OPEN_11,
    id::OPEN_12,
    id::OPEN_13,
    id::OPEN_14,
    id::OPEN_15,
    id::OPEN_16,
    id::OPEN_17,
    id::OPEN_29,
];

/// Of more worlds it is forgotten how cards have ended that no answer shows any more: each of them would double the worlds.
const TOLD_APART_MAX: usize = 64;

impl Judge<'_> {
    /// These worlds as others leave them; where nobody else acts, they are the same.
    pub(super) fn as_others_leave(&self, worlds: Vec<World>) -> Vec<World> {
        if !self.is_in_company() {
            let are_few = worlds.len() <= TOLD_APART_MAX;
            return match self.trace.pasts.is_empty() && are_few {
                true => worlds,
                false => worlds.into_iter().map(without_history).collect(),
            };
        }
        let mut seen = HashSet::new();
        let mut left: Vec<World> = worlds.into_iter().map(blurred).collect();
        left.retain(|world| seen.insert(world.clone()));
        if left.len() > TOLD_APART_MAX {
            left = blended(left);
        }
        // Of two that cover each other, the first one stays.
        let is_covered = |place: usize| {
            let world = &left[place];
            let others = left.iter().enumerate();
            let mut others = others.filter(|(other, _)| *other != place);
            others.any(|(at, other)| covers(other, world) && (at < place || !covers(world, other)))
        };
        let is_kept: Vec<bool> = (0..left.len()).map(|place| !is_covered(place)).collect();
        let kept = left.into_iter().zip(is_kept);
        kept.filter_map(|(world, is_kept)| is_kept.then_some(world))
            .collect()
    }

    /// The trace is a part of what happened meanwhile.
    pub(super) fn is_in_company(&self) -> bool {
        self.trace.pasts.values().any(|past| *past == Past::Shared)
    }

    /// Whether how a call goes depends on what has become of a card meanwhile. In company any slot may be held or free at any
    /// time, so that a create depends on no card.
    pub(super) fn depends_on(&self, card: &Card, call: &Call) -> bool {
        let is_create = matches!(call.wish, Wish::Create { .. });
        concerned(card, call) && !(is_create && self.is_in_company())
    }

    /// The worlds into which one may have turned without a request of the trace, as far as the card at `place` goes.
    pub(super) fn turned_meanwhile(&self, world: &World, place: usize, now: Since) -> Vec<World> {
        match self.past(&world.cards[place].account) {
            Some(Past::Shared) => ways::changed_by_others(world, place, now),
            Some(Past::Read | Past::Unknown) | None => {
                ways::evolved(world, place, self.terms.issuance, now)
            }
        }
    }

    /// Others may change the card meanwhile.
    pub(super) fn is_shared(&self, card: &CardId) -> bool {
        let mut believed = self.worlds.iter().filter_map(|world| world.card(card));
        let card = believed.next();
        card.is_some_and(|card| self.past(&card.account) == Some(Past::Shared))
    }

    /// Whether a status would have been as good as another, since others may have changed the card.
    pub(super) fn is_open_to_others(&self, card: &CardId, worlds: &[World]) -> bool {
        let mut statuses = worlds
            .iter()
            .filter_map(|world| Some(world.card(card)?.status));
        let first = statuses.next();
        self.is_shared(card) && statuses.any(|status| Some(status) != first)
    }
}

/// A world without what matters no more in it: whether a card that has left `issuing` was over the limit. Behind cards of
/// before, of which nobody knows by what they ended, every card may have been, so that each would double the worlds. Of
/// cards that have failed it matters by what they may keep their slot (OPEN-11), but not which of them does.
fn without_history(mut world: World) -> World {
    let mut failed: BTreeMap<(AccountId, CardType), Vec<usize>> = BTreeMap::new();
    let mut over_limit: Vec<(usize, Option<RequirementId>)> = Vec::new();
    for (place, card) in world.cards.iter().enumerate() {
        match card.status {
            CardStatus::Issuing => {}
            CardStatus::IssueFailed if card.is_of_before() => {}
            CardStatus::IssueFailed => {
                let slot = (card.account.clone(), card.card_type);
                failed.entry(slot).or_default().push(place);
            }
            _ => over_limit.push((place, None)),
        }
    }
    for places in failed.into_values() {
        let of = |place: &usize| world.cards[*place].over_limit;
        let rule = places.iter().find_map(of);
        let is_mixed = places.iter().any(|place| of(place).is_none());
        let first = places.first().copied().filter(|_| is_mixed);
        let ruled = places
            .into_iter()
            .map(|place| (place, rule.filter(|_| first != Some(place))));
        over_limit.extend(ruled);
    }
    // Unchanged cards stay shared between worlds.
    for (place, rule) in over_limit {
        if world.cards[place].over_limit != rule {
            world.cards[place].over_limit = rule;
        }
    }
    world
}

/// What stays of a world when others may act on its cards.
fn blurred(mut world: World) -> World {
    let is_open = |card: &Card| {
        let is_usable = matches!(card.status, CardStatus::Inactive | CardStatus::Suspended);
        is_usable || card.over_limit.is_some() || card.issued
    };
    for place in 0..world.cards.len() {
        if !is_open(&world.cards[place]) {
            continue;
        }
        let card = &mut world.cards[place];
        if matches!(card.status, CardStatus::Inactive | CardStatus::Suspended) {
            card.status = CardStatus::Active;
        }
        card.over_limit = None;
        card.issued = false;
    }
    world.choices.forget(&OF_STATE);
    world
}

/// For worlds that differ in the status of cards alone, one that others may turn into each of them: there these cards are
/// as good as new.
fn blended(worlds: Vec<World>) -> Vec<World> {
    let mut blended: Vec<World> = Vec::new();
    for world in worlds {
        match blended
            .iter_mut()
            .find(|first| same_but_for_status(first, &world))
        {
            Some(first) => {
                for place in 0..world.cards.len() {
                    if first.cards[place].status != world.cards[place].status {
                        first.cards[place].status = CardStatus::Issuing;
                    }
                }
            }
            None => blended.push(world),
        }
    }
    blended
}

fn same_but_for_status(first: &World, second: &World) -> bool {
    let mut cards = first.cards.iter().zip(&second.cards);
    first.keys == second.keys
        && first.unseen == second.unseen
        && first.pending == second.pending
        && first.choices == second.choices
        && first.cards.len() == second.cards.len()
        && cards.all(|(first, second)| first.id == second.id)
}

/// Whether others may turn the first world into the second.
fn covers(first: &World, second: &World) -> bool {
    let mut cards = first.cards.iter().zip(&second.cards);
    same_but_for_status(first, second)
        && cards.all(|(first, second)| may_become(first.status, second.status))
}

fn may_become(from: CardStatus, to: CardStatus) -> bool {
    match from {
        CardStatus::Issuing => true,
        _ if from.is_final() => from == to,
        _ => !matches!(to, CardStatus::Issuing | CardStatus::IssueFailed),
    }
}
