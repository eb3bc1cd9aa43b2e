//! Idempotency keys: what changes something is done once under a key, and answered alike after that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::cards::Refusal;

/// No body is longer.
const BODY_MAX: usize = 1 << 20;

/// What was asked under a key, and the answer once there is one.
struct Record {
    asked: (Method, String, Bytes),
    answer: Option<(StatusCode, HeaderMap, Bytes)>,
}

/// Every key that was used.
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<HashMap<Uuid, Record>>>);

impl Keys {
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<Uuid, Record>) -> T) -> T {
        look(
            &mut self
                .0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    /// The answer to a request that was made before, or nothing if it is the first.
    fn begin(&self, key: Uuid, asked: (Method, String, Bytes)) -> Option<Response> {
        self.with(|records| match records.get(&key) {
            None => {
                records.insert(
                    key,
                    Record {
                        asked,
                        answer: None,
                    },
                );
                None
            }
            Some(record) if record.asked != asked => Some(
                Refusal(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "this key came with another request",
                )
                .into_response(),
            ),
            Some(record) => Some(match record.answer.clone() {
                Some(answer) => answer.into_response(),
                None => {
                    Refusal(StatusCode::CONFLICT, "the first request is in flight").into_response()
                }
            }),
        })
    }

    fn end(&self, key: Uuid, answer: (StatusCode, HeaderMap, Bytes)) {
        self.with(|records| {
            if let Some(record) = records.get_mut(&key) {
                record.answer = Some(answer);
            }
        });
    }
}

/// Lets each change through once.
pub async fn only_once(State(keys): State<Keys>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let key = request.headers().get("idempotency-key");
    let key = key.and_then(|key| key.to_str().ok()?.parse::<Uuid>().ok());
    let Some(key) = key else {
        return Refusal(
            StatusCode::BAD_REQUEST,
            "Idempotency-Key is missing, or no UUID",
        )
        .into_response();
    };
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long").into_response();
    };
    let asked = (
        head.method.clone(),
        head.uri.path().to_lowercase(),
        body.clone(),
    );
    if let Some(answer) = keys.begin(key, asked) {
        return answer;
    }
    // Done to its end, even when the caller is gone before that.
    let done = tokio::spawn(async move {
        let (head, body) = next
            .run(Request::from_parts(head, Body::from(body)))
            .await
            .into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let answer = (head.status, head.headers, body);
        keys.end(key, answer.clone());
        answer
    });
    match done.await {
        Ok(answer) => answer.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
