//! Mistakes in subscriptions: which are accepted, how they are shown, and what becomes of those that are refused, moved,
//! removed, or others'.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Fault, alter, internal_error, remove};
use crate::reference::call::{Call, Operation, Refusal, Reply};
use crate::reference::events::{event, send, shown};
use crate::reference::idempotency::once;
use crate::reference::input::media_type;
use crate::reference::programme::Programme;
use crate::reference::readings::Readings;
use crate::reference::service::Task;
use crate::reference::service::{Service, execute, locate, look_up};
use crate::reference::webhooks::{Registration, asks_for_cards, registration, webhook_owner};

/// What the body asks for with one member put in place of what was sent.
fn with(
    readings: &Readings,
    body: &Value,
    name: &str,
    stand_in: Value,
) -> Result<Registration, Refusal> {
    let mut body = body.clone();
    if let Some(object) = body.as_object_mut() {
        object.insert(name.to_owned(), stand_in);
    }
    registration(readings, &body)
}

/// A subscription that is refused for its types, done all the same where `is_done` says so of its body.
fn done_before_types(task: &Task<'_>, is_done: fn(&Value) -> bool) {
    let body: Value = serde_json::from_slice(&task.call.body).unwrap_or_default();
    let readings = &task.service.readings;
    let good = json!(["card.updated"]);
    let is_only_types = body.is_object() && with(readings, &body, "types", good.clone()).is_ok();
    if task.call.operation != Operation::PutWebhook || !is_only_types || !is_done(&body) {
        return;
    }
    let mut mended = body;
    mended["types"] = good;
    let call = Call {
        body: mended.to_string().into(),
        ..task.call.clone()
    };
    execute(&Task {
        call: &call,
        ..task.clone()
    });
}

/// The programme in which an id is found, another's too.
fn any_owner<'s>(service: &'s Service, call: &Call, id: Uuid) -> Result<&'s Programme, Refusal> {
    let is_foreign = service.foreign.webhooks().iter().any(|w| w.id == id);
    match is_foreign {
        true => Ok(&service.foreign),
        false => webhook_owner(service, call, id),
    }
}

