//! What is known of the cards in a listed account.

use std::collections::{BTreeMap, BTreeSet};

use crate::card::{CardId, CardStatus, CardType};

/// A card in a listed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its type, if an answer has shown it.
    pub card_type: Option<CardType>,
    /// Its status as last read.
    pub status: Option<CardStatus>,
    /// Why it is still there, if it was to be terminated.
    pub why: Option<String>,
}

impl Kept {
    /// It may still be used, as far as anybody knows.
    pub fn is_alive(&self) -> bool {
        self.status.is_none_or(|status| !status.is_final())
    }
}

/// What is known of the cards in an account.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Those that were there before the run, once the account has been listed.
    pub existing: Option<BTreeMap<CardId, Kept>>,
    /// Those that the run made.
    pub own: BTreeMap<CardId, Kept>,
    /// The types of card that creates were sent for.
    pub sent: BTreeSet<CardType>,
    /// The types of which a create was refused though no card stood in its way.
    pub taken: BTreeSet<CardType>,
    /// A case has been at work since the account was last tidied.
    pub is_untidy: bool,
}

impl Holdings {
    /// The cards that have ended, but for a few of each kind. Those few say of a slot all that the others would, so the trace
    /// shows no more of them: an account that is used a thousand times ends up with thousands.
    pub fn left_out(&self) -> BTreeSet<CardId> {
        const SHOWN: usize = 3;
        let mut shown: BTreeMap<(CardType, CardStatus), usize> = BTreeMap::new();
        let cards = self.existing.iter().flatten().chain(&self.own);
        let is_left_out = |(card, kept): (&CardId, &Kept)| {
            let status = kept.status.filter(|status| status.is_final())?;
            let alike = shown.entry((kept.card_type?, status)).or_default();
            *alike += 1;
            (*alike > SHOWN).then(|| card.clone())
        };
        cards.filter_map(is_left_out).collect()
    }

    /// A card that is alive has its slot, but what the run made since the account was last tidied will have ended by then.
    pub fn has_room(&self, card_type: CardType, keepers: &BTreeSet<CardStatus>) -> bool {
        let is_in_the_way = |card: &Kept, may_live: bool| {
            card.card_type.is_none_or(|own| own == card_type)
                && match card.status {
                    Some(status) if status.is_final() => keepers.contains(&status),
                    _ => !may_live,
                }
        };
        let mut existing = self.existing.iter().flatten();
        !self.taken.contains(&card_type)
            && !existing.any(|(_, card)| is_in_the_way(card, false))
            && !self
                .own
                .values()
                .any(|card| is_in_the_way(card, self.is_untidy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_cards_that_ended_alike_the_trace_need_show_a_few() {
        let kept = |status| Kept {
            card_type: Some(CardType::Virtual),
            status: Some(status),
            why: None,
        };
        let card = |number: usize| CardId::new(format!("card-{number}"));
        let own = (0..6).map(|number| (card(number), kept(CardStatus::Terminated)));
        let others = [
            (card(6), kept(CardStatus::Active)),
            (card(7), kept(CardStatus::IssueFailed)),
        ];
        let holdings = Holdings {
            own: own.chain(others).collect(),
            ..Holdings::default()
        };
        assert_eq!(holdings.left_out(), [card(3), card(4), card(5)].into());
    }
}
