//! Bodies get smaller: members go one by one, texts get shorter and plainer.

use serde_json::{Map, Value};

use super::simpler::shorter;
use crate::case::{Body, Case, StepNumber};

/// Bodies become the standard one: equal ones together, then each on its own.
pub(super) fn plain_bodies(case: &Case) -> Vec<Case> {
    groups(case)
        .into_iter()
        .map(|group| with_body(case, &group, &Body::Standard))
        .collect()
}

/// Bodies become smaller in one place: equal ones together, then each on its own.
pub(super) fn smaller_bodies(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for group in groups(case) {
        let body = &case.steps[group[0].0 - 1].body;
        for smaller in smaller(body) {
            candidates.push(with_body(case, &group, &smaller));
        }
    }
    candidates
}

/// Steps whose bodies are changed together.
fn groups(case: &Case) -> Vec<Vec<StepNumber>> {
    let mut groups: Vec<(&Body, Vec<StepNumber>)> = Vec::new();
    for (number, step) in case
        .numbered()
        .filter(|(_, step)| step.body != Body::Standard)
    {
        match groups.iter_mut().find(|(body, _)| **body == step.body) {
            Some((_, group)) => group.push(number),
            None => groups.push((&step.body, vec![number])),
        }
    }
    let groups: Vec<_> = groups.into_iter().map(|(_, group)| group).collect();
    let singles: Vec<_> = groups
        .iter()
        .filter(|group| group.len() > 1)
        .flatten()
        .map(|number| vec![*number])
        .collect();
    groups.into_iter().chain(singles).collect()
}

fn with_body(case: &Case, group: &[StepNumber], body: &Body) -> Case {
    let mut case = case.clone();
    for number in group {
        case.steps[number.0 - 1].body = body.clone();
    }
    case
}

fn smaller(body: &Body) -> Vec<Body> {
    match body {
        Body::Standard => Vec::new(),
        Body::Patched(patch) => smaller_values(patch)
            .into_iter()
            .map(|patch| match &patch {
                Value::Object(members) if members.is_empty() => Body::Standard,
                _ => Body::Patched(patch),
            })
            .collect(),
        Body::Text(text) => smaller_texts(text).into_iter().map(Body::Text).collect(),
    }
}

/// JSON stays JSON, for what is invalid about it is mostly a member; other text gets shorter.
fn smaller_texts(text: &str) -> Vec<String> {
    let as_json = serde_json::from_str::<Value>(text).ok();
    let smaller = match as_json.filter(Value::is_object) {
        Some(value) => smaller_values(&value)
            .iter()
            .map(Value::to_string)
            .collect(),
        None => shorter(text),
    };
    [String::new(), "{".to_owned()]
        .into_iter()
        .chain(smaller)
        .collect()
}

/// The value with one thing in it gone or plainer, what saves most first.
fn smaller_values(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(_) => vec![Value::Bool(false)],
        Value::Number(_) => vec![Value::from(0)],
        Value::String(text) => shorter(text)
            .into_iter()
            .map(Value::String)
            .chain([Value::String(String::new())])
            .collect(),
        Value::Array(values) => (0..values.len())
            .map(|index| {
                let mut values = values.clone();
                values.remove(index);
                Value::Array(values)
            })
            .collect(),
        Value::Object(members) => smaller_objects(members),
    }
}

fn smaller_objects(members: &Map<String, Value>) -> Vec<Value> {
    let mut smaller: Vec<Value> = members
        .keys()
        .map(|name| {
            let kept = members.iter().filter(|(other, _)| *other != name);
            Value::Object(
                kept.map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            )
        })
        .collect();
    for (name, value) in members {
        for plainer in smaller_values(value) {
            let mut members = members.clone();
            members.insert(name.clone(), plainer);
            smaller.push(Value::Object(members));
        }
    }
    smaller
}
