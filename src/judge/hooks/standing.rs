//! What each subscription of a case asked for, and while which exchanges it surely stood.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Told;
use super::changes::Change;
use super::doors::id_in;
use super::subscriptions::{name_of, sent};
use crate::card::{CardId, CardStatus};
use crate::case::StepNumber;
use crate::contract::OperationKind;
use crate::judge::follow::Judge;
use crate::judge::request::Asked;
use crate::trace::{Exchange, Issuance};
use crate::world::Moment;

/// The type of the events of cards.
const CARD_UPDATED: &str = "card.updated";

/// The types of event that a request subscribes to.
pub(super) fn asked_for(exchange: &Exchange) -> Option<BTreeSet<String>> {
    let sent = sent(exchange);
    let types = sent["types"].as_array()?.iter();
    types.map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Whether these are types, and none of them is that of cards. What a subscription to no type at all is told of is open.
pub(super) fn is_without_cards(types: &BTreeSet<String>) -> bool {
    !types.is_empty() && !types.contains(CARD_UPDATED)
}

impl Judge<'_> {
    /// An event of another type than that of cards, which its subscription asked for: nothing is known of its form.
    pub(super) fn is_of_another_type(&self, told: &Told<'_>) -> bool {
        let named = told
            .text("webhookType")
            .filter(|name| *name != CARD_UPDATED);
        let (Some(named), Some(step)) = (named, told.event.subscription) else {
            return false;
        };
        let mut exchanges = self.trace.exchanges.iter();
        let subscribed = exchanges.find(|exchange| exchange.step == step);
        let asked = subscribed.and_then(asked_for);
        asked.is_some_and(|types| types.contains(named))
    }

    /// The changes of a card until an exchange of which the address that a step subscribed must be told: those that surely
    /// began when it stood, and were over before it may have been changed or removed.
    pub(super) fn owed(&self, step: StepNumber, card: &CardId, until: Moment) -> Vec<Change> {
        let (Some(stood), Some(changes)) = (self.stood(step), self.changes.get(card)) else {
            return Vec::new();
        };
        // What has no answer may take effect at any time.
        let exchanges = self.trace.exchanges.iter();
        let answered = exchanges.take_while(|exchange| exchange.telling().is_some());
        let answered = answered.count();
        let by_itself = self.terms.issuance == Issuance::Automatic || self.has_rival(card);
        let is_own = |change: &Change| by_itself && change.from == CardStatus::Issuing;
        changes
            .until(until)
            .filter(|change| change.by < answered)
            .filter(|change| stood.contains(&change.after) && stood.contains(&change.by))
            .filter(|change| !is_own(change))
            .collect()
    }

    /// From the exchange that subscribed an address to card events to the one that may have changed that, or removed it.
    fn stood(&self, step: StepNumber) -> Option<Range<Moment>> {
        let exchanges = &self.trace.exchanges;
        let from = exchanges.iter().position(|e| e.step == step)?;
        let subscribed = &exchanges[from];
        let is_asked =
            matches!(&self.understood(from).asked, Asked::Subscribe(input) if !input.is_invalid());
        let is_plain = is_asked && !self.is_bent(subscribed) && self.first_of(from).is_none();
        let response = subscribed
            .telling()
            .filter(|r| r.is_success() && is_plain)?;
        if !asked_for(subscribed)?.contains(CARD_UPDATED) {
            return None;
        }
        let id = id_in(response)?;
        let may_end = |exchange: &Exchange| {
            let is_refused = exchange.telling().is_some_and(|r| !r.is_success());
            !is_refused && self.concerns_subscription(exchange, &id)
        };
        let mut later = exchanges[from + 1..].iter();
        let end = later.position(may_end).map(|after| from + 1 + after);
        Some(from..end.unwrap_or(exchanges.len()))
    }

    /// Whether a call changes the subscription of this id, or removes it.
    fn concerns_subscription(&self, exchange: &Exchange, id: &str) -> bool {
        let request = &exchange.request;
        let route = self.contract.route(&request.method, &request.path);
        let sent = sent(exchange);
        let named = route.and_then(|route| match route.operation {
            OperationKind::PutWebhook => sent["id"].as_str(),
            OperationKind::DeleteWebhook => route.webhook,
            _ => None,
        });
        named.is_some_and(|named| name_of(named) == id)
    }
}
