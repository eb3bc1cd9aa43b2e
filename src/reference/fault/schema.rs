//! Mistakes in the shape of a card.

use serde_json::{Value, json};

use super::{Fault, alter, remove, rendered};
use crate::reference::card::{Card, CardStatus, View, render};
use crate::reference::readings::Readings;

/// Changes one member of every shown card.
fn with_member(
    readings: &Readings,
    card: &Card,
    view: View,
    name: &str,
    change: impl FnOnce(&Value) -> Value,
) -> Value {
    rendered(readings, card, view, |body| alter(body, name, change))
}

fn upper_case(value: &Value) -> Value {
    json!(value.as_str().unwrap_or_default().to_uppercase())
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "name-in-parts",
        words: "The name on a card comes as an object of its parts.",
        requirement: "BODY-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "name", |name| match name.as_str() {
                    Some(name) => json!({"full": name}),
                    None => name.clone(),
                })
            };
        },
    },
    Fault {
        id: "list-entries-without-type",
        words: "The entries of an account's list lack the type.",
        requirement: "BODY-2",
        shortest: 2,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::AccountList {
                        remove(body, "type");
                    }
                })
            };
        },
    },
    Fault {
        id: "new-card-without-updated-at",
        words: "A card lacks updatedAt until something is updated.",
        requirement: "BODY-2",
        shortest: 1,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.updated_at == card.created_at {
                        remove(body, "updatedAt");
                    }
                })
            };
        },
    },
    Fault {
        id: "account-id-is-null",
        words: "The accountId of a card is null.",
        requirement: "BODY-3",
        shortest: 1,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "accountId", |_| Value::Null)
            };
        },
    },
    Fault {
        id: "status-in-capitals",
        words: "The status is printed in capitals.",
        requirement: "BODY-4",
        shortest: 1,
        plant: |rules| {
            rules.render =
                |readings, card, view| with_member(readings, card, view, "status", upper_case);
        },
    },
    Fault {
        id: "suspended-shown-as-frozen",
        words: "A suspended card shows a status that the contract doesn't know.",
        requirement: "BODY-4",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "status", |status| match card.status {
                    CardStatus::Suspended => json!("frozen"),
                    _ => status.clone(),
                })
            };
        },
    },
    Fault {
        id: "type-in-capitals",
        words: "The type is printed in capitals.",
        requirement: "BODY-5",
        shortest: 1,
        plant: |rules| {
            rules.render =
                |readings, card, view| with_member(readings, card, view, "type", upper_case);
        },
    },
    Fault {
        id: "timestamps-without-zone",
        words: "Timestamps are printed without a zone.",
        requirement: "BODY-6",
        shortest: 1,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "createdAt", |printed| {
                    json!(printed.as_str().unwrap_or_default().trim_end_matches('Z'))
                })
            };
        },
    },
    Fault {
        id: "timestamp-is-a-number",
        words: "The updatedAt of a card is a number of seconds.",
        requirement: "BODY-6",
        shortest: 1,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "updatedAt", |_| {
                    json!(card.updated_at.as_second())
                })
            };
        },
    },
    Fault {
        id: "masked-pan-five-stars",
        words: "The masked number has five stars.",
        requirement: "BODY-7",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "maskedPan", |_| {
                    json!(card.details.masked_pan.replace("******", "*****"))
                })
            };
        },
    },
    Fault {
        id: "network-in-capitals",
        words: "The network is printed in capitals.",
        requirement: "BODY-8",
        shortest: 3,
        plant: |rules| {
            rules.render =
                |readings, card, view| with_member(readings, card, view, "network", upper_case);
        },
    },
    Fault {
        id: "expiry-with-short-year",
        words: "The expiry is printed as MM/YY.",
        requirement: "BODY-9",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "expirationDate", |_| {
                    json!(card.details.expiration_date.replacen("/20", "/", 1))
                })
            };
        },
    },
    Fault {
        id: "expiry-is-a-number",
        words: "The expiry is a number, month and year in one.",
        requirement: "BODY-9",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(readings, card, view, "expirationDate", |_| {
                    json!(
                        card.details
                            .expiration_date
                            .replace('/', "")
                            .parse::<u32>()
                            .unwrap_or_default()
                    )
                })
            };
        },
    },
    Fault {
        id: "billing-in-one-line",
        words: "The billing address is one line of text in the programme's list.",
        requirement: "BODY-10",
        shortest: 2,
        plant: |rules| {
            rules.render = |readings, card, view| {
                with_member(
                    readings,
                    card,
                    view,
                    "billingAddress",
                    |address| match view {
                        View::ProgrammeList => json!(format!(
                            "{}, {}",
                            card.billing_address.first_line, card.billing_address.city
                        )),
                        _ => address.clone(),
                    },
                )
            };
        },
    },
    Fault {
        id: "inactive-card-without-details",
        words: "An inactive card shows neither name nor number nor expiry.",
        requirement: "BODY-11",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                let issued = card.issued && card.status != CardStatus::Inactive;
                render(
                    readings,
                    &Card {
                        issued,
                        ..card.clone()
                    },
                    view,
                )
            };
        },
    },
    Fault {
        id: "issued-card-without-name",
        words: "A card that was issued lacks the name.",
        requirement: "BODY-11",
        shortest: 3,
        plant: |rules| {
            rules.render =
                |readings, card, view| rendered(readings, card, view, |body| remove(body, "name"));
        },
    },
];
