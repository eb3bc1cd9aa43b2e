//! The built program from outside: exit codes, messages, files.

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use common::{cardproof, check_schema, command, folder, report};

/// The command is refused as wrong, and the message names what it should.
fn check_refused(folder: &Path, args: &str, hints: &[&str]) {
    let ended = cardproof(folder, args);
    assert_eq!(ended.code, Some(2), "{args}\n{}", ended.stderr);
    for hint in hints {
        assert!(
            ended.stderr.contains(hint),
            "{args}: no {hint:?} in\n{}",
            ended.stderr
        );
    }
    assert_eq!(ended.stdout, "", "{args}");
}

#[test]
fn what_is_mistyped_is_met_with_the_nearest_name() {
    let folder = folder();
    for (args, hints) in [
        ("--sed 3", &["--seed"][..]),
        ("replya file", &["replay"]),
        ("run --suite smoek", &["`smoek`", "did you mean `smoke`"]),
        (
            "run --fault terminate-is-reversable",
            &["did you mean `terminate-is-reversible`"],
        ),
        (
            "run --reading repeat-terminat=success",
            &["did you mean `repeat-terminate`"],
        ),
        ("run --reading repeat-terminate=succes", &["success"]),
        ("run --reading repeat-terminate", &["POINT=READING"]),
        ("explain LIVE-4", &["did you mean `LIFE-4`"]),
        ("explain smoky", &["did you mean `smoke`"]),
        ("list suits", &["suites"]),
        ("run --workers 0", &["--workers"]),
        ("run --max-time soon", &["60s"]),
        (
            "run --fault terminate-is-reversible --profile x.toml",
            &["--profile"],
        ),
        ("run --url ftp://here", &["neither http nor https"]),
        (
            "run --url http://127.0.0.1:1/v1",
            &["cardproof.toml", "[accounts]"],
        ),
    ] {
        check_refused(folder.path(), args, hints);
    }
}

#[test]
fn a_file_that_can_not_be_used_is_named_with_what_is_wrong() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "broken.toml",
        "[[case]]\nname = \"x\"\nsteps = ['teminate #1']\n",
    );
    write("empty.toml", "");
    write("broken.yaml", "openapi: 3.0.3\ninfo: [\n");
    write("broken.jsonl", "{\"header\":\n{}\n");
    write(
        "profile.toml",
        "name = \"x\"\nbase_url = \"http://127.0.0.1:1/v1\"\n[acounts]\nany = true\n",
    );
    write("file", "");
    for (args, hints) in [
        ("run --suite missing.toml", &["missing.toml"][..]),
        (
            "run --suite broken.toml",
            &["broken.toml:3", "did you mean `terminate`"],
        ),
        ("run --spec missing.yaml", &["missing.yaml"]),
        ("run --spec broken.yaml", &["broken.yaml"]),
        ("run --profile missing.toml", &["missing.toml"]),
        (
            "run --profile profile.toml",
            &["profile.toml:3", "did you mean `accounts`"],
        ),
        ("run --out file/inside", &["file/inside", "--out"]),
        ("replay missing.toml", &["missing.toml"]),
        ("replay broken.toml", &["broken.toml:3"]),
        ("replay missing.jsonl", &["missing.jsonl"]),
        ("judge missing.jsonl", &["missing.jsonl"]),
        ("judge broken.jsonl", &["broken.jsonl:1"]),
        ("judge file", &["file"]),
    ] {
        check_refused(folder.path(), args, hints);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 6, "a refused command leaves something behind");
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let args = format!("serve --address {address}");
    check_refused(
        folder().path(),
        &args,
        &[&address.to_string(), "--address 127.0.0.1:0"],
    );
}

