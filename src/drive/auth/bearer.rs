//! The bearer token: got where the profile says, and again in time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;

use super::login::{Login, jwt_expiry};
use super::target_clock::TargetClock;
use crate::drive::secrets;
use crate::drive::setup::Caller;
use crate::drive::tamper::wrong_tokens;
use crate::drive::trouble::Trouble;
use crate::profile::{Credentials, Profile, Secret};
use crate::redact::Masks;

/// A target that refuses tokens whatever is done is not asked for ever new ones.
const VAIN_RENEWALS_MAX: u32 = 3;

/// How requests say who sends them.
pub enum Bearer {
    /// They don't.
    None,
    /// By a token.
    Tokens(Box<Tokens>),
}

/// Where tokens come from, and the last one.
pub struct Tokens {
    source: Source,
    token: RwLock<Option<Token>>,
    /// Tokens that were good before the clock was moved.
    spent: Mutex<Vec<Token>>,
    clock: TargetClock,
    vain_renewals: AtomicU32,
}

enum Source {
    /// Somebody else gets them.
    Kept(Secret),
    /// A call does.
    Login(Box<Login>),
}

/// A token that was got.
#[derive(Clone)]
pub struct Token {
    value: HeaderValue,
    fetched_at: Instant,
    renew_at: Instant,
    /// In seconds since the epoch, by the target's clock; absent if nobody knows.
    expires_at: Option<i64>,
}

impl Token {
    /// A token got at `fetched_at` that is good for so long, as far as that is known.
    pub fn new(value: HeaderValue, fetched_at: Instant, good: Option<(Duration, i64)>) -> Self {
        Self {
            value,
            fetched_at,
            renew_at: fetched_at + good.map_or(DAY, |(lifetime, _)| renewal_after(lifetime)),
            expires_at: good.map(|(_, expires_at)| expires_at),
        }
    }
}

impl Bearer {
    /// The way that the profile names.
    pub async fn new(profile: &Profile, caller: &Caller) -> Result<Self, Trouble> {
        let source = match (&profile.credentials, profile.credentials.login()) {
            (_, Some(call)) => Source::Login(Box::new(Login::new(call, profile, caller).await?)),
            (Credentials::Token(token), None) => Source::Kept(token.clone()),
            _ => return Ok(Self::None),
        };
        Ok(Self::Tokens(Box::new(Tokens {
            source,
            token: RwLock::new(None),
            spent: Mutex::default(),
            clock: TargetClock::new(profile.sandbox.clock.is_some()),
            vain_renewals: AtomicU32::new(0),
        })))
    }

    /// The value of `Authorization`, got anew when it is about to expire.
    pub async fn header(&self, caller: &Caller) -> Result<Option<HeaderValue>, Trouble> {
        match self {
            Self::None => Ok(None),
            Self::Tokens(tokens) => tokens.header(caller).await.map(Some),
        }
    }

    /// Whether this is the token to be sent now. While it is being renewed, none is.
    pub fn is_current(&self, value: Option<&HeaderValue>) -> bool {
        match self {
            Self::None => true,
            Self::Tokens(tokens) => tokens
                .token
                .try_read()
                .is_ok_and(|token| fresh(token.as_ref()).as_ref() == value),
        }
    }

    /// Seconds since the epoch, by the target's clock as far as it is known.
    pub fn target_now(&self) -> i64 {
        match self {
            Self::None => jiff::Timestamp::now().as_second(),
            Self::Tokens(tokens) => tokens.clock.now(),
        }
    }

    /// Why a time that the target told is not believed.
    pub fn doubt(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Tokens(tokens) => tokens.clock.doubt(),
        }
    }

    /// Gets a new token after the clock was told to move by so many seconds. Unless the tokens show that it was, says
    /// what they show.
    pub async fn renew(&self, seconds: i64, caller: &Caller) -> Result<(), String> {
        match self {
            Self::Tokens(tokens) if matches!(tokens.source, Source::Login(_)) => {
                tokens.renew(seconds, caller).await
            }
            _ => Err("no token is fetched that could show it".to_owned()),
        }
    }

    /// Gets another token, though the one before is good.
    pub async fn log_in_again(&self, caller: &Caller) -> Result<(), String> {
        match self {
            Self::Tokens(tokens) if matches!(tokens.source, Source::Login(_)) => {
                let mut token = tokens.token.write().await;
                let fetched = Box::pin(tokens.fetch(caller)).await;
                let (fetched, _) = fetched.map_err(|trouble| trouble.to_string())?;
                *token = Some(fetched);
                Ok(())
            }
            _ => Err("nothing logs in".to_owned()),
        }
    }

    /// A token that has expired by what was said of it when it was got.
    pub fn expired(&self) -> Result<HeaderValue, String> {
        const MARGIN_SECONDS: i64 = 15;
        let expired = match self {
            Self::None => None,
            Self::Tokens(tokens) => {
                let latest = tokens.clock.now() - MARGIN_SECONDS;
                let spent = tokens.spent.lock().unwrap_or_else(PoisonError::into_inner);
                let is_over = |token: &&Token| {
                    token
                        .expires_at
                        .is_some_and(|expires_at| expires_at <= latest)
                };
                spent
                    .iter()
                    .rev()
                    .find(is_over)
                    .map(|token| token.value.clone())
            }
        };
        expired.ok_or_else(|| "no bearer token has expired by its `expiresAt` yet".to_owned())
    }

    /// Whether nobody can know how long this token is good, so that its refusal may only mean that it has expired.
    pub async fn may_have_expired(&self, used: &HeaderValue) -> bool {
        match self {
            Self::None => false,
            Self::Tokens(tokens) => {
                let token = tokens.token.read().await;
                // One that has been replaced meanwhile was of the same kind.
                let known = |token: &Token| token.expires_at.is_some() && token.value == *used;
                !token.as_ref().is_some_and(known)
            }
        }
    }

    /// After `used` was refused: whether there is another token now, or why there is none; false if others were refused as
    /// well.
    pub async fn another(&self, used: &HeaderValue, caller: &Caller) -> Result<bool, String> {
        match self {
            Self::None => Ok(false),
            Self::Tokens(tokens) => tokens.another(used, caller).await,
        }
    }

    /// Another token was accepted where the one before was refused.
    pub fn another_was_accepted(&self) {
        if let Self::Tokens(tokens) = self {
            tokens.vain_renewals.store(0, Ordering::Relaxed);
        }
    }
}

