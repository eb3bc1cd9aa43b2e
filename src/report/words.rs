//! What every writer says in the same words.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::text::Look;
use super::{
    Confirmation, Finding, Left, Made, ObstacleFact, Overall, Report, RequirementResult, Verdict,
    verdict_counts,
};
use crate::case::{Command, Hook, Step, StepNumber};
use crate::judge::{Departure, TriedOrder};
use crate::requirement::Level;
use crate::trace::{Event, Exchange, Reply, Response};
use crate::visible_json::is_visible;

impl Overall {
    /// The word for it, as it stands at the top of a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Conforms => "CONFORMS",
            Self::Departs => "DEPARTS",
            Self::Inconclusive => "INCONCLUSIVE",
        }
    }
}

/// A whole document, in which characters that can't be seen, or that turn the text around them, are written out.
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\n' || is_visible(letter) {
            seen.push(letter);
        } else {
            seen.extend(letter.escape_unicode());
        }
    }
    seen
}

/// `1 case`, `1,204 cases`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// `1,204`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `0.8 s`, `1 min 5 s`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `1,204×`.
pub fn times(count: u32) -> String {
    format!("{}×", grouped(count as usize))
}

/// `0.4 ms`.
pub fn milliseconds(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1000.0)
}

/// As many letters as there is room for, an ellipsis where some are missing.
pub fn cut(text: &str, letters_max: usize) -> String {
    match text.chars().nth(letters_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(letters_max - 1).chain(['…']).collect(),
    }
}

/// How often each verdict was given: `3 pass, 1 fail`.
pub fn tally<'a>(results: impl IntoIterator<Item = &'a RequirementResult>) -> String {
    let counts = verdict_counts(results).into_iter();
    let counts: Vec<String> = counts.map(|(v, count)| format!("{count} {v}")).collect();
    counts.join(", ")
}

/// The requirements of a verdict by the reason for it.
pub fn by_reason(report: &Report, verdict: Verdict) -> Vec<(&str, Vec<&str>)> {
    let mut reasons: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for result in report.requirements.iter().filter(|r| r.verdict == verdict) {
        let because = result.because.as_deref().unwrap_or("no reason is given");
        reasons.entry(because).or_default().push(result.id.as_str());
    }
    reasons.into_iter().collect()
}

/// Where an obstacle came, and whether it came again.
pub fn place(obstacle: &ObstacleFact) -> String {
    let place = match (obstacle.case.as_str(), obstacle.step) {
        ("", _) => String::new(),
        (case, None) => format!("in {case}"),
        (case, Some(step)) => format!("in {case}, step {}", step.0),
    };
    match obstacle.overcome {
        true => format!("{place}; not when it was run again, so it decides nothing"),
        false => place,
    }
}

/// The document that the target was held to.
pub fn contract(report: &Report) -> String {
    let contract = &report.contract;
    let digest: String = contract.sha256.chars().take(12).collect();
    format!(
        "{} {} ({}, sha256 {digest}…)",
        contract.title, contract.version, contract.file
    )
}

/// Where that document contradicts the one that comes with cardproof.
pub fn contradictions(report: &Report) -> impl Iterator<Item = String> {
    let contradictions = report.contract.contradictions.iter();
    contradictions.map(|words| format!("against the contract that comes with cardproof: {words}"))
}

/// What judged, and what it ran.
pub fn judged_by(report: &Report) -> String {
    let suites = match report.suites.join(", ") {
        none if none.is_empty() => String::new(),
        names => format!(", suites {names}, seed {}", report.seed),
    };
    format!("cardproof {}{suites}", report.cardproof)
}

/// How much was done.
pub fn done(report: &Report) -> String {
    let totals = &report.totals;
    let mut words = format!(
        "{} of {}, {}",
        grouped(totals.cases),
        counted(totals.planned, "case"),
        counted(totals.requests, "request"),
    );
    if totals.requests_to_shrink > 0 {
        words += &format!(
            ", {} more to shrink and confirm",
            grouped(totals.requests_to_shrink)
        );
    }
    if report.took_ms > 0 {
        words += &format!(", {}", duration(report.took_ms));
    }
    words
}

