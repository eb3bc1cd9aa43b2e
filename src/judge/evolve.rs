//! What becomes of worlds by themselves between two exchanges: cards leave `issuing`, and requests that nobody waits for any
//! more take effect.

use std::collections::{BTreeSet, HashMap};

use super::follow::Judge;
use crate::card::CardStatus;
use crate::world::ways::Wish;
use crate::world::{Call, Card, Choices, Moment, Since, World};

/// More worlds are not looked at for one exchange, before its answer says which may be.
const LATE_WORLDS_MAX: usize = 1 << 16;

/// What is asked of the cards that were made over the limit, and may have failed by now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// Which of them have.
    Which,
    /// Whether one has: it may keep the slot (OPEN-11), and a second one changes nothing. All others may fail later.
    Any,
}

impl Judge<'_> {
    /// The worlds into which the present ones may have turned, as far as it matters for how a call goes.
    pub fn evolve_for(&self, call: &Call, now: Since) -> Vec<World> {
        let worlds = self.worlds.iter();
        worlds
            .flat_map(|world| self.evolve_one_for(call, world, now))
            .collect()
    }

    /// The same for one world.
    pub fn evolve_one_for(&self, call: &Call, world: &World, now: Since) -> Vec<World> {
        let concerns = |card: &Card| self.depends_on(card, call);
        let asked = match call.wish {
            Wish::Create { .. } => Failed::Any,
            Wish::Act(..) => Failed::Which,
        };
        self.evolve_as_asked(world, now, &concerns, asked)
    }

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
        self.evolve_as_asked(world, now, &concerns, Failed::Which)
    }

    fn evolve_as_asked(
        &self,
        world: &World,
        now: Since,
        concerns: &impl Fn(&Card) -> bool,
        asked: Failed,
    ) -> Vec<World> {
        let mut worlds = self.turned(vec![world.clone()], now, concerns, asked);
        let mut known = Known::default();
        for world in &worlds {
            known.add(world);
        }
        let mut newest = 0;
        while newest < worlds.len() && self.late_worlds.get() <= LATE_WORLDS_MAX {
            let late: Vec<World> = worlds[newest..]
                .iter()
                .flat_map(|world| self.one_came_late(world, concerns))
                .filter(|world| known.add(world))
                .collect();
            self.late_worlds.set(self.late_worlds.get() + late.len());
            newest = worlds.len();
            worlds.extend(self.turned(late, now, concerns, asked));
        }
        worlds
    }

    fn turned(
        &self,
        mut worlds: Vec<World>,
        now: Since,
        concerns: &impl Fn(&Card) -> bool,
        asked: Failed,
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
                    Some(card) if concerns(card) => {
                        let mut turned = self.turned_meanwhile(&world, place, now);
                        if asked == Failed::Any && has_failed_beside(&world, place) {
                            turned.retain(|world| !has_failed(&world.cards[place]));
                        }
                        turned
                    }
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

/// A card was made over the limit in this case, and has failed.
fn has_failed(card: &Card) -> bool {
    card.over_limit.is_some() && card.status == CardStatus::IssueFailed && !card.is_of_before()
}

/// Such a card has the slot of one that may yet fail likewise.
fn has_failed_beside(world: &World, place: usize) -> bool {
    let card = &world.cards[place];
    let is_beside =
        |other: &Card| other.account == card.account && other.card_type == card.card_type;
    let may_fail = card.over_limit.is_some() && card.status == CardStatus::Issuing;
    may_fail && (world.cards.iter()).any(|other| has_failed(other) && is_beside(other))
}

/// The worlds that were looked at.
#[derive(Default)]
struct Known(HashMap<Rest, Vec<(Choices, BTreeSet<Moment>)>>);

/// A world without the readings decided and what may yet be carried out. Every status is said beside it, since the hash of a
/// world leaves some out, and hundreds that differ in those alone would be compared one by one.
type Rest = (Vec<CardStatus>, World);

impl Known {
    /// Adds a world. False if one is known that differs at most in that less is decided, or more may yet be carried out.
    fn add(&mut self, world: &World) -> bool {
        let mut rest = world.clone();
        let choices = std::mem::take(&mut rest.choices);
        let pending = std::mem::take(&mut rest.pending);
        let statuses = rest.cards.iter().map(|card| card.status).collect();
        let known = self.0.entry((statuses, rest)).or_default();
        let is_new = !known
            .iter()
            .any(|(fewer, more)| fewer.are_among(&choices) && pending.is_subset(more));
        if is_new {
            known.push((choices, pending));
        }
        is_new
    }
}
