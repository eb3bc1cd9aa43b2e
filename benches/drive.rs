//! How fast cases are driven, as ratios to something run beside it: a bare `reqwest` loop, `wrk` where it is installed,
//! and the P-384 operations alone. `cargo bench --bench drive`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use cardproof::case::Case;
use cardproof::contract::Contract;
use cardproof::drive::{Session, StopSignal, TraceWriter};
use cardproof::embedded::Embedded;
use cardproof::judge::judge;
use cardproof::plan::{Budget, Suite, plan};
use cardproof::profile::Profile;
use cardproof::reference::Options;
use cardproof::run::abilities;
use cardproof::trace::{CaseNumber, CaseTrace, Micros};

const IN_FLIGHT: [usize; 3] = [1, 8, 64];
const READS: usize = 100;
const TURN: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 5;

fn main() {
    let only: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wanted = |part: &str| only.is_empty() || only.iter().any(|o| o == part);
    if wanted("unsigned") {
        println!(
            "unsigned reads of one card, requests/s, best of {ROUNDS} turns; below, CPU µs per request, target included, least of {ROUNDS}"
        );
        println!(
            "{:>9} {:>10} {:>10} {:>10} {:>14} {:>10}",
            "in flight", "wrk", "reqwest", "driver", "driver/reqwest", "driver/wrk"
        );
        for in_flight in IN_FLIGHT {
            unsigned(in_flight);
        }
    }
    if wanted("signed") {
        signed();
    }
    if wanted("thinking") {
        thinking();
    }
}

/// What one way of asking reached.
#[derive(Clone, Copy)]
struct Pace {
    /// Requests per second, of wall time.
    rate: f64,
    /// CPU seconds per request, of the target and whoever asks. On a machine with other work it is the steadier figure:
    /// at full load, its inverse times the cores is the rate.
    cpu: f64,
}

impl Pace {
    const WORST: Self = Self {
        rate: 0.0,
        cpu: f64::INFINITY,
    };

    /// The pace of `run`, which returns how many requests it made in which time.
    fn of(run: impl FnOnce() -> Option<(f64, f64)>) -> Self {
        let before = cpu_seconds();
        run().map_or(Self::WORST, |(count, seconds)| Self {
            rate: count / seconds,
            cpu: (cpu_seconds() - before) / count,
        })
    }

    fn best(self, other: Self) -> Self {
        Self {
            rate: self.rate.max(other.rate),
            cpu: self.cpu.min(other.cpu),
        }
    }
}

/// CPU time of this process and of children that have ended, where the system tells it (Linux, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    fields
        .skip(11)
        .take(4)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn target(signatures: bool) -> (Embedded, Profile) {
    let options = Options {
        signatures,
        ..Options::default()
    };
    let embedded = Embedded::start(options).expect("the reference starts");
    let mut profile = embedded.profile();
    profile.signing.enabled = signatures;
    (embedded, profile)
}

fn unsigned(in_flight: usize) {
    let (embedded, profile) = target(false);
    let (token, card) = one_card(&embedded, &profile);
    let url = format!("{}/cards/{card}", embedded.running().base_url);
    let session = Session::connect(profile).unwrap_or_else(|e| panic!("{e}"));
    let (mut bare, mut driven, mut wrked) = (Pace::WORST, Pace::WORST, Pace::WORST);
    for _ in 0..ROUNDS {
        bare = bare.best(Pace::of(|| Some(reqwest_loop(&url, &token, in_flight))));
        driven = driven.best(Pace::of(|| Some(drive(&session, in_flight))));
        wrked = wrked.best(Pace::of(|| wrk(&url, &token, in_flight)));
    }
    println!(
        "{in_flight:>9} {:>10.0} {:>10.0} {:>10.0} {:>13.0}% {:>9.0}%",
        wrked.rate,
        bare.rate,
        driven.rate,
        100.0 * driven.rate / bare.rate,
        100.0 * driven.rate / wrked.rate
    );
    println!(
        "{:>9} {:>10.1} {:>10.1} {:>10.1} {:>13.0}% {:>9.0}%",
        "CPU",
        wrked.cpu * 1e6,
        bare.cpu * 1e6,
        driven.cpu * 1e6,
        100.0 * bare.cpu / driven.cpu,
        100.0 * wrked.cpu / driven.cpu
    );
}

