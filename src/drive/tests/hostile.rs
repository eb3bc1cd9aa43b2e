//! Targets that misbehave, or that can't be set up.

use super::*;

fn trouble(profile: Profile) -> String {
    Session::connect(profile)
        .err()
        .expect("it can't be set up")
        .to_string()
}

#[test]
fn a_hostile_target_is_survived() {
    for (act, hint) in [
        (Act::Hang(""), "no whole answer within 500ms"),
        (
            Act::Hang("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
            "no whole answer within 500ms",
        ),
        (Act::Raw(""), "closed"),
        (
            Act::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
            "(200 OK) broke off after 1 bytes",
        ),
        (
            Act::Raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
            "broke off",
        ),
        (
            Act::Raw("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"),
            "content-length",
        ),
        (Act::Raw("<html>no HTTP</html>\r\n\r\n"), "invalid HTTP"),
        (Act::Raw("HTTP/1.1 999999 OK\r\n\r\n"), "invalid HTTP"),
        (Act::Endless("HTTP/1.1 200 OK\r\nx-long: "), ""),
    ] {
        let timeout = match act {
            Act::Hang(_) => Duration::from_millis(500),
            _ => Duration::from_secs(30),
        };
        let act = std::sync::Mutex::new(Some(act));
        let target = FakeTarget::start(move |_| act.lock().unwrap().take().unwrap_or_else(ok));
        let mut profile = target.profile();
        profile.timeout = Wait(timeout);
        let trace = drive(profile, &["list all", "list all"]);
        let words = lost(&trace.exchanges[0]);
        assert!(words.contains(hint), "{hint}: {words}");
        assert!(
            matches!(trace.exchanges[1].reply, Reply::Got(_)),
            "{trace:?}"
        );
        assert!(trace.complete);
    }
}

#[test]
fn an_endless_body_is_dropped() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
    ] {
        let target = FakeTarget::start(move |_| Act::Endless(head));
        let mut profile = target.profile();
        profile.timeout = Wait(Duration::from_secs(60));
        let trace = drive(profile, &["list all"]);
        assert!(
            lost(&trace.exchanges[0]).contains("longer than 16777216 bytes"),
            "{trace:?}"
        );
    }
}

#[test]
fn what_comes_besides_the_answer_is_an_obstacle() {
    let target = FakeTarget::start(|_| {
        Act::Raw(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
        )
    });
    let trace = drive(target.profile(), &["list all"]);
    let Reply::Got(response) = &trace.exchanges[0].reply else {
        panic!("{trace:?}");
    };
    assert_eq!(response.body, "{}");
    assert!(
        words(&trace).contains("more than the answer"),
        "{}",
        words(&trace)
    );
}

#[test]
fn an_answer_that_is_too_long_to_be_kept_counts_as_lost() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
    let target = FakeTarget::start(move |_| Act::Json(200, long.clone()));
    let trace = drive(target.profile(), &["list all"]);
    let told = lost(&trace.exchanges[0]);
    assert!(told.contains("its body of 70008 bytes"), "{told}");
}

#[test]
fn no_coding_is_asked_for() {
    let target = FakeTarget::start(|_| ok());
    drive(target.profile(), &["list all"]);
    for asked in target.asked() {
        assert!(
            asked.head.contains("accept-encoding: identity"),
            "{asked:?}"
        );
    }
}

#[test]
fn a_redirect_is_recorded_and_not_followed() {
    let target = FakeTarget::start(|_| {
        Act::Raw(
            "HTTP/1.1 302 Found\r\nlocation: /v1/elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        )
    });
    let trace = drive(target.profile(), &["list all"]);
    let Reply::Got(response) = &trace.exchanges[0].reply else {
        panic!("{trace:?}");
    };
    assert_eq!(
        (response.status, response.header("location")),
        (302, Some("/v1/elsewhere"))
    );
    assert_eq!(target.asked().len(), 3, "token, key, list");
}

#[test]
fn a_busy_target_is_an_obstacle_too() {
    let target = FakeTarget::start(|_| Act::Json(429, String::new()));
    let mut profile = target.profile();
    profile.limits.patience = Wait(Duration::from_millis(1));
    let trace = drive(profile, &["list all"]);
    assert_eq!(trace.exchanges.len(), 1);
    assert!(words(&trace).contains("answered 429"), "{}", words(&trace));
}

#[test]
fn a_target_that_goes_away_is_an_obstacle_too() {
    let target = FakeTarget::start(|_| ok());
    let mut profile = target.profile();
    let session = Session::connect(profile.clone()).unwrap();
    drop(session);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    profile.base_url = crate::profile::BaseUrl::try_from(format!("http://{closed}/v1")).unwrap();
    profile.credentials = crate::profile::Credentials::None;
    profile.signing.enabled = false;
    let trace = drive(profile, &["list all"]);
    assert!(
        lost(&trace.exchanges[0]).starts_with("no connection: "),
        "{trace:?}"
    );
    assert!(
        words(&trace).contains("was not reached"),
        "{}",
        words(&trace)
    );
}

#[test]
fn trouble_says_what_was_sent_what_came_and_what_to_do() {
    let token = r#"{"token":"hunter2hunter2","expiresAt":99999999999}"#;
    let expired = r#"{"token":"hunter2hunter2","expiresAt":1}"#;
    for (token_answer, key_answer, hints) in [
        (
            (401, r#"{"you":"secret-of-the-programme"}"#),
            (200, "{}"),
            [
                "/auth/token was answered with 401",
                "`{\"you\":\"[redacted]\"}`",
                "Check api_key",
            ],
        ),
        (
            (200, "<html>\u{1b}[31m"),
            (200, "{}"),
            ["is no JSON", "`<html> [31m`", "Check api_key"],
        ),
        (
            (200, "{}"),
            (200, "{}"),
            ["has no `token`", "200", "Check api_key"],
        ),
        (
            (200, r#"{"token":"hunter2hunter2"}"#),
            (200, "{}"),
            ["no `expiresAt`", "200", "Check"],
        ),
        (
            (200, expired),
            (200, "{}"),
            ["expired already", "200", "Check"],
        ),
        (
            (200, token),
            (404, ""),
            ["PUT ", "404 and no body", "enabled = false"],
        ),
        (
            (200, token),
            (200, "{}"),
            ["no `keyId`", "and `{}`", "Check that"],
        ),
        (
            (200, token),
            (200, r#"{"keyId":"é"}"#),
            ["not plain ASCII", "200", "Check that"],
        ),
    ] {
        let target = FakeTarget::start_bare(move |asked| match asked.line.as_str() {
            "POST /v1/auth/token" => Act::Json(token_answer.0, token_answer.1.into()),
            _ => Act::Json(key_answer.0, key_answer.1.into()),
        });
        let shown = trouble(target.profile());
        for hint in hints {
            assert!(shown.contains(hint), "{hint} is not in: {shown}");
        }
        assert!(
            !shown.contains("hunter2") && !shown.contains("secret-of"),
            "{shown}"
        );
    }
}

#[test]
fn a_target_that_cannot_be_reached_is_trouble() {
    let target = FakeTarget::start_bare(|_| Act::Hang(""));
    let mut profile = target.profile();
    profile.timeout = Wait(Duration::from_millis(100));
    let shown = trouble(profile);
    assert!(
        shown.contains("/auth/token got no answer: no whole answer within 100ms"),
        "{shown}"
    );
    assert!(shown.contains("Check base_url"), "{shown}");
}
