//! What a request must carry: parameters, and what says who calls.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Found, samples};
use crate::contract::operation::{Operation, Parameter};
use crate::contract::source::Source;
use crate::contract::{pointer, reference, words};

/// Parameters of these names are none, says OpenAPI: other parts of the document speak of them.
const NO_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// Compares what requests must carry. `sent` are header fields that they carry besides.
pub fn compare(ours: &Operation, theirs: &Operation, sent: &[&str], found: &mut Found<'_>) {
    let security = Security::of(theirs);
    for parameter in &theirs.parameters {
        match same(&ours.parameters, parameter) {
            Some(our) => compare_texts(ours, our, theirs, parameter, found),
            None if parameter.is_required && !is_carried(parameter, sent) => {
                found.add(&parameter.pointer, further(parameter, &ours.parameters));
            }
            None => {}
        }
    }
    compare_required(ours, theirs, &security, found);
    if Security::of(ours).wants_bearer() {
        security.compare(sent, ours, found);
    }
}

/// The header fields that the contract requires must be asked for.
fn compare_required(
    ours: &Operation,
    theirs: &Operation,
    security: &Security<'_>,
    found: &mut Found<'_>,
) {
    let required = |our: &&Parameter| our.location == "header" && our.is_required;
    for our in ours.parameters.iter().filter(required) {
        let name = &our.name;
        match same(&theirs.parameters, our) {
            Some(their) if !their.is_required => {
                let words = format!("`{name}` may be left out here; the contract requires it");
                found.add(&their.pointer, words);
            }
            None if !security.asks_for(name) && !is_renamed(name, ours, theirs) => {
                let words = format!("`{name}` isn't asked for here; the contract requires it");
                found.add_absent(&theirs.pointer, words);
            }
            _ => {}
        }
    }
}

/// The same parameter; the names of path parameters don't matter, and no path has two.
fn same<'a>(parameters: &'a [Parameter], wanted: &Parameter) -> Option<&'a Parameter> {
    parameters.iter().find(|parameter| {
        let is_named_so = match wanted.location.as_str() {
            "path" => true,
            "header" => parameter.name.eq_ignore_ascii_case(&wanted.name),
            _ => parameter.name == wanted.name,
        };
        parameter.location == wanted.location && is_named_so
    })
}

fn is_carried(parameter: &Parameter, sent: &[&str]) -> bool {
    let name = &parameter.name;
    match parameter.location.as_str() {
        "path" => true,
        "header" => is_among(name, sent) || is_among(name, &NO_PARAMETERS),
        _ => false,
    }
}

/// Whether a header field is one of these.
fn is_among(name: &str, fields: &[&str]) -> bool {
    fields.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// Whether one that must be sent has nearly this name, which is told of that one.
fn is_renamed(name: &str, ours: &Operation, theirs: &Operation) -> bool {
    let further = theirs.parameters.iter().filter(|their| {
        their.location == "header" && their.is_required && same(&ours.parameters, their).is_none()
    });
    let names: Vec<&str> = further.map(|their| their.name.as_str()).collect();
    words::nearest(name, &names).is_some()
}

fn further(parameter: &Parameter, ours: &[Parameter]) -> String {
    let Parameter { name, location, .. } = parameter;
    let names: Vec<&str> = ours.iter().map(|ours| ours.name.as_str()).collect();
    let hint = match (words::nearest(name, &names), location.as_str()) {
        (Some(near), _) => format!("; the contract calls it `{near}`"),
        (None, "header") => "; `[headers]` in a profile can send it".to_owned(),
        (None, _) => String::new(),
    };
    let name = words::cut(name);
    format!(
        "the {location} parameter `{name}` is required here, and the contract doesn't have it{hint}"
    )
}

/// What the contract takes for a parameter must be taken, and what it refuses, refused; but of ids in a path anything may be
/// answered, as not found.
fn compare_texts(
    ours: &Operation,
    our: &Parameter,
    theirs: &Operation,
    their: &Parameter,
    found: &mut Found<'_>,
) {
    let (Some(our_schema), Some(their_schema)) = (&our.schema, &their.schema) else {
        return;
    };
    let name = &our.name;
    for text in samples::parameter_texts(&name.to_ascii_lowercase()) {
        let refused = our_schema.check(&text, &ours.source);
        let theirs = their_schema.check(&text, &theirs.source);
        let text = words::value(&text);
        match (refused.is_empty(), theirs.first()) {
            (true, Some(violation)) => {
                let words =
                    format!("a value of `{name}` that the contract takes is refused here: {text}");
                return found.add(&violation.schema_pointer, words);
            }
            (false, None) if our.location == "header" => {
                let words =
                    format!("a value of `{name}` that the contract refuses is taken here: {text}");
                return found.add(&their_schema.pointer, words);
            }
            _ => {}
        }
    }
}

/// Who may call, as a document says it for one operation: alternatives, each of schemes that it wants together.
struct Security<'a> {
    /// Where that stands.
    at: String,
    alternatives: Vec<BTreeMap<&'a str, Scheme<'a>>>,
}

