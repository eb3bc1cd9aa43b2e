//! Idempotency keys that no later request of the trace has. What a world remembers under one matters no more, so it is
//! forgotten: otherwise each key of which it is open what became of its request would double the worlds for good.

use std::collections::HashMap;

use super::follow::Judge;
use crate::trace::{CaseTrace, Exchange};
use crate::world::ways::Key;
use crate::world::{Moment, Outcome, Remembered, World, distinct};

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
    /// Forgets the keys of these exchanges that no later one has. A request whose answer was lost may yet be carried out, so
    /// its key is kept.
    pub(super) fn forget_spent_keys(&mut self, moments: &[Moment]) {
        let exchanges = moments.iter().map(|moment| &self.trace.exchanges[*moment]);
        let mut spent: Vec<String> = exchanges.filter_map(|e| self.to_come.came(e)).collect();
        let is_lost = |key: &String| self.lost.values().any(|call| is_key(&call.key, key));
        spent.retain(|key| !is_lost(key) && self.worlds.iter().any(|w| w.keys.contains_key(key)));
        if spent.is_empty() {
            return;
        }
        let mut worlds = std::mem::take(&mut self.worlds);
        for world in &mut worlds {
            spent.iter().for_each(|key| forget(world, key));
        }
        self.worlds = distinct(worlds);
    }
}

fn key(exchange: &Exchange) -> Option<String> {
    let key = exchange.request.header("idempotency-key");
    key.map(str::to_ascii_lowercase)
}

fn is_key(key: &Key, text: &str) -> bool {
    matches!(key, Key::Uuid(own) if own == text)
}

/// What was sent with a create that was never answered is what its card must show.
fn forget(world: &mut World, key: &str) {
    let tells_of_card = |entry: &Remembered| matches!(entry.outcome, Outcome::LostDone(Some(_)));
    if let Some(entries) = world.keys.get_mut(key) {
        entries.retain(tells_of_card);
        if entries.is_empty() {
            world.keys.remove(key);
        }
    }
}
