//! A second opinion on calls that overlap: another checker of linearizability, over a model of its own, finds the same
//! histories explained as the judge does.

mod histories;

use std::collections::BTreeSet;

use cardproof::contract::Contract;
use cardproof::judge::judge;
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History as Actions};
use todc_utils::specifications::Specification;

use histories::spec::{Answer, Ask, Readings, State};
use histories::{Dice, History, Shape};

const HISTORIES: u64 = 1_000;

/// A call with its answer, as the other checker takes it.
#[derive(Clone, Debug)]
struct Operation {
    readings: Readings,
    ask: Ask,
    key: usize,
    in_flight: Vec<u16>,
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
            in_flight,
            answer,
        } = operation;
        let new = answer.shows.map_or(usize::MAX, |(card, _)| card);
        let outcomes = states
            .iter()
            .flat_map(|state| state.outcomes(readings, *ask, *key, in_flight, new));
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
            in_flight: history.in_flight(place),
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

#[test]
fn another_checker_explains_the_same_histories() {
    let shapes = [
        (2, 3, &['A'][..], false),
        (2, 4, &['A', 'B'], true),
        (2, 6, &['A'], false),
        (3, 3, &['A'], true),
        (3, 4, &['A', 'B'], false),
        (4, 2, &['A'], true),
        (4, 3, &['A', 'B'], true),
    ];
    let contract = Contract::embedded();
    let mut tt = [0.0f64; 2];
    let mut counts = [0; 2];
    for seed in 0..HISTORIES {
        let mut dice = Dice::new(seed);
        let (clients, calls_each, accounts, in_step) = dice.pick(&shapes);
        let shape = Shape {
            clients,
            calls_each,
            accounts,
            in_step,
        };
        let mut history = History::conforming(histories::readings(&mut dice), shape, &mut dice);
        let is_conforming = seed % 3 == 0;
        if !is_conforming {
            history.spoil(&mut dice);
        }
        let t0 = std::time::Instant::now();
        let explained = is_linearizable(&history);
        let t1 = std::time::Instant::now();
        assert!(explained || !is_conforming, "seed {seed}: {history:#?}");
        let judgement = judge(contract, &history.terms(), &history.trace());
        let t2 = std::time::Instant::now();
        tt[0] += (t1 - t0).as_secs_f64();
        tt[1] += (t2 - t1).as_secs_f64();
        assert_eq!(judgement.obstacles, [], "seed {seed}");
        assert_eq!(
            judgement.departures.is_empty(),
            explained,
            "seed {seed}: {:#?} {history:#?}",
            judgement.departures
        );
        counts[usize::from(explained)] += 1;
    }
    eprintln!("{tt:?} {counts:?}");
    let enough = HISTORIES / 4;
    assert!(counts.iter().all(|count| *count > enough), "{counts:?}");
}
