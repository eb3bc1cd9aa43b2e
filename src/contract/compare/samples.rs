//! Bodies and values that are tried on both documents: whole ones that are valid beyond doubt, and what takes the place of one
//! member, likely and unlikely.

use serde_json::{Value, json};

use crate::contract::OperationKind;

/// The states that every implementation shows, and both types.
const ALWAYS_SHOWN: [(&str, &str); 6] = [
    ("/status", "issuing"),
    ("/status", "active"),
    ("/status", "inactive"),
    ("/status", "terminated"),
    ("/type", "virtual"),
    ("/type", "physical"),
];

fn address() -> Value {
    json!({
        "firstLine": "1 High Street",
        "secondLine": "Flat 2",
        "city": "London",
        "state": "Greater London",
        "country": "GB",
        "postCode": "SW1A 1AA",
    })
}

fn card() -> Value {
    json!({
        "id": "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10",
        "accountId": "3f2b8c1e-7a4d-4e2b-9c61-0d5e8f7a1b23",
        "type": "virtual",
        "name": "Kari Nordmann",
        "network": "visa",
        "maskedPan": "400000******0002",
        "expirationDate": "01/2029",
        "billingAddress": address(),
        "status": "active",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:05Z",
    })
}

/// An event about a card.
pub fn event() -> Value {
    let mut event = card();
    event["webhookType"] = json!("card.updated");
    event["eventId"] = json!("e4a7c2d9-6b15-4f83-b0de-5a9c8b7d6e4f");
    event
}

/// What an operation answers.
pub fn answer(kind: OperationKind) -> Value {
    match kind {
        OperationKind::ListAccountCards | OperationKind::ListCards => json!([card()]),
        OperationKind::ListWebhooks => json!([webhook()]),
        OperationKind::PutWebhook | OperationKind::GetWebhook => webhook(),
        _ => card(),
    }
}

/// What an operation is asked with.
pub fn requests(kind: OperationKind) -> Vec<Value> {
    match kind {
        OperationKind::CreateCard => ["virtual", "physical"]
            .map(|card_type| {
                json!({
                    "type": card_type,
                    "billingAddress": address(),
                    "shippingAddress": address(),
                })
            })
            .to_vec(),
        OperationKind::PutWebhook => vec![json!({
            "callbackUrl": "https://partner.example/events",
            "types": ["card.updated"],
        })],
        _ => Vec::new(),
    }
}

fn webhook() -> Value {
    json!({
        "id": "5c0e9d7a-1f2b-4a3c-8d4e-6f7a8b9c0d1e",
        "callbackUrl": "https://partner.example/events",
        "types": ["card.updated"],
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:05Z",
    })
}

/// Whether every implementation comes to answer with this value of a card's member.
pub fn is_always_shown(at: &str, value: &Value) -> bool {
    ALWAYS_SHOWN
        .iter()
        .any(|(member, shown)| at.ends_with(member) && value == shown)
}

/// Values for any member, the telling ones first: of other types, near misses of every form that the contract states, and texts
/// that it takes.
pub fn values() -> Vec<Value> {
    let others = [
        json!(null),
        json!(5),
        json!(true),
        json!({}),
        json!([]),
        json!(["text"]),
    ];
    let texts = [
        "text",
        "frozen",
        "metal",
        "ZZ",
        "no",
        "not-a-uuid",
        "2026-01-01",
        "yesterday",
        "4000001234560002",
        "400000******000",
        "13/2029",
        "1/29",
        "2029-01",
        "9B1D6A52-3C0F-4F7E-8A94-2E6C7D5B4F10",
        "2026-01-01T01:00:00.123456+01:00",
        "530000******1234",
        "12/2031",
        "A",
        "12",
        "0154",
        "Østre Aker vei 1",
        "東京都",
        "O'Brien & Co.",
        "No. 5/7, Flat #3",
        "Rue de l'Évêché (à gauche)",
        "1234567890",
        "a text that is thirty-five letters.",
    ];
    others
        .into_iter()
        .chain(texts.into_iter().map(Value::from))
        .collect()
}

/// Texts that a parameter may be, and texts that it may not.
pub fn parameter_texts(name: &str) -> Vec<Value> {
    let texts: &[&str] = match name {
        "signature" => &["sig1=:bm90IGEgc2lnbmF0dXJl:"],
        "signature-input" => &["sig1=(\"@method\" \"@target-uri\");created=1767225600;keyid=\"k\""],
        "content-digest" => &[
            "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
            "sha-512=:J8es8mZ2D2tWgW0bRXWgUlM9M7eC0XbrFGGFOHYpQ4vhgLYs0w0p2N1nO2TQJHk0XzUZ8v1aMf5cmpjB6dWfCQ==:",
        ],
        _ => &[
            "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10",
            "9B1D6A52-3C0F-4F7E-8A94-2E6C7D5B4F10",
            "not-a-uuid",
        ],
    };
    texts.iter().copied().map(Value::from).collect()
}
