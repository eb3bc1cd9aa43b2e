//! Access: everything that proves who sends a request and that it is whole. It sees the whole request; the signature
//! comes last.

pub mod bearer;
pub mod digest;
pub mod key;
pub mod signature;
mod target_clock;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::ExposeSecret;
use serde_json::json;

use self::bearer::Bearer;
use self::key::SigningKey;
use self::signature::SignatureInput;
use self::target_clock::TargetClock;
use super::client::{Delivery, Pass, Received};
use super::draft::Draft;
use super::gate::Again;
use super::outgoing::Outgoing;
use super::setup::Caller;
use super::tamper;
use super::trouble::Trouble;
use crate::case::Flaw;
use crate::profile::{Component, ExtraHeaders, HeaderText, Profile, Signing};
use crate::trace::RunId;

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

struct Signer {
    key: SigningKey,
    key_id: String,
    components: Vec<Component>,
    longest_age: Option<Duration>,
}

impl Access {
    /// Fetches the token, and registers the key if the target doesn't know it yet.
    pub async fn prepare(profile: &Profile, caller: &Caller) -> Result<Self, Trouble> {
        let clock = TargetClock::new(profile.sandbox.clock.is_some());
        let bearer = Bearer::new(&profile.credentials, clock, caller)?;
        let token = bearer.header(caller).await?;
        let signer = match profile.signing.enabled {
            true => Some(Signer::prepare(&profile.signing, caller, token).await?),
            false => None,
        };
        Ok(Self { bearer, signer })
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

    /// Sends a request that is not judged, again where the target puts it off.
    pub async fn ask(&self, draft: &Draft, caller: &Caller) -> Result<Received, String> {
        let mut again = Again::default();
        let mut entry = self.enter(1, caller).await?;
        loop {
            let request = self.dress(draft, None, None, caller, entry.token)?;
            let sent = entry.pass.send(request, Delivery::default()).await;
            if sent.received.put_off().is_none() {
                return Ok(sent.received);
            }
            entry = match self.enter_again(&mut again, caller).await {
                Ok(entry) => entry,
                Err(_) => return Ok(sent.received),
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
        let mut request = Outgoing::new(&caller.base, draft)?;
        if !caller.extra.is_empty() {
            request.headers.extend(caller.extra.clone());
        }
        if let Some(body) = &draft.body {
            let digest = digest::content_digest(caller.digest, body.as_bytes());
            request.set("content-digest", &digest)?;
        }
        let token = match flaw {
            Some(Flaw::ExpiredBearer) => Some(self.bearer.expired()?),
            _ => token,
        };
        if let Some(token) = token {
            request.headers.insert(http::header::AUTHORIZATION, token);
        }
        self.sign(&mut request, flaw, earlier)?;
        Ok(request)
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
        signing: &Signing,
        caller: &Caller,
        token: Option<HeaderValue>,
    ) -> Result<Self, Trouble> {
        let key = load_key(signing)?;
        let key_id = match &signing.key_id {
            Some(_) if signing.private_key.is_none() => {
                return Err(Trouble::Unusable {
                    what: "key_id under [signing]".to_owned(),
                    problem: "it names a key, but private_key doesn't say where that is; without key_id a fresh key is made and registered".to_owned(),
                });
            }
            Some(key_id) => key_id.clone(),
            None => register(&key, caller, token).await?,
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

fn load_key(signing: &Signing) -> Result<SigningKey, Trouble> {
    let Some(secret) = &signing.private_key else {
        return SigningKey::generate().map_err(|problem| Trouble::Machine {
            what: "signing",
            problem: problem.to_owned(),
        });
    };
    let pem = secret.read().map_err(|source| Trouble::Secret {
        what: "the private key",
        source,
    })?;
    SigningKey::from_pem(pem.expose_secret()).map_err(|problem| Trouble::Unusable {
        what: format!("the private key in {secret}"),
        problem: problem.to_owned(),
    })
}

async fn register(
    key: &SigningKey,
    caller: &Caller,
    token: Option<HeaderValue>,
) -> Result<String, Trouble> {
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

/// The run's own header field.
const RUN: HeaderName = HeaderName::from_static("x-cardproof-run");

/// The header fields beside those of the contract: the run's, and those of a profile, secrets marked so that they are not
/// printed. A signature covers them only where the profile says so.
pub fn extra_headers(
    headers: &ExtraHeaders,
    run: Option<RunId>,
    caller_masks: &crate::redact::Masks,
) -> Result<HeaderMap, Trouble> {
    let mut map = HeaderMap::new();
    let run = run.map(|run| HeaderValue::from_str(&run.to_string()));
    map.extend(run.and_then(Result::ok).map(|run| (RUN, run)));
    for (name, text) in &headers.0 {
        let unusable = |problem: &str| Trouble::Unusable {
            what: format!("the header field {name}"),
            problem: problem.to_owned(),
        };
        let field: HeaderName = name
            .parse()
            .map_err(|_| unusable("that is no name of one"))?;
        let value = match text {
            HeaderText::Plain(text) => HeaderValue::from_str(text),
            HeaderText::Secret(secret) => {
                let secret = secret.read().map_err(|source| Trouble::Secret {
                    what: "the value of a header field",
                    source,
                })?;
                caller_masks.add(secret.expose_secret());
                HeaderValue::from_str(secret.expose_secret()).map(|mut value| {
                    value.set_sensitive(true);
                    value
                })
            }
        };
        map.insert(
            field,
            value.map_err(|_| unusable("its value holds characters that none may hold"))?,
        );
    }
    Ok(map)
}
