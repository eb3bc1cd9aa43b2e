//! Access and input: flaws that must be refused, flaws that may be overlooked, other methods, and what an error shows.

use serde_json::json;

use super::*;
use crate::card::AccountId;

const ACTIVE: [&str; 3] = [CREATE, "issue #1 => 204", "read #1 => 200 active"];

#[track_caller]
fn check_active(lines: &[&str], expected: &[(&str, usize)]) {
    check(&[&ACTIVE[..], lines].concat(), expected);
}

#[test]
fn a_flaw_is_refused_with_a_code_of_its_own() {
    check_active(
        &[
            "deactivate #1 without bearer => 401",
            "deactivate #1 with broken signature => 400",
            "read #1 with broken signature => 400",
            "list A with wrong algorithm => 401",
            "read #1 => 200 active",
        ],
        &[],
    );
    check_active(&["read #1 without bearer => 400"], &[("AUTH-1", 4)]);
    check_active(
        &["list A with signature of #3 => 200 #1=active"],
        &[("AUTH-5", 4)],
    );
    check_active(
        &["deactivate #1 with key added after signing => 204"],
        &[("AUTH-9", 4)],
    );
    check_active(
        &[
            "read #1 with broken signature => 400",
            "list A with broken signature => 401",
        ],
        &[("OPEN-28", 5)],
    );
}

#[test]
fn a_length_may_be_asked_for_where_none_is_told() {
    const CHANGED: &str = "create physical on A with body changed after signing";
    for (how, status, expected) in [
        (" and sent in chunks", 401, &[][..]),
        (" and sent in chunks", 411, &[]),
        (" and sent in chunks", 201, &[("AUTH-10", 4)]),
        ("", 411, &[("HTTP-1", 4), ("AUTH-10", 4)]),
    ] {
        let shown = if status == 201 { " issuing" } else { "" };
        check_active(&[&format!("{CHANGED}{how} => {status}{shown}")], expected);
    }
}

#[test]
fn what_was_refused_for_a_flaw_was_not_done() {
    check_active(
        &[
            "deactivate #1 with empty signature => 401",
            "read #1 => 200 inactive",
        ],
        &[("AUTH-12", 5)],
    );
}

#[test]
fn a_refused_create_that_touches_another_card_is_to_blame() {
    let touched = r#"read #1 => 200 active with {"updatedAt":"2026-01-01T00:00:01Z"}"#;
    check_active(
        &["create physical on A with wrong digest => 401", touched],
        &[("AUTH-12", 5)],
    );
    check_active(
        &["create physical on B => 201 issuing", touched],
        &[("LIFE-14", 5)],
    );
}

#[test]
fn what_a_key_has_done_lets_no_flaw_pass() {
    check(
        &[
            CREATE,
            "retry #1 with wrong digest => 201 again",
            "list A => 200 #1=issuing",
        ],
        &[("AUTH-10", 2)],
    );
}

#[test]
fn an_open_flaw_is_refused_or_overlooked_but_always_alike() {
    let both = |change: &'static str, read: &'static str, after: &'static str| {
        let mut lines = ACTIVE.to_vec();
        lines.extend([change, after, read]);
        lines
    };
    let overlooked = "deactivate #1 with old signature => 204";
    let refused = "deactivate #1 with old signature => 401";
    let read_overlooked = "read #1 with old signature => 200 inactive";
    check(
        &both(overlooked, read_overlooked, "read #1 => 200 inactive"),
        &[],
    );
    check(
        &both(
            refused,
            "list A with old signature => 401",
            "read #1 => 200 active",
        ),
        &[],
    );
    check(
        &both(
            overlooked,
            "read #1 with old signature => 401",
            "read #1 => 200 inactive",
        ),
        &[("OPEN-41", 6)],
    );
    check(
        &both(refused, "read #1 => 200 inactive", "read #1 => 200 active"),
        &[("AUTH-12", 6)],
    );
}

#[test]
fn a_profile_may_say_that_old_signatures_are_refused() {
    let mut terms = manual();
    let pin = ("old-signatures".to_owned(), "refused".to_owned());
    terms.pins.extend([pin]);
    let told = |answer: &'static str| [CREATE, answer];
    check_with(&terms, &told("list A with old signature => 401"), &[]);
    check_with(
        &terms,
        &told("list A with old signature => 200 #1=issuing"),
        &[("OPEN-41", 2)],
    );
}

