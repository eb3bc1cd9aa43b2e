//! Keeps the last request and what came of it, whoever sent it, so that an examination can show both.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, StatusCode};

use super::client::{Incoming, Received};
use super::outgoing::Outgoing;

/// The last exchange.
#[derive(Default)]
pub struct Witness(Mutex<Option<Seen>>);

/// An exchange as it was.
#[derive(Clone)]
pub struct Seen {
    pub request: Outgoing,
    pub came: Came,
}

/// What came of it.
#[derive(Clone)]
pub enum Came {
    Answer {
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
    },
    /// How no answer came.
    Nothing(String),
}

impl Witness {
    /// Keeps this one in place of the one before.
    pub fn note(&self, request: Outgoing, received: &Received) {
        *self.last() = Some(Seen::new(request, received));
    }

    /// The last exchange, which is then forgotten.
    pub fn take(&self) -> Option<Seen> {
        self.last().take()
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// The exchange of a request and what came of it.
    pub fn new(request: Outgoing, received: &Received) -> Self {
        let came = match received {
            Received::Whole(incoming) => Came::Answer {
                status: incoming.status,
                headers: incoming.headers.clone(),
                body: incoming.body.clone(),
            },
            Received::Lost { words, .. } | Received::LetGo(words) => Came::Nothing(words.clone()),
        };
        Self { request, came }
    }

    /// A request that did not go, and why.
    pub fn unsent(request: Outgoing, words: String) -> Self {
        let came = Came::Nothing(words);
        Self { request, came }
    }

    /// The status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        match &self.came {
            Came::Answer { status, .. } => Some(status.as_u16()),
            Came::Nothing(_) => None,
        }
    }

    /// Whether the answer was a success.
    pub fn is_success(&self) -> bool {
        self.status()
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// A header field of the answer.
    pub fn header(&self, name: &str) -> Option<&http::HeaderValue> {
        match &self.came {
            Came::Answer { headers, .. } => headers.get(name),
            Came::Nothing(_) => None,
        }
    }

    /// The body of the answer, as text.
    pub fn body(&self) -> String {
        match &self.came {
            Came::Answer { body, .. } => String::from_utf8_lossy(body).into_owned(),
            Came::Nothing(_) => String::new(),
        }
    }

    /// As if it had come just so.
    pub fn incoming(&self) -> Option<Incoming> {
        match &self.came {
            Came::Answer {
                status,
                headers,
                body,
            } => Some(Incoming {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
                surplus: false,
                room: None,
            }),
            Came::Nothing(_) => None,
        }
    }
}
