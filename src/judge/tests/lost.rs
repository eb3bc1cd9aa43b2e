//! Answers that were lost, by accident or on purpose: what may have happened, what may happen later, and what may not.

use serde_json::Value;

use super::*;
use crate::judge::follow::Judge;
use crate::trace::Reply;

const ACTIVE: [&str; 2] = [CREATE, "issue #1 => 204"];
const CUT: [&str; 1] = ["create virtual on A => cut"];

#[track_caller]
fn check_after(before: &[&str], after: &[&str], expected: &[(&str, usize)]) {
    check(&[before, after].concat(), expected);
}

#[test]
fn an_answer_that_was_let_go_is_no_obstacle() {
    for (answer, obstacles) in [("cut", 0), ("lost", 1)] {
        let story = Story::told(&[&format!("create virtual on A => {answer}")]);
        let judgement = judge(Contract::embedded(), &manual(), &story.trace());
        assert_eq!(judgement.obstacles.len(), obstacles, "{answer}");
    }
}

#[test]
fn what_was_cut_may_happen_later_but_not_be_undone() {
    let cut = [
        &ACTIVE[..],
        &["terminate #1 => cut", "read #1 => 200 active"],
    ]
    .concat();
    check_after(&cut, &["read #1 => 200 active"], &[]);
    check_after(&cut, &["read #1 => 200 terminated"], &[]);
    check_after(
        &cut,
        &["read #1 => 200 terminated", "read #1 => 200 active"],
        &[("LIFE-4", 6)],
    );
    check_after(&cut, &["list A => 200 #1=inactive"], &[("READ-6", 5)]);
    let back = [
        "deactivate #1 => cut",
        "activate #1 => 409",
        "read #1 => 200 active",
        "read #1 => 200 inactive",
    ];
    check_after(&ACTIVE, &back, &[]);
}

#[test]
fn a_create_that_was_cut_may_make_one_card_at_any_time() {
    check_after(&CUT, &["list A => 200 []", "list A => 200 #1=issuing"], &[]);
    check_after(
        &CUT,
        &["list A => 200 #1=issuing", "list A => 200 []"],
        &[("READ-2", 3)],
    );
    check_after(
        &CUT,
        &["list A => 200 #1=issuing #9=issuing"],
        &[("READ-2", 2)],
    );
}

#[test]
fn a_retry_that_is_answered_was_done_once() {
    check_after(
        &CUT,
        &[
            "list A => 200 []",
            "retry #1 => 201 issuing",
            "list A => 200 #3=issuing",
        ],
        &[],
    );
    check_after(
        &CUT,
        &[
            "retry #1 => 201 issuing",
            "list A => 200 #2=issuing",
            "list A => 200 #2=issuing #9=issuing",
        ],
        &[("READ-2", 4)],
    );
    let woken = [
        "deactivate #1 => cut",
        "read #1 => 200 inactive",
        "activate #1 => 204",
        "retry #3 => 204",
    ];
    let woken = [&ACTIVE[..], &woken].concat();
    check_after(&woken, &["read #1 => 200 active"], &[]);
    check_after(&woken, &["read #1 => 200 inactive"], &[("IDEM-4", 7)]);
}

#[test]
fn the_card_of_a_cut_create_is_that_of_its_retry() {
    let blocked = [
        "retry #1 => 201 issuing",
        "list A => 200 #2=active",
        "block #1 => 204",
        "list A => 200 #2=blocked",
    ];
    let story = [&CUT[..], &blocked].concat();
    check_with(&Terms::default(), &story, &[]);
}

#[test]
fn a_retry_that_is_lost_too_changes_nothing_in_that() {
    let twice = ["create virtual on A => cut", "retry #1 => cut"];
    check_after(
        &twice,
        &["retry #1 => 201 issuing", "list A => 200 #3=issuing"],
        &[],
    );
    check_after(
        &twice,
        &["list A => 200 #1=issuing #9=issuing"],
        &[("READ-2", 3)],
    );
}

#[test]
fn a_retry_that_never_arrived_leaves_the_refusal_under_its_key() {
    let changed = [
        "create virtual on A with {\"billingAddress\":{\"secondLine\":7}} => 400",
        "retry #1 with {\"billingAddress\":{\"city\":\"Elsewhere\"}} => cut",
    ];
    check_after(&changed, &["retry #2 => 422"], &[]);
    check_after(&changed, &["retry #2 => 400"], &[]);
    check_after(&changed, &["retry #2 => 201 issuing"], &[("IDEM-5", 3)]);
    let refused = [
        CREATE,
        "activate #1 => 422",
        "issue #1 => 204",
        "deactivate #1 => 204",
        "retry #2 => cut",
    ];
    check_after(&refused, &["retry #2 => 422"], &[]);
    check_after(&refused, &["retry #2 => 204", "read #1 => 200 active"], &[]);
    check_after(
        &refused,
        &["retry #2 => 422", "read #1 => 200 suspended"],
        &[("LIFE-9", 7)],
    );
}

#[test]
fn a_slot_that_a_cut_create_holds_has_a_card_in_it() {
    let held = ["list A => 200 []", "create virtual on A => 409"];
    let held = [&CUT[..], &held].concat();
    check_after(&held, &["list A => 200 #1=issuing"], &[]);
    check_after(&held, &["list A => 200 []"], &[("READ-2", 4)]);
}

#[test]
fn a_refusal_that_nobody_saw_may_be_replayed() {
    let freed = [CREATE, "create virtual on A => cut", "terminate #1 => 204"];
    check_after(&freed, &["retry #2 => 422"], &[]);
    check_after(&freed, &["retry #2 => 409"], &[]);
    check_after(&freed, &["retry #2 => 201 issuing"], &[]);
    check_after(&CUT, &["retry #1 => 422"], &[("IDEM-3", 2)]);
}

