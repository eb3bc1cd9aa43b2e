//! Texts with places in them: `/customers/{customerId}/accounts`.

use serde_json::Value;

/// The text with its places filled; `{name}` stays where nothing is known of it.
pub fn filled_text(text: &str, fill: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = first_place(rest) {
        filled.push_str(before);
        match fill(name) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The value with its places filled. Where a place is all of a text, the value takes its place as it is, a number as a
/// number.
pub fn filled_value(value: &Value, fill: &mut dyn FnMut(&str) -> Option<Value>) -> Value {
    match value {
        Value::String(text) => match first_place(text) {
            Some(("", name, "")) => fill(name).unwrap_or_else(|| value.clone()),
            _ => Value::from(filled_text(text, &mut |name| fill(name).map(plain))),
        },
        Value::Array(items) => items.iter().map(|item| filled_value(item, fill)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), filled_value(member, fill)))
            .collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain.clone(),
    }
}

/// A value as it stands in a text.
pub fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// What stands before the first place, its name, and what stands after it.
fn first_place(text: &str) -> Option<(&str, &str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        (!name.is_empty() && name.chars().all(is_part)).then(|| (&text[..at], name, after))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled_and_nothing_else() {
        let mut known = |name: &str| (name == "id").then(|| json!(7));
        for (value, filled) in [
            (json!("{id}"), json!(7)),
            (json!("/a/{id}/{id}"), json!("/a/7/7")),
            (json!("{}{other} {{id}} {id"), json!("{}{other} {7} {id")),
            (json!({"a": ["{id}", null, 1]}), json!({"a": [7, null, 1]})),
        ] {
            assert_eq!(filled_value(&value, &mut known), filled, "{value}");
        }
    }
}
