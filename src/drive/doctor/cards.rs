//! A card's way from its making to its end. Whatever was made here is terminated here.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;

use super::accounts::Account;
use super::events::{Watch, Watched};
use super::evidence::Inquiry;
use super::{Changes, Done, Round, Visit};
use crate::card::CardType;
use crate::case::Flaw;
use crate::case::request::standard_request;
use crate::doctor::{Fact, Failure, Step, Trial};
use crate::drive::auth::digest::content_digest;
use crate::drive::auth::signature::SignatureInput;
use crate::drive::draft::{Draft, cards_of, segment};
use crate::drive::outgoing::Outgoing;
use crate::drive::reply::{card_id, recorded};
use crate::drive::witness::Seen;
use crate::profile::{Component, DigestAlgorithm, SuccessCode};
use crate::redact::Masks;
use crate::trace::Issuance;

/// Between two looks at a card that is being issued.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is tried with a card of its own.
pub struct Patient<'v, 'p> {
    visit: &'v Visit<'p>,
    /// Cards that were made here and not yet terminated.
    left: Vec<String>,
}

impl<'v, 'p> Patient<'v, 'p> {
    pub fn new(visit: &'v Visit<'p>) -> Self {
        Self {
            visit,
            left: Vec::new(),
        }
    }

    /// Account, card, its life and its events.
    pub async fn treat(mut self, round: &mut Round<'_>) {
        let makes_account = self.visit.profile.accounts.are_made();
        if let (Changes::Forbidden(why), true) = (&self.visit.changes, makes_account) {
            let why = format!("one would be made, and {why}");
            return round.skip(Step::Account, &why);
        }
        let Some(id) = round.settle(Step::Account, self.visit.account().await) else {
            return;
        };
        let listed = self.visit.account_cards(&id).await;
        let Some(is_used) = round.settle(Step::AccountCards, listed) else {
            return;
        };
        if let Changes::Forbidden(why) = &self.visit.changes {
            return round.skip(Step::Create, why);
        }
        let account = self.visit.roomier(Account { id, is_used }).await;
        let watch = Watch::begin(self.visit, &account.id).await;
        match (
            round.settle(Step::Create, self.create(&account).await),
            watch,
        ) {
            (Some(card), watch) => self.live(round, &card, watch).await,
            (None, Some(Ok(watch))) => watch.withdraw().await,
            (None, _) => {}
        }
        for card in std::mem::take(&mut self.left) {
            // A card that can't be terminated stays; that step has said why.
            drop(
                self.visit
                    .call(&Draft::change(Method::DELETE, card_path(&card)))
                    .await,
            );
        }
    }

    /// From its issuing to its end, and what was told of that.
    async fn live(&mut self, round: &mut Round<'_>, card: &str, watch: Option<Watched<'v, 'p>>) {
        if let Some(Ok(watch)) = &watch {
            watch.claim(card);
        }
        match self.issue(card).await {
            Some(done) => {
                round.settle(Step::Issue, done);
            }
            None => round.skip(Step::Issue, "the profile says that nothing issues cards"),
        }
        round.settle(Step::Read, self.read(card).await);
        round.settle(Step::Terminate, self.terminate(card).await);
        let told = match watch {
            None => return round.skip(Step::Events, "the profile has no [webhooks]"),
            Some(Err(failure)) => Err(failure),
            Some(Ok(watch)) => watch.end().await,
        };
        round.settle(Step::Events, told);
    }

    async fn create(&mut self, account: &Account) -> Done<String> {
        let step = Step::Create;
        let draft = self.create_draft(account);
        let seen = match self.visit.call(&draft).await {
            Ok(seen) => seen,
            Err(words) => return Err(super::signed::unmade(step, self.visit, words)),
        };
        if let Some(card) = id_of(&seen) {
            self.left.push(card.clone());
            return Ok((card.clone(), card));
        }
        let problem = "no card was made";
        let mut inquiry = Inquiry::of(step, self.visit.profile, problem, seen);
        self.visit.note_words(&mut inquiry);
        self.visit.note_accounts(&mut inquiry);
        if account.is_used {
            inquiry.evidence.add(Fact::AccountUsed);
        }
        if matches!(inquiry.seen().and_then(Seen::status), Some(400 | 401 | 403)) {
            self.try_creates(&mut inquiry, account).await;
        }
        Err(inquiry.failure(Some(&self.visit.caller.masks)))
    }

    fn create_draft(&self, account: &Account) -> Draft {
        Draft {
            body: Some(standard_request(CardType::Virtual).to_string()),
            ..Draft::change(Method::POST, cards_of(&account.id))
        }
    }

