//! One call after the other.

use super::*;

#[test]
fn a_life_as_the_contract_has_it_departs_nowhere() {
    check(
        &[
            CREATE,
            "read #1 => 200 issuing",
            "issue #1 => 204",
            "read #1 => 200 active",
            "deactivate #1 => 204",
            "read #1 => 200 inactive",
            "activate #1 => 204",
            "list A => 200 #1=active",
            "terminate #1 => 204",
            "read #1 => 200 terminated",
            "activate #1 => 409",
            "list all => 200 #1=terminated",
        ],
        &[],
    );
}

#[test]
fn a_status_that_no_world_allows_names_the_rule_that_established_the_other() {
    check(
        &[CREATE, "issue #1 => 204", "read #1 => 200 issuing"],
        &[("LIFE-12", 3)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-2", 4)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "terminate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-5", 4)],
    );
    check(&[CREATE, "read #1 => 200 active"], &[("LIFE-1", 2)]);
}

#[test]
fn a_final_card_that_comes_back_is_not_a_terminate_that_failed() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "terminate #1 => 204",
            "read #1 => 200 terminated",
            "activate #1 => 409",
            "read #1 => 200 active",
        ],
        &[("LIFE-4", 6)],
    );
}

#[test]
fn judging_goes_on_after_a_departure() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            "read #1 => 200 active",
            "deactivate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-2", 4), ("LIFE-2", 6)],
    );
}

#[test]
fn each_reading_of_an_open_point_conforms_and_two_do_not() {
    let twice = |first: &'static str, second: &'static str| {
        [
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            first,
            "activate #1 => 204",
            "deactivate #1 => 204",
            second,
            "read #1 => 200 inactive",
        ]
    };
    check(&twice("deactivate #1 => 204", "deactivate #1 => 204"), &[]);
    check(&twice("deactivate #1 => 422", "deactivate #1 => 422"), &[]);
    check(
        &twice("deactivate #1 => 422", "deactivate #1 => 204"),
        &[("OPEN-1", 7)],
    );
    check(
        &twice("deactivate #1 => 422", "deactivate #1 => 409"),
        &[("OPEN-7", 7)],
    );
}

#[test]
fn a_pin_leaves_one_reading() {
    let mut terms = manual();
    terms
        .pins
        .insert("repeat-activate".to_owned(), "refused".to_owned());
    check_with(
        &terms,
        &[CREATE, "issue #1 => 204", "activate #1 => 204"],
        &[("OPEN-2", 3)],
    );
    check(&[CREATE, "issue #1 => 204", "activate #1 => 204"], &[]);
}

#[test]
fn a_card_over_the_limit_may_be_taken_but_never_used() {
    let taken = [
        CREATE,
        "issue #1 => 204",
        "create virtual on A => 201 issuing",
        "issue #3 => 204",
    ];
    check(
        &[&taken[..], &["read #3 => 200 issue_failed"]].concat(),
        &[],
    );
    check(
        &[&taken[..], &["read #3 => 200 active"]].concat(),
        &[("LIMIT-1", 5)],
    );
    check(&[CREATE, "create virtual on A => 404"], &[("LIMIT-4", 2)]);
    check(
        &[
            CREATE,
            "create virtual on A => 409",
            "list A => 200 #1=issuing #9=issuing",
        ],
        &[("LIMIT-7", 3)],
    );
}

/// Each of them may have failed at any time, so that there would be 2^40 worlds.
#[test]
fn of_many_cards_over_the_limit_any_may_have_failed() {
    let mut story = vec![CREATE.to_owned(), "issue #1 => 204".to_owned()];
    for step in (3..83).step_by(2) {
        story.push("create virtual on A => 201 issuing".to_owned());
        story.push(format!("terminate #{step} => 409"));
    }
    let and_then = |lines: &[&str], expected: &[(&str, usize)]| {
        let lines: Vec<&str> = story
            .iter()
            .map(String::as_str)
            .chain(lines.iter().copied())
            .collect();
        check(&lines, expected);
    };
    let one_failed = ["read #81 => 200 issue_failed", "read #3 => 200 issuing"];
    and_then(&one_failed, &[]);
    and_then(&["read #41 => 200 active"], &[("LIMIT-1", 83)]);
    // That one has failed says nothing of another.
    and_then(&[&one_failed[..], &["terminate #41 => 404"]].concat(), &[]);
    // One that has failed may keep the slot, whichever it is.
    let freed = "terminate #1 => 204";
    let taken = "create virtual on A => 201 issuing";
    let kept_or_not = |shown: &str| {
        let seen = format!("read #84 => 200 {shown}");
        and_then(&[freed, taken, "issue #84 => 204", &seen], &[]);
    };
    kept_or_not("active");
    kept_or_not("issue_failed");
    let first = [freed, taken, "issue #86 => 204", "read #86 => 200 active"];
    let second = ["terminate #86 => 204", taken, "issue #90 => 204"];
    let failed = ["read #90 => 200 issue_failed"];
    and_then(
        &[&one_failed[..], &first, &second, &failed].concat(),
        &[("LIFE-12", 92)],
    );
}

