//! A card as a target shows it: whether two looks at it show the same.
//!
//! Ids compare without case, an absent member and null are one, and times are equal as far as the coarser of the two is
//! printed. Members that the contract doesn't name don't count.

use jiff::Timestamp;
use serde_json::Value;

/// Every member that the contract names.
const MEMBERS: [&str; 11] = [
    "id",
    "accountId",
    "type",
    "billingAddress",
    "status",
    "createdAt",
    "updatedAt",
    "name",
    "network",
    "maskedPan",
    "expirationDate",
];

/// Whether both show the same card in the same state.
///
/// ```
/// use cardproof::card_view::is_same;
/// use serde_json::json;
/// let card = json!({"id": "AB", "updatedAt": "2026-01-01T00:00:00.123Z", "eventId": "1"});
/// assert!(is_same(&card, &json!({"id": "ab", "updatedAt": "2026-01-01T00:00:00.123456Z", "name": null})));
/// assert!(!is_same(&card, &json!({"id": "ab", "updatedAt": "2026-01-01T00:00:00.124Z"})));
/// ```
pub fn is_same(first: &Value, second: &Value) -> bool {
    different(first, second).is_empty()
}

/// The members in which they differ.
pub fn different(first: &Value, second: &Value) -> Vec<&'static str> {
    let member = |card: &Value, name: &str| card.get(name).cloned().unwrap_or(Value::Null);
    MEMBERS
        .into_iter()
        .filter(|name| !is_same_member(name, &member(first, name), &member(second, name)))
        .collect()
}

/// Whether two values of a member say the same.
pub fn is_same_member(name: &str, first: &Value, second: &Value) -> bool {
    let texts = first.as_str().zip(second.as_str());
    match (name, texts) {
        ("id" | "accountId", Some((first, second))) => first.eq_ignore_ascii_case(second),
        ("createdAt" | "updatedAt", Some((first, second))) => is_same_time(first, second),
        ("billingAddress", None) if first.is_object() && second.is_object() => {
            is_same_address(first, second)
        }
        _ => first == second,
    }
}

fn is_same_time(first: &str, second: &str) -> bool {
    match (first.parse::<Timestamp>(), second.parse::<Timestamp>()) {
        (Ok(a), Ok(b)) => {
            let apart = a.duration_since(b).unsigned_abs().as_micros();
            let finest = resolution_us(first).max(resolution_us(second));
            apart < u128::from(finest)
        }
        _ => first == second,
    }
}

/// Equal addresses: members that the contract doesn't name may be dropped, and a line that is null, empty or blank is none.
pub fn is_same_address(sent: &Value, shown: &Value) -> bool {
    const MEMBERS: [&str; 6] = [
        "firstLine",
        "secondLine",
        "city",
        "state",
        "country",
        "postCode",
    ];
    MEMBERS.iter().all(|name| {
        let line = |address: &Value| {
            let text = address.get(name).cloned().unwrap_or_default();
            let is_blank = text.as_str().is_some_and(|text| text.trim().is_empty());
            if is_blank { Value::Null } else { text }
        };
        line(sent) == line(shown)
    })
}

/// The smallest step that a printed time can show, in microseconds, at least one.
pub fn resolution_us(text: &str) -> u64 {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let trailing_zeros = fraction[..digits]
        .bytes()
        .rev()
        .take_while(|b| *b == b'0')
        .count();
    let significant = u32::try_from(digits - trailing_zeros).unwrap_or(0);
    10_u64.pow(6 - significant.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_absent_member_null_and_a_blank_text_are_one() {
        let sent = json!({"city": "Bath", "secondLine": "", "nickname": "x"});
        let is_same = |shown| is_same_address(&sent, &shown);
        assert!(is_same(json!({"city": "Bath", "state": null})));
        assert!(is_same(
            json!({"city": "Bath", "state": "", "secondLine": null})
        ));
        assert!(is_same(json!({"city": "Bath", "secondLine": " "})));
        assert!(!is_same(json!({"city": "Bath", "state": "x"})));
        assert!(!is_same(json!({"city": " Bath"})));
        assert!(!is_same(json!({"city": "Ba"})));
        assert!(!is_same(json!({"city": ""})));
    }

    #[test]
    fn a_time_is_as_fine_as_it_is_printed() {
        for (text, expected) in [
            ("2026-01-01T00:00:00Z", 1_000_000),
            ("2026-01-01T00:00:00.5Z", 100_000),
            ("2026-01-01T00:00:00.123Z", 1_000),
            ("2026-01-01T00:00:00.123000Z", 1_000),
            ("2026-01-01T00:00:00.123456789+01:00", 1),
        ] {
            assert_eq!(resolution_us(text), expected, "{text}");
        }
    }

    #[test]
    fn times_are_equal_as_far_as_they_are_printed() {
        let is_same = |first: &str, second: &str| {
            let time = |text: &str| json!(format!("2026-01-01T{text}"));
            is_same_member("updatedAt", &time(first), &time(second))
        };
        assert!(is_same("01:00:00.25+01:00", "00:00:00.25Z"));
        assert!(is_same("00:00:00Z", "00:00:00.999Z"));
        assert!(!is_same("00:00:00.001Z", "00:00:00.002Z"));
        assert!(!is_same("00:00:00.000001Z", "00:00:00.000002Z"));
    }

    #[test]
    fn each_difference_is_named() {
        let card = json!({"id": "1", "status": "active", "name": "A", "extra": 1});
        let other = json!({"id": "1", "status": "inactive", "name": null});
        assert_eq!(different(&card, &other), ["status", "name"]);
    }
}
