//! A report in less than sixty lines of Markdown, whatever happened: for the summary of a CI step, or a comment.

use std::fmt::Write as _;

use super::text::Look;
use super::{Finding, Report, Verdict, words};

/// So many findings have a row.
const FINDINGS_MAX: usize = 15;
/// So many reasons, or obstacles, have a line.
const LINES_MAX: usize = 5;
/// A cell of the table holds so many letters.
const LETTERS_MAX: usize = 100;

/// The file.
pub fn file(report: &Report, look: &Look<'_>) -> String {
    let mut page = String::new();
    head(&mut page, report, look);
    gate(&mut page, report);
    findings(&mut page, report);
    not_shown(&mut page, report);
    obstacles(&mut page, report);
    words::visible(&page)
}

/// Writing to memory succeeds.
macro_rules! line {
    ($page:expr) => { $page.push('\n') };
    ($page:expr, $($words:tt)*) => {{ let _ = writeln!($page, $($words)*); }};
}

fn head(page: &mut String, report: &Report, look: &Look<'_>) {
    line!(
        page,
        "## {}: {}",
        report.verdict.word(),
        escaped(&report.because)
    );
    line!(page);
    let target = format!("{} at {}", report.target.name, report.target.base_url);
    line!(page, "{}  ", escaped(&target));
    line!(page, "{}  ", escaped(&words::contract(report)));
    line!(
        page,
        "{}; {}  ",
        escaped(&words::judged_by(report)),
        words::done(report)
    );
    line!(page, "Ends with {}", escaped(look.ending));
    if let Some(again) = words::run_line(report, look) {
        line!(page);
        // As an indented block, in which every sign is itself: a command is good for something only as it is.
        line!(page, "Again:");
        line!(page);
        line!(page, "    {}", again.replace('\n', " "));
    }
    line!(page);
    line!(page, "Requirements: {}", words::tally(&report.requirements));
}

fn gate(page: &mut String, report: &Report) {
    if report.gate.broken.is_empty() {
        return;
    }
    line!(page);
    for breach in report.gate.broken.iter().take(LINES_MAX) {
        line!(page, "- gate: {}", escaped(&breach.words));
    }
    and_more(page, report.gate.broken.len());
}

fn findings(page: &mut String, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    line!(page);
    line!(page, "| finding | rule | expected | came | evidence |");
    line!(page, "|---|---|---|---|---|");
    for finding in report.findings.iter().take(FINDINGS_MAX) {
        line!(page, "{}", row(finding));
    }
    let more = report.findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        line!(page);
        line!(page, "And {more} more, in report.html.");
    }
}

fn row(finding: &Finding) -> String {
    format!(
        "| {} | {} | {} | {} | {} |",
        finding.id,
        escaped(&finding.rule),
        cell(&words::expected(&finding.departure)),
        cell(&finding.departure.actual),
        words::confirmation(finding.confirmation),
    )
}

fn not_shown(page: &mut String, report: &Report) {
    let reasons = words::by_reason(report, Verdict::NotShown);
    if reasons.is_empty() {
        return;
    }
    line!(page);
    line!(page, "Not shown, hence no pass:");
    line!(page);
    for (reason, ids) in reasons.iter().take(LINES_MAX) {
        line!(page, "- {}: {}", escaped(reason), cut(&ids.join(", ")));
    }
    and_more(page, reasons.len());
}

fn obstacles(page: &mut String, report: &Report) {
    if report.obstacles.is_empty() {
        return;
    }
    line!(page);
    line!(page, "Obstacles, nobody's proven fault:");
    line!(page);
    for obstacle in report.obstacles.iter().take(LINES_MAX) {
        line!(page, "- {}× {}", obstacle.times, code(&obstacle.words));
    }
    and_more(page, report.obstacles.len());
}

fn and_more(page: &mut String, count: usize) {
    let more = count.saturating_sub(LINES_MAX);
    if more > 0 {
        line!(page, "- and {more} more, in report.html");
    }
}

/// What comes from elsewhere, as code in a table.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// What comes from elsewhere, as code: nothing in it is a link, a picture or a mention.
fn code(text: &str) -> String {
    let text = cut(text).replace('`', "'");
    match text.trim() {
        "" => String::new(),
        text => format!("`{text}`"),
    }
}

/// Words whose signs mean nothing in Markdown, but for code between backticks that the rules have.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in cut(text).chars() {
        if "\\`*_[]<>#|!~@&".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
        if letter == '@' {
            // A backslash alone doesn't keep it from naming somebody.
            out.push(' ');
        }
    }
    out
}

/// What there is room for, on one line.
fn cut(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words::cut(&text, LETTERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ObstacleFact;
    use crate::report::sample::{finding, look, report, revival};
    use crate::requirement::id;

    #[test]
    fn a_summary() {
        insta::assert_snapshot!(file(&report(vec![revival()]), &look()));
    }

    #[test]
    fn whatever_happened_it_has_less_than_sixty_lines() {
        let findings = (1..=500).map(|n| Finding {
            rule: "many\nlines\n".repeat(40),
            ..finding(id::READ_1, n)
        });
        let mut report = report(findings.collect());
        for (place, result) in report.requirements.iter_mut().enumerate() {
            result.verdict = Verdict::NotShown;
            result.because = Some(format!("a reason\nof its own {place}"));
        }
        report.obstacles = (0..100)
            .map(|place| ObstacleFact {
                words: format!("trouble\n{place}"),
                ..report.obstacles[0].clone()
            })
            .collect();
        report.because = "x\n".repeat(100);
        let breach = crate::report::Breach {
            asked: crate::report::FailOn::Expected,
            words: "stale\n".repeat(9),
        };
        report.gate.broken = vec![breach; 30];
        let file = file(&report, &look());
        assert!(file.lines().count() < 60, "{}", file.lines().count());
    }

    #[test]
    fn the_command_that_runs_it_again_stands_there_as_a_shell_takes_it() {
        let mut report = report(vec![]);
        report.suites = vec!["my`suite|x".to_owned(), "a".repeat(200)];
        let line = words::run_line(&report, &look()).unwrap();
        let file = file(&report, &look());
        assert!(file.contains(&format!("\n\n    {line}\n")), "{file}");
    }

    #[test]
    fn what_a_target_says_is_no_markdown() {
        let mut finding = revival();
        finding.departure.actual = "`| ![x](http://evil) @team <img src=x>".to_owned();
        let mut report = report(vec![finding]);
        report.target.name = "[click](http://evil) @team <img>".to_owned();
        let file = file(&report, &look());
        assert!(
            file.contains(r"`'\| ![x](http://evil) @team <img src=x>`"),
            "{file}"
        );
        assert!(
            file.contains(r"\[click\](http://evil) \@ team \<img\>"),
            "{file}"
        );
    }
}
