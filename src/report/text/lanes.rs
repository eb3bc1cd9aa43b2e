//! Races: what overlapped, drawn over time, and why no order explains it.

use std::io;

use super::Look;
use super::page::{BAD, DIM, PLAIN, Page, Span, dim, plain};
use crate::report::race::{self, Race};
use crate::report::{Finding, words};
use crate::trace::Exchange;

/// The columns left of the bars.
const MARGIN: usize = 18;
/// Wider than this the bars tell no more.
const WIDEST: usize = 72;

/// The finding's races, each lane as a line of bars, and the orders that were tried.
pub fn races(page: &mut Page<'_>, finding: &Finding, look: &Look<'_>) -> io::Result<()> {
    let columns = look.width.saturating_sub(MARGIN).clamp(20, WIDEST);
    for race in race::races(finding) {
        race_over_time(page, finding, &race, columns)?;
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
    race: &Race<'_>,
    columns: usize,
) -> io::Result<()> {
    for (index, (lane, exchanges)) in race.lanes.iter().enumerate() {
        let name = if index == 0 { "at once" } else { "" };
        let mut line = vec![
            plain("  "),
            Span::padded(DIM, name, 10),
            dim(format!("{lane} ")),
        ];
        let mut at = 0;
        for exchange in exchanges {
            let (begin, bar) = bar(race, exchange, columns, at);
            line.push(plain(" ".repeat(begin - at)));
            at = begin + bar.chars().count();
            let departs = exchange.step == finding.departure.step;
            line.push(Span::new(if departs { BAD } else { PLAIN }, bar));
        }
        page.line(&line)?;
    }
    let below = format!("{:>columns$}", words::milliseconds(race.took()));
    page.line(&[plain(" ".repeat(MARGIN - 2)), dim(below)])
}

/// The bar of an exchange that begins no earlier than column `free`, and where it begins.
fn bar(race: &Race<'_>, exchange: &Exchange, columns: usize, free: usize) -> (usize, String) {
    let column = |share: f64| (share * columns as f64).round() as usize;
    let (sent, answered) = race.span(exchange);
    let begin = column(sent).max(free);
    let length = column(answered).saturating_sub(begin);
    let name = exchange.step.to_string();
    let rest = length.saturating_sub(name.len() + 2);
    (begin, format!("├{name}{}┤", "─".repeat(rest)))
}
