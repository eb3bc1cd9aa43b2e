//! Mistakes in what becomes of calls that meet on one card or in one account.

use futures_util::future::BoxFuture;
use http::StatusCode;
use uuid::Uuid;

use super::Fault;
use super::race::{Act, a_moment, acting, busy, hold, internal, is_contested};
use crate::reference::call::Reply;
use crate::reference::lifecycle::Action;
use crate::reference::service::Task;

use Action::{Activate, Deactivate, Terminate};

const CALLS: &[Action] = &[Activate, Deactivate, Terminate];

/// Does an act while nobody else has hold of `name`; another gets `met`.
fn alone<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    name: fn(&Act<'_>) -> String,
    met: fn(&Act<'_>) -> Reply,
) -> BoxFuture<'a, Reply> {
    acting(task, key, CALLS, |act| async move {
        let Some(_held) = hold(name(&act)) else {
            return met(&act);
        };
        a_moment().await;
        act.done()
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "deadlock-answers-500",
        words: "Two calls on one card at once run into a deadlock, and one of them is answered with it.",
        requirement: "HTTP-2",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| alone(task, key, |act| act.name(), |_| internal());
        },
    },
    Fault {
        id: "terminate-skips-locked-card",
        words: "A terminate skips a card that another call has locked, and is answered as done.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| {
                alone(
                    task,
                    key,
                    |act| act.name(),
                    |act| match act.action {
                        Terminate => Reply::empty(StatusCode::NO_CONTENT),
                        _ => act.done(),
                    },
                )
            };
        },
    },
    Fault {
        id: "account-busy-refuses",
        words: "While one card of an account is changed, a change of the other is refused.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| {
                alone(
                    task,
                    key,
                    |act| act.account.id.to_string(),
                    |_| busy().into(),
                )
            };
        },
    },
    Fault {
        id: "programme-busy-refuses",
        words: "While a card of one account is changed, a change in another account is refused.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, CALLS, |act| async move {
                    let in_account = hold(act.account.id);
                    let in_programme = hold(act.task.service.credentials.api_key);
                    if in_account.is_some() && in_programme.is_none() {
                        return busy().into();
                    }
                    a_moment().await;
                    act.done()
                })
            };
        },
    },
    Fault {
        id: "conflict-refused-but-done",
        words: "Of two deactivates at once each meets a conflict and is refused, but the card is inactive.",
        requirement: "LIFE-15",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Deactivate], |act| async move {
                    let contested = is_contested(act.name()).await;
                    let reply = act.done();
                    match contested {
                        true => busy().into(),
                        false => reply,
                    }
                })
            };
        },
    },
    Fault {
        id: "change-of-neighbour-lost",
        words: "An account is saved as a whole: deactivate writes the account's other card back as it was before.",
        requirement: "LIFE-14",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Deactivate], |act| async move {
                    let read = act.account.cards().clone();
                    a_moment().await;
                    let reply = act.done();
                    for card in act
                        .account
                        .cards()
                        .iter_mut()
                        .filter(|card| card.id != act.id)
                    {
                        let old = read.iter().find(|old| old.id == card.id);
                        card.clone_from(old.unwrap_or(&card.clone()));
                    }
                    reply
                })
            };
        },
    },
    Fault {
        id: "new-card-lost-to-a-change",
        words: "An account is saved as a whole: deactivate loses a card that was made at the same time.",
        requirement: "READ-1",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Deactivate], |act| async move {
                    let read: Vec<Uuid> = act.account.cards().iter().map(|card| card.id).collect();
                    a_moment().await;
                    let reply = act.done();
                    act.account.cards().retain(|card| read.contains(&card.id));
                    reply
                })
            };
        },
    },
];
