//! The token: fetched, or looked at; and what else the target would take for key and secret.

use http::{HeaderValue, Method};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::evidence::Inquiry;
use super::reach::clock_words;
use super::{Done, Visit, secrets};
use crate::doctor::{Fact, Step, Trial};
use crate::drive::auth::digest::content_digest;
use crate::drive::outgoing::Outgoing;
use crate::drive::setup::SetupCall;
use crate::drive::witness::Seen;
use crate::profile::Credentials;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Clocks that differ by less are as good as equal.
pub const CLOCK_SLACK_S: i64 = 5;

impl Visit<'_> {
    /// Fetches the token, or looks at the one that is there.
    pub async fn token(&mut self) -> Done<()> {
        self.forget();
        let fetched = self.access.token(&self.caller).await;
        let seen = self.witnessed();
        match (fetched, &self.profile.credentials) {
            (Ok(_), Credentials::None) => Ok(((), "the profile gives none".to_owned())),
            (Ok(token), Credentials::Login { .. } | Credentials::OtherLogin(_)) => {
                let seen_clock = seen.as_ref().and_then(|seen| seen.header("date"));
                self.ahead = seen_clock
                    .and_then(crate::drive::gate::epoch)
                    .map(|date| date - jiff::Timestamp::now().as_second())
                    .or(self.ahead);
                Ok(((), self.token_note(token.as_ref())))
            }
            (Ok(token), Credentials::Token(_)) => Ok(((), self.token_note(token.as_ref()))),
            (Err(trouble), credentials) => {
                let problem = match credentials {
                    Credentials::Token(_) => trouble.to_string(),
                    _ => "no token".to_owned(),
                };
                let mut inquiry = match seen {
                    Some(seen) => Inquiry::of(Step::Token, self.profile, problem, seen),
                    None => Inquiry::new(Step::Token, self.profile, problem),
                };
                self.look_into_login(&mut inquiry, &trouble.to_string())
                    .await;
                Err(inquiry.failure(Some(&self.caller.masks)))
            }
        }
    }

    /// A token that somebody else got can't be used, or another login gives none.
    fn look_into_other(&self, inquiry: &mut Inquiry, words: &str) {
        match &self.profile.credentials {
            Credentials::OtherLogin(_) => {
                inquiry.evidence.add(Fact::TokenFetched);
                inquiry.evidence.add(Fact::OtherLogin);
                inquiry.evidence.say("words", words);
            }
            _ if words.contains("by its own `exp`") => {
                inquiry.evidence.add(Fact::TokenExpired);
                inquiry.evidence.say("expired", words);
            }
            _ => inquiry.evidence.add(Fact::NoHeaderText),
        }
    }

    /// What kind of token it is, how long it lives, and how far the clocks differ.
    fn token_note(&self, token: Option<&HeaderValue>) -> String {
        let claims = claims(token);
        let form = if claims.is_some() { "a JWT" } else { "no JWT" };
        let now = jiff::Timestamp::now().as_second() + self.ahead.unwrap_or(0);
        let expiry = claims.and_then(|claims| claims["exp"].as_i64());
        let expiry = expiry.map(|exp| format!(", expires in {} s", exp - now));
        let clock = self.ahead.filter(|ahead| ahead.abs() > CLOCK_SLACK_S);
        let clock = clock.map(|ahead| format!("; the target's clock is {}", clock_words(ahead)));
        format!(
            "{form}{}{}",
            expiry.unwrap_or_default(),
            clock.unwrap_or_default()
        )
    }

    async fn look_into_login(&self, inquiry: &mut Inquiry, words: &str) {
        let Credentials::Login {
            api_key,
            api_secret,
        } = &self.profile.credentials
        else {
            return self.look_into_other(inquiry, words);
        };
        inquiry.evidence.add(Fact::TokenFetched);
        let (Ok(key), Ok(secret)) = (api_key.read(), api_secret.read()) else {
            return;
        };
        let (key, secret) = (key.expose_secret(), secret.expose_secret());
        if uuid::Uuid::try_parse(key.trim()).is_err() {
            inquiry.evidence.add(Fact::KeyIsNoUuid);
        }
        if uuid::Uuid::try_parse(secret.trim()).is_ok() {
            inquiry.evidence.add(Fact::SecretIsUuid);
        }
        match inquiry.seen().and_then(Seen::status) {
            Some(200..=299) => self.look_into_token_answer(inquiry, words),
            Some(400 | 401 | 403 | 415 | 422) => self.try_logins(inquiry, key, secret).await,
            _ => {}
        }
    }

    /// The answer was a success, and no token was in it that can be used.
    fn look_into_token_answer(&self, inquiry: &mut Inquiry, words: &str) {
        inquiry.evidence.add(Fact::NotUnderstood);
        if words.contains("has expired already") {
            inquiry.evidence.add(Fact::TokenExpired);
        }
        let clock = self.ahead.filter(|ahead| ahead.abs() > CLOCK_SLACK_S);
        let clock = clock.map_or(String::new(), |ahead| {
            format!("; its clock is {}", clock_words(ahead))
        });
        inquiry.evidence.say("clock", clock);
        let lacks = words.split_once(", but ").map_or(words, |(_, lacks)| lacks);
        let lacks = lacks.split(". ").next().unwrap_or(lacks);
        let body = inquiry.seen().map(Seen::body).unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let names: Vec<&str> = body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(n, _)| n.as_str())
            .collect();
        let has = if names.is_empty() {
            String::new()
        } else {
            format!("; it has {}", names.join(", "))
        };
        inquiry.evidence.say("lacks", format!("{lacks}{has}"));
    }

    async fn try_logins(&self, inquiry: &mut Inquiry, key: &str, secret: &str) {
        if secrets::white_space(&self.profile.credentials).is_some() {
            let body = json!({ "apiKey": key.trim(), "apiSecret": secret.trim() });
            self.try_login(inquiry, Trial::SecretsTrimmed, &body, false)
                .await;
        }
        if uuid::Uuid::try_parse(secret.trim()).is_ok() {
            let body = json!({ "apiKey": secret, "apiSecret": key });
            self.try_login(inquiry, Trial::SecretsSwapped, &body, false)
                .await;
        }
        let body = json!({ "apiKey": key, "apiSecret": secret });
        self.try_login(inquiry, Trial::OtherSetup, &body, true)
            .await;
    }

    async fn try_login(
        &self,
        inquiry: &mut Inquiry,
        trial: Trial,
        body: &Value,
        other_setup: bool,
    ) {
        self.try_setup_call(
            inquiry,
            trial,
            Method::POST,
            "/auth/token",
            body,
            other_setup,
        )
        .await;
    }

    /// A set-up call with another body, or with the other set of header fields.
    pub async fn try_setup_call(
        &self,
        inquiry: &mut Inquiry,
        trial: Trial,
        method: Method,
        path: &str,
        body: &Value,
        other_setup: bool,
    ) {
        let bearer = match path {
            "/auth/token" => None,
            _ => self.access.token(&self.caller).await.ok().flatten(),
        };
        let headers = bearer.map(|bearer| (http::header::AUTHORIZATION, bearer));
        let setup = SetupCall {
            method,
            path,
            body: Some(body.to_string()),
            media_type: None,
            headers: headers.into_iter().collect(),
            is_login: path == "/auth/token",
            wants_json: true,
            advice: "",
        };
        let Ok(mut request) = self.caller.setup_request(setup) else {
            return;
        };
        if other_setup && !self.set_up_otherwise(inquiry, &mut request) {
            return;
        }
        let seen = self.ask(request).await;
        let is_taken = seen.is_success();
        inquiry.tried(trial, &seen, is_taken);
    }

    fn set_up_otherwise(&self, inquiry: &mut Inquiry, request: &mut Outgoing) -> bool {
        let setup = self.profile.setup;
        let has = setup.idempotency_key || setup.digest;
        let (with, without) = match has {
            true => ("with Idempotency-Key and Content-Digest", "without them"),
            false => ("without Idempotency-Key and Content-Digest", "with them"),
        };
        inquiry.evidence.say("with_fields", with);
        inquiry.evidence.say("without_fields", without);
        inquiry.evidence.say("setup", (!has).to_string());
        if has {
            request.headers.remove("idempotency-key");
            request.headers.remove("content-digest");
            return true;
        }
        let body = request.body.clone().unwrap_or_default();
        let digest = content_digest(self.caller.digest, body.as_bytes());
        let key = uuid::Uuid::new_v4().to_string();
        request.set("content-digest", &digest).is_ok()
            && request.set("idempotency-key", &key).is_ok()
    }

    /// The exchange that the client has seen last.
    pub fn witnessed(&self) -> Option<Seen> {
        self.caller.client.witness.as_ref()?.take()
    }
}

/// The claims of a JWT, unchecked.
fn claims(token: Option<&HeaderValue>) -> Option<Value> {
    let text = token?.to_str().ok()?.strip_prefix("Bearer ")?;
    let mut parts = text.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// Whom a token says that it is for, if that is another host than the one that is called.
pub fn audience(token: Option<&HeaderValue>, base_url: &str) -> Option<String> {
    let claims = claims(token)?;
    let host = Url::parse(base_url).ok()?.host_str()?.to_owned();
    let audience = match &claims["aud"] {
        Value::Array(all) => all.first()?.as_str()?.to_owned(),
        aud => aud.as_str().or_else(|| claims["iss"].as_str())?.to_owned(),
    };
    (!audience.contains(&host)).then_some(audience)
}
