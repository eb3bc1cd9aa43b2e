//! Calls that prepare a run, and that nobody judges: tokens, signing keys, and the sandbox with
//! its accounts, its clock and the acts that only the issuer can do. They want a bearer (but for
//! the token itself), and neither a signature nor an idempotency key.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Call, Operation, Refusal, Reply};
use super::card::print_timestamp;
use super::clock::FURTHEST_SECONDS;
use super::input::{object, required, string};
use super::service::{Service, Subject, Task, locate, parse_id};
use super::signature::SigningKey;

/// Gives a token for the programme's credentials.
pub(super) fn token(service: &Service, call: &Call) -> Result<Reply, Refusal> {
    let body = read(service, call)?;
    let body = object(&body, "the body")?;
    let api_key = string(body, "apiKey")?;
    let api_key = Uuid::try_parse(api_key).map_err(|_| Refusal::invalid("apiKey is not a UUID"))?;
    if !service.credentials.are(api_key, string(body, "apiSecret")?) {
        let message = "apiKey and apiSecret don't belong together";
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "credentials",
            message,
        ));
    }
    let (token, expires_at) = service.credentials.issue_token(service.clock.now());
    Ok(Reply::json(
        StatusCode::OK,
        json!({ "token": token, "expiresAt": expires_at, "tokenType": "Bearer" }),
    ))
}

/// Answers the set-up calls; nothing for any other.
pub(super) fn serve(service: &Arc<Service>, call: &Call) -> Option<Result<Reply, Refusal>> {
    match call.operation {
        Operation::PutSigningKey => Some(put_signing_key(service, call)),
        Operation::DeleteSigningKey => Some(delete_signing_key(service)),
        Operation::MakeAccount => Some(Ok(make_account(service))),
        Operation::MoveClock => Some(move_clock(service, call)),
        _ => None,
    }
}

fn put_signing_key(service: &Service, call: &Call) -> Result<Reply, Refusal> {
    let body = read(service, call)?;
    let public_key = string(object(&body, "the body")?, "publicKey")?;
    let signing_key = SigningKey::read(public_key).ok_or_else(|| {
        Refusal::invalid("publicKey is not the base64 of a PEM with a P-384 public key")
    })?;
    let key_id = signing_key.id;
    service.own.signing_keys_mut().push(Arc::new(signing_key));
    Ok(Reply::json(StatusCode::OK, json!({ "keyId": key_id })))
}

fn delete_signing_key(service: &Service) -> Result<Reply, Refusal> {
    match service.own.signing_keys_mut().pop() {
        Some(_) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        None => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no signing key",
        )),
    }
}

fn make_account(service: &Service) -> Reply {
    let account = service.own.open_account(Uuid::new_v4());
    Reply::json(StatusCode::CREATED, json!({ "accountId": account.id }))
}

fn move_clock(service: &Service, call: &Call) -> Result<Reply, Refusal> {
    let body = read(service, call)?;
    let seconds = required(object(&body, "the body")?, "advanceSeconds")?.as_i64();
    let now = seconds
        .and_then(|seconds| service.clock.advance(seconds))
        .ok_or_else(|| {
            Refusal::invalid(format!(
                "advanceSeconds is not a whole number from 0 to {FURTHEST_SECONDS} in all"
            ))
        })?;
    Ok(Reply::json(
        StatusCode::OK,
        json!({ "now": print_timestamp(now) }),
    ))
}

/// Whether the call is one of the acts that only the issuer can do.
pub(super) fn is_issuers(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Suspend | Operation::Unsuspend | Operation::Block
    )
}

/// The issuer finds the card by the correct rules: no fault is planted in how a run is prepared.
pub(super) fn issuers_task<'a>(
    service: &'a Arc<Service>,
    call: &'a Call,
) -> Result<Task<'a>, Refusal> {
    let id = parse_id(&service.readings, call)?;
    let account = locate(service, call, id)?;
    Ok(Task {
        service,
        call,
        subject: Subject::Card { id, account },
    })
}

fn read(service: &Service, call: &Call) -> Result<Value, Refusal> {
    super::input::media_type(&service.readings, call)?;
    super::input::parse_json(&service.readings, &call.body)
}
