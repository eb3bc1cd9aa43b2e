//! Cards that leave `issuing` in their own time: where none ever does, it is not waited for again and again.

use std::iter::successors;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// So many are waited for in vain.
pub const IN_VAIN_MAX: usize = 5;

/// How long after each look at a card the next one comes: ever later.
pub fn pauses() -> impl Iterator<Item = Duration> {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_millis(500);
    successors(Some(FIRST), |pause| Some((*pause * 2).min(LONGEST)))
}

/// How it went so far.
#[derive(Debug, Default)]
pub struct Waits {
    has_one_come: AtomicBool,
    in_vain: AtomicUsize,
}

impl Waits {
    /// A card has left `issuing`.
    pub fn one_has_come(&self) {
        self.has_one_come.store(true, Ordering::Relaxed);
    }

    /// A card has not, in all the time that it was given.
    pub fn one_was_in_vain(&self) {
        self.in_vain.fetch_add(1, Ordering::Relaxed);
    }

    /// No card of this run has left `issuing`, though enough of them were given time.
    pub fn are_in_vain(&self) -> bool {
        !self.has_one_come.load(Ordering::Relaxed)
            && self.in_vain.load(Ordering::Relaxed) >= IN_VAIN_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_given_time_until_none_of_the_first_few_has_come() {
        let waits = Waits::default();
        for _ in 0..IN_VAIN_MAX {
            assert!(!waits.are_in_vain());
            waits.one_was_in_vain();
        }
        assert!(waits.are_in_vain());
        waits.one_has_come();
        assert!(!waits.are_in_vain());
    }
}
