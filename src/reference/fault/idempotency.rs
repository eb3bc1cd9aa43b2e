//! Mistakes in what a retry gets and does.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Fault, alter, remove};
use crate::reference::call::{Content, Operation, Refusal, Reply};
use crate::reference::card::{View, render};
use crate::reference::idempotency::{Decision, Record, is_alive, once, replay};
use crate::reference::service::{Task, execute};

use Operation::{Activate, CreateCard, Deactivate, Issue, Terminate};

/// The correct decision, with the replayed answer of one operation changed.
fn replay_changed(
    task: &Task<'_>,
    record: &Record,
    operation: Operation,
    change: fn(Reply) -> Reply,
) -> Decision {
    match replay(task, record) {
        Decision::Answer(reply) if record.operation == operation => Decision::Answer(change(reply)),
        decision => decision,
    }
}

/// The card that a recorded call was on.
fn on_card(record: &Record) -> Option<&str> {
    let is_act = matches!(record.operation, Activate | Deactivate | Issue | Terminate);
    let (_, card) = record.target.split_once(' ').filter(|_| is_act)?;
    Some(card)
}

/// Does the call once more when it was a retry of one of these operations, and answers as before.
fn again_on_retry(task: &Task<'_>, slot: &mut Option<Record>, operation: Operation) -> Reply {
    let replays = |slot: &Option<Record>| slot.as_ref().map_or(0, |record| record.replays);
    let before = replays(slot);
    let reply = once(task, slot);
    if replays(slot) > before && task.call.operation == operation {
        execute(task);
    }
    reply
}

/// The card of a recorded answer, as it is now.
fn current_card(task: &Task<'_>, recorded: &Value) -> Option<Value> {
    let id = Uuid::try_parse(recorded["id"].as_str()?).ok()?;
    let account = task.service.own.account_of_card(id)?;
    let cards = account.cards();
    let card = cards.iter().find(|card| card.id == id)?;
    Some(render(&task.service.readings, card, View::Created))
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "key-ignored",
        words: "The idempotency key is checked and then not used.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| rules.is_alive = |_, _, _, _| false,
    },
    Fault {
        id: "replay-shows-current-card",
        words: "The retry of a create shows the card as it is now, not as it was answered.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.replay = |task, record| match replay(task, record) {
                Decision::Answer(mut reply) => {
                    if let Some(body) = reply.value_mut()
                        && let Some(current) = current_card(task, body)
                    {
                        *body = current;
                    }
                    Decision::Answer(reply)
                }
                decision => decision,
            };
        },
    },
    Fault {
        id: "replay-answers-200",
        words: "The retry of a create is answered with 200, because nothing was made.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, CreateCard, |reply| Reply {
                    status: StatusCode::OK,
                    ..reply
                })
            };
        },
    },
    Fault {
        id: "replay-without-second-line",
        words: "The answer that is kept for retries has no place for the second line of an address.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, CreateCard, |mut reply| {
                    if let Some(body) = reply.value_mut() {
                        alter(body, "billingAddress", |address| {
                            let mut address = address.clone();
                            remove(&mut address, "secondLine");
                            address
                        });
                    }
                    reply
                })
            };
        },
    },
    Fault {
        id: "replay-loses-body",
        words: "Only the status of an answer is remembered, not its body.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, CreateCard, |reply| Reply {
                    content: Content::None,
                    ..reply
                })
            };
        },
    },
    Fault {
        id: "retry-of-terminate-answers-404",
        words: "The retry of a terminate finds no card to terminate.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, Terminate, |_| {
                    Refusal::new(StatusCode::NOT_FOUND, "not-found", "no card has this id").into()
                })
            };
        },
    },
    Fault {
        id: "refusal-replayed-as-success",
        words: "The retry of a refused deactivate answers 204, because only the key is remembered.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, Deactivate, |_| {
                    Reply::empty(StatusCode::NO_CONTENT)
                })
            };
        },
    },
    Fault {
        id: "key-forgotten-after-next-call",
        words: "Only the last idempotency key is remembered.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| rules.is_alive = |_, record, _, sequence| record.sequence == sequence,
    },
    Fault {
        id: "key-forgotten-after-twenty-calls",
        words: "Of the calls on a card the last twenty are remembered.",
        requirement: "IDEM-4",
        shortest: 36,
        plant: |rules| {
            /// The recorded calls on each card, by their place among those of the programme.
            static CALLS: LazyLock<Mutex<HashMap<String, Vec<u64>>>> =
                LazyLock::new(Mutex::default);
            const KEPT: usize = 20;
            rules.once = |task, slot| {
                let calls = || CALLS.lock().unwrap_or_else(PoisonError::into_inner);
                let is_forgotten = |record: &Record| {
                    let calls = calls();
                    let of_card = on_card(record).and_then(|card| calls.get(card));
                    let kept =
                        of_card.map(|of_card| &of_card[of_card.len().saturating_sub(KEPT)..]);
                    kept.is_some_and(|kept| !kept.contains(&record.sequence))
                };
                slot.take_if(|record| is_forgotten(record));
                let reply = once(task, slot);
                if let Some(record) = slot.as_ref()
                    && let Some(card) = on_card(record)
                {
                    let mut calls = calls();
                    let of_card = calls.entry(card.to_owned()).or_default();
                    if !of_card.contains(&record.sequence) {
                        of_card.push(record.sequence);
                    }
                }
                reply
            };
        },
    },
    Fault {
        id: "key-between-cache-and-store",
        words: "A key is in a cache for two seconds, and in the store after a minute.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.is_alive = |readings, record, now, sequence| {
                let age = now.duration_since(record.at);
                let is_nowhere =
                    age > SignedDuration::from_secs(2) && age < SignedDuration::from_mins(1);
                !is_nowhere && is_alive(readings, record, now, sequence)
            };
        },
    },
    Fault {
        id: "key-forgotten-after-retry",
        words: "A key is used up by its first retry.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.is_alive = |readings, record, now, sequence| {
                record.replays == 0 && is_alive(readings, record, now, sequence)
            };
        },
    },
    Fault {
        id: "only-creates-remembered",
        words: "Only creates are remembered: every other retry is done again.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.is_alive = |readings, record, now, sequence| {
                record.operation == CreateCard && is_alive(readings, record, now, sequence)
            };
        },
    },
    Fault {
        id: "activate-not-remembered",
        words: "The retry of an activate is done again, and meets an active card.",
        requirement: "IDEM-3",
        shortest: 5,
        plant: |rules| {
            rules.is_alive = |readings, record, now, sequence| {
                record.operation != Activate && is_alive(readings, record, now, sequence)
            };
        },
    },
    Fault {
        id: "retried-create-made-again",
        words: "The retry of a create is answered as before, but makes another card when the slot is free again.",
        requirement: "IDEM-4",
        shortest: 4,
        plant: |rules| rules.once = |task, slot| again_on_retry(task, slot, CreateCard),
    },
    Fault {
        id: "retried-deactivate-done-again",
        words: "The retry of a deactivate is answered as before, but deactivates a card that was reactivated since.",
        requirement: "IDEM-4",
        shortest: 6,
        plant: |rules| rules.once = |task, slot| again_on_retry(task, slot, Deactivate),
    },
    Fault {
        id: "issue-retry-answers-differently",
        words: "The retry of a simulator's issue answers 200 with a note that it was done.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.replay = |task, record| {
                replay_changed(task, record, Issue, |_| {
                    Reply::json(StatusCode::OK, json!({ "message": "this was done before" }))
                })
            };
        },
    },
];
