//! cardproof.
pub mod card;
pub mod case;
pub mod cli;
pub mod contract;
pub mod drive;
pub mod embedded;
pub mod exit_code;
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
pub mod words;
pub mod world;
