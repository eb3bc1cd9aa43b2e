//! The built program, for tests that run it.

use std::fs;
use std::path::Path;
use std::process::Command;

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
