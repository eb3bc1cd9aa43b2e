//! Access: everything that proves who sends a request and that it is whole. It sees the whole request; the signature
//! comes last.

pub mod bearer;
pub mod digest;
pub mod key;
mod login;
pub mod signature;
mod target_clock;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use self::bearer::Bearer;
use self::key::SigningKey;
use self::signature::SignatureInput;
use super::client::{Delivery, Pass, Received, Sent};
use super::draft::{Draft, method};
use super::gate::Again;
use super::outgoing::Outgoing;
use super::reply::recorded;
use super::secrets;
use super::setup::Caller;
use super::tamper;
use super::trouble::{Trouble, shown_body};
use crate::case::Flaw;
use crate::profile::{Component, PlainCall, Profile, Signing};
use crate::trace::Response;

const KEY_ADVICE: &str = "Check that the target takes keys at PUT /auth/signing; a key that it knows already goes under [signing] as private_key and key_id, and enabled = false sends requests unsigned";

/// Puts what access needs into requests.
pub struct Access {
    bearer: Bearer,
    signer: Option<Signer>,
}

/// Leave to send requests, and the bearer token that goes with them.
pub struct Entry<'a> {
    pub pass: Pass<'a>,
    pub token: Option<HeaderValue>,
}

impl<'a> Entry<'a> {
    /// Of leave for several requests, the part of one.
    pub fn part(&mut self) -> Entry<'a> {
        Entry {
            pass: self.pass.part(),
            token: self.token.clone(),
        }
    }
}

/// A key, and how it signs.
pub struct Signer {
    key: SigningKey,
    key_id: String,
    components: Vec<Component>,
    longest_age: Option<Duration>,
}

impl Access {
    /// Fetches the token, and registers the key if the target doesn't know it yet.
    pub async fn prepare(profile: &Profile, caller: &Caller) -> Result<Self, Trouble> {
        let mut access = Self::unsigned(Bearer::new(profile, caller).await?);
        let token = access.bearer.header(caller).await?;
        access.take_key(profile, caller, token).await?;
        Ok(access)
    }

    /// Access by the token alone.
    pub fn unsigned(bearer: Bearer) -> Self {
        Self {
            bearer,
            signer: None,
        }
    }

    /// Signs from now on, if the profile says so.
    pub async fn take_key(
        &mut self,
        profile: &Profile,
        caller: &Caller,
        token: Option<HeaderValue>,
    ) -> Result<(), Trouble> {
        if profile.signing.enabled {
            self.signer = Some(Signer::prepare(profile, caller, token).await?);
        }
        Ok(())
    }

    /// The token, as the field has it.
    pub async fn token(&self, caller: &Caller) -> Result<Option<HeaderValue>, Trouble> {
        self.bearer.header(caller).await
    }

    /// Requests are signed.
    pub fn signs(&self) -> bool {
        self.signer.is_some()
    }

    /// The same access by another key, for finding out which key is at fault.
    pub async fn with_fresh_key(&self, profile: &Profile, caller: &Caller) -> Option<Signer> {
        let token = self.bearer.header(caller).await.ok()?;
        let mut fresh = profile.clone();
        fresh.signing = Signing {
            private_key: None,
            key_id: None,
            ..fresh.signing
        };
        Signer::prepare(&fresh, caller, token).await.ok()
    }

