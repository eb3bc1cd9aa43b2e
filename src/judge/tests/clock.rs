//! Stories in which the target's clock is moved.

use super::*;

#[test]
fn within_the_hour_a_key_is_known() {
    for seconds in ["move clock by 660s => 200", "move clock by 3540s => 200"] {
        check(
            &[
                CREATE,
                seconds,
                "retry #1 => 201 again",
                "list A => 200 #1=issuing",
            ],
            &[],
        );
        check(&[CREATE, seconds, "retry #1 => 409"], &[("IDEM-3", 3)]);
        check(
            &[
                CREATE,
                "terminate #1 => 204",
                seconds,
                "retry #1 => 201 afresh",
            ],
            &[("IDEM-3", 4)],
        );
    }
}

#[test]
fn after_the_hour_a_key_is_a_fresh_one() {
    let hour = "move clock by 3700s => 200";
    check(
        &[CREATE, hour, "retry #1 => 409", "list A => 200 #1=issuing"],
        &[],
    );
    check(
        &[
            CREATE,
            "terminate #1 => 204",
            hour,
            "retry #1 => 201 afresh",
            "retry #1 => 201 again",
        ],
        &[("IDEM-3", 5)],
    );
    check(&[CREATE, hour, "retry #1 => 201 again"], &[("IDEM-8", 3)]);
    check(
        &[CREATE, "terminate #1 => 204", hour, "retry #1 => 201 again"],
        &[("IDEM-8", 4)],
    );
    check(
        &[
            CREATE,
            "deactivate #1 => 409",
            "issue #1 => 204",
            hour,
            "retry #2 => 409",
        ],
        &[("IDEM-8", 5)],
    );
}

#[test]
fn a_key_that_never_expires_shows_by_what_is_not_done() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            "activate #1 => 204",
            "read #1 => 200 active",
            "move clock by 3700s => 200",
            "retry #3 => 204",
            "read #1 => 200 active",
        ],
        &[("IDEM-8", 8)],
    );
}

#[test]
fn about_the_hour_both_are_right() {
    for answer in ["retry #1 => 201 again", "retry #1 => 409"] {
        check(&[CREATE, "move clock by 3600s => 200", answer], &[]);
    }
}

/// From when the hour counts is open, and kept to.
#[test]
fn a_retry_may_begin_the_hour_anew_if_every_retry_does() {
    const LATER: &str = "move clock by 1860s => 200";
    let retried = |first: &[&str], answers: &[&str], expected: &[(&str, usize)]| {
        check(&[first, answers].concat(), expected);
    };
    let first = [CREATE, LATER, "retry #1 => 201 again", LATER];
    let (known, gone) = ("retry #1 => 201 again", "retry #1 => 409");
    retried(&first, &[known, LATER, known], &[]);
    retried(&first, &[gone], &[]);
    // In either reading the hour has begun anew with the third.
    retried(&first, &[known, LATER, gone], &[("IDEM-3", 7)]);
    retried(&first, &["retry #1 => 500"], &[("HTTP-2", 5)]);
    // What another call under the key has done says nothing of this one's hour.
    let elsewhere = [
        CREATE,
        "issue #1 => 204",
        LATER,
        "deactivate #1 with key of #1 => 204",
        LATER,
    ];
    retried(&elsewhere, &[known], &[]);
    retried(&elsewhere, &[gone], &[]);
    // What was refused in between has not begun it anew for sure.
    let refused = [CREATE, LATER, "retry #1 => 409", LATER];
    let departs = departures(&manual(), &refused);
    assert_eq!(departs.len(), 1, "a known key is answered as before");
    let both = [
        CREATE,
        "create physical on A => 201 issuing",
        LATER,
        known,
        "retry #2 => 201 again",
        LATER,
    ];
    retried(&both, &[known, "retry #2 => 201 again"], &[]);
    retried(&both, &[gone, "retry #2 => 409"], &[]);
    retried(&both, &[known, "retry #2 => 409"], &[("OPEN-46", 8)]);
    retried(&both, &[gone, "retry #2 => 201 again"], &[("OPEN-46", 8)]);
}

#[test]
fn what_was_done_afresh_is_known_for_an_hour_of_its_own() {
    check(
        &[
            CREATE,
            "terminate #1 => 204",
            "move clock by 3700s => 200",
            "retry #1 => 201 afresh",
            "move clock by 1860s => 200",
            "retry #4 => 201 again",
            "list A => 200 #1=terminated #4=issuing",
        ],
        &[],
    );
}

#[test]
fn a_clock_that_was_not_moved_changes_nothing() {
    check(
        &[
            CREATE,
            "move clock by 3700s => 500",
            "retry #1 => 201 again",
        ],
        &[],
    );
    check(
        &[
            CREATE,
            "move clock by 3700s => lost",
            "retry #1 => 201 again",
        ],
        &[],
    );
}

#[test]
fn time_alone_changes_no_card() {
    let day = "move clock by 90000s => 200";
    let story = |before, after| {
        [
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            before,
            day,
            after,
        ]
    };
    check(
        &story("read #1 => 200 inactive", "read #1 => 200 inactive"),
        &[],
    );
    check(
        &story("read #1 => 200 inactive", "read #1 => 200 active"),
        &[("TIME-4", 6)],
    );
    check(
        &[
            CREATE,
            "terminate #1 => 204",
            "read #1 => 200 terminated",
            day,
            "read #1 => 200 active",
        ],
        &[("TIME-4", 5)],
    );
}

#[test]
fn an_expired_bearer_is_refused_with_401() {
    let hour = "move clock by 3700s => 200";
    check(&[hour, "list A with expired bearer => 401"], &[]);
    check(
        &[hour, "list A with expired bearer => 200 []"],
        &[("AUTH-3", 2)],
    );
    check(
        &[hour, "list A with expired bearer => 403"],
        &[("AUTH-3", 2)],
    );
    check(
        &["list A with stale signature => 200 []"],
        &[("AUTH-13", 1)],
    );
}
