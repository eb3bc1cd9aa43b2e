//! Accounts that did not begin empty. Cards of before are taken into the worlds as they are read; nobody knows how they
//! came about, and what no read shows may hold a slot all the same ([`crate::world::unseen`]).
//!
//! What stands at the start of a case ([`StepNumber::BEFORE`]) is taken in and not judged: what was before the case is not
//! its concern, and whatever is wrong with a read shows when the case reads. Nor is a call judged that is about a card of
//! which an account with an unknown past has shown nothing yet.

use std::collections::HashMap;

use serde_json::Value;

use super::facts::Source;
use super::follow::{Judge, Scene};
use super::lists::text;
use super::overlap;
use super::pending::Likeness;
use super::request::Asked;
use crate::card::{AccountId, Action, CardId, CardStatus, CardType};
use crate::case::StepNumber;
use crate::contract::{Contract, OperationKind, Route};
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, NOT_RECORDED, Past};
use crate::world::lifecycle::keeping_rule;
use crate::world::ways::{self, Answer, Call, Effect, Id, Key, RefusalKind, Way, Wish};
use crate::world::{Card, Moment, Outcome, Remembered, Since, Unseen, World, limit};

/// A card as it is shown that was there before the case.
struct Shown {
    card: CardId,
    likeness: Likeness,
    status: CardStatus,
}

impl Shown {
    fn of(view: &Value) -> Option<Self> {
        Some(Self {
            card: CardId::new(text(view, "id")?),
            likeness: Likeness::of(view)?,
            status: CardStatus::from_wire(text(view, "status")?)?,
        })
    }

    fn as_card(&self, moment: Moment, over_limit: Option<RequirementId>) -> Card {
        let rule = match self.status.is_final() {
            true => keeping_rule(self.status),
            false => id::READ_7,
        };
        Card {
            id: Some(self.card.clone()),
            account: self.likeness.account.clone(),
            card_type: self.likeness.card_type,
            status: self.status,
            over_limit,
            issued: false,
            made_by: StepNumber::BEFORE,
            since: Since {
                moment,
                step: StepNumber::BEFORE,
                rule,
            },
        }
    }

    /// The worlds that this card leaves of one: it is the holder of its slot, if it can be one, or not.
    fn joins(&self, world: &World, moment: Moment) -> Vec<World> {
        let mut world = world.clone();
        if let Some(place) = world.position(&self.card) {
            // Seen before: the later look counts.
            world.cards.remove(place);
        }
        let with = |over_limit| {
            let mut world = world.clone();
            world.add(self.as_card(moment, over_limit));
            world
        };
        let is_rival = |card: &Card| {
            card.account == self.likeness.account
                && card.card_type == self.likeness.card_type
                && limit::holds(card)
        };
        let held = world.cards.iter().any(is_rival);
        match self.status {
            CardStatus::Issuing if held => vec![with(Some(id::LIMIT_4))],
            CardStatus::Issuing => vec![with(None), with(Some(id::LIMIT_4))],
            _ => vec![with(None)],
        }
    }
}

/// What is known of the past of an account.
pub(super) fn past(trace: &CaseTrace, account: &AccountId) -> Option<Past> {
    let mut own = trace.accounts.iter().filter(|(_, own)| *own == account);
    own.find_map(|(letter, _)| trace.pasts.get(letter)).copied()
}

/// The slots that cards of before may hold unseen. An account whose own list is not in the trace is as good as unread.
pub(super) fn unseen(contract: &Contract, trace: &CaseTrace) -> Unseen {
    let mut unseen = Unseen::new();
    for account in trace.accounts.values() {
        let is_list = |e: &&Exchange| {
            let route = contract.route(&e.request.method, &e.request.path);
            e.step == StepNumber::BEFORE
                && route.is_some_and(|r| r.operation == OperationKind::ListAccountCards)
                && e.request
                    .path
                    .to_ascii_lowercase()
                    .contains(account.as_str())
                && e.is_success()
                && e.json().is_some_and(|body| body.is_array())
        };
        let past = match past(trace, account) {
            Some(Past::Read) if !trace.exchanges.iter().any(|e| is_list(&e)) => Some(Past::Unknown),
            past => past,
        };
        if let Some(past) = past {
            let slots = CardType::ALL.map(|card_type| ((account.clone(), card_type), past));
            unseen.extend(slots);
        }
    }
    unseen
}

