//! Accounts that did not begin empty: what may be there explains, and what was read binds.

use super::{CREATE, Story, automatic, check, check_with, judge, manual};
use crate::contract::Contract;
use crate::judge::Judgement;
use crate::requirement::id;
use crate::trace::Terms;

fn pinned(pins: &[(&str, &str)]) -> Terms {
    let pins = pins
        .iter()
        .map(|(point, reading)| ((*point).into(), (*reading).into()));
    Terms {
        pins: pins.collect(),
        ..manual()
    }
}

fn nothing_kept() -> Terms {
    pinned(&[
        ("terminated-frees-slot", "frees"),
        ("failed-frees-slot", "frees"),
        ("blocked-frees-slot", "frees"),
    ])
}

#[test]
fn a_card_of_before_holds_its_slot_and_no_other() {
    let before = "before A: #91=active";
    check(&[before, "create virtual on A => 409"], &[]);
    check(&[before, "create physical on A => 201 issuing"], &[]);
    // A card that no list shows may stand in the way, unless none can.
    check(&[before, "create physical on A => 409"], &[]);
    check_with(
        &nothing_kept(),
        &[before, "create physical on A => 409"],
        &[("LIMIT-2", 1)],
    );
    check(&[before, CREATE], &[]);
    check(
        &[before, CREATE, "issue #1 => 204", "read #1 => 200 active"],
        &[("LIMIT-1", 3)],
    );
    check_with(
        &nothing_kept(),
        &[
            "before A: #91=active/physical",
            "create virtual on A => 409",
        ],
        &[("LIMIT-2", 1)],
    );
}

#[test]
fn a_card_of_before_stays_as_it_was_read() {
    let before = "before A: #91=active";
    check(&[before, "list A => 200 #91=active"], &[]);
    check(&[before, "list A => 200 #91=inactive"], &[("READ-7", 1)]);
    check(&[before, "list A => 200 []"], &[("READ-2", 1)]);
    check(&[before, "list all => 200 []"], &[("READ-3", 1)]);
    check(
        &["before A: #91=terminated", "list A => 200 #91=active"],
        &[("LIFE-4", 1)],
    );
    check(
        &[
            before,
            "create physical on A => 201 issuing",
            "terminate #1 => 204",
            "list A => 200 #91=terminated #1=terminated",
        ],
        &[("LIFE-14", 3)],
    );
}

#[test]
fn a_card_of_before_that_is_issuing_still_evolves() {
    for left in ["issuing", "active", "issue_failed"] {
        let list = format!("list A => 200 #91={left}");
        check_with(&automatic(), &["before A: #91=issuing", &list], &[]);
    }
    // With the simulator alone it stays, unless it is over the limit.
    check(
        &["before A: #91=issuing", "list A => 200 #91=issue_failed"],
        &[],
    );
    check(
        &["before A: #91=issuing", "list A => 200 #91=active"],
        &[("READ-7", 1)],
    );
    check(
        &["before A: #91=issuing", "list A => 200 #91=inactive"],
        &[("READ-7", 1)],
    );
    check(
        &["before A: #91=issuing", "create virtual on A => 409"],
        &[],
    );
    check(
        &[
            "before A: #91=active #92=issuing",
            "list A => 200 #91=active #92=issue_failed",
        ],
        &[],
    );
}

#[test]
fn a_final_card_of_before_frees_its_slot_or_keeps_it() {
    for before in ["terminated", "issue_failed", "blocked"] {
        let before = format!("before A: #91={before}");
        check(&[&before, CREATE], &[]);
        check(&[&before, "create virtual on A => 409"], &[]);
        check(
            &[
                &before,
                "create virtual on A => 409",
                "create virtual on A => 409",
            ],
            &[],
        );
    }
    let frees = pinned(&[
        ("terminated-frees-slot", "frees"),
        ("failed-frees-slot", "frees"),
        ("blocked-frees-slot", "frees"),
    ]);
    check_with(
        &frees,
        &["before A: #91=terminated", "create virtual on A => 409"],
        &[("OPEN-9", 1)],
    );
}

#[test]
fn what_no_list_shows_may_keep_a_slot_until_one_is_made() {
    let before = "before A: []";
    check(&[before, CREATE], &[]);
    check(&[before, "create virtual on A => 409"], &[]);
    check(
        &[
            before,
            "create virtual on A => 409",
            "create physical on A => 409",
        ],
        &[],
    );
    check(&[before, "create virtual on A => 404"], &[("LIMIT-4", 1)]);
    check(
        &[
            before,
            CREATE,
            "fail #1 => 204",
            "create virtual on A => 409",
        ],
        &[],
    );
    // Once a card has been made, nothing of before was in its place.
    let terminate = ["issue #1 => 204", "terminate #1 => 204", "list A => 200 []"];
    let again = [
        "create virtual on A => 201 issuing",
        "terminate #5 => 204",
        "create virtual on A => 409",
    ];
    let lines: Vec<&str> = [before, CREATE]
        .into_iter()
        .chain(terminate)
        .chain(again)
        .collect();
    check(&lines, &[("OPEN-9", 7)]);
}

