//! Runs on the few accounts that a profile lists, by the built program: what is in them, what becomes of it, what is shown.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use common::{Ended, cardproof, check_schema, command, folder, report};
use serde_json::Value;

/// A served reference; it ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Cases whose accounts are then those that the profile lists, with what they hold.
const EMPTY: &str = "'list A'";
const ACTIVE: &str = "'create virtual on A', 'issue #1'";
const ISSUING: &str = "'create physical on A'";
const ENDED: &str =
    "'create virtual on A', 'issue #1', 'terminate #1', 'create physical on A', 'fail #4'";

/// Serves the reference with accounts that hold what these cases leave, and lists them in `listed.toml`.
fn serve(folder: &Path, flags: &str, accounts: &[&str]) -> (Served, Vec<String>) {
    let args = format!("serve --address 127.0.0.1:0 --setup sandbox {flags}");
    let mut served = command(folder, &args);
    let served = served.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut served = Served(served.spawn().unwrap());
    let mut lines = BufReader::new(served.0.stdout.take().unwrap()).lines();
    let told = lines.by_ref().take(2).map(Result::unwrap);
    assert_eq!(told.count(), 2);
    let cases = accounts.iter().enumerate().map(|(number, steps)| {
        format!(
            "[[case]]\nname = \"account-{number}\"\ntitle = \"An account\"\nsteps = [{steps}]\n"
        )
    });
    let suite = cases.collect::<String>();
    fs::write(
        folder.join("seed.toml"),
        format!("title = \"Seed\"\nabout = \"Accounts.\"\n{suite}"),
    )
    .unwrap();
    let seeding = "--profile sandbox/cardproof.toml --suite seed.toml --workers 1 --out seed";
    let ended = cardproof(folder, seeding);
    let trace = fs::read_to_string(folder.join("seed/trace.jsonl"))
        .unwrap_or_else(|_| panic!("{}", ended.stderr));
    let begun = trace.lines().filter_map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["begin"]["accounts"]["A"].as_str().map(str::to_owned)
    });
    let listed: Vec<String> = begun.collect();
    assert_eq!(listed.len(), accounts.len());
    let profile = fs::read_to_string(folder.join("sandbox/cardproof.toml")).unwrap();
    let at = profile
        .find("[accounts")
        .expect("the profile says where accounts come from");
    let rest = profile[at + 1..]
        .find("\n[")
        .map_or("", |next| &profile[at + 1 + next..]);
    let rest = match rest.starts_with("\n[accounts") {
        true => rest[2..].find("\n[").map_or("", |next| &rest[2 + next..]),
        false => rest,
    };
    let text = format!("{}[accounts]\nlist = {listed:?}\n{rest}", &profile[..at]);
    fs::write(folder.join("sandbox/listed.toml"), text).unwrap();
    (served, listed)
}

fn run(folder: &Path, flags: &str) -> (Ended, Value) {
    let args = format!("--profile sandbox/listed.toml --out out {flags}");
    let ended = cardproof(folder, &args);
    assert!(folder.join("out/report.json").exists(), "{}", ended.stderr);
    let report = report(folder, "out");
    check_schema(&report);
    (ended, report)
}

fn words<'r>(report: &'r Value, list: &str, member: &str) -> BTreeSet<&'r str> {
    let members = report[list].as_array().into_iter().flatten();
    members.filter_map(|entry| entry[member].as_str()).collect()
}

fn reasons(report: &Value) -> BTreeSet<&str> {
    let results = report["requirements"].as_array().unwrap().iter();
    let unshown = results.filter(|result| result["verdict"] == "not-shown");
    unshown
        .filter_map(|result| result["because"].as_str())
        .collect()
}

const SUITES: &str = "--suite lifecycle,limits,reads -n 8";

#[test]
fn a_conforming_target_never_departs_in_few_accounts() {
    let hidden = "--reading lists-terminated=no --reading lists-failed=no";
    let kept = "--reading terminated-frees=no --reading failed-frees=no";
    for (flags, accounts) in [
        ("", &[EMPTY][..]),
        ("--issuance automatic", &[ACTIVE, ENDED, EMPTY][..]),
        (
            &format!("{kept} {hidden}"),
            &[ENDED, EMPTY, ISSUING, EMPTY][..],
        ),
    ] {
        let folder = folder();
        let (_served, _) = serve(folder.path(), flags, accounts);
        let (ended, report) = run(folder.path(), SUITES);
        let findings = words(&report, "findings", "requirement");
        assert!(
            findings.is_empty(),
            "{flags}: {findings:?}\n{}",
            ended.stdout
        );
        assert!(
            matches!(ended.code, Some(0 | 3)),
            "{flags}: {}",
            ended.stdout
        );
        let judged = cardproof(folder.path(), "judge out/trace.jsonl");
        assert_eq!(judged.code, ended.code, "{}", judged.stdout);
    }
}

#[test]
fn cards_that_were_there_are_only_read_and_those_of_the_run_are_ended() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), "", &[ACTIVE, EMPTY]);
    let (ended, report) = run(folder.path(), SUITES);
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stdout);
    let seed = fs::read_to_string(folder.path().join("seed/trace.jsonl")).unwrap();
    let made = seed.lines().find_map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let body = record["exchange"]["reply"]["got"]["body"].as_str()?;
        let card: Value = serde_json::from_str(body).ok()?;
        Some(card["id"].as_str()?.to_owned())
    });
    let existing = made.unwrap();
    let trace = fs::read_to_string(folder.path().join("out/trace.jsonl")).unwrap();
    let mut read = 0;
    for line in trace.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let request = &record["exchange"]["request"];
        if request["path"]
            .as_str()
            .is_some_and(|path| path.contains(&existing))
        {
            assert_eq!(request["method"], "GET", "{request}");
            let body = record["exchange"]["reply"]["got"]["body"].as_str().unwrap();
            assert!(body.contains("\"active\""), "{body}");
            read += 1;
        }
    }
    assert!(read > 0);
    assert!(report["made"]["cards"].as_u64().unwrap() > 0);
    assert_eq!(report["made"]["left"], Value::from(Vec::<Value>::new()));
    assert!(ended.stdout.contains("Ledger"), "{}", ended.stdout);
}

