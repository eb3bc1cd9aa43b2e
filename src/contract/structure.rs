//! Is this an OpenAPI document at all? Checked object by object, so that an error stands where the trouble is.
//!
//! `openapiv3` reads each object with the objects inside it taken out: its untagged enums would otherwise lose
//! the path of an error, and its recursion would follow the document's.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use super::dialect::Dialect;
use super::error::Fault;
use super::lower::{self, Direction};
use super::shape::{Member, Shape};
use super::source::Source;
use super::{pointer, reference, words};

type Checked = Result<(), Fault>;

/// Keywords by which a schema gets a name of its own, which `$ref`s into the document would have to follow.
const NAMING_KEYWORDS: [&str; 5] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
];

/// Refuses everything that isn't a well-formed OpenAPI document.
pub fn check(source: &Source) -> Checked {
    let checker = Checker {
        source,
        dialect: Dialect::of(&source.value)?,
    };
    let root = Member {
        pointer: String::new(),
        shape: Shape::Document,
        value: &source.value,
    };
    checker.check_object(&root)
}

struct Checker<'a> {
    source: &'a Source,
    dialect: Dialect,
}

impl Checker<'_> {
    fn check_object(&self, object: &Member<'_>) -> Checked {
        let is_schema_of_3_1 = object.shape == Shape::Schema && self.dialect == Dialect::V3_1;
        if object.shape.may_be_reference() && object.value.get("$ref").is_some() {
            reference::check(self.source, object)?;
            if !is_schema_of_3_1 {
                return reference::check_beside(object, self.dialect);
            }
        }
        self.check_fields(object)?;
        if object.shape == Shape::Schema {
            reference::check_circle(self.source, object)?;
            self.check_type(object)?;
        }
        if is_schema_of_3_1 {
            check_said_dialect(object, "$schema")?;
            check_bounds(object)?;
        } else {
            self.check_typed(object)?;
        }
        if object.shape == Shape::Document {
            check_said_dialect(object, "jsonSchemaDialect")?;
        }
        check_keys(object)?;
        if object.shape == Shape::Schema {
            check_keywords(object)?;
            reference::check_mapping(self.source, object)?;
        }
        for member in object.shape.members(&object.pointer, object.value) {
            self.check_object(&member)?;
        }
        Ok(())
    }

    /// Unknown fields are refused: `requierd` would otherwise take a rule away without a word.
    fn check_fields(&self, object: &Member<'_>) -> Checked {
        let Some(fields) = object.value.as_object() else {
            return Ok(());
        };
        if object.shape == Shape::Callback {
            return Ok(());
        }
        let holding = object.shape.fields().iter().map(|(name, _, _)| *name);
        let known: Vec<&str> = holding
            .chain(object.shape.plain_fields().iter().copied())
            .filter(|name| self.dialect.knows(object.shape, name))
            .collect();
        let unknown = fields
            .keys()
            .find(|name| !name.starts_with("x-") && !known.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some(name) => Err(self.unknown_field(object, name, &known)),
        }
    }

    fn unknown_field(&self, object: &Member<'_>, name: &str, known: &[&str]) -> Fault {
        let at = pointer::join(&object.pointer, name);
        let shape = object.shape.name();
        if object.shape == Shape::Schema && NAMING_KEYWORDS.contains(&name) {
            let found = format!("{name:?} can't be followed");
            return Fault::at_pointer(&at, found, "refer to schemas as `#/components/schemas/…`");
        }
        let dialect = self.dialect.name();
        let found = format!("{name:?} isn't a field of the {shape} in OpenAPI {dialect}");
        let advice = match (self.dialect.instead_of(name), words::nearest(name, known)) {
            (Some(instead), _) => instead.to_owned(),
            (None, Some(near)) => {
                format!("did you mean `{near}`? A field of your own starts with `x-`")
            }
            (None, None) => "take it out; a field of your own starts with `x-`".to_owned(),
        };
        Fault::at_pointer(&at, found, advice)
    }

    fn check_typed(&self, object: &Member<'_>) -> Checked {
        let alone = object
            .shape
            .replaced(object.value, &mut |shape, _| shape.stub());
        let alone = self.dialect.as_3_0(object.shape, alone);
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
        let advice = format!(
            "see the OpenAPI {} specification for its fields",
            self.dialect.name()
        );
        Err(Fault::at_pointer(&at, found, advice))
    }

    /// Refuses a `type` that isn't known; `openapiv3` takes any word, and refuses a list without saying why.
    fn check_type(&self, schema: &Member<'_>) -> Checked {
        let at = pointer::join(&schema.pointer, "type");
        match (schema.value.get("type"), self.dialect) {
            (None, _) => Ok(()),
            (Some(Value::String(kind)), Dialect::V3_0)
                if kind == "array" && schema.value.get("items").is_none() =>
            {
                let found = "this array doesn't say what its items are";
                let advice = "add `items` (`items: {}` for anything)";
                Err(Fault::at_pointer(&schema.pointer, found, advice))
            }
            (Some(Value::String(kind)), dialect) => check_type_name(&at, kind, dialect),
            (Some(Value::Array(kinds)), dialect @ Dialect::V3_1) => {
                for (index, kind) in kinds.iter().enumerate() {
                    if let Some(kind) = kind.as_str() {
                        check_type_name(&pointer::join(&at, &index.to_string()), kind, dialect)?;
                    }
                }
                Ok(())
            }
            (Some(other), dialect) => {
                let found = format!("`type` is {}, not a text", words::kind_of(other));
                let names = dialect.type_names().join(", ");
                let advice = match dialect {
                    Dialect::V3_0 => {
                        format!("write one of {names}; with `nullable: true` if it may be null")
                    }
                    Dialect::V3_1 => format!("write one of {names}, or a list of them"),
                };
                Err(Fault::at_pointer(&at, found, advice))
            }
        }
    }
}

fn check_said_dialect(object: &Member<'_>, field: &str) -> Checked {
    match object.value.get(field) {
        None => Ok(()),
        Some(said) => Dialect::check_schema_dialect(&pointer::join(&object.pointer, field), said),
    }
}

/// Refuses a bound as 3.0 has it, which `lower` would take.
fn check_bounds(schema: &Member<'_>) -> Checked {
    for keyword in ["exclusiveMinimum", "exclusiveMaximum"] {
        if schema.value.get(keyword).is_some_and(Value::is_boolean) {
            let at = pointer::join(&schema.pointer, keyword);
            let found = format!("`{keyword}` is a boolean, and in OpenAPI 3.1 it is the bound");
            return Err(Fault::at_pointer(&at, found, "write the number here"));
        }
    }
    Ok(())
}

fn check_type_name(at: &str, kind: &str, dialect: Dialect) -> Checked {
    let names = dialect.type_names();
    if names.contains(&kind) {
        return Ok(());
    }
    let found = format!("{kind:?} is no type of OpenAPI {}", dialect.name());
    let advice = match words::nearest(kind, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", names.join(", ")),
    };
    Err(Fault::at_pointer(at, found, advice))
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
