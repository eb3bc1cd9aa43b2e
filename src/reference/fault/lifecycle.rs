//! Mistakes in the state machine, as far as it is about cards that can still move.

use http::StatusCode;

use super::Fault;
use crate::reference::call::{Operation, Reply};
use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::lifecycle::{Action, Happening, Outcome, just_after, touch, transition};

use Action::{Activate, Deactivate, Fail, Issue, Terminate};
use CardStatus::{Active, Inactive, IssueFailed, Issuing, Suspended, Terminated};

/// How often a card has been deactivated.
fn deactivations(card: &Card) -> usize {
    card.trail
        .iter()
        .filter(|status| **status == Inactive)
        .count()
}

/// Moves the other cards of the account that are in one state to another.
fn drag_along(cards: &mut [Card], index: usize, from: CardStatus, to: CardStatus) {
    for (other, card) in cards.iter_mut().enumerate() {
        if other != index && card.status == from {
            card.status = to;
            card.updated_at = just_after(card.updated_at);
        }
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "issuing-card-inactive-once-read",
        words: "A physical card that is still issuing becomes inactive when someone reads it.",
        requirement: "LIFE-1",
        shortest: 2,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                let card = &mut cards[index];
                let waits = card.status == Issuing && card.card_type == CardType::Physical;
                if happening == Happening::Read && waits {
                    card.status = Inactive;
                    card.issued = true;
                    card.updated_at = now.max(just_after(card.updated_at));
                }
                touch(cards, index, happening, now);
            };
        },
    },
    Fault {
        id: "deactivate-does-nothing",
        words: "Deactivate answers with success and leaves the card active.",
        requirement: "LIFE-2",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Active) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "deactivate-suspends",
        words: "Deactivate puts the card into suspended, the issuer's state.",
        requirement: "LIFE-2",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Active) => Outcome::Change(Suspended),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "reactivated-card-not-deactivated",
        words: "A card that was reactivated stays active when it is deactivated again.",
        requirement: "LIFE-2",
        shortest: 6,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Active) if deactivations(card) > 0 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "activate-does-nothing",
        words: "Activate answers with success and leaves the card inactive.",
        requirement: "LIFE-3",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Inactive) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "activate-refused-while-inactive",
        words: "Activate is refused for the very cards that it is made for.",
        requirement: "LIFE-3",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Inactive) => Outcome::Refuse(readings.refusal_code),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "second-deactivation-sticks",
        words: "A card that was deactivated twice can't be activated any more: activate succeeds without effect.",
        requirement: "LIFE-3",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Inactive) if deactivations(card) > 1 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "inactive-card-not-terminated",
        words: "Terminate is refused while the card is inactive.",
        requirement: "LIFE-5",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Inactive) => Outcome::Refuse(readings.refusal_code),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminate-skips-inactive",
        words: "Terminate answers with success for an inactive card and leaves it as it is.",
        requirement: "LIFE-5",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Inactive) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "suspended-card-not-terminated",
        words: "Terminate is refused while the card is suspended.",
        requirement: "LIFE-5",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Suspended) => Outcome::Refuse(readings.refusal_code),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "activate-lifts-suspension",
        words: "Activate brings a suspended card back, which only the issuer may do.",
        requirement: "LIFE-8",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Suspended) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "deactivate-replaces-suspension",
        words: "Deactivate turns a suspended card into an inactive one, which its holder can activate.",
        requirement: "LIFE-8",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Suspended) => Outcome::Change(Inactive),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "refused-deactivate-takes-effect",
        words: "Deactivate is refused while the card is issuing, but the card was changed before the check.",
        requirement: "LIFE-9",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                let card = &mut cards[index];
                if happening == (Happening::Refused { action: Deactivate })
                    && card.status == Issuing
                {
                    card.status = Inactive;
                    card.issued = true;
                    card.updated_at = now.max(just_after(card.updated_at));
                }
                touch(cards, index, happening, now);
            };
        },
    },
    Fault {
        id: "refused-call-moves-updated-at",
        words: "A call that is refused still moves updatedAt.",
        requirement: "LIFE-9",
        shortest: 3,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| match happening {
                Happening::Refused { action } => {
                    touch(cards, index, Happening::Changed { action }, now)
                }
                Happening::Changed { .. } | Happening::Read => touch(cards, index, happening, now),
            };
        },
    },
    Fault {
        id: "issue-accepted-while-inactive",
        words: "The simulator issues an inactive card once more, which activates it.",
        requirement: "LIFE-10",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Issue, Inactive) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "fail-accepted-while-active",
        words: "The simulator fails the issuance of a card that was issued long ago.",
        requirement: "LIFE-10",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Fail, Active) => Outcome::Change(IssueFailed),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "refusal-answers-200",
        words: "A refused activate answers 200, with the error in the body.",
        requirement: "HTTP-5",
        shortest: 2,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let refused = reply
                    .value_mut()
                    .is_some_and(|body| body["code"] == "card-state");
                match call.operation == Operation::Activate && refused {
                    true => Reply {
                        status: StatusCode::OK,
                        ..reply
                    },
                    false => reply,
                }
            };
        },
    },
    Fault {
        id: "issue-leaves-inactive",
        words: "The simulator issues physical cards as inactive, to be activated by their holder.",
        requirement: "LIFE-12",
        shortest: 3,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status, card.card_type)
            {
                (Issue, Issuing, CardType::Physical) => Outcome::Change(Inactive),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "fail-does-nothing",
        words: "The simulator's fail answers with success and leaves the card issuing.",
        requirement: "LIFE-13",
        shortest: 3,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Fail, Issuing) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "fail-issues",
        words: "The simulator's fail is wired to its issue.",
        requirement: "LIFE-13",
        shortest: 3,
        plant: |rules| {
            rules.transition = |readings, card, action| match action {
                Fail => transition(readings, card, Issue),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminate-takes-siblings",
        words: "Terminating a card terminates the account's other card too, if that is still issuing.",
        requirement: "LIFE-14",
        shortest: 4,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch(cards, index, happening, now);
                if happening == (Happening::Changed { action: Terminate }) {
                    drag_along(cards, index, Issuing, Terminated);
                }
            };
        },
    },
    Fault {
        id: "deactivate-takes-siblings",
        words: "Deactivating a card deactivates the account's other active card too, as an associated resource.",
        requirement: "LIFE-14",
        shortest: 6,
        plant: |rules| {
            rules.touch = |cards, index, happening, now| {
                touch(cards, index, happening, now);
                if happening == (Happening::Changed { action: Deactivate }) {
                    drag_along(cards, index, Active, Inactive);
                }
            };
        },
    },
    Fault {
        id: "repeated-deactivate-read-two-ways",
        words: "A repeated deactivate is refused, but succeeds once the card has been reactivated before.",
        requirement: "OPEN-1",
        shortest: 7,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Inactive) if deactivations(card) > 1 => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "repeated-terminate-read-two-ways",
        words: "A repeated terminate is refused for a virtual card and succeeds for a physical one.",
        requirement: "OPEN-3",
        shortest: 6,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status, card.card_type)
            {
                (Terminate, Terminated, CardType::Physical) => Outcome::Nothing,
                _ => transition(readings, card, action),
            };
        },
    },
];
