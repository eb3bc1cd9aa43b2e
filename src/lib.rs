//! cardproof.
pub mod card;
pub mod case;
pub mod plan;
pub mod trace;
pub mod words;
