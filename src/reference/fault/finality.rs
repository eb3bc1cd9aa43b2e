//! Mistakes that let a card leave a state that no call leaves.

use http::StatusCode;

use super::Fault;
use crate::reference::call::{Operation, Refusal};
use crate::reference::card::{Card, CardStatus};
use crate::reference::lifecycle::{Action, Outcome, transition};

use Action::{Activate, Deactivate, Issue, Terminate};
use CardStatus::{Active, Blocked, Inactive, IssueFailed, Terminated};

/// Whether the card had this state right before the present one.
fn came_from(card: &Card, status: CardStatus) -> bool {
    card.trail.iter().rev().nth(1) == Some(&status)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "terminate-is-reversible",
        words: "Activate brings a terminated card back.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Terminated) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminated-card-deactivates",
        words: "Deactivate turns a terminated card into an inactive one.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Deactivate, Terminated) => Outcome::Change(Inactive),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminated-card-issued",
        words: "A card that was terminated while it was issuing is issued all the same.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Issue, Terminated) if !card.issued => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "second-terminate-blocks",
        words: "Terminating a terminated card moves it on to blocked.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Terminated) => Outcome::Change(Blocked),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminated-while-inactive-revives",
        words: "Activate brings a card back that was inactive when it was terminated.",
        requirement: "LIFE-4",
        shortest: 6,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Terminated) if came_from(card, Inactive) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "failed-card-issued",
        words: "The simulator issues a card whose issuance has failed.",
        requirement: "LIFE-6",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Issue, IssueFailed) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "failed-card-activates",
        words: "Activate brings a card into use whose issuance has failed.",
        requirement: "LIFE-6",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, IssueFailed) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "failed-card-terminates",
        words: "Terminate moves a card whose issuance has failed, because only terminated ones are exempt.",
        requirement: "LIFE-6",
        shortest: 4,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, IssueFailed) => Outcome::Change(Terminated),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "blocked-card-revives",
        words: "Activate brings a blocked card back.",
        requirement: "LIFE-7",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Activate, Blocked) => Outcome::Change(Active),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "blocked-card-terminates",
        words: "Terminate moves a blocked card, because only terminated ones are exempt.",
        requirement: "LIFE-7",
        shortest: 5,
        plant: |rules| {
            rules.transition = |readings, card, action| match (action, card.status) {
                (Terminate, Blocked) => Outcome::Change(Terminated),
                _ => transition(readings, card, action),
            };
        },
    },
    Fault {
        id: "terminated-card-unreadable",
        words: "A terminated card is gone: reading it answers 404.",
        requirement: "LIFE-11",
        shortest: 3,
        plant: |rules| {
            rules.dress = |call, mut reply| {
                let terminated = reply
                    .value_mut()
                    .is_some_and(|body| body["status"] == "terminated");
                match call.operation == Operation::ReadCard && terminated {
                    true => Refusal::new(StatusCode::NOT_FOUND, "not-found", "no card has this id")
                        .into(),
                    false => reply,
                }
            };
        },
    },
];
