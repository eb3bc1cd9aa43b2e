//! OpenAPI schemas as JSON Schema 2020-12, which the validator knows. Those of 3.0 are translated; those of 3.1 are that
//! already, but for what OpenAPI adds to both (`readOnly`, `writeOnly`, `discriminator`).
//!
//! Whatever has the same meaning in both keeps its place, so that a path in the lowered document is one in
//! the file. `$ref`s stay; what stands beside one in 3.0 makes no rule, since `structure` refused what would.

use serde_json::{Map, Value, json};

use super::shape::Shape;
use super::{pointer, reference};

/// Which way a body goes: `readOnly` members aren't required in requests, nor `writeOnly` ones in responses.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Request,
    Response,
}

/// Keywords that mean nothing to a validator, or something else.
const DROPPED: [&str; 12] = [
    "nullable",
    "discriminator",
    "example",
    "examples",
    "xml",
    "externalDocs",
    "deprecated",
    "readOnly",
    "writeOnly",
    "default",
    "$comment",
    "$schema",
];

/// The document with every schema in it lowered.
pub fn document(value: &Value, direction: Direction) -> Value {
    object(Shape::Document, value, direction)
}

fn object(shape: Shape, value: &Value, direction: Direction) -> Value {
    let reference = value.get("$ref").and_then(Value::as_str).map(|reference| {
        let target = pointer::from_reference(reference).unwrap_or_default();
        pointer::to_reference(&target)
    });
    let lowered = shape.replaced(value, &mut |shape, value| object(shape, value, direction));
    match (reference, shape) {
        (None, Shape::Schema) => with_inner_lowered(value, lowered, direction),
        (None, _) => lowered,
        (Some(reference), Shape::Schema) => {
            let mut lowered = with_inner_lowered(value, lowered, direction);
            lowered["$ref"] = Value::from(reference);
            lowered
        }
        (Some(reference), _) => json!({ "$ref": reference }),
    }
}

/// One schema, the schemas inside it left as they are.
pub fn schema_alone(schema: &Value, direction: Direction) -> Value {
    with_inner_lowered(schema, schema.clone(), direction)
}

fn with_inner_lowered(original: &Value, lowered: Value, direction: Direction) -> Value {
    let Value::Object(mut schema) = lowered else {
        return lowered;
    };
    lower_required(&mut schema, original, direction);
    lower_bound(&mut schema, "minimum", "exclusiveMinimum");
    lower_bound(&mut schema, "maximum", "exclusiveMaximum");
    lower_discriminator(&mut schema);
    let nullable = schema.get("nullable") == Some(&Value::Bool(true));
    schema.retain(|name, _| !DROPPED.contains(&name.as_str()) && !name.starts_with("x-"));
    if nullable {
        lower_nullable(schema)
    } else {
        Value::Object(schema)
    }
}

fn lower_required(schema: &mut Map<String, Value>, original: &Value, direction: Direction) {
    let mark = match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    let is_marked = |name: &Value| {
        let property = name
            .as_str()
            .and_then(|name| original.get("properties")?.get(name));
        property.and_then(|property| property.get(mark)) == Some(&Value::Bool(true))
    };
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !is_marked(name));
    }
}

/// `minimum: 1` with `exclusiveMinimum: true` becomes `exclusiveMinimum: 1`.
fn lower_bound(schema: &mut Map<String, Value>, bound: &str, exclusive: &str) {
    match schema.get(exclusive) {
        Some(Value::Bool(true)) => match schema.shift_remove(bound) {
            Some(limit) => schema.insert(exclusive.to_owned(), limit),
            None => schema.shift_remove(exclusive),
        },
        Some(Value::Bool(false)) => schema.shift_remove(exclusive),
        _ => None,
    };
}

fn lower_nullable(mut schema: Map<String, Value>) -> Value {
    if let Some(Value::Array(options)) = schema.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
    match schema.get("type").cloned() {
        Some(kind @ Value::String(_)) => {
            schema.insert("type".to_owned(), json!([kind, "null"]));
            Value::Object(schema)
        }
        // Without a type the specification gives `nullable` no effect, but whoever writes it means it.
        _ if schema.is_empty() => Value::Object(schema),
        _ => json!({ "anyOf": [{ "type": "null" }, schema] }),
    }
}

/// `oneOf` with a discriminator: the property decides which branch holds, so that an error is the branch's own,
/// and branches may overlap.
fn lower_discriminator(schema: &mut Map<String, Value>) {
    let Some(property) = schema
        .get("discriminator")
        .and_then(|d| d.get("propertyName"))
        .and_then(Value::as_str)
    else {
        return;
    };
    let property = property.to_owned();
    for keyword in ["oneOf", "anyOf"] {
        let Some(branches) = schema
            .get(keyword)
            .and_then(Value::as_array)
            .and_then(|b| references(b))
        else {
            continue;
        };
        let named = named_branches(schema.get("discriminator"), &branches);
        let names: Vec<&String> = named.iter().map(|(name, _)| name).collect();
        let mut rules = match schema.get("allOf") {
            Some(Value::Array(rules)) => rules.clone(),
            _ => Vec::new(),
        };
        rules.push(json!({ "type": "object", "required": [property], "properties": { &property: { "enum": names } } }));
        for (name, reference) in &named {
            let chosen =
                json!({ "required": [property], "properties": { &property: { "enum": [name] } } });
            rules.push(json!({ "if": chosen, "then": { "$ref": reference } }));
        }
        schema.shift_remove(keyword);
        schema.insert("allOf".to_owned(), Value::Array(rules));
    }
}

/// The branches, when each is a `$ref`. An inline one has no name to discriminate by.
fn references(branches: &[Value]) -> Option<Vec<String>> {
    branches
        .iter()
        .map(|branch| Some(branch.get("$ref")?.as_str()?.to_owned()))
        .collect()
}

/// Each value of the property with the branch that it chooses: by the mapping, else by the schema's own name.
fn named_branches(discriminator: Option<&Value>, branches: &[String]) -> Vec<(String, String)> {
    let mapping = discriminator
        .and_then(|d| d.get("mapping"))
        .and_then(Value::as_object);
    let mapped = mapping
        .into_iter()
        .flatten()
        .filter_map(|(name, target)| Some((name.clone(), target.as_str()?)));
    let mut named: Vec<_> = mapped
        .map(|(name, target)| {
            (
                name,
                pointer::to_reference(&reference::mapping_target(target)),
            )
        })
        .collect();
    for reference in branches {
        if !named.iter().any(|(_, target)| target == reference) {
            let name = pointer::segments(reference).pop().unwrap_or_default();
            named.push((name, reference.clone()));
        }
    }
    named
}
