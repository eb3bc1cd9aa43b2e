//! Subscriptions: what was asked for, what is read back, and that a removed one is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Told;
use super::payload::status_word;
use crate::card::CardStatus;
use crate::card_view::is_same_member;
use crate::case::{Command, StepNumber};
use crate::contract::OperationKind;
use crate::judge::answers::answered;
use crate::judge::follow::{Found, Judge, Scene};
use crate::judge::request::Asked;
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Micros, Reply, Response};
use crate::world::Moment;
use crate::world::ways::{self, Effect, Input, Way};

/// A subscription that the case made.
struct Made {
    shown: Value,
    step: StepNumber,
    removed: bool,
    /// A change of it, or its removal, was refused.
    was_refused: bool,
}

impl Made {
    /// The rules by which it is read back as it was made.
    fn rules(&self) -> &'static [RequirementId] {
        match self.was_refused {
            true => &[id::HOOK_15, id::HOOK_11],
            false => &[id::HOOK_11],
        }
    }
}

/// What came of the case's subscriptions.
#[derive(Default)]
struct Subscriptions {
    made: BTreeMap<String, Made>,
    /// The callback addresses that were refused, and the steps that named them.
    refused: BTreeMap<String, StepNumber>,
}

impl Judge<'_> {
    /// HOOK-10 to HOOK-12, HOOK-15 and HOOK-16, as far as answers go.
    pub(super) fn subscriptions(&mut self) {
        let mut known = Subscriptions::default();
        let trace = self.trace;
        for (moment, exchange) in trace.exchanges.iter().enumerate() {
            let request = &exchange.request;
            let Some(route) = self.contract.route(&request.method, &request.path) else {
                continue;
            };
            if exchange.token_over {
                continue;
            }
            let Some(response) = exchange.telling() else {
                // It says nothing, or HTTP-2 says it; and nobody knows what it has done.
                if route.operation == OperationKind::PutWebhook {
                    let sent = sent(exchange);
                    sent["id"]
                        .as_str()
                        .map(|id| known.made.remove(&name_of(id)));
                }
                continue;
            };
            let webhook = route.webhook.unwrap_or_default();
            match route.operation {
                OperationKind::PutWebhook => self.put(moment, exchange, response, &mut known),
                OperationKind::GetWebhook if !self.is_bent(exchange) => {
                    self.read_back(moment, response, known.made.get(&name_of(webhook)));
                }
                OperationKind::ListWebhooks => self.listed_back(moment, response, &known),
                OperationKind::DeleteWebhook => {
                    let made = known.made.get_mut(&name_of(webhook));
                    self.removed(moment, exchange, response, made);
                }
                _ => {}
            }
        }
    }

    /// A read, or a removal, that is to be refused for its access or its key. The others are judged with what they show.
    pub(in crate::judge) fn webhook(&mut self, scene: &Scene<'_>) {
        let step = self.case.steps.get(scene.exchange.step.0.wrapping_sub(1));
        let is_told = matches!(step.map(|step| &step.command), Some(Command::Hook(_)));
        if !is_told || !self.is_bent(scene.exchange) {
            return;
        }
        let ways = match self.wrong_key(&scene.exchange.request) {
            Some(rule) => ways::keyless_ways(rule),
            None => vec![Way::success(id::HOOK_11, Effect::Nothing)],
        };
        self.only(scene, ways);
    }

    /// Whether it was rightly accepted or refused has been judged with the other answers (HOOK-14).
    fn put(
        &mut self,
        moment: Moment,
        exchange: &Exchange,
        response: &Response,
        known: &mut Subscriptions,
    ) {
        let sent = sent(exchange);
        let named = sent["id"].as_str().unwrap_or_default();
        if !is_success(response) {
            let standing = known.made.get_mut(&name_of(named));
            if let Some(made) = standing.filter(|made| !made.removed) {
                made.was_refused = true;
            }
            if let Some(address) = sent["callbackUrl"].as_str() {
                known.refused.insert(address.to_owned(), exchange.step);
            }
            return;
        }
        if matches!(
            self.understood(moment).asked,
            Asked::Subscribe(Input::Invalid(_))
        ) {
            return;
        }
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        if let Some((name, sent, shown)) = unlike(&["callbackUrl", "types"], &sent, &body) {
            let subject = format!("`{name}` of a new subscription");
            return self.depart_at(moment, &[id::HOOK_10], Found::plain(&subject, sent, shown));
        }
        if let Some(made) = known.made.get(&name_of(named)) {
            self.show(id::HOOK_16);
            if let Some((name, before, now)) = unlike(&["id", "createdAt"], &made.shown, &body) {
                let subject = format!("`{name}` of a changed subscription");
                self.depart_at(moment, &[id::HOOK_16], Found::plain(&subject, before, now));
            }
        }
        if let Some(id) = body["id"].as_str() {
            let made = Made {
                shown: body.clone(),
                step: exchange.step,
                removed: false,
                was_refused: false,
            };
            known.made.insert(name_of(id), made);
        }
    }

    fn read_back(&mut self, moment: Moment, response: &Response, made: Option<&Made>) {
        let Some(made) = made else { return };
        if made.removed {
            self.show(id::HOOK_12);
            if is_success(response) {
                let found = Found::plain(
                    "a read of a subscription that was removed",
                    "not found (404)".into(),
                    answered(response),
                );
                self.depart_at(moment, &[id::HOOK_12], found);
            }
            return;
        }
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        if !is_success(response) {
            let rules = made.rules();
            self.show(rules[0]);
            let found = Found::plain(
                "a read of a subscription",
                "200 and the subscription".into(),
                answered(response),
            );
            return self.depart_at(moment, rules, found);
        }
        self.same_subscription(moment, made, &body);
    }

    fn listed_back(&mut self, moment: Moment, response: &Response, known: &Subscriptions) {
        let list: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let Some(list) = list.as_array().filter(|_| is_success(response)) else {
            return; // the document says it
        };
        self.list_of_others(moment, list);
        self.list_of_refused(moment, list, &known.refused);
        for (id, made) in &known.made {
            let is_it = |s: &&Value| s["id"].as_str().is_some_and(|shown| name_of(shown) == *id);
            let found = list.iter().find(is_it);
            match (found, made.removed) {
                (Some(shown), false) => self.same_subscription(moment, made, shown),
                (None, true) => self.show(id::HOOK_12),
                (None, false) => {
                    let found = Found::plain(
                        "the list of subscriptions",
                        format!("the one of step {}", made.step),
                        "a list without it".into(),
                    );
                    self.depart_at(moment, made.rules(), found);
                }
                (Some(_), true) => {
                    let found = Found::plain(
                        "the list of subscriptions",
                        "none that was removed".into(),
                        format!("the one of step {}", made.step),
                    );
                    self.depart_at(moment, &[id::HOOK_12], found);
                }
            }
        }
    }

    /// HOOK-17, as far as a list shows it.
    fn list_of_others(&mut self, moment: Moment, list: &[Value]) {
        let Some(foreign) = self.terms.foreign_subscription else {
            return;
        };
        self.show(id::HOOK_17);
        let mut ids = list.iter().filter_map(|s| s["id"].as_str());
        if ids.any(|id| id.eq_ignore_ascii_case(&foreign.to_string())) {
            let found = Found::plain(
                "the list of subscriptions",
                "none of another programme".into(),
                "the one that the profile names".into(),
            );
            self.depart_at(moment, &[id::HOOK_17], found);
        }
    }

    /// HOOK-15: an address that was refused is in no list.
    fn list_of_refused(
        &mut self,
        moment: Moment,
        list: &[Value],
        refused: &BTreeMap<String, StepNumber>,
    ) {
        if refused.is_empty() {
            return;
        }
        self.show(id::HOOK_15);
        let mut addresses = list.iter().filter_map(|s| s["callbackUrl"].as_str());
        if let Some(step) = addresses.find_map(|address| refused.get(address)) {
            let found = Found::plain(
                "the list of subscriptions",
                "none that was refused".into(),
                format!("the one of step {step}"),
            );
            self.depart_at(moment, &[id::HOOK_15], found);
        }
    }

    /// HOOK-11; or HOOK-15, where a change was refused meanwhile.
    fn same_subscription(&mut self, moment: Moment, made: &Made, shown: &Value) {
        let rules = made.rules();
        self.show(rules[0]);
        let names = ["id", "callbackUrl", "types", "createdAt"];
        if let Some((name, before, now)) = unlike(&names, &made.shown, shown) {
            let subject = format!("`{name}` of a subscription");
            self.depart_at(moment, rules, Found::plain(&subject, before, now));
        }
    }

    fn removed(
        &mut self,
        moment: Moment,
        exchange: &Exchange,
        response: &Response,
        made: Option<&mut Made>,
    ) {
        let Some(made) = made else { return };
        if is_success(response) {
            made.removed = true;
        } else if self.is_bent(exchange) {
            made.was_refused = true;
        } else if !made.removed {
            let found = Found::plain(
                "the removal of a subscription",
                "204".into(),
                answered(response),
            );
            self.depart_at(moment, &[id::HOOK_12], found);
        }
    }

    /// HOOK-12, HOOK-15 and HOOK-16: an event at an address that is no subscription's, or no longer. What happened while it
    /// was one may come late.
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
        for exchange in &self.trace.exchanges {
            let request = &exchange.request;
            let (Some(route), Some(response)) = (
                self.contract.route(&request.method, &request.path),
                exchange.telling().filter(|_| !exchange.token_over),
            ) else {
                continue;
            };
            let mut close = |step: StepNumber, at: Option<Micros>, rule| {
                closed.insert(step, Closed { at, rule });
            };
            match route.operation {
                OperationKind::PutWebhook if is_success(response) => {
                    let Some(id) = answer(exchange)["id"].as_str().map(name_of) else {
                        continue;
                    };
                    if let Some(before) = open.insert(id, exchange.step) {
                        close(before, Some(exchange.received_at), id::HOOK_16);
                    }
                }
                OperationKind::PutWebhook => close(exchange.step, None, id::HOOK_15),
                OperationKind::DeleteWebhook if is_success(response) => {
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
            _ => (
                "an event for a subscription that was removed",
                "none of what happened later",
            ),
        }
    }
}

