//! Lost updates: the state is checked, the change is written a moment later, and what came in
//! between is written over.

use futures_util::future::BoxFuture;

use super::Fault;
use super::race::{a_moment, acting};
use crate::reference::call::Reply;
use crate::reference::card::CardStatus;
use crate::reference::lifecycle::Action;
use crate::reference::service::Task;

use Action::{Activate, Block, Deactivate, Fail, Issue, Suspend, Terminate, Unsuspend};
use CardStatus::{Active, Blocked, IssueFailed, Suspended, Terminated};

/// Decides on the card as it is, and writes a moment later over a card that is `overwritten` by then.
fn decided_before<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    action: Action,
    overwritten: CardStatus,
) -> BoxFuture<'a, Reply> {
    acting(task, key, &[action], |act| async move {
        let outcome = act.outcome();
        a_moment().await;
        act.done_if(|card| card.status == overwritten, outcome)
    })
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "deactivate-revives-terminated",
        words: "Deactivate writes over a terminate that came at the same time.",
        requirement: "LIFE-4",
        shortest: 5,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Deactivate, Terminated);
        },
    },
    Fault {
        id: "deactivate-revives-terminated-once-unsuspended",
        words: "Deactivate of a card that was suspended before writes over a terminate that came at the same time.",
        requirement: "LIFE-4",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| {
                acting(task, key, &[Deactivate], |act| async move {
                    if !act
                        .card()
                        .is_some_and(|card| card.trail.contains(&Suspended))
                    {
                        return act.done();
                    }
                    let outcome = act.outcome();
                    a_moment().await;
                    act.done_if(|card| card.status == Terminated, outcome)
                })
            };
        },
    },
    Fault {
        id: "activate-revives-terminated",
        words: "Activate writes over a terminate that came at the same time.",
        requirement: "LIFE-4",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Activate, Terminated);
        },
    },
    Fault {
        id: "terminate-done-twice",
        words: "Two terminates at once both succeed, though a terminated card refuses the second.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Terminate, Terminated);
        },
    },
    Fault {
        id: "activate-done-twice",
        words: "Two activates at once both succeed, though an active card refuses the second.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Activate, Active);
        },
    },
    Fault {
        id: "issue-revives-terminated",
        words: "Issuance writes over a terminate that came at the same time.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Issue, Terminated),
    },
    Fault {
        id: "issue-mends-failed",
        words: "Issuance writes over its own failure at the same time.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Issue, IssueFailed),
    },
    Fault {
        id: "fail-overwrites-active",
        words: "The failure of an issuance writes over its success at the same time.",
        requirement: "LIFE-15",
        shortest: 9,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Fail, Active),
    },
    Fault {
        id: "fail-overwrites-terminated",
        words: "The failure of an issuance writes over a terminate that came at the same time.",
        requirement: "LIFE-4",
        shortest: 4,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Fail, Terminated),
    },
    Fault {
        id: "deactivate-lifts-block",
        words: "Deactivate writes over a block that came at the same time.",
        requirement: "LIFE-15",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Deactivate, Blocked);
        },
    },
    Fault {
        id: "deactivate-lifts-suspension",
        words: "Deactivate writes over a suspension that came at the same time.",
        requirement: "LIFE-15",
        shortest: 7,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Deactivate, Suspended);
        },
    },
    Fault {
        id: "unsuspend-revives-terminated",
        words: "Unsuspend writes over a terminate that came at the same time.",
        requirement: "LIFE-5",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Unsuspend, Terminated);
        },
    },
    Fault {
        id: "suspend-revives-terminated",
        words: "Suspend writes over a terminate that came at the same time.",
        requirement: "LIFE-5",
        shortest: 5,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Suspend, Terminated),
    },
    Fault {
        id: "block-overwrites-terminated",
        words: "Block writes over a terminate that came at the same time.",
        requirement: "LIFE-5",
        shortest: 5,
        plant: |rules| rules.carry_out = |task, key| decided_before(task, key, Block, Terminated),
    },
    Fault {
        id: "terminate-overwrites-blocked",
        words: "Terminate writes over a block that came at the same time.",
        requirement: "LIFE-15",
        shortest: 6,
        plant: |rules| {
            rules.carry_out = |task, key| decided_before(task, key, Terminate, Blocked);
        },
    },
];
