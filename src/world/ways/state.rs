//! The ways that the state of the cards leaves to a good request.

use super::request::card_refusals;
use super::{Call, Effect, Id, RefusalKind, Way, Wish, all_given, refusals};
use crate::card::{AccountId, Action, CardStatus, CardType};
use crate::requirement::{RequirementId, id};
use crate::world::lifecycle::{Transition, transition};
use crate::world::limit::{self, Slot};
use crate::world::{Choice, World};

pub(super) fn state_ways(world: &World, call: &Call) -> Vec<Way> {
    match &call.wish {
        Wish::Create {
            account: Id::Known(account),
            card_type: Some(card_type),
            beyond_ascii,
        } => create_ways(world, account, *card_type, *beyond_ascii),
        Wish::Act(action, Id::Known(card)) => match world.position(card) {
            Some(place) => act_ways(world, *action, place),
            // Nobody has made it yet.
            None => card_refusals(&Id::Unknown, call.name),
        },
        Wish::Create { .. } | Wish::Act(..) => Vec::new(),
    }
}

pub(super) fn create_ways(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    beyond_ascii: bool,
) -> Vec<Way> {
    limit::slots(world, account, card_type, None)
        .into_iter()
        .flat_map(|slot| match slot {
            Slot::Free(choices) => {
                let mut suspects = free_slot_rules(world, account, card_type, beyond_ascii);
                let mut way = Way::success(suspects.remove(0), Effect::Create { over_limit: None });
                way.instead = suspects;
                way.choices = choices;
                vec![way]
            }
            Slot::Held(rule, choices) => {
                let fails = over_the_limit(rule);
                let codes = &[400, 403, 409, 422];
                refusals(rule, RefusalKind::Limit, codes, id::OPEN_8, "")
                    .into_iter()
                    .chain([fails])
                    .map(|mut way| {
                        way.choices.extend(choices.iter().cloned());
                        way
                    })
                    .collect()
            }
        })
        .collect()
}

/// A create over the limit, which this rule forbids, makes a card that is going to fail (OPEN-8).
pub fn over_the_limit(rule: RequirementId) -> Way {
    let over_limit = Some(rule);
    Way::success(rule, Effect::Create { over_limit }).given(Choice::new(
        id::OPEN_8,
        "",
        "fails later",
    ))
}

/// The rules by which a create into a free slot succeeds, the most telling first.
pub(super) fn free_slot_rules(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    beyond_ascii: bool,
) -> Vec<RequirementId> {
    let holder = |same_account: bool, same_type: bool| {
        world.cards.iter().any(|card| {
            (card.account == *account) == same_account
                && (card.card_type == card_type) == same_type
                && limit::holds(card)
        })
    };
    let mut rules = Vec::new();
    if beyond_ascii {
        rules.push(id::INPUT_8);
    }
    if holder(true, false) {
        rules.push(id::LIMIT_2);
    }
    if holder(false, true) {
        rules.push(id::LIMIT_3);
    }
    rules.push(id::CREATE_1);
    rules
}

pub(super) fn act_ways(world: &World, action: Action, place: usize) -> Vec<Way> {
    let card = &world.cards[place];
    let scope = format!("{action} on {}", card.status);
    let refused = |rule| {
        let codes: &[u16] = if card.status.is_final() {
            &[400, 404, 409, 422]
        } else {
            &[400, 409, 422]
        };
        refusals(rule, RefusalKind::State, codes, id::OPEN_7, &scope)
    };
    if card.over_limit.is_some() && card.status == CardStatus::Issuing {
        return over_limit_ways(
            world,
            action,
            place,
            refused(limit::rule(CardStatus::Active)),
        );
    }
    match transition(card.status, action) {
        Transition::Moves(to, rule) => vec![Way::success(rule, Effect::Become(place, to))],
        Transition::Refused(rule) => refused(rule),
        Transition::RepeatOpen(point) => {
            let scope = if point == id::OPEN_29 {
                scope.as_str()
            } else {
                ""
            };
            let reading = |words| Choice::new(point, scope, words);
            let success = Way::success(point, Effect::Nothing).given(reading("success"));
            all_given(refused(point), &reading("refused"))
                .chain([success])
                .collect()
        }
        Transition::MoveOpen(to, point) => {
            let reading = |words| Choice::new(point, "", words);
            let moved = Way::success(point, Effect::Become(place, to)).given(reading("changes"));
            all_given(refused(point), &reading("refused"))
                .chain([moved])
                .collect()
        }
    }
}

/// A card over the limit only ever fails, or is terminated; it becomes usable only if the slot has been freed meanwhile.
pub(super) fn over_limit_ways(
    world: &World,
    action: Action,
    place: usize,
    refused: Vec<Way>,
) -> Vec<Way> {
    let rule = id::LIMIT_4;
    let becomes = |status| Way::success(rule, Effect::Become(place, status));
    let may_become_usable = slot_may_be_free(world, place);
    let mut ways = refused;
    match action {
        Action::Issue => {
            ways.push(becomes(CardStatus::IssueFailed));
            if may_become_usable {
                ways.push(becomes(CardStatus::Active));
            }
        }
        Action::Fail => ways.push(becomes(CardStatus::IssueFailed)),
        Action::Terminate => ways.push(becomes(CardStatus::Terminated)),
        Action::Activate if may_become_usable => ways.push(becomes(CardStatus::Active)),
        Action::Deactivate if may_become_usable => ways.push(becomes(CardStatus::Inactive)),
        Action::Activate
        | Action::Deactivate
        | Action::Suspend
        | Action::Unsuspend
        | Action::Block => {}
    }
    ways
}

pub(super) fn slot_may_be_free(world: &World, place: usize) -> bool {
    let card = &world.cards[place];
    limit::slots(world, &card.account, card.card_type, Some(place))
        .iter()
        .any(|slot| match slot {
            Slot::Free(choices) => world.with(choices).is_some(),
            Slot::Held(..) => false,
        })
}
