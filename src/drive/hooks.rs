//! Receives events: one subscription for the whole run, made when the first case needs it and again when a target may have
//! lost it, and one listener.
//!
//! What comes is handed to the case whose card or account it names. Each callback address ends in a word that only the
//! target was told, so that whatever else reaches the port, and what an earlier run has left, is turned away.

mod inbox;
mod patience;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use super::auth::Access;
use super::draft::Draft;
use super::reply::said;
use super::setup::Caller;
use super::trouble::shown_body;
use crate::case::Step;
use crate::case::request::{CALLBACK, body_text, standard_subscription};
use crate::profile::{Foreign, Webhooks};
use crate::trace::{Event, METHOD_FIELD, Micros};

use self::inbox::Desk;
pub use self::inbox::Inbox;

/// More than any honest event.
const EVENT_BYTES_MAX: usize = 64 << 10;
/// So many are read at a time.
const READ_AT_ONCE: usize = 64;
/// How long one may take to come in.
const READ_WAIT: Duration = Duration::from_secs(10);

/// The listener and the subscription of a run. Dropping it ends the listener.
pub struct Hooks {
    callback: String,
    wait: Duration,
    desk: Arc<Desk>,
    /// The id of the run's own subscription.
    subscription: Mutex<Option<String>>,
    /// What it should have been told did not come.
    is_doubtful: AtomicBool,
    server: JoinHandle<()>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hooks {
    /// Listens, and subscribes. The error says what was tried, and what to do.
    pub async fn start(
        webhooks: &Webhooks,
        foreign: &Foreign,
        began: Instant,
        access: &Access,
        caller: &Caller,
    ) -> Result<Self, String> {
        let listener = TcpListener::bind(webhooks.listen)
            .await
            .map_err(|error| cant_listen(webhooks, &error))?;
        let address = listener
            .local_addr()
            .map_err(|error| cant_listen(webhooks, &error))?;
        let callback = match &webhooks.callback_url {
            Some(url) => url.to_string(),
            None => format!("http://{address}"),
        };
        let word = Uuid::new_v4().to_string();
        // An address must stay one.
        caller.masks.add_as(&word, "secret-word");
        let desk = Arc::new(Desk::new(&word, foreign, webhooks.wait.0));
        let server = tokio::spawn(serve(listener, Arc::clone(&desk), began));
        let hooks = Self {
            callback,
            wait: webhooks.wait.0,
            desk,
            subscription: Mutex::default(),
            is_doubtful: AtomicBool::new(false),
            server,
        };
        hooks.subscribe_the_run(access, caller).await?;
        Ok(hooks)
    }

    async fn subscribe_the_run(&self, access: &Access, caller: &Caller) -> Result<(), String> {
        let address = self.address(&self.desk.open_door_of_the_run());
        let made = subscribe(&subscribe_draft(&address), access, caller).await?;
        self.exchange_subscription(made);
        Ok(())
    }

    fn exchange_subscription(&self, id: Option<String>) -> Option<String> {
        let subscription = self.subscription.lock();
        std::mem::replace(
            &mut subscription.unwrap_or_else(PoisonError::into_inner),
            id,
        )
    }

    /// A case has waited in vain. Where events do come, the target may have lost the run's own subscription, and would tell
    /// every later case nothing.
    pub fn note_missed(&self) {
        self.is_doubtful
            .fetch_or(self.desk.has_heard(), Ordering::Relaxed);
    }

    /// Whether the run's own subscription may be lost.
    pub fn are_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Relaxed)
    }

    /// Subscribes the run anew, if that is in doubt, at another address. No case may be under way meanwhile.
    pub async fn renew(&self, access: &Access, caller: &Caller) {
        if !self.is_doubtful.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Some(id) = self.exchange_subscription(None) {
            unsubscribe(&id, access, caller).await;
        }
        // Where it is refused, the next case that waits in vain tells.
        drop(self.subscribe_the_run(access, caller).await);
    }

    /// An inbox for a case.
    pub fn open_inbox(&self) -> Inbox {
        Inbox::open(&self.desk)
    }

    /// The callback address that ends in `word`.
    pub fn address(&self, word: &str) -> String {
        format!("{}/{word}", self.callback)
    }

    /// How long an event may take. Once a whole wait has been in vain, and nothing has come at all, nothing is waited for.
    pub fn wait(&self) -> Duration {
        match self.desk.is_silent() {
            true => Duration::ZERO,
            false => self.desk.patience(),
        }
    }

    /// An event has come that was waited for, and shows this card.
    pub fn told(&self, came_at: Micros, card: &Value) {
        self.desk.told(came_at, card);
    }

    /// What it may mean that nothing came.
    pub fn silence(&self) -> String {
        self.desk.note_silence();
        format!(
            "no event came within {:?}: either the target delivers none, or it does not reach {} (callback_url and listen under [webhooks])",
            self.wait, self.callback
        )
    }

    /// Takes back the subscriptions of cases that are no longer on their way.
    pub async fn take_back_what_is_left(&self, access: &Access, caller: &Caller) {
        let Ok(response) = access.ask(&list_draft(), HeaderMap::new(), caller).await else {
            return;
        };
        let listed = said(&response);
        let word = self.desk.prefix();
        // Answers come without secrets.
        let shown_word = caller.masks.apply(word.clone());
        let is_left = |subscription: &&Value| {
            let url = subscription["callbackUrl"].as_str();
            let url = url.and_then(|url| url.split('?').next());
            let door = url.and_then(|url| Some(url.split_once(&shown_word)?.1));
            door.is_some_and(|door| !self.desk.is_open(&format!("{word}{door}")))
        };
        let left = listed.as_array().into_iter().flatten().filter(is_left);
        for id in left.filter_map(|subscription| subscription["id"].as_str()) {
            unsubscribe(id, access, caller).await;
        }
    }

    /// Takes the subscription back; a target that refuses keeps it.
    pub async fn end(&self, access: &Access, caller: &Caller) {
        if let Some(id) = self.exchange_subscription(None) {
            unsubscribe(&id, access, caller).await;
        }
    }
}

