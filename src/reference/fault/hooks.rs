//! Mistakes in what subscribers are told.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Value, json};
use uuid::Uuid;

use super::leak::unmasked;
use super::{Fault, alter, remove};

use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::events::{Event, News, event, of_body, report, shown};
use crate::reference::idempotency::{Decision, replay};
use crate::reference::lifecycle::Action;
use crate::reference::service::{Service, Subject, Task};

use CardStatus::{Active, Blocked, Inactive, IssueFailed, Suspended, Terminated};

/// What is told, unless the card has just come into one of these states.
fn unless_in(states: &[CardStatus], service: &Service, card: &Card, news: News<'_>) -> Vec<Event> {
    match news {
        News::Changed { .. } if states.contains(&card.status) => Vec::new(),
        _ => report(service, card, news),
    }
}

/// Every event with a change of its body.
fn altered(
    service: &Service,
    card: &Card,
    news: News<'_>,
    change: impl Fn(&mut Value),
) -> Vec<Event> {
    let events = report(service, card, news);
    events.iter().map(|event| with(event, &change)).collect()
}

fn with(event: &Event, change: impl Fn(&mut Value)) -> Event {
    let mut body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    change(&mut body);
    of_body(&body)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "issuance-is-not-told",
        words: "No event tells that a card was issued.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Changed { before } if before.status == CardStatus::Issuing => {
                    unless_in(&[Active], service, card, news)
                }
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "termination-is-not-told",
        words: "No event tells that a card was terminated.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| unless_in(&[Terminated], service, card, news);
        },
    },
    Fault {
        id: "end-before-issuance-is-not-told",
        words: "No event tells of a card that was terminated before it was issued.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match card.issued {
                true => report(service, card, news),
                false => unless_in(&[Terminated], service, card, news),
            };
        },
    },
    Fault {
        id: "failed-issuance-is-not-told",
        words: "No event tells that the issuance of a card has failed.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| unless_in(&[IssueFailed], service, card, news);
        },
    },
    Fault {
        id: "reactivation-is-not-told",
        words: "No event tells that an inactive card is active again.",
        requirement: "HOOK-1",
        shortest: 5,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Changed { before } if before.status == Inactive => {
                    unless_in(&[Active], service, card, news)
                }
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "issuers-acts-are-not-told",
        words: "Only what the client does is told: no event when the issuer suspends or blocks a card.",
        requirement: "HOOK-1",
        shortest: 4,
        plant: |rules| {
            rules.report =
                |service, card, news| unless_in(&[Suspended, Blocked], service, card, news);
        },
    },
    Fault {
        id: "physical-cards-are-not-told",
        words: "Only virtual cards are told of.",
        requirement: "HOOK-1",
        shortest: 4,
        plant: |rules| {
            rules.report = |service, card, news| match card.card_type {
                CardType::Physical => Vec::new(),
                CardType::Virtual => report(service, card, news),
            };
        },
    },
    Fault {
        id: "second-deactivation-is-not-told",
        words: "Only the first deactivation of a card is told.",
        requirement: "HOOK-1",
        shortest: 6,
        plant: |rules| {
            rules.report = |service, card, news| {
                let inactive = card.trail.iter().filter(|status| **status == Inactive);
                match inactive.count() {
                    0 | 1 => report(service, card, news),
                    _ => unless_in(&[Inactive], service, card, news),
                }
            };
        },
    },
    Fault {
        id: "third-card-is-not-told",
        words: "Of an account's cards only the first two are told of.",
        requirement: "HOOK-1",
        shortest: 6,
        plant: |rules| {
            static CARDS: LazyLock<Mutex<HashMap<Uuid, Vec<Uuid>>>> = LazyLock::new(Mutex::default);
            rules.report = |service, card, news| {
                let mut cards = CARDS.lock().unwrap_or_else(PoisonError::into_inner);
                let known = cards.entry(card.account_id).or_default();
                if !known.contains(&card.id) {
                    known.push(card.id);
                }
                match known[..known.len().min(2)].contains(&card.id) {
                    true => report(service, card, news),
                    false => Vec::new(),
                }
            };
        },
    },
    Fault {
        id: "event-taken-for-a-redelivery",
        words: "An event that differs from the one before it in its ids and times alone is dropped as its redelivery.",
        requirement: "HOOK-1",
        shortest: 5,
        plant: |rules| {
            rules.report = |service, card, news| match is_like_the_last(service, card) {
                true => Vec::new(),
                false => report(service, card, news),
            };
        },
    },
    Fault {
        id: "stale-event",
        words: "An event shows the card as it was before the change.",
        requirement: "HOOK-1",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Changed { before } => vec![event(&shown(service, before))],
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "event-without-address",
        words: "Events lack the billing address.",
        requirement: "HOOK-2",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| remove(body, "billingAddress"))
            };
        },
    },
    Fault {
        id: "event-cut-short",
        words: "The last byte of an event is missing.",
        requirement: "HOOK-2",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                let mut events = report(service, card, news);
                for event in &mut events {
                    event.body.pop();
                }
                events
            };
        },
    },
    Fault {
        id: "event-wraps-card",
        words: "The card stands in a member of the event.",
        requirement: "HOOK-2",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    *body = json!({
                        "webhookType": body["webhookType"],
                        "eventId": body["eventId"],
                        "card": body.clone(),
                    });
                })
            };
        },
    },
    Fault {
        id: "event-before-its-time",
        words: "The event of a new card shows it active already.",
        requirement: "HOOK-3",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    if matches!(news, News::Created) {
                        body["status"] = json!("active");
                    }
                })
            };
        },
    },
    Fault {
        id: "event-of-what-was-refused",
        words: "The event of a deactivation goes out before it turns out that it is refused.",
        requirement: "HOOK-3",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Refused {
                    action: Action::Deactivate,
                } => {
                    let mut body = shown(service, card);
                    body["status"] = json!("inactive");
                    vec![event(&body)]
                }
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "event-of-another-account",
        words: "The accountId of an event is one of its own.",
        requirement: "HOOK-3",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    body["accountId"] = json!(Uuid::from_u128(!card.account_id.as_u128()));
                })
            };
        },
    },
    Fault {
        id: "event-with-short-address",
        words: "The lines of an address are cut to ten characters in events.",
        requirement: "HOOK-3",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    alter(&mut body["billingAddress"], "firstLine", |line| {
                        let line = line.as_str().unwrap_or_default();
                        json!(line.chars().take(10).collect::<String>())
                    });
                })
            };
        },
    },
    Fault {
        id: "event-escaped-for-html",
        words: "An ampersand is written in events as the entity that a page would need.",
        requirement: "HOOK-3",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    alter(&mut body["billingAddress"], "firstLine", |line| {
                        json!(line.as_str().unwrap_or_default().replace('&', "&amp;"))
                    });
                })
            };
        },
    },
    Fault {
        id: "one-event-id-per-card",
        words: "All events of a card have one eventId.",
        requirement: "HOOK-4",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| body["eventId"] = json!(card.id))
            };
        },
    },
    Fault {
        id: "redelivery-with-new-id",
        words: "An event that is delivered again has another eventId.",
        requirement: "HOOK-4",
        shortest: 3,
        plant: |rules| {
            rules.redelivered = |event| with(event, |body| body["eventId"] = json!(Uuid::new_v4()));
        },
    },
    Fault {
        id: "event-with-the-old-time",
        words: "An event shows the updatedAt from before the change.",
        requirement: "HOOK-5",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    if let News::Changed { before } = news {
                        body["updatedAt"] = shown(service, before)["updatedAt"].clone();
                    }
                })
            };
        },
    },
    Fault {
        id: "event-before-the-details",
        words: "The event of an issuance lacks what the issuance gave the card.",
        requirement: "HOOK-5",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    if matches!(news, News::Changed { before } if !before.issued) {
                        for name in ["name", "network", "maskedPan", "expirationDate"] {
                            remove(body, name);
                        }
                    }
                })
            };
        },
    },
    Fault {
        id: "reads-are-told",
        words: "An event tells that a card was read.",
        requirement: "HOOK-6",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Read => vec![event(&shown(service, card))],
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "refusals-are-told",
        words: "An event tells of a call that was refused.",
        requirement: "HOOK-6",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Refused { .. } => vec![event(&shown(service, card))],
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "repeats-are-told",
        words: "An event tells that an active card was activated, though that is refused.",
        requirement: "HOOK-6",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Refused {
                    action: Action::Activate,
                } if card.status == CardStatus::Active => {
                    vec![event(&shown(service, card))]
                }
                _ => report(service, card, news),
            };
        },
    },
    Fault {
        id: "retries-are-told",
        words: "A call that is sent again under its key is told again, as an event of its own.",
        requirement: "HOOK-6",
        shortest: 4,
        plant: |rules| {
            rules.replay = |task, record| {
                let decision = replay(task, record);
                if matches!(decision, Decision::Answer(_)) {
                    tell_again(task);
                }
                decision
            };
        },
    },
    Fault {
        id: "event-type-by-state",
        words: "The webhookType names the new state.",
        requirement: "HOOK-7",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    let status = body["status"].as_str().unwrap_or_default();
                    body["webhookType"] = json!(format!("card.{status}"));
                })
            };
        },
    },
    Fault {
        id: "event-as-plain-text",
        words: "Events call themselves plain text.",
        requirement: "HOOK-7",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                let mut events = report(service, card, news);
                for event in &mut events {
                    event.media_type = "text/plain";
                }
                events
            };
        },
    },
    Fault {
        id: "event-id-is-no-uuid",
        words: "The eventId is a time and a number.",
        requirement: "HOOK-8",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    let time = card.updated_at.as_nanosecond();
                    body["eventId"] = json!(format!("evt-{time}-1"));
                })
            };
        },
    },
    Fault {
        id: "events-of-all-programmes",
        words: "Subscribers are told of every programme's cards.",
        requirement: "HOOK-9",
        shortest: 2,
        plant: |rules| {
            rules.report = |service, card, news| {
                let mut events = report(service, card, news);
                for account in service.foreign.accounts() {
                    let foreign = account.cards();
                    events.extend(foreign.iter().map(|card| event(&shown(service, card))));
                }
                events
            };
        },
    },
    Fault {
        id: "event-with-full-number",
        words: "An event has the full number of the card.",
        requirement: "HOOK-13",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    if card.issued {
                        body["pan"] = json!(unmasked(card));
                    }
                })
            };
        },
    },
    Fault {
        id: "event-with-cvv",
        words: "The event of an issuance has the CVV, for the client to show it once.",
        requirement: "HOOK-13",
        shortest: 3,
        plant: |rules| {
            rules.report = |service, card, news| {
                altered(service, card, news, |body| {
                    if matches!(news, News::Changed { before } if !before.issued && card.issued) {
                        body["cvv"] = json!("737");
                    }
                })
            };
        },
    },
];

/// So many of the newest accounts are looked at.
const NEWEST: usize = 40;

/// Whether the card of another account that changed last is the like of this one. The card's own account is locked.
fn is_like_the_last(service: &Service, card: &Card) -> bool {
    let accounts = service.own.accounts();
    let others = accounts.iter().rev().take(NEWEST);
    let others = others.filter(|account| account.id != card.account_id);
    let cards = others.filter_map(|account| account.cards_if_free());
    let newest = cards.filter_map(|cards| cards.iter().max_by_key(|c| c.updated_at).cloned());
    let alike = |other: &Card| {
        let same_address = other.billing_address == card.billing_address;
        same_address && other.card_type == card.card_type && other.status == card.status
    };
    let last = newest.max_by_key(|other| other.updated_at);
    last.is_some_and(|last| alike(&last))
}

/// The card that a call is about, told once more.
fn tell_again(task: &Task<'_>) {
    let service = task.service;
    let Subject::Card { id, account } = &task.subject else {
        return;
    };
    let cards = account.cards();
    if let Some(card) = cards.iter().find(|card| card.id == *id) {
        let again = event(&shown(service, card));
        crate::reference::events::send(service, card, &[again]);
    }
}
