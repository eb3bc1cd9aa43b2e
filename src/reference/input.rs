//! Whether a body is what an operation wants.

use serde_json::{Map, Value};

use super::call::{Call, Refusal};
use super::card::{Address, CardRequest, CardType};
use super::country;
use super::readings::Readings;
use super::repeats;

/// The most characters that the reading `long-strings: refuse` lets pass.
const LONGEST: usize = 100;

/// Whether a body calls itself JSON. No body calls itself anything: it is refused as empty.
pub(super) fn media_type(readings: &Readings, call: &Call) -> Result<(), Refusal> {
    let header = call.header("content-type").unwrap_or_default();
    let essence = header.split(';').next().unwrap_or_default().trim();
    match call.body.is_empty() || essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Refusal::new(
            readings.media_type_code,
            "media-type",
            "the body must be application/json",
        )),
    }
}

pub(super) fn parse_json(readings: &Readings, body: &[u8]) -> Result<Value, Refusal> {
    if readings.refuse_repeated_members && repeats::a_name(body) {
        return Err(Refusal::invalid("a name stands twice in an object"));
    }
    let marked = marked_text(body).filter(|_| !readings.refuse_byte_order_mark);
    let text = marked.as_ref().map_or(body, |text| text.as_bytes());
    serde_json::from_slice(text)
        .map_err(|error| Refusal::invalid(format!("the body is not JSON: {error}")))
}

/// The text behind a byte order mark, in UTF-8 or UTF-16.
fn marked_text(body: &[u8]) -> Option<String> {
    match body {
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8(text.to_vec()).ok(),
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes),
        _ => None,
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

/// Reads a `CardRequest`.
pub(super) fn card_request(readings: &Readings, body: &Value) -> Result<CardRequest, Refusal> {
    let request = object(body, "the body")?;
    only(
        readings,
        request,
        &["type", "billingAddress", "shippingAddress"],
    )?;
    let card_type = match string(request, "type")? {
        "virtual" => CardType::Virtual,
        "physical" => CardType::Physical,
        _ => return Err(Refusal::invalid("type is neither virtual nor physical")),
    };
    let billing_address = address(readings, required(request, "billingAddress")?)?;
    let shipping_address = request
        .get("shippingAddress")
        .map(|value| address(readings, value))
        .transpose()?;
    if card_type == CardType::Physical && shipping_address.is_none() {
        return Err(Refusal::invalid("a physical card needs a shippingAddress"));
    }
    Ok(CardRequest {
        card_type,
        billing_address,
        shipping_address,
    })
}

fn address(readings: &Readings, value: &Value) -> Result<Address, Refusal> {
    let address = object(value, "an address")?;
    only(
        readings,
        address,
        &[
            "firstLine",
            "secondLine",
            "city",
            "state",
            "country",
            "postCode",
        ],
    )?;
    let line = |name| text(readings, address, name);
    let absent = |value: &Value| readings.accept_null_members && value.is_null();
    let is_there = |name| address.get(name).is_some_and(|value| !absent(value));
    let optional_line = |name| is_there(name).then(|| line(name)).transpose();
    let country = string(address, "country")?;
    if !country::is_assigned(country) {
        return Err(Refusal::invalid(
            "country is not assigned in ISO 3166-1 alpha-2",
        ));
    }
    Ok(Address {
        first_line: line("firstLine")?,
        second_line: optional_line("secondLine")?,
        city: line("city")?,
        state: optional_line("state")?,
        country: country.to_owned(),
        post_code: line("postCode")?,
    })
}

fn text(readings: &Readings, object: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let text = string(object, name)?;
    if readings.refuse_empty_strings && text.trim().is_empty() {
        return Err(Refusal::invalid(format!("{name} is empty")));
    }
    if readings.refuse_control_characters && text.chars().any(is_no_text) {
        return Err(Refusal::invalid(format!(
            "{name} has a character that is no text"
        )));
    }
    if readings.refuse_long_strings && text.chars().count() > LONGEST {
        return Err(Refusal::invalid(format!(
            "{name} is longer than {LONGEST} characters"
        )));
    }
    Ok(text.to_owned())
}

fn is_no_text(letter: char) -> bool {
    let is_private = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    letter.is_control() || is_private
}

pub(super) fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value
        .as_object()
        .ok_or_else(|| Refusal::invalid(format!("{what} is not an object")))
}

pub(super) fn required<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a Value, Refusal> {
    object
        .get(name)
        .ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
}

pub(super) fn string<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    required(object, name)?
        .as_str()
        .ok_or_else(|| Refusal::invalid(format!("{name} is not a string")))
}

/// Refuses properties that are not known, when that is the reading.
pub(super) fn only(
    readings: &Readings,
    object: &Map<String, Value>,
    known: &[&str],
) -> Result<(), Refusal> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) if readings.refuse_unknown_properties => {
            Err(Refusal::invalid(format!("property {name:?} is not known")))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn valid() -> Value {
        let home = json!({"firstLine": "1 High Street", "city": "Leeds", "country": "GB", "postCode": "LS1 1AA"});
        json!({"type": "physical", "billingAddress": home, "shippingAddress": home})
    }

    #[test]
    fn a_valid_request_is_read_to_the_letter() {
        let mut body = valid();
        body["billingAddress"]["city"] = json!("  Łódź 🏙\u{301} ");
        let request = card_request(&Readings::default(), &body).expect("it is valid");
        assert_eq!(request.billing_address.city, "  Łódź 🏙\u{301} ");
    }

    #[test]
    fn each_flaw_is_refused() {
        let flaws: &[(&str, Value)] = &[
            ("/type", json!("plastic")),
            ("/type", Value::Null),
            ("/type", json!(1)),
            ("/billingAddress", json!("1 High Street")),
            ("/billingAddress/country", json!("ZZ")),
            ("/billingAddress/city", json!(7)),
            ("/shippingAddress/country", json!("gb")),
            ("/shippingAddress", Value::Null),
        ];
        for (pointer, value) in flaws {
            let mut body = valid();
            *body.pointer_mut(pointer).expect("the body has it") = value.clone();
            assert!(
                card_request(&Readings::default(), &body).is_err(),
                "{pointer} = {value}"
            );
        }
        for name in ["type", "billingAddress", "shippingAddress"] {
            let mut body = valid();
            body.as_object_mut()
                .expect("it is an object")
                .shift_remove(name);
            assert!(
                card_request(&Readings::default(), &body).is_err(),
                "without {name}"
            );
        }
        for body in [json!([]), json!("x"), Value::Null, json!({})] {
            assert!(card_request(&Readings::default(), &body).is_err(), "{body}");
        }
    }

    #[test]
    fn the_open_points_of_strings_are_read_both_ways() {
        let check = |point: &str, option: &str, pointer: &str, value: Value| {
            let mut readings = Readings::default();
            readings.set(point, option).expect("the table names it");
            let mut body = valid();
            body["billingAddress"]["secondLine"] = json!("x");
            *body.pointer_mut(pointer).expect("the body has it") = value;
            card_request(&readings, &body).is_ok()
        };
        let long = json!("x".repeat(LONGEST + 1));
        assert!(check(
            "long-strings",
            "accept",
            "/billingAddress/city",
            long.clone()
        ));
        assert!(!check(
            "long-strings",
            "refuse",
            "/billingAddress/city",
            long
        ));
        assert!(check(
            "empty-strings",
            "accept",
            "/billingAddress/secondLine",
            json!("")
        ));
        assert!(!check(
            "empty-strings",
            "refuse",
            "/billingAddress/secondLine",
            json!("")
        ));
    }
}
