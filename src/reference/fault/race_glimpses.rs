//! Mistakes that let reads see a change half done.

use std::sync::Arc;

use super::race::{CHANGES, a_while, acting, creating, hold, internal, is_held};
use super::race_limit::drafted;
use super::{Fault, remove, rendered};
use crate::reference::call::{Operation, Refusal, Reply};
use crate::reference::card::{Card, CardStatus};
use crate::reference::cards::{Scope, create, excess, listed, position};
use crate::reference::lifecycle::{Action, Outcome};
use crate::reference::programme::Account;
use crate::reference::service::{Service, Subject, Task};

use Action::{Activate, Issue, Terminate};

/// Creates a card, and for a while has hold of its name with these words.
async fn held_while_new(
    task: &Task<'_>,
    account: &Arc<Account>,
    words: &str,
) -> Result<Reply, Refusal> {
    let reply = create(task, account)?;
    let newest = account
        .cards()
        .last()
        .map(|card| format!("{} {words}", card.id));
    let _held = newest.and_then(hold);
    a_while().await;
    Ok(reply)
}

/// The cards of a list without those of accounts that a create has hold of, but for the newest.
fn without_busy_accounts(service: &Service, scope: &Scope<'_>) -> Vec<Card> {
    let mut cards = listed(service, scope);
    cards.retain(|card| !is_held(&format!("{} rebuilt", card.account_id)));
    cards
}

fn rebuilding<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
) -> futures_util::future::BoxFuture<'a, Reply> {
    creating(task, key, |account| async move {
        let _held = hold(format!("{} rebuilt", account.id));
        a_while().await;
        create(task, account)
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "refused-activate-glimpsed",
        words: "Activate writes first and checks then: until it takes the change back, reads see a terminated card active.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Activate], |act| async move {
                    let terminated = act
                        .card()
                        .filter(|card| card.status == CardStatus::Terminated);
                    if let (Some(card), Outcome::Refuse(_)) = (terminated, act.outcome()) {
                        act.put(Card {
                            status: CardStatus::Active,
                            ..card.clone()
                        });
                        a_while().await;
                        act.put(card);
                    }
                    act.done()
                })
            };
        },
    },
    Fault {
        id: "refused-create-glimpsed",
        words: "A card is entered first and counted then: until it is taken back, lists show the card of a create that is refused.",
        requirement: "LIMIT-7",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| async move {
                    let card = drafted(task, account)?;
                    let id = card.id;
                    let full = excess(task.service, account.cards().iter(), &card).is_some();
                    if full {
                        account.cards().push(card);
                        a_while().await;
                        account.cards().retain(|card| card.id != id);
                    }
                    create(task, account)
                })
            };
        },
    },
    Fault {
        id: "new-card-listed-twice",
        words: "A new card is saved before its draft is removed, and lists show both.",
        requirement: "READ-4",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                creating(task, key, |account| {
                    held_while_new(task, account, "drafted")
                })
            };
            rules.listed = |service, scope| {
                let twice = |card: Card| {
                    let copies = 1 + usize::from(is_held(&format!("{} drafted", card.id)));
                    std::iter::repeat_n(card, copies)
                };
                listed(service, scope).into_iter().flat_map(twice).collect()
            };
        },
    },
    Fault {
        id: "new-card-shown-without-address",
        words: "The address of a card is saved after the card, and reads in between show a card without one.",
        requirement: "BODY-2",
        shortest: 3,
        plant: |rules| {
            rules.carry_out =
                |task, key| creating(task, key, |account| held_while_new(task, account, "bare"));
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if is_held(&format!("{} bare", card.id)) {
                        remove(body, "billingAddress");
                    }
                })
            };
        },
    },
    Fault {
        id: "account-list-empty-while-rebuilt",
        words: "A create rebuilds the account's list, which is empty until that is done.",
        requirement: "READ-2",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = rebuilding;
            rules.listed = |service, scope| match scope {
                Scope::Account(_) => without_busy_accounts(service, scope),
                Scope::Programme => listed(service, scope),
            };
        },
    },
    Fault {
        id: "programme-list-skips-busy-accounts",
        words: "The programme's list skips accounts in which a card is being made.",
        requirement: "READ-3",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = rebuilding;
            rules.listed = |service, scope| match scope {
                Scope::Account(_) => listed(service, scope),
                Scope::Programme => without_busy_accounts(service, scope),
            };
        },
    },
    Fault {
        id: "card-gone-during-terminate",
        words: "Terminate moves the card to the terminated ones, and between removal and insertion it is nowhere.",
        requirement: "READ-1",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Terminate], |act| async move {
                    let removed = {
                        let mut cards = act.account.cards();
                        position(&cards, act.id).map(|index| (index, cards.remove(index)))
                    };
                    a_while().await;
                    if let Some((index, card)) = removed {
                        let mut cards = act.account.cards();
                        let index = index.min(cards.len());
                        cards.insert(index, card);
                    }
                    act.done()
                })
            };
        },
    },
    Fault {
        id: "read-of-locked-card-fails",
        words: "A read of a card that is being changed runs into its lock and fails.",
        requirement: "HTTP-2",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| match &task.subject {
                Subject::Card { id, .. }
                    if task.call.operation == Operation::ReadCard && is_held(&id.to_string()) =>
                {
                    Box::pin(async { internal() })
                }
                _ => acting(task, key, CHANGES, |act| async move {
                    let _held = hold(act.name());
                    a_while().await;
                    act.done()
                }),
            };
        },
    },
    Fault {
        id: "card-active-before-its-details",
        words: "Issuance saves the status before the number: reads in between show an active card without one.",
        requirement: "BODY-11",
        shortest: 3,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Issue], |act| async move {
                    let reply = act.done();
                    let _held = hold(format!("{} bare", act.name()));
                    a_while().await;
                    reply
                })
            };
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if is_held(&format!("{} bare", card.id)) {
                        remove(body, "maskedPan");
                        remove(body, "expirationDate");
                    }
                })
            };
        },
    },
];
