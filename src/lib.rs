//! cardproof.
pub mod card;
pub mod case;
pub mod contract;
pub mod drive;
pub mod exit_code;
pub mod judge;
pub mod profile;
pub mod redact;
pub mod reference;
pub mod report;
pub mod requirement;
pub mod trace;
pub mod trace_reader;
pub mod words;
pub mod world;
