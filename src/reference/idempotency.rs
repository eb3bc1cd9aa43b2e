//! A modifying call is done once for each key, however often it is sent.
//!
//! Each key has a lock of its own, which is held while the call is done: a retry that comes in the
//! meantime waits and gets the answer of the first, or is refused.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex as KeyLock;
use uuid::Uuid;

use super::call::{Call, Operation, Refusal, Reply};
use super::readings::{KeyElsewhere, Readings};
use super::service::{Task, execute};

/// How long a key is remembered.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// A call that was done under a key.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub operation: Operation,
    pub target: String,
    pub payload: Payload,
    pub reply: Reply,
    pub at: Timestamp,
    /// When it was last answered: then, or by a retry.
    pub answered_at: Timestamp,
    /// The how-manyth recorded call of the programme it was.
    pub sequence: u64,
    /// How often it was replayed.
    pub replays: u32,
    /// The client hung up before it had the answer; noticed only where that matters to a fault.
    pub hung_up: bool,
}

/// What two calls must have in common to be the same call: JSON by its value, other bodies by
/// their bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Payload {
    Json(Value),
    Bytes(Bytes),
}

/// What is done with a call whose key is known.
#[derive(Clone, Debug)]
pub(super) enum Decision {
    Answer(Reply),
    Refuse(Refusal),
    Afresh,
}

/// The place of one key.
pub(super) type Slot = Arc<KeyLock<Option<Record>>>;

/// The keys of a programme.
#[derive(Debug, Default)]
pub(super) struct Journal {
    slots: Mutex<HashMap<String, Slot>>,
    sequence: AtomicU64,
}

impl Journal {
    /// Past this many keys, and each time that they have doubled, the forgotten ones are dropped.
    const SWEEP_FROM: usize = 1024;

    pub(super) fn slot(&self, name: &str, now: Timestamp) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(name)
            && slots.len() >= Self::SWEEP_FROM
            && slots.len().is_power_of_two()
        {
            slots.retain(|_, slot| in_use(slot, now));
        }
        slots.entry(name.to_owned()).or_default().clone()
    }

    /// How many calls were recorded so far.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A slot that someone holds, or whose record a retry may still ask for.
fn in_use(slot: &Slot, now: Timestamp) -> bool {
    let remembered = |record: &Option<Record>| {
        record
            .as_ref()
            .is_some_and(|record| now.duration_since(record.answered_at) < LIFETIME)
    };
    Arc::strong_count(slot) > 1 || slot.try_lock().map_or(true, |record| remembered(&record))
}

/// Whether a call wants a key.
pub(super) fn wants_key(call: &Call) -> bool {
    call.modifies()
}

/// The identity of a key: the UUID, whatever the case of its letters.
pub(super) fn parse_key(text: Option<&str>) -> Result<String, Refusal> {
    let text = text.ok_or_else(|| Refusal::invalid("Idempotency-Key is missing"))?;
    match Uuid::try_parse(text) {
        Ok(key) if text.len() == 36 => Ok(key.to_string()),
        Ok(_) | Err(_) => Err(Refusal::invalid("Idempotency-Key is not a UUID")),
    }
}

/// The name that a call is remembered under.
pub(super) fn record_name(readings: &Readings, task: &Task<'_>, key: &str) -> String {
    match readings.key_elsewhere {
        KeyElsewhere::Refuse(_) => key.to_owned(),
        KeyElsewhere::New => format!("{key} {}", task.target()),
    }
}

pub(super) fn payload(call: &Call) -> Payload {
    match serde_json::from_slice(&call.body) {
        Ok(value) => Payload::Json(value),
        Err(_) => Payload::Bytes(call.body.clone()),
    }
}

/// Whether a record still counts.
pub(super) fn is_alive(
    readings: &Readings,
    record: &Record,
    now: Timestamp,
    _sequence: u64,
) -> bool {
    let since = match readings.retries_renew_keys {
        true => record.answered_at,
        false => record.at,
    };
    now.duration_since(since) < LIFETIME
}

/// Does a call, unless its key says that it was done.
pub(super) fn once(task: &Task<'_>, slot: &mut Option<Record>) -> Reply {
    recall(task, slot).unwrap_or_else(|| {
        let at = task.service.clock.now();
        let reply = execute(task);
        *slot = Some(remember(task, reply.clone(), at));
        reply
    })
}

/// The answer to a call whose key is known, unless the call is to be done afresh.
pub(super) fn recall(task: &Task<'_>, slot: &mut Option<Record>) -> Option<Reply> {
    let service = task.service;
    let now = service.clock.now();
    let sequence = service.own.journal.sequence();
    let record = slot
        .as_mut()
        .filter(|record| (service.rules.is_alive)(&service.readings, record, now, sequence))?;
    match (service.rules.replay)(task, record) {
        Decision::Answer(reply) => {
            record.replays += 1;
            record.answered_at = now;
            Some(reply)
        }
        Decision::Refuse(refusal) => Some(refusal.into()),
        Decision::Afresh => None,
    }
}

/// What is kept of a call that was done.
pub(super) fn remember(task: &Task<'_>, reply: Reply, at: Timestamp) -> Record {
    let service = task.service;
    Record {
        operation: task.call.operation,
        target: task.target(),
        payload: (service.rules.payload)(task.call),
        reply,
        at,
        answered_at: at,
        sequence: service.own.journal.next_sequence(),
        replays: 0,
        hung_up: false,
    }
}

/// What a known key means for this call.
pub(super) fn replay(task: &Task<'_>, record: &Record) -> Decision {
    let readings = &task.service.readings;
    let elsewhere = record.target != task.target();
    let same = !elsewhere && record.payload == (task.service.rules.payload)(task.call);
    let failed = !record.reply.status.is_success();
    if same && (readings.error_replay || !failed) {
        return Decision::Answer(record.reply.clone());
    }
    if same || (failed && !readings.after_error_refuses) {
        return Decision::Afresh;
    }
    let refuse = |status| {
        Decision::Refuse(Refusal::new(
            status,
            "idempotency-key-reused",
            "the key belongs to another call",
        ))
    };
    match readings.key_elsewhere {
        KeyElsewhere::Refuse(status) if elsewhere => refuse(status),
        KeyElsewhere::Refuse(_) | KeyElsewhere::New => refuse(readings.key_mismatch_code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_uuid_of_any_case() {
        let key = "0a1b2c3d-0000-4000-8000-00000000abcd";
        assert_eq!(parse_key(Some(key)), parse_key(Some(&key.to_uppercase())));
        for bad in [
            None,
            Some(""),
            Some("retry-1"),
            Some("0a1b2c3d00004000800000000000abcd"),
            Some("{0a1b2c3d-0000-4000-8000-00000000abcd}"),
        ] {
            assert!(parse_key(bad).is_err(), "{bad:?}");
        }
    }
}