/// The command that runs a reproducer again, for a shell; none where there is no file of it.
pub fn replay_line(look: &Look<'_>, finding: &Finding) -> Option<String> {
    let file = finding.file.as_ref()?;
    let path = look.folder.unwrap_or(Path::new("")).join(file);
    let path = for_shell(&path.display().to_string());
    let line = format!("cardproof replay {path} {}", look.target_flags);
    Some(line.trim_end().to_owned())
}

/// The command that does the whole run again; none for what was only judged.
pub fn run_line(report: &Report, look: &Look<'_>) -> Option<String> {
    report.started_at.as_ref()?;
    let suites = report.suites.iter();
    let suites = suites.map(|suite| format!(" --suite {}", for_shell(suite)));
    let cases = report.cases.map(|cases| format!(" --cases {cases}"));
    let flags = match look.target_flags {
        "" => String::new(),
        flags => format!(" {flags}"),
    };
    Some(format!(
        "cardproof run{flags}{} --seed {}{}",
        suites.collect::<String>(),
        report.seed,
        cases.unwrap_or_default()
    ))
}

/// A word as a shell takes it.
pub fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What a step was answered with, in a few words.
pub fn answer(finding: &Finding, number: StepNumber, step: &Step) -> String {
    let exchanges: Vec<&Exchange> = finding.exchanges_of(number).collect();
    let shown = match finding.shown_by() {
        Some(exchange) if number == finding.departure.step && exchange.step == number => exchange,
        _ => match exchanges.last() {
            Some(exchange) => exchange,
            None if is_silent(&step.command) => return String::new(),
            None => return "not sent".to_owned(),
        },
    };
    let mut words = reply(&shown.reply);
    if exchanges.len() > 1 {
        words += &format!("  (one of {})", counted(exchanges.len(), "request"));
    }
    words
}

/// What became of a request, in a few words.
pub fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Got(response) => response_words(response),
        Reply::Lost(words) => format!("no answer: {words}"),
        Reply::LetGo(words) => format!("answer let go: {words}"),
    }
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
        Ok(Value::Array(listed)) => Some(list_words(&listed, response.excerpt_of)),
        Ok(_) => None,
        Err(_) if response.body.trim().is_empty() => None,
        Err(_) => Some("a body that is no JSON".to_owned()),
    };
    match said {
        Some(said) => format!("{status}  {said}"),
        None => status.to_string(),
    }
}

/// A list of cards or of subscriptions.
fn list_words(listed: &[Value], excerpt_of: Option<usize>) -> String {
    let statuses: Vec<&str> = listed
        .iter()
        .filter_map(|card| card.get("status")?.as_str())
        .collect();
    let are_subscriptions = listed.iter().any(|one| one.get("callbackUrl").is_some());
    let what = if are_subscriptions {
        "subscription"
    } else {
        "card"
    };
    let mut words = counted(listed.len(), what);
    if !statuses.is_empty() {
        words += &format!(": {}", statuses.join(", "));
    }
    match excerpt_of {
        Some(all) => format!("{words} (of {all})"),
        None => words,
    }
}

/// The events that came while a step was at work, or after it and before the next.
pub fn events_of(finding: &Finding, number: StepNumber) -> Vec<&Event> {
    let exchanges = &finding.exchanges;
    let Some(began) = exchanges.iter().find(|e| e.step == number) else {
        return Vec::new();
    };
    let ended = exchanges.iter().find(|e| e.step > number);
    let is_between = |event: &&Event| {
        event.received_at >= began.sent_at && ended.is_none_or(|e| event.received_at < e.sent_at)
    };
    finding.events.iter().filter(is_between).collect()
}

/// An event, in a few words.
pub fn event(event: &Event) -> String {
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let said = match body.get("status").and_then(Value::as_str) {
        Some(status) => status.to_owned(),
        None if body.is_object() => "no card".to_owned(),
        None => "a body that is no JSON".to_owned(),
    };
    let refused = if event.answered < 300 {
        ""
    } else {
        ", refused"
    };
    format!("event: {said}{refused}")
}

