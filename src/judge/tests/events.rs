//! Events, told between the steps.

use serde_json::json;

use super::*;
use crate::trace::{EVENTS_MAX, Event, METHOD_FIELD, Micros};

impl Story {
    /// `#1=active as 7`: an event that shows the card so, with that number for its id. `refused` after it: answered with
    /// 500. `at #4`: at the address of that step. `with {…}`: with these members changed. `with body …`: exactly this.
    pub(super) fn hear(&mut self, line: &str) {
        let (head, body) = match line.split_once(" with body ") {
            Some((head, text)) => (head, Some(text.to_owned())),
            None => (line, None),
        };
        let (head, change) = match head.split_once(" with ") {
            Some((head, change)) => (head, serde_json::from_str(change).expect("JSON")),
            None => (head, json!({})),
        };
        let (head, subscription) = match head.split_once(" at #") {
            Some((head, step)) => (head, step.parse().ok().map(StepNumber)),
            None => (head, None),
        };
        let (head, method) = match head.split_once(" by ") {
            Some((head, method)) => (head, Some((METHOD_FIELD.to_owned(), method.to_owned()))),
            None => (head, None),
        };
        let (head, refused) = match head.strip_suffix(" refused") {
            Some(head) => (head, true),
            None => (head, false),
        };
        let (shows, number) = head.split_once(" as ").expect("#1=active as 7");
        let (step, status) = shows.split_once('=').expect("#1=active");
        let step = StepNumber(step.trim_start_matches('#').parse().expect("a step"));
        let mut event = self
            .shown
            .get(&(step, status.to_owned()))
            .cloned()
            .unwrap_or_else(|| self.card(step, status));
        event["webhookType"] = json!("card.updated");
        event["eventId"] = json!(format!("dddddddd-0000-4000-8000-{number:0>12}"));
        let members = change.as_object().expect("an object").clone();
        for (name, value) in members {
            event[name] = value;
        }
        self.clock += 2_000;
        self.events.push(Event {
            received_at: Micros(self.clock),
            subscription,
            headers: [("content-type".to_owned(), "application/json".to_owned())]
                .into_iter()
                .chain(method)
                .collect(),
            body: body.unwrap_or_else(|| event.to_string()),
            answered: if refused { 500 } else { 200 },
        });
    }
}

pub(super) fn terms() -> Terms {
    Terms {
        event_wait: Some(Micros(1_000_000)),
        foreign_card: Some(crate::card::CardId::new(
            "bbbbbbbb-0000-4000-8000-000000000000",
        )),
        foreign_subscription: FOREIGN_SUBSCRIPTION.parse().ok(),
        ..manual()
    }
}

#[track_caller]
pub(super) fn check_events(lines: &[&str], expected: &[(&str, usize)]) {
    check_with(&terms(), lines, expected);
}

const TOLD_CREATE: &str = "told #1=issuing as 1";
pub(super) const ISSUE: &str = "issue #1 => 204";
pub(super) const TOLD_ISSUE: &str = "told #1=active as 2";
pub(super) const AWAIT_ACTIVE: &str = "await event of #1 => 200 active";

/// What no read shows may still hold its slot, so the create was over the limit, and the card fails by itself.
#[test]
fn a_card_may_fail_for_one_of_before() {
    const TOLD_FAILURE: &str = "told #1=issue_failed as 2";
    const AWAIT_FAILURE: &str = "await event of #1 => 200 issue_failed";
    let lines = [
        "before A: []",
        CREATE,
        TOLD_CREATE,
        TOLD_FAILURE,
        AWAIT_FAILURE,
    ];
    check_events(&lines, &[]);
    check_events(&lines[1..], &[("LIFE-1", 2)]);
}

#[test]
fn events_may_come_in_any_order_twice_and_without_the_creation() {
    check_events(
        &[
            CREATE,
            ISSUE,
            TOLD_ISSUE,
            TOLD_CREATE,
            TOLD_ISSUE,
            AWAIT_ACTIVE,
        ],
        &[],
    );
    check_events(
        &[
            CREATE,
            ISSUE,
            "deactivate #1 => 204",
            "told #1=inactive as 3",
            TOLD_ISSUE,
            "await 2 events of #1 => 200 inactive",
        ],
        &[],
    );
}

