//! A partner's own OpenAPI document: one that extends ours is held to, in 3.0 and 3.1; one that contradicts it runs nothing.

mod common;

use std::fs;
use std::path::Path;

use common::{cardproof, folder, report};

const FILE: &str = "theirs.yaml";

/// Our document with parts replaced, as a partner might have written it.
fn write(folder: &Path, edits: &[(&str, &str)]) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/cards.openapi.yaml");
    let mut text = fs::read_to_string(ours).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{from:?} is not in our document");
        text = text.replace(from, to);
    }
    fs::write(folder.join(FILE), text).unwrap();
}

/// More of everything: members of requests and answers, endpoints, codes, and a prefix.
const EXTENSION: [(&str, &str); 6] = [
    (
        "\npaths:\n",
        "\npaths:\n  /statements:\n    get:\n      responses: { '200': { description: all of them } }\n",
    ),
    ("\n  /", "\n  /gateway/v1/"),
    (
        "        network:\n          type: string\n",
        "        colour: { type: string, enum: [red, blue] }\n        network:\n          type: string\n",
    ),
    (
        "        firstLine:\n          type: string\n",
        "        building: { type: string }\n        firstLine:\n          type: string\n          minLength: 1\n",
    ),
    (
        "        '415':\n",
        "        '429':\n          description: later\n        '415':\n",
    ),
    ("  version: '1.0.0'", "  version: '7.1.0'"),
];

/// From 3.0 to the words of 3.1.
const TO_3_1: [(&str, &str); 4] = [
    ("openapi: 3.0.3", "openapi: 3.1.1"),
    (
        "type: string\n          nullable: true",
        "type: [string, 'null']",
    ),
    ("enum: [virtual]\n", "const: virtual\n"),
    ("enum: [physical]\n", "const: physical\n"),
];

#[test]
fn a_target_is_held_to_a_document_that_extends_ours_in_3_0_and_3_1() {
    for edits in [EXTENSION.to_vec(), [EXTENSION.as_slice(), &TO_3_1].concat()] {
        let folder = folder();
        write(folder.path(), &edits);
        let run =
            format!("run --suite smoke --suite webhooks --cases 5 --quiet --out out --spec {FILE}");
        let ended = cardproof(folder.path(), &run);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        assert!(!ended.stderr.contains("contradicts"), "{}", ended.stderr);
        let report = report(folder.path(), "out");
        assert_eq!(report["contract"]["version"], "7.1.0");
        assert!(report["contract"].get("contradictions").is_none());
    }
}

#[test]
fn a_member_that_the_document_promises_besides_must_be_there() {
    let required = "[id, accountId, type, billingAddress, status, createdAt, updatedAt]";
    let more = "[id, accountId, type, billingAddress, status, createdAt, updatedAt, colour]";
    for edits in [EXTENSION.to_vec(), [EXTENSION.as_slice(), &TO_3_1].concat()] {
        let folder = folder();
        write(folder.path(), &[edits, vec![(required, more)]].concat());
        let run = format!("run --suite smoke --quiet --no-shrink --out out --spec {FILE}");
        let ended = cardproof(folder.path(), &run);
        assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
        let report = report(folder.path(), "out");
        let finding = &report["findings"][0];
        assert_eq!(finding["requirement"], "BODY-2", "{finding}");
        let text = fs::read_to_string(folder.path().join("out/report.txt")).unwrap();
        assert!(text.contains("`colour` is missing"), "{text}");
        assert!(text.contains(&format!("--spec {FILE}")), "{text}");
    }
}

#[test]
fn nothing_is_run_against_a_document_that_contradicts_ours_unless_it_is_allowed() {
    let folder = folder();
    write(
        folder.path(),
        &[
            (
                "          enum: [visa, mastercard, null]",
                "          enum: [visa, mastercard, amex, null]",
            ),
            ("        '201':\n", "        '202':\n"),
        ],
    );
    let run = format!("run --suite smoke --quiet --out out --spec {FILE}");
    let ended = cardproof(folder.path(), &run);
    assert_eq!(ended.code, Some(2), "{}{}", ended.stdout, ended.stderr);
    assert!(!folder.path().join("out").exists());
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    let line_of = |part: &str| text.lines().position(|line| line == part).unwrap() + 1;
    let expected = [
        format!("{FILE} contradicts the contract that comes with cardproof in 2 places"),
        format!(
            "\n  {FILE}:{}:9: create a card: a success may be 202 here; by the contract it is 201",
            line_of("        '202':")
        ),
        format!("\n  {FILE}:{}:9: ", line_of("        network:")),
        "`network` is \"amex\", not one of \"visa\", \"mastercard\", null".to_owned(),
        "--allow-contradictions".to_owned(),
    ];
    for part in expected {
        assert!(
            ended.stderr.contains(&part),
            "{part:?} is not in {}",
            ended.stderr
        );
    }

    let ended = cardproof(
        folder.path(),
        &format!("{run} --allow-contradictions --no-shrink"),
    );
    assert_eq!(
        ended.code,
        Some(1),
        "the reference answers 201: {}{}",
        ended.stdout,
        ended.stderr
    );
    assert!(ended.stderr.contains("in 2 places"), "{}", ended.stderr);
    let report = report(folder.path(), "out");
    assert_eq!(
        report["contract"]["contradictions"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    common::check_schema(&report);
    let text = fs::read_to_string(folder.path().join("out/report.txt")).unwrap();
    assert!(
        text.contains("against the contract that comes with cardproof"),
        "{text}"
    );
}

#[test]
fn a_profile_names_its_document_from_where_it_is_and_a_flag_wins() {
    let folder = folder();
    let (_served, flags) = common::serve(folder.path(), "");
    let profile = folder.path().join("sandbox/cardproof.toml");
    let text = fs::read_to_string(&profile).unwrap();
    fs::write(&profile, format!("spec = \"{FILE}\"\n{text}")).unwrap();
    let run = format!("run --suite smoke --quiet --out out {flags}");
    let ended = cardproof(folder.path(), &run);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("sandbox/theirs.yaml"),
        "{}",
        ended.stderr
    );

    write(&folder.path().join("sandbox"), &EXTENSION);
    let ended = cardproof(folder.path(), &run);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(report(folder.path(), "out")["contract"]["version"], "7.1.0");

    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/cards.openapi.yaml");
    let ended = cardproof(folder.path(), &format!("{run} --spec {}", ours.display()));
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(report(folder.path(), "out")["contract"]["version"], "1.0.0");
}

#[test]
fn a_broken_document_of_3_1_is_refused_at_its_place() {
    let folder = folder();
    write(folder.path(), &[("openapi: 3.0.3", "openapi: 3.1.1")]);
    let ended = cardproof(folder.path(), &format!("run --suite smoke --spec {FILE}"));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("nullable: true"))
        .unwrap()
        + 1;
    for part in [&format!("{FILE}:{line}:"), "write `type: [string, 'null']`"] {
        assert!(
            ended.stderr.contains(part),
            "{part:?} is not in {}",
            ended.stderr
        );
    }
}
