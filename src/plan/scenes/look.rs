//! Reads in every form.

use super::super::generate::Author;
use super::super::suite::Focus;
use crate::case::{AccountRef, Command, Step};

pub(super) fn look(author: &mut Author<'_>) -> Option<()> {
    let cards: Vec<_> = (0..author.story.cards.len()).collect();
    let card = author.dice.pick(&cards)?;
    let (card_ref, letter) = {
        let card = &author.story.cards[card];
        (card.card_ref(), card.account)
    };
    let upper_case = author.dice.chance(25);
    let all = if author.is_focus(Focus::Reads) { 2 } else { 1 };
    let all = u32::from(!author.story.listed_all) * all;
    let mut choices = vec![(10, 0), (8, 1), (3, 2)];
    choices.extend((all > 0).then_some((all, 3)));
    let read = Command::Read(card_ref);
    let list = Command::ListAccount(AccountRef::Own(letter));
    let commands = match author.dice.weighted(choices) {
        0 => vec![read],
        1 => vec![list],
        // One after the other, for they have to agree.
        2 => vec![read, list],
        _ => vec![Command::ListProgramme],
    };
    for command in commands {
        let upper_case = upper_case && command != Command::ListProgramme;
        author.story.tell(Step {
            upper_case,
            ..Step::new(command)
        });
    }
    Some(())
}
