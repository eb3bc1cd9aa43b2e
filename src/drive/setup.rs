//! The calls that prepare a target: its token, our key. They are not judged and not recorded.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use uuid::Uuid;

use super::address::Base;
use super::auth::digest::content_digest;
use super::client::{Client, Incoming, Received};
use super::draft::Draft;
use super::gate::epoch;
use super::guard::Guard;
use super::outgoing::Outgoing;
use super::reply::{KEPT_BYTES_MAX, recorded};
use super::secrets;
use super::trouble::{Trouble, shown_body};
use crate::profile::{BaseUrl, DigestAlgorithm, Profile, Setup, Tls};
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
    /// The run that requests name.
    run: Option<RunId>,
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
    /// Who calls the target of a profile, saying of which run it is if the profile lets it.
    pub async fn new(profile: &Profile, run: Option<RunId>) -> Result<Self, Trouble> {
        let run = run.filter(|_| profile.run_id);
        let masks = Arc::new(Masks::default());
        Ok(Self {
            client: client(profile.clone(), run, &masks).await?,
            base: Base::new(profile.base_url.as_str()),
            setup: profile.setup,
            digest: profile.signing.digest,
            extra: secrets::extra_headers(&profile.headers, run, &masks).await?,
            run,
            masks,
            guard: Guard::new(profile),
        })
    }

    /// Who calls another address on the target's behalf. What the profile says of the target's own requests is not sent to
    /// another host, nor is who calls proven to it; the limits hold there too, by themselves.
    pub async fn elsewhere(&self, url: &BaseUrl, profile: &Profile) -> Result<Self, Trouble> {
        let mut there = profile.clone();
        there.base_url = url.clone();
        let is_same = url.origin() == profile.base_url.origin();
        if !is_same {
            let speaks_tls = url.as_str().starts_with("https://");
            there.tls = Tls {
                ca: profile.tls.ca.clone().filter(|_| speaks_tls),
                ..Tls::default()
            };
        }
        let run = self.run.filter(|_| is_same);
        let client = client(there, run, &self.masks).await?;
        let bare = Setup {
            idempotency_key: false,
            digest: false,
        };
        let (client, setup, extra) = match is_same {
            true => (
                client.by_the_door_of(&self.client),
                self.setup,
                self.extra.clone(),
            ),
            false => (client, bare, HeaderMap::new()),
        };
        Ok(Self {
            client,
            base: Base::new(url.as_str()),
            setup,
            digest: self.digest,
            extra,
            run,
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
        match self.client.ask(outgoing).await {
            Ok(Received::Whole(incoming)) => self.answer(call, incoming, wants_json, advice),
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
    pub fn setup_request(&self, setup: SetupCall<'_>) -> Result<Outgoing, String> {
        let draft = Draft {
            method: setup.method,
            path: setup.path.to_owned(),
            body: setup.body,
            media_type: setup.media_type,
            encoding: None,
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
        let value = read(&incoming);
        let shown = shown_body(&recorded(incoming, None, &self.masks).body);
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
            Err(problem) => Err(answer.not_understood(problem)),
        }
    }
}

/// The client of a profile's target. A command may have to be waited for that tells a secret of the proxy's or of TLS.
async fn client(
    profile: Profile,
    run: Option<RunId>,
    masks: &Arc<Masks>,
) -> Result<Client, Trouble> {
    let masks = Arc::clone(masks);
    tokio::task::spawn_blocking(move || Client::new(&profile, run, &masks))
        .await
        .map_err(|error| Trouble::Machine {
            what: "a thread that reads secrets",
            problem: error.to_string(),
        })?
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
