//! Reads, signed and unsigned; and how else a read might be signed, where ours is refused.

use http::header::AUTHORIZATION;
use serde_json::Value;
use url::Url;

use super::evidence::{Inquiry, answer_words, said};
use super::reach::clock_words;
use super::token::{CLOCK_SLACK_S, audience};
use super::{Changes, Done, Visit};
use crate::case::Flaw;
use crate::doctor::{Fact, Failure, Step, Trial};
use crate::drive::address::Base;
use crate::drive::auth::Signer;
use crate::drive::auth::digest::content_digest;
use crate::drive::auth::signature::{Parameter, SignatureInput};
use crate::drive::draft::Draft;
use crate::drive::outgoing::Outgoing;
use crate::drive::witness::Seen;
use crate::profile::{Component, Credentials};

/// How a request is signed in place of the usual way.
type Otherwise = (
    Trial,
    fn(&mut Outgoing),
    fn(&mut Outgoing, &mut SignatureInput),
);

impl Visit<'_> {
    /// A read as a run sends it.
    pub async fn signed_read(&self) -> Done<()> {
        let seen = match self.call(&Draft::read("/cards")).await {
            Ok(seen) => seen,
            Err(words) => {
                return Err(Inquiry::new(Step::SignedRead, self.profile, words).failure(None));
            }
        };
        if seen.is_success() && !super::evidence::is_html(&seen) {
            let cards: Option<Vec<Value>> = serde_json::from_str(&seen.body()).ok();
            let note = cards.map_or("its body is no list".to_owned(), |cards| {
                format!("{} cards", cards.len())
            });
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
        let token = inquiry
            .seen()
            .and_then(|seen| seen.request.headers.get(AUTHORIZATION));
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
    pub async fn try_bearers(&self, inquiry: &mut Inquiry) {
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
    pub async fn flawed(&self, flaw: Flaw, without_signature: bool) -> Result<Seen, String> {
        let draft = Draft::read("/cards");
        let is_bare = flaw == Flaw::NoSignature && !self.access.signs();
        let flaw = (!is_bare).then_some(flaw);
        let has_no_token = matches!(self.profile.credentials, Credentials::None);
        let flaw = flaw.filter(|flaw| !(has_no_token && flaw.is_of_bearer()));
        let mut request = self.dress(&draft, flaw).await?;
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
            self.try_signed(
                inquiry,
                Trial::CreatedByDate,
                None,
                |_| {},
                |_, input| {
                    input.parameters.retain(|(name, _)| *name != "created");
                    input
                        .parameters
                        .insert(0, ("created", Parameter::Integer(now)));
                },
            )
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
        let draft = Draft::read("/cards");
        let request = self
            .access
            .dress_otherwise(&draft, &self.caller, signer, change, sign);
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
        if let Some(signer) = self.access.with_fresh_key(self.profile, &self.caller).await {
            self.try_signed(inquiry, Trial::FreshKey, Some(&signer), |_| {}, |_, _| {})
                .await;
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
        let failed =
            |words: String| Inquiry::new(Step::UnsignedRead, self.profile, words).failure(None);
        let seen = self
            .flawed(Flaw::NoSignature, false)
            .await
            .map_err(failed)?;
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
}

/// Other ways to sign a read. Each changes one thing.
const WAYS: &[Otherwise] = &[
    (
        Trial::AuthorityAndPath,
        |_| {},
        |_, input| {
            in_place_of_uri(input, &[Component::Authority, Component::Path]);
        },
    ),
    (
        Trial::PathAlone,
        |_| {},
        |_, input| in_place_of_uri(input, &[Component::Path]),
    ),
    (
        Trial::AuthorityAlone,
        |_| {},
        |_, input| in_place_of_uri(input, &[Component::Authority]),
    ),
    (
        Trial::UriOtherScheme,
        |_| {},
        |meant, _| {
            let uri = meant.url.as_str();
            if let Some((scheme, rest)) = uri.split_once("://") {
                let other = format!("{}://{rest}", super::evidence::other_scheme(scheme));
                readdress(meant, &other);
            }
        },
    ),
    (
        Trial::UriShorterPath,
        |_| {},
        |meant, _| {
            let shorter = meant.url.path().splitn(3, '/').nth(2).map(str::to_owned);
            if let Some(path) = shorter {
                let site = format!("{}://{}", meant.url.scheme(), meant.url.authority());
                readdress(meant, &format!("{site}/{path}"));
            }
        },
    ),
    (
        Trial::NoAlgorithm,
        |_| {},
        |_, input| {
            input.parameters.retain(|(name, _)| *name != "alg");
        },
    ),
    (
        Trial::WithoutAuthorization,
        |_| {},
        |_, input| {
            input
                .components
                .retain(|component| component.name() != "authorization");
        },
    ),
    (
        Trial::UsualComponents,
        |_| {},
        |meant, input| {
            let usual = crate::profile::Signing::default().components;
            input.components = usual
                .into_iter()
                .filter(|component| meant.has(component))
                .collect();
        },
    ),
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
    match input
        .components
        .iter()
        .position(|c| *c == Component::TargetUri)
    {
        Some(at) => drop(input.components.splice(at..=at, components)),
        None => input.components.extend(components),
    }
}

fn readdress(request: &mut Outgoing, url: &str) {
    if let Ok(address) = Base::new(url).address("") {
        request.url = address;
    }
}

/// The failure of a step whose request could not even be made.
pub fn unmade(step: Step, visit: &Visit<'_>, words: String) -> Box<Failure> {
    Inquiry::new(step, visit.profile, words).failure(Some(&visit.caller.masks))
}
