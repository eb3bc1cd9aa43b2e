//! The correct implementations: none of them may depart.

use std::time::Duration;

use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::reference::{self, Delivery, Issuance, Line, Options, Readings};

/// The correct implementations: each open point in each of its readings, and the ways of issuing cards.
pub fn variants() -> Vec<(String, Options)> {
    // Calls that take their time overlap; else a key is hardly ever met in flight.
    let slow = || Options {
        pace: Duration::from_millis(1),
        ..Options::default()
    };
    let over = |line: Line| Options {
        line,
        ..Options::default()
    };
    let delivering = |delivery: Delivery| Options {
        delivery,
        ..Options::default()
    };
    let upkeep = Options {
        upkeep: Some(Duration::from_millis(40)),
        ..Options::default()
    };
    let named = [
        ("usual readings", Options::default()),
        ("cards issued at once", automatic(Duration::ZERO)),
        (
            "cards issued after 20 ms",
            automatic(Duration::from_millis(20)),
        ),
        ("line dropped before the act", over(Line::DropsBefore)),
        ("line dropped after the act", over(Line::DropsAfter)),
        (
            "line dropped, act done later",
            over(Line::DropsAndActsLater),
        ),
        (
            "events come late",
            delivering(Delivery::Late(Duration::from_millis(15))),
        ),
        ("events come in any order", delivering(Delivery::AnyOrder)),
        ("every event comes twice", delivering(Delivery::Twice)),
        ("no event comes again", delivering(Delivery::Once)),
        (UPKEEP, upkeep),
        ("calls take 2 ms", slow()),
    ];
    let named = named.map(|(name, options)| (name.to_owned(), options));
    let mut variants = Vec::from(named);
    let mut refusing = slow();
    if refusing.readings.set("key-in-flight", "refuse").is_ok() {
        let name = "calls take 2 ms, keys in flight are refused";
        variants.push((name.to_owned(), refusing));
    }
    for point in reference::open_points() {
        for option in point.options.iter().skip(1) {
            let mut readings = Readings::default();
            if readings.set(point.name, option).is_ok() {
                let options = Options {
                    readings,
                    ..Options::default()
                };
                variants.push((format!("{}: {option}", point.name), options));
            }
        }
    }
    variants
        .extend((1..=MIXED).map(|number| (format!("readings by chance, {number}"), mixed(number))));
    variants
}

/// So many implementations read every open point by chance: some trouble comes of two readings together.
const MIXED: u8 = 12;

/// Each number stands for the same readings, always.
fn mixed(number: u8) -> Options {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut options = match number % 3 {
        0 => automatic(Duration::from_millis(5)),
        _ => Options::default(),
    };
    for point in reference::open_points() {
        if let Ok(option) = select(point.options).new_tree(&mut runner) {
            // An option is taken for what it is one of.
            let _ = options.readings.set(point.name, option.current());
        }
    }
    options
}

/// What moves by itself must not be blamed on the call that happens to be under way.
pub(super) const UPKEEP: &str = "cards change by themselves 40 ms after they were issued";

fn automatic(delay: Duration) -> Options {
    Options {
        issuance: Issuance::Automatic { delay },
        ..Options::default()
    }
}