#[test]
fn a_change_that_is_not_reported_departs_where_other_events_came() {
    let missed = "await event of #1 => 200 active in vain";
    check_events(&[CREATE, TOLD_CREATE, ISSUE, missed], &[("HOOK-1", 3)]);
    // Nothing came at all: it may be that nothing can.
    check_events(&[CREATE, ISSUE, missed], &[]);
    // Nobody waited long enough.
    check_events(&[CREATE, TOLD_CREATE, ISSUE, AWAIT_ACTIVE], &[]);
}

#[test]
fn equal_departures_of_a_storm_of_events_are_told_once() {
    let lines = [CREATE, ISSUE, "told #1=active as 2 with body 7"];
    let storm = std::iter::repeat_n(lines[2], EVENTS_MAX);
    let lines: Vec<&str> = lines[..2].iter().copied().chain(storm).collect();
    check_events(&[&lines[..], &[AWAIT_ACTIVE]].concat(), &[("HOOK-2", 3)]);
}

#[test]
fn where_events_were_dropped_none_is_missed() {
    let missed = "await event of #1 => 200 active in vain";
    let check_many = |count: usize, expected: &[(&str, usize)]| {
        let storm = vec![TOLD_CREATE; count];
        check_events(
            &[&[CREATE][..], &storm, &[ISSUE, missed]].concat(),
            expected,
        );
    };
    check_many(EVENTS_MAX - 1, &[("HOOK-1", 3)]);
    check_many(EVENTS_MAX, &[]);
}

#[test]
fn a_change_that_nobody_is_sure_of_need_not_be_reported() {
    check_events(
        &[
            CREATE,
            ISSUE,
            TOLD_ISSUE,
            AWAIT_ACTIVE,
            "deactivate #1 => lost",
            "activate #1 => lost",
            "await event of #1 => 200 active in vain",
        ],
        &[],
    );
    check_events(
        &[
            CREATE,
            TOLD_CREATE,
            "await event of #1 => 200 issuing in vain",
        ],
        &[],
    );
}

#[test]
fn events_that_show_the_card_as_it_is_when_they_are_sent_report_each_change() {
    check_events(
        &[
            CREATE,
            ISSUE,
            "deactivate #1 => 204",
            "read #1 => 200 inactive",
            "told #1=inactive as 2",
            "told #1=inactive as 3",
            "await 3 events of #1 => 200 inactive in vain",
        ],
        &[],
    );
}

