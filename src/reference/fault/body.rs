//! Mistakes in how a body is read, and in what an error gives away.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Fault, internal_error};
use crate::reference::call::{Call, Content, Operation, Refusal, Reply};
use crate::reference::input::{card_request, media_type, parse_json};
use crate::reference::readings::Readings;
use crate::reference::service::{locate, look_up, parse_id};

/// The correct reading of a body, one of its members made into something else first.
fn mended(
    readings: &Readings,
    body: &Value,
    pointer: &str,
    mend: impl FnOnce(&Value) -> Option<Value>,
) -> Result<crate::reference::card::CardRequest, Refusal> {
    let mut body = body.clone();
    if let Some(member) = body.pointer_mut(pointer)
        && let Some(mended) = mend(member)
    {
        *member = mended;
    }
    card_request(readings, &body)
}

/// How deep the brackets of a body go.
fn depth(body: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in body {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn is_refusal(reply: &mut Reply, code: &str) -> bool {
    reply.value_mut().is_some_and(|body| body["code"] == code)
}

/// The answer as a framework gives it in development.
fn with_trace(reply: Reply) -> Reply {
    let trace = "com.example.cards.ValidationException: invalid body\n\
        \tat com.example.cards.CardController.create(CardController.java:84)\n\
        \tat java.base/java.lang.Thread.run(Thread.java:1583)";
    Reply {
        content: Content::Json(json!({ "error": "Bad Request", "trace": trace })),
        ..reply
    }
}

/// The correct verdict on a media type, but what is written so is refused.
fn media_type_unless(
    readings: &Readings,
    call: &Call,
    is_misread: fn(&str) -> bool,
) -> Result<(), Refusal> {
    media_type(readings, call)?;
    match call.header("content-type") {
        Some(text) if is_misread(&text) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "the body must be application/json",
        )),
        _ => Ok(()),
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "small-country-accepted",
        words: "A country in small letters is accepted as the same in capitals.",
        requirement: "INPUT-4",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/billingAddress/country", |country| {
                    Some(json!(country.as_str()?.to_uppercase()))
                })
            };
        },
    },
    Fault {
        id: "country-cut-to-two-letters",
        words: "Of a country only the first two letters are looked at.",
        requirement: "INPUT-4",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/billingAddress/country", |country| {
                    let first: String = country.as_str()?.chars().take(2).collect();
                    Some(json!(first))
                })
            };
        },
    },
    Fault {
        id: "type-trimmed",
        words: "Spaces around the type are cut off.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/type", |word| {
                    Some(json!(word.as_str()?.trim()))
                })
            };
        },
    },
    Fault {
        id: "null-city-is-empty",
        words: "A null in place of the city is taken for an empty one.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/billingAddress/city", |city| {
                    city.is_null().then(|| json!(""))
                })
            };
        },
    },
    Fault {
        id: "list-of-one-is-its-element",
        words: "A list in place of a first line is taken for its elements, joined.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/billingAddress/firstLine", |line| {
                    let parts = line.as_array()?.iter().filter_map(Value::as_str);
                    Some(json!(parts.collect::<String>()))
                })
            };
        },
    },
    Fault {
        id: "state-not-checked",
        words: "A state that is no text is dropped without a word.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                let mut body = body.clone();
                if let Some(address) = body
                    .get_mut("billingAddress")
                    .and_then(Value::as_object_mut)
                    && address.get("state").is_some_and(|state| !state.is_string())
                {
                    address.shift_remove("state");
                }
                card_request(readings, &body)
            };
        },
    },
    Fault {
        id: "boolean-is-text",
        words: "A boolean in place of a city is taken for its word.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                mended(readings, body, "/billingAddress/city", |city| {
                    Some(json!(city.as_bool()?.to_string()))
                })
            };
        },
    },
    Fault {
        id: "wrapped-request-unwrapped",
        words: "A list with one request in it is taken for the request.",
        requirement: "INPUT-5",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                let value = parse_json(readings, body)?;
                Ok(match value.as_array().map(Vec::as_slice) {
                    Some([only]) => only.clone(),
                    _ => value,
                })
            };
        },
    },
    Fault {
        id: "single-quotes-accepted",
        words: "Single quotes are taken for double ones.",
        requirement: "INPUT-5",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                parse_json(readings, body).or_else(|refusal| {
                    let text = String::from_utf8_lossy(body).replace('\'', "\"");
                    parse_json(readings, text.as_bytes()).map_err(|_| refusal)
                })
            };
        },
    },
    Fault {
        id: "comments-accepted",
        words: "Comments in a body are left out before it is read.",
        requirement: "INPUT-5",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                let text = String::from_utf8_lossy(body);
                let lines = text.lines().map(|line| line.split("//").next());
                let kept: String = lines.map(Option::unwrap_or_default).collect();
                parse_json(readings, body)
                    .or_else(|refusal| parse_json(readings, kept.as_bytes()).map_err(|_| refusal))
            };
        },
    },
    Fault {
        id: "deep-nesting-breaks",
        words: "A body that nests deeper than the stack is ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| match depth(body) > 500 {
                true => Err(internal_error()),
                false => parse_json(readings, body),
            };
        },
    },
    Fault {
        id: "huge-number-breaks",
        words: "A number that no machine holds ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_json = |readings, body| {
                parse_json(readings, body).map_err(|refusal| {
                    match refusal.message.contains("number out of range") {
                        true => internal_error(),
                        false => refusal,
                    }
                })
            };
        },
    },
    Fault {
        id: "null-character-breaks",
        words: "A null character in a text ends in an error of the database.",
        requirement: "HTTP-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body.to_string().contains("\\u0000") {
                true => card_request(readings, body).and(Err(internal_error())),
                false => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "charset-refused",
        words: "A media type with a parameter is taken for another one.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.media_type =
                |readings, call| media_type_unless(readings, call, |text| text.contains(';'));
        },
    },
    Fault {
        id: "media-type-compared-by-bytes",
        words: "A media type in capitals is taken for another one.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.media_type =
                |readings, call| media_type_unless(readings, call, |text| text.starts_with('A'));
        },
    },
    Fault {
        id: "invalid-body-shows-trace",
        words: "An invalid body is answered with the stack trace of its refusal.",
        requirement: "INPUT-10",
        shortest: 1,
        plant: |rules| {
            rules.dress = |_, mut reply| match is_refusal(&mut reply, "invalid-request") {
                true => with_trace(reply),
                false => reply,
            };
        },
    },
    Fault {
        id: "malformed-id-shows-database",
        words: "A malformed id is answered with what the database says about it.",
        requirement: "INPUT-10",
        shortest: 1,
        plant: |rules| {
            rules.parse_id = |readings, call| {
                parse_id(readings, call).map_err(|refusal| Refusal {
                    message: format!(
                        "ERROR: invalid input syntax for type uuid: {:?} (SQLSTATE 22P02)",
                        call.id.as_deref().unwrap_or_default()
                    ),
                    ..refusal
                })
            };
        },
    },
    Fault {
        id: "refusal-names-foreign-account",
        words: "Who asks for another programme's card is told whose it is.",
        requirement: "INPUT-11",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| {
                locate(service, call, id).map_err(|refusal| {
                    match look_up(&service.foreign, call, id) {
                        Some(account) => Refusal {
                            message: format!("the card belongs to account {}", account.id),
                            ..refusal
                        },
                        None => refusal,
                    }
                })
            };
        },
    },
    Fault {
        id: "post-acts-like-patch",
        words: "A POST on the path of an act does what a PATCH does.",
        requirement: "INPUT-9",
        shortest: 4,
        plant: |rules| {
            rules.other_method = |method, operations| match operations {
                [act @ (Operation::Activate | Operation::Deactivate)]
                    if *method == Method::POST =>
                {
                    Ok(*act)
                }
                _ => crate::reference::server::other_method(method, operations),
            };
        },
    },
    Fault {
        id: "read-by-get-deactivates",
        words: "The path of a deactivate, opened in a browser, deactivates.",
        requirement: "INPUT-9",
        shortest: 4,
        plant: |rules| {
            rules.other_method = |method, operations| match operations {
                [Operation::Deactivate] if *method == Method::GET => Ok(Operation::Deactivate),
                _ => crate::reference::server::other_method(method, operations),
            };
            rules.wants_key = |call| {
                let by_get = call.method == Method::GET;
                !by_get && crate::reference::idempotency::wants_key(call)
            };
        },
    },
    Fault {
        id: "other-method-breaks",
        words: "A method that a path does not have ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| rules.other_method = |_, _| Err(internal_error()),
    },
];
