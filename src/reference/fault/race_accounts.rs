//! Mistakes that mix calls up which have nothing to do with each other.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::Fault;
use super::race::{CHANGES, a_moment, a_while, acting, creating, hold, is_held};
use super::race_limit::drafted;
use crate::reference::call::{Operation, Reply};
use crate::reference::card::Address;
use crate::reference::cards::{Scope, create, enter, excess, listed};
use crate::reference::service::{Subject, Task, carry_out, execute};

use Operation::ReadCard;

/// What is shared by calls that ought not to share it, by its owner.
static SHARED: LazyLock<Mutex<HashMap<Uuid, Shared>>> = LazyLock::new(Mutex::default);

#[derive(Clone)]
enum Shared {
    Answer(Reply),
    Subject(Subject),
    Address(Address),
}

fn shared() -> MutexGuard<'static, HashMap<Uuid, Shared>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves an answer in a place that others use too, and takes what lies there a moment later.
async fn left_and_taken(owner: Uuid, reply: Reply) -> Reply {
    let other = shared().insert(owner, Shared::Answer(reply.clone()));
    if let Some(Shared::Answer(other)) = other {
        return other;
    }
    a_moment().await;
    match shared().remove(&owner) {
        Some(Shared::Answer(reply)) => reply,
        Some(Shared::Subject(_) | Shared::Address(_)) | None => reply,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "created-cards-swapped",
        words: "Answers wait for their connection in one place: two creates at once get each other's.",
        requirement: "CREATE-3",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let reply = create(task, account)?;
                    Ok(left_and_taken(task.service.credentials.api_key, reply).await)
                })
            };
        },
    },
    Fault {
        id: "addresses-mixed-up-at-once",
        words: "The address of a new card waits in one place of the account until the card is saved: of two creates at once one gets the other's.",
        requirement: "CREATE-4",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let service = task.service;
                    let owner = account.id;
                    let mut card = drafted(task, account)?;
                    shared().insert(owner, Shared::Address(card.billing_address.clone()));
                    a_moment().await;
                    let waiting = shared().get(&owner).cloned();
                    if let Some(Shared::Address(address)) = waiting {
                        card.billing_address = address;
                    }
                    let mut cards = account.cards();
                    let excess = excess(service, cards.iter(), &card);
                    enter(service, account, &mut cards, card, excess)
                })
            };
        },
    },
    Fault {
        id: "read-cards-swapped",
        words: "Answers wait for their connection in one place: reads of an account's two cards at once get each other's.",
        requirement: "KEEP-1",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| match &task.subject {
                Subject::Card { account, .. } if task.call.operation == ReadCard => {
                    Box::pin(left_and_taken(account.id, execute(task)))
                }
                _ => carry_out(task, key),
            };
        },
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
        words: "The card that a call is about is kept in a variable of its account: of two calls at once both change one card.",
        requirement: "LIFE-14",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, CHANGES, |act| async move {
                    let owner = act.account.id;
                    shared().insert(owner, Shared::Subject(act.task.subject.clone()));
                    a_moment().await;
                    let subject = match shared().get(&owner) {
                        Some(Shared::Subject(subject)) => subject.clone(),
                        Some(Shared::Answer(_) | Shared::Address(_)) | None => {
                            act.task.subject.clone()
                        }
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
