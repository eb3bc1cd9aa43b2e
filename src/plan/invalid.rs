//! Bodies of a create that are invalid whatever is read into the contract.

use serde_json::{Value, json};

use crate::card::CardType;
use crate::case::Body;

/// An invalid body, or a valid one that says to be something else.
#[derive(Clone, Debug)]
pub(super) struct Invalid {
    /// The body.
    pub body: Body,
    /// The media type, if it isn't JSON's.
    pub media_type: Option<&'static str>,
}

const REQUIRED: [&str; 4] = ["firstLine", "city", "country", "postCode"];

/// Codes that ISO 3166-1 doesn't assign. `UK` is reserved, `XX`, `AA` and `ZZ` are for private use.
const UNASSIGNED: [&str; 6] = ["ZZ", "XX", "AA", "UK", "NOR", "N"];

/// Every way of getting a create of the type wrong: kinds of ways, with how often each kind is to come up.
pub(super) fn kinds(card_type: CardType) -> Vec<(u32, Vec<Invalid>)> {
    let addresses = match card_type {
        CardType::Virtual => vec!["billingAddress"],
        CardType::Physical => vec!["billingAddress", "shippingAddress"],
    };
    let patched = |patches: Vec<Value>| patches.into_iter().map(|p| of(Body::Patched(p))).collect();
    let media_types = ["text/plain", "application/xml"].map(|media_type| Invalid {
        body: Body::Standard,
        media_type: Some(media_type),
    });
    let unshipped = (card_type == CardType::Physical)
        .then(|| (3, patched(vec![json!({"shippingAddress": null})])));
    let kinds = vec![
        (4, patched(incomplete(&addresses))),
        (4, patched(mistyped(&addresses))),
        (2, patched(unassigned(&addresses))),
        (3, texts(card_type).into_iter().map(of).collect()),
        (2, media_types.to_vec()),
    ];
    kinds.into_iter().chain(unshipped).collect()
}

fn of(body: Body) -> Invalid {
    Invalid {
        body,
        media_type: None,
    }
}

fn unassigned(addresses: &[&str]) -> Vec<Value> {
    let of = |address: &&str| UNASSIGNED.map(|code| json!({*address: {"country": code}}));
    addresses.iter().flat_map(of).collect()
}

fn incomplete(addresses: &[&str]) -> Vec<Value> {
    let mut patches = vec![json!({"type": null})];
    for address in addresses {
        patches.push(json!({*address: null}));
        patches.extend(REQUIRED.map(|member| json!({*address: {member: null}})));
    }
    patches
}

fn mistyped(addresses: &[&str]) -> Vec<Value> {
    let mut patches: Vec<_> = [
        json!("plastic"),
        json!("VIRTUAL"),
        json!(""),
        json!(7),
        json!(true),
        json!([]),
        json!({}),
    ]
    .into_iter()
    .map(|wrong| json!({"type": wrong}))
    .collect();
    for address in addresses {
        patches.extend(
            [json!("Oslo"), json!(7), json!([]), json!(true)].map(|wrong| json!({*address: wrong})),
        );
        for member in REQUIRED.into_iter().chain(["secondLine", "state"]) {
            let wrong = [json!(7), json!(true), json!([]), json!({})];
            patches.extend(wrong.map(|wrong| json!({*address: {member: wrong}})));
        }
    }
    patches
}

fn texts(card_type: CardType) -> Vec<Body> {
    let whole = standing_request(card_type);
    let mut texts: Vec<String> = ["", "{", "[]", "null", "\"x\"", "7", "{}"]
        .map(str::to_owned)
        .to_vec();
    let printed = whole.to_string();
    texts.push(printed.replacen('}', ",}", 1));
    texts.push(printed[..printed.len() - 1].to_owned());
    // Null stands there in full, for a merge patch can't say it.
    for pointer in [
        "/type",
        "/billingAddress",
        "/billingAddress/city",
        "/billingAddress/country",
    ] {
        let mut with_null = whole.clone();
        if let Some(value) = with_null.pointer_mut(pointer) {
            *value = Value::Null;
            texts.push(with_null.to_string());
        }
    }
    texts.into_iter().map(Body::Text).collect()
}

/// A valid request written out, to be broken.
fn standing_request(card_type: CardType) -> Value {
    let address =
        json!({"firstLine": "Main street 1", "city": "Oslo", "country": "NO", "postCode": "0154"});
    let mut request = json!({"type": card_type.as_str(), "billingAddress": address});
    if card_type == CardType::Physical {
        request["shippingAddress"] = address;
    }
    request
}
