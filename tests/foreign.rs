//! cardproof against an implementation that other people's libraries make: JavaScript on fastify, in `tests/foreign`, run for
//! real and reached by a profile. The correct one conforms; each of its faults is found by the rule that it breaks.
//!
//! Its libraries are installed by `.ci/run`; without them these tests can't run.

mod common;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use common::Ended;
use serde::Deserialize;

/// A line of `faults.json`.
#[derive(Deserialize)]
struct Fault {
    name: String,
    words: String,
    suite: String,
    requirement: String,
}

/// The server, which is stopped when it is no longer needed.
struct Server {
    process: Child,
    base_url: String,
}

const API_KEY: &str = "5a8f2f0c-6d0e-4b7a-9a57-0c2f3f1f9b11";
const API_SECRET: &str = "a secret between two processes of this test";

impl Server {
    /// Starts it on a free port; `environment` says what is special about it.
    fn start(environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new("node")
            .current_dir(folder())
            .arg("server.js")
            .env("API_KEY", API_KEY)
            .env("API_SECRET", API_SECRET)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut base_url = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        lines.read_line(&mut base_url).unwrap();
        let base_url = base_url.trim().to_owned();
        assert!(
            base_url.starts_with("http://"),
            "the server says where it is: {base_url:?}"
        );
        Self { process, base_url }
    }

    /// Runs cardproof against it; what is said of it is in `report.json` in `folder`.
    fn judged(&self, folder: &std::path::Path, args: &str) -> Ended {
        let profile = self::folder().join("cardproof.toml");
        let output = common::command(folder, args)
            .args([
                "--out",
                "report",
                "--quiet",
                "--url",
                &self.base_url,
                "--profile",
            ])
            .arg(profile)
            .env("API_KEY", API_KEY)
            .env("API_SECRET", API_SECRET)
            .output()
            .unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/foreign")
}

fn check_conforms(readings: &str, args: &str) {
    let server = Server::start(&[("READINGS", readings)]);
    let folder = common::folder();
    let ended = server.judged(folder.path(), args);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
#[ignore = "needs tests/foreign/node_modules, which .ci/run installs"]
fn the_correct_implementation_conforms() {
    check_conforms("{}", "run");
}

#[test]
#[ignore = "needs tests/foreign/node_modules, which .ci/run installs"]
fn it_conforms_in_other_readings() {
    let readings = r#"{
        "overLimit": "fails later", "terminatedFreesSlot": false, "failedInLists": false, "terminatedInLists": true,
        "repeatTerminate": 204, "repeatActivate": 409, "repeatDeactivate": 409, "badTransition": 409, "terminateIssuing": false,
        "whileInFlight": "waits", "keyElsewhere": "new request", "refusalRetried": "tried afresh",
        "flawedAccess": 401, "coversAll": false, "malformedId": 404, "foreignId": 404, "beforeIssuance": "absent",
        "furtherMembers": "ignored", "nullMembers": "accepted", "emptyStrings": "accepted", "longestString": null,
        "creationReported": false, "timeZone": "Z", "fraction": 0, "latencyMs": 0
    }"#;
    check_conforms(
        readings,
        "run --seed 2 --suite lifecycle --suite limits --suite idempotency --suite webhooks",
    );
}

#[test]
#[ignore = "needs tests/foreign/node_modules, which .ci/run installs"]
fn each_of_its_faults_is_found_by_the_rule_that_it_breaks() {
    let table = std::fs::read(folder().join("faults.json")).unwrap();
    let faults: Vec<Fault> = serde_json::from_slice(&table).unwrap();
    assert!(faults.len() >= 10);
    let missed: Vec<String> = faults.iter().filter_map(missed).collect();
    assert_eq!(missed, [] as [String; 0]);
}

/// What is wrong with how a fault was found.
fn missed(fault: &Fault) -> Option<String> {
    let server = Server::start(&[("FAULT", &fault.name)]);
    let folder = common::folder();
    let args = format!(
        "run --no-shrink --max-failures 2 --workers 4 --suite {}",
        fault.suite
    );
    let ended = server.judged(folder.path(), &args);
    let report = common::report(folder.path(), "report");
    let findings = report["findings"].as_array().unwrap();
    let named: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["requirement"].as_str())
        .collect();
    if ended.code == Some(1) && named.contains(&fault.requirement.as_str()) {
        return None;
    }
    let Fault {
        name,
        words,
        requirement,
        ..
    } = fault;
    Some(format!(
        "{name} ({words}): {requirement} is expected, named are {named:?}, ended with {:?}",
        ended.code
    ))
}
