//! A trace of many accounts, judged account by account.
//!
//! What the contract says of one account holds whatever happens in another; only the readings of open points are common to
//! all. So a long trace falls into groups: accounts that a card, an idempotency key or an answer ties together. Each is
//! judged by itself, which takes time that grows with their number and not with what overlaps among them. A trace of few
//! accounts, as every case has, is judged whole: then a departure can also be blamed on what was done in another account.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::coverage::Tried;
use super::departure::Departure;
use super::follow::{Elsewhere, Judge};
use super::hooks::taken_in;
use super::lists::{text, views};
use super::settle::in_words;
use super::{Judgement, Readings};
use crate::card::{AccountId, CardId};
use crate::case::{CardRef, Case, Command, StepNumber};
use crate::contract::{Contract, OperationKind};
use crate::requirement::RequirementId;
use crate::trace::{CaseTrace, Exchange, Reply, Terms};
use crate::world::Moment;
use crate::world::choice::Scope;

/// Up to so many accounts are judged together.
const TOGETHER_MAX: usize = 4;

/// Judges a trace, account by account if there are many.
pub(super) fn judge(contract: &Contract, terms: &Terms, trace: &CaseTrace) -> Judgement {
    let by_itself = |trace: &CaseTrace, elsewhere: Elsewhere<'_>, case: &Case| {
        let judge = Judge::new(contract, terms, trace, case);
        judge.beside(elsewhere).run()
    };
    // What may have been in accounts before multiplies the worlds of each, so these are always judged apart.
    let together_max = if trace.pasts.is_empty() {
        TOGETHER_MAX
    } else {
        1
    };
    if trace.accounts.len() <= together_max {
        return by_itself(trace, Elsewhere::default(), &trace.case);
    }
    let elsewhere = Elsewhere {
        exchanges: &trace.exchanges,
        heard: trace
            .events
            .iter()
            .any(|event| taken_in(trace, &trace.case, event.received_at).is_some()),
        may_lack_events: trace.may_lack_events(),
    };
    let mut judged: Vec<(Group, Judgement)> = groups(contract, trace)
        .into_iter()
        .map(|group| {
            let mut judgement = by_itself(&group.trace, elsewhere, &trace.case);
            for departure in &mut judgement.departures {
                departure.moment = group.moments[departure.moment];
            }
            (group, judgement)
        })
        .collect();
    let (readings, clashes) = common_readings(&judged);
    let clashing = clashes.into_iter().map(|clash| {
        let group = &judged[clash.place].0;
        let is_before = |end: &Moment| {
            let mut part = group.trace.clone();
            part.exchanges.truncate(end + 1);
            let left = by_itself(&part, elsewhere, &trace.case).readings;
            let left = left.get(&clash.key);
            left.is_none_or(|left| !left.is_disjoint(&clash.before))
        };
        let ends: Vec<Moment> = (0..group.moments.len()).collect();
        let shows = ends.partition_point(is_before).min(ends.len() - 1);
        clash.departure(group.trace.exchanges[shows].step, group.moments[shows])
    });
    let mut departures: Vec<Departure> = clashing.collect();
    let mut obstacles = BTreeSet::new();
    let mut exercised: BTreeMap<RequirementId, u32> = BTreeMap::new();
    let mut tried: BTreeMap<Tried, u32> = BTreeMap::new();
    let mut own_updates = 0;
    for departure in &departures {
        *exercised.entry(departure.requirement).or_default() += 1;
    }
    for (_, judgement) in &mut judged {
        departures.append(&mut judgement.departures);
        obstacles.extend(judgement.obstacles.drain(..));
        for (rule, count) in &judgement.exercised {
            *exercised.entry(*rule).or_default() += count;
        }
        own_updates += judgement.own_updates;
        for (call, count) in &judgement.tried {
            *tried.entry(*call).or_default() += count;
        }
    }
    departures.sort_by(|one, other| {
        let order = |d: &Departure| (d.moment, d.requirement);
        let words = (&one.subject, &one.actual).cmp(&(&other.subject, &other.actual));
        order(one).cmp(&order(other)).then(words)
    });
    // The programme's list and its subscriptions are judged in each group: what is wrong with them is told once.
    departures.dedup();
    Judgement {
        number: trace.number,
        departures,
        exercised,
        readings,
        obstacles: trace.obstacles.iter().cloned().chain(obstacles).collect(),
        tried,
        own_updates,
    }
}

/// Accounts that are tied together, and what happened in them.
struct Group {
    trace: CaseTrace,
    /// The place of each exchange in the whole trace.
    moments: Vec<Moment>,
}

