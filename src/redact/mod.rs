//! Masks card data in what a target sends, so that evidence can be stored and shown: full card numbers, plain, in groups
//! and encoded; CVV, PIN and PIN block.
//!
//! The mark stays, so the judge still sees that something was there:
//!
//! ```
//! use cardproof::redact::card_numbers;
//! assert_eq!(card_numbers("pan 4111-1111-1111-1111"), "pan [card number 411111******1111]");
//! assert_eq!(card_numbers("NDExMTExMTExMTExMTExMQ=="), "[encoded card number 411111******1111]==");
//! assert_eq!(card_numbers("cvv=737"), "cvv=[card code]");
//! ```
//!
//! Secrets of the run itself are masked by [`Masks`].
//!
//! A mark is no departure yet: of sixteen digits by chance, one in fifty looks like a card number. What the judge asks for
//! besides stands in `judge::leaks`.

mod code;
mod encoded;
mod number;
mod pin_block;
mod secret;

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

pub use secret::{Masks, REDACTED};

/// How the mask of a card number begins; its first six and last four digits follow.
pub const CARD_NUMBER_MARK: &str = "[card number ";
/// How the mask of an encoded card number begins.
pub const ENCODED_NUMBER_MARK: &str = "[encoded card number ";
/// The mask of a CVV, a PIN or a PIN block.
pub const CODE_MARK: &str = "[card code]";

/// The text with each full card number, CVV and PIN masked.
pub fn card_numbers(text: &str) -> Cow<'_, str> {
    let mut masked = number::masked(text);
    if let Some(deeper) = encoded::masked(&masked) {
        masked = Cow::Owned(deeper);
    }
    if code::may_name_one(&masked) {
        for hide in [code::masked, pin_block::masked] {
            if let Some(deeper) = hide(&masked) {
                masked = Cow::Owned(deeper);
            }
        }
    }
    masked
}

/// The same for the value of a header field, whose name says what it holds.
pub fn card_numbers_in_header<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    match is_code(name, value) {
        true => Cow::Borrowed(CODE_MARK),
        false => card_numbers(value),
    }
}

/// Whether the value of that name is a CVV, a PIN or a PIN block.
fn is_code(name: &str, value: &str) -> bool {
    code::is_code(name, value) || pin_block::is_block(name, value)
}

/// Whether a masked number is a card number with these digits in place of its stars.
pub fn completes(masked: &str, hidden: &str) -> bool {
    number::is_card_number(masked.replace("******", hidden).as_bytes())
}

/// [`card_numbers`] for a body: JSON stays JSON, even when what was masked stood there as a bare number.
pub fn card_numbers_in_body(text: &str) -> Cow<'_, str> {
    let masked = card_numbers(text);
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    if matches!(masked, Cow::Borrowed(_)) || is_json(&masked) {
        return masked;
    }
    match serde_json::from_str(text) {
        Ok(value) => Cow::Owned(masked_value(value).to_string()),
        Err(_) => masked,
    }
}

fn masked_value(value: Value) -> Value {
    match value {
        Value::Number(number) => match card_numbers(&number.to_string()) {
            Cow::Owned(masked) => Value::from(masked),
            Cow::Borrowed(_) => Value::Number(number),
        },
        Value::String(text) => Value::from(card_numbers(&text).as_ref()),
        Value::Array(elements) => masked_array(elements),
        Value::Object(members) => members.into_iter().map(masked_member).collect(),
        plain @ (Value::Null | Value::Bool(_)) => plain,
    }
}

fn masked_member((name, member): (String, Value)) -> (String, Value) {
    let is_code = match &member {
        Value::Number(number) => is_code(&name, &number.to_string()),
        Value::String(text) => is_code(&name, text),
        _ => false,
    };
    let member = if is_code {
        Value::from(CODE_MARK)
    } else {
        masked_value(member)
    };
    (card_numbers(&name).into_owned(), member)
}

/// The groups of a number may be the elements.
fn masked_array(elements: Vec<Value>) -> Value {
    let groups: Option<Vec<String>> = elements.iter().map(group).collect();
    let joined = groups.map(|groups| groups.join(" "));
    match joined.as_deref().map(card_numbers) {
        Some(Cow::Owned(masked)) => Value::Array(vec![Value::from(masked)]),
        Some(Cow::Borrowed(_)) | None => elements.into_iter().map(masked_value).collect(),
    }
}

fn group(element: &Value) -> Option<String> {
    match element {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
