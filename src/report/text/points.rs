//! What a verdict leaves open: how the target reads the open points, what was not shown, what came in the way.

use std::io;

use super::Detail;
use super::page::{DIM, NAME, PLAIN, Page, Span, UNSURE, dim, plain};
use crate::report::point::{Point, points};
use crate::report::words::{self, counted};
use crate::report::{Report, Verdict};

/// The open points, each with how it is read.
pub fn readings(page: &mut Page<'_>, report: &Report, detail: Detail) -> io::Result<()> {
    let points = points(report);
    if points.is_empty() {
        return Ok(());
    }
    page.title(
        "Open points",
        "as this target reads them; any of these readings conforms",
    )?;
    points
        .iter()
        .try_for_each(|point| write_point(page, point, detail))
}

fn write_point(page: &mut Page<'_>, point: &Point<'_>, detail: Detail) -> io::Result<()> {
    let is_alike = point.rows.len() == 1;
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
        let aside = match row.scopes.len() {
            0 => String::new(),
            many @ 2.. if is_alike && detail < Detail::Full => {
                format!("  in {}", counted(many, "place"))
            }
            _ => format!("  {}", row.scopes.join(" · ")),
        };
        page.hanging(&head, DIM, &aside)?;
    }
    Ok(())
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

/// So many obstacles are shown unless everything is asked for.
const OBSTACLES_MAX: usize = 10;

/// Trouble that is nobody's proven fault.
pub fn obstacles(page: &mut Page<'_>, report: &Report, detail: Detail) -> io::Result<()> {
    if report.obstacles.is_empty() {
        return Ok(());
    }
    page.title(
        "Obstacles",
        "trouble that is nobody's proven fault, hence no departure and no pass",
    )?;
    let shown = match detail {
        Detail::Brief => 1,
        Detail::Normal => OBSTACLES_MAX,
        Detail::Full => usize::MAX,
    };
    for obstacle in report.obstacles.iter().take(shown) {
        let place = words::place(obstacle);
        let times = format!("{:>5}×  ", obstacle.times);
        page.hanging(&[dim(times)], UNSURE, &obstacle.words)?;
        if !place.is_empty() {
            page.hanging(&[plain(" ".repeat(8))], DIM, &place)?;
        }
    }
    match report.obstacles.len().saturating_sub(shown) {
        0 => Ok(()),
        more => page.line(&[dim(format!("        and {more} more, in report.json"))]),
    }
}
