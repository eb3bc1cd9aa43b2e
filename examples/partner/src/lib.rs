//! A small card API: what a partner might have. A gateway stands in front of it and checks tokens, signatures and digests, so
//! the service itself, which is what its tests start, does not.

mod cards;
mod countries;
mod once;

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use cards::{Cards, Change, Refusal};

/// A running service; dropping it stops it.
pub struct Server {
    /// Where it is, with the version prefix.
    pub base_url: String,
    _runtime: Runtime,
}

impl Server {
    /// Starts it on a free port of this machine. A mistake can be planted, to see how it is found: a terminated card is activated.
    pub fn start(revives_terminated: bool) -> io::Result<Server> {
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let app = Router::new().nest("/v1", routes(revives_terminated));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(Server {
            base_url,
            _runtime: runtime,
        })
    }
}

type Shared = State<Arc<Mutex<Cards>>>;

fn routes(revives_terminated: bool) -> Router {
    let cards = Arc::new(Mutex::new(Cards::new(revives_terminated)));
    Router::new()
        .route("/accounts/{account}/cards", post(create).get(list_account))
        .route("/cards", get(list))
        .route(
            "/cards/{card}",
            get(read).delete(|cards, card| change(cards, card, Change::Terminate)),
        )
        .route(
            "/cards/{card}/activate",
            patch(|cards, card| change(cards, card, Change::Activate)),
        )
        .route(
            "/cards/{card}/deactivate",
            patch(|cards, card| change(cards, card, Change::Deactivate)),
        )
        .route(
            "/simulator/cards/{card}/issue",
            patch(|cards, card| change(cards, card, Change::Issue)),
        )
        .route(
            "/simulator/cards/{card}/fail",
            patch(|cards, card| change(cards, card, Change::Fail)),
        )
        .layer(from_fn_with_state(once::Keys::default(), once::only_once))
        .with_state(cards)
}

/// An answer, or why there is none.
type Answer = Result<Response, Refusal>;

async fn create(
    State(cards): Shared,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok()?.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(Refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON",
        ));
    }
    let request = cards::Request::parse(&body)?;
    let card = lock(&cards).create(id(&account)?, request)?;
    Ok((StatusCode::CREATED, json_of(&card)).into_response())
}

async fn list_account(State(cards): Shared, Path(account): Path<String>) -> Answer {
    let account = id(&account)?;
    Ok(json_of(&lock(&cards).list(|card| card.account_id == account)).into_response())
}

async fn list(State(cards): Shared) -> Answer {
    Ok(json_of(&lock(&cards).list(|_| true)).into_response())
}

async fn read(State(cards): Shared, Path(card): Path<String>) -> Answer {
    Ok(json_of(&lock(&cards).read(id(&card)?)?).into_response())
}

async fn change(State(cards): Shared, Path(card): Path<String>, change: Change) -> Answer {
    lock(&cards).change(id(&card)?, change)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn lock(cards: &Mutex<Cards>) -> std::sync::MutexGuard<'_, Cards> {
    cards
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    text.parse()
        .map_err(|_| Refusal(StatusCode::NOT_FOUND, "there is no such thing"))
}

fn json_of(value: &Value) -> impl IntoResponse + use<> {
    (
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, json_of(&json!({ "message": self.1 }))).into_response()
    }
}
