//! What OpenAPI documents are made of, as a table: which objects there are, and which hold which.
//!
//! Everything that walks a document (the checks at load, the lowering of schemas, `$ref`s) reads this one table.

use serde_json::{Value, json};

use super::pointer;

/// One kind of object in an OpenAPI document.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Document,
    Components,
    PathItem,
    Operation,
    Callback,
    Parameter,
    RequestBody,
    Response,
    Header,
    MediaType,
    Schema,
}

/// How a field holds further objects.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    One,
    List,
    Map,
    /// A map whose keys starting with `x-` are extensions, not objects.
    Extensible,
}

/// A field that holds further objects.
pub type Field = (&'static str, Holds, Shape);

/// The plain fields of a parameter.
const PARAMETER_FIELDS: [&str; 11] = [
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "example",
    "examples",
];

impl Shape {
    /// The name that the OpenAPI specification gives it.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Document => "OpenAPI object",
            Shape::Components => "Components object",
            Shape::PathItem => "Path Item object",
            Shape::Operation => "Operation object",
            Shape::Callback => "Callback object",
            Shape::Parameter => "Parameter object",
            Shape::RequestBody => "Request Body object",
            Shape::Response => "Response object",
            Shape::Header => "Header object",
            Shape::MediaType => "Media Type object",
            Shape::Schema => "Schema object",
        }
    }

    /// The fields that hold further objects.
    pub fn fields(self) -> &'static [Field] {
        use Holds::{Extensible, List, Map, One};
        match self {
            Shape::Document => &[
                ("paths", Extensible, Shape::PathItem),
                ("webhooks", Map, Shape::PathItem),
                ("components", One, Shape::Components),
            ],
            Shape::Components => &[
                ("schemas", Map, Shape::Schema),
                ("responses", Map, Shape::Response),
                ("parameters", Map, Shape::Parameter),
                ("requestBodies", Map, Shape::RequestBody),
                ("headers", Map, Shape::Header),
                ("callbacks", Map, Shape::Callback),
                ("pathItems", Map, Shape::PathItem),
            ],
            Shape::PathItem => &[
                ("parameters", List, Shape::Parameter),
                ("get", One, Shape::Operation),
                ("put", One, Shape::Operation),
                ("post", One, Shape::Operation),
                ("delete", One, Shape::Operation),
                ("options", One, Shape::Operation),
                ("head", One, Shape::Operation),
                ("patch", One, Shape::Operation),
                ("trace", One, Shape::Operation),
            ],
            Shape::Operation => &[
                ("parameters", List, Shape::Parameter),
                ("requestBody", One, Shape::RequestBody),
                ("responses", Extensible, Shape::Response),
                ("callbacks", Map, Shape::Callback),
            ],
            // A callback is itself the map; see `members`.
            Shape::Callback => &[],
            Shape::Parameter | Shape::Header => &[
                ("schema", One, Shape::Schema),
                ("content", Map, Shape::MediaType),
            ],
            Shape::RequestBody => &[("content", Map, Shape::MediaType)],
            Shape::Response => &[
                ("headers", Map, Shape::Header),
                ("content", Map, Shape::MediaType),
            ],
            Shape::MediaType => &[("schema", One, Shape::Schema)],
            Shape::Schema => &[
                ("properties", Map, Shape::Schema),
                ("items", One, Shape::Schema),
                ("additionalProperties", One, Shape::Schema),
                ("allOf", List, Shape::Schema),
                ("oneOf", List, Shape::Schema),
                ("anyOf", List, Shape::Schema),
                ("not", One, Shape::Schema),
                ("if", One, Shape::Schema),
                ("then", One, Shape::Schema),
                ("else", One, Shape::Schema),
                ("prefixItems", List, Shape::Schema),
                ("contains", One, Shape::Schema),
                ("patternProperties", Map, Shape::Schema),
                ("propertyNames", One, Shape::Schema),
                ("dependentSchemas", Map, Shape::Schema),
                ("unevaluatedItems", One, Shape::Schema),
                ("unevaluatedProperties", One, Shape::Schema),
                ("contentSchema", One, Shape::Schema),
                ("$defs", Map, Shape::Schema),
            ],
        }
    }

    /// The other fields. A field in neither list would be lost without a word, so it is refused.
    pub fn plain_fields(self) -> &'static [&'static str] {
        match self {
            Shape::Document => &[
                "openapi",
                "info",
                "servers",
                "security",
                "tags",
                "externalDocs",
                "jsonSchemaDialect",
            ],
            Shape::Components => &["examples", "securitySchemes", "links"],
            Shape::PathItem => &["summary", "description", "servers"],
            Shape::Operation => &[
                "tags",
                "summary",
                "description",
                "externalDocs",
                "operationId",
                "deprecated",
                "security",
                "servers",
            ],
            Shape::Callback => &[],
            Shape::Parameter => &PARAMETER_FIELDS,
            Shape::RequestBody => &["description", "required"],
            Shape::Response => &["description", "links"],
            // A parameter whose name and place stand elsewhere, says OpenAPI.
            Shape::Header => &PARAMETER_FIELDS[2..],
            Shape::MediaType => &["example", "examples", "encoding"],
            // `examples` and `$comment` are no keywords of 3.0, but common, and they take no rule away.
            Shape::Schema => &[
                "title",
                "multipleOf",
                "maximum",
                "exclusiveMaximum",
                "minimum",
                "exclusiveMinimum",
                "maxLength",
                "minLength",
                "pattern",
                "maxItems",
                "minItems",
                "uniqueItems",
                "maxProperties",
                "minProperties",
                "required",
                "enum",
                "type",
                "description",
                "format",
                "default",
                "nullable",
                "discriminator",
                "readOnly",
                "writeOnly",
                "xml",
                "externalDocs",
                "example",
                "deprecated",
                "examples",
                "$comment",
                "$ref",
                "$schema",
                "const",
                "minContains",
                "maxContains",
                "dependentRequired",
                "contentEncoding",
                "contentMediaType",
            ],
        }
    }

    /// Those of both kinds that OpenAPI 3.1 added.
    pub fn fields_since_3_1(self) -> &'static [&'static str] {
        match self {
            Shape::Document => &["webhooks", "jsonSchemaDialect"],
            Shape::Components => &["pathItems"],
            Shape::Schema => &[
                "if",
                "then",
                "else",
                "prefixItems",
                "contains",
                "patternProperties",
                "propertyNames",
                "dependentSchemas",
                "unevaluatedItems",
                "unevaluatedProperties",
                "contentSchema",
                "$defs",
                "$ref",
                "$schema",
                "const",
                "minContains",
                "maxContains",
                "dependentRequired",
                "contentEncoding",
                "contentMediaType",
            ],
            Shape::PathItem
            | Shape::Operation
            | Shape::Callback
            | Shape::Parameter
            | Shape::RequestBody
            | Shape::Response
            | Shape::Header
            | Shape::MediaType => &[],
        }
    }

    /// Whether a `$ref` may stand in its place.
    pub fn may_be_reference(self) -> bool {
        !matches!(
            self,
            Shape::Document | Shape::Components | Shape::Operation | Shape::MediaType
        )
    }

    /// The smallest correct object of this shape. It stands in for an object that is looked at on its own.
    pub fn stub(self) -> Value {
        match self {
            Shape::Parameter => json!({ "name": "stub", "in": "query", "schema": {} }),
            Shape::Header => json!({ "schema": {} }),
            Shape::Response => json!({ "description": "" }),
            Shape::Operation => json!({ "responses": {} }),
            Shape::RequestBody => json!({ "content": {} }),
            Shape::Document => {
                json!({ "openapi": "3.0.3", "info": { "title": "", "version": "" }, "paths": {} })
            }
            Shape::Components
            | Shape::PathItem
            | Shape::Callback
            | Shape::MediaType
            | Shape::Schema => json!({}),
        }
    }

    /// The objects directly inside the object `value`, which stands at the pointer `at`.
    pub fn members<'a>(self, at: &str, value: &'a Value) -> Vec<Member<'a>> {
        let mut members = Vec::new();
        if self == Shape::Callback {
            collect(at, value, Holds::Extensible, Shape::PathItem, &mut members);
        }
        for (name, holds, shape) in self.fields() {
            if let Some(field) = value.get(name) {
                collect(
                    &pointer::join(at, name),
                    field,
                    *holds,
                    *shape,
                    &mut members,
                );
            }
        }
        members
    }

    /// A copy of `value` with each object directly inside it replaced.
    pub fn replaced(self, value: &Value, replace: &mut dyn FnMut(Shape, &Value) -> Value) -> Value {
        let mut copy = value.clone();
        if self == Shape::Callback {
            replace_in(&mut copy, Holds::Extensible, Shape::PathItem, replace);
        }
        for (name, holds, shape) in self.fields() {
            if let Some(field) = copy.get_mut(name) {
                replace_in(field, *holds, *shape, replace);
            }
        }
        copy
    }

    /// The shape of what stands at `pointer` in a document, if it is one of these objects.
    pub fn at(pointer: &str) -> Option<Shape> {
        let mut shape = Shape::Document;
        let segments = pointer::segments(pointer);
        let mut rest = segments.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if shape == Shape::Callback {
                (shape, rest) = (Shape::PathItem, after);
                continue;
            }
            let (_, holds, inner) = shape.fields().iter().find(|(name, _, _)| name == first)?;
            shape = *inner;
            rest = if *holds == Holds::One {
                after
            } else {
                after.split_first()?.1
            };
        }
        Some(shape)
    }
}