    /// The create in other ways, until one makes a card.
    async fn try_creates(&mut self, inquiry: &mut Inquiry, account: &Account) {
        let ours = self.visit.caller.digest;
        let other = match ours {
            DigestAlgorithm::Sha256 => DigestAlgorithm::Sha512,
            DigestAlgorithm::Sha512 => DigestAlgorithm::Sha256,
        };
        inquiry.evidence.say("digest", ours.as_str());
        inquiry.evidence.say("other_digest", other.as_str());
        for (trial, flaw) in [
            (Trial::WrongDigest, Flaw::WrongDigest),
            (Trial::NoDigest, Flaw::NoDigest),
        ] {
            let draft = self.create_draft(account);
            let dressed = self.visit.dress(&draft, Some(flaw)).await;
            self.tried(inquiry, trial, dressed).await;
        }
        let keyless = Draft {
            key: None,
            ..self.create_draft(account)
        };
        let dressed = self.visit.dress(&keyless, None).await;
        self.tried(inquiry, Trial::NoKey, dressed).await;
        let redigest = |request: &mut Outgoing| {
            let body = request.body.clone().unwrap_or_default();
            request.set("content-digest", &content_digest(other, body.as_bytes()))
        };
        self.try_create(inquiry, account, Trial::OtherDigest, redigest, |_, _| {})
            .await;
        self.try_create(
            inquiry,
            account,
            Trial::WithoutKey,
            |_| Ok(()),
            |_, input| {
                input.components.retain(|c| c.name() != "idempotency-key");
            },
        )
        .await;
        self.try_create(
            inquiry,
            account,
            Trial::WithContentType,
            |_| Ok(()),
            |_, input| {
                input
                    .components
                    .push(Component::Field("content-type".to_owned()));
            },
        )
        .await;
    }

    async fn try_create(
        &mut self,
        inquiry: &mut Inquiry,
        account: &Account,
        trial: Trial,
        change: impl FnOnce(&mut Outgoing) -> Result<(), String>,
        sign: impl FnOnce(&mut Outgoing, &mut SignatureInput),
    ) {
        if !self.left.is_empty() {
            return;
        }
        let draft = self.create_draft(account);
        let (access, caller) = (&self.visit.access, &self.visit.caller);
        let dressed = access
            .dress_otherwise(&draft, caller, None, change, sign)
            .await;
        self.tried(inquiry, trial, dressed).await;
    }

    async fn tried(
        &mut self,
        inquiry: &mut Inquiry,
        trial: Trial,
        dressed: Result<Outgoing, String>,
    ) {
        let Ok(request) = dressed else { return };
        if !self.left.is_empty() {
            return;
        }
        let seen = self.visit.ask(request).await;
        self.left.extend(id_of(&seen));
        let is_taken = seen.is_success();
        inquiry.tried(trial, &seen, is_taken);
    }

    /// Issues the card, or waits for it; nothing if the profile has no way.
    async fn issue(&self, card: &str) -> Option<Done<()>> {
        let sandbox = &self.visit.profile.sandbox;
        let step = Step::Issue;
        if sandbox.issuance == Issuance::Automatic {
            return Some(self.await_issuance(card).await);
        }
        if !sandbox.simulator {
            return None;
        }
        let failed = |fact| {
            let mut inquiry = Inquiry::new(
                step,
                self.visit.profile,
                "it became active without the simulator",
            );
            inquiry.evidence.add(fact);
            inquiry.failure(Some(&self.visit.caller.masks))
        };
        if self.status(card).await.as_deref() == Some("active") {
            return Some(Err(failed(Fact::IssuedByItself)));
        }
        let path = format!("/simulator{}/issue", card_path(card));
        let seen = match self.visit.call(&Draft::change(Method::PATCH, path)).await {
            Ok(seen) if seen.is_success() => return Some(self.await_issuance(card).await),
            Ok(seen) => seen,
            Err(words) => return Some(Err(super::signed::unmade(step, self.visit, words))),
        };
        if self.status(card).await.as_deref() == Some("active") {
            return Some(Err(failed(Fact::IssuedByItself)));
        }
        let mut inquiry = Inquiry::of(
            step,
            self.visit.profile,
            "the simulator does not issue the card",
            seen,
        );
        inquiry.evidence.add(Fact::Simulator);
        self.visit.note_words(&mut inquiry);
        Some(Err(inquiry.failure(Some(&self.visit.caller.masks))))
    }

