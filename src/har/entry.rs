//! Makes exchanges of entries: what is missing is marked, what is secret or a card number is masked.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::form::{Body, Entry, Header};
use crate::case::StepNumber;
use crate::contract::{Contract, OperationKind};
use crate::redact::{Masks, REDACTED, card_numbers_in_body, card_numbers_in_header};
use crate::trace::{Exchange, Headers, Micros, NOT_RECORDED, Reply, Request, Response};

/// Names of header fields and members that hold secrets contain one of these.
const SECRET_NAMES: [&str; 6] = [
    "authorization",
    "cookie",
    "secret",
    "token",
    "apikey",
    "api-key",
];

/// Whether an entry is about cards: a call of the document, or the path of one by another method. What succeeds with
/// something else where an id should be (`/cards/search`) is a call that the document does not have.
pub fn is_about_cards(contract: &Contract, entry: &Entry, path: &str) -> bool {
    let method = &entry.request.method;
    let route = contract
        .route(method, path)
        .or_else(|| contract.route_of_other_method(method, path));
    let is_id = |id: &str| uuid::Uuid::try_parse(id).is_ok();
    let is_refused = entry.status() >= 400;
    route.is_some_and(|route| {
        let id = route.card.or(route.account);
        (is_refused || id.is_none_or(is_id))
            && !matches!(
                route.operation,
                OperationKind::CreateToken
                    | OperationKind::PutSigningKey
                    | OperationKind::DeleteSigningKey
                    | OperationKind::PutWebhook
                    | OperationKind::ListWebhooks
                    | OperationKind::GetWebhook
                    | OperationKind::DeleteWebhook
            )
    })
}

