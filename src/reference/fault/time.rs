//! Mistakes that show only with time.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::Fault;
use crate::reference::access::bearer;
use crate::reference::call::{Call, Refusal};
use crate::reference::card::{Card, CardStatus, expiration_date};
use crate::reference::cards::{Scope, listed};
use crate::reference::idempotency::{Record, is_alive, once};
use crate::reference::lifecycle::{Happening, just_after, touch};
use crate::reference::limit::is_full;
use crate::reference::service::{Service, execute, locate, unknown_id};

use CardStatus::{Active, Blocked, Inactive, Suspended, Terminated};

const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

fn age(record: &Record, now: Timestamp) -> SignedDuration {
    now.duration_since(record.at)
}

fn is_of_virtual_card(record: &Record) -> bool {
    let mut reply = record.reply.clone();
    reply
        .value_mut()
        .is_some_and(|card| card["type"] == "virtual")
}

/// The correct verdict on a bearer, but an expired one is let pass where it is forgiven.
fn bearer_but_expired(
    service: &Service,
    call: &Call,
    is_forgiven: impl FnOnce() -> bool,
) -> Result<(), Refusal> {
    bearer(service, call).or_else(|refusal| {
        match refusal.code == "bearer-expired" && is_forgiven() {
            true => Ok(()),
            false => Err(refusal),
        }
    })
}

/// Whether a token of any time would be good if it had been given a day later.
fn expired_within_a_day(service: &Service, call: &Call) -> bool {
    service
        .credentials
        .expiry(call)
        .is_some_and(|expires| service.clock.now().as_second() < expires + DAY.as_secs())
}

/// A read is when a job that is long due is done: this one, on a card that has rested for so long.
fn when_read_after(
    cards: &mut [Card],
    index: usize,
    happening: Happening,
    now: Timestamp,
    rest: SignedDuration,
    job: impl FnOnce(&mut Card),
) {
    let card = &mut cards[index];
    if happening == Happening::Read && now.duration_since(card.updated_at) > rest {
        job(card);
    }
    touch(cards, index, happening, now);
}