/// A card to read, made as a user of the API would.
fn one_card(embedded: &Embedded, profile: &Profile) -> (String, String) {
    let session = Session::connect(profile.clone()).unwrap_or_else(|e| panic!("{e}"));
    let traces = session.drive_batch(&[reads(1)], &StopSignal::new());
    let path = &traces[0].exchanges[1].request.path;
    let running = embedded.running();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let token = runtime.block_on(async {
        let body = serde_json::json!({"apiKey": running.api_key, "apiSecret": running.api_secret});
        let client = reqwest::Client::new();
        let request = client
            .post(format!("{}/auth/token", running.base_url))
            .json(&body);
        let answer: serde_json::Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["token"].as_str().expect("a token").to_owned()
    });
    (token, path.trim_start_matches("/cards/").to_owned())
}

fn reads(count: usize) -> Case {
    let steps = std::iter::once("create virtual on A").chain(std::iter::repeat_n("read #1", count));
    Case {
        name: "reads".to_owned(),
        title: String::new(),
        steps: steps.map(|s| s.parse().expect("a step")).collect(),
    }
}

fn reqwest_loop(url: &str, token: &str, in_flight: usize) -> (f64, f64) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .build()
        .expect("a client");
    let until = Instant::now() + TURN;
    let done: usize = runtime.block_on(async {
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let (client, url, token) = (client.clone(), url.to_owned(), token.to_owned());
                tokio::spawn(async move {
                    let mut done = 0;
                    while Instant::now() < until {
                        let answer = client
                            .get(&url)
                            .bearer_auth(&token)
                            .send()
                            .await
                            .expect("an answer");
                        answer.bytes().await.expect("a body");
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.expect("a task");
        }
        done
    });
    (number(done), TURN.as_secs_f64())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn drive(session: &Session, in_flight: usize) -> (f64, f64) {
    let folder = std::env::temp_dir().join(format!("cardproof-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let header = cardproof::trace::Header {
        trace: cardproof::trace::TRACE_VERSION,
        cardproof: String::new(),
        run: None,
        target: String::new(),
        contract: String::new(),
        seed: 0,
        suites: Vec::new(),
        cases: None,
        terms: cardproof::trace::Terms::default(),
        base_url: String::new(),
        disabled: std::collections::BTreeMap::new(),
        lacks: Vec::new(),
    };
    let trace =
        Arc::new(TraceWriter::create(&folder.join("trace.jsonl"), &header).expect("a trace"));
    let stop = StopSignal::new();
    let case = reads(READS);
    let cases = (1..).map(move |n| (CaseNumber(n), case.clone()));
    let began = Instant::now();
    let mut done = 0;
    for case in session.run_cases(cases, in_flight, &trace, &stop) {
        done += case.exchanges.len();
        if began.elapsed() >= TURN {
            stop.no_new_cases();
        }
    }
    let took = began.elapsed();
    trace.finish().expect("a written trace");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    (number(done), took.as_secs_f64())
}

fn wrk(url: &str, token: &str, in_flight: usize) -> Option<(f64, f64)> {
    let threads = in_flight.min(2).to_string();
    let output = Command::new("wrk")
        .args([
            "-t",
            &threads,
            "-c",
            &in_flight.to_string(),
            "-d",
            "2s",
            "-H",
        ])
        .arg(format!("Authorization: Bearer {token}"))
        .arg(url)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|l| l.contains(" requests in "))?;
    let mut words = line.split_whitespace();
    let count = words.next()?.parse().ok()?;
    let seconds = words.nth(2)?.strip_suffix("s,")?.parse().ok()?;
    Some((count, seconds))
}

/// Signed requests, against what signing and verifying alone would allow on all cores, and against what a bare `reqwest` loop
/// could reach at most if it did the same operations.
fn signed() {
    const AT_ONCE: usize = 16;
    let (unsigned, plain) = target(false);
    let (token, card) = one_card(&unsigned, &plain);
    let url = format!("{}/cards/{card}", unsigned.running().base_url);
    let (_embedded, profile) = target(true);
    let session = Session::connect(profile).unwrap_or_else(|e| panic!("{e}"));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("\nsigned reads, requests/s, against the P-384 operations alone on {cores} cores");
    let mut allowed = Pace::WORST;
    let (mut driven, mut bare) = (Pace::WORST, Pace::WORST);
    for _ in 0..ROUNDS {
        allowed = allowed.best(Pace::of(|| Some(signatures_alone(cores))));
        driven = driven.best(Pace::of(|| Some(drive(&session, AT_ONCE))));
        bare = bare.best(Pace::of(|| Some(reqwest_loop(&url, &token, AT_ONCE))));
    }
    println!(
        "{:>9.0} of {:.0}: {:.0}%",
        driven.rate,
        allowed.rate,
        100.0 * driven.rate / allowed.rate
    );
    println!(
        "CPU µs per request: {:.0} of {:.0}: {:.0}%",
        allowed.cpu * 1e6,
        driven.cpu * 1e6,
        100.0 * allowed.cpu / driven.cpu
    );
    println!(
        "a bare reqwest loop, unsigned, costs {:.0}: with the same operations it would be at {:.0}% at most",
        bare.cpu * 1e6,
        100.0 * allowed.cpu / (allowed.cpu + bare.cpu)
    );
}

/// Sign-and-verify pairs per second, each core for itself.
fn signatures_alone(cores: usize) -> (f64, f64) {
    let random = SystemRandom::new();
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, document.as_ref())
        .expect("a key");
    let public =
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key.public_key().as_ref().to_vec());
    let base = [b'x'; 430];
    let until = Instant::now() + TURN;
    let done: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while Instant::now() < until {
                        let signature = key.sign(&random, &base).expect("a signature");
                        public
                            .verify(&base, signature.as_ref())
                            .expect("it verifies");
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("a thread"))
            .sum()
    });
    (number(done), TURN.as_secs_f64())
}

