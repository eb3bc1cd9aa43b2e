//! Mistakes that show when a client hangs up before it has got the answer, and asks again.

use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::Fault;
use crate::reference::call::{Content, Operation, Refusal, Reply};
use crate::reference::card::{Address, Card, CardStatus, CardType, View, render};
use crate::reference::cards::listed;
use crate::reference::hang_up::HangUp;
use crate::reference::idempotency::{Decision, Record, once, payload, replay};
use crate::reference::service::{Task, execute};

use Operation::{Activate, CreateCard, Deactivate, Terminate};

/// Does this to the card that a create made, or that an act was about, once the client has hung up.
fn with_card(hang_up: &HangUp<'_>, operation: Operation, change: fn(&mut Card)) {
    let Some(account) = hang_up.account() else {
        return;
    };
    if hang_up.task.call.operation != operation {
        return;
    }
    let mut cards = account.cards();
    let changed = cards
        .iter_mut()
        .find(|card| !hang_up.before.iter().any(|before| before == *card));
    if let Some(card) = changed {
        change(card);
    }
}

/// The card that a create made before the client hung up.
fn made(hang_up: &HangUp<'_>) -> Option<Uuid> {
    let cards = hang_up.account()?.cards();
    let is_new = |card: &&Card| !hang_up.before.iter().any(|before| before.id == card.id);
    cards.iter().find(is_new).map(|card| card.id)
}

/// Puts the account back to where it was before a call of this kind.
fn roll_back(hang_up: &HangUp<'_>, operation: Operation) {
    if hang_up.task.call.operation == operation
        && let Some(account) = hang_up.account()
    {
        if let Some(card) = made(hang_up) {
            hang_up.task.service.own.strike_card(card);
        }
        account.cards().clone_from(&hang_up.before);
    }
}

/// Forgets that a call of this kind was done.
fn forget(hang_up: &mut HangUp<'_>, operation: Operation) {
    if hang_up.task.call.operation == operation {
        *hang_up.record = None;
    }
}

