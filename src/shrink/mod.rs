//! The shortest story that still shows a departure. Pure: whoever calls it runs the candidates.
//!
//! What goes first is what says most: waiting, whole accounts and cards, then chunks of steps, then single steps and pairs; only
//! then are the steps that are left made simpler, and last their data. Whenever something worked it starts over, so that in
//! the end no step can go, and nothing in a step can be simpler, without the departure going too.
//!
//! ```
//! use cardproof::{case::Case, shrink::shrink};
//! let steps = ["create virtual on A", "read #1", "terminate #1", "list A", "activate #1"];
//! let steps = steps.iter().map(|step| step.parse().unwrap()).collect();
//! let case = Case { name: "long".into(), title: String::new(), steps };
//! let revives = |case: &Case| {
//!     let shown: Vec<_> = case.steps.iter().map(ToString::to_string).collect();
//!     shown.iter().any(|s| s.starts_with("terminate")) && shown.iter().any(|s| s.starts_with("activate"))
//! };
//! let shrunk = shrink(&case, &mut |cases| cases.iter().map(revives).collect(), 100);
//! assert_eq!(shrunk.case.steps.len(), 3);
//! ```

mod cost;
mod data;
mod lanes;
mod removal;
mod simpler;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::case::{Case, Command};
use crate::plan::{Ability, inconsistency, needed};
use cost::Cost;

/// So many candidates are run at once.
pub const BATCH_MAX: usize = 8;

/// The first batch of a pass is small, because its candidates are the ones that mostly succeed, and what runs beside one
/// that is taken was run for nothing.
const BATCH_FIRST: usize = 2;

/// A case whose pauses are as long altogether takes time rather than work.
const LONG_MS: u64 = 500;

/// What shrinking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest case that was found.
    pub case: Case,
    /// How many candidates were run.
    pub runs: usize,
    /// The budget was used up, so that a smaller case may exist.
    pub exhausted: bool,
}

/// The smallest case that can be reached from `case`, which departs, by running at most `budget` candidates.
///
/// `still_departs` runs a batch of candidates on fresh accounts and says of each whether it shows the same departure. The
/// first that does is taken. Given the same answers, the result is the same.
pub fn shrink(
    case: &Case,
    still_departs: &mut dyn FnMut(&[Case]) -> Vec<bool>,
    budget: usize,
) -> Shrunk {
    let mut search = Search {
        best: with_plain_names(case),
        needed: needed(case),
        verdicts: HashMap::new(),
        still_departs,
        budget,
        runs: 0,
        exhausted: false,
    };
    while search.pass() {}
    Shrunk {
        case: search.best,
        runs: search.runs,
        exhausted: search.exhausted,
    }
}

/// A pass: the candidates that are smaller than a case in one respect, most promising first.
type Pass = fn(&Case) -> Vec<Case>;

/// All passes, in the order of what they save.
const PASSES: [Pass; 14] = [
    simpler::flaw_alone,
    removal::without_waiting,
    lanes::in_sequence,
    removal::one_account,
    removal::one_card,
    removal::without_a_card,
    removal::chunks,
    simpler::merged,
    simpler::beside_instead_of_after,
    simpler::terminated_at_once,
    simpler::plain_steps,
    data::plain_bodies,
    data::smaller_bodies,
    removal::pairs,
];

struct Search<'a> {
    best: Case,
    needed: Vec<Ability>,
    verdicts: HashMap<String, bool>,
    still_departs: &'a mut dyn FnMut(&[Case]) -> Vec<bool>,
    budget: usize,
    runs: usize,
    exhausted: bool,
}

impl Search<'_> {
    /// Improves the case by the first pass that can; false when none can any more. Where a run takes time rather than work,
    /// the candidates of several passes are run together.
    fn pass(&mut self) -> bool {
        let best = self.best.clone();
        if takes_time(&best) {
            return self.take_first(PASSES.iter().flat_map(|pass| pass(&best)), BATCH_MAX);
        }
        PASSES
            .iter()
            .any(|pass| self.take_first(pass(&best), BATCH_FIRST))
    }

    /// Takes the first candidate that still departs, if any does. So many are run at first.
    fn take_first(&mut self, candidates: impl IntoIterator<Item = Case>, first: usize) -> bool {
        let cost = Cost::of(&self.best);
        let mut batch = Batch::default();
        let mut size = first;
        for candidate in candidates {
            if self.exhausted {
                return false;
            }
            let candidate = with_plain_names(&candidate);
            if Cost::of(&candidate) >= cost || !self.is_runnable(&candidate) {
                continue;
            }
            let text = text(&candidate);
            match self.verdicts.get(&text) {
                Some(false) => {}
                Some(true) => {
                    if !self.run(&mut batch) {
                        self.best = candidate;
                    }
                    return true;
                }
                None => batch.add(text, candidate),
            }
            if batch.cases.len() >= size {
                size = (size * 2).min(BATCH_MAX);
                if self.run(&mut batch) {
                    return true;
                }
            }
        }
        self.run(&mut batch)
    }

    /// Whether the candidate makes sense, and needs nothing of the target that the case didn't need.
    fn is_runnable(&self, candidate: &Case) -> bool {
        inconsistency(candidate).is_none()
            && needed(candidate)
                .iter()
                .all(|ability| self.needed.contains(ability))
    }

    /// Runs the batch, as far as the budget goes, and empties it. Takes the first that departs. Of those behind it nothing is
    /// known; the others may be reached again from there.
    fn run(&mut self, batch: &mut Batch) -> bool {
        let mut batch = std::mem::take(batch);
        let affordable = batch.cases.len().min(self.budget - self.runs);
        self.exhausted |= affordable < batch.cases.len();
        batch.cases.truncate(affordable);
        if batch.cases.is_empty() {
            return false;
        }
        self.runs += batch.cases.len();
        let departs = (self.still_departs)(&batch.cases);
        let first = departs.iter().position(|departs| *departs);
        let told = first.map_or(departs.len(), |first| first + 1);
        let verdicts = batch.texts.into_iter().zip(departs);
        self.verdicts.extend(verdicts.take(told));
        first.is_some_and(|first| {
            self.best = batch.cases.swap_remove(first);
            true
        })
    }
}

/// Whether a run of the case waits most of the time.
fn takes_time(case: &Case) -> bool {
    let pauses = case.steps.iter().map(|step| match step.command {
        Command::Pause(milliseconds) => milliseconds,
        _ => 0,
    });
    case.listens() || pauses.sum::<u64>() >= LONG_MS
}

/// Candidates that are going to be run at once, with their texts.
#[derive(Default)]
struct Batch {
    texts: Vec<String>,
    cases: Vec<Case>,
}

impl Batch {
    fn add(&mut self, text: String, case: Case) {
        if !self.texts.contains(&text) {
            self.texts.push(text);
            self.cases.push(case);
        }
    }
}

fn text(case: &Case) -> String {
    let lines: Vec<_> = case.steps.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The case with its accounts called A, B, … and its lanes counted in the order in which they appear. Each run gets fresh
/// accounts, so this is the same case.
fn with_plain_names(case: &Case) -> Case {
    let case = &lanes::with_plain_lanes(case);
    let mut plain = BTreeMap::new();
    case.on_accounts(|letter| {
        let next = ('A'..='Z').nth(plain.len()).unwrap_or(letter);
        *plain.entry(letter).or_insert(next)
    })
}