#[test]
fn a_target_that_does_not_answer_is_inconclusive() {
    let folder = folder();
    let profile = "name = \"gone\"\nbase_url = \"http://127.0.0.1:1/v1\"\n[accounts]\nany = true\n";
    fs::write(folder.path().join("cardproof.toml"), profile).unwrap();
    let ended = cardproof(folder.path(), "run --suite smoke");
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("http://127.0.0.1:1/v1"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_reference_conforms_and_its_report_is_valid() {
    let folder = folder();
    let ended = cardproof(folder.path(), "--suite smoke --out out");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("CONFORMS"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'));
    check_schema(&report(folder.path(), "out"));
    let text = fs::read_to_string(folder.path().join("out/report.txt")).unwrap();
    assert!(text.starts_with("CONFORMS"));
    let judged = cardproof(folder.path(), "judge out/trace.jsonl");
    assert_eq!(judged.code, Some(0), "{}", judged.stderr);
}

#[test]
fn a_race_is_replayed_until_it_departs() {
    let folder = folder();
    let case = "[[case]]\nname = \"race\"\nsteps = [\n  '[1] create virtual on A',\n  '[2] create virtual on A',\n  \
                'issue #1',\n  'issue #2',\n  'list A',\n]\n";
    std::fs::write(folder.path().join("race.toml"), case).unwrap();
    let fault = "--fault limit-checked-before-insert";
    let ended = cardproof(folder.path(), &format!("replay race.toml {fault}"));
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("LIMIT-8"), "{}", ended.stdout);
    assert!(ended.stdout.contains("at once   [1]"), "{}", ended.stdout);
    let correct = cardproof(folder.path(), "replay race.toml --times 20");
    assert_eq!(
        correct.code,
        Some(0),
        "{}{}",
        correct.stdout,
        correct.stderr
    );
    assert!(
        correct.stdout.contains("departs 0/20"),
        "{}",
        correct.stdout
    );
}

#[test]
fn a_fault_departs_and_its_reproducer_departs_again() {
    let folder = folder();
    let fault = "--fault terminate-is-reversible";
    let ended = cardproof(
        folder.path(),
        &format!("{fault} --suite lifecycle --cases 0 --out out"),
    );
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let report = report(folder.path(), "out");
    check_schema(&report);
    let findings = report["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|f| f["requirement"] == "LIFE-4")
        .unwrap();
    let file = finding["file"].as_str().unwrap();
    let line = format!("cardproof replay out/{file} {fault}");
    assert!(ended.stdout.contains(&line), "{}", ended.stdout);
    let again = cardproof(folder.path(), line.strip_prefix("cardproof ").unwrap());
    assert_eq!(again.code, Some(1), "{}{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("departs 5/5"), "{}", again.stdout);
    let correct = cardproof(folder.path(), &format!("replay out/{file} --times 2"));
    assert_eq!(
        correct.code,
        Some(0),
        "{}{}",
        correct.stdout,
        correct.stderr
    );
    assert!(correct.stdout.contains("departs 0/2"), "{}", correct.stdout);
    let judged = cardproof(folder.path(), "judge out/trace.jsonl --out judged");
    assert_eq!(judged.code, Some(1), "{}", judged.stderr);
    assert!(folder.path().join("judged/report.json").exists());
}

#[test]
fn a_trace_that_was_cut_off_is_judged_as_far_as_it_goes_and_never_conforms() {
    let folder = folder();
    cardproof(folder.path(), "--suite smoke --out out");
    let trace = fs::read(folder.path().join("out/trace.jsonl")).unwrap();
    fs::write(
        folder.path().join("cut.jsonl"),
        &trace[..trace.len() * 2 / 3],
    )
    .unwrap();
    let judged = cardproof(folder.path(), "judge cut.jsonl");
    assert_eq!(judged.code, Some(3), "{}{}", judged.stdout, judged.stderr);
    assert!(
        judged.stderr.contains("cut.jsonl ends before"),
        "{}",
        judged.stderr
    );
    assert!(
        judged.stdout.starts_with("INCONCLUSIVE"),
        "{}",
        judged.stdout
    );
}

#[test]
fn a_trace_of_another_document_is_refused() {
    let folder = folder();
    cardproof(folder.path(), "--suite smoke --out out");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/cards.openapi.yaml");
    let changed = fs::read_to_string(own).unwrap() + "# another\n";
    fs::write(folder.path().join("other.yaml"), changed).unwrap();
    check_refused(
        folder.path(),
        "judge out/trace.jsonl --spec other.yaml",
        &["another OpenAPI document", "--spec"],
    );
}

#[test]
fn the_same_seed_plans_the_same_cases() {
    let folder = folder();
    let plan = |seed| {
        cardproof(
            folder.path(),
            &format!("--suite reads --dry-run --seed {seed}"),
        )
        .stdout
    };
    assert!(plan(1).contains("[[case]]"));
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn reports_are_named_by_the_time_where_no_folder_is() {
    let folder = folder();
    for _ in 0..2 {
        cardproof(folder.path(), "--suite smoke -q");
    }
    let reports: Vec<_> = fs::read_dir(folder.path().join("reports"))
        .unwrap()
        .collect();
    assert_eq!(reports.len(), 2);
}

#[test]
fn an_environment_variable_stands_for_a_flag_and_the_flag_wins() {
    let folder = folder();
    let plan = |args: &str, seed: &str| {
        let mut command = command(folder.path(), args);
        command.env("CARDPROOF_SEED", seed).output().unwrap().stdout
    };
    let args = "run --suite reads --dry-run";
    assert_eq!(plan(args, "2"), plan(&format!("{args} --seed 2"), "1"));
    assert_ne!(plan(args, "2"), plan(args, "1"));
}

#[test]
fn styles_are_written_only_where_they_are_wanted() {
    let folder = folder();
    let styled = cardproof(folder.path(), "explain LIFE-4 --color always").stdout;
    assert!(styled.contains('\u{1b}'));
    let plain = cardproof(folder.path(), "explain LIFE-4 --color never").stdout;
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), plain);
}

#[test]
fn what_is_listed_and_explained() {
    let folder = folder();
    insta::assert_snapshot!("readings", cardproof(folder.path(), "list readings").stdout);
    let explained = cardproof(folder.path(), "explain life-4").stdout;
    insta::assert_snapshot!("explained", without_line_numbers(&explained));
    let listed = cardproof(folder.path(), "list requirements --format json").stdout;
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/requirements.json");
    assert_eq!(listed, fs::read_to_string(published).unwrap());
}

/// The lines of the OpenAPI document move, and that is no news here.
fn without_line_numbers(text: &str) -> String {
    let mut parts = text.split("yaml:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "yaml:N" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}
