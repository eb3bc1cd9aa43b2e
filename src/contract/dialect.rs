//! Which OpenAPI a document follows. 3.0 has schemas of its own, which `lower` translates; those of 3.1 are JSON Schema.

use serde_json::{Value, json};

use super::error::Fault;
use super::shape::Shape;
use super::words;

/// A version of OpenAPI that is read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    V3_0,
    V3_1,
}

/// The JSON Schemas that a document of 3.1 may say it is written in: they have the same keywords.
const SCHEMA_DIALECTS: [&str; 2] = [
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
];

impl Dialect {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::V3_0 => "3.0",
            Dialect::V3_1 => "3.1",
        }
    }

    /// The one that a document says it follows.
    pub fn of(document: &Value) -> Result<Dialect, Fault> {
        let Some(root) = document.as_object() else {
            let kind = words::kind_of(document);
            let found = format!("the document is {kind}, not an OpenAPI object");
            return Err(Fault::at_pointer(
                "",
                found,
                "start it with `openapi: 3.0.3`",
            ));
        };
        if root.contains_key("swagger") {
            let found = "this is a Swagger 2.0 document; OpenAPI 3.0 and 3.1 are supported";
            let advice = "convert it, for example with `npx swagger2openapi`";
            return Err(Fault::at_pointer("/swagger", found, advice));
        }
        match root.get("openapi") {
            None => {
                let found = "the document doesn't say which OpenAPI it follows";
                let advice = "start the document with `openapi: 3.0.3`";
                Err(Fault::at_pointer("", found, advice))
            }
            Some(Value::String(version)) => Dialect::named(version).ok_or_else(|| {
                let found = format!(
                    "this is an OpenAPI {version:.20} document; OpenAPI 3.0 and 3.1 are supported"
                );
                Fault::at_pointer("/openapi", found, "write it as 3.1.1 or 3.0.3")
            }),
            Some(other) => {
                let found = format!("`openapi` is {}, not a text", words::kind_of(other));
                let advice = "write `openapi: 3.0.3`, with all three numbers";
                Err(Fault::at_pointer("/openapi", found, advice))
            }
        }
    }

    fn named(version: &str) -> Option<Dialect> {
        let is = |name: &str| {
            let rest = version.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        [Dialect::V3_0, Dialect::V3_1]
            .into_iter()
            .find(|dialect| is(dialect.name()))
    }

    /// The names that a `type` may have.
    pub fn type_names(self) -> &'static [&'static str] {
        const NAMES: [&str; 7] = [
            "string", "number", "integer", "boolean", "array", "object", "null",
        ];
        match self {
            Dialect::V3_0 => &NAMES[..6],
            Dialect::V3_1 => &NAMES,
        }
    }

    /// Whether a field of an object is one of this version.
    pub fn knows(self, shape: Shape, field: &str) -> bool {
        match self {
            Dialect::V3_0 => !shape.fields_since_3_1().contains(&field),
            Dialect::V3_1 => !(shape == Shape::Schema && field == "nullable"),
        }
    }

    /// What to write instead of a field that only the other version has.
    pub fn instead_of(self, field: &str) -> Option<&'static str> {
        match (self, field) {
            (Dialect::V3_0, "const") => Some("write `enum` with one value"),
            (Dialect::V3_1, "nullable") => Some("write `type: [string, 'null']`"),
            _ => None,
        }
    }

    /// An object alone, with the objects inside it taken out, as OpenAPI 3.0 has it: what a reader of 3.0 can read.
    pub fn as_3_0(self, shape: Shape, mut alone: Value) -> Value {
        let (Dialect::V3_1, Some(fields)) = (self, alone.as_object_mut()) else {
            return alone;
        };
        let optional = match shape {
            Shape::Document => "paths",
            Shape::Operation => "responses",
            _ => "",
        };
        if !optional.is_empty() {
            fields.entry(optional).or_insert_with(|| json!({}));
        }
        let schemes = fields.get_mut("securitySchemes");
        if let Some(schemes) = schemes.and_then(Value::as_object_mut) {
            schemes.retain(|_, scheme| scheme.get("type") != Some(&Value::from("mutualTLS")));
        }
        alone
    }

    /// Refuses schemas that are said to be of another kind than this version's.
    pub fn check_schema_dialect(at: &str, said: &Value) -> Result<(), Fault> {
        let is_known = said
            .as_str()
            .is_some_and(|said| SCHEMA_DIALECTS.contains(&said.trim_end_matches('#')));
        if is_known {
            return Ok(());
        }
        let said = words::value(said);
        let found = format!("schemas of the dialect {said} can't be read");
        let advice = format!("leave it out, or write {:?}", SCHEMA_DIALECTS[0]);
        Err(Fault::at_pointer(at, found, advice))
    }
}
