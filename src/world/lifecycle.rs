//! The transition table (contract.md, states).

use crate::card::{Action, CardStatus};
use crate::requirement::{RequirementId, id};

/// What a call means for a card in a given status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The card moves, by this rule.
    Moves(CardStatus, RequirementId),
    /// An open point: refused, or success without effect.
    RepeatOpen(RequirementId),
    /// An open point: refused, or the card moves.
    MoveOpen(CardStatus, RequirementId),
    /// Refused, by this rule.
    Refused(RequirementId),
}

/// What `action` means for a card that is `status`. Total, so that a new action or status is a compile error here.
pub fn transition(status: CardStatus, action: Action) -> Transition {
    use Action as A;
    use CardStatus as S;
    use Transition::{MoveOpen, Moves, Refused, RepeatOpen};
    match (action, status) {
        (A::Activate, S::Inactive) => Moves(S::Active, id::LIFE_3),
        (A::Activate, S::Active) => RepeatOpen(id::OPEN_2),
        (A::Activate, S::Issuing) => MoveOpen(S::Active, id::OPEN_5),
        (A::Deactivate, S::Active) => Moves(S::Inactive, id::LIFE_2),
        (A::Deactivate, S::Inactive) => RepeatOpen(id::OPEN_1),
        (A::Deactivate, S::Issuing) => MoveOpen(S::Inactive, id::OPEN_4),
        (A::Terminate, S::Active | S::Inactive | S::Suspended) => Moves(S::Terminated, id::LIFE_5),
        (A::Terminate, S::Terminated) => RepeatOpen(id::OPEN_3),
        (A::Terminate, S::Issuing) => MoveOpen(S::Terminated, id::OPEN_6),
        (
            A::Activate | A::Deactivate,
            S::Suspended | S::Blocked | S::IssueFailed | S::Terminated,
        )
        | (A::Terminate, S::Blocked | S::IssueFailed) => Refused(id::LIFE_10),
        (A::Issue, S::Issuing) => Moves(S::Active, id::LIFE_12),
        (A::Fail, S::Issuing) => Moves(S::IssueFailed, id::LIFE_13),
        (A::Suspend, S::Active) => Moves(S::Suspended, id::LIFE_8),
        (A::Unsuspend, S::Suspended) => Moves(S::Active, id::LIFE_8),
        (A::Block, S::Active | S::Suspended) => Moves(S::Blocked, id::LIFE_7),
        (
            A::Issue | A::Fail | A::Suspend | A::Unsuspend | A::Block,
            S::Issuing
            | S::Active
            | S::Inactive
            | S::Suspended
            | S::Blocked
            | S::IssueFailed
            | S::Terminated,
        ) => RepeatOpen(id::OPEN_29),
    }
}

/// The rule that keeps a card in `status` when a call other than an allowed one comes.
pub fn keeping_rule(status: CardStatus) -> RequirementId {
    match status {
        CardStatus::Terminated => id::LIFE_4,
        CardStatus::IssueFailed => id::LIFE_6,
        CardStatus::Blocked => id::LIFE_7,
        CardStatus::Suspended => id::LIFE_8,
        CardStatus::Issuing | CardStatus::Active | CardStatus::Inactive => id::LIFE_9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_leaves_a_final_status() {
        for status in CardStatus::ALL.into_iter().filter(|s| s.is_final()) {
            for action in Action::ALL {
                let found = transition(status, action);
                assert!(
                    matches!(found, Transition::Refused(_) | Transition::RepeatOpen(_)),
                    "{action} leads from {status} to {found:?}"
                );
            }
        }
    }

    #[test]
    fn terminate_ends_every_card_that_is_not_final_and_not_issuing() {
        for status in CardStatus::ALL {
            let moves = matches!(
                transition(status, Action::Terminate),
                Transition::Moves(CardStatus::Terminated, _)
            );
            assert_eq!(moves, !status.is_final() && status != CardStatus::Issuing);
        }
    }

    #[test]
    fn activate_lifts_nothing_but_inactive() {
        for status in CardStatus::ALL {
            let moves = matches!(transition(status, Action::Activate), Transition::Moves(..));
            assert_eq!(moves, status == CardStatus::Inactive, "{status}");
        }
    }
}
