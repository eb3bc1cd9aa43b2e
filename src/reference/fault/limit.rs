//! Mistakes in counting the cards of an account.

use std::sync::Arc;

use http::StatusCode;

use super::Fault;
use crate::reference::call::Refusal;
use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::limit::{Excess, Fate, excess, holds_slot, is_full, same_slot};

use CardStatus::{Active, Inactive, IssueFailed, Issuing, Suspended, Terminated};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "no-limit",
        words: "Nobody counts the cards of an account.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| rules.is_full = |_, _, _, _| false,
    },
    Fault {
        id: "limit-of-two",
        words: "The limit is off by one: an account gets two cards of a type.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let holders = cards
                    .iter()
                    .filter(|held| (rules.holds_slot)(readings, held) && same_slot(held, new));
                holders.count() >= 2
            };
        },
    },
    Fault {
        id: "limit-looks-at-oldest-card",
        words: "The limit is checked against the oldest card of the account only.",
        requirement: "LIMIT-1",
        shortest: 7,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                is_full(rules, readings, cards.get(..1).unwrap_or_default(), new)
            };
        },
    },
    Fault {
        id: "active-card-not-counted",
        words: "Only cards that are under way count: an active one doesn't.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| {
            rules.holds_slot = |readings, card| card.status != Active && holds_slot(readings, card);
        },
    },
    Fault {
        id: "physical-cards-without-limit",
        words: "The limit is kept for virtual cards and forgotten for physical ones.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                new.card_type == CardType::Virtual && is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "limit-of-a-post-code",
        words: "Cards are counted by account, type and post code.",
        requirement: "LIMIT-1",
        shortest: 5,
        plant: |rules| {
            rules.same_slot = |held, new| {
                let code = |card: &Card| card.billing_address.post_code.clone();
                same_slot(held, new) && code(held) == code(new)
            };
        },
    },
    Fault {
        id: "reactivated-card-loses-slot",
        words: "A card that was reactivated is not counted any more.",
        requirement: "LIMIT-1",
        shortest: 7,
        plant: |rules| {
            rules.holds_slot = |readings, card| {
                let reactivated = card.status == Active && card.trail.contains(&Inactive);
                !reactivated && holds_slot(readings, card)
            };
        },
    },
    Fault {
        id: "slot-free-for-good-after-rest",
        words: "A card that is terminated while inactive sets a flag that its slot is free, which no create takes back.",
        requirement: "LIMIT-4",
        shortest: 9,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let is_flag = |card: &&Card| {
                    let was_inactive = card.trail.iter().rev().nth(1) == Some(&Inactive);
                    card.status == Terminated && was_inactive && same_slot(card, new)
                };
                !cards.iter().any(is_flag) && is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "types-counted-together",
        words: "An account gets one card, of whatever type.",
        requirement: "LIMIT-2",
        shortest: 2,
        plant: |rules| rules.same_slot = |held, new| held.account_id == new.account_id,
    },
    Fault {
        id: "physical-refused-beside-active-virtual",
        words: "A physical card is refused while the account has an active virtual one.",
        requirement: "LIMIT-2",
        shortest: 3,
        plant: |rules| {
            rules.same_slot = |held, new| {
                let enough = held.status == Active && new.card_type == CardType::Physical;
                (enough && held.account_id == new.account_id) || same_slot(held, new)
            };
        },
    },
    Fault {
        id: "accounts-counted-together",
        words: "The limit is counted over all accounts of the programme.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.same_slot = |held, new| held.card_type == new.card_type;
            rules.counted_elsewhere = |service, account| {
                let others = service.own.accounts();
                let others = others.iter().filter(|other| !Arc::ptr_eq(other, account));
                others.flat_map(|other| other.cards().clone()).collect()
            };
        },
    },
    Fault {
        id: "account-counted-with-the-one-before",
        words: "The limit of an account also counts the cards of the account that was opened right before it.",
        requirement: "LIMIT-3",
        shortest: 2,
        plant: |rules| {
            rules.same_slot = |held, new| held.card_type == new.card_type;
            rules.counted_elsewhere = |service, account| {
                let all = service.own.accounts();
                let place = all.iter().position(|other| Arc::ptr_eq(other, account));
                let before = place.and_then(|place| all.get(place.checked_sub(1)?));
                before.map_or_else(Vec::new, |other| other.cards().clone())
            };
        },
    },
    Fault {
        id: "limit-answers-404",
        words: "A create over the limit is answered as if the account were unknown.",
        requirement: "LIMIT-4",
        shortest: 2,
        plant: |rules| {
            rules.excess = |_| Excess {
                refusal: Some(Refusal::new(
                    StatusCode::NOT_FOUND,
                    "not-found",
                    "no account for this card",
                )),
                card: None,
            };
        },
    },
    Fault {
        id: "inactive-card-not-counted",
        words: "An inactive card doesn't hold its slot.",
        requirement: "LIMIT-5",
        shortest: 6,
        plant: |rules| {
            rules.holds_slot =
                |readings, card| card.status != Inactive && holds_slot(readings, card);
        },
    },
    Fault {
        id: "suspended-card-not-counted",
        words: "A suspended card doesn't hold its slot.",
        requirement: "LIMIT-5",
        shortest: 6,
        plant: |rules| {
            rules.holds_slot =
                |readings, card| card.status != Suspended && holds_slot(readings, card);
        },
    },
    Fault {
        id: "issuing-card-not-counted",
        words: "A card that is still issuing doesn't hold its slot.",
        requirement: "LIMIT-6",
        shortest: 5,
        plant: |rules| {
            rules.holds_slot =
                |readings, card| card.status != Issuing && holds_slot(readings, card);
        },
    },
    Fault {
        id: "refused-create-leaves-card",
        words: "A create over the limit is refused after its card was stored, which stays behind as failed.",
        requirement: "LIMIT-7",
        shortest: 3,
        plant: |rules| {
            rules.excess = |readings| {
                let refusal = Refusal::new(
                    StatusCode::CONFLICT,
                    "card-limit",
                    "the account has such a card",
                );
                let Excess {
                    refusal: correct, ..
                } = excess(readings);
                Excess {
                    refusal: correct.or(Some(refusal)),
                    card: Some(Fate::FailsByItself),
                }
            };
        },
    },
    Fault {
        id: "terminated-slot-read-two-ways",
        words: "A terminated card frees its slot, unless it was inactive when it was terminated.",
        requirement: "OPEN-9",
        shortest: 7,
        plant: |rules| {
            rules.holds_slot = |readings, card| {
                let was_inactive = card.trail.iter().rev().nth(1) == Some(&Inactive);
                (card.status == Terminated && was_inactive) || holds_slot(readings, card)
            };
        },
    },
    Fault {
        id: "failed-slot-read-two-ways",
        words: "A failed card frees its slot the first time, and not the second.",
        requirement: "OPEN-11",
        shortest: 5,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let failed = cards
                    .iter()
                    .filter(|held| held.status == IssueFailed && same_slot(held, new));
                failed.count() > 1 || is_full(rules, readings, cards, new)
            };
        },
    },
];