/// The exchanges that show each card, where cards of before may turn up at any time; else, nothing.
pub(super) fn shown(trace: &CaseTrace) -> HashMap<CardId, Vec<Moment>> {
    let mut shown: HashMap<CardId, Vec<Moment>> = HashMap::new();
    if !trace.pasts.values().any(|past| past.is_unknown()) {
        return shown;
    }
    for (moment, exchange) in trace.exchanges.iter().enumerate() {
        let views = match exchange.json() {
            Some(Value::Array(views)) => views,
            Some(view) => vec![view],
            None => Vec::new(),
        };
        for card in views.iter().filter_map(|view| text(view, "id")) {
            shown.entry(CardId::new(card)).or_default().push(moment);
        }
    }
    shown
}

impl Judge<'_> {
    /// What is known of the past of an account.
    pub(super) fn past(&self, account: &AccountId) -> Option<Past> {
        past(self.trace, account)
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
        let Some(card) = super::follow::made_in(exchange) else {
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

    /// The trace is a part of what happened meanwhile.
    pub(super) fn is_in_company(&self) -> bool {
        self.trace.pasts.values().any(|past| *past == Past::Shared)
    }

    /// What is known of the account of which the least is.
    pub(super) fn least_known(&self) -> Option<Past> {
        self.trace.pasts.values().max().copied()
    }

    /// How many worlds are followed where otherwise it is `most`. A recording of others holds many accounts, and what is
    /// not known of one multiplies its worlds.
    pub(super) fn at_most(&self, most: usize) -> usize {
        const FEWER: usize = 4;
        match self.has_unknown_past() {
            true => most / FEWER,
            false => most,
        }
    }

    /// Some account may have cards that nobody has seen yet, in any state.
    pub(super) fn has_unknown_past(&self) -> bool {
        self.trace.pasts.values().any(|past| past.is_unknown())
    }

    /// Takes in what an account with a past was found to hold before the case began.
    pub(super) fn read_before(&mut self, moment: Moment, exchange: &Exchange) {
        let (views, is_list) = match exchange.json().filter(|_| exchange.is_success()) {
            Some(Value::Array(views)) => (views, true),
            Some(view) => (vec![view], false),
            None => return,
        };
        let mut shown: Vec<Shown> = views.iter().filter_map(Shown::of).collect();
        shown.retain(|shown| self.past(&shown.likeness.account).is_some());
        // Those that surely hold a slot come first, since one that is issuing may be over the limit.
        shown.sort_by_key(|shown| shown.status == CardStatus::Issuing);
        for shown in shown {
            let listed = super::lists::reading_of_ended(shown.status, is_list);
            let worlds = self.worlds.iter();
            let worlds = worlds.flat_map(|world| shown.joins(world, moment));
            let worlds = worlds.map(|world| match is_list {
                true => world.with(listed.as_slice()).unwrap_or(world),
                false => world,
            });
            self.settle_on(worlds.collect(), exchange.step);
        }
    }

    /// The worlds that a card leaves of one which did not know it, if it may have been there before.
    pub(super) fn as_of_before(&self, world: &World, view: &Value, moment: Moment) -> Vec<World> {
        match Shown::of(view).filter(|shown| self.may_be_of_before(shown)) {
            Some(shown) => shown.joins(world, moment),
            None => Vec::new(),
        }
    }

    /// A create may be an old one, answered again: its card is in whatever state it has come to since.
    pub(super) fn may_be_old(&self, card: &CardId) -> bool {
        let is_alone = self.has_unknown_past() && !self.is_in_company();
        is_alone && (self.unconfirmed.contains(card) || self.race.made.contains(card))
    }

    /// The worlds in which such a card is an old one.
    pub(super) fn as_old(&self, world: &World, card: &CardId, now: Since) -> Vec<World> {
        let Some(place) = world.position(card).filter(|_| self.may_be_old(card)) else {
            return Vec::new();
        };
        let mut without = world.clone();
        let new = without.cards.remove(place);
        if new.status == CardStatus::Terminated {
            return Vec::new(); // a call has ended it, however old it is
        }
        let is_rival =
            |other: &&Card| other.account == new.account && other.card_type == new.card_type;
        let is_held = without.cards.iter().filter(is_rival).any(limit::holds);
        let statuses = CardStatus::ALL.into_iter();
        let statuses = statuses.filter(|status| status.is_final() || !is_held);
        let over_limit = [(CardStatus::Issuing, Some(id::LIMIT_4))];
        let states = statuses.map(|status| (status, None)).chain(over_limit);
        let old = states.map(|(status, over_limit)| {
            let mut world = without.clone();
            world.add(Card {
                status,
                over_limit,
                issued: false,
                made_by: StepNumber::BEFORE,
                since: now,
                ..new.clone()
            });
            world
        });
        old.collect()
    }

    /// Of an account that was read all cards have been seen, but for final ones that the list left out.
    fn may_be_of_before(&self, shown: &Shown) -> bool {
        match self.past(&shown.likeness.account) {
            Some(Past::Unknown | Past::Shared) => true,
            Some(Past::Read) => shown.status.is_final(),
            None => false,
        }
    }

    /// A good answer to a call about a card that nobody has seen yet. Only a read tells what it is: that of a change may be an
    /// old one, given again.
    pub(super) fn unseen_card(&mut self, scene: &Scene<'_>, card: &CardId) {
        let is_read = scene.exchange.request.method == "GET";
        let view = scene.json().filter(|_| is_read && scene.is_success());
        let Some(view) = view.filter(|view| Shown::of(view).is_some_and(|s| s.card == *card))
        else {
            return;
        };
        let worlds = self.worlds.iter();
        let worlds: Vec<World> = worlds
            .flat_map(|world| self.as_of_before(world, &view, scene.moment))
            .collect();
        if !worlds.is_empty() {
            self.settle_on(worlds, scene.exchange.step);
            self.look(scene, card, &view, Source::ById);
        }
    }

    /// What is asked for, if it concerns a card that may have been there before and has not been seen.
    pub(super) fn unless_unseen(&self, asked: Asked, card: &str) -> Asked {
        let card = CardId::new(card);
        match self.may_be_unseen(&card) && !self.knows_by_now(&card) {
            true => Asked::Unseen(card, Box::new(asked)),
            false => asked,
        }
    }

    /// A card of which nothing is known may have been there before the trace began.
    pub(super) fn may_be_unseen(&self, card: &CardId) -> bool {
        let is_foreign = self.terms.foreign_card.as_ref() == Some(card);
        let is_id = uuid::Uuid::try_parse(card.as_str()).is_ok();
        is_id && !is_foreign && self.has_unknown_past()
    }

    /// The case knows the card, or will when the race is over.
    pub(super) fn knows_by_now(&self, card: &CardId) -> bool {
        self.knows(card) || self.race.made.contains(card)
    }

    /// Whether a card was there before the case, or may have been.
    pub(super) fn is_of_before(&self, card: &CardId) -> bool {
        let mut believed = self.worlds.iter().filter_map(|world| world.card(card));
        match believed.next() {
            Some(card) => card.is_of_before(),
            None => !self.trace.pasts.is_empty(),
        }
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
    if past == Past::Shared {
        // Whether another card holds a slot meanwhile, so that its rule is put to the test, nobody knows.
        let of_holders = |way: &&mut Way| matches!(way.rule, id::LIMIT_2 | id::LIMIT_3);
        let ways = ways.iter_mut().filter(of_holders);
        ways.for_each(|way| way.rule = id::CREATE_1);
    }
    ways.extend(ways_of_before(world, call, past));
    ways
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
        Key::Missing | Key::Malformed | Key::Exempt | Key::Single => true,
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

impl Card {
    /// The card in the words of a departure: by the step that made it.
    pub(super) fn in_words(&self) -> String {
        match self.is_of_before() {
            true => format!("the {} card of before the case", self.card_type),
            false => format!("the {} card of step {}", self.card_type, self.made_by),
        }
    }
}
