//! A card read by its id: found, readable, and the card that was asked for. What it shows is looked at as in every read.

use serde_json::Value;

use super::answers::answered;
use super::facts::Source;
use super::follow::{Found, Judge, Scene};
use crate::card::{CardId, CardStatus};
use crate::requirement::{RequirementId, id};
use crate::world::ways::{self, Effect, Id, Way};

impl Judge<'_> {
    pub fn read(&mut self, scene: &Scene<'_>, card: &Id<CardId>) {
        let Id::Known(card) = card else {
            let refusals = ways::card_refusals(card, scene.name());
            self.only(scene, refusals);
            return;
        };
        if !self.is_let_in(scene, id::READ_1) {
            return;
        }
        if !scene.is_success() {
            return self.unreadable(scene, card);
        }
        if scene.id_in_upper_case {
            self.show(id::READ_8);
        }
        self.show(self.readable_rule(card));
        if let Some(view) = scene.json().filter(Value::is_object) {
            self.show(id::KEEP_1);
            let found = view.get("id").and_then(Value::as_str).map(CardId::new);
            if found.as_ref().is_some_and(|found| found != card) {
                return self.depart(
                    scene,
                    &[id::KEEP_1],
                    Found::plain(
                        "id of a card that was read",
                        format!("`{card}`"),
                        format!("`{}`", view["id"]),
                    ),
                );
            }
            self.look(scene, card, &view, Source::ById);
        }
    }

    /// Whether a read is to be judged as a good one: it has no flaw, or one that is open and was overlooked.
    pub fn is_let_in(&mut self, scene: &Scene<'_>, rule: RequirementId) -> bool {
        let Some(_) = scene.exchange.flaw else {
            return true;
        };
        let fits = self.only(scene, vec![Way::success(rule, Effect::Nothing)]);
        fits && scene.is_success()
    }

    fn readable_rule(&self, card: &CardId) -> RequirementId {
        let terminated = self.worlds.iter().any(|w| {
            w.card(card)
                .is_some_and(|c| c.status == CardStatus::Terminated)
        });
        if terminated { id::LIFE_11 } else { id::READ_1 }
    }

    fn unreadable(&mut self, scene: &Scene<'_>, card: &CardId) {
        let mut rules = vec![self.readable_rule(card)];
        if scene.id_in_upper_case {
            rules.insert(0, id::READ_8);
        }
        self.depart(
            scene,
            &rules,
            Found::plain(
                "a card that was made",
                "200 and the card".into(),
                answered(scene.response),
            ),
        );
    }
}
