//! Mistakes in what a key in flight ties together, and in what is remembered of it.

use futures_util::future::BoxFuture;

use super::Fault;
use super::race::{Act, a_moment, a_while, busy, hold, is_contested, is_held, joined, mark};
use super::race_limit::drafted;
use crate::reference::call::{Operation, Reply};
use crate::reference::cards::enter;
use crate::reference::idempotency::{once, payload, recall, remember};
use crate::reference::lifecycle::Action;
use crate::reference::service::{Subject, Task, carry_out, execute};

use Operation::CreateCard;

/// Creates under a key are done by `done`, all other calls as they should be.
fn keyed_creates<'a, F>(
    task: &'a Task<'a>,
    key: Option<String>,
    done: impl FnOnce(String) -> F,
) -> BoxFuture<'a, Reply>
where
    F: Future<Output = Reply> + Send + 'a,
{
    match key {
        Some(key) if task.call.operation == CreateCard => Box::pin(done(key)),
        key => carry_out(task, key),
    }
}

/// Looks up, does and records, one after the other and with nothing locked.
async fn unlocked(task: &Task<'_>, key: String, wait: impl Future<Output = ()>) -> Reply {
    let slot = task.slot(&key);
    if let Some(reply) = recall(task, &mut *slot.lock().await) {
        return reply;
    }
    wait.await;
    let reply = execute(task);
    *slot.lock().await = Some(remember(task, reply.clone(), task.service.clock.now()));
    reply
}

/// As [`unlocked`], but a call that finds its own payload recorded when it comes to act is a retry.
async fn locked_by_payload(task: &Task<'_>, key: String) -> Reply {
    let slot = task.slot(&key);
    if let Some(reply) = recall(task, &mut *slot.lock().await) {
        return reply;
    }
    a_moment().await;
    let mut record = slot.lock().await;
    let is_same = record
        .as_ref()
        .is_some_and(|record| record.payload == payload(task.call));
    if let Some(reply) = recall(task, &mut record).filter(|_| is_same) {
        return reply;
    }
    let reply = execute(task);
    *record = Some(remember(task, reply.clone(), task.service.clock.now()));
    reply
}

/// Refuses a retry in flight. Afterwards its key is forgotten, or sticks.
async fn refusing(task: &Task<'_>, key: String, forgets: bool, sticks: bool) -> Reply {
    let slot = task.slot(&key);
    let met = format!("{key} met");
    let Ok(mut record) = slot.try_lock() else {
        mark(met);
        return busy().into();
    };
    if sticks && is_held(&met) {
        return busy().into();
    }
    if let Some(reply) = recall(task, &mut record) {
        return reply;
    }
    a_moment().await;
    let reply = execute(task);
    if !(forgets && is_held(&met)) {
        *record = Some(remember(task, reply.clone(), task.service.clock.now()));
    }
    reply
}

/// Takes a create up where its first call may have died: behind the check of the limit.
async fn resumed(task: &Task<'_>, key: String) -> Reply {
    let (service, Subject::Account(account)) = (task.service, &task.subject) else {
        return execute(task);
    };
    let Some(_held) = hold(format!("{key} {}", account.id)) else {
        let entered = drafted(task, account)
            .and_then(|card| enter(service, account, &mut account.cards(), card, None));
        return entered.into();
    };
    let slot = task.slot(&key);
    let mut record = slot.lock().await;
    a_moment().await;
    once(task, &mut record)
}

/// A retry that had to wait for its first call is done when that is over.
async fn done_after_waiting(task: &Task<'_>, key: String) -> Reply {
    let slot = task.slot(&key);
    let Ok(mut record) = slot.try_lock() else {
        let target = slot
            .lock()
            .await
            .as_ref()
            .map(|record| record.target.clone());
        if target != Some(task.target()) {
            return once(task, &mut *slot.lock().await);
        }
        a_while().await;
        return execute(task);
    };
    a_moment().await;
    once(task, &mut record)
}