/// Where cards are issued by themselves, each may also have been within the limit, and have failed so that the next one was.
#[test]
fn lists_keep_the_worlds_of_many_cards_few() {
    let mut story = Vec::new();
    let (mut shown, mut step) = ("#1=active".to_owned(), 1);
    for made in 1..=60 {
        story.push("create virtual on A => 201 issuing".to_owned());
        story.push(format!("terminate #{step} => 409"));
        if step > 1 {
            shown += &format!(" #{step}=issue_failed");
        }
        step += 2;
        if made % 5 == 0 {
            story.push(format!("list A => 200 {shown}"));
            step += 1;
        }
    }
    // Nothing is judged once there are too many.
    story.push("read #1 => 200 issuing".to_owned());
    let lines: Vec<&str> = story.iter().map(String::as_str).collect();
    check_with(&automatic(), &lines, &[("READ-6", step)]);
}

#[test]
fn a_slot_may_be_freed_or_kept() {
    let ended = [CREATE, "issue #1 => 204", "terminate #1 => 204"];
    check(&[&ended[..], &["create virtual on A => 409"]].concat(), &[]);
    check(
        &[
            &ended[..],
            &[
                "create virtual on A => 201 issuing",
                "issue #4 => 204",
                "read #4 => 200 active",
            ],
        ]
        .concat(),
        &[],
    );
    check(
        &[
            &ended[..],
            &[
                "create virtual on A => 201 issuing",
                "issue #4 => 204",
                "read #4 => 200 active",
                "terminate #4 => 204",
                "create virtual on A => 409",
            ],
        ]
        .concat(),
        &[("OPEN-9", 8)],
    );
}

#[test]
fn types_and_accounts_are_counted_apart() {
    check(&[CREATE, "create physical on A => 409"], &[("LIMIT-2", 2)]);
    check(&[CREATE, "create virtual on B => 422"], &[("LIMIT-3", 2)]);
}

#[test]
fn a_retry_brings_the_same_answer_and_nothing_else() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "retry #1 => 201 again",
            "list A => 200 #1=active",
        ],
        &[],
    );
    check(
        &[CREATE, "issue #1 => 204", "retry #2 => 409"],
        &[("IDEM-3", 3)],
    );
    check(
        &[
            CREATE,
            "retry #1 => 201 again",
            "list A => 200 #1=issuing #9=issuing",
        ],
        &[("IDEM-4", 3)],
    );
    let changed = "retry #1 with {\"billingAddress\":{\"city\":\"Bath\"}}";
    check(&[CREATE, &format!("{changed} => 422")], &[]);
    check(
        &[CREATE, &format!("{changed} => 201 again")],
        &[("IDEM-5", 2)],
    );
    check(
        &[CREATE, "activate #1 without key => 204"],
        &[("IDEM-1", 2)],
    );
}

#[test]
fn a_refusal_is_replayed_or_tried_afresh() {
    let refused = [CREATE, "deactivate #1 => 409", "issue #1 => 204"];
    check(
        &[&refused[..], &["retry #2 => 409", "read #1 => 200 active"]].concat(),
        &[],
    );
    check(
        &[
            &refused[..],
            &["retry #2 => 204", "read #1 => 200 inactive"],
        ]
        .concat(),
        &[],
    );
    check(
        &[&refused[..], &["retry #2 => 204", "read #1 => 200 active"]].concat(),
        &[("LIFE-2", 5)],
    );
}

#[test]
fn a_lost_answer_leaves_both_worlds() {
    let lost = [CREATE, "issue #1 => 204", "terminate #1 => lost"];
    check(&[&lost[..], &["read #1 => 200 active"]].concat(), &[]);
    check(&[&lost[..], &["read #1 => 200 terminated"]].concat(), &[]);
    check(
        &[&lost[..], &["read #1 => 200 inactive"]].concat(),
        &[("LIFE-5", 4)],
    );
    check(
        &["create virtual on A => lost", "list A => 200 #9=issuing"],
        &[],
    );
    check(&["create virtual on A => lost", "list A => 200 []"], &[]);
}

