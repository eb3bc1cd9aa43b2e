//! Mistakes in how an answer is sent.

use http::StatusCode;
use serde_json::json;

use super::Fault;
use crate::reference::call::{Content, Operation, Reply};

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
];