impl Group {
    fn of(trace: &CaseTrace) -> Self {
        Self {
            trace: CaseTrace {
                number: trace.number,
                case: Case {
                    name: trace.case.name.clone(),
                    title: String::new(),
                    steps: Vec::new(),
                },
                accounts: BTreeMap::new(),
                pasts: BTreeMap::new(),
                exchanges: Vec::new(),
                events: Vec::new(),
                obstacles: Vec::new(),
                not_run: trace.not_run.clone(),
                complete: trace.complete,
            },
            moments: Vec::new(),
        }
    }

    fn add(&mut self, moment: Moment, exchange: Exchange) {
        self.moments.push(moment);
        self.trace.exchanges.push(exchange);
    }
}

/// What may tie exchanges together.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Account(AccountId),
    Card(CardId),
    Key(String),
    Step(StepNumber),
}

/// Which names belong together (union-find).
#[derive(Default)]
struct Ties {
    places: HashMap<Name, usize>,
    parents: Vec<usize>,
}

impl Ties {
    fn root(&mut self, name: Name) -> usize {
        let mut at = *self.places.entry(name).or_insert_with(|| {
            self.parents.push(self.parents.len());
            self.parents.len() - 1
        });
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn tie(&mut self, names: impl IntoIterator<Item = Name>) {
        let mut names = names.into_iter();
        let Some(first) = names.next() else { return };
        for name in names {
            let root = self.root(name);
            let other = self.root(first.clone());
            self.parents[root] = other;
        }
    }
}

/// Whom an exchange concerns.
#[derive(Clone, PartialEq, Eq)]
enum Concern {
    /// Whoever it shows something of: the programme's list.
    Listed,
    /// Everybody who listens: the subscriptions.
    All,
    /// Those whom this name belongs to; nobody.
    Of(Option<Name>),
}

/// Ties together what an exchange names.
fn concern(
    contract: &Contract,
    trace: &CaseTrace,
    exchange: &Exchange,
    ties: &mut Ties,
) -> Concern {
    let request = &exchange.request;
    let route = contract.route(&request.method, &request.path);
    match route.map(|route| route.operation) {
        Some(OperationKind::ListCards) => {
            for view in views(exchange.json()) {
                ties.tie(names_in(&view));
            }
            Concern::Listed
        }
        Some(operation) if operation.is_about_webhooks() && trace.case.listens() => Concern::All,
        _ => {
            let names = names(contract, trace, exchange);
            let first = names.first().cloned();
            ties.tie(names);
            Concern::Of(first)
        }
    }
}

/// The trace in groups. What concerns none of the accounts is a group of its own, the last.
fn groups(contract: &Contract, trace: &CaseTrace) -> Vec<Group> {
    let mut ties = Ties::default();
    let exchanges = trace.exchanges.iter();
    let concerns: Vec<Concern> = exchanges
        .map(|exchange| concern(contract, trace, exchange, &mut ties))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (letter, account) in &trace.accounts {
        let root = ties.root(Name::Account(account.clone()));
        let place = *places.entry(root).or_insert_with(|| {
            groups.push(Group::of(trace));
            groups.len() - 1
        });
        let group = &mut groups[place].trace;
        group.accounts.insert(*letter, account.clone());
        if let Some(past) = trace.pasts.get(letter) {
            group.pasts.insert(*letter, *past);
        }
    }
    let mut nobodys = Group::of(trace);
    // A card that nobody has seen may be in any account.
    nobodys.trace.pasts.clone_from(&trace.pasts);
    for (moment, (exchange, concern)) in trace.exchanges.iter().zip(concerns).enumerate() {
        let first = match concern {
            Concern::Listed => {
                share(exchange, moment, &mut groups, |view| {
                    let name = names_in(view).pop()?;
                    places.get(&ties.root(name)).copied()
                });
                continue;
            }
            Concern::All => {
                let everybody = groups.iter_mut().chain([&mut nobodys]);
                everybody.for_each(|group| group.add(moment, exchange.clone()));
                continue;
            }
            Concern::Of(first) => first,
        };
        match first.and_then(|name| places.get(&ties.root(name))) {
            Some(place) => groups[*place].add(moment, exchange.clone()),
            None => nobodys.add(moment, exchange.clone()),
        }
    }
    groups.push(nobodys);
    hand_out_events(trace, &mut groups, |body| {
        let mut names = names_in(body).into_iter();
        names.find_map(|name| places.get(&ties.root(name)).copied())
    });
    groups.retain(|group| !group.moments.is_empty());
    groups
}

/// Gives each event to the group that it is about; what is about none to the one that waited when it came.
fn hand_out_events(
    trace: &CaseTrace,
    groups: &mut [Group],
    mut place_of: impl FnMut(&Value) -> Option<usize>,
) {
    for event in &trace.events {
        let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
        let place = place_of(&body).or_else(|| {
            let waiting = taken_in(trace, &trace.case, event.received_at)?;
            let mut groups = groups.iter();
            groups.position(|group| group.moments.contains(&waiting))
        });
        if let Some(place) = place {
            groups[place].trace.events.push(event.clone());
        }
    }
}

/// Gives each group what the programme's list shows of its accounts; the first one what is nobody's.
fn share(
    exchange: &Exchange,
    moment: Moment,
    groups: &mut [Group],
    mut place_of: impl FnMut(&Value) -> Option<usize>,
) {
    let list = exchange
        .json()
        .filter(|body| body.is_array() && exchange.is_success());
    let mut shares: Vec<Vec<Value>> = vec![Vec::new(); groups.len()];
    let is_list = list.is_some();
    for view in views(list) {
        shares[place_of(&view).unwrap_or(0)].push(view);
    }
    for (group, share) in groups.iter_mut().zip(shares) {
        let mut own = exchange.clone();
        if let (Reply::Got(response), true) = (&mut own.reply, is_list) {
            response.body = Value::Array(share).to_string();
        }
        group.add(moment, own);
    }
}

/// The card that a view shows, and its account.
fn names_in(view: &Value) -> Vec<Name> {
    let card = text(view, "id").map(|card| Name::Card(CardId::new(card)));
    let account = text(view, "accountId").map(|account| Name::Account(AccountId::new(account)));
    card.into_iter().chain(account).collect()
}

/// All that an exchange ties together.
fn names(contract: &Contract, trace: &CaseTrace, exchange: &Exchange) -> Vec<Name> {
    let request = &exchange.request;
    let route = contract.route(&request.method, &request.path);
    let account = route.as_ref().and_then(|route| route.account);
    let card = route.as_ref().and_then(|route| route.card);
    // The issuer's acts are no part of the contract; the case says which card was meant.
    let step = trace.case.step(exchange.step);
    let made_by = match step.map(|step| &step.command) {
        Some(Command::Create { .. }) => Some(exchange.step),
        Some(Command::Act(_, CardRef::Made(made_by))) => Some(*made_by),
        _ => None,
    };
    let key = request.header("idempotency-key");
    let mut names: Vec<Name> = account
        .map(|account| Name::Account(AccountId::new(account)))
        .into_iter()
        .chain(card.map(|card| Name::Card(CardId::new(card))))
        .chain(key.map(|key| Name::Key(key.to_ascii_lowercase())))
        .chain(made_by.map(Name::Step))
        .collect();
    names.extend(views(exchange.json()).iter().flat_map(names_in));
    names
}

/// A group that left nothing of what another one had left.
struct Clash {
    key: (RequirementId, Scope),
    before: BTreeSet<usize>,
    now: BTreeSet<usize>,
    /// The place of the later group.
    place: usize,
}

impl Clash {
    fn departure(&self, step: StepNumber, moment: Moment) -> Departure {
        let (point, scope) = &self.key;
        Departure {
            requirement: *point,
            instead: Vec::new(),
            step,
            moment,
            subject: format!("two readings of {scope}"),
            expected: format!(
                "what other accounts showed: {}",
                in_words(*point, scope, &self.before)
            ),
            since: None,
            actual: in_words(*point, scope, &self.now),
            tried: Vec::new(),
            diff: None,
        }
    }
}

/// The readings that all groups leave, and the first group that leaves none for a point. One with departures says nothing
/// of readings, since what it showed is not how the target means to behave.
fn common_readings(judged: &[(Group, Judgement)]) -> (Readings, Vec<Clash>) {
    let mut common = Readings::new();
    let mut clashes: BTreeMap<(RequirementId, Scope), Clash> = BTreeMap::new();
    for (place, (_, judgement)) in judged.iter().enumerate() {
        if !judgement.departures.is_empty() {
            continue;
        }
        for (key, left) in &judgement.readings {
            let before = common.entry(key.clone()).or_insert_with(|| left.clone());
            if before.is_disjoint(left) {
                clashes.entry(key.clone()).or_insert_with(|| Clash {
                    key: key.clone(),
                    before: before.clone(),
                    now: left.clone(),
                    place,
                });
            } else {
                before.retain(|reading| left.contains(reading));
            }
        }
    }
    (common, clashes.into_values().collect())
}
