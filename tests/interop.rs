//! Signatures and digests against code that other people wrote, in other languages: theirs verifies what we sign, and refuses
//! what we sign badly; the reference verifies what they sign.
//!
//! The libraries are installed by `.ci/run` into `target/interop`; without them these tests can't run.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::CommandCargoExt;
use cardproof::case::{Flaw, StepNumber};
use serde_json::Value;

/// A process that is stopped when it is no longer needed.
struct Running(Child);

impl Running {
    /// Starts it, and waits for the first line that it prints.
    fn start(mut command: Command) -> (Self, String) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The program, without anything of the environment.
fn program(folder: &Path, args: &str) -> Command {
    let mut command = Command::cargo_bin("cardproof").unwrap();
    command
        .current_dir(folder)
        .env_clear()
        .args(args.split_whitespace());
    command
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> Command {
    let installed = root().join("target/interop/python/bin/python");
    let mut command = Command::new(installed);
    command.arg(root().join("tests/interop/peer.py"));
    command
}

fn node() -> Command {
    let mut command = Command::new("node");
    command
        .current_dir(root().join("target/interop/node"))
        .arg(root().join("tests/interop/peer.mjs"));
    command
}

/// What they sign is good to the reference, and what they sign and then change is not.
fn check_theirs(mut peer: Command) {
    let folder = tempfile::tempdir().unwrap();
    let serve = program(folder.path(), "serve --address 127.0.0.1:0 --setup sandbox");
    let (_reference, base_url) = Running::start(serve);
    let secret = |name: &str| fs::read_to_string(folder.path().join("sandbox").join(name)).unwrap();
    let output = peer
        .args(["call", &base_url])
        .env("API_KEY", secret("api-key").trim())
        .env("API_SECRET", secret("api-secret").trim())
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<(String, u64)> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            let what = line["what"].as_str().unwrap();
            (what.to_owned(), line["status"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("create", 201),
        ("create with sha-512", 201),
        ("list", 200),
        ("unknown", 404),
        ("tampered", 401),
    ]
    .map(|(what, status)| (what.to_owned(), status));
    assert_eq!(
        answers,
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The requests that are sent to a peer: good ones, and each flaw on each kind of request.
fn suite() -> String {
    let commands = [
        "create virtual on A",
        "create physical on A with {\"billingAddress\":{\"city\":\"東京 🏙\"}}",
        "activate unknown",
        "list A",
        "list all",
    ];
    let mut suite = String::new();
    for (index, good) in commands.iter().enumerate() {
        let mut steps = vec![(*good).to_owned()];
        for flaw in Flaw::ALL {
            let bodiless = flaw.needs_body() && !good.starts_with("create");
            let keyless = flaw.needs_key() && good.starts_with("list");
            // These two need a clock that is moved, or an age that the profile states.
            let is_late = matches!(flaw, Flaw::ExpiredBearer | Flaw::StaleSignature);
            if !bodiless && !keyless && !is_late {
                steps.push(format!("{good} {flaw}"));
            }
        }
        // The first step, on another path.
        let replayed = Flaw::SignatureOf(StepNumber(1));
        steps.push(format!("read unknown {replayed}"));
        let steps: Vec<String> = steps.iter().map(|step| format!("'{step}'")).collect();
        let _ = writeln!(
            suite,
            "[[case]]\nname = \"requests-{index}\"\nsteps = [{}]",
            steps.join(", ")
        );
    }
    suite
}

/// What we sign is good to them, by either digest, and what is flawed is not, except where they may overlook it.
fn check_ours(mut peer: Command) {
    let folder = tempfile::tempdir().unwrap();
    peer.arg("serve");
    let (_peer, port) = Running::start(peer);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("suite.toml", &suite());
    write("secret", "a-secret-that-nobody-knows");
    for digest in ["sha-256", "sha-512"] {
        let profile = format!(
            "name = \"a peer\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\
             [credentials]\napi_key = {{ file = \"secret\" }}\napi_secret = {{ file = \"secret\" }}\n\
             [accounts]\nany = true\n[signing]\ndigest = \"{digest}\"\n"
        );
        write("cardproof.toml", &profile);
        let args = format!("run --suite ./suite.toml --no-shrink --out {digest}");
        let ended = program(folder.path(), &args).output().unwrap();
        let counts = verdicts(&folder.path().join(digest).join("trace.jsonl"));
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(counts.0 >= 5 && counts.1 >= 100, "{counts:?}: {said}");
    }
}

/// How many good and how many flawed requests were answered as they must be; all of them must be.
fn verdicts(trace: &Path) -> (usize, usize) {
    let text = fs::read_to_string(trace).unwrap();
    let mut counts = (0, 0);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(exchange) = line.get("exchange") else {
            continue;
        };
        let reply = &exchange["reply"]["got"];
        let flaw: Option<Flaw> = serde_json::from_value(exchange["flaw"].clone()).unwrap();
        match flaw {
            None => {
                assert_eq!(reply["status"], 404, "{exchange:#}");
                counts.0 += 1;
            }
            Some(flaw) if cardproof::world::ways::is_open(flaw) => {}
            Some(flaw) => {
                assert_eq!(reply["status"], 401, "{flaw}: {exchange:#}");
                counts.1 += 1;
            }
        }
    }
    counts
}

#[test]
#[ignore = "needs target/interop, which .ci/run installs"]
fn the_reference_verifies_what_python_signs() {
    check_theirs(python());
}

#[test]
#[ignore = "needs target/interop, which .ci/run installs"]
fn the_reference_verifies_what_node_signs() {
    check_theirs(node());
}

#[test]
#[ignore = "needs target/interop, which .ci/run installs"]
fn python_verifies_what_we_sign() {
    check_ours(python());
}

#[test]
#[ignore = "needs target/interop, which .ci/run installs"]
fn node_verifies_what_we_sign() {
    check_ours(node());
}
