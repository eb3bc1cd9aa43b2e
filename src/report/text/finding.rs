//! A finding: what was done, what came, what should have come, and how to see it again.

use std::io;

use super::page::{BAD, DIM, GOOD, NAME, PLAIN, Page, Span, UNSURE, dim, plain};
use super::{Detail, Look};
use crate::case::{Step, StepNumber};
use crate::report::Finding;
use crate::report::words::{self, counted};
use crate::trace::{Exchange, Headers, Reply};

/// Steps longer than this don't push the answers of all others to the right.
const ALIGNED_MAX: usize = 48;

/// The finding with its steps.
pub fn in_full(page: &mut Page<'_>, finding: &Finding, look: &Look<'_>) -> io::Result<()> {
    let head = [Span::new(BAD, &finding.id), plain("  ")];
    page.hanging(&head, bold_style(), &finding.rule)?;
    page.blank()?;
    steps(page, finding, look.detail)?;
    page.blank()?;
    super::lanes::races(page, finding, look)?;
    difference(page, finding)?;
    evidence(page, finding)?;
    if let Some(line) = words::replay_line(look, finding) {
        let line = Span::new(NAME, line);
        page.unbroken(&[&label("again")[..], &[line]].concat())?;
    }
    Ok(())
}

/// The finding where there is no room for more.
pub fn in_a_line(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let confirmed = words::confirmation(finding.confirmation);
    let style = confirmation_style(finding);
    page.line(&[
        plain("  "),
        Span::padded(BAD, &finding.id, 10),
        Span::padded(DIM, counted(finding.length(), "step"), 10),
        Span::padded(style, confirmed, 20),
        plain(&finding.rule),
    ])
}

fn bold_style() -> anstyle::Style {
    PLAIN.bold()
}

fn label(name: &str) -> [Span; 2] {
    [plain("  "), Span::padded(DIM, name, 10)]
}

fn steps(page: &mut Page<'_>, finding: &Finding, detail: Detail) -> io::Result<()> {
    let texts: Vec<String> = finding.case.steps.iter().map(Step::to_string).collect();
    let widths = texts.iter().map(|text| text.chars().count());
    let width = widths.filter(|w| *w <= ALIGNED_MAX).max().unwrap_or(0);
    for ((number, step), text) in finding.case.numbered().zip(&texts) {
        let departs = number == finding.departure.step;
        let answer = words::answer(finding, number, step);
        let (mark, style) = match departs {
            true => ("  ▸ ", BAD),
            false => ("    ", DIM),
        };
        let head = [
            Span::new(style, mark),
            Span::right(style, number.0.to_string(), 2),
            plain("  "),
        ];
        if text.chars().count() <= ALIGNED_MAX {
            let text = Span::padded(PLAIN, text, width + 2);
            page.hanging(&[&head[..], &[text]].concat(), style_of(departs), &answer)?;
        } else {
            page.hanging(&head, PLAIN, text)?;
            let under = [plain(" ".repeat(8 + width + 2))];
            page.hanging(&under, style_of(departs), &answer)?;
        }
        told(page, finding, number, detail)?;
        if detail == Detail::Full {
            let mut sent = finding.exchanges_of(number);
            sent.try_for_each(|exchange| wire(page, exchange))?;
        }
    }
    Ok(())
}

/// The events that came while a step was at work, or after it and before the next.
fn told(
    page: &mut Page<'_>,
    finding: &Finding,
    number: StepNumber,
    detail: Detail,
) -> io::Result<()> {
    for event in words::events_of(finding, number) {
        page.hanging(&way("⇐"), DIM, &words::event(event))?;
        if detail == Detail::Full {
            headers(page, &event.headers)?;
            body(page, &event.body)?;
        }
    }
    Ok(())
}

fn style_of(departs: bool) -> anstyle::Style {
    if departs { BAD } else { PLAIN }
}

fn difference(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let departure = &finding.departure;
    let expected = words::expected(departure);
    page.block(&label("expected"), GOOD, &expected)?;
    page.block(&label("came"), BAD, &departure.actual)?;
    for (index, line) in departure
        .diff
        .iter()
        .flat_map(|diff| diff.lines())
        .enumerate()
    {
        let style = match line.as_bytes().first() {
            Some(b'-') => GOOD,
            Some(b'+') => BAD,
            _ => PLAIN,
        };
        let name = if index == 0 { "diff" } else { "" };
        page.hanging(&label(name), style, line)?;
    }
    if let Some(words) = words::instead(departure) {
        page.hanging(&label("or else"), PLAIN, &words)?;
    }
    Ok(())
}

fn evidence(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let style = confirmation_style(finding);
    page.hanging(&label("evidence"), style, &words::evidence(finding))
}

fn confirmation_style(finding: &Finding) -> anstyle::Style {
    match finding.is_unconfirmed() {
        true => UNSURE,
        false => PLAIN,
    }
}

/// What went over the wire for a step.
fn wire(page: &mut Page<'_>, exchange: &Exchange) -> io::Result<()> {
    let request = &exchange.request;
    page.hanging(
        &way("→"),
        DIM,
        &format!("{} {}", request.method, request.path),
    )?;
    headers(page, &request.headers)?;
    body(page, &request.body_in_words())?;
    match &exchange.reply {
        Reply::Got(response) => {
            page.hanging(&way("←"), DIM, &response.status.to_string())?;
            headers(page, &response.headers)?;
            body(page, &response.body)
        }
        Reply::Lost(words) | Reply::LetGo(words) => page.hanging(&way("←"), UNSURE, words),
    }
}

fn way(arrow: &str) -> [Span; 2] {
    [plain(" ".repeat(8)), dim(format!("{arrow} "))]
}

fn headers(page: &mut Page<'_>, headers: &Headers) -> io::Result<()> {
    let indent = [plain(" ".repeat(10))];
    headers
        .iter()
        .try_for_each(|(name, value)| page.hanging(&indent, DIM, &format!("{name}: {value}")))
}

fn body(page: &mut Page<'_>, body: &str) -> io::Result<()> {
    if body.is_empty() {
        return Ok(());
    }
    page.hanging(&[plain(" ".repeat(10))], DIM, body)
}