#[test]
fn a_retry_reveals_the_card_whose_create_was_lost() {
    let lost = ["create virtual on A => lost", "list A => 200 #1=issuing"];
    check(&[&lost[..], &["retry #1 => 201 issuing"]].concat(), &[]);
    let two = [
        "create virtual on A => lost",
        "create virtual on A => lost",
        "list A => 200 #2=issuing #1=issuing",
        "retry #1 => 201 issuing",
        "retry #2 => 201 issuing",
    ];
    check(&two, &[]);
    let elsewhere = [
        CREATE,
        "activate unknown => lost",
        "create physical on A with key of #2 => 201 issuing",
        "activate #1 with key of #1 => 422",
    ];
    check(&elsewhere, &[]);
}

#[test]
fn a_card_that_was_moved_before_it_was_issued_need_not_have_a_number() {
    // The table's cards have none while they are issuing; a terminated one shows what it had.
    check(
        &[CREATE, "terminate #1 => 204", "read #1 => 200 terminated"],
        &[],
    );
}

#[test]
fn the_reads_must_agree() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "read #1 => 200 active",
            "list A => 200 #1=issuing",
        ],
        &[("READ-6", 4)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "list A => 200 #1=issuing",
            "read #1 => 200 active",
        ],
        &[("READ-6", 3)],
    );
    check(&[CREATE, "list A => 200 []"], &[("READ-2", 2)]);
    check(
        &[CREATE, "list A => 200 #1=issuing #1=issuing"],
        &[("READ-4", 2)],
    );
}

#[test]
fn unknown_ids_are_refused() {
    check(
        &[
            "read unknown => 404",
            "list unknown => 400",
            "terminate unknown => 404",
        ],
        &[],
    );
    check(
        &["read unknown => 404", "read unknown => 400"],
        &[("OPEN-18", 2)],
    );
    check(&["terminate unknown => 204"], &[("ID-1", 1)]);
}

#[test]
fn a_server_error_departs_and_leaves_both_worlds() {
    check(
        &[CREATE, "issue #1 => 500", "read #1 => 200 active"],
        &[("HTTP-2", 2)],
    );
    check(&["read \"x\" => 500"], &[("HTTP-3", 1)]);
    check(&[CREATE, "read #1 => 503"], &[("HTTP-2", 2)]);
}

#[test]
fn what_is_put_off_may_or_may_not_have_been_done() {
    for later in ["429", "503 later"] {
        for read in ["active", "issuing"] {
            let issue = format!("issue #1 => {later}");
            let read = format!("read #1 => 200 {read}");
            check(&[CREATE, &issue, &read], &[]);
        }
        // The rest is judged as ever.
        let terminate = format!("terminate #1 => {later}");
        let lines = [
            CREATE,
            "terminate #1 => 204",
            &terminate,
            "read #1 => 200 active",
        ];
        check(&lines, &[("LIFE-4", 4)]);
        check(
            &[
                &format!("create virtual on A => {later}"),
                "list A => 200 []",
            ],
            &[],
        );
    }
}

#[test]
fn cards_may_be_issued_by_themselves() {
    let automatic = Terms::default();
    check_with(
        &automatic,
        &[CREATE, "read #1 => 200 issuing", "read #1 => 200 active"],
        &[],
    );
    check_with(
        &automatic,
        &[
            CREATE,
            "read #1 => 200 issue_failed",
            "read #1 => 200 active",
        ],
        &[("LIFE-6", 3)],
    );
    check_with(
        &automatic,
        &[CREATE, "read #1 => 200 inactive"],
        &[("LIFE-1", 2)],
    );
}

