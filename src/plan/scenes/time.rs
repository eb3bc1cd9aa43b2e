//! The target's clock moves: past the ends of keys and tokens, and far enough for a sweep to come round.

use super::super::generate::Author;
use super::{flaws, keys};
use crate::case::{Command, Step};

/// By how much, and how often: within a key's hour, past it, a day, a month.
const MOVES: [(u32, u64); 6] = [
    (2, 660),
    (3, 1_860),
    (3, 3_540),
    (8, 3_700),
    (5, 90_000),
    (3, 2_700_000),
];

pub(super) fn wait(author: &mut Author<'_>) -> Option<()> {
    let card = author.pick_card(|_| true);
    if let Some(card) = card {
        author.read_maybe(card, 70);
    }
    let seconds = author.dice.weighted(MOVES.to_vec());
    author.story.tell(Step::new(Command::MoveClock(seconds)));
    if author.dice.chance(40) {
        keys::retry_after_a_while(author);
    } else if author.dice.chance(50) {
        flaws::with_an_expired_bearer(author);
    } else if let Some(card) = card {
        author.read_maybe(card, 85);
    }
    Some(())
}
