//! cardproof decides whether an implementation of a card-issuing API keeps its contract.
//!
//! Data flows one way, and each stage is a room of its own:
//!
//! - [`contract`] (the OpenAPI document) and [`requirement`] (the catalogue) say what is promised;
//! - [`plan`] makes [`case`]s from suites and a seed;
//! - [`drive`] runs them against the target of a [`profile`], and gives [`trace`]s;
//! - [`judge`] holds every possible [`world`] that explains a trace, and names a departure when none is left;
//! - [`run`] settles all of it, [`shrink`]s what departs, and makes a [`report`];
//! - [`reference`](mod@reference) is an implementation to try it on, and [`selftest`] tries it with every planted fault.
//!
//! [`conformance`] makes tests of a partner's own crate of them. `examples/gate.rs` puts them together in a program of its own. ARCHITECTURE.md says what each room must not know.

pub mod card;
pub mod card_view;
pub mod case;
pub mod cli;
pub mod conformance;
pub mod contract;
pub mod doctor;
pub mod drive;
pub mod embedded;
pub mod exit_code;
pub mod har;
pub mod judge;
pub mod plan;
pub mod profile;
pub mod redact;
pub mod reference;
pub mod report;
pub mod requirement;
pub mod run;
pub mod selftest;
pub mod shrink;
#[cfg(test)]
mod toy;
pub mod trace;
pub mod trace_reader;
mod visible_json;
pub mod words;
pub mod world;
