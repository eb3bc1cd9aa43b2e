//! Mistakes that lie deep: only a long story or a rare value shows them.

use super::Fault;
use crate::reference::call::{Operation, Refusal, Reply};
use crate::reference::card::{Address, Card, CardStatus, CardType, new_card};
use crate::reference::idempotency::{Record, once};
use crate::reference::input::card_request;
use crate::reference::lifecycle::{Action, Happening, Outcome, just_after, touch, transition};
use crate::reference::limit::{holds_slot, is_full, same_slot};
use crate::reference::service::{Task, execute};

use Action::{Activate, Block, Deactivate, Issue, Terminate, Unsuspend};
use CardStatus::{Active, Inactive, IssueFailed, Suspended, Terminated};

/// How often a card has come into a state.
fn times(card: &Card, status: CardStatus) -> usize {
    card.trail.iter().filter(|s| **s == status).count()
}

/// How many cards in one state wanted the slot that the new one wants.
fn earlier(cards: &[&Card], new: &Card, status: CardStatus) -> usize {
    let earlier = |held: &&&Card| held.status == status && same_slot(held, new);
    cards.iter().filter(earlier).count()
}

/// A new card whose billing address was kept changed.
fn kept(
    account_id: uuid::Uuid,
    mut request: crate::reference::card::CardRequest,
    now: jiff::Timestamp,
    change: impl Fn(&mut String),
) -> Card {
    let Address {
        first_line,
        second_line,
        city,
        state,
        post_code,
        country: _,
    } = &mut request.billing_address;
    for text in [first_line, city, post_code] {
        change(text);
    }
    second_line.iter_mut().chain(state).for_each(change);
    new_card(account_id, request, now)
}