/// Notes the credentials that an entry holds, so that they are masked wherever else they stand. Cookies hold all kinds of
/// things, so they are only left out where they stand; and what is part of a URL is no secret.
pub fn note_secrets(entry: &Entry, urls: &[&str], masks: &Masks) {
    let add = |secret: &str| {
        if !urls.iter().any(|url| url.contains(secret)) {
            masks.add(secret);
        }
    };
    let response = entry.response.as_ref();
    let headers = entry.request.headers.iter();
    let headers = headers.chain(response.and_then(|response| response.headers.as_ref()));
    for Header { name, value } in headers.flatten() {
        if is_secret(name) && !name.to_ascii_lowercase().contains("cookie") {
            // Of `Bearer x`, what comes behind the scheme.
            add(value
                .split_once(' ')
                .map_or(value.as_str(), |(_, credentials)| credentials));
        }
    }
    let bodies = [
        entry.request.body.as_ref(),
        response.and_then(|response| response.content.as_ref()),
    ];
    for body in bodies.into_iter().flatten() {
        let json = text_of(body).and_then(|(text, _)| serde_json::from_str(&text).ok());
        if let Some(serde_json::Value::Object(members)) = json {
            let secrets = members.iter().filter(|(name, _)| is_secret(name));
            secrets
                .filter_map(|(_, value)| value.as_str())
                .for_each(add);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_key = name == "idempotency-key" || name == "tokentype";
    !is_key && SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// The exchanges, in the order in which they were sent. Each is numbered as a step of its own.
pub fn exchanges(entries: &[(&Entry, String)], masks: &Masks) -> Vec<Exchange> {
    let mut entries: Vec<&(&Entry, String)> = entries.iter().collect();
    entries.sort_by_key(|(entry, _)| entry.started.at);
    let Some(begin) = entries.first().map(|(entry, _)| entry.started.at) else {
        return Vec::new();
    };
    let sent: Vec<u64> = entries
        .iter()
        .map(|(entry, _)| {
            let since = entry.started.at.duration_since(begin);
            u64::try_from(since.as_micros()).unwrap_or(0)
        })
        .collect();
    let received = received(&entries, &sent);
    let may_be_anothers = has_several_callers(&entries);
    entries
        .iter()
        .enumerate()
        .map(|(place, (entry, path))| Exchange {
            step: StepNumber(place + 1),
            sent_at: Micros(sent[place]),
            received_at: Micros(received[place]),
            request: request(entry, path, masks),
            flaw: None,
            token_over: false,
            reply: match may_be_anothers && entry.status() == 404 {
                // What one programme has, another one does not find.
                true => Reply::LetGo(
                    "several have called, and nobody knows whose answer it is".to_owned(),
                ),
                false => reply(entry, masks),
            },
        })
        .collect()
}

/// When each was answered at the latest. Times are told in milliseconds, so one that seems to be over just before another
/// began may not have been, unless they went over the same connection. One whose duration is not told may have taken until
/// the end.
///
/// A connection whose requests overlap is none that carries one at a time.
fn received(entries: &[&(&Entry, String)], sent: &[u64]) -> Vec<u64> {
    let told = |place: usize| {
        let entry = entries[place].0;
        Some(sent[place] + entry.duration_us()? + entry.started.unit_us.saturating_sub(1))
    };
    let end = (0..sent.len())
        .filter_map(told)
        .chain(sent.last().copied())
        .max();
    let next: Vec<Option<usize>> = (0..sent.len())
        .map(|place| {
            let connection = entries[place].0.connection()?;
            (place + 1..sent.len())
                .find(|later| entries[*later].0.connection().as_ref() == Some(&connection))
        })
        .collect();
    let overlaps = |place: usize| {
        let duration = entries[place].0.duration_us().unwrap_or(0);
        next[place].is_some_and(|next| sent[place] + duration > sent[next])
    };
    let is_in_turn = !(0..sent.len()).any(overlaps);
    (0..sent.len())
        .map(|place| {
            let latest = told(place).or(end).unwrap_or(sent[place]);
            match next[place].filter(|_| is_in_turn) {
                Some(next) => latest.min(sent[next]),
                None => latest,
            }
        })
        .collect()
}

/// Whether more than one has called: tokens with another subject, or other tokens.
fn has_several_callers(entries: &[&(&Entry, String)]) -> bool {
    let callers: BTreeSet<String> = entries
        .iter()
        .filter_map(|(entry, _)| value_of(entry.request.headers.as_deref(), "authorization"))
        .map(|value| subject(value).unwrap_or_else(|| value.to_owned()))
        .collect();
    callers.len() > 1
}

/// Whose a JSON web token is.
fn subject(authorization: &str) -> Option<String> {
    let payload = authorization.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let claim = ["sub", "client_id", "azp"]
        .iter()
        .find_map(|name| claims.get(name));
    claim.map(ToString::to_string)
}

fn request(entry: &Entry, path: &str, masks: &Masks) -> Request {
    let request = &entry.request;
    let changes = request.method != "GET";
    let body = request.body.as_ref().and_then(text_of);
    let key = value_of(request.headers.as_deref(), "idempotency-key")
        .filter(|key| key.len() == 36 && uuid::Uuid::try_parse(key).is_ok());
    let declared = value_of(request.headers.as_deref(), "content-type").map(str::to_owned);
    let media_type = declared.or_else(|| request.body.as_ref()?.media_type.clone());
    let media_type = media_type.filter(|media_type| !media_type.is_empty());
    // A body without its type can't be judged, nor a type without its body.
    let is_create = request.method == "POST";
    let (body, media_type) = match (body, media_type) {
        (Some((body, true)), Some(media_type)) if !body.is_empty() => {
            (Some(body), Some(media_type))
        }
        _ if is_create => (Some(NOT_RECORDED.to_owned()), None),
        _ => (None, None),
    };
    let mut headers = Headers::new();
    headers.extend(media_type.map(|media_type| ("content-type".to_owned(), media_type)));
    if changes {
        let key = key.unwrap_or(NOT_RECORDED);
        headers.push(("idempotency-key".to_owned(), key.to_owned()));
    }
    Request {
        encoding: None,
        method: request.method.clone(),
        path: masks.apply(path.to_owned()),
        headers,
        body: body.map(|body| masks.apply(card_numbers_in_body(&body).into_owned())),
    }
}

fn reply(entry: &Entry, masks: &Masks) -> Reply {
    let not_there = |what: &str| Reply::LetGo(format!("the recording has no {what}"));
    let status = entry.status();
    let Some(response) = entry
        .response
        .as_ref()
        .filter(|_| (200..600).contains(&status))
    else {
        return not_there("answer");
    };
    let content = response.content.as_ref();
    if content.is_some_and(|content| content.excerpt_of.is_some()) {
        return not_there("whole list");
    }
    let body = content
        .and_then(text_of)
        .filter(|(text, _)| !text.is_empty());
    if (200..300).contains(&status) && status != 204 && body.is_none() {
        return not_there("body of the answer");
    }
    if matches!(status, 502 | 504) {
        return not_there("answer of the target, but one of a gateway before it");
    }
    if (300..400).contains(&status) {
        return not_there("answer to where it was redirected");
    }
    let mut headers = recorded_headers(response.headers.as_deref(), masks);
    let media_type = content.and_then(|content| content.media_type.clone());
    match (
        &body,
        headers.iter().any(|(name, _)| name == "content-type"),
    ) {
        (None, _) => headers.retain(|(name, _)| !name.starts_with("content-")),
        // Some tools leave header fields out, and keep what was in them.
        (Some((text, _)), false) => {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            let told = media_type.filter(|told| told.contains('/') && !told.contains("unknown"));
            let told = told.or_else(|| is_json.then(|| "application/json".to_owned()));
            headers.extend(told.map(|told| ("content-type".to_owned(), told)));
        }
        (Some(_), true) => {}
    }
    let (body, body_is_text) = body.unwrap_or((String::new(), true));
    Reply::Got(Response {
        status,
        headers,
        body: masks.apply(card_numbers_in_body(&body).into_owned()),
        body_is_text,
        excerpt_of: None,
    })
}

fn recorded_headers(headers: Option<&[Header]>, masks: &Masks) -> Headers {
    let headers = headers.unwrap_or_default().iter();
    // A length and an encoding are those of the wire, and the body stands here decoded.
    let headers = headers.filter(|header| {
        let name = header.name.to_ascii_lowercase();
        !name.starts_with(':') && name != "content-encoding" && name != "content-length"
    });
    headers
        .map(|Header { name, value }| {
            let value = match is_secret(name) {
                true => REDACTED.to_owned(),
                false => masks.apply(card_numbers_in_header(name, value).into_owned()),
            };
            (name.to_ascii_lowercase(), value)
        })
        .collect()
}

fn value_of<'h>(headers: Option<&'h [Header]>, name: &str) -> Option<&'h str> {
    let mut headers = headers.unwrap_or_default().iter();
    let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(header.value.trim())
}

/// A body as text, and whether it is one.
fn text_of(body: &Body) -> Option<(String, bool)> {
    let text = body.text.as_deref()?;
    let is_encoded = body
        .encoding
        .as_deref()
        .is_some_and(|e| e.eq_ignore_ascii_case("base64"));
    if !is_encoded {
        return Some((text.to_owned(), true));
    }
    // What is not even base64 was not recorded in a form that says anything.
    let bytes = STANDARD.decode(text.trim()).ok()?;
    Some(match String::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => (
            String::from_utf8_lossy(error.as_bytes()).into_owned(),
            false,
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// When each of these is over, in microseconds since the first was sent: start, duration in milliseconds, connection.
    fn ends(told: &[(&str, f64, &str)]) -> Vec<u64> {
        let entry = |(start, time, connection): &(&str, f64, &str)| {
            let entry = json!({
                "startedDateTime": format!("2026-03-02T10:00:{start}Z"),
                "time": time,
                "connection": connection,
                "request": { "method": "GET", "url": "http://h:8080/v1/cards", "httpVersion": "HTTP/1.1" },
            });
            let entry: Entry = serde_json::from_value(entry).unwrap();
            (entry, "/cards".to_owned())
        };
        let told: Vec<(Entry, String)> = told.iter().map(entry).collect();
        let entries: Vec<(&Entry, String)> = told.iter().map(|(e, p)| (e, p.clone())).collect();
        let exchanges = exchanges(&entries, &Masks::default());
        exchanges
            .iter()
            .map(|exchange| exchange.received_at.0)
            .collect()
    }

    #[test]
    fn times_in_milliseconds_leave_a_millisecond_open() {
        assert_eq!(
            ends(&[("00.000", 5.0, ""), ("00.005", 5.0, "")]),
            [5_999, 10_999]
        );
        assert_eq!(
            ends(&[("00.000000", 5.0, ""), ("00.005000", 5.0, "")]),
            [5_000, 10_000]
        );
    }

    #[test]
    fn one_connection_carries_one_request_at_a_time_unless_it_is_seen_to_carry_more() {
        assert_eq!(
            ends(&[("00.000", 5.0, "71"), ("00.005", 5.0, "71")]),
            [5_000, 10_999]
        );
        assert_eq!(
            ends(&[("00.000", 9.0, "71"), ("00.005", 5.0, "71")]),
            [9_999, 10_999]
        );
        // The port of the target names no connection.
        assert_eq!(
            ends(&[("00.000", 5.0, "8080"), ("00.005", 5.0, "8080")]),
            [5_999, 10_999]
        );
    }

    #[test]
    fn what_takes_nobody_knows_how_long_may_have_taken_until_the_end() {
        assert_eq!(
            ends(&[("00.000", -1.0, ""), ("00.100", 5.0, "")]),
            [105_999, 105_999]
        );
    }

    #[test]
    fn a_key_or_body_that_is_missing_is_marked_and_a_missing_answer_is_let_go() {
        let entry = json!({
            "startedDateTime": "2026-03-02T10:00:00Z",
            "request": { "method": "POST", "url": "http://h/v1/accounts/a/cards", "headers": [] },
            "response": { "status": 0, "content": {} },
        });
        let entry: Entry = serde_json::from_value(entry).unwrap();
        let exchanges = exchanges(&[(&entry, "/accounts/a/cards".into())], &Masks::default());
        let request = &exchanges[0].request;
        assert_eq!(request.header("idempotency-key"), Some(NOT_RECORDED));
        assert_eq!(request.body.as_deref(), Some(NOT_RECORDED));
        assert!(matches!(exchanges[0].reply, Reply::LetGo(_)));
    }
}
