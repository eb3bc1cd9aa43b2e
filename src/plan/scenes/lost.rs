//! Answers that are lost on purpose, and what is asked then.

use super::super::generate::Author;
use super::super::story::after;
use super::{create_step, keys};
use crate::card::Action;
use crate::case::{Command, Loss, Step, StepNumber};

const LOSSES: [Loss; 3] = [
    Loss::CutAfterSending,
    Loss::CutWhileReading,
    Loss::GiveUpAfter(0),
];

/// A call without its answer, a look, the retry, and another look.
pub(super) fn lost(author: &mut Author<'_>) -> Option<()> {
    let loss = author.dice.pick(&LOSSES)?;
    let fresh_connection = author.dice.chance(30);
    let lose = |step: Step| Step {
        fresh_connection,
        loss: Some(loss),
        ..step
    };
    match author.pick_card(|status| !status.is_final()) {
        Some(card) if author.dice.chance(55) => {
            const CALLS: [Action; 3] = [Action::Deactivate, Action::Activate, Action::Terminate];
            let status = author.story.cards[card].status;
            let allowed = CALLS.into_iter().filter(|a| after(status, *a).is_some());
            let allowed: Vec<_> = allowed.collect();
            let action = author.dice.pick(&allowed)?;
            author.read_maybe(card, 40);
            let step = Step::new(Command::Act(action, author.story.cards[card].card_ref()));
            author.story.act(card, action, lose(step));
        }
        _ => {
            let (letter, card_type) = author.free_slot();
            let step = lose(create_step(letter, card_type));
            author.story.create(step, letter, card_type, false);
        }
    }
    let sent = StepNumber(author.story.steps.len());
    keys::look_at(author, sent, 45);
    if author.dice.chance(75) {
        author.story.tell(Step {
            fresh_connection: author.dice.chance(30),
            ..Step::new(Command::Retry(sent))
        });
        keys::look_at(author, sent, 75);
    }
    Some(())
}