/// What the contract asks for. Of a member the value alone would not say which is meant.
pub fn asked_for(departure: &Departure) -> String {
    let Departure {
        subject, expected, ..
    } = departure;
    let member = subject
        .strip_prefix('`')
        .and_then(|rest| rest.split_once('`'));
    match member {
        Some((name, _)) if !expected.contains(name) => format!("{subject}: {expected}"),
        _ => expected.clone(),
    }
}

/// The same, and since when.
pub fn expected(departure: &Departure) -> String {
    let since = departure.since.as_ref().map_or_else(String::new, |origin| {
        format!(", since step {} ({})", origin.step.0, origin.rule)
    });
    format!("{}{since}", asked_for(departure))
}

/// The rules that may be broken instead, if there are any.
pub fn instead(departure: &Departure) -> Option<String> {
    let rules: Vec<String> = departure.instead.iter().map(ToString::to_string).collect();
    (!rules.is_empty()).then(|| {
        format!(
            "{}: this sequence does not tell them apart",
            rules.join(", ")
        )
    })
}

/// How often it came again.
pub fn confirmation(confirmation: Confirmation) -> String {
    match (confirmation.reproduced, confirmation.attempts) {
        (_, 0) => "not run again".to_owned(),
        (0, attempts) => format!("unconfirmed 0/{attempts}"),
        (reproduced, attempts) => format!("reproduced {reproduced}/{attempts}"),
    }
}

/// How often it came again, and where it was seen.
pub fn evidence(finding: &Finding) -> String {
    let mut words = confirmation(finding.confirmation);
    if finding.requirement.requirement().level == Level::Should {
        words = format!("a recommendation, which fails no run; {words}");
    }
    match (finding.found_in.as_str(), finding.seen_in) {
        ("", _) => words,
        (first, 1) => format!("{words}; seen in {first}"),
        (first, many) => {
            format!(
                "{words}; seen in {}, first in {first}",
                counted(many, "case")
            )
        }
    }
}

/// An order that was tried for what overlapped, and why it fails.
pub fn order(tried: &TriedOrder) -> String {
    let order: Vec<String> = tried.order.iter().map(ToString::to_string).collect();
    let (fails_at, because) = (tried.fails_at, &tried.because);
    match order.is_empty() {
        true => format!("{fails_at} can't come first: {because}"),
        false => format!("{}, then {fails_at}: {because}", order.join(", ")),
    }
}

/// How much was made in listed accounts.
pub fn made(made: &Made) -> String {
    let cards = counted(made.cards, "card");
    let left = match made.left.len() {
        0 => "all of them final".to_owned(),
        left => format!("{left} of them left there"),
    };
    format!("{cards} made in the listed accounts, {left}")
}

/// A card that was left behind.
pub fn left(left: &Left) -> String {
    let kind = left.card_type.map_or("", |t| t.as_str());
    let status = left
        .status
        .map_or("never read".to_owned(), |s| s.to_string());
    format!(
        "{kind} card {} of account {}, {status}: {}",
        left.card, left.account, left.because
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::revival;

    #[test]
    fn lists_are_told_by_what_stands_in_them() {
        let card = serde_json::json!({"status": "active"});
        let subscription = serde_json::json!({"callbackUrl": "http://h/1"});
        for (listed, excerpt_of, words) in [
            (vec![], None, "0 cards"),
            (vec![card.clone()], None, "1 card: active"),
            (vec![card], Some(9), "1 card: active (of 9)"),
            (vec![subscription.clone()], None, "1 subscription"),
            (
                vec![subscription.clone(), subscription],
                None,
                "2 subscriptions",
            ),
        ] {
            assert_eq!(list_words(&listed, excerpt_of), words);
        }
    }

    #[test]
    fn a_value_is_told_with_the_member_that_it_is_of() {
        for (subject, expected, told) in [
            (
                "`network` in an event",
                "\"visa\"",
                "`network` in an event: \"visa\"",
            ),
            (
                "`network` of a card",
                "`network`, since it is active",
                "`network`, since it is active",
            ),
            (
                "a list",
                "only cards that a create made",
                "only cards that a create made",
            ),
        ] {
            let departure = Departure {
                subject: subject.to_owned(),
                expected: expected.to_owned(),
                ..revival().departure
            };
            assert_eq!(asked_for(&departure), told);
        }
    }
}
