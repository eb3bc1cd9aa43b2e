//! A finding as the page shows it.

use super::lanes::{RaceView, races};
use super::sequence::Sequence;
use crate::case::StepNumber;
use crate::report::text::Look;
use crate::report::{Finding, Report, curl, reproducer, words};
use crate::requirement::{Needs, Requirement};
use crate::trace::{Event, Exchange, Headers, Reply};

/// A finding, in words.
pub struct FindingView<'a> {
    pub id: &'a str,
    pub finding: &'a Finding,
    /// The catalogue's words on the rule.
    pub requirement: &'static Requirement,
    pub expected: String,
    pub instead: Option<String>,
    pub evidence: String,
    pub confirmation: String,
    /// The step that departs, which tells findings of one rule apart.
    pub at: String,
    pub unconfirmed: bool,
    /// The rule by which what is expected is so, in words.
    pub origin: Option<Origin>,
    pub diff: Vec<DiffLine<'a>>,
    /// Where the document describes what was asked for.
    pub place: Option<String>,
    pub length: String,
    pub sequence: Sequence,
    pub races: Vec<RaceView>,
    pub orders: Vec<String>,
    pub steps: Vec<StepView<'a>>,
    pub replay: Option<String>,
    /// The reproducer, and the name to save it by.
    pub file_name: String,
    pub file: String,
}

/// Where a belief comes from.
pub struct Origin {
    pub step: usize,
    pub rule: String,
    pub words: &'static str,
}

/// A line of a difference.
pub struct DiffLine<'a> {
    pub class: &'static str,
    pub text: &'a str,
}

/// A step with what went over the wire.
pub struct StepView<'a> {
    pub number: usize,
    pub text: String,
    pub answer: String,
    pub departs: bool,
    /// It is shown at once: what departs, and the events where those are what the rule is about.
    pub is_open: bool,
    pub exchanges: Vec<ExchangeView>,
    pub events: Vec<EventView<'a>>,
}

/// A request and what became of it.
pub struct ExchangeView {
    pub request: String,
    pub response: String,
    pub curl: String,
    pub took: String,
    pub shows: bool,
}

/// An event.
pub struct EventView<'a> {
    pub words: String,
    pub text: String,
    pub event: &'a Event,
}

impl<'a> FindingView<'a> {
    pub fn of(report: &'a Report, finding: &'a Finding, look: &Look<'_>) -> Self {
        let departure = &finding.departure;
        let steps = finding.case.numbered();
        Self {
            id: &finding.id,
            finding,
            requirement: finding.requirement.requirement(),
            expected: words::asked_for(departure),
            instead: words::instead(departure),
            evidence: words::evidence(finding),
            confirmation: words::confirmation(finding.confirmation),
            at: step_that_departs(finding),
            unconfirmed: finding.is_unconfirmed(),
            origin: departure.since.as_ref().map(|since| Origin {
                step: since.step.0,
                rule: since.rule.to_string(),
                words: since.rule.requirement().rule,
            }),
            diff: departure
                .diff
                .iter()
                .flat_map(|d| d.lines())
                .map(diff_line)
                .collect(),
            place: place(report, finding),
            length: words::counted(finding.length(), "step"),
            sequence: Sequence::of(finding),
            races: races(finding),
            orders: departure.tried.iter().map(words::order).collect(),
            steps: steps
                .map(|(number, step)| step_view(report, finding, number, step))
                .collect(),
            replay: words::replay_line(look, finding),
            file_name: format!("{}.toml", finding.id),
            file: reproducer::text(finding),
        }
    }
}

/// `` step 4, `read #1` ``.
fn step_that_departs(finding: &Finding) -> String {
    let number = finding.departure.step;
    let mut steps = finding.case.numbered();
    let step = steps.find(|(at, _)| *at == number);
    match step {
        Some((_, step)) => format!("step {}, `{step}`", number.0),
        None => format!("step {}", number.0),
    }
}

/// `PATCH /cards/{}/activate, cards.openapi.yaml line 231`.
fn place(report: &Report, finding: &Finding) -> Option<String> {
    let operation = finding.operation()?;
    let described = report.contract.place_of(operation)?;
    Some(format!(
        "{} {} ({}), {} line {}",
        operation.method(),
        operation.path().replace("{}", "{id}"),
        operation.name(),
        report.contract.file,
        described.line
    ))
}

fn diff_line(line: &str) -> DiffLine<'_> {
    let class = match line.as_bytes().first() {
        Some(b'-') => "expected",
        Some(b'+') => "came",
        _ => "",
    };
    DiffLine { class, text: line }
}

fn step_view<'a>(
    report: &Report,
    finding: &'a Finding,
    number: StepNumber,
    step: &crate::case::Step,
) -> StepView<'a> {
    let own = finding.exchanges.iter().enumerate();
    let own = own.filter(|(_, exchange)| exchange.step == number);
    let departs = number == finding.departure.step;
    let events = words::events_of(finding, number);
    let is_of_events = finding.requirement.requirement().needs == Needs::Webhooks;
    StepView {
        number: number.0,
        text: step.to_string(),
        answer: words::answer(finding, number, step),
        departs,
        is_open: departs || is_of_events && !events.is_empty(),
        exchanges: own
            .map(|(moment, exchange)| {
                let shows = moment == finding.departure.moment;
                exchange_view(report, exchange, shows)
            })
            .collect(),
        events: events
            .into_iter()
            .map(|event| EventView {
                words: words::event(event),
                text: message("", &event.headers, &event.body),
                event,
            })
            .collect(),
    }
}

fn exchange_view(report: &Report, exchange: &Exchange, shows: bool) -> ExchangeView {
    let request = &exchange.request;
    let line = format!("{} {}", request.method, request.path);
    let took = exchange.received_at.0.saturating_sub(exchange.sent_at.0);
    ExchangeView {
        request: message(&line, &request.headers, &request.body_in_words()),
        response: match &exchange.reply {
            Reply::Got(response) => message(
                &response.status.to_string(),
                &response.headers,
                &response.body,
            ),
            lost @ (Reply::Lost(_) | Reply::LetGo(_)) => words::reply(lost),
        },
        curl: curl::line(&report.target.base_url, request),
        took: words::milliseconds(took),
        shows,
    }
}

/// The first line, the header fields, and after an empty line the body.
fn message(line: &str, headers: &Headers, body: &str) -> String {
    let fields = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    let head = match line {
        "" => String::new(),
        line => format!("{line}\n"),
    };
    let head = head + &fields.collect::<String>();
    match body {
        "" => head.trim_end().to_owned(),
        body => format!("{head}\n{body}"),
    }
}
