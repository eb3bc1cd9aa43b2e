//! The target's clock, as the `Date` of its logins and the times of its tokens tell it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// So many seconds are no clock that is wrong, but the way that an answer takes.
const OFF_MIN: u64 = 60;
/// A clock that nobody moves is not further off; a `Date` that is may well be made up.
const OFF_MAX: u64 = 24 * 60 * 60;

/// How far the target's clock is from ours.
pub struct TargetClock {
    /// Where the profile says how the clock is moved, an earlier run may have moved it, however far.
    is_movable: bool,
    /// In seconds; negative where it is behind ours.
    ahead: AtomicI64,
    /// The first `Date` that was not followed, in words.
    doubt: OnceLock<String>,
}

impl TargetClock {
    /// A clock that goes like ours until a `Date` says otherwise.
    pub fn new(is_movable: bool) -> Self {
        Self {
            is_movable,
            ahead: AtomicI64::new(0),
            doubt: OnceLock::new(),
        }
    }

    /// Seconds since the epoch, as far as the clock is known.
    pub fn now(&self) -> i64 {
        our_now() + self.ahead.load(Ordering::Relaxed)
    }

    /// The clock was moved.
    pub fn moved(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Goes by this time from now on, if it is another than ours: a signature that is dated ahead may be refused as well as one
    /// that is old.
    pub fn follow(&self, date: i64) {
        let ahead = date.saturating_sub(our_now());
        if ahead.unsigned_abs() > OFF_MIN {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    /// The time that a login tells, unless it can't be right: by the `Date` of its answer, or by when its token was `issued`
    /// where an earlier run has moved the clock that makes tokens and not the one that makes `Date`s.
    pub fn believed(&self, date: Option<i64>, issued: Option<i64>) -> Option<i64> {
        let known = date.unwrap_or_else(our_now);
        let is_ahead = |issued: &i64| issued.saturating_sub(known) > OFF_MIN.cast_signed();
        if let Some(issued) = issued.filter(|issued| self.is_movable && is_ahead(issued)) {
            return Some(issued);
        }
        let date = date?;
        match disbelief(date, our_now(), self.is_movable) {
            None => Some(date),
            Some(words) => {
                self.doubt.get_or_init(|| words);
                None
            }
        }
    }

    /// Why a time that the target told is not believed.
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.get().map(String::as_str)
    }
}

fn our_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Why it can't be `date`, in seconds since the epoch, where it is `now` here.
fn disbelief(date: i64, now: i64, is_movable: bool) -> Option<String> {
    let off = date.abs_diff(now);
    if is_movable || off <= OFF_MAX {
        return None;
    }
    let days = off / OFF_MAX;
    let direction = if date > now { "ahead of" } else { "behind" };
    Some(format!(
        "the `Date` of the login's answer is {days}d {direction} the clock of this machine, so it was not believed: requests are signed by the clock of this machine. Set whichever is wrong, or say under [sandbox.clock] how the target's clock is moved"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_is_far_off_is_believed_only_of_a_clock_that_can_be_moved() {
        const DAY: i64 = 24 * 60 * 60;
        const NOW: i64 = 1_800_000_000;
        for (off, words) in [
            (0, None),
            (90, None),
            (DAY, None),
            (-DAY, None),
            (DAY + 1, Some("1d ahead of")),
            (-DAY - 1, Some("1d behind")),
            (3653 * DAY, Some("3653d ahead of")),
            (i64::MAX - NOW, Some("ahead of")),
            (-NOW, Some("20833d behind")),
        ] {
            let told = disbelief(NOW + off, NOW, false);
            assert_eq!(told.is_some(), words.is_some(), "{off}: {told:?}");
            assert!(told.unwrap_or_default().contains(words.unwrap_or_default()));
            assert_eq!(disbelief(NOW + off, NOW, true), None, "{off}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_or_behind_is_followed_and_what_is_not_believed_is_told() {
        const HOUR: i64 = 60 * 60;
        for (off, is_followed) in [(HOUR, true), (-HOUR, true), (30, false), (-30, false)] {
            let clock = TargetClock::new(false);
            let (told, ours) = (our_now() + off, our_now());
            assert_eq!(clock.believed(Some(told), None), Some(told));
            clock.follow(told);
            let is_later = |time: i64| (time..time + HOUR / 2).contains(&clock.now());
            let goes_by = if is_followed { told } else { ours };
            assert!(is_later(goes_by) && clock.doubt().is_none(), "{off}");
            assert_eq!(clock.believed(Some(0), None), None);
            assert!(clock.doubt().is_some());
            assert!(is_later(goes_by), "{off}");
        }
    }

    #[test]
    fn a_token_tells_how_far_a_clock_was_moved_that_makes_no_dates() {
        const HOUR: i64 = 60 * 60;
        let now = our_now();
        for (is_movable, date, issued, told) in [
            (true, Some(now), Some(now + HOUR), Some(now + HOUR)),
            (true, None, Some(now + HOUR), Some(now + HOUR)),
            // Some date their tokens back a little, lest they be too new for somebody else's clock.
            (true, Some(now), Some(now - 300), Some(now)),
            (true, Some(now), Some(now + 30), Some(now)),
            (true, Some(now + HOUR), Some(now + HOUR), Some(now + HOUR)),
            (false, Some(now), Some(now + HOUR), Some(now)),
            (false, None, Some(now + HOUR), None),
        ] {
            let clock = TargetClock::new(is_movable);
            assert_eq!(
                clock.believed(date, issued),
                told,
                "{is_movable} {date:?} {issued:?}"
            );
        }
    }
}
