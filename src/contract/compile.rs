//! A checked document as [`Operation`]s with compiled schemas.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jsonschema::Draft;
use serde_json::Value;

use super::error::Fault;
use super::kind::{self, OperationKind};
use super::lower::{self, Direction};
use super::operation::{Content, Header, Operation, Parameter, Request, Response, Status};
use super::schema::Schema;
use super::source::Source;
use super::{paths, pointer, prefix, reference, words};

/// What a document says, ready to be asked.
pub struct Compiled {
    pub operations: BTreeMap<OperationKind, Operation>,
    /// What stands before the path of each: a version, say, that isn't in `servers`.
    pub prefix: String,
    /// The body of a webhook event.
    pub event: Option<Arc<Schema>>,
}

/// Compiles a document that `structure` has checked.
pub fn document(source: &Arc<Source>) -> Result<Compiled, Fault> {
    let mut compiler = Compiler::new(source);
    let prefix = prefix::of(source)?;
    let described = described(source, &prefix)?;
    let mut operations = BTreeMap::new();
    for (kind, at) in &described {
        operations.insert(*kind, compiler.operation(*kind, at)?);
    }
    let event = compiler.event(described.get(&OperationKind::PutWebhook))?;
    Ok(Compiled {
        operations,
        prefix,
        event,
    })
}

/// Where the document describes each operation; a required one that is missing is an error.
fn described(source: &Source, prefix: &str) -> Result<BTreeMap<OperationKind, String>, Fault> {
    let mut found: BTreeMap<OperationKind, String> = BTreeMap::new();
    for path in paths::of(source) {
        let kinds = OperationKind::ALL.into_iter();
        for kind in kinds.filter(|kind| path.describes(*kind, prefix)) {
            let at = pointer::join(&path.item_at, &kind.method().to_ascii_lowercase());
            if found.insert(kind, at).is_some() {
                let what = format!("`{} {}` is described twice", kind.method(), kind.path());
                let advice = "keep one; the names of path parameters tell nothing apart";
                return Err(Fault::at_pointer(&path.at, what, advice));
            }
        }
    }
    match OperationKind::ALL[..OperationKind::REQUIRED]
        .iter()
        .find(|kind| !found.contains_key(kind))
    {
        None => Ok(found),
        Some(kind) => Err(missing(*kind, prefix, source)),
    }
}

fn missing(kind: OperationKind, prefix: &str, source: &Source) -> Fault {
    let path = format!("{prefix}{}", kind.path());
    let paths = source.get("/paths").and_then(Value::as_object);
    let templates: Vec<&str> = paths
        .into_iter()
        .flat_map(|paths| paths.keys())
        .map(String::as_str)
        .collect();
    let same = templates
        .iter()
        .copied()
        .find(|template| kind::path_shape(template) == path);
    let found = format!(
        "the document has no `{} {path}` ({})",
        kind.method(),
        kind.name()
    );
    let advice = match (same, words::nearest(&path, &templates)) {
        (Some(path), _) => format!("describe {} under {path:?}", kind.method()),
        (None, Some(near)) => {
            format!("the nearest path is {near:?}; all of them may have the same prefix")
        }
        (None, None) => "describe it".to_owned(),
    };
    Fault::at_pointer("/paths", found, advice)
}

fn no_success(kind: OperationKind, responses_at: &str) -> Fault {
    let found = format!("`{} {}` documents no success", kind.method(), kind.path());
    Fault::at_pointer(
        responses_at,
        found,
        format!("describe its {} response", kind.usual_success()),
    )
}

struct Compiler<'a> {
    source: &'a Arc<Source>,
    requests: Value,
    responses: Value,
    schemas: HashMap<(Direction, String), Arc<Schema>>,
}

