//! Token, key, and whether a signed read is accepted; what else would be, where it is not.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::evidence::{Inquiry, answer_words, said};
use super::reach::{clock_words, read};
use super::{Changes, Done, Visit, secrets};
use crate::case::Flaw;
use crate::doctor::{Fact, Failure, Step, Trial};
use crate::drive::address::Base;
use crate::drive::auth::digest::content_digest;
use crate::drive::auth::signature::{Parameter, SignatureInput};
use crate::drive::auth::{Signer, load_key};
use crate::drive::outgoing::Outgoing;
use crate::drive::witness::Seen;
use crate::profile::{Component, Credentials};

/// Clocks that differ by less are as good as equal.
pub const CLOCK_SLACK_S: i64 = 5;

/// How a request is signed in place of the usual way.
type Otherwise = (Trial, fn(&mut Outgoing), fn(&mut Outgoing, &mut SignatureInput));

impl Visit<'_> {
    /// Fetches the token, or looks at the one that is there.
    pub async fn token(&mut self) -> Done<()> {
        let fetched = self.access.token(&self.caller).await;
        let seen = self.witnessed();
        match (fetched, &self.profile.credentials) {
            (Ok(_), Credentials::None) => Ok(((), "the profile gives none".to_owned())),
            (Ok(token), Credentials::Login { .. }) => {
                let seen_clock = seen.as_ref().and_then(|seen| seen.header("date"));
                self.ahead = seen_clock
                    .and_then(crate::drive::setup::epoch)
                    .map(|date| date - jiff::Timestamp::now().as_second())
                    .or(self.ahead);
                Ok(((), self.token_note(token.as_ref())))
            }
            (Ok(token), Credentials::Token(_)) => self.fixed_token(token.as_ref()),
            (Err(trouble), _) => {
                let problem = "no token";
                let mut inquiry = match seen {
                    Some(seen) => Inquiry::of(Step::Token, self.profile, problem, seen),
                    None => Inquiry::new(Step::Token, self.profile, problem),
                };
                self.look_into_login(&mut inquiry, &trouble.to_string()).await;
                Err(inquiry.failure(Some(&self.caller.masks)))
            }
        }
    }

    fn fixed_token(&self, token: Option<&HeaderValue>) -> Done<()> {
        let now = jiff::Timestamp::now().as_second() + self.ahead.unwrap_or(0);
        let expired = claims(token)
            .and_then(|claims| claims["exp"].as_i64())
            .filter(|exp| *exp <= now);
        let Some(exp) = expired else {
            return Ok(((), self.token_note(token)));
        };
        let problem = "the token has expired by its own word";
        let mut inquiry = Inquiry::new(Step::Token, self.profile, problem);
        inquiry.evidence.add(Fact::TokenExpired);
        inquiry.evidence.say("expired", format!("{} s ago (`exp` is {exp})", now - exp));
        Err(inquiry.failure(None))
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
        format!("{form}{}{}", expiry.unwrap_or_default(), clock.unwrap_or_default())
    }

    async fn look_into_login(&self, inquiry: &mut Inquiry, words: &str) {
        let Credentials::Login { api_key, api_secret } = &self.profile.credentials else {
            inquiry.evidence.add(Fact::NoHeaderText);
            return;
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
        let clock = clock.map_or(String::new(), |ahead| format!("; its clock is {}", clock_words(ahead)));
        inquiry.evidence.say("clock", clock);
        let lacks = words.split_once(", but ").map_or(words, |(_, lacks)| lacks);
        let lacks = lacks.split(". ").next().unwrap_or(lacks);
        let body = inquiry.seen().map(Seen::body).unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let names: Vec<&str> = body.as_object().into_iter().flatten().map(|(n, _)| n.as_str()).collect();
        let has = if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) };
        inquiry.evidence.say("lacks", format!("{lacks}{has}"));
    }

    async fn try_logins(&self, inquiry: &mut Inquiry, key: &str, secret: &str) {
        if secrets::white_space(&self.profile.credentials).is_some() {
            let body = json!({ "apiKey": key.trim(), "apiSecret": secret.trim() });
            self.try_login(inquiry, Trial::SecretsTrimmed, &body, false).await;
        }
        if uuid::Uuid::try_parse(secret.trim()).is_ok() {
            let body = json!({ "apiKey": secret, "apiSecret": key });
            self.try_login(inquiry, Trial::SecretsSwapped, &body, false).await;
        }
        let body = json!({ "apiKey": key, "apiSecret": secret });
        self.try_login(inquiry, Trial::OtherSetup, &body, true).await;
    }

    async fn try_login(&self, inquiry: &mut Inquiry, trial: Trial, body: &Value, other_setup: bool) {
        self.try_setup_call(inquiry, trial, Method::POST, "/auth/token", body, other_setup).await;
    }

    /// A set-up call with another body, or with the other set of header fields.
    async fn try_setup_call(
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
        let Ok(mut request) = self.caller.outgoing(method, path, body, bearer) else {
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
        request.set("content-digest", &digest).is_ok() && request.set("idempotency-key", &key).is_ok()
    }

    /// Makes the key known, or takes the id that the profile gives.
    pub async fn key(&mut self) -> Done<()> {
        let signing = &self.profile.signing;
        let token = self.access.token(&self.caller).await.ok().flatten();
        let taken = self.access.take_key(signing, &self.caller, token).await;
        let Err(trouble) = taken else {
            let note = match (signing.enabled, &signing.key_id) {
                (false, _) => "the profile says that nothing is signed".to_owned(),
                (true, Some(key_id)) => format!("the profile says that it is {key_id}"),
                (true, None) => "it was registered now".to_owned(),
            };
            return Ok(((), note));
        };
        let problem = "the target does not take our key";
        let mut inquiry = match self.witnessed() {
            Some(seen) => Inquiry::of(Step::Key, self.profile, problem, seen),
            None => Inquiry::new(Step::Key, self.profile, trouble.to_string()),
        };
        self.note_words(&mut inquiry);
        match inquiry.seen().and_then(Seen::status) {
            Some(200..=299) => {
                let words = trouble.to_string();
                let lacks = words.split_once(", but ").map_or(words.as_str(), |(_, lacks)| lacks);
                inquiry.evidence.say("lacks", lacks.split(" and `").next().unwrap_or(lacks));
                inquiry.evidence.add(Fact::NotUnderstood);
            }
            Some(401 | 403) => self.try_bearers_alone(&mut inquiry).await,
            Some(400 | 415 | 422) => self.try_keys(&mut inquiry).await,
            _ => {}
        }
        Err(inquiry.failure(Some(&self.caller.masks)))
    }

    /// The key in other forms. Whichever is taken is registered, as ours would have been.
    async fn try_keys(&self, inquiry: &mut Inquiry) {
        let key = load_key(&self.profile.signing).ok();
        let Some(pem) = key.and_then(|key| key.public_pem().ok()) else {
            return;
        };
        let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let call = (Method::PUT, "/auth/signing");
        for (trial, text, other_setup) in [
            (Trial::KeyAsDer, der, false),
            (Trial::KeyAsPem, pem.clone(), false),
            (Trial::OtherSetup, STANDARD.encode(&pem), true),
        ] {
            let body = json!({ "publicKey": text });
            self.try_setup_call(inquiry, trial, call.0.clone(), call.1, &body, other_setup).await;
        }
    }

    /// Which tokens are told apart, by reads: a registration must not be repeated with a token that might be taken.
    async fn try_bearers_alone(&self, inquiry: &mut Inquiry) {
        let Ok(ours) = self.flawed(Flaw::NoSignature, false).await else {
            return;
        };
        let reads = Inquiry::of(Step::Key, self.profile, "", ours);
        let mut reads = reads;
        self.try_bearers(&mut reads).await;
        inquiry.take_trials(reads);
    }

    /// A read as a run sends it.
    pub async fn signed_read(&self) -> Done<()> {
        let seen = match self.call(&read("/cards")).await {
            Ok(seen) => seen,
            Err(words) => return Err(Inquiry::new(Step::SignedRead, self.profile, words).failure(None)),
        };
        if seen.is_success() && !super::evidence::is_html(&seen) {
            let cards: Option<Vec<Value>> = serde_json::from_str(&seen.body()).ok();
            let note = cards.map_or("its body is no list".to_owned(), |cards| format!("{} cards", cards.len()));
            return Ok(((), note));
        }
        let problem = "a read that we signed is not accepted";
        let mut inquiry = Inquiry::of(Step::SignedRead, self.profile, problem, seen);
        self.note_words(&mut inquiry);
        if matches!(inquiry.seen().and_then(Seen::status), Some(400 | 401 | 403)) {
            self.try_bearers(&mut inquiry).await;
            if self.access.signs() {
                self.try_signatures(&mut inquiry).await;
            }
        }
        Err(inquiry.failure(Some(&self.caller.masks)))
    }

    /// What causes are told with: the clocks, the token's audience, what the target says itself.
    pub fn note_words(&self, inquiry: &mut Inquiry) {
        let said = inquiry.seen().map(|seen| said(seen, &self.caller.masks));
        inquiry.evidence.say("said", said.unwrap_or_default());
        if let Some(ahead) = self.ahead.filter(|ahead| ahead.abs() > CLOCK_SLACK_S) {
            inquiry.evidence.add(Fact::ClocksDiffer);
            inquiry.evidence.say("clock", clock_words(ahead));
        }
        if self.profile.signing.key_id.is_none() {
            inquiry.evidence.add(Fact::KeyRegistered);
        }
        let token = inquiry.seen().and_then(|seen| seen.request.headers.get(AUTHORIZATION));
        let audience = audience(token, self.profile.base_url.as_str());
        if matches!(self.profile.credentials, Credentials::None) {
            inquiry.evidence.add(Fact::NoToken);
        }
        if let Some(audience) = audience {
            inquiry.evidence.add(Fact::TokenForOthers);
            inquiry.evidence.say("audience", audience);
        }
    }

    /// Without a token, with a wrong one, and with ours alone.
    async fn try_bearers(&self, inquiry: &mut Inquiry) {
        for (trial, flaw, without) in [
            (Trial::NoBearer, Flaw::NoBearer, true),
            (Trial::WrongBearer, Flaw::WrongBearer, true),
            (Trial::Unsigned, Flaw::NoSignature, false),
        ] {
            if let Ok(seen) = self.flawed(flaw, without).await {
                let is_taken = seen.is_success();
                inquiry.tried(trial, &seen, is_taken);
            }
        }
    }

    /// A read with a flaw, and without a signature if that is no flaw of its own.
    async fn flawed(&self, flaw: Flaw, without_signature: bool) -> Result<Seen, String> {
        let draft = read("/cards");
        let is_bare = flaw == Flaw::NoSignature && !self.access.signs();
        let flaw = (!is_bare).then_some(flaw);
        let has_no_token = matches!(self.profile.credentials, Credentials::None);
        let flaw = flaw.filter(|flaw| !(has_no_token && flaw.is_of_bearer()));
        let mut request = self.access.dress(&draft, flaw, None, &self.caller).await?;
        if without_signature {
            request.headers.remove("signature");
            request.headers.remove("signature-input");
        }
        Ok(self.ask(request).await)
    }

    /// Broken on purpose, and then in every other way that a target may want it.
    async fn try_signatures(&self, inquiry: &mut Inquiry) {
        for (trial, flaw) in [
            (Trial::BrokenSignature, Flaw::BrokenSignature),
            (Trial::UnknownKeyId, Flaw::UnknownKeyId),
        ] {
            if let Ok(seen) = self.flawed(flaw, false).await {
                let is_taken = seen.is_success();
                inquiry.tried(trial, &seen, is_taken);
            }
        }
        if let Some(ahead) = self.ahead.filter(|ahead| ahead.abs() > CLOCK_SLACK_S) {
            let now = jiff::Timestamp::now().as_second() + ahead;
            self.try_signed(inquiry, Trial::CreatedByDate, None, |_| {}, |_, input| {
                input.parameters.retain(|(name, _)| *name != "created");
                input.parameters.insert(0, ("created", Parameter::Integer(now)));
            })
            .await;
        }
        for (trial, change, sign) in WAYS {
            self.try_signed(inquiry, *trial, None, change, sign).await;
        }
        self.say_cut(inquiry);
        self.try_fresh_key(inquiry).await;
    }

    async fn try_signed(
        &self,
        inquiry: &mut Inquiry,
        trial: Trial,
        signer: Option<&Signer>,
        change: impl FnOnce(&mut Outgoing),
        sign: impl FnOnce(&mut Outgoing, &mut SignatureInput),
    ) {
        let change = |request: &mut Outgoing| {
            change(request);
            Ok(())
        };
        let draft = read("/cards");
        let request = self.access.dress_otherwise(&draft, &self.caller, signer, change, sign);
        if let Ok(request) = request.await {
            let seen = self.ask(request).await;
            let is_taken = seen.is_success();
            inquiry.tried(trial, &seen, is_taken);
        }
    }

    /// A key of our own tells whether the profile's is at fault. It is registered, so only where that may be.
    async fn try_fresh_key(&self, inquiry: &mut Inquiry) {
        let signing = &self.profile.signing;
        if signing.key_id.is_none() || self.changes != Changes::Allowed {
            return;
        }
        if let Some(signer) = self.access.with_fresh_key(signing, &self.caller).await {
            self.try_signed(inquiry, Trial::FreshKey, Some(&signer), |_| {}, |_, _| {}).await;
        }
    }

    fn say_cut(&self, inquiry: &mut Inquiry) {
        let path = Url::parse(self.profile.base_url.as_str());
        let first = path.ok().and_then(|url| {
            let first = url.path().split('/').nth(1)?;
            Some(format!("/{first}"))
        });
        inquiry.evidence.say("cut", first.unwrap_or_default());
    }

    /// A read that nobody signed.
    pub async fn unsigned_read(&self) -> Done<()> {
        let failed = |words: String| Inquiry::new(Step::UnsignedRead, self.profile, words).failure(None);
        let seen = self.flawed(Flaw::NoSignature, false).await.map_err(failed)?;
        if !seen.is_success() {
            return Ok(((), answer_words(&seen)));
        }
        let problem = "a read that nobody signed is accepted";
        let mut inquiry = Inquiry::of(Step::UnsignedRead, self.profile, problem, seen);
        self.note_words(&mut inquiry);
        if let Ok(seen) = self.flawed(Flaw::NoBearer, true).await {
            let is_taken = seen.is_success();
            inquiry.tried(Trial::NoBearer, &seen, is_taken);
        }
        Err(inquiry.failure(Some(&self.caller.masks)))
    }

    fn witnessed(&self) -> Option<Seen> {
        self.caller.client.witness.as_ref()?.take()
    }
}

