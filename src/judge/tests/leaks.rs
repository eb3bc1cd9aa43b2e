//! Card numbers in two parts: the masked number, and a member beside it.

use super::*;
use crate::redact::completes;

/// Six cards on three accounts, and a read of each that shows this member beside its masked number.
fn reads(member: impl Fn(&str) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for account in ["A", "B", "C"] {
        for card_type in ["virtual", "physical"] {
            lines.push(format!("create {card_type} on {account} => 201 issuing"));
        }
    }
    lines.extend((1..=6).map(|card| format!("issue #{card} => 204")));
    lines.extend((1..=6).map(|card| {
        let masked = format!("400000******{}", 1_000 + 7 * card);
        let member = member(&masked);
        format!(r#"read #{card} => 200 active with {{"maskedPan":"{masked}",{member}}}"#)
    }));
    lines
}

/// Digits that the masked number may hide: of each one others.
fn hidden(masked: &str) -> String {
    let begins: u32 = masked[12..].parse().unwrap();
    let mut digits = (0..10).map(|last| format!("{:05}{last}", begins * 13 % 100_000));
    digits.find(|digits| completes(masked, digits)).unwrap()
}

#[track_caller]
fn check_reads(member: impl Fn(&str) -> String, expected: &[(&str, usize)]) {
    let lines = reads(member);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    check(&lines, expected);
    // Of five cards it may be chance.
    check(&lines[..lines.len() - 1], &[]);
}

#[test]
fn a_masked_number_and_what_it_hides_are_a_card_number() {
    let leaks = [("LEAK-1", 18)];
    check_reads(|m| format!(r#""x":"{}""#, hidden(m)), &leaks);
    check_reads(|m| format!(r#""x":{{"y":["{}"]}}"#, hidden(m)), &leaks);
    check_reads(|m| format!(r#""x":"{}{}""#, hidden(m), &m[12..]), &leaks);
    check_reads(|m| format!(r#""x":"400000{}""#, hidden(m)), &leaks);
    check_reads(
        |m| format!(r#""x":"******{}{}""#, hidden(m), &m[12..]),
        &leaks,
    );
    check_reads(|m| format!(r#""x":{}"#, 100_000 + begin(m)), &[]);
}

#[test]
fn two_members_may_have_the_hidden_digits_together() {
    let split = |at: usize| {
        move |masked: &str| {
            let digits = hidden(masked);
            let (first, last) = digits.split_at(at);
            format!(
                r#""x":{{"a":"400000{first}"}},"y":"{last}{}""#,
                &masked[12..]
            )
        }
    };
    check_reads(split(2), &[("LEAK-1", 18)]);
    check_reads(split(5), &[("LEAK-1", 18)]);
    // What is shown of it anyway.
    check_reads(|m| format!(r#""bin":"400000","last":"{}""#, &m[12..]), &[]);
    check_reads(
        |m| format!(r#""bin":"40000012","last":"3456{}""#, &m[12..]),
        &[],
    );
}

fn begin(masked: &str) -> u32 {
    masked[12..].parse().unwrap()
}

#[test]
fn six_digits_beside_a_masked_number_may_be_anything_else() {
    // One that does not fit.
    let all_but_one = |masked: &str| match begin(masked) {
        1_014 => "000000".to_owned(),
        _ => hidden(masked),
    };
    check_reads(|m| format!(r#""x":"{}""#, all_but_one(m)), &[]);
    // The same for each card.
    check_reads(|_| r#""x":"400000""#.to_owned(), &[]);
    // Other digits beside them under the same name.
    check_reads(|m| format!(r#""x":["{}","123456"]"#, hidden(m)), &[]);
}
