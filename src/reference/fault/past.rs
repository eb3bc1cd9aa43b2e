//! Mistakes that only come out with what a card has been through, or with the state of its neighbour.

use super::Fault;
use crate::reference::card::{Card, CardStatus};
use crate::reference::events::{News, report};
use crate::reference::lifecycle::{Action, Happening, Outcome, just_after, touch, transition};
use crate::reference::limit::holds_slot;

use Action::{Activate, Fail, Terminate};
use CardStatus::{Active, Blocked, Inactive, IssueFailed, Issuing, Suspended, Terminated};

/// How often a card has come into a state.
fn times(card: &Card, status: CardStatus) -> usize {
    card.trail.iter().filter(|s| **s == status).count()
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "often-rested-card-revives",
        words: "A card that was put to rest more than once is woken even after it was terminated.",
        requirement: "LIFE-4",
        shortest: 8,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Terminated) if times(card, Inactive) > 1 => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "once-rested-card-leaves-suspension",
        words: "Activate lifts the suspension of a card that was put to rest before.",
        requirement: "LIFE-8",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Suspended) if times(card, Inactive) > 0 => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "blocked-card-fails",
        words: "The simulator lets a blocked card's issuance fail.",
        requirement: "LIFE-7",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Fail, Blocked) => Outcome::Change(IssueFailed),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "once-suspended-card-at-rest-holds-no-slot",
        words: "A card that was suspended and then put to rest no longer counts against the limit.",
        requirement: "LIMIT-5",
        shortest: 8,
        plant: |rules| {
            rules.holds_slot = |readings, card| {
                let was_suspended = times(card, Suspended) > 0;
                holds_slot(readings, card) && !(card.status == Inactive && was_suspended)
            };
        },
    },
    Fault {
        id: "terminate-takes-neighbour-that-is-issuing",
        words: "Terminate also ends the account's card of the other type if that is still issuing.",
        requirement: "LIFE-14",
        shortest: 4,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                if happening == (Happening::Changed { action: Terminate }) {
                    for (other, card) in cards.iter_mut().enumerate() {
                        if other != index && card.status == Issuing {
                            card.status = Terminated;
                            card.trail.push(Terminated);
                            card.updated_at = now.max(just_after(card.updated_at));
                        }
                    }
                }
                touch(cards, index, happening, now);
            };
        },
    },
    Fault {
        id: "end-of-suspended-card-is-not-told",
        words: "No event tells that a card was terminated while it was suspended.",
        requirement: "HOOK-1",
        shortest: 5,
        plant: |rules| {
            rules.report = |service, card, news| match news {
                News::Changed { before }
                    if before.status == Suspended && card.status == Terminated =>
                {
                    Vec::new()
                }
                _ => report(service, card, news),
            };
        },
    },
];
