//! Races by tables.

use super::{CREATE, check, check_with};
use crate::trace::Terms;

const ACTIVE: [&str; 2] = [CREATE, "issue #1 => 204"];

#[track_caller]
fn check_race(lines: &[&str], expected: &[(&str, usize)]) {
    check(&[&ACTIVE, lines].concat(), expected);
}

#[test]
fn any_order_may_explain_what_overlaps() {
    for after in ["active", "inactive"] {
        check_race(
            &[
                "[1] deactivate #1 => 204",
                "[2] activate #1 => 204",
                &format!("read #1 => 200 {after}"),
            ],
            &[],
        );
    }
    check_race(
        &[
            "[1] terminate #1 => 204",
            "[2] deactivate #1 => 409",
            "read #1 => 200 terminated",
        ],
        &[],
    );
    check_race(
        &[
            "[1] terminate #1 => 204",
            "[2] deactivate #1 => 204",
            "[3] read #1 => 200 inactive",
            "read #1 => 200 terminated",
        ],
        &[],
    );
}

#[test]
fn a_card_that_a_race_revives_departs() {
    check_race(
        &[
            "[1] terminate #1 => 204",
            "[2] deactivate #1 => 204",
            "read #1 => 200 inactive",
        ],
        &[("LIFE-4", 5)],
    );
}

#[test]
fn calls_that_no_order_explains_depart() {
    // One of them finds the card terminated, and by the first repeat that is refused.
    check_race(
        &[
            "terminate #1 => 204",
            "terminate #1 => 409",
            "create virtual on A => 201 issuing",
            "issue #5 => 204",
            "[1] terminate #5 => 204",
            "[2] terminate #5 => 204",
        ],
        &[("LIFE-15", 8)],
    );
}

#[test]
fn two_creates_at_once_leave_one_holder() {
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 409",
        ],
        &[],
    );
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 201 issuing",
            "issue #1 => 204",
            "issue #2 => 204",
            "read #1 => 200 issue_failed",
            "read #2 => 200 active",
        ],
        &[],
    );
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 201 issuing",
            "issue #1 => 204",
            "issue #2 => 204",
            "read #1 => 200 active",
            "read #2 => 200 active",
        ],
        &[("LIMIT-8", 6)],
    );
    check(
        &[
            "create virtual on B => 201 issuing",
            "create virtual on B => 409",
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 201 issuing",
        ],
        &[("LIMIT-8", 4)],
    );
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 201 issuing",
            "issue #1 => 204",
            "issue #2 => 204",
            "read #2 => 200 active",
            "deactivate #1 => 204",
        ],
        &[("LIMIT-8", 6)],
    );
    // What another card is read as says nothing of this one.
    check(
        &[
            "create virtual on A => 201 issuing",
            "terminate #1 => 204",
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on A => 201 issuing",
            "issue #3 => 204",
            "issue #4 => 204",
            "list A => 200 #1=terminated #3=active #4=active",
            "read #1 => 200 terminated",
        ],
        &[("LIMIT-8", 7)],
    );
}

#[test]
fn two_holders_break_the_limit_where_cards_are_issued_by_themselves_too() {
    let automatic = Terms::default();
    for (end, step) in [
        ("list A => 200 #3=issuing #4=issuing", 5),
        ("list A => 200 #3=active #4=active", 5),
    ] {
        check_with(
            &automatic,
            &[
                "create virtual on B => 201 issuing",
                "create virtual on B => 409",
                "[1] create virtual on A => 201 issuing",
                "[2] create virtual on A => 201 issuing",
                end,
            ],
            &[("LIMIT-8", step)],
        );
    }
    check_with(
        &automatic,
        &[
            "create virtual on B => 201 issuing",
            "create virtual on B => 409",
            "create virtual on A => 201 issuing",
            "create virtual on A => 201 issuing",
            "read #3 => 200 active",
        ],
        &[("LIMIT-1", 5)],
    );
}

