//! The socket: routes, limits, start and stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use axum::serve::ListenerExt;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::access::Credentials;
use super::call::{Call, Content, Operation, Refusal, Reply};
use super::card::{Address, Card, CardRequest, CardStatus, CardType, new_card};
use super::clock::Clock;
use super::events::Courier;
use super::line::over_the_line;
use super::programme::Programme;
use super::rules::Rules;
use super::service::Service;
use super::signature::LONGEST_AGE;
use super::webhooks;
use super::{Fault, Options};

/// The longest body that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a hang-up may take to arrive: the client closes the connection right after its request.
const HANG_UP_WAIT: Duration = Duration::from_millis(30);
/// How long [`Running::stop`] waits for calls in flight.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Each operation with its method and path under `/v1`.
pub(super) const ROUTES: &[(Method, &str, Operation)] = &[
    (Method::POST, "/auth/token", Operation::Token),
    (Method::PUT, "/auth/signing", Operation::PutSigningKey),
    (Method::DELETE, "/auth/signing", Operation::DeleteSigningKey),
    (Method::POST, "/accounts/{id}/cards", Operation::CreateCard),
    (Method::GET, "/accounts/{id}/cards", Operation::AccountCards),
    (Method::GET, "/cards", Operation::ProgrammeCards),
    (Method::GET, "/cards/{id}", Operation::ReadCard),
    (Method::DELETE, "/cards/{id}", Operation::Terminate),
    (
        Method::PATCH,
        "/cards/{id}/deactivate",
        Operation::Deactivate,
    ),
    (Method::PATCH, "/cards/{id}/activate", Operation::Activate),
    (
        Method::PATCH,
        "/simulator/cards/{id}/issue",
        Operation::Issue,
    ),
    (Method::PATCH, "/simulator/cards/{id}/fail", Operation::Fail),
    (Method::PUT, "/webhooks", Operation::PutWebhook),
    (Method::GET, "/webhooks", Operation::ListWebhooks),
    (Method::GET, "/webhooks/{id}", Operation::ReadWebhook),
    (Method::DELETE, "/webhooks/{id}", Operation::DeleteWebhook),
    (Method::POST, "/sandbox/accounts", Operation::MakeAccount),
    (Method::POST, "/sandbox/clock", Operation::MoveClock),
    (
        Method::PATCH,
        "/sandbox/cards/{id}/suspend",
        Operation::Suspend,
    ),
    (
        Method::PATCH,
        "/sandbox/cards/{id}/unsuspend",
        Operation::Unsuspend,
    ),
    (Method::PATCH, "/sandbox/cards/{id}/block", Operation::Block),
];

/// A running implementation. [`Running::stop`] waits for calls in flight; dropping it lets them
/// end by themselves, and takes no new ones.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// `http://HOST:PORT/v1`.
    pub base_url: String,
    /// The key of the programme's credentials.
    pub api_key: Uuid,
    /// The secret that belongs to it.
    pub api_secret: String,
    /// An account of another programme.
    pub foreign_account: Uuid,
    /// An active card of that account.
    pub foreign_card: Uuid,
    /// A subscription of another programme.
    pub foreign_subscription: Uuid,
    /// How long ago a signature may have been made, where that matters.
    pub longest_signature_age: Option<Duration>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    /// Takes no new calls, and waits for those in flight (for five seconds at most).
    pub async fn stop(self) {
        let Self {
            stop, mut server, ..
        } = self;
        drop(stop);
        if tokio::time::timeout(STOP_WAIT, &mut server).await.is_err() {
            server.abort();
        }
    }
}

/// Starts the implementation on the present tokio runtime.
pub async fn start(options: Options) -> io::Result<Running> {
    let listener = TcpListener::bind(options.address).await?;
    let address = listener.local_addr()?;
    let service = Arc::new(Service {
        hang_up_wait: HANG_UP_WAIT,
        ..new_service(&options)?
    });
    let (foreign_account, foreign_card) = furnish(&service.foreign, &service.clock);
    let foreign_subscription = webhooks::furnish(&service);
    let (stop, stopped) = oneshot::channel::<()>();
    let (api_key, api_secret) = (
        service.credentials.api_key,
        service.credentials.api_secret.clone(),
    );
    // Small answers must not wait for acknowledgements; a socket that refuses the option still works.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, router(service))
        .with_graceful_shutdown(async { drop(stopped.await) });
    Ok(Running {
        address,
        base_url: format!("http://{address}/v1"),
        api_key,
        api_secret,
        foreign_account,
        foreign_card,
        foreign_subscription,
        longest_signature_age: options
            .readings
            .refuse_old_signatures
            .then(|| LONGEST_AGE.unsigned_abs()),
        stop,
        server: tokio::spawn(async { drop(server.await) }),
    })
}