/// What planning and judging take of a run, and how judging grows with the length of a trace.
fn thinking() {
    let (_embedded, profile) = target(true);
    let contract = Contract::embedded();
    let terms = profile.terms();
    let offered = abilities(&profile);
    let suites = Suite::find("full").expect("the suite");
    let session = Session::connect(profile).unwrap_or_else(|e| panic!("{e}"));
    let began = Instant::now();
    let cases: Vec<_> = plan(&suites, 1, Budget::default(), contract, offered)
        .map(|p| p.case)
        .collect();
    let planning = began.elapsed();
    let count = cases.len();
    let numbered = cases
        .into_iter()
        .enumerate()
        .map(|(n, c)| (CaseNumber(n + 1), c));
    let began = Instant::now();
    let stop = StopSignal::new();
    let traces: Vec<CaseTrace> = session
        .run_cases(numbered, 16, &Arc::new(TraceWriter::none()), &stop)
        .collect();
    let driving = began.elapsed();
    let began = Instant::now();
    for trace in &traces {
        std::hint::black_box(judge(contract, &terms, trace));
    }
    let judging = began.elapsed();
    let requests: usize = traces.iter().map(|t| t.exchanges.len()).sum();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let run = driving * u32::try_from(cores).unwrap_or(1) + planning + judging;
    println!(
        "\n{count} cases, {requests} requests: planning {planning:.1?}, judging {judging:.1?}, driving {driving:.1?} on {cores} cores; \
         thinking takes {:.1}% of the run",
        100.0 * (planning + judging).as_secs_f64() / run.as_secs_f64()
    );
    println!("\njudging one long case");
    for length in [1_000, 10_000, 100_000] {
        let long = session.drive_batch(&[reads(100)], &stop).remove(0);
        let long = stretched(long, length);
        let began = Instant::now();
        std::hint::black_box(judge(contract, &terms, &long));
        let took = began.elapsed();
        println!(
            "{length:>9} exchanges: {took:.2?}, {:.2?} each",
            took / length
        );
    }
}

/// A case that reads its card again and again, `length` exchanges in all, one after the other.
fn stretched(mut case: CaseTrace, length: u32) -> CaseTrace {
    let mut read = case.exchanges[case.exchanges.len() - 1].clone();
    while case.exchanges.len() < length as usize {
        let took = read.received_at.0 - read.sent_at.0;
        read.sent_at = Micros(read.received_at.0 + 1);
        read.received_at = Micros(read.sent_at.0 + took);
        case.exchanges.push(read.clone());
    }
    case
}
