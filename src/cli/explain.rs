//! `cardproof explain`: all there is to say about one name.

use std::io;

use super::failure::{Failure, Outcome};
use super::list::built_in_suites;
use super::output::show_page;
use crate::contract::Contract;
use crate::exit_code::ExitCode;
use crate::plan::Suite;
use crate::reference::{Fault, OpenPoint, fault, faults, open_points};
use crate::report::text::page::{BOLD, DIM, NAME, PLAIN, Page, Span, bold, plain};
use crate::requirement::{self, Level, Needs, Requirement, Tag};
use crate::selftest::faults_of;
use crate::words::nearest;

/// Explain a name.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  cardproof explain LIFE-4
  cardproof explain terminated-frees-slot
  cardproof explain smoke
  cardproof explain terminate-is-reversible")]
pub struct Args {
    /// A requirement (LIFE-4), an open point, a suite or a fault.
    #[arg(value_name = "NAME")]
    name: String,
}

/// What has names.
enum Subject {
    Requirement(&'static Requirement),
    Suite(Box<Suite>),
    Fault(&'static Fault),
    ReferencePoint(&'static OpenPoint),
}

/// Explains.
pub fn execute(args: &Args) -> Outcome {
    let subject = find(&args.name)?;
    show_page(|page| match &subject {
        Subject::Requirement(requirement) => write_requirement(page, requirement),
        Subject::Suite(suite) => write_suite(page, suite),
        Subject::Fault(fault) => write_fault(page, fault),
        Subject::ReferencePoint(point) => write_reference_point(page, point),
    })?;
    Ok(ExitCode::Conforms)
}

fn find(name: &str) -> Result<Subject, Failure> {
    if let Ok(requirement) = requirement::find(name) {
        return Ok(Subject::Requirement(requirement));
    }
    let suites = built_in_suites()?;
    let names: Vec<String> = suites.iter().map(|suite| suite.name.clone()).collect();
    if let Some(suite) = suites.into_iter().find(|suite| suite.name == name) {
        return Ok(Subject::Suite(Box::new(suite)));
    }
    if let Some(fault) = fault(name) {
        return Ok(Subject::Fault(fault));
    }
    if let Some(point) = open_points().iter().find(|point| point.name == name) {
        return Ok(Subject::ReferencePoint(point));
    }
    Err(Failure::usage(unknown(name, &names)))
}

fn unknown(name: &str, suites: &[String]) -> anyhow::Error {
    let ids = requirement::all().map(|r| r.id.as_str());
    let points = requirement::all().filter_map(|r| r.point.map(|point| point.name));
    let others = suites.iter().map(String::as_str);
    let faults = faults().iter().map(|fault| fault.id);
    let near = nearest(&name.to_ascii_uppercase(), ids)
        .or_else(|| nearest(name, points.chain(others).chain(faults)));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cardproof list requirements` (or suites, faults, readings) names what there is"
            .to_owned(),
    };
    anyhow::anyhow!("there is no requirement, open point, suite or fault called `{name}`; {hint}")
}

fn fact(page: &mut Page<'_>, name: &str, words: &str) -> io::Result<()> {
    page.hanging(&[plain("  "), Span::padded(DIM, name, 11)], PLAIN, words)
}

fn write_requirement(page: &mut Page<'_>, requirement: &Requirement) -> io::Result<()> {
    let head = [Span::new(NAME.bold(), requirement.id.as_str()), plain("  ")];
    page.hanging(&head, BOLD, requirement.rule)?;
    page.blank()?;
    fact(page, "level", level(requirement.level))?;
    let source = requirement
        .source
        .replace("the contract", "the contract (spec/contract.md)");
    let said = format!("{}: {source}", tag(requirement.tag));
    fact(page, "said", &said)?;
    for (index, kind) in requirement.operations.iter().enumerate() {
        let name = if index == 0 { "concerns" } else { "" };
        let mut words = format!("{} ({} {})", kind.name(), kind.method(), kind.path());
        let contract = Contract::embedded();
        if let Some(place) = contract
            .operation(*kind)
            .and_then(|operation| operation.place())
        {
            words += &format!(", {}:{}", contract.file_name(), place.line);
        }
        fact(page, name, &words)?;
    }
    fact(page, "provoked", requirement.provoked)?;
    fact(page, "judged by", requirement.judged)?;
    if let Some(words) = shown(requirement.needs) {
        fact(page, "shown", words)?;
    }
    if let Some(point) = requirement.point {
        fact(page, "readings", &point.readings.join(" | "))?;
        let pin = format!(
            "{} = \"{}\" under [readings] in a profile",
            point.name, point.readings[0]
        );
        fact(page, "pin one", &pin)?;
    }
    for (index, fault) in faults_of(requirement.id).enumerate() {
        let name = if index == 0 { "faults" } else { "" };
        fact(page, name, &format!("{}: {}", fault.id, fault.words))?;
    }
    if let Some(fault) = faults_of(requirement.id).next() {
        page.blank()?;
        fact(
            page,
            "see it",
            &format!("cardproof run --fault {}", fault.id),
        )?;
    }
    Ok(())
}

fn shown(needs: Needs) -> Option<&'static str> {
    match needs {
        Needs::Nothing => None,
        Needs::Simulator => Some("only where the sandbox has the simulator"),
        Needs::Issuer => Some("only where the sandbox offers the issuer's own acts"),
        Needs::Foreign => {
            Some("only where the profile names a card and an account of another programme")
        }
        Needs::Bearer => Some("only where the profile names credentials"),
        Needs::Signing => Some("only where the profile has requests signed"),
        Needs::AtOnce => Some("only where [limits] in the profile let two requests go at once"),
        Needs::Clock
        | Needs::SignatureAge
        | Needs::Webhooks
        | Needs::ForeignSubscription
        | Needs::Changes => Some(needs.reason()),
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must: a departure fails the run",
        Level::Should => "should: a departure is reported, and does not fail the run",
    }
}

fn tag(tag: Tag) -> &'static str {
    match tag {
        Tag::Stated => "stated",
        Tag::Derived => "derived",
        Tag::Open => "open, any reading conforms as long as it is kept to",
    }
}

fn write_suite(page: &mut Page<'_>, suite: &Suite) -> io::Result<()> {
    page.hanging(
        &[Span::new(NAME.bold(), &suite.name), plain("  ")],
        BOLD,
        &suite.title,
    )?;
    page.hanging(&[plain("  ")], PLAIN, &suite.about)?;
    if !suite.includes.is_empty() {
        fact(page, "includes", &suite.includes.join(", "))?;
    }
    for table in &suite.generate {
        let words = format!(
            "{}: {} cases of at most {} steps, {}",
            table.name,
            table.cases,
            table.steps,
            table.focus.as_str()
        );
        fact(page, "generates", &words)?;
    }
    if suite.cases.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let width = suite
        .cases
        .iter()
        .map(|case| case.name.len())
        .max()
        .unwrap_or(0)
        .min(40);
    for case in &suite.cases {
        let head = [plain("  "), Span::padded(NAME, &case.name, width + 2)];
        page.hanging(&head, PLAIN, &case.title)?;
    }
    Ok(())
}

fn write_fault(page: &mut Page<'_>, fault: &Fault) -> io::Result<()> {
    page.hanging(
        &[Span::new(NAME.bold(), fault.id), plain("  ")],
        BOLD,
        fault.words,
    )?;
    page.blank()?;
    let rule = requirement::find(fault.requirement).map_or_else(
        |_| "an open point, read in two ways".to_owned(),
        |requirement| format!("{}: {}", requirement.id, requirement.rule),
    );
    fact(page, "breaks", &rule)?;
    fact(
        page,
        "shown by",
        &format!("{} calls at least", fault.shortest),
    )?;
    page.blank()?;
    fact(
        page,
        "see it",
        &format!("cardproof run --fault {}", fault.id),
    )
}

fn write_reference_point(page: &mut Page<'_>, point: &OpenPoint) -> io::Result<()> {
    page.line(&[
        Span::new(NAME.bold(), point.name),
        plain("  "),
        bold("what the embedded reference can be told"),
    ])?;
    page.blank()?;
    fact(page, "readings", &point.options.join(" | "))?;
    let last = point.options.last().copied().unwrap_or_default();
    fact(
        page,
        "try one",
        &format!("cardproof run --reading {}={last}", point.name),
    )
}
