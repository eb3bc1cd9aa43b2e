//! The calls that prepare a target: its token, our key. They are not judged and not recorded.

use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use uuid::Uuid;

use super::address::Base;
use super::auth::digest::content_digest;
use super::auth::extra_headers;
use super::client::{Client, Incoming, Received};
use super::draft::Draft;
use super::gate::epoch;
use super::outgoing::Outgoing;
use super::reply::{KEPT_BYTES_MAX, recorded};
use super::trouble::{Trouble, shown_body};
use crate::profile::{DigestAlgorithm, Profile, Setup};
use crate::redact::Masks;
use crate::trace::RunId;

/// What set-up calls need.
pub struct Caller {
    pub client: Client,
    /// Where the target is.
    pub base: Base,
    pub setup: Setup,
    pub digest: DigestAlgorithm,
    /// Further header fields of each request.
    pub extra: HeaderMap,
    pub masks: Masks,
}

/// A set-up call that succeeded.
pub struct Answer {
    call: String,
    status: u16,
    advice: &'static str,
    /// The body as it may be shown.
    shown: String,
    /// Seconds since the epoch, by the target's clock.
    pub date: Option<i64>,
    /// The body.
    pub value: Value,
}

impl Caller {
    /// Whoever calls the target of a profile, in a run or outside of one.
    pub fn new(profile: &Profile, run: Option<RunId>) -> Result<Self, Trouble> {
        let run = run.filter(|_| profile.run_id);
        let masks = Masks::default();
        Ok(Self {
            client: Client::new(profile, run, &masks)?,
            base: Base::new(profile.base_url.as_str()),
            setup: profile.setup,
            digest: profile.signing.digest,
            extra: extra_headers(&profile.headers, run, &masks)?,
            masks,
        })
    }

    /// Sends a set-up call; `advice` says what to do when it fails.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        bearer: Option<HeaderValue>,
        advice: &'static str,
    ) -> Result<Answer, Trouble> {
        let call = format!("{method} {}{path}", self.base.as_str());
        let outgoing = self
            .outgoing(method, path, body, bearer)
            .map_err(|problem| Trouble::Unusable {
                what: call.clone(),
                problem,
            })?;
        match self.client.ask(outgoing).await {
            Ok(Received::Whole(incoming)) => self.answer(call, incoming, advice),
            Ok(Received::Lost { words, .. } | Received::LetGo(words)) | Err(words) => {
                Err(Trouble::NoAnswer {
                    call,
                    base_url: self.base.as_str().to_owned(),
                    words,
                })
            }
        }
    }

    /// The request of a set-up call.
    pub fn outgoing(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        bearer: Option<HeaderValue>,
    ) -> Result<Outgoing, String> {
        let draft = Draft {
            method,
            path: path.to_owned(),
            body: Some(body.to_string()),
            media_type: None,
            key: self
                .setup
                .idempotency_key
                .then(|| Uuid::new_v4().to_string()),
        };
        let mut outgoing = Outgoing::new(&self.base, &draft)?;
        outgoing.headers.extend(self.extra.clone());
        if self.setup.digest {
            let digest = content_digest(self.digest, body.to_string().as_bytes());
            outgoing.set("content-digest", &digest)?;
        }
        if let Some(bearer) = bearer {
            outgoing.headers.insert(http::header::AUTHORIZATION, bearer);
        }
        Ok(outgoing)
    }

    fn answer(
        &self,
        call: String,
        incoming: Incoming,
        advice: &'static str,
    ) -> Result<Answer, Trouble> {
        let status = incoming.status;
        let date = incoming.headers.get(http::header::DATE).and_then(epoch);
        let value = read(&incoming);
        let shown = shown_body(&recorded(incoming, &[], &self.masks).body);
        if !status.is_success() {
            return Err(Trouble::Refused {
                call,
                status: status.as_u16(),
                body: shown,
                advice,
            });
        }
        let answer = Answer {
            call,
            status: status.as_u16(),
            advice,
            shown,
            date,
            value: Value::Null,
        };
        match value {
            Ok(value) => Ok(Answer { value, ..answer }),
            Err(problem) => Err(answer.not_understood(problem)),
        }
    }
}

/// The body of a set-up call as JSON, or what is wrong with it.
fn read(incoming: &Incoming) -> Result<Value, String> {
    let length = incoming.body.len();
    if length > KEPT_BYTES_MAX {
        return Err(format!(
            "its body of {length} bytes is longer than {KEPT_BYTES_MAX}"
        ));
    }
    serde_json::from_slice(&incoming.body).map_err(|error| format!("its body is no JSON ({error})"))
}

impl Answer {
    /// The trouble that this answer is.
    pub fn not_understood(&self, problem: String) -> Trouble {
        Trouble::NotUnderstood {
            call: self.call.clone(),
            status: self.status,
            problem,
            body: self.shown.clone(),
            advice: self.advice,
        }
    }

    /// The trouble that this answer is, where showing its body would show a token.
    pub fn not_understood_unseen(&self, problem: String) -> Trouble {
        Trouble::NotUnderstood {
            call: self.call.clone(),
            status: self.status,
            problem,
            body: String::new(),
            advice: self.advice,
        }
    }
}