#[test]
fn a_virtual_card_is_not_shipped_so_its_shipping_address_may_be_passed_over() {
    let refused = r#"create physical on A with {"shippingAddress":{"state":""}} => 400"#;
    let address = r#"{"firstLine":"x","city":"y","country":"GB","postCode":"1","state":""}"#;
    let passed_over =
        format!(r#"create virtual on A with {{"shippingAddress":{address}}} => 201 issuing"#);
    check(&[refused, &passed_over], &[]);
    let accepted = r#"create physical on A with {"shippingAddress":{"state":""}} => 201 issuing"#;
    check(&[refused, &passed_over, accepted], &[("OPEN-23", 3)]);
}

#[test]
fn a_departure_says_since_when_the_other_was_true() {
    let lines = [
        CREATE,
        "issue #1 => 204",
        "terminate #1 => 204",
        "read #1 => 200 active",
    ];
    let judgement = judged(&lines);
    let departure = &judgement.departures[0];
    assert_eq!(departure.expected, "`terminated`");
    assert_eq!(departure.actual, "`active`");
    let since = departure.since.as_ref().expect("an origin");
    assert_eq!((since.step, since.rule.as_str()), (StepNumber(3), "LIFE-5"));
}

#[test]
fn what_is_judged_is_counted() {
    let lines = [CREATE, "issue #1 => 204", "read #1 => 200 active"];
    let judgement = judged(&lines);
    for rule in [
        "CREATE-1", "CREATE-2", "CREATE-4", "LIFE-12", "BODY-11", "KEEP-1",
    ] {
        let id = crate::requirement::find(rule).expect("a requirement").id;
        assert!(
            judgement.exercised.contains_key(&id),
            "{rule} was not counted"
        );
    }
    let never = crate::requirement::id::LIFE_4;
    assert!(!judgement.exercised.contains_key(&never));
}

#[test]
fn a_sandbox_without_a_simulator_is_no_departure() {
    for status in [404, 405, 501] {
        let issue = format!("issue #1 => {status}");
        let story = Story::told(&[CREATE, &issue, "read #1 => 200 issuing"]);
        let judgement = judge(Contract::embedded(), &manual(), &story.trace());
        assert_eq!(judgement.departures, [], "{status}");
        let words = &judgement.obstacles[0].words;
        assert!(words.contains("simulator = false"), "{words}");
    }
    check(&[CREATE, "issue #1 => 409"], &[("LIFE-12", 2)]);
    check(&[CREATE, "fail #1 => 204", "issue #1 => 404"], &[]);
    // A card over the limit may have failed by then.
    let story = [
        CREATE,
        "create virtual on A => 201 issuing",
        "issue #2 => 404",
        "read #2 => 200 issue_failed",
    ];
    let judgement = judged(&story);
    assert_eq!(
        (judgement.departures, judgement.obstacles),
        (vec![], vec![])
    );
    // Where one has issued a card, it is there.
    check(
        &[
            CREATE,
            "create physical on A => 201 issuing",
            "issue #1 => 204",
            "issue #2 => 404",
        ],
        &[("LIFE-12", 4)],
    );
}

/// The create is sent 100 ms after the story begins and takes 1 ms, and each later step comes 100 ms after the one before.
#[test]
fn an_update_between_requests_is_the_cards_own() {
    let read = |micros: u32| {
        format!(r#"read #1 => 200 active with {{"updatedAt":"2026-01-01T00:00:00.{micros:06}Z"}}"#)
    };
    for (updated, expected) in [
        (201_007, &[][..]),
        // After the read of 300 ms was answered, and before that of 400 ms was sent.
        (350_007, &[][..]),
        (300_507, &[("READ-7", 4)][..]),
        (400_007, &[("READ-7", 4)][..]),
        // The target's clock is known no better than to the millisecond that the create took.
        (399_507, &[("READ-7", 4)][..]),
        (750_007, &[("READ-7", 4)][..]),
    ] {
        let steps = [CREATE, "issue #1 => 204", &read(201_007), &read(updated)];
        check(&steps, expected);
    }
    // Accounts of which each is judged by itself, after two reads of 100 ms: what goes on in the other is known all the same.
    for (updated, expected) in [
        (550_007, &[][..]),
        (650_007, &[][..]),
        (600_507, &[("READ-7", 5)][..]),
    ] {
        let (first, last) = (read(401_007), read(updated));
        let steps = [CREATE, "issue #1 => 204", &first, "list B => 200 []", &last];
        check(
            &[&["before A: []", "before B: []"], &steps[..]].concat(),
            expected,
        );
    }
}

#[test]
fn a_number_that_is_known_for_a_cards_own_only_later_is_told_where_that_shows() {
    let leaking = "read #1 => 200 issuing with {\"reference\":\"4000001234570000\"}";
    check(
        &[CREATE, leaking, "issue #1 => 204", "read #1 => 200 active"],
        &[("LEAK-1", 4)],
    );
    // Nobody says whose it is.
    check(&[CREATE, leaking, "issue #1 => 204"], &[]);
    let after = "read #1 => 200 active with {\"reference\":\"4000001234570000\"}";
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "read #1 => 200 active",
            after,
            "read #1 => 200 active",
        ],
        &[("LEAK-1", 4)],
    );
}
