//! Exchanges that overlap: any order that real time allows may explain them.
//!
//! This is linearizability (Herlihy and Wing, 1990), searched as Wing, Gong and Lowe do, over what may have come first:
//! for each set of events that no event outside of it must precede, the worlds that it may have left. An exchange is one
//! event; a list has one more for each card, since nothing says that a list is made at one instant.
//!
//! If all events can be put in order, the exchanges are judged once more in such an order, for what they show besides,
//! and every world that some order leaves is kept. If they can't, as many as can be are; the next one is judged where it
//! fails, and the search goes on behind it.
//!
//! - `event` says what a world becomes when an event comes next in it; `search` puts events in order.
//! - `rules` names what fails, and shows what holds.

mod event;
mod rules;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use super::departure::TriedOrder;
use super::follow::{Judge, made_in};
use super::request::Understood;
use crate::card::{CardId, CardStatus};
use crate::case::StepNumber;
use crate::trace::Exchange;
use crate::world::{Card, Moment, World};

use event::{Event, What};
use search::{Events, Found, NODES_MAX, path};

/// So many of the orders that were tried are told.
const ORDERS_TOLD: usize = 6;

/// Exchanges that overlap, by what the search has to know of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Race {
    /// The exchanges, in the order in which they were sent.
    pub moments: Vec<Moment>,
    /// Ids of cards that creates among them brought.
    pub made: BTreeSet<CardId>,
    /// What they ask for, read once for the whole search.
    pub understood: BTreeMap<Moment, Understood>,
}

/// What has been put in order of what a list shows.
#[derive(Clone, Debug, Default)]
pub(super) enum Settled {
    /// Nothing: the list is judged as it stands.
    #[default]
    Nothing,
    /// All of it.
    All,
    /// All but this card.
    AllBut(CardId),
}

impl Settled {
    /// Whether what is shown of this card has been put in order.
    pub fn covers(&self, card: &CardId) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::AllBut(other) => other != card,
        }
    }
}

/// An order in which a race may have gone, and the world that it left.
#[derive(Clone, Debug)]
pub(super) struct Order {
    steps: Vec<StepNumber>,
    world: World,
}

/// The exchanges in runs, in the order in which they were sent: those of a run overlap, directly or by way of others.
pub(super) fn runs(exchanges: &[Exchange]) -> Vec<Vec<Moment>> {
    let mut moments: Vec<Moment> = (0..exchanges.len()).collect();
    moments.sort_by_key(|moment| (exchanges[*moment].sent_at, *moment));
    let mut runs: Vec<Vec<Moment>> = Vec::new();
    let mut all_answered_at = None;
    for moment in moments {
        let exchange = &exchanges[moment];
        match runs.last_mut() {
            Some(run) if all_answered_at > Some(exchange.sent_at) => run.push(moment),
            _ => runs.push(vec![moment]),
        }
        all_answered_at = all_answered_at.max(Some(exchange.received_at));
    }
    runs
}

/// Whether the first was answered before the second was sent.
pub(super) fn precedes(first: &Exchange, second: &Exchange) -> bool {
    first.received_at <= second.sent_at
}

/// Whether neither was over when the other began.
pub(super) fn overlap(first: &Exchange, second: &Exchange) -> bool {
    !precedes(first, second) && !precedes(second, first)
}

