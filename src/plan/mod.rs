//! Which cases are run: from suites and a seed, purely.
//!
//! The plan doesn't know targets beyond what they offer ([`Abilities`]), sees no reply and does no I/O but to read suite
//! files. The same suites, seed, budget, document and abilities give the same cases, byte for byte, on any machine.
//!
//! ```
//! use cardproof::contract::Contract;
//! use cardproof::plan::{Abilities, Budget, Suite, plan};
//! let suites = Suite::find("lifecycle").unwrap();
//! let contract = Contract::embedded();
//! let first = plan(&suites, 7, Budget::default(), contract, Abilities::ALL).next().unwrap();
//! assert_eq!(first.suite, "lifecycle");
//! ```

mod ability;
mod address;
pub mod aims;
mod check;
mod every;
mod generate;
mod invalid;
mod read;
mod scenes;
mod story;
mod suite;
mod weights;
mod worth;
mod write;

#[cfg(test)]
mod tests;

use crate::case::{Case, Command, Step};
use crate::contract::Contract;

pub use ability::{Abilities, Ability, needed};
pub use aims::about_first;
pub use check::{Inconsistency, inconsistency};
use std::sync::Arc;

pub use every::Every;
pub use generate::Generator;
pub use suite::{DEFAULT_SUITE, Focus, Generate, STEPS_MIN, Suite, SuiteError};
pub use worth::by_worth;
pub use write::{case_file, comments};

/// How much to generate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// So many generated cases in all, shared out as the suites' own numbers are; `None` for the suites' own numbers.
    pub cases: Option<usize>,
}

/// Where a case comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person wrote it.
    Written,
    /// The same once more.
    Again,
    /// It is one of a complete set (see [`Every`]).
    Derived,
    /// It was generated.
    Generated {
        /// By which `[[generate]]` table of its suite, from 0.
        table: usize,
        /// Which of that table's cases, from 0.
        index: usize,
    },
}

/// A case of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The case.
    pub case: Case,
    /// The suite that it belongs to.
    pub suite: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it needs and the target lacks. If there is any, it isn't to be run, but to be told.
    pub missing: Vec<Ability>,
}

/// When a case by hand is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// It mostly waits, while others run.
    First,
    InTurn,
    /// It has the target to itself, so all others wait.
    Alone,
}

impl When {
    fn of(case: &Case) -> Self {
        let waits = |step: &Step| matches!(step.command, Command::Pause(1_000..));
        match (case.has_target_alone(), case.steps.iter().any(waits)) {
            (true, _) => Self::Alone,
            (false, true) => Self::First,
            (false, false) => Self::InTurn,
        }
    }
}

/// The cases of `suites`: first those written by hand, of which those that wait for seconds begin, then complete sets, then
/// those by hand that have the target to themselves, then those by hand that are run several times, then the generated
/// ones, interleaved over all tables so that a run that stops early has seen a bit of each; again those that move the clock
/// come last. A generated case depends on its table and index alone, not on how many there are.
pub fn plan<'a>(
    suites: &'a [Suite],
    seed: u64,
    budget: Budget,
    contract: &'a Contract,
    abilities: Abilities,
) -> impl Iterator<Item = Planned> + use<'a> {
    let as_planned = move |suite: &Suite, origin, case: Case| Planned {
        missing: abilities.missing(&case),
        case,
        suite: suite.name.clone(),
        origin,
    };
    let written = move |when: When| {
        suites.iter().flat_map(move |suite| {
            let cases = suite.cases.iter();
            let chosen = cases.filter(move |case| When::of(case) == when);
            chosen.map(move |case| as_planned(suite, Origin::Written, case.clone()))
        })
    };
    let all_times = suites
        .iter()
        .flat_map(|suite| suite.cases.iter().map(move |case| times(suite, case)));
    let again = (2..=all_times.max().unwrap_or(1)).flat_map(move |turn| {
        suites.iter().flat_map(move |suite| {
            let cases = suite.cases.iter();
            let chosen = cases.filter(move |case| turn <= times(suite, case));
            chosen.map(move |case| as_planned(suite, Origin::Again, in_turn(case, turn)))
        })
    });
    let derived = suites.iter().flat_map(move |suite| {
        let cases = suite.every.iter().flat_map(|every| every.cases(contract));
        cases.map(move |case| as_planned(suite, Origin::Derived, case))
    });
    let countries: Arc<[String]> = contract.countries().into();
    let generated = move |turn: Turn| {
        let suite = &suites[turn.suite];
        let case = Generator::new(seed, &countries, abilities).case(
            &suite.name,
            turn.table,
            &suite.generate[turn.table],
            turn.index,
        );
        let origin = Origin::Generated {
            table: turn.table,
            index: turn.index,
        };
        as_planned(suite, origin, case)
    };
    let turns_of = move |moves_clock: bool| {
        turns(suites, budget).filter(move |turn| {
            let focus = suites[turn.suite].generate[turn.table].focus;
            (focus == Focus::Time) == moves_clock
        })
    };
    written(When::First)
        .chain(written(When::InTurn))
        .chain(derived)
        .chain(written(When::Alone))
        .chain(again)
        .chain(turns_of(false).map(generated.clone()))
        .chain(turns_of(true).map(generated))
}

