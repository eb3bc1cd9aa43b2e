//! What a run may do to the target that it is a guest of, and how its accounts come about.

use serde_json::json;

use super::*;
use crate::profile::{Environment, PlainCall};

const KEPT: &str = "0b5cb0a1-1c1b-4ad3-9a53-0c4d6e6a7c01";

fn parsed(target: &FakeTarget, more: &str) -> Profile {
    let text = format!(
        "name = \"fake\"\nbase_url = \"http://{}/v1\"\n{more}",
        target.address
    );
    Profile::parse("fake.toml", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn lines(target: &FakeTarget) -> Vec<String> {
    target.asked().into_iter().map(|asked| asked.line).collect()
}

fn in_production(target: &FakeTarget) -> Profile {
    let mut profile = target.profile();
    profile.environment = Some(Environment::try_from("production".to_owned()).unwrap());
    profile
}

#[test]
fn outside_a_sandbox_nothing_that_changes_anything_is_sent() {
    let steps = ["create virtual on A", "list all", "terminate unknown"];
    for allowed in [false, true] {
        let target = FakeTarget::start(|_| created());
        let mut profile = in_production(&target);
        profile.signing.enabled = false;
        if allowed {
            profile.allow_changes();
        }
        let trace = drive(profile, &steps);
        let changes: Vec<String> = lines(&target)
            .into_iter()
            .filter(|line| !line.starts_with("GET") && line != "POST /v1/auth/token")
            .collect();
        assert_eq!(changes.len(), if allowed { 2 } else { 0 }, "{changes:?}");
        assert_eq!(trace.exchanges.len(), if allowed { 3 } else { 1 });
        assert_eq!(words(&trace).contains("--allow-changes"), !allowed);
    }
}

#[test]
fn outside_a_sandbox_no_key_is_registered_and_no_account_made() {
    let target = FakeTarget::start(|_| created());
    let trouble = Session::connect(in_production(&target))
        .err()
        .unwrap()
        .to_string();
    assert!(
        trouble.contains("--allow-changes") && trouble.contains("key_id"),
        "{trouble}"
    );
    let mut profile = in_production(&target);
    profile.signing.enabled = false;
    profile.accounts = Accounts::Create(AccountRecipe {
        method: "POST".into(),
        path: "/accounts".into(),
        body: None,
        id: "/id".into(),
    });
    let trace = drive(profile, &["list A"]);
    assert!(
        words(&trace).contains("no account is made"),
        "{}",
        words(&trace)
    );
    assert!(
        lines(&target)
            .iter()
            .all(|line| line == "POST /v1/auth/token")
    );
}

#[test]
fn what_must_never_be_touched_is_read_and_nothing_else() {
    let target = FakeTarget::start(|_| Act::Json(201, format!("{{\"id\":\"{KEPT}\"}}")));
    let profile = parsed(
        &target,
        &format!(
            "accounts = {{ any = true }}\n[signing]\nenabled = false\n[never_touch]\ncards = [\"{KEPT}\"]"
        ),
    );
    let steps = [
        "create virtual on A",
        "terminate #1",
        "deactivate #1 without bearer",
        "read #1",
    ];
    let trace = drive(profile, &steps);
    assert!(words(&trace).contains("[never_touch]"), "{}", words(&trace));
    let sent: Vec<usize> = trace.exchanges.iter().map(|e| e.step.0).collect();
    assert_eq!(sent, [1, 4]);
    assert!(!lines(&target).iter().any(|line| line.starts_with("DELETE")));
}

#[test]
fn an_account_that_must_never_be_touched_is_used_by_no_case() {
    let target = FakeTarget::start(|_| Act::Json(201, format!("{{\"id\":\"{KEPT}\"}}")));
    let profile = parsed(
        &target,
        &format!(
            "accounts = {{ create = {{ path = \"/accounts\", id = \"/id\" }} }}\n[signing]\nenabled = false\n\
             [never_touch]\naccounts = [\"{KEPT}\"]"
        ),
    );
    let trace = drive(profile, &["list A"]);
    assert!(
        words(&trace).contains("no case uses it"),
        "{}",
        words(&trace)
    );
    assert!(trace.exchanges.is_empty());
}

#[test]
fn a_sandbox_is_reset_before_the_run_and_nothing_else_is() {
    for (environment, resets) in [("sandbox", 1), ("staging", 0)] {
        let target = FakeTarget::start(|_| ok());
        let mut profile = target.profile();
        profile.environment = Some(Environment::try_from(environment.to_owned()).unwrap());
        profile.allow_changes();
        let reset: PlainCall =
            toml::from_str("path = \"/sandbox/reset\"\nbody = { all = true }").unwrap();
        profile.sandbox.reset = Some(reset);
        drive(profile, &["list all"]);
        let lines = lines(&target);
        let made = lines
            .iter()
            .filter(|line| *line == "POST /v1/sandbox/reset");
        assert_eq!(made.count(), resets, "{lines:?}");
        // What the reset may have forgotten is made known again.
        let keys = lines.iter().filter(|line| *line == "PUT /v1/auth/signing");
        assert_eq!(keys.count(), 1 + resets);
    }
}

#[test]
fn a_reset_that_fails_is_trouble() {
    let target = FakeTarget::start(|_| Act::Json(500, "{}".into()));
    let mut profile = target.profile();
    profile.sandbox.reset = Some(toml::from_str("path = \"/sandbox/reset\"").unwrap());
    let trouble = Session::connect(profile).err().unwrap().to_string();
    for hint in ["/sandbox/reset was answered with 500", "[sandbox.reset]"] {
        assert!(trouble.contains(hint), "{trouble}");
    }
}

const RECIPE: &str = r#"
[signing]
enabled = false
[[accounts.calls]]
path = "/customers"
body = { reference = "{uuid}", kind = "person" }
headers = { X-Maker = "tests" }
take = { customerId = "/customer/id" }
[[accounts.calls]]
method = "PUT"
path = "/customers/{customerId}/accounts"
body = { owner = "{customerId}", label = "of {customerId}" }
take = { account = "/accounts/0/id" }
"#;

#[test]
fn several_calls_make_an_account_each_with_what_the_earlier_ones_brought() {
    let target = FakeTarget::start(|asked| match asked.line.as_str() {
        "POST /v1/customers" => Act::Json(201, r#"{"customer":{"id":"c/7"}}"#.into()),
        "PUT /v1/customers/c%2F7/accounts" => Act::Json(
            200,
            r#"{"accounts":[{"id":"0B5CB0A1-1C1B-4AD3-9A53-0C4D6E6A7C09"}]}"#.into(),
        ),
        _ => ok(),
    });
    let trace = drive(parsed(&target, RECIPE), &["list A"]);
    assert_eq!(
        trace.exchanges[0].request.path,
        "/accounts/0b5cb0a1-1c1b-4ad3-9a53-0c4d6e6a7c09/cards",
        "{}",
        words(&trace)
    );
    let asked = target.asked();
    let body =
        |index: usize| -> serde_json::Value { serde_json::from_str(&asked[index].body).unwrap() };
    assert!(asked[0].head.contains("x-maker: tests"));
    assert_eq!(body(0)["kind"], "person");
    uuid::Uuid::parse_str(body(0)["reference"].as_str().unwrap()).unwrap();
    assert_eq!(body(1), json!({"owner": "c/7", "label": "of c/7"}));
}

#[test]
fn a_recipe_that_fails_names_the_call_and_the_pointer_that_found_nothing() {
    for (status, body, hints) in [
        (
            201,
            r#"{"customer":{}}"#,
            [
                "call 1 of 2, POST ",
                "customerId at /customer/id is expected",
            ],
        ),
        (
            403,
            r#"{"why":"quota"}"#,
            [
                "call 1 of 2, POST ",
                "answered with 403 and `{\"why\":\"quota\"}`",
            ],
        ),
    ] {
        let target = FakeTarget::start(move |_| Act::Json(status, body.into()));
        let trouble = Session::connect(parsed(&target, RECIPE))
            .err()
            .unwrap()
            .to_string();
        for hint in hints {
            assert!(trouble.contains(hint), "{hint} is not in: {trouble}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_command_makes_accounts_and_prints_their_ids() {
    for (words, account, hint) in [
        (
            r#"["printf", "0B5CB0A1-1C1B-4AD3-9A53-0C4D6E6A7C09\n"]"#,
            "0b5cb0a1-1c1b-4ad3-9a53-0c4d6e6a7c09",
            "",
        ),
        (
            r#"["printf", "made it\n"]"#,
            "",
            "is to print the id of an account",
        ),
        (r#"["false"]"#, "", "`false` ended with exit status: 1"),
    ] {
        let target = FakeTarget::start(|_| ok());
        let more = format!("accounts = {{ command = {words} }}\n[signing]\nenabled = false");
        match Session::connect(parsed(&target, &more)) {
            Ok(session) => {
                let trace = session
                    .drive_batch(&[Case::told(&["list A"])], &StopSignal::new())
                    .remove(0);
                assert_eq!(trace.accounts[&'A'].as_str(), account);
            }
            Err(trouble) => {
                let trouble = trouble.to_string();
                assert!(!hint.is_empty() && trouble.contains(hint), "{trouble}");
            }
        }
    }
}

#[test]
fn a_card_is_issued_by_the_call_that_the_profile_names() {
    let target = FakeTarget::start(|asked| match asked.line.starts_with("POST") {
        true => created(),
        false => Act::Json(204, String::new()),
    });
    let mut profile = target.profile();
    profile.sandbox.issue = Some(
        "POST /play/Card/{cardId}/approve"
            .to_owned()
            .try_into()
            .unwrap(),
    );
    drive(profile, &["create virtual on A", "issue #1"]);
    let lines = lines(&target);
    let approved = "POST /v1/play/Card/Card-1/approve".to_owned();
    assert!(lines.contains(&approved), "{lines:?}");
}
