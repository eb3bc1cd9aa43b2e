//! The crate in `examples/partner`: its conformance tests by cargo itself, correct and with a mistake planted.
//!
//! It is built for that, so these tests are run by `.ci/run`.

use std::path::Path;
use std::process::Command;

/// How a run of cargo ended and what it printed.
struct Ran {
    is_success: bool,
    printed: String,
}

impl Ran {
    /// The names in a list, or those of tests that were run.
    fn names(&self) -> Vec<&str> {
        let lines = self.printed.lines();
        lines
            .filter_map(|line| line.strip_suffix(": test"))
            .collect()
    }
}

fn run(command: &mut Command) -> Ran {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/partner");
    let output = command
        .current_dir(folder)
        .env_remove("CARDPROOF_SUITE")
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    Ran {
        is_success: output.status.success(),
        printed: String::from_utf8(printed).unwrap(),
    }
}

fn test(environment: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--test", "conformance", "--"]);
    run(cargo.args(args).envs(environment.iter().copied()))
}

#[test]
#[ignore = "builds examples/partner, which .ci/run does"]
fn the_correct_service_passes() {
    let ran = test(&[], &[]);
    assert!(ran.is_success, "{}", ran.printed);
    assert!(
        ran.printed.contains("lifecycle::any-life"),
        "{}",
        ran.printed
    );
    assert!(ran.printed.contains(" 0 failed;"), "{}", ran.printed);
}

#[test]
#[ignore = "builds examples/partner, which .ci/run does"]
fn names_are_listed_and_filtered_as_everywhere() {
    let all = test(&[], &["--list", "--format", "terse"]);
    assert!(all.is_success && all.names().len() > 200, "{}", all.printed);
    let about = test(&[], &["LIFE-4", "--list"]);
    assert!((1..10).contains(&about.names().len()), "{}", about.printed);
    assert!(about.names().iter().all(|name| name.contains("LIFE-4")));
    // As nextest asks for one: by its whole name, in a process of its own.
    let one = test(&[], &[about.names()[0], "--exact", "--nocapture"]);
    assert!(one.is_success, "{}", one.printed);
    assert!(one.printed.contains("running 1 test"), "{}", one.printed);
    assert!(
        one.printed.contains("1 passed; 0 failed; 0 ignored"),
        "{}",
        one.printed
    );
}

#[test]
#[ignore = "builds examples/partner, which .ci/run does"]
fn a_planted_mistake_is_shown_with_the_line_that_runs_it_again() {
    let ran = test(&[("PLANT", "1")], &["LIFE-4"]);
    assert!(!ran.is_success, "{}", ran.printed);
    for part in [
        "LIFE-4  A terminated card stays terminated, whatever is called.",
        "expected  `terminated`",
        "came      `active`",
    ] {
        assert!(
            ran.printed.contains(part),
            "{part:?} is not in {}",
            ran.printed
        );
    }
    let again = ran
        .printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("again"))
        .unwrap_or_else(|| panic!("no line runs it again: {}", ran.printed));
    let mut shell = Command::new("sh");
    let ran = run(shell.args(["-c", again.trim()]).env("PLANT", "1"));
    assert!(!ran.is_success, "{}", ran.printed);
    assert!(ran.printed.contains("running 1 test"), "{}", ran.printed);
    assert!(
        ran.printed.contains("came      `active`"),
        "{}",
        ran.printed
    );
    let mut shell = Command::new("sh");
    let ran = run(shell.args(["-c", again.trim()]));
    assert!(ran.is_success, "without the mistake: {}", ran.printed);
}