#[test]
fn another_method_may_be_answered_anyhow_but_changes_nothing() {
    for answer in ["404", "405", "200", "501"] {
        let call = format!("deactivate #1 by POST => {answer}");
        check_active(&[&call, "read #1 => 200 active"], &[]);
        check_active(&[&call, "read #1 => 200 inactive"], &[("INPUT-9", 5)]);
    }
    check_active(&["read #1 by PUT => 500"], &[("HTTP-3", 4)]);
}

#[test]
fn a_name_that_stands_twice_is_accepted_or_refused() {
    let twice = r#"create virtual on A with body "{\"type\":\"virtual\",\"type\":\"virtual\",\"billingAddress\":{\"firstLine\":\"1 High Street\",\"city\":\"London\",\"country\":\"GB\",\"postCode\":\"SW1A 1AA\"}}" => "#;
    for answer in ["201 issuing", "400"] {
        check(&[&format!("{twice}{answer}")], &[]);
    }
    check(&[&format!("{twice}422")], &[("OPEN-44", 1)]);
}

#[test]
fn a_name_with_two_values_is_not_judged() {
    let lines = [
        r#"create virtual on A with body "{\"type\":\"virtual\",\"type\":\"physical\"}" => 201 issuing"#,
        "list A => 200",
    ];
    let judgement = judged(&lines);
    assert_eq!(judgement.departures, []);
    assert_eq!(judgement.obstacles.len(), 1);
}

#[test]
fn an_error_shows_no_trace_and_nothing_of_another_programme() {
    let foreign = "12345678-0000-4000-8000-000000000000";
    let terms = Terms {
        foreign_account: Some(AccountId::new(foreign)),
        ..manual()
    };
    let told = |message: &str| format!("read unknown => 404 {{\"message\":\"{message}\"}}");
    for (message, expected) in [
        ("no card has this id", None),
        ("at a.B.c(B.java:7)", Some("INPUT-10")),
        (foreign, Some("INPUT-11")),
    ] {
        let expected: Vec<(&str, usize)> = expected.into_iter().map(|id| (id, 1)).collect();
        check_with(&terms, &[&told(message)], &expected);
    }
    let named = format!("read \"{foreign}\" => 404 {{\"message\":\"{foreign}\"}}");
    check_with(&terms, &[&named], &[]);
}

#[test]
fn a_refusal_for_an_old_token_departs_from_nothing_and_changes_nothing() {
    let refused = "create virtual on A => 401 for its token";
    check(
        &[
            refused,
            "retry #1 => 201 issuing",
            "list A => 200 #2=issuing",
        ],
        &[],
    );
    // The refusal may be kept under the key, as others are.
    check(&[refused, "retry #1 => 401", "list A => 200 []"], &[]);
    check(&[refused, "list A => 200 #1=issuing"], &[("AUTH-12", 2)]);
    check(&["read #1 => 401 for its token"], &[]);
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 401 for its token",
            "read #1 => 200 inactive",
        ],
        &[("AUTH-12", 4)],
    );
    // A good token's refusal is one.
    check(&["create virtual on A => 401"], &[("CREATE-1", 1)]);
}

#[test]
fn what_may_be_refused_is_refused_alike_by_every_measure_that_a_target_may_take() {
    let city = |letter: char, text: &str, answer: &str| {
        let body = json!({ "billingAddress": { "city": text } });
        format!("create virtual on {letter} with {body} => {answer}")
    };
    let signs = "🏠".repeat(20) + &"a".repeat(40);
    let letters = "é".repeat(60);
    for (first, second, expected) in [
        // As many characters and bytes, and fewer units of UTF-16.
        (
            city('A', &signs, "400"),
            city('B', &letters, "201 issuing"),
            &[][..],
        ),
        (
            city('A', &letters, "400"),
            city('B', &letters, "201 issuing"),
            &[("OPEN-24", 2)][..],
        ),
        (city('A', " ", "400"), city('B', "", "201 issuing"), &[][..]),
        (
            city('A', " ", "400"),
            city('B', " ", "201 issuing"),
            &[("OPEN-23", 2)][..],
        ),
    ] {
        check(&[&first, &second], expected);
    }
}

