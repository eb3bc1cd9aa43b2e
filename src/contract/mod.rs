//! What the API promises: an OpenAPI document, 3.0 or 3.1, read once, asked often.
//!
//! A document is read from YAML or JSON with the place of every part ([`Place`]), refused with a picture of
//! that place when it isn't OpenAPI ([`LoadError`]), and compiled. From then on [`Operation`] answers, as
//! pure functions of their arguments, whether a response is as documented and whether a request body is one
//! that must be accepted, must be refused, or may be either.
//!
//! This room doesn't know requirements, cards or targets, and it neither sends nor waits. Operations are told
//! apart by method and path, so a partner's own document works whatever its names are.
//!
//! ```
//! use cardproof::contract::{Contract, OperationKind, ViolationKind};
//!
//! let contract = Contract::embedded();
//! let read = contract.operation(OperationKind::GetCard).unwrap();
//! let headers = [("content-type".to_owned(), "application/json".to_owned())];
//! let violations = read.check_response(200, &headers, b"{}");
//! assert!(violations[0].message.ends_with("is missing"));
//! assert!(violations.iter().all(|v| matches!(v.kind, ViolationKind::Schema { .. })));
//! ```

mod compare;
mod compile;
mod dialect;
mod document;
mod error;
mod kind;
mod lower;
mod media_type;
mod member;
mod operation;
mod paths;
mod pointer;
mod prefix;
mod reference;
mod request;
mod response;
mod schema;
mod shape;
mod source;
mod structure;
mod surrogates;
mod view;
mod violation;
mod words;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest;
use serde_json::Value;

pub use compare::Contradiction;
pub use error::LoadError;
pub use kind::{OperationKind, Route};
pub use media_type::is_json;
pub use member::Member;
pub use operation::Operation;
pub use request::{OpenPoint, RequestBody, is_no_text};
pub use source::Place;
pub use violation::{Violation, ViolationKind};

pub(crate) use document::Document;

use error::Fault;
use schema::Schema;
use source::Source;

const EMBEDDED: &str = include_str!("../../spec/cards.openapi.yaml");

/// One OpenAPI document, compiled.
#[derive(Debug)]
pub struct Contract {
    file_name: String,
    digest: String,
    title: String,
    version: String,
    source: Arc<Source>,
    operations: BTreeMap<OperationKind, Operation>,
    prefix: String,
    event: Option<Arc<Schema>>,
}

impl Contract {
    /// The document that comes with this tool.
    pub fn embedded() -> &'static Contract {
        static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
            Contract::parse("cards.openapi.yaml", EMBEDDED)
                .expect("the embedded document loads, as `the_embedded_document_loads` tests")
        });
        &CONTRACT
    }

    /// Reads a file of YAML or JSON.
    pub fn load(path: &Path) -> Result<Contract, LoadError> {
        Contract::parse(&path.display().to_string(), &source::read_text(path)?)
    }

    /// Reads a text of YAML or JSON; `file_name` is what errors call it.
    pub fn parse(file_name: &str, text: &str) -> Result<Contract, LoadError> {
        let locate =
            |fault: Fault, source: Option<&Source>| source::locate(fault, file_name, text, source);
        let source = Arc::new(Source::parse(text).map_err(|fault| locate(fault, None))?);
        structure::check(&source).map_err(|fault| locate(fault, Some(&source)))?;
        let compiled = compile::document(&source).map_err(|fault| locate(fault, Some(&source)))?;
        let info = |pointer| {
            source
                .get(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Contract {
            file_name: file_name.to_owned(),
            digest: sha256_hex(text),
            title: info("/info/title"),
            version: info("/info/version"),
            operations: compiled.operations,
            prefix: compiled.prefix,
            event: compiled.event,
            source,
        })
    }

    /// The file, as it was named when it was read.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The SHA-256 of the text, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The title that the document gives itself.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The version that the document gives itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The operation that a request asks for, if the document describes it. The path is relative to the base
    /// URL and may have a query; its ids come back as they were sent.
    pub fn route<'p>(&self, method: &str, path: &'p str) -> Option<Route<'p>> {
        Route::of(method, path).filter(|route| self.operations.contains_key(&route.operation))
    }

    /// What a path is about that the document gives for other methods, but not for this one.
    pub fn route_of_other_method<'p>(&self, method: &str, path: &'p str) -> Option<Route<'p>> {
        let route = Route::of_path(path)?;
        let shape = format!("{}{}", self.prefix, route.operation.path());
        let path = paths::of(&self.source).find(|path| path.shape == shape)?;
        (!path.has(method)).then_some(route)
    }

    /// An operation, if the document describes it; the first [`OperationKind::REQUIRED`] always are.
    pub fn operation(&self, kind: OperationKind) -> Option<&Operation> {
        self.operations.get(&kind)
    }

    /// Every operation that the document describes and this tool knows.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// Everything in which the body of a webhook event departs from the document, which describes it as a
    /// callback of the subscription. Nothing when it conforms, or when no event is described.
    pub fn check_event(&self, body: &Value) -> Vec<Violation> {
        self.event
            .as_ref()
            .map(|event| event.check(body, &self.source))
            .unwrap_or_default()
    }

    /// Whether the document describes webhook events.
    pub fn describes_events(&self) -> bool {
        self.event.is_some()
    }

    /// Where in the file the part at a JSON pointer stands, or else the nearest part around it.
    pub fn place_of(&self, pointer: &str) -> Option<Place> {
        self.source.place(pointer)
    }

    /// The countries that a request's billing address may have, as the document lists them; none if it doesn't.
    pub fn countries(&self) -> Vec<String> {
        let create = self.operations.get(&OperationKind::CreateCard);
        let schema = create.and_then(|create| create.request.as_ref()?.schema.as_ref());
        schema.map_or_else(Vec::new, |schema| {
            request::options(
                &self.source,
                &schema.pointer,
                &["billingAddress", "country"],
            )
        })
    }
}

fn sha256_hex(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