/// An answer about subscriptions with a change of its body.
fn answered(
    call: &Call,
    mut reply: Reply,
    operation: Operation,
    change: impl FnOnce(&mut Value),
) -> Reply {
    let is_it = call.operation == operation && reply.status == StatusCode::OK;
    if let Some(body) = reply.value_mut().filter(|_| is_it) {
        change(body);
    }
    reply
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "subscription-without-types",
        words: "The answer to a subscription names no types.",
        requirement: "HOOK-10",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| {
                answered(call, reply, Operation::PutWebhook, |body| {
                    body["types"] = json!([]);
                })
            };
        },
    },
    Fault {
        id: "subscription-without-time",
        words: "The answer to a subscription does not say when it was made.",
        requirement: "HOOK-10",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| {
                answered(call, reply, Operation::PutWebhook, |body| {
                    remove(body, "createdAt")
                })
            };
        },
    },
    Fault {
        id: "subscription-reads-back-elsewhere",
        words: "A subscription reads back with its address in capitals.",
        requirement: "HOOK-11",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, reply| {
                answered(call, reply, Operation::ReadWebhook, |body| {
                    alter(body, "callbackUrl", |url| {
                        json!(url.as_str().unwrap_or_default().to_uppercase())
                    });
                })
            };
        },
    },
    Fault {
        id: "newest-subscription-not-listed",
        words: "The list of subscriptions lacks the newest.",
        requirement: "HOOK-11",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, reply| {
                answered(call, reply, Operation::ListWebhooks, |body| {
                    if let Some(list) = body.as_array_mut() {
                        list.pop();
                    }
                })
            };
        },
    },
    Fault {
        id: "removed-subscription-still-found",
        words: "A subscription that was removed is read and listed as before.",
        requirement: "HOOK-12",
        shortest: 3,
        plant: |rules| rules.is_found = |_| true,
    },
    Fault {
        id: "removed-subscription-still-told",
        words: "A subscription that was removed is told as before.",
        requirement: "HOOK-12",
        shortest: 5,
        plant: |rules| {
            rules.subscribers = |webhooks, _| {
                let asking = webhooks.iter().filter(|w| asks_for_cards(&w.types));
                asking.collect()
            };
        },
    },
    Fault {
        id: "address-without-its-query",
        words: "Of a callbackUrl the query is not kept.",
        requirement: "HOOK-10",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| {
                let mut asked = registration(readings, body)?;
                let query = asked.callback_url.find('?');
                asked
                    .callback_url
                    .truncate(query.unwrap_or(asked.callback_url.len()));
                Ok(asked)
            };
        },
    },
    Fault {
        id: "removed-subscription-breaks",
        words: "The removal of a subscription that was removed ends in an internal error.",
        requirement: "HTTP-2",
        shortest: 3,
        plant: |rules| {
            rules.webhook_owner = |service, call, id| {
                let webhooks = service.own.webhooks();
                let is_gone = webhooks
                    .iter()
                    .any(|w| w.id == id && w.removed_at.is_some());
                match is_gone && call.operation == Operation::DeleteWebhook {
                    true => Err(internal_error()),
                    false => webhook_owner(service, call, id),
                }
            };
        },
    },
    Fault {
        id: "any-subscription-removed",
        words: "The removal of a subscription that nobody has is answered as if it were done.",
        requirement: "HOOK-20",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| {
                let is_removal = call.operation == Operation::DeleteWebhook;
                match is_removal && reply.status == StatusCode::NOT_FOUND {
                    true => Reply::empty(StatusCode::NO_CONTENT),
                    false => reply,
                }
            };
        },
    },
    Fault {
        id: "subscription-without-address",
        words: "A subscription without a callbackUrl is accepted; its events go nowhere.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| match body.get("callbackUrl") {
                None => with(readings, body, "callbackUrl", json!("http://127.0.0.1:9/")),
                Some(_) => registration(readings, body),
            };
        },
    },
    Fault {
        id: "unknown-event-types-left-out",
        words: "A subscription to a type of event that there is not is accepted, and the type left out.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| {
                let known = body["types"].as_array().map(|types| {
                    let is_known = |name: &&Value| {
                        let one = json!([name]);
                        !name.is_string() || with(readings, body, "types", one).is_ok()
                    };
                    types.iter().filter(is_known).cloned().collect()
                });
                match known {
                    Some(known) => with(readings, body, "types", Value::Array(known)),
                    None => registration(readings, body),
                }
            };
        },
    },
    Fault {
        id: "first-event-type-alone-is-looked-at",
        words: "Of the types of a subscription only the first one is looked at.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| match body["types"].as_array() {
                Some(types) if types.len() > 1 => with(readings, body, "types", json!([types[0]])),
                _ => registration(readings, body),
            };
        },
    },
    Fault {
        id: "one-event-type-for-a-list",
        words: "A type of event by itself is taken for a list of one.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| match &body["types"] {
                name @ Value::String(_) => with(readings, body, "types", json!([name])),
                _ => registration(readings, body),
            };
        },
    },
    Fault {
        id: "any-text-is-an-address",
        words: "The callbackUrl of a subscription is not looked at.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| {
                let Some(text) = body["callbackUrl"].as_str() else {
                    return registration(readings, body);
                };
                let good = json!("http://127.0.0.1:9/");
                Ok(Registration {
                    callback_url: text.to_owned(),
                    ..with(readings, body, "callbackUrl", good)?
                })
            };
        },
    },
    Fault {
        id: "subscription-in-any-media-type",
        words: "The body of a subscription is read as JSON, whatever it calls itself.",
        requirement: "HOOK-14",
        shortest: 1,
        plant: |rules| {
            rules.media_type = |readings, call| match call.operation {
                Operation::PutWebhook => Ok(()),
                _ => media_type(readings, call),
            };
        },
    },
    Fault {
        id: "null-among-event-types-breaks",
        words: "A null among the types of a subscription ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.registration = |readings, body| {
                let types = body["types"].as_array();
                match types.is_some_and(|types| types.contains(&Value::Null)) {
                    true => Err(internal_error()),
                    false => registration(readings, body),
                }
            };
        },
    },
    Fault {
        id: "refused-subscription-is-kept",
        words: "A subscription is stored before its types are looked at.",
        requirement: "HOOK-15",
        shortest: 2,
        plant: |rules| {
            rules.once = |task, slot| {
                let reply = once(task, slot);
                if reply.status == StatusCode::BAD_REQUEST {
                    done_before_types(task, |body| body.get("id").is_none());
                }
                reply
            };
        },
    },
    Fault {
        id: "refused-change-is-kept",
        words: "A subscription is moved before its new types are looked at.",
        requirement: "HOOK-15",
        shortest: 3,
        plant: |rules| {
            rules.once = |task, slot| {
                let reply = once(task, slot);
                if reply.status == StatusCode::BAD_REQUEST {
                    done_before_types(task, |body| body.get("id").is_some());
                }
                reply
            };
        },
    },
    Fault {
        id: "subscription-never-changes",
        words: "A subscription that is named by its id is refused, so that none can be changed.",
        requirement: "HOOK-10",
        shortest: 2,
        plant: |rules| {
            rules.registration = |readings, body| match registration(readings, body)? {
                Registration { id: Some(_), .. } => Err(Refusal::invalid("id is not known")),
                new => Ok(new),
            };
        },
    },
    Fault {
        id: "change-makes-another-subscription",
        words: "A subscription that is changed becomes two.",
        requirement: "HOOK-16",
        shortest: 2,
        plant: |rules| {
            rules.registration = |readings, body| {
                Ok(Registration {
                    id: None,
                    ..registration(readings, body)?
                })
            };
        },
    },
    Fault {
        id: "moved-subscription-told-where-it-was",
        words: "Events go on to the address that a subscription was made with, wherever it is moved.",
        requirement: "HOOK-16",
        shortest: 5,
        plant: |rules| rules.address = |webhook| &webhook.first_url,
    },
    Fault {
        id: "foreign-subscription-readable",
        words: "Another programme's subscription can be read.",
        requirement: "HOOK-17",
        shortest: 1,
        plant: |rules| {
            rules.webhook_owner = |service, call, id| match call.operation {
                Operation::ReadWebhook => any_owner(service, call, id),
                _ => webhook_owner(service, call, id),
            };
        },
    },
    Fault {
        id: "foreign-subscription-movable",
        words: "Another programme's subscription can be moved to an address of one's own.",
        requirement: "HOOK-17",
        shortest: 1,
        plant: |rules| {
            rules.webhook_owner = |service, call, id| match call.operation {
                Operation::PutWebhook => any_owner(service, call, id),
                _ => webhook_owner(service, call, id),
            };
        },
    },
    Fault {
        id: "refused-call-tells-of-foreign-card",
        words: "A call on another programme's card is refused, and its state told to the caller as an event.",
        requirement: "HOOK-9",
        shortest: 3,
        plant: |rules| {
            rules.locate = |service, call, id| {
                if let Some(account) =
                    look_up(&service.foreign, call, id).filter(|_| call.modifies())
                    && let Some(card) = account.cards().iter().find(|card| card.id == id)
                {
                    send(service, card, &[event(&shown(service, card))]);
                }
                locate(service, call, id)
            };
        },
    },
];
