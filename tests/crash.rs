//! Runs that are killed at any moment: what was answered is recorded, but for what was in flight, and they go on.
#![cfg(unix)]

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use cardproof::trace::Record;
use tokio::runtime::Runtime;

use common::{Served, cardproof, command, folder, report, serve};

const WORKERS: usize = 3;
/// No races: a worker has one request in flight, so that so many may be lost.
const SUITES: &str = "--suite smoke";
/// A run that was killed so often is let go on to its end.
const KILLS_MAX: usize = 10;
/// So many changes are answered at most until the next kill.
const CHANGES_MAX: usize = 12;

/// The body of the create by which a run asks whether it is let in.
const GREETING: &[u8] = br#"{"type":"none"}"#;

/// A change that was asked for: method, path after the base URL, idempotency key.
type Call = (String, String, Option<String>);

/// Passes requests on to a server, and knows which were answered.
#[derive(Clone)]
struct Proxy {
    server: String,
    client: reqwest::Client,
    answered: Arc<(Mutex<HashMap<Call, usize>>, Condvar)>,
}

impl Proxy {
    /// In front of the server of this profile, which is changed to name the proxy.
    fn start(runtime: &Runtime, profile: &Path) -> Self {
        let text = fs::read_to_string(profile).unwrap();
        let (_, rest) = text.split_once("base_url = \"").unwrap();
        let server = rest.split_once("/v1\"").unwrap().0.to_owned();
        let proxy = Self {
            server: server.clone(),
            client: reqwest::Client::new(),
            answered: Arc::default(),
        };
        let listening = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listening).unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        fs::write(profile, text.replace(&server, &own)).unwrap();
        let app = axum::Router::new()
            .fallback(pass_on)
            .with_state(proxy.clone());
        runtime.spawn(async move { axum::serve(listener, app).await });
        proxy
    }

    fn answered(&self) -> HashMap<Call, usize> {
        self.answered.0.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.answered.0.lock().unwrap().values().sum()
    }

    /// Waits until so many calls are answered, or the run is over. Whether it is not.
    fn wait(&self, count: usize, child: &mut Child) -> bool {
        let (answered, changed) = &*self.answered;
        let mut now = answered.lock().unwrap();
        while now.values().sum::<usize>() < count {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            now = changed
                .wait_timeout(now, Duration::from_millis(50))
                .unwrap()
                .0;
        }
        child.try_wait().unwrap().is_none()
    }
}

async fn pass_on(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.to_string();
    let key = parts.headers.get("idempotency-key");
    let call = (
        parts.method.to_string(),
        path.trim_start_matches("/v1").to_owned(),
        key.map(|key| key.to_str().unwrap().to_owned()),
    );
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let is_greeting = body == GREETING;
    let sent = proxy
        .client
        .request(parts.method, format!("{}{path}", proxy.server))
        .headers(parts.headers)
        .body(body);
    let received = sent.send().await.unwrap();
    let mut answer = Response::builder().status(received.status());
    answer
        .headers_mut()
        .unwrap()
        .extend(received.headers().clone());
    let body = received.bytes().await.unwrap();
    // Accounts, credentials and what is asked before the first case are no part of a trace, and neither are looks at a card
    // that the simulator may not be done with: no read counts.
    if call.1.contains("/cards") && call.2.is_some() && !is_greeting {
        *proxy.answered.0.lock().unwrap().entry(call).or_default() += 1;
        proxy.answered.1.notify_all();
    }
    answer.body(Body::from(body)).unwrap()
}

/// The exchanges of a trace; its last line may be cut off.
fn recorded(trace: &Path) -> HashMap<Call, usize> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let mut calls = HashMap::new();
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        if let Record::Exchange { exchange, .. } = serde_json::from_str(line).unwrap() {
            let request = exchange.request;
            let key = request.header("idempotency-key").map(str::to_owned);
            *calls
                .entry((request.method, request.path, key))
                .or_default() += 1;
        }
    }
    calls
}

/// How many changes were answered and are not recorded.
fn lost(answered: &HashMap<Call, usize>, recorded: &HashMap<Call, usize>) -> usize {
    let missing = answered
        .iter()
        .map(|(call, times)| times.saturating_sub(recorded.get(call).copied().unwrap_or(0)));
    missing.sum()
}

/// Numbers that look drawn by lot, the same each time (splitmix64).
struct Lots(u64);

impl Lots {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    proxy: Proxy,
    args: String,
    _served: Served,
    _runtime: Runtime,
}

impl Bench {
    fn new() -> Self {
        let folder = folder();
        let (served, args) = serve(folder.path(), "");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let proxy = Proxy::start(&runtime, &folder.path().join("sandbox/cardproof.toml"));
        Self {
            folder,
            proxy,
            args,
            _served: served,
            _runtime: runtime,
        }
    }

