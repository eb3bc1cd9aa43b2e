//! Many accounts by tables: each is judged by itself, and what is wrong is found all the same.

use super::{check, check_with, judged, manual};

/// Five creates, in an account each.
const CREATES: [&str; 5] = [
    "create virtual on A => 201 issuing",
    "create virtual on B => 201 issuing",
    "create virtual on C => 201 issuing",
    "create virtual on D => 201 issuing",
    "create virtual on E => 201 issuing",
];

const ALL: &str = "list all => 200 #1=issuing #2=issuing #3=issuing #4=issuing #5=issuing";

#[track_caller]
fn check_accounts(lines: &[&str], expected: &[(&str, usize)]) {
    check(&[&CREATES, lines].concat(), expected);
}

#[test]
fn what_conforms_departs_nowhere() {
    check_accounts(
        &[
            ALL,
            "list C => 200 #3=issuing",
            "[1] issue #4 => 204",
            "[2] issue #5 => 204",
            "[3] read #4 => 200 active",
            "deactivate unknown => 404",
            "list all => 200 #1=issuing #2=issuing #3=issuing #4=active #5=active",
        ],
        &[],
    );
}

#[test]
fn a_fault_in_one_account_is_told_where_it_shows() {
    check_accounts(
        &["issue #4 => 204", "read #4 => 200 issuing", ALL],
        &[("LIFE-12", 7)],
    );
    check_accounts(
        &["deactivate unknown => 409", "retry #2 => 201 issuing", ALL],
        &[("ID-1", 6)],
    );
    check_accounts(
        &["list all => 200 #1=issuing #2=issuing #4=issuing #5=issuing"],
        &[("READ-3", 6)],
    );
}

#[test]
fn what_is_wrong_with_the_whole_list_is_told_once() {
    check_accounts(&["list all => 404"], &[("HTTP-1", 6), ("READ-9", 6)]);
}

#[test]
fn a_card_that_is_nobodys_is_no_concern() {
    let lines = [
        &CREATES[..4],
        &[
            "create virtual on E => 409",
            "list all => 200 #1=issuing #2=issuing #3=issuing #4=issuing",
        ],
    ]
    .concat();
    check(&lines, &[("CREATE-1", 5)]);
}

#[test]
fn accounts_keep_to_one_reading() {
    check_accounts(
        &[
            "issue #1 => 204",
            "issue #5 => 204",
            "[1] activate #1 => 204",
            "[2] activate #5 => 409",
            "read #5 => 200 active",
        ],
        &[("OPEN-2", 9)],
    );
}

#[test]
fn a_card_in_the_list_of_another_account_is_found() {
    check_accounts(&["list A => 200 #1=issuing #5=issuing"], &[("READ-5", 6)]);
}

#[test]
fn a_key_ties_accounts_together() {
    let mut terms = manual();
    let pin = ("key-elsewhere".to_owned(), "refused".to_owned());
    terms.pins.extend([pin]);
    let again = "create physical on D with key of #1 => 201 issuing";
    check_with(
        &terms,
        &[&CREATES[..], &[again]].concat(),
        &[("OPEN-15", 6)],
    );
}

#[test]
fn each_rule_is_counted_over_all_accounts() {
    let judgement = judged(&CREATES);
    assert_eq!(judgement.exercised[&crate::requirement::id::CREATE_1], 5);
}
