//! Every decision of the implementation as a value, so that a planted fault is one of them
//! exchanged, and the correct code has no branch for any fault.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::call::{Call, Operation, Refusal, Reply};
use super::card::{self, Card, CardRequest, View};
use super::cards::{self, Scope};
use super::events::{self, Event, News};
use super::hang_up::HangUp;
use super::idempotency::{self, Decision, Payload, Record};
use super::lifecycle::{self, Action, Happening, Outcome};
use super::limit::{self, Excess};
use super::programme::{Account, Programme};
use super::readings::Readings;
use super::service::{self, Service, Task};
use super::signature::{Flaw, SigningKey};
use super::webhooks::{self, Registration, Webhook};
use super::{access, input, server, signature};

/// The decisions, in the order in which a call meets them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// What is done with a method that the path, which has these calls, does not have.
    pub other_method: fn(&Method, &[Operation]) -> Result<Operation, Refusal>,
    /// Whether the call may come in at all.
    pub bearer: fn(&Service, &Call) -> Result<(), Refusal>,
    pub content_digest: fn(&Readings, &Call) -> Result<(), Refusal>,
    pub signature: fn(&Service, &Call) -> Result<(), Refusal>,
    /// Which key of the programme a `keyid` names.
    pub signing_key: fn(&Programme, Option<&str>) -> Option<Arc<SigningKey>>,
    /// Whether a signature's components are enough.
    pub covers: fn(&Readings, &Call, &[&str]) -> Result<(), Flaw>,
    /// Whether a signature made then may still be sent.
    pub is_recent: fn(i64, Timestamp) -> bool,
    /// Whether the call needs an idempotency key, and what identifies one.
    pub wants_key: fn(&Call) -> bool,
    pub parse_key: fn(Option<&str>) -> Result<String, Refusal>,
    /// What the id in the path is, and whose account it leads to.
    pub parse_id: fn(&Readings, &Call) -> Result<Uuid, Refusal>,
    pub locate: fn(&Service, &Call, Uuid) -> Result<Arc<Account>, Refusal>,
    /// Under which name a call is remembered, what is compared, how long it lasts, and what a
    /// call gets whose key is known.
    pub record_name: fn(&Readings, &Task<'_>, &str) -> String,
    pub payload: fn(&Call) -> Payload,
    pub is_alive: fn(&Readings, &Record, Timestamp, u64) -> bool,
    pub replay: fn(&Task<'_>, &Record) -> Decision,
    /// Does a call, with its key if it has one; the only decision that may wait.
    pub carry_out: for<'a> fn(&'a Task<'a>, Option<String>) -> BoxFuture<'a, Reply>,
    /// Ties looking up, doing and remembering together.
    pub once: fn(&Task<'_>, &mut Option<Record>) -> Reply,
    /// What is done when the client hangs up before it has got the answer to a call that was done under a key. The
    /// correct implementation doesn't even look: the call was done, and its retry gets the answer.
    pub hung_up: Option<fn(&mut HangUp<'_>)>,
    /// Whether a body is what a create wants.
    pub media_type: fn(&Readings, &Call) -> Result<(), Refusal>,
    pub parse_json: fn(&Readings, &[u8]) -> Result<Value, Refusal>,
    pub card_request: fn(&Readings, &Value) -> Result<CardRequest, Refusal>,
    pub new_card: fn(Uuid, CardRequest, Timestamp) -> Card,
    /// Cards outside of the account that count against its limit: there are none.
    pub counted_elsewhere: fn(&Service, &Arc<Account>) -> Vec<Card>,
    pub is_full: fn(&Rules, &Readings, &[&Card], &Card) -> bool,
    pub holds_slot: fn(&Readings, &Card) -> bool,
    pub same_slot: fn(&Card, &Card) -> bool,
    pub excess: fn(&Readings) -> Excess,
    /// What an action does to a card, and what a happening leaves behind.
    pub transition: fn(&Readings, &Card, Action) -> Outcome,
    pub touch: fn(&mut [Card], usize, Happening, Timestamp),
    /// What is shown, where and how; the last look at every answer.
    pub listed: fn(&Service, &Scope<'_>) -> Vec<Card>,
    pub render: fn(&Readings, &Card, View) -> Value,
    pub dress: fn(&Call, Reply) -> Reply,
    /// What a subscription asks for, and whose subscriptions an id is looked for in.
    pub registration: fn(&Readings, &Value) -> Result<Registration, Refusal>,
    pub webhook_owner: for<'s> fn(&'s Service, &Call, Uuid) -> Result<&'s Programme, Refusal>,
    /// What subscribers are told and where, what they are told again, and which subscriptions are told and found.
    pub report: fn(&Service, &Card, News<'_>) -> Vec<Event>,
    pub address: fn(&Webhook) -> &str,
    pub redelivered: fn(&Event) -> Event,
    pub subscribers: for<'w> fn(&'w [Webhook], &Card) -> Vec<&'w Webhook>,
    pub is_found: fn(&Webhook) -> bool,
}

impl Rules {
    /// The rules as the contract has them.
    pub(super) const CORRECT: Self = Self {
        other_method: server::other_method,
        bearer: access::bearer,
        content_digest: access::content_digest,
        signature: signature::verify,
        signing_key: signature::named_key,
        covers: signature::covers,
        is_recent: signature::is_recent,
        wants_key: idempotency::wants_key,
        parse_key: idempotency::parse_key,
        parse_id: service::parse_id,
        locate: service::locate,
        record_name: idempotency::record_name,
        payload: idempotency::payload,
        is_alive: idempotency::is_alive,
        replay: idempotency::replay,
        carry_out: service::carry_out,
        once: idempotency::once,
        hung_up: None,
        media_type: input::media_type,
        parse_json: input::parse_json,
        card_request: input::card_request,
        new_card: card::new_card,
        counted_elsewhere: |_, _| Vec::new(),
        is_full: limit::is_full,
        holds_slot: limit::holds_slot,
        same_slot: limit::same_slot,
        excess: limit::excess,
        transition: lifecycle::transition,
        touch: lifecycle::touch,
        listed: cards::listed,
        render: card::render,
        dress: |_, reply| reply,
        registration: webhooks::registration,
        webhook_owner: webhooks::webhook_owner,
        report: events::report,
        address: |webhook| &webhook.callback_url,
        redelivered: Event::clone,
        subscribers: webhooks::subscribers,
        is_found: |webhook| webhook.removed_at.is_none(),
    };
}
