//! Mistakes that mix calls up which have nothing to do with each other.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::Fault;
use super::race::{CHANGES, a_moment, a_while, acting, creating, hold, is_held};
use super::race_limit::drafted;
use crate::reference::call::{Operation, Reply};
use crate::reference::cards::{Scope, create, enter, excess, listed};
use crate::reference::service::{Subject, Task, carry_out, execute};

use Operation::{CreateCard, ReadCard};

/// What is shared by all calls of an implementation, and ought not to be.
static SHARED: LazyLock<Mutex<HashMap<Uuid, Shared>>> = LazyLock::new(Mutex::default);

#[derive(Clone)]
enum Shared {
    Answer(Reply),
    Subject(Subject),
}

fn shared() -> MutexGuard<'static, HashMap<Uuid, Shared>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer to such a call is put together in a buffer that all calls share.
fn through_one_buffer<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    operation: Operation,
) -> BoxFuture<'a, Reply> {
    Box::pin(async move {
        let reply = carry_out(task, key).await;
        if task.call.operation != operation || !reply.status.is_success() {
            return reply;
        }
        let owner = task.service.credentials.api_key;
        shared().insert(owner, Shared::Answer(reply.clone()));
        a_moment().await;
        match shared().get(&owner) {
            Some(Shared::Answer(reply)) => reply.clone(),
            Some(Shared::Subject(_)) | None => reply,
        }
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "created-cards-swapped",
        words: "The answers to two creates at once are put together in one buffer, and both show the same card.",
        requirement: "CREATE-3",
        shortest: 2,
        plant: |rules| rules.carry_out = |task, key| through_one_buffer(task, key, CreateCard),
    },
    Fault {
        id: "read-cards-swapped",
        words: "The answers to two reads at once are put together in one buffer, and both show the same card.",
        requirement: "KEEP-1",
        shortest: 4,
        plant: |rules| rules.carry_out = |task, key| through_one_buffer(task, key, ReadCard),
    },
    Fault {
        id: "ids-drawn-twice",
        words: "The number that ids are made of is read, and moved on after the card is saved: two creates at once get one id.",
        requirement: "CREATE-5",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let service = task.service;
                    let mut card = drafted(task, account)?;
                    let number = u128::from(service.own.journal.sequence());
                    let start = service.credentials.api_key.as_u128();
                    card.id = Uuid::from_u128(start ^ (number + 1));
                    a_moment().await;
                    let mut cards = account.cards();
                    let excess = excess(service, cards.iter(), &card);
                    enter(service, account, &mut cards, card, excess)
                })
            };
        },
    },
    Fault {
        id: "list-shows-card-being-made-elsewhere",
        words: "A card that is being made stands in the lists of all accounts until it is saved.",
        requirement: "READ-5",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let reply = create(task, account)?;
                    let newest = account
                        .cards()
                        .last()
                        .map(|card| format!("{} drafted", card.id));
                    let _held = newest.and_then(hold);
                    a_while().await;
                    Ok(reply)
                })
            };
            rules.listed = |service, scope| {
                let mut cards = listed(service, scope);
                if let Scope::Account(own) = scope {
                    let drafts = listed(service, &Scope::Programme)
                        .into_iter()
                        .filter(|card| {
                            card.account_id != own.id && is_held(&format!("{} drafted", card.id))
                        });
                    cards.extend(drafts);
                }
                cards
            };
        },
    },
    Fault {
        id: "change-lands-elsewhere",
        words: "The card that a call is about is kept in a variable that all calls share: of two at once both change one card.",
        requirement: "LIFE-14",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, CHANGES, |act| async move {
                    let owner = act.task.service.credentials.api_key;
                    shared().insert(owner, Shared::Subject(act.task.subject.clone()));
                    a_moment().await;
                    let subject = match shared().get(&owner) {
                        Some(Shared::Subject(subject)) => subject.clone(),
                        Some(Shared::Answer(_)) | None => act.task.subject.clone(),
                    };
                    execute(&Task {
                        subject,
                        ..act.task.clone()
                    })
                })
            };
        },
    },
];
