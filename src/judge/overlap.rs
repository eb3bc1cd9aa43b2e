//! Exchanges that overlap: any order that real time allows may explain them.
//!
//! This is linearizability (Herlihy and Wing, 1990), searched as Wing, Gong and Lowe do, over what may have come first:
//! for each set of events that no event outside of it must precede, the worlds that it may have left. An exchange is one
//! event; a list is one for each card, since nothing says that a list is made at one instant.
//!
//! If all events can be put in order, the exchanges are judged once more in such an order, for what they show besides,
//! and every world that some order leaves is kept. If they can't, as many as can be are; the next one is judged where it
//! fails, and the search goes on behind it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::departure::TriedOrder;
use super::explained::{Part, What, body_of, is_answered_well, made_in};
use super::facts::Source;
use super::follow::Judge;
use super::request::{Asked, Understood};
use crate::card::{CardId, CardStatus};
use crate::case::StepNumber;
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Reply};
use crate::world::ways::{Call, Id, InFlight, Key, Wish};
use crate::world::{Card, Moment, World};

/// A set of events, one bit each.
type Events = u128;

/// More worlds, over all sets of events, are not followed: the case ends there with an obstacle.
const NODES_MAX: usize = 40_000;

/// So many of the orders that were tried are told.
const ORDERS_TOLD: usize = 6;

/// Exchanges that overlap, by what the search has to know of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Race {
    /// The exchanges, in the order in which they were sent.
    pub moments: Vec<Moment>,
    /// Ids of cards that creates among them brought.
    pub made: BTreeSet<CardId>,
    /// What those ask for that are to be put in order, read once for the whole search.
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

/// An order in which a race may have gone, and the world that it left.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub steps: Vec<StepNumber>,
    pub world: World,
}

/// Something to be put in order.
struct Event {
    moment: Moment,
    what: What,
    source: Option<Source>,
    /// What must come before.
    after: Events,
}

/// A world that is left when some events have been put in order.
struct Node {
    world: World,
    /// The node before, and the event that led from there.
    from: Option<(usize, usize)>,
    is_dead_end: bool,
}

/// What the search found.
struct Found {
    nodes: Vec<Node>,
    /// By set of events, the largest sets alone: the nodes that they leave.
    last: BTreeMap<Events, Vec<usize>>,
    /// All events are in order.
    is_whole: bool,
}

impl<'a> Judge<'a> {
    /// Judges exchanges that overlap.
    pub(super) fn race(&mut self, moments: Vec<Moment>) {
        self.orders.clear();
        self.race.made = self.brought_by(&moments);
        self.race.moments.clone_from(&moments);
        let exchanges = &self.trace.exchanges;
        let changes: Vec<Moment> = moments
            .iter()
            .copied()
            .filter(|moment| exchanges[*moment].request.method != "GET")
            .collect();
        self.contended
            .extend(moments.iter().copied().filter(|moment| {
                let overlaps = |other: &Moment| {
                    other != moment && overlap(&exchanges[*other], &exchanges[*moment])
                };
                changes.iter().any(overlaps)
            }));
        let mut left = moments;
        while !left.is_empty() && !self.gave_up() {
            left = self.ordered(&left);
        }
        self.race = Race::default();
    }

    /// Puts as many of the exchanges in order as can be, and judges the next one where it fails. What is left then.
    fn ordered(&mut self, moments: &[Moment]) -> Vec<Moment> {
        let first_step = self.trace.exchanges[moments[0]].step;
        self.race.understood.clear();
        let understood = |moment: &Moment| (*moment, self.understood(*moment));
        self.race.understood = moments.iter().map(understood).collect();
        self.note_lost(moments);
        let Some(events) = self.events(moments) else {
            self.give_up(
                first_step,
                format!(
                    "more than {} things overlap; the rest of the case was not judged",
                    Events::BITS
                ),
            );
            return Vec::new();
        };
        let Some(found) = self.search(&events) else {
            self.give_up(
                first_step,
                format!("more than {NODES_MAX} worlds explain some of what overlaps; the rest of the case was not judged"),
            );
            return Vec::new();
        };
        let Some((done, failing)) = self.choose_end(&events, &found) else {
            return Vec::new();
        };
        let ends = &found.last[&done];
        let worlds = || ends.iter().map(|node| found.nodes[*node].world.clone());
        self.follow_path(&events, &found, ends[0]);
        self.settle_on(worlds().collect(), first_step);
        let orders = ends.iter().take(ORDERS_TOLD).map(|end| Order {
            steps: self.steps_on(&events, &found, *end),
            world: found.nodes[*end].world.clone(),
        });
        self.orders = orders.collect();
        let lists_done: Vec<Moment> = moments
            .iter()
            .copied()
            .filter(|moment| is_list_done(&events, done, *moment))
            .collect();
        for moment in &lists_done {
            self.settled_list(*moment, Settled::All);
        }
        let Some(failing) = failing else {
            self.show_race(moments);
            return Vec::new();
        };
        let event = &events[failing];
        let tried = self.tried(&events, &found);
        let before = self.judgement.departures.len();
        match &event.what {
            What::Part(part) => self.settled_list(event.moment, Settled::AllBut(part.card.clone())),
            What::Whole(_) => self.exchange(event.moment, &self.trace.exchanges[event.moment]),
        }
        self.name_race(before, event.moment, tried);
        let is_left = |moment: &Moment| {
            let mut own = events
                .iter()
                .enumerate()
                .filter(|(_, e)| e.moment == *moment);
            *moment != event.moment && own.any(|(place, _)| done & bit(place) == 0)
        };
        moments.iter().copied().filter(is_left).collect()
    }

