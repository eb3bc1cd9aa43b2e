//! What is wrong with a message, as a value: the rule, the place in the body, the place in the document.

use super::source::Place;

/// One way in which a request or a response isn't as the document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which kind of rule.
    pub kind: ViolationKind,
    /// One plain fragment of a sentence; safe to print, secrets and card numbers masked.
    pub message: String,
    /// The JSON pointer in the body; empty for the whole body, and for what isn't in the body.
    pub instance_path: String,
    /// The JSON pointer of the rule in the document.
    pub schema_pointer: String,
    /// Where in the document the rule stands, or what it belongs to.
    pub place: Option<Place>,
}

/// The kinds of rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The status is not documented for the operation.
    UndocumentedStatus,
    /// A body is documented, and there is none.
    MissingBody,
    /// The body says that it is JSON, or must be, and isn't.
    NotJson,
    /// `Content-Type` is missing, or not a documented one.
    ContentType,
    /// A required header, by its documented name, is missing.
    MissingHeader(String),
    /// A header, by its documented name, doesn't match its schema.
    Header(String),
    /// The body doesn't match the schema.
    Schema {
        /// The keyword: `required`, `enum`, `type`, `format`, `pattern` …
        keyword: String,
        /// The nearest named property that it is about; for `required`, the one that is missing.
        property: Option<String>,
        /// The named property that contains it: `billingAddress`.
        parent: Option<String>,
    },
}
