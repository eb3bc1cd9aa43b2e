//! Masks full card numbers in what a target sends, so that evidence can be stored and shown.
//!
//! The mark stays, so the judge still sees that a number was there:
//!
//! ```
//! use cardproof::redact::card_numbers;
//! assert_eq!(card_numbers("pan 4111-1111-1111-1111"), "pan [card number 411111******1111]");
//! ```
//!
//! A number counts when it is a number of its own of 13 to 19 digits (at most grouped by single spaces or dashes), of a
//! range of Visa or Mastercard, with a right check digit. Ids, digests and times must not look like one: a false mark
//! would be a false departure.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

/// How each mask begins.
pub const CARD_NUMBER_MARK: &str = "[card number ";

const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// The text with each full card number masked.
pub fn card_numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if bytes.len() < *LENGTHS.start() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        match card_number_at(bytes, start) {
            Some((end, mask)) => {
                masked.push_str(&text[copied..start]);
                masked.push_str(&mask);
                copied = end;
                at = end;
            }
            None => at = digits_end(bytes, start),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

/// The same for a body: JSON stays JSON, even when a card number stood there as a bare number.
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
        Value::Array(elements) => elements.into_iter().map(masked_value).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (card_numbers(&name).into_owned(), masked_value(member)))
            .collect(),
        plain @ (Value::Null | Value::Bool(_)) => plain,
    }
}

/// The end and the mask of the longest card number that begins here.
fn card_number_at(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    if !matches!(bytes[start], b'2' | b'4' | b'5') || !starts_alone(bytes, start) {
        return None;
    }
    let mut end = digits_end(bytes, start);
    let mut digits = bytes[start..end].to_vec();
    let separator = bytes.get(end).filter(|b| matches!(b, b' ' | b'-')).copied();
    let mut found = None;
    loop {
        if LENGTHS.contains(&digits.len()) && ends_alone(bytes, end) && is_card_number(&digits) {
            found = Some((end, mask(&digits)));
        }
        if separator.is_none() || bytes.get(end).copied() != separator {
            return found;
        }
        let group_end = digits_end(bytes, end + 1);
        let group = &bytes[end + 1..group_end];
        if group.is_empty() || digits.len() + group.len() > *LENGTHS.end() {
            return found;
        }
        digits.extend_from_slice(group);
        end = group_end;
    }
}

fn digits_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().take_while(|b| b.is_ascii_digit());
    start + length.count()
}

/// Nothing before makes it a part of something longer: a word, a fraction, a UUID, an international phone number.
fn starts_alone(bytes: &[u8], start: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).map(|at| bytes[at]);
    match (before(2), before(1)) {
        (Some(b'\\'), Some(b'n' | b't' | b'r' | b'f' | b'b')) => true,
        (_, Some(b'_' | b'+')) => false,
        (Some(b'0'..=b'9'), Some(b'.')) => false,
        (Some(earlier), Some(b'-')) => !earlier.is_ascii_alphanumeric(),
        (_, Some(byte)) => !byte.is_ascii_alphanumeric(),
        (_, None) => true,
    }
}

/// Nothing after makes it a part of something longer.
fn ends_alone(bytes: &[u8], end: usize) -> bool {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'_'), _) | (Some(b'.'), Some(b'0'..=b'9')) => false,
        (Some(b'-'), Some(later)) => !later.is_ascii_alphanumeric(),
        (Some(byte), _) => !byte.is_ascii_alphanumeric(),
        (None, _) => true,
    }
}

fn is_card_number(digits: &[u8]) -> bool {
    is_in_range(digits) && has_right_check_digit(digits)
}