    /// Waits until so many requests may be sent at once. Only then are they dressed: a signature made before would have
    /// grown old, and a token might have expired.
    pub async fn enter<'a>(&self, requests: u32, caller: &'a Caller) -> Result<Entry<'a>, String> {
        self.entry(requests, None, caller).await
    }

    /// The same for a request that was put off.
    pub async fn enter_again<'a>(
        &self,
        again: &mut Again,
        caller: &'a Caller,
    ) -> Result<Entry<'a>, String> {
        self.entry(1, Some(again), caller).await
    }

    async fn entry<'a>(
        &self,
        requests: u32,
        mut again: Option<&mut Again>,
        caller: &'a Caller,
    ) -> Result<Entry<'a>, String> {
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let token = self.bearer.header(caller).await;
            let token = token.map_err(|trouble| trouble.to_string())?;
            let pass = match again.as_deref_mut() {
                Some(again) => caller.client.enter_again(again).await?,
                None => caller.client.enter(requests).await?,
            };
            if self.bearer.is_current(token.as_ref()) {
                return Ok(Entry { pass, token });
            }
        }
        Err("a bearer token has to be renewed sooner than [limits] let a request go".to_owned())
    }

    /// Sends a call that is no case's: again where the target puts it off, and once more with another token where it is
    /// refused for its token.
    pub async fn ask(
        &self,
        draft: &Draft,
        headers: HeaderMap,
        caller: &Caller,
    ) -> Result<Response, String> {
        let (used, mut sent) = self.ask_patiently(draft, &headers, caller).await?;
        if let Some(used) = used.filter(|_| sent.is_unauthorized())
            && let Ok(true) = self.bearer.another(&used, caller).await
        {
            (_, sent) = self.ask_patiently(draft, &headers, caller).await?;
            if !sent.is_unauthorized() {
                self.another_was_accepted();
            }
        }
        match sent.received {
            Received::Whole(incoming) => Ok(recorded(incoming, None, &caller.masks)),
            Received::Lost { words, .. } | Received::LetGo(words) => {
                let Draft { method, path, .. } = draft;
                let (base, words) = (caller.base.as_str(), caller.masks.apply(words));
                Err(format!("{method} {base}{path} got no answer: {words}"))
            }
        }
    }

    /// Sends it, again where the target puts it off; and with which token that was.
    pub async fn ask_patiently(
        &self,
        draft: &Draft,
        headers: &HeaderMap,
        caller: &Caller,
    ) -> Result<(Option<HeaderValue>, Sent), String> {
        let mut again = Again::default();
        let mut entry = self.enter(1, caller).await?;
        loop {
            let token = entry.token.clone();
            let mut request = self.dress(draft, None, None, caller, entry.token)?;
            // What the signature covers is settled: these are not in it.
            request.headers.extend(headers.clone());
            let sent = entry.pass.send(request, Delivery::default()).await;
            if sent.received.put_off().is_none() {
                return Ok((token, sent));
            }
            entry = match self.enter_again(&mut again, caller).await {
                Ok(entry) => entry,
                Err(_) => return Ok((token, sent)),
            };
        }
    }

    /// The request that a draft asks for, digested, with its token and signature, and with the flaw if there is one.
    /// `earlier` is the request of the step that the flaw names.
    pub fn dress(
        &self,
        draft: &Draft,
        flaw: Option<Flaw>,
        earlier: Option<&Outgoing>,
        caller: &Caller,
        token: Option<HeaderValue>,
    ) -> Result<Outgoing, String> {
        let mut request = self.clothe(draft, flaw, caller, token)?;
        self.sign(&mut request, flaw, earlier)?;
        Ok(request)
    }

    /// The request that a draft asks for, changed, and signed in a way of its own. The last function gives the address
    /// that is signed, which may be another than the one that is called.
    pub async fn dress_otherwise(
        &self,
        draft: &Draft,
        caller: &Caller,
        signer: Option<&Signer>,
        change: impl FnOnce(&mut Outgoing) -> Result<(), String>,
        sign: impl FnOnce(&mut Outgoing, &mut SignatureInput),
    ) -> Result<Outgoing, String> {
        let token = self.token(caller).await.map_err(|e| e.to_string())?;
        let mut request = self.clothe(draft, None, caller, token)?;
        change(&mut request)?;
        let Some(signer) = signer.or(self.signer.as_ref()) else {
            return Err("nothing is signed".to_owned());
        };
        let (created, key_id) = (self.bearer.target_now(), &signer.key_id);
        let mut input = SignatureInput::new(&signer.components, &request, created, key_id);
        let mut meant = request.clone();
        sign(&mut meant, &mut input);
        signature::sign(&mut meant, &input, &signer.key)?;
        meant.url = request.url;
        Ok(meant)
    }

    /// The request with everything but its signature.
    fn clothe(
        &self,
        draft: &Draft,
        flaw: Option<Flaw>,
        caller: &Caller,
        token: Option<HeaderValue>,
    ) -> Result<Outgoing, String> {
        let mut request = caller.begin(draft)?;
        if draft.body.is_some() {
            let digest = digest::content_digest(caller.digest, &request.bytes());
            request.set("content-digest", &digest)?;
        }
        let token = match flaw {
            Some(Flaw::ExpiredBearer) => Some(self.bearer.expired()?),
            _ => token,
        };
        if let Some(token) = token {
            request.headers.insert(AUTHORIZATION, token);
        }
        Ok(request)
    }

    /// Whether the refusal of a good request with this token may only mean that it has expired, as nobody knows how long it
    /// is good.
    pub async fn may_have_expired(&self, used: &HeaderValue) -> bool {
        self.bearer.may_have_expired(used).await
    }

    /// After `used` was refused: whether there is another token now, with which it is worth trying.
    pub async fn has_another(&self, used: &HeaderValue, caller: &Caller) -> Result<bool, String> {
        self.bearer.another(used, caller).await
    }

    /// Gets another token, though the one before is good.
    pub async fn log_in_again(&self, caller: &Caller) -> Result<(), String> {
        self.bearer.log_in_again(caller).await
    }

    /// Empties the sandbox.
    pub async fn reset(&self, reset: &PlainCall, caller: &Caller) -> Result<(), Trouble> {
        let call = format!("{} {}{}", reset.method, caller.base.as_str(), reset.path);
        let not_reset = |problem| Trouble::NotReset { problem };
        let draft = Draft {
            method: method(&reset.method).map_err(not_reset)?,
            path: reset.path.clone(),
            body: reset.body.as_ref().map(Value::to_string),
            media_type: None,
            encoding: None,
            key: Some(Uuid::new_v4().to_string()),
        };
        let response = self
            .ask(&draft, HeaderMap::new(), caller)
            .await
            .map_err(not_reset)?;
        match response.status {
            200..300 => Ok(()),
            status => Err(not_reset(format!(
                "{call} was answered with {status}{}",
                shown_body(&response.body)
            ))),
        }
    }

    /// Another token was accepted where the one before was refused.
    pub fn another_was_accepted(&self) {
        self.bearer.another_was_accepted();
    }

    /// After the clock was told to move: gets a token that is good now, which also shows whether the clock was moved.
    pub async fn clock_moved(&self, seconds: u64, caller: &Caller) -> Result<(), String> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.bearer.renew(seconds, caller).await
    }

    /// Trouble with the target's access that does not keep anything from being run.
    pub fn trouble(&self) -> Option<&str> {
        self.bearer.doubt()
    }

    fn sign(
        &self,
        request: &mut Outgoing,
        flaw: Option<Flaw>,
        earlier: Option<&Outgoing>,
    ) -> Result<(), String> {
        let unfit = |words| format!("the flaw can't be put into this request: {words}");
        let mut input = None;
        if let Some(signer) = &self.signer {
            let mut created = self.bearer.target_now();
            if flaw == Some(Flaw::StaleSignature) {
                created -= signer.stale_age().map_err(unfit)?;
            }
            let (components, key_id) = (&signer.components, &signer.key_id);
            input = Some(SignatureInput::new(components, request, created, key_id));
        }
        if let Some(flaw) = flaw {
            tamper::before_signing(flaw, request, input.as_mut()).map_err(unfit)?;
        }
        if let (Some(signer), Some(input)) = (&self.signer, &input) {
            match flaw {
                Some(flaw) => tamper::sign(flaw, request, input, &signer.key).map_err(unfit)?,
                None => signature::sign(request, input, &signer.key)?,
            }
        }
        match flaw {
            Some(flaw) => tamper::after_signing(flaw, request, earlier).map_err(unfit),
            None => Ok(()),
        }
    }
}

