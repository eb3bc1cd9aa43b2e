//! Mistakes in what an id in a path leads to.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Fault, internal_error};
use crate::reference::call::{Call, Content, Operation, Refusal};
use crate::reference::readings::Readings;
use crate::reference::service::{locate, look_up, parse_id};

/// An internal error when the id in the path is malformed and the operation is one of these.
fn malformed_breaks(readings: &Readings, call: &Call, accounts: bool) -> Result<Uuid, Refusal> {
    let of_account = matches!(
        call.operation,
        Operation::CreateCard | Operation::AccountCards
    );
    parse_id(readings, call).map_err(|refusal| {
        if of_account == accounts {
            internal_error()
        } else {
            refusal
        }
    })
}

/// A malformed id is a body that can't be processed, to somebody who has not read on.
fn malformed_unprocessable(
    readings: &Readings,
    call: &Call,
    accounts: bool,
) -> Result<Uuid, Refusal> {
    let of_account = matches!(
        call.operation,
        Operation::CreateCard | Operation::AccountCards
    );
    parse_id(readings, call).map_err(|refusal| match of_account == accounts {
        true => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-id",
            "the id is no UUID",
        ),
        false => refusal,
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "malformed-card-id-answers-422",
        words: "A card id that is not a UUID is answered with 422, like a body that is wrong.",
        requirement: "ID-2",
        shortest: 1,
        plant: |rules| {
            rules.parse_id = |readings, call| malformed_unprocessable(readings, call, false);
        },
    },
    Fault {
        id: "malformed-account-id-answers-422",
        words: "An account id that is not a UUID is answered with 422, like a body that is wrong.",
        requirement: "ID-4",
        shortest: 1,
        plant: |rules| {
            rules.parse_id = |readings, call| malformed_unprocessable(readings, call, true);
        },
    },
    Fault {
        id: "card-ids-compared-with-case",
        words: "A card id in capitals is not found.",
        requirement: "READ-8",
        shortest: 2,
        plant: |rules| {
            rules.locate = |service, call, id| {
                let same_text = call.id.as_deref() == Some(id.to_string().as_str());
                let of_account = matches!(
                    call.operation,
                    Operation::CreateCard | Operation::AccountCards
                );
                match same_text || of_account {
                    true => locate(service, call, id),
                    false => Err(Refusal::new(
                        StatusCode::NOT_FOUND,
                        "not-found",
                        "no card has this id",
                    )),
                }
            };
        },
    },
    Fault {
        id: "unknown-card-breaks",
        words: "An unknown card id ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| {
                locate(service, call, id).map_err(|refusal| match call.operation {
                    Operation::CreateCard | Operation::AccountCards => refusal,
                    _ => internal_error(),
                })
            };
        },
    },
    Fault {
        id: "unknown-card-reads-empty",
        words: "Reading an unknown card answers 200 with null.",
        requirement: "ID-1",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let unknown = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "not-found");
                if call.operation == Operation::ReadCard && unknown {
                    reply.status = StatusCode::OK;
                    reply.content = Content::Json(Value::Null);
                }
                reply
            };
        },
    },
    Fault {
        id: "malformed-card-id-breaks",
        words: "A card id that is not a UUID ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| rules.parse_id = |readings, call| malformed_breaks(readings, call, false),
    },
    Fault {
        id: "unknown-account-opened",
        words: "A create for an unknown account opens it.",
        requirement: "ID-3",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match (locate(service, call, id), call.operation) {
                (Err(_), Operation::CreateCard) => Ok(service.own.open_account(id)),
                (located, _) => located,
            };
        },
    },
    Fault {
        id: "unknown-account-lists-nothing",
        words: "The list of an unknown account is empty.",
        requirement: "ID-3",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let unknown = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "not-found");
                if call.operation == Operation::AccountCards && unknown {
                    reply.status = StatusCode::OK;
                    reply.content = Content::Json(json!([]));
                }
                reply
            };
        },
    },
    Fault {
        id: "malformed-account-id-breaks",
        words: "An account id that is not a UUID ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| rules.parse_id = |readings, call| malformed_breaks(readings, call, true),
    },
    Fault {
        id: "foreign-card-readable",
        words: "Another programme's card can be read.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match call.operation {
                Operation::ReadCard => look_up(&service.foreign, call, id)
                    .map_or_else(|| locate(service, call, id), Ok),
                _ => locate(service, call, id),
            };
        },
    },
    Fault {
        id: "foreign-card-terminable",
        words: "Another programme's card can be terminated.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match call.operation {
                Operation::Terminate => look_up(&service.foreign, call, id)
                    .map_or_else(|| locate(service, call, id), Ok),
                _ => locate(service, call, id),
            };
        },
    },
    Fault {
        id: "foreign-card-deactivatable",
        words: "Another programme's card can be deactivated.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match call.operation {
                Operation::Deactivate => look_up(&service.foreign, call, id)
                    .map_or_else(|| locate(service, call, id), Ok),
                _ => locate(service, call, id),
            };
        },
    },
    Fault {
        id: "foreign-account-takes-cards",
        words: "Cards can be created in another programme's account.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match service.foreign.account(id) {
                Some(account) if call.operation == Operation::CreateCard => Ok(account),
                Some(_) | None => locate(service, call, id),
            };
        },
    },
    Fault {
        id: "foreign-card-answers-401",
        words: "Who asks for another programme's card is told to log in.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| {
                locate(service, call, id).map_err(|refusal| {
                    match look_up(&service.foreign, call, id) {
                        Some(_) => Refusal {
                            status: StatusCode::UNAUTHORIZED,
                            ..refusal
                        },
                        None => refusal,
                    }
                })
            };
        },
    },
    Fault {
        id: "foreign-account-listed",
        words: "The cards of another programme's account can be listed.",
        requirement: "ID-5",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| match service.foreign.account(id) {
                Some(account) if call.operation == Operation::AccountCards => Ok(account),
                Some(_) | None => locate(service, call, id),
            };
        },
    },
];
