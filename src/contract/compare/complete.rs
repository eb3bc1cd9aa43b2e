//! A sample body with what another document requires besides, so that what is then wrong with it is a member's own fault.

use serde_json::{Value, json};

use crate::contract::pointer;
use crate::contract::source::Source;
use crate::contract::view::View;
use crate::contract::violation::{Violation, ViolationKind};

/// No body is completed by more members.
const MEMBERS_MAX: usize = 50;

/// The body with each missing member given, as far as a value for it can be guessed.
pub fn completed(
    body: &Value,
    schema: &str,
    source: &Source,
    check: &dyn Fn(&Value) -> Vec<Violation>,
) -> Value {
    let mut body = body.clone();
    for _ in 0..MEMBERS_MAX {
        let Some((at, name)) = check(&body).iter().find_map(missing) else {
            break;
        };
        let view = view_at(source, schema, &body, &at);
        let guess = view
            .and_then(|view| view.property(&name, &Value::Null))
            .map_or(json!("text"), |view| guess(&view));
        let parent = body.pointer_mut(&at).and_then(Value::as_object_mut);
        let Some(parent) = parent.filter(|parent| !parent.contains_key(&name)) else {
            break;
        };
        parent.insert(name, guess);
    }
    body
}

/// The object that lacks a required member, and the member.
fn missing(violation: &Violation) -> Option<(String, String)> {
    match &violation.kind {
        ViolationKind::Schema {
            keyword,
            property: Some(property),
            ..
        } if keyword == "required" => Some((violation.instance_path.clone(), property.clone())),
        _ => None,
    }
}

/// The view of the part of a body that stands at a pointer, if the document names it.
pub fn view_at<'a>(source: &'a Source, schema: &str, body: &Value, at: &str) -> Option<View<'a>> {
    let mut view = View::of(source, schema, body);
    let mut value = body;
    for segment in pointer::segments(at) {
        let inner = match value {
            Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => value.get(&segment),
        };
        let is_item = value.is_array();
        value = inner.unwrap_or(&Value::Null);
        view = match is_item {
            true => view.items(value),
            false => view.property(&segment, value)?,
        };
    }
    Some(view)
}

/// A value as its schema is likely to want it.
fn guess(view: &View<'_>) -> Value {
    if let Some(given) = view.given() {
        return given;
    }
    let kinds = view.types();
    match kinds.first().map(String::as_str) {
        Some("integer" | "number") => view.number("minimum").unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => Value::from(match view.text("format").as_deref() {
            Some("uuid") => "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10",
            Some("date-time") => "2026-01-01T00:00:00Z",
            Some("date") => "2026-01-01",
            Some("uri") => "https://partner.example/",
            Some("email") => "kari@partner.example",
            _ => "text",
        }),
    }
}
