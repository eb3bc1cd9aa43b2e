//! The built program, for tests that run it.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use tempfile::TempDir;

/// How a process ended and what it said.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A folder to work in, without a profile in it or above it.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The program, without anything of the environment.
pub fn command(folder: &Path, args: &str) -> Command {
    let mut command = Command::cargo_bin("cardproof").unwrap();
    command
        .current_dir(folder)
        .env_clear()
        .args(args.split_whitespace());
    command
}

/// Runs the program to its end.
pub fn cardproof(folder: &Path, args: &str) -> Ended {
    let output = command(folder, args).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The report that a run wrote.
pub fn report(folder: &Path, out: &str) -> Value {
    let bytes = fs::read(folder.join(out).join("report.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The report is as the published schema says.
pub fn check_schema(report: &Value) {
    check_against("report.schema.json", report);
}

/// A value is as a published schema says.
pub fn check_against(schema: &str, value: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("spec")
        .join(schema);
    let schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert_eq!(errors, [] as [String; 0], "{value}");
}

/// A serving process, ended when the test is.
pub struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the reference, and says with which flags it is tested.
pub fn serve(folder: &Path, flags: &str) -> (Served, String) {
    let args = format!("serve --address 127.0.0.1:0 --setup sandbox {flags}");
    let mut served = Served(
        command(folder, &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(served.0.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let how = lines.next().unwrap().unwrap();
    (served, how.strip_prefix("cardproof ").unwrap().to_owned())
}
