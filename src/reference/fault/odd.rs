//! Mistakes in what is taken for an id or a key though it is more than one, or longer than any.

use uuid::Uuid;

use super::{Fault, internal_error};
use crate::reference::call::{Call, Refusal};
use crate::reference::idempotency::{once, parse_key};
use crate::reference::readings::Readings;
use crate::reference::service::{execute, parse_id};

/// What fits into the columns of a database.
const COLUMN: usize = 255;

/// The id in the path, of which a part is read.
fn id_in(readings: &Readings, call: &Call, part: impl Fn(&str) -> &str) -> Result<Uuid, Refusal> {
    let id = call.id.as_deref().map(|text| part(text).to_owned());
    parse_id(readings, &Call { id, ..call.clone() })
}

fn is_overlong(call: &Call) -> bool {
    let key = call.header("idempotency-key");
    key.is_some_and(|key| key.len() > COLUMN)
}

/// The key, cut to what the column can hold.
fn cut_key(text: Option<&str>) -> Result<String, Refusal> {
    match text.filter(|text| text.len() > COLUMN) {
        Some(text) => Ok(text.chars().take(COLUMN).collect()),
        None => parse_key(text),
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "id-up-to-a-dot",
        words: "What stands behind a dot is taken for the format that is wanted, and left out.",
        requirement: "ID-2",
        shortest: 2,
        plant: |rules| {
            rules.parse_id = |readings, call| {
                id_in(readings, call, |text| {
                    text.split_once('.').map_or(text, |(id, _)| id)
                })
            };
        },
    },
    Fault {
        id: "id-up-to-a-null-character",
        words: "An id ends at a null character.",
        requirement: "ID-2",
        shortest: 2,
        plant: |rules| {
            rules.parse_id = |readings, call| {
                id_in(readings, call, |text| {
                    text.split_once('\0').map_or(text, |(id, _)| id)
                })
            };
        },
    },
    Fault {
        id: "id-up-to-a-broken-escape",
        words: "What stands behind a percent sign that escapes nothing is left out.",
        requirement: "ID-2",
        shortest: 2,
        plant: |rules| {
            rules.parse_id = |readings, call| {
                id_in(readings, call, |text| {
                    text.split_once('%').map_or(text, |(id, _)| id)
                })
            };
        },
    },
    Fault {
        id: "id-is-a-pattern",
        words: "An id is compared by LIKE, in which a percent sign stands for any text.",
        requirement: "ID-2",
        shortest: 2,
        plant: |rules| {
            rules.parse_id = |readings, call| {
                id_in(readings, call, |text| {
                    text.strip_suffix('%').unwrap_or(text)
                })
            };
        },
    },
    Fault {
        id: "overlong-id-breaks",
        words: "An id that is longer than its column ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_id = |readings, call| match &call.id {
                Some(text) if text.len() > COLUMN => Err(internal_error()),
                _ => parse_id(readings, call),
            };
        },
    },
    Fault {
        id: "overlong-key-breaks",
        words: "An idempotency key that is longer than its column ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.parse_key = |text| match text {
                Some(text) if text.len() > COLUMN => Err(internal_error()),
                _ => parse_key(text),
            };
        },
    },
    Fault {
        id: "overlong-key-is-cut",
        words: "An idempotency key that is longer than its column is cut to its first 36 characters.",
        requirement: "IDEM-2",
        shortest: 1,
        plant: |rules| {
            rules.parse_key = |text| match text {
                Some(text) if text.len() > COLUMN => parse_key(text.get(..36)),
                _ => parse_key(text),
            };
        },
    },
    Fault {
        id: "overlong-key-is-refused-too-late",
        words: "That a key is longer than its column turns out when the call is done; it is refused then.",
        requirement: "INPUT-7",
        shortest: 2,
        plant: |rules| {
            rules.parse_key = cut_key;
            rules.once = |task, slot| match is_overlong(task.call) {
                true => {
                    execute(task);
                    Refusal::invalid("Idempotency-Key is too long").into()
                }
                false => once(task, slot),
            };
        },
    },
];