/// Refuses every call under a key for which two came at once, though one of them is done.
async fn refused_both(task: &Task<'_>, key: String) -> Reply {
    let contested = is_contested(key.clone()).await;
    let reply = carry_out(task, Some(key)).await;
    match contested {
        true => busy().into(),
        false => reply,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "second-answer-recorded",
        words: "A key is looked up, and recorded after the act, with no lock: the second's answer is recorded over the first's.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| keyed_creates(task, key, |key| unlocked(task, key, a_moment()));
        },
    },
    Fault {
        id: "capitals-pass-the-lock",
        words: "The lock of a key is found by its text: a retry in capitals is done beside its first call, and recorded over it.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                let sent = task.call.header("idempotency-key");
                match sent.is_some() && sent != key {
                    true => keyed_creates(task, key, |key| unlocked(task, key, a_while())),
                    false => keyed_creates(task, key, |key| async move {
                        a_moment().await;
                        carry_out(task, Some(key)).await
                    }),
                }
            };
        },
    },
    Fault {
        id: "other-payload-passes-the-lock",
        words: "The lock of a key is found by its payload too: another payload under a key in flight is done beside the first.",
        requirement: "IDEM-7",
        shortest: 2,
        plant: |rules| {
            rules.carry_out =
                |task, key| keyed_creates(task, key, |key| locked_by_payload(task, key));
        },
    },
    Fault {
        id: "key-stays-in-flight",
        words: "A key that was refused while in flight is taken to be in flight for ever.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| keyed_creates(task, key, |key| refusing(task, key, false, true));
        },
    },
    Fault {
        id: "refused-retry-forgets-the-key",
        words: "A retry that is refused while its first call is in flight takes the key's record away.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| keyed_creates(task, key, |key| refusing(task, key, true, false));
        },
    },
    Fault {
        id: "equal-creates-joined",
        words: "Equal creates of an account at the same time are answered with one card, whatever their keys.",
        requirement: "IDEM-11",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| match task.call.operation {
                CreateCard => {
                    let body = String::from_utf8_lossy(&task.call.body);
                    let flight = format!("{} {body}", task.target());
                    joined(task, key, flight)
                }
                _ => carry_out(task, key),
            };
        },
    },
    Fault {
        id: "paths-in-flight-joined",
        words: "A call whose key is in flight on another path gets that call's answer, and nothing is done.",
        requirement: "IDEM-9",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| match (Act::of(task), &key) {
                (Some(_), Some(name)) => {
                    let flight = format!("flight {name}");
                    joined(task, key, flight)
                }
                _ => carry_out(task, key),
            };
        },
    },
    Fault {
        id: "equal-deactivates-joined",
        words: "Deactivates of one card at the same time are answered together, whatever their keys.",
        requirement: "LIFE-15",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| match Act::of(task).map(|act| act.action) {
                Some(Action::Deactivate) => joined(task, key, task.target()),
                _ => carry_out(task, key),
            };
        },
    },
    Fault {
        id: "create-in-flight-resumed",
        words: "A create whose key is in flight is taken up behind the check of the limit, where the first may have died.",
        requirement: "IDEM-7",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| keyed_creates(task, key, |key| resumed(task, key));
        },
    },
    Fault {
        id: "waiting-retry-done-again",
        words: "A retry that had to wait for its first call doesn't look the key up again, and is done after it.",
        requirement: "LIFE-3",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| match (Act::of(task), key) {
                (Some(_), Some(key)) => Box::pin(done_after_waiting(task, key)),
                (_, key) => carry_out(task, key),
            };
        },
    },
    Fault {
        id: "both-in-flight-refused",
        words: "Of two calls under one key at once each is refused because of the other, though one is done.",
        requirement: "IDEM-7",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| keyed_creates(task, key, |key| refused_both(task, key));
        },
    },
];
