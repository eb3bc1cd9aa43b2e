//! Mistakes in which bodies are accepted, and how they are kept.

use serde_json::{Value, json};

use super::{Fault, internal_error};
use crate::reference::call::{Call, Operation, Refusal};
use crate::reference::card::{Address, Card, CardRequest, CardType, new_card};
use crate::reference::idempotency::once;
use crate::reference::input::{card_request, media_type, parse_json};
use crate::reference::readings::Readings;
use crate::reference::service::{Task, execute};

/// The correct answer to the body with one member of an address put right, if it is there.
fn accept(
    readings: &Readings,
    body: &Value,
    pointer: &str,
    stand_in: Value,
) -> Result<CardRequest, Refusal> {
    let mut body = body.clone();
    if let Some(member) = body.pointer_mut(pointer) {
        *member = stand_in;
    }
    card_request(readings, &body)
}

/// A new card whose billing address was kept changed.
fn kept(
    account_id: uuid::Uuid,
    mut request: CardRequest,
    now: jiff::Timestamp,
    change: impl FnOnce(&mut Address),
) -> Card {
    change(&mut request.billing_address);
    new_card(account_id, request, now)
}

/// The same body with an address member that was left out filled in.
fn filled_in(body: &Value, address: &str, member: &str, stand_in: &str) -> Value {
    let mut body = body.clone();
    if let Some(address) = body.get_mut(address).and_then(Value::as_object_mut) {
        address.entry(member).or_insert_with(|| json!(stand_in));
    }
    body
}

