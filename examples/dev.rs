use cardproof::*;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let fault = args.get(1).and_then(|f| reference::fault(f));
    let mut options = reference::Options {
        fault,
        ..Default::default()
    };
    for a in args.iter().skip(2) {
        if let Some((p, o)) = a.split_once('=') {
            options.readings.set(p, o).unwrap();
        }
    }
    if args.iter().any(|a| a == "auto") {
        options.issuance = reference::Issuance::Automatic {
            delay: std::time::Duration::from_millis(5),
        };
    }
    let seed = args
        .iter()
        .find_map(|a| a.strip_prefix("seed:")?.parse().ok())
        .unwrap_or(1);
    let e = embedded::Embedded::start(options).unwrap();
    let profile = e.profile();
    let contract = contract::Contract::embedded();
    let suites = plan::Suite::find("full").unwrap();
    let setting = run::Setting::new(contract, &profile, seed, vec!["full".into()]).unwrap();
    let countries = contract.countries();
    let mut planned = plan::plan(
        &suites,
        seed,
        plan::Budget::default(),
        &countries,
        run::abilities(&profile),
    );
    let session = drive::Session::connect(profile)
        .map_err(|e| e.to_string())
        .unwrap();
    let stage = run::Live {
        session: &session,
        workers: 16,
        trace: Arc::new(drive::TraceWriter::none()),
        stop: drive::StopSignal::new(),
    };
    let report = run::run(
        &stage,
        &setting,
        &mut planned,
        &run::Limits::default(),
        &|| false,
        &mut run::Silent,
    );
    println!(
        "{:?} {} {:?} {} ms",
        report.verdict, report.because, report.totals, report.took_ms
    );
    for f in &report.findings {
        println!(
            "{} {} [{}/{}] seen {} in {}",
            f.id,
            f.departure.subject,
            f.confirmation.reproduced,
            f.confirmation.attempts,
            f.seen_in,
            f.found_in
        );
        for (i, s) in f.case.steps.iter().enumerate() {
            println!("   {} {}", i + 1, s);
        }
        println!(
            "   expected {} since {:?}\n   came {}\n   instead {:?} {}",
            f.departure.expected,
            f.departure.since,
            f.departure.actual,
            f.departure.instead,
            f.departure.diff.clone().unwrap_or_default()
        );
    }
    for r in &report.requirements {
        if r.verdict != report::Verdict::Pass && r.findings.is_empty() {
            println!("{} {:?} {:?}", r.id, r.verdict, r.because);
        }
    }
    for o in report.obstacles.iter().take(10) {
        println!("obstacle {:?}", o);
    }
    if args.iter().any(|a| a == "readings") {
        for r in &report.readings {
            println!(
                "reading {:?} {} ({}) {:?}",
                r.id, r.point, r.scope, r.readings
            );
        }
    }
    if args.iter().any(|a| a == "shown") {
        for r in &report.requirements {
            println!("{} {}", r.id, r.exercised);
        }
    }
}