/// Visa begins with 4, Mastercard with 51 to 55 or 2221 to 2720.
fn is_in_range(digits: &[u8]) -> bool {
    let number = |length: usize| {
        digits[..length]
            .iter()
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    digits[0] == b'4' || (51..=55).contains(&number(2)) || (2221..=2720).contains(&number(4))
}

/// ISO/IEC 7812-1, annex B: every second digit from the right is doubled.
fn has_right_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn mask(digits: &[u8]) -> String {
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let last_four = text(&digits[digits.len() - 4..]);
    format!("{CARD_NUMBER_MARK}{}******{last_four}]", text(&digits[..6]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, masked: &str) {
        assert_eq!(card_numbers(text), masked);
    }

    #[test]
    fn a_card_number_is_masked_wherever_it_stands_alone() {
        let mark = "[card number 411111******1111]";
        for (before, after) in [
            ("", ""),
            ("{\"pan\":\"", "\"}"),
            ("pan=", "&cvv=123"),
            ("/cards/", "/activate"),
            ("the card ", ", yours"),
            ("the card ", ". Thanks"),
            ("first line\\n", "\\nlast line"),
            ("12 ", " 12/27"),
        ] {
            for number in [
                "4111111111111111",
                "4111 1111 1111 1111",
                "4111-1111-1111-1111",
            ] {
                check(
                    &format!("{before}{number}{after}"),
                    &format!("{before}{mark}{after}"),
                );
            }
        }
    }

    #[test]
    fn each_range_is_known() {
        check("5555555555554444", "[card number 555555******4444]");
        check("2223003122003222", "[card number 222300******3222]");
        check("4222222222222", "[card number 422222******2222]");
        check(
            "4111111111111111 and 5555555555554444",
            "[card number 411111******1111] and [card number 555555******4444]",
        );
    }

    #[test]
    fn what_is_no_card_number_stays() {
        for text in [
            "411111******1111",
            "4111111111111112",
            "3782 822463 10005",
            "0.4111111111111111",
            "4111111111111111.5",
            "a4111111111111111",
            "4111111111111111f",
            "14111111111111111111",
            "4111-1111-1111-1111-2222",
            "ab-4111-1111-1111-1111",
            "+4111111111111111",
            "order_4111111111111111",
            "2026-11-22T10:45:31.4111111111111111Z",
            "4111 1111  1111 1111",
            "",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_body_stays_json() {
        for (body, masked) in [
            (
                r#"{"pan":4111111111111111,"n":[1,"x"]}"#,
                r#"{"pan":"[card number 411111******1111]","n":[1,"x"]}"#,
            ),
            (
                r#"{"pan":"4111111111111111"}"#,
                r#"{"pan":"[card number 411111******1111]"}"#,
            ),
            ("{4111111111111111", "{[card number 411111******1111]"),
        ] {
            assert_eq!(card_numbers_in_body(body), masked);
        }
    }

    fn check_untouched(text: &str) -> Result<(), TestCaseError> {
        prop_assert_eq!(card_numbers(text), text);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_uuid_is_no_card_number(id in any::<u128>(), decimal in "[0-9]{8}-[0-9]{4}-4[0-9]{3}-8[0-9]{3}-[0-9]{12}") {
            let id = uuid::Uuid::from_u128(id);
            check_untouched(&format!("/accounts/{id}/cards"))?;
            check_untouched(&id.simple().to_string())?;
            check_untouched(&decimal)?;
        }

        #[test]
        fn a_time_is_no_card_number(micros in 0_i64..4_000_000_000_000_000) {
            let time = jiff::Timestamp::from_microsecond(micros).unwrap();
            check_untouched(&time.to_string())?;
            check_untouched(&time.strftime("%Y-%m-%d %H:%M:%S").to_string())?;
            check_untouched(&format!("{{\"at\":{}.{:06}}}", micros / 1_000_000, micros % 1_000_000))?;
        }

        /// Epoch microseconds of our days begin with 1.
        #[test]
        fn an_epoch_in_small_units_is_no_card_number(seconds in 1_000_000_000_u64..2_000_000_000, rest in 0_u64..1_000_000_000) {
            check_untouched(&format!("{seconds}{:03}", rest % 1000))?;
            check_untouched(&format!("{seconds}{:06}", rest % 1_000_000))?;
            check_untouched(&format!("{seconds}{rest:09}"))?;
        }

        #[test]
        fn a_digest_is_no_card_number(bytes in proptest::collection::vec(any::<u8>(), 32..64)) {
            use base64::Engine;
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            check_untouched(&hex)?;
            check_untouched(&format!("sha-256=:{}:", base64::engine::general_purpose::STANDARD.encode(&bytes)))?;
        }

        #[test]
        fn any_text_is_survived(text in ".{0,80}", digits in "[0-9 .-]{0,60}") {
            card_numbers_in_body(&text);
            card_numbers_in_body(&digits);
        }
    }
}
