//! Steps as they are written, and what is said of wrong ones.

use super::*;

fn check_same(text: &str) {
    let step: Step = text.parse().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(step.to_string(), text);
}

#[test]
fn a_step_is_printed_as_it_is_read() {
    for text in [
        "create virtual on A",
        "create physical on B with {\"shippingAddress\":null}",
        "create virtual on A with body \"{\" as \"text/plain\"",
        "create virtual on A with {\"billingAddress\":{\"city\":\"Zürich\"}} in Latin-1",
        "subscribe behind a byte order mark",
        "create virtual on unknown",
        "create virtual on \"no-uuid\" without key",
        "read #1 in upper case",
        "read foreign",
        "read \"%7B{#1}%7D\"",
        "terminate \"urn:uuid:{#12}\"",
        "list A",
        "list all",
        "activate #12 with key of #3",
        "terminate #1 with key \"abc\"",
        "create virtual on A with time-ordered key",
        "create physical on A with key next to #1",
        "retry #3 with {\"type\":\"physical\"}",
        "retry #3 in upper case",
        "pause 1200ms",
        "move clock by 3601s",
        "read #1 with expired bearer",
        "deactivate #1 without signature",
        "create virtual on A with wrong digest",
        "list A with signature of #2",
        "activate #1 by POST",
        "create virtual on A by PUT with {}",
        "block #1",
        "await event of #1",
        "await 3 events of #1",
        "await event of #1 at #2",
        "refuse next event",
        "subscribe",
        "subscribe with {\"types\":[\"card.made\"]}",
        "subscribe with body \"{\" as \"text/plain\"",
        "subscribe again #2",
        "subscribe again foreign with {\"types\":7}",
        "unsubscribe #2",
        "unsubscribe foreign",
        "unsubscribe unknown",
        "read subscription #2",
        "read subscription foreign",
        "read subscription malformed",
        "list subscriptions",
        "[1] activate #1",
        "[4] retry #3 in upper case",
        "create virtual on A then cut after sending",
        "read #1 over a fresh connection then cut while reading",
        "retry #1 with {\"type\":\"physical\"} over a fresh connection",
        "terminate #1 with wrong bearer then give up after 50ms",
    ] {
        check_same(text);
    }
}

#[test]
fn each_flaw_is_read_by_its_words() {
    for flaw in Flaw::ALL
        .into_iter()
        .chain([Flaw::SignatureOf(StepNumber(3))])
    {
        let step: Step = format!("create virtual on A {flaw}").parse().unwrap();
        assert_eq!(step.flaw, Some(flaw));
    }
}

#[test]
fn a_wrong_step_says_what_would_be_right() {
    for (text, hint) in [
        ("teminate #1", "did you mean `terminate`"),
        ("create plastic on A", "virtual or physical"),
        ("create virtual A", "`on` should stand before"),
        ("read 1", "#n for the card"),
        ("read #0", "names no card"),
        (
            "subscribe again unknown",
            "no subscription that can be changed",
        ),
        ("list a", "a letter from A to Z"),
        ("pause 3", "1200ms"),
        ("await 0 events of #1", "no number of events"),
        ("await event #1", "no number of events"),
        ("await event of A", "is no step"),
        ("refuse event", "`next event` should stand"),
        ("move clock 3s", "`clock by` should stand before"),
        ("move clock by 3", "3601s"),
        ("move clock by 0s", "3601s"),
        ("create virtual on A with {", "is not JSON"),
        ("read #1 with {}", "only a create"),
        ("unsubscribe #1 with {}", "only a create"),
        ("subscribe again", "is no step"),
        ("read #1 without key", "only a call that modifies"),
        ("read #1 then cut", "then cut after sending"),
        ("read #1 then give up after 5", "1200ms"),
        ("pause 5ms then cut while reading", "a pause sends nothing"),
        ("activate #1 quickly", "says nothing known"),
        ("await event of #1 without bearer", "only one call"),
        ("subscribe in upper case", "as it is"),
        ("subscribe with key of #1", "only a call that modifies"),
        ("[1] await event of #1", "in no lane"),
        ("[5] activate #1", "is no lane: [1] to [4]"),
        ("[1]activate #1", "is no lane"),
        ("activate #1 by put", "`put` is no method"),
    ] {
        let error = text.parse::<Step>().unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(hint) || text == "read #0", "{text}: {shown}");
    }
}
