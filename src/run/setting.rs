//! What a run knows before anything is sent: from the profile, once, so that nobody asks the profile again.

use std::collections::BTreeMap;

use crate::contract::Contract;
use crate::judge::{Judgement, judge};
use crate::plan::Abilities;
use crate::profile::{Credentials, Mistake, Profile};
use crate::report::Demands;
use crate::requirement::{self, Needs, RequirementId};
use crate::trace::{CaseTrace, Header, Issuance, RunId, TRACE_VERSION, Terms};

/// What is known before anything is sent.
pub struct Setting<'a> {
    /// The document.
    pub contract: &'a Contract,
    /// What in it is against the one that comes with cardproof, a line each.
    pub contradictions: Vec<String>,
    /// What the judge must know of the target.
    pub terms: Terms,
    /// The run; absent in a recording that has none.
    pub run: Option<RunId>,
    /// The target's name.
    pub target: String,
    /// Its base URL.
    pub base_url: String,
    /// The seed.
    pub seed: u64,
    /// The suites' names.
    pub suites: Vec<String>,
    /// How many cases to generate, if not the suites' own numbers.
    pub cases: Option<usize>,
    /// Requirements that the user disabled, with the reason.
    pub disabled: BTreeMap<String, String>,
    /// What the target lacks.
    pub lacks: Vec<Needs>,
    /// What the run is asked for beside its verdict.
    pub demands: Demands,
}

impl<'a> Setting<'a> {
    /// What a case shows, but for requirements that the user disabled.
    pub fn judge(&self, trace: &CaseTrace) -> Judgement {
        let mut judgement = judge(self.contract, &self.terms, trace);
        judgement
            .departures
            .retain(|departure| !self.is_disabled(departure.requirement));
        judgement
    }

    pub(super) fn is_disabled(&self, rule: RequirementId) -> bool {
        let mut disabled = self.disabled.keys();
        disabled.any(|text| requirement::find(text).is_ok_and(|found| found.id == rule))
    }

    /// The setting for a target.
    ///
    /// # Errors
    /// When the profile names a requirement or reading that there is not.
    pub fn new(
        contract: &'a Contract,
        profile: &Profile,
        seed: u64,
        suites: Vec<String>,
    ) -> Result<Self, Mistake> {
        profile.check()?;
        Ok(Self {
            contract,
            contradictions: Vec::new(),
            terms: profile.terms(),
            run: Some(RunId::fresh()),
            target: profile.name.clone(),
            base_url: profile.base_url.as_str().to_owned(),
            seed,
            suites,
            cases: None,
            disabled: profile.disabled.clone(),
            lacks: lacks(profile),
            demands: Demands::default(),
        })
    }

    /// What a recording says first, so that it is judged again as it was.
    pub fn header(&self) -> Header {
        Header {
            trace: TRACE_VERSION,
            cardproof: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run,
            target: self.target.clone(),
            base_url: self.base_url.clone(),
            contract: self.contract.digest().to_owned(),
            seed: self.seed,
            suites: self.suites.clone(),
            cases: self.cases,
            terms: self.terms.clone(),
            disabled: self.disabled.clone(),
            lacks: self
                .lacks
                .iter()
                .map(|needs| needs.as_str().to_owned())
                .collect(),
        }
    }

    /// The setting of traffic that others recorded: no suite, and nothing that the target says it lacks.
    pub fn overheard(
        contract: &'a Contract,
        target: String,
        base_url: String,
        terms: Terms,
    ) -> Self {
        Self {
            contract,
            contradictions: Vec::new(),
            terms,
            run: None,
            target,
            base_url,
            seed: 0,
            suites: Vec::new(),
            cases: None,
            disabled: BTreeMap::new(),
            lacks: Vec::new(),
            demands: Demands::default(),
        }
    }

    /// The setting of a recorded run.
    pub fn recorded(contract: &'a Contract, header: &Header) -> Self {
        let needs = |word: &String| Needs::ALL.into_iter().find(|needs| needs.as_str() == word);
        Self {
            contract,
            contradictions: Vec::new(),
            terms: header.terms.clone(),
            run: header.run,
            target: header.target.clone(),
            base_url: header.base_url.clone(),
            seed: header.seed,
            suites: header.suites.clone(),
            cases: header.cases,
            disabled: header.disabled.clone(),
            lacks: header.lacks.iter().filter_map(needs).collect(),
            demands: Demands::default(),
        }
    }
}

/// What the target offers, for the plan.
pub fn abilities(profile: &Profile) -> Abilities {
    let issuer = &profile.sandbox.issuer;
    let changes = profile.no_changes().is_none();
    Abilities {
        // Another way to issue is not held to what the contract says of the simulator.
        simulator: changes && profile.sandbox.simulator && profile.sandbox.issue.is_none(),
        issuance: profile.sandbox.simulator
            || profile.sandbox.issue.is_some()
            || profile.sandbox.issuance == Issuance::Automatic,
        issuer: changes
            && issuer.suspend.is_some()
            && issuer.unsuspend.is_some()
            && issuer.block.is_some(),
        foreign: profile.foreign.account.is_some() && profile.foreign.card.is_some(),
        // Subscribing is a change.
        webhooks: changes && profile.webhooks.is_some(),
        foreign_subscription: profile.foreign.subscription.is_some(),
        // A fixed token would expire with the move, and only a new one shows that the clock was moved.
        clock: profile.is_sandbox()
            && profile.sandbox.clock.is_some()
            && profile.credentials.tells_expiry(),
        signature_age: profile.signing.enabled && profile.signing.longest_age.is_some(),
        bearer: !matches!(profile.credentials, Credentials::None),
        login: profile.credentials.login().is_some(),
        signing: profile.signing.enabled,
        changes,
        foreign_changes: changes && profile.is_sandbox(),
        accounts: changes || !profile.accounts.are_made(),
        at_once: profile.limits.at_once(),
    }
}

fn lacks(profile: &Profile) -> Vec<Needs> {
    let Abilities {
        simulator,
        issuance: _,
        issuer,
        foreign,
        foreign_subscription,
        webhooks,
        clock,
        signature_age,
        bearer,
        login: _,
        signing,
        changes,
        foreign_changes: _,
        accounts: _,
        at_once,
    } = abilities(profile);
    [
        (simulator, Needs::Simulator),
        (issuer, Needs::Issuer),
        (foreign, Needs::Foreign),
        (webhooks, Needs::Webhooks),
        (webhooks && foreign_subscription, Needs::ForeignSubscription),
        (clock, Needs::Clock),
        (signature_age, Needs::SignatureAge),
        (bearer, Needs::Bearer),
        (signing, Needs::Signing),
        (changes, Needs::Changes),
        (at_once.is_none_or(|most| most >= 2), Needs::AtOnce),
    ]
    .into_iter()
    .filter(|(offered, _)| !offered)
    .map(|(_, needs)| needs)
    .collect()
}
