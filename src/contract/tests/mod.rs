//! Tests of the room as a whole, through its public face.

mod broken;
mod contradictions;
mod dialects;
mod fuzz;
mod loading;
mod meaning;
mod requests;
mod responses;

use serde_json::Value;

use super::*;

/// A whole document, small enough for its line numbers to be written down.
const MINIMAL: &str = include_str!("minimal.yaml");

/// A text with one part replaced, which must be there.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the text");
    text.replacen(from, to, 1)
}

fn minimal(from: &str, to: &str) -> Contract {
    let loaded = Contract::parse("minimal.yaml", &edited(MINIMAL, from, to));
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

/// A copy of `value` with the member at a pointer set, or taken out when `new` is `None`.
fn with(value: &Value, pointer: &str, new: Option<Value>) -> Value {
    let mut copy = value.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer to a member");
    let parent = copy.pointer_mut(parent).expect("the parent is there");
    let members = parent.as_object_mut().expect("the parent is an object");
    match new {
        Some(new) => drop(members.insert(name.to_owned(), new)),
        None => drop(members.shift_remove(name)),
    }
    copy
}

fn messages(violations: &[Violation]) -> String {
    violations
        .iter()
        .map(|violation| violation.message.as_str())
        .collect::<Vec<_>>()
        .join("; ")
}
