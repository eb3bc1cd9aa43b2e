//! Idempotency keys that no later request of the trace has. What a world remembers under one matters no more, so it is
//! forgotten: otherwise each key of which it is open what became of its request would double the worlds for good.

use std::collections::HashMap;

use super::follow::Judge;
use crate::card::CardStatus;
use crate::trace::{CaseTrace, Exchange};
use crate::world::ways::Key;
use crate::world::{Card, Moment, Outcome, World, distinct};

/// How many requests with each key are still to come.
#[derive(Clone, Debug, Default)]
pub(super) struct ToCome(HashMap<String, usize>);

impl ToCome {
    /// All of a trace.
    pub fn of(trace: &CaseTrace) -> Self {
        let mut to_come = HashMap::new();
        for key in trace.exchanges.iter().filter_map(key) {
            *to_come.entry(key).or_default() += 1;
        }
        Self(to_come)
    }

    /// Counts a request; says its key if it was the last one.
    fn came(&mut self, exchange: &Exchange) -> Option<String> {
        let key = key(exchange)?;
        let left = self.0.get_mut(&key)?;
        *left -= 1;
        (*left == 0).then_some(key)
    }
}

impl Judge<'_> {
    /// Forgets the keys of these exchanges that no later one has.
    pub(super) fn forget_spent_keys(&mut self, moments: &[Moment]) {
        let exchanges = moments.iter().map(|moment| &self.trace.exchanges[*moment]);
        let mut spent: Vec<String> = exchanges.filter_map(|e| self.to_come.came(e)).collect();
        spent.retain(|key| self.worlds.iter().any(|w| w.keys.contains_key(key)));
        if spent.is_empty() {
            return;
        }
        let mut worlds = std::mem::take(&mut self.worlds);
        for world in &mut worlds {
            spent.iter().for_each(|key| self.forget(world, key));
            spent.iter().for_each(|key| self.put_off(world, key));
        }
        self.worlds = distinct(worlds);
    }

    /// A card over the limit that a lost create made, and that nobody has seen, does nothing: it may as well be still to
    /// come ([`Judge::as_lost_create`]).
    fn put_off(&self, world: &mut World, key: &str) {
        let is_unseen = |card: &Card| {
            card.id.is_none() && card.over_limit.is_some() && card.status == CardStatus::Issuing
        };
        for (moment, call) in &self.lost {
            let made_by = self.trace.exchanges[*moment].step;
            let is_its = |card: &Card| card.made_by == made_by && is_unseen(card);
            if !is_key(&call.key, key) {
                continue;
            }
            if let Some(place) = world.cards.iter().position(is_its) {
                world.cards.remove(place);
                retain(world, key, |outcome| {
                    outcome != Outcome::LostDone(Some(made_by))
                });
                world.pending.insert(*moment);
            }
        }
    }

    /// Whether no request with this key is still to come.
    pub(super) fn is_spent(&self, key: &str) -> bool {
        self.to_come.0.get(key).is_none_or(|left| *left == 0)
    }

    /// What was sent with a create that was never answered is what its card must show. A pending request is answered by what
    /// is known under its key; where that is nothing but refusals that nobody saw, it is as good as new.
    pub(super) fn forget(&self, world: &mut World, key: &str) {
        let is_pending = world.pending.iter().any(|moment| {
            let lost = self.lost.get(moment);
            lost.is_some_and(|call| is_key(&call.key, key))
        });
        retain(world, key, |outcome| match outcome {
            Outcome::LostDone(Some(_)) => true,
            Outcome::Done(_) | Outcome::Refused(..) | Outcome::LostDone(None) => is_pending,
            Outcome::LostUndone | Outcome::LostRefused | Outcome::InFlight(_) => false,
        });
    }
}

fn key(exchange: &Exchange) -> Option<String> {
    let key = exchange.request.header("idempotency-key");
    key.map(str::to_ascii_lowercase)
}

fn is_key(key: &Key, text: &str) -> bool {
    matches!(key, Key::Uuid(own) if own == text)
}

/// Forgets what does not stay under a key.
fn retain(world: &mut World, key: &str, stays: impl Fn(Outcome) -> bool) {
    let Some(entries) = world.keys.get_mut(key) else {
        return;
    };
    entries.retain(|entry| stays(entry.outcome));
    if entries.is_empty() {
        world.keys.remove(key);
    }
}
