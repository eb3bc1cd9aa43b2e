//! The calls that prepare a target: its token, our key. They are not judged and not recorded.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use uuid::Uuid;

use super::address::Base;
use super::auth::digest::content_digest;
use super::client::{Client, Delivery, Incoming, Received};
use super::draft::Draft;
use super::guard::Guard;
use super::outgoing::Outgoing;
use super::reply::{Masks, recorded};
use super::secrets;
use super::trouble::{Trouble, shown_body};
use crate::profile::{BaseUrl, DigestAlgorithm, Profile, Setup};

/// What set-up calls need.
pub struct Caller {
    pub client: Client,
    /// Where the target is.
    pub base: Base,
    pub setup: Setup,
    pub digest: DigestAlgorithm,
    /// Further header fields of each request.
    pub extra: HeaderMap,
    pub masks: Arc<Masks>,
    pub guard: Guard,
}

/// A set-up call.
pub struct SetupCall<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Option<String>,
    /// Of the body; absent: `application/json`.
    pub media_type: Option<String>,
    pub headers: HeaderMap,
    /// It is a login, which changes nothing that lasts.
    pub is_login: bool,
    /// What is looked for stands in the answer's body.
    pub wants_json: bool,
    /// What to do when it fails.
    pub advice: &'static str,
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
    pub headers: HeaderMap,
    /// The body; `null` if it is no JSON.
    pub value: Value,
}

impl Caller {
    /// Who calls the target of a profile.
    pub async fn new(profile: &Profile) -> Result<Self, Trouble> {
        let masks = Arc::new(Masks::default());
        Ok(Self {
            client: client(&profile.base_url, profile)?,
            base: Base::new(profile.base_url.as_str()),
            setup: profile.setup,
            digest: profile.signing.digest,
            extra: secrets::headers(&profile.headers.0, &masks).await?,
            masks,
            guard: Guard::new(profile),
        })
    }

    /// Who calls another address on the target's behalf. What the profile says of the target's own requests is not sent to
    /// another host.
    pub fn elsewhere(&self, url: &BaseUrl, profile: &Profile) -> Result<Self, Trouble> {
        let bare = Setup {
            idempotency_key: false,
            digest: false,
        };
        let (setup, extra) = match url.origin() == profile.base_url.origin() {
            true => (self.setup, self.extra.clone()),
            false => (bare, HeaderMap::new()),
        };
        Ok(Self {
            client: client(url, profile)?,
            base: Base::new(url.as_str()),
            setup,
            digest: self.digest,
            extra,
            masks: Arc::clone(&self.masks),
            guard: Guard::new(profile),
        })
    }

    /// A request without anything that proves who sends it, if it may be sent.
    pub fn begin(&self, draft: &Draft) -> Result<Outgoing, String> {
        self.guard.check(draft)?;
        self.outgoing(draft)
    }

    fn outgoing(&self, draft: &Draft) -> Result<Outgoing, String> {
        let mut outgoing = Outgoing::new(&self.base, draft)?;
        if !self.extra.is_empty() {
            outgoing.headers.extend(self.extra.clone());
        }
        Ok(outgoing)
    }

    /// Sends a set-up call that carries JSON.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        bearer: Option<HeaderValue>,
        advice: &'static str,
    ) -> Result<Answer, Trouble> {
        let headers = bearer.map(|bearer| (http::header::AUTHORIZATION, bearer));
        self.send(SetupCall {
            method,
            path,
            body: Some(body.to_string()),
            media_type: None,
            headers: headers.into_iter().collect(),
            is_login: false,
            wants_json: true,
            advice,
        })
        .await
    }

    /// Sends a set-up call.
    pub async fn send(&self, setup: SetupCall<'_>) -> Result<Answer, Trouble> {
        let call = format!("{} {}{}", setup.method, self.base.as_str(), setup.path);
        let (advice, wants_json) = (setup.advice, setup.wants_json);
        let outgoing = self
            .setup_request(setup)
            .map_err(|problem| Trouble::Unusable {
                what: call.clone(),
                problem,
            })?;
        match self
            .client
            .send(outgoing, Delivery::default())
            .await
            .received
        {
            Received::Whole(incoming) => self.answer(call, incoming, wants_json, advice),
            Received::Lost { words, .. } | Received::LetGo(words) => Err(Trouble::NoAnswer {
                call,
                base_url: self.base.as_str().to_owned(),
                words,
            }),
        }
    }

    fn setup_request(&self, setup: SetupCall<'_>) -> Result<Outgoing, String> {
        let draft = Draft {
            method: setup.method,
            path: setup.path.to_owned(),
            body: setup.body,
            media_type: setup.media_type,
            key: self
                .setup
                .idempotency_key
                .then(|| Uuid::new_v4().to_string()),
        };
        let mut outgoing = match setup.is_login {
            true => self.outgoing(&draft)?,
            false => self.begin(&draft)?,
        };
        if let (true, Some(body)) = (self.setup.digest, &draft.body) {
            let digest = content_digest(self.digest, body.as_bytes());
            outgoing.set("content-digest", &digest)?;
        }
        outgoing.headers.extend(setup.headers);
        Ok(outgoing)
    }

    fn answer(
        &self,
        call: String,
        incoming: Incoming,
        wants_json: bool,
        advice: &'static str,
    ) -> Result<Answer, Trouble> {
        let status = incoming.status;
        let headers = incoming.headers.clone();
        let date = headers.get(http::header::DATE).and_then(epoch);
        let value = serde_json::from_slice(&incoming.body);
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
            headers,
            value: Value::Null,
        };
        match value {
            Ok(value) => Ok(Answer { value, ..answer }),
            Err(_) if !wants_json => Ok(answer),
            Err(error) => Err(answer.not_understood(format!("its body is no JSON ({error})"))),
        }
    }
}

fn client(url: &BaseUrl, profile: &Profile) -> Result<Client, Trouble> {
    Client::new(url, profile.timeout.0).map_err(|problem| Trouble::Machine {
        what: "the HTTP client",
        problem,
    })
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

fn epoch(date: &HeaderValue) -> Option<i64> {
    let text = date.to_str().ok()?;
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read() {
        let date = HeaderValue::from_static("Tue, 20 Apr 2021 02:07:53 GMT");
        assert_eq!(epoch(&date), Some(1_618_884_473));
        assert_eq!(epoch(&HeaderValue::from_static("now")), None);
    }
}
