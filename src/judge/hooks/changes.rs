//! What became of the cards, as far as subscribers must, or may, have been told.

use std::collections::{BTreeMap, BTreeSet};

use super::Told;
use super::payload::status_word;
use crate::card::{CardId, CardStatus};
use crate::card_view::{different, is_same_member};
use crate::judge::changes::destination;
use crate::judge::follow::{Found, Judge, TouchKind};
use crate::judge::request::Asked;
use crate::requirement::id;
use crate::trace::{Issuance, Micros};
use crate::world::Moment;
use crate::world::ways::{Id, Wish};

/// The changes that a card had in every world.
#[derive(Clone, Debug, Default)]
pub(in crate::judge) struct Changes {
    /// The status in which all worlds last agreed, and the exchange after which they did.
    last: Option<(CardStatus, Moment)>,
    sure: Vec<Change>,
}

/// A change that a card surely had.
#[derive(Clone, Copy, Debug)]
pub(in crate::judge) struct Change {
    pub from: CardStatus,
    pub to: CardStatus,
    /// After this exchange it was not there yet, as far as no answer was lost and the card does not change by itself.
    pub after: Moment,
    /// After this one it was.
    pub by: Moment,
}

impl Changes {
    /// What the card surely became by this exchange, in order.
    pub fn until(&self, moment: Moment) -> impl Iterator<Item = Change> {
        let sure = self.sure.iter().copied();
        sure.filter(move |change| change.by <= moment)
    }
}

