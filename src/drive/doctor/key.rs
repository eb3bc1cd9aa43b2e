//! The key: registered, or known by its id; and in which other form the target would take it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::json;

use super::evidence::Inquiry;
use super::{Done, Visit};
use crate::case::Flaw;
use crate::doctor::{Fact, Step, Trial};
use crate::drive::auth::load_key;
use crate::drive::witness::Seen;

impl Visit<'_> {
    /// Makes the key known, or takes the id that the profile gives.
    pub async fn key(&mut self) -> Done<()> {
        let signing = &self.profile.signing;
        let token = self.access.token(&self.caller).await.ok().flatten();
        let taken = self
            .access
            .take_key(self.profile, &self.caller, token)
            .await;
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
                let lacks = words
                    .split_once(", but ")
                    .map_or(words.as_str(), |(_, lacks)| lacks);
                inquiry
                    .evidence
                    .say("lacks", lacks.split(" and `").next().unwrap_or(lacks));
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
        let key = load_key(&self.profile.signing, &self.caller).await.ok();
        let Some(pem) = key.and_then(|key| key.public_pem().ok()) else {
            return;
        };
        let der: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let call = (Method::PUT, "/auth/signing");
        for (trial, text, other_setup) in [
            (Trial::KeyAsDer, der, false),
            (Trial::KeyAsPem, pem.clone(), false),
            (Trial::OtherSetup, STANDARD.encode(&pem), true),
        ] {
            let body = json!({ "publicKey": text });
            self.try_setup_call(inquiry, trial, call.0.clone(), call.1, &body, other_setup)
                .await;
        }
    }

    /// Which tokens are told apart, by reads: a registration must not be repeated with a token that might be taken.
    async fn try_bearers_alone(&self, inquiry: &mut Inquiry) {
        let Ok(ours) = self.flawed(Flaw::NoSignature, false).await else {
            return;
        };
        let mut reads = Inquiry::of(Step::Key, self.profile, "", ours);
        self.try_bearers(&mut reads).await;
        inquiry.take_trials(reads);
    }
}
