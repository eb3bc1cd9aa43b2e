//! Is this an OpenAPI 3.0 document at all? Checked object by object, so that an error stands where the trouble is.
//!
//! `openapiv3` reads each object with the objects inside it taken out: its untagged enums would otherwise lose
//! the path of an error, and its recursion would follow the document's.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use super::error::Fault;
use super::lower::{self, Direction};
use super::shape::{Member, Shape};
use super::source::Source;
use super::{pointer, reference, words};

type Checked = Result<(), Fault>;

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

/// Refuses everything that isn't a well-formed OpenAPI 3.0 document.
pub fn check(source: &Source) -> Checked {
    check_version(&source.value)?;
    let root = Member {
        pointer: String::new(),
        shape: Shape::Document,
        value: &source.value,
    };
    check_object(source, &root)
}

fn check_version(document: &Value) -> Checked {
    let Some(root) = document.as_object() else {
        let found = format!(
            "the document is {}, not an OpenAPI object",
            words::kind_of(document)
        );
        return Err(Fault::at_pointer(
            "",
            found,
            "start it with `openapi: 3.0.3`",
        ));
    };
    if root.contains_key("swagger") {
        let found = "this is a Swagger 2.0 document; OpenAPI 3.0 is supported";
        return Err(Fault::at_pointer(
            "/swagger",
            found,
            "convert it, for example with `npx swagger2openapi`",
        ));
    }
    match root.get("openapi") {
        None => {
            let advice = "start the document with `openapi: 3.0.3`";
            Err(Fault::at_pointer(
                "",
                "the document doesn't say which OpenAPI it follows",
                advice,
            ))
        }
        Some(Value::String(version)) if version == "3.0" || version.starts_with("3.0.") => Ok(()),
        Some(Value::String(version)) => {
            let found =
                format!("this is an OpenAPI {version:.20} document; OpenAPI 3.0 is supported");
            let advice = "write it as 3.0.3 (`nullable: true` in place of `type: [string, 'null']`, \
                          `enum` of one value in place of `const`)";
            Err(Fault::at_pointer("/openapi", found, advice))
        }
        Some(other) => {
            let found = format!("`openapi` is {}, not a text", words::kind_of(other));
            Err(Fault::at_pointer(
                "/openapi",
                found,
                "write `openapi: 3.0.3`, with all three numbers",
            ))
        }
    }
}

fn check_object(source: &Source, object: &Member<'_>) -> Checked {
    if object.shape.may_be_reference() && object.value.get("$ref").is_some() {
        return reference::check(source, object);
    }
    check_fields(object)?;
    if object.shape == Shape::Schema {
        check_type(object)?;
    }
    check_typed(object)?;
    check_keys(object)?;
    if object.shape == Shape::Schema {
        check_keywords(object)?;
        reference::check_mapping(source, object)?;
    }
    for member in object.shape.members(&object.pointer, object.value) {
        check_object(source, &member)?;
    }
    Ok(())
}

/// Unknown fields are refused: `requierd` would otherwise take a rule away without a word.
fn check_fields(object: &Member<'_>) -> Checked {
    let Some(fields) = object.value.as_object() else {
        return Ok(());
    };
    if object.shape == Shape::Callback {
        return Ok(());
    }
    let known: Vec<&str> = object
        .shape
        .fields()
        .iter()
        .map(|(name, _, _)| *name)
        .collect();
    let known = [known.as_slice(), object.shape.plain_fields()].concat();
    for name in fields.keys() {
        if !name.starts_with("x-") && !known.contains(&name.as_str()) {
            let found = format!(
                "{name:?} isn't a field of the {} in OpenAPI 3.0",
                object.shape.name()
            );
            let advice = match words::nearest(name, &known) {
                _ if name == "const" => "write `enum` with one value".to_owned(),
                Some(near) => {
                    format!("did you mean `{near}`? A field of your own starts with `x-`")
                }
                None => "take it out; a field of your own starts with `x-`".to_owned(),
            };
            return Err(Fault::at_pointer(
                &pointer::join(&object.pointer, name),
                found,
                advice,
            ));
        }
    }
    Ok(())
}

fn check_typed(object: &Member<'_>) -> Checked {
    let alone = object
        .shape
        .replaced(object.value, &mut |shape, _| shape.stub());
    let Err((mut path, message)) = typed(object.shape, alone.clone()) else {
        return Ok(());
    };
    if path.is_empty() {
        path.extend(culprit(object.shape, &alone));
    }
    let at = path.iter().fold(object.pointer.clone(), |at, segment| {
        pointer::join(&at, segment)
    });
    let found = format!(
        "this {} can't be read: {}",
        object.shape.name(),
        words::plain(&message)
    );
    Err(Fault::at_pointer(
        &at,
        found,
        "see the OpenAPI 3.0.3 specification for its fields",
    ))
}

