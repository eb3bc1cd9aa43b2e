//! Mistakes in how tokens, signatures and digests are verified: those that only a crafted request shows.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::access::{digest_but, signature_but};
use super::{Fault, internal_error};
use crate::reference::access::{bearer, content_digest};
use crate::reference::call::{Call, Content, Operation, Refusal, Reply};
use crate::reference::idempotency::parse_key;
use crate::reference::readings::Readings;
use crate::reference::service::Service;
use crate::reference::signature::verify;

/// What a server keeps in memory although it should not.
type Memory = LazyLock<Mutex<HashSet<String>>>;

fn remember(memory: &Memory, text: String) {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.insert(text);
}

fn knows(memory: &Memory, text: &str) -> bool {
    let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.contains(text)
}

/// The call with another value in a header field.
pub(super) fn with(call: &Call, name: &'static str, text: &str) -> Call {
    let mut call = call.clone();
    if let Ok(value) = HeaderValue::from_str(text) {
        call.headers.insert(HeaderName::from_static(name), value);
    }
    call
}

fn token(call: &Call) -> Option<String> {
    let authorization = call.header("authorization")?;
    authorization
        .split_once(' ')
        .map(|(_, token)| token.to_owned())
}

/// Whether a token says of itself that it is not signed.
fn is_unsigned(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    serde_json::from_slice::<Value>(&header).is_ok_and(|header| header["alg"] == "none")
}

/// The bytes of the only signature, if they can be read.
fn signature_bytes(call: &Call) -> Option<Vec<u8>> {
    let text = call.header("signature")?;
    let (_, bytes) = text.split_once("=:")?;
    STANDARD.decode(bytes.strip_suffix(':')?).ok()
}

/// The correct verdict on a signature, but those whose bytes pass `is_fine` are let pass.
fn unless_bytes(service: &Service, call: &Call, is_fine: fn(&[u8]) -> bool) -> Result<(), Refusal> {
    match signature_bytes(call) {
        Some(bytes) if is_fine(&bytes) => Ok(()),
        _ => verify(service, call),
    }
}

/// The correct verdict on a signature, but refusals for this flaw end in an internal error.
fn breaks_on(service: &Service, call: &Call, flaw: &str) -> Result<(), Refusal> {
    verify(service, call).map_err(|refusal| match refusal.code == flaw {
        true => internal_error(),
        false => refusal,
    })
}

/// The keys of calls whose signature was found wrong after they were let in.
static LET_IN: Memory = LazyLock::new(Mutex::default);

/// A call of this operation is let in although its signature does not verify, and remembered by its key.
fn let_in(service: &Service, call: &Call, operation: Operation) -> Result<(), Refusal> {
    match verify(service, call) {
        Err(refusal) if call.operation == operation && refusal.code == "signature-invalid" => {
            let key = call.header("idempotency-key");
            remember(&LET_IN, key.unwrap_or_default());
            Ok(())
        }
        verdict => verdict,
    }
}

