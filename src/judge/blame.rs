//! A card has another status than any world allows: who is to blame?
//!
//! The same search says which rule was put to the test when the status is as it should be.

use super::departure::Origin;
use super::facts::Source;
use super::follow::{Found, Judge, Scene, TouchKind};
use super::overlap;
use super::request::Asked;
use crate::card::{CardId, CardStatus};
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Issuance, Reply};
use crate::world::lifecycle::keeping_rule;
use crate::world::limit;
use crate::world::ways::{Id, Wish};
use crate::world::{Card, Moment, World};

impl Judge<'_> {
    /// A card was seen with this status.
    pub(super) fn observe_status(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        status: CardStatus,
        source: Source,
    ) {
        if self.gave_up() {
            return;
        }
        let now = scene.now(id::LIFE_1);
        if self.has_ended_as(card, status) {
            return self.seen_as_it_ended(card, status, source);
        }
        let worlds = self.evolve(now, |c| c.id.as_ref() == Some(card));
        let mut left: Vec<World> = worlds
            .iter()
            .filter(|w| w.card(card).is_none_or(|c| c.status == status))
            .cloned()
            .collect();
        if left.is_empty() && source != Source::Answer {
            let old = self.worlds.iter();
            let old = old.flat_map(|world| self.as_old(world, card, scene.now(id::READ_7)));
            left = old
                .filter(|w| w.card(card).is_some_and(|c| c.status == status))
                .collect();
        }
        if source != Source::Answer {
            self.unconfirmed.remove(card);
        }
        let Some(believed) = self.worlds.first().and_then(|w| w.card(card)) else {
            return;
        };
        let rules = self.status_rules(believed, status, source);
        if !left.is_empty() {
            if source != Source::Answer
                && !self.is_open_to_others(card, &worlds)
                && let Some(rule) = rules.first()
            {
                self.show(*rule);
            }
            let shown = format!("`{status}`");
            self.settle_stale_lists(card, "status of a card,", &shown, source);
            self.settle_on(left, scene.exchange.step);
            return;
        }
        let mut allowed: Vec<CardStatus> = worlds
            .iter()
            .filter_map(|w| Some(w.card(card)?.status))
            .collect();
        allowed.sort_unstable();
        allowed.dedup();
        let words: Vec<String> = allowed.iter().map(|s| format!("`{s}`")).collect();
        let since = believed.since;
        let by_simulator = believed.status == CardStatus::Issuing
            && self.terms.issuance == Issuance::Manual
            && since.rule == id::LIFE_1;
        let hint = if by_simulator {
            ", since by the profile only the simulator issues (issuance = \"manual\")"
        } else {
            ""
        };
        let found = Found {
            since: Some(Origin {
                step: since.step,
                rule: since.rule,
            }),
            ..Found::plain(
                &format!(
                    "status of a card, {status} instead of {}",
                    words.join(" or ").replace('`', "")
                ),
                format!("{}{hint}", words.join(" or ")),
                format!("`{status}`"),
            )
        };
        self.depart_of(card, scene, &rules, found);
        let tried = self.orders_against(card, status, scene.exchange.step);
        if let Some(departure) = self.judgement.departures.last_mut() {
            departure.tried = tried;
        }
        // A read that overlaps with changes may be stale: what the card is, a later one tells.
        if source == Source::ById && !self.contended.contains(&scene.moment) {
            self.adopt_status(scene, card, status, rules[0]);
        }
    }

    /// Every world has the card end in this status, and nothing more can come to it. A long list shows many such cards.
    fn has_ended_as(&self, card: &CardId, status: CardStatus) -> bool {
        let has_ended = |world: &World| {
            world.pending.is_empty() && world.card(card).is_some_and(|c| c.status == status)
        };
        status.is_final() && self.worlds.iter().all(has_ended)
    }

    fn seen_as_it_ended(&mut self, card: &CardId, status: CardStatus, source: Source) {
        if source != Source::Answer {
            self.unconfirmed.remove(card);
            let believed = self.worlds.first().and_then(|w| w.card(card));
            let rules = believed.map(|card| self.status_rules(card, status, source));
            if let Some(rule) = rules.unwrap_or_default().first() {
                self.show(*rule);
            }
        }
        self.settle_stale_lists(card, "status of a card,", &format!("`{status}`"), source);
    }

    fn adopt_status(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        status: CardStatus,
        rule: RequirementId,
    ) {
        let now = scene.now(rule);
        let mut worlds = std::mem::take(&mut self.worlds);
        for world in &mut worlds {
            if let Some(place) = world.position(card) {
                world.cards[place].status = status;
                world.cards[place].over_limit = None;
                world.cards[place].since = now;
            }
        }
        self.settle_on(worlds, scene.exchange.step);
    }

    /// The rules by which the card must have the status that the first world believes in, the most telling first.
    fn status_rules(&self, card: &Card, seen: CardStatus, source: Source) -> Vec<RequirementId> {
        if source == Source::Answer {
            return vec![card.since.rule];
        }
        if let Some(rule) = card.over_limit {
            return self.limit_rules(card, rule, id::LIMIT_4);
        }
        if seen != card.status && self.made_room(card) {
            return self.limit_rules(card, limit::rule(seen), card.since.rule);
        }
        let look = self
            .facts
            .get(card.id.as_ref().unwrap_or(&CardId::new("")))
            .and_then(|facts| {
                facts.looks.iter().rev().find(|l| {
                    (l.moment > card.since.moment
                        || l.moment == card.since.moment && l.source != Source::Answer)
                        && l.status == Some(card.status)
                })
            });
        let mut rules = Vec::new();
        if look.is_some_and(|l| {
            l.source != source
                && l.source != Source::Answer
                && self.touches.last().is_none_or(|t| t.moment < l.moment)
        }) {
            rules.push(id::READ_6);
        }
        let later = || {
            self.touches
                .iter()
                .rev()
                .filter(|t| t.moment > card.since.moment)
        };
        let own = later().filter(|t| t.card.is_some() && t.card == card.id);
        let keeping = keeping_rule(card.status);
        rules.extend(own.map(|touch| match touch.kind {
            TouchKind::Effect(rule) if keeping == id::LIFE_9 => rule,
            TouchKind::Refused(id::LIFE_9) | TouchKind::Effect(_) => keeping,
            TouchKind::Refused(rule) => rule,
            TouchKind::Replayed if card.status.is_final() => keeping,
            TouchKind::Replayed => id::IDEM_4,
            TouchKind::Elsewhere if card.status.is_final() => keeping,
            TouchKind::Elsewhere => id::IDEM_9,
        }));
        let of_others = self
            .touches
            .iter()
            .rev()
            .filter(|t| t.card != card.id || t.card.is_none());
        let mut beside = of_others.filter(|t| self.may_follow(t.moment, card.since.moment));
        if beside.next().is_some() && seen != card.status {
            rules.push(if card.status.is_final() {
                keeping
            } else {
                id::LIFE_14
            });
        }
        rules.push(match look {
            None => card.since.rule,
            Some(_) if card.status.is_final() => keeping,
            Some(_) => id::READ_7,
        });
        self.blame_time(card, look.map(|l| l.moment), &mut rules);
        if self.was_in_upper_case(card.since.moment) {
            rules.insert(0, id::READ_8);
        }
        dedup(rules)
    }

    /// Whether an exchange is later than another one, or overlaps with it, so that nobody knows which acted first.
    fn may_follow(&self, moment: Moment, other: Moment) -> bool {
        let exchanges = &self.trace.exchanges;
        let overlaps = || Some(exchanges.get(moment)?.received_at > exchanges.get(other)?.sent_at);
        moment > other || moment < other && overlaps() == Some(true)
    }

    /// The rules by which a card must not hold its slot beside another one, or perhaps must be as it is by this last rule.
    fn limit_rules(
        &self,
        card: &Card,
        rule: RequirementId,
        perhaps: RequirementId,
    ) -> Vec<RequirementId> {
        // LIMIT-4 speaks of the answer; that the card becomes usable beside an active one is LIMIT-1.
        let rule = if rule == id::LIMIT_4 {
            id::LIMIT_1
        } else {
            rule
        };
        let in_race = self.was_made_in_race(card).then_some(id::LIMIT_8);
        dedup(in_race.into_iter().chain([rule, perhaps]).collect())
    }

    /// A call worked on a card which has failed in every world only since it was over the limit: more likely than the call,
    /// the limit is to blame.
    pub(super) fn blame_the_limit(&mut self, scene: &Scene<'_>, card: &CardId, worlds: &[World]) {
        let failed = |world: &World| {
            let card = world.card(card)?;
            let rule = card.over_limit?;
            (card.status == CardStatus::IssueFailed).then(|| (card.clone(), rule))
        };
        let all: Option<Vec<(Card, RequirementId)>> = worlds.iter().map(failed).collect();
        let Some((card, rule)) = all.and_then(|all| all.into_iter().next()) else {
            return;
        };
        let noted = self.judgement.departures.last();
        let noted = noted.filter(|d| d.moment == scene.moment && scene.is_success());
        let Some(noted) = noted.map(|d| d.requirement) else {
            return;
        };
        let mut rules = self.limit_rules(&card, rule, noted);
        let requirement = rules.remove(0);
        self.show(requirement);
        if let Some(departure) = self.judgement.departures.last_mut() {
            departure.requirement = requirement;
            departure.instead = rules;
        }
    }

    /// That the card failed by itself is only concluded from a later create which found its slot free: if it has not
    /// failed, that one was over the limit.
    fn made_room(&self, card: &Card) -> bool {
        let asked = self.understood(card.since.moment).asked;
        let is_for_its_slot = |wish: &Wish| {
            matches!(wish, Wish::Create { account: Id::Known(account), card_type, .. }
                if *account == card.account && *card_type == Some(card.card_type))
        };
        card.status == CardStatus::IssueFailed
            && card.since.rule == id::LIFE_1
            && card.since.step != card.made_by
            && matches!(asked, Asked::Modify(call) if is_for_its_slot(&call.wish))
    }

    /// Another create for the same account was under way when the card was made.
    fn was_made_in_race(&self, card: &Card) -> bool {
        let exchanges = &self.trace.exchanges;
        let creates = || {
            let path = format!("/accounts/{}/cards", card.account);
            exchanges.iter().filter(move |e| {
                e.request.method == "POST" && e.request.path.eq_ignore_ascii_case(&path)
            })
        };
        let own = creates().find(|e| e.step == card.made_by);
        own.is_some_and(|own| creates().any(|e| e.step != own.step && overlap::overlap(e, own)))
    }

    /// TIME-4: the clock was moved since the card was as it must be; if nothing else happened, time is to blame.
    fn blame_time(&self, card: &Card, seen: Option<Moment>, rules: &mut Vec<RequirementId>) {
        let since = seen.unwrap_or(card.since.moment);
        if card.status == CardStatus::Issuing || !self.clock.moved_since(since) {
            return;
        }
        let is_alone = seen.is_some() && self.touches.last().is_none_or(|t| t.moment <= since);
        rules.insert(if is_alone { 0 } else { rules.len() }, id::TIME_4);
    }

    /// A refusal of a call whose id was in upper case may mean just that.
    fn was_in_upper_case(&self, moment: Moment) -> bool {
        let exchange = &self.trace.exchanges[moment];
        let refused = matches!(&exchange.reply, Reply::Got(r) if r.status >= 400);
        refused
            && exchange
                .request
                .path
                .bytes()
                .any(|b| b.is_ascii_uppercase())
    }

    /// A list that showed something else than the card's own read does was stale: it is the reads that disagree
    /// (READ-6). `subject` is what its departure speaks of, `shown` what the card's own read shows.
    pub(super) fn settle_stale_lists(
        &mut self,
        card: &CardId,
        subject: &str,
        shown: &str,
        source: Source,
    ) {
        if source != Source::ById {
            return;
        }
        let quiet_since = self.touches.last().map_or(0, |t| t.moment);
        let exchanges = &self.trace.exchanges;
        for (place, departure) in self.judgement.departures.iter_mut().enumerate() {
            let is_stale = self.about.get(&place) == Some(card)
                && departure.subject.starts_with(subject)
                && departure.actual != shown
                && departure.moment >= quiet_since
                && departure.requirement != id::READ_6
                && is_list(&exchanges[departure.moment]);
            if is_stale {
                departure.instead.retain(|rule| *rule != id::READ_6);
                departure.instead.insert(0, departure.requirement);
                departure.requirement = id::READ_6;
            }
        }
    }
}

/// Whether an exchange is an answered list.
fn is_list(exchange: &Exchange) -> bool {
    let path = exchange.request.path.split('?').next().unwrap_or_default();
    matches!(exchange.reply, Reply::Got(_)) && path.ends_with("/cards")
}

fn dedup(rules: Vec<RequirementId>) -> Vec<RequirementId> {
    let mut kept: Vec<RequirementId> = Vec::new();
    for rule in rules {
        if !kept.contains(&rule) {
            kept.push(rule);
        }
    }
    kept
}
