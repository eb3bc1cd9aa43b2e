//! Mistakes of readers that mean well: what is nearly right is put right.

use serde_json::Value;

use super::{Fault, internal_error};
use crate::reference::card::{Address, Card, CardRequest, new_card};
use crate::reference::input::card_request;

/// A new card whose billing address was kept with its texts rewritten.
fn rewritten(
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

pub(super) const FAULTS: &[Fault] = &[
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
        requirement: "HTTP-2",
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
