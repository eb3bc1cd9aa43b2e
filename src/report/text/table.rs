//! The requirements by topic: a line a topic, and one for each requirement if everything is asked for.

use std::io;

use anstyle::Style;

use super::Detail;
use super::page::{BAD, DIM, GOOD, PLAIN, Page, Span, UNSURE, plain};
use crate::report::words::{tally, times};
use crate::report::{Report, RequirementResult, Verdict, verdict_counts};
use crate::requirement::topics;

/// How wide the titles of topics are, where there is room.
const TITLE_WIDTH_MAX: usize = 42;

/// The table.
pub fn write(page: &mut Page<'_>, report: &Report, detail: Detail) -> io::Result<()> {
    page.title("Requirements", &tally(&report.requirements))?;
    for (title, requirements) in topics() {
        let topic: Vec<&RequirementResult> = requirements
            .iter()
            .filter_map(|r| report.result_of(r.id))
            .collect();
        if !topic.is_empty() {
            write_topic(page, title, &topic, detail)?;
        }
    }
    Ok(())
}

/// A verdict's mark and style.
pub fn look(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Pass => ("✓", GOOD),
        Verdict::Fail => ("✗", BAD),
        Verdict::Waived => ("!", UNSURE),
        Verdict::Inconclusive => ("?", UNSURE),
        Verdict::NotShown | Verdict::NotApplicable | Verdict::Disabled => ("·", DIM),
    }
}

fn write_topic(
    page: &mut Page<'_>,
    title: &str,
    topic: &[&RequirementResult],
    detail: Detail,
) -> io::Result<()> {
    let (mark, style) = look(gravest(topic));
    let mut line = vec![
        plain("  "),
        Span::new(style, mark),
        plain(" "),
        Span::cut(PLAIN, title, TITLE_WIDTH_MAX.min(page.width / 2) - 2),
        plain("  "),
    ];
    let counts = verdict_counts(topic.iter().copied()).into_iter();
    for (index, (verdict, count)) in counts.enumerate() {
        let (_, style) = look(verdict);
        let comma = if index == 0 { "" } else { ", " };
        line.push(plain(comma));
        line.push(Span::new(style, format!("{count} {verdict}")));
    }
    if detail < Detail::Full {
        let failed = topic.iter().filter(|r| r.verdict == Verdict::Fail);
        let failed: Vec<&str> = failed.map(|r| r.id.as_str()).collect();
        line.push(Span::new(BAD, format!("  {}", failed.join(", "))));
        return page.line(&line);
    }
    page.line(&line)?;
    topic
        .iter()
        .try_for_each(|result| write_requirement(page, result))
}

/// The verdict that a topic's mark shows.
fn gravest(topic: &[&RequirementResult]) -> Verdict {
    let order = [
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Waived,
        Verdict::Pass,
    ];
    order
        .into_iter()
        .find(|verdict| topic.iter().any(|r| r.verdict == *verdict))
        .unwrap_or(Verdict::NotShown)
}

fn write_requirement(page: &mut Page<'_>, result: &RequirementResult) -> io::Result<()> {
    const COUNT_WIDTH: usize = 9;
    let (mark, style) = look(result.verdict);
    let shown = match result.exercised {
        0 => String::new(),
        exercised => times(exercised),
    };
    let head_width = 4 + 2 + 15 + 9;
    let rule_width = page.width.saturating_sub(head_width + COUNT_WIDTH).max(10);
    page.line(&[
        plain("    "),
        Span::new(style, mark),
        plain(" "),
        Span::padded(style, result.verdict.as_str(), 15),
        Span::padded(PLAIN, result.id.as_str(), 9),
        Span::cut(PLAIN, &result.rule, rule_width),
        Span::right(DIM, shown, COUNT_WIDTH),
    ])?;
    match &result.because {
        Some(because) if result.verdict == Verdict::Inconclusive => {
            page.hanging(&[plain(" ".repeat(head_width))], DIM, because)
        }
        _ => Ok(()),
    }
}
