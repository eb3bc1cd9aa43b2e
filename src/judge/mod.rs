//! Trace in, judgement out. Pure: no clock, no network, no state between cases.
//!
//! The judge follows a case's exchanges and keeps the set of [`World`](crate::world::World)s that explain them. An
//! exchange that no world explains is a [`Departure`]; what was seen is then taken over, and judging goes on.

mod accounts;
mod again;
mod answers;
mod apart;
mod blame;
mod body;
mod changes;
mod clock;
mod company;
mod coverage;
mod departure;
mod evolve;
mod facts;
mod follow;
mod hooks;
mod inside;
mod json;
mod leaks;
mod lists;
mod overlap;
mod past;
mod pending;
mod reads;
mod request;
mod settle;
mod spent;
mod times;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::requirement::RequirementId;
use crate::trace::{CaseNumber, CaseTrace, Obstacle, Terms};
use crate::world::choice::Scope;

pub use coverage::{CardCall, Tried};
pub use departure::{Departure, Origin, TriedOrder};
pub use settle::{Clash, Ledger, Readings, Witness, in_words};
pub use times::UPDATE_AT_REST;

/// What one case showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The case.
    pub number: CaseNumber,
    /// Departures, in the order of the exchanges.
    pub departures: Vec<Departure>,
    /// How often each requirement was put to the test, departures included.
    pub exercised: BTreeMap<RequirementId, u32>,
    /// The readings that are left for each open point that the case touched.
    pub readings: BTreeMap<(RequirementId, Scope), BTreeSet<usize>>,
    /// Trouble that is nobody's proven fault.
    pub obstacles: Vec<Obstacle>,
    /// How often each call met a card in each status, by its answer.
    pub tried: BTreeMap<Tried, u32>,
    /// How often the update time of a card showed that it had changed by itself, between requests.
    pub own_updates: u32,
}

/// Judges one case.
pub fn judge(contract: &Contract, terms: &Terms, trace: &CaseTrace) -> Judgement {
    let mut judgement = accounts::judge(contract, terms, trace);
    leaks::in_parts(trace, &mut judgement);
    judgement
}
