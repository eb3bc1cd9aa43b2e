//! The bearer token: fixed, or fetched and renewed in time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::RwLock;

use super::target_clock::TargetClock;
use crate::drive::setup::{Answer, Caller};
use crate::drive::tamper::wrong_tokens;
use crate::drive::trouble::Trouble;
use crate::profile::{Credentials, Secret};

const ADVICE: &str = "Check api_key and api_secret under [credentials]; a target that gives no such token may have a fixed one: token = { env = \"NAME\" }";

/// How requests say who sends them.
pub enum Bearer {
    /// They don't.
    None,
    /// By a token that stays.
    Fixed(HeaderValue),
    /// By one that is fetched.
    Login(Login),
}

/// Credentials, and the token that they last brought.
pub struct Login {
    api_key: SecretString,
    api_secret: SecretString,
    token: RwLock<Option<Token>>,
    /// Tokens that were good before the clock was moved.
    spent: Mutex<Vec<Token>>,
    clock: TargetClock,
}

#[derive(Clone)]
struct Token {
    value: HeaderValue,
    fetched_at: Instant,
    renew_at: Instant,
    /// In seconds since the epoch, by the target's clock.
    expires_at: i64,
}

impl Bearer {
    /// Reads the secrets that the profile names. The clock goes for the target's.
    pub fn new(
        credentials: &Credentials,
        clock: TargetClock,
        caller: &Caller,
    ) -> Result<Self, Trouble> {
        let read = |what, secret: &Secret| {
            let value = secret
                .read()
                .map_err(|source| Trouble::Secret { what, source })?;
            caller.masks.add(value.expose_secret());
            Ok(value)
        };
        Ok(match credentials {
            Credentials::None => Self::None,
            Credentials::Token(token) => {
                Self::Fixed(header(&read("the token", token)?, caller).ok_or_else(|| {
                    Trouble::Unusable {
                        what: format!("the token in {token}"),
                        problem: "it holds characters that no header field may hold".to_owned(),
                    }
                })?)
            }
            Credentials::Login {
                api_key,
                api_secret,
            } => Self::Login(Login {
                api_key: read("the API key", api_key)?,
                api_secret: read("the API secret", api_secret)?,
                token: RwLock::new(None),
                spent: Mutex::default(),
                clock,
            }),
        })
    }

    /// The value of `Authorization`, fetched anew when it is about to expire.
    pub async fn header(&self, caller: &Caller) -> Result<Option<HeaderValue>, Trouble> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Login(login) => login.header(caller).await.map(Some),
        }
    }

    /// Whether this is the token to be sent now. While it is being renewed, none is.
    pub fn is_current(&self, value: Option<&HeaderValue>) -> bool {
        match self {
            Self::None | Self::Fixed(_) => true,
            Self::Login(login) => login
                .token
                .try_read()
                .is_ok_and(|token| fresh(token.as_ref()).as_ref() == value),
        }
    }

    /// Seconds since the epoch, by the target's clock as far as it is known.
    pub fn target_now(&self) -> i64 {
        match self {
            Self::None | Self::Fixed(_) => jiff::Timestamp::now().as_second(),
            Self::Login(login) => login.clock.now(),
        }
    }

    /// Why a time that the target told is not believed.
    pub fn doubt(&self) -> Option<&str> {
        match self {
            Self::None | Self::Fixed(_) => None,
            Self::Login(login) => login.clock.doubt(),
        }
    }

    /// Fetches a new token after the clock was told to move by so many seconds. Unless the tokens show that it was, says
    /// what they show.
    pub async fn renew(&self, seconds: i64, caller: &Caller) -> Result<(), String> {
        match self {
            Self::None | Self::Fixed(_) => Err("no token is fetched that could show it".to_owned()),
            Self::Login(login) => login.renew(seconds, caller).await,
        }
    }

    /// A token that has expired by its own `expiresAt`.
    pub fn expired(&self) -> Result<HeaderValue, String> {
        const MARGIN_SECONDS: i64 = 15;
        let expired = match self {
            Self::None | Self::Fixed(_) => None,
            Self::Login(login) => {
                let latest = login.clock.now() - MARGIN_SECONDS;
                let spent = login.spent.lock().unwrap_or_else(PoisonError::into_inner);
                let expired = spent.iter().rev().find(|token| token.expires_at <= latest);
                expired.map(|token| token.value.clone())
            }
        };
        expired.ok_or_else(|| "no bearer token has expired by its `expiresAt` yet".to_owned())
    }
}

impl Login {
    /// Whoever finds the token old fetches it while the others wait at the lock.
    async fn header(&self, caller: &Caller) -> Result<HeaderValue, Trouble> {
        if let Some(value) = fresh(self.token.read().await.as_ref()) {
            return Ok(value);
        }
        let mut token = self.token.write().await;
        if let Some(value) = fresh(token.as_ref()) {
            return Ok(value);
        }
        let (fetched, date) = self.fetch(caller).await?;
        // An earlier run may have moved the clock, or it is just fast.
        if let (None, Some(date)) = (&*token, date) {
            self.clock.follow(date);
        }
        let value = fetched.value.clone();
        *token = Some(fetched);
        Ok(value)
    }

