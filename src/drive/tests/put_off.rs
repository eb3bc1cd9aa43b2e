//! Targets that ask to be asked again later.

use std::sync::atomic::AtomicUsize;

use super::*;

const LATER: &str =
    "HTTP/1.1 429 X\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const DOWN: &str =
    "HTTP/1.1 503 X\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Puts the first request to each path off, and then does as is asked.
fn puts_off_once(answer: &'static str) -> impl Fn(&Asked) -> Act {
    let seen = std::sync::Mutex::new(Vec::new());
    move |asked| {
        let mut seen = seen.lock().unwrap();
        if !seen.contains(&asked.line) {
            seen.push(asked.line.clone());
            return Act::Raw(answer);
        }
        match asked.line.split(' ').next() {
            Some("POST") => created(),
            _ => ok(),
        }
    }
}

#[test]
fn a_request_that_is_put_off_is_sent_again_with_its_key() {
    let target = FakeTarget::start(puts_off_once(LATER));
    let trace = drive(target.profile(), &["create virtual on A", "read #1"]);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    let told: Vec<_> = trace
        .exchanges
        .iter()
        .map(|e| (e.step.0, e.response().unwrap().status))
        .collect();
    assert_eq!(told, [(1, 429), (1, 201), (2, 429), (2, 200)]);
    let [first, second, ..] = &trace.exchanges[..] else {
        panic!()
    };
    let header = |exchange: &Exchange, name| exchange.request.header(name).map(str::to_owned);
    assert_eq!(
        header(first, "idempotency-key"),
        header(second, "idempotency-key")
    );
    assert_eq!(first.request.body, second.request.body);
    // It is signed afresh, or the signature might be too old by then.
    assert_ne!(header(first, "signature"), header(second, "signature"));
}

#[test]
fn what_may_have_been_done_is_not_sent_again() {
    let target = FakeTarget::start(puts_off_once(DOWN));
    let trace = drive(target.profile(), &["list all", "create virtual on A"]);
    let told: Vec<_> = trace
        .exchanges
        .iter()
        .map(|e| (e.step.0, e.response().unwrap().status))
        .collect();
    assert_eq!(told, [(1, 503), (1, 200), (2, 503)]);
    assert!(
        words(&trace).contains("may have been carried out"),
        "{}",
        words(&trace)
    );
}

#[test]
fn a_503_that_does_not_say_when_is_an_answer_like_others() {
    let target = FakeTarget::start(|_| Act::Json(503, String::new()));
    let trace = drive(target.profile(), &["list all"]);
    assert_eq!(trace.exchanges.len(), 1);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
}

#[test]
fn set_up_is_put_off_too() {
    let asked = AtomicUsize::new(0);
    let target = FakeTarget::start_bare(move |request| {
        if asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Act::Raw(LATER);
        }
        match request.line.as_str() {
            "POST /v1/auth/token" => Act::Json(
                200,
                r#"{"token":"hunter2.hunter2.hunter2","expiresAt":99999999999}"#.into(),
            ),
            "PUT /v1/auth/signing" => Act::Json(200, r#"{"keyId":"key-1"}"#.into()),
            "POST /v1/sandbox/accounts" => Act::Json(
                200,
                r#"{"accountId":"0190a000-0000-7000-8000-000000000001"}"#.into(),
            ),
            _ => ok(),
        }
    });
    let mut profile = target.profile();
    profile.accounts = Accounts::Create(AccountRecipe {
        method: "POST".into(),
        path: "/sandbox/accounts".into(),
        body: None,
        id: "/accountId".into(),
    });
    let trace = drive(profile, &["list A"]);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    assert_eq!(
        target.asked().len(),
        8,
        "token, key, account and list, each twice"
    );
}

#[test]
fn a_target_that_never_stops_putting_off_ends_the_case_with_an_obstacle() {
    let target = FakeTarget::start(|_| Act::Raw(LATER));
    let mut profile = target.profile();
    profile.limits.patience = Wait(Duration::from_millis(250));
    let trace = drive(profile, &["create virtual on A", "list A"]);
    assert!(trace.complete);
    let told = words(&trace);
    assert!(
        told.contains("429 (too many requests), and puts requests off"),
        "{told}"
    );
    assert!((2..6).contains(&trace.exchanges.len()), "{trace:?}");
}

#[test]
fn a_race_goes_by_two_at_a_time_or_not_at_all() {
    for (in_flight, exchanges) in [(1, 1), (2, 3)] {
        let target = FakeTarget::start(|_| ok());
        let mut profile = target.profile();
        profile.limits.in_flight = std::num::NonZeroU32::new(in_flight);
        let trace = drive(profile, &["list all", "[1] list all", "[2] list all"]);
        assert_eq!(trace.exchanges.len(), exchanges, "{trace:?}");
        assert_eq!(
            words(&trace).contains("2 requests would go at once"),
            in_flight == 1
        );
    }
}
