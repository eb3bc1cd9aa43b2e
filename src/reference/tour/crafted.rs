//! The stretch of the tour with calls that only somebody sends who knows how verifiers go wrong.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, Method};
use serde_json::json;
use uuid::Uuid;

use super::Walk;
use super::walks::sign_without;
use crate::reference::call::{Call, Operation};
use crate::reference::testing::{Client, add_digest, set, virtual_card};

use Operation::*;

/// A subscription whose events go nowhere.
pub(super) fn subscription(client: &Client) -> Call {
    let body = json!({ "callbackUrl": "http://127.0.0.1:9/", "types": ["card.updated"] });
    Call {
        body: body.to_string().into(),
        ..client.call(PutWebhook, "")
    }
}

/// Each on a create, a read and a subscription.
pub(super) async fn walk_with_crafted_calls(walk: &mut Walk) {
    for tamper in CRAFTED {
        let account = walk.account();
        let create = walk.create_call(&account, &virtual_card());
        let read = walk.client.call(ProgrammeCards, "");
        for mut call in [create, read, subscription(&walk.client)] {
            tamper(&walk.client, &mut call);
            walk.send(call).await;
        }
    }
    walk_with_a_used_signature(walk).await;
    walk_with_a_refused_act(walk).await;
    walk_with_another_digest(walk).await;
    let mut unknown = walk.client.call(ReadCard, &Uuid::nil().to_string());
    unknown.headers.remove("authorization");
    walk.send(unknown).await;
}

