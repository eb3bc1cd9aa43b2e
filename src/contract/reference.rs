//! `$ref`s: where they lead, and the refusal of those that lead nowhere, elsewhere or in a circle.

use serde_json::Value;

use super::dialect::Dialect;
use super::error::Fault;
use super::shape::{Member, Shape};
use super::source::Source;
use super::{pointer, words};

/// Fields beside a `$ref` that make no rule. All others are ignored there, but beside a schema's in OpenAPI 3.1.
const HARMLESS_BESIDE: [&str; 8] = [
    "$ref",
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "deprecated",
    "externalDocs",
];

/// A longer chain of `$ref`s is taken for an endless one.
const HOPS_MAX: usize = 50;

/// Where the object at `at` really stands: the end of its chain of `$ref`s, or the one that has rules beside it.
pub fn resolve<'a>(source: &'a Source, at: &str) -> Option<(String, &'a Value)> {
    let mut at = at.to_owned();
    for _ in 0..HOPS_MAX {
        let value = source.get(&at)?;
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some((at, value)),
            Some(_) if rule_beside(value).is_some() => return Some((at, value)),
            Some(reference) => at = pointer::from_reference(reference)?,
        }
    }
    None
}

/// Refuses a `$ref` that can't be followed to an object of its own shape.
pub fn check(source: &Source, object: &Member<'_>) -> Result<(), Fault> {
    let at = pointer::join(&object.pointer, "$ref");
    let fail = |found: String, advice: &str| Err(Fault::at_pointer(&at, found, advice));
    let Some(reference) = object.value.get("$ref").and_then(Value::as_str) else {
        return fail(
            "this `$ref` isn't a text".into(),
            "write it as `$ref: '#/components/…'`",
        );
    };
    if !reference.starts_with('#') {
        let found = format!("{reference:?} leads out of this file");
        return fail(
            found,
            "bundle the files into one first, for example with `npx @redocly/cli bundle`",
        );
    }
    let Some(target) = pointer::from_reference(reference) else {
        return fail(
            format!("{reference:?} isn't a JSON pointer"),
            "write it as `#/components/…`",
        );
    };
    if source.get(&target).is_none() {
        return fail(
            format!("{reference:?} leads nowhere"),
            &nearest(source, &target),
        );
    }
    if Shape::at(&target) != Some(object.shape) {
        let found = format!("{reference:?} doesn't lead to a {}", object.shape.name());
        return fail(found, "refer to an object of the kind that stands here");
    }
    if resolve(source, &object.pointer).is_none() {
        return fail(
            format!("{reference:?} leads back to itself"),
            "write the object out once",
        );
    }
    Ok(())
}

/// Keywords whose schemas speak of the same part of a value as the one that they stand in.
const OF_THE_SAME_PART: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];

/// Refuses a schema that is made of itself: to find out whether a value is of it, one would have to know already.
pub fn check_circle(source: &Source, schema: &Member<'_>) -> Result<(), Fault> {
    let mut seen = Vec::new();
    let mut ahead = made_of(&schema.pointer, schema.value);
    while let Some(at) = ahead.pop() {
        if at == schema.pointer {
            let found = "this schema is made of itself";
            return Err(Fault::at_pointer(
                &at,
                found,
                "take out what leads back to it",
            ));
        }
        if let Some(part) = source.get(&at).filter(|_| !seen.contains(&at)) {
            ahead.extend(made_of(&at, part));
            seen.push(at);
        }
    }
    Ok(())
}

/// Where the schemas stand of which one is made.
fn made_of(at: &str, schema: &Value) -> Vec<String> {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let mut parts: Vec<String> = reference
        .and_then(pointer::from_reference)
        .into_iter()
        .collect();
    for keyword in OF_THE_SAME_PART {
        let at = pointer::join(at, keyword);
        match schema.get(keyword) {
            list @ Some(Value::Array(_)) => parts.extend(pointer::items(&at, list)),
            Some(_) => parts.push(at),
            None => {}
        }
    }
    parts
}

/// Refuses a discriminator that maps to something other than a schema.
pub fn check_mapping(source: &Source, schema: &Member<'_>) -> Result<(), Fault> {
    let mapping = schema
        .value
        .get("discriminator")
        .and_then(|d| d.get("mapping"))
        .and_then(Value::as_object);
    for (name, target) in mapping.into_iter().flatten() {
        let target = target.as_str().unwrap_or_default();
        let at = mapping_target(target);
        if source.get(&at).is_none() || Shape::at(&at) != Some(Shape::Schema) {
            let mapping = format!("{}/discriminator/mapping", schema.pointer);
            let found = format!("{target:?} leads to no schema");
            return Err(Fault::at_pointer(
                &pointer::join(&mapping, name),
                found,
                nearest(source, &at),
            ));
        }
    }
    Ok(())
}

/// A mapping leads to a schema by reference, or by its name.
pub fn mapping_target(target: &str) -> String {
    match pointer::from_reference(target) {
        Some(pointer) => pointer,
        None => pointer::join("/components/schemas", target),
    }
}

/// Refuses a field beside a `$ref` that would have no effect.
pub fn check_beside(object: &Member<'_>, dialect: Dialect) -> Result<(), Fault> {
    let Some(name) = rule_beside(object.value) else {
        return Ok(());
    };
    let at = pointer::join(&object.pointer, name);
    let dialect = dialect.name();
    let found = format!("{name:?} has no effect beside a `$ref` in OpenAPI {dialect}");
    let advice = match object.shape {
        Shape::Schema => "put the `$ref` into an `allOf`, and this beside that",
        _ => "put it where the `$ref` leads, or write the object out here",
    };
    Err(Fault::at_pointer(&at, found, advice))
}

/// The first field beside a `$ref` that would make a rule.
fn rule_beside(value: &Value) -> Option<&str> {
    let names = value.as_object()?.keys().map(String::as_str);
    let mut rules = names.filter(|name| !HARMLESS_BESIDE.contains(name) && !name.starts_with("x-"));
    rules.next()
}

/// Names what stands next to the place that a dangling reference means.
fn nearest(source: &Source, target: &str) -> String {
    let siblings = pointer::parent(target)
        .and_then(|parent| source.get(parent))
        .and_then(Value::as_object);
    let names: Vec<&str> = siblings
        .into_iter()
        .flat_map(|map| map.keys())
        .map(String::as_str)
        .collect();
    let wanted = pointer::segments(target).pop().unwrap_or_default();
    match words::nearest(&wanted, &names) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "add what it refers to".to_owned(),
    }
}
