//! Mistakes in the lists of cards.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Fault, alter, remove, rendered};
use crate::reference::call::{Call, Operation, Refusal, Reply};
use crate::reference::card::{Card, CardStatus, CardType, View};
use crate::reference::cards::{Scope, listed};
use crate::reference::service::Service;

use CardStatus::{Active, Inactive, Terminated};

/// The account's list as it should be, changed; the programme's list is left alone.
fn account_list(
    service: &Service,
    scope: &Scope<'_>,
    change: fn(Vec<Card>) -> Vec<Card>,
) -> Vec<Card> {
    match scope {
        Scope::Account(_) => change(listed(service, scope)),
        Scope::Programme => listed(service, scope),
    }
}

/// The programme's list as it should be, changed; an account's list is left alone.
fn programme_list(
    service: &Service,
    scope: &Scope<'_>,
    change: fn(Vec<Card>) -> Vec<Card>,
) -> Vec<Card> {
    match scope {
        Scope::Account(_) => listed(service, scope),
        Scope::Programme => change(listed(service, scope)),
    }
}

/// Puts the array of a list into an object.
fn wrapped(call: &Call, mut reply: Reply, operation: Operation) -> Reply {
    if call.operation == operation
        && let Some(body) = reply.value_mut().filter(|body| body.is_array())
    {
        *body = json!({ "cards": body.take() });
    }
    reply
}

