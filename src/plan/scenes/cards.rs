//! Cards come into being, live and end.

use super::super::address;
use super::super::generate::Author;
use super::super::story::after;
use super::super::suite::Focus;
use super::create_step;
use crate::card::{Action, CardStatus};
use crate::case::{Body, Command, Step};

/// How many new cards in a hundred are made to fail.
const FAILED: u32 = 5;

/// How the create of a good card is told.
struct Telling {
    patched: u32,
    issued: u32,
    read: u32,
}

pub(super) fn create(author: &mut Author<'_>) -> Option<()> {
    let (letter, card_type) = author.free_slot();
    let telling = telling(author.focus);
    let mut step = create_step(letter, card_type);
    if author.dice.chance(telling.patched) {
        let countries = author.countries;
        step.body = Body::Patched(author.dice.draw(address::valid_patch(countries)));
    }
    step.upper_case = author.dice.chance(9);
    let card = author.story.create(step, letter, card_type, false);
    author.read_maybe(card, telling.read);
    if author.abilities.simulator && author.dice.chance(FAILED) {
        let step = Step::new(Command::Act(
            Action::Fail,
            author.story.cards[card].card_ref(),
        ));
        author.story.act(card, Action::Fail, step);
        author.read_maybe(card, 75);
    } else if author.dice.chance(telling.issued) {
        issue(author, card);
        author.read_maybe(card, 55);
    }
    Some(())
}

fn telling(focus: Focus) -> Telling {
    let (patched, issued, read) = match focus {
        Focus::Input => (75, 80, 45),
        Focus::Reads => (35, 90, 40),
        Focus::Lifecycle
        | Focus::Limits
        | Focus::Idempotency
        | Focus::Access
        | Focus::Races
        | Focus::Time => (6, 90, 25),
        Focus::Mixed => (22, 90, 30),
    };
    Telling {
        patched,
        issued,
        read,
    }
}

fn issue(author: &mut Author<'_>, card: usize) {
    let card_ref = author.story.cards[card].card_ref();
    author.story.act(
        card,
        Action::Issue,
        Step::new(Command::Act(Action::Issue, card_ref)),
    );
}

/// A second card for a slot. A target may refuse it, or take it and let it fail.
pub(super) fn create_over(author: &mut Author<'_>) -> Option<()> {
    let holder = author.pick_card(|status| !status.is_final())?;
    let (letter, card_type) = {
        let card = &author.story.cards[holder];
        (card.account, card.card_type)
    };
    author.read_maybe(holder, 35);
    let second = author
        .story
        .create(create_step(letter, card_type), letter, card_type, true);
    if author.dice.chance(50) {
        issue(author, second);
        author.read_maybe(second, 60);
    }
    author.list_maybe(letter, 60);
    author.read_maybe(holder, 30);
    Some(())
}

/// One of the actions, on a card whose state allows it.
pub(super) fn act(author: &mut Author<'_>, actions: &[Action]) -> Option<()> {
    let card = author.pick_card(|status| actions.iter().any(|a| after(status, *a).is_some()))?;
    let status = author.story.cards[card].status;
    let allowed: Vec<_> = actions
        .iter()
        .copied()
        .filter(|action| after(status, *action).is_some())
        .collect();
    let action = author.dice.pick(&allowed)?;
    call(author, card, action, 35, 75);
    Some(())
}

/// A call that the state of a card that is still alive doesn't allow, or that has nothing to do.
pub(super) fn misplaced(author: &mut Author<'_>) -> Option<()> {
    let card = author.pick_card(|status| !status.is_final())?;
    let status = author.story.cards[card].status;
    // Whether an issuing card can be terminated is open, which makes it a misplaced call, too.
    let wrong = |action: &Action| {
        after(status, *action).is_none()
            || (status == CardStatus::Issuing && *action == Action::Terminate)
    };
    let actions: Vec<_> = offered(author).into_iter().filter(wrong).collect();
    let action = author.dice.pick(&actions)?;
    call(author, card, action, 50, 85);
    Some(())
}

/// Whatever can be called, on a card that is final.
pub(super) fn on_final(author: &mut Author<'_>) -> Option<()> {
    let card = author.pick_card(CardStatus::is_final)?;
    let holders = Action::ALL.map(|action| {
        let weight = if matches!(
            action,
            Action::Activate | Action::Deactivate | Action::Terminate
        ) {
            4
        } else {
            1
        };
        (weight, action)
    });
    let offered = offered(author);
    let actions = holders.into_iter().filter(|(_, a)| offered.contains(a));
    let action = author.dice.weighted(actions.collect());
    call(author, card, action, 50, 85);
    Some(())
}

fn offered(author: &Author<'_>) -> Vec<Action> {
    let abilities = author.abilities;
    Action::ALL
        .into_iter()
        .filter(|action| match action {
            Action::Issue | Action::Fail => abilities.simulator,
            _ => !action.is_issuers() || abilities.issuer,
        })
        .collect()
}

/// The call, with the card read before and after it so many times in a hundred.
fn call(author: &mut Author<'_>, card: usize, action: Action, before: u32, behind: u32) {
    author.read_maybe(card, before);
    let card_ref = author.story.cards[card].card_ref();
    let mut step = Step::new(Command::Act(action, card_ref));
    step.upper_case = !action.is_issuers() && action != Action::Issue && author.dice.chance(9);
    author.story.act(card, action, step);
    author.read_maybe(card, behind);
}
