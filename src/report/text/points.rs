//! What a verdict leaves open: how the target reads the open points, what was not shown, what came in the way.

use std::collections::BTreeMap;
use std::io;

use super::Detail;
use super::page::{DIM, NAME, PLAIN, Page, Span, UNSURE, dim, plain};
use crate::report::words::{self, counted};
use crate::report::{Reading, Report, Verdict};
use crate::requirement::RequirementId;

/// The open points, each with how it is read.
pub fn readings(page: &mut Page<'_>, report: &Report, detail: Detail) -> io::Result<()> {
    let mut points: BTreeMap<(RequirementId, &str), Vec<&Reading>> = BTreeMap::new();
    for reading in &report.readings {
        let point = (reading.id, reading.point.as_str());
        points.entry(point).or_default().push(reading);
    }
    if points.is_empty() {
        return Ok(());
    }
    page.title(
        "Open points",
        "as this target reads them; any of these readings conforms",
    )?;
    let order = |id: RequirementId| report.requirements.iter().position(|r| r.id == id);
    let mut sorted: Vec<_> = points.into_iter().collect();
    sorted.sort_by_key(|((id, _), _)| order(*id));
    sorted
        .iter()
        .try_for_each(|((id, point), readings)| write_point(page, *id, point, readings, detail))
}

fn write_point(
    page: &mut Page<'_>,
    id: RequirementId,
    point: &str,
    readings: &[&Reading],
    detail: Detail,
) -> io::Result<()> {
    let mut scopes: BTreeMap<&[String], Vec<&str>> = BTreeMap::new();
    for reading in readings {
        scopes
            .entry(&reading.readings)
            .or_default()
            .push(&reading.scope);
    }
    let is_alike = scopes.len() == 1;
    for (index, (left, scopes)) in scopes.iter().enumerate() {
        let (id, point) = match index {
            0 => (id.as_str(), point),
            _ => ("", ""),
        };
        let style = if left.len() == 1 { NAME } else { UNSURE };
        let head = [
            plain("  "),
            Span::padded(DIM, id, 9),
            Span::padded(PLAIN, point, 24),
            Span::new(style, left.join(" or ")),
        ];
        let named: Vec<&str> = scopes.iter().copied().filter(|s| !s.is_empty()).collect();
        let aside = match named.len() {
            0 => String::new(),
            1 => format!("  {}", named[0]),
            many if is_alike && detail < Detail::Full => format!("  in {}", counted(many, "place")),
            _ => format!("  {}", named.join(" · ")),
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
