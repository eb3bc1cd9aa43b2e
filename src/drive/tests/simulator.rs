//! A simulator that answers at once, and one that takes its time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Each card is `issuing` until it has been looked at so many times since the simulator was told.
fn target(looks: usize) -> FakeTarget {
    let seen = AtomicUsize::new(0);
    FakeTarget::start(move |asked| match asked.line.split(' ').next() {
        Some("POST") => created(),
        Some("PATCH") => {
            seen.store(0, Ordering::Relaxed);
            Act::Json(204, String::new())
        }
        _ => {
            let is_done = seen.fetch_add(1, Ordering::Relaxed) >= looks;
            let status = if is_done { "active" } else { "issuing" };
            Act::Json(200, format!(r#"[{{"id":"Card-1","status":"{status}"}}]"#))
        }
    })
}

fn reads(target: &FakeTarget) -> usize {
    let asked = target.asked().into_iter();
    asked
        .filter(|asked| asked.line.starts_with("GET /v1/cards/"))
        .count()
}

const ISSUED: [&str; 2] = ["create virtual on A", "issue #1"];

#[test]
fn what_a_late_simulator_does_is_waited_for_and_no_part_of_the_case() {
    let target = target(3);
    let session = Session::connect(target.profile()).unwrap();
    let race = ["create virtual on A", "[1] issue #1", "[2] read #1"];
    let cases = [Case::told(&ISSUED), Case::told(&race)];
    let run = |case: &Case| {
        session
            .drive_batch(std::slice::from_ref(case), &StopSignal::new())
            .remove(0)
    };
    let trace = run(&cases[0]);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    let steps: Vec<usize> = trace.exchanges.iter().map(|e| e.step.0).collect();
    assert_eq!((steps, reads(&target)), (vec![1, 2], 3));
    let because = run(&cases[1]).not_run.unwrap();
    assert!(because.contains("answers before it is done"), "{because}");
}

/// A read that is behind is the target's mistake, and no matter of time.
#[test]
fn a_card_that_the_list_shows_as_issued_is_not_waited_for() {
    let target = FakeTarget::start(|asked| match asked.line.split(' ').next() {
        Some("POST") => created(),
        Some("PATCH") => Act::Json(204, String::new()),
        _ => {
            let is_list = asked.line.contains("/accounts/");
            let status = if is_list { "active" } else { "issuing" };
            Act::Json(200, format!(r#"[{{"id":"Card-1","status":"{status}"}}]"#))
        }
    });
    let session = Session::connect(target.profile()).unwrap();
    let race = ["create virtual on A", "[1] issue #1", "[2] read #1"];
    for case in [&ISSUED[..], &ISSUED, &race] {
        let traces = session.drive_batch(&[Case::told(case)], &StopSignal::new());
        assert!(traces[0].complete && traces[0].not_run.is_none());
    }
    // One look for each, and the race's own.
    assert_eq!(reads(&target), 3);
}

#[test]
fn a_prompt_simulator_is_looked_after_a_few_times_only() {
    let target = target(0);
    let session = Session::connect(target.profile()).unwrap();
    for _ in 0..8 {
        let cases = [Case::told(&ISSUED)];
        let traces = session.drive_batch(&cases, &StopSignal::new());
        assert!(traces[0].complete && traces[0].not_run.is_none());
    }
    assert_eq!(reads(&target), 3);
}

#[test]
fn a_simulator_that_does_nothing_is_not_waited_for_again_and_again() {
    let target = target(usize::MAX);
    let mut profile = target.profile();
    profile.sandbox.issuance_wait = Wait(Duration::from_millis(1));
    let session = Session::connect(profile).unwrap();
    for _ in 0..8 {
        let cases = [Case::told(&ISSUED)];
        assert!(session.drive_batch(&cases, &StopSignal::new())[0].complete);
    }
    assert_eq!(reads(&target), 5);
}
