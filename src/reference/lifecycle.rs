//! Which call moves a card from which state to which.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::card::{Card, CardStatus};
use super::readings::{Readings, Repeat, WhileIssuing};

/// A call on one card, by its client, the simulator or the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deactivate,
    Activate,
    Terminate,
    Issue,
    Fail,
    Suspend,
    Unsuspend,
    Block,
}

/// What a call does to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Change(CardStatus),
    /// A success that changes nothing.
    Nothing,
    Refuse(StatusCode),
}

/// Something that befell a card, told to [`touch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Changed { action: Action },
    Read,
    Refused { action: Action },
}

/// The state machine.
pub(super) fn transition(readings: &Readings, card: &Card, action: Action) -> Outcome {
    use Action::{Activate, Block, Deactivate, Fail, Issue, Suspend, Terminate, Unsuspend};
    use CardStatus::{Active, Blocked, Inactive, IssueFailed, Issuing, Suspended, Terminated};
    let changes = |choice| choice == WhileIssuing::Change;
    let succeeds = |choice| choice == Repeat::Success;
    match (action, card.status) {
        (Issue, Issuing) if card.over_limit => Outcome::Change(IssueFailed),
        (Issue, Issuing) => Outcome::Change(Active),
        (Fail, Issuing) => Outcome::Change(IssueFailed),
        (Deactivate, Active) => Outcome::Change(Inactive),
        (Activate, Inactive) => Outcome::Change(Active),
        (Terminate, Active | Inactive | Suspended) => Outcome::Change(Terminated),
        (Suspend, Active) => Outcome::Change(Suspended),
        (Unsuspend, Suspended) => Outcome::Change(Active),
        (Block, Active | Suspended) => Outcome::Change(Blocked),
        (Deactivate, Issuing) if changes(readings.deactivate_issuing) => Outcome::Change(Inactive),
        (Activate, Issuing) if changes(readings.activate_issuing) => Outcome::Change(Active),
        (Terminate, Issuing) if changes(readings.terminate_issuing) => Outcome::Change(Terminated),
        (Deactivate, Inactive) if succeeds(readings.repeat_deactivate) => Outcome::Nothing,
        (Activate, Active) if succeeds(readings.repeat_activate) => Outcome::Nothing,
        (Terminate, Terminated) if succeeds(readings.repeat_terminate) => Outcome::Nothing,
        _ => refusal(readings, card),
    }
}

/// How a call is refused that the card's state doesn't allow.
pub(super) fn refusal(readings: &Readings, card: &Card) -> Outcome {
    match card.status.is_final() && readings.refusal_final_404 {
        true => Outcome::Refuse(StatusCode::NOT_FOUND),
        false => Outcome::Refuse(readings.refusal_code),
    }
}

/// Tells the cards of an account what befell one of them: a change moves its `updatedAt`,
/// strictly, even when two changes fall into one tick of the clock. Nothing else moves anything.
pub(super) fn touch(cards: &mut [Card], index: usize, happening: Happening, now: Timestamp) {
    match happening {
        Happening::Changed { .. } => {
            cards[index].updated_at = now.max(just_after(cards[index].updated_at))
        }
        Happening::Read | Happening::Refused { .. } => {}
    }
}

/// The next moment that prints differently.
pub(super) fn just_after(moment: Timestamp) -> Timestamp {
    moment
        .saturating_add(SignedDuration::from_nanos(1))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::testing::card_in;
    use Action::*;
    use CardStatus::*;

    /// A row is a state and what becomes of it by deactivate, activate, terminate, issue, fail,
    /// suspend, unsuspend and block; nothing is a refusal.
    type Row = (CardStatus, [Option<CardStatus>; 8]);

    const ACTIONS: [Action; 8] = [
        Deactivate, Activate, Terminate, Issue, Fail, Suspend, Unsuspend, Block,
    ];

    fn check(readings: &Readings, rows: &[Row]) {
        for (status, expected) in rows {
            for (action, expected) in ACTIONS.iter().zip(expected) {
                let expected =
                    expected.map_or(Outcome::Refuse(StatusCode::CONFLICT), Outcome::Change);
                let outcome = transition(readings, &card_in(*status), *action);
                assert_eq!(outcome, expected, "{action:?} on {status:?}");
            }
        }
    }

    #[test]
    fn the_default_table_is_that_of_the_contract() {
        let none = [None; 8];
        let (active, over) = (Some(Active), Some(Terminated));
        check(
            &Readings::default(),
            &[
                (
                    Issuing,
                    [
                        None,
                        None,
                        over,
                        active,
                        Some(IssueFailed),
                        None,
                        None,
                        None,
                    ],
                ),
                (
                    Active,
                    [
                        Some(Inactive),
                        None,
                        over,
                        None,
                        None,
                        Some(Suspended),
                        None,
                        Some(Blocked),
                    ],
                ),
                (Inactive, [None, active, over, None, None, None, None, None]),
                (
                    Suspended,
                    [None, None, over, None, None, None, active, Some(Blocked)],
                ),
                (IssueFailed, none),
                (Blocked, none),
                (Terminated, none),
            ],
        );
    }

    #[test]
    fn no_reading_lets_a_call_leave_a_final_state() {
        for point in crate::reference::open_points() {
            for option in point.options {
                let mut readings = Readings::default();
                readings
                    .set(point.name, option)
                    .expect("the table names it");
                for status in [IssueFailed, Blocked, Terminated] {
                    for action in ACTIONS {
                        let outcome = transition(&readings, &card_in(status), action);
                        assert!(
                            !matches!(outcome, Outcome::Change(_)),
                            "{action:?} on {status:?}: {outcome:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_moves_updated_at_even_within_one_tick() {
        let mut cards = [card_in(Active)];
        let before = cards[0].updated_at;
        touch(&mut cards, 0, Happening::Read, before);
        touch(
            &mut cards,
            0,
            Happening::Refused { action: Deactivate },
            before,
        );
        assert_eq!(cards[0].updated_at, before);
        touch(
            &mut cards,
            0,
            Happening::Changed { action: Deactivate },
            before,
        );
        assert!(cards[0].updated_at > before);
    }
}
