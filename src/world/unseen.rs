//! Cards of before the case that nobody has seen: they may hold a slot all the same.
//!
//! Where an account was read first, such a card is final, and lists leave it out; where it was not, it may be anything.

use std::collections::BTreeMap;

use super::{Choice, World};
use crate::card::{AccountId, CardType};
use crate::requirement::id;
use crate::trace::Past;

/// Slots that may be held by a card that nobody has seen, and what is known of their account. A card that comes to hold
/// the slot shows that there is none, unless others may end that card and make another one.
pub type Unseen = BTreeMap<(AccountId, CardType), Past>;

/// The readings under which a card that nobody has seen may hold the slot, one set for each kind that it may be of.
pub fn holders(world: &World, account: &AccountId, card_type: CardType) -> Vec<Vec<Choice>> {
    let mut holders = match world.unseen.get(&(account.clone(), card_type)) {
        None => Vec::new(),
        Some(Past::Unknown | Past::Shared) => vec![Vec::new()],
        Some(Past::Read) => vec![
            vec![
                Choice::new(id::OPEN_9, "", "keeps"),
                Choice::new(id::OPEN_12, "", "left out"),
            ],
            vec![
                Choice::new(id::OPEN_11, "", "keeps"),
                Choice::new(id::OPEN_13, "", "left out"),
            ],
            vec![
                Choice::new(id::OPEN_11, super::limit::OVER_THE_LIMIT, "keeps"),
                Choice::new(id::OPEN_13, "", "left out"),
            ],
            // Of blocked cards in lists the contract says nothing.
            vec![Choice::new(id::OPEN_10, "", "keeps")],
        ],
    };
    holders.retain(|choices| world.with(choices).is_some());
    holders
}