#[test]
fn accounts_that_are_spent_are_the_reason_of_what_is_not_shown() {
    let folder = folder();
    let kept = "--reading terminated-frees=no --reading failed-frees=no";
    let (_served, _) = serve(folder.path(), kept, &[EMPTY, EMPTY]);
    let (ended, report) = run(folder.path(), SUITES);
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    let reasons = reasons(&report);
    let spent = "the 2 accounts of the profile are spent: terminated";
    assert!(reasons.iter().any(|r| r.contains(spent)), "{reasons:?}");
}

#[test]
fn a_case_that_needs_more_accounts_than_there_are_or_fills_one_is_not_run() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), "", &[EMPTY]);
    let (_, report) = run(folder.path(), "--suite limits --suite reads -n 10");
    let why = words(&report, "not_run", "because");
    for reason in [
        "it needs 2 accounts, and the profile lists 1",
        "it leaves 101 cards in one account, which those of a profile are spared",
    ] {
        assert!(why.contains(reason), "{why:?}");
    }
}

/// Each case leaves cards that have failed. Neither they nor the reasons for which they may keep a slot may multiply what is
/// followed: this took minutes.
#[test]
fn cards_that_fail_over_the_limit_and_keep_their_slots_don_t_pile_up() {
    let folder = folder();
    let readings = "--reading failed-frees=no --reading limit=fail-later";
    let (_served, _) = serve(folder.path(), readings, &[EMPTY, EMPTY]);
    let (ended, report) = run(folder.path(), "--suite limits");
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stdout);
    assert_eq!(report["findings"], Value::from(Vec::<Value>::new()));
    assert_eq!(report["obstacles"], Value::from(Vec::<Value>::new()));
    let trace = fs::read_to_string(folder.path().join("out/trace.jsonl")).unwrap();
    let longest = trace.lines().filter_map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let path = record["exchange"]["request"]["path"].as_str()?;
        // The programme's list has the cards of the other account too.
        let body = path
            .starts_with("/accounts/")
            .then_some(&record["exchange"]["reply"]["got"]["body"])?;
        let body = body.as_str()?;
        let list: Vec<Value> = serde_json::from_str(body).ok()?;
        Some(list.len())
    });
    let made = report["made"]["cards"].as_u64().unwrap();
    assert!(made > 60, "{made} cards were made");
    assert!(longest.max().unwrap() < 40);
}

/// Nothing issues a card there, so a case that waits for it would wait in vain.
#[test]
fn where_nothing_issues_cards_no_case_waits_for_it() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), "", &[EMPTY, EMPTY]);
    let path = folder.path().join("sandbox/listed.toml");
    let profile = fs::read_to_string(&path).unwrap();
    let profile = profile.replace("simulator = true", "simulator = false");
    fs::write(&path, profile).unwrap();
    let (ended, report) = run(folder.path(), "--suite lifecycle");
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert_eq!(report["findings"], Value::from(Vec::<Value>::new()));
    // Each was left out, and none met the end of a wait.
    let told = words(&report, "obstacles", "words");
    let wanting = "cards that are issued: by themselves, or by a call that the profile names";
    assert!(told.iter().any(|words| words.contains(wanting)), "{told:?}");
    let is_left_out = |words: &&str| words.contains("was left out");
    assert!(told.iter().all(is_left_out), "{told:?}");
}

#[test]
fn faults_are_caught_in_three_accounts() {
    for fault in ["terminate-is-reversible", "issuing-card-not-counted"] {
        let folder = folder();
        let (_served, _) = serve(folder.path(), &format!("--fault {fault}"), &[EMPTY; 3]);
        let (ended, report) = run(folder.path(), &format!("{SUITES} --max-failures 3"));
        assert_eq!(ended.code, Some(1), "{fault}: {}", ended.stdout);
        let reproduced = &report["findings"][0]["confirmation"]["reproduced"];
        assert!(reproduced.as_u64().unwrap() > 0, "{fault}: {report}");
    }
}

/// Listed accounts are judged apart, each with its events: what is not told of one of them alone is missing.
#[test]
fn events_are_held_against_each_of_two_listed_accounts() {
    let steps = "'create virtual on A', 'create virtual on B', 'issue #1', 'issue #2', \
                 'await event of #1', 'await event of #2'";
    let suite = format!(
        "title = \"Two\"\nabout = \"Two accounts.\"\n[[case]]\nname = \"two\"\ntitle = \"Two accounts\"\nsteps = [{steps}]\n"
    );
    let named = |flags: &str| {
        let folder = folder();
        let (_served, _) = serve(folder.path(), flags, &[EMPTY; 2]);
        fs::write(folder.path().join("two.toml"), &suite).unwrap();
        let (_, report) = run(folder.path(), "--suite two.toml");
        let named = words(&report, "findings", "requirement").into_iter();
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(named(""), Vec::<String>::new());
    assert_eq!(named("--fault event-taken-for-a-redelivery"), ["HOOK-1"]);
}
