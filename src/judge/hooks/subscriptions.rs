//! Subscriptions: what was asked for, what is read back, and that a removed one is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::card_view::is_same_member;
use crate::case::{Command, StepNumber};
use crate::contract::OperationKind;
use crate::judge::answers::answered;
use crate::judge::follow::{Found, Judge, Scene};
use crate::judge::request::Asked;
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Response};
use crate::world::Moment;
use crate::world::ways::{self, Effect, Way};

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
    /// The callback addresses that were refused and never accepted, and the steps that named them.
    refused: BTreeMap<String, StepNumber>,
}

impl Subscriptions {
    /// Whether one that stands has this address.
    fn stands_at(&self, address: &str) -> bool {
        let mut made = self.made.values();
        made.any(|made| !made.removed && made.shown["callbackUrl"] == address)
    }
}

impl<'t> Judge<'t> {
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
            if changes_one(route.operation) && self.repeated(moment, response) {
                continue;
            }
            match route.operation {
                OperationKind::PutWebhook if self.is_under_used_key(moment) => {}
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

    /// Whether an element of the list of subscriptions is one that the case made.
    pub(in crate::judge) fn is_own_subscription(&self, shown: &Value) -> bool {
        let id = shown["id"].as_str().map(name_of);
        let mut exchanges = self.trace.exchanges.iter();
        id.is_some()
            && exchanges.any(|exchange| {
                let request = &exchange.request;
                let route = self.contract.route(&request.method, &request.path);
                let made = exchange.response().filter(|response| response.is_success());
                route.is_some_and(|route| route.operation == OperationKind::PutWebhook)
                    && made.is_some_and(|made| {
                        let body: Value = made.json().unwrap_or_default();
                        body["id"].as_str().map(name_of) == id
                    })
            })
    }

    /// A read, or a removal, that is to be refused for its access or its key. The others are judged with what they show.
    pub(in crate::judge) fn webhook(&mut self, scene: &Scene<'_>) {
        let step = self.case.step(scene.exchange.step);
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

    /// It is to be refused (IDEM-5), and then nothing has changed.
    fn is_under_used_key(&self, moment: Moment) -> bool {
        self.understood(moment).asked == Asked::SubscribeUnderUsedKey
    }

    /// IDEM-3, of a call on subscriptions that was made before and succeeded. Whether this is one.
    fn repeated(&mut self, moment: Moment, response: &Response) -> bool {
        let Some(first) = self.first_of(moment) else {
            return false;
        };
        self.show(id::IDEM_3);
        let is_alike = first.response().is_some_and(|before| {
            before.status == response.status && before.json() == response.json()
        });
        if !is_alike {
            let expected = format!("what step {} was answered", first.step);
            let found = Found::plain(
                "the retry of a call on subscriptions",
                expected,
                answered(response),
            );
            self.depart_at(moment, &[id::IDEM_3], found);
        }
        true
    }

    /// The success of which a call on subscriptions is the retry: the same, under the same key.
    pub(super) fn first_of(&self, moment: Moment) -> Option<&'t Exchange> {
        let exchange = &self.trace.exchanges[moment];
        if self.is_bent(exchange) {
            return None;
        }
        let mut done = self.done_under_key(exchange);
        done.find(|first| first.request.body == exchange.request.body)
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
        if !response.is_success() {
            let standing = known.made.get_mut(&name_of(named));
            if let Some(made) = standing.filter(|made| !made.removed) {
                made.was_refused = true;
            }
            let address = sent["callbackUrl"].as_str();
            if let Some(address) = address.filter(|address| !known.stands_at(address)) {
                known.refused.insert(address.to_owned(), exchange.step);
            }
            return;
        }
        if matches!(&self.understood(moment).asked, Asked::Subscribe(input) if input.is_invalid()) {
            return;
        }
        let body: Value = response.json().unwrap_or_default();
        if let Some((name, sent, shown)) = unlike(&["callbackUrl", "types"], &sent, &body) {
            let subject = format!("`{name}` of a new subscription");
            self.depart_at(moment, &[id::HOOK_10], Found::plain(&subject, sent, shown));
        }
        // What becomes of one that was removed is open.
        let standing = known.made.get(&name_of(named));
        if let Some(made) = standing.filter(|made| !made.removed) {
            self.show(id::HOOK_16);
            if let Some((name, before, now)) = unlike(&["id", "createdAt"], &made.shown, &body) {
                let subject = format!("`{name}` of a changed subscription");
                self.depart_at(moment, &[id::HOOK_16], Found::plain(&subject, before, now));
            }
        }
        if let Some(address) = sent["callbackUrl"].as_str() {
            known.refused.remove(address);
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
            if response.is_success() {
                let found = Found::plain(
                    "a read of a subscription that was removed",
                    "not found (404)".into(),
                    answered(response),
                );
                self.depart_at(moment, &[id::HOOK_12], found);
            }
            return;
        }
        let body: Value = response.json().unwrap_or_default();
        if !response.is_success() {
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
        let list: Value = response.json().unwrap_or_default();
        let Some(list) = list.as_array().filter(|_| response.is_success()) else {
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
        if response.is_success() {
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
}

/// What a request says; null if it is no JSON.
pub(super) fn sent(exchange: &Exchange) -> Value {
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

/// Whether a call makes, changes or removes a subscription.
pub(super) fn changes_one(operation: OperationKind) -> bool {
    matches!(
        operation,
        OperationKind::PutWebhook | OperationKind::DeleteWebhook
    )
}

/// The id of a subscription; UUIDs compare without case (contract.md, operations).
pub(super) fn name_of(id: &str) -> String {
    id.to_ascii_lowercase()
}
