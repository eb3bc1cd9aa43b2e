//! How long an event is waited for: as long as the profile says, and where the target has fallen behind, as one does that
//! tells one event after the other, longer.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::trace::Micros;

/// So many times the profile's wait, at most.
const LONGEST: u32 = 10;

/// What is known of how fast a target tells.
pub struct Patience {
    wait: Duration,
    /// The least that lay between the update time that an event shows, by the target's clock, and its coming, by ours.
    least: Option<i64>,
    /// How far behind the last events came.
    behind: Duration,
}

impl Patience {
    /// So long as the profile says.
    pub fn new(wait: Duration) -> Self {
        Self {
            wait,
            least: None,
            behind: Duration::ZERO,
        }
    }

    /// How long an event may take now: what is behind falls further behind.
    pub fn now(&self) -> Duration {
        (self.wait + 2 * self.behind).min(LONGEST * self.wait)
    }

    /// An event came that shows a card as it was read: others may be stale, and were late however soon they came. A card
    /// without a time tells nothing; nor does one whose event would be later than any that is waited for, since its time, or
    /// that of an earlier one, is none of its change.
    pub fn told(&mut self, came_at: Micros, card: &Value) {
        let updated = card["updatedAt"].as_str();
        let Some(updated) = updated.and_then(|text| text.parse::<Timestamp>().ok()) else {
            return;
        };
        let came_at = i64::try_from(came_at.0).unwrap_or(i64::MAX);
        let took = came_at.saturating_sub(updated.as_microsecond());
        let least = *self.least.get_or_insert(took);
        let late = took.saturating_sub(least).try_into();
        match late.map(Duration::from_micros) {
            Ok(late) if late <= LONGEST * self.wait => {
                self.behind = late.max(self.behind - self.behind / 8);
            }
            Ok(_) | Err(_) => self.least = Some(took),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How long is waited, in milliseconds, after events that came at these seconds and show these update times.
    fn after(events: &[(u64, &str)]) -> u128 {
        let mut patience = Patience::new(Duration::from_secs(3));
        for (came_at, updated_at) in events {
            let body = json!({"updatedAt": format!("2026-01-01T00:{updated_at}Z")});
            patience.told(Micros(came_at * 1_000_000), &body);
        }
        patience.now().as_millis()
    }

    #[test]
    fn a_target_that_falls_behind_is_waited_for() {
        for (events, expected) in [
            (&[][..], 3_000),
            (&[(1, "00:01")], 3_000),
            // Clocks need not be alike.
            (&[(1, "59:01"), (2, "59:02")], 3_000),
            (&[(1, "00:01"), (4, "00:02")], 7_000),
            (&[(5, "00:03"), (6, "00:06"), (9, "00:07")], 7_000),
            // It catches up, slowly.
            (&[(1, "00:01"), (10, "00:02"), (11, "00:11")], 17_000),
            (&[(1, "00:01"), (21, "00:02")], 30_000),
            // Longer than anybody waits.
            (&[(1, "20:00"), (2, "00:01"), (3, "00:02")], 3_000),
            (&[(1, "no time")], 3_000),
        ] {
            assert_eq!(after(events), expected, "{events:?}");
        }
    }
}