/// The path of an error inside the object, and what it says.
type Untyped = (Vec<String>, String);

fn typed(shape: Shape, value: Value) -> Result<(), Untyped> {
    match shape {
        Shape::Document => read_as::<openapiv3::OpenAPI>(value),
        Shape::Components => read_as::<openapiv3::Components>(value),
        Shape::PathItem => read_as::<openapiv3::PathItem>(value),
        Shape::Operation => read_as::<openapiv3::Operation>(value),
        Shape::Callback => read_as::<openapiv3::Callback>(value),
        Shape::Parameter => read_as::<openapiv3::Parameter>(value),
        Shape::RequestBody => read_as::<openapiv3::RequestBody>(value),
        Shape::Response => read_as::<openapiv3::Response>(value),
        Shape::Header => read_as::<openapiv3::Header>(value),
        Shape::MediaType => read_as::<openapiv3::MediaType>(value),
        Shape::Schema => read_as::<openapiv3::Schema>(value),
    }
}

fn read_as<T: DeserializeOwned>(value: Value) -> Result<(), Untyped> {
    let read: Result<T, _> = serde_path_to_error::deserialize(value);
    read.map(drop).map_err(|error| {
        let path = error.path().iter().map_while(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        (path.collect(), error.inner().to_string())
    })
}

/// The field without which the object could be read. `openapiv3` flattens schemas, which loses the path.
fn culprit(shape: Shape, object: &Value) -> Option<String> {
    let fields = object.as_object()?;
    let can_do_without = |name: &&String| {
        let mut rest = fields.clone();
        rest.shift_remove(*name);
        typed(shape, Value::Object(rest)).is_ok()
    };
    fields.keys().find(can_do_without).cloned()
}

/// Keys that `openapiv3` skips when it can't read them.
fn check_keys(object: &Member<'_>) -> Checked {
    match object.shape {
        Shape::Document => each_key(
            object,
            "paths",
            |key| key.starts_with('/'),
            "a path starts with `/`",
        ),
        Shape::Operation => each_key(
            object,
            "responses",
            is_status,
            "write a status (`'404'`), a range (`4XX`) or `default`",
        ),
        _ => Ok(()),
    }
}

fn each_key(object: &Member<'_>, field: &str, accepts: fn(&str) -> bool, advice: &str) -> Checked {
    let keys = object
        .value
        .get(field)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|map| map.keys());
    for key in keys.filter(|key| !key.starts_with("x-")) {
        if !accepts(key) {
            let at = pointer::join(&pointer::join(&object.pointer, field), key);
            return Err(Fault::at_pointer(
                &at,
                format!("{key:?} is no key of `{field}`"),
                advice,
            ));
        }
    }
    Ok(())
}

fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', tens, ones] => tens.is_ascii_digit() && ones.is_ascii_digit(),
        _ => key == "default",
    }
}

/// Refuses a `type` that isn't one of the six; `openapiv3` takes any word, and refuses a list without saying why.
fn check_type(schema: &Member<'_>) -> Checked {
    let at = pointer::join(&schema.pointer, "type");
    match schema.value.get("type") {
        None => Ok(()),
        Some(Value::String(kind)) if kind == "array" && schema.value.get("items").is_none() => {
            let found = "this array doesn't say what its items are";
            Err(Fault::at_pointer(
                &schema.pointer,
                found,
                "add `items` (`items: {}` for anything)",
            ))
        }
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => Ok(()),
        Some(Value::String(kind)) => {
            let advice = match words::nearest(kind, &TYPES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", TYPES.join(", ")),
            };
            Err(Fault::at_pointer(
                &at,
                format!("{kind:?} is no type of OpenAPI 3.0"),
                advice,
            ))
        }
        Some(other) => {
            let found = format!("`type` is {}, not a text", words::kind_of(other));
            let advice = format!(
                "write one of {}; with `nullable: true` if it may be null",
                TYPES.join(", ")
            );
            Err(Fault::at_pointer(&at, found, advice))
        }
    }
}

/// What JSON Schema says about the keywords.
fn check_keywords(schema: &Member<'_>) -> Checked {
    // Inner schemas are looked at on their own.
    let alone = schema.shape.replaced(schema.value, &mut |_, _| json!({}));
    let lowered = lower::schema_alone(&alone, Direction::Response);
    let Err(error) = META_SCHEMA.validate(&lowered) else {
        return Ok(());
    };
    let at = format!("{}{}", schema.pointer, error.instance_path());
    let found = format!(
        "this schema can't be used: {}",
        words::cut(&error.to_string())
    );
    Err(Fault::at_pointer(&at, found, "correct the keyword"))
}

/// The meta-schema with its formats asserted, so that a `pattern` has to be a regular expression.
static META_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .build(&json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" }))
        .expect("the meta-schema is part of the validator and compiles")
});
