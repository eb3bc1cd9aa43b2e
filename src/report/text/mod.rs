//! The report for a terminal: the verdict first, then what it rests on, the files and the exit code last.
//!
//! Like every writer it only draws: all counts, verdicts and words are the report's.

mod finding;
mod lanes;
mod ledger;
pub(crate) mod page;
mod points;
mod screen;
mod table;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::Path;

use super::files::{self, TRACE_FILE};
use super::words::{self, counted};
use super::{Finding, Overall, Report};
use page::{BAD, DIM, GOOD, NAME, PLAIN, Page, Span, UNSURE, dim, plain};

pub use page::safe;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict, a line for each finding, and the end.
    Brief,
    /// What a person wants to know after a run, on one screen.
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
    /// How many lines a screen has. None where this is no terminal: then nothing need fit on one, and nothing is a link.
    pub screen: Option<usize>,
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
    match look.detail {
        Detail::Brief => brief(page, report, look),
        Detail::Normal => screen::write(page, report, look),
        Detail::Full => full(page, report, look),
    }
}

fn brief(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    head(page, report)?;
    findings(page, report, look, Shown::lines_for_all(report))?;
    points::obstacles(page, report, 1)?;
    ledger::write(page, report)?;
    end(page, report, look)
}

fn full(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    head(page, report)?;
    table::write(page, report, look.detail)?;
    findings(page, report, look, Shown::all_in_full(report))?;
    points::readings(page, report)?;
    points::not_shown(page, report)?;
    points::obstacles(page, report, usize::MAX)?;
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

/// How many findings are shown with their steps, and how many of the others have a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    in_full: usize,
    in_a_line: usize,
}

impl Shown {
    fn lines_for_all(report: &Report) -> Self {
        Self {
            in_full: 0,
            in_a_line: report.findings.len(),
        }
    }

    fn all_in_full(report: &Report) -> Self {
        Self {
            in_full: report.findings.len(),
            in_a_line: 0,
        }
    }
}

fn findings(page: &mut Page<'_>, report: &Report, look: &Look<'_>, shown: Shown) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let count = match (report.findings.len(), shown.in_full) {
        (1, _) => "the shortest sequence that shows it".to_owned(),
        (many, 0) => format!(
            "{many}, the gravest first; their sequences {}",
            elsewhere(look)
        ),
        (many, _) => {
            format!("{many}, the gravest first, each with the shortest sequence that shows it")
        }
    };
    page.title("Findings", &count)?;
    let (in_full, rest) = report.findings.split_at(shown.in_full);
    for finding in in_full {
        page.blank()?;
        finding::in_full(page, finding, look)?;
    }
    if !in_full.is_empty() && !rest.is_empty() {
        page.blank()?;
    }
    for finding in rest.iter().take(shown.in_a_line) {
        finding::in_a_line(page, finding)?;
    }
    match rest.len().saturating_sub(shown.in_a_line) {
        0 => Ok(()),
        more => page.line(&[dim(format!("  and {more} more {}", elsewhere(look)))]),
    }
}

/// Where there is what a summary leaves out.
fn elsewhere(look: &Look<'_>) -> &'static str {
    match look.folder {
        Some(_) => "in report.html",
        None => "with --verbose",
    }
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
    files_and_code(page, report, look)
}

/// What the last lines say, however much is shown.
fn files_and_code(page: &mut Page<'_>, report: &Report, look: &Look<'_>) -> io::Result<()> {
    if let Some(folder) = look.folder {
        let html = folder.join(files::PAGE_FILE);
        let path = Span::new(NAME, html.display().to_string());
        let path = match look.screen {
            Some(_) => path.leading_to(&html),
            None => path,
        };
        page.unbroken(&[plain("  "), Span::padded(DIM, "report", FACT_WIDTH), path])?;
        let beside = beside(report);
        match look.screen {
            Some(_) => short_fact(page, "beside it", &beside)?,
            None => fact(page, "beside it", &beside)?,
        }
    }
    fact(page, "ends with", look.ending)
}

/// What else is in the folder of a report.
fn beside(report: &Report) -> String {
    let cases = report.findings.iter().filter(|f| f.file.is_some()).count();
    let cases = (cases > 0).then(|| format!("{} in cases/", counted(cases, "reproducer")));
    let names = files::names().filter(|name| *name != files::PAGE_FILE);
    let recording = report.started_at.as_ref().map(|_| TRACE_FILE);
    let names = names.chain(recording).map(str::to_owned);
    cases
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join(", ")
}

/// How wide the names of facts are.
const FACT_WIDTH: usize = 13;

/// A line of the head or the end: what it is about, and the words.
fn fact(page: &mut Page<'_>, name: &str, words: &str) -> io::Result<()> {
    page.hanging(
        &[plain("  "), Span::padded(DIM, name, FACT_WIDTH)],
        PLAIN,
        words,
    )
}

/// The same on one line, cut off where there is no more room.
fn short_fact(page: &mut Page<'_>, name: &str, words: &str) -> io::Result<()> {
    page.line(&[
        plain("  "),
        Span::padded(DIM, name, FACT_WIDTH),
        plain(words),
    ])
}
