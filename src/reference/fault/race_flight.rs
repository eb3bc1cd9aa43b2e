//! Mistakes in what a call gets whose key is in flight.

use futures_util::future::BoxFuture;
use http::StatusCode;

use super::Fault;
use super::race::{a_moment, internal};
use super::race_limit::drafted;
use crate::reference::call::{Operation, Refusal, Reply};
use crate::reference::card::View;
use crate::reference::idempotency::once;
use crate::reference::service::{Subject, Task, carry_out, execute};

use Operation::{Activate, CreateCard, Deactivate, Terminate};

/// A call of these operations whose key is in flight gets `met`; all others are done as they should be.
fn meeting<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    operations: &[Operation],
    met: fn(&Task<'_>) -> Reply,
) -> BoxFuture<'a, Reply> {
    if !operations.contains(&task.call.operation) {
        return carry_out(task, key);
    }
    Box::pin(async move {
        let Some(key) = key else {
            return execute(task);
        };
        let slot = task.slot(&key);
        let Ok(mut record) = slot.try_lock() else {
            return met(task);
        };
        a_moment().await;
        once(task, &mut record)
    })
}

fn refused(status: StatusCode) -> Reply {
    Refusal::new(status, "in-flight", "the key is in use").into()
}

/// A card as a create would show it, that is entered nowhere.
fn phantom(task: &Task<'_>) -> Reply {
    let service = task.service;
    let Subject::Account(account) = &task.subject else {
        return internal();
    };
    let shown = drafted(task, account).map(|card| {
        let body = (service.rules.render)(&service.readings, &card, View::Created);
        Reply::json(StatusCode::CREATED, body)
    });
    shown.into()
}

const CALLS: &[Operation] = &[CreateCard, Activate, Deactivate, Terminate];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "key-in-flight-answers-422",
        words: "A retry whose first call is in flight is refused as another payload under the key.",
        requirement: "IDEM-7",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                meeting(task, key, CALLS, |_| {
                    refused(StatusCode::UNPROCESSABLE_ENTITY)
                })
            };
        },
    },
    Fault {
        id: "key-in-flight-answers-202",
        words: "A retry whose first call is in flight is answered with 202, as accepted.",
        requirement: "HTTP-5",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| meeting(task, key, CALLS, |_| Reply::empty(StatusCode::ACCEPTED));
        },
    },
    Fault {
        id: "key-in-flight-answers-425",
        words: "A retry whose first call is in flight is refused as too early.",
        requirement: "HTTP-1",
        shortest: 2,
        plant: |rules| {
            rules.carry_out =
                |task, key| meeting(task, key, CALLS, |_| refused(StatusCode::TOO_EARLY));
        },
    },
    Fault {
        id: "key-in-flight-answers-500",
        words: "Two calls insert the same key at once, and the second fails on its uniqueness.",
        requirement: "HTTP-2",
        shortest: 2,
        plant: |rules| rules.carry_out = |task, key| meeting(task, key, CALLS, |_| internal()),
    },
    Fault {
        id: "create-in-flight-answers-nothing",
        words: "The retry of a create in flight is answered with the status of the record, whose body is not there yet.",
        requirement: "BODY-12",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                meeting(task, key, &[CreateCard], |_| {
                    Reply::empty(StatusCode::CREATED)
                })
            };
        },
    },
    Fault {
        id: "create-in-flight-shows-phantom",
        words: "The retry of a create in flight is answered with a card that was never saved.",
        requirement: "IDEM-7",
        shortest: 2,
        plant: |rules| rules.carry_out = |task, key| meeting(task, key, &[CreateCard], phantom),
    },
    Fault {
        id: "terminate-in-flight-answers-404",
        words: "The retry of a terminate in flight finds no card any more.",
        requirement: "IDEM-7",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| meeting(task, key, &[Terminate], |_| refused(StatusCode::NOT_FOUND));
        },
    },
    Fault {
        id: "activate-in-flight-answers-400",
        words: "The retry of an activate in flight is refused as invalid.",
        requirement: "IDEM-7",
        shortest: 5,
        plant: |rules| {
            rules.carry_out =
                |task, key| meeting(task, key, &[Activate], |_| refused(StatusCode::BAD_REQUEST));
        },
    },
];
