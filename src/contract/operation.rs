//! One operation of a document, compiled: its statuses, bodies and headers.

use std::sync::Arc;

use serde_json::Value;

use super::kind::OperationKind;
use super::schema::Schema;
use super::source::{Place, Source};

/// One operation as the document describes it.
#[derive(Debug)]
pub struct Operation {
    pub(super) kind: OperationKind,
    pub(super) pointer: String,
    pub(super) responses: Vec<Response>,
    pub(super) request: Option<Request>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) source: Arc<Source>,
}

/// A documented parameter of requests.
#[derive(Debug)]
pub(super) struct Parameter {
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub location: String,
    pub pointer: String,
    pub is_required: bool,
    pub schema: Option<Arc<Schema>>,
}

/// A documented response.
#[derive(Debug)]
pub(super) struct Response {
    pub status: Status,
    /// Where it stands, its `$ref`s followed.
    pub pointer: String,
    pub contents: Vec<Content>,
    pub headers: Vec<Header>,
}

/// Which statuses a response is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Exactly(u16),
    /// `4XX` is the range of 4.
    Range(u16),
    Default,
}

/// A documented media type, and the schema of its bodies.
#[derive(Debug)]
pub(super) struct Content {
    pub media_type: String,
    pub schema: Option<Arc<Schema>>,
}

/// A documented response header.
#[derive(Debug)]
pub(super) struct Header {
    pub name: String,
    pub pointer: String,
    pub is_required: bool,
    pub schema: Option<Arc<Schema>>,
}

/// A documented request body.
#[derive(Debug)]
pub(super) struct Request {
    pub is_required: bool,
    pub schema: Option<Arc<Schema>>,
}

impl Status {
    pub fn parse(key: &str) -> Option<Status> {
        match key.as_bytes() {
            [class @ b'1'..=b'5', b'X', b'X'] => Some(Status::Range(u16::from(class - b'0'))),
            _ if key == "default" => Some(Status::Default),
            _ => key.parse().ok().map(Status::Exactly),
        }
    }

    fn words(self) -> String {
        match self {
            Status::Exactly(status) => status.to_string(),
            Status::Range(class) => format!("{class}XX"),
            Status::Default => "any".to_owned(),
        }
    }
}

impl Operation {
    /// Which operation it is.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Where the document describes it.
    pub fn place(&self) -> Option<Place> {
        self.source.place(&self.pointer)
    }

    /// The status of a success: the first documented 2xx.
    pub fn success_status(&self) -> u16 {
        let success = self
            .responses
            .iter()
            .find_map(|response| self.success(response.status));
        success.unwrap_or(self.kind.usual_success())
    }

    /// The documented successes, each with its status.
    pub(super) fn successes(&self) -> impl Iterator<Item = (&Response, u16)> {
        self.responses
            .iter()
            .filter_map(|response| Some((response, self.success(response.status)?)))
    }

    fn success(&self, status: Status) -> Option<u16> {
        match status {
            Status::Exactly(status) if (200..300).contains(&status) => Some(status),
            Status::Range(2) => Some(self.kind.usual_success()),
            Status::Exactly(_) | Status::Range(_) | Status::Default => None,
        }
    }

    pub(super) fn has_success(&self) -> bool {
        self.responses
            .iter()
            .any(|response| self.success(response.status).is_some())
    }

    /// Whether a status is documented: itself, by its range (`4XX`), or by `default`.
    pub fn documents(&self, status: u16) -> bool {
        self.response(status).is_some()
    }

    /// Whether a request must have a body.
    pub fn requires_body(&self) -> bool {
        self.request
            .as_ref()
            .is_some_and(|request| request.is_required)
    }

    /// The response that describes a status; the more exact one wins.
    pub(super) fn response(&self, status: u16) -> Option<&Response> {
        let find = |wanted: Status| {
            self.responses
                .iter()
                .find(|response| response.status == wanted)
        };
        find(Status::Exactly(status))
            .or_else(|| find(Status::Range(status / 100)))
            .or_else(|| find(Status::Default))
    }

    pub(super) fn documented_statuses(&self) -> String {
        self.responses
            .iter()
            .map(|response| response.status.words())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Header {
    /// The text of a header as the JSON value that its schema speaks of.
    pub fn value(&self, text: &str, source: &Source) -> Value {
        let text = text.trim();
        let schema = self
            .schema
            .as_ref()
            .and_then(|schema| source.get(&schema.pointer));
        let kind = match schema.and_then(|schema| schema.get("type")) {
            Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null"),
            kind => kind,
        };
        match kind.and_then(Value::as_str) {
            Some("integer" | "number" | "boolean") => match serde_json::from_str(text) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
                _ => Value::from(text),
            },
            Some("array") => text
                .split(',')
                .map(|item| Value::from(item.trim()))
                .collect(),
            _ => Value::from(text),
        }
    }
}
