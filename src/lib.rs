//! cardproof.
pub mod card;
pub mod case;
pub mod plan;
pub mod shrink;
#[cfg(test)]
mod toy;
pub mod trace;
pub mod words;
