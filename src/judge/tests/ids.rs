//! Ids that are more than one, and ids and keys that are longer than any.

use super::*;

const ISSUE: &str = "issue #1 => 204";

#[test]
fn an_id_with_something_around_it_is_none() {
    for around in [
        r"%20{#1}",
        r"{#1}%00",
        r"{#1}.",
        r"%7B{#1}%7D",
        r"urn:uuid:{#1}",
        r"{#1}%zz",
    ] {
        let check_read = |answer: &str, expected: &[(&str, usize)]| {
            let read = format!(r#"read "{around}" => {answer}"#);
            check(&[CREATE, &read], expected);
        };
        check_read("400", &[]);
        check_read("404", &[]);
        check_read("401", &[]);
        check_read("403", &[("ID-2", 2)]);
        check_read("500", &[("HTTP-3", 2)]);
        let served = r#"200 {"id":"cccccccc-0000-4000-8000-000000000001"}"#;
        let read = format!(r#"read "{around}" => {served}"#);
        let departures = departures(&manual(), &[CREATE, &read]);
        let is_named = departures
            .iter()
            .any(|(id, step)| id.as_str() == "ID-2" && *step == 2);
        assert!(is_named, "{departures:?}");
        let done = format!(r#"deactivate "{around}" => 204"#);
        check(&[CREATE, ISSUE, &done], &[("ID-2", 3)]);
    }
}

/// What lies before an API may refuse them by a rule of its own.
#[test]
fn odd_ids_need_not_be_refused_as_others_are() {
    let long = "a".repeat(300);
    let reads = |answers: [&str; 4]| {
        [
            format!(r#"read "seven" => {}"#, answers[0]),
            format!(r#"read "{{#1}}%zz" => {}"#, answers[1]),
            format!(r#"read "{{#1}}." => {}"#, answers[2]),
            format!(r#"read "{long}" => {}"#, answers[3]),
        ]
    };
    for answers in [["404", "400", "404", "414"], ["400", "404", "400", "404"]] {
        let reads = reads(answers);
        let lines: Vec<&str> = [CREATE]
            .into_iter()
            .chain(reads.iter().map(String::as_str))
            .collect();
        check(&lines, &[]);
    }
}

#[test]
fn a_key_that_is_longer_than_any_is_refused_and_nothing_done() {
    let key = format!("{:0<300}", "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
    let create = |answer: &str| format!(r#"create virtual on A with key "{key}" => {answer}"#);
    for answer in ["400", "431"] {
        check(&[&create(answer), "list A => 200 []"], &[]);
        check(
            &[&create(answer), "list A => 200 #1=issuing"],
            &[("INPUT-7", 2)],
        );
    }
    check(&[&create("201 issuing")], &[("IDEM-2", 1)]);
    check(&[&create("500")], &[("HTTP-3", 1)]);
    let act = format!(r#"deactivate #1 with key "{key}" => 431"#);
    check(&[CREATE, ISSUE, &act, "read #1 => 200 active"], &[]);
    check(
        &[CREATE, ISSUE, &act, "read #1 => 200 inactive"],
        &[("LIFE-9", 4)],
    );
    // A short one has its place in any header.
    let short = r#"create virtual on A with key "seven" => 431"#;
    check(&[short], &[("HTTP-1", 1), ("IDEM-2", 1)]);
}
