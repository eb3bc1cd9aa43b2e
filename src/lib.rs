//! cardproof.
pub mod card;
pub mod case;
pub mod profile;
pub mod redact;
pub mod trace;
pub mod words;
