//! Every flaw on every call, and reads that show that nothing changed; and then the same call without one, for a target that
//! refuses everything would pass all the rest.

use super::{Draft, create};
use crate::card::{Action, CardType};
use crate::case::{
    AccountRef, CardRef, Case, Command, Flaw, Hook, Part, Step, StepNumber, SubscriptionRef,
};

/// So many flaws are tried in one case: a target that overlooks one of them is still asked about the others.
const FLAWS_MAX: usize = 6;

/// A call that can be flawed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Create,
    Act(Action),
    Read,
    List,
    ListAll,
    Subscribe,
    Unsubscribe,
    ReadSubscription,
    ListSubscriptions,
}

const TARGETS: [Target; 13] = [
    Target::Create,
    Target::Act(Action::Deactivate),
    Target::Act(Action::Activate),
    Target::Act(Action::Terminate),
    Target::Read,
    Target::List,
    Target::ListAll,
    Target::Act(Action::Issue),
    Target::Act(Action::Fail),
    Target::Subscribe,
    Target::Unsubscribe,
    Target::ReadSubscription,
    Target::ListSubscriptions,
];

/// Flaws that a target may overlook, and then does what is asked: each needs a card of its own.
const OPEN: [Flaw; 6] = [
    Flaw::Uncovered(Part::Authorization),
    Flaw::Uncovered(Part::Key),
    Flaw::OldSignature,
    Flaw::EarlySignature,
    Flaw::BrokenBeforeGood,
    Flaw::BrokenAfterGood,
];

/// These need a clock that is moved, or an age that the profile states, and have cases of their own.
const LATE: [Flaw; 2] = [Flaw::ExpiredBearer, Flaw::StaleSignature];

impl Target {
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Act(action) => action.as_str(),
            Self::Read => "read",
            Self::List => "list",
            Self::ListAll => "list-all",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::ReadSubscription => "read-subscription",
            Self::ListSubscriptions => "list-subscriptions",
        }
    }

    fn is_of_subscriptions(self) -> bool {
        matches!(
            self,
            Self::Subscribe | Self::Unsubscribe | Self::ReadSubscription | Self::ListSubscriptions
        )
    }

    fn can_have(self, flaw: Flaw) -> bool {
        if LATE.contains(&flaw) {
            return false;
        }
        let has_body = matches!(self, Self::Create | Self::Subscribe);
        let modifies = has_body || matches!(self, Self::Act(_) | Self::Unsubscribe);
        (has_body || !flaw.needs_body()) && (modifies || !flaw.needs_key())
    }

    /// The call, on what this step made.
    pub fn command(self, letter: char, made: StepNumber) -> Command {
        let subscription = SubscriptionRef::Made(made);
        match self {
            Self::Create => create(letter, CardType::Virtual),
            Self::Act(action) => Command::Act(action, CardRef::Made(made)),
            Self::Read => Command::Read(CardRef::Made(made)),
            Self::List => Command::ListAccount(AccountRef::Own(letter)),
            Self::ListAll => Command::ListProgramme,
            Self::Subscribe => Command::Hook(Hook::Subscribe),
            Self::Unsubscribe => Command::Hook(Hook::Unsubscribe(subscription)),
            Self::ReadSubscription => Command::Hook(Hook::ReadSubscription(subscription)),
            Self::ListSubscriptions => Command::Hook(Hook::ListSubscriptions),
        }
    }
}

/// The cases of the set.
pub(super) fn cases() -> Vec<Case> {
    let closed: Vec<Flaw> = Flaw::ALL
        .into_iter()
        .filter(|flaw| !OPEN.contains(flaw) && !LATE.contains(flaw) && *flaw != Flaw::OtherDigest)
        .collect();
    let mut cases = Vec::new();
    for target in TARGETS {
        let mut flaws = closed.clone();
        flaws.retain(|flaw| target.can_have(*flaw));
        // Where requests are unsigned, the flaws of the token and the digest are still tried.
        let kind = |flaw: &Flaw| (flaw.is_of_bearer(), flaw.is_of_signature());
        flaws.sort_by_key(|flaw| std::cmp::Reverse(kind(flaw)));
        let alike = flaws.chunk_by(|a, b| kind(a) == kind(b));
        for (index, flaws) in alike.flat_map(|f| f.chunks(FLAWS_MAX)).enumerate() {
            cases.push(refused(target, index + 1, flaws));
        }
        cases.push(of_another_request(target));
        cases.push(perhaps_overlooked(target));
        cases.extend(
            target
                .can_have(Flaw::OtherDigest)
                .then(|| otherwise_digested(target)),
        );
    }
    cases
}

fn flawed(command: Command, flaw: Flaw) -> Step {
    Step {
        flaw: Some(flaw),
        ..Step::new(command)
    }
}

