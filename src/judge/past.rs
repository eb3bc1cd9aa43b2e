//! Accounts that did not begin empty. Cards of before are taken into the worlds as they are read; nobody knows how they
//! came about, and what no read shows may hold a slot all the same ([`crate::world::unseen`]).
//!
//! What stands at the start of a case ([`StepNumber::BEFORE`]) is taken in and not judged: what was before the case is not
//! its concern, and whatever is wrong with a read shows when the case reads. Nor is a call judged that is about a card of
//! which an account with an unknown past has shown nothing yet.

use serde_json::Value;

use super::facts::Source;
use super::follow::{Judge, Scene};
use super::lists::text;
use super::pending::Likeness;
use super::request::Asked;
use crate::card::{AccountId, Action, CardId, CardStatus, CardType};
use crate::case::StepNumber;
use crate::contract::{Contract, OperationKind, Route};
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, NOT_RECORDED, Past};
use crate::world::lifecycle::keeping_rule;
use crate::world::ways::{self, Answer, Call, Effect, Id, Key, RefusalKind, Way, Wish};
use crate::world::{Card, Moment, Since, Unseen, World, limit};

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
            Wish::Act(_, Id::Known(card)) => self.is_open_to_others(card, worlds),
            Wish::Act(..) => false,
        }
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
        let shows = |other: &&Exchange| {
            let is_same = |view: &Value| text(view, "id").map(CardId::new).as_ref() == Some(&card);
            match other.json() {
                Some(Value::Array(views)) => views.iter().any(is_same),
                Some(view) => is_same(&view),
                None => false,
            }
        };
        let key = exchange.request.header("idempotency-key");
        let mut others = self.trace.exchanges.iter().filter(|other| {
            let is_retry = other.request.method == "POST"
                && key != Some(NOT_RECORDED)
                && other.request.header("idempotency-key") == key;
            other.sent_at < exchange.received_at && *other != exchange && !is_retry
        });
        others.any(|other| shows(&other))
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

    /// Of an account that was read all cards have been seen, but for final ones that the list left out.
    fn may_be_of_before(&self, shown: &Shown) -> bool {
        match self.past(&shown.likeness.account) {
            Some(Past::Unknown | Past::Shared) => true,
            Some(Past::Read) => shown.status.is_final(),
            None => false,
        }
    }

    /// A good answer to a call about a card that nobody has seen yet. Only a read tells what it is.
    pub(super) fn unseen_card(&mut self, scene: &Scene<'_>, card: &CardId) {
        let view = scene.json().filter(|_| scene.is_success());
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

    /// Whether what is asked for concerns a card that may have been there before and has not been seen.
    pub(super) fn unless_unseen(&self, asked: Asked, card: &str) -> Asked {
        let card = CardId::new(card);
        let is_foreign = self.terms.foreign_card.as_ref() == Some(&card);
        let is_id = uuid::Uuid::try_parse(card.as_str()).is_ok();
        if is_id && !is_foreign && self.has_unknown_past() && !self.knows_by_now(&card) {
            return Asked::Unseen(card);
        }
        asked
    }

    fn knows_by_now(&self, card: &CardId) -> bool {
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
/// trace: then a create may be refused for that, which tells nothing of the limit; and in company the call may be answered
/// as that was, and nothing is done.
pub(super) fn ways_of(world: &World, call: &Call, past: Option<Past>) -> Vec<Way> {
    let mut ways = ways::ways(world, call);
    let is_first = match &call.key {
        Key::Uuid(key) => world.keys.get(key).is_none_or(Vec::is_empty),
        Key::Missing | Key::Malformed | Key::Exempt | Key::Single => true,
    };
    if !is_first || !past.is_some_and(Past::is_unknown) {
        return ways;
    }
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
    if past == Some(Past::Shared) {
        // Whether another card holds a slot meanwhile, so that its rule is put to the test, nobody knows.
        let of_holders = |way: &&mut Way| matches!(way.rule, id::LIMIT_2 | id::LIMIT_3);
        let ways = ways.iter_mut().filter(of_holders);
        ways.for_each(|way| way.rule = id::CREATE_1);
    }
    // A card that was terminated then is so still, as if it were terminated now.
    let is_same_again = matches!(call.wish, Wish::Act(Action::Terminate, _));
    if past == Some(Past::Shared) && !is_same_again {
        // The card that was made then is in whatever state it has come to; it has not been seen before.
        let effect = match call.wish {
            Wish::Create { .. } => Effect::Create { over_limit: None },
            Wish::Act(..) => Effect::Nothing,
        };
        ways.push(Way::success(id::IDEM_3, effect));
    }
    ways
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
