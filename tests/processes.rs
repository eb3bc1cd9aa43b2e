//! The built program beside other processes: served, interrupted, left by its reader.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::{cardproof, check_against, check_schema, command, folder, report, serve};

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let folder = folder();
    let mut child = command(folder.path(), "list requirements --format json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert_eq!(said, "");
}

#[test]
fn a_served_reference_is_tested_by_the_profile_that_it_writes() {
    let folder = folder();
    let (_served, args) = serve(folder.path(), "");
    let profile = fs::read_to_string(folder.path().join("sandbox/cardproof.toml")).unwrap();
    let secret = fs::read_to_string(folder.path().join("sandbox/api-secret")).unwrap();
    assert!(!profile.contains(secret.trim()));
    check_against("profile.schema.json", &toml::from_str(&profile).unwrap());
    let schema = profile
        .lines()
        .next()
        .unwrap()
        .strip_prefix("#:schema ")
        .unwrap();
    assert!(folder.path().join("sandbox").join(schema).exists());
    let ended = cardproof(folder.path(), &format!("{args} --suite smoke --out out"));
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for file in ["report.json", "report.txt", "trace.jsonl"] {
        let written = fs::read_to_string(folder.path().join("out").join(file)).unwrap();
        assert!(!written.contains(secret.trim()), "the secret is in {file}");
    }
}

#[test]
fn a_profile_that_init_writes_is_well_and_is_run() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), "");
    let profile = fs::read_to_string(folder.path().join("sandbox/cardproof.toml")).unwrap();
    let url = profile
        .split("base_url = \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let init = format!(
        "init --url {url} --api-key-file sandbox/api-key --api-secret-file sandbox/api-secret \
         --accounts-path /sandbox/accounts --issuance manual --listen 127.0.0.1:0 --generate-key key.pem --no-input"
    );
    let ended = cardproof(folder.path(), &init);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("{\"publicKey\":\""),
        "{}",
        ended.stdout
    );
    let again = cardproof(folder.path(), &init);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    for command in ["doctor", "run --suite smoke --out out"] {
        let ended = cardproof(folder.path(), command);
        assert_eq!(
            ended.code,
            Some(0),
            "{command}: {}{}",
            ended.stdout,
            ended.stderr
        );
    }
}

#[test]
fn a_recording_is_judged_by_what_the_profile_said() {
    let folder = folder();
    let (_served, args) = serve(folder.path(), "--fault deactivate-does-nothing");
    let path = folder.path().join("sandbox/cardproof.toml");
    let profile = fs::read_to_string(&path).unwrap();
    let disabled = profile.replace("[disabled]", "[disabled]\nLIFE-2 = \"known\"");
    fs::write(
        &path,
        disabled.replace("simulator = true", "simulator = false"),
    )
    .unwrap();
    let ended = cardproof(folder.path(), &format!("{args} --suite smoke --out out"));
    let judged = cardproof(folder.path(), "judge out/trace.jsonl --out judged");
    assert_eq!(judged.code, ended.code, "{}{}", ended.stdout, judged.stdout);
    let verdicts = |out: &str| {
        let report = report(folder.path(), out);
        let results = report["requirements"].as_array().unwrap().clone();
        results
            .into_iter()
            .map(|r| r["verdict"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(verdicts("out"), verdicts("judged"));
    assert!(verdicts("out").contains(&"not-applicable".into()));
    assert!(verdicts("out").contains(&"disabled".into()));
}

#[test]
fn what_is_disabled_is_no_finding() {
    let folder = folder();
    let (_served, args) = serve(folder.path(), "--fault deactivate-does-nothing");
    let path = folder.path().join("sandbox/cardproof.toml");
    let profile = fs::read_to_string(&path).unwrap();
    let found = |out: &str| {
        cardproof(folder.path(), &format!("{args} --suite smoke --out {out}"));
        let judged = format!("judge {out}/trace.jsonl --out {out}-judged");
        cardproof(folder.path(), &judged);
        [out.to_owned(), format!("{out}-judged")].map(|out| {
            let report = report(folder.path(), &out);
            let mut findings = report["findings"].as_array().unwrap().iter();
            findings.any(|finding| finding["requirement"] == "LIFE-2")
        })
    };
    assert_eq!(found("judged-all"), [true; 2]);
    let disabled = profile.replace("[disabled]", "[disabled]\nLIFE-2 = \"known\"");
    fs::write(&path, disabled).unwrap();
    assert_eq!(found("disabled"), [false; 2]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_what_it_recorded_and_goes_on_later() {
    for (signal, flags) in [
        ("-INT", "--cases 3000"),
        ("-TERM", "--cases 3000 --workers 2"),
    ] {
        let folder = folder();
        let mut child = command(folder.path(), &format!("run {flags} --out out"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(said.next().unwrap().unwrap().starts_with("running"));
        // Some case has ended, so there is something to report; the run is far from over.
        let trace = folder.path().join("out/trace.jsonl");
        while !fs::read_to_string(&trace).is_ok_and(|text| text.contains("{\"end\":")) {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the run ended by itself"
            );
            std::thread::yield_now();
        }
        let id = child.id().to_string();
        let killed = Command::new("kill").args([signal, &id]).status();
        assert!(killed.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("exit code 130"), "{text}");
        check_schema(&report(folder.path(), "out"));
        let judged = cardproof(folder.path(), "judge out/trace.jsonl");
        assert_eq!(judged.code, Some(3), "{}{}", judged.stdout, judged.stderr);
    }
}
