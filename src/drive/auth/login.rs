//! The call that gives a token: what it sends, and what is read from its answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use super::bearer::{Token, header};
use super::target_clock::TargetClock;
use crate::drive::draft;
use crate::drive::jwt;
use crate::drive::secrets;
use crate::drive::setup::{Answer, Caller, SetupCall};
use crate::drive::trouble::Trouble;
use crate::profile::{Expiry, HeaderText, LoginAddress, LoginBody, LoginCall, Profile, TokenPlace};

const ADVICE: &str = "Check api_key and api_secret under [credentials]; a target that gives no such token may have a fixed one: token = { env = \"NAME\" }, or another way to get one: [credentials.login]";

/// A login as the profile describes it.
pub struct Login {
    call: LoginCall,
    method: Method,
    path: String,
    /// Who sends it, where it goes to another host than the target.
    elsewhere: Option<Caller>,
}

impl Login {
    /// The login of a profile. The secrets are read when it is sent.
    pub async fn new(call: LoginCall, profile: &Profile, caller: &Caller) -> Result<Self, Trouble> {
        let method = draft::method(&call.method).map_err(|problem| Trouble::Unusable {
            what: "method under [credentials.login]".to_owned(),
            problem,
        })?;
        let (path, elsewhere) = match &call.address {
            LoginAddress::Path(path) => (path.clone(), None),
            LoginAddress::Url(url) => (String::new(), Some(caller.elsewhere(url, profile).await?)),
        };
        Ok(Self {
            call,
            method,
            path,
            elsewhere,
        })
    }

    /// A token, and the target's own time if it tells it.
    pub async fn fetch(
        &self,
        clock: &TargetClock,
        caller: &Caller,
    ) -> Result<(Token, Option<i64>), Trouble> {
        let caller = self.elsewhere.as_ref().unwrap_or(caller);
        let (body, media_type) = self.body(caller).await?;
        let setup = SetupCall {
            method: self.method.clone(),
            path: &self.path,
            body,
            media_type,
            headers: self.headers(caller).await?,
            is_login: true,
            wants_json: matches!(self.call.token, TokenPlace::Body(_)),
            advice: ADVICE,
        };
        let asked_at = Instant::now();
        let answer = caller.send(setup).await?;
        let token = self.token(&answer)?;
        let value = header(&token, &caller.masks).ok_or_else(|| {
            answer.not_understood_unseen(
                "its token is unusable: it holds characters that no header field may hold"
                    .to_owned(),
            )
        })?;
        let date = clock.believed(answer.date, jwt_issued(&token));
        let good = self.lifetime(&answer, date, &token)?;
        Ok((Token::new(value, asked_at, good), date))
    }

    async fn headers(&self, caller: &Caller) -> Result<HeaderMap, Trouble> {
        secrets::headers(&self.call.headers, &caller.masks).await
    }

    /// The body, and its media type if it is not JSON.
    async fn body(&self, caller: &Caller) -> Result<(Option<String>, Option<String>), Trouble> {
        Ok(match &self.call.body {
            LoginBody::None => (None, None),
            LoginBody::Json(members) => {
                let members = texts(members, caller).await?.into_iter();
                let object: Map<String, Value> = members
                    .map(|(name, text)| (name, Value::from(text.expose_secret())))
                    .collect();
                (Some(Value::Object(object).to_string()), None)
            }
            LoginBody::Form(members) => {
                let members = texts(members, caller).await?;
                let mut form = Serializer::new(String::new());
                for (name, text) in &members {
                    form.append_pair(name, text.expose_secret());
                }
                let media_type = "application/x-www-form-urlencoded";
                (Some(form.finish()), Some(media_type.to_owned()))
            }
            LoginBody::Text { text, media_type } => {
                let text = secrets::read("the body of the login", text, &caller.masks).await?;
                secrets::mask_members(&text, &caller.masks);
                (
                    Some(text.expose_secret().to_owned()),
                    Some(media_type.clone()),
                )
            }
        })
    }

    fn token(&self, answer: &Answer) -> Result<SecretString, Trouble> {
        let (token, place) = match &self.call.token {
            TokenPlace::Body(pointer) => (
                answer.value.pointer(pointer).and_then(Value::as_str),
                format!("body has no `{}`", name(pointer)),
            ),
            TokenPlace::Header(field) => (
                answer
                    .headers
                    .get(field)
                    .and_then(|value| value.to_str().ok()),
                format!("head has no field `{field}`"),
            ),
        };
        match token {
            Some(token) if !token.is_empty() => Ok(token.into()),
            _ => Err(answer.not_understood_unseen(format!("its {place}"))),
        }
    }

    /// How long the token is good, and until when, if it is known: by the target's own clock where it tells it, since it is
    /// the target that decides when the token expires.
    fn lifetime(
        &self,
        answer: &Answer,
        date: Option<i64>,
        token: &SecretString,
    ) -> Result<Option<(Duration, i64)>, Trouble> {
        let now = date.unwrap_or_else(|| jiff::Timestamp::now().as_second());
        let (expires_at, place) = match &self.call.expiry {
            Some(Expiry::At(pointer)) => (number(answer, pointer, "epoch seconds")?, name(pointer)),
            Some(Expiry::In(pointer)) => {
                let seconds = number(answer, pointer, "seconds")?;
                (now.saturating_add(seconds), name(pointer))
            }
            None => match jwt_expiry(token) {
                Some(expires_at) => (expires_at, "exp"),
                None => return Ok(None),
            },
        };
        match u64::try_from(expires_at.saturating_sub(now)) {
            Ok(seconds) if seconds > 0 => Ok(Some((Duration::from_secs(seconds), expires_at))),
            _ => Err(answer.not_understood_unseen(format!(
                "its token has expired already (`{place}` is {expires_at}, and it is {now})"
            ))),
        }
    }
}

/// A whole number; some gateways write it as a text.
fn number(answer: &Answer, pointer: &str, unit: &str) -> Result<i64, Trouble> {
    let value = answer.value.pointer(pointer);
    value
        .and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()))
        .ok_or_else(|| {
            let place = name(pointer);
            answer.not_understood_unseen(format!("its body has no `{place}` in {unit}"))
        })
}

/// A pointer to a member of the whole is told by the member's name.
fn name(pointer: &str) -> &str {
    match pointer.strip_prefix('/') {
        Some(name) if !name.contains('/') => name,
        _ => pointer,
    }
}

/// The members of a body, the secret ones read.
async fn texts(
    members: &BTreeMap<String, HeaderText>,
    caller: &Caller,
) -> Result<Vec<(String, SecretString)>, Trouble> {
    let mut texts = Vec::new();
    for (name, member) in members {
        let text = match member {
            HeaderText::Plain(text) => text.as_str().into(),
            HeaderText::Secret(secret) => {
                secrets::read("a credential", secret, &caller.masks).await?
            }
        };
        texts.push((name.clone(), text));
    }
    Ok(texts)
}

/// Until when a JWT is good by its own word (RFC 7519, section 4.1.4).
pub fn jwt_expiry(token: &SecretString) -> Option<i64> {
    jwt_time(token, "exp")
}

/// When a JWT was made by its own word (RFC 7519, section 4.1.6).
fn jwt_issued(token: &SecretString) -> Option<i64> {
    jwt_time(token, "iat")
}

/// A time that a JWT claims, in seconds since the epoch.
fn jwt_time(token: &SecretString, claim: &str) -> Option<i64> {
    let claims = jwt::claims(token.expose_secret())?;
    let time = claims.get(claim)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
    time.as_i64()
        .or_else(|| time.as_f64().map(|seconds| seconds as i64))
}