impl Judge<'_> {
    /// Notes which cards have surely changed: all worlds agree on a status now, and did on another before.
    pub(in crate::judge) fn note_changes(&mut self, moment: Moment) {
        if !self.case.listens() {
            return;
        }
        let Some((first, others)) = self.worlds.split_first() else {
            return;
        };
        for card in &first.cards {
            let Some(card_id) = &card.id else { continue };
            let agrees = |w: &crate::world::World| {
                w.card(card_id)
                    .is_some_and(|other| other.status == card.status)
            };
            if !others.iter().all(agrees) {
                continue;
            }
            let changes = self.changes.entry(card_id.clone()).or_default();
            if let Some((from, after)) = changes.last.filter(|(last, _)| *last != card.status) {
                changes.sure.push(Change {
                    from,
                    to: card.status,
                    after,
                    by: moment,
                });
            }
            changes.last = Some((card.status, moment));
        }
    }

    /// HOOK-3: a state that the card had.
    pub(super) fn states(&mut self, told: &[Told<'_>]) {
        for event in told {
            match self.known_card(event) {
                Some(card) => self.state(event, &card),
                None => self.card_of_no_create(event),
            }
        }
    }

    fn state(&mut self, told: &Told<'_>, card: &CardId) {
        self.show(id::HOOK_3);
        let Some(status) = CardStatus::from_wire(status_word(&told.body)) else {
            return;
        };
        if self
            .since_when(card, status)
            .is_none_or(|since| since > told.event.received_at)
        {
            let found = Found::plain(
                &format!("an event that shows {status}"),
                "a status that the card had".into(),
                format!("`{status}`, which nothing had made it by then"),
            );
            return self.depart_at(told.moment, &[id::HOOK_3], found);
        }
        let Some(facts) = self.facts.get(card) else {
            return;
        };
        let differs = facts.fixed().find_map(|(name, fixed)| {
            let shown = told.body.get(name).filter(|value| !value.is_null())?;
            // It may be written from memory, and a read from a store that keeps fewer digits of a time.
            (!is_same_member(name, fixed, shown))
                .then(|| (name, fixed.to_string(), shown.to_string()))
        });
        if let Some((name, expected, actual)) = differs {
            let found = Found::plain(&format!("`{name}` in an event"), expected, actual);
            self.depart_at(told.moment, &[id::HOOK_3], found);
        }
    }

    /// From when on the card may have had this status, if a call or the card itself may have brought it about at all.
    pub(super) fn since_when(&self, card: &CardId, status: CardStatus) -> Option<Micros> {
        let by_itself = match status {
            CardStatus::Issuing => true,
            CardStatus::Active => self.terms.issuance == Issuance::Automatic,
            CardStatus::IssueFailed => {
                self.terms.issuance == Issuance::Automatic || self.has_rival(card)
            }
            _ => false,
        };
        if by_itself {
            return Some(Micros(0));
        }
        let exchanges = self.trace.exchanges.iter();
        let calls = exchanges.filter(|exchange| {
            let is_refused = exchange.telling().is_some_and(|r| r.status >= 400);
            !is_refused && self.would_make(exchange, card) == Some(status)
        });
        calls.map(|exchange| exchange.sent_at).min()
    }

    /// The status that a request is to give the card.
    fn would_make(&self, exchange: &crate::trace::Exchange, card: &CardId) -> Option<CardStatus> {
        match self.understand(exchange).asked {
            Asked::Modify(call) => match call.wish {
                Wish::Act(action, Id::Known(other)) if other == *card => Some(destination(action)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Another card of its type was made in its account, now or before the case, so it may have been over the limit.
    pub(super) fn has_rival(&self, card: &CardId) -> bool {
        self.worlds.iter().any(|world| {
            let Some(own) = world.card(card) else {
                return false;
            };
            let has_past = self.past(&own.account).is_some();
            has_past
                || world.cards.iter().any(|other| {
                    other.id != own.id
                        && other.account == own.account
                        && other.card_type == own.card_type
                })
        })
    }

    /// An event of a card that no create made. Where a create has no answer, it may be the one that it made.
    fn card_of_no_create(&mut self, told: &Told<'_>) {
        let is_lost = |world: &crate::world::World| world.cards.iter().any(|c| c.id.is_none());
        let Some(card) = told.card() else { return };
        let exchanges = &self.trace.exchanges;
        let unanswered = exchanges
            .iter()
            .any(|e| e.request.method == "POST" && e.telling().is_none());
        if unanswered || self.worlds.iter().any(is_lost) {
            return;
        }
        let found = Found::plain(
            "an event of a card that no create made",
            "a card of the case".into(),
            format!("`{card}`, which no answer brought"),
        );
        self.depart_at(told.moment, &[id::HOOK_3], found);
    }

    /// HOOK-4 and HOOK-6: one id for one change. Each subscription may have ids of its own.
    pub(super) fn ids(&mut self, told: &[Told<'_>]) {
        let mut by_subscription: BTreeMap<_, Vec<&Told<'_>>> = BTreeMap::new();
        for event in told {
            let subscription = event.event.subscription;
            by_subscription.entry(subscription).or_default().push(event);
        }
        for told in by_subscription.values() {
            self.ids_of_one(told);
        }
    }

    fn ids_of_one(&mut self, told: &[&Told<'_>]) {
        for (place, event) in told.iter().enumerate() {
            let earlier = told[..place]
                .iter()
                .find(|e| e.event_id() == event.event_id());
            let Some(earlier) = earlier.filter(|e| e.event_id().is_some()) else {
                continue;
            };
            self.show(id::HOOK_4);
            if !different(&earlier.body, &event.body).is_empty() {
                let found = Found {
                    diff: crate::judge::departure::json_diff(
                        &earlier.event.body,
                        &event.event.body,
                    ),
                    ..Found::plain(
                        "one event id for two events",
                        "the event that had the id before".into(),
                        "another payload under the same `eventId`".into(),
                    )
                };
                return self.depart_at(event.moment, &[id::HOOK_4], found);
            }
        }
        let cards: BTreeSet<CardId> = told.iter().filter_map(|t| self.known_card(t)).collect();
        for card in cards {
            let of_card: Vec<&Told<'_>> = told
                .iter()
                .filter(|t| t.card().as_ref() == Some(&card))
                .copied()
                .collect();
            self.one_event_each(&card, &of_card);
        }
    }

    /// More events than there can have been changes, two of which show the very same card.
    fn one_event_each(&mut self, card: &CardId, told: &[&Told<'_>]) {
        self.show(id::HOOK_6);
        let mut seen: Vec<&Told<'_>> = Vec::new();
        let mut twins = None;
        for event in told {
            if seen.iter().any(|e| e.event_id() == event.event_id()) {
                continue;
            }
            let twin = seen
                .iter()
                .find(|e| different(&e.body, &event.body).is_empty());
            twins = twins.or(twin.map(|twin| (*twin, *event)));
            seen.push(event);
        }
        let most = self.changes_at_most(card);
        let Some((first, second)) = twins.filter(|_| seen.len() > most) else {
            return;
        };
        let was_refused = first.event.answered >= 300 || second.event.answered >= 300;
        let (rule, subject) = match was_refused {
            true => (id::HOOK_4, "a redelivery under another id"),
            false => (id::HOOK_6, "two events of one change"),
        };
        let found = Found::plain(
            subject,
            format!(
                "at most {most} different events, since at most so often the card came to be or changed"
            ),
            format!(
                "{} different ones, two of which show the very same card, `{}`",
                seen.len(),
                status_word(&second.body)
            ),
        );
        let moment = first.moment.max(second.moment);
        self.depart_at(moment, &[rule], found);
    }

    /// How often a card came to be, or changed, at most.
    fn changes_at_most(&self, card: &CardId) -> usize {
        let effects = self.touches.iter().filter(|touch| {
            touch.card.as_ref() == Some(card)
                && matches!(touch.kind, TouchKind::Effect(_) | TouchKind::Elsewhere)
        });
        let by_itself = self.terms.issuance == Issuance::Automatic || self.has_rival(card);
        1 + usize::from(by_itself) + effects.count()
    }
}
