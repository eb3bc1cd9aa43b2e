//! What a run learns of the slots in accounts, so that those which are few are not wasted.

use crate::card::CardStatus;
use crate::judge::Judgement;
use crate::requirement::{self, RequirementId, id};
use crate::trace::Terms;
use crate::world::choice;
use crate::world::limit::OVER_THE_LIMIT;

/// Of which final status a point says whether it frees the slot.
fn status_of(point: RequirementId) -> Option<CardStatus> {
    match point {
        id::OPEN_9 => Some(CardStatus::Terminated),
        id::OPEN_10 => Some(CardStatus::Blocked),
        id::OPEN_11 => Some(CardStatus::IssueFailed),
        _ => None,
    }
}

/// The final statuses that keep a slot, by the profile's word.
pub(super) fn pinned_keepers(terms: &Terms) -> impl Iterator<Item = CardStatus> {
    terms.pins.iter().filter_map(|(point, reading)| {
        let point = requirement::find(point).ok()?.id;
        status_of(point).filter(|_| reading == "keeps")
    })
}

/// The final statuses that keep a slot, as a case has shown it. What departs says nothing of readings.
pub(super) fn keepers(judgement: &Judgement) -> impl Iterator<Item = CardStatus> {
    let is_clean = judgement.departures.is_empty();
    let shown = judgement.readings.iter().filter(move |_| is_clean);
    shown.filter_map(|((point, scope), left)| {
        let is_of_slots = scope.is_empty() || scope == OVER_THE_LIMIT;
        let status = status_of(*point).filter(|_| is_of_slots)?;
        let keeps = choice::readings(*point)
            .iter()
            .position(|r| *r == "keeps")?;
        (left.len() == 1 && left.contains(&keeps)).then_some(status)
    })
}
