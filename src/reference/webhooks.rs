//! Registration of webhooks. Nothing is delivered yet.

use http::{StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Operation, Refusal, Reply};
use super::card::print_timestamp;
use super::input::{object, only, required, string};
use super::lifecycle::just_after;
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
    pub types: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

struct Registration {
    id: Option<Uuid>,
    callback_url: String,
    types: Vec<String>,
}

/// Lists the webhooks, or registers one.
pub(super) fn on_webhooks(task: &Task<'_>) -> Result<Reply, Refusal> {
    match task.call.operation {
        Operation::PutWebhook => put(task),
        _ => {
            let webhooks = task.service.own.webhooks().iter().map(render).collect();
            Ok(Reply::json(StatusCode::OK, Value::Array(webhooks)))
        }
    }
}

/// Reads one webhook, or removes it.
pub(super) fn on_webhook(task: &Task<'_>, id: Uuid) -> Result<Reply, Refusal> {
    let service = task.service;
    let mut webhooks = service.own.webhooks();
    let index = webhooks
        .iter()
        .position(|webhook| webhook.id == id)
        .ok_or_else(|| unknown_id(&service.readings))?;
    if task.call.operation == Operation::DeleteWebhook {
        webhooks.remove(index);
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    Ok(Reply::json(StatusCode::OK, render(&webhooks[index])))
}

fn put(task: &Task<'_>) -> Result<Reply, Refusal> {
    let service = task.service;
    let registration = read(service, task)?;
    let now = service.clock.now();
    let mut webhooks = service.own.webhooks();
    let webhook = match registration.id {
        Some(id) => {
            let known = webhooks.iter_mut().find(|webhook| webhook.id == id);
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
                callback_url,
                types,
                created_at: now,
                updated_at: now,
            };
            webhooks.push(webhook.clone());
            webhook
        }
    };
    Ok(Reply::json(StatusCode::OK, render(&webhook)))
}

fn read(service: &Service, task: &Task<'_>) -> Result<Registration, Refusal> {
    let readings = &service.readings;
    (service.rules.media_type)(readings, task.call)?;
    let body = (service.rules.parse_json)(readings, &task.call.body)?;
    let body = object(&body, "the body")?;
    only(readings, body, &["id", "callbackUrl", "types"])?;
    let id = body.get("id").map(|id| {
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
