//! What other programs recorded, judged: recordings in the shapes in which tools export them.

mod common;

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use common::{Ended, cardproof, check_schema, folder, report};
use serde_json::{Value, json};

fn recording(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/har")
        .join(name);
    path.display().to_string()
}

fn judge(folder: &Path, name: &str, flags: &str) -> Ended {
    cardproof(
        folder,
        &format!("judge {} --out out {flags}", recording(name)),
    )
}

/// The requirements that were departed from.
fn departed(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|f| f["requirement"].as_str().unwrap().to_owned())
        .collect()
}

fn verdict(report: &Value, requirement: &str) -> String {
    let mut results = report["requirements"].as_array().unwrap().iter();
    let result = results.find(|r| r["id"] == requirement).unwrap();
    result["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_browsers_recording_that_starts_in_the_middle_conforms() {
    let folder = folder();
    let ended = judge(folder.path(), "chrome-conforming.har", "");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for hint in ["3 (not about cards)", "2 (answered from a cache"] {
        assert!(ended.stderr.contains(hint), "{}", ended.stderr);
    }
    let report = report(folder.path(), "out");
    check_schema(&report);
    assert_eq!(
        report["target"]["base_url"],
        "https://api.cards.example/issuing/v1"
    );
    for shown in ["READ-1", "CREATE-1", "BODY-1", "LIFE-11"] {
        assert_eq!(verdict(&report, shown), "pass", "{shown}");
    }
    // Whether signatures are looked at, and what is refused without a key, a recording can't show; that the card is inactive
    // and active again may be somebody else's doing.
    for not_shown in [
        "AUTH-1", "AUTH-4", "AUTH-12", "IDEM-1", "IDEM-3", "HOOK-1", "LIFE-2",
    ] {
        assert_eq!(verdict(&report, not_shown), "not-shown", "{not_shown}");
    }
}

#[test]
fn what_no_company_explains_departs() {
    let folder = folder();
    for (name, flags, expected) in [
        ("firefox-revived.har", "", &["LIFE-4"][..]),
        (
            "mitmproxy-races.har",
            "",
            &["BODY-7", "HTTP-2", "INPUT-10", "READ-6"],
        ),
        (
            "mitmproxy-races.har",
            "--alone",
            &["BODY-7", "HTTP-2", "INPUT-10", "LIMIT-8", "READ-6"],
        ),
        ("k6-retry.har", "", &["IDEM-3"]),
    ] {
        let ended = judge(folder.path(), name, flags);
        assert_eq!(
            ended.code,
            Some(1),
            "{name}: {}{}",
            ended.stdout,
            ended.stderr
        );
        let departed = departed(&report(folder.path(), "out"));
        let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(departed, expected, "{name}: {}", ended.stdout);
        assert!(
            !folder.path().join("out/cases").exists(),
            "it can't be run again"
        );
    }
}

#[test]
fn a_change_that_others_may_have_made_departs_only_where_there_are_none() {
    let folder = folder();
    let text = std::fs::read_to_string(recording("chrome-conforming.har")).unwrap();
    // The card is still active after it was deactivated.
    let inactive = r#"\"status\":\"inactive\",\"createdAt\":\"2026-02-27T09:12:44.101Z\",\"updatedAt\":\"2026-03-02T10:00:01.101Z\""#;
    let active = inactive.replace("inactive", "active");
    let changed = folder.path().join("changed.har");
    std::fs::write(&changed, text.replacen(inactive, &active, 1)).unwrap();
    let among_others = cardproof(folder.path(), "judge changed.har --out out");
    assert_eq!(among_others.code, Some(0), "{}", among_others.stdout);
    assert!(
        among_others.stderr.contains("--alone"),
        "{}",
        among_others.stderr
    );
    let alone = cardproof(folder.path(), "judge changed.har --out out --alone");
    assert_eq!(alone.code, Some(1), "{}", alone.stdout);
    // That the deactivate was an old one, answered again, explains the read, but not the list that shows it done after all.
    assert!(departed(&report(folder.path(), "out")).contains("READ-6"));
    assert!(
        alone.stdout.contains("or else   LIFE-2"),
        "{}",
        alone.stdout
    );
}

#[test]
fn credentials_in_a_recording_stay_there() {
    let folder = folder();
    let ended = judge(folder.path(), "firefox-revived.har", "-v");
    let written = std::fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    for text in [&ended.stdout, &ended.stderr, &written] {
        for secret in ["s3cret-of-the-recording", "c2VjcmV0LW9m", "eyJhbGci"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[test]
fn what_is_no_recording_of_the_api_is_an_error_with_its_place() {
    let folder = folder();
    for (name, flags, hints) in [
        (
            "chrome-cut-off.har",
            "",
            &["chrome-cut-off.har:620:", "cut off"][..],
        ),
        (
            "without-url.har",
            "",
            &["without-url.har:", "log.entries[1].request", "`url`"],
        ),
        (
            "without-time.har",
            "",
            &[
                "without-time.har:",
                "log.entries[0].startedDateTime",
                "yesterday",
            ],
        ),
        ("other-api.har", "", &["other-api.har: ", "--base-url"]),
        (
            "k6-retry.har",
            "--base-url http://127.0.0.1:8080/v2",
            &["http://127.0.0.1:8080/v1"],
        ),
        (
            "k6-retry.har",
            "--base-url nowhere",
            &["--base-url nowhere", "https://"],
        ),
        ("nothing.har", "", &["nothing.har"]),
    ] {
        let ended = judge(folder.path(), name, flags);
        assert_eq!(
            ended.code,
            Some(2),
            "{name}: {}{}",
            ended.stdout,
            ended.stderr
        );
        for hint in hints {
            assert!(ended.stderr.contains(hint), "{name}: {}", ended.stderr);
        }
    }
}

/// What a recording holds of a run: each exchange that `keep` says, without credentials.
fn as_recording(trace: &Path, keep: impl Fn(usize) -> bool) -> Value {
    let text = std::fs::read_to_string(trace).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let base = lines[0]["header"]["base_url"].as_str().unwrap();
    let exchanges = lines.iter().filter_map(|line| line.get("exchange"));
    let kept = exchanges.enumerate().filter(|(place, _)| keep(*place));
    let entries = kept.filter_map(|(_, exchange)| entry(base, exchange));
    json!({ "log": {
        "version": "1.2",
        "creator": { "name": "sample", "version": "1" },
        "entries": entries.collect::<Vec<Value>>(),
    } })
}

fn entry(base: &str, exchange: &Value) -> Option<Value> {
    let (request, got) = (&exchange["request"], exchange["reply"].get("got")?);
    if got.get("excerpt_of").is_some() {
        return None;
    }
    let headers = |message: &Value| -> Vec<Value> {
        let headers = message["headers"].as_array().into_iter().flatten();
        let headers = headers.filter(|header| header[1] != "[redacted]");
        headers
            .map(|header| json!({ "name": header[0], "value": header[1] }))
            .collect()
    };
    let sent = exchange["sent_at"].as_i64().unwrap();
    let received = exchange["received_at"].as_i64().unwrap();
    let start = jiff::Timestamp::from_microsecond(1_772_445_600_000_000 + sent).unwrap();
    let path = request["path"].as_str().unwrap();
    let mut recorded = json!({
        "method": request["method"],
        "url": format!("{base}{path}"),
        "httpVersion": "HTTP/1.1",
        "headers": headers(request),
    });
    if let Some(body) = request.get("body") {
        recorded["postData"] = json!({ "mimeType": "", "text": body });
    }
    Some(json!({
        "startedDateTime": format!("{start:.6}"),
        "time": Duration::from_micros(u64::try_from(received - sent).unwrap()).as_secs_f64() * 1e3,
        "request": recorded,
        "response": {
            "status": got["status"],
            "headers": headers(got),
            "content": { "mimeType": "", "text": got["body"] },
        },
    }))
}

/// Runs cases against the reference, and says what departs in a part of the recording of it.
fn departed_in_part(run: &str, percent: u64, seeds: std::ops::Range<u64>) -> BTreeSet<String> {
    let folder = folder();
    let ended = cardproof(folder.path(), &format!("run {run} --no-shrink --out run"));
    assert!(ended.code < Some(2), "{}", ended.stderr);
    let mut all = BTreeSet::new();
    for seed in seeds {
        let keep = |place: usize| {
            let mut hasher = std::hash::DefaultHasher::new();
            (seed, place).hash(&mut hasher);
            hasher.finish() % 100 < percent
        };
        let part = as_recording(&folder.path().join("run/trace.jsonl"), keep);
        std::fs::write(folder.path().join("part.har"), part.to_string()).unwrap();
        let ended = cardproof(folder.path(), "judge part.har --out judged");
        assert!(ended.code < Some(2), "{}", ended.stderr);
        all.extend(departed(&report(folder.path(), "judged")));
        std::fs::remove_dir_all(folder.path().join("judged")).unwrap();
    }
    all
}

#[test]
fn a_part_of_what_a_conforming_implementation_did_never_departs() {
    for (run, percent) in [
        ("--suite limits -n 0 --reading limit=fail-later", 40),
        (
            "--suite reads -n 0 --reading success-code=200-with-card",
            60,
        ),
        ("--suite races --reading key-in-flight=refuse", 30),
    ] {
        assert_eq!(
            departed_in_part(run, percent, 1..2),
            BTreeSet::new(),
            "{run}"
        );
    }
}

#[test]
fn what_a_faulty_implementation_did_departs_in_a_whole_recording() {
    for (run, expected) in [
        (
            "--suite lifecycle -n 0 --fault terminate-is-reversible",
            "LIFE-4",
        ),
        ("--suite smoke --fault type-in-capitals", "BODY-5"),
    ] {
        let departed = departed_in_part(run, 100, 0..1);
        assert!(departed.contains(expected), "{run}: {departed:?}");
    }
}