/// Of exchanges in the order in which they were sent, those that overlap with another that may change something.
fn contended<'t>(exchanges: &[Exchange], moments: &'t [Moment]) -> BTreeSet<&'t Moment> {
    let changes = |moment: &&Moment| exchanges[**moment].request.method != "GET";
    // Of those that change something, the one sent next, and of those sent before, the one answered last: if these don't
    // overlap with an exchange, none does.
    let mut contended = BTreeSet::new();
    let mut next = None;
    for moment in moments.iter().rev() {
        let overlaps = |next: &Moment| overlap(&exchanges[*next], &exchanges[*moment]);
        contended.extend(next.is_some_and(overlaps).then_some(moment));
        next = Some(moment).filter(changes).or(next);
    }
    let mut last = None;
    for moment in moments {
        let overlaps = |last: &Moment| overlap(&exchanges[*last], &exchanges[*moment]);
        contended.extend(last.is_some_and(overlaps).then_some(moment));
        let answered_at = |moment: &Moment| exchanges[*moment].received_at;
        let is_later = last.map(answered_at) <= Some(answered_at(moment));
        last = Some(moment).filter(changes).filter(|_| is_later).or(last);
    }
    contended
}

impl Judge<'_> {
    /// Judges exchanges that overlap.
    pub(super) fn race(&mut self, moments: Vec<Moment>) {
        let exchanges = &self.trace.exchanges;
        self.contended.extend(contended(exchanges, &moments));
        self.race.made = moments
            .iter()
            .filter_map(|moment| made_in(&exchanges[*moment]))
            .collect();
        self.race.moments.clone_from(&moments);
        let understood = |moment: &Moment| (*moment, self.understood(*moment));
        self.race.understood = moments.iter().map(understood).collect();
        self.note_lost();
        let mut left = self.events();
        if left.len() > Events::BITS as usize {
            let words = format!("more than {} things overlap", Events::BITS);
            self.give_up_race(&words);
        }
        while !left.is_empty() && !self.gave_up() {
            left = self.ordered(left);
        }
        self.race = Race::default();
    }

    /// The requests that may take effect later than any answer tells.
    fn note_lost(&mut self) {
        for (moment, understood) in &self.race.understood {
            let is_told = self.trace.exchanges[*moment].telling().is_some();
            if let (false, Some(call)) = (is_told, understood.asked.change()) {
                self.lost.insert(*moment, call.clone());
            }
        }
    }

    fn give_up_race(&mut self, words: &str) {
        let step = self.step_of(self.race.moments[0]);
        self.give_up(
            step,
            format!("{words}; the rest of the case was not judged"),
        );
    }

    /// Puts as many of the events in order as can be, and judges the next one where it fails. What is left then.
    fn ordered(&mut self, events: Vec<Event>) -> Vec<Event> {
        let Some(found) = self.search(&events) else {
            let most = self.at_most(NODES_MAX);
            let words = format!("more than {most} worlds explain some of what overlaps");
            self.give_up_race(&words);
            return Vec::new();
        };
        let (done, failing) = found.end(&events);
        let ends = &found.last[&done];
        self.follow_path(&events, &found, ends[0]);
        let left = ends.iter().map(|end| found.nodes[*end].world.clone());
        self.settle_on(left.collect(), self.step_of(events[0].moment));
        let orders = ends.iter().take(ORDERS_TOLD).map(|end| Order {
            steps: self.steps_on(&events, &found, *end),
            world: found.nodes[*end].world.clone(),
        });
        self.orders = orders.collect();
        let Some(failing) = failing else {
            self.show_race();
            return Vec::new();
        };
        let tried = self.tried(&events, &found);
        let moment = events[failing].moment;
        let before = self.judgement.departures.len();
        let settled = match &events[failing].what {
            What::Listed(listed) => Settled::AllBut(listed.card.clone()),
            What::List => Settled::All,
            What::Exchange(_) => Settled::Nothing,
        };
        self.judge_settled(moment, settled);
        self.name_race(before, moment, &tried);
        let left = events.into_iter().enumerate();
        left.filter(|(place, event)| done & search::bit(*place) == 0 && event.moment != moment)
            .map(|(_, event)| event)
            .collect()
    }

    /// Judges the exchanges on the way to a node, each in the world that it found.
    fn follow_path(&mut self, events: &[Event], found: &Found, end: usize) {
        for (place, before) in path(found, end) {
            let settled = match events[place].what {
                What::Listed(_) => continue,
                What::List => Settled::All,
                What::Exchange(_) => Settled::Nothing,
            };
            self.worlds = vec![found.nodes[before].world.clone()];
            self.judge_settled(events[place].moment, settled);
        }
    }

    fn judge_settled(&mut self, moment: Moment, settled: Settled) {
        self.settled = settled;
        self.exchange(moment, &self.trace.exchanges[moment]);
        self.settled = Settled::Nothing;
    }

    /// The orders that lead nowhere, the longest first.
    fn tried(&self, events: &[Event], found: &Found) -> Vec<TriedOrder> {
        let ends = (0..found.nodes.len()).rev();
        let mut orders: Vec<TriedOrder> = Vec::new();
        for end in ends.filter(|end| found.nodes[*end].is_dead_end) {
            let done = path(found, end)
                .iter()
                .fold(0, |set, (place, _)| set | search::bit(*place));
            let Some((_, event)) = found.open(events, done).next() else {
                continue;
            };
            let told = TriedOrder {
                order: self.steps_on(events, found, end),
                fails_at: self.step_of(event.moment),
                because: self.refuted(&found.nodes[end].world, event),
            };
            if !orders.contains(&told) {
                orders.push(told);
            }
            if orders.len() == ORDERS_TOLD {
                break;
            }
        }
        orders
    }

    fn step_of(&self, moment: Moment) -> StepNumber {
        self.trace.exchanges[moment].step
    }

    fn steps_on(&self, events: &[Event], found: &Found, end: usize) -> Vec<StepNumber> {
        let way = path(found, end).into_iter();
        let step = |(place, _): (usize, usize)| self.step_of(events[place].moment);
        let mut steps: Vec<StepNumber> = way.map(step).collect();
        steps.dedup();
        steps
    }

    /// For a card that is not as any order of the last race left it: these orders, and what they left.
    pub(super) fn orders_against(
        &self,
        card: &CardId,
        seen: CardStatus,
        step: StepNumber,
    ) -> Vec<TriedOrder> {
        let still_so = |left: &&Card| {
            let mut believed = self.worlds.iter().filter_map(|w| w.card(card));
            believed.any(|c| c.since.moment == left.since.moment && c == *left)
        };
        let orders = self.orders.iter().filter_map(|order| {
            let left = order.world.card(card).filter(still_so)?;
            Some(TriedOrder {
                order: order.steps.clone(),
                fails_at: step,
                because: format!("it shows `{seen}`, the card is `{}`", left.status),
            })
        });
        let mut tried: Vec<TriedOrder> = orders.collect();
        tried.dedup();
        tried
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample;
    use crate::trace::Micros;

    /// An exchange that was sent when, took so long, and may have changed something.
    fn exchange((sent_at, took, changes): (u64, u64, bool)) -> Exchange {
        Exchange {
            sent_at: Micros(sent_at),
            received_at: Micros(sent_at + took),
            ..sample::exchange(1, if changes { "POST" } else { "GET" }, 200, "")
        }
    }

    proptest! {
        #[test]
        fn what_overlaps_with_a_change_is_contended(
            calls in prop::collection::vec((0..40_u64, 1..15_u64, any::<bool>()), 0..12)
        ) {
            let exchanges: Vec<Exchange> = calls.into_iter().map(exchange).collect();
            let mut moments: Vec<Moment> = (0..exchanges.len()).collect();
            moments.sort_by_key(|moment| (exchanges[*moment].sent_at, *moment));
            let is_beside_a_change = |one: &&Moment| {
                let mut others = moments.iter().filter(|other| other != one);
                others.any(|other| {
                    exchanges[*other].request.method != "GET"
                        && overlap(&exchanges[*other], &exchanges[**one])
                })
            };
            let expected: BTreeSet<&Moment> = moments.iter().filter(is_beside_a_change).collect();
            prop_assert_eq!(contended(&exchanges, &moments), expected);
        }
    }
}
