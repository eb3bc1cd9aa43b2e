//! What went at once goes one after the other, or in fewer lanes: a departure that needs no race is shown without one.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::case::{Case, Lane};

/// A race told in sequence, whole or in part.
pub(super) fn in_sequence(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for race in races(case) {
        let lanes = case.lanes(&race);
        let told = |told: &dyn Fn(Option<Lane>) -> (u8, Option<Lane>)| reordered(case, &race, told);
        let number = |lane: Option<Lane>| lane.map_or(0, Lane::number);
        // One lane after the other, in each direction.
        candidates.push(told(&|lane| (number(lane), None)));
        candidates.push(told(&|lane| (Lane::MAX - number(lane), None)));
        for own in &lanes {
            // One lane before the others, or after them.
            let alone = |lane| if lane == Some(*own) { None } else { lane };
            candidates.push(told(&|lane| (u8::from(lane != Some(*own)), alone(lane))));
            candidates.push(told(&|lane| (u8::from(lane == Some(*own)), alone(lane))));
        }
        for late in &lanes {
            for early in lanes.iter().filter(|early| *early < late) {
                let joined = |lane| {
                    if lane == Some(*late) {
                        Some(*early)
                    } else {
                        lane
                    }
                };
                candidates.push(told(&|lane| (0, joined(lane))));
            }
        }
    }
    candidates
}

/// The case with lanes counted from 1 in the order in which they appear, and none where there is only one.
pub(super) fn with_plain_lanes(case: &Case) -> Case {
    let mut plain = case.clone();
    for stretch in case.stretches() {
        let is_race = case.lanes(&stretch).len() > 1;
        let mut names: BTreeMap<Lane, Option<Lane>> = BTreeMap::new();
        for index in stretch {
            let count = u8::try_from(names.len()).unwrap_or(Lane::MAX);
            plain.steps[index].lane = case.steps[index]
                .lane
                .filter(|_| is_race)
                .and_then(|lane| *names.entry(lane).or_insert_with(|| Lane::new(count + 1)));
        }
    }
    plain
}

fn races(case: &Case) -> impl Iterator<Item = Range<usize>> {
    let stretches = case.stretches().into_iter();
    stretches.filter(|stretch| case.lanes(stretch).len() > 1)
}

/// The case with the steps of a race sorted by the number that `told` gives to their lane, and put into another lane.
fn reordered(
    case: &Case,
    race: &Range<usize>,
    told: &dyn Fn(Option<Lane>) -> (u8, Option<Lane>),
) -> Case {
    let mut order: Vec<usize> = (0..case.steps.len()).collect();
    order[race.clone()].sort_by_key(|index| told(case.steps[*index].lane).0);
    let mut reordered = case.in_order(&order);
    for (step, old) in reordered.steps.iter_mut().zip(&order) {
        if race.contains(old) {
            step.lane = told(step.lane).1;
        }
    }
    reordered
}