/// What a request says; null if it is no JSON.
fn sent(exchange: &Exchange) -> Value {
    let body = exchange.request.body.as_deref().unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

/// The first of these members that is another one in the second body, and what it is in both.
fn unlike<'n>(
    names: &[&'n str],
    first: &Value,
    second: &Value,
) -> Option<(&'n str, String, String)> {
    let mut names = names.iter();
    let name = names.find(|name| !is_equal(name, first, second))?;
    Some((name, first[*name].to_string(), second[*name].to_string()))
}

fn answer(exchange: &Exchange) -> Value {
    match &exchange.reply {
        Reply::Got(response) => serde_json::from_str(&response.body).unwrap_or_default(),
        Reply::Lost(_) | Reply::LetGo(_) => Value::Null,
    }
}

fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status)
}

/// Equal members of two subscriptions; types have no order.
fn is_equal(name: &str, first: &Value, second: &Value) -> bool {
    let words = |value: &Value| -> BTreeSet<String> {
        let words = value[name].as_array().into_iter().flatten();
        words.map(Value::to_string).collect()
    };
    match name {
        "types" => words(first) == words(second),
        _ => is_same_member(name, &first[name], &second[name]),
    }
}

/// The id of a subscription; UUIDs compare without case (contract.md, operations).
fn name_of(id: &str) -> String {
    id.to_ascii_lowercase()
}
