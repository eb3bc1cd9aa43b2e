//! Cards that leave `issuing` by themselves, which takes its time: where none ever does, it is not waited for again and again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// So many are waited for in vain.
const IN_VAIN_MAX: usize = 5;

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
