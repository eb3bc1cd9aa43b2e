//! cardproof.
pub mod card;
pub mod case;
pub mod contract;
pub mod exit_code;
pub mod judge;
pub mod redact;
pub mod reference;
pub mod report;
pub mod requirement;
pub mod trace;
pub mod words;
pub mod world;
