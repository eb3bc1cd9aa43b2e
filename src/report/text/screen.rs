//! The report on one screen: the verdict, what each topic came to, the gravest findings, and where the rest is.
//!
//! All but the findings takes the lines that it takes; they get what is left, each in full as long as the others keep a line.

use std::io;

use super::page::Page;
use super::{Detail, Look, Shown, fact, files_and_code, finding, findings, head};
use super::{ledger, points, table};
use crate::report::Report;
use crate::report::words::done;

/// A screen is taken to have so many lines at least: in fewer there is no room for a summary.
const LINES_MIN: usize = 40;
/// So many findings have a line at least, however many lines all else takes.
const ROWS_MIN: usize = 5;
/// Where nothing need fit, so many findings are shown in full.
const IN_FULL_MAX: usize = 10;

/// Draws it.
pub fn write(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    let above = page.aside(|page| {
        head(page, report)?;
        table::write(page, report, Detail::Normal)
    })?;
    let below = page.aside(|page| {
        ledger::write(page, report)?;
        end(page, report, look)
    })?;
    let shown = match look.screen {
        None => at_most(IN_FULL_MAX, report.findings.len()),
        Some(lines) => {
            // The last line is the shell's.
            let lines = lines.max(LINES_MIN) - 1;
            let heights = heights(page, report, look)?;
            share(
                &heights,
                lines.saturating_sub(above.height() + below.height()),
            )
        }
    };
    page.put(&above)?;
    findings(page, report, look, shown)?;
    page.put(&below)
}

fn end(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    page.title("The run", "")?;
    fact(page, "done", &done(report))?;
    points::in_short(page, report, look)?;
    files_and_code(page, report, look)
}

fn at_most(in_full: usize, findings: usize) -> Shown {
    let in_full = in_full.min(findings);
    Shown {
        in_full,
        in_a_line: findings - in_full,
    }
}

/// How many lines each finding takes in full, with the blank one before it.
fn heights(page: &Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<Vec<usize>> {
    let findings = report.findings.iter().take(IN_FULL_MAX);
    let heights = findings.map(|finding| {
        let drawn = page.aside(|page| finding::in_full(page, finding, look))?;
        Ok(1 + drawn.height())
    });
    let mut heights = heights.collect::<io::Result<Vec<usize>>>()?;
    heights.resize(report.findings.len(), usize::MAX);
    Ok(heights)
}

/// As many findings in full as there is room for beside a line for each of the others; where not even the lines have room,
/// the gravest have one. A finding that is the only one is shown in full.
fn share(heights: &[usize], room: usize) -> Shown {
    /// The title, and the blank line before it.
    const TITLE: usize = 2;
    let count = heights.len();
    if count <= 1 {
        return at_most(1, count);
    }
    let room = room.saturating_sub(TITLE);
    let takes = |in_full: usize| {
        let full = heights[..in_full]
            .iter()
            .fold(0, |sum: usize, height| sum.saturating_add(*height));
        let blank = usize::from(in_full > 0 && in_full < count);
        full.saturating_add(blank + count - in_full)
    };
    let in_full = (0..=count).rev().find(|in_full| takes(*in_full) <= room);
    match in_full {
        Some(in_full) => at_most(in_full, count),
        None => Shown {
            in_full: 0,
            // One line says how many there are besides.
            in_a_line: room.saturating_sub(1).max(ROWS_MIN).min(count),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_share_the_room_that_is_left() {
        let rows: [(&[usize], usize, (usize, usize)); 10] = [
            (&[], 10, (0, 0)),
            (&[12], 14, (1, 0)),
            (&[12], 3, (1, 0)),
            (&[8, 8], 18, (2, 0)),
            (&[8, 8], 12, (1, 1)),
            (&[8, 8], 11, (0, 2)),
            (&[8, 4], 11, (0, 2)),
            (&[8; 10], 12, (0, 10)),
            (&[8; 10], 11, (0, 8)),
            (&[8; 40], 0, (0, 5)),
        ];
        for (heights, room, (in_full, in_a_line)) in rows {
            let shown = Shown { in_full, in_a_line };
            assert_eq!(share(heights, room), shown, "{heights:?} in {room}");
        }
    }
}