#[test]
fn a_reading_that_hides_nothing_leaves_no_room_for_unseen_cards() {
    let open = pinned(&[
        ("terminated-frees-slot", "frees"),
        ("failed-frees-slot", "frees"),
        ("blocked-frees-slot", "frees"),
    ]);
    check_with(
        &open,
        &["before A: []", "create virtual on A => 409"],
        &[("CREATE-1", 1)],
    );
    // All of them are listed, or free their slots.
    let all_listed = pinned(&[
        ("terminated-in-lists", "listed"),
        ("failed-in-lists", "listed"),
        ("blocked-frees-slot", "frees"),
    ]);
    check_with(
        &all_listed,
        &["before A: []", "create virtual on A => 409"],
        &[("CREATE-1", 1)],
    );
}

#[test]
fn a_final_card_that_the_first_list_left_out_is_no_departure() {
    check(&["before A: []", "list all => 200 #91=terminated"], &[]);
    check(
        &["before A: []", "list A => 200 #91=active"],
        &[("READ-2", 1)],
    );
}

#[test]
fn of_an_unknown_past_anything_may_turn_up() {
    check(&["unknown A", "create virtual on A => 409", CREATE], &[]);
    check(
        &[
            "unknown A",
            "list A => 200 #91=active",
            "create virtual on A => 409",
        ],
        &[],
    );
    check(
        &["unknown A", "list A => 200 #91=active", "list A => 200 []"],
        &[("READ-2", 2)],
    );
    check(
        &[
            "unknown A",
            "list A => 200 #91=active",
            "list A => 200 #91=inactive",
        ],
        &[("READ-7", 2)],
    );
    check(
        &["unknown A", CREATE, "list A => 200 #1=issuing #91=active"],
        &[],
    );
    check(
        &[
            "unknown A",
            CREATE,
            "issue #1 => 204",
            "create virtual on A => 409",
        ],
        &[],
    );
    check(
        &[
            "unknown A",
            CREATE,
            "terminate #1 => 204",
            "read #1 => 200 issuing",
        ],
        &[("LIFE-5", 3)],
    );
}

#[test]
fn a_call_about_a_card_that_nobody_has_seen_is_not_judged() {
    for answer in ["204", "404", "409", "400"] {
        let call = format!("activate unknown => {answer}");
        check(&["unknown A", &call], &[]);
    }
    check(&["unknown A", "read unknown => 404"], &[]);
    check(
        &["unknown A", "read \"x\" => 200"],
        &[("BODY-12", 1), ("ID-2", 1)],
    );
    check(&["activate unknown => 204"], &[("ID-1", 1)]);
}

#[test]
fn a_call_of_before_may_be_answered_again_without_effect() {
    let seen = ["unknown A", "list A => 200 #91=active"];
    let with = |lines: &[&'static str]| -> Vec<&'static str> {
        seen.into_iter().chain(lines.iter().copied()).collect()
    };
    // Its key was used before the recording began: for the same call, or for another one.
    for answer in ["deactivate #91 => 204", "deactivate #91 => 422"] {
        check(&with(&[answer, "read #91 => 200 active"]), &[]);
    }
    // What was terminated then would be so still.
    check(
        &with(&["terminate #91 => 204", "read #91 => 200 active"]),
        &[("LIFE-5", 3)],
    );
    // Of a card that was made since then, nothing was asked before.
    check(
        &[
            "unknown A",
            CREATE,
            "issue #1 => 204",
            "read #1 => 200 active",
            "deactivate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-2", 5)],
    );
}

#[test]
fn a_create_of_before_may_be_answered_again_with_a_card_that_has_lived_since() {
    for status in ["active", "inactive", "terminated"] {
        let read = format!("read #1 => 200 {status}");
        check(&["unknown A", CREATE, &read], &[]);
    }
    check(&["unknown A", CREATE, "activate #1 => 404"], &[]);
    // Once a read has shown it as a new one, it is that.
    check(
        &[
            "unknown A",
            CREATE,
            "read #1 => 200 issuing",
            "read #1 => 200 terminated",
        ],
        &[("READ-7", 3)],
    );
    // Two that hold one slot were never allowed, whenever they were made.
    check(
        &[
            "unknown A",
            CREATE,
            "issue #1 => 204",
            "read #1 => 200 active",
            CREATE,
            "read #4 => 200 active",
        ],
        &[("LIMIT-1", 5)],
    );
}

