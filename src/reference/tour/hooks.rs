//! The stretch along the webhooks: what subscribers get.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::crafted::subscription;
use super::tell::tell;
use super::{CREATION_EVENT, Walk, is_about_webhooks, tours};
use crate::reference::call::{Call, Content, Operation, Reply};
use crate::reference::testing::{physical_card, set, virtual_card};
use crate::reference::webhooks::furnish;
use crate::reference::{Options, faults};

use Operation::*;

/// What came, as the walk tells it.
type Line = (String, Reply);

/// The path at which the next event may be refused.
const FIRST: &str = "/first";

/// A subscriber that writes down what it gets, by path.
#[derive(Clone, Default)]
struct Subscriber {
    got: Arc<Mutex<BTreeMap<String, Vec<Line>>>>,
    refuses: Arc<AtomicBool>,
}

impl Subscriber {
    /// Starts to listen; the address.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let subscriber = self.clone();
        let router = Router::new().fallback(move |request: Request| {
            let subscriber = subscriber.clone();
            async move { subscriber.take(request).await }
        });
        tokio::spawn(async { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    async fn take(&self, request: Request) -> StatusCode {
        let path = request.uri().to_string();
        let media_type = format!("{:?}", request.headers().get("content-type"));
        let body = to_bytes(request.into_body(), 1 << 20)
            .await
            .unwrap_or_default();
        let content = match serde_json::from_slice(&body) {
            Ok(value) => Content::Json(value),
            Err(_) => Content::None,
        };
        let mut reply = Reply::empty(StatusCode::OK);
        reply.content = content;
        let mut got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        let line = (format!("{path} {media_type}"), reply);
        let refuses = path == FIRST && self.refuses.swap(false, Ordering::Relaxed);
        got.entry(path).or_default().push(line);
        match refuses {
            true => StatusCode::INTERNAL_SERVER_ERROR,
            false => StatusCode::OK,
        }
    }
}

/// Subscribes an address; the id of the subscription.
async fn subscribe(walk: &mut Walk, url: &str, event_type: &str) -> String {
    let body = json!({ "callbackUrl": url, "types": [event_type] });
    let answer = put(walk, &body).await;
    answer["id"].as_str().unwrap_or_default().to_owned()
}

/// Subscriptions that are refused, and changes of one; and what is another programme's.
async fn walk_with_bad_subscriptions(walk: &mut Walk, address: &str, own: &str, foreign: &str) {
    let good = json!({ "callbackUrl": format!("{address}/bad"), "types": ["card.updated"] });
    for (name, value) in [
        ("callbackUrl", None),
        ("callbackUrl", Some(json!("nowhere"))),
        ("types", Some(json!(["card.made"]))),
        ("types", Some(json!(["card.updated", "card.made"]))),
        ("types", Some(json!("card.updated"))),
        ("types", Some(json!([null]))),
        ("id", Some(json!(foreign))),
        ("id", Some(json!(own))),
    ] {
        let mut body = good.clone();
        match value {
            Some(value) => body[name] = value,
            None => drop(body.as_object_mut().and_then(|body| body.remove(name))),
        }
        put(walk, &body).await;
        walk.step(ReadWebhook, own).await;
        walk.step(ListWebhooks, "").await;
    }
    let bad_change = json!({ "id": own, "callbackUrl": format!("{address}/third"), "types": [7] });
    put(walk, &bad_change).await;
    walk.step(ReadWebhook, own).await;
    walk.step(ReadWebhook, foreign).await;
    let mut as_text = Call {
        body: good.to_string().into(),
        ..walk.client.call(PutWebhook, "")
    };
    set(&mut as_text, "content-type", "text/plain");
    walk.send(as_text).await;
    let (_, foreign_card) = walk.foreign;
    walk.step(Deactivate, &foreign_card.to_string()).await;
}

/// Subscriptions to other types than cards', to several, and one that is moved.
async fn walk_with_types(walk: &mut Walk, address: &str) {
    let several = json!(["account.updated", "card.updated"]);
    put(
        walk,
        &json!({ "callbackUrl": format!("{address}/several"), "types": several }),
    )
    .await;
    subscribe(walk, &format!("{address}/other"), "account.updated").await;
    for (from, to, event_type) in [
        ("turned", "turned", "account.updated"),
        ("from", "to?of=cards", "card.updated"),
    ] {
        let id = subscribe(walk, &format!("{address}/{from}"), "card.updated").await;
        let to = format!("{address}/{to}");
        put(
            walk,
            &json!({ "id": id, "callbackUrl": to, "types": [event_type] }),
        )
        .await;
    }
}

async fn put(walk: &mut Walk, body: &Value) -> Value {
    let put = put_call(walk, body);
    walk.send(put).await
}

fn put_call(walk: &Walk, body: &Value) -> Call {
    Call {
        body: body.to_string().into(),
        ..walk.client.call(PutWebhook, "")
    }
}

/// Another subscription under a used key.
async fn walk_with_a_used_key(walk: &mut Walk, address: &str) {
    let url = format!("{address}/used-key");
    let first = put_call(
        walk,
        &json!({ "callbackUrl": url, "types": ["account.updated"] }),
    );
    walk.send(first.clone()).await;
    let other = json!({ "callbackUrl": url, "types": ["customer.updated"] });
    let other = Call {
        body: other.to_string().into(),
        ..first
    };
    walk.again(&other).await;
}

async fn walk_with_webhooks(walk: &mut Walk) {
    let nobody = "http://127.0.0.1:9/nobody";
    subscribe(walk, nobody, "account.updated").await;
    walk.step(ListWebhooks, "").await;
    let subscriber = Subscriber::default();
    let address = subscriber.start().await;
    subscribe(walk, &format!("{address}{FIRST}"), "card.updated").await;
    let second = subscribe(walk, &format!("{address}/second"), "card.updated").await;
    walk.step(ReadWebhook, &second).await;
    walk_with_types(walk, &address).await;
    walk_with_a_used_key(walk, &address).await;
    let foreign = furnish(&walk.client.service).to_string();
    walk_with_bad_subscriptions(walk, &address, &second, &foreign).await;

    let account = walk.account();
    let mut with_ampersand = virtual_card();
    with_ampersand["billingAddress"]["firstLine"] = json!("Fish & Chips");
    let card = walk.create(&account, with_ampersand).await;
    walk.steps(
        &card,
        &[
            Deactivate, Issue, Activate, Deactivate, Activate, Suspend, Unsuspend,
        ],
    )
    .await;
    walk.twice(Deactivate, &card).await;
    let physical = walk.create(&account, physical_card()).await;
    walk.step(Fail, &physical).await;
    let account = walk.account();
    let never_issued = walk.create(&account, virtual_card()).await;
    walk.step(Terminate, &never_issued).await;
    let elsewhere = walk.account();
    let ended = walk.create(&elsewhere, virtual_card()).await;
    walk.steps(&ended, &[Issue, Suspend, Terminate]).await;
    for _ in 0..2 {
        let later = walk.create(&elsewhere, virtual_card()).await;
        walk.steps(&later, &[Issue, Terminate]).await;
    }
    let neighbour = walk.account();
    for account in [walk.account(), neighbour] {
        walk.create(&account, virtual_card()).await;
    }
    walk.all_delivered().await;

    walk.step(DeleteWebhook, &second).await;
    walk.step(ReadWebhook, &second).await;
    walk.step(DeleteWebhook, &second).await;
    subscribe(
        walk,
        &format!("{address}/asked?of=cards"),
        "account.updated",
    )
    .await;
    subscriber.refuses.store(true, Ordering::Relaxed);
    walk.step(Terminate, &card).await;
    walk.all_delivered().await;
    let account = walk.account();
    walk.create(&account, virtual_card()).await;
    walk.all_delivered().await;
    let got = subscriber
        .got
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    walk.lines.extend(got.values().flatten().cloned());
    walk.lines
        .iter_mut()
        .for_each(|(_, reply)| without_address(reply));
}

/// A removal with another key than the signed one, and a look at what it did.
async fn walk_with_a_refused_removal(walk: &mut Walk) {
    let mut subscribe = subscription(&walk.client);
    walk.client.authorize(&mut subscribe);
    let answer = walk.send(subscribe).await;
    let id = answer["id"].as_str().unwrap_or_default();
    for operation in [DeleteWebhook, ReadWebhook] {
        let mut call = walk.client.call(operation, id);
        walk.client.authorize(&mut call);
        if operation == DeleteWebhook {
            let other = "0a1b2c3d-0000-4000-8000-00000000abcd";
            set(&mut call, "idempotency-key", other);
        }
        walk.send(call).await;
    }
}

/// The port is chance.
fn without_address(reply: &mut Reply) {
    match reply.value_mut() {
        Some(Value::Array(webhooks)) => webhooks.iter_mut().for_each(without_host),
        Some(webhook) => without_host(webhook),
        None => {}
    }
}

fn without_host(webhook: &mut Value) {
    if let Some(url) = webhook.get_mut("callbackUrl") {
        let path = url.as_str().and_then(|url| url.rsplit('/').next());
        *url = json!(path.map(str::to_owned).unwrap_or_default());
    }
}

impl Walk {
    /// Waits until all events are delivered.
    async fn all_delivered(&self) {
        self.client.service.courier.rest().await;
    }
}

async fn tour_of_webhooks(options: &Options) -> Vec<String> {
    let mut walk = Walk::new(options, false);
    walk_with_webhooks(&mut walk).await;
    let mut guarded = Walk::new(options, true);
    walk_with_a_refused_removal(&mut guarded).await;
    walk.lines.append(&mut guarded.lines);
    tell(&walk.lines)
}

#[tokio::test]
async fn what_subscribers_get_shows_each_fault_and_each_reading() {
    let correct = tour_of_webhooks(&Options::default()).await;
    assert_eq!(tour_of_webhooks(&Options::default()).await, correct);
    let mut unseen = Vec::new();
    for fault in faults().iter().filter(|fault| is_about_webhooks(fault)) {
        let options = Options {
            fault: Some(fault),
            ..Options::default()
        };
        let mut is_seen = false;
        for _ in 0..tours(fault) {
            is_seen = is_seen || tour_of_webhooks(&options).await != correct;
        }
        if !is_seen {
            unseen.push(fault.id);
        }
    }
    let mut silent = Options::default();
    let is_set = silent.readings.set(CREATION_EVENT, "not-reported");
    assert!(is_set.is_ok());
    assert_ne!(tour_of_webhooks(&silent).await, correct);
    assert!(unseen.is_empty(), "the tour doesn't show {unseen:?}");
}