/// An object inside another one.
pub struct Member<'a> {
    pub pointer: String,
    pub shape: Shape,
    pub value: &'a Value,
}

fn collect<'a>(
    at: &str,
    field: &'a Value,
    holds: Holds,
    shape: Shape,
    members: &mut Vec<Member<'a>>,
) {
    let mut push = |pointer: String, value| {
        members.push(Member {
            pointer,
            shape,
            value,
        })
    };
    match (holds, field) {
        // `additionalProperties: true` holds nothing.
        (Holds::One, Value::Bool(_)) if shape == Shape::Schema => {}
        (Holds::One, _) => push(at.to_owned(), field),
        (Holds::List, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                push(pointer::join(at, &index.to_string()), item);
            }
        }
        (Holds::Map | Holds::Extensible, Value::Object(map)) => {
            for (key, value) in map.iter().filter(|(key, _)| is_member(key, holds)) {
                push(pointer::join(at, key), value);
            }
        }
        // A field of the wrong type holds nothing; the typed reading refuses it.
        (Holds::List | Holds::Map | Holds::Extensible, _) => {}
    }
}

fn replace_in(
    field: &mut Value,
    holds: Holds,
    shape: Shape,
    replace: &mut dyn FnMut(Shape, &Value) -> Value,
) {
    match (holds, field) {
        (Holds::One, Value::Bool(_)) if shape == Shape::Schema => {}
        (Holds::One, field) => *field = replace(shape, field),
        (Holds::List, Value::Array(items)) => {
            for item in items {
                *item = replace(shape, item);
            }
        }
        (Holds::Map | Holds::Extensible, Value::Object(map)) => {
            for (_, value) in map.iter_mut().filter(|(key, _)| is_member(key, holds)) {
                *value = replace(shape, value);
            }
        }
        (Holds::List | Holds::Map | Holds::Extensible, _) => {}
    }
}

fn is_member(key: &str, holds: Holds) -> bool {
    holds == Holds::Map || !key.starts_with("x-")
}
