//! Mistakes in the limit that show when creates overlap.

use std::sync::Arc;

use super::Fault;
use super::race::{a_moment, acting, busy, creating, hold, is_contested, is_held, mark};
use crate::reference::call::{Refusal, Reply};
use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::cards::{create, enter, excess, requested};
use crate::reference::lifecycle::Action::Terminate;
use crate::reference::limit::{holds_slot, same_slot};
use crate::reference::programme::Account;
use crate::reference::service::Task;

/// The card that a create asks for, in no list yet.
pub(super) fn drafted(task: &Task<'_>, account: &Account) -> Result<Card, Refusal> {
    let service = task.service;
    let request = requested(task)?;
    Ok((service.rules.new_card)(
        account.id,
        request,
        service.clock.now(),
    ))
}

fn over_limit(task: &Task<'_>) -> Refusal {
    let service = task.service;
    let refusal = (service.rules.excess)(&service.readings).refusal;
    refusal.unwrap_or_else(busy)
}

/// Checks the limit, and enters the card a moment later; in the meantime only a card of a type that
/// is `watched` counts.
async fn checked_before(
    task: &Task<'_>,
    account: &Arc<Account>,
    watched: Option<CardType>,
) -> Result<Reply, Refusal> {
    let service = task.service;
    let card = drafted(task, account)?;
    let early = excess(service, account.cards().iter(), &card);
    a_moment().await;
    let mut cards = account.cards();
    let late = excess(service, cards.iter(), &card);
    let counts = watched == Some(card.card_type);
    enter(
        service,
        account,
        &mut cards,
        card,
        if counts { late } else { early },
    )
}

/// Creates a card while nobody else has hold of `name`.
async fn alone(task: &Task<'_>, account: &Arc<Account>, name: String) -> Result<Reply, Refusal> {
    let Some(_held) = hold(name) else {
        return Err(over_limit(task));
    };
    a_moment().await;
    create(task, account)
}

/// Checks the limit, enters the card a moment later, and then looks for one that was there before it.
async fn entered_then_checked(task: &Task<'_>, account: &Arc<Account>) -> Result<Reply, Refusal> {
    let service = task.service;
    let card = drafted(task, account)?;
    let excess = excess(service, account.cards().iter(), &card);
    a_moment().await;
    let mut cards = account.cards();
    let reply = enter(service, account, &mut cards, card.clone(), excess)?;
    let first = cards
        .iter()
        .find(|other| holds_slot(&service.readings, other) && same_slot(other, &card));
    match first.is_some_and(|first| first.id == card.id) {
        true => Ok(reply),
        false => Err(over_limit(task)),
    }
}

/// Checks the limit, and puts the card in its slot a moment later, whatever is there by then.
async fn put_in_slot(task: &Task<'_>, account: &Arc<Account>) -> Result<Reply, Refusal> {
    let service = task.service;
    let card = drafted(task, account)?;
    let excess = excess(service, account.cards().iter(), &card);
    a_moment().await;
    let mut cards = account.cards();
    if excess.is_none() {
        cards.retain(|other| !(holds_slot(&service.readings, other) && same_slot(other, &card)));
    }
    enter(service, account, &mut cards, card, excess)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "limit-checked-before-insert",
        words: "The limit is checked, and the card inserted a moment later: two creates at once both pass.",
        requirement: "LIMIT-8",
        shortest: 4,
        plant: |rules| {
            rules.carry_out =
                |task, key| creating(task, key, |account| checked_before(task, account, None));
        },
    },
    Fault {
        id: "account-locked-as-it-is-written",
        words: "A create locks the account by its id as it is written: one in capitals and one that is not both pass the limit.",
        requirement: "LIMIT-8",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let id = task.call.id.as_deref().unwrap_or_default();
                    match id == id.to_ascii_uppercase() {
                        true => checked_before(task, account, None).await,
                        false => create(task, account),
                    }
                })
            };
        },
    },
    Fault {
        id: "limit-unlocked-for-replacements",
        words: "Where a card of the account was terminated, a create doesn't lock the account: two at once both pass the limit.",
        requirement: "LIMIT-8",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let is_terminated = |card: &Card| card.status == CardStatus::Terminated;
                    let replaces = account.cards().iter().any(is_terminated);
                    match replaces {
                        true => checked_before(task, account, None).await,
                        false => create(task, account),
                    }
                })
            };
        },
    },
    Fault {
        id: "limit-unlocked-for-physical",
        words: "Only creates of virtual cards lock the account: two physical cards at once both pass the limit.",
        requirement: "LIMIT-8",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| {
                    checked_before(task, account, Some(CardType::Virtual))
                })
            };
        },
    },
    Fault {
        id: "types-share-a-reservation",
        words: "A create reserves the account, so one of the other type at the same time is refused for the limit.",
        requirement: "LIMIT-2",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| {
                    alone(task, account, account.id.to_string())
                })
            };
        },
    },
    Fault {
        id: "accounts-share-a-reservation",
        words: "A create reserves a slot of the programme, so one in another account at the same time is refused for the limit.",
        requirement: "LIMIT-3",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| {
                    alone(task, account, task.service.credentials.api_key.to_string())
                })
            };
        },
    },
    Fault {
        id: "creates-at-once-refuse-each-other",
        words: "Of two creates at once each finds the other's reservation, and both are refused.",
        requirement: "LIMIT-8",
        shortest: 2,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let card = drafted(task, account)?;
                    match is_contested(format!("{} {:?}", account.id, card.card_type)).await {
                        true => Err(over_limit(task)),
                        false => create(task, account),
                    }
                })
            };
        },
    },
    Fault {
        id: "card-of-refused-create-stays",
        words: "Of two creates at once the later finds the other's card and is refused, but its own card stays.",
        requirement: "LIMIT-7",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| creating(task, key, |account| entered_then_checked(task, account));
        },
    },
    Fault {
        id: "slot-freed-once-for-two",
        words: "The count of an account's cards is read, and written a moment later: two terminates at once free one slot.",
        requirement: "OPEN-9",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Terminate], |act| async move {
                    let counting = hold(act.account.id);
                    a_moment().await;
                    if counting.is_none() {
                        mark(format!("{} counted", act.name()));
                    }
                    act.done()
                })
            };
            rules.holds_slot = |readings, card| {
                holds_slot(readings, card) || is_held(&format!("{} counted", card.id))
            };
        },
    },
    Fault {
        id: "second-create-replaces-first",
        words: "A card is written into its slot without a look at what is there: of two creates at once the later replaces the other's card.",
        requirement: "READ-1",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| creating(task, key, |account| put_in_slot(task, account));
        },
    },
];
