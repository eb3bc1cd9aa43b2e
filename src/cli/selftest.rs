//! `cardproof selftest`: is each planted fault caught, and is each correct implementation left alone?

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::failure::{OrUsage, Outcome};
use super::output::{Output, show_page};
use super::progress::Count;
use super::target;
use crate::exit_code::ExitCode;
use crate::reference::{Fault, faults};
use crate::report::text::page::{BAD, DIM, GOOD, NAME, PLAIN, Page, Span, UNSURE, plain};
use crate::selftest::{CorrectRow, FaultRow, Plan, Selftest, core_faults, selftest};

/// Test cardproof itself: by default, a fault for each requirement and a sample of the cases for each correct implementation.
#[derive(clap::Args)]
pub struct Args {
    /// Plant only this fault, and leave the correct implementations out; may be repeated.
    #[arg(long, value_name = "ID", value_parser = target::fault, value_delimiter = ',')]
    fault: Vec<&'static Fault>,
    /// Plant none: see that no correct implementation departs, each met with every case.
    #[arg(long, conflicts_with = "fault")]
    correct: bool,
    /// Plant every fault, and meet each correct implementation with every case: a quarter of an hour on two cores.
    #[arg(long, conflicts_with_all = ["fault", "correct"])]
    all: bool,
    /// Do it with so many seeds, from 1 on.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// Generate so many cases for each correct implementation.
    #[arg(long, value_name = "N", default_value_t = 100)]
    cases: usize,
    /// Test so many targets at a time.
    #[arg(short, long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Write selftest.json to this folder.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Of the cases, a correct implementation is met with one in so many, unless more is asked for: the selftest is to end within
/// two minutes on two cores.
const SAMPLE: NonZeroUsize = NonZeroUsize::new(8).unwrap();

impl Args {
    /// The faults, and one in how many cases for each correct implementation.
    fn chosen(&self) -> (Vec<&'static Fault>, Option<NonZeroUsize>) {
        let every_case = Some(NonZeroUsize::MIN);
        if self.all {
            (faults().iter().collect(), every_case)
        } else if self.correct {
            (Vec::new(), every_case)
        } else if self.is_part() {
            (core_faults(), Some(SAMPLE))
        } else {
            (self.fault.clone(), None)
        }
    }

    /// Nothing in particular is asked for.
    fn is_part(&self) -> bool {
        !self.all && !self.correct && self.fault.is_empty()
    }
}

/// Tests and tells.
pub fn execute(args: &Args, output: Output) -> Outcome {
    let (faults, correct) = args.chosen();
    let plan = Plan {
        faults,
        correct,
        seeds: 1..args.seeds + 1,
        cases: args.cases,
        at_once: usize::from(args.workers),
    };
    let count = Count::new(output);
    let tested = selftest(&plan, &|done, all| count.done(done, all, "implementations"));
    drop(count);
    let selftest = tested.or_usage()?;
    if let Some(folder) = &args.out {
        write(folder, &selftest).or_usage()?;
    }
    show_page(|page| draw(page, &selftest, args.is_part()))?;
    Ok(match selftest.is_good() {
        true => ExitCode::Conforms,
        false => ExitCode::Internal,
    })
}

fn write(folder: &std::path::Path, selftest: &Selftest) -> anyhow::Result<()> {
    let path = folder.join("selftest.json");
    let text = serde_json::to_string_pretty(selftest)?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text + "\n"))
        .map_err(|error| anyhow::anyhow!("can't write {}: {error}", path.display()))
}

fn draw(page: &mut Page<'_>, selftest: &Selftest, is_part: bool) -> io::Result<()> {
    page.line(&[Span::new(
        DIM,
        format!(
            "{:<8}{:<11}{:>9}{:>7}  {}",
            "", "breaks", "requests", "steps", "fault"
        ),
    )])?;
    for row in &selftest.faults {
        draw_fault(page, row)?;
    }
    if !selftest.correct.is_empty() {
        page.blank()?;
    }
    for row in &selftest.correct {
        draw_correct(page, row)?;
    }
    sum_up(page, selftest, is_part)
}

fn draw_fault(page: &mut Page<'_>, row: &FaultRow) -> io::Result<()> {
    let (word, style) = match (row.is_named(), row.is_caught()) {
        (true, _) => ("caught", GOOD),
        (false, true) => ("other", UNSURE),
        (false, false) => ("missed", BAD),
    };
    let length = row
        .length
        .map_or_else(|| "-".to_owned(), |length| length.to_string());
    let aside = match (row.is_named(), row.is_shortest()) {
        (false, _) if row.is_caught() => {
            let named: Vec<String> = row.caught_by.iter().map(ToString::to_string).collect();
            format!("  named: {}", named.join(", "))
        }
        (true, false) => format!("  {} would do", row.shortest),
        // The second run is the whole suite; further ones are made where it misses what shows by chance.
        _ if row.runs > 2 => format!("  in run {}", row.runs),
        _ => String::new(),
    };
    page.line(&[
        Span::padded(style, word, 8),
        Span::padded(NAME, &row.requirement, 11),
        Span::right(PLAIN, row.requests.to_string(), 9),
        Span::right(PLAIN, length, 7),
        plain(format!("  {}", row.fault)),
        Span::new(DIM, aside),
    ])
}

fn draw_correct(page: &mut Page<'_>, row: &CorrectRow) -> io::Result<()> {
    let (word, style) = match row.departures.is_empty() {
        true => ("alone", GOOD),
        false => ("ALARM", BAD),
    };
    page.line(&[
        Span::padded(style, word, 8),
        Span::right(PLAIN, row.requests.to_string(), 20),
        plain(format!("         {}", row.variant)),
    ])?;
    match &row.words {
        Some(words) => page.hanging(&[plain("        ")], BAD, words),
        None => Ok(()),
    }
}

fn sum_up(page: &mut Page<'_>, selftest: &Selftest, is_part: bool) -> io::Result<()> {
    let count = |is: fn(&FaultRow) -> bool| selftest.faults.iter().filter(|row| is(row)).count();
    let alarms = selftest
        .correct
        .iter()
        .filter(|row| !row.departures.is_empty())
        .count();
    page.blank()?;
    let words = format!(
        "{} of {} faults caught, {} by the requirement that they break, {} by a sequence as short as can be; \
         {alarms} false alarms from {} correct implementations; {:.1} s",
        count(FaultRow::is_caught),
        selftest.faults.len(),
        count(FaultRow::is_named),
        count(FaultRow::is_shortest),
        selftest.correct.len(),
        selftest.took_ms as f64 / 1000.0,
    );
    page.hanging(&[], PLAIN, &words)?;
    match is_part {
        true => page.hanging(
            &[],
            DIM,
            &format!(
                "A fault for each requirement, of {} that are known, and one case in {SAMPLE} for each correct implementation; \
                 `selftest --all` takes all of them.",
                faults().len(),
            ),
        ),
        false => Ok(()),
    }
}
