//! Lines that break while a call is done. What a correct implementation does then is up to it: the client can't know.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;

use super::call::{Call, Operation};
use super::server::respond;
use super::service::{Service, answer};

/// What becomes of the line while a call is done that changes something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// It holds.
    #[default]
    Holds,
    /// Of several calls, one is dropped before it is done.
    DropsBefore,
    /// Of several calls, one is done, and its answer is dropped.
    DropsAfter,
    /// Of several calls, one is dropped, and done a little later.
    DropsAndActsLater,
}

/// One call in so many is dropped.
const ONE_IN: u32 = 7;
/// How much later a dropped call is done.
const LATER: Duration = Duration::from_millis(3);

/// Answers a call over a line that may break.
pub(super) async fn over_the_line(service: &Arc<Service>, call: Call) -> Response {
    if service.line == Line::Holds || !is_dropped(service, &call) {
        return respond(answer(service, &call).await);
    }
    match service.line {
        Line::Holds | Line::DropsBefore => {}
        Line::DropsAfter => drop(answer(service, &call).await),
        Line::DropsAndActsLater => {
            let service = service.clone();
            tokio::spawn(async move {
                tokio::time::sleep(LATER).await;
                answer(&service, &call).await;
            });
        }
    }
    broken()
}

fn is_dropped(service: &Service, call: &Call) -> bool {
    let is_card_call = matches!(
        call.operation,
        Operation::CreateCard
            | Operation::Activate
            | Operation::Deactivate
            | Operation::Terminate
            | Operation::Issue
            | Operation::Fail
    );
    is_card_call
        && service
            .line_calls
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(ONE_IN)
}

/// An answer that breaks before its first byte: the server closes the connection.
fn broken() -> Response {
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(error)])))
}