#[test]
fn a_card_whose_create_was_cut_is_as_it_was_asked_for() {
    let changed = "retry #1 with {\"billingAddress\":{\"city\":\"Bath\"}} => 422";
    check_after(&CUT, &[changed, "list A => 200 #1=issuing"], &[]);
    check_after(
        &CUT,
        &["list A => 200 #1=issuing", "retry #1 => 201 issuing"],
        &[],
    );
    // The table's cards keep their members; a target's answer is older than what the list showed.
    let mut story = Story::told(&[CUT[0], "list A => 200 #1=active", "retry #1 => 201 issuing"]);
    if let Reply::Got(retried) = &mut story.exchanges[2].reply {
        let mut card: Value = serde_json::from_str(&retried.body).expect("a card");
        for name in ["name", "network", "maskedPan", "expirationDate"] {
            card.as_object_mut().expect("a card").remove(name);
        }
        retried.body = card.to_string();
    }
    let judgement = judge(Contract::embedded(), &Terms::default(), &story.trace());
    assert_eq!(judgement.departures, []);
    check_after(
        &CUT,
        &["list A => 200 #1=issuing", "retry #1 => 201 active"],
        &[("CREATE-2", 3)],
    );
    let other = "create virtual on A with {\"billingAddress\":{\"city\":\"Bath\"}} => cut";
    check(&[other, "list A => 200 #1=issuing"], &[("CREATE-4", 2)]);
}

#[test]
fn a_request_whose_flaw_may_be_overlooked_may_come_late_too() {
    let early = "create virtual on A with early signature => cut";
    check_after(
        &[early],
        &["list A => 200 []", "list A => 200 #1=issuing"],
        &[],
    );
    let unsigned = "create virtual on A without signature => cut";
    check_after(&[unsigned], &["list A => 200 #1=issuing"], &[("READ-2", 2)]);
}

#[test]
fn a_key_is_not_in_flight_for_ever() {
    let refused = "retry #1 => 409";
    check_after(&CUT, &["pause 4000ms => ", refused], &[]);
    check_after(&CUT, &["pause 6000ms => ", refused], &[("IDEM-3", 3)]);
    check_after(&CUT, &["pause 6000ms => ", "retry #1 => 201 issuing"], &[]);
    // The retry was let go too, so it may be what is at work.
    check_after(&CUT, &["pause 6000ms => ", "retry #1 => cut", refused], &[]);
    let deactivate = [CREATE, "issue #1 => 204", "deactivate #1 => cut"];
    check_after(
        &deactivate,
        &[
            "read #1 => 200 inactive",
            "pause 6000ms => ",
            "retry #3 => 409",
        ],
        &[("IDEM-3", 6)],
    );
    check_after(
        &deactivate,
        &["terminate #1 => 204", "pause 6000ms => ", "retry #3 => 409"],
        &[],
    );
}

#[test]
fn what_too_many_worlds_explain_settles_nothing() {
    let mut lines = vec![CREATE.to_owned(), "issue #1 => 204".to_owned()];
    let calls = 3..17;
    for call in calls.clone() {
        let action = ["activate", "deactivate"][call % 2];
        lines.push(format!("{action} #1 => cut"));
    }
    lines.push("read #1 => 200 active".to_owned());
    // What became of each matters, since each is tried again.
    lines.extend(calls.map(|call| format!("retry #{call} => cut")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let story = Story::told(&lines);
    let judgement = judge(Contract::embedded(), &manual(), &story.trace());
    let words = |obstacle: &crate::trace::Obstacle| obstacle.words.contains("worlds explain");
    assert!(judgement.obstacles.iter().any(words), "{judgement:?}");
    assert!(judgement.departures.is_empty(), "{judgement:?}");
    assert!(judgement.readings.is_empty(), "{judgement:?}");
}

/// The worlds that are left then need not have the true one among them.
#[test]
fn a_look_at_a_card_settles_no_status_once_the_judge_gave_up() {
    let trace = Story::told(&[
        "create virtual on A => 201 issuing",
        "issue #1 => 204",
        "read #1 => 200 blocked",
    ])
    .trace();
    for gives_up in [false, true] {
        let terms = manual();
        let mut judge = Judge::new(Contract::embedded(), &terms, &trace, &trace.case);
        for (moment, exchange) in trace.exchanges.iter().enumerate() {
            if gives_up && moment == 2 {
                judge.give_up(exchange.step, "too many worlds".to_owned());
            }
            judge.exchange(moment, exchange);
        }
        let departures = judge.judgement.departures.len();
        assert_eq!(departures, usize::from(!gives_up));
    }
}

/// A card after the other, while one call in seven is lost and not done.
fn one_in_seven_is_lost(cards: usize) -> crate::trace::CaseTrace {
    let mut lines = Vec::new();
    let mut calls = 0;
    let mut is_lost = || {
        calls += 1;
        calls % 7 == 0
    };
    for _ in 0..cards {
        let step = lines.len() + 1;
        if is_lost() {
            lines.push("create virtual on A => cut".to_owned());
            continue;
        }
        lines.push("create virtual on A => 201 issuing".to_owned());
        // The card could not be told of otherwise.
        for _ in 0..2 {
            match is_lost() {
                true => lines.push(format!("terminate #{step} => cut")),
                false => {
                    lines.push(format!("terminate #{step} => 204"));
                    break;
                }
            }
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Story::told(&lines).trace()
}

#[test]
fn many_lost_answers_leave_few_worlds() {
    let judgement = judge(Contract::embedded(), &manual(), &one_in_seven_is_lost(40));
    assert!(judgement.obstacles.is_empty(), "{judgement:?}");
    assert!(judgement.departures.is_empty(), "{judgement:?}");
}