    async fn await_issuance(&self, card: &str) -> Done<()> {
        let sandbox = &self.visit.profile.sandbox;
        let (wait, began) = (sandbox.issuance_wait.0, Instant::now());
        loop {
            match self.status(card).await.as_deref() {
                Some("issuing") if began.elapsed() < wait => tokio::time::sleep(LOOK_AGAIN).await,
                Some("issuing") => break,
                Some(status) => {
                    let note = format!("{status} after {} ms", began.elapsed().as_millis());
                    return Ok(((), note));
                }
                None => break,
            }
        }
        let problem = format!("the card is not issued within {wait:?}");
        let mut inquiry = Inquiry::new(Step::Issue, self.visit.profile, problem);
        inquiry.evidence.add(Fact::StillIssuing);
        inquiry.evidence.say("wait", format!("{wait:?}"));
        if sandbox.issuance == Issuance::Automatic {
            inquiry.evidence.add(Fact::SaysAutomatic);
        }
        Err(inquiry.failure(Some(&self.visit.caller.masks)))
    }

    async fn status(&self, card: &str) -> Option<String> {
        let seen = self.visit.call(&Draft::read(card_path(card))).await.ok()?;
        let body: Value = serde_json::from_str(&seen.body()).ok()?;
        Some(body["status"].as_str()?.to_owned())
    }

    async fn read(&self, card: &str) -> Done<()> {
        let seen = self.visit.call(&Draft::read(card_path(card))).await;
        let seen = seen.map_err(|words| super::signed::unmade(Step::Read, self.visit, words))?;
        match seen.is_success() {
            true => Ok(((), String::new())),
            false => Err(self.plain_failure(Step::Read, "the card can't be read", seen)),
        }
    }

    async fn terminate(&mut self, card: &str) -> Done<()> {
        let step = Step::Terminate;
        let seen = self
            .visit
            .call(&Draft::change(Method::DELETE, card_path(card)))
            .await;
        let seen = seen.map_err(|words| super::signed::unmade(step, self.visit, words))?;
        if !seen.is_success() {
            return Err(self.plain_failure(step, "the card can't be terminated", seen));
        }
        self.left.retain(|left| left != card);
        let shows_card = id_of(&seen).is_some();
        let (right, expected) = match self.visit.profile.success.terminate {
            SuccessCode::NoContent => (seen.status() == Some(204), "204"),
            SuccessCode::Card => (
                seen.status() == Some(200) && shows_card,
                "200 with the card",
            ),
        };
        if right {
            return Ok(((), expected.to_owned()));
        }
        let problem = "the card is terminated, but not as the profile says";
        let mut inquiry = Inquiry::of(step, self.visit.profile, problem, seen);
        inquiry.evidence.add(Fact::OtherSuccess);
        inquiry.evidence.say("expected", expected);
        inquiry
            .evidence
            .say("right", if shows_card { "200-with-card" } else { "204" });
        Err(inquiry.failure(Some(&self.visit.caller.masks)))
    }

    fn plain_failure(&self, step: Step, problem: &str, seen: Seen) -> Box<Failure> {
        let mut inquiry = Inquiry::of(step, self.visit.profile, problem, seen);
        self.visit.note_words(&mut inquiry);
        inquiry.failure(Some(&self.visit.caller.masks))
    }
}

impl Visit<'_> {
    /// Reads what is another programme's; nothing if the profile names nothing.
    pub async fn foreign(&self) -> Option<Done<()>> {
        let foreign = &self.profile.foreign;
        let account = foreign
            .account
            .map(|id| ("the foreign account", format!("/accounts/{id}/cards")));
        let card = foreign
            .card
            .map(|id| ("the foreign card", format!("/cards/{id}")));
        let mut codes = Vec::new();
        for (what, path) in account.into_iter().chain(card) {
            let seen = match self.call(&Draft::read(path)).await {
                Ok(seen) => seen,
                Err(words) => return Some(Err(super::signed::unmade(Step::Foreign, self, words))),
            };
            if seen.is_success() {
                let problem = "what should be out of reach is shown";
                let mut inquiry = Inquiry::of(Step::Foreign, self.profile, problem, seen);
                inquiry.evidence.add(Fact::ForeignShown);
                inquiry.evidence.say("what", what);
                return Some(Err(inquiry.failure(Some(&self.caller.masks))));
            }
            codes.push(super::evidence::answer_words(&seen));
        }
        (!codes.is_empty()).then(|| Ok(((), codes.join(", "))))
    }
}

fn card_path(card: &str) -> String {
    format!("/cards/{}", segment(card, false))
}

/// The id of the card that a success shows.
fn id_of(seen: &Seen) -> Option<String> {
    let incoming = seen.incoming()?;
    card_id(&recorded(incoming, None, &Masks::default()))
}
