//! What a verdict leaves open: how the target reads the open points, what was not shown, what came in the way.

use std::io;

use super::page::{DIM, NAME, PLAIN, Page, Span, UNSURE, dim, plain};
use super::{Look, elsewhere, fact, short_fact};
use crate::report::point::{Point, points};
use crate::report::words;
use crate::report::{Report, Verdict};

/// The open points, each with how it is read.
pub fn readings(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let points = points(report);
    if points.is_empty() {
        return Ok(());
    }
    page.title(
        "Open points",
        "as this target reads them; any of these readings conforms",
    )?;
    points.iter().try_for_each(|point| write_point(page, point))
}

fn write_point(page: &mut Page<'_>, point: &Point<'_>) -> io::Result<()> {
    for (index, row) in point.rows.iter().enumerate() {
        let (id, name) = match index {
            0 => (point.id.as_str(), point.name),
            _ => ("", ""),
        };
        let style = if row.is_clear() { NAME } else { UNSURE };
        let head = [
            plain("  "),
            Span::padded(DIM, id, 9),
            Span::padded(PLAIN, name, 24),
            Span::new(style, row.words()),
        ];
        let aside = match row.scopes.is_empty() {
            true => String::new(),
            false => format!("  {}", row.scopes.join(" · ")),
        };
        page.hanging(&head, DIM, &aside)?;
    }
    Ok(())
}

/// So many reasons for a verdict have a line in a summary.
const REASONS_MAX: usize = 3;

/// So many obstacles are told on a screen, and where nothing need fit on one.
const OBSTACLES_MAX: [usize; 2] = [3, 10];

/// What is left open, in a few lines, and what came in the way.
pub fn in_short(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    let points = points(report);
    if !points.is_empty() {
        let alike = points.iter().filter(|point| point.rows.len() == 1);
        let count = points.len();
        let words = match count - alike.count() {
            0 => format!("{count}, each read alike everywhere"),
            other => format!("{count}, of which {other} not read alike everywhere"),
        };
        fact(page, "open points", &words)?;
    }
    for verdict in [Verdict::Inconclusive, Verdict::Waived, Verdict::NotShown] {
        let reasons = words::by_reason(report, verdict);
        for (index, (reason, ids)) in reasons.iter().take(REASONS_MAX).enumerate() {
            let name = if index == 0 { verdict.as_str() } else { "" };
            let words = format!("{}, {reason}: {}", ids.len(), ids.join(", "));
            short_fact(page, name, &words)?;
        }
        and_more(page, look, reasons.len(), REASONS_MAX)?;
    }
    obstacles_in_short(page, report, look)
}

fn obstacles_in_short(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    let [on_a_screen, in_a_log] = OBSTACLES_MAX;
    let max = look.screen.map_or(in_a_log, |_| on_a_screen);
    for (index, obstacle) in report.obstacles.iter().take(max).enumerate() {
        let name = if index == 0 { "obstacles" } else { "" };
        let place = match words::place(obstacle) {
            none if none.is_empty() => none,
            place => format!(" ({place})"),
        };
        let words = format!("{}× {}{place}", obstacle.times, obstacle.words);
        fact(page, name, &words)?;
    }
    and_more(page, look, report.obstacles.len(), max)
}

fn and_more(page: &mut Page<'_>, look: &Look<'_>, count: usize, shown: usize) -> io::Result<()> {
    match count.saturating_sub(shown) {
        0 => Ok(()),
        more => fact(page, "", &format!("and {more} more {}", elsewhere(look))),
    }
}

/// Requirements without a verdict on the target, by reason.
pub fn not_shown(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    for (verdict, title, aside) in [
        (
            Verdict::NotShown,
            "Not shown",
            "nothing exercised these: they are no passes",
        ),
        (
            Verdict::NotApplicable,
            "Not applicable",
            "the target lacks what these need",
        ),
        (Verdict::Disabled, "Disabled", "the profile says so"),
    ] {
        let reasons = words::by_reason(report, verdict);
        if reasons.is_empty() {
            continue;
        }
        page.title(title, aside)?;
        for (reason, ids) in reasons {
            let line = format!("{reason}: {}", ids.join(", "));
            page.hanging(&[dim("  · ")], PLAIN, &line)?;
        }
    }
    Ok(())
}

/// Trouble that is nobody's proven fault, so much of it.
pub fn obstacles(page: &mut Page<'_>, report: &Report, max: usize) -> io::Result<()> {
    if report.obstacles.is_empty() {
        return Ok(());
    }
    page.title(
        "Obstacles",
        "trouble that is nobody's proven fault, hence no departure and no pass",
    )?;
    for obstacle in report.obstacles.iter().take(max) {
        let place = words::place(obstacle);
        let times = format!("{:>5}×  ", obstacle.times);
        page.hanging(&[dim(times)], UNSURE, &obstacle.words)?;
        if !place.is_empty() {
            page.hanging(&[plain(" ".repeat(8))], DIM, &place)?;
        }
    }
    match report.obstacles.len().saturating_sub(max) {
        0 => Ok(()),
        more => page.line(&[dim(format!("        and {more} more, in report.json"))]),
    }
}
