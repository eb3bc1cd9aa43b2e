//! Events: what subscribers are told, and how it gets to them.
//!
//! Each subscription has a queue of its own. The events of a card go out in the order of its changes, those of several cards
//! side by side. What is not answered with 2xx is tried again by a task of its own, ever more slowly, so that one refusal
//! doesn't hold up the rest. Absent: TLS, so an https address gets nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::card::{Card, View};
use super::lifecycle::Action;
use super::service::Service;

/// How long a subscriber may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How long the first of the further attempts waits; each next one twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
/// So often an event is tried again.
const REDELIVERIES_MAX: u32 = 8;
/// So many are sent at the same time.
const AT_ONCE: usize = 32;
/// How far events get out of order, where they do.
const DISORDER_MS: u128 = 20;

/// How events are delivered: order, redelivery and delay are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// At once, in order, and again where a subscriber doesn't take them.
    Plain,
    /// The same, each after some time.
    Late(Duration),
    /// In any order.
    AnyOrder,
    /// Each twice, even where the subscriber took it.
    Twice,
    /// Each once, even where the subscriber didn't take it.
    Once,
}

/// What befell a card.
#[derive(Clone, Copy, Debug)]
pub(super) enum News<'a> {
    Created,
    Changed {
        before: &'a Card,
    },
    /// A call on it was refused.
    Refused {
        action: Action,
    },
    Read,
}

/// An event as it is delivered.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub media_type: &'static str,
    /// JSON, unless something went wrong.
    pub body: String,
}

/// What the subscribers are told of some news.
pub(super) fn report(service: &Service, card: &Card, news: News<'_>) -> Vec<Event> {
    match news {
        News::Created if !service.readings.reports_creation => Vec::new(),
        News::Created | News::Changed { .. } => vec![event(&shown(service, card))],
        News::Refused { .. } | News::Read => Vec::new(),
    }
}

/// The card as events show it.
pub(super) fn shown(service: &Service, card: &Card) -> Value {
    (service.rules.render)(&service.readings, card, View::Event)
}

/// An event that shows a card.
pub(super) fn event(card: &Value) -> Event {
    let mut body = card.clone();
    body["webhookType"] = json!("card.updated");
    body["eventId"] = json!(Uuid::new_v4());
    of_body(&body)
}

/// An event with that body.
pub(super) fn of_body(body: &Value) -> Event {
    Event {
        media_type: "application/json",
        body: body.to_string(),
    }
}

/// Tells the subscribers. The card's account is locked meanwhile, so that its events queue up in the order of its changes.
pub(super) fn tell(service: &Service, card: &Card, news: News<'_>) {
    if service.own.webhooks().is_empty() {
        return;
    }
    send(service, card, &(service.rules.report)(service, card, news));
}

/// Puts events of a card into the queues of all who are to be told.
pub(super) fn send(service: &Service, card: &Card, events: &[Event]) {
    let webhooks = service.own.webhooks();
    for webhook in (service.rules.subscribers)(&webhooks, card) {
        for event in events {
            let post = Post {
                card: card.id,
                url: (service.rules.address)(webhook).to_owned(),
                event: event.clone(),
                happened_at: Instant::now(),
            };
            service.courier.send(&webhook.outbox, post);
        }
    }
}

/// An event on its way to an address.
#[derive(Debug)]
struct Post {
    card: Uuid,
    url: String,
    event: Event,
    happened_at: Instant,
}

/// The queue of a subscription, emptied by a task of its own.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    queue: mpsc::UnboundedSender<Post>,
    is_closed: Arc<AtomicBool>,
    was_refused: Arc<AtomicBool>,
}

impl Outbox {
    pub(super) fn open(service: &Arc<Service>) -> Self {
        let (queue, posts) = mpsc::unbounded_channel();
        let is_closed = Arc::new(AtomicBool::new(false));
        let was_refused = Arc::new(AtomicBool::new(false));
        let run = Run {
            courier: service.courier.clone(),
            redelivered: service.rules.redelivered,
            is_closed: Arc::clone(&is_closed),
            was_refused: Arc::clone(&was_refused),
        };
        tokio::spawn(run.empty(posts));
        Self {
            queue,
            is_closed,
            was_refused,
        }
    }

    /// Whether the subscriber did not take an event when it was first sent.
    pub(super) fn was_refused(&self) -> bool {
        self.was_refused.load(Ordering::Relaxed)
    }