/// What only somebody sends who knows how verifiers go wrong.
const CRAFTED: &[fn(&Client, &mut Call)] = &[
    |client, call| {
        let claims = client.token.split('.').nth(1).unwrap_or_default();
        let unsigned = format!("Bearer eyJhbGciOiJub25lIn0.{claims}.");
        set(call, "authorization", &unsigned);
        client.authorize(call);
    },
    |client, call| {
        let parts: Vec<&str> = client.token.split('.').collect();
        let altered = URL_SAFE_NO_PAD.encode(r#"{"exp":9999999999}"#);
        let altered = format!("Bearer {}.{altered}.{}", parts[0], parts[2]);
        set(call, "authorization", &altered);
        client.authorize(call);
    },
    |client, call| {
        let (begin, end) = client.token.split_at(client.token.len() - 2);
        let turned = if end.starts_with('A') { "B" } else { "A" };
        let nearly_right = format!("Bearer {begin}{turned}{}", &end[1..]);
        set(call, "authorization", &nearly_right);
        client.authorize(call);
    },
    |client, call| {
        call.headers.remove("authorization");
        client.authorize(call);
    },
    |client, call| {
        let recased = format!("Bearer {}", client.token.to_ascii_uppercase());
        set(call, "authorization", &recased);
        client.authorize(call);
    },
    |client, call| {
        set(call, "authorization", &format!("Basic {}", client.token));
        client.authorize(call);
    },
    |client, call| {
        client.authorize(call);
        set(call, "authorization", &format!("bearer {}", client.token));
    },
    |client, call| {
        client.authorize(call);
        call.headers.remove("signature");
    },
    |client, call| {
        client.authorize(call);
        call.headers.remove("signature-input");
    },
    |client, call| with_signature(client, call, &format!("sig=:{}:", STANDARD.encode([0; 96]))),
    |client, call| with_signature(client, call, "sig=::"),
    |client, call| with_signature(client, call, "sig=:AAAA:, other=:AAAA:"),
    |client, call| with_signature(client, call, "sig=:no bytes!:"),
    |client, call| {
        client.authorize(call);
        let renamed = call.header("signature").unwrap_or_default();
        set(call, "signature", &renamed.replacen("sig=", "other=", 1));
    },
    |client, call| {
        let method = std::mem::replace(&mut call.method, Method::GET);
        client.authorize(call);
        call.method = method;
    },
    |client, call| {
        client.authorize(call);
        if call.modifies() {
            let second = HeaderValue::from_static("0a1b2c3d-0000-4000-8000-00000000abcd");
            call.headers.append("idempotency-key", second);
        }
    },
    |client, call| {
        client.authorize(call);
        if !call.body.is_empty() {
            set(call, "content-digest", &digest_by_sha_512(call));
        }
    },
    |client, call| {
        client.authorize(call);
        if !call.body.is_empty() {
            call.body = [&call.body[..], b" "].concat().into();
        }
    },
    |client, call| {
        set(call, "authorization", "Bearer");
        client.authorize(call);
    },
    |client, call| {
        let longer = format!("Bearer {}.AAAA", client.token);
        set(call, "authorization", &longer);
        client.authorize(call);
    },
    |client, call| {
        let trailed = format!("Bearer {} AAAA", client.token);
        set(call, "authorization", &trailed);
        client.authorize(call);
    },
    |client, call| {
        client.authorize(call);
        let made = call.header("signature").unwrap_or_default();
        // A byte more: 96 bytes are written without padding.
        set(
            call,
            "signature",
            &format!("{}AA==:", made.trim_end_matches(':')),
        );
    },
    |client, call| {
        client.authorize(call);
        let input = call.header("signature-input").unwrap_or_default();
        let (before, _) = input.split_once(";alg=").unwrap_or((&input, ""));
        set(call, "signature-input", &format!("{before};alg=\"none\""));
    },
    |client, call| {
        client.authorize(call);
        let asked = format!("{}?added=1", call.uri);
        call.uri = asked.parse().expect("the address has a query");
    },
    |client, call| with_changed_digest(client, call, |bytes| STANDARD.encode(&bytes[..16])),
    |client, call| {
        with_changed_digest(client, call, |bytes| {
            let mut bytes = bytes.to_vec();
            bytes[31] ^= 1;
            STANDARD.encode(bytes)
        });
    },
    |client, call| {
        with_changed_digest(client, call, |bytes| {
            let text = STANDARD.encode(bytes);
            text.chars()
                .map(|c| match c.is_ascii_lowercase() {
                    true => c.to_ascii_uppercase(),
                    false => c.to_ascii_lowercase(),
                })
                .collect()
        });
    },
    |client, call| {
        let mut key_id = client.key_id.to_string();
        key_id.truncate(24);
        key_id.push_str("0123456789ab");
        sign_with_key_id(client, call, &key_id);
    },
    |client, call| sign_with_key_id(client, call, ""),
    |client, call| {
        client.authorize(call);
        let input = call.header("signature-input").unwrap_or_default();
        set(call, "signature-input", &format!("{input};nonce=\"n\""));
    },
    |client, call| {
        add_digest(call);
        set(call, "x-not-sent", "");
        let input = client.input(call);
        let covering = input.replacen(");", " \"x-not-sent\");", 1);
        client.sign(call, &covering);
        call.headers.remove("x-not-sent");
    },
    |client, call| with_digest(client, call, "md5=:AAAA:"),
    |client, call| with_digest(client, call, "sha-256=:no bytes!:"),
    |client, call| sign_without(client, call, " \"authorization\""),
    |client, call| sign_without(client, call, " \"idempotency-key\""),
    |client, call| sign_at(client, call, "1"),
    |client, call| sign_at(client, call, "9999999999"),
    |client, call| {
        client.authorize(call);
        for name in ["signature", "signature-input"] {
            let good = call.header(name).unwrap_or_default();
            let second = good.replacen("sig=", "other=", 1);
            set(
                call,
                name,
                &format!(
                    "{good}, {}",
                    second.replace(";created", ";nonce=\"n\";created")
                ),
            );
        }
    },
];

/// An act on an active card, another key than the signed one, and a look at what it did.
async fn walk_with_a_refused_act(walk: &mut Walk) {
    let account = walk.account();
    let mut create = walk.create_call(&account, &virtual_card());
    walk.client.authorize(&mut create);
    let card = walk.send(create).await["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for operation in [Issue, Deactivate, ReadCard] {
        let mut call = walk.client.call(operation, &card);
        walk.client.authorize(&mut call);
        if operation == Deactivate {
            set(
                &mut call,
                "idempotency-key",
                "0a1b2c3d-0000-4000-8000-00000000abcd",
            );
        }
        walk.send(call).await;
    }
}

/// A create, and its retry with a digest by the other algorithm.
async fn walk_with_another_digest(walk: &mut Walk) {
    let account = walk.account();
    let mut create = walk.create_call(&account, &virtual_card());
    walk.client.authorize(&mut create);
    walk.send(create.clone()).await;
    let digest = digest_by_sha_512(&create);
    with_digest(&walk.client, &mut create, &digest);
    walk.send(create).await;
}

/// The signature of one call on another one.
async fn walk_with_a_used_signature(walk: &mut Walk) {
    let account = walk.account();
    let mut list = walk.client.call(AccountCards, &account);
    walk.client.authorize(&mut list);
    walk.send(list.clone()).await;
    let mut all = walk.client.call(ProgrammeCards, "");
    for name in ["signature", "signature-input"] {
        set(&mut all, name, &list.header(name).unwrap_or_default());
    }
    walk.send(all).await;
}

fn with_signature(client: &Client, call: &mut Call, signature: &str) {
    client.authorize(call);
    set(call, "signature", signature);
}

fn with_digest(client: &Client, call: &mut Call, digest: &str) {
    if !call.body.is_empty() {
        set(call, "content-digest", digest);
    }
    client.sign(call, &client.input(call));
}

fn digest_by_sha_512(call: &Call) -> String {
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, &call.body);
    format!("sha-512=:{}:", STANDARD.encode(sum))
}

/// The right digest, written otherwise.
fn with_changed_digest(client: &Client, call: &mut Call, change: fn(&[u8]) -> String) {
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &call.body);
    let changed = format!("sha-256=:{}:", change(sum.as_ref()));
    with_digest(client, call, &changed);
}

/// A good signature, but for the key that it names.
fn sign_with_key_id(client: &Client, call: &mut Call, key_id: &str) {
    add_digest(call);
    let right = format!("keyid=\"{}\"", client.key_id);
    let wrong = format!("keyid=\"{key_id}\"");
    client.sign(call, &client.input(call).replace(&right, &wrong));
}

fn sign_at(client: &Client, call: &mut Call, created: &str) {
    add_digest(call);
    let input = client.input(call);
    let (before, rest) = input.split_once("created=").unwrap_or_default();
    let (_, after) = rest.split_once(';').unwrap_or_default();
    client.sign(call, &format!("{before}created={created};{after}"));
}
