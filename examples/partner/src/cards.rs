//! Cards, their states, and the limit: one of each type per account.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::countries::is_country;

/// Why something is refused.
#[derive(Debug)]
pub struct Refusal(pub StatusCode, pub &'static str);

const INVALID: Refusal = Refusal(StatusCode::BAD_REQUEST, "the body is no valid request");

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Virtual,
    Physical,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Issuing,
    Active,
    Inactive,
    IssueFailed,
    Terminated,
}

/// What may be done to a card.
#[derive(Clone, Copy)]
pub enum Change {
    Issue,
    Fail,
    Activate,
    Deactivate,
    Terminate,
}

/// What a card is ordered with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    r#type: Type,
    billing_address: Address,
    shipping_address: Option<Address>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    first_line: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_line: Option<String>,
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    country: String,
    post_code: String,
}

impl Request {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Request, Refusal> {
        // Twice: read straight away, names that stand twice are found; and a list would be taken for an object.
        let value: Value = serde_json::from_slice(body).map_err(|_| INVALID)?;
        let is_object = |address: &Value| address.is_object() || address.is_null();
        if !value.is_object()
            || !is_object(&value["billingAddress"])
            || !is_object(&value["shippingAddress"])
        {
            return Err(INVALID);
        }
        let request: Request = serde_json::from_slice(body).map_err(|_| INVALID)?;
        let is_shipped = request.r#type == Type::Virtual || request.shipping_address.is_some();
        let is_known = |address: &Address| is_country(&address.country);
        let are_known =
            is_known(&request.billing_address) && request.shipping_address.iter().all(is_known);
        match is_shipped && are_known {
            true => Ok(request),
            false => Err(INVALID),
        }
    }
}

/// A card.
pub struct Card {
    id: Uuid,
    pub account_id: Uuid,
    r#type: Type,
    billing_address: Address,
    status: Status,
    is_issued: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Card {
    fn holds_slot(&self) -> bool {
        matches!(
            self.status,
            Status::Issuing | Status::Active | Status::Inactive
        )
    }

    fn show(&self) -> Value {
        let mut card = json!({
            "id": self.id,
            "accountId": self.account_id,
            "type": self.r#type,
            "billingAddress": self.billing_address,
            "status": self.status,
            "createdAt": self.created_at.to_string(),
            "updatedAt": self.updated_at.to_string(),
        });
        if self.is_issued {
            card["name"] = json!("CARD HOLDER");
            card["network"] = json!("visa");
            card["maskedPan"] = json!(format!("400000******{:04}", self.id.as_u128() % 10_000));
            card["expirationDate"] = json!("12/2030");
        }
        card
    }
}

/// All cards, in the order in which they were made.
pub struct Cards {
    cards: Vec<Card>,
    revives_terminated: bool,
}

impl Cards {
    pub fn new(revives_terminated: bool) -> Cards {
        Cards {
            cards: Vec::new(),
            revives_terminated,
        }
    }

    pub fn create(&mut self, account_id: Uuid, request: Request) -> Result<Value, Refusal> {
        let is_rival = |card: &Card| {
            card.account_id == account_id && card.r#type == request.r#type && card.holds_slot()
        };
        if self.cards.iter().any(is_rival) {
            return Err(Refusal(
                StatusCode::CONFLICT,
                "the account has a card of this type",
            ));
        }
        let now = Timestamp::now();
        let card = Card {
            id: Uuid::new_v4(),
            account_id,
            r#type: request.r#type,
            billing_address: request.billing_address,
            status: Status::Issuing,
            is_issued: false,
            created_at: now,
            updated_at: now,
        };
        let shown = card.show();
        self.cards.push(card);
        Ok(shown)
    }

    pub fn list(&self, is_wanted: impl Fn(&Card) -> bool) -> Value {
        let wanted = self.cards.iter().filter(|card| is_wanted(card));
        wanted.map(Card::show).collect()
    }

    pub fn read(&self, id: Uuid) -> Result<Value, Refusal> {
        let card = self.cards.iter().find(|card| card.id == id);
        card.map(Card::show)
            .ok_or(Refusal(StatusCode::NOT_FOUND, "there is no such card"))
    }

    pub fn change(&mut self, id: Uuid, change: Change) -> Result<(), Refusal> {
        let revives = self.revives_terminated;
        let card = self.cards.iter_mut().find(|card| card.id == id);
        let card = card.ok_or(Refusal(StatusCode::NOT_FOUND, "there is no such card"))?;
        card.status = match (change, card.status) {
            (Change::Issue, Status::Issuing) => Status::Active,
            (Change::Fail, Status::Issuing) => Status::IssueFailed,
            (Change::Deactivate, Status::Active) => Status::Inactive,
            (Change::Activate, Status::Inactive) => Status::Active,
            (Change::Activate, Status::Terminated) if revives => Status::Active,
            (Change::Terminate, Status::Issuing | Status::Active | Status::Inactive) => {
                Status::Terminated
            }
            _ => {
                return Err(Refusal(
                    StatusCode::CONFLICT,
                    "its state doesn't allow that",
                ));
            }
        };
        card.is_issued |= card.status == Status::Active;
        card.updated_at = Timestamp::now();
        Ok(())
    }
}
