//! The files of a report by other people's readers: validators of JUnit, SARIF and HAR, and a browser for the page.
//!
//! They are installed by `.ci/run` into `target/formats`; without them these tests can't run.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use cardproof::report::text::{Detail, Look};
use cardproof::report::{Finding, Report, html};
use common::{cardproof, folder};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A report with departures, one with a race, and one without.
fn reports(folder: &Path) -> Vec<PathBuf> {
    for (out, flags, code) in [
        ("good", "--suite smoke", 0),
        ("bad", "--suite smoke --fault deactivate-does-nothing", 1),
        (
            "race",
            "--suite races --cases 0 --max-failures 1 --fault limit-checked-before-insert --no-shrink",
            1,
        ),
    ] {
        let ended = cardproof(folder, &format!("run {flags} --out {out}"));
        assert_eq!(ended.code, Some(code), "{}", ended.stdout);
    }
    ["good", "bad", "race"].map(|out| folder.join(out)).into()
}

fn succeeds(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}{errors}");
    said
}

#[test]
#[ignore = "needs what .ci/run installs"]
fn others_read_the_junit_file_as_it_is_meant() {
    let folder = folder();
    for report in reports(folder.path()) {
        let mut python = Command::new(root().join("target/formats/python/bin/python"));
        let check = root().join("tests/formats/junit.py");
        succeeds(
            python
                .arg(check)
                .arg(report.join("junit.xml"))
                .arg(report.join("report.json")),
        );
    }
}

#[test]
#[ignore = "needs what .ci/run installs"]
fn the_sarif_file_is_valid_by_its_own_validator() {
    let folder = folder();
    let tool = root()
        .join("target/formats/node/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool");
    for report in reports(folder.path()) {
        let said = succeeds(
            Command::new(&tool)
                .arg("validate")
                .arg(report.join("results.sarif")),
        );
        assert!(!said.contains("error"), "{said}");
    }
}

fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(root().join("target/formats/node"));
    node.arg(root().join("tests/formats").join(script));
    node
}

#[test]
#[ignore = "needs what .ci/run installs"]
fn the_har_file_is_valid_by_its_schema() {
    let folder = folder();
    for report in reports(folder.path()) {
        succeeds(node("har.cjs").arg(report.join("traffic.har")));
    }
}

/// It renders, filters and searches, its anchors lead somewhere, nothing is asked of anybody, nothing is said on the console,
/// hostile strings stay text, and an accessibility checker finds nothing, in light and dark, on a desk and on a phone.
#[test]
#[ignore = "needs what .ci/run installs, and Chromium"]
fn a_browser_shows_the_page() {
    let folder = folder();
    let pages = reports(folder.path()).into_iter();
    let pages = pages.map(|report| report.join("report.html"));
    let many = folder.path().join("many.html");
    std::fs::write(&many, page_of_many(&folder.path().join("bad"))).unwrap();
    succeeds(node("page.cjs").args(pages).arg(many));
}

/// The page of a report with its finding five hundred times.
fn page_of_many(folder: &Path) -> String {
    let bytes = std::fs::read(folder.join("report.json")).unwrap();
    let mut report: Report = serde_json::from_slice(&bytes).unwrap();
    let finding = report.findings[0].clone();
    report.findings.extend((2..=500).map(|number| Finding {
        id: format!("{}-{number}", finding.id),
        ..finding.clone()
    }));
    let look = Look {
        width: 100,
        screen: None,
        detail: Detail::Full,
        folder: Some(folder),
        target_flags: "",
        ending: "",
    };
    html::page(&report, &look)
}
