//! Time as the target has it: what passed between exchanges, and what its clock was moved by.

use std::collections::BTreeMap;

use super::follow::Judge;
use super::request::Asked;
use crate::trace::{Exchange, Reply};
use crate::world::ways::{Key, Memory};
use crate::world::{Moment, World};

const SECOND_US: u64 = 1_000_000;
/// How long a key is remembered (contract.md, idempotency).
const KEY_LIFETIME_US: u64 = 3600 * SECOND_US;
/// Nearer to the hour than this, both answers are right: clocks count in ticks, and sweeps come round.
const MARGIN_US: u64 = 30 * SECOND_US;

/// The target's clock, as far as this case moved it, and when its keys were used by that clock, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Clock {
    moves: Vec<(Moment, u64)>,
    uses: BTreeMap<String, Use>,
}

/// When a key was first used, and last. An hour may count from when a request came, or from when it was answered.
#[derive(Clone, Debug)]
struct Use {
    first: Span,
    last: Span,
    /// Method and path of the first.
    line: String,
    /// Every use was that call and a success, so that those after the first were answered from the key.
    is_plain: bool,
}

/// From when a request was sent until its answer was there.
#[derive(Clone, Copy, Debug)]
struct Span {
    sent: u64,
    received: u64,
}

impl Span {
    /// The least and the most that can have passed since an earlier one.
    fn since(self, earlier: Self) -> (u64, u64) {
        let least = self.sent.saturating_sub(earlier.received);
        let most = self.received.saturating_sub(earlier.sent);
        (least, most)
    }
}

impl Clock {
    fn moved(&self) -> u64 {
        self.moves.iter().map(|(_, by)| by).sum()
    }

    /// By how much the clock was moved after one exchange and before another.
    pub fn moved_between(&self, after: Moment, before: Moment) -> u64 {
        let between = self
            .moves
            .iter()
            .filter(|(moment, _)| (after..before).contains(moment));
        between.map(|(_, by)| by).sum()
    }

    /// Whether the clock was moved after an exchange.
    pub fn moved_since(&self, moment: Moment) -> bool {
        self.moves.iter().any(|(moved_at, _)| *moved_at > moment)
    }

    /// What a correct target remembers of a key when this exchange uses it.
    pub fn memory(&self, key: &Key, exchange: &Exchange) -> Memory {
        let Some(used) = self.used(key) else {
            return Memory::Kept;
        };
        let now = self.span(exchange);
        let (first_least, first_most) = now.since(used.first);
        let (last_least, last_most) = now.since(used.last);
        let (surely_kept, surely_gone) = (KEY_LIFETIME_US - MARGIN_US, KEY_LIFETIME_US + MARGIN_US);
        if first_most < surely_kept {
            Memory::Kept
        } else if last_least > surely_gone {
            Memory::Gone
        } else if first_least > surely_gone
            && last_most < surely_kept
            && used.is_plain
            && used.line == line(exchange)
        {
            Memory::Renewed
        } else {
            Memory::Fading
        }
    }

    fn span(&self, exchange: &Exchange) -> Span {
        Span {
            sent: exchange.sent_at.0 + self.moved(),
            received: exchange.received_at.0 + self.moved(),
        }
    }

    fn used(&self, key: &Key) -> Option<&Use> {
        match key {
            Key::Uuid(key) => self.uses.get(key),
            Key::Missing | Key::Malformed | Key::Overlong | Key::Exempt | Key::Single => None,
        }
    }

    fn note_use(&mut self, key: &str, memory: Memory, exchange: &Exchange) {
        let now = self.span(exchange);
        let afresh = Use {
            first: now,
            last: now,
            line: line(exchange),
            is_plain: true,
        };
        // Where it is open whether the hour has begun anew, it does so now: with this retry, or with this first call.
        if matches!(memory, Memory::Gone | Memory::Renewed) {
            self.uses.remove(key);
        }
        let used = self.uses.entry(key.to_owned()).or_insert(afresh);
        used.last = now;
        let is_same = used.line == line(exchange) && memory != Memory::Fading;
        used.is_plain &= is_same && exchange.is_success();
    }
}

fn line(exchange: &Exchange) -> String {
    let request = &exchange.request;
    format!("{} {}", request.method, request.path.to_ascii_lowercase())
}

impl Judge<'_> {
    /// The clock was told to move. Where it was not, the driver has ended the case.
    pub(super) fn move_clock(&mut self, moment: Moment, exchange: &Exchange, seconds: u64) {
        let is_done = matches!(&exchange.reply, Reply::Got(r) if (200..300).contains(&r.status));
        if is_done {
            self.clock.moves.push((moment, seconds * SECOND_US));
        }
    }

    /// Notes that a call uses its key; one whose hour is over is forgotten first.
    pub(super) fn recall(&mut self, asked: &Asked, exchange: &Exchange) {
        let Asked::Modify(call) = asked else {
            return;
        };
        let Key::Uuid(key) = &call.key else {
            return;
        };
        if call.memory == Memory::Gone {
            let forget = |world: &mut World| drop(world.keys.remove(key));
            self.worlds.iter_mut().for_each(forget);
        }
        self.clock.note_use(key, call.memory, exchange);
    }
}
