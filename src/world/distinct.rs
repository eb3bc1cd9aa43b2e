//! Worlds, each once.
//!
//! Of two worlds of which one can still explain whatever the other can, the one stands for both. So it is if the other has
//! decided more readings, if it has seen a card fail that was over the limit, which may happen at any time, if it knows
//! of a slot that no card of before holds it, or if fewer requests may yet be carried out in it. Without that, each create
//! over the limit would double the worlds, and so would a slot that may be kept for several reasons, and each request whose
//! answer was lost.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::{Card, World};
use crate::card::CardStatus;

/// Worlds as they come, each with something that goes with it.
#[derive(Debug)]
pub struct Distinct<T> {
    kept: Vec<Option<(World, T)>>,
    alike: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            alike: HashMap::new(),
            hasher: RandomState::new(),
        }
    }
}

impl<T> Distinct<T> {
    /// Adds a world, unless one is there that stands for it; those that it stands for go. Says whether it was added.
    pub fn add(&mut self, world: World, with: T) -> bool {
        let alike = self.alike.entry(self.hasher.hash_one(&world)).or_default();
        let known = alike.iter().filter_map(|place| self.kept[*place].as_ref());
        if known.into_iter().any(|(known, _)| known.stands_for(&world)) {
            return false;
        }
        for place in alike.iter() {
            let kept = &mut self.kept[*place];
            kept.take_if(|(known, _)| world.stands_for(known));
        }
        alike.retain(|place| self.kept[*place].is_some());
        alike.push(self.kept.len());
        self.kept.push(Some((world, with)));
        true
    }

    /// The worlds that are left, in the order in which they came.
    pub fn left(self) -> impl Iterator<Item = (World, T)> {
        self.kept.into_iter().flatten()
    }
}

/// Each of these worlds once.
pub fn distinct(worlds: impl IntoIterator<Item = World>) -> Vec<World> {
    let mut distinct = Distinct::default();
    for world in worlds {
        distinct.add(world, ());
    }
    distinct.left().map(|(world, ())| world).collect()
}

impl World {
    /// Whether this one can still explain whatever the other can.
    fn stands_for(&self, other: &Self) -> bool {
        let mut cards = self.cards.iter().zip(&other.cards);
        self.choices.are_among(&other.choices)
            && (self.cards.are_shared_with(&other.cards)
                || self.cards.len() == other.cards.len()
                    && cards.all(|(card, others)| may_have_become(card, others)))
            && self.keys == other.keys
            && other.pending.is_subset(&self.pending)
            && other
                .unseen
                .iter()
                .all(|(slot, past)| self.unseen.get(slot) == Some(past))
    }
}

/// Whether a card may have become the other by itself, unseen. One that has been issued is asked for more.
fn may_have_become(card: &Card, other: &Card) -> bool {
    let is_to_fail = card.over_limit.is_some() && card.status == CardStatus::Issuing;
    let may_be_so =
        card.status == other.status || is_to_fail && other.status == CardStatus::IssueFailed;
    may_be_so
        && (card.id == other.id && card.made_by == other.made_by)
        && (card.account == other.account && card.card_type == other.card_type)
        && card.over_limit == other.over_limit
        && (!card.issued || other.issued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{AccountId, CardId, CardType};
    use crate::case::StepNumber;
    use crate::requirement::id;
    use crate::trace::Past;
    use crate::world::{Choice, Moment, Since};

    fn with(choices: &[Choice]) -> World {
        World::default().with(choices).unwrap()
    }

    #[test]
    fn the_world_that_has_decided_least_stands_for_those_that_decided_more() {
        let kept = Choice::new(id::OPEN_9, "", "keeps");
        let failed = Choice::new(id::OPEN_11, "", "keeps");
        let frees = Choice::new(id::OPEN_9, "", "frees");
        let both = with(&[kept.clone(), failed.clone()]);
        let one = with(std::slice::from_ref(&kept));
        let other = with(&[failed]);
        let neither = with(&[frees]);
        let worlds = [&both, &one, &neither, &one, &other, &both];
        let left = distinct(worlds.into_iter().cloned());
        assert_eq!(left, [one, neither, other]);
    }

    #[test]
    fn what_may_yet_be_carried_out_need_not_be() {
        let pending = |moments: &[Moment]| World {
            pending: moments.iter().copied().collect(),
            ..World::default()
        };
        let both = pending(&[1, 2]);
        let worlds = [&pending(&[1]), &both, &pending(&[]), &pending(&[2])];
        assert_eq!(
            distinct(worlds.into_iter().cloned()),
            std::slice::from_ref(&both)
        );
        let others = [pending(&[1]), pending(&[3])];
        assert_eq!(distinct(others.clone()), others);
    }

    #[test]
    fn a_card_over_the_limit_that_is_issuing_stands_for_one_that_has_failed() {
        let world = |status, over_limit| {
            let mut world = World::default();
            world.add(Card {
                id: Some(CardId::new("card")),
                account: AccountId::new("account"),
                card_type: CardType::Virtual,
                status,
                over_limit,
                issued: false,
                made_by: StepNumber(1),
                since: Since {
                    moment: 0,
                    step: StepNumber(1),
                    rule: id::LIFE_1,
                },
            });
            world
        };
        let (issuing, failed) = (CardStatus::Issuing, CardStatus::IssueFailed);
        let over = Some(id::LIMIT_4);
        let both = [world(failed, over), world(issuing, over)];
        assert_eq!(distinct(both), [world(issuing, over)]);
        // One in its slot need not fail.
        let both = [world(failed, None), world(issuing, None)];
        assert_eq!(distinct(both).len(), 2);
    }

    #[test]
    fn a_world_that_allows_more_of_a_slot_or_asks_less_of_a_card_stands_for_the_other() {
        let account = AccountId::new("account");
        let world = |is_unseen: bool, issued: bool| {
            let mut world = World::default();
            world.add(Card {
                id: Some(CardId::new("card")),
                account: account.clone(),
                card_type: CardType::Virtual,
                status: CardStatus::Terminated,
                over_limit: None,
                issued,
                made_by: StepNumber(1),
                since: Since {
                    moment: 0,
                    step: StepNumber(1),
                    rule: id::LIFE_5,
                },
            });
            if is_unseen {
                let slot = (account.clone(), CardType::Virtual);
                world.unseen.insert(slot, Past::Unknown);
            }
            world
        };
        let (most, least) = (world(true, false), world(false, true));
        let all = [
            least.clone(),
            world(true, true),
            world(false, false),
            most.clone(),
        ];
        assert_eq!(distinct(all), [most]);
        assert_eq!(distinct([least.clone(), least.clone()]), [least]);
    }
}