impl Signer {
    async fn prepare(
        profile: &Profile,
        caller: &Caller,
        token: Option<HeaderValue>,
    ) -> Result<Self, Trouble> {
        let signing = &profile.signing;
        let key = load_key(signing, caller).await?;
        let key_id = match &signing.key_id {
            Some(_) if signing.private_key.is_none() => {
                return Err(Trouble::Unusable {
                    what: "key_id under [signing]".to_owned(),
                    problem: "it names a key, but private_key doesn't say where that is; without key_id a fresh key is made and registered".to_owned(),
                });
            }
            Some(key_id) => key_id.clone(),
            None => register(&key, profile, caller, token).await?,
        };
        Ok(Self {
            key,
            key_id,
            components: signing.components.clone(),
            longest_age: signing.longest_age.map(|age| age.0),
        })
    }

    /// An age in seconds that is too old, by a minute, so that no clock's error matters.
    fn stale_age(&self) -> Result<i64, String> {
        let longest = self
            .longest_age
            .ok_or("the profile states no longest_age under [signing]")?;
        Ok(i64::try_from(longest.as_secs()).unwrap_or(i64::MAX / 2) + 60)
    }
}

/// The key that a profile names, or a fresh one.
pub async fn load_key(signing: &Signing, caller: &Caller) -> Result<SigningKey, Trouble> {
    let Some(secret) = &signing.private_key else {
        return SigningKey::generate().map_err(|problem| Trouble::Machine {
            what: "signing",
            problem: problem.to_owned(),
        });
    };
    let pem = secrets::read("the private key", secret, &caller.masks).await?;
    SigningKey::from_pem(pem.expose_secret()).map_err(|problem| Trouble::Unusable {
        what: format!("the private key in {secret}"),
        problem: problem.to_owned(),
    })
}

async fn register(
    key: &SigningKey,
    profile: &Profile,
    caller: &Caller,
    token: Option<HeaderValue>,
) -> Result<String, Trouble> {
    if let Some(reason) = profile.no_changes() {
        return Err(Trouble::Unusable {
            what: "a key that the target does not know".to_owned(),
            problem: format!(
                "to register it is a change: {reason}; name one that it knows, as private_key and key_id under [signing]"
            ),
        });
    }
    let pem = key.public_pem().map_err(|problem| Trouble::Unusable {
        what: "the private key".to_owned(),
        problem: problem.to_owned(),
    })?;
    let body = json!({ "publicKey": STANDARD.encode(pem) });
    let answer = caller
        .call(Method::PUT, "/auth/signing", &body, token, KEY_ADVICE)
        .await?;
    match answer.value["keyId"].as_str() {
        Some(key_id) if !key_id.is_empty() && key_id.bytes().all(|b| matches!(b, b' '..=b'~')) => {
            Ok(key_id.to_owned())
        }
        Some(_) => Err(answer.not_understood("its `keyId` is not plain ASCII".to_owned())),
        None => Err(answer.not_understood("its body has no `keyId`".to_owned())),
    }
}
