//! One request and its answer, as plain values without a socket.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

/// What a request asks for; the router knows the paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Token,
    PutSigningKey,
    DeleteSigningKey,
    CreateCard,
    AccountCards,
    ProgrammeCards,
    ReadCard,
    Deactivate,
    Activate,
    Terminate,
    Issue,
    Fail,
    PutWebhook,
    ListWebhooks,
    ReadWebhook,
    DeleteWebhook,
    MakeAccount,
    MoveClock,
    Suspend,
    Unsuspend,
    Block,
}

/// A request that was read to its end.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub operation: Operation,
    pub method: Method,
    pub uri: Uri,
    /// The id in the path as it was sent, when the path has one.
    pub id: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// The lines of one header, combined as RFC 9110 combines them; nothing when it is absent or
    /// holds bytes that no ASCII field value may hold.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let lines: Result<Vec<&str>, _> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().map(str::trim))
            .collect();
        lines
            .ok()
            .filter(|lines| !lines.is_empty())
            .map(|lines| lines.join(", "))
    }

    /// The authority that the client used.
    pub(super) fn authority(&self) -> Option<String> {
        self.uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| self.header("host"))
    }

    /// Path and query as they were sent.
    pub(super) fn path_and_query(&self) -> &str {
        self.uri
            .path_and_query()
            .map_or("/", |path_and_query| path_and_query.as_str())
    }

    /// Whether the call may change something, and so wants an idempotency key.
    pub(super) fn modifies(&self) -> bool {
        !self.method.is_safe()
    }
}

/// Why a call is not done, and how that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A request that no state of the cards would make right.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", message)
    }
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub status: StatusCode,
    /// A header field more, if there is one.
    pub header: Option<(&'static str, String)>,
    pub content: Content,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    None,
    Json(Value),
    /// Bytes that call themselves something: a correct answer never needs it.
    Text {
        media_type: &'static str,
        text: String,
    },
}

impl Reply {
    pub(super) fn json(status: StatusCode, value: Value) -> Self {
        Self {
            status,
            header: None,
            content: Content::Json(value),
        }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            header: None,
            content: Content::None,
        }
    }

    /// The JSON of the answer, to look at or to change.
    pub(super) fn value_mut(&mut self) -> Option<&mut Value> {
        match &mut self.content {
            Content::Json(value) => Some(value),
            Content::None | Content::Text { .. } => None,
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::json(
            refusal.status,
            json!({ "code": refusal.code, "message": refusal.message }),
        )
    }
}

impl From<Result<Reply, Refusal>> for Reply {
    fn from(result: Result<Reply, Refusal>) -> Self {
        result.unwrap_or_else(Reply::from)
    }
}
