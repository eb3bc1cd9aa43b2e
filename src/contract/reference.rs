//! `$ref`s: where they lead, and the refusal of those that lead nowhere, elsewhere or in a circle.

use serde_json::Value;

use super::error::Fault;
use super::shape::{Member, Shape};
use super::source::Source;
use super::{pointer, words};

/// Fields beside a `$ref`. OpenAPI 3.0 ignores them all, so only those that make no rule may stand there.
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

/// Where the object at `at` really stands: the end of its chain of `$ref`s.
pub fn resolve<'a>(source: &'a Source, at: &str) -> Option<(String, &'a Value)> {
    let mut at = at.to_owned();
    for _ in 0..HOPS_MAX {
        let value = source.get(&at)?;
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some((at, value)),
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
    check_beside(object)
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

fn check_beside(object: &Member<'_>) -> Result<(), Fault> {
    let fields = object
        .value
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys());
    for name in fields {
        if !HARMLESS_BESIDE.contains(&name.as_str()) && !name.starts_with("x-") {
            let at = pointer::join(&object.pointer, name);
            let found = format!("{name:?} has no effect beside a `$ref` in OpenAPI 3.0");
            return Err(Fault::at_pointer(
                &at,
                found,
                "put the `$ref` into an `allOf`, and this beside that",
            ));
        }
    }
    Ok(())
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