/// Whether a card is active for the second time or more.
fn reactivated(card: &Card) -> bool {
    card.status == Active && card.trail.contains(&Inactive)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "account-list-misses-inactive",
        words: "An account's list leaves out inactive cards.",
        requirement: "READ-2",
        shortest: 4,
        plant: |rules| {
            rules.listed = |service, scope| {
                account_list(service, scope, |mut cards| {
                    cards.retain(|card| card.status != Inactive);
                    cards
                })
            };
        },
    },
    Fault {
        id: "account-list-of-at-most-two",
        words: "An account's list ends after two cards, since no account has more that are in use.",
        requirement: "READ-2",
        shortest: 7,
        plant: |rules| {
            rules.listed = |service, scope| {
                account_list(service, scope, |mut cards| {
                    cards.truncate(2);
                    cards
                })
            };
        },
    },
    Fault {
        id: "programme-list-misses-physical",
        words: "The programme's list leaves out physical cards.",
        requirement: "READ-3",
        shortest: 2,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |mut cards| {
                    cards.retain(|card| card.card_type == CardType::Virtual);
                    cards
                })
            };
        },
    },
    Fault {
        id: "programme-list-of-at-most-100",
        words: "The programme's list ends after the 100 newest cards.",
        requirement: "READ-3",
        shortest: 201,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |mut cards| {
                    cards.sort_by_key(|card| std::cmp::Reverse(card.created_at));
                    cards.truncate(100);
                    cards
                })
            };
        },
    },
    Fault {
        id: "programme-list-has-newest-of-account",
        words: "The programme's list has only the newest card of each account.",
        requirement: "READ-3",
        shortest: 3,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |mut cards| {
                    cards.reverse();
                    cards.dedup_by_key(|card| card.account_id);
                    cards
                })
            };
        },
    },
    Fault {
        id: "programme-list-misses-reactivated",
        words: "The programme's list leaves out cards that were reactivated.",
        requirement: "READ-3",
        shortest: 5,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |mut cards| {
                    cards.retain(|card| !reactivated(card));
                    cards
                })
            };
        },
    },
    Fault {
        id: "account-list-doubles",
        words: "An account's list has every card twice.",
        requirement: "READ-4",
        shortest: 2,
        plant: |rules| {
            rules.listed = |service, scope| {
                account_list(service, scope, |cards| {
                    cards.iter().chain(&cards).cloned().collect()
                })
            };
        },
    },
    Fault {
        id: "programme-list-doubles-reactivated",
        words: "The programme's list has a card twice once it was reactivated.",
        requirement: "READ-4",
        shortest: 5,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |cards| {
                    let again: Vec<Card> = cards
                        .iter()
                        .filter(|card| reactivated(card))
                        .cloned()
                        .collect();
                    cards.into_iter().chain(again).collect()
                })
            };
        },
    },
    Fault {
        id: "account-list-mixes-accounts",
        words: "An account's list has the cards of the whole programme.",
        requirement: "READ-5",
        shortest: 2,
        plant: |rules| rules.listed = |service, _| listed(service, &Scope::Programme),
    },
    Fault {
        id: "account-list-includes-next-account",
        words: "An account's list has the physical cards of the account that was opened after it too.",
        requirement: "READ-5",
        shortest: 2,
        plant: |rules| {
            rules.listed = |service, scope| {
                let mut cards = listed(service, scope);
                if let Scope::Account(account) = scope {
                    let accounts = service.own.accounts();
                    let next = accounts
                        .iter()
                        .skip_while(|other| !Arc::ptr_eq(other, account))
                        .nth(1);
                    let next = next.map_or_else(Vec::new, |next| next.cards().clone());
                    cards.extend(
                        next.into_iter()
                            .filter(|card| card.card_type == CardType::Physical),
                    );
                }
                cards
            };
        },
    },
    Fault {
        id: "programme-list-is-stale",
        words: "The programme's list shows each card's state before the last change.",
        requirement: "READ-6",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if let (View::ProgrammeList, Some(status)) =
                        (view, card.trail.iter().rev().nth(1))
                    {
                        body["status"] = json!(status);
                    }
                })
            };
        },
    },
    Fault {
        id: "terminated-card-listed-as-active",
        words: "An account's list shows terminated cards as active.",
        requirement: "READ-6",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                let terminated = card.status == Terminated && view == View::AccountList;
                rendered(readings, card, view, |body| {
                    if terminated {
                        body["status"] = json!(Active);
                    }
                })
            };
        },
    },
    Fault {
        id: "account-list-drops-second-line",
        words: "An account's list shows billing addresses without their second line.",
        requirement: "READ-6",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::AccountList {
                        remove(&mut body["billingAddress"], "secondLine");
                    }
                })
            };
        },
    },
    Fault {
        id: "programme-list-rounds-times",
        words: "The programme's list cuts timestamps to seconds, the other reads don't.",
        requirement: "READ-6",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::ProgrammeList {
                        alter(body, "createdAt", |_| {
                            json!(format!("{:.0}", card.created_at))
                        });
                        alter(body, "updatedAt", |_| {
                            json!(format!("{:.0}", card.updated_at))
                        });
                    }
                })
            };
        },
    },
    Fault {
        id: "empty-account-list-answers-404",
        words: "The list of an account without cards is answered with 404.",
        requirement: "READ-9",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let empty = reply
                    .value_mut()
                    .is_some_and(|body| *body == Value::Array(Vec::new()));
                match call.operation == Operation::AccountCards && empty {
                    true => Refusal::new(
                        StatusCode::NOT_FOUND,
                        "not-found",
                        "the account has no cards",
                    )
                    .into(),
                    false => reply,
                }
            };
        },
    },
    Fault {
        id: "account-list-in-an-object",
        words: "An account's list comes as an object that holds the array.",
        requirement: "READ-9",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| wrapped(call, reply, Operation::AccountCards);
        },
    },
    Fault {
        id: "programme-list-in-an-object",
        words: "The programme's list comes as an object that holds the array.",
        requirement: "READ-9",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| wrapped(call, reply, Operation::ProgrammeCards);
        },
    },
    Fault {
        id: "single-card-list-is-the-card",
        words: "The list of an account with one card is that card, without an array around it.",
        requirement: "READ-9",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                if call.operation == Operation::AccountCards
                    && let Some(body) = reply.value_mut()
                    && let Some([card]) = body.as_array().map(Vec::as_slice)
                {
                    *body = card.clone();
                }
                reply
            };
        },
    },
    Fault {
        id: "terminated-listing-read-two-ways",
        words: "Terminated cards stay in an account's list and leave the programme's.",
        requirement: "OPEN-12",
        shortest: 4,
        plant: |rules| {
            rules.listed = |service, scope| {
                programme_list(service, scope, |mut cards| {
                    cards.retain(|card| card.status != Terminated);
                    cards
                })
            };
        },
    },
    Fault {
        id: "account-list-shares-first-address",
        words: "In an account's list every card has the billing address of the first.",
        requirement: "READ-6",
        shortest: 4,
        plant: |rules| {
            rules.listed = |service, scope| {
                account_list(service, scope, |mut cards| {
                    if let Some(address) = cards.first().map(|card| card.billing_address.clone()) {
                        cards
                            .iter_mut()
                            .for_each(|card| card.billing_address = address.clone());
                    }
                    cards
                })
            };
        },
    },
];