/// The correct decision, with what the retry of a call gets whose client hung up changed.
fn retry_changed(
    task: &Task<'_>,
    record: &Record,
    operation: Operation,
    change: fn(&Task<'_>, Reply) -> Reply,
) -> Decision {
    match replay(task, record) {
        Decision::Answer(reply) if record.hung_up && record.operation == operation => {
            Decision::Answer(change(task, reply))
        }
        decision => decision,
    }
}

/// Whether a call has the key of one whose client hung up, and another payload.
fn is_changed(task: &Task<'_>, record: &Record) -> bool {
    record.hung_up && record.target == task.target() && record.payload != payload(task.call)
}

/// The card that a recorded answer shows.
fn with_recorded_card(task: &Task<'_>, reply: &Reply, change: impl FnOnce(&mut Card)) {
    let Content::Json(body) = &reply.content else {
        return;
    };
    let id = body["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
    let account = id.and_then(|id| task.service.own.account_of_card(id));
    if let Some(account) = account
        && let Some(card) = account.cards().iter_mut().find(|card| Some(card.id) == id)
    {
        change(card);
    }
}

/// Marks a card of which only the row that holds the slot was written.
fn is_half_made(card: &Card) -> bool {
    card.trail.is_empty()
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "cut-create-forgets-key",
        words: "The key of a create is remembered only after the answer was written, so a cut makes room for a second card.",
        requirement: "IDEM-3",
        shortest: 3,
        plant: |rules| rules.hung_up = Some(|hang_up| forget(hang_up, CreateCard)),
    },
    Fault {
        id: "cut-deactivate-forgets-key",
        words: "The key of a deactivate is forgotten when its client hangs up, so the retry puts a woken card to rest.",
        requirement: "IDEM-4",
        shortest: 7,
        plant: |rules| rules.hung_up = Some(|hang_up| forget(hang_up, Deactivate)),
    },
    Fault {
        id: "cut-create-retried-with-200",
        words: "The retry of a create whose client hung up is answered with 200.",
        requirement: "CREATE-1",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                retry_changed(task, record, CreateCard, |_, reply| Reply {
                    status: StatusCode::OK,
                    ..reply
                })
            };
        },
    },
    Fault {
        id: "cut-create-retried-without-body",
        words: "The retry of a create whose client hung up gets the status without the card.",
        requirement: "BODY-12",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                retry_changed(task, record, CreateCard, |_, reply| Reply {
                    content: Content::None,
                    ..reply
                })
            };
        },
    },
    Fault {
        id: "cut-create-retry-shows-current-card",
        words: "The retry of a create whose client hung up shows the card as it is by now.",
        requirement: "CREATE-2",
        shortest: 4,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                retry_changed(task, record, CreateCard, |task, mut reply| {
                    let mut current = Value::Null;
                    with_recorded_card(task, &reply, |card| {
                        current = render(&task.service.readings, card, View::Created);
                    });
                    if let Some(body) = reply.value_mut() {
                        *body = current;
                    }
                    reply
                })
            };
        },
    },
    Fault {
        id: "cut-create-retry-breaks",
        words: "The retry of a create whose client hung up ends in an internal error.",
        requirement: "HTTP-2",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                retry_changed(task, record, CreateCard, |_, _| {
                    Reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
                })
            };
        },
    },
    Fault {
        id: "cut-terminate-retried-with-404",
        words: "The retry of a terminate whose client hung up finds no card any more.",
        requirement: "IDEM-3",
        shortest: 4,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                retry_changed(task, record, Terminate, |_, _| {
                    Refusal::new(StatusCode::NOT_FOUND, "not-found", "no card has this id").into()
                })
            };
        },
    },
    Fault {
        id: "cut-create-rolled-back",
        words: "A create is rolled back when its client hangs up, and its key still gets the answer.",
        requirement: "READ-1",
        shortest: 3,
        plant: |rules| rules.hung_up = Some(|hang_up| roll_back(hang_up, CreateCard)),
    },
    Fault {
        id: "cut-create-half-done",
        words: "A create whose client hangs up has put the card into the lists, but not where it is read by its id.",
        requirement: "READ-1",
        shortest: 3,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                if hang_up.task.call.operation == CreateCard
                    && let Some(card) = made(hang_up)
                {
                    hang_up.task.service.own.strike_card(card);
                }
            });
        },
    },
    Fault {
        id: "cut-create-holds-slot",
        words: "A create whose client hangs up leaves no card, but the slot taken.",
        requirement: "READ-2",
        shortest: 3,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                if let Some(card) = made(hang_up) {
                    hang_up.task.service.own.strike_card(card);
                }
                with_card(hang_up, CreateCard, |card| card.trail.clear());
                forget(hang_up, CreateCard);
            });
            rules.listed = |service, scope| {
                let mut cards = listed(service, scope);
                cards.retain(|card| !is_half_made(card));
                cards
            };
        },
    },
    Fault {
        id: "cut-create-made-twice",
        words: "A create whose client hangs up is done once more by a job that picks up what was left.",
        requirement: "READ-2",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                let (Some(account), Some(id)) = (hang_up.account(), made(hang_up)) else {
                    return;
                };
                let mut cards = account.cards();
                let twin = cards.iter().find(|card| card.id == id).map(|card| Card {
                    id: Uuid::new_v4(),
                    ..card.clone()
                });
                if let Some(twin) = twin {
                    hang_up.task.service.own.enter_card(twin.id, account);
                    cards.push(twin);
                }
            });
        },
    },
    Fault {
        id: "cut-create-changes-type",
        words: "A create whose client hangs up falls back to a card of the other type.",
        requirement: "READ-2",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                with_card(hang_up, CreateCard, |card| {
                    card.card_type = match card.card_type {
                        CardType::Virtual => CardType::Physical,
                        CardType::Physical => CardType::Virtual,
                    };
                });
            });
        },
    },
    Fault {
        id: "cut-create-loses-address",
        words: "A create whose client hangs up has kept only the country of the billing address.",
        requirement: "CREATE-4",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                with_card(hang_up, CreateCard, |card| {
                    card.billing_address = Address {
                        first_line: "-".to_owned(),
                        second_line: None,
                        city: "-".to_owned(),
                        state: None,
                        country: card.billing_address.country.clone(),
                        post_code: "-".to_owned(),
                    };
                });
            });
        },
    },
    Fault {
        id: "cut-create-issues-card",
        words: "The card of a create whose client hangs up is active at once.",
        requirement: "LIFE-1",
        shortest: 2,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                with_card(hang_up, CreateCard, |card| {
                    card.status = CardStatus::Active;
                    card.issued = true;
                });
            });
        },
    },
    Fault {
        id: "cut-activate-rolled-back",
        words: "An activate is rolled back when its client hangs up, and the retry is told that it was done.",
        requirement: "LIFE-3",
        shortest: 6,
        plant: |rules| rules.hung_up = Some(|hang_up| roll_back(hang_up, Activate)),
    },
    Fault {
        id: "cut-terminate-rolled-back",
        words: "A terminate is rolled back when its client hangs up, and the retry is told that it was done.",
        requirement: "LIFE-5",
        shortest: 4,
        plant: |rules| rules.hung_up = Some(|hang_up| roll_back(hang_up, Terminate)),
    },
    Fault {
        id: "cut-terminate-half-done",
        words: "A terminate puts the card to rest first, and stays there when its client hangs up.",
        requirement: "LIFE-5",
        shortest: 4,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                with_card(hang_up, Terminate, |card| {
                    card.status = CardStatus::Inactive
                });
            });
        },
    },
    Fault {
        id: "cut-deactivate-blocks",
        words: "A deactivate whose client hangs up is taken for an attack, and blocks the card.",
        requirement: "LIFE-2",
        shortest: 4,
        plant: |rules| {
            rules.hung_up = Some(|hang_up| {
                with_card(hang_up, Deactivate, |card| {
                    card.status = CardStatus::Blocked
                });
            });
        },
    },
    Fault {
        id: "changed-payload-after-cut-overwrites",
        words: "Another payload under the key of a create whose client hung up is refused, but changes the card.",
        requirement: "READ-6",
        shortest: 4,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| {
                if is_changed(task, record) && task.call.operation == CreateCard {
                    let sent: Value = serde_json::from_slice(&task.call.body).unwrap_or_default();
                    let line = sent["billingAddress"]["firstLine"].as_str();
                    let city = sent["billingAddress"]["city"].as_str();
                    with_recorded_card(task, &record.reply, |card| {
                        let address = &mut card.billing_address;
                        address.first_line = line.unwrap_or(&address.first_line).to_owned();
                        address.city = city.unwrap_or(&address.city).to_owned();
                    });
                }
                replay(task, record)
            };
        },
    },
    Fault {
        id: "changed-payload-after-cut-answered-as-retry",
        words: "After a hang-up, any payload under the key is taken for the retry.",
        requirement: "IDEM-5",
        shortest: 3,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.replay = |task, record| match is_changed(task, record) {
                true => Decision::Answer(record.reply.clone()),
                false => replay(task, record),
            };
        },
    },
    Fault {
        id: "retry-after-cut-done-again",
        words: "The retry of a deactivate whose client hung up is answered as before, and done again.",
        requirement: "IDEM-4",
        shortest: 7,
        plant: |rules| {
            rules.hung_up = Some(|_| {});
            rules.once = |task, slot| {
                let again = slot.as_ref().is_some_and(|record| {
                    record.hung_up
                        && record.operation == Deactivate
                        && record.target == task.target()
                });
                let reply = once(task, slot);
                if again {
                    execute(task);
                }
                reply
            };
        },
    },
];
