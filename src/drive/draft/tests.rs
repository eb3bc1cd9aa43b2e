use super::*;

const ACCOUNT: &str = "aaaaaaaa-1111-4111-8111-111111111111";
const KEY: &str = "bbbbbbbb-2222-4222-8222-222222222222";
const FOREIGN: &str = "ffffffff-3333-4333-8333-333333333333";

/// After `create virtual on A` (1, brought card `c1`), a read (2), a create with a body that is no JSON (3).
fn ask_with(sandbox: &Sandbox, foreign: &Foreign, text: &str) -> Skipped<Ask> {
    let draft = |method: Method, path: &str, body: Option<&str>, key: Option<&str>| Draft {
        encoding: None,
        method,
        path: path.into(),
        body: body.map(Into::into),
        media_type: None,
        key: key.map(Into::into),
    };
    let path = format!("/accounts/{ACCOUNT}/cards");
    Known {
        accounts: &[('A', AccountId::new(ACCOUNT))].into(),
        cards: &[(StepNumber(1), "c1".to_owned())].into(),
        drafts: &[
            (
                StepNumber(1),
                draft(
                    Method::POST,
                    &path,
                    Some("{\"type\":\"virtual\",\"x\":1}"),
                    Some(KEY),
                ),
            ),
            (StepNumber(2), draft(Method::GET, "/cards/c1", None, None)),
            (
                StepNumber(3),
                draft(Method::POST, &path, Some("{"), Some(KEY)),
            ),
            (
                StepNumber(4),
                draft(Method::PATCH, "/cards/c1/activate", None, Some(KEY)),
            ),
        ]
        .into(),
        foreign,
        sandbox,
    }
    .ask(&text.parse().unwrap())
}

fn with_all() -> (Sandbox, Foreign) {
    let mut sandbox = Sandbox::default();
    let call = |text: &str| IssuerCall::try_from(text.to_owned()).ok();
    sandbox.issuer.suspend = call("PATCH /sandbox/cards/{cardId}/suspend");
    sandbox.issuer.block = call("POST /sandbox/{cardId}?block=1");
    let foreign = Foreign {
        account: FOREIGN.parse().ok(),
        card: FOREIGN.parse().ok(),
        subscription: None,
    };
    (sandbox, foreign)
}

fn sent(text: &str) -> Draft {
    let (sandbox, foreign) = with_all();
    match ask_with(&sandbox, &foreign, text) {
        Ok(Ask::Send(draft)) => draft,
        other => panic!("{text}: {other:?}"),
    }
}

fn check_path(text: &str, method: &str, path: &str) {
    let draft = sent(text);
    assert_eq!(
        (draft.method.as_str(), draft.path.as_str()),
        (method, path),
        "{text}"
    );
    let modifies = draft.method != Method::GET;
    assert_eq!(draft.key.is_some(), modifies, "{text}");
    assert_eq!(draft.body.is_some(), text.starts_with("create"), "{text}");
}

#[test]
fn each_command_has_its_method_and_path() {
    for (text, method, path) in [
        (
            "create virtual on A",
            "POST",
            "/accounts/aaaaaaaa-1111-4111-8111-111111111111/cards",
        ),
        (
            "create virtual on A in upper case",
            "POST",
            "/accounts/AAAAAAAA-1111-4111-8111-111111111111/cards",
        ),
        (
            "create virtual on \"a/b ?é\"",
            "POST",
            "/accounts/a%2Fb%20%3F%C3%A9/cards",
        ),
        ("read #1", "GET", "/cards/c1"),
        ("read #1 in upper case", "GET", "/cards/C1"),
        (
            "read foreign",
            "GET",
            "/cards/ffffffff-3333-4333-8333-333333333333",
        ),
        ("read \"\"", "GET", "/cards/"),
        (
            "list A",
            "GET",
            "/accounts/aaaaaaaa-1111-4111-8111-111111111111/cards",
        ),
        (
            "list foreign",
            "GET",
            "/accounts/ffffffff-3333-4333-8333-333333333333/cards",
        ),
        ("list all", "GET", "/cards"),
        ("activate #1", "PATCH", "/cards/c1/activate"),
        ("deactivate #1", "PATCH", "/cards/c1/deactivate"),
        ("terminate #1", "DELETE", "/cards/c1"),
        ("issue #1", "PATCH", "/simulator/cards/c1/issue"),
        ("fail #1", "PATCH", "/simulator/cards/c1/fail"),
        ("suspend #1", "PATCH", "/sandbox/cards/c1/suspend"),
        ("block #1", "POST", "/sandbox/c1?block=1"),
    ] {
        check_path(text, method, path);
    }
}

