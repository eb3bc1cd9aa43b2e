//! cardproof.
pub mod card;
pub mod case;
pub mod trace;
pub mod words;
