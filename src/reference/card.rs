//! A card, how it comes to be and how it is shown.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::readings::{BeforeIssue, Readings};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CardType {
    Virtual,
    Physical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CardStatus {
    Issuing,
    IssueFailed,
    Active,
    Inactive,
    Suspended,
    Blocked,
    Terminated,
}

impl CardStatus {
    /// Whether no call leaves this state.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::IssueFailed | Self::Blocked | Self::Terminated)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Network {
    Visa,
    Mastercard,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub first_line: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_line: Option<String>,
    pub city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    pub country: String,
    pub post_code: String,
}

/// A `CardRequest` that was found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CardRequest {
    pub card_type: CardType,
    pub billing_address: Address,
    pub shipping_address: Option<Address>,
}

/// What issuance gives a card. The full number is never made, so it can't leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub name: String,
    pub network: Network,
    pub masked_pan: String,
    pub expiration_date: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub id: Uuid,
    pub account_id: Uuid,
    pub card_type: CardType,
    pub billing_address: Address,
    pub shipping_address: Option<Address>,
    pub status: CardStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Drawn when the card is made, shown when it is issued.
    pub details: Details,
    pub issued: bool,
    /// The card was made over the limit: it never gets a slot, and its issuance can only fail.
    pub over_limit: bool,
    /// The states that the card has had, oldest first, the present one last.
    pub trail: Vec<CardStatus>,
}

/// Where a card is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Created,
    Changed,
    Read,
    AccountList,
    ProgrammeList,
    Event,
}

/// The card that a valid request makes.
pub(super) fn new_card(account_id: Uuid, request: CardRequest, now: Timestamp) -> Card {
    Card {
        id: Uuid::new_v4(),
        account_id,
        card_type: request.card_type,
        billing_address: request.billing_address,
        shipping_address: request.shipping_address,
        status: CardStatus::Issuing,
        created_at: now,
        updated_at: now,
        details: draw_details(now),
        issued: false,
        over_limit: false,
        trail: vec![CardStatus::Issuing],
    }
}

/// Draws a network, a number of that network and an expiry four years ahead.
pub(super) fn draw_details(now: Timestamp) -> Details {
    let chance = Uuid::new_v4().as_u128();
    let (network, prefix) = match chance & 1 {
        0 => (Network::Visa, 400_000 + (chance >> 8) % 100_000),
        _ => (Network::Mastercard, 510_000 + (chance >> 8) % 50_000),
    };
    Details {
        name: "CARDPROOF CARDHOLDER".to_owned(),
        network,
        masked_pan: format!("{prefix:06}******{:04}", (chance >> 40) % 10_000),
        expiration_date: expiration_date(now, 4),
    }
}

/// The month that many years ahead, as `MM/YYYY`.
pub(super) fn expiration_date(now: Timestamp, years: i16) -> String {
    let date = now.to_zoned(TimeZone::UTC).date();
    format!(
        "{:02}/{:04}",
        date.month(),
        date.year().saturating_add(years)
    )
}

/// The card as JSON.
pub(super) fn render(readings: &Readings, card: &Card, _view: View) -> Value {
    let mut body = Map::new();
    body.insert("id".into(), json!(card.id));
    body.insert("accountId".into(), json!(card.account_id));
    body.insert("type".into(), json!(card.card_type));
    body.insert("billingAddress".into(), json!(card.billing_address));
    body.insert("status".into(), json!(card.status));
    body.insert("createdAt".into(), json!(print_timestamp(card.created_at)));
    body.insert("updatedAt".into(), json!(print_timestamp(card.updated_at)));
    for (member, value) in [
        ("name", json!(card.details.name)),
        ("network", json!(card.details.network)),
        ("maskedPan", json!(card.details.masked_pan)),
        ("expirationDate", json!(card.details.expiration_date)),
    ] {
        match (card.issued, readings.fields_before_issue) {
            (true, _) | (false, BeforeIssue::Present) => body.insert(member.into(), value),
            (false, BeforeIssue::Null) => body.insert(member.into(), Value::Null),
            (false, BeforeIssue::Absent) => None,
        };
    }
    Value::Object(body)
}

/// RFC 3339 in UTC with nine digits, so that two moments never print alike.
pub(super) fn print_timestamp(timestamp: Timestamp) -> String {
    format!("{timestamp:.9}")
}
