//! Worlds, each once.
//!
//! Of two worlds that differ in nothing but that one has decided more readings, the one that has decided less stands for both:
//! whatever the other can still explain, it can too. Without that, a slot that may be kept for several reasons would double
//! the worlds with each create.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::World;

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
    /// Whether the other differs from this one in nothing but that it has decided more.
    fn stands_for(&self, other: &Self) -> bool {
        self.choices.are_among(&other.choices)
            && self.cards == other.cards
            && self.keys == other.keys
            && self.pending == other.pending
            && self.unseen == other.unseen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::id;
    use crate::world::Choice;

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
        let mut pending = with(&[kept]);
        pending.pending.insert(1);
        assert_eq!(distinct([World::default(), pending.clone()]).len(), 2);
    }
}
