//! What only some targets offer, and which cases need it.

use super::check;
use crate::card::Action;
use crate::case::{AccountRef, CardRef, Case, Command, Flaw, KeyUse, Step, SubscriptionRef};

/// Something that a target may lack without departing from the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ability {
    /// A simulator that issues cards, or lets their issuance fail, when told to.
    Simulator,
    /// Cards that leave `issuing`, in whatever way.
    Issuance,
    /// A way to play the issuer: suspend, unsuspend, block.
    Issuer,
    /// Another programme whose account and card are known.
    Foreign,
    /// Another programme of which a subscription is known.
    ForeignSubscription,
    /// Events, delivered to where the profile says.
    Webhooks,
    /// A clock that can be moved.
    Clock,
    /// A longest age of signatures that the profile states.
    SignatureAge,
    /// Callers that say who they are by a bearer token.
    Bearer,
    /// A login that gives bearer tokens.
    Login,
    /// Signed requests.
    Signing,
    /// Leave to change something.
    Changes,
    /// Leave to send changes that name what another programme has, which a target that departs might carry out.
    ForeignChanges,
    /// Fresh accounts.
    Accounts,
    /// As many requests at once as a race takes.
    AtOnce,
}

impl Ability {
    /// What the target would have to offer, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Simulator => "a simulator that issues cards and lets issuance fail",
            Self::Issuance => {
                "cards that are issued: by themselves, or by a call that the profile names"
            }
            Self::Issuer => "a way to suspend, unsuspend and block as the issuer",
            Self::Foreign => "an account and a card of another programme",
            Self::ForeignSubscription => "a subscription of another programme",
            Self::Webhooks => "webhooks, received where [webhooks] in the profile says",
            Self::Clock => "a clock that can be moved",
            Self::SignatureAge => "a longest age of signatures that the profile states",
            Self::Bearer => "a bearer token",
            Self::Login => "a login that gives bearer tokens ([credentials] in the profile)",
            Self::Signing => "signed requests",
            Self::Changes => {
                "leave to change something: it is no sandbox, and --allow-changes was not given"
            }
            Self::ForeignChanges => {
                "leave to try changes on another programme's account and card: it is no sandbox"
            }
            Self::Accounts => "fresh accounts that can be had without changing something",
            Self::AtOnce => "as many requests at once as the race takes ([limits] in the profile)",
        }
    }
}

/// What the target offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Abilities {
    /// [`Ability::Simulator`].
    pub simulator: bool,
    /// [`Ability::Issuance`].
    pub issuance: bool,
    /// [`Ability::Issuer`].
    pub issuer: bool,
    /// [`Ability::Foreign`].
    pub foreign: bool,
    /// [`Ability::ForeignSubscription`].
    pub foreign_subscription: bool,
    /// [`Ability::Webhooks`].
    pub webhooks: bool,
    /// [`Ability::Clock`].
    pub clock: bool,
    /// [`Ability::SignatureAge`].
    pub signature_age: bool,
    /// [`Ability::Bearer`].
    pub bearer: bool,
    /// [`Ability::Login`].
    pub login: bool,
    /// [`Ability::Signing`].
    pub signing: bool,
    /// [`Ability::Changes`].
    pub changes: bool,
    /// [`Ability::ForeignChanges`].
    pub foreign_changes: bool,
    /// [`Ability::Accounts`].
    pub accounts: bool,
    /// So many requests may go at once; absent: any number.
    pub at_once: Option<usize>,
}

impl Abilities {
    /// A target that offers everything.
    pub const ALL: Self = Self {
        simulator: true,
        issuance: true,
        issuer: true,
        foreign: true,
        foreign_subscription: true,
        webhooks: true,
        clock: true,
        signature_age: true,
        bearer: true,
        login: true,
        signing: true,
        changes: true,
        foreign_changes: true,
        accounts: true,
        at_once: None,
    };

    /// Whether the target offers it.
    pub fn offers(self, ability: Ability) -> bool {
        match ability {
            Ability::Simulator => self.simulator,
            Ability::Issuance => self.issuance,
            Ability::Issuer => self.issuer,
            Ability::Foreign => self.foreign,
            Ability::ForeignSubscription => self.foreign_subscription,
            Ability::Webhooks => self.webhooks,
            Ability::Clock => self.clock,
            Ability::SignatureAge => self.signature_age,
            Ability::Bearer => self.bearer,
            Ability::Login => self.login,
            Ability::Signing => self.signing,
            Ability::Changes => self.changes,
            Ability::ForeignChanges => self.foreign_changes,
            Ability::Accounts => self.accounts,
            Ability::AtOnce => self.at_once.is_none(),
        }
    }

    /// What `case` needs and the target lacks.
    pub fn missing(self, case: &Case) -> Vec<Ability> {
        let is_too_wide = self.at_once.is_some_and(|most| most < case.widest_race());
        let mut needed = needed(case);
        needed.retain(|ability| !self.offers(*ability));
        needed.extend(is_too_wide.then_some(Ability::AtOnce));
        needed
    }
}

