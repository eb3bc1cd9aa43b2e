//! The report as one page for a browser: complete, by itself, and safe to open.
//!
//! The template escapes whatever it draws; a strict content security policy lets nothing be loaded or run but the page's own
//! style and script; and characters that can't be seen are written out, so that nothing on the page reads otherwise than it
//! is. `templates/report.html` is the page, `report.css` and `report.js` beside it are put into it.

mod finding;
mod lanes;
mod machine;
mod sequence;

#[cfg(test)]
mod tests;

use askama::Template;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::point::{Point, points};
use super::text::Look;
use super::{Left, Overall, Report, RequirementResult, Verdict, verdict_counts, words};
use crate::requirement::{Level, Tag, topics};
use finding::FindingView;
use machine::Machine;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// So many findings are open at first.
const OPEN_MAX: usize = 10;

/// The page.
pub fn page(report: &Report, look: &Look<'_>) -> String {
    let page = Page::of(report, look);
    let drawn = page.render().unwrap_or_else(|error| {
        debug_assert!(false, "writing to memory succeeds: {error}");
        String::new()
    });
    words::visible(&drawn)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    style: &'static str,
    script: &'static str,
    style_digest: String,
    script_digest: String,
    contract: String,
    contradictions: Vec<String>,
    judged_by: String,
    done: String,
    again: Option<String>,
    ending: &'a str,
    findings: Vec<FindingView<'a>>,
    topics: Vec<Topic<'a>>,
    counts: Vec<(Verdict, usize)>,
    machine: Machine,
    points: Vec<Point<'a>>,
    left: Vec<String>,
}

/// Requirements that belong together.
struct Topic<'a> {
    title: &'static str,
    results: Vec<&'a RequirementResult>,
    counts: String,
}

impl<'a> Page<'a> {
    fn of(report: &'a Report, look: &'a Look<'_>) -> Self {
        let findings = report.findings.iter();
        let left = report.made.iter().flat_map(|made| &made.left);
        Self {
            report,
            style: STYLE,
            script: SCRIPT,
            style_digest: digest_of(STYLE),
            script_digest: digest_of(SCRIPT),
            contract: words::contract(report),
            contradictions: words::contradictions(report).collect(),
            judged_by: words::judged_by(report),
            done: words::done(report),
            again: words::run_line(report, look),
            ending: look.ending,
            findings: findings.map(|f| FindingView::of(report, f, look)).collect(),
            topics: topics_of(report),
            counts: verdict_counts(&report.requirements).into_iter().collect(),
            machine: Machine::of(report),
            points: points(report),
            left: left.map(|left: &Left| words::left(left)).collect(),
        }
    }

    fn verdict_class(&self) -> &'static str {
        match self.report.verdict {
            Overall::Conforms => "pass",
            Overall::Departs => "fail",
            Overall::Inconclusive => "inconclusive",
        }
    }

    fn is_open(&self, index: &usize) -> bool {
        *index < OPEN_MAX
    }

    fn level(&self, result: &RequirementResult) -> &'static str {
        match result.level {
            Level::Must => "must",
            Level::Should => "should",
        }
    }

    fn tag(&self, result: &RequirementResult) -> &'static str {
        match result.tag {
            Tag::Stated => "stated",
            Tag::Derived => "derived",
            Tag::Open => "open",
        }
    }

    fn times(&self, result: &RequirementResult) -> String {
        match result.exercised {
            0 => "–".to_owned(),
            exercised => words::times(exercised),
        }
    }
}

/// Words in parts; those that stand between backticks are of the wire.
fn prose(words: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut parts: Vec<&str> = words.split('`').collect();
    let is_paired = parts.len() % 2 == 1;
    if !is_paired {
        parts = vec![words];
    }
    let parts = parts.into_iter().enumerate();
    parts.map(|(index, part)| (index % 2 == 1, part))
}

/// The source expression that lets a text of the page's own pass its policy.
fn digest_of(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest))
}

fn topics_of(report: &Report) -> Vec<Topic<'_>> {
    let topics = topics().map(|(title, requirements)| {
        let results: Vec<&RequirementResult> = requirements
            .iter()
            .filter_map(|r| report.result_of(r.id))
            .collect();
        Topic {
            title,
            counts: words::tally(results.iter().copied()),
            results,
        }
    });
    topics.filter(|topic| !topic.results.is_empty()).collect()
}