    /// The requests among these that may take effect later than any answer tells.
    fn note_lost(&mut self, moments: &[Moment]) {
        for moment in moments {
            let answered = matches!(
                &self.trace.exchanges[*moment].reply,
                Reply::Got(response) if !matches!(response.status, 429 | 500..)
            );
            if let (false, Asked::Modify(call)) = (answered, self.understood(*moment).asked) {
                self.lost.insert(*moment, call);
            }
        }
    }

    /// The rules on overlapping that these exchanges put to the test.
    fn show_race(&mut self, moments: &[Moment]) {
        let mut shown = BTreeSet::new();
        let asked: Vec<(Moment, Asked)> = moments
            .iter()
            .map(|moment| (*moment, self.understood(*moment).asked))
            .collect();
        for (place, (first, asked_first)) in asked.iter().enumerate() {
            for (second, asked_second) in &asked[place + 1..] {
                let exchanges = &self.trace.exchanges;
                let at_once = overlap(&exchanges[*first], &exchanges[*second]);
                match (asked_first, asked_second) {
                    (Asked::Modify(one), Asked::Modify(other)) if at_once => {
                        shown.extend(rules_of_rivals(one, other));
                    }
                    (Asked::Read(one), Asked::Read(other)) if !at_once && one == other => {
                        let both = [first, second];
                        let is_told = both.iter().all(|moment| self.contended.contains(moment));
                        shown.extend(is_told.then_some(id::READ_10));
                    }
                    _ => {}
                }
            }
        }
        for rule in shown {
            self.show(rule);
        }
    }

    /// The cards that creates among these exchanges brought.
    fn brought_by(&self, moments: &[Moment]) -> BTreeSet<CardId> {
        moments
            .iter()
            .filter_map(|moment| made_in(&self.trace.exchanges[*moment]))
            .collect()
    }

    /// The exchanges as events, with what must come before each; none if there are too many.
    fn events(&self, moments: &[Moment]) -> Option<Vec<Event>> {
        let mut events: Vec<Event> = Vec::new();
        for moment in moments {
            let exchange = &self.trace.exchanges[*moment];
            let asked = self.understood(*moment).asked;
            let source = source(&asked);
            let parts = self.parts(exchange, &asked);
            let whats: Vec<What> = match parts {
                Some(parts) => parts.into_iter().map(What::Part).collect(),
                None => vec![self.one_event(exchange, asked)],
            };
            events.extend(whats.into_iter().map(|what| Event {
                moment: *moment,
                what,
                source,
                after: 0,
            }));
        }
        if events.len() > Events::BITS as usize {
            return None;
        }
        let after: Vec<Events> = events
            .iter()
            .map(|event| {
                let earlier = events.iter().enumerate();
                let earlier = earlier.filter(|(_, first)| self.must_precede(first, event));
                earlier.fold(0, |set, (place, _)| set | bit(place))
            })
            .collect();
        for (event, after) in events.iter_mut().zip(after) {
            event.after = after;
        }
        Some(events)
    }

    /// Real time puts one before the other. Two reads of different kinds need only agree about a card at rest.
    fn must_precede(&self, first: &Event, second: &Event) -> bool {
        let exchanges = &self.trace.exchanges;
        let agree_at_rest = matches!(
            (first.source, second.source),
            (Some(first), Some(second)) if first != second
        );
        first.moment != second.moment
            && !agree_at_rest
            && precedes(&exchanges[first.moment], &exchanges[second.moment])
    }

