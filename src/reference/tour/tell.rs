//! Puts a walk into words that chance has no part in.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::reference::call::{Content, Reply};

/// The walk in words: ids, numbers and times by their order, networks by whether they stay.
pub(super) fn tell(lines: &[(String, Reply)]) -> Vec<String> {
    let mut times: Vec<String> = Vec::new();
    for (_, reply) in lines {
        each_text(reply, &mut |text| {
            times.extend(is_time(text).then(|| text.to_owned()))
        });
    }
    times.sort();
    times.dedup();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut networks: HashMap<String, String> = HashMap::new();
    let mut told = Vec::new();
    for (what, reply) in lines {
        let mut reply = reply.clone();
        if let Some(value) = reply.value_mut() {
            anonymize(value, &times, &mut names, &mut networks);
        }
        let header = reply.header.as_ref().map(|(name, _)| name);
        told.push(format!(
            "{what}: {} {header:?} {:?}",
            reply.status, reply.content
        ));
    }
    told
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

fn each_text(reply: &Reply, visit: &mut impl FnMut(&str)) {
    fn descend(value: &Value, visit: &mut impl FnMut(&str)) {
        match value {
            Value::String(text) => visit(text),
            Value::Array(items) => items.iter().for_each(|item| descend(item, visit)),
            Value::Object(members) => members.values().for_each(|member| descend(member, visit)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    if let Content::Json(value) = &reply.content {
        descend(value, visit);
    }
}

fn anonymize(
    value: &mut Value,
    times: &[String],
    names: &mut HashMap<String, usize>,
    networks: &mut HashMap<String, String>,
) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| anonymize(item, times, names, networks)),
        Value::Object(members) => {
            // Nothing is promised about the words of an error but that they show nothing of the inside, so no fault may
            // show by them otherwise.
            members.shift_remove("code");
            let message = members.shift_remove("message");
            if message.is_some_and(|message| shows_inside(&message)) {
                members.insert("message".to_owned(), json!("the inside"));
            }
            if let (Some(Value::String(id)), Some(Value::String(network))) =
                (members.get("id"), members.get("network"))
            {
                let known = ["visa", "mastercard"].contains(&network.as_str());
                let first = networks
                    .entry(id.clone())
                    .or_insert_with(|| network.clone());
                let stays = format!("known {known}, stays {}", first == network);
                members.insert("network".to_owned(), json!(stays));
            }
            members
                .values_mut()
                .for_each(|member| anonymize(member, times, names, networks));
        }
        Value::String(text) if is_time(text) => {
            *text = format!("time {:?}", times.binary_search(text))
        }
        Value::String(text) if Uuid::try_parse(text).is_ok() || is_masked(text) => {
            let next = names.len();
            *text = format!("name {}", names.entry(text.clone()).or_insert(next));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn shows_inside(message: &Value) -> bool {
    let text = message.as_str().unwrap_or_default();
    let mut words = text.split_whitespace();
    text.contains("SQLSTATE") || words.any(|word| Uuid::try_parse(word).is_ok())
}

fn is_masked(text: &str) -> bool {
    text.len() == 16 && text.get(6..12) == Some("******")
}
