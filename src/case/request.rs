//! The bodies that creates and subscriptions send: the ordinary request, and what a case makes of it.

use serde_json::{Map, Value, json};

use super::Body;
use crate::card::CardType;

/// An ordinary, valid `CardRequest`: short, ASCII, in a country that exists, so that nothing about it can be refused.
pub fn standard_request(card_type: CardType) -> Value {
    let address = |first_line: &str| {
        json!({
            "firstLine": first_line,
            "city": "London",
            "country": "GB",
            "postCode": "SW1A 1AA",
        })
    };
    let mut request = json!({
        "type": card_type.as_str(),
        "billingAddress": address("1 High Street"),
    });
    if card_type == CardType::Physical {
        request["shippingAddress"] = address("2 Market Lane");
    }
    request
}

/// Stands for the callback address of a subscription, which only the driver knows: wherever a body has it, the step's own
/// address is sent. Nothing is ever reached by it (RFC 2606).
pub const CALLBACK: &str = "https://callback.invalid/";

/// An ordinary, valid `WebhookRequest`.
pub fn standard_subscription() -> Value {
    json!({ "callbackUrl": CALLBACK, "types": ["card.updated"] })
}

/// The text of a body: `standard` itself, patched, or replaced.
///
/// ```
/// use cardproof::case::{Body, request::body_text};
/// let patch = Body::Patched(serde_json::json!({"b": null, "c": 3}));
/// assert_eq!(body_text(&serde_json::json!({"a": 1, "b": 2}), &patch), r#"{"a":1,"c":3}"#);
/// ```
pub fn body_text(standard: &Value, body: &Body) -> String {
    match body {
        Body::Standard => standard.to_string(),
        Body::Patched(patch) => {
            let mut patched = standard.clone();
            merge(&mut patched, patch);
            patched.to_string()
        }
        Body::Text(text) => text.clone(),
    }
}

/// JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, change) in changes {
        match target.as_object_mut() {
            Some(members) if change.is_null() => drop(members.shift_remove(name)),
            _ => merge(&mut target[name.as_str()], change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_physical_card_is_shipped() {
        assert!(standard_request(CardType::Virtual)["shippingAddress"].is_null());
        assert_eq!(
            standard_request(CardType::Physical)["shippingAddress"]["country"],
            "GB"
        );
    }

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn a_patch_works_as_the_rfc_shows() {
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (
                json!({"a":"b","b":"c"}),
                json!({"a":null}),
                json!({"b":"c"}),
            ),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (
                json!({"a":{"b":"c"}}),
                json!({"a":{"b":"d","c":null}}),
                json!({"a":{"b":"d"}}),
            ),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (
                json!({}),
                json!({"a":{"bb":{"ccc":null}}}),
                json!({"a":{"bb":{}}}),
            ),
        ] {
            let text = body_text(&target, &Body::Patched(patch.clone()));
            assert_eq!(text, result.to_string(), "{target} with {patch}");
        }
    }

    #[test]
    fn a_text_is_sent_as_it_is() {
        assert_eq!(body_text(&json!({}), &Body::Text("{".into())), "{");
    }
}