#[test]
fn a_state_that_the_card_never_had_is_no_event() {
    check_events(
        &[
            CREATE,
            r#"told #1=issuing as 1 with {"status":"terminated"}"#,
            "await event of #1 => 200 issuing",
        ],
        &[("HOOK-3", 2)],
    );
    check_events(
        &[
            CREATE,
            "deactivate #1 => 409",
            r#"told #1=issuing as 1 with {"status":"inactive"}"#,
            "await event of #1 => 200 issuing",
        ],
        &[("HOOK-3", 3)],
    );
    for (change, rule) in [
        (
            r#"{"accountId":"99999999-0000-4000-8000-000000000000"}"#,
            "HOOK-3",
        ),
        (r#"{"type":"physical"}"#, "HOOK-3"),
        (r#"{"eventId":"7"}"#, "HOOK-8"),
        (r#"{"webhookType":"card.created"}"#, "HOOK-7"),
        (r#"{"status":"gone"}"#, "HOOK-2"),
        (r#"{"id":"bbbbbbbb-0000-4000-8000-000000000000"}"#, "HOOK-9"),
        (r#"{"id":"98989898-0000-4000-8000-000000000000"}"#, "HOOK-3"),
        (r#"{"pan":"[card number 400000******0002]"}"#, "HOOK-13"),
        (r#"{"cvv":"123"}"#, "HOOK-13"),
    ] {
        let told = format!("told #1=issuing as 1 with {change}");
        check_events(
            &[CREATE, &told, "await event of #1 => 200 issuing"],
            &[(rule, 2)],
        );
    }
}

#[test]
fn whatever_is_posted_is_judged() {
    for body in ["", "{", "[]", "null", "\u{fffd}\u{1b}[31m", "7"] {
        let told = format!("told #1=issuing as 1 with body {body}");
        check_events(
            &[CREATE, &told, "await event of #1 => 200 issuing"],
            &[("HOOK-2", 2)],
        );
    }
}

#[test]
fn an_answer_that_was_lost_may_have_made_the_state_and_the_card() {
    check_events(
        &[
            CREATE,
            ISSUE,
            TOLD_ISSUE,
            "deactivate #1 => lost",
            "told #1=inactive as 3",
            "told #1=active as 2",
            "await event of #1 => 200 active",
        ],
        &[],
    );
    check_events(
        &[
            CREATE,
            "create physical on A => lost",
            r#"told #1=issuing as 9 with {"id":"98989898-0000-4000-8000-000000000000","type":"physical"}"#,
            "await event of #1 => 200 issuing",
        ],
        &[],
    );
}

#[test]
fn ids_tell_events_apart() {
    check_events(
        &[
            CREATE,
            TOLD_CREATE,
            ISSUE,
            "told #1=active as 1",
            AWAIT_ACTIVE,
        ],
        &[("HOOK-4", 3)],
    );
    check_events(
        &[
            CREATE,
            "refuse next event => ",
            "told #1=issuing as 1 refused",
            "told #1=issuing as 2",
            "await event of #1 => 200 issuing",
        ],
        &[("HOOK-4", 3)],
    );
    check_events(
        &[
            CREATE,
            TOLD_CREATE,
            "told #1=issuing as 2",
            "await event of #1 => 200 issuing",
        ],
        &[("HOOK-6", 2)],
    );
    // As many as there were changes: each may show the same, later state.
    check_events(
        &[
            CREATE,
            ISSUE,
            TOLD_ISSUE,
            "told #1=active as 3",
            AWAIT_ACTIVE,
        ],
        &[],
    );
}

#[test]
fn the_newest_event_equals_the_card_at_rest() {
    let missed = "await event of #1 => 200 active in vain";
    let old = r#"told #1=active as 2 with {"updatedAt":"2026-01-01T00:00:00.000001Z"}"#;
    check_events(&[CREATE, ISSUE, old, missed], &[("HOOK-5", 3)]);
    check_events(&[CREATE, ISSUE, old, AWAIT_ACTIVE], &[]);
}

#[test]
fn whether_a_creation_is_reported_is_read_from_its_event_alone() {
    let reading = |lines: &[&str]| {
        let judgement = judge(Contract::embedded(), &terms(), &Story::told(lines).trace());
        assert_eq!(judgement.departures, [], "{lines:#?}");
        let point = (crate::requirement::id::OPEN_30, String::new());
        judgement
            .readings
            .get(&point)
            .map(|left| left.first().copied())
    };
    let missed = "await event of #1 => 200 issuing in vain";
    assert_eq!(
        reading(&[CREATE, TOLD_CREATE, "await event of #1 => 200 issuing"]),
        Some(Some(0))
    );
    assert_eq!(
        reading(&[CREATE, missed, ISSUE, TOLD_ISSUE, AWAIT_ACTIVE]),
        Some(Some(1))
    );
    assert_eq!(reading(&[CREATE, missed]), None);
    let later = r#"told #1=issuing as 1 with {"updatedAt":"2026-01-02T00:00:00Z"}"#;
    assert_eq!(
        reading(&[CREATE, later, ISSUE, TOLD_ISSUE, AWAIT_ACTIVE]),
        None
    );
}

#[test]
fn events_are_not_held_against_a_case_that_departs_otherwise() {
    check_events(
        &[
            CREATE,
            TOLD_CREATE,
            ISSUE,
            "await event of #1 => 200 issuing in vain",
        ],
        &[("LIFE-12", 3)],
    );
}

#[test]
fn events_are_held_against_what_every_order_of_a_race_leaves() {
    let race = [
        CREATE,
        ISSUE,
        TOLD_ISSUE,
        "[1] deactivate #1 => 204",
        "[2] terminate #1 => 204",
    ];
    let and = |more: &[&'static str]| [&race[..], more].concat();
    let ended = "told #1=terminated as 3";
    let rested = "told #1=inactive as 4";
    let awaited = "await event of #1 => 200 terminated";
    let missed = "await event of #1 => 200 terminated in vain";
    check_events(&and(&[ended, rested, awaited]), &[]);
    // The deactivate may have come to nothing beside the terminate, as far as is sure.
    check_events(&and(&[ended, missed]), &[]);
    check_events(&and(&[missed]), &[("HOOK-1", 5)]);
    let phantom = r#"told #1=terminated as 3 with {"status":"suspended"}"#;
    check_events(&and(&[phantom, rested, awaited]), &[("HOOK-3", 5)]);
    let twice = "told #1=terminated as 4";
    check_events(&and(&[rested, twice, awaited]), &[("HOOK-4", 5)]);
}

#[test]
fn cards_that_change_at_once_are_each_told_of() {
    let told = |last: &'static str, awaited: &'static str| {
        [
            CREATE,
            "create physical on A => 201 issuing",
            ISSUE,
            "issue #2 => 204",
            "told #1=active as 3",
            "told #2=active as 4",
            "[1] deactivate #1 => 204",
            "[2] deactivate #2 => 204",
            "told #1=inactive as 5",
            last,
            "await event of #1 => 200 inactive",
            awaited,
        ]
    };
    let awaited = "await event of #2 => 200 inactive";
    check_events(&told("told #2=inactive as 6", awaited), &[]);
    let missed = "await event of #2 => 200 inactive in vain";
    check_events(&told("told #1=inactive as 5", missed), &[("HOOK-1", 8)]);
}

/// Each account is judged by itself where there are many, or where they have a past; so are its events.
#[test]
fn events_are_judged_account_by_account() {
    const SECOND_ISSUED: &str = "await event of #2 => 200 active in vain";
    let both = |told: &[&str], awaited: &[&str], expected: &[(&str, usize)]| {
        for before in [&["before A: []", "before B: []"][..], &[]] {
            let mut lines = before.to_vec();
            lines.extend([
                "create virtual on A => 201 issuing",
                "create virtual on B => 201 issuing",
            ]);
            // Without a past only many accounts are judged apart.
            let further: Vec<String> = match before {
                [] => ('C'..='E')
                    .map(|letter| format!("list {letter} => 200 []"))
                    .collect(),
                _ => vec!["list A => 200 #1=issuing".to_owned(); 3],
            };
            lines.extend(further.iter().map(String::as_str));
            lines.extend(["issue #1 => 204", "issue #2 => 204"]);
            lines.extend(told);
            lines.extend(awaited);
            check_events(&lines, expected);
        }
    };
    let told_first = "told #1=active as 1";
    let await_first = "await event of #1 => 200 active";
    both(
        &[told_first, "told #2=active as 2"],
        &[await_first, "await event of #2 => 200 active"],
        &[],
    );
    // It is missing for the second alone.
    both(
        &[told_first],
        &[await_first, SECOND_ISSUED],
        &[("HOOK-1", 9)],
    );
    // The second alone is told of as it never was.
    both(
        &[told_first, "told #2=blocked as 2"],
        &[await_first, SECOND_ISSUED],
        &[("HOOK-3", 9)],
    );
    // Where none came at all, it may be that none can.
    both(&[], &[await_first, SECOND_ISSUED], &[]);
}

/// What a subscription is answered with, and what is read of it.
#[test]
fn an_event_may_print_a_time_with_more_digits_or_fewer() {
    let told = |created: &str, expected: &[(&str, usize)]| {
        let event = format!(r#"told #1=active as 2 with {{"createdAt":"{created}"}}"#);
        check_events(&[CREATE, ISSUE, &event, AWAIT_ACTIVE], expected);
    };
    told("2026-01-01T00:00:00.100007917Z", &[]);
    told("2026-01-01T00:00:00.1Z", &[]);
    told("2026-01-01T01:00:00.1+01:00", &[]);
    told("2026-01-01T00:00:00.102Z", &[("HOOK-3", 3)]);
}

#[test]
fn events_are_posted() {
    check_events(
        &[CREATE, ISSUE, "told #1=active as 2 by PUT", AWAIT_ACTIVE],
        &[("HOOK-7", 3)],
    );
}

/// Readers differ in what such a body asks for, so what followed was not judged.
#[test]
fn events_are_not_judged_once_the_case_is_not() {
    let never_so = "told #1=blocked as 2";
    let ambiguous = r#"create virtual on B with body "{\"type\":1,\"type\":2}" => 400"#;
    let told = [CREATE, ISSUE, never_so];
    check_events(&[&told[..], &[AWAIT_ACTIVE]].concat(), &[("HOOK-3", 3)]);
    check_events(&[&told[..], &[ambiguous, AWAIT_ACTIVE]].concat(), &[]);
}