impl<'a> Compiler<'a> {
    fn new(source: &'a Arc<Source>) -> Compiler<'a> {
        Compiler {
            source,
            requests: schemas_only(lower::document(&source.value, Direction::Request)),
            responses: schemas_only(lower::document(&source.value, Direction::Response)),
            schemas: HashMap::new(),
        }
    }

    fn operation(&mut self, kind: OperationKind, at: &str) -> Result<Operation, Fault> {
        let request_at = pointer::join(at, "requestBody");
        let request = match reference::resolve(self.source, &request_at) {
            Some((at, body)) => Some(self.request(&at, body)?),
            None => None,
        };
        let mut responses = Vec::new();
        let responses_at = pointer::join(at, "responses");
        for key in self.keys(&responses_at) {
            let at = pointer::join(&responses_at, &key);
            if let (Some(status), Some((at, _))) = (Status::parse(&key), self.resolve(&at)) {
                responses.push(self.response(status, &at)?);
            }
        }
        let operation = Operation {
            kind,
            pointer: at.to_owned(),
            responses,
            request,
            parameters: self.parameters(at)?,
            source: Arc::clone(self.source),
        };
        if operation.has_success() {
            Ok(operation)
        } else {
            Err(no_success(kind, &responses_at))
        }
    }

    /// The body of the event that a card changed. The operation at `subscribe` describes it among its callbacks, or a document
    /// of 3.1 among its webhooks; where it describes several, the one that is called so.
    fn event(&mut self, subscribe: Option<&String>) -> Result<Option<Arc<Schema>>, Fault> {
        let mut events = self.children("/webhooks");
        for (name, callback_at) in subscribe
            .map(|at| self.children(&pointer::join(at, "callbacks")))
            .unwrap_or_default()
        {
            let addresses = self.children(&callback_at).into_iter();
            events.extend(addresses.map(|(_, at)| (name.clone(), at)));
        }
        let called = events
            .iter()
            .position(|(name, _)| letters(name) == "cardupdated");
        let only = (events.len() == 1).then_some(0);
        let Some(index) = called.or(only) else {
            return Ok(None);
        };
        let body_at = pointer::join(&pointer::join(&events[index].1, "post"), "requestBody");
        match self.resolve(&body_at) {
            // The target sends it and the harness receives it, but it is a request all the same.
            Some((body_at, body)) => Ok(self.request(&body_at, body)?.schema),
            None => Ok(None),
        }
    }

    /// What an object holds, by name, and where each really stands.
    fn children(&self, at: &str) -> Vec<(String, String)> {
        let named = self.keys(at).into_iter().filter_map(|name| {
            let (at, _) = self.resolve(&pointer::join(at, &name))?;
            Some((name, at))
        });
        named.collect()
    }

    fn request(&mut self, at: &str, body: &Value) -> Result<Request, Fault> {
        let contents = self.contents(at, Direction::Request)?;
        let json = contents
            .into_iter()
            .find(|content| super::media_type::is_json(&content.media_type));
        Ok(Request {
            is_required: body.get("required") == Some(&Value::Bool(true)),
            schema: json.and_then(|content| content.schema),
        })
    }

    /// The parameters of an operation: those of its path, unless it has its own of that name.
    fn parameters(&mut self, at: &str) -> Result<Vec<Parameter>, Fault> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for holder in [Some(at), pointer::parent(at)].into_iter().flatten() {
            let list_at = pointer::join(holder, "parameters");
            for at in pointer::items(&list_at, self.source.get(&list_at)) {
                let Some((at, value)) = self.resolve(&at) else {
                    continue;
                };
                let parameter = self.parameter(at, value)?;
                let is_same = |known: &Parameter| {
                    known.name == parameter.name && known.location == parameter.location
                };
                if !parameters.iter().any(is_same) {
                    parameters.push(parameter);
                }
            }
        }
        Ok(parameters)
    }

    fn parameter(&mut self, at: String, value: &Value) -> Result<Parameter, Fault> {
        let text = |field: &str| {
            value
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Parameter {
            name: text("name"),
            location: text("in"),
            is_required: value.get("required") == Some(&Value::Bool(true)),
            schema: self.schema(&at, Direction::Request)?,
            pointer: at,
        })
    }

    fn response(&mut self, status: Status, at: &str) -> Result<Response, Fault> {
        Ok(Response {
            status,
            pointer: at.to_owned(),
            contents: self.contents(at, Direction::Response)?,
            headers: self.headers(at)?,
        })
    }

    fn contents(&mut self, at: &str, direction: Direction) -> Result<Vec<Content>, Fault> {
        let at = pointer::join(at, "content");
        let mut contents = Vec::new();
        for media_type in self.keys(&at) {
            let schema = self.schema(&pointer::join(&at, &media_type), direction)?;
            contents.push(Content {
                media_type: media_type.to_ascii_lowercase(),
                schema,
            });
        }
        Ok(contents)
    }

    fn headers(&mut self, at: &str) -> Result<Vec<Header>, Fault> {
        let at = pointer::join(at, "headers");
        let mut headers = Vec::new();
        // A header of this name is ignored, says OpenAPI: the media type already speaks of it.
        for name in self
            .keys(&at)
            .into_iter()
            .filter(|name| !name.eq_ignore_ascii_case("content-type"))
        {
            let Some((at, value)) = self.resolve(&pointer::join(&at, &name)) else {
                continue;
            };
            let is_required = value.get("required") == Some(&Value::Bool(true));
            let schema = self.schema(&at, Direction::Response)?;
            headers.push(Header {
                name,
                pointer: at,
                is_required,
                schema,
            });
        }
        Ok(headers)
    }

    /// The compiled schema of the object at `at`, if it has one. A schema that many places share is compiled once.
    fn schema(&mut self, at: &str, direction: Direction) -> Result<Option<Arc<Schema>>, Fault> {
        let Some((at, _)) = self.resolve(&pointer::join(at, "schema")) else {
            return Ok(None);
        };
        let key = (direction, at);
        if let Some(schema) = self.schemas.get(&key) {
            return Ok(Some(Arc::clone(schema)));
        }
        let schema = Arc::new(self.compile(&key.1, direction)?);
        self.schemas.insert(key, Arc::clone(&schema));
        Ok(Some(schema))
    }

    fn compile(&self, at: &str, direction: Direction) -> Result<Schema, Fault> {
        let mut root = match direction {
            Direction::Request => self.requests.clone(),
            Direction::Response => self.responses.clone(),
        };
        root["$ref"] = Value::from(pointer::to_reference(at));
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .should_validate_formats(true);
        let validator = options.build(&root).map_err(|error| {
            let found = format!(
                "this schema can't be compiled: {}",
                words::cut(&error.to_string())
            );
            Fault::at_pointer(at, found, "correct the schema")
        })?;
        Ok(Schema {
            pointer: at.to_owned(),
            validator,
        })
    }

    fn keys(&self, at: &str) -> Vec<String> {
        self.source
            .get(at)
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect()
    }

    fn resolve(&self, at: &str) -> Option<(String, &'a Value)> {
        reference::resolve(self.source, at)
    }
}

fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The parts of a lowered document that a `$ref` to a schema can lead through.
fn schemas_only(mut document: Value) -> Value {
    let mut parts = serde_json::Map::new();
    for name in ["paths", "webhooks", "components"] {
        if let Some(part) = document.get_mut(name) {
            parts.insert(name.to_owned(), part.take());
        }
    }
    Value::Object(parts)
}
