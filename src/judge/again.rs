//! Recordings that others made: what was sent before one began may be answered again in it. A key may have been used by a
//! request that is not in the trace; then the call is answered as that one was, and nothing is done, or it is refused for that.
//! Such an answer tells nothing of the cards as they are now, and is not held against the target.

use super::company::OF_STATE;
use super::follow::{Judge, Scene, made_in};
use super::overlap;
use crate::card::Action;
use crate::contract::Route;
use crate::requirement::id;
use crate::trace::{Exchange, NOT_RECORDED, Past};
use crate::world::ways::{self, Answer, Call, Effect, Id, Key, RefusalKind, Way, Wish};
use crate::world::{Card, Outcome, Remembered, World};

impl Judge<'_> {
    /// Whether an answer shows nothing, since a recording leaves open what came before or what others did.
    pub(super) fn shows_nothing(&self, scene: &Scene<'_>, call: &Call, worlds: &[World]) -> bool {
        match &call.wish {
            Wish::Create { .. } => self.has_unknown_past() && !scene.is_success(),
            Wish::Act(_, Id::Known(card)) => {
                self.is_open_to_others(card, worlds) || self.may_be_given_again(call)
            }
            Wish::Act(..) => false,
        }
    }

    /// Whether the answer to a call may be that of an earlier one which is not in the trace, given again: then it tells
    /// nothing of what is now.
    pub(super) fn may_be_given_again(&self, call: &Call) -> bool {
        let mut worlds = self.worlds.iter();
        self.has_unknown_past()
            && worlds.any(|world| {
                is_first_use(world, call) && (self.is_in_company() || may_be_of_before(world, call))
            })
    }

    /// Whether a recording of others tells too little of a request for its answer to be held against the target. Whether
    /// the access was good nobody knows, nor whether its key was used before; an account may come to be; and a query may be
    /// for a part of a list.
    pub(super) fn is_let_pass(&self, exchange: &Exchange, route: &Route<'_>) -> bool {
        let request = &exchange.request;
        let is_read = request.method == "GET";
        let is_refused = exchange
            .response()
            .is_some_and(|response| match response.status {
                400 | 401 | 403 => true,
                404 if route.card.is_none() => true,
                400..500 => !is_read && self.is_in_company(),
                _ => false,
            });
        self.has_unknown_past()
            && (is_refused
                || is_read && route.card.is_none() && request.path.contains('?')
                || request.body.as_deref() == Some(NOT_RECORDED)
                || self.may_be_made_before(exchange))
    }

    /// A create that brings a card which was shown before: its key was used before the recording began.
    fn may_be_made_before(&self, exchange: &Exchange) -> bool {
        let Some(card) = made_in(exchange) else {
            return false;
        };
        let key = exchange.request.header("idempotency-key");
        let mut shown = self.shown.get(&card).into_iter().flatten();
        shown.any(|moment| {
            let other = &self.trace.exchanges[*moment];
            let is_retry = other.request.method == "POST"
                && key != Some(NOT_RECORDED)
                && other.request.header("idempotency-key") == key;
            overlap::precedes(other, exchange) && !is_retry
        })
    }
}

/// The ways of a call, where that much is known of the past. Its key may have been used by a request that is not in the
/// trace. Then the call may be answered as that was, and nothing is done; or it is refused for that, which tells nothing of
/// the cards.
pub(super) fn ways_of(world: &World, call: &Call, past: Option<Past>) -> Vec<Way> {
    let Some(past) = past.filter(|past| past.is_unknown() && is_first_use(world, call)) else {
        return ways::ways(world, call);
    };
    let mut ways = ways::ways(world, call);
    if let Wish::Create { .. } = call.wish {
        for way in &mut ways {
            if matches!(
                way.answer,
                Answer::Refusal(400 | 409 | 422, RefusalKind::Limit)
            ) {
                way.choices.clear();
            }
        }
    }
    match past {
        Past::Shared => ways.iter_mut().for_each(without_holders),
        Past::Unknown | Past::Read => put_to_no_test(&mut ways),
    }
    ways.extend(ways_of_before(world, call, past));
    ways
}

/// Whether another card holds a slot meanwhile, so that its rule is put to the test, nobody knows.
fn without_holders(way: &mut Way) {
    if let Effect::Create { .. } = way.effect {
        way.choices
            .retain(|choice| !OF_STATE.contains(&choice.point));
        if matches!(
            way.rule,
            id::LIMIT_2 | id::LIMIT_3 | id::LIMIT_4 | id::LIMIT_5 | id::LIMIT_6
        ) {
            way.rule = id::CREATE_1;
        }
    }
}

/// A create that succeeds says nothing of the limit where its slot may have been free.
fn put_to_no_test(ways: &mut [Way]) {
    let free = |way: &&Way| way.effect == Effect::Create { over_limit: None };
    let Some(rule) = ways.iter().find(free).map(|way| way.rule) else {
        return;
    };
    let creates = ways
        .iter_mut()
        .filter(|way| matches!(way.effect, Effect::Create { .. }));
    creates.for_each(|way| way.rule = rule);
}

/// How a call is answered whose key was used before the recording began, or by others.
fn ways_of_before(world: &World, call: &Call, past: Past) -> Vec<Way> {
    let again = |effect| Way::success(id::IDEM_3, effect);
    match (&call.wish, past) {
        // The card that was made then is in whatever state it has come to; it has not been seen before. Where nobody else acts,
        // it is taken for a new one until something speaks against that ([`Judge::as_old`]).
        (Wish::Create { .. }, Past::Shared) => vec![again(Effect::Create { over_limit: None })],
        (Wish::Create { .. }, _) => Vec::new(),
        // A card that was terminated then is so still, as if it were terminated now.
        (Wish::Act(Action::Terminate, _), Past::Shared) => Vec::new(),
        (Wish::Act(..), Past::Shared) => vec![again(Effect::Nothing)],
        (Wish::Act(action, _), _) => {
            let mut ways = ways::refusals_elsewhere().to_vec();
            if *action != Action::Terminate && may_be_of_before(world, call) {
                ways.push(again(Effect::Nothing));
            }
            ways
        }
    }
}

/// Nothing in the trace that was carried out had the call's key before.
fn is_first_use(world: &World, call: &Call) -> bool {
    match &call.key {
        Key::Uuid(key) => world.keys.get(key).is_none_or(|entries| {
            let is_undone = |e: &Remembered| {
                matches!(
                    e.outcome,
                    Outcome::LostUndone | Outcome::LostRefused | Outcome::InFlight(_)
                )
            };
            entries.iter().all(is_undone)
        }),
        Key::Missing | Key::Malformed | Key::Overlong | Key::Exempt | Key::Single => true,
    }
}

/// The call may have been sent before the recording began.
fn may_be_of_before(world: &World, call: &Call) -> bool {
    match &call.wish {
        Wish::Create { .. } => true,
        Wish::Act(_, Id::Known(card)) => world.card(card).is_some_and(Card::is_of_before),
        Wish::Act(..) => false,
    }
}
