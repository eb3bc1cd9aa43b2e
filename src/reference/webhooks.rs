//! Registration of webhooks. What is delivered to them is in `events`.

use std::sync::Arc;

use http::{StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Call, Operation, Refusal, Reply};
use super::card::{Card, print_timestamp};
use super::events::Outbox;
use super::input::{object, only, required, string};
use super::lifecycle::just_after;
use super::programme::Programme;
use super::readings::Readings;
use super::service::{Service, Task, unknown_id};

/// What a webhook may ask to be told of.
const TYPES: [&str; 5] = [
    "customer.updated",
    "account.updated",
    "card.updated",
    "authorisation.updated",
    "transaction.updated",
];

/// A registered callback.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub id: Uuid,
    pub callback_url: String,
    /// The one that it was made with.
    pub first_url: String,
    pub types: Vec<String>,
    /// Those that it was made with.
    pub first_types: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub outbox: Outbox,
    /// When it was removed. Its id stays taken.
    pub removed_at: Option<Timestamp>,
}

/// The webhooks that are told of a card.
pub(super) fn subscribers<'w>(webhooks: &'w [Webhook], _: &Card) -> Vec<&'w Webhook> {
    let standing = webhooks.iter().filter(|w| w.removed_at.is_none());
    standing.filter(|w| asks_for_cards(&w.types)).collect()
}

/// Whether events of cards are among these types.
pub(super) fn asks_for_cards(types: &[String]) -> bool {
    types.iter().any(|name| name == "card.updated")
}

/// What a webhook is to be.
#[derive(Debug)]
pub(super) struct Registration {
    pub id: Option<Uuid>,
    pub callback_url: String,
    pub types: Vec<String>,
}

/// Lists the webhooks, or registers one.
pub(super) fn on_webhooks(task: &Task<'_>) -> Result<Reply, Refusal> {
    match task.call.operation {
        Operation::PutWebhook => put(task),
        _ => {
            let webhooks = task.service.own.webhooks();
            let found = webhooks.iter().filter(|w| (task.service.rules.is_found)(w));
            Ok(Reply::json(StatusCode::OK, found.map(render).collect()))
        }
    }
}

/// Reads one webhook, or removes it.
pub(super) fn on_webhook(task: &Task<'_>, id: Uuid) -> Result<Reply, Refusal> {
    let service = task.service;
    let owner = (service.rules.webhook_owner)(service, task.call, id)?;
    let mut webhooks = owner.webhooks();
    let index = webhooks
        .iter()
        .position(|webhook| webhook.id == id && (service.rules.is_found)(webhook))
        .ok_or_else(|| unknown_id(&service.readings))?;
    if task.call.operation == Operation::DeleteWebhook {
        webhooks[index].removed_at = Some(service.clock.now());
        webhooks[index].outbox.close();
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    Ok(Reply::json(StatusCode::OK, render(&webhooks[index])))
}

fn put(task: &Task<'_>) -> Result<Reply, Refusal> {
    let service = task.service;
    let readings = &service.readings;
    (service.rules.media_type)(readings, task.call)?;
    let body = (service.rules.parse_json)(readings, &task.call.body)?;
    let registration = (service.rules.registration)(readings, &body)?;
    let now = service.clock.now();
    let owner = match registration.id {
        Some(id) => (service.rules.webhook_owner)(service, task.call, id)?,
        None => &service.own,
    };
    let mut webhooks = owner.webhooks();
    let webhook = match registration.id {
        Some(id) => {
            let is_it = |webhook: &&mut Webhook| webhook.id == id && webhook.removed_at.is_none();
            let known = webhooks.iter_mut().find(is_it);
            let webhook = known.ok_or_else(|| unknown_id(&service.readings))?;
            webhook.callback_url = registration.callback_url;
            webhook.types = registration.types;
            webhook.updated_at = now.max(just_after(webhook.updated_at));
            webhook.clone()
        }
        None => {
            let Registration {
                callback_url,
                types,
                ..
            } = registration;
            let webhook = Webhook {
                id: Uuid::new_v4(),
                first_url: callback_url.clone(),
                callback_url,
                first_types: types.clone(),
                types,
                created_at: now,
                updated_at: now,
                outbox: Outbox::open(service),
                removed_at: None,
            };
            webhooks.push(webhook.clone());
            webhook
        }
    };
    Ok(Reply::json(StatusCode::OK, render(&webhook)))
}

/// The programme in which a webhook is looked for: the caller's own, whoever else may have one of that id.
pub(super) fn webhook_owner<'s>(
    service: &'s Service,
    _: &Call,
    id: Uuid,
) -> Result<&'s Programme, Refusal> {
    let is_it = |webhook: &Webhook| webhook.id == id;
    match service.foreign.webhooks().iter().any(is_it) {
        true => Err(unknown_id(&service.readings)),
        false => Ok(&service.own),
    }
}

/// The webhook of the other programme is the same in every process, as its card is.
const FOREIGN_WEBHOOK: Uuid = Uuid::from_u128(0x5d2e_7f10_3b4c_4d5e_8f60_7182_93a4_b5c6);

/// A webhook of the other programme, at an address where nobody listens.
pub(super) fn furnish(service: &Arc<Service>) -> Uuid {
    let now = service.clock.now();
    let nobody = "http://127.0.0.1:9/other";
    service.foreign.webhooks().push(Webhook {
        id: FOREIGN_WEBHOOK,
        callback_url: nobody.to_owned(),
        first_url: nobody.to_owned(),
        types: vec!["card.updated".to_owned()],
        first_types: vec!["card.updated".to_owned()],
        created_at: now,
        updated_at: now,
        outbox: Outbox::open(service),
        removed_at: None,
    });
    FOREIGN_WEBHOOK
}

/// Reads a `WebhookRequest`.
pub(super) fn registration(readings: &Readings, body: &Value) -> Result<Registration, Refusal> {
    let body = object(body, "the body")?;
    only(readings, body, &["id", "callbackUrl", "types"])?;
    let is_absent = |id: &&Value| readings.accept_null_members && id.is_null();
    let id = body.get("id").filter(|id| !is_absent(id)).map(|id| {
        id.as_str()
            .and_then(|id| Uuid::try_parse(id).ok())
            .ok_or_else(|| Refusal::invalid("id is not a UUID"))
    });
    let callback_url = string(body, "callbackUrl")?;
    if !is_web_address(callback_url) {
        return Err(Refusal::invalid("callbackUrl is not an http or https URL"));
    }
    let types = required(body, "types")?
        .as_array()
        .ok_or_else(|| Refusal::invalid("types is not an array"))?;
    let types = types.iter().map(event_type).collect::<Result<_, _>>()?;
    Ok(Registration {
        id: id.transpose()?,
        callback_url: callback_url.to_owned(),
        types,
    })
}

fn is_web_address(text: &str) -> bool {
    text.parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")))
}

fn event_type(value: &Value) -> Result<String, Refusal> {
    match value.as_str() {
        Some(name) if TYPES.contains(&name) => Ok(name.to_owned()),
        Some(_) | None => Err(Refusal::invalid(format!(
            "types may hold {}",
            TYPES.join(", ")
        ))),
    }
}

fn render(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "callbackUrl": webhook.callback_url,
        "types": webhook.types,
        "createdAt": print_timestamp(webhook.created_at),
        "updatedAt": print_timestamp(webhook.updated_at),
    })
}
