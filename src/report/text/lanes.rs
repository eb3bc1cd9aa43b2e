//! Races: what overlapped, drawn over time, and why no order explains it.

use std::io;
use std::ops::Range;

use super::Look;
use super::page::{BAD, DIM, PLAIN, Page, Span, dim, plain};
use crate::case::{Lane, StepNumber};
use crate::report::{Finding, words};
use crate::trace::Exchange;

/// The columns left of the bars.
const MARGIN: usize = 18;
/// Wider than this the bars tell no more.
const WIDEST: usize = 72;

/// The finding's races, each lane as a line of bars, and the orders that were tried.
pub fn races(page: &mut Page<'_>, finding: &Finding, look: &Look<'_>) -> io::Result<()> {
    for race in finding.case.stretches() {
        let lanes = finding.case.lanes(&race);
        if lanes.len() > 1 {
            race_over_time(page, finding, &race, &lanes, look.width)?;
        }
    }
    for (index, tried) in finding.departure.tried.iter().enumerate() {
        let name = if index == 0 { "orders" } else { "" };
        let head = [plain("  "), Span::padded(DIM, name, 10)];
        page.hanging(&head, PLAIN, &words::order(tried))?;
    }
    Ok(())
}

fn race_over_time(
    page: &mut Page<'_>,
    finding: &Finding,
    race: &Range<usize>,
    lanes: &[Lane],
    width: usize,
) -> io::Result<()> {
    let racing: Vec<&Exchange> = finding
        .exchanges
        .iter()
        .filter(|e| race.contains(&e.step.0.wrapping_sub(1)))
        .collect();
    let (Some(from), Some(to)) = (
        racing.iter().map(|e| e.sent_at.0).min(),
        racing.iter().map(|e| e.received_at.0).max(),
    ) else {
        return Ok(());
    };
    let columns = width.saturating_sub(MARGIN).clamp(20, WIDEST);
    let scale = Scale {
        from,
        span: (to - from).max(1),
        columns,
    };
    for (index, lane) in lanes.iter().enumerate() {
        let own = racing.iter().filter(|e| {
            let step = finding.case.steps.get(e.step.0.wrapping_sub(1));
            step.is_some_and(|step| step.lane == Some(*lane))
        });
        let name = if index == 0 { "at once" } else { "" };
        let mut line = vec![
            plain("  "),
            Span::padded(DIM, name, 10),
            dim(format!("{lane} ")),
        ];
        let mut at = 0;
        for exchange in own {
            let (begin, bar) = scale.bar(exchange, at);
            line.push(plain(" ".repeat(begin - at)));
            at = begin + bar.chars().count();
            let departs = exchange.step == finding.departure.step;
            line.push(Span::new(if departs { BAD } else { PLAIN }, bar));
        }
        page.line(&line)?;
    }
    let milliseconds = (to - from) as f64 / 1000.0;
    let below = format!("{:>columns$}", format!("{milliseconds:.1} ms"));
    page.line(&[plain(" ".repeat(MARGIN - 2)), dim(below)])
}

/// Time as columns.
struct Scale {
    from: u64,
    span: u64,
    columns: usize,
}

impl Scale {
    fn column(&self, micros: u64) -> usize {
        let share = (micros - self.from) as f64 / self.span as f64;
        (share * self.columns as f64).round() as usize
    }

    /// The bar of an exchange that begins no earlier than column `free`, and where it begins.
    fn bar(&self, exchange: &Exchange, free: usize) -> (usize, String) {
        let begin = self.column(exchange.sent_at.0).max(free);
        let length = self.column(exchange.received_at.0).saturating_sub(begin);
        let name = StepNumber::to_string(&exchange.step);
        let rest = length.saturating_sub(name.len() + 2);
        (begin, format!("├{name}{}┤", "─".repeat(rest)))
    }
}
