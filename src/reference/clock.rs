//! A clock that a test can put forward.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The furthest that the clock may be moved in all: two thousand years, so that a harness may move it often, and dates
/// keep their four digits.
pub(super) const FURTHEST_SECONDS: i64 = 2_000 * 366 * 24 * 60 * 60;

/// The programme's time: the machine's clock and what it was put forward by.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead_seconds: AtomicI64,
}

impl Clock {
    /// The time that tokens, signatures, idempotency records and cards live by.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead_seconds.load(Ordering::Relaxed));
        Timestamp::now()
            .saturating_add(ahead)
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether it was ever put forward.
    pub(super) fn is_moved(&self) -> bool {
        self.ahead_seconds.load(Ordering::Relaxed) > 0
    }

    /// Puts the clock forward; nothing when that is out of range.
    pub(super) fn advance(&self, seconds: i64) -> Option<Timestamp> {
        let ahead = self
            .ahead_seconds
            .load(Ordering::Relaxed)
            .checked_add(seconds)?;
        if seconds < 0 || ahead > FURTHEST_SECONDS {
            return None;
        }
        self.ahead_seconds.store(ahead, Ordering::Relaxed);
        Some(self.now())
    }
}
