//! A gate in a program of your own: the `smoke` suite against a target, the departures, and a verdict.
//!
//! `cargo run --example gate -- cardproof.toml`; without a profile, the embedded reference is the target.

use std::process::ExitCode;
use std::sync::Arc;

use cardproof::contract::Contract;
use cardproof::drive::{Session, StopSignal, TraceWriter};
use cardproof::embedded::Embedded;
use cardproof::plan::{Budget, Suite, plan, planned_count};
use cardproof::profile::Profile;
use cardproof::reference::Options;
use cardproof::report::Overall;
use cardproof::run::{Agenda, Limits, Live, Setting, Silent, abilities, run};

const SEED: u64 = 1;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let embedded; // lives as long as it is tested
    let profile = match std::env::args().nth(1) {
        Some(file) => Profile::load(file.as_ref())?,
        None => {
            embedded = Embedded::start(Options::default())?;
            embedded.profile()
        }
    };
    let contract = Contract::embedded();
    let suites = Suite::find("smoke")?;
    let setting = Setting::new(contract, &profile, SEED, vec!["smoke".to_owned()])?;
    let offered = abilities(&profile);
    let mut cases = plan(&suites, SEED, Budget::default(), contract, offered);
    let session = Session::connect(profile)?;
    let stage = Live {
        session: &session,
        workers: 8,
        trace: Arc::new(TraceWriter::none()),
        stop: StopSignal::new(),
    };
    let agenda = Agenda {
        cases: &mut cases,
        count: planned_count(&suites, Budget::default(), contract),
        recorded: &mut std::iter::empty(),
    };
    let report = run(
        &stage,
        &setting,
        agenda,
        &Limits::default(),
        &|| false,
        &mut Silent,
    );
    for finding in &report.findings {
        println!("{}: {}", finding.requirement, finding.rule);
        for step in &finding.case.steps {
            println!("    {step}");
        }
        let departure = &finding.departure;
        println!(
            "    expected {}, came {}",
            departure.expected, departure.actual
        );
    }
    println!("{}", report.because);
    Ok(match report.verdict {
        Overall::Conforms => ExitCode::SUCCESS,
        Overall::Departs | Overall::Inconclusive => ExitCode::FAILURE,
    })
}
