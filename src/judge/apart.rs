//! What the judge of one account takes from the other accounts of its case. Listed accounts are always judged one by one.

use std::collections::BTreeSet;

use super::follow::{Judge, Scene};
use super::lists::{text, views};
use crate::card::{AccountId, CardStatus, CardType};
use crate::requirement::id;
use crate::trace::Past;
use crate::world::ways::{Call, Id, Wish};

impl Judge<'_> {
    /// LIMIT-3: a create was done while another account had a card of its type in use, as far as reads showed it.
    pub(super) fn slots_are_apart(&mut self, scene: &Scene<'_>, call: &Call) {
        let is_shown = self.judgement.exercised.contains_key(&id::LIMIT_3);
        if let Wish::Create {
            account: Id::Known(account),
            card_type: Some(card_type),
            ..
        } = &call.wish
            && self.past(account) == Some(Past::Read)
            && !is_shown
            && self.is_slot_held_elsewhere(scene, account, *card_type)
        {
            self.show(id::LIMIT_3);
        }
    }

    fn is_slot_held_elsewhere(
        &self,
        scene: &Scene<'_>,
        account: &AccountId,
        card_type: CardType,
    ) -> bool {
        let mut held = BTreeSet::new();
        let exchanges = self.elsewhere.exchanges.iter();
        for exchange in exchanges.filter(|e| e.received_at < scene.exchange.sent_at) {
            if exchange.request.method != "GET" {
                let path = exchange.request.path.to_ascii_lowercase();
                held.retain(|card: &String| !path.contains(card));
                continue;
            }
            for view in views(exchange.json().filter(|_| exchange.is_success())) {
                let (Some(card), Some(owner)) = (text(&view, "id"), text(&view, "accountId"))
                else {
                    continue;
                };
                let is_elsewhere = !owner.eq_ignore_ascii_case(account.as_str())
                    && text(&view, "type") == Some(card_type.as_str());
                let status = text(&view, "status").and_then(CardStatus::from_wire);
                let is_in_use = status.is_some_and(|s| s.is_issued() && !s.is_final());
                if is_elsewhere && is_in_use {
                    held.insert(card.to_ascii_lowercase());
                } else {
                    held.remove(&card.to_ascii_lowercase());
                }
            }
        }
        !held.is_empty()
    }
}
