//! A second opinion on calls that overlap: another checker of linearizability, over a model of its own, finds the same
//! histories explained as the judge does.

mod histories;

use std::collections::BTreeSet;

use cardproof::contract::Contract;
use cardproof::judge::judge;
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History as Actions};
use todc_utils::specifications::Specification;

use histories::spec::{Answer, Ask, Readings, Rivals, State};
use histories::{Dice, History, Shape};

const HISTORIES: u64 = 10_000;
const ACCOUNTS_HISTORIES: u64 = 200;

/// A call with its answer, as the other checker takes it.
#[derive(Clone, Debug)]
struct Operation {
    readings: Readings,
    ask: Ask,
    key: usize,
    rivals: Rivals,
    answer: Answer,
}

/// The contract, as a specification that has one state: the set of all states that may be.
struct Cards;

impl Specification for Cards {
    type State = BTreeSet<State>;
    type Operation = Operation;

    fn init() -> Self::State {
        [State::default()].into()
    }

    fn apply(operation: &Operation, states: &Self::State) -> (bool, Self::State) {
        let Operation {
            readings,
            ask,
            key,
            rivals,
            answer,
        } = operation;
        let new = answer.shows.map_or(usize::MAX, |(card, _)| card);
        let outcomes = states
            .iter()
            .flat_map(|state| state.outcomes(readings, *ask, *key, rivals, new));
        let fitting = outcomes.filter(|(given, _)| given == answer);
        let left: Self::State = fitting.map(|(_, state)| state).collect();
        (!left.is_empty(), left)
    }
}

fn is_linearizable(history: &History) -> bool {
    let mut actions = Vec::new();
    for (place, call) in history.calls.iter().enumerate() {
        let operation = Operation {
            readings: history.readings,
            ask: call.ask,
            key: call.key,
            rivals: history.rivals(place),
            answer: call.answer,
        };
        // A call that was shortened may begin where another of its client still waits, so each is a process of its own.
        actions.push((call.sent_at, place, Action::Call(operation.clone())));
        actions.push((call.received_at, place, Action::Response(operation)));
    }
    actions.sort_by_key(|(at, _, action)| (*at, matches!(action, Action::Call(_))));
    let actions = actions
        .into_iter()
        .map(|(_, place, action)| (place, action));
    WGLChecker::<Cards>::is_linearizable(Actions::from_actions(actions.collect()))
}

/// Judges one history both ways; whether it is explained.
fn explained_alike(seed: u64) -> bool {
    // Most mistakes show in little, so most histories are short.
    let short = [
        (2, 2, &['A'][..], true),
        (2, 3, &['A'], false),
        (3, 2, &['A'], true),
        (3, 2, &['A', 'B'], false),
    ];
    let long = [
        (2, 6, &['A'][..], false),
        (3, 4, &['A', 'B'], true),
        (4, 3, &['A'], true),
        (4, 3, &['A', 'B'], false),
    ];
    let mut dice = Dice::new(seed);
    let shapes = if dice.is(85) { short } else { long };
    let (clients, calls_each, accounts, in_step) = dice.pick(&shapes);
    let shape = Shape {
        clients,
        calls_each,
        accounts,
        in_step,
    };
    let mut history = History::conforming(histories::readings(&mut dice), shape, &mut dice);
    let is_conforming = seed.is_multiple_of(3);
    if !is_conforming {
        history.spoil(&mut dice);
    }
    let explained = is_linearizable(&history);
    assert!(explained || !is_conforming, "seed {seed}: {history:#?}");
    let judgement = judge(Contract::embedded(), &history.terms(), &history.trace());
    assert_eq!(judgement.obstacles, [], "seed {seed}");
    assert_eq!(
        judgement.departures.is_empty(),
        explained,
        "seed {seed}: {:#?} {history:#?}",
        judgement.departures
    );
    explained
}

#[test]
fn many_accounts_are_explained_if_each_is() {
    let mut explained = 0;
    for seed in 0..ACCOUNTS_HISTORIES {
        let mut dice = Dice::new(seed);
        let readings = histories::readings(&mut dice);
        let mut parts = Vec::new();
        for accounts in [['A'], ['B'], ['C'], ['D'], ['E'], ['F']] {
            let shape = Shape {
                clients: 2,
                calls_each: 3,
                accounts: &accounts,
                in_step: true,
            };
            let mut part = History::conforming(readings, shape, &mut dice);
            if dice.is(20) {
                part.spoil(&mut dice);
            }
            parts.push(part);
        }
        let is_explained = parts.iter().all(is_linearizable);
        let history = History::side_by_side(parts);
        let judgement = judge(Contract::embedded(), &history.terms(), &history.trace());
        assert_eq!(judgement.obstacles, [], "seed {seed}");
        let found = &judgement.departures;
        assert_eq!(found.is_empty(), is_explained, "seed {seed}: {found:#?}");
        explained += u64::from(is_explained);
    }
    let enough = ACCOUNTS_HISTORIES / 4;
    assert!((enough..3 * enough).contains(&explained), "{explained}");
}

#[test]
fn another_checker_explains_the_same_histories() {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let explained: usize = std::thread::scope(|scope| {
        let part = |worker: usize| {
            let seeds = (0..HISTORIES).skip(worker).step_by(workers);
            move || seeds.filter(|seed| explained_alike(*seed)).count()
        };
        let parts: Vec<_> = (0..workers).map(|w| scope.spawn(part(w))).collect();
        parts
            .into_iter()
            .map(|p| p.join().expect("it agrees"))
            .sum()
    });
    let all = usize::try_from(HISTORIES).expect("it is a usize");
    assert!((all / 4..all * 3 / 4).contains(&explained), "{explained}");
}