    /// What a list shows of each card that the case has heard of; none if the exchange is no list that can be read.
    fn parts(&self, exchange: &Exchange, asked: &Asked) -> Option<Vec<Part>> {
        let is_list = matches!(
            asked,
            Asked::ListAccount(Id::Known(_)) | Asked::ListProgramme
        );
        let body = body_of(exchange)
            .filter(|_| is_list && exchange.flaw.is_none() && is_answered_well(exchange))?;
        let Value::Array(views) = body else {
            return None;
        };
        let concerns = |account: Option<&str>| match asked {
            Asked::ListAccount(Id::Known(own)) => {
                account.is_some_and(|a| a.eq_ignore_ascii_case(own.as_str()))
            }
            _ => account.is_some_and(|a| {
                let mut own = self.trace.accounts.values();
                own.any(|own| a.eq_ignore_ascii_case(own.as_str()))
            }),
        };
        let member = |view: &'_ Value, name: &str| Some(view.get(name)?.as_str()?.to_owned());
        let mut shown: BTreeMap<CardId, Value> = BTreeMap::new();
        for view in views {
            let card = member(&view, "id").map(CardId::new);
            if let Some(card) = card.filter(|_| concerns(member(&view, "accountId").as_deref())) {
                shown.entry(card).or_insert(view);
            }
        }
        let believed = self.worlds.iter().flat_map(|world| &world.cards);
        let believed = believed.filter(|card| concerns(Some(card.account.as_str())));
        let mut cards: BTreeSet<CardId> = believed.filter_map(|card| card.id.clone()).collect();
        cards.extend(self.race.moments.iter().filter_map(|moment| {
            let other = &self.trace.exchanges[*moment];
            let path = other.request.path.split('/').nth(2);
            made_in(other).filter(|_| concerns(path))
        }));
        cards.extend(shown.keys().cloned());
        let parts = cards
            .into_iter()
            .map(|card| Part::new(shown.remove(&card).as_ref(), card));
        Some(parts.collect())
    }

    /// Goes through the sets of events, the small ones first; none if there is too much to follow.
    fn search(&self, events: &[Event]) -> Option<Found> {
        let all = (0..events.len()).fold(0, |set, place| set | bit(place));
        let mut nodes: Vec<Node> = Vec::new();
        let mut layer: BTreeMap<Events, Vec<usize>> = BTreeMap::new();
        for world in &self.worlds {
            layer.entry(0).or_default().push(nodes.len());
            nodes.push(Node {
                world: world.clone(),
                from: None,
                is_dead_end: false,
            });
        }
        loop {
            let mut next: BTreeMap<Events, (Vec<usize>, HashSet<World>)> = BTreeMap::new();
            for (done, members) in &layer {
                for member in members {
                    let steps = self.steps(events, *done, &nodes[*member].world);
                    nodes[*member].is_dead_end = steps.is_empty() && *done != all;
                    for (place, world) in steps {
                        let (list, seen) = next.entry(done | bit(place)).or_default();
                        if seen.insert(world.clone()) {
                            list.push(nodes.len());
                            nodes.push(Node {
                                world,
                                from: Some((*member, place)),
                                is_dead_end: false,
                            });
                        }
                    }
                    if nodes.len() > NODES_MAX {
                        return None;
                    }
                }
            }
            if next.is_empty() {
                return Some(Found {
                    nodes,
                    is_whole: layer.contains_key(&all),
                    last: layer,
                });
            }
            layer = next
                .into_iter()
                .map(|(done, (list, _))| (done, list))
                .collect();
        }
    }

    /// The events that may come next in a world, with what each leaves.
    fn steps(&self, events: &[Event], done: Events, world: &World) -> Vec<(usize, World)> {
        let mut steps = Vec::new();
        for (place, event) in events.iter().enumerate() {
            if done & bit(place) != 0 || event.after & !done != 0 {
                continue;
            }
            let left = self.explained(world, event);
            // A read that fits and changes nothing may as well come now: whatever comes after it comes without it too.
            if event.source.is_some() && left == [world.clone()] {
                return vec![(place, world.clone())];
            }
            steps.extend(left.into_iter().map(|world| (place, world)));
        }
        steps
    }

    /// The worlds that an event leaves of one; none if that one can't explain it.
    fn explained(&self, world: &World, event: &Event) -> Vec<World> {
        match &event.what {
            What::Part(part) => self.explained_part(world, event.moment, part),
            What::Whole(whole) => self.explained_whole(world, event.moment, whole),
        }
    }