/// A card, or a subscription, on which the call would succeed; where it is the create itself that is flawed, a card beside it.
pub(super) fn prepared(draft: &mut Draft, target: Target, letter: char) -> StepNumber {
    if target.is_of_subscriptions() {
        return draft.ask(Command::Hook(Hook::Subscribe));
    }
    let card_letter = if target == Target::Create {
        'B'
    } else {
        letter
    };
    let card = draft.ask(create(card_letter, CardType::Virtual));
    if let Target::Act(action) = target {
        if !matches!(action, Action::Issue | Action::Fail) {
            draft.ask(Command::Act(Action::Issue, CardRef::Made(card)));
        }
        if action == Action::Activate {
            draft.ask(Command::Act(Action::Deactivate, CardRef::Made(card)));
        }
        draft.read(card);
    }
    card
}

/// What shows whether the call did anything.
pub(super) fn look(draft: &mut Draft, target: Target, letter: char, made: StepNumber) {
    match target {
        Target::Create => drop(draft.list(letter)),
        Target::Act(_) => drop(draft.read(made)),
        Target::Subscribe => drop(draft.ask(Command::Hook(Hook::ListSubscriptions))),
        Target::Unsubscribe => {
            let subscription = SubscriptionRef::Made(made);
            draft.ask(Command::Hook(Hook::ReadSubscription(subscription)));
        }
        Target::Read
        | Target::List
        | Target::ListAll
        | Target::ReadSubscription
        | Target::ListSubscriptions => {}
    }
}

fn refused(target: Target, number: usize, flaws: &[Flaw]) -> Case {
    let mut draft = Draft::default();
    let card = prepared(&mut draft, target, 'A');
    for flaw in flaws {
        draft.tell(flawed(target.command('A', card), *flaw));
        look(&mut draft, target, 'A', card);
    }
    draft.ask(target.command('A', card));
    look(&mut draft, target, 'A', card);
    draft.case(
        format!("flawed-{}-{number}", target.name()),
        format!(
            "A flawed {} is refused and changes nothing, and a good one is taken",
            target.name()
        ),
    )
}

/// The signature of an earlier request, on the path of another one.
fn of_another_request(target: Target) -> Case {
    let mut draft = Draft::default();
    let card = prepared(&mut draft, target, 'A');
    let signed = match target {
        Target::Create
        | Target::Unsubscribe
        | Target::ReadSubscription
        | Target::ListSubscriptions => card,
        Target::Act(_) | Target::List | Target::ListAll => draft.read(card),
        Target::Read => draft.list('A'),
        Target::Subscribe => draft.ask(Command::Hook(Hook::ListSubscriptions)),
    };
    draft.tell(flawed(target.command('A', card), Flaw::SignatureOf(signed)));
    look(&mut draft, target, 'A', card);
    draft.ask(target.command('A', card));
    draft.case(
        format!("replayed-signature-{}", target.name()),
        format!(
            "The signature of another request does not do for a {}",
            target.name()
        ),
    )
}

/// Each on an account of its own.
fn perhaps_overlooked(target: Target) -> Case {
    let mut draft = Draft::default();
    let flaws = OPEN.into_iter().filter(|flaw| target.can_have(*flaw));
    let letters = ['A', 'C', 'D', 'E', 'F', 'G'];
    let is_act = matches!(target, Target::Act(_) | Target::Unsubscribe);
    let mut card = None;
    for (flaw, letter) in flaws.zip(letters) {
        let letter = if is_act || target == Target::Create {
            letter
        } else {
            'A'
        };
        let card = match card {
            Some(card) if !is_act => card,
            _ => *card.insert(prepared(&mut draft, target, letter)),
        };
        draft.tell(flawed(target.command(letter, card), flaw));
        look(&mut draft, target, letter, card);
    }
    draft.case(
        format!("perhaps-refused-{}", target.name()),
        format!(
            "What the RFC leaves to a verifier of a {} is decided always alike",
            target.name()
        ),
    )
}

/// Which digest ties a body to its signature is no part of what is asked: a retry with the other one is a retry.
fn otherwise_digested(target: Target) -> Case {
    let mut draft = Draft::default();
    let other = Some(Flaw::OtherDigest);
    for (letter, at_first, again) in [('A', None, other), ('B', other, None)] {
        let first = draft.tell(Step {
            flaw: at_first,
            ..Step::new(target.command(letter, StepNumber(1)))
        });
        draft.tell(Step {
            flaw: again,
            ..Step::new(Command::Retry(first))
        });
        look(&mut draft, target, letter, first);
    }
    draft.case(
        format!("digested-otherwise-{}", target.name()),
        format!(
            "A {} with a digest by the other algorithm is decided alike, and its retry is a retry",
            target.name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_meets_each_flaw_that_it_can_have() {
        let cases = cases();
        let steps: Vec<&Step> = cases.iter().flat_map(|case| &case.steps).collect();
        for target in TARGETS {
            let verb = |command: &Command| -> String {
                let words = command.to_string();
                let is_name = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
                words.chars().filter(|c| !is_name(*c)).collect()
            };
            let wanted = verb(&target.command('A', StepNumber(1)));
            for flaw in Flaw::ALL
                .into_iter()
                .filter(|flaw| target.can_have(*flaw) && !LATE.contains(flaw))
            {
                let is_it =
                    |step: &&&Step| step.flaw == Some(flaw) && verb(&step.command) == wanted;
                assert!(steps.iter().find(is_it).is_some(), "{wanted} {flaw}");
            }
        }
    }
}