/// What `case` needs of a target, sorted.
///
/// A card's first `issue` needs no simulator: without one it means to wait until the card has left `issuing`. Any other
/// `issue` is a call that only a simulator can answer.
pub fn needed(case: &Case) -> Vec<Ability> {
    let mut needed: Vec<_> = (0..case.steps.len())
        .filter_map(|index| needed_by(&case.steps, index))
        .collect();
    if case.steps.iter().any(names_foreign_subscription) {
        needed.push(Ability::ForeignSubscription);
    }
    let has_fresh_token = case.steps.iter().any(|step| step.fresh_token);
    needed.extend(has_fresh_token.then_some(Ability::Login));
    let flaws = case.steps.iter().filter_map(|step| step.flaw);
    for flaw in flaws {
        needed.extend(flaw.is_of_bearer().then_some(Ability::Bearer));
        needed.extend(flaw.is_of_signature().then_some(Ability::Signing));
        needed.extend(needed_by_flaw(flaw));
    }
    for step in case.steps.iter().filter(|step| changes(&case.steps, step)) {
        needed.push(Ability::Changes);
        needed.extend(names_foreign(&case.steps, step).then_some(Ability::ForeignChanges));
    }
    needed.extend((!case.accounts().is_empty()).then_some(Ability::Accounts));
    needed.sort_unstable();
    needed.dedup();
    needed
}

fn names_foreign_subscription(step: &Step) -> bool {
    matches!(&step.command, Command::Hook(hook) if hook.subscription() == Some(SubscriptionRef::Foreign))
}

/// Whether a step might change something.
fn changes(steps: &[Step], step: &Step) -> bool {
    let by_another_method = step.method.as_ref().is_some_and(|method| !method.is_safe());
    by_another_method
        || match &step.command {
            Command::Create { .. }
            | Command::Act(..)
            | Command::Hook(_)
            | Command::MoveClock(_) => true,
            Command::Retry(_) => {
                let first = check::first_try(steps, step);
                !matches!(first.command, Command::Retry(_)) && changes(steps, first)
            }
            Command::Read(_)
            | Command::ListAccount(_)
            | Command::ListProgramme
            | Command::Pause(_) => false,
        }
}

/// Whether it is about what another programme has.
fn names_foreign(steps: &[Step], step: &Step) -> bool {
    match &check::first_try(steps, step).command {
        Command::Create { account, .. } | Command::ListAccount(account) => {
            *account == AccountRef::Foreign
        }
        Command::Read(card) | Command::Act(_, card) => *card == CardRef::Foreign,
        Command::Hook(_) => names_foreign_subscription(step),
        Command::ListProgramme | Command::Retry(_) | Command::Pause(_) | Command::MoveClock(_) => {
            false
        }
    }
}

fn needed_by(steps: &[Step], index: usize) -> Option<Ability> {
    let step = &steps[index];
    let own = match &step.command {
        Command::Create { account, .. } | Command::ListAccount(account) => {
            (*account == AccountRef::Foreign).then_some(Ability::Foreign)
        }
        Command::Read(card) => (*card == CardRef::Foreign).then_some(Ability::Foreign),
        Command::Act(action, _) if action.is_issuers() => Some(Ability::Issuer),
        Command::Act(Action::Fail, _) => Some(Ability::Simulator),
        Command::Act(Action::Issue, card) => {
            let is_plain = is_first_issue(&steps[..index], step, card)
                && step.key == KeyUse::Usual
                && step.method.is_none()
                && step.flaw.is_none();
            Some(match is_plain {
                true => Ability::Issuance,
                false => Ability::Simulator,
            })
        }
        Command::Act(_, card) => (*card == CardRef::Foreign).then_some(Ability::Foreign),
        Command::Retry(_) => needed_by_retry(check::first_try(steps, step)),
        Command::Hook(_) => Some(Ability::Webhooks),
        Command::MoveClock(_) => Some(Ability::Clock),
        Command::ListProgramme | Command::Pause(_) => None,
    };
    own.or_else(|| shares_a_key_of_issue(steps, step).then_some(Ability::Simulator))
}

fn needed_by_flaw(flaw: Flaw) -> Option<Ability> {
    match flaw {
        Flaw::ExpiredBearer => Some(Ability::Clock),
        Flaw::StaleSignature => Some(Ability::SignatureAge),
        _ => None,
    }
}

fn is_first_issue(earlier: &[Step], step: &Step, card: &CardRef) -> bool {
    let CardRef::Made(_) = card else { return false };
    step.flaw.is_none()
        && !earlier.iter().any(|e| match &e.command {
            Command::Act(action, acted) => {
                acted == card && matches!(action, Action::Issue | Action::Fail | Action::Terminate)
            }
            _ => false,
        })
}

fn needed_by_retry(first: &Step) -> Option<Ability> {
    match first.command {
        Command::Act(action, _) if action.is_issuers() => Some(Ability::Issuer),
        Command::Act(Action::Issue | Action::Fail, _) => Some(Ability::Simulator),
        _ => None,
    }
}

fn shares_a_key_of_issue(steps: &[Step], step: &Step) -> bool {
    let KeyUse::Of(keyed) = step.key else {
        return false;
    };
    let first = steps
        .get(keyed.0 - 1)
        .map(|keyed| check::first_try(steps, keyed));
    first.is_some_and(|first| matches!(first.command, Command::Act(Action::Issue, _)))
}
