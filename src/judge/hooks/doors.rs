//! The addresses that steps subscribe, as doors: which are closed, and that nothing is told there.

use std::collections::{BTreeMap, BTreeSet};

use super::Told;
use super::payload::status_word;
use super::standing::{asked_for, is_without_cards};
use super::subscriptions::{changes_one, name_of};
use crate::card::CardStatus;
use crate::case::StepNumber;
use crate::contract::OperationKind;
use crate::judge::follow::{Found, Judge};
use crate::requirement::{RequirementId, id};
use crate::trace::{Micros, Response};

impl Judge<'_> {
    /// HOOK-12, HOOK-15, HOOK-16 and HOOK-18: an event at an address that is no subscription's, or no longer, or that of one
    /// to other types. What happened while it was one may come late.
    pub(super) fn closed_subscriptions(&mut self, told: &[Told<'_>]) {
        let closed = self.closed();
        if !told.is_empty() {
            let rules: BTreeSet<RequirementId> = closed.values().map(|door| door.rule).collect();
            rules.into_iter().for_each(|rule| self.show(rule));
        }
        for event in told {
            let door = event.event.subscription.and_then(|step| closed.get(&step));
            let (Some(door), Some(card)) = (door, self.known_card(event)) else {
                continue;
            };
            let status = CardStatus::from_wire(status_word(&event.body));
            let since = status.and_then(|status| self.since_when(&card, status));
            let is_over = |at| since.is_some_and(|since| since > at);
            if door.at.is_none_or(is_over) {
                let (subject, expected) = door.words();
                let actual = format!("one that shows `{}`", status_word(&event.body));
                let found = Found::plain(subject, expected.into(), actual);
                self.depart_at(event.moment, &[door.rule], found);
            }
        }
    }

    /// The addresses that are surely no subscription's, by the step that named them.
    fn closed(&self) -> BTreeMap<StepNumber, Closed> {
        let mut open: BTreeMap<String, StepNumber> = BTreeMap::new();
        let mut closed = BTreeMap::new();
        for (moment, exchange) in self.trace.exchanges.iter().enumerate() {
            let request = &exchange.request;
            let (Some(route), Some(response)) = (
                self.contract.route(&request.method, &request.path),
                exchange.telling().filter(|_| !exchange.token_over),
            ) else {
                continue;
            };
            if !changes_one(route.operation) || self.first_of(moment).is_some() {
                continue;
            }
            let mut close = |step: StepNumber, at: Option<Micros>, rule| {
                closed.entry(step).or_insert(Closed { at, rule });
            };
            match route.operation {
                OperationKind::PutWebhook if response.is_success() => {
                    let Some(id) = id_in(response) else {
                        continue;
                    };
                    let before = open.insert(id, exchange.step);
                    let since = before.map(|_| exchange.received_at);
                    if let Some(before) = before {
                        close(before, since, id::HOOK_16);
                    }
                    if asked_for(exchange).is_some_and(|types| is_without_cards(&types)) {
                        close(exchange.step, since, id::HOOK_18);
                    }
                }
                OperationKind::PutWebhook => close(exchange.step, None, id::HOOK_15),
                OperationKind::DeleteWebhook if response.is_success() => {
                    if let Some(step) = open.get(&name_of(route.webhook.unwrap_or_default())) {
                        close(*step, Some(exchange.received_at), id::HOOK_12);
                    }
                }
                _ => {}
            }
        }
        closed
    }
}

/// An address to which no event may come any more.
struct Closed {
    /// Since when; none: it was never a subscription's.
    at: Option<Micros>,
    rule: RequirementId,
}

impl Closed {
    /// What an event there is called, and what it should be.
    fn words(&self) -> (&'static str, &'static str) {
        match self.rule {
            id::HOOK_15 => (
                "an event at an address that was refused",
                "none, since no subscription has it",
            ),
            id::HOOK_16 => (
                "an event at the address that a subscription had before",
                "none of what happened later",
            ),
            id::HOOK_18 => (
                "an event of a type that was not asked for",
                "none, since the subscription is to other types",
            ),
            _ => (
                "an event for a subscription that was removed",
                "none of what happened later",
            ),
        }
    }
}

/// The id of the subscription that an answer shows.
pub(super) fn id_in(response: &Response) -> Option<String> {
    response.json()?.get("id")?.as_str().map(name_of)
}