/// Other ways to sign a read. Each changes one thing.
const WAYS: &[Otherwise] = &[
    (Trial::AuthorityAndPath, |_| {}, |_, input| {
        in_place_of_uri(input, &[Component::Authority, Component::Path]);
    }),
    (Trial::PathAlone, |_| {}, |_, input| in_place_of_uri(input, &[Component::Path])),
    (Trial::AuthorityAlone, |_| {}, |_, input| in_place_of_uri(input, &[Component::Authority])),
    (Trial::UriOtherScheme, |_| {}, |meant, _| {
        let uri = meant.url.as_str();
        if let Some((scheme, rest)) = uri.split_once("://") {
            let other = format!("{}://{rest}", super::evidence::other_scheme(scheme));
            readdress(meant, &other);
        }
    }),
    (Trial::UriShorterPath, |_| {}, |meant, _| {
        let shorter = meant.url.path().splitn(3, '/').nth(2).map(str::to_owned);
        if let Some(path) = shorter {
            let site = format!("{}://{}", meant.url.scheme(), meant.url.authority());
            readdress(meant, &format!("{site}/{path}"));
        }
    }),
    (Trial::NoAlgorithm, |_| {}, |_, input| {
        input.parameters.retain(|(name, _)| *name != "alg");
    }),
    (Trial::WithoutAuthorization, |_| {}, |_, input| {
        input.components.retain(|component| component.name() != "authorization");
    }),
    (Trial::UsualComponents, |_| {}, |meant, input| {
        let usual = crate::profile::Signing::default().components;
        input.components = usual.into_iter().filter(|component| meant.has(component)).collect();
    }),
    (
        Trial::DigestOfNothing,
        |request| {
            let digest = content_digest(crate::profile::DigestAlgorithm::Sha256, b"");
            // Base64 fits into a header field.
            drop(request.set("content-digest", &digest));
        },
        |_, _| {},
    ),
];

/// Covers these where `@target-uri` was.
fn in_place_of_uri(input: &mut SignatureInput, components: &[Component]) {
    let components = components.iter().cloned();
    match input.components.iter().position(|c| *c == Component::TargetUri) {
        Some(at) => drop(input.components.splice(at..=at, components)),
        None => input.components.extend(components),
    }
}

fn readdress(request: &mut Outgoing, url: &str) {
    if let Ok(address) = Base::new(url).address("") {
        request.url = address;
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
fn audience(token: Option<&HeaderValue>, base_url: &str) -> Option<String> {
    let claims = claims(token)?;
    let host = Url::parse(base_url).ok()?.host_str()?.to_owned();
    let audience = match &claims["aud"] {
        Value::Array(all) => all.first()?.as_str()?.to_owned(),
        aud => aud.as_str().or_else(|| claims["iss"].as_str())?.to_owned(),
    };
    (!audience.contains(&host)).then_some(audience)
}

/// The failure of a step whose request could not even be made.
pub fn unmade(step: Step, visit: &Visit<'_>, words: String) -> Box<Failure> {
    Inquiry::new(step, visit.profile, words).failure(Some(&visit.caller.masks))
}