/// Moves a card as if somebody had called.
fn turn(card: &mut Card, from: CardStatus, to: CardStatus, now: Timestamp) {
    if card.status == from {
        card.status = to;
        card.trail.push(to);
        card.updated_at = now.max(just_after(card.updated_at));
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "key-kept-ten-minutes",
        words: "A key is remembered for ten minutes.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| rules.is_alive = |_, record, now, _| age(record, now) < TEN_MINUTES,
    },
    Fault {
        id: "key-kept-for-milliseconds",
        words: "The hour of a key is in seconds, and taken for milliseconds.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.is_alive =
                |_, record, now, _| age(record, now) < SignedDuration::from_millis(3_600);
        },
    },
    Fault {
        id: "key-kept-until-a-sweep",
        words: "A sweep that comes every fifty minutes drops all keys.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| {
            rules.is_alive = |_, record, now, _| age(record, now) < SignedDuration::from_mins(50);
        },
    },
    Fault {
        id: "key-never-expires",
        words: "A key is remembered for ever.",
        requirement: "IDEM-8",
        shortest: 3,
        plant: |rules| rules.is_alive = |_, _, _, _| true,
    },
    Fault {
        id: "key-kept-a-day",
        words: "A key is remembered for a day.",
        requirement: "IDEM-8",
        shortest: 3,
        plant: |rules| rules.is_alive = |_, record, now, _| age(record, now) < DAY,
    },
    Fault {
        id: "key-of-a-refusal-never-expires",
        words: "The hour of a key counts for successes; a refusal is remembered for ever.",
        requirement: "IDEM-8",
        shortest: 3,
        plant: |rules| {
            rules.is_alive = |readings, record, now, sequence| {
                !record.reply.status.is_success() || is_alive(readings, record, now, sequence)
            };
        },
    },
    Fault {
        id: "retries-renew-the-keys-of-virtual-cards",
        words: "The hour of a key begins anew with each retry of a virtual card's create, and of no other call.",
        requirement: "OPEN-46",
        shortest: 8,
        plant: |rules| {
            rules.is_alive = |_, record, now, _| {
                let since = match is_of_virtual_card(record) {
                    true => record.answered_at,
                    false => record.at,
                };
                now.duration_since(since) < HOUR
            };
        },
    },
    Fault {
        id: "answer-outlives-its-key",
        words: "After the hour the call is done afresh and answered from a cache that still has the first answer.",
        requirement: "IDEM-8",
        shortest: 3,
        plant: |rules| {
            rules.once = |task, slot| {
                let now = task.service.clock.now();
                let readings = &task.service.readings;
                let outlived = slot.as_ref().filter(|record| {
                    !is_alive(readings, record, now, 0) && record.target == task.target()
                });
                match outlived.map(|record| record.reply.clone()) {
                    Some(reply) => {
                        execute(task);
                        reply
                    }
                    None => once(task, slot),
                }
            };
        },
    },
    Fault {
        id: "expired-bearer-accepted",
        words: "Nobody looks at when a token expires.",
        requirement: "AUTH-3",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| bearer_but_expired(service, call, || true);
        },
    },
    Fault {
        id: "expired-bearer-may-read",
        words: "A token that has expired is good for reads.",
        requirement: "AUTH-3",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| bearer_but_expired(service, call, || !call.modifies());
        },
    },
    Fault {
        id: "expired-bearer-has-a-day",
        words: "A token is good for a day longer than its expiresAt says.",
        requirement: "AUTH-3",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer_but_expired(service, call, || expired_within_a_day(service, call))
            };
        },
    },
    Fault {
        id: "expired-bearer-answers-403",
        words: "A token that has expired is answered with 403.",
        requirement: "AUTH-3",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer(service, call).map_err(|refusal| match refusal.code {
                    "bearer-expired" => Refusal {
                        status: StatusCode::FORBIDDEN,
                        ..refusal
                    },
                    _ => refusal,
                })
            };
        },
    },
    Fault {
        id: "signature-age-not-checked",
        words: "Nobody looks at when a signature was made.",
        requirement: "AUTH-13",
        shortest: 1,
        plant: |rules| rules.is_recent = |_, _| true,
    },
    Fault {
        id: "signature-age-in-milliseconds",
        words: "The longest age of a signature is in milliseconds, and compared with seconds.",
        requirement: "AUTH-13",
        shortest: 1,
        plant: |rules| {
            rules.is_recent = |created, now| now.as_second().saturating_sub(created) <= 300_000;
        },
    },
    Fault {
        id: "limit-counts-cards-of-the-day",
        words: "Only the cards of the last day count against the limit.",
        requirement: "LIMIT-1",
        shortest: 6,
        plant: |rules| {
            rules.is_full = |rules, readings, cards, new| {
                let of_the_day =
                    |held: &&&Card| new.created_at.duration_since(held.created_at) < DAY;
                let counted: Vec<&Card> = cards.iter().filter(of_the_day).copied().collect();
                is_full(rules, readings, &counted, new)
            };
        },
    },
    Fault {
        id: "inactive-card-wakes-after-a-day",
        words: "A card that was inactive for a day is active again when it is next read.",
        requirement: "TIME-4",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, DAY, |card| {
                    turn(card, Inactive, Active, now);
                });
            };
        },
    },
    Fault {
        id: "active-card-sleeps-after-an-hour",
        words: "A card that nobody has touched for an hour is put to rest when it is next read.",
        requirement: "TIME-4",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, HOUR, |card| {
                    turn(card, Active, Inactive, now);
                });
            };
        },
    },
    Fault {
        id: "suspension-ends-after-a-day",
        words: "A suspension lapses after a day.",
        requirement: "TIME-4",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, DAY, |card| {
                    turn(card, Suspended, Active, now);
                });
            };
        },
    },
    Fault {
        id: "terminated-card-revives-after-a-month",
        words: "The mark that a card is terminated lapses after a month.",
        requirement: "TIME-4",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, MONTH, |card| {
                    turn(card, Terminated, Active, now);
                });
            };
        },
    },
    Fault {
        id: "blocked-card-ends-after-a-month",
        words: "A card that was blocked for a month is terminated when it is next read.",
        requirement: "LIFE-7",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, MONTH, |card| {
                    turn(card, Blocked, Terminated, now);
                });
            };
        },
    },
    Fault {
        id: "ended-card-loses-its-number",
        words: "A month after a card was terminated its number is written over with zeros.",
        requirement: "KEEP-6",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, MONTH, |card| {
                    if card.status == Terminated {
                        card.details.masked_pan = "000000******0000".to_owned();
                    }
                });
            };
        },
    },
    Fault {
        id: "late-read-moves-updated-at",
        words: "The first read in an hour moves updatedAt.",
        requirement: "TIME-4",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, HOUR, |card| {
                    card.updated_at = now;
                });
            };
        },
    },
    Fault {
        id: "updated-at-lost-after-a-day",
        words: "After a day a card is moved to an archive that knows only when it was created.",
        requirement: "TIME-2",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, DAY, |card| {
                    card.updated_at = card.created_at;
                });
            };
        },
    },
    Fault {
        id: "number-changes-after-a-month",
        words: "The number of a card is replaced every month.",
        requirement: "KEEP-6",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, MONTH, |card| {
                    card.details.masked_pan.replace_range(12.., "4071");
                });
            };
        },
    },
    Fault {
        id: "expiry-renewed-after-a-month",
        words: "The expiry is always four years from now, looked up once a month.",
        requirement: "KEEP-7",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                when_read_after(cards, index, happening, now, MONTH, |card| {
                    card.details.expiration_date = expiration_date(now, 4);
                });
            };
        },
    },
    Fault {
        id: "old-card-unreadable",
        words: "A card that nothing has changed for a month is not found any more.",
        requirement: "READ-1",
        shortest: 3,
        plant: |rules| {
            rules.locate = |service, call, id| {
                let account = locate(service, call, id)?;
                let is_old = |card: &Card| {
                    card.id == id && service.clock.now().duration_since(card.updated_at) > MONTH
                };
                let is_gone = account.cards().iter().any(is_old);
                match is_gone {
                    true => Err(unknown_id(&service.readings)),
                    false => Ok(account),
                }
            };
        },
    },
    Fault {
        id: "account-list-of-the-day",
        words: "An account's list has the cards of the last day.",
        requirement: "READ-2",
        shortest: 3,
        plant: |rules| {
            rules.listed = |service, scope| {
                let mut cards = listed(service, scope);
                if matches!(scope, Scope::Account(_)) {
                    let now = service.clock.now();
                    cards.retain(|card| now.duration_since(card.created_at) < DAY);
                }
                cards
            };
        },
    },
];
