//! What becomes of worlds by themselves between two exchanges: cards leave `issuing`, and requests that nobody waits for any
//! more take effect.

use std::collections::{BTreeSet, HashMap};

use super::follow::Judge;
use crate::world::{Card, Choices, Moment, Since, World};

/// More worlds are not looked at for one exchange, before its answer says which may be.
const LATE_WORLDS_MAX: usize = 1 << 16;

impl Judge<'_> {
    /// The worlds into which the present ones may have turned, as far as the chosen cards go.
    pub fn evolve(&self, now: Since, concerns: impl Fn(&Card) -> bool) -> Vec<World> {
        let worlds = self.worlds.iter();
        worlds
            .flat_map(|world| self.evolve_one(world, now, &concerns))
            .collect()
    }

    /// The same for one world.
    pub fn evolve_one(
        &self,
        world: &World,
        now: Since,
        concerns: impl Fn(&Card) -> bool,
    ) -> Vec<World> {
        let mut worlds = self.turned(vec![world.clone()], now, &concerns);
        let mut known = Known::default();
        for world in &worlds {
            known.add(world);
        }
        let mut newest = 0;
        while newest < worlds.len() && self.late_worlds.get() <= LATE_WORLDS_MAX {
            let late: Vec<World> = worlds[newest..]
                .iter()
                .flat_map(|world| self.one_came_late(world, &concerns))
                .filter(|world| known.add(world))
                .collect();
            self.late_worlds.set(self.late_worlds.get() + late.len());
            newest = worlds.len();
            worlds.extend(self.turned(late, now, &concerns));
        }
        worlds
    }

    fn turned(
        &self,
        mut worlds: Vec<World>,
        now: Since,
        concerns: &impl Fn(&Card) -> bool,
    ) -> Vec<World> {
        let places = worlds.iter().map(|w| w.cards.len()).max().unwrap_or(0);
        for place in 0..places {
            let is_concerned = |world: &World| world.cards.get(place).is_some_and(concerns);
            if !worlds.iter().any(is_concerned) {
                continue;
            }
            worlds = worlds
                .into_iter()
                .flat_map(|world| match world.cards.get(place) {
                    Some(card) if concerns(card) => self.turned_meanwhile(&world, place, now),
                    _ => vec![world],
                })
                .collect();
        }
        worlds
    }

    /// Whether worlds were left out for the exchange that has been judged, since there were more than so many. The next
    /// one begins anew.
    pub fn overlooked(&self) -> Option<usize> {
        (self.late_worlds.replace(0) > LATE_WORLDS_MAX).then_some(LATE_WORLDS_MAX)
    }
}

/// The worlds that were looked at: the readings decided and what may yet be carried out, by all else.
#[derive(Default)]
struct Known(HashMap<World, Vec<(Choices, BTreeSet<Moment>)>>);

impl Known {
    /// Adds a world. False if one is known that differs at most in that less is decided, or more may yet be carried out.
    fn add(&mut self, world: &World) -> bool {
        let mut rest = world.clone();
        let choices = std::mem::take(&mut rest.choices);
        let pending = std::mem::take(&mut rest.pending);
        let known = self.0.entry(rest).or_default();
        let is_new = !known
            .iter()
            .any(|(fewer, more)| fewer.are_among(&choices) && pending.is_subset(more));
        if is_new {
            known.push((choices, pending));
        }
        is_new
    }
}