    /// Where to go on from: the largest set of events, and the event that fails there, if they are not all. A call that
    /// fails tells more than a read of what it did.
    fn choose_end(&self, events: &[Event], found: &Found) -> Option<(Events, Option<usize>)> {
        if found.is_whole {
            let (done, _) = found.last.first_key_value()?;
            return Some((*done, None));
        }
        let ends = found.last.keys().flat_map(|done| {
            let open = events
                .iter()
                .enumerate()
                .filter(move |(place, event)| done & bit(*place) == 0 && event.after & !done == 0);
            open.map(move |(place, event)| (event.source.is_some(), event.moment, place, *done))
        });
        let (_, _, failing, done) = ends.min_by_key(|(is_read, moment, place, done)| {
            (*is_read, std::cmp::Reverse(*moment), *place, *done)
        })?;
        Some((done, Some(failing)))
    }

    /// Judges the exchanges on the way to a node, each in the world that it found.
    fn follow_path(&mut self, events: &[Event], found: &Found, end: usize) {
        for (place, before) in path(found, end) {
            let event = &events[place];
            if matches!(event.what, What::Whole(_)) {
                self.worlds = vec![found.nodes[before].world.clone()];
                self.exchange(event.moment, &self.trace.exchanges[event.moment]);
            }
        }
    }

    /// Judges a list whose cards have been put in order, or all but one.
    fn settled_list(&mut self, moment: Moment, settled: Settled) {
        self.settled = settled;
        self.exchange(moment, &self.trace.exchanges[moment]);
        self.settled = Settled::Nothing;
    }

