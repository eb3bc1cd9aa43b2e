//! Mistakes in what an idempotency key is, and which calls it ties together.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Fault, remove};
use crate::reference::call::{Call, Operation, Refusal};
use crate::reference::idempotency::{
    Decision, Payload, once, parse_key, payload, record_name, replay, wants_key,
};
use crate::reference::service::execute;

use Operation::{Activate, CreateCard};

/// The payload without one member of one of its objects.
fn payload_without(call: &Call, object: &str, member: &str) -> Payload {
    match payload(call) {
        Payload::Json(mut value) => {
            if let Some(object) = value.pointer_mut(object) {
                remove(object, member);
            }
            Payload::Json(value)
        }
        Payload::Bytes(bytes) => Payload::Bytes(bytes),
    }
}

/// The texts of a value, one behind the other.
fn joined(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(joined).collect(),
        Value::Object(members) => members.values().map(joined).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "unsubscribe-needs-no-key",
        words: "A subscription is removed without an idempotency key, whatever stands for one.",
        requirement: "IDEM-1",
        shortest: 2,
        plant: |rules| {
            rules.wants_key = |call| call.operation != Operation::DeleteWebhook && wants_key(call);
        },
    },
    Fault {
        id: "key-not-required",
        words: "A modifying call is done without an idempotency key too.",
        requirement: "IDEM-1",
        shortest: 1,
        plant: |rules| {
            rules.wants_key =
                |call| call.headers.contains_key("idempotency-key") && wants_key(call);
        },
    },
    Fault {
        id: "key-not-required-on-patch",
        words: "A PATCH is done without an idempotency key too.",
        requirement: "IDEM-1",
        shortest: 2,
        plant: |rules| {
            rules.wants_key = |call| {
                let spared =
                    call.method == Method::PATCH && !call.headers.contains_key("idempotency-key");
                !spared && wants_key(call)
            };
        },
    },
    Fault {
        id: "key-not-required-on-delete",
        words: "A DELETE is idempotent anyway, so it is done without an idempotency key too.",
        requirement: "IDEM-1",
        shortest: 2,
        plant: |rules| {
            rules.wants_key = |call| {
                let spared =
                    call.method == Method::DELETE && !call.headers.contains_key("idempotency-key");
                !spared && wants_key(call)
            };
        },
    },
    Fault {
        id: "keys-of-each-token",
        words: "Keys are remembered with the bearer token that they came with, so another token makes a retry a new call.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.record_name = |readings, task, key| {
                let token = task.call.headers.get("authorization");
                format!("{token:?} {}", record_name(readings, task, key))
            };
        },
    },
    Fault {
        id: "key-of-any-text",
        words: "Any text will do as an idempotency key.",
        requirement: "IDEM-2",
        shortest: 1,
        plant: |rules| {
            rules.parse_key = |text| match text {
                Some(text) => Ok(text.to_ascii_lowercase()),
                None => parse_key(None),
            };
        },
    },
    Fault {
        id: "key-of-version-4-only",
        words: "An idempotency key must be a UUID of version 4.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.parse_key = |text| {
                let key = parse_key(text)?;
                match key.as_bytes().get(14) {
                    Some(b'4') => Ok(key),
                    _ => Err(Refusal::invalid("Idempotency-Key is not of version 4")),
                }
            };
        },
    },
    Fault {
        id: "mismatch-answered-as-retry",
        words: "A known key gets the recorded answer, whatever the payload says.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| rules.payload = |_| Payload::Json(Value::Null),
    },
    Fault {
        id: "mismatch-done",
        words: "A known key with another payload is done as a new call.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.replay = |task, record| match record.payload == payload(task.call) {
                true => replay(task, record),
                false => Decision::Afresh,
            };
        },
    },
    Fault {
        id: "fingerprint-without-type",
        words: "The type is left out when payloads are compared.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| rules.payload = |call| payload_without(call, "", "type"),
    },
    Fault {
        id: "fingerprint-with-the-digest",
        words: "The digest is compared with the payload: the same payload by the other algorithm is another one.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| match payload(call) {
                Payload::Json(value) => {
                    Payload::Json(json!([call.header("content-digest"), value]))
                }
                bytes @ Payload::Bytes(_) => bytes,
            };
        },
    },
    Fault {
        id: "fingerprint-of-512-bytes",
        words: "Payloads are compared by their first 512 bytes.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| match call.body.get(..512) {
                Some(begin) => Payload::Bytes(begin.to_vec().into()),
                None => payload(call),
            };
        },
    },
    Fault {
        id: "fingerprint-of-cards-alone",
        words: "Payloads are compared by their cards' members: any two of subscriptions are one.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| match call.operation {
                Operation::PutWebhook => Payload::Json(Value::Null),
                _ => payload(call),
            };
        },
    },
    Fault {
        id: "fingerprint-without-shipping",
        words: "The shipping address is left out when payloads are compared.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| rules.payload = |call| payload_without(call, "", "shippingAddress"),
    },
    Fault {
        id: "fingerprint-without-second-line",
        words: "The second line of the billing address is left out when payloads are compared.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| payload_without(call, "/billingAddress", "secondLine")
        },
    },
    Fault {
        id: "fingerprint-without-post-code",
        words: "The post code of the billing address is left out when payloads are compared.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| rules.payload = |call| payload_without(call, "/billingAddress", "postCode"),
    },
    Fault {
        id: "fingerprint-of-joined-texts",
        words: "Payloads are compared by their texts, joined with nothing between them.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| match payload(call) {
                Payload::Json(value) => Payload::Bytes(Bytes::from(joined(&value))),
                bytes => bytes,
            };
        },
    },
    Fault {
        id: "fingerprint-of-the-beginning",
        words: "Payloads are compared by their first 200 bytes.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| Payload::Bytes(call.body.slice(..call.body.len().min(200)));
        },
    },
    Fault {
        id: "fingerprint-is-length",
        words: "Payloads are compared by their length.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| Payload::Bytes(Bytes::from(call.body.len().to_string()));
        },
    },
    Fault {
        id: "fingerprint-is-ascii",
        words: "Payloads are compared with a question mark for each letter that is not in ASCII.",
        requirement: "IDEM-5",
        shortest: 2,
        plant: |rules| {
            rules.payload = |call| {
                let text = String::from_utf8_lossy(&call.body);
                let plain = text.replace(|letter: char| !letter.is_ascii(), "?");
                Payload::Bytes(Bytes::from(plain))
            };
        },
    },
    Fault {
        id: "mismatch-refused-but-done",
        words: "A known key with another payload is refused, but the call was done before the check.",
        requirement: "IDEM-6",
        shortest: 3,
        plant: |rules| {
            rules.once = |task, slot| {
                let mut reply = once(task, slot);
                let refused = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "idempotency-key-reused");
                if refused && task.call.operation == CreateCard {
                    execute(task);
                }
                reply
            };
        },
    },
    Fault {
        id: "key-covers-other-paths",
        words: "A key that was used for one card or act is answered as a retry on another, with nothing done.",
        requirement: "IDEM-9",
        shortest: 4,
        plant: |rules| {
            rules.replay = |task, record| {
                let bodiless = task.call.operation != CreateCard && record.operation != CreateCard;
                match bodiless && record.payload == payload(task.call) {
                    true => Decision::Answer(record.reply.clone()),
                    false => replay(task, record),
                }
            };
        },
    },
    Fault {
        id: "terminate-key-covers-other-cards",
        words: "A key that was used to terminate one card is answered as a retry on another, which lives on.",
        requirement: "IDEM-9",
        shortest: 5,
        plant: |rules| {
            rules.replay = |task, record| {
                let is_end = |operation| operation == Operation::Terminate;
                match is_end(task.call.operation) && is_end(record.operation) {
                    true => Decision::Answer(record.reply.clone()),
                    false => replay(task, record),
                }
            };
        },
    },
    Fault {
        id: "key-covers-other-accounts",
        words: "A create under a known key is answered with the card of the account that used the key first.",
        requirement: "IDEM-9",
        shortest: 2,
        plant: |rules| {
            rules.replay = |task, record| {
                let creates = task.call.operation == CreateCard && record.operation == CreateCard;
                match creates && record.payload == payload(task.call) {
                    true => Decision::Answer(record.reply.clone()),
                    false => replay(task, record),
                }
            };
        },
    },
    Fault {
        id: "key-compared-with-case",
        words: "Keys are compared as text, so that capitals make another key.",
        requirement: "IDEM-10",
        shortest: 2,
        plant: |rules| {
            rules.parse_key = |text| parse_key(text).map(|_| text.unwrap_or_default().to_owned());
        },
    },
    Fault {
        id: "key-cut-at-32",
        words: "The column of keys has room for 32 characters, and the rest is cut off.",
        requirement: "IDEM-11",
        shortest: 2,
        plant: |rules| {
            rules.parse_key = |text| {
                let mut key = parse_key(text)?;
                key.truncate(32);
                Ok(key)
            };
        },
    },
    Fault {
        id: "same-payload-taken-for-retry",
        words: "A create with a payload seen before is answered as a retry, whatever its key.",
        requirement: "IDEM-11",
        shortest: 2,
        plant: |rules| {
            rules.record_name = |readings, task, key| match task.call.operation {
                CreateCard => format!(
                    "{} {}",
                    task.target(),
                    String::from_utf8_lossy(&task.call.body)
                ),
                _ => record_name(readings, task, key),
            };
        },
    },
    Fault {
        id: "activates-remembered-by-path",
        words: "Activates are remembered by card and not by key: a later one gets the answer of the first.",
        requirement: "LIFE-3",
        shortest: 5,
        plant: |rules| {
            rules.record_name = |readings, task, key| match task.call.operation {
                Activate => task.target(),
                _ => record_name(readings, task, key),
            };
        },
    },
];