    /// Tokens live equally long, so the next one expires as much later as the clock was moved, and as time has passed.
    async fn renew(&self, seconds: i64, caller: &Caller) -> Result<(), String> {
        const KEPT_MAX: usize = 8;
        /// Tokens tell whole seconds, and calls take time.
        const SLACK: u64 = 15;
        let mut token = self.token.write().await;
        let Some(before) = token.take() else {
            return Err("there was no token before that could show it".to_owned());
        };
        let fetched = self.fetch(caller).await.map_err(|e| e.to_string());
        {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            spent.push(before.clone());
            if spent.len() > KEPT_MAX {
                spent.remove(0);
            }
        }
        let (fetched, _) = fetched?;
        let passed = fetched.fetched_at.duration_since(before.fetched_at);
        let passed = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
        let moved = fetched
            .expires_at
            .saturating_sub(before.expires_at)
            .saturating_sub(passed);
        *token = Some(fetched);
        let is_as_told = moved.abs_diff(seconds) <= SLACK;
        self.clock.moved(if is_as_told { seconds } else { moved });
        match is_as_told {
            true => Ok(()),
            false => Err(format!(
                "by the `expiresAt` of the next token it was moved by {moved}s"
            )),
        }
    }

    /// A token, and the target's own time if it tells it.
    async fn fetch(&self, caller: &Caller) -> Result<(Token, Option<i64>), Trouble> {
        let asked_at = Instant::now();
        let body = json!({
            "apiKey": self.api_key.expose_secret(),
            "apiSecret": self.api_secret.expose_secret(),
        });
        let answer = caller
            .call(Method::POST, "/auth/token", &body, None, ADVICE)
            .await?;
        let lacks = |what: &str| answer.not_understood_unseen(format!("its body has no {what}"));
        let token = answer.value["token"]
            .as_str()
            .ok_or_else(|| lacks("`token`"))?;
        let value = header(&token.into(), caller).ok_or_else(|| lacks("usable `token`"))?;
        let date = self.clock.believed(answer.date);
        let (lifetime, expires_at) = lifetime(&answer, date)?;
        let token = Token {
            value,
            fetched_at: asked_at,
            renew_at: asked_at + renewal_after(lifetime),
            expires_at,
        };
        Ok((token, date))
    }
}

fn fresh(token: Option<&Token>) -> Option<HeaderValue> {
    token
        .filter(|token| Instant::now() < token.renew_at)
        .map(|token| token.value.clone())
}

/// By the target's own clock where it tells it, since it is the target that decides when the token expires.
fn lifetime(answer: &Answer, date: Option<i64>) -> Result<(Duration, i64), Trouble> {
    let expires_at = answer.value["expiresAt"].as_i64().ok_or_else(|| {
        answer.not_understood_unseen("its body has no `expiresAt` in epoch seconds".to_owned())
    })?;
    let now = date.unwrap_or_else(|| jiff::Timestamp::now().as_second());
    match u64::try_from(expires_at.saturating_sub(now)) {
        Ok(seconds) if seconds > 0 => Ok((Duration::from_secs(seconds), expires_at)),
        _ => Err(answer.not_understood_unseen(format!(
            "its token has expired already (`expiresAt` is {expires_at}, and it is {now})"
        ))),
    }
}

/// Half a minute before it expires, but not before half its time is over; and once a day at least.
fn renewal_after(lifetime: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_secs(30);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    lifetime.saturating_sub(MARGIN).max(lifetime / 2).min(DAY)
}

/// The token as a header value that is never printed, and masked from now on where the target echoes it.
fn header(token: &SecretString, caller: &Caller) -> Option<HeaderValue> {
    let token = token.expose_secret();
    caller.masks.add(token);
    for wrong in wrong_tokens(token) {
        caller.masks.add(&wrong);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::address::Base;
    use crate::drive::client::Client;
    use crate::drive::fake_target::{Act, FakeTarget};
    use crate::profile::{DigestAlgorithm, Setup};

    fn caller(target: &FakeTarget) -> Caller {
        let masks = crate::redact::Masks::default();
        Caller {
            client: Client::new(&target.profile(), None, &masks).unwrap(),
            base: Base::new(target.profile().base_url.as_str()),
            setup: Setup {
                idempotency_key: false,
                digest: true,
            },
            digest: DigestAlgorithm::Sha512,
            extra: http::HeaderMap::new(),
            masks,
        }
    }

    #[tokio::test]
    async fn many_who_need_a_token_fetch_it_once() {
        let target = FakeTarget::start(|_| Act::Raw(""));
        let caller = caller(&target);
        let bearer = Bearer::new(
            &target.profile().credentials,
            TargetClock::new(false),
            &caller,
        )
        .unwrap();
        let headers = (0..20).map(|_| bearer.header(&caller));
        for header in futures_util::future::join_all(headers).await {
            let header = header.unwrap().unwrap();
            assert!(header.is_sensitive());
            assert_eq!(header, "Bearer hunter2.hunter2.hunter2");
        }
        let asked = target.asked();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].body.contains("secret-of-the-programme"));
        assert!(asked[0].head.contains("content-digest: sha-512="));
        assert!(!asked[0].head.contains("idempotency-key"));
    }

    #[tokio::test]
    async fn an_old_token_is_fetched_anew() {
        let target = FakeTarget::start(|_| Act::Raw(""));
        let caller = caller(&target);
        let bearer = Bearer::new(
            &target.profile().credentials,
            TargetClock::new(false),
            &caller,
        )
        .unwrap();
        let Bearer::Login(login) = &bearer else {
            panic!()
        };
        *login.token.write().await = Some(Token {
            value: HeaderValue::from_static("Bearer old"),
            fetched_at: Instant::now(),
            renew_at: Instant::now(),
            expires_at: 0,
        });
        let header = bearer.header(&caller).await.unwrap().unwrap();
        assert_eq!(header, "Bearer hunter2.hunter2.hunter2");
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        for (lifetime, after) in [(3600, 3570), (60, 30), (40, 20), (2, 1), (u64::MAX, 86400)] {
            let renewal = renewal_after(Duration::from_secs(lifetime));
            assert_eq!(renewal, Duration::from_secs(after), "{lifetime}");
        }
    }
}
