//! Mistakes in how an answer is sent, and in what it gives away.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Fault, alter, rendered};
use crate::reference::call::{Content, Operation, Reply};
use crate::reference::card::{Card, CardStatus, CardType, View};

/// The masked number with digits in place of the stars, such that the whole passes the check of card numbers.
pub(super) fn unmasked(card: &Card) -> Value {
    let numbers = (0..10).map(|last| {
        card.details
            .masked_pan
            .replace("******", &format!("01827{last}"))
    });
    json!(numbers.into_iter().find(|number| passes_luhn(number)))
}

fn passes_luhn(number: &str) -> bool {
    let digits = number.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            1 => digit * 2 / 10 + digit * 2 % 10,
            _ => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "conflict-answers-412",
        words: "A call that the state does not allow is answered with 412, which the document does not give.",
        requirement: "HTTP-1",
        shortest: 2,
        plant: |rules| {
            rules.dress = |_, reply| match reply.status {
                StatusCode::CONFLICT => Reply {
                    status: StatusCode::PRECONDITION_FAILED,
                    ..reply
                },
                _ => reply,
            };
        },
    },
    Fault {
        id: "card-is-plain-text",
        words: "A card that is read calls itself plain text.",
        requirement: "BODY-12",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, reply| match (call.operation, &reply.content) {
                (Operation::ReadCard, Content::Json(body)) => {
                    let content = Content::Text {
                        media_type: "text/plain",
                        text: body.to_string(),
                    };
                    Reply { content, ..reply }
                }
                _ => reply,
            };
        },
    },
    Fault {
        id: "card-is-a-page",
        words: "A new card comes as an HTML page.",
        requirement: "BODY-12",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| match (call.operation, reply.status) {
                (Operation::CreateCard, StatusCode::CREATED) => {
                    let text = "<!doctype html><title>Card created</title>".to_owned();
                    Reply {
                        content: Content::Text {
                            media_type: "text/html",
                            text,
                        },
                        ..reply
                    }
                }
                _ => reply,
            };
        },
    },
    Fault {
        id: "error-body-is-cut",
        words: "An error calls itself JSON, and its last brace is missing.",
        requirement: "BODY-13",
        shortest: 1,
        plant: |rules| {
            rules.dress = |_, reply| match &reply.content {
                Content::Json(body) if reply.status.is_client_error() => {
                    let text = body.to_string().trim_end_matches('}').to_owned();
                    Reply {
                        content: Content::Text {
                            media_type: "application/json",
                            text,
                        },
                        ..reply
                    }
                }
                _ => reply,
            };
        },
    },
    Fault {
        id: "programme-list-answers-206",
        words: "The programme's list is answered with 206, a status that the document doesn't give.",
        requirement: "HTTP-5",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| match (call.operation, reply.status) {
                (Operation::ProgrammeCards, StatusCode::OK) => Reply {
                    status: StatusCode::PARTIAL_CONTENT,
                    ..reply
                },
                _ => reply,
            };
        },
    },
    Fault {
        id: "state-breaks-create",
        words: "A create whose billing address has a state ends in an internal error.",
        requirement: "HTTP-2",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let has_state = reply
                    .value_mut()
                    .is_some_and(|body| body["billingAddress"]["state"].is_string());
                match call.operation == Operation::CreateCard && has_state {
                    true => Reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
                    false => reply,
                }
            };
        },
    },
    Fault {
        id: "deactivate-answers-202",
        words: "Deactivate answers 202, as if it were to be done later.",
        requirement: "HTTP-5",
        shortest: 3,
        plant: |rules| {
            rules.dress = |call, reply| match call.operation {
                Operation::Deactivate if reply.status.is_success() => {
                    Reply::empty(StatusCode::ACCEPTED)
                }
                _ => reply,
            };
        },
    },
    Fault {
        id: "simulator-answers-200",
        words: "The simulator's issue answers 200 with a body of its own.",
        requirement: "HTTP-5",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, reply| match call.operation {
                Operation::Issue if reply.status.is_success() => {
                    Reply::json(StatusCode::OK, json!({ "ok": true }))
                }
                _ => reply,
            };
        },
    },
    Fault {
        id: "number-unmasked",
        words: "The masked number is not masked.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    alter(body, "maskedPan", |_| unmasked(card))
                })
            };
        },
    },
    Fault {
        id: "programme-list-leaks-number",
        words: "The programme's list has the full number in a member of its own.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::ProgrammeList && card.issued {
                        body["pan"] = unmasked(card);
                    }
                })
            };
        },
    },
    Fault {
        id: "card-leaks-cvv",
        words: "A card that was issued shows its CVV.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.issued {
                        body["cvv"] = json!("737");
                    }
                })
            };
        },
    },
    Fault {
        id: "physical-card-leaks-pin",
        words: "A physical card that is inactive shows the PIN that it waits to be activated with.",
        requirement: "LEAK-2",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                let waits =
                    card.card_type == CardType::Physical && card.status == CardStatus::Inactive;
                rendered(readings, card, view, |body| {
                    if waits {
                        body["pin"] = json!("4071");
                    }
                })
            };
        },
    },
];
