//! Races as pictures: each lane a row, each request a bar from when it was sent to when it was answered.

use std::ops::Range;

use crate::case::{Lane, StepNumber};
use crate::report::Finding;
use crate::trace::Exchange;

/// Where the bars begin.
const LEFT: f64 = 36.0;
/// How wide all time is.
const WIDTH: f64 = 580.0;
/// How high a lane is.
const LANE: usize = 34;

/// One race, in the units of its `viewBox`, which is 640 wide.
pub struct Race {
    pub height: usize,
    /// Below the last lane.
    pub floor: usize,
    pub lanes: Vec<LaneRow>,
    /// How long it took, in milliseconds.
    pub milliseconds: String,
}

/// A lane and its requests.
pub struct LaneRow {
    pub name: String,
    /// Where its words stand.
    pub baseline: usize,
    pub bars: Vec<Bar>,
}

/// A request.
pub struct Bar {
    pub x: String,
    pub y: usize,
    pub width: String,
    pub label_x: String,
    pub label: String,
    /// All that is known of it, for a pointer that rests on it.
    pub title: String,
    pub departs: bool,
}

/// The races of a finding's case.
pub fn races(finding: &Finding) -> Vec<Race> {
    let stretches = finding.case.stretches().into_iter();
    stretches
        .filter_map(|stretch| race(finding, &stretch))
        .collect()
}

fn race(finding: &Finding, stretch: &Range<usize>) -> Option<Race> {
    let lanes = finding.case.lanes(stretch);
    if lanes.len() < 2 {
        return None;
    }
    let racing = finding.exchanges.iter();
    let racing: Vec<&Exchange> = racing
        .filter(|e| stretch.contains(&e.step.0.wrapping_sub(1)))
        .collect();
    let from = racing.iter().map(|e| e.sent_at.0).min()?;
    let to = racing.iter().map(|e| e.received_at.0).max()?;
    let scale = Scale {
        from,
        span: (to - from).max(1),
    };
    let rows = lanes.iter().enumerate().map(|(index, lane)| {
        let own = racing.iter().filter(|e| lane_of(finding, e) == Some(*lane));
        LaneRow {
            name: lane.to_string(),
            baseline: index * LANE + 25,
            bars: own
                .map(|exchange| scale.bar(finding, exchange, index * LANE + 8))
                .collect(),
        }
    });
    Some(Race {
        height: lanes.len() * LANE + 34,
        floor: lanes.len() * LANE + 8,
        lanes: rows.collect(),
        milliseconds: format!("{:.1} ms", (to - from) as f64 / 1000.0),
    })
}

fn lane_of(finding: &Finding, exchange: &Exchange) -> Option<Lane> {
    let step = finding.case.steps.get(exchange.step.0.wrapping_sub(1))?;
    step.lane
}

/// Time as a place.
struct Scale {
    from: u64,
    span: u64,
}

impl Scale {
    fn place(&self, micros: u64) -> f64 {
        LEFT + WIDTH * (micros - self.from) as f64 / self.span as f64
    }

    fn bar(&self, finding: &Finding, exchange: &Exchange, y: usize) -> Bar {
        let (from, to) = (
            self.place(exchange.sent_at.0),
            self.place(exchange.received_at.0),
        );
        let request = &exchange.request;
        let words = crate::report::words::reply(&exchange.reply);
        let status = words.split("  ").next().unwrap_or_default();
        let number = StepNumber::to_string(&exchange.step);
        Bar {
            x: format!("{from:.1}"),
            y,
            width: format!("{:.1}", (to - from).max(4.0)),
            label_x: format!("{:.1}", from + 6.0),
            label: match to - from {
                90.0.. => format!("{number}  {}", status.chars().take(10).collect::<String>()),
                _ => number.clone(),
            },
            title: format!("{number}: {} {}: {words}", request.method, request.path),
            departs: exchange.step == finding.departure.step,
        }
    }
}
