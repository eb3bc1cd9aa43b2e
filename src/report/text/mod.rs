//! The report for a terminal: the verdict first, then what it rests on, the files and the exit code last.
//!
//! Like every writer it only draws: all counts, verdicts and words are the report's.

mod finding;
mod lanes;
mod ledger;
pub(crate) mod page;
mod points;
mod table;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::Path;

use super::files::{self, TRACE_FILE};
use super::words::{self, counted};
use super::{Finding, Overall, Report};
use page::{BAD, DIM, GOOD, PLAIN, Page, Span, UNSURE, plain};

pub use page::safe;

/// So many findings are shown with their steps; further ones have a line each.
const FULL_FINDINGS_MAX: usize = 10;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict, a line for each finding, and the end.
    Brief,
    /// What a person wants to know after a run.
    #[default]
    Normal,
    /// Each requirement, each finding, each scope of a reading, and what went over the wire.
    Full,
}

/// How a report is shown, beside what it says.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// How many columns there are.
    pub width: usize,
    /// How much is shown.
    pub detail: Detail,
    /// The folder that the report and its cases were written to.
    pub folder: Option<&'a Path>,
    /// The flags that choose the same target again, for the lines that say how to replay.
    pub target_flags: &'a str,
    /// How the program is going to end, and what that means.
    pub ending: &'a str,
}

/// Draws the report. It is full of ANSI styles, for `anstream` to strip where they are not wanted.
///
/// # Errors
/// When `out` can't be written to.
pub fn write(report: &Report, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, look.width);
    head(page, report)?;
    if look.detail > Detail::Brief {
        table::write(page, report, look.detail)?;
    }
    findings(page, report, look)?;
    if look.detail > Detail::Brief {
        points::readings(page, report, look.detail)?;
        points::not_shown(page, report)?;
    }
    points::obstacles(page, report, look.detail)?;
    ledger::write(page, report)?;
    end(page, report, look)
}

/// Draws one finding with its steps.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_finding(finding: &Finding, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    finding::in_full(&mut Page::new(out, look.width), finding, look)
}

fn head(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let style = match report.verdict {
        Overall::Conforms => GOOD.bold(),
        Overall::Departs => BAD,
        Overall::Inconclusive => UNSURE.bold(),
    };
    let verdict = [Span::new(style, report.verdict.word()), plain("  ")];
    page.hanging(&verdict, PLAIN, &report.because)?;
    for breach in &report.gate.broken {
        page.hanging(&[Span::new(BAD, "GATE"), plain("  ")], PLAIN, &breach.words)?;
    }
    page.blank()?;
    let target = format!("{} at {}", report.target.name, report.target.base_url);
    fact(page, "target", &target)?;
    fact(page, "contract", &words::contract(report))?;
    for words in words::contradictions(report) {
        fact(page, "", &words)?;
    }
    fact(page, "judged by", &words::judged_by(report))
}

fn findings(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let shown = match look.detail {
        Detail::Brief => 0,
        Detail::Normal => FULL_FINDINGS_MAX,
        Detail::Full => usize::MAX,
    };
    let count = match report.findings.len() {
        1 => "the shortest sequence that shows it".to_owned(),
        many => format!("{many}, the gravest first, each with the shortest sequence that shows it"),
    };
    page.title("Findings", &count)?;
    for finding in report.findings.iter().take(shown) {
        page.blank()?;
        finding::in_full(page, finding, look)?;
    }
    let rest: Vec<&Finding> = report.findings.iter().skip(shown).collect();
    if !rest.is_empty() {
        page.blank()?;
    }
    rest.iter()
        .try_for_each(|finding| finding::in_a_line(page, finding))
}

fn end(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    page.title("The run", "")?;
    fact(page, "done", &words::done(report))?;
    if let Some(started_at) = &report.started_at {
        fact(page, "began", started_at)?;
    }
    if let Some(run) = &report.run {
        fact(page, "run id", &run.to_string())?;
    }
    if let Some(folder) = look.folder {
        let cases = report.findings.iter().filter(|f| f.file.is_some()).count();
        let names: Vec<&str> = files::names().collect();
        let mut words = format!("{}: {}", folder.display(), names.join(", "));
        if report.started_at.is_some() {
            words += &format!(", {TRACE_FILE}");
        }
        if cases > 0 {
            words += &format!(", {} in cases/", counted(cases, "reproducer"));
        }
        fact(page, "files", &words)?;
    }
    fact(page, "ends with", look.ending)
}

/// A line of the head or the end: what it is about, and the words.
fn fact(page: &mut Page<'_>, name: &str, words: &str) -> io::Result<()> {
    page.hanging(&[plain("  "), Span::padded(DIM, name, 11)], PLAIN, words)
}
