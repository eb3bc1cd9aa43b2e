//! A card's times: what they must and must not do between two looks at it.

use serde_json::{Map, Value};

use super::departure::Origin;
use super::facts::{Facts, Look, Stamp, stamp};
use super::follow::{Found, Judge, Scene, TouchKind, made_in};
use super::overlap;
use crate::card::{CardId, CardStatus};
use crate::card_view::resolution_us;
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Issuance, Micros};
use crate::world::{Moment, World};

/// What a departure is about that blames a call for a card's update time. Where a card changes by itself, the change may by
/// chance fall into the time of a call.
pub const UPDATE_AT_REST: &str = "`updatedAt` of a card at rest";

/// Below this, two instants may be one to a coarse clock, whatever digits it prints.
const CLOCK_TICK_US: u64 = 20_000;

impl Judge<'_> {
    pub(super) fn times(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        members: &Map<String, Value>,
        look: &Look,
        facts: &Facts,
    ) {
        let Some(updated) = &look.updated_at else {
            return;
        };
        if let Some(created) = stamp(members.get("createdAt")) {
            if updated.at < created.at {
                let found = Found::plain(
                    "`updatedAt` of a card",
                    format!("not before `createdAt`, {}", created.text),
                    updated.text.clone(),
                );
                self.depart(scene, &[id::TIME_1], found);
            } else {
                self.show(id::TIME_1);
            }
        }
        let exchanges = &self.trace.exchanges;
        let precedes = |l: &&Look| overlap::precedes(&exchanges[l.moment], scene.exchange);
        let Some(last) = facts.looks.iter().rev().find(precedes) else {
            return;
        };
        let Some(before) = &last.updated_at else {
            return;
        };
        let is_other_read = look.source.is_other_read(last.source);
        // Others may be changing it.
        let is_contended = self.is_shared(card)
            || [last.moment, scene.moment]
                .iter()
                .any(|moment| self.contended.contains(moment));
        if is_contended && is_other_read {
            return; // different reads need only agree about a card at rest
        }
        if updated.at < before.at {
            let rules = self.stale_rules(card, last, look);
            let found = Found {
                since: Some(Origin {
                    step: last.step,
                    rule: id::TIME_2,
                }),
                ..Found::plain(
                    "`updatedAt` of a card going back",
                    format!("not before {}", before.text),
                    updated.text.clone(),
                )
            };
            self.depart(scene, &rules, found);
        } else {
            self.show(id::TIME_2);
            if is_contended {
                return; // a change under way, or by others, may have come before one look or the other
            }
            if last.status == look.status {
                if updated.at != before.at
                    && self.moved_between_requests(scene, card, last, updated)
                {
                    self.judgement.own_updates += 1;
                    return;
                }
                self.time_at_rest(scene, card, last, look, before, updated);
            } else {
                self.time_of_change(scene, card, last, before, updated);
            }
        }
        if is_other_read
            && !is_contended
            && self.is_quiet_since(last.moment)
            && look.status == last.status
            && look.name != last.name
        {
            let found = Found {
                since: Some(Origin {
                    step: last.step,
                    rule: id::READ_6,
                }),
                ..Found::plain(
                    "`name` of a card",
                    last.name.to_string(),
                    look.name.to_string(),
                )
            };
            self.depart(scene, &[id::READ_6], found);
        }
    }

    fn stale_rules(&self, card: &CardId, last: &Look, look: &Look) -> Vec<RequirementId> {
        if look.source.is_other_read(last.source) && self.is_undisturbed(card, last.moment) {
            vec![id::READ_6, id::TIME_2]
        } else {
            vec![id::TIME_2]
        }
    }

    fn is_quiet_since(&self, moment: Moment) -> bool {
        self.touches.last().is_none_or(|t| t.moment <= moment)
    }

    /// The same status twice: what came between must not have moved the update time.
    fn time_at_rest(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        last: &Look,
        look: &Look,
        before: &Stamp,
        updated: &Stamp,
    ) {
        let turns_by_itself =
            look.status == Some(CardStatus::Issuing) && self.terms.issuance == Issuance::Automatic;
        if turns_by_itself || look.status.is_none() {
            return;
        }
        let Some(rules) = self.rules_at_rest(card, last, look) else {
            return;
        };
        if updated.at == before.at {
            self.show(rules[0]);
        } else {
            let found = Found {
                since: Some(Origin {
                    step: last.step,
                    rule: rules[0],
                }),
                ..Found::plain(UPDATE_AT_REST, before.text.clone(), updated.text.clone())
            };
            self.depart(scene, &rules, found);
        }
    }

    /// Whether the update time itself says that the card changed while no request of the case was under way since the last
    /// look: then no call did it, and a target may well work on a card by itself (contract.md, webhooks: internal changes).
    fn moved_between_requests(
        &self,
        scene: &Scene<'_>,
        card: &CardId,
        last: &Look,
        updated: &Stamp,
    ) -> bool {
        let Some((earliest, latest)) = self.on_our_clock(card, updated) else {
            return false;
        };
        let since = self.trace.exchanges[last.moment..].iter();
        let mut since = since.chain(self.elsewhere.exchanges);
        let is_beside = |exchange: &Exchange| {
            earliest <= us(exchange.received_at) && us(exchange.sent_at) <= latest
        };
        latest < us(scene.exchange.sent_at) && !since.any(is_beside)
    }

    /// When a card was updated, in microseconds of our clock, at the earliest and at the latest: its create shows how the
    /// target's clock stands to ours, as exactly as it took. None where that is not known.
    fn on_our_clock(&self, card: &CardId, updated: &Stamp) -> Option<(i64, i64)> {
        let mut exchanges = self.trace.exchanges.iter().enumerate();
        let (made_at, create) =
            exchanges.find(|(_, exchange)| made_in(exchange).as_ref() == Some(card))?;
        if self.clock.moved_since(made_at) {
            return None;
        }
        let created = stamp(create.json()?.get("createdAt"))?;
        let after = updated.at.as_microsecond() - created.at.as_microsecond();
        let earliest = us(create.sent_at) + after - resolution(&created);
        let latest = us(create.received_at) + after + resolution(updated);
        Some((earliest, latest))
    }

    /// Which rule keeps a card as it was between two looks; none if a call may have changed it.
    fn rules_at_rest(&self, card: &CardId, last: &Look, look: &Look) -> Option<Vec<RequirementId>> {
        if self.may_still_change(card) {
            return None;
        }
        let mut rules = Vec::new();
        let mut others = false;
        for touch in self.touches.iter().rev().filter(|t| t.moment > last.moment) {
            if touch.card.as_ref() != Some(card) {
                match touch.kind {
                    TouchKind::Refused(id::AUTH_12) => rules.push(id::AUTH_12),
                    _ => others = true,
                }
                continue;
            }
            rules.push(match touch.kind {
                TouchKind::Refused(rule) => rule,
                TouchKind::Replayed => id::IDEM_4,
                TouchKind::Elsewhere | TouchKind::Effect(_) => return None,
            });
        }
        if others {
            rules.push(id::LIFE_14);
        }
        if self.clock.moved_since(last.moment) {
            rules.push(id::TIME_4);
        }
        rules.push(if look.source.is_other_read(last.source) {
            id::READ_6
        } else {
            id::READ_7
        });
        Some(rules)
    }

    /// Whether the card may leave `issuing` without a call.
    fn may_turn_by_itself(&self, card: &CardId) -> bool {
        let over_limit = |w: &World| w.card(card).is_some_and(|c| c.over_limit.is_some());
        self.terms.issuance == Issuance::Automatic || self.worlds.iter().any(over_limit)
    }

    /// TIME-3, as far as the resolution that the target prints can show it.
    fn time_of_change(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        last: &Look,
        before: &Stamp,
        updated: &Stamp,
    ) {
        let Some(change) = self.touches.iter().find(|t| {
            t.moment > last.moment
                && t.card.as_ref() == Some(card)
                && matches!(t.kind, TouchKind::Effect(_))
        }) else {
            return;
        };
        if last.status == Some(CardStatus::Issuing) && self.may_turn_by_itself(card) {
            return; // nobody knows when it did
        }
        let seen_at = self.trace.exchanges[last.moment].received_at.0;
        let changed_at = self.trace.exchanges[change.moment].sent_at.0;
        let moved = self.clock.moved_between(last.moment, change.moment);
        let shows = changed_at.saturating_sub(seen_at) + moved
            > resolution_us(&updated.text)
                .max(resolution_us(&before.text))
                .max(CLOCK_TICK_US);
        if updated.at != before.at {
            self.show(id::TIME_3);
        } else if shows {
            let step = self.trace.exchanges[change.moment].step;
            let found = Found {
                since: Some(Origin {
                    step,
                    rule: id::TIME_3,
                }),
                ..Found::plain(
                    "`updatedAt` of a card that has changed",
                    format!("later than {}, since the status has changed", before.text),
                    updated.text.clone(),
                )
            };
            self.depart(scene, &[id::TIME_3], found);
        }
    }
}

/// How long an instant is that is printed so, in microseconds.
fn resolution(stamp: &Stamp) -> i64 {
    i64::try_from(resolution_us(&stamp.text)).unwrap_or(i64::MAX / 4)
}

/// Microseconds since the run began.
fn us(at: Micros) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX / 2)
}
