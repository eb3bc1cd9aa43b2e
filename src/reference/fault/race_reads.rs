//! Mistakes in what is read while a change is under way: caches, copies and flights.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::Fault;
use super::race::{CHANGES, a_moment, a_while, acting, joined};
use crate::reference::call::{Operation, Reply};
use crate::reference::card::{Card, View, render};
use crate::reference::cards::{Scope, listed};
use crate::reference::service::{Subject, Task, carry_out, execute};

use Operation::{AccountCards, ReadCard};

/// A card as it was before the change that is under way, and how often it was looked at since.
struct Before {
    card: Card,
    looks: usize,
}

static BEFORE: LazyLock<Mutex<HashMap<Uuid, Before>>> = LazyLock::new(Mutex::default);

fn before() -> MutexGuard<'static, HashMap<Uuid, Before>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While a change of the card is under way every second look shows it as before.
fn from_some_copy(card: Card) -> Card {
    match before().get_mut(&card.id) {
        Some(before) => {
            before.looks += 1;
            match before.looks % 2 {
                0 => before.card.clone(),
                _ => card,
            }
        }
        None => card,
    }
}

/// Changes are made in one copy of the cards, and reach the other one later. `read` reads by id.
fn copied<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    read: fn(Card) -> Card,
) -> BoxFuture<'a, Reply> {
    match &task.subject {
        Subject::Card { id, account } if task.call.operation == ReadCard => {
            let found = account.cards().iter().find(|card| card.id == *id).cloned();
            let readings = &task.service.readings;
            let shown = found.map(|card| render(readings, &read(card), View::Read));
            let reply = shown.map(|body| Reply::json(StatusCode::OK, body));
            Box::pin(async move { reply.unwrap_or_else(|| execute(task)) })
        }
        _ => acting(task, key, CHANGES, |act| async move {
            if let Some(card) = act.card() {
                before().insert(act.id, Before { card, looks: 0 });
            }
            let reply = act.done();
            a_while().await;
            before().remove(&act.id);
            reply
        }),
    }
}

/// What reads have found, by the id in their path.
static CACHE: LazyLock<Mutex<HashMap<Uuid, Value>>> = LazyLock::new(Mutex::default);

fn cache() -> MutexGuard<'static, HashMap<Uuid, Value>> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Such reads are cached, and each change drops what is there; a read that is under way when that
/// happens puts what it has found there afterwards.
fn cached<'a>(task: &'a Task<'a>, key: Option<String>, read: Operation) -> BoxFuture<'a, Reply> {
    let (card, account) = match &task.subject {
        Subject::Card { id, account } => (*id, account.id),
        Subject::Account(account) => (account.id, account.id),
        Subject::Programme | Subject::Webhook(_) => return carry_out(task, key),
    };
    if task.call.operation == read {
        return Box::pin(async move {
            if let Some(body) = cache().get(&card).cloned() {
                return Reply::json(StatusCode::OK, body);
            }
            let mut reply = execute(task);
            a_while().await;
            if let Some(body) = reply.value_mut().filter(|body| body.get("code").is_none()) {
                cache().insert(card, body.clone());
            }
            reply
        });
    }
    let changes = task.call.modifies();
    Box::pin(async move {
        if changes {
            a_moment().await;
        }
        let reply = carry_out(task, key).await;
        if changes {
            let mut cache = cache();
            cache.remove(&card);
            cache.remove(&account);
        }
        reply
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "read-goes-back",
        words: "While a change is under way reads by id come from two copies of the card in turn.",
        requirement: "READ-10",
        shortest: 5,
        plant: |rules| rules.carry_out = |task, key| copied(task, key, from_some_copy),
    },
    Fault {
        id: "account-list-goes-back",
        words: "While a change is under way lists of the account come from two copies of its cards in turn.",
        requirement: "READ-10",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| copied(task, key, |card| card);
            rules.listed = |service, scope| match scope {
                Scope::Account(_) => listed(service, scope)
                    .into_iter()
                    .map(from_some_copy)
                    .collect(),
                Scope::Programme => listed(service, scope),
            };
        },
    },
    Fault {
        id: "programme-list-goes-back",
        words: "While a change is under way lists of the programme come from two copies of its cards in turn.",
        requirement: "READ-10",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| copied(task, key, |card| card);
            rules.listed = |service, scope| match scope {
                Scope::Account(_) => listed(service, scope),
                Scope::Programme => listed(service, scope)
                    .into_iter()
                    .map(from_some_copy)
                    .collect(),
            };
        },
    },
    Fault {
        id: "cache-filled-behind-a-change",
        words: "A read by id that overlaps with a change puts the card into the cache as it was before.",
        requirement: "LIFE-5",
        shortest: 4,
        plant: |rules| rules.carry_out = |task, key| cached(task, key, ReadCard),
    },
    Fault {
        id: "list-cache-filled-behind-a-change",
        words: "A list that overlaps with a change puts the cards into the cache as they were before.",
        requirement: "READ-2",
        shortest: 3,
        plant: |rules| rules.carry_out = |task, key| cached(task, key, AccountCards),
    },
    Fault {
        id: "reads-joined",
        words: "A read gets the answer of one that is in flight, though the card was changed since that began.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| match task.call.operation {
                ReadCard => joined(task, key, task.target()),
                _ => carry_out(task, key),
            };
        },
    },
];
