use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::fake_target::{Act, Asked, FakeTarget};
use super::*;
use crate::case::Flaw;
use crate::profile::{AccountRecipe, Accounts, Wait};
use crate::trace::{Exchange, Header, Reply, TRACE_VERSION};
use crate::trace_reader::TraceReader;

mod clock;
mod credentials;
mod guest;
mod hostile;
mod limits;
mod proxy;
mod put_off;
mod simulator;
mod tls;
mod webhooks;

fn drive(profile: Profile, steps: &[&str]) -> CaseTrace {
    let session = Session::connect(profile).unwrap_or_else(|e| panic!("{e}"));
    let mut traces = session.drive_batch(&[Case::told(steps)], &StopSignal::new());
    traces.remove(0)
}

fn ok() -> Act {
    Act::Json(200, "{}".into())
}

fn created() -> Act {
    Act::Json(201, r#"{"id":"Card-1"}"#.into())
}

fn words(trace: &CaseTrace) -> String {
    let words: Vec<_> = trace.obstacles.iter().map(|o| o.words.as_str()).collect();
    words.join("; ")
}

fn lost(exchange: &Exchange) -> &str {
    match &exchange.reply {
        Reply::Lost(words) => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_case_is_driven_and_recorded() {
    let target = FakeTarget::start(|asked| match asked.line.starts_with("POST") {
        true => created(),
        false => Act::Json(200, format!(r#"{{"echo":{:?}}}"#, asked.head)),
    });
    let trace = drive(
        target.profile(),
        &["create virtual on A", "read #1", "terminate #1"],
    );
    assert!(
        trace.complete && trace.obstacles.is_empty(),
        "{}",
        words(&trace)
    );
    let [create, read, terminate] = &trace.exchanges[..] else {
        panic!("{trace:?}");
    };
    let account = &trace.accounts[&'A'];
    assert_eq!(create.request.path, format!("/accounts/{account}/cards"));
    assert_eq!(create.request.header("authorization"), Some("[redacted]"));
    for name in [
        "content-type",
        "content-digest",
        "idempotency-key",
        "signature",
        "signature-input",
    ] {
        assert!(create.request.header(name).is_some(), "{name}");
    }
    assert_eq!(read.request.path, "/cards/Card-1");
    assert_eq!(read.request.header("idempotency-key"), None);
    assert_eq!(terminate.request.method, "DELETE");
    assert!(create.sent_at <= create.received_at && create.received_at <= read.sent_at);
    let text = format!("{trace:?}");
    assert!(
        !text.contains("hunter2") && text.contains("Bearer [redacted]"),
        "{text}"
    );
    let heads: Vec<_> = target.asked().into_iter().map(|asked| asked.head).collect();
    assert!(
        heads[2].contains("authorization: Bearer hunter2.hunter2.hunter2"),
        "{heads:?}"
    );
}

#[test]
fn a_retry_sends_the_same_and_may_bring_the_card() {
    let creates = AtomicUsize::new(0);
    let target = FakeTarget::start(move |asked: &Asked| {
        let is_first =
            asked.line.starts_with("POST") && creates.fetch_add(1, Ordering::Relaxed) == 0;
        match is_first {
            true => Act::Raw(""),
            false => created(),
        }
    });
    let steps = [
        "create virtual on A",
        "retry #1",
        "retry #2 in upper case",
        "read #1",
    ];
    let trace = drive(target.profile(), &steps);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    let request = |index: usize| &trace.exchanges[index].request;
    assert!(lost(&trace.exchanges[0]).contains("closed"), "{trace:?}");
    assert_eq!(request(0).body, request(2).body);
    let key = |index| request(index).header("idempotency-key").unwrap();
    assert_eq!(key(0), key(1));
    assert_eq!(key(0).to_ascii_uppercase(), key(2));
    assert_eq!(request(3).path, "/cards/Card-1");
}

#[test]
fn another_payload_does_not_bring_the_card_of_the_first() {
    let target = FakeTarget::start(|asked| match asked.body.contains("physical") {
        true => created(),
        false => Act::Json(500, "{}".into()),
    });
    let steps = [
        "create virtual on A",
        "retry #1 with {\"type\":\"physical\"}",
        "read #1",
        "read #2",
    ];
    let trace = drive(target.profile(), &steps);
    // `read #1` asks for nothing: no answer brought the card of step 1.
    let steps: Vec<usize> = trace.exchanges.iter().map(|e| e.step.0).collect();
    assert_eq!(steps, [1, 2, 4]);
}

#[test]
fn a_listed_account_is_used_by_one_case_after_the_other() {
    let target = FakeTarget::start(|_| Act::Json(200, "[]".into()));
    let mut profile = target.profile();
    let ids = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    profile.accounts = Accounts::List(ids.to_vec());
    let session = Session::connect(profile).unwrap();
    let cases = vec![Case::told(&["list A"]); 3];
    let traces = session.drive_batch(&cases, &StopSignal::new());
    let used: Vec<&str> = traces.iter().map(|t| t.accounts[&'A'].as_str()).collect();
    assert_ne!(used[0], used[1], "two go at a time");
    for trace in &traces {
        assert!(
            ids.iter()
                .any(|id| id.to_string() == trace.accounts[&'A'].as_str())
        );
        assert!(trace.complete && trace.not_run.is_none());
        assert_eq!(
            trace.exchanges.last().map(|e| e.step),
            Some(crate::case::StepNumber(1))
        );
    }
}

fn account_recipe() -> AccountRecipe {
    AccountRecipe {
        method: "POST".into(),
        path: "/sandbox/accounts".into(),
        body: Some(serde_json::json!({"currency": "GBP"})),
        id: "/account/id".into(),
    }
}

/// A gateway in between fails now and then, and an account that nobody uses does no harm.
#[test]
fn an_account_is_asked_for_again_where_a_server_failed_and_not_where_it_refused() {
    for (status, calls) in [(502, 3), (503, 3), (422, 1)] {
        let target = FakeTarget::start(move |_| Act::Json(status, String::new()));
        let mut profile = target.profile();
        profile.accounts = Accounts::Create(account_recipe());
        assert!(Session::connect(profile).is_err());
        let asked = target.asked().into_iter();
        let made = asked.filter(|asked| asked.line == "POST /v1/sandbox/accounts");
        assert_eq!(made.count(), calls, "{status}");
    }
    let failed = AtomicUsize::new(0);
    let target = FakeTarget::start(move |asked| {
        let makes_account = asked.line.starts_with("POST");
        match makes_account && failed.fetch_add(1, Ordering::Relaxed) == 0 {
            true => Act::Json(503, String::new()),
            false => Act::Json(
                201,
                r#"{"account":{"id":"0190A000-0000-7000-8000-000000000001"}}"#.into(),
            ),
        }
    });
    let mut profile = target.profile();
    profile.accounts = Accounts::Create(account_recipe());
    assert!(drive(profile, &["list A"]).not_run.is_none());
}

#[test]
fn an_account_is_created_where_the_profile_says_how() {
    let recipe = account_recipe();
    for (status, body, hint) in [
        (
            201,
            r#"{"account":{"id":"0190A000-0000-7000-8000-000000000001"}}"#,
            None,
        ),
        (
            201,
            r#"{"id":"0190A000-0000-7000-8000-000000000001"}"#,
            Some("a UUID at /account/id is expected"),
        ),
        (
            201,
            r#"{"account":{"id":"../../x"}}"#,
            Some("a UUID at /account/id is expected"),
        ),
        (500, "", Some("answered with 500 and no body")),
    ] {
        let target = FakeTarget::start(move |_| Act::Json(status, body.into()));
        let mut profile = target.profile();
        profile.accounts = Accounts::Create(recipe.clone());
        match hint {
            None => {
                let trace = drive(profile, &["list A"]);
                assert_eq!(
                    trace.exchanges[0].request.path,
                    "/accounts/0190a000-0000-7000-8000-000000000001/cards"
                );
            }
            // A wrong recipe is found before the run.
            Some(hint) => match Session::connect(profile) {
                Ok(_) => panic!("{status} {body} makes no account"),
                Err(trouble) => assert!(trouble.to_string().contains(hint), "{trouble}"),
            },
        }
        assert_eq!(target.asked()[2].body, r#"{"currency":"GBP"}"#);
    }
}

#[test]
fn issuance_is_awaited_where_there_is_no_simulator() {
    let reads = AtomicUsize::new(0);
    let target = FakeTarget::start(move |asked| match asked.line.starts_with("POST") {
        true => created(),
        false if reads.fetch_add(1, Ordering::Relaxed) < 2 => {
            Act::Json(200, r#"{"status":"issuing"}"#.into())
        }
        false => Act::Json(200, r#"{"status":"active"}"#.into()),
    });
    let mut profile = target.profile();
    profile.sandbox.simulator = false;
    let trace = drive(profile, &["create virtual on A", "issue #1", "list A"]);
    let steps: Vec<_> = trace.exchanges.iter().map(|e| e.step.0).collect();
    assert_eq!(steps, [1, 2, 2, 2, 3]);
    assert!(trace.obstacles.is_empty());
}

#[test]
fn issuance_that_takes_too_long_is_an_obstacle() {
    let target = FakeTarget::start(|asked| match asked.line.starts_with("POST") {
        true => created(),
        false => Act::Json(200, r#"{"status":"issuing"}"#.into()),
    });
    let mut profile = target.profile();
    profile.sandbox.simulator = false;
    profile.sandbox.issuance_wait = Wait(Duration::from_millis(20));
    let trace = drive(profile, &["create virtual on A", "issue #1"]);
    assert!(
        words(&trace).contains("had not left `issuing` within 20ms"),
        "{}",
        words(&trace)
    );
}

#[test]
fn a_flaw_is_sent_and_recorded() {
    let target = FakeTarget::start(|_| Act::Json(401, "{}".into()));
    let trace = drive(
        target.profile(),
        &["list all without bearer", "list all without digest"],
    );
    assert_eq!(trace.exchanges.len(), 1);
    assert_eq!(trace.exchanges[0].flaw, Some(Flaw::NoBearer));
    assert_eq!(trace.exchanges[0].request.header("authorization"), None);
    assert!(
        words(&trace).contains("no body, so no digest"),
        "{}",
        words(&trace)
    );
}

fn run_header() -> Header {
    Header {
        trace: TRACE_VERSION,
        cardproof: "0.1.0".into(),
        run: None,
        target: "fake".into(),
        base_url: String::new(),
        contract: String::new(),
        seed: 1,
        suites: vec![],
        cases: None,
        terms: Profile::terms(&FakeTarget::start(|_| ok()).profile()),
        disabled: std::collections::BTreeMap::new(),
        lacks: Vec::new(),
    }
}

#[test]
fn many_cases_run_at_a_time_and_are_written_down() {
    let target = FakeTarget::start(|_| created());
    let session = Session::connect(target.profile()).unwrap();
    let path = std::env::temp_dir().join(format!("cardproof-{}.jsonl", uuid::Uuid::new_v4()));
    let trace = Arc::new(TraceWriter::create(&path, &run_header()).unwrap());
    let cases = (1..=30).map(|n| {
        (
            CaseNumber(n),
            Case::told(&["create virtual on A", "read #1"]),
        )
    });
    let finished = session.run_cases(cases, 4, &trace, &StopSignal::new());
    let mut live: Vec<_> = finished.collect();
    trace.finish().unwrap();
    let mut read: Vec<_> = TraceReader::open(&path)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    std::fs::remove_file(&path).unwrap();
    live.sort_by_key(|case| case.number);
    read.sort_by_key(|case| case.number);
    assert_eq!(live.len(), 30);
    assert_eq!(live, read);
}

#[test]
fn a_stop_lets_cases_end_and_begins_no_more() {
    let target = FakeTarget::start(|_| ok());
    let session = Session::connect(target.profile()).unwrap();
    let stop = StopSignal::new();
    let seen = stop.clone();
    let cases = (1..).map(move |n| {
        if n == 3 {
            seen.no_new_cases();
        }
        (CaseNumber(n), Case::told(&["list all"]))
    });
    let trace = Arc::new(TraceWriter::none());
    let finished: Vec<_> = session.run_cases(cases, 1, &trace, &stop).collect();
    assert_eq!(finished.len(), 3);
    assert!(finished.iter().all(|case| case.complete));
    assert!(!stop.was_interrupted());
}

#[test]
fn an_interrupt_gives_up_what_is_in_flight() {
    let stop = StopSignal::new();
    let seen = stop.clone();
    let target = FakeTarget::start(move |_| {
        seen.interrupt();
        Act::Hang("")
    });
    let mut profile = target.profile();
    profile.timeout = Wait(Duration::from_secs(600));
    let session = Session::connect(profile).unwrap();
    let cases = (1..).map(|n| (CaseNumber(n), Case::told(&["list all"])));
    let trace = Arc::new(TraceWriter::none());
    let finished: Vec<_> = session.run_cases(cases, 2, &trace, &stop).collect();
    assert!(!finished.is_empty() && finished.len() <= 2);
    assert!(finished.iter().all(|case| !case.complete));
    assert!(words(&finished[0]).contains("the run was stopped"));
    assert!(stop.was_interrupted());
}

#[test]
#[should_panic(expected = "the generator broke")]
fn a_panic_among_the_workers_is_not_swallowed() {
    let target = FakeTarget::start(|_| ok());
    let session = Session::connect(target.profile()).unwrap();
    let cases =
        std::iter::from_fn(|| -> Option<(CaseNumber, Case)> { panic!("the generator broke") });
    let trace = Arc::new(TraceWriter::none());
    session
        .run_cases(cases, 2, &trace, &StopSignal::new())
        .for_each(drop);
}

#[test]
fn a_loss_is_recorded_and_the_retry_brings_the_card() {
    let target = FakeTarget::start(|asked| match asked.line.starts_with("POST") {
        true => created(),
        false => ok(),
    });
    let steps = [
        "create virtual on A then cut after sending",
        "read #1",
        "retry #1 over a fresh connection then cut while reading",
        "retry #1 then give up after 30000ms",
        "read #1",
    ];
    let trace = drive(target.profile(), &steps);
    assert!(
        trace.complete && trace.obstacles.is_empty(),
        "{}",
        words(&trace)
    );
    let told: Vec<_> = trace
        .exchanges
        .iter()
        .map(|e| match &e.reply {
            Reply::LetGo(words) => (e.step.0, words.as_str()),
            Reply::Lost(words) => panic!("{words}"),
            Reply::Got(_) => (e.step.0, "got"),
        })
        .collect();
    // The first `read #1` asks for nothing: no answer had brought the card.
    let expected = [
        (1, "cut after sending"),
        (3, "cut while reading"),
        (4, "got"),
        (5, "got"),
    ];
    assert_eq!(told, expected);
}
