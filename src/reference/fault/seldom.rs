//! Mistakes that one card, account or key in so many meets: a shard that is behind, a partition that is down.

use uuid::Uuid;

use super::{Fault, alter, leak::unmasked, rendered};
use crate::reference::call::Operation;
use crate::reference::card::{CardStatus, View};
use crate::reference::cards::listed;
use crate::reference::events::report;
use crate::reference::idempotency::once;
use crate::reference::lifecycle::{Action, Outcome, transition};
use crate::reference::limit::is_full;
use crate::reference::service::execute;

/// Whether a random id belongs to the last of so many shards.
fn is_in_the_last_of(shards: u128, id: Uuid) -> bool {
    id.as_u128() % shards == shards - 1
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "terminate-lost-in-one-shard",
        words: "The shard of one card in sixteen says yes to a terminate and loses it.",
        requirement: "LIFE-5",
        shortest: 3,
        plant: |rules| {
            rules.transition = |readings, card, action| match action {
                Action::Terminate if is_in_the_last_of(16, card.id) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "reactivation-refused-for-one-card-in-64",
        words: "One card in 64 can't be activated again.",
        requirement: "LIFE-3",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Action::Activate, CardStatus::Inactive) if is_in_the_last_of(64, card.id) => {
                    Outcome::Refuse(readings.refusal_code)
                }
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "create-keys-forgotten-in-one-shard",
        words: "The shard of one key in sixteen remembers no creates.",
        requirement: "IDEM-3",
        shortest: 2,
        plant: |rules| {
            rules.once = |task, slot| {
                let key = task.call.headers.get("idempotency-key");
                let key = key.and_then(|key| Uuid::try_parse_ascii(key.as_bytes()).ok());
                let is_forgotten = key.is_some_and(|key| is_in_the_last_of(16, key));
                match task.call.operation {
                    Operation::CreateCard if is_forgotten => execute(task),
                    _ => once(task, slot),
                }
            };
        },
    },
    Fault {
        id: "limit-not-kept-in-one-shard",
        words: "The shard of one account in sixteen counts no cards.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                !is_in_the_last_of(16, new.account_id) && is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "lists-without-one-shard",
        words: "Lists leave out the cards of one shard in sixteen.",
        requirement: "READ-3",
        shortest: 2,
        plant: |rules| {
            rules.listed = |service, scope| {
                let mut cards = listed(service, scope);
                cards.retain(|card| !is_in_the_last_of(16, card.id));
                cards
            };
        },
    },
    Fault {
        id: "number-shown-in-one-shard",
        words: "The shard of one card in 32 shows the whole number where the masked one belongs.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::Read && is_in_the_last_of(32, card.id) {
                        alter(body, "maskedPan", |_| unmasked(card).into());
                    }
                })
            };
        },
    },
    Fault {
        id: "events-lost-in-one-partition",
        words: "What happens to one card in sixteen is told to nobody.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match is_in_the_last_of(16, card.id) {
                true => Vec::new(),
                false => report(service, card, news),
            };
        },
    },
];
