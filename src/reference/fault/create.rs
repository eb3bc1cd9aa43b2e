//! Mistakes in how a card comes to be.

use http::StatusCode;
use serde_json::Value;
use uuid::{Builder, Uuid};

use super::Fault;
use crate::reference::call::{Content, Operation, Refusal, Reply};
use crate::reference::card::{Card, CardStatus, CardType, new_card};
use crate::reference::service::locate;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "create-answers-200",
        words: "A create is answered with 200, as every other call with a body is.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| match (call.operation, reply.status) {
                (Operation::CreateCard, StatusCode::CREATED) => Reply {
                    status: StatusCode::OK,
                    ..reply
                },
                _ => reply,
            };
        },
    },
    Fault {
        id: "create-answers-without-card",
        words: "A create is answered with 201 and no body.",
        requirement: "BODY-12",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| match (call.operation, reply.status) {
                (Operation::CreateCard, StatusCode::CREATED) => Reply {
                    content: Content::None,
                    ..reply
                },
                _ => reply,
            };
        },
    },
    Fault {
        id: "new-card-is-active",
        words: "A new card is active at once, although it was not issued.",
        requirement: "CREATE-2",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| Card {
                status: CardStatus::Active,
                issued: true,
                ..new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "status-taken-from-request",
        words: "The members of a request are laid over the new card, a status too.",
        requirement: "CREATE-2",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| {
                let sent: Value = serde_json::from_slice(&call.body).unwrap_or_default();
                match (call.operation, reply.content, sent.get("status")) {
                    (Operation::CreateCard, Content::Json(mut card), Some(status))
                        if reply.status == StatusCode::CREATED =>
                    {
                        card["status"] = status.clone();
                        Reply::json(reply.status, card)
                    }
                    (_, content, _) => Reply { content, ..reply },
                }
            };
        },
    },
    Fault {
        id: "new-card-is-always-virtual",
        words: "The type of the request is checked and then not used.",
        requirement: "CREATE-3",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| Card {
                card_type: CardType::Virtual,
                ..new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "new-card-names-another-account",
        words: "The accountId of a card is drawn together with its id.",
        requirement: "CREATE-3",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| Card {
                account_id: Uuid::new_v4(),
                ..new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "account-taken-from-request",
        words: "A card is made on the account that the body names, if it names one of the programme's.",
        requirement: "CREATE-3",
        shortest: 1,
        plant: |rules| {
            rules.locate = |service, call, id| {
                let sent: Value = serde_json::from_slice(&call.body).unwrap_or_default();
                let named = sent["accountId"].as_str().and_then(|id| id.parse().ok());
                let named = named.filter(|_| call.operation == Operation::CreateCard);
                let found = named.and_then(|named| locate(service, call, named).ok());
                found.map_or_else(|| locate(service, call, id), Ok)
            };
        },
    },
    Fault {
        id: "billing-is-shipping",
        words: "A physical card is stored with the shipping address in place of the billing address.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, mut request, now| {
                if let Some(shipping) = &request.shipping_address {
                    request.billing_address = shipping.clone();
                }
                new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "card-id-made-from-account",
        words: "The id is computed from account and type, so that the successor of a terminated card gets its id.",
        requirement: "CREATE-5",
        shortest: 3,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                let bits = account_id.as_u128() ^ (request.card_type as u128 + 1);
                let id = Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
                Card {
                    id,
                    ..new_card(account_id, request, now)
                }
            };
        },
    },
    Fault {
        id: "issuing-card-unreadable",
        words: "A card is found by its id only once it is issued.",
        requirement: "READ-1",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let issuing = reply
                    .value_mut()
                    .is_some_and(|body| body["status"] == "issuing");
                match call.operation == Operation::ReadCard && issuing {
                    true => Refusal::new(StatusCode::NOT_FOUND, "not-found", "no card has this id")
                        .into(),
                    false => reply,
                }
            };
        },
    },
];
