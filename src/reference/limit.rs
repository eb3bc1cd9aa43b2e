//! One virtual and one physical card for each account.

use http::StatusCode;

use super::call::Refusal;
use super::card::{Card, CardStatus};
use super::readings::Readings;
use super::rules::Rules;

/// How a create over the limit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OverLimit {
    Refuse(StatusCode),
    /// Answered 201 with an issuing card, which fails by itself: right after the answer, or when
    /// automatic issuance comes to it.
    FailLater,
    /// Likewise, but under manual issuance it waits for the simulator.
    FailOnIssue,
}

/// What a create over the limit gets: a refusal or a card that fails, never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub refusal: Option<Refusal>,
    pub card: Option<Fate>,
}

/// When a card over the limit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    FailsByItself,
    FailsOnIssue,
}

/// Whether a card holds its slot. A card that was made over the limit never got one, so it holds
/// none whatever becomes of it.
pub(super) fn holds_slot(readings: &Readings, card: &Card) -> bool {
    !card.over_limit
        && match card.status {
            CardStatus::Issuing
            | CardStatus::Active
            | CardStatus::Inactive
            | CardStatus::Suspended => true,
            CardStatus::Terminated => !readings.terminated_frees,
            CardStatus::Blocked => !readings.blocked_frees,
            CardStatus::IssueFailed => !readings.failed_frees,
        }
}

/// Whether two cards want the same slot.
pub(super) fn same_slot(held: &Card, new: &Card) -> bool {
    held.account_id == new.account_id && held.card_type == new.card_type
}

/// Whether one of these cards holds the slot that the new one wants.
pub(super) fn is_full(rules: &Rules, readings: &Readings, cards: &[&Card], new: &Card) -> bool {
    cards
        .iter()
        .any(|held| (rules.holds_slot)(readings, held) && (rules.same_slot)(held, new))
}

/// What a create over the limit gets.
pub(super) fn excess(readings: &Readings) -> Excess {
    match readings.limit {
        OverLimit::Refuse(status) => Excess {
            refusal: Some(Refusal::new(
                status,
                "card-limit",
                "the account has a card of this type already",
            )),
            card: None,
        },
        OverLimit::FailLater => Excess {
            refusal: None,
            card: Some(Fate::FailsByItself),
        },
        OverLimit::FailOnIssue => Excess {
            refusal: None,
            card: Some(Fate::FailsOnIssue),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::card::CardType;
    use crate::reference::testing::card_in;
    use uuid::Uuid;

    #[test]
    fn which_states_hold_a_slot_follows_the_readings() {
        let all_keep = Readings {
            terminated_frees: false,
            blocked_frees: false,
            failed_frees: false,
            ..Readings::default()
        };
        for (status, by_default) in [
            (CardStatus::Issuing, true),
            (CardStatus::Active, true),
            (CardStatus::Inactive, true),
            (CardStatus::Suspended, true),
            (CardStatus::Terminated, false),
            (CardStatus::Blocked, false),
            (CardStatus::IssueFailed, false),
        ] {
            assert_eq!(
                holds_slot(&Readings::default(), &card_in(status)),
                by_default,
                "{status:?}"
            );
            assert!(holds_slot(&all_keep, &card_in(status)), "{status:?}");
            let over_limit = Card {
                over_limit: true,
                ..card_in(status)
            };
            assert!(
                !holds_slot(&all_keep, &over_limit),
                "{status:?} over the limit"
            );
        }
    }

    #[test]
    fn types_and_accounts_are_counted_apart() {
        let held = card_in(CardStatus::Active);
        let new = Card {
            id: Uuid::new_v4(),
            ..held.clone()
        };
        let full = |new: &Card| is_full(&Rules::CORRECT, &Readings::default(), &[&held], new);
        assert!(full(&new));
        assert!(!full(&Card {
            card_type: CardType::Physical,
            ..new.clone()
        }));
        assert!(!full(&Card {
            account_id: Uuid::new_v4(),
            ..new
        }));
    }
}