#[test]
fn a_key_in_flight_has_one_effect() {
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] retry #1 => 201 again",
            "list A => 200 #1=issuing",
        ],
        &[],
    );
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] retry #1 => 409",
            "list A => 200 #1=issuing",
        ],
        &[],
    );
    check(
        &[
            "[1] create virtual on A => 409",
            "[2] retry #1 => 201 issuing",
            "list A => 200 #2=issuing",
        ],
        &[],
    );
    // Each is refused for the other, so that nobody has the key.
    for list in ["[]", "#1=issuing"] {
        check(
            &[
                "[1] create virtual on A => 409",
                "[2] retry #1 => 409",
                &format!("list A => 200 {list}"),
            ],
            match list {
                "[]" => &[("IDEM-7", 2)][..],
                _ => &[("IDEM-7", 2), ("LIMIT-7", 3)],
            },
        );
    }
    check(
        &[
            "create virtual on A => 201 issuing",
            "create virtual on A => 409",
            "[1] create virtual on A => 409",
            "[2] retry #3 => 409",
        ],
        &[],
    );
    // Another code than that for a key in flight.
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] retry #1 => 422",
        ],
        &[("IDEM-7", 2)],
    );
    check(
        &[
            "[1] deactivate unknown => 404",
            "[2] create virtual on A => 201 issuing",
        ],
        &[],
    );
}

#[test]
fn a_card_is_the_one_of_its_step_whichever_request_made_it() {
    check(
        &[
            "[1] create virtual on A => 201 issuing @ 1-3",
            "[2] retry #1 => 201 again @ 0-2",
            "issue #1 => 204",
            "block #1 => 204",
            "read #1 => 200 blocked",
        ],
        &[],
    );
}

#[test]
fn a_card_that_no_create_has_made_yet_is_unknown() {
    for (answer, expected) in [("204", &[("ID-1", 2)][..]), ("404", &[])] {
        check(
            &[
                "[1] create virtual on A => 201 issuing @ 4-9",
                &format!("[2] activate #1 => {answer} @ 0-2"),
                "[3] list A => 200 [] @ 1-5",
                "list A => 200 #1=issuing",
            ],
            expected,
        );
    }
}

#[test]
fn a_read_does_not_go_back() {
    let race = |second: &str, times: &str| {
        [
            "[1] terminate #1 => 204 @ 0-9".to_owned(),
            "[2] read #1 => 200 terminated @ 1-2".to_owned(),
            format!("[2] {second} @ {times}"),
            "read #1 => 200 terminated".to_owned(),
        ]
    };
    for (second, times, expected) in [
        ("read #1 => 200 terminated", "3-4", &[][..]),
        ("read #1 => 200 active", "3-4", &[("READ-10", 5)][..]),
        // It began before the other was answered.
        ("read #1 => 200 active", "1-4", &[]),
        // Different reads agree about a card at rest.
        ("list A => 200 #1=active", "3-4", &[]),
    ] {
        let lines = race(second, times);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check_race(&lines, expected);
    }
}

#[test]
fn a_list_is_not_made_at_one_instant() {
    check_race(
        &[
            "create physical on A => 201 issuing",
            "issue #3 => 204",
            "[1] terminate #1 => 204 @ 1-2",
            "[1] terminate #3 => 204 @ 3-4",
            "[2] list A => 200 #1=active #3=terminated @ 0-9",
        ],
        &[],
    );
    check_race(
        &[
            "[1] list A => 200 #1=active @ 0-9",
            "[2] create physical on A => 201 issuing @ 1-9",
            "[3] list A => 200 #1=active #4=issuing @ 3-5",
            "[3] list A => 200 #1=active @ 6-8",
        ],
        &[("READ-10", 6)],
    );
}

#[test]
fn what_fails_in_a_list_is_told_of_its_card_alone() {
    check_race(
        &[
            "create physical on A => 201 issuing",
            "issue #3 => 204",
            "[1] terminate #1 => 204 @ 1-2",
            "[1] terminate #3 => 204 @ 3-4",
            "[2] list A => 200 #1=active #3=inactive @ 0-9",
            "list A => 200 #1=terminated #3=terminated",
        ],
        &[("LIFE-5", 7)],
    );
}

#[test]
fn accounts_do_not_disturb_each_other() {
    check(
        &[
            "[1] create virtual on A => 201 issuing",
            "[2] create virtual on B => 201 issuing",
            "[1] list A => 200 #1=issuing",
            "[2] issue #2 => 204",
            "[2] read #2 => 200 active",
            "list all => 200 #1=issuing #2=active",
        ],
        &[],
    );
}

#[test]
fn what_was_put_in_order_stays_so_when_something_else_fails() {
    check_race(
        &[
            "create physical on A => 201 issuing",
            "issue #3 => 204",
            "terminate #3 => 204",
            "[1] terminate #1 => 204 @ 2-3",
            "[2] list A => 200 #1=active #3=active @ 0-9",
            "[3] activate #1 => 204 @ 5-6",
        ],
        &[("LIFE-15", 8), ("LIFE-4", 7)],
    );
}