    /// Nothing is tried again any more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// What posts.
type Http = Client<HttpConnector, Full<Bytes>>;

/// Who carries events; shared by all queues.
#[derive(Clone, Debug)]
pub(super) struct Courier {
    delivery: Delivery,
    client: Arc<OnceLock<Http>>,
    /// So many more may be sent at the same time.
    room: Arc<Semaphore>,
    /// How many events are on their way.
    pending: watch::Sender<usize>,
}

impl Courier {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            client: Arc::default(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            pending: watch::Sender::new(0),
        }
    }

    /// Waits until nothing is on its way any more.
    #[cfg(test)]
    pub(super) async fn rest(&self) {
        let mut pending = self.pending.subscribe();
        // The sender lives as long as `self`, so there is always a value to wait for.
        let _ = pending.wait_for(|pending| *pending == 0).await;
    }

    fn send(&self, outbox: &Outbox, post: Post) {
        self.pending.send_modify(|pending| *pending += 1);
        if outbox.queue.send(post).is_err() {
            self.arrived();
        }
    }

    fn arrived(&self) {
        self.pending.send_modify(|pending| *pending -= 1);
    }

    /// Whether the subscriber took it.
    async fn post(&self, post: &Post) -> bool {
        let client = self
            .client
            .get_or_init(|| Client::builder(TokioExecutor::new()).build_http());
        let body = Full::new(Bytes::from(post.event.body.clone()));
        let request = http::Request::post(&post.url)
            .header("content-type", post.event.media_type)
            .body(body);
        let Ok(request) = request else { return false };
        let _permit = self.room.acquire().await;
        let answer = timeout(ANSWER_WAIT, client.request(request)).await;
        matches!(answer, Ok(Ok(answer)) if answer.status().is_success())
    }
}

/// One queue being emptied.
#[derive(Clone)]
struct Run {
    courier: Courier,
    redelivered: fn(&Event) -> Event,
    is_closed: Arc<AtomicBool>,
    was_refused: Arc<AtomicBool>,
}

impl Run {
    async fn empty(self, mut posts: mpsc::UnboundedReceiver<Post>) {
        // By card, what ends when the event before has been sent.
        let mut before: HashMap<Uuid, oneshot::Receiver<()>> = HashMap::new();
        while let Some(post) = posts.recv().await {
            let (sent, is_sent) = oneshot::channel();
            let earlier = before.insert(post.card, is_sent);
            tokio::spawn(self.clone().in_turn(post, earlier, sent));
        }
    }

    async fn in_turn(
        self,
        post: Post,
        earlier: Option<oneshot::Receiver<()>>,
        sent: oneshot::Sender<()>,
    ) {
        match (self.courier.delivery, earlier) {
            (Delivery::AnyOrder, _) => {
                let chance = Uuid::new_v4().as_u128() % DISORDER_MS;
                let pause = Duration::from_millis(u64::try_from(chance).unwrap_or(0));
                tokio::time::sleep_until(post.happened_at + pause).await;
            }
            // It errs when the sender is dropped, which is the end of the earlier one.
            (_, Some(earlier)) => drop(earlier.await),
            (_, None) => {}
        }
        if let Delivery::Late(pause) = self.courier.delivery {
            tokio::time::sleep_until(post.happened_at + pause).await;
        }
        self.first(post).await;
        drop(sent);
    }

    /// The first attempt, and what follows from it.
    async fn first(&self, post: Post) {
        let taken = self.courier.post(&post).await;
        self.was_refused.fetch_or(!taken, Ordering::Relaxed);
        match self.courier.delivery {
            Delivery::Once => self.courier.arrived(),
            Delivery::Twice => {
                self.courier.post(&self.again(post)).await;
                self.courier.arrived();
            }
            Delivery::Plain | Delivery::Late(_) | Delivery::AnyOrder if taken => {
                self.courier.arrived();
            }
            Delivery::Plain | Delivery::Late(_) | Delivery::AnyOrder => {
                tokio::spawn(self.clone().insist(post));
            }
        }
    }

    async fn insist(self, mut post: Post) {
        for attempt in 0..REDELIVERIES_MAX {
            tokio::time::sleep(PAUSE_FIRST * 2_u32.pow(attempt)).await;
            post = self.again(post);
            if self.is_closed.load(Ordering::Relaxed) || self.courier.post(&post).await {
                break;
            }
        }
        self.courier.arrived();
    }

    fn again(&self, post: Post) -> Post {
        Post {
            event: (self.redelivered)(&post.event),
            ..post
        }
    }
}