/// The service that the options describe, still empty.
pub(super) fn new_service(options: &Options) -> io::Result<Service> {
    let mut rules = Rules::CORRECT;
    if let Some(Fault { plant, .. }) = options.fault {
        plant(&mut rules);
    }
    Ok(Service {
        readings: options.readings.clone(),
        issuance: options.issuance,
        upkeep: options.upkeep,
        pace: options.pace,
        signatures: options.signatures,
        rules,
        clock: Clock::default(),
        courier: Courier::new(options.delivery),
        credentials: Credentials::draw()?,
        own: Programme::default(),
        foreign: Programme::default(),
        hang_up_wait: Duration::ZERO,
        line: options.line,
        line_calls: AtomicU32::new(0),
    })
}

/// The account and the card of another programme are the same in every process, so that a run can be resumed.
const FOREIGN_ACCOUNT: Uuid = Uuid::from_u128(0x6f0c_5d1e_8a2b_4c3d_9e4f_5a6b_7c8d_9e0f);
const FOREIGN_CARD: Uuid = Uuid::from_u128(0x17b2_c3d4_e5f6_4a7b_8c9d_0e1f_2a3b_4c5d);

/// Gives a programme an account with an active card, which belong to nobody who can call.
pub(super) fn furnish(programme: &Programme, clock: &Clock) -> (Uuid, Uuid) {
    let account = programme.open_account(FOREIGN_ACCOUNT);
    let billing_address = Address {
        first_line: "1 Other Street".to_owned(),
        second_line: None,
        city: "Elsewhere".to_owned(),
        state: None,
        country: "SE".to_owned(),
        post_code: "111 22".to_owned(),
    };
    let request = CardRequest {
        card_type: CardType::Virtual,
        billing_address,
        shipping_address: None,
    };
    let card = Card {
        id: FOREIGN_CARD,
        status: CardStatus::Active,
        issued: true,
        ..new_card(account.id, request, clock.now())
    };
    let card_id = card.id;
    account.cards().push(card);
    programme.enter_card(card_id, &account);
    (account.id, card_id)
}

fn router(service: Arc<Service>) -> Router {
    let mut paths: Vec<&str> = ROUTES.iter().map(|(_, path, _)| *path).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut router = Router::new();
    for path in paths {
        router = router.route(&format!("/v1{path}"), calls_on(path, &service));
    }
    let no_such_path = Refusal::new(
        StatusCode::NOT_FOUND,
        "no-such-path",
        "the API has no such path",
    );
    router.fallback(move || async move { respond(no_such_path.into()) })
}

/// The calls of a path, and what is done with any other method.
fn calls_on(path: &str, service: &Arc<Service>) -> MethodRouter {
    let routes = ROUTES.iter().filter(|route| route.1 == path);
    let operations: Vec<Operation> = routes.clone().map(|route| route.2).collect();
    let others = service.clone();
    let mut calls = MethodRouter::new().fallback(
        move |method: Method, params: RawPathParams, request: Request| async move {
            match (others.rules.other_method)(&method, &operations) {
                Ok(operation) => serve(&others, operation, &params, request).await,
                Err(refusal) => respond(refusal.into()),
            }
        },
    );
    for (method, _, operation) in routes.cloned() {
        let method = MethodFilter::try_from(method).expect("axum routes every method of the table");
        let service = service.clone();
        let handler = move |params: RawPathParams, request: Request| async move {
            serve(&service, operation, &params, request).await
        };
        calls = calls.on(method, handler);
    }
    calls
}

/// No path has any other method.
pub(super) fn other_method(_: &Method, _: &[Operation]) -> Result<Operation, Refusal> {
    Err(Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "the path has no such method",
    ))
}

async fn serve(
    service: &Arc<Service>,
    operation: Operation,
    params: &RawPathParams,
    request: Request,
) -> Response {
    match read(operation, params, request).await {
        Ok(call) => dated(over_the_line(service, call).await, &service.clock),
        Err(refusal) => respond(refusal.into()),
    }
}

async fn read(
    operation: Operation,
    params: &RawPathParams,
    request: Request,
) -> Result<Call, Refusal> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        Refusal::invalid(format!(
            "the body could not be read, or has more than {BODY_BYTES_MAX} bytes"
        ))
    })?;
    Ok(Call {
        operation,
        method: parts.method,
        uri: parts.uri,
        id: params.iter().next().map(|(_, id)| id.to_owned()),
        headers: parts.headers,
        body,
    })
}

/// A clock that was put forward shows in `Date`, so that a client can follow it.
pub(super) fn dated(mut response: Response, clock: &Clock) -> Response {
    if clock.is_moved()
        && let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&clock.now())
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

pub(super) fn respond(reply: Reply) -> Response {
    let (media_type, body) = match reply.content {
        Content::None => (None, Body::empty()),
        Content::Json(value) => (Some("application/json"), Body::from(value.to_string())),
        Content::Text { media_type, text } => (Some(media_type), Body::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    if let Some(media_type) = media_type {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if let Some((name, value)) = reply.header
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        response.headers_mut().insert(name, value);
    }
    response
}
