//! Idempotency keys: kept, reused, missing, malformed.

use super::super::address;
use super::super::check;
use super::super::generate::Author;
use super::super::story::after;
use super::create_step;
use crate::card::{Action, CardStatus};
use crate::case::{AccountRef, Body, CardRef, Command, KeyUse, Step, StepNumber};

/// Texts that a header can carry and that are no UUIDs.
const MALFORMED_KEYS: [&str; 6] = [
    "",
    "123",
    "not-a-uuid",
    "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8-1",
];

/// The steps that can be sent again under their key and say something by it.
pub(super) fn retryable(author: &Author<'_>) -> Vec<StepNumber> {
    let steps = &author.story.steps;
    let is_retryable = |step: &Step| {
        let plain = check::sends_key(step) && step.flaw.is_none() && step.key == KeyUse::Usual;
        let callable = match check::first_try(steps, step).command {
            Command::Act(Action::Issue | Action::Fail, _) => author.abilities.simulator,
            Command::Act(action, _) => !action.is_issuers(),
            _ => true,
        };
        plain && callable
    };
    (1..=steps.len())
        .filter(|n| is_retryable(&steps[n - 1]))
        .map(StepNumber)
        .collect()
}

/// Of those, the creates with a valid body.
pub(super) fn retryable_creates(author: &Author<'_>) -> Vec<StepNumber> {
    let steps = &author.story.steps;
    let mut creates = retryable(author);
    creates.retain(|number| {
        let step = &steps[number.0 - 1];
        let first = check::first_try(steps, step);
        matches!(
            first.command,
            Command::Create {
                account: AccountRef::Own(_),
                ..
            }
        ) && matches!(first.body, Body::Standard | Body::Patched(_))
            && first.media_type.is_none()
    });
    creates
}

fn pick_late(author: &mut Author<'_>, numbers: &[StepNumber]) -> Option<StepNumber> {
    if author.dice.chance(55) {
        return numbers.last().copied();
    }
    author.dice.pick(numbers)
}

pub(super) fn retry(author: &mut Author<'_>) -> Option<()> {
    if author.dice.chance(25) && late_retry(author).is_some() {
        return Some(());
    }
    let numbers = retryable(author);
    let number = pick_late(author, &numbers)?;
    let mut step = Step::new(Command::Retry(number));
    step.upper_case = author.dice.chance(20);
    author.story.tell(step);
    if author.dice.chance(15) {
        author.tell(Command::Retry(number));
    }
    look_at(author, number, 75);
    Some(())
}

/// A request again under its key, which may be forgotten by now.
pub(super) fn retry_after_a_while(author: &mut Author<'_>) {
    let numbers = retryable(author);
    if let Some(number) = author.dice.pick(&numbers) {
        author.tell(Command::Retry(number));
        look_at(author, number, 90);
    }
}

/// A call is undone, and then retried: done again it would show, while at once it wouldn't.
fn late_retry(author: &mut Author<'_>) -> Option<()> {
    let card = author.pick_card(|s| matches!(s, CardStatus::Active | CardStatus::Inactive))?;
    let (call, back) = match author.story.cards[card].status {
        CardStatus::Active => (Action::Deactivate, Action::Activate),
        _ => (Action::Activate, Action::Deactivate),
    };
    let card_ref = author.story.cards[card].card_ref();
    let step = |action| Step::new(Command::Act(action, card_ref.clone()));
    author.story.act(card, call, step(call));
    let called = StepNumber(author.story.steps.len());
    author.story.act(card, back, step(back));
    author.read_maybe(card, 50);
    author.story.tell(Step {
        upper_case: author.dice.chance(20),
        ..Step::new(Command::Retry(called))
    });
    author.read_maybe(card, 90);
    Some(())
}

pub(super) fn retry_changed(author: &mut Author<'_>) -> Option<()> {
    let numbers = retryable_creates(author);
    let number = pick_late(author, &numbers)?;
    let steps = &author.story.steps;
    let Command::Create { card_type, .. } = check::first_try(steps, &steps[number.0 - 1]).command
    else {
        return None;
    };
    let countries = author.countries;
    let patch = author.dice.draw(address::change(countries, card_type));
    author.story.tell(Step {
        body: Body::Patched(patch),
        ..Step::new(Command::Retry(number))
    });
    look_at(author, number, 75);
    if author.dice.chance(15) {
        // The first payload still has its answer.
        author.tell(Command::Retry(number));
    }
    Some(())
}

/// Looks at what the request of a step concerns: its card, and for a create the account's list.
fn look_at(author: &mut Author<'_>, number: StepNumber, percent: u32) {
    let steps = &author.story.steps;
    let first = check::first_try(steps, &steps[number.0 - 1]).clone();
    match first.command {
        Command::Create {
            account: AccountRef::Own(letter),
            ..
        } => author.list_maybe(letter, percent),
        Command::Act(_, CardRef::Made(maker)) => {
            let card = author
                .story
                .cards
                .iter()
                .position(|card| card.step == maker);
            if let Some(card) = card {
                author.read_maybe(card, percent);
            }
        }
        _ => {}
    }
}

/// A used key on another call, which most likely is refused.
pub(super) fn elsewhere(author: &mut Author<'_>) -> Option<()> {
    let numbers = retryable(author);
    let number = pick_late(author, &numbers)?;
    let key = KeyUse::Of(number);
    if author.dice.chance(30) {
        create_with(author, key);
        return Some(());
    }
    act_with(author, key)
}

pub(super) fn flawed_key(author: &mut Author<'_>) -> Option<()> {
    let key = if author.dice.chance(45) {
        KeyUse::Missing
    } else {
        KeyUse::Text(author.dice.pick(&MALFORMED_KEYS)?.to_owned())
    };
    if author.dice.chance(60) && act_with(author, key.clone()).is_some() {
        return Some(());
    }
    create_with(author, key);
    Some(())
}

fn create_with(author: &mut Author<'_>, key: KeyUse) {
    let (letter, card_type) = author.free_slot();
    let step = Step {
        key,
        ..create_step(letter, card_type)
    };
    // Told without a card: most likely there is none.
    author.story.tell(step);
    author.list_maybe(letter, 85);
}

/// A call that the card's state allows, so that doing it in spite of its key would show.
fn act_with(author: &mut Author<'_>, key: KeyUse) -> Option<()> {
    const HOLDERS: [Action; 3] = [Action::Deactivate, Action::Activate, Action::Terminate];
    let card = author.pick_card(|status| status.is_issued() && !status.is_final())?;
    let status = author.story.cards[card].status;
    let allowed: Vec<_> = HOLDERS
        .into_iter()
        .filter(|action| after(status, *action).is_some())
        .collect();
    let action = author.dice.pick(&allowed)?;
    author.read_maybe(card, 50);
    let card_ref = author.story.cards[card].card_ref();
    author.story.tell(Step {
        key,
        ..Step::new(Command::Act(action, card_ref))
    });
    author.read_maybe(card, 85);
    Some(())
}