#[test]
fn an_unknown_id_is_a_fresh_one() {
    assert_ne!(sent("read unknown").path, sent("read unknown").path);
    assert_ne!(sent("list unknown").path, sent("list unknown").path);
}

#[test]
fn the_key_is_what_the_step_says() {
    assert_ne!(sent("activate #1").key, sent("activate #1").key);
    assert!(sent("activate #1").key.unwrap().parse::<Uuid>().is_ok());
    for (text, key) in [
        ("activate #1 without key", None),
        ("activate #1 with key \"abc\"", Some("abc".to_owned())),
        ("activate #1 with key of #1", Some(KEY.to_owned())),
        ("retry #1", Some(KEY.to_owned())),
        ("retry #1 in upper case", Some(KEY.to_ascii_uppercase())),
        ("retry #1 without key", None),
        ("retry #2", None),
    ] {
        assert_eq!(sent(text).key, key, "{text}");
    }
}

#[test]
fn the_body_is_what_the_step_says() {
    for (text, body) in [
        ("create virtual on A with body \"{\"", Some("{")),
        ("create virtual on A with 7", Some("7")),
        (
            "create virtual on A with {\"billingAddress\":null}",
            Some(r#"{"type":"virtual"}"#),
        ),
        ("retry #1", Some(r#"{"type":"virtual","x":1}"#)),
        ("retry #1 with {\"x\":null}", Some(r#"{"type":"virtual"}"#)),
        ("retry #1 with body \"\"", Some("")),
        ("retry #2", None),
        ("retry #3", Some("{")),
        ("retry #4 with {\"x\":1}", Some(r#"{"x":1}"#)),
        ("terminate #1", None),
    ] {
        assert_eq!(sent(text).body.as_deref(), body, "{text}");
    }
    assert_eq!(
        sent("create virtual on A as \"text/plain\"")
            .media_type
            .as_deref(),
        Some("text/plain")
    );
}

#[test]
fn a_retry_goes_where_the_first_went() {
    let retry = sent("retry #4");
    assert_eq!(
        (retry.method.as_str(), retry.path.as_str()),
        ("PATCH", "/cards/c1/activate")
    );
}

#[test]
fn a_step_that_cannot_be_sent_says_why() {
    for (text, hint) in [
        ("read #9", "step #9 brought no card"),
        ("create virtual on B", "no account B"),
        (
            "create virtual on foreign",
            "no account of another programme",
        ),
        ("terminate foreign", "no card of another programme"),
        ("suspend #1", "no way to suspend"),
        ("fail #1", "no simulator"),
        ("issue unknown", "no simulator"),
        ("issue #1 without key", "no simulator"),
        ("issue #1 without bearer", "no simulator"),
        ("retry #9", "step #9 sent nothing"),
        ("retry #3 with {}", "no JSON"),
        (
            "activate #1 with key of #2",
            "step #2 sent no idempotency key",
        ),
    ] {
        let sandbox = Sandbox {
            simulator: false,
            ..Sandbox::default()
        };
        let words = ask_with(&sandbox, &Foreign::default(), text).unwrap_err();
        assert!(words.contains(hint), "{text}: {words}");
    }
}

#[test]
fn without_a_simulator_issuance_is_awaited() {
    let sandbox = Sandbox {
        simulator: false,
        ..Sandbox::default()
    };
    let Ok(Ask::AwaitIssuance(draft)) = ask_with(&sandbox, &Foreign::default(), "issue #1") else {
        panic!();
    };
    assert_eq!(draft, Draft::read("/cards/c1"));
}

#[test]
fn a_pause_sends_nothing() {
    let (sandbox, foreign) = with_all();
    let pause = Ask::Pause(Duration::from_millis(7));
    assert_eq!(ask_with(&sandbox, &foreign, "pause 7ms"), Ok(pause));
}
