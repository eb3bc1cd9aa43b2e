//! The bearer token: fixed, or fetched and renewed in time.

use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::RwLock;

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
}

struct Token {
    value: HeaderValue,
    renew_at: Instant,
}

impl Bearer {
    /// Reads the secrets that the profile names.
    pub fn new(credentials: &Credentials, caller: &Caller) -> Result<Self, Trouble> {
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
        let fetched = self.fetch(caller).await?;
        let value = fetched.value.clone();
        *token = Some(fetched);
        Ok(value)
    }

    async fn fetch(&self, caller: &Caller) -> Result<Token, Trouble> {
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
        let lifetime = lifetime(&answer)?;
        Ok(Token {
            value,
            renew_at: asked_at + renewal_after(lifetime),
        })
    }
}

fn fresh(token: Option<&Token>) -> Option<HeaderValue> {
    token
        .filter(|token| Instant::now() < token.renew_at)
        .map(|token| token.value.clone())
}

/// By the target's own clock where it tells it, since it is the target that decides when the token expires.
fn lifetime(answer: &Answer) -> Result<Duration, Trouble> {
    let expires_at = answer.value["expiresAt"].as_i64().ok_or_else(|| {
        answer.not_understood_unseen("its body has no `expiresAt` in epoch seconds".to_owned())
    })?;
    let now = answer
        .date
        .unwrap_or_else(|| jiff::Timestamp::now().as_second());
    match u64::try_from(expires_at.saturating_sub(now)) {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
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
    use crate::drive::client::Client;
    use crate::drive::fake_target::{Act, FakeTarget};
    use crate::profile::{DigestAlgorithm, Setup};

    fn caller(target: &FakeTarget) -> Caller {
        Caller {
            client: Client::new(Duration::from_secs(30)).unwrap(),
            base_url: target.profile().base_url.to_string(),
            setup: Setup {
                idempotency_key: false,
                digest: true,
            },
            digest: DigestAlgorithm::Sha512,
            extra: http::HeaderMap::new(),
            masks: crate::drive::reply::Masks::default(),
        }
    }

    #[tokio::test]
    async fn many_who_need_a_token_fetch_it_once() {
        let target = FakeTarget::start(|_| Act::Raw(""));
        let caller = caller(&target);
        let bearer = Bearer::new(&target.profile().credentials, &caller).unwrap();
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
        let bearer = Bearer::new(&target.profile().credentials, &caller).unwrap();
        let Bearer::Login(login) = &bearer else {
            panic!()
        };
        *login.token.write().await = Some(Token {
            value: HeaderValue::from_static("Bearer old"),
            renew_at: Instant::now(),
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
