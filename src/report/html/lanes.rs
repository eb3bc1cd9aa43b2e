//! Races as pictures: each lane a row, each request a bar from when it was sent to when it was answered.

use crate::report::race::{self, Race};
use crate::report::{Finding, words};
use crate::trace::Exchange;

/// Where the bars begin.
const LEFT: f64 = 36.0;
/// How wide all time is.
const WIDTH: f64 = 580.0;
/// How high a lane is.
const LANE: usize = 34;

/// One race, in the units of its `viewBox`, which is 640 wide.
pub struct RaceView {
    pub height: usize,
    /// Below the last lane.
    pub floor: usize,
    pub lanes: Vec<LaneRow>,
    /// How long it took.
    pub took: String,
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
pub fn races(finding: &Finding) -> Vec<RaceView> {
    let races = race::races(finding);
    races.iter().map(|race| race_view(finding, race)).collect()
}

fn race_view(finding: &Finding, race: &Race<'_>) -> RaceView {
    let lanes = race.lanes.iter().enumerate();
    RaceView {
        height: race.lanes.len() * LANE + 34,
        floor: race.lanes.len() * LANE + 8,
        lanes: lanes
            .map(|(index, (lane, exchanges))| LaneRow {
                name: lane.to_string(),
                baseline: index * LANE + 25,
                bars: exchanges
                    .iter()
                    .map(|exchange| bar(finding, race, exchange, index * LANE + 8))
                    .collect(),
            })
            .collect(),
        took: words::milliseconds(race.took()),
    }
}

fn bar(finding: &Finding, race: &Race<'_>, exchange: &Exchange, y: usize) -> Bar {
    let (begin, end) = race.span(exchange);
    let (from, width) = (LEFT + WIDTH * begin, WIDTH * (end - begin));
    let request = &exchange.request;
    let words = words::reply(&exchange.reply);
    let status = words.split("  ").next().unwrap_or_default();
    let number = exchange.step;
    Bar {
        x: format!("{from:.1}"),
        y,
        width: format!("{:.1}", width.max(4.0)),
        label_x: format!("{:.1}", from + 6.0),
        label: match width {
            90.0.. => format!("{number}  {}", status.chars().take(10).collect::<String>()),
            _ => number.to_string(),
        },
        title: format!("{number}: {} {}: {words}", request.method, request.path),
        departs: exchange.step == finding.departure.step,
    }
}
