//! `cardproof list`: what there is.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::json;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::{show, show_page};
use crate::exit_code::ExitCode;
use crate::plan::Suite;
use crate::reference::{Fault, faults, open_points};
use crate::report::files;
use crate::report::text::page::{DIM, NAME, PLAIN, Page, Span, plain};
use crate::requirement::{self, topics};

/// List what there is.
#[derive(clap::Args)]
pub struct Args {
    /// What to list.
    what: What,
    /// In which form; `json` is complete.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The built-in suites, for --suite.
    Suites,
    /// The catalogue of rules.
    Requirements,
    /// Mistakes that can be planted in the embedded reference, for --fault.
    Faults,
    /// Open points of the contract, the readings that conform, and those that --reading takes.
    Readings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Lists.
pub fn execute(args: &Args) -> Outcome {
    match args.format {
        Format::Text => text(args.what)?,
        Format::Json => json(args.what)?,
    }
    Ok(ExitCode::Conforms)
}

fn text(what: What) -> Result<(), Failure> {
    let suites = built_in_suites()?;
    show_page(|page| match what {
        What::Suites => suites.iter().try_for_each(|suite| write_suite(page, suite)),
        What::Requirements => write_requirements(page),
        What::Faults => faults()
            .iter()
            .try_for_each(|fault| write_fault(page, fault)),
        What::Readings => write_readings(page),
    })
}

/// The built-in suites, each without those that it includes.
pub fn built_in_suites() -> Result<Vec<Suite>, Failure> {
    Suite::built_in_names()
        .into_iter()
        .filter_map(|name| match Suite::find(name) {
            Ok(mut found) => found.pop().map(Ok),
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<_, _>>()
        .or_usage()
}

fn write_suite(page: &mut Page<'_>, suite: &Suite) -> io::Result<()> {
    let generated: usize = suite.generate.iter().map(|table| table.cases).sum();
    let counts = format!("{} written, {generated} generated", suite.cases.len());
    page.line(&[Span::padded(NAME, &suite.name, 14), Span::new(DIM, counts)])?;
    page.hanging(&[plain("  ")], PLAIN, &suite.about)
}

fn write_requirements(page: &mut Page<'_>) -> io::Result<()> {
    for (index, (topic, requirements)) in topics().enumerate() {
        if index > 0 {
            page.blank()?;
        }
        page.line(&[Span::new(PLAIN.bold(), topic)])?;
        for requirement in requirements {
            let id = Span::padded(NAME, requirement.id.as_str(), 10);
            page.hanging(&[plain("  "), id], PLAIN, requirement.rule)?;
        }
    }
    Ok(())
}

fn write_fault(page: &mut Page<'_>, fault: &Fault) -> io::Result<()> {
    page.line(&[
        Span::padded(DIM, fault.requirement, 10),
        Span::new(NAME, fault.id),
    ])?;
    page.hanging(&[Span::padded(DIM, "", 10)], PLAIN, fault.words)
}

fn write_readings(page: &mut Page<'_>) -> io::Result<()> {
    page.line(&[
        Span::new(PLAIN.bold(), "Open points, and the readings that conform"),
        Span::new(DIM, "  pin one in a profile under [readings]"),
    ])?;
    let points = requirement::all().filter_map(|r| r.point.map(|point| (r.id, point)));
    for (id, point) in points {
        let head = [
            plain("  "),
            Span::padded(DIM, id.as_str(), 9),
            Span::padded(NAME, point.name, 24),
        ];
        page.hanging(&head, PLAIN, &point.readings.join(" | "))?;
    }
    page.blank()?;
    page.line(&[
        Span::new(
            PLAIN.bold(),
            "What --reading takes for the embedded reference",
        ),
        Span::new(DIM, "  the first is the usual one"),
    ])?;
    for point in open_points() {
        let head = [plain("  "), Span::padded(NAME, point.name, 33)];
        page.hanging(&head, PLAIN, &point.options.join(" | "))?;
    }
    Ok(())
}

fn json(what: What) -> Result<(), Failure> {
    let bytes = match what {
        What::Requirements => files::requirements_file(),
        What::Suites => pretty(
            &built_in_suites()?
                .iter()
                .map(suite_value)
                .collect::<Vec<_>>(),
        ),
        What::Faults => pretty(&faults().iter().map(fault_value).collect::<Vec<_>>()),
        What::Readings => pretty(&readings_value()),
    };
    show(|out: &mut dyn Write| out.write_all(&bytes))
}

fn pretty(value: &(impl serde::Serialize + ?Sized)) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("names of members are texts");
    bytes.push(b'\n');
    bytes
}

fn suite_value(suite: &Suite) -> serde_json::Value {
    let generated: usize = suite.generate.iter().map(|table| table.cases).sum();
    json!({
        "name": suite.name,
        "title": suite.title,
        "about": suite.about,
        "includes": suite.includes,
        "cases": suite.cases.iter().map(|case| &case.name).collect::<Vec<_>>(),
        "generated": generated,
    })
}

fn fault_value(fault: &Fault) -> serde_json::Value {
    json!({
        "id": fault.id,
        "words": fault.words,
        "requirement": fault.requirement,
        "shortest": fault.shortest,
    })
}

fn readings_value() -> serde_json::Value {
    let points: Vec<_> = requirement::all()
        .filter_map(|r| r.point.map(|point| (r, point)))
        .map(|(r, point)| {
            json!({
                "id": r.id,
                "point": point.name,
                "readings": point.readings,
            })
        })
        .collect();
    let reference: Vec<_> = open_points()
        .iter()
        .map(|point| json!({ "point": point.name, "readings": point.options }))
        .collect();
    json!({ "open_points": points, "reference": reference })
}