    /// The orders that lead nowhere, the longest first.
    fn tried(&self, events: &[Event], found: &Found) -> Vec<TriedOrder> {
        let mut orders: Vec<TriedOrder> = Vec::new();
        for end in (0..found.nodes.len())
            .rev()
            .filter(|end| found.nodes[*end].is_dead_end)
        {
            let way = path(found, end);
            let done = way.iter().fold(0, |set, (place, _)| set | bit(*place));
            let order = self.steps_on(events, found, end);
            let open = events
                .iter()
                .enumerate()
                .find(|(place, event)| done & bit(*place) == 0 && event.after & !done == 0);
            let Some((_, event)) = open else { continue };
            let told = TriedOrder {
                order,
                fails_at: self.trace.exchanges[event.moment].step,
                because: self.refuted(&found.nodes[end].world, event.moment, &event.what),
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

    fn steps_on(&self, events: &[Event], found: &Found, end: usize) -> Vec<StepNumber> {
        let way = path(found, end).into_iter();
        let step = |(place, _): (usize, usize)| self.trace.exchanges[events[place].moment].step;
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
        let mut tried: Vec<TriedOrder> = Vec::new();
        for order in &self.orders {
            let still_so = |left: &&Card| {
                let mut believed = self.worlds.iter().filter_map(|w| w.card(card));
                believed.any(|c| c.since.moment == left.since.moment && c == *left)
            };
            let Some(left) = order.world.card(card).filter(still_so) else {
                continue;
            };
            let told = TriedOrder {
                order: order.steps.clone(),
                fails_at: step,
                because: format!("it shows `{seen}`, the card is `{}`", left.status),
            };
            if !tried.contains(&told) {
                tried.push(told);
            }
        }
        tried
    }

    /// Names what was found where exchanges overlap after the rule on overlapping, if there is one.
    fn name_race(&mut self, from: usize, moment: Moment, tried: Vec<TriedOrder>) {
        let exchange = &self.trace.exchanges[moment];
        let asked = self.understood(moment).asked;
        let in_flight =
            matches!(&asked, Asked::Modify(call) if call.in_flight != InFlight::Nothing);
        let rivals = self.rival_creates(moment);
        let read_before = source(&asked).is_some()
            && self.race.moments.iter().any(|other| {
                let earlier = &self.trace.exchanges[*other];
                earlier.request.method == "GET" && precedes(earlier, exchange)
            });
        for departure in &mut self.judgement.departures[from..] {
            departure.tried.clone_from(&tried);
            let rule = match departure.requirement {
                id::IDEM_3
                | id::IDEM_4
                | id::IDEM_5
                | id::IDEM_6
                | id::IDEM_9
                | id::IDEM_10
                | id::IDEM_11
                | id::CREATE_1
                | id::CREATE_5
                | id::LIMIT_4
                | id::LIMIT_7
                | id::OPEN_16
                    if in_flight =>
                {
                    id::IDEM_7
                }
                id::LIMIT_1
                | id::LIMIT_3
                | id::LIMIT_4
                | id::LIMIT_5
                | id::LIMIT_6
                | id::CREATE_1
                | id::OPEN_8
                    if rivals =>
                {
                    id::LIMIT_8
                }
                id::LIFE_1
                | id::LIFE_2
                | id::LIFE_3
                | id::LIFE_4
                | id::LIFE_5
                | id::READ_2
                | id::READ_3
                | id::READ_6
                | id::READ_7
                    if read_before =>
                {
                    id::READ_10
                }
                id::LIFE_2
                | id::LIFE_3
                | id::LIFE_5
                | id::LIFE_10
                | id::LIFE_12
                | id::LIFE_13
                | id::OPEN_1
                | id::OPEN_2
                | id::OPEN_3
                | id::OPEN_4
                | id::OPEN_5
                | id::OPEN_6
                | id::OPEN_7
                | id::OPEN_29
                    if source(&asked).is_none() =>
                {
                    id::LIFE_15
                }
                _ => continue,
            };
            let other = std::mem::replace(&mut departure.requirement, rule);
            departure.instead.retain(|instead| *instead != rule);
            departure.instead.insert(0, other);
        }
    }

    /// Whether another create for the same account overlaps with this one.
    fn rival_creates(&self, moment: Moment) -> bool {
        let exchange = &self.trace.exchanges[moment];
        let is_create = |e: &Exchange| e.request.method == "POST";
        is_create(exchange)
            && self.race.moments.iter().any(|other| {
                let rival = &self.trace.exchanges[*other];
                *other != moment
                    && is_create(rival)
                    && rival
                        .request
                        .path
                        .eq_ignore_ascii_case(&exchange.request.path)
            })
    }

    /// Whether a request with the same key is in flight at the same time.
    pub(super) fn in_flight(&self, exchange: &Exchange) -> InFlight {
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
        let Some(own) = key(exchange) else {
            return InFlight::Nothing;
        };
        let rivals = self.race.moments.iter().filter_map(|other| {
            let other = &self.trace.exchanges[*other];
            let is_rival = !std::ptr::eq(other, exchange)
                && key(other).as_ref() == Some(&own)
                && overlap(other, exchange);
            is_rival.then(|| match asks(other) == asks(exchange) {
                true => InFlight::Same,
                false => InFlight::Other,
            })
        });
        rivals.max().unwrap_or(InFlight::Nothing)
    }
}

fn bit(place: usize) -> Events {
    1 << place
}

/// The rules that two calls at once put to the test.
fn rules_of_rivals(one: &Call, other: &Call) -> Vec<RequirementId> {
    let mut rules = Vec::new();
    if matches!(one.key, Key::Uuid(_)) && one.key == other.key {
        return vec![id::IDEM_7];
    }
    match (&one.wish, &other.wish) {
        (
            Wish::Create {
                account: Id::Known(a),
                card_type: Some(x),
                ..
            },
            Wish::Create {
                account: Id::Known(b),
                card_type: Some(y),
                ..
            },
        ) if a == b && x == y => rules.push(id::LIMIT_8),
        (Wish::Act(_, Id::Known(a)), Wish::Act(_, Id::Known(b))) if a == b => {
            rules.push(id::LIFE_15);
        }
        _ => {}
    }
    rules
}

/// The events on the way to a node, each with the node before it.
fn path(found: &Found, end: usize) -> Vec<(usize, usize)> {
    let mut way = Vec::new();
    let mut at = end;
    while let Some((before, place)) = found.nodes[at].from {
        way.push((place, before));
        at = before;
    }
    way.reverse();
    way
}

fn is_list_done(events: &[Event], done: Events, moment: Moment) -> bool {
    let mut own = events
        .iter()
        .enumerate()
        .filter(|(_, event)| event.moment == moment)
        .peekable();
    own.peek()
        .is_none_or(|(_, event)| matches!(event.what, What::Part(_)))
        && own.all(|(place, _)| done & bit(place) != 0)
}

/// How an exchange reads, if it does.
fn source(asked: &Asked) -> Option<Source> {
    match asked {
        Asked::Read(_) => Some(Source::ById),
        Asked::ListAccount(_) => Some(Source::Account),
        Asked::ListProgramme => Some(Source::Programme),
        Asked::Modify(_) | Asked::MoveClock(_) | Asked::OtherMethod(_) | Asked::Other => None,
    }
}
