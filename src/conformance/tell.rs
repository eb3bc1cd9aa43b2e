//! What a test that fails says: what departed, in full, and the line that runs it again.

use std::io;
use std::path::{Path, PathBuf};

use super::SUITE_VARIABLE;
use crate::report::text::{Detail, Look, safe, write_finding};
use crate::report::{Finding, Report};

/// The width of what a test says.
const WIDTH: usize = 100;

/// Where cargo builds into, or else the folder for what lives shortly.
pub fn default_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/conformance-0123456789abcdef
    let target = program
        .ancestors()
        .nth(3)
        .filter(|_| is_built_by_cargo(&program));
    target
        .map_or_else(std::env::temp_dir, Path::to_owned)
        .join("cardproof")
}

fn is_built_by_cargo(program: &Path) -> bool {
    program
        .parent()
        .is_some_and(|folder| folder.ends_with("deps"))
}

/// All departures of a test.
pub fn departures(report: &Report, folder: &Path, written: io::Result<()>) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text += &drawn(finding);
        match (&written, &finding.file) {
            (Ok(()), Some(file)) => text += &again(&folder.join(file)),
            (Err(error), _) => text += &format!("  its reproducer can't be written: {error}\n"),
            (Ok(()), None) => {}
        }
        text.push('\n');
    }
    text
}

fn drawn(finding: &Finding) -> String {
    // The line that runs it again is another one here than for the command line.
    let finding = Finding {
        file: None,
        ..finding.clone()
    };
    let look = Look {
        width: WIDTH,
        screen: None,
        detail: Detail::Normal,
        folder: None,
        target_flags: "",
        ending: "",
    };
    let mut drawn = Vec::new();
    match write_finding(&finding, &look, &mut drawn) {
        Ok(()) => {
            let drawn = String::from_utf8_lossy(&drawn);
            anstream::adapter::strip_str(&drawn).to_string()
        }
        Err(error) => format!("{}: {error}\n", finding.rule),
    }
}

/// The line that runs a reproducer again, from where cargo runs tests.
fn again(file: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let file = file
        .strip_prefix(here)
        .unwrap_or(file)
        .display()
        .to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    let file = match file.chars().all(is_plain) {
        true => file,
        false => format!("'{}'", file.replace('\'', r"'\''")),
    };
    let test = match test_name() {
        Some(name) => format!(" --test {name}"),
        None => String::new(),
    };
    format!("  again     {SUITE_VARIABLE}={file} cargo test{test}\n")
}

/// The name of this test: that of its program, without what cargo puts after it.
fn test_name() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let stem = program.file_stem()?.to_str()?;
    let (name, _) = stem.rsplit_once('-')?;
    is_built_by_cargo(&program).then(|| name.to_owned())
}

/// Why a test could not be decided.
pub fn trouble(report: &Report) -> String {
    let mut text = format!("inconclusive: {}\n", safe(&report.because));
    for obstacle in &report.obstacles {
        let times = match obstacle.times {
            1 => String::new(),
            times => format!(" ({times} times)"),
        };
        text += &format!("  {}{times}\n", safe(&obstacle.words));
    }
    for finding in &report.findings {
        text.push('\n');
        text += &drawn(finding);
    }
    text
}
