//! How fast what overlaps is judged: the lanes of a case, long traces of many accounts, and long recordings of one account
//! that others made. `cargo bench --bench judge`.

#[path = "../tests/histories/mod.rs"]
mod histories;

use std::hint::black_box;
use std::time::{Duration, Instant};

use cardproof::contract::Contract;
use cardproof::judge::{Judgement, judge};
use cardproof::trace::{CaseTrace, Past, Terms};

use histories::{Dice, History, Shape};

const HISTORIES: u64 = 1_000;
const ROUNDS: usize = 3;
const CALLS_EACH: usize = 20;

fn main() {
    println!(
        "4 lanes of 6\n{:>8} {:>8} {:>10} {:>9} {:>9} {:>9} {:>10}",
        "accounts", "readings", "histories", "median", "p99", "longest", "explained"
    );
    for accounts in [&['A'][..], &['A', 'B', 'C', 'D']] {
        for is_pinned in [true, false] {
            lanes(accounts, is_pinned);
        }
    }
    println!(
        "\n{:>9} {:>10} {:>9} {:>12}",
        "accounts", "exchanges", "judged in", "per exchange"
    );
    for accounts in [50, 100, 500] {
        many_accounts(accounts);
    }
    println!(
        "\n{:>8} {:>10} {:>9} {:>12}",
        "past", "exchanges", "judged in", "per exchange"
    );
    for past in [Past::Unknown, Past::Shared] {
        for calls_each in [50, 100, 200, 400] {
            one_account(past, calls_each);
        }
    }
}

fn shape(accounts: &[char], calls_each: usize) -> Shape<'_> {
    Shape {
        clients: 4,
        calls_each,
        accounts,
        in_step: true,
    }
}

/// The judgement, and the least time that it took in some rounds: the others had other work on the machine in them.
fn timed(terms: &Terms, trace: &CaseTrace) -> (Duration, Judgement) {
    let round = || {
        let began = Instant::now();
        let judgement = black_box(judge(Contract::embedded(), terms, trace));
        (began.elapsed(), judgement)
    };
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    rounds.sort_by_key(|(time, _)| *time);
    rounds.swap_remove(0)
}

/// Four lanes of six commands, of which as many overlap as can; the readings of open points are known or not.
fn lanes(accounts: &[char], is_pinned: bool) {
    let mut times = Vec::new();
    let mut explained = 0;
    for seed in 0..HISTORIES {
        let mut dice = Dice::new(seed);
        let mut history = History::conforming(
            histories::readings(&mut dice),
            shape(accounts, 6),
            &mut dice,
        );
        if seed % 2 == 1 {
            history.spoil(&mut dice);
        }
        let mut terms = history.terms();
        if !is_pinned {
            terms.pins.clear();
        }
        let (time, judgement) = timed(&terms, &history.trace());
        assert_eq!(judgement.obstacles, [], "seed {seed}");
        explained += usize::from(judgement.departures.is_empty());
        times.push(time);
    }
    times.sort();
    let at = |hundredths: usize| times[(times.len() - 1) * hundredths / 100];
    println!(
        "{:>8} {:>8} {HISTORIES:>10} {:>9.2?} {:>9.2?} {:>9.2?} {explained:>10}",
        accounts.len(),
        if is_pinned { "known" } else { "open" },
        at(50),
        at(99),
        at(100),
    );
}

/// Many accounts at once, in each of them four clients.
fn many_accounts(accounts: u32) {
    let letters: Vec<char> = ('\u{100}'..).take(accounts as usize).collect();
    let mut dice = Dice::new(u64::from(accounts));
    let readings = histories::readings(&mut dice);
    let parts = letters.iter().map(|letter| {
        let shape = shape(std::slice::from_ref(letter), CALLS_EACH / 4);
        History::conforming(readings, shape, &mut dice)
    });
    let history = History::side_by_side(parts.collect());
    let trace = history.trace();
    let exchanges = trace.exchanges.len();
    let (time, judgement) = timed(&history.terms(), &trace);
    assert_eq!(judgement.departures, []);
    assert_eq!(judgement.obstacles, []);
    println!(
        "{accounts:>9} {exchanges:>10} {time:>9.2?} {:>12.2?}",
        time / u32::try_from(exchanges).unwrap_or(u32::MAX)
    );
}

/// A long recording of one account, of which nothing else is known, or on which others act.
fn one_account(past: Past, calls_each: usize) {
    let mut dice = Dice::new(1);
    let readings = histories::readings(&mut dice);
    let history = History::conforming(readings, shape(&['A'], calls_each), &mut dice);
    let mut trace = history.trace();
    trace.pasts = trace
        .accounts
        .keys()
        .map(|letter| (*letter, past))
        .collect();
    let exchanges = trace.exchanges.len();
    let (time, judgement) = timed(&Terms::default(), &trace);
    assert_eq!(judgement.departures, []);
    println!(
        "{:>8} {exchanges:>10} {time:>9.2?} {:>12.2?}",
        format!("{past:?}"),
        time / u32::try_from(exchanges).unwrap_or(u32::MAX)
    );
}
