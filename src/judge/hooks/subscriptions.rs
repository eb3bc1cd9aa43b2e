//! Subscriptions: what was asked for, what is read back, and that a removed one is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Told;
use super::payload::status_word;
use crate::card::CardStatus;
use crate::card_view::is_same_member;
use crate::case::StepNumber;
use crate::contract::OperationKind;
use crate::judge::answers::answered;
use crate::judge::follow::{Found, Judge};
use crate::requirement::id;
use crate::trace::{Exchange, Reply, Response};
use crate::world::Moment;

/// A subscription that the case made.
struct Made {
    shown: Value,
    step: StepNumber,
    removed: bool,
}

type Subscriptions = BTreeMap<String, Made>;

impl Judge<'_> {
    /// HOOK-10 to HOOK-12, as far as answers go.
    pub(super) fn subscriptions(&mut self) {
        let mut made = Subscriptions::new();
        let trace = self.trace;
        for (moment, exchange) in trace.exchanges.iter().enumerate() {
            let Some(response) = exchange.telling() else {
                continue; // it says nothing, or HTTP-2 says it
            };
            let request = &exchange.request;
            let Some(route) = self.contract.route(&request.method, &request.path) else {
                continue;
            };
            let webhook = route.webhook.unwrap_or_default();
            match route.operation {
                OperationKind::PutWebhook => self.made(moment, exchange, response, &mut made),
                OperationKind::GetWebhook => self.read_back(moment, response, made.get(webhook)),
                OperationKind::ListWebhooks => self.listed_back(moment, response, &made),
                OperationKind::DeleteWebhook => {
                    self.removed(moment, response, made.get_mut(webhook));
                }
                _ => {}
            }
        }
    }

    fn made(
        &mut self,
        moment: Moment,
        exchange: &Exchange,
        response: &Response,
        made: &mut Subscriptions,
    ) {
        self.show(id::HOOK_10);
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let sent = exchange.request.body.as_deref().unwrap_or_default();
        let sent: Value = serde_json::from_str(sent).unwrap_or_default();
        if !is_success(response) {
            return self.depart_subscription(moment, "200 and the subscription", response);
        }
        let unlike = ["callbackUrl", "types"]
            .into_iter()
            .find(|name| !is_equal(name, &sent, &body));
        if let Some(name) = unlike {
            let found = Found::plain(
                &format!("`{name}` of a new subscription"),
                sent[name].to_string(),
                body[name].to_string(),
            );
            return self.depart_at(moment, &[id::HOOK_10], found);
        }
        if let Some(id) = body["id"].as_str() {
            let subscription = Made {
                shown: body.clone(),
                step: exchange.step,
                removed: false,
            };
            made.insert(id.to_owned(), subscription);
        }
    }

    fn depart_subscription(&mut self, moment: Moment, expected: &str, response: &Response) {
        let found = Found::plain(
            "the answer to a subscription",
            expected.to_owned(),
            answered(response),
        );
        self.depart_at(moment, &[id::HOOK_10], found);
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
        self.show(id::HOOK_11);
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        if !is_success(response) {
            let found = Found::plain(
                "a read of a subscription",
                "200 and the subscription".into(),
                answered(response),
            );
            return self.depart_at(moment, &[id::HOOK_11], found);
        }
        self.same_subscription(moment, &made.shown, &body);
    }

    fn listed_back(&mut self, moment: Moment, response: &Response, made: &Subscriptions) {
        let list: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let Some(list) = list.as_array().filter(|_| is_success(response)) else {
            return; // the document says it
        };
        for (id, made) in made {
            let found = list.iter().find(|s| s["id"].as_str() == Some(id));
            match (found, made.removed) {
                (Some(shown), false) => {
                    self.show(id::HOOK_11);
                    self.same_subscription(moment, &made.shown, shown);
                }
                (None, true) => self.show(id::HOOK_12),
                (None, false) => {
                    let found = Found::plain(
                        "the list of subscriptions",
                        format!("the one of step {}", made.step),
                        "a list without it".into(),
                    );
                    self.depart_at(moment, &[id::HOOK_11], found);
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

    fn same_subscription(&mut self, moment: Moment, made: &Value, shown: &Value) {
        let unlike = ["id", "callbackUrl", "types", "createdAt"]
            .into_iter()
            .find(|name| !is_equal(name, made, shown));
        if let Some(name) = unlike {
            let found = Found::plain(
                &format!("`{name}` of a subscription"),
                made[name].to_string(),
                shown[name].to_string(),
            );
            self.depart_at(moment, &[id::HOOK_11], found);
        }
    }

    fn removed(&mut self, moment: Moment, response: &Response, made: Option<&mut Made>) {
        let Some(made) = made else { return };
        if is_success(response) {
            made.removed = true;
        } else if !made.removed {
            let found = Found::plain(
                "the removal of a subscription",
                "204".into(),
                answered(response),
            );
            self.depart_at(moment, &[id::HOOK_12], found);
        }
    }

    /// HOOK-12: an event that shows a state which came about after its subscription was removed.
    pub(super) fn removed_subscriptions(&mut self, told: &[Told<'_>]) {
        let removals = self.removals();
        if !removals.is_empty() && !told.is_empty() {
            self.show(id::HOOK_12);
        }
        for event in told {
            let removal = event
                .event
                .subscription
                .and_then(|step| removals.get(&step));
            let (Some(removed_at), Some(card)) = (removal, self.known_card(event)) else {
                continue;
            };
            let status = CardStatus::from_wire(status_word(&event.body));
            let since = status.and_then(|status| self.since_when(&card, status));
            if since.is_some_and(|since| since > self.trace.exchanges[*removed_at].received_at) {
                let found = Found::plain(
                    "an event for a subscription that was removed",
                    "none of what happened later".into(),
                    format!("one that shows `{}`", status_word(&event.body)),
                );
                self.depart_at(event.moment, &[id::HOOK_12], found);
            }
        }
    }

    /// When the subscription of each step was surely removed.
    fn removals(&self) -> BTreeMap<StepNumber, Moment> {
        let mut makers: BTreeMap<&str, StepNumber> = BTreeMap::new();
        let mut removals = BTreeMap::new();
        let bodies: Vec<Value> = self.trace.exchanges.iter().map(answer).collect();
        for (moment, exchange) in self.trace.exchanges.iter().enumerate() {
            let request = &exchange.request;
            let is_done = matches!(&exchange.reply, Reply::Got(r) if is_success(r));
            let route = self.contract.route(&request.method, &request.path);
            match route.map(|r| (r.operation, r.webhook.unwrap_or_default())) {
                Some((OperationKind::PutWebhook, _)) if is_done => {
                    if let Some(id) = bodies[moment]["id"].as_str() {
                        makers.insert(id, exchange.step);
                    }
                }
                Some((OperationKind::DeleteWebhook, id)) if is_done => {
                    if let Some(step) = makers.get(id) {
                        removals.insert(*step, moment);
                    }
                }
                _ => {}
            }
        }
        removals
    }
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
