//! Who knows less can't blame more. Of a run that conforms, answers are taken away, looks are left out, and races are taken to
//! overlap wholly: still nothing departs.

mod common;
#[path = "histories/dice.rs"]
mod dice;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use cardproof::case::{Command, Lane};
use cardproof::contract::Contract;
use cardproof::judge::judge;
use cardproof::trace::{CaseTrace, Exchange, Reply, Terms};
use cardproof::trace_reader::TraceReader;
use serde_json::Value;

use common::{cardproof, folder};
use dice::Dice;

struct Recorded {
    terms: Terms,
    cases: Vec<CaseTrace>,
}

/// What a run against the embedded reference recorded.
fn recorded() -> &'static Recorded {
    static RECORDED: OnceLock<Recorded> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let folder = folder();
        let suites = "lifecycle,limits,idempotency,lost,races";
        let ended = cardproof(
            folder.path(),
            &format!("run --suite {suites} -n 30 --out out"),
        );
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        let reader = TraceReader::open(&folder.path().join("out/trace.jsonl")).unwrap();
        let terms = reader.header().terms.clone();
        let mut cases: Vec<CaseTrace> = reader.map(Result::unwrap).collect();
        // Where nobody knows whether the clock was moved, a run ends the case.
        let moves_clock = |case: &CaseTrace| {
            case.case
                .steps
                .iter()
                .any(|s| matches!(s.command, Command::MoveClock(_)))
        };
        cases.retain(|case| !moves_clock(case));
        assert!(cases.len() > 300, "{} cases", cases.len());
        Recorded { terms, cases }
    })
}

fn check(known: impl Fn(&CaseTrace) -> CaseTrace) {
    let Recorded { terms, cases } = recorded();
    for case in cases {
        let case = known(case);
        let judgement = judge(Contract::embedded(), terms, &case);
        assert!(
            judgement.departures.is_empty(),
            "{:?} in {case:?}",
            judgement.departures
        );
    }
}

/// Who is shown in an answer.
fn shown(exchange: &Exchange) -> BTreeSet<String> {
    let body = exchange.json();
    let views = match &body {
        Some(Value::Array(views)) => views.as_slice(),
        Some(view) => std::slice::from_ref(view),
        None => &[],
    };
    let ids = views.iter().filter_map(|view| view["id"].as_str());
    ids.map(str::to_lowercase).collect()
}

/// The case without what chance takes from it. An answer stays that first told of a card which is asked for later, since
/// nobody could have asked otherwise.
fn without(case: &CaseTrace, mut take: impl FnMut(&Exchange) -> Option<Exchange>) -> CaseTrace {
    let mut known = BTreeSet::new();
    let mut left = Vec::new();
    for (place, exchange) in case.exchanges.iter().enumerate() {
        let later = &case.exchanges[place + 1..];
        let is_asked_for = |id: &String| {
            let mut paths = later.iter().map(|e| e.request.path.to_lowercase());
            paths.any(|path| path.contains(id))
        };
        let shown = shown(exchange);
        if exchange.response().is_none() || shown.difference(&known).any(is_asked_for) {
            known.extend(shown);
            left.push(exchange.clone());
        } else if let Some(exchange) = take(exchange) {
            if exchange.response().is_some() {
                known.extend(shown);
            }
            left.push(exchange);
        }
    }
    CaseTrace {
        exchanges: left,
        ..case.clone()
    }
}

/// Of so many exchanges in a hundred, what is left of them is known instead.
fn check_by_chance(percents: [usize; 2], left: impl Fn(&Exchange) -> Option<Exchange>) {
    for percent in percents {
        check(|case| {
            let mut dice = Dice::new(case.number.0 as u64);
            without(case, |exchange| match dice.is(percent) {
                true => left(exchange),
                false => Some(exchange.clone()),
            })
        });
    }
}

#[test]
fn answers_that_are_lost_show_no_departure() {
    check_by_chance([10, 25], |exchange| {
        let reply = Reply::Lost("lost".to_owned());
        Some(Exchange {
            reply,
            ..exchange.clone()
        })
    });
}

#[test]
fn looks_that_are_left_out_show_no_departure() {
    check_by_chance([50, 90], |exchange| {
        (exchange.request.method != "GET").then(|| exchange.clone())
    });
}

/// Nobody knows more of the order in which the lanes of a race went than that each of them kept its own.
fn overlapping_wholly(case: &CaseTrace) -> CaseTrace {
    let mut exchanges = case.exchanges.clone();
    for stretch in case.case.stretches() {
        let mut lanes: BTreeMap<Lane, Vec<usize>> = BTreeMap::new();
        for (place, exchange) in exchanges.iter().enumerate() {
            let index = exchange.step.0.checked_sub(1);
            let index = index.filter(|index| stretch.contains(index));
            if let Some(lane) = index.and_then(|index| case.case.steps[index].lane) {
                lanes.entry(lane).or_default().push(place);
            }
        }
        let all = || lanes.values().flatten().map(|place| &exchanges[*place]);
        let (Some(began), Some(ended)) = (
            all().map(|exchange| exchange.sent_at).min(),
            all().map(|exchange| exchange.received_at).max(),
        ) else {
            continue;
        };
        for places in lanes.into_values() {
            exchanges[places[0]].sent_at = began;
            exchanges[places[places.len() - 1]].received_at = ended;
        }
    }
    CaseTrace {
        exchanges,
        ..case.clone()
    }
}

#[test]
fn races_that_overlap_wholly_show_no_departure() {
    check(overlapping_wholly);
}