/// One scheme, as far as it says what a request must carry.
enum Scheme<'a> {
    /// A token in `Authorization`.
    Bearer,
    /// A header field of this name.
    Header(&'a str),
    /// A signature in `Signature` and `Signature-Input`.
    Signature,
    /// Something of the connection.
    Connection,
    Other,
}

impl<'a> Security<'a> {
    fn of(operation: &'a Operation) -> Self {
        let source: &Source = &operation.source;
        let own = pointer::join(&operation.pointer, "security");
        let (at, value) = match source.get(&own) {
            Some(value) => (own, Some(value)),
            None => match source.get("/security") {
                Some(value) => ("/security".to_owned(), Some(value)),
                None => (operation.pointer.clone(), None),
            },
        };
        let alternatives = value.and_then(Value::as_array).into_iter().flatten();
        let schemes = |alternative: &'a Value| {
            let names = alternative
                .as_object()
                .into_iter()
                .flat_map(|names| names.keys());
            names
                .map(|name| (name.as_str(), scheme(source, name)))
                .collect()
        };
        Self {
            at,
            alternatives: alternatives.map(schemes).collect(),
        }
    }

    fn wants_bearer(&self) -> bool {
        let is_wanted = |schemes: &BTreeMap<&str, Scheme<'_>>| {
            schemes
                .values()
                .any(|scheme| matches!(scheme, Scheme::Bearer))
        };
        !self.alternatives.is_empty() && self.alternatives.iter().all(is_wanted)
    }

    /// Whether one of the schemes is a header field of this name.
    fn asks_for(&self, name: &str) -> bool {
        let schemes = self.alternatives.iter().flat_map(BTreeMap::values);
        schemes.into_iter().any(|scheme| match scheme {
            Scheme::Header(header) => header.eq_ignore_ascii_case(name),
            Scheme::Signature => name.to_ascii_lowercase().starts_with("signature"),
            Scheme::Bearer | Scheme::Connection | Scheme::Other => false,
        })
    }

    fn compare(&self, sent: &[&str], ours: &Operation, found: &mut Found<'_>) {
        if !self.wants_bearer() {
            let words = "this may be called without a bearer token; the contract requires one";
            return found.add(&self.at, words.to_owned());
        }
        let is_ours = |header: &str| {
            ours.parameters
                .iter()
                .any(|our| our.name.eq_ignore_ascii_case(header))
        };
        let further = |schemes: &BTreeMap<&'a str, Scheme<'a>>| {
            let further = schemes.iter().find(|(_, scheme)| match scheme {
                Scheme::Header(header) => !is_ours(header) && !is_among(header, sent),
                Scheme::Other => true,
                Scheme::Bearer | Scheme::Signature | Scheme::Connection => false,
            });
            further.map(|(name, _)| *name)
        };
        let all: Option<Vec<&str>> = self.alternatives.iter().map(further).collect();
        if let Some(name) = all.as_ref().and_then(|names| names.first()) {
            let name = words::cut(name);
            let words = format!(
                "besides the bearer token, `{name}` is required here, which the contract doesn't have; where it is a header \
                 field, `[headers]` in a profile can send it"
            );
            found.add(&self.at, words);
        }
    }
}

fn scheme<'a>(source: &'a Source, name: &str) -> Scheme<'a> {
    let at = pointer::join("/components/securitySchemes", name);
    let Some((_, scheme)) = reference::resolve(source, &at) else {
        return Scheme::Other;
    };
    let text = |field: &str| {
        scheme
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match (text("type"), text("in")) {
        ("http", _) if text("scheme").eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        ("http", _) if text("scheme").eq_ignore_ascii_case("signature") => Scheme::Signature,
        ("apiKey", "header") if text("name").eq_ignore_ascii_case("authorization") => {
            Scheme::Bearer
        }
        ("apiKey", "header") => Scheme::Header(text("name")),
        ("oauth2" | "openIdConnect", _) => Scheme::Bearer,
        ("mutualTLS", _) => Scheme::Connection,
        _ => Scheme::Other,
    }
}
