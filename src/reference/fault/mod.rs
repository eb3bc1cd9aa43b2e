//! Planted faults: small honest mistakes, of the kind that engineers make.
//!
//! A fault is one literal in the table of its topic, and exchanges rules of
//! [`Rules::CORRECT`](super::rules::Rules::CORRECT); the correct code knows nothing of it.

mod access;
mod answer;
mod body;
mod create;
mod deep;
mod finality;
mod hooks;
mod idempotency;
mod ids;
mod immutability;
mod input;
mod keys;
mod leak;
mod lenient;
mod lifecycle;
mod limit;
mod lists;
mod lost;
mod misread;
mod odd;
mod past;
mod race;
mod race_accounts;
mod race_conflicts;
mod race_flight;
mod race_glimpses;
mod race_keys;
mod race_lifecycle;
mod race_limit;
mod race_reads;
mod said;
mod schema;
mod seldom;
mod signature;
mod subscriptions;
mod time;
mod told;

use std::sync::LazyLock;

use http::StatusCode;
use serde_json::Value;

use super::call::Refusal;
use super::card::{Card, View, render};
use super::readings::Readings;
use super::rules::Rules;

/// A mistake that the implementation can be started with.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Words in kebab-case that name it.
    pub id: &'static str,
    /// The mistake, in one sentence.
    pub words: &'static str,
    /// The requirement that a correct harness names; `OPEN` when the mistake is to read an open
    /// point in two ways.
    pub requirement: &'static str,
    /// The fewest calls that show it, under default readings and manual issuance: those of the
    /// cards, the simulator and the sandbox's clock and issuer count, and set-up doesn't.
    pub shortest: usize,
    /// Exchanges the rules that the mistake is about.
    pub(super) plant: fn(&mut Rules),
}

impl Fault {
    /// Whether it only shows when calls overlap.
    pub fn is_race(&self) -> bool {
        races().iter().any(|race| race.id == self.id)
    }
}

/// Every fault, by topic.
pub fn faults() -> &'static [Fault] {
    static ALL: LazyLock<Vec<Fault>> = LazyLock::new(|| [TOPICS, RACES].concat().concat());
    &ALL
}

/// Of those, the ones that only show when calls overlap.
pub fn races() -> &'static [Fault] {
    let alone = TOPICS.iter().map(|faults| faults.len()).sum();
    &faults()[alone..]
}

/// The races, those of a kind together.
pub fn kinds_of_race() -> impl Iterator<Item = &'static [Fault]> {
    RACES.iter().copied()
}

/// Whether one card, account or key in so many meets it.
#[cfg(test)]
pub(super) fn is_seldom(fault: &Fault) -> bool {
    seldom::FAULTS.iter().any(|seldom| seldom.id == fault.id)
}

/// The fault of that id.
pub fn fault(id: &str) -> Option<&'static Fault> {
    faults().iter().find(|fault| fault.id == id)
}

const TOPICS: &[&[Fault]] = &[
    create::FAULTS,
    lifecycle::FAULTS,
    finality::FAULTS,
    limit::FAULTS,
    keys::FAULTS,
    idempotency::FAULTS,
    lost::FAULTS,
    immutability::FAULTS,
    lists::FAULTS,
    schema::FAULTS,
    answer::FAULTS,
    leak::FAULTS,
    input::FAULTS,
    ids::FAULTS,
    odd::FAULTS,
    body::FAULTS,
    access::FAULTS,
    hooks::FAULTS,
    subscriptions::FAULTS,
    told::FAULTS,
    signature::FAULTS,
    said::FAULTS,
    time::FAULTS,
    deep::FAULTS,
    past::FAULTS,
    lenient::FAULTS,
    misread::FAULTS,
    seldom::FAULTS,
];

/// The mistakes that only show when calls overlap.
const RACES: &[&[Fault]] = &[
    race_limit::FAULTS,
    race_flight::FAULTS,
    race_keys::FAULTS,
    race_lifecycle::FAULTS,
    race_conflicts::FAULTS,
    race_reads::FAULTS,
    race_glimpses::FAULTS,
    race_accounts::FAULTS,
];

/// What an unforeseen panic would be answered with.
fn internal_error() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "something went wrong",
    )
}

/// The card as it is correctly shown, with one change.
fn rendered(
    readings: &Readings,
    card: &Card,
    view: View,
    change: impl FnOnce(&mut Value),
) -> Value {
    let mut body = render(readings, card, view);
    change(&mut body);
    body
}

/// Takes a member away; nothing happens when it isn't there.
fn remove(body: &mut Value, name: &str) {
    if let Some(object) = body.as_object_mut() {
        object.shift_remove(name);
    }
}

/// Changes a member that is there.
fn alter(body: &mut Value, name: &str, change: impl FnOnce(&Value) -> Value) {
    if let Some(member) = body.get_mut(name) {
        *member = change(member);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_words_of_their_own() {
        let mut ids = HashSet::new();
        for fault in faults() {
            assert!(ids.insert(fault.id), "{} is there twice", fault.id);
            let word = |word: &str| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            };
            assert!(fault.id.split('-').all(word), "{}", fault.id);
        }
        assert!(ids.contains("terminate-is-reversible"));
    }

    #[test]
    fn requirements_are_a_topic_and_a_number() {
        for Fault {
            id, requirement, ..
        } in faults()
        {
            let well_formed = requirement.split_once('-').is_some_and(|(topic, number)| {
                topic.bytes().all(|letter| letter.is_ascii_uppercase())
                    && number.parse::<u8>().is_ok()
            });
            assert!(well_formed || *requirement == "OPEN", "{id}: {requirement}");
        }
    }

    #[test]
    fn words_are_a_sentence_and_some_calls_show_it() {
        for Fault {
            id,
            words,
            shortest,
            ..
        } in faults()
        {
            assert!(
                words.ends_with('.') && words.starts_with(char::is_uppercase),
                "{id}: {words}"
            );
            assert!((1..=201).contains(shortest), "{id}: {shortest}");
        }
    }

    #[test]
    fn every_plant_exchanges_a_rule() {
        let correct = format!("{:?}", Rules::CORRECT);
        for Fault { id, plant, .. } in faults() {
            let mut rules = Rules::CORRECT;
            plant(&mut rules);
            assert_ne!(format!("{rules:?}"), correct, "{id}");
        }
    }
}
