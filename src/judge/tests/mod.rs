//! The judge by tables: a [`Story`] with its answers, and the departures that it holds.

mod access;
mod accounts;
mod clock;
mod events;
mod ids;
mod leaks;
mod lost;
mod overlap;
mod past;
mod sequences;
mod story;
mod subscriptions;

use super::{Judgement, judge};
use crate::case::StepNumber;
use crate::contract::Contract;
use crate::requirement::RequirementId;
use crate::trace::{Issuance, Terms};
pub(crate) use story::Story;

fn manual() -> Terms {
    Terms {
        issuance: Issuance::Manual,
        ..Terms::default()
    }
}

fn automatic() -> Terms {
    Terms {
        issuance: Issuance::Automatic,
        ..Terms::default()
    }
}

/// What is judged of a target that issues cards when it is told to.
fn judged(lines: &[&str]) -> Judgement {
    judge(Contract::embedded(), &manual(), &Story::told(lines).trace())
}

fn departures(terms: &Terms, lines: &[&str]) -> Vec<(RequirementId, usize)> {
    let judgement = judge(Contract::embedded(), terms, &Story::told(lines).trace());
    judgement
        .departures
        .iter()
        .map(|d| (d.requirement, d.step.0))
        .collect()
}

#[track_caller]
fn check_with(terms: &Terms, lines: &[&str], expected: &[(&str, usize)]) {
    let found = departures(terms, lines);
    let found: Vec<(&str, usize)> = found
        .iter()
        .map(|(id, step)| (id.as_str(), *step))
        .collect();
    assert_eq!(found, expected, "{lines:#?}");
}

#[track_caller]
fn check(lines: &[&str], expected: &[(&str, usize)]) {
    check_with(&manual(), lines, expected);
}

/// The subscription of another programme.
const FOREIGN_SUBSCRIPTION: &str = "99999999-ffff-4000-8000-000000000000";

const CREATE: &str = "create virtual on A => 201 issuing";
