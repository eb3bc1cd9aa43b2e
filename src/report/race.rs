//! What overlapped in a finding's case: its lanes, and when each of their requests was under way.

use std::ops::Range;

use super::Finding;
use crate::case::Lane;
use crate::trace::Exchange;

/// One race. Its lanes have the requests that were sent, in order.
pub struct Race<'a> {
    pub lanes: Vec<(Lane, Vec<&'a Exchange>)>,
    /// When the first request was sent, in microseconds of the recording.
    from: u64,
    /// When the last was answered.
    to: u64,
}

/// The races of a finding's case of which something was sent.
pub fn races(finding: &Finding) -> Vec<Race<'_>> {
    let stretches = finding.case.stretches().into_iter();
    stretches
        .filter_map(|stretch| race(finding, &stretch))
        .collect()
}

fn race<'a>(finding: &'a Finding, stretch: &Range<usize>) -> Option<Race<'a>> {
    let lanes = finding.case.lanes(stretch);
    if lanes.len() < 2 {
        return None;
    }
    let is_racing = |exchange: &&Exchange| stretch.contains(&exchange.step.0.wrapping_sub(1));
    let racing: Vec<&Exchange> = finding.exchanges.iter().filter(is_racing).collect();
    let is_of = |lane: Lane, exchange: &Exchange| {
        let step = finding.case.step(exchange.step);
        step.is_some_and(|step| step.lane == Some(lane))
    };
    let own = |lane| racing.iter().copied().filter(move |e| is_of(lane, e));
    Some(Race {
        from: racing.iter().map(|e| e.sent_at.0).min()?,
        to: racing.iter().map(|e| e.received_at.0).max()?,
        lanes: lanes
            .into_iter()
            .map(|lane| (lane, own(lane).collect()))
            .collect(),
    })
}

impl Race<'_> {
    /// How long it took, in microseconds.
    pub fn took(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// When a request was sent and when it was answered, as shares of the whole race: between 0 and 1.
    pub fn span(&self, exchange: &Exchange) -> (f64, f64) {
        let share = |micros: u64| (micros - self.from) as f64 / self.took().max(1) as f64;
        (share(exchange.sent_at.0), share(exchange.received_at.0))
    }
}