    fn start(&self, flags: &str) -> Child {
        let args = format!("run {} --workers {WORKERS} {flags}", self.args);
        let mut command = command(self.folder.path(), &args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// A run that is killed again and again, and resumed each time, until it gets to its end. How often it was killed.
    fn run_with_kills(&self, lots: &mut Lots, run: usize) -> usize {
        let folder = self.folder.path();
        let trace = folder.join(format!("run{run}/trace.jsonl"));
        let before = self.proxy.answered();
        let mut flags = format!("{SUITES} --out run{run}");
        let mut kills = 0;
        loop {
            let moment = match kills < KILLS_MAX {
                true => self.proxy.count() + lots.below(CHANGES_MAX),
                false => usize::MAX,
            };
            let mut child = self.start(&flags);
            let was_killed = self.proxy.wait(moment, &mut child);
            child.kill().unwrap();
            let ended = child.wait().unwrap();
            let mut answered = self.proxy.answered();
            for (call, times) in &before {
                *answered.get_mut(call).unwrap() -= times;
            }
            let lost = lost(&answered, &recorded(&trace));
            let in_flight = WORKERS * (kills + usize::from(was_killed));
            assert!(lost <= in_flight, "{lost} of at most {in_flight}");
            if !was_killed {
                assert_eq!(ended.code(), Some(0), "run {run} after {kills} kills");
                break;
            }
            kills += 1;
            if fs::read(&trace).is_ok_and(|bytes| bytes.contains(&b'\n')) {
                flags = format!("--resume run{run}");
            }
        }
        self.check_end(run);
        kills
    }

    /// The report counts every case once, and the trace alone says the same.
    fn check_end(&self, run: usize) {
        let folder = self.folder.path();
        let report = report(folder, &format!("run{run}"));
        let totals = &report["totals"];
        assert_eq!(totals["cases"], totals["planned"], "{totals}");
        let judged = cardproof(
            folder,
            &format!("judge run{run}/trace.jsonl --out judged{run}"),
        );
        assert_eq!(judged.code, Some(0), "{}{}", judged.stdout, judged.stderr);
        let again = common::report(folder, &format!("judged{run}"));
        assert_eq!(again["totals"]["cases"], totals["cases"]);
        assert_eq!(again["totals"]["requests"], totals["requests"]);
        assert_eq!(again["requirements"], report["requirements"]);
    }
}

/// Kills runs so many times.
fn kill(times: usize, seed: u64) {
    let bench = Bench::new();
    let mut lots = Lots(seed);
    let mut kills = 0;
    for run in 0.. {
        if kills >= times {
            break;
        }
        kills += bench.run_with_kills(&mut lots, run);
    }
}

#[test]
fn a_run_that_is_killed_20_times_loses_what_was_in_flight_at_most() {
    kill(20, 1);
}

#[test]
#[ignore = "takes half a minute, so .ci/run runs it apart"]
fn a_run_that_is_killed_200_times_loses_what_was_in_flight_at_most() {
    std::thread::scope(|scope| {
        for seed in [2, 3] {
            scope.spawn(move || kill(100, seed));
        }
    });
}

#[test]
fn departures_from_before_a_kill_are_made_short_and_confirmed_after_it() {
    let folder = folder();
    let run = "run --fault deactivate-does-nothing --suite smoke --workers 1";
    let ended = cardproof(folder.path(), &format!("{run} --out out"));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let whole = report(folder.path(), "out");
    // As a kill would leave it: without its end and half of its last line.
    let trace = folder.path().join("out/trace.jsonl");
    let text = fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let kept = lines[..lines.len() - 3].join("\n");
    fs::write(&trace, &kept[..kept.len() - 7]).unwrap();
    fs::remove_file(folder.path().join("out/report.json")).unwrap();
    let ended = cardproof(
        folder.path(),
        "run --fault deactivate-does-nothing --resume out",
    );
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("cut off"), "{}", ended.stderr);
    let resumed = report(folder.path(), "out");
    let verdicts = |report: &serde_json::Value| {
        let results = report["requirements"].as_array().unwrap().clone();
        results
            .into_iter()
            .map(|r| r["verdict"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&resumed), verdicts(&whole));
    assert_eq!(resumed["totals"]["cases"], whole["totals"]["cases"]);
    let confirmation = &resumed["findings"][0]["confirmation"];
    assert_eq!(confirmation["reproduced"], confirmation["attempts"]);
    assert!(confirmation["attempts"].as_u64().unwrap() > 0);
}

#[test]
fn a_run_is_resumed_only_as_it_was_begun() {
    let folder = folder();
    let ended = cardproof(folder.path(), "run --suite smoke --seed 3 --out out");
    assert_eq!(ended.code, Some(0));
    for (flags, hints) in [
        ("--resume out --seed 4", &["`seed`", "3 then, 4 now"][..]),
        ("--resume out --suite lifecycle", &["`suites`", "smoke"]),
        (
            "--resume out --cases 7",
            &["`cases`", "nothing then, 7 now"],
        ),
        (
            "--resume out --fault terminate-is-reversible",
            &["`target`"],
        ),
        ("--resume out --issuance automatic", &["`target`"]),
        ("--resume nowhere", &["nowhere/trace.jsonl", "run anew"]),
        ("--resume out --out other", &["--out"]),
    ] {
        let ended = cardproof(folder.path(), &format!("run {flags}"));
        assert_eq!(ended.code, Some(2), "{flags}: {}", ended.stdout);
        for hint in hints {
            assert!(ended.stderr.contains(hint), "{flags}: {}", ended.stderr);
        }
    }
    let again = cardproof(folder.path(), "run --resume out");
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    let trace = folder.path().join("out/trace.jsonl");
    let text = fs::read_to_string(&trace).unwrap();
    fs::write(&trace, text.replacen("terminate #1", "activate #1", 1)).unwrap();
    let changed = cardproof(folder.path(), "run --resume out");
    assert_eq!(changed.code, Some(2), "{}", changed.stdout);
    assert!(
        changed.stderr.contains("they have changed"),
        "{}",
        changed.stderr
    );
}

#[test]
fn a_disk_that_is_full_is_told_with_what_was_seen_until_then() {
    let folder = folder();
    let program = command(Path::new("."), "");
    let program = program.get_program().to_str().unwrap();
    // 8 blocks of 512 or 1024 bytes hold the header, and not the run.
    let script = format!("ulimit -f 8; exec {program} run --suite smoke --out out");
    let output = std::process::Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("can't write the trace out/trace.jsonl"),
        "{said}"
    );
    assert!(said.contains("--resume"), "{said}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("request"), "{shown}");
    // There is room again.
    let ended = cardproof(folder.path(), "run --resume out");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}
