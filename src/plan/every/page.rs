//! A list that is longer than a page: of an account that had more cards than the usual sizes of pages, one of them still there.

use super::{Draft, create};
use crate::card::{Action, CardType};
use crate::case::{CardRef, Case, Command};

/// More than 100, where pages mostly end.
const CARDS: usize = 101;

/// After so many cards a list shows which of them have failed. Where no card can be terminated while it is issuing, each may
/// have been over the limit or not, and whoever doesn't look has twice as many possible worlds with each card.
const CARDS_UNSEEN: usize = 5;

/// The cases of the set. Cards are terminated as they are made: that takes no simulator, and no waiting.
pub(super) fn cases() -> Vec<Case> {
    let mut draft = Draft::default();
    let kept = draft.ask(create('A', CardType::Physical));
    for made in 1..CARDS {
        let card = draft.ask(create('A', CardType::Virtual));
        draft.ask(Command::Act(Action::Terminate, CardRef::Made(card)));
        if made % CARDS_UNSEEN == 0 && made + 1 < CARDS {
            draft.list('A');
        }
    }
    draft.list('A');
    draft.ask(Command::ListProgramme);
    draft.read(kept);
    let name = format!("list-of-{CARDS}-cards");
    let title = "However many cards came after it, a card is in both lists".to_owned();
    vec![draft.case(name, title)]
}