/// What was done for a call that should not have been let in is answered as if it had been refused.
fn refused_if_let_in(call: &Call, reply: Reply) -> Reply {
    match call.header("idempotency-key") {
        Some(key) if knows(&LET_IN, &key) => Reply {
            status: StatusCode::UNAUTHORIZED,
            content: Content::None,
            header: None,
        },
        _ => reply,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "unsigned-token-accepted",
        words: "A token that says of itself that it is not signed is accepted.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| match token(call) {
                Some(token) if is_unsigned(&token) => Ok(()),
                _ => bearer(service, call),
            };
        },
    },
    Fault {
        id: "token-compared-without-case",
        words: "A token that was good once is known again in capital and small letters alike.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            static TOKENS: Memory = LazyLock::new(Mutex::default);
            rules.bearer = |service, call| {
                let token = token(call).unwrap_or_default().to_ascii_lowercase();
                match bearer(service, call) {
                    Ok(()) => {
                        remember(&TOKENS, token);
                        Ok(())
                    }
                    Err(_) if knows(&TOKENS, &token) => Ok(()),
                    Err(refusal) => Err(refusal),
                }
            };
        },
    },
    Fault {
        id: "any-scheme-accepted",
        words: "A good token is accepted whatever scheme stands before it.",
        requirement: "AUTH-1",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| match token(call) {
                Some(token) => bearer(
                    service,
                    &with(call, "authorization", &format!("Bearer {token}")),
                ),
                None => bearer(service, call),
            };
        },
    },
    Fault {
        id: "wrong-bearer-answers-400",
        words: "A call with a bearer that nobody issued is answered with 400.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer(service, call).map_err(|refusal| match refusal.code {
                    "bearer-unknown" => Refusal {
                        status: StatusCode::BAD_REQUEST,
                        ..refusal
                    },
                    _ => refusal,
                })
            };
        },
    },
    Fault {
        id: "stranger-lists-nothing",
        words: "Somebody without a bearer gets an empty list of the programme's cards.",
        requirement: "AUTH-1",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let stranger = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "bearer-missing");
                if stranger && call.operation == Operation::ProgrammeCards {
                    return Reply::json(StatusCode::OK, json!([]));
                }
                reply
            };
        },
    },
    Fault {
        id: "reads-need-no-signature",
        words: "Whoever only reads need not sign.",
        requirement: "AUTH-4",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.method {
                Method::GET => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "input-alone-accepted",
        words: "A Signature-Input without a Signature passes, since no signature in it is wrong.",
        requirement: "AUTH-4",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.header("signature") {
                None if call.headers.contains_key("signature-input") => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "signature-without-input-accepted",
        words: "A Signature without a Signature-Input passes, since it covers nothing that is wrong.",
        requirement: "AUTH-4",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.header("signature-input") {
                None if call.headers.contains_key("signature") => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "signature-of-zeros-accepted",
        words: "A signature of zeros is good for every message.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                unless_bytes(service, call, |bytes| {
                    !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
                })
            };
        },
    },
    Fault {
        id: "empty-signature-accepted",
        words: "A signature of no bytes is taken for one that is not asked for.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| unless_bytes(service, call, <[u8]>::is_empty);
        },
    },
    Fault {
        id: "labels-not-compared",
        words: "The first signature is verified by the first input, whatever their labels.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                let label = |name| Some(call.header(name)?.split_once('=')?.0.to_owned());
                let bytes = call
                    .header("signature")
                    .and_then(|text| Some(text.split_once('=')?.1.to_owned()));
                match (label("signature-input"), bytes) {
                    (Some(label), Some(bytes)) => verify(
                        service,
                        &with(call, "signature", &format!("{label}={bytes}")),
                    ),
                    _ => verify(service, call),
                }
            };
        },
    },
    Fault {
        id: "malformed-signature-accepted",
        words: "A signature that can't be read is taken for none that is wrong.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| signature_but(service, call, "signature-malformed");
        },
    },
    Fault {
        id: "malformed-signature-breaks",
        words: "A signature that can't be read ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| breaks_on(service, call, "signature-malformed");
        },
    },
    Fault {
        id: "wrong-signature-breaks",
        words: "A signature that doesn't verify ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| breaks_on(service, call, "signature-invalid");
        },
    },
    Fault {
        id: "two-signatures-not-verified",
        words: "Two signatures are left to a gateway that is not there.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.header("signature") {
                Some(text) if text.contains(", ") => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "good-signature-remembered",
        words: "A signature that was good once is taken for good on any call.",
        requirement: "AUTH-5",
        shortest: 2,
        plant: |rules| {
            static SIGNATURES: Memory = LazyLock::new(Mutex::default);
            rules.signature = |service, call| {
                let signature = call.header("signature").unwrap_or_default();
                if knows(&SIGNATURES, &signature) {
                    return Ok(());
                }
                verify(service, call)?;
                remember(&SIGNATURES, signature);
                Ok(())
            };
        },
    },
    Fault {
        id: "signed-read-does-for-change",
        words: "The method is taken for GET where the signature doesn't verify otherwise.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                verify(service, call).or_else(|_| {
                    let read = Call {
                        method: Method::GET,
                        ..call.clone()
                    };
                    verify(service, &read)
                })
            };
        },
    },
    Fault {
        id: "first-key-line-verified",
        words: "Of several Idempotency-Key lines only the first is verified and used.",
        requirement: "AUTH-9",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                let first = call.headers.get("idempotency-key").cloned();
                let first = first.and_then(|value| Some(value.to_str().ok()?.to_owned()));
                match first {
                    Some(first) => verify(service, &with(call, "idempotency-key", &first)),
                    None => verify(service, call),
                }
            };
            rules.parse_key = |text| parse_key(text.and_then(|text| text.split(", ").next()));
        },
    },
    Fault {
        id: "authorization-rebuilt-for-signature",
        words: "The signature is verified over an Authorization that is put together again from its token.",
        requirement: "AUTH-9",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match token(call) {
                Some(token) => verify(
                    service,
                    &with(call, "authorization", &format!("Bearer {token}")),
                ),
                None => verify(service, call),
            };
        },
    },
    Fault {
        id: "digest-computed-for-signature",
        words: "The signature is verified over a digest that is computed, in place of the one that was sent.",
        requirement: "AUTH-9",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                if call.body.is_empty() {
                    return verify(service, call);
                }
                let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &call.body);
                let digest = format!("sha-256=:{}:", STANDARD.encode(sum));
                verify(service, &with(call, "content-digest", &digest))
            };
        },
    },
    Fault {
        id: "digest-of-trimmed-body",
        words: "Spaces around a body are cut off before its digest is compared.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| {
                let body = call.body.slice_ref(call.body.trim_ascii());
                content_digest(
                    readings,
                    &Call {
                        body,
                        ..call.clone()
                    },
                )
            };
        },
    },
    Fault {
        id: "unknown-digest-accepted",
        words: "A digest by an unknown algorithm passes as one that can't be compared.",
        requirement: "AUTH-11",
        shortest: 1,
        plant: |rules| {
            rules.content_digest =
                |readings, call| match call.headers.contains_key("content-digest") {
                    true => digest_but(readings, call, "digest-missing"),
                    false => content_digest(readings, call),
                };
        },
    },
    Fault {
        id: "malformed-digest-accepted",
        words: "A digest that can't be read passes as one that can't be compared.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| digest_but(readings, call, "digest-malformed");
        },
    },
    Fault {
        id: "malformed-digest-breaks",
        words: "A digest that can't be read ends in an internal error.",
        requirement: "HTTP-3",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings: &Readings, call| {
                content_digest(readings, call).map_err(|refusal| match refusal.code {
                    "digest-malformed" => internal_error(),
                    _ => refusal,
                })
            };
        },
    },
    Fault {
        id: "refused-signature-takes-effect",
        words: "A card is deactivated before its call is refused for the signature.",
        requirement: "AUTH-12",
        shortest: 4,
        plant: |rules| {
            rules.signature = |service, call| let_in(service, call, Operation::Deactivate);
            rules.dress = refused_if_let_in;
        },
    },
    Fault {
        id: "refused-issuance-takes-effect",
        words: "The simulator issues a card before its call is refused for the signature.",
        requirement: "AUTH-12",
        shortest: 3,
        plant: |rules| {
            rules.signature = |service, call| let_in(service, call, Operation::Issue);
            rules.dress = refused_if_let_in;
        },
    },
    Fault {
        id: "refused-unsubscribe-takes-effect",
        words: "A subscription is removed before the call is refused for the signature.",
        requirement: "HOOK-15",
        shortest: 3,
        plant: |rules| {
            rules.signature = |service, call| let_in(service, call, Operation::DeleteWebhook);
            rules.dress = refused_if_let_in;
        },
    },
    Fault {
        id: "subscriptions-need-no-signature",
        words: "Calls on subscriptions are taken without a signature.",
        requirement: "AUTH-4",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.operation {
                Operation::PutWebhook
                | Operation::ListWebhooks
                | Operation::ReadWebhook
                | Operation::DeleteWebhook => Ok(()),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "simulator-needs-no-bearer",
        words: "The simulator does what whoever asks for it, with or without a bearer token.",
        requirement: "AUTH-1",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| match call.operation {
                Operation::Issue | Operation::Fail => Ok(()),
                _ => bearer(service, call),
            };
        },
    },
    Fault {
        id: "subscription-needs-no-digest",
        words: "The Content-Digest of a subscription need not be there.",
        requirement: "AUTH-11",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| match call.operation {
                Operation::PutWebhook => digest_but(readings, call, "digest-missing"),
                _ => content_digest(readings, call),
            };
        },
    },
];