/// A body that is valid, to make a card from when the one that was sent is not.
fn some_valid_body() -> bytes::Bytes {
    let home = json!({ "firstLine": "?", "city": "?", "country": "GB", "postCode": "?" });
    json!({ "type": "virtual", "billingAddress": home })
        .to_string()
        .into()
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "post-code-optional",
        words: "A billing address without a post code is accepted and gets a dash.",
        requirement: "INPUT-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                card_request(
                    readings,
                    &filled_in(body, "billingAddress", "postCode", "-"),
                )
            };
        },
    },
    Fault {
        id: "shipping-city-optional",
        words: "A shipping address without a city is accepted.",
        requirement: "INPUT-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                card_request(readings, &filled_in(body, "shippingAddress", "city", ""))
            };
        },
    },
    Fault {
        id: "type-has-default",
        words: "A create without a type makes a virtual card.",
        requirement: "INPUT-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                let mut body = body.clone();
                if let Some(request) = body.as_object_mut() {
                    request.entry("type").or_insert_with(|| json!("virtual"));
                }
                card_request(readings, &body)
            };
        },
    },
    Fault {
        id: "unknown-type-is-virtual",
        words: "A type that is not known makes a virtual card.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body["type"].as_str() {
                Some("virtual" | "physical") | None => card_request(readings, body),
                Some(_) => accept(readings, body, "/type", json!("virtual")),
            };
        },
    },
    Fault {
        id: "number-taken-for-text",
        words: "A number in place of a post code is taken for text.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match &body["billingAddress"]["postCode"] {
                Value::Number(number) => accept(
                    readings,
                    body,
                    "/billingAddress/postCode",
                    json!(number.to_string()),
                ),
                _ => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "shipping-not-required",
        words: "A physical card is made without a shipping address.",
        requirement: "INPUT-3",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body.get("shippingAddress") {
                None if body["type"] == "physical" => {
                    let request = accept(readings, body, "/type", json!("virtual"))?;
                    Ok(CardRequest {
                        card_type: CardType::Physical,
                        ..request
                    })
                }
                _ => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "any-two-letters-are-a-country",
        words: "Any two capital letters are taken for a country.",
        requirement: "INPUT-4",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                let country = body["billingAddress"]["country"]
                    .as_str()
                    .unwrap_or_default();
                if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase())
                {
                    return card_request(readings, body);
                }
                let mut request = accept(readings, body, "/billingAddress/country", json!("GB"))?;
                request.billing_address.country = country.to_owned();
                Ok(request)
            };
        },
    },
    Fault {
        id: "shipping-country-not-checked",
        words: "The country of a shipping address is not checked.",
        requirement: "INPUT-4",
        shortest: 1,
        plant: |rules| {
            rules.card_request =
                |readings, body| match body["shippingAddress"]["country"].is_string() {
                    true => accept(readings, body, "/shippingAddress/country", json!("GB")),
                    false => card_request(readings, body),
                };
        },
    },
    Fault {
        id: "rest-after-json-ignored",
        words: "What follows the first JSON value of a body is ignored.",
        requirement: "INPUT-5",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                let first = serde_json::Deserializer::from_slice(body)
                    .into_iter::<Value>()
                    .next();
                first
                    .and_then(Result::ok)
                    .map_or_else(|| parse_json(readings, body), Ok)
            };
        },
    },
    Fault {
        id: "any-media-type-accepted",
        words: "A body is read as JSON, whatever it calls itself.",
        requirement: "INPUT-6",
        shortest: 1,
        plant: |rules| rules.media_type = |_, _| Ok(()),
    },
    Fault {
        id: "media-type-by-its-beginning",
        words: "Any media type that begins with application/json is taken for it.",
        requirement: "INPUT-6",
        shortest: 1,
        plant: |rules| {
            rules.media_type = |readings, call| {
                let header = call.header("content-type").unwrap_or_default();
                match header.starts_with("application/json") {
                    true => Ok(()),
                    false => media_type(readings, call),
                }
            };
        },
    },
    Fault {
        id: "form-breaks-create",
        words: "A body that calls itself a form ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.media_type =
                |readings, call| media_type(readings, call).map_err(|_| internal_error());
        },
    },
    Fault {
        id: "invalid-create-makes-card",
        words: "An invalid create is refused after a card was stored for it.",
        requirement: "INPUT-7",
        shortest: 2,
        plant: |rules| {
            rules.once = |task, slot| {
                let mut reply = once(task, slot);
                let invalid = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "invalid-request");
                if invalid && task.call.operation == Operation::CreateCard {
                    let call = Call {
                        body: some_valid_body(),
                        ..task.call.clone()
                    };
                    execute(&Task {
                        call: &call,
                        ..task.clone()
                    });
                }
                reply
            };
        },
    },
    Fault {
        id: "text-kept-as-ascii",
        words: "Letters outside of ASCII are kept as question marks.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.city = address.city.replace(|letter: char| !letter.is_ascii(), "?");
                })
            };
        },
    },
    Fault {
        id: "astral-letters-refused",
        words: "Letters of four bytes are refused, because the database has none.",
        requirement: "INPUT-8",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body
                .to_string()
                .chars()
                .any(|letter| letter.len_utf8() == 4)
            {
                true => Err(Refusal::invalid(
                    "the body has a character that can't be stored",
                )),
                false => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "long-text-cut",
        words: "The first line is cut after 64 characters.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.first_line = address.first_line.chars().take(64).collect();
                })
            };
        },
    },
    Fault {
        id: "text-trimmed",
        words: "Spaces around the first line are cut off.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.first_line = address.first_line.trim().to_owned();
                })
            };
        },
    },
    Fault {
        id: "city-in-capitals",
        words: "The city is kept in capitals.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.city = address.city.to_uppercase()
                })
            };
        },
    },
    Fault {
        id: "second-line-dropped",
        words: "The second line of a billing address is not kept.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.second_line = None
                })
            };
        },
    },
    Fault {
        id: "text-escaped-for-html",
        words: "An ampersand is kept as the entity that a page would need.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |address| {
                    address.first_line = address.first_line.replace('&', "&amp;");
                })
            };
        },
    },
    Fault {
        id: "malformed-json-breaks",
        words: "A body that is not JSON ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| match body.is_empty() {
                true => parse_json(readings, body),
                false => parse_json(readings, body).map_err(|_| internal_error()),
            };
        },
    },
    Fault {
        id: "broken-utf8-mended",
        words: "Bytes that are no UTF-8 are taken for replacement characters.",
        requirement: "INPUT-12",
        shortest: 1,
        plant: |rules| {
            rules.parse_json =
                |readings, body| parse_json(readings, String::from_utf8_lossy(body).as_bytes());
        },
    },
    Fault {
        id: "broken-utf8-taken-for-latin",
        words: "A body that is no UTF-8 is read as Latin-1.",
        requirement: "INPUT-12",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| match str::from_utf8(body) {
                Ok(_) => parse_json(readings, body),
                Err(_) => {
                    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
                    parse_json(readings, text.as_bytes())
                }
            };
        },
    },
    Fault {
        id: "broken-utf8-breaks",
        words: "A body that is no UTF-8 ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| match str::from_utf8(body) {
                Ok(_) => parse_json(readings, body),
                Err(_) => Err(internal_error()),
            };
        },
    },
    Fault {
        id: "half-a-surrogate-pair-breaks",
        words: "Half a surrogate pair in a body ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                let is_escaped = body.windows(4).any(|bytes| bytes == br"\ud8");
                parse_json(readings, body).map_err(|refusal| match is_escaped {
                    true => internal_error(),
                    false => refusal,
                })
            };
        },
    },
    Fault {
        id: "empty-body-breaks",
        words: "A create without a body ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| match body.is_empty() {
                true => Err(internal_error()),
                false => parse_json(readings, body),
            };
        },
    },
];
