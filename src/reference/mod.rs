//! An implementation of the card API to test the harness on: correct in every reading of the open
//! points, or with one planted fault. It shares no code with the harness, because shared code
//! would hide shared mistakes.
//!
//! Everything lives in memory and under `/v1`. Beside the contract's operations there is a sandbox,
//! which wants a bearer and nothing else:
//!
//! | call | does |
//! |---|---|
//! | `POST /sandbox/accounts` | opens an account: 201 `{"accountId"}` |
//! | `POST /sandbox/clock` `{"advanceSeconds"}` | puts the clock forward for tokens, idempotency keys and timestamps: 200 `{"now"}` |
//! | `PATCH /sandbox/cards/{cardId}/suspend`, `/unsuspend`, `/block` | the issuer's own acts: 204, or 409 |
//!
//! The way of a call is in `service`, what it decides in `rules`, and what is decided wrongly, one
//! mistake at a time, in `fault`. Absent: limits of rate, persistence.
//!
//! ```no_run
//! # use cardproof::reference::{Options, fault, start};
//! # async fn example() -> std::io::Result<()> {
//! let mut options = Options { fault: fault("terminate-is-reversible"), ..Options::default() };
//! options.readings.set("refusal-code", "422").expect("the point has this option");
//! let running = start(options).await?;
//! println!("{}", running.base_url);
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod call;
mod card;
mod cards;
mod clock;
mod country;
mod events;
mod fault;
mod hang_up;
mod idempotency;
mod input;
mod lifecycle;
mod limit;
mod line;
mod programme;
mod readings;
mod repeats;
mod rules;
mod server;
mod service;
mod setup;
mod signature;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tour;
mod webhooks;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

pub use events::Delivery;
pub use fault::{Fault, fault, faults, kinds_of_race, races};
pub use line::Line;
pub use readings::{OpenPoint, Readings, UnknownReading, open_points};
pub use server::{Running, start};

/// How to run the implementation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// How the open points of the contract are read.
    pub readings: Readings,
    /// How cards leave `issuing`.
    pub issuance: Issuance,
    /// How long after it was issued a card changes by itself, once: its update time moves, and an event tells of it.
    pub upkeep: Option<Duration>,
    /// How events are delivered.
    pub delivery: Delivery,
    /// How long a call takes before its act, and a modifying one again behind it, with its key
    /// locked: so calls overlap that otherwise would hardly meet.
    pub pace: Duration,
    /// Whether digests and signatures are asked for; without, a benchmark measures the rest.
    pub signatures: bool,
    /// What becomes of the line while a call is done.
    pub line: Line,
    /// The mistake to make, if any.
    pub fault: Option<&'static Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            readings: Readings::default(),
            issuance: Issuance::Manual,
            upkeep: None,
            delivery: Delivery::Plain,
            pace: Duration::ZERO,
            signatures: true,
            line: Line::Holds,
            fault: None,
        }
    }
}

/// How cards leave `issuing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuance {
    /// Only the simulator issues or fails them.
    Manual,
    /// They are issued by themselves.
    Automatic {
        /// The time that it takes. Even without any the answer to the create says `issuing`.
        delay: Duration,
    },
}