#[test]
fn a_member_that_answers_have_may_be_refused_though_others_are_ignored() {
    let create = |letter: char, body: &str, answer: &str| {
        format!("create virtual on {letter} with {body} => {answer}")
    };
    let ignored = create('A', r#"{"colour":"red"}"#, "201 issuing");
    let read_only = create('B', r#"{"status":"active"}"#, "400");
    check(&[&ignored, &read_only], &[]);
    let refused = create('B', r#"{"size":7}"#, "400");
    check(&[&ignored, &refused], &[("OPEN-22", 2)]);
    let taken_over = create('B', r#"{"status":"active"}"#, "201 active");
    check(&[&ignored, &taken_over], &[("CREATE-2", 2), ("LIFE-1", 2)]);
}

/// Which of the two comes first is nowhere said.
#[test]
fn who_refuses_a_create_over_the_limit_need_not_have_looked_at_the_body() {
    let odd = |on: char, answer: &str| {
        format!(r#"create virtual on {on} with {{"colour":"red"}} => {answer}"#)
    };
    let over_the_limit = odd('A', "422");
    let refused = odd('B', "400");
    let taken = odd('C', "201 issuing");
    check(&[CREATE, &over_the_limit, &refused], &[]);
    check(&[CREATE, &over_the_limit, &taken], &[]);
    check(
        &[CREATE, &over_the_limit, &refused, &taken],
        &[("OPEN-22", 4)],
    );
}

#[test]
fn who_shows_no_bearer_is_not_told_which_ids_there_are() {
    for (line, expected) in [
        ("read unknown without bearer => 401", &[][..]),
        ("read unknown without bearer => 404", &[("AUTH-1", 1)]),
        ("list unknown with wrong bearer => 404", &[("AUTH-2", 1)]),
        ("terminate unknown without signature => 400", &[]),
        (
            "terminate unknown without signature => 404",
            &[("AUTH-4", 1)],
        ),
    ] {
        check(&[line], expected);
    }
}

/// Who reads JSON in any encoding of Unicode does as older standards say (RFC 7159, section 8.1), and reads what was meant.
#[test]
fn a_body_that_is_not_in_plain_utf8_is_refused_or_read_as_it_was_meant() {
    for encoding in ["behind a byte order mark", "in UTF-16"] {
        let create =
            |on: char, answer: &str| format!("create virtual on {on} {encoding} => {answer}");
        check(&[&create('A', "400"), "list A => 200 []"], &[]);
        check(
            &[&create('A', "201 issuing"), "list A => 200 #1=issuing"],
            &[],
        );
        check(
            &[&create('A', "400"), &create('B', "201 issuing")],
            &[("OPEN-45", 2)],
        );
        check(
            &[&create('A', "400"), "list A => 200 #1=issuing"],
            &[("INPUT-7", 2)],
        );
    }
    // One of them says nothing of the other.
    check(
        &[
            "create virtual on A in UTF-16 => 400",
            "create virtual on A behind a byte order mark => 201 issuing",
        ],
        &[],
    );
    for encoding in [
        "in Latin-1",
        "in overlong UTF-8",
        "in CESU-8",
        "in cut UTF-8",
    ] {
        let create = |answer: &str| format!("create virtual on A {encoding} => {answer}");
        check(&[&create("400"), "list A => 200 []"], &[]);
        check(
            &[&create("201 issuing"), "list A => 200 #1=issuing"],
            &[("INPUT-12", 1)],
        );
        check(&[&create("500")], &[("HTTP-3", 1)]);
    }
}

/// A framework that takes forms apart by itself refuses a broken one before anybody looks at its media type.
#[test]
fn each_other_media_type_is_refused_with_a_code_of_its_own() {
    let create = |media_type: &str, status: u16| {
        format!(r#"create virtual on A as "{media_type}" => {status}"#)
    };
    let form = create("multipart/form-data; boundary=x", 400);
    check(&[&create("text/plain", 415), &form], &[]);
    let otherwise = create("Multipart/Form-Data; boundary=y", 415);
    check(&[&form, &otherwise], &[("OPEN-27", 2)]);
    check(&[&create("text/plain", 422)], &[("INPUT-6", 1)]);
    let made = r#"create virtual on A as "text/plain" => 201 issuing"#;
    check(&[made], &[("INPUT-6", 1)]);
}

#[test]
fn a_card_that_a_broken_create_makes_is_no_stranger_in_the_list() {
    let create = r#"create virtual on A with {"type":" virtual"} => 201 issuing"#;
    check(&[create, "list A => 200 #1=issuing"], &[("INPUT-2", 1)]);
    let nothing = r#"create virtual on A with body "{" => 201 issuing"#;
    check(&[nothing, "list A => 200 #1=issuing"], &[("INPUT-5", 1)]);
}
