//! Small makings that several tests of this room share: a card, and a client without a socket.
//! The client signs with code of its own, so that it can't repeat a mistake of the verifier.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Call, Operation, Reply};
use super::card::{Address, Card, CardRequest, CardStatus, CardType, new_card};
use super::server::{ROUTES, new_service};
use super::service::{Service, answer};
use super::{Options, setup};

/// A virtual card of some account in that state.
pub(super) fn card_in(status: CardStatus) -> Card {
    let billing_address = Address {
        first_line: "1 High Street".to_owned(),
        second_line: None,
        city: "Leeds".to_owned(),
        state: None,
        country: "GB".to_owned(),
        post_code: "LS1 1AA".to_owned(),
    };
    let request = CardRequest {
        card_type: CardType::Virtual,
        billing_address,
        shipping_address: None,
    };
    Card {
        status,
        ..new_card(Uuid::new_v4(), request, Timestamp::UNIX_EPOCH)
    }
}

/// A valid body for a virtual card.
pub(super) fn virtual_card() -> Value {
    json!({
        "type": "virtual",
        "billingAddress": {
            "firstLine": "1 High Street", "city": "Leeds", "country": "GB", "postCode": "LS1 1AA",
        },
    })
}

/// A valid body for a physical card, with every optional member but a state.
pub(super) fn physical_card() -> Value {
    json!({
        "type": "physical",
        "billingAddress": {
            "firstLine": "2 Low Street", "secondLine": "Flat 3", "city": "York", "country": "GB", "postCode": "YO1",
        },
        "shippingAddress": {
            "firstLine": "3 Quay", "secondLine": "Dock 4", "city": "Hull", "country": "GB", "postCode": "HU1",
        },
    })
}

/// A client that calls the service directly.
pub(super) struct Client {
    pub service: Arc<Service>,
    pub token: String,
    pub key_id: String,
    key_pair: EcdsaKeyPair,
}

impl Client {
    pub(super) fn new(options: &Options) -> Self {
        let service = Arc::new(new_service(options).expect("the system gives random bytes"));
        let key_pair =
            EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key can be drawn");
        let (token, _) = service.credentials.issue_token(service.clock.now());
        let mut client = Self {
            service,
            token,
            key_id: String::new(),
            key_pair,
        };
        let mut put = client.call(Operation::PutSigningKey, "");
        put.body = json!({ "publicKey": client.public_key() })
            .to_string()
            .into();
        let reply = setup::serve(&client.service, &put).expect("it is a set-up call");
        let Ok(Reply {
            content: super::call::Content::Json(body),
            ..
        }) = reply
        else {
            panic!("{reply:?}")
        };
        client.key_id = body["keyId"].as_str().expect("a keyId is text").to_owned();
        client
    }

    pub(super) fn public_key(&self) -> String {
        let der = self
            .key_pair
            .public_key()
            .as_der()
            .expect("a public key has a DER form");
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        STANDARD.encode(pem)
    }

    /// A call with a bearer, and with a key of its own if it wants one.
    pub(super) fn call(&self, operation: Operation, id: &str) -> Call {
        let (method, path, _) = ROUTES
            .iter()
            .find(|route| route.2 == operation)
            .expect("every operation has a route");
        let mut call = Call {
            operation,
            method: method.clone(),
            uri: format!("/v1{}", path.replace("{id}", id))
                .parse()
                .expect("the path is a URI"),
            id: path.contains("{id}").then(|| id.to_owned()),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        set(&mut call, "host", "127.0.0.1:8080");
        set(
            &mut call,
            "authorization",
            &format!("Bearer {}", self.token),
        );
        set(&mut call, "content-type", "application/json");
        if call.modifies() {
            set(&mut call, "idempotency-key", &Uuid::new_v4().to_string());
        }
        call
    }

    /// The components and parameters that a client is to sign.
    pub(super) fn input(&self, call: &Call) -> String {
        let mut names = vec!["@method", "@target-uri", "authorization"];
        names.extend(
            call.headers
                .contains_key("content-digest")
                .then_some("content-digest"),
        );
        names.extend(
            call.headers
                .contains_key("idempotency-key")
                .then_some("idempotency-key"),
        );
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let created = self.service.clock.now().as_second();
        format!(
            "({});created={created};keyid=\"{}\";alg=\"ecdsa-p384-sha384\"",
            names.join(" "),
            self.key_id
        )
    }

    /// Adds the digest and the signature over the components that `input` names.
    pub(super) fn sign(&self, call: &mut Call, input: &str) {
        let list = input
            .trim_start_matches('(')
            .split(')')
            .next()
            .unwrap_or_default();
        let mut base = String::new();
        for name in list.split_whitespace() {
            let bare = name.trim_matches('"');
            let value = match bare {
                "@method" => call.method.to_string(),
                "@target-uri" => format!("http://127.0.0.1:8080{}", call.uri),
                "@path" => call.uri.path().to_owned(),
                _ => call.header(bare).unwrap_or_default(),
            };
            base.push_str(&format!("{name}: {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {input}"));
        let signature = self
            .key_pair
            .sign(&SystemRandom::new(), base.as_bytes())
            .expect("a key signs");
        set(call, "signature-input", &format!("sig={input}"));
        set(
            call,
            "signature",
            &format!("sig=:{}:", STANDARD.encode(signature.as_ref())),
        );
    }

    /// Adds digest and signature as a client is to.
    pub(super) fn authorize(&self, call: &mut Call) {
        add_digest(call);
        let input = self.input(call);
        self.sign(call, &input);
    }

    pub(super) async fn answer(&self, call: &Call) -> Reply {
        answer(&self.service, call).await
    }
}

pub(super) fn add_digest(call: &mut Call) {
    if !call.body.is_empty() {
        let sum = STANDARD.encode(digest(&SHA256, &call.body));
        set(call, "content-digest", &format!("sha-256=:{sum}:"));
    }
}

pub(super) fn set(call: &mut Call, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).expect("the test sends a valid value");
    call.headers.insert(HeaderName::from_static(name), value);
}
