//! The rules on overlapping: which a failure breaks, and which a race that is explained has put to the test.

use std::collections::BTreeSet;

use super::{overlap, precedes};
use crate::judge::departure::TriedOrder;
use crate::judge::follow::Judge;
use crate::judge::request::Asked;
use crate::requirement::{RequirementId, id};
use crate::trace::Exchange;
use crate::world::Moment;
use crate::world::ways::{Call, Id, InFlight, Key, Wish};

/// What may fail where a key is in flight.
const OF_KEYS: [RequirementId; 12] = [
    id::IDEM_3,
    id::IDEM_4,
    id::IDEM_5,
    id::IDEM_6,
    id::IDEM_9,
    id::IDEM_10,
    id::IDEM_11,
    id::CREATE_1,
    id::CREATE_5,
    id::LIMIT_4,
    id::LIMIT_7,
    id::OPEN_16,
];
/// What may fail where creates for one account overlap.
const OF_LIMIT: [RequirementId; 7] = [
    id::LIMIT_1,
    id::LIMIT_3,
    id::LIMIT_4,
    id::LIMIT_5,
    id::LIMIT_6,
    id::CREATE_1,
    id::OPEN_8,
];
/// What may fail in a read that follows another one while a change is under way.
const OF_READS: [RequirementId; 9] = [
    id::LIFE_1,
    id::LIFE_2,
    id::LIFE_3,
    id::LIFE_4,
    id::LIFE_5,
    id::READ_2,
    id::READ_3,
    id::READ_6,
    id::READ_7,
];
/// What may fail where calls overlap.
const OF_CALLS: [RequirementId; 14] = [
    id::LIFE_2,
    id::LIFE_3,
    id::LIFE_5,
    id::LIFE_10,
    id::LIFE_12,
    id::LIFE_13,
    id::OPEN_1,
    id::OPEN_2,
    id::OPEN_3,
    id::OPEN_4,
    id::OPEN_5,
    id::OPEN_6,
    id::OPEN_7,
    id::OPEN_29,
];

impl Judge<'_> {
    /// Names what an exchange was found to break, from a place on, after the rule on overlapping, if there is one.
    pub(super) fn name_race(&mut self, from: usize, moment: Moment, tried: &[TriedOrder]) {
        let exchange = &self.trace.exchanges[moment];
        let asked = self.understood(moment).asked;
        let meetings: [(bool, &[RequirementId], RequirementId); 4] = [
            (is_in_flight(&asked), &OF_KEYS, id::IDEM_7),
            (self.has_rival_create(moment), &OF_LIMIT, id::LIMIT_8),
            (self.has_read_before(exchange), &OF_READS, id::READ_10),
            (matches!(asked, Asked::Modify(_)), &OF_CALLS, id::LIFE_15),
        ];
        for departure in &mut self.judgement.departures[from..] {
            departure.tried = tried.to_vec();
            let named = meetings
                .iter()
                .find(|(is_so, rules, _)| *is_so && rules.contains(&departure.requirement));
            if let Some((_, _, rule)) = named {
                let other = std::mem::replace(&mut departure.requirement, *rule);
                departure.instead.retain(|instead| instead != rule);
                departure.instead.insert(0, other);
            }
        }
    }

    /// Whether another create for the same account overlaps with this one.
    fn has_rival_create(&self, moment: Moment) -> bool {
        let create = |moment: &Moment| {
            let request = &self.trace.exchanges[*moment].request;
            (request.method == "POST").then(|| request.path.to_ascii_lowercase())
        };
        let own = create(&moment);
        let mut others = self.race.moments.iter().filter(|other| **other != moment);
        own.is_some() && others.any(|other| create(other) == own)
    }

    /// Whether this reads, and another read of the race was over before.
    fn has_read_before(&self, exchange: &Exchange) -> bool {
        let reads = |exchange: &Exchange| exchange.request.method == "GET";
        let mut others = self.race.moments.iter().map(|m| &self.trace.exchanges[*m]);
        reads(exchange) && others.any(|earlier| reads(earlier) && precedes(earlier, exchange))
    }

    /// The requests that have the same key as this one and are in flight at the same time.
    pub(in crate::judge) fn in_flight(&self, exchange: &Exchange) -> InFlight {
        let key = |e: &Exchange| {
            e.request
                .header("idempotency-key")
                .map(str::to_ascii_lowercase)
        };
        let asks = |e: &Exchange| {
            let request = &e.request;
            (
                request.method.clone(),
                request.path.to_ascii_lowercase(),
                request.body.clone(),
            )
        };
        let mut in_flight = InFlight::default();
        let Some(own) = key(exchange) else {
            return in_flight;
        };
        let others = self.race.moments.iter().map(|m| &self.trace.exchanges[*m]);
        let others = others.filter(|other| !std::ptr::eq(*other, exchange));
        for rival in others.filter(|other| overlap(other, exchange)) {
            if key(rival).as_ref() == Some(&own) {
                match asks(rival) == asks(exchange) {
                    true => in_flight.same += 1,
                    false => in_flight.other += 1,
                }
            }
        }
        in_flight
    }

    /// Counts the rules that the race has put to the test.
    pub(super) fn show_race(&mut self) {
        let exchanges = &self.trace.exchanges;
        let asked: Vec<_> = self.race.understood.iter().collect();
        let mut shown = BTreeSet::new();
        for (place, (first, one)) in asked.iter().enumerate() {
            for (second, other) in &asked[place + 1..] {
                let at_once = overlap(&exchanges[**first], &exchanges[**second]);
                match (&one.asked, &other.asked) {
                    (Asked::Modify(one), Asked::Modify(other)) if at_once => {
                        shown.extend(rule_of_rivals(one, other));
                    }
                    (Asked::Read(one), Asked::Read(other)) if !at_once && one == other => {
                        let told = [first, second].map(|m| self.contended.contains(m));
                        shown.extend((told == [true, true]).then_some(id::READ_10));
                    }
                    _ => {}
                }
            }
        }
        for rule in shown {
            self.show(rule);
        }
    }
}

fn is_in_flight(asked: &Asked) -> bool {
    matches!(asked, Asked::Modify(call) if call.in_flight != InFlight::default())
}

/// The rule that two calls at once put to the test.
fn rule_of_rivals(one: &Call, other: &Call) -> Option<RequirementId> {
    let slot = |call: &Call| match &call.wish {
        Wish::Create {
            account: Id::Known(account),
            card_type: Some(card_type),
            ..
        } => Some((account.clone(), *card_type)),
        _ => None,
    };
    let card = |call: &Call| match &call.wish {
        Wish::Act(_, Id::Known(card)) => Some(card.clone()),
        _ => None,
    };
    if matches!(one.key, Key::Uuid(_)) && one.key == other.key {
        Some(id::IDEM_7)
    } else if slot(one).is_some() && slot(one) == slot(other) {
        Some(id::LIMIT_8)
    } else if card(one).is_some() && card(one) == card(other) {
        Some(id::LIFE_15)
    } else {
        None
    }
}
