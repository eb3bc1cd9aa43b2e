//! Mistakes that change what must stay, or leave what must move.

use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::{Fault, rendered};
use crate::reference::card::{
    Card, CardStatus, CardType, Network, draw_details, expiration_date, new_card,
};
use crate::reference::lifecycle::{Action, Happening, just_after, touch};

use Action::{Activate, Deactivate, Issue, Terminate};
use CardStatus::{Active, Inactive, Terminated};

/// The correct touch, and then a change of the card if the happening is that action.
fn touch_and(
    cards: &mut [Card],
    index: usize,
    happening: Happening,
    now: jiff::Timestamp,
    action: Action,
    change: fn(&mut Card),
) {
    touch(cards, index, happening, now);
    if happening == (Happening::Changed { action }) {
        change(&mut cards[index]);
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "issued-physical-card-shows-other-id",
        words: "A physical card that was issued shows the id of its shipment order.",
        requirement: "KEEP-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.issued && card.card_type == CardType::Physical {
                        body["id"] = json!(Uuid::from_u128(card.id.as_u128() ^ 1));
                    }
                })
            };
        },
    },
    Fault {
        id: "terminated-card-loses-account",
        words: "A terminated card is detached: its accountId becomes the nil UUID.",
        requirement: "KEEP-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.status == Terminated {
                        body["accountId"] = json!(Uuid::nil());
                    }
                })
            };
        },
    },
    Fault {
        id: "inactive-physical-card-shown-virtual",
        words: "A physical card reads as virtual while it is inactive.",
        requirement: "KEEP-3",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                let shown = match card.status {
                    Inactive => Card {
                        card_type: CardType::Virtual,
                        ..card.clone()
                    },
                    _ => card.clone(),
                };
                rendered(readings, &shown, view, |_| ())
            };
        },
    },
    Fault {
        id: "created-at-rewritten",
        words: "Every change of a card rewrites createdAt together with updatedAt.",
        requirement: "KEEP-4",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch(cards, index, happening, now);
                if matches!(happening, Happening::Changed { .. }) {
                    cards[index].created_at = cards[index].updated_at;
                }
            };
        },
    },
    Fault {
        id: "network-changes-when-deactivated",
        words: "Deactivate resets the network to its default.",
        requirement: "KEEP-5",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Deactivate, |card| {
                    card.details.network = match card.details.network {
                        Network::Visa => Network::Mastercard,
                        Network::Mastercard => Network::Visa,
                    };
                });
            };
        },
    },
    Fault {
        id: "number-changes-when-activated",
        words: "Activate draws a new card number.",
        requirement: "KEEP-6",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Activate, |card| {
                    card.details.masked_pan = draw_other_number(card);
                });
            };
        },
    },
    Fault {
        id: "expiry-renewed-when-activated",
        words: "Activate renews the expiry, for five years.",
        requirement: "KEEP-7",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Activate, |card| {
                    card.details.expiration_date = expiration_date(card.updated_at, 5);
                });
            };
        },
    },
    Fault {
        id: "billing-becomes-shipping-when-issued",
        words: "Issuing a physical card copies its shipping address over the billing address.",
        requirement: "KEEP-8",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Issue, |card| {
                    if let Some(shipping) = &card.shipping_address {
                        card.billing_address = shipping.clone();
                    }
                });
            };
        },
    },
    Fault {
        id: "second-line-lost-when-deactivated",
        words: "Deactivate stores the billing address again and forgets its second line.",
        requirement: "KEEP-8",
        shortest: 4,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Deactivate, |card| {
                    card.billing_address.second_line = None;
                });
            };
        },
    },
    Fault {
        id: "updated-at-before-created-at",
        words: "The updatedAt of a new card is taken before the work starts, createdAt after it.",
        requirement: "TIME-1",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                let earlier = now
                    .saturating_sub(SignedDuration::from_secs(1))
                    .unwrap_or(now);
                Card {
                    updated_at: earlier,
                    ..new_card(account_id, request, now)
                }
            };
        },
    },
    Fault {
        id: "updated-at-goes-back",
        words: "Deactivate sets updatedAt to a moment right after the create.",
        requirement: "TIME-2",
        shortest: 5,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch_and(cards, index, happening, now, Deactivate, |card| {
                    card.updated_at = just_after(card.created_at);
                });
            };
        },
    },
    Fault {
        id: "updated-at-stands-still",
        words: "No change moves updatedAt.",
        requirement: "TIME-3",
        shortest: 3,
        plant: |rules| rules.touch = |_, _, _, _| (),
    },
    Fault {
        id: "terminate-leaves-updated-at",
        words: "Terminate changes the status without moving updatedAt.",
        requirement: "TIME-3",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                if happening != (Happening::Changed { action: Terminate }) {
                    touch(cards, index, happening, now);
                }
            };
        },
    },
    Fault {
        id: "read-moves-updated-at",
        words: "Reading an active card moves its updatedAt, as a last use would.",
        requirement: "READ-7",
        shortest: 4,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| match happening {
                Happening::Read if cards[index].status == Active => {
                    touch(cards, index, Happening::Changed { action: Issue }, now);
                }
                Happening::Read | Happening::Changed { .. } | Happening::Refused { .. } => {
                    touch(cards, index, happening, now);
                }
            };
        },
    },
];

/// Another number of the same network.
fn draw_other_number(card: &Card) -> String {
    loop {
        let details = draw_details(card.created_at);
        if details.network == card.details.network && details.masked_pan != card.details.masked_pan
        {
            return details.masked_pan;
        }
    }
}