/// The request that subscribes an address to what happens to cards.
pub fn subscribe_draft(address: &str) -> Draft {
    let body = standard_subscription().to_string();
    put_draft(body.replace(CALLBACK, address))
}

/// The request by which a step subscribes an address, or moves the subscription of this id there.
pub fn step_draft(address: &str, id: Option<&str>, step: &Step) -> Draft {
    let mut standard = standard_subscription();
    if let Some(id) = id {
        standard["id"] = id.into();
    }
    let body = body_text(&standard, &step.body).replace(CALLBACK, address);
    Draft {
        media_type: step.media_type.clone(),
        encoding: step.encoding,
        ..put_draft(body)
    }
}

/// The query of the callback address that a request to subscribe names.
pub fn callback_query(wanted: &Draft) -> Option<String> {
    let body: Value = serde_json::from_str(wanted.body.as_deref()?).ok()?;
    let address: Url = body["callbackUrl"].as_str()?.parse().ok()?;
    address.query().map(str::to_owned)
}

fn put_draft(body: String) -> Draft {
    Draft {
        body: Some(body),
        ..Draft::change(Method::PUT, "/webhooks")
    }
}

/// The read of the programme's subscriptions.
pub fn list_draft() -> Draft {
    Draft::read("/webhooks")
}

/// The request that removes a subscription.
pub fn unsubscribe_draft(id: &str) -> Draft {
    let path = format!("/webhooks/{}", super::draft::segment(id, false));
    Draft::change(Method::DELETE, path)
}

/// Subscribes, unjudged; the id of the subscription, if the answer has one.
async fn subscribe(
    wanted: &Draft,
    access: &Access,
    caller: &Caller,
) -> Result<Option<String>, String> {
    let call = format!("PUT {}/webhooks", caller.base.as_str());
    let response = access.ask(wanted, HeaderMap::new(), caller).await?;
    if !(200..300).contains(&response.status) {
        return Err(format!(
            "{call} was answered with {}{}; leave [webhooks] out where the target has none",
            response.status,
            shown_body(&response.body)
        ));
    }
    Ok(said(&response)["id"].as_str().map(str::to_owned))
}

/// Removes a subscription, unjudged.
pub async fn unsubscribe(id: &str, access: &Access, caller: &Caller) {
    // A target that refuses keeps it.
    let draft = unsubscribe_draft(id);
    drop(access.ask(&draft, HeaderMap::new(), caller).await);
}

fn cant_listen(webhooks: &Webhooks, error: &std::io::Error) -> String {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another process has it: name another address as `listen` under [webhooks], or port 0 for any free one"
        }
        _ => "name an address of this machine as `listen` under [webhooks]",
    };
    format!("can't listen on {}: {error}; {advice}", webhooks.listen)
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, began: Instant) {
    let room = Arc::new(Semaphore::new(READ_AT_ONCE));
    let receive = move |request: Request| {
        let (desk, room) = (Arc::clone(&desk), Arc::clone(&room));
        async move {
            let _permit = room.acquire().await;
            receive(&desk, began, request).await
        }
    };
    // It ends with the task; a connection that breaks is the sender's trouble.
    drop(axum::serve(listener, Router::new().fallback(receive)).await);
}

async fn receive(desk: &Desk, began: Instant, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let word = parts.uri.path().trim_end_matches('/').rsplit('/').next();
    let query = parts.uri.query().unwrap_or_default();
    let Some(door) = word.and_then(|word| desk.door(word, query)) else {
        return StatusCode::NOT_FOUND;
    };
    if !matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
        let method = parts.method;
        desk.tell(
            door,
            &format!("a {method} request came to the callback address: events are posted"),
        );
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let body = match tokio::time::timeout(READ_WAIT, to_bytes(body, EVENT_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            desk.tell(
                door,
                &format!(
                    "an event was dropped: it broke off, or is longer than {EVENT_BYTES_MAX} bytes"
                ),
            );
            return StatusCode::PAYLOAD_TOO_LARGE;
        }
        Err(_) => {
            desk.tell(
                door,
                &format!("an event was dropped: it did not end within {READ_WAIT:?}"),
            );
            return StatusCode::REQUEST_TIMEOUT;
        }
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
    let other_method =
        (parts.method != Method::POST).then(|| (METHOD_FIELD.to_owned(), parts.method.to_string()));
    desk.deliver(
        door,
        Event {
            received_at: Micros(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)),
            subscription: door.step(),
            headers: other_method.into_iter().chain(headers).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
            answered: StatusCode::OK.as_u16(),
        },
    )
}
