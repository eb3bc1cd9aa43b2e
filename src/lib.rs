//! cardproof.
pub mod card;
pub mod case;
pub mod drive;
pub mod profile;
pub mod redact;
pub mod trace;
pub mod trace_reader;
pub mod words;
