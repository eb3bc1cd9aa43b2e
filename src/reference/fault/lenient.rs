//! Mistakes of readers that mean well: what is nearly right is put right.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::signature::with;
use super::{Fault, internal_error};
use crate::reference::access::{bearer, content_digest};
use crate::reference::call::{Call, Refusal};
use crate::reference::card::{Address, Card, CardRequest, new_card};
use crate::reference::input::card_request;
use crate::reference::readings::Readings;
use crate::reference::service::Service;
use crate::reference::signature::verify;

/// A new card whose billing address was kept with its texts rewritten.
pub(super) fn rewritten(
    account_id: uuid::Uuid,
    mut request: CardRequest,
    now: jiff::Timestamp,
    rewrite: fn(&str) -> String,
) -> Card {
    let Address {
        first_line,
        second_line,
        city,
        state,
        post_code,
        country: _,
    } = &mut request.billing_address;
    let texts = [first_line, city, post_code].into_iter();
    for text in texts.chain(second_line).chain(state) {
        *text = rewrite(text);
    }
    new_card(account_id, request, now)
}

/// The bytes of the only digest that the call has, and those of the right one.
fn digests(call: &Call) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = call.header("content-digest")?;
    let (name, encoded) = text.split_once("=:")?;
    let algorithm = match name {
        "sha-256" => &digest::SHA256,
        _ => &digest::SHA512,
    };
    let sent = STANDARD.decode(encoded.strip_suffix(':')?).ok()?;
    let right = digest::digest(algorithm, &call.body).as_ref().to_vec();
    Some((sent, right))
}

/// The correct verdict on a digest, but one that is alike in this way is let pass.
fn unless_alike(
    readings: &Readings,
    call: &Call,
    is_alike: fn(&[u8], &[u8]) -> bool,
) -> Result<(), Refusal> {
    match digests(call) {
        Some((sent, right)) if is_alike(&sent, &right) => Ok(()),
        _ => content_digest(readings, call),
    }
}

/// The correct verdict on a bearer, of which only a part is read.
fn bearer_read(service: &Service, call: &Call, read: fn(&str) -> String) -> Result<(), Refusal> {
    let authorization = call.header("authorization").unwrap_or_default();
    bearer(service, &with(call, "authorization", &read(&authorization)))
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "word-without-token-breaks",
        words: "What follows the word Bearer is taken, though nothing does.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| match call.header("authorization").as_deref() {
                Some("Bearer") => Err(internal_error()),
                _ => bearer(service, call),
            };
        },
    },
    Fault {
        id: "parts-behind-token-not-read",
        words: "Of a token only the three parts are read that it should have.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer_read(service, call, |text| {
                    text.splitn(4, '.').take(3).collect::<Vec<_>>().join(".")
                })
            };
        },
    },
    Fault {
        id: "words-behind-token-not-read",
        words: "Of the words of `Authorization` the first two are read.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer_read(service, call, |text| {
                    let words = text.split_whitespace();
                    words.take(2).collect::<Vec<_>>().join(" ")
                })
            };
        },
    },
    Fault {
        id: "signature-cut-to-its-length",
        words: "Of a signature as many bytes are read as one has.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                let cut = |text: String| {
                    let (label, encoded) = text.split_once("=:")?;
                    let bytes = STANDARD.decode(encoded.strip_suffix(':')?).ok()?;
                    let encoded = STANDARD.encode(bytes.get(..96)?);
                    Some(format!("{label}=:{encoded}:"))
                };
                match call.header("signature").and_then(cut) {
                    Some(signature) => verify(service, &with(call, "signature", &signature)),
                    None => verify(service, call),
                }
            };
        },
    },
    Fault {
        id: "body-of-no-told-length-is-none",
        words: "A digest is compared where `Content-Length` says that there is a body.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| match call.header("content-length") {
                Some(_) => content_digest(readings, call),
                None => Ok(()),
            };
        },
    },
    Fault {
        id: "algorithm-none-accepted",
        words: "A signature that says to be of no algorithm is not verified.",
        requirement: "AUTH-7",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.header("signature-input") {
                Some(input) if input.contains("alg=\"none\"") => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "query-left-out-of-target",
        words: "The signature is verified over a target without its query.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                let mut call = call.clone();
                if let Ok(path) = call.uri.path().parse() {
                    call.uri = path;
                }
                verify(service, &call)
            };
        },
    },
    Fault {
        id: "digest-compared-at-its-beginning",
        words: "Of a digest the first eight bytes are compared.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| {
                unless_alike(readings, call, |sent, right| {
                    sent.get(..8) == right.get(..8) && sent.len() == right.len()
                })
            };
        },
    },
    Fault {
        id: "digest-compared-as-far-as-sent",
        words: "A digest is compared as far as it was sent.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| {
                unless_alike(readings, call, |sent, right| {
                    sent.len() < right.len() && right.starts_with(sent)
                })
            };
        },
    },
    Fault {
        id: "digest-compared-without-case",
        words: "Digests are compared as texts in which capitals count for small letters.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| {
                unless_alike(readings, call, |sent, right| {
                    STANDARD
                        .encode(sent)
                        .eq_ignore_ascii_case(&STANDARD.encode(right))
                })
            };
        },
    },
    Fault {
        id: "list-of-one-type-is-that-type",
        words: "A list of one type is taken for that type.",
        requirement: "INPUT-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body["type"].as_array().map(Vec::as_slice) {
                Some([only]) => {
                    let mut body = body.clone();
                    body["type"] = only.clone();
                    card_request(readings, &body)
                }
                _ => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "second-line-does-for-first",
        words: "An address that has a second line needs no first one.",
        requirement: "INPUT-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                let mut body = body.clone();
                let second = body["billingAddress"]["secondLine"].clone();
                let address = body
                    .get_mut("billingAddress")
                    .and_then(Value::as_object_mut);
                if let Some(address) = address.filter(|_| second.is_string()) {
                    address.entry("firstLine").or_insert(second);
                }
                card_request(readings, &body)
            };
        },
    },
    Fault {
        id: "type-of-every-object-breaks",
        words: "The type is looked up in an object that has a constructor of its own, which breaks.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body["type"].as_str() {
                Some("constructor") => Err(internal_error()),
                _ => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "ancestor-in-body-breaks",
        words: "A body with a member `__proto__` breaks the copy that is made of it.",
        requirement: "HTTP-2",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body.get("__proto__") {
                Some(_) => Err(internal_error()),
                None => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "plus-is-a-space",
        words: "Texts are decoded as forms are: a plus sign comes back as a space.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| text.replace('+', " "))
            };
        },
    },
    Fault {
        id: "signs-made-plain",
        words: "Curly quotes, dashes and spaces that don't break are kept as the plain ones.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| {
                    text.replace(['‘', '’'], "'")
                        .replace(['“', '”'], "\"")
                        .replace('–', "-")
                        .replace('\u{a0}', " ")
                })
            };
        },
    },
    Fault {
        id: "tab-is-a-space",
        words: "A tab in a text is kept as a space.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| text.replace('\t', " "))
            };
        },
    },
    Fault {
        id: "repeated-line-dropped",
        words: "A second line that repeats the first is dropped.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, mut request, now| {
                let address = &mut request.billing_address;
                address
                    .second_line
                    .take_if(|line| *line == address.first_line);
                new_card(account_id, request, now)
            };
        },
    },
];
