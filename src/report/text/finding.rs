//! A finding: what was done, what came, what should have come, and how to see it again.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::page::{BAD, DIM, GOOD, NAME, PLAIN, Page, Span, UNSURE, dim, plain};
use super::{Detail, Look, counted};
use crate::case::{Command, Hook, Step, StepNumber};
use crate::report::Finding;
use crate::trace::{Event, Exchange, Headers, Reply, Response};

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
    if let Some(file) = &finding.file {
        let line = Span::new(NAME, replay_line(look, file));
        page.unbroken(&[&label("again")[..], &[line]].concat())?;
    }
    Ok(())
}

/// The finding where there is no room for more.
pub fn in_a_line(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let (confirmed, style) = confirmation(finding);
    page.line(&[
        plain("  "),
        Span::padded(BAD, &finding.id, 10),
        Span::padded(DIM, counted(finding.length(), "step"), 9),
        Span::padded(style, confirmed, 17),
        plain(&finding.rule),
    ])
}

/// The command that runs a reproducer again, for a shell.
fn replay_line(look: &Look<'_>, file: &str) -> String {
    let path = look.folder.unwrap_or(Path::new("")).join(file);
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    let path = match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    };
    format!("cardproof replay {path} {}", look.target_flags)
        .trim_end()
        .to_owned()
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
    for (index, (step, text)) in finding.case.steps.iter().zip(&texts).enumerate() {
        let number = StepNumber(index + 1);
        let departs = number == finding.departure.step;
        let answer = answer(finding, number, step);
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
            let sent = finding.exchanges.iter().filter(|e| e.step == number);
            sent.into_iter()
                .try_for_each(|exchange| wire(page, exchange))?;
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
    let exchanges = &finding.exchanges;
    let began = exchanges.iter().find(|e| e.step == number);
    let Some(began) = began else { return Ok(()) };
    let ended = exchanges.iter().find(|e| e.step > number);
    let events = finding.events.iter().filter(|event| {
        event.received_at >= began.sent_at && ended.is_none_or(|e| event.received_at < e.sent_at)
    });
    for event in events {
        let refused = if event.answered < 300 {
            ""
        } else {
            ", refused"
        };
        let words = format!("event: {}{refused}", event_words(event));
        page.hanging(&way("⇐"), DIM, &words)?;
        if detail == Detail::Full {
            headers(page, &event.headers)?;
            body(page, &event.body)?;
        }
    }
    Ok(())
}

fn event_words(event: &Event) -> String {
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    match body.get("status").and_then(Value::as_str) {
        Some(status) => status.to_owned(),
        None if body.is_object() => "no card".to_owned(),
        None => "a body that is no JSON".to_owned(),
    }
}

fn style_of(departs: bool) -> anstyle::Style {
    if departs { BAD } else { PLAIN }
}

/// What a step was answered with, in a few words.
fn answer(finding: &Finding, number: StepNumber, step: &Step) -> String {
    let exchanges: Vec<&Exchange> = finding
        .exchanges
        .iter()
        .filter(|exchange| exchange.step == number)
        .collect();
    let shown = match finding.exchanges.get(finding.departure.moment) {
        Some(exchange) if number == finding.departure.step && exchange.step == number => exchange,
        _ => match exchanges.last() {
            Some(exchange) => exchange,
            None if is_silent(&step.command) => return String::new(),
            None => return "not sent".to_owned(),
        },
    };
    let mut words = match &shown.reply {
        Reply::Got(response) => response_words(response),
        Reply::Lost(words) => format!("no answer: {words}"),
        Reply::LetGo(words) => format!("answer let go: {words}"),
    };
    if exchanges.len() > 1 {
        words += &format!("  (one of {})", counted(exchanges.len(), "request"));
    }
    words
}

/// Commands that send nothing.
fn is_silent(command: &Command) -> bool {
    matches!(command, Command::Pause(_) | Command::Hook(Hook::RefuseNext))
}

fn response_words(response: &Response) -> String {
    let status = response.status;
    let said = match serde_json::from_str::<Value>(&response.body) {
        Ok(Value::Object(card)) => card
            .get("status")
            .and_then(Value::as_str)
            .map(str::to_owned),
        Ok(Value::Array(cards)) => Some(list_words(&cards, response.excerpt_of)),
        Ok(_) => None,
        Err(_) if response.body.trim().is_empty() => None,
        Err(_) => Some("a body that is no JSON".to_owned()),
    };
    match said {
        Some(said) => format!("{status}  {said}"),
        None => status.to_string(),
    }
}

fn list_words(cards: &[Value], excerpt_of: Option<usize>) -> String {
    let statuses: Vec<&str> = cards
        .iter()
        .filter_map(|card| card.get("status")?.as_str())
        .collect();
    let mut words = counted(cards.len(), "card");
    if !statuses.is_empty() {
        words += &format!(": {}", statuses.join(", "));
    }
    match excerpt_of {
        Some(all) => format!("{words} (of {all})"),
        None => words,
    }
}

fn difference(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let departure = &finding.departure;
    let since = departure.since.as_ref().map_or_else(String::new, |origin| {
        format!(", since step {} ({})", origin.step.0, origin.rule)
    });
    let expected = format!("{}{since}", departure.expected);
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
    if !departure.instead.is_empty() {
        let rules: Vec<String> = departure.instead.iter().map(ToString::to_string).collect();
        let words = format!(
            "{}: this sequence does not tell them apart",
            rules.join(", ")
        );
        page.hanging(&label("or else"), PLAIN, &words)?;
    }
    Ok(())
}

fn evidence(page: &mut Page<'_>, finding: &Finding) -> io::Result<()> {
    let (mut words, style) = confirmation(finding);
    match (finding.found_in.as_str(), finding.seen_in) {
        ("", _) => {}
        (first, 1) => words += &format!("; seen in {first}"),
        (first, many) => words += &format!("; seen in {}, first in {first}", counted(many, "case")),
    }
    page.hanging(&label("evidence"), style, &words)
}

fn confirmation(finding: &Finding) -> (String, anstyle::Style) {
    let confirmation = finding.confirmation;
    match (confirmation.reproduced, confirmation.attempts) {
        (_, 0) => ("not run again".to_owned(), PLAIN),
        (0, attempts) => (format!("unconfirmed 0/{attempts}"), UNSURE),
        (reproduced, attempts) => (format!("reproduced {reproduced}/{attempts}"), PLAIN),
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
    body(page, request.body.as_deref().unwrap_or_default())?;
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
