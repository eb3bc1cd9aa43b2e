//! Subscriptions: made, read, moved, removed and refused, and what their addresses are told.

use super::events::{AWAIT_ACTIVE, ISSUE, TOLD_ISSUE, check_events};
use super::*;

#[test]
fn subscriptions_are_held_to_what_was_asked() {
    const SUBSCRIBE: &str = "subscribe => 200";
    const REMOVE: &str = "unsubscribe #1 => 204";
    const DIGESTED_OTHERWISE: &str = "retry #1 with digest by the other algorithm => 401";
    const BAD: &str = r#"subscribe with {"types":7} => 400"#;
    const BAD_MOVE: &str = r#"subscribe again #1 with {"types":["card.made"]} => 400"#;
    let moved = r#"with {"callbackUrl":"http://h/2"}"#;
    let read_moved = format!("read subscription #1 => 200 {moved}");
    let listed = r#"list subscriptions => 200 with [{"id":"x","callbackUrl":"http://h/1","types":[],
        "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}]"#;
    let shown = r#"{"id":"99999999-0000-4000-8000-000000000001","callbackUrl":"http://h/1","types":["card.updated"],
        "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}"#;
    let listed_own = format!("list subscriptions => 200 with [{shown}]");
    let made_again =
        format!(r#"subscribe with {{"callbackUrl":"http://h/1"}} => 200 with {shown}"#);
    for (lines, expected) in [
        (
            &["subscribe => 200", "read subscription #1 => 200"][..],
            &[][..],
        ),
        (&["subscribe => 400"], &[("HOOK-10", 1)]),
        (
            &[r#"subscribe with {"types":["card.made"]} => 200"#],
            &[("HOOK-10", 1), ("HOOK-14", 1)],
        ),
        (
            &[r#"subscribe with {"callbackUrl":null} => 200"#],
            &[("HOOK-10", 1), ("HOOK-14", 1)],
        ),
        (&[r#"subscribe as "text/plain" => 415"#], &[]),
        (&["subscribe with body \"\" => 422"], &[("HOOK-14", 1)]),
        (
            &[r#"subscribe with {"types":[null]} => 500"#],
            &[("HTTP-3", 1)],
        ),
        // Open: what nobody knows, and an id that names nothing.
        (&[r#"subscribe with {"nobodyKnows":1} => 200"#], &[]),
        (&[r#"subscribe with {"nobodyKnows":1} => 400"#], &[]),
        (&[r#"subscribe with {"id":"x"} => 404"#], &[]),
        (
            &[
                "subscribe => 200",
                "subscribe again #1 => 200",
                "read subscription #1 => 200",
            ],
            &[],
        ),
        (
            &[
                "subscribe => 200",
                r#"subscribe again #1 => 200 with {"id":"y"}"#,
            ],
            &[("HOOK-16", 2)],
        ),
        // Its id is as long as the target made it.
        (
            &["subscribe => 200", "subscribe again #1 => 400"],
            &[("HOOK-10", 2)],
        ),
        // What others subscribed is theirs to show.
        (
            &[
                "subscribe => 200",
                r#"list subscriptions => 200 with [{"id":"99999999-0000-4000-8000-000000000001","callbackUrl":"http://h/1",
                    "types":["card.updated"],"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"},{"id":7}]"#,
            ],
            &[],
        ),
        (
            &[
                "subscribe => 200",
                r#"list subscriptions => 200 with [{"id":"99999999-0000-4000-8000-000000000001","callbackUrl":"http://h/1",
                    "types":["card.updated"],"updatedAt":"2026-01-01T00:00:00Z"}]"#,
            ],
            &[("HOOK-11", 2), ("HOOK-11", 2)],
        ),
        // What it was answered to be is what is read back, though it is not what was asked for.
        (
            &[
                "subscribe => 200",
                r#"subscribe again #1 => 200 with {"callbackUrl":"http://h/9"}"#,
                r#"read subscription #1 => 200 with {"callbackUrl":"http://h/9"}"#,
            ],
            &[("HOOK-10", 2)],
        ),
        // One that was removed is none: as open as an id that names nothing.
        (&[SUBSCRIBE, REMOVE, "subscribe again #1 => 404"], &[]),
        (
            &[
                SUBSCRIBE,
                REMOVE,
                r#"subscribe again #1 => 200 with {"id":"y"}"#,
            ],
            &[],
        ),
        (&[SUBSCRIBE, REMOVE, "unsubscribe #1 => 404"], &[]),
        (
            &["subscribe => 200", BAD_MOVE, "read subscription #1 => 200"],
            &[],
        ),
        (
            &["subscribe => 200", BAD_MOVE, &read_moved],
            &[("HOOK-15", 3)],
        ),
        (&[BAD, "list subscriptions => 200"], &[]),
        (&[BAD, listed], &[("HOOK-15", 2)]),
        // An address that was refused once and accepted once is a subscription's.
        (&[SUBSCRIBE, DIGESTED_OTHERWISE, &listed_own], &[]),
        (
            &[
                "subscribe with digest by the other algorithm => 401",
                &made_again,
                &listed_own,
            ],
            &[],
        ),
        (
            &[
                SUBSCRIBE,
                REMOVE,
                "retry #1 with broken signature => 401",
                listed,
            ],
            &[("HOOK-15", 4)],
        ),
        (
            &[
                "read subscription foreign => 404",
                "unsubscribe foreign => 400",
            ],
            &[],
        ),
        (&["unsubscribe foreign => 204"], &[("HOOK-17", 1)]),
        (&["subscribe again foreign => 200"], &[("HOOK-17", 1)]),
        (&[r#"subscribe again foreign => 200 with {"id":"z"}"#], &[]),
    ] {
        check_events(lines, expected);
    }
}

#[test]
fn no_event_comes_to_an_address_that_is_no_subscriptions() {
    let told = |before: &[&str], address: &str, expected: &[(&str, usize)]| {
        let at = format!("told #1=active as 2 at {address}");
        let lines = [&[CREATE], before, &[ISSUE, TOLD_ISSUE, &at, AWAIT_ACTIVE]].concat();
        check_events(&lines, expected);
    };
    told(&["subscribe => 200"], "#2", &[]);
    told(
        &[r#"subscribe with {"types":7} => 400"#],
        "#2",
        &[("HOOK-15", 4)],
    );
    let moved = ["subscribe => 200", "subscribe again #2 => 200"];
    told(&moved, "#3", &[]);
    told(&moved, "#2", &[("HOOK-16", 5)]);
    told(
        &["subscribe => 200", "unsubscribe #2 => 204"],
        "#2",
        &[("HOOK-12", 5)],
    );
}

#[test]
fn a_subscription_that_nobody_has_is_not_found() {
    let refused = [
        "read subscription unknown => 404",
        "unsubscribe unknown => 400",
        "read subscription malformed => 400",
        "unsubscribe malformed => 404",
    ];
    check_events(&refused, &[]);
    for named in ["unknown", "malformed"] {
        let removed = format!("unsubscribe {named} => 204");
        check_events(&[&removed], &[("HOOK-20", 1)]);
        let broken = format!("read subscription {named} => 500");
        check_events(&[&broken], &[("HTTP-3", 1)]);
    }
}

#[test]
fn each_subscription_is_told_of_a_change_once() {
    let told = |events: [&str; 2], expected: &[(&str, usize)]| {
        let before = [CREATE, "subscribe => 200", ISSUE, TOLD_ISSUE];
        check_events(&[&before[..], &events, &[AWAIT_ACTIVE]].concat(), expected);
    };
    let [twice, as_before] = ["told #1=active as 3 at #2", "told #1=active as 2 at #2"];
    told(["told #1=issuing as 1 at #2", as_before], &[]);
    told([as_before, as_before], &[]);
    // Three with the creation, whether that was told or not.
    let lines = [
        CREATE,
        "subscribe => 200",
        ISSUE,
        TOLD_ISSUE,
        as_before,
        twice,
    ];
    let third = ["told #1=active as 4 at #2", AWAIT_ACTIVE];
    check_events(&[&lines[..], &third].concat(), &[("HOOK-6", 4)]);
    let other = r#"told #1=issuing as 2 at #2"#;
    told([as_before, other], &[("HOOK-4", 4)]);
}

#[test]
fn a_subscription_is_told_of_the_types_that_it_asked_for_alone() {
    const OTHER: &str = r#"subscribe with {"types":["account.updated"]} => 200"#;
    const BOTH: &str = r#"subscribe with {"types":["account.updated","card.updated"]} => 200"#;
    const NONE: &str = r#"subscribe with {"types":[]} => 200"#;
    const TO_OTHER: &str = r#"subscribe again #2 with {"types":["account.updated"]} => 200"#;
    let told = |before: &[&str], event: &str, expected: &[(&str, usize)]| {
        let lines = [&[CREATE], before, &[ISSUE, TOLD_ISSUE, event, AWAIT_ACTIVE]].concat();
        check_events(&lines, expected);
    };
    told(&[OTHER], "told #1=active as 2 at #2", &[("HOOK-18", 4)]);
    told(&[BOTH], "told #1=active as 2 at #2", &[]);
    told(&[NONE], "told #1=active as 2 at #2", &[]);
    let changed = ["subscribe => 200", TO_OTHER];
    told(&changed, "told #1=active as 2 at #3", &[("HOOK-18", 5)]);
    // What happened before may come late, even to where it was moved to.
    told(&changed, "told #1=issuing as 1 at #3", &[]);
    // Nobody knows how the other types are told.
    let account =
        r#"told #1=active as 9 at #2 with {"webhookType":"account.updated","status":"open"}"#;
    told(&[OTHER], account, &[]);
    told(&[BOTH], account, &[]);
    told(
        &["subscribe => 200"],
        account,
        &[("HOOK-2", 4), ("HOOK-7", 4)],
    );
}

#[test]
fn each_subscription_is_told_of_what_another_is() {
    const AT_RUNS: &str = "await event of #1 => 200 active in vain";
    const AT_2: &str = "await event of #1 at #2 => 200 active in vain";
    const TOLD_AT_2: &str = "told #1=active as 2 at #2";
    const TOLD_CREATE: &str = "told #1=issuing as 1";
    let issued = |before: &[&str], after: &[&str], expected: &[(&str, usize)]| {
        let lines = [&[CREATE], before, &[ISSUE], after].concat();
        check_events(&lines, expected);
    };
    let one = ["subscribe => 200"];
    issued(&one, &[TOLD_ISSUE, TOLD_AT_2, AT_2], &[]);
    issued(&one, &[TOLD_ISSUE, AT_2], &[("HOOK-19", 4)]);
    issued(&one, &[TOLD_AT_2, AT_RUNS], &[("HOOK-19", 4)]);
    // Nobody was told of it, so it was not reported at all.
    issued(&one, &[TOLD_CREATE, AT_2], &[("HOOK-1", 4)]);
    issued(&one, &[AT_2], &[]);
    // Nobody waited long enough.
    let early = "await event of #1 at #2 => 200 active";
    issued(&one, &[TOLD_ISSUE, early], &[]);
    // Whether it stood when the card changed is not known, or it did not.
    for before in [
        &["subscribe => 200", "unsubscribe #2 => 204"][..],
        &["subscribe => 200", "unsubscribe #2 => lost"],
        &["subscribe => 200", "subscribe again #2 => 200"],
        &["subscribe => 200", "activate #1 => lost"],
        &[r#"subscribe with {"types":["account.updated"]} => 200"#],
        &[r#"subscribe with {"types":7} => 400"#],
    ] {
        issued(before, &[TOLD_ISSUE, AT_2], &[]);
    }
    let late = [CREATE, ISSUE, "subscribe => 200", TOLD_ISSUE];
    let at_3 = "await event of #1 at #3 => 200 active in vain";
    check_events(&[&late[..], &[at_3]].concat(), &[]);
    // A refused change leaves it as it was, and one that was moved is told where it went.
    let refused = [one[0], r#"subscribe again #2 with {"types":7} => 400"#];
    issued(&refused, &[TOLD_ISSUE, AT_2], &[("HOOK-19", 5)]);
    let moved = [one[0], "subscribe again #2 => 200"];
    issued(&moved, &[TOLD_ISSUE, at_3], &[("HOOK-16", 5)]);
}

#[test]
fn what_a_card_does_by_itself_may_have_come_before_the_subscription() {
    let terms = Terms {
        issuance: Issuance::Automatic,
        ..super::events::terms()
    };
    let lines = [
        CREATE,
        "told #1=issuing as 1",
        "subscribe => 200",
        "told #1=active as 2",
        "await event of #1 at #2 => 200 active in vain",
    ];
    check_with(&terms, &lines, &[]);
    let changed = [
        "deactivate #1 => 204",
        "told #1=inactive as 3",
        "await event of #1 at #2 => 200 inactive in vain",
    ];
    check_with(&terms, &[&lines[..], &changed].concat(), &[("HOOK-19", 5)]);
}

#[test]
fn a_flaw_is_refused_on_subscriptions_too_and_changes_none() {
    for (lines, expected) in [
        (
            &[
                "subscribe => 200",
                "subscribe without signature => 401",
                "list subscriptions with wrong bearer => 401",
                "list subscriptions => 200",
                "unsubscribe #1 without key => 400",
                "unsubscribe #1 with key \"7\" => 400",
                "read subscription #1 with broken signature => 400",
                "read subscription #1 => 200",
                "unsubscribe #1 => 204",
                "read subscription #1 => 404",
            ][..],
            &[][..],
        ),
        (&["subscribe without signature => 200"], &[("AUTH-4", 1)]),
        (
            &["list subscriptions without bearer => 200"],
            &[("AUTH-1", 1)],
        ),
        (&["subscribe without key => 200"], &[("IDEM-1", 1)]),
        (
            &["subscribe => 200", "unsubscribe #1 with key \"7\" => 204"],
            &[("IDEM-2", 2)],
        ),
        (
            &[
                "subscribe => 200",
                "unsubscribe #1 without signature => 401",
                "read subscription #1 => 404",
            ],
            &[("HOOK-15", 3)],
        ),
    ] {
        check_events(lines, expected);
    }
}

#[test]
fn the_ids_of_subscriptions_compare_without_case() {
    check_events(
        &[
            r#"subscribe => 200 with {"id":"99999999-AAAA-4000-8000-00000000000A"}"#,
            r#"list subscriptions => 200 with [{"id":"99999999-aaaa-4000-8000-00000000000a","callbackUrl":"http://h/1",
                "types":["card.updated"],"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}]"#,
        ],
        &[],
    );
}

#[test]
fn a_retried_call_on_subscriptions_is_answered_as_it_was() {
    let again = format!(
        "retry #1 => 200 {}",
        r#"{"id":"99999999-0000-4000-8000-000000000001",
        "callbackUrl":"http://h/1","types":["card.updated"],"createdAt":"2026-01-01T00:00:00Z",
        "updatedAt":"2026-01-01T00:00:00Z"}"#
    );
    let another = again.replace("99999999", "88888888");
    let read = "read subscription #1 => 404";
    let removed = [
        "subscribe => 200",
        "unsubscribe #1 => 204",
        "retry #2 => 204",
        read,
    ];
    check_events(
        &["subscribe => 200", &again, "list subscriptions => 200"],
        &[],
    );
    check_events(&["subscribe => 200", &another], &[("IDEM-3", 2)]);
    check_events(&removed, &[]);
    let found_no_more = [
        "subscribe => 200",
        "unsubscribe #1 => 204",
        "retry #2 => 404",
        read,
    ];
    check_events(&found_no_more, &[("IDEM-3", 3)]);
}

#[test]
fn another_subscription_under_a_used_key_is_refused_and_changes_nothing() {
    let other = r#"retry #1 with {"types":["customer.updated"]}"#;
    let subscription = |types: &str| {
        format!(
            r#"{{"id":"99999999-0000-4000-8000-000000000001","callbackUrl":"http://h/1","types":["{types}"],
            "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let done = format!("200 {}", subscription("customer.updated"));
    let replayed = format!("200 {}", subscription("card.updated"));
    for (first, answer, expected) in [
        ("200", "422", &[][..]),
        ("200", "409", &[]),
        ("200", done.as_str(), &[("IDEM-5", 2)]),
        ("200", replayed.as_str(), &[("IDEM-5", 2)]),
        ("200", "400", &[("IDEM-5", 2)]),
        ("200", "500", &[("HTTP-2", 2)]),
        // What was refused has used no key.
        ("503", done.as_str(), &[("HTTP-2", 1)]),
    ] {
        let lines = [
            &format!("subscribe => {first}"),
            &format!("{other} => {answer}"),
        ];
        check_events(&lines.map(String::as_str), expected);
    }
    // The first subscription stands, and the same again is still answered as it was.
    let again = format!("retry #1 => 200 {}", subscription("card.updated"));
    let refused = format!("{other} => 422");
    let lines = [
        "subscribe => 200",
        &refused,
        "read subscription #1 => 200",
        &again,
    ];
    check_events(&lines, &[]);
}

#[test]
fn a_subscription_that_falls_silent_when_another_is_removed_departs_by_name() {
    let told = [
        CREATE,
        "subscribe => 200",
        "subscribe => 200",
        ISSUE,
        "told #1=active as 2 at #2",
        "await event of #1 at #2 => 200 active",
    ];
    let silent = [
        "deactivate #1 => 204",
        "await event of #1 at #2 => 200 inactive in vain",
    ];
    let removed = ["unsubscribe #3 => 204"];
    check_events(&[&told[..], &removed, &silent].concat(), &[("HOOK-19", 8)]);
    check_events(&[&told[..], &silent].concat(), &[("HOOK-1", 7)]);
}