/// Which of two calls is first is a matter of chance. So often each race that is written by hand is run.
const RACE_TURNS: usize = 4;

/// How often a case by hand is run. A race that moves the clock has the target to itself, which is too dear.
fn times(suite: &Suite, case: &Case) -> usize {
    let own = match case.has_race() && !case.moves_clock() {
        true => RACE_TURNS,
        false => 1,
    };
    suite.times.unwrap_or(own)
}

/// A case once more; a race every other time with its lanes the other way round.
fn in_turn(case: &Case, turn: usize) -> Case {
    let again = match turn.is_multiple_of(2) {
        true => case.with_lanes_turned(),
        false => case.clone(),
    };
    Case {
        name: format!("{}-again-{turn}", case.name),
        ..again
    }
}

/// How many cases [`plan`] gives.
pub fn planned_count(suites: &[Suite], budget: Budget, contract: &Contract) -> usize {
    let given: usize = suites.iter().map(|suite| suite.given_count(contract)).sum();
    given
        + shares(suites, budget)
            .iter()
            .map(|s| s.cases)
            .sum::<usize>()
}

/// How many cases one table is to give.
struct Share {
    suite: usize,
    table: usize,
    cases: usize,
    given: usize,
}

/// One generated case's turn.
struct Turn {
    suite: usize,
    table: usize,
    index: usize,
}

/// The shares of all tables. A budget is shared out in proportion, and what rounding leaves goes to the first tables.
fn shares(suites: &[Suite], budget: Budget) -> Vec<Share> {
    let tables = suites.iter().enumerate().flat_map(|(suite, s)| {
        s.generate.iter().enumerate().map(move |(table, g)| Share {
            suite,
            table,
            cases: g.cases,
            given: 0,
        })
    });
    let mut shares: Vec<_> = tables.filter(|share| share.cases > 0).collect();
    let total: usize = shares.iter().map(|share| share.cases).sum();
    let Some(budget) = budget.cases.filter(|_| total > 0) else {
        return shares;
    };
    for share in &mut shares {
        let part = share.cases as u128 * budget as u128 / total as u128;
        share.cases = usize::try_from(part).unwrap_or(usize::MAX);
    }
    let left = budget - shares.iter().map(|share| share.cases).sum::<usize>();
    for share in shares.iter_mut().take(left) {
        share.cases += 1;
    }
    shares
}

/// The table that is furthest behind its share has the next turn.
fn turns(suites: &[Suite], budget: Budget) -> impl Iterator<Item = Turn> + use<> {
    let mut shares = shares(suites, budget);
    std::iter::from_fn(move || {
        let next = shares
            .iter_mut()
            .filter(|share| share.given < share.cases)
            .min_by(|a, b| progress(a, b))?;
        next.given += 1;
        Some(Turn {
            suite: next.suite,
            table: next.table,
            index: next.given - 1,
        })
    })
}

/// Compares `(given + 1/2) / cases` without rounding.
fn progress(a: &Share, b: &Share) -> std::cmp::Ordering {
    let scaled = |share: &Share, other: &Share| (2 * share.given as u128 + 1) * other.cases as u128;
    scaled(a, b).cmp(&scaled(b, a))
}