impl Tokens {
    /// Whoever finds the token old gets it while the others wait at the lock.
    async fn header(&self, caller: &Caller) -> Result<HeaderValue, Trouble> {
        if let Some(value) = fresh(self.token.read().await.as_ref()) {
            return Ok(value);
        }
        let mut token = self.token.write().await;
        if let Some(value) = fresh(token.as_ref()) {
            return Ok(value);
        }
        let (fetched, date) = Box::pin(self.fetch(caller)).await?;
        // An earlier run may have moved the clock, or it is just fast or slow.
        if let (None, Some(date)) = (&*token, date) {
            self.clock.follow(date);
        }
        let value = fetched.value.clone();
        *token = Some(fetched);
        Ok(value)
    }

    async fn another(&self, used: &HeaderValue, caller: &Caller) -> Result<bool, String> {
        let mut token = self.token.write().await;
        if token.as_ref().is_some_and(|token| token.value != *used) {
            return Ok(true);
        }
        let is_enough = self.vain_renewals.fetch_add(1, Ordering::Relaxed) >= VAIN_RENEWALS_MAX;
        let value = match is_enough {
            true => used.clone(),
            false => {
                let (fetched, _) = Box::pin(self.fetch(caller))
                    .await
                    .map_err(|e| e.to_string())?;
                let value = fetched.value.clone();
                *token = Some(fetched);
                value
            }
        };
        match &self.source {
            Source::Kept(secret) if value == *used => {
                Err(format!("{secret} still holds the same one"))
            }
            Source::Login(_) if is_enough => Ok(false),
            _ => Ok(true),
        }
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
        let moved = match (fetched.expires_at, before.expires_at) {
            (Some(now), Some(then)) => now.saturating_sub(then).saturating_sub(passed),
            _ => return Err("the answer to a login does not say when its token expires".to_owned()),
        };
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
        match &self.source {
            Source::Login(login) => login.fetch(&self.clock, caller).await,
            Source::Kept(secret) => Ok((self.kept(secret, caller).await?, None)),
        }
    }

    /// The token that somebody else got. One that is over by its own word is not sent: its refusal would show nothing.
    async fn kept(&self, secret: &Secret, caller: &Caller) -> Result<Token, Trouble> {
        let text = secrets::read("the token", secret, &caller.masks).await?;
        let unusable = |problem: String| Trouble::Unusable {
            what: format!("the token in {secret}"),
            problem,
        };
        let value = header(&text, &caller.masks).ok_or_else(|| {
            unusable("it holds characters that no header field may hold".to_owned())
        })?;
        let now = self.clock.now();
        let good = match jwt_expiry(&text) {
            None => None,
            Some(expires_at) => match u64::try_from(expires_at.saturating_sub(now)) {
                Ok(seconds) if seconds > 0 => Some((Duration::from_secs(seconds), expires_at)),
                _ => {
                    let problem = format!(
                        "by its own `exp` it is over since {expires_at}, and it is {now}: put a new one there"
                    );
                    return Err(unusable(problem));
                }
            },
        };
        Ok(Token::new(value, Instant::now(), good))
    }
}

fn fresh(token: Option<&Token>) -> Option<HeaderValue> {
    token
        .filter(|token| Instant::now() < token.renew_at)
        .map(|token| token.value.clone())
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Half a minute before it expires, but not before half its time is over; and once a day at least.
fn renewal_after(lifetime: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_secs(30);
    lifetime.saturating_sub(MARGIN).max(lifetime / 2).min(DAY)
}

/// The token as a header value that is never printed, and masked from now on where the target echoes it.
pub fn header(token: &SecretString, masks: &Masks) -> Option<HeaderValue> {
    let token = token.expose_secret();
    masks.add(token);
    for wrong in wrong_tokens(token) {
        masks.add(&wrong);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::fake_target::{Act, FakeTarget};
    use crate::profile::{DigestAlgorithm, Setup};

    async fn caller(target: &FakeTarget) -> Caller {
        let mut profile = target.profile();
        profile.setup = Setup {
            idempotency_key: false,
            digest: true,
        };
        profile.signing.digest = DigestAlgorithm::Sha512;
        Caller::new(&profile, None).await.unwrap()
    }

    #[tokio::test]
    async fn many_who_need_a_token_fetch_it_once() {
        let target = FakeTarget::start(|_| Act::Raw(""));
        let caller = caller(&target).await;
        let bearer = Bearer::new(&target.profile(), &caller).await.unwrap();
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
        let caller = caller(&target).await;
        let bearer = Bearer::new(&target.profile(), &caller).await.unwrap();
        let Bearer::Tokens(tokens) = &bearer else {
            panic!()
        };
        *tokens.token.write().await = Some(Token {
            value: HeaderValue::from_static("Bearer old"),
            fetched_at: Instant::now(),
            renew_at: Instant::now(),
            expires_at: Some(0),
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