/// Does the call once more when it is replayed for the how-manyth time.
fn again_on_replay(task: &Task<'_>, slot: &mut Option<Record>, replay: u32) -> Reply {
    let replays = |slot: &Option<Record>| slot.as_ref().map_or(0, |record| record.replays);
    let before = replays(slot);
    let reply = once(task, slot);
    if before + 1 == replay && replays(slot) == replay {
        execute(task);
    }
    reply
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "third-deactivation-lost",
        words: "The third time that a card is deactivated it stays active.",
        requirement: "LIFE-2",
        shortest: 8,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Active) if times(card, Inactive) == 2 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "third-activation-refused",
        words: "A card can be activated twice in its life.",
        requirement: "LIFE-3",
        shortest: 8,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Inactive) if times(card, Inactive) > 2 => {
                    Outcome::Refuse(readings.refusal_code)
                }
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "history-of-six-states",
        words: "The history of a card has room for six states, and a change that doesn't fit ends in a refusal.",
        requirement: "LIFE-2",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| match transition(readings, card, action) {
                Outcome::Change(_) if card.trail.len() >= 6 && action != Terminate => {
                    Outcome::Refuse(readings.refusal_code)
                }
                outcome => outcome,
            };
        },
    },
    Fault {
        id: "card-once-suspended-not-deactivated",
        words: "Deactivate has no effect on a card that was ever suspended.",
        requirement: "LIFE-2",
        shortest: 6,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Active) if times(card, Suspended) > 0 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "block-of-suspended-card-lifted",
        words: "A card that was blocked while it was suspended becomes active with the end of the suspension.",
        requirement: "LIFE-7",
        shortest: 6,
        plant: |rules| {
            rules.transition = |readings, card, action| {
                let was_suspended = card.trail.iter().rev().nth(1) == Some(&Suspended);
                match (action, card.status) {
                    (Unsuspend, CardStatus::Blocked) if was_suspended => Outcome::Change(Active),
                    _ => transition(readings, card, action),
                }
            };
        },
    },
    Fault {
        id: "reactivated-card-survives-terminate",
        words: "Terminate has no effect on a card that was activated again twice.",
        requirement: "LIFE-5",
        shortest: 8,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Active) if times(card, Inactive) > 1 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "third-card-fails",
        words: "When the issuance of two cards of an account has failed, so does that of the third, without a word.",
        requirement: "LIFE-12",
        shortest: 9,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                let failed = cards.iter().filter(|c| c.status == IssueFailed).count();
                if happening == (Happening::Changed { action: Issue }) && failed >= 2 {
                    cards[index].status = IssueFailed;
                }
                touch(cards, index, happening, now);
            };
        },
    },
    Fault {
        id: "one-card-at-rest-per-account",
        words: "When a card is put to rest, a card of the account that rests already wakes up.",
        requirement: "LIFE-14",
        shortest: 7,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                if happening == (Happening::Changed { action: Deactivate }) {
                    for (other, card) in cards.iter_mut().enumerate() {
                        if other != index && card.status == Inactive {
                            card.status = Active;
                            card.updated_at = just_after(card.updated_at);
                        }
                    }
                }
                touch(cards, index, happening, now);
            };
        },
    },
    Fault {
        id: "three-cards-in-a-lifetime",
        words: "An account gets three cards of a type in its lifetime, whatever became of them.",
        requirement: "OPEN-9",
        shortest: 7,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                earlier(cards, new, Terminated) >= 3 || is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "limit-looks-at-two-oldest-cards",
        words: "The limit is checked against the two oldest cards of the account.",
        requirement: "LIMIT-1",
        shortest: 8,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let oldest = cards.get(..2).unwrap_or(cards);
                is_full(rules, readings, oldest, new)
            };
        },
    },
    Fault {
        id: "limit-forgotten-after-two-terminations",
        words: "Once two cards of a type were terminated, nobody counts that type any more.",
        requirement: "LIMIT-1",
        shortest: 9,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                earlier(cards, new, Terminated) < 2 && is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "failed-slot-kept-beside-active-card",
        words: "A failed card keeps its slot while the account's card of the other type is active.",
        requirement: "OPEN-11",
        shortest: 8,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let other_is_active = cards
                    .iter()
                    .any(|held| held.status == Active && !same_slot(held, new));
                let kept = other_is_active && earlier(cards, new, IssueFailed) > 0;
                kept || is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "second-retry-done-again",
        words: "A call is done again when it is retried for the second time.",
        requirement: "IDEM-4",
        shortest: 7,
        plant: |rules| rules.once = |task, slot| again_on_replay(task, slot, 2),
    },
    Fault {
        id: "replayed-refusal-done-later",
        words: "A create that was refused is answered with the refusal again, and done now that it can be.",
        requirement: "LIMIT-7",
        shortest: 5,
        plant: |rules| {
            rules.once = |task, slot| {
                let before = slot.as_ref().map_or(0, |record| record.replays);
                let reply = once(task, slot);
                let is_replay = slot.as_ref().is_some_and(|record| record.replays > before);
                let is_create = task.call.operation == Operation::CreateCard;
                if is_replay && is_create && reply.status.is_client_error() {
                    execute(task);
                }
                reply
            };
        },
    },
    Fault {
        id: "second-block-is-a-rest",
        words: "A second block of a card that was deactivated and blocked brings it back to rest.",
        requirement: "LIFE-7",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Block, CardStatus::Blocked) if times(card, Inactive) > 0 => {
                    Outcome::Change(Inactive)
                }
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "physical-card-before-virtual",
        words: "When a physical card was made first, a virtual one that takes the place of a terminated one is refused.",
        requirement: "OPEN-9",
        shortest: 7,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let physical_first = cards
                    .first()
                    .is_some_and(|card| card.card_type == CardType::Physical);
                let replaces =
                    new.card_type == CardType::Virtual && earlier(cards, new, Terminated) > 0;
                (physical_first && replaces) || is_full(rules, readings, cards, new)
            };
        },
    },
    Fault {
        id: "young-countries-refused",
        words: "The table of countries is of 2009.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| {
                let country = &body["billingAddress"]["country"];
                match ["BQ", "CW", "SS", "SX"]
                    .iter()
                    .any(|young| country == young)
                {
                    true => Err(Refusal::invalid("country is not known")),
                    false => card_request(readings, body),
                }
            };
        },
    },
    Fault {
        id: "namibia-is-no-value",
        words: "The country code NA is read as \"not available\", and so as missing.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request = |readings, body| match body["billingAddress"]["country"].as_str() {
                Some("NA") => Err(Refusal::invalid("country is missing")),
                _ => card_request(readings, body),
            };
        },
    },
    Fault {
        id: "card-at-rest-twice-holds-no-slot",
        words: "A card that is put to rest for the second time no longer counts against the limit.",
        requirement: "LIMIT-5",
        shortest: 7,
        plant: |rules| {
            rules.holds_slot = |readings, card| {
                let rests = card.trail.iter().filter(|status| **status == Inactive);
                holds_slot(readings, card) && (card.status != Inactive || rests.count() < 2)
            };
        },
    },
    Fault {
        id: "suspended-again-may-be-deactivated",
        words: "Deactivate is accepted once a card is suspended for the second time.",
        requirement: "LIFE-8",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| {
                let times = card.trail.iter().filter(|status| **status == Suspended);
                match (action, card.status) {
                    (Deactivate, Suspended) if times.count() > 1 => Outcome::Change(Inactive),
                    _ => transition(readings, card, action),
                }
            };
        },
    },
    Fault {
        id: "leading-zeros-lost",
        words: "A post code of digits is kept as a number.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                let mut card = new_card(account_id, request, now);
                let post_code = &mut card.billing_address.post_code;
                if let Ok(number) = post_code.parse::<u64>() {
                    *post_code = number.to_string();
                }
                card
            };
        },
    },
    Fault {
        id: "joined-emoji-come-apart",
        words: "Characters that can't be seen are taken out of texts, those that join emoji included.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |text| {
                    text.retain(|c| c != '\u{200d}')
                })
            };
        },
    },
    Fault {
        id: "null-text-is-nothing",
        words: "A text that reads `null` comes back empty.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |text| {
                    if text == "null" {
                        text.clear();
                    }
                })
            };
        },
    },
    Fault {
        id: "accents-composed",
        words: "Letters and their accents are composed before a text is kept.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                kept(account_id, request, now, |text| {
                    *text = text.replace("e\u{301}", "é");
                })
            };
        },
    },
];
