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
use super::lists::{reading_of_ended, text, views};
use super::pending::Likeness;
use super::request::Asked;
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::case::StepNumber;
use crate::contract::{Contract, OperationKind};
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, Past};
use crate::world::lifecycle::keeping_rule;
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
        let past = match past(trace, account) {
            Some(Past::Read) if !was_listed(contract, trace, account) => Past::Unknown,
            Some(past) => past,
            None => continue,
        };
        unseen.extend(CardType::ALL.map(|card_type| ((account.clone(), card_type), past)));
    }
    unseen
}

/// An account's own list was read before the case.
fn was_listed(contract: &Contract, trace: &CaseTrace, account: &AccountId) -> bool {
    trace.exchanges.iter().any(|exchange| {
        let request = &exchange.request;
        let route = contract.route(&request.method, &request.path);
        exchange.step == StepNumber::BEFORE
            && route.is_some_and(|route| {
                route.operation == OperationKind::ListAccountCards
                    && route.account.map(AccountId::new).as_ref() == Some(account)
            })
            && exchange.is_success()
            && exchange.json().is_some_and(|body| body.is_array())
    })
}

/// The exchanges that show each card, where cards of before may turn up at any time; else, nothing.
pub(super) fn shown(trace: &CaseTrace) -> HashMap<CardId, Vec<Moment>> {
    let mut shown: HashMap<CardId, Vec<Moment>> = HashMap::new();
    if !trace.pasts.values().any(|past| past.is_unknown()) {
        return shown;
    }
    for (moment, exchange) in trace.exchanges.iter().enumerate() {
        let views = views(exchange.json());
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
        if !exchange.is_success() {
            return;
        }
        let body = exchange.json();
        let is_list = body.as_ref().is_some_and(Value::is_array);
        let mut shown: Vec<Shown> = views(body).iter().filter_map(Shown::of).collect();
        shown.retain(|shown| self.past(&shown.likeness.account).is_some());
        // Those that surely hold a slot come first, since one that is issuing may be over the limit.
        shown.sort_by_key(|shown| shown.status == CardStatus::Issuing);
        for shown in shown {
            let listed = reading_of_ended(shown.status, is_list);
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
        let text = card.as_str();
        let is_id = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
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

impl Card {
    /// The card in the words of a departure: by the step that made it.
    pub(super) fn in_words(&self) -> String {
        match self.is_of_before() {
            true => format!("the {} card of before the case", self.card_type),
            false => format!("the {} card of step {}", self.card_type, self.made_by),
        }
    }
}