/// So many cards one after the other, in the account that `start` opens.
fn cards_in_a_row(start: &str, count: usize, end: &str) -> Judgement {
    let mut lines = vec![start.to_owned()];
    for card in 0..count {
        let made = lines.len();
        lines.extend([CREATE.to_owned(), format!("issue #{made} => 204")]);
        // Every third is left as it is.
        if card % 3 > 0 {
            lines.push(format!("{end} #{made} => 204"));
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    judge(
        Contract::embedded(),
        &automatic(),
        &Story::told(&lines).trace(),
    )
}

#[test]
fn however_many_cards_have_ended_in_an_unknown_account_few_worlds_explain_them() {
    // If what each had been were remembered, each would double the worlds, and the judge would give up.
    let judgement = cards_in_a_row("unknown A", 60, "terminate");
    assert_eq!(judgement.obstacles, []);
    assert_eq!(judgement.departures, []);
}

#[test]
fn in_company_a_create_depends_on_no_card_and_shows_nothing_of_the_limit() {
    // If it did, each card that others may have changed would make its worlds five times as many.
    let judgement = cards_in_a_row("shared A", 60, "deactivate");
    assert_eq!(judgement.obstacles, []);
    assert_eq!(judgement.departures, []);
    assert_eq!(judgement.exercised[&id::CREATE_1], 60);
    for rule in [
        id::LIMIT_4,
        id::LIMIT_5,
        id::LIMIT_6,
        id::OPEN_8,
        id::OPEN_9,
    ] {
        assert_eq!(judgement.exercised.get(&rule), None, "{rule}");
    }
}

#[test]
fn what_a_key_was_used_for_is_forgotten_once_no_request_has_it_any_more() {
    let mut lines = vec!["unknown A".to_owned()];
    for _ in 0..20 {
        let made = lines.len();
        lines.extend([
            CREATE.to_owned(),
            format!("retry #{made} => 201 issuing"),
            format!("issue #{made} => 204"),
            format!("deactivate #{made} => 204"),
            format!("retry #{} => 204", made + 3),
            format!("terminate #{made} => 204"),
        ]);
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let judgement = judge(
        Contract::embedded(),
        &automatic(),
        &Story::told(&lines).trace(),
    );
    assert_eq!(judgement.obstacles, []);
    assert_eq!(judgement.departures, []);
    assert_eq!(judgement.exercised[&id::IDEM_3], 40);
}

#[test]
fn a_slot_that_is_held_in_another_listed_account_puts_it_to_the_test_that_they_are_apart() {
    let both = ["before A: []", "before B: []", CREATE, "issue #1 => 204"];
    let other = "create virtual on B => 201 issuing";
    let read = "read #1 => 200 active";
    for (lines, is_shown) in [
        (&[read, other][..], true),
        (
            &[
                read,
                "deactivate #1 => 204",
                "read #1 => 200 inactive",
                other,
            ],
            true,
        ),
        // Nobody has seen what became of it.
        (&[other], false),
        (&[read, "terminate #1 => 204", other], false),
        (&[read, "create physical on B => 201 issuing"], false),
        (&[read, "create virtual on B => 409"], false),
    ] {
        let lines = [&both, lines].concat();
        let trace = Story::told(&lines).trace();
        let judgement = judge(Contract::embedded(), &manual(), &trace);
        let shown = judgement.exercised.contains_key(&id::LIMIT_3);
        assert_eq!(shown, is_shown, "{lines:?}");
    }
}

/// `#91=active #92=active …`: cards of before, as a list shows them.
fn cards_of_before(count: usize, status: &str) -> String {
    let cards = (91..91 + count).map(|card| format!("#{card}={status}"));
    cards.collect::<Vec<String>>().join(" ")
}

#[test]
fn in_company_a_list_of_many_cards_that_overlaps_with_calls_is_put_in_order_card_by_card() {
    // If the cards that others have changed were put in any order, each would double the sets to follow.
    let seen = cards_of_before(30, "issuing");
    let now = cards_of_before(30, "active");
    for (shown, expected) in [
        ("active", &[][..]),
        ("terminated", &[]),
        // Nothing leads back there.
        ("issuing", &[("LIFE-4", 3)]),
    ] {
        let list = format!("[1] list A => 200 {now} #200={shown} @ 3-9");
        let lines = [
            "shared A",
            &format!("list A => 200 {seen} #200=active"),
            "read #200 => 200 active",
            &list,
            "[2] terminate #200 => 204 @ 4-5",
            "[2] create virtual on A => 201 issuing @ 6-7",
        ];
        check(&lines, expected);
    }
}

#[test]
fn cards_that_ended_before_a_race_need_no_order() {
    let ended = cards_of_before(200, "terminated");
    for (shown, expected) in [("active", &[][..]), ("inactive", &[("LIFE-5", 1)])] {
        let lines = [
            &format!("before A: {ended} #300=active"),
            &format!("[1] list A => 200 {ended} #300={shown} @ 0-9"),
            "[2] terminate #300 => 204 @ 1-2",
        ];
        check(&lines, expected);
    }
}

#[test]
fn in_company_however_many_cards_have_ended_somehow_the_worlds_stay_few() {
    let seen = cards_of_before(40, "issuing");
    let shown = format!("list A => 200 {seen} #200=active");
    for (then, expected) in [
        ("list A => 200 #200=active", &[][..]),
        ("list A => 200 #200=issuing", &[("READ-7", 3)]),
    ] {
        let lines = [
            "shared A",
            &shown,
            "list A => 200 #200=active",
            then,
            "create virtual on A => 201 issuing",
        ];
        check(&lines, expected);
    }
}
