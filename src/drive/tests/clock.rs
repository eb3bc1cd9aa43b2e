//! The target's clock: what an adapter may answer, and who is in flight when it moves.

use serde_json::json;

use super::*;
use crate::embedded::Embedded;
use crate::profile::ClockCall;
use crate::reference::Options;

fn clock(path: &str, body: serde_json::Value) -> ClockCall {
    ClockCall::post(path, body).unwrap()
}

/// A case whose clock can't be moved ends there, and says why; the next one goes on.
fn check_obstacle(profile: Profile, hint: &str) {
    let session = Session::connect(profile).unwrap_or_else(|e| panic!("{e}"));
    let cases = [
        Case::told(&["list A", "move clock by 3700s", "list A"]),
        Case::told(&["list A"]),
    ];
    let traces = session.drive_batch(&cases, &StopSignal::new());
    let told = words(&traces[0]);
    assert!(
        told.contains("[sandbox.clock]") && told.contains(hint),
        "{told}"
    );
    assert!(traces[0].complete);
    assert_eq!(traces[0].exchanges.len(), 2, "the case goes on");
    assert_eq!(words(&traces[1]), "");
}

#[test]
fn an_adapter_that_answers_nonsense_is_an_obstacle() {
    let embedded = Embedded::start(Options::default()).unwrap();
    for (call, hint) in [
        (clock("/cards/{seconds}", json!({})), "it answered 405"),
        (
            clock("/sandbox/accounts", json!({ "x": "{seconds}" })),
            // By nothing, or by the second that passed meanwhile.
            "next token it was moved by",
        ),
        (
            clock(
                "/sandbox/clock",
                json!({ "advanceSeconds": 100, "x": "{seconds}" }),
            ),
            // A second may pass meanwhile.
            "was moved by 10",
        ),
    ] {
        let mut profile = embedded.profile();
        profile.sandbox.clock = Some(call);
        check_obstacle(profile, hint);
    }
}

#[test]
fn an_adapter_that_fails_or_hangs_is_an_obstacle() {
    for (act, hint) in [
        (|| Act::Json(500, "{".into()), "it answered 500"),
        (|| Act::Hang(""), "it did not answer"),
        (|| Act::Raw("nonsense\r\n"), "it did not answer"),
    ] as [(fn() -> Act, &str); 3]
    {
        let target = FakeTarget::start(move |asked| match asked.line.contains("clock") {
            true => act(),
            false => Act::Json(200, "[]".into()),
        });
        let mut profile = target.profile();
        profile.timeout = Wait(Duration::from_millis(400));
        profile.sandbox.clock = Some(clock("/clock", json!("{seconds}")));
        check_obstacle(profile, hint);
    }
}

#[test]
fn after_a_move_the_token_is_new_and_the_old_one_expired() {
    let embedded = Embedded::start(Options::default()).unwrap();
    let trace = drive(
        embedded.profile(),
        &[
            "create virtual on A",
            "move clock by 3700s",
            "read #1",
            "read #1 with expired bearer",
            "read #1 with stale signature",
        ],
    );
    assert_eq!(words(&trace), "");
    let statuses: Vec<u16> = trace.exchanges.iter().map(|e| status(&e.reply)).collect();
    assert_eq!(statuses, [201, 200, 200, 401, 401]);
}

fn status(reply: &Reply) -> u16 {
    match reply {
        Reply::Got(response) => response.status,
        Reply::Lost(words) | Reply::LetGo(words) => panic!("{words}"),
    }
}

/// The clock was moved by somebody else before: the session finds out what time it is.
#[test]
fn a_later_session_signs_by_the_moved_clock() {
    let embedded = Embedded::start(Options::default()).unwrap();
    for _ in 0..2 {
        let trace = drive(
            embedded.profile(),
            &["list A", "move clock by 40000s", "list A"],
        );
        assert_eq!(words(&trace), "");
        let statuses: Vec<u16> = trace.exchanges.iter().map(|e| status(&e.reply)).collect();
        assert_eq!(statuses, [200, 200, 200]);
    }
    // Not a whole day: that would not be believed.
    let mut unknowing = embedded.profile();
    unknowing.sandbox.clock = None;
    let trace = drive(unknowing, &["list A"]);
    assert_eq!(status(&trace.exchanges[0].reply), 200);
}

#[test]
fn a_token_that_has_not_expired_is_not_sent_as_expired() {
    let embedded = Embedded::start(Options::default()).unwrap();
    let trace = drive(
        embedded.profile(),
        &["move clock by 60s", "list A with expired bearer"],
    );
    assert!(
        words(&trace).contains("has expired by its `expiresAt` yet"),
        "{}",
        words(&trace)
    );
    assert_eq!(trace.exchanges.len(), 1);
}

#[test]
fn a_case_that_moves_the_clock_has_the_target_to_itself() {
    let embedded = Embedded::start(Options::default()).unwrap();
    let session = Session::connect(embedded.profile()).unwrap_or_else(|e| panic!("{e}"));
    let moving = Case::told(&[
        "create virtual on A",
        "move clock by 3700s",
        "retry #1",
        "list A",
    ]);
    let other = Case::told(&[
        "create virtual on A",
        "issue #1",
        "deactivate #1",
        "read #1",
    ]);
    let cases: Vec<Case> = (0..24)
        .map(|n| {
            if n % 6 == 3 {
                moving.clone()
            } else {
                other.clone()
            }
        })
        .collect();
    let traces = session.drive_batch(&cases, &StopSignal::new());
    let span = |trace: &CaseTrace| {
        let exchanges = &trace.exchanges;
        (
            exchanges[0].sent_at,
            exchanges[exchanges.len() - 1].received_at,
        )
    };
    for trace in &traces {
        assert_eq!(words(trace), "");
        let (began, ended) = span(trace);
        let overlaps = |other: &&CaseTrace| span(other).0 < ended && began < span(other).1;
        let alone = traces.iter().filter(overlaps).count() == 1;
        assert!(alone || !trace.case.moves_clock());
    }
}

/// Requests are signed by the target's clock, whichever way it is wrong.
#[test]
fn signatures_go_by_a_clock_that_is_behind_as_by_one_that_is_ahead() {
    const TEN_MINUTES: i64 = 600;
    for off in [TEN_MINUTES, -TEN_MINUTES] {
        let told = jiff::Timestamp::now().as_second() + off;
        let date = jiff::Timestamp::from_second(told).unwrap();
        let date = date.strftime("%a, %d %b %Y %T GMT");
        let token = r#"{"token":"a.b.c","expiresAt":99999999999,"tokenType":"Bearer"}"#;
        let length = token.len();
        let login: &str = Box::leak(
            format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{token}")
                .into_boxed_str(),
        );
        let target = FakeTarget::start_bare(move |asked| match asked.line.as_str() {
            "POST /v1/auth/token" => Act::Raw(login),
            "PUT /v1/auth/signing" => Act::Json(200, r#"{"keyId":"key-1"}"#.into()),
            _ => Act::Json(200, "[]".into()),
        });
        drive(target.profile(), &["list A"]);
        let asked = target.asked();
        let (_, created) = asked.last().unwrap().head.split_once(";created=").unwrap();
        let created: i64 = created.split(';').next().unwrap().parse().unwrap();
        assert!(
            (told..told + TEN_MINUTES / 2).contains(&created),
            "{off}: {created}"
        );
    }
}
