//! Runs a row of the table, and holds what the program makes of it to what the row says.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cardproof::embedded::Embedded;
use cardproof::reference::Options;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

use crate::common::{Ended, check_schema, command, folder, report};
use crate::server::Target;
use crate::table::{Outcome, Row};

/// Whatever a target does, the program needs no more than this.
const MEMORY_BYTES_MAX: i64 = 300 << 20;
/// However long a target takes, a run ends by then: soon after the time that it is given, even on a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(40);

pub fn check_table(rows: &[Row]) {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "a name stands twice");
    assert!(names.len() >= 60, "{} rows", names.len());
    for row in rows {
        assert!(!row.words.is_empty(), "{} says nothing", row.name);
    }
}

pub fn hold(row: &Row) {
    let reference = Embedded::start(Options::default()).unwrap();
    let another = Embedded::start(Options::default()).unwrap();
    let target = Target::start(address(&reference), row.spoil).unwrap();
    *target.another.lock().unwrap() = Some(address(&another));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = folder();
    write_profile(folder.path(), &reference, &target, row);
    let profile = folder.path().join("cardproof.toml");
    let text = fs::read_to_string(&profile).unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    fs::write(profile, text.replace("{taken}", &taken)).unwrap();
    let ended = run(folder.path(), row);
    let shown = format!(
        "{}: {}\n{}{}",
        row.name, row.words, ended.stdout, ended.stderr
    );
    assert!(!ended.stderr.contains("panicked"), "{shown}");
    let visitors = target.visitors.load(Ordering::SeqCst);
    assert_eq!(visitors, 0, "a redirect was followed: {shown}");
    check_outcome(folder.path(), row, &ended, &shown);
    for text in [&ended.stdout, &ended.stderr] {
        check_visible(text, row.name);
    }
    check_files(&folder.path().join("out"));
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() * 1024;
    assert!(memory < MEMORY_BYTES_MAX, "{memory} bytes\n{shown}");
}

fn address(reference: &Embedded) -> SocketAddr {
    let url = &reference.running().base_url;
    let authority = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split('/').next());
    authority
        .and_then(|authority| authority.parse().ok())
        .unwrap()
}

fn write_profile(folder: &Path, reference: &Embedded, target: &Target, row: &Row) {
    let running = reference.running();
    // Where a row is about waiting, the wait is short; elsewhere a busy machine must not look like a hanging target.
    let timeout = if row.waits() { "300ms" } else { "10s" };
    let mut profile = format!(
        "name = \"hostile\"\nbase_url = \"http://{}/v1\"\ntimeout = \"{timeout}\"\n\
         [credentials]\napi_key = {{ file = \"api-key\" }}\napi_secret = {{ file = \"api-secret\" }}\n\
         [accounts]\ncreate = {{ path = \"/sandbox/accounts\", body = {{}} }}\n\
         [sandbox]\nissuance = \"manual\"\n\
         [foreign]\naccount = \"{}\"\ncard = \"{}\"\n",
        target.address, running.foreign_account, running.foreign_card
    );
    if row.is_about_events() {
        profile += "[webhooks]\nwait = \"3s\"\n";
    }
    for (from, to) in row.edits {
        assert!(profile.contains(from), "{}: {from}", row.name);
        profile = profile.replace(from, to);
    }
    fs::write(folder.join("cardproof.toml"), profile).unwrap();
    fs::write(folder.join("api-key"), running.api_key.to_string()).unwrap();
    fs::write(folder.join("api-secret"), &running.api_secret).unwrap();
}

fn run(folder: &Path, row: &Row) -> Ended {
    let suite = if row.is_about_events() {
        "events.toml"
    } else {
        "cards.toml"
    };
    let suite = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hostile")
        .join(suite);
    let time = row.max_time;
    let args = format!(
        "run --suite {} --out out --max-time {time}",
        suite.display()
    );
    let mut command = assert_cmd::Command::from_std(command(folder, &args));
    let output = command.timeout(ENDS_WITHIN).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn check_outcome(folder: &Path, row: &Row, ended: &Ended, shown: &str) {
    let code = match row.outcome {
        Outcome::Passes | Outcome::Told(_) => 0,
        Outcome::Departs(_) | Outcome::Wrong => 1,
        Outcome::Hindered(_) | Outcome::Unprepared(_) => 3,
    };
    let is_code = ended.code == Some(code) || code == 1 && ended.code == Some(3) && row.is_open();
    assert!(is_code, "exit code {:?}, not {code}: {shown}", ended.code);
    if let Outcome::Unprepared(words) = row.outcome {
        assert!(ended.stderr.contains(words), "no {words:?} in {shown}");
        return;
    }
    let report = report(folder, "out");
    check_schema(&report);
    let findings = texts(&report["findings"], "requirement");
    let obstacles = texts(&report["obstacles"], "words");
    match row.outcome {
        Outcome::Departs(rules) => {
            let rules: BTreeSet<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
            assert_eq!(findings, rules, "{shown}");
        }
        Outcome::Hindered(words) => {
            assert!(findings.is_empty(), "{findings:?} {shown}");
            let because = report["because"].as_str().unwrap();
            let obstacles = report["obstacles"].as_array().unwrap();
            let remain = obstacles.iter().filter(|o| o["overcome"] != true);
            let mut told = remain.flat_map(|o| o["words"].as_str()).chain([because]);
            assert!(
                told.any(|text| text.contains(words)),
                "no {words:?} in {shown}"
            );
        }
        Outcome::Told(words) => {
            assert!(findings.is_empty(), "{findings:?} {shown}");
            assert!(
                obstacles.iter().any(|text| text.contains(words)),
                "no {words:?} in {shown}"
            );
        }
        Outcome::Wrong => {}
        Outcome::Passes | Outcome::Unprepared(_) => {
            assert!(findings.is_empty() && obstacles.is_empty(), "{shown}");
        }
    }
}

fn texts(list: &Value, member: &str) -> BTreeSet<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

/// Nothing in a text can move a cursor, hide, or pretend.
fn check_visible(text: &str, whose: &str) {
    let hidden = |c: &char| {
        let turns_text = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() && *c != '\n' || turns_text
    };
    let found = text.chars().find(hidden);
    assert_eq!(found, None, "in {whose}: {text}");
}

fn check_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_files(&path);
        } else {
            check_visible(
                &fs::read_to_string(&path).unwrap(),
                &path.display().to_string(),
            );
        }
    }
}
