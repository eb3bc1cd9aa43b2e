//! How tokens are got, and got again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::profile::{Credentials, Secret};

fn parsed(target: &FakeTarget, more: &str) -> Profile {
    let text = format!(
        "name = \"fake\"\nbase_url = \"http://{}/v1\"\naccounts = {{ any = true }}\nsigning = {{ enabled = false }}\n{more}",
        target.address
    );
    Profile::parse("fake.toml", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn bearer(asked: &Asked) -> String {
    let field = asked.head.split_once("authorization: Bearer ");
    let rest = field.map_or("", |(_, rest)| rest);
    rest.lines().next().unwrap_or_default().to_owned()
}

/// Answers 401 to every token but this.
fn only(token: &str, asked: &Asked) -> Act {
    match bearer(asked) == token {
        true => ok(),
        false => Act::Json(401, "{}".into()),
    }
}

fn statuses(trace: &CaseTrace) -> Vec<u16> {
    let status = |exchange: &Exchange| match &exchange.reply {
        Reply::Got(response) => response.status,
        Reply::Lost(_) | Reply::LetGo(_) => 0,
    };
    trace.exchanges.iter().map(status).collect()
}

/// Which exchanges were refused for their tokens alone, as far as anybody can tell.
fn over(trace: &CaseTrace) -> Vec<bool> {
    let exchanges = trace.exchanges.iter();
    exchanges.map(|exchange| exchange.token_over).collect()
}

#[cfg(unix)]
#[test]
fn a_command_is_run_again_when_its_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first-token-of-all").unwrap();
    let place = file.clone();
    let target = FakeTarget::start(move |asked| {
        // Whoever gets tokens has got another one meanwhile.
        std::fs::write(&place, "second-token-of-all").unwrap();
        only("second-token-of-all", asked)
    });
    let command = format!("[credentials]\ntoken = {{ command = [\"cat\", {file:?}] }}");
    let trace = drive(parsed(&target, &command), &["list all", "list all"]);
    assert_eq!(words(&trace), "");
    assert_eq!(statuses(&trace), [401, 200, 200]);
    assert_eq!(over(&trace), [true, false, false]);
    let tokens: Vec<String> = target.asked().iter().map(bearer).collect();
    assert_eq!(
        tokens,
        [
            "first-token-of-all",
            "second-token-of-all",
            "second-token-of-all"
        ]
    );
    assert!(!format!("{trace:?}").contains("token-of-all"));
}

#[test]
fn a_token_that_stays_refused_is_an_obstacle_and_no_departure() {
    let target = FakeTarget::start(|asked| only("another", asked));
    let mut profile = parsed(&target, "");
    profile.credentials = Credentials::Token(Secret::literal("opaque-and-over".into()));
    let trace = drive(profile, &["list all", "list all without bearer"]);
    assert!(
        words(&trace).contains("still holds the same one"),
        "{}",
        words(&trace)
    );
    // Of the second, a refusal is what is asked for.
    assert_eq!(statuses(&trace), [401, 401]);
    assert_eq!(over(&trace), [true, false]);
    assert!(!format!("{trace:?}").contains("opaque-and-over"));
}

#[test]
fn a_token_that_is_over_by_its_own_word_is_not_sent() {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1618884473}"#);
    let target = FakeTarget::start(|_| ok());
    let mut profile = parsed(&target, "");
    profile.credentials = Credentials::Token(Secret::literal(format!("e30.{claims}.c2ln")));
    let trouble = Session::connect(profile).err().unwrap().to_string();
    assert!(trouble.contains("it is over since 1618884473"), "{trouble}");
    assert!(!trouble.contains(&claims));
    assert!(target.asked().is_empty());
}

#[test]
fn a_token_is_got_by_a_form_from_another_host() {
    let logins = AtomicUsize::new(0);
    let gate = FakeTarget::start_bare(move |_| {
        let number = logins.fetch_add(1, Ordering::Relaxed);
        Act::Json(
            200,
            format!(r#"{{"access_token":"token-number-{number}"}}"#),
        )
    });
    // The first token is refused at once: nobody said how long it is good.
    let target = FakeTarget::start(|asked| only("token-number-1", asked));
    let more = format!(
        r#"
[headers]
X-Gateway = "ours"
[credentials.login]
url = "http://{}/oauth2/token"
form = {{ grant_type = "client_credentials", client_id = "me & you" }}
headers = {{ X-Realm = "cards" }}
"#,
        gate.address
    );
    let trace = drive(parsed(&target, &more), &["list all", "list all"]);
    assert_eq!(
        (words(&trace).as_str(), statuses(&trace)),
        ("", vec![401, 200, 200])
    );
    let asked = gate.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].line, "POST /oauth2/token");
    assert_eq!(
        asked[0].body,
        "client_id=me+%26+you&grant_type=client_credentials"
    );
    let head = &asked[0].head;
    assert!(
        head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    assert!(head.contains("x-realm: cards"), "{head}");
    assert!(
        !head.contains("x-gateway") && !head.contains("idempotency-key"),
        "{head}"
    );
    assert!(target.asked()[0].head.contains("x-gateway: ours"));
}

#[test]
fn a_target_that_refuses_every_token_is_judged_by_its_refusals() {
    let target = FakeTarget::start(|asked| only("never", asked));
    let login = "[credentials.login]\npath = \"/auth/token\"\njson = { user = \"me\" }";
    let trace = drive(parsed(&target, login), &["list all"; 6]);
    assert_eq!(
        (words(&trace).as_str(), statuses(&trace)),
        ("", vec![401; 9])
    );
    let is_login = |asked: &&Asked| asked.line == "POST /v1/auth/token";
    let logins = target.asked().iter().filter(is_login).count();
    assert!(logins <= 4, "{logins} logins");
}

#[test]
fn where_the_answer_says_how_long_a_token_is_good_its_refusal_stands() {
    let logins = AtomicUsize::new(0);
    let target = FakeTarget::start_bare(move |asked| match asked.line.as_str() {
        "POST /v1/login" => {
            let number = logins.fetch_add(1, Ordering::Relaxed);
            Act::Json(
                200,
                format!(r#"{{"data":{{"jwt":"token-number-{number}","for":"3600"}}}}"#),
            )
        }
        _ => only("token-number-1", asked),
    });
    let login =
        "[credentials.login]\npath = \"/login\"\ntoken = \"/data/jwt\"\nexpires_in = \"/data/for\"";
    let trace = drive(parsed(&target, login), &["list all", "list all"]);
    // The refusal is evidence; what follows has another token.
    assert_eq!(statuses(&trace), [401, 200]);
}

#[test]
fn an_authentication_file_says_how_to_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.yaml");
    let text = r#"
auth:
  - name: foo
    fixedHeaders:
      - {name: X-Tenant, value: tenant-canary-1}
    loginEndpointAuth:
      payloadUserPwd: {username: foo, password: "password-canary-2", usernameField: user, passwordField: pass}
authTemplate:
  loginEndpointAuth:
    endpoint: /session
    verb: PUT
    token: {extractFrom: header, extractSelector: X-Auth, sendIn: header, sendName: Authorization, sendTemplate: "Bearer {token}"}
"#;
    std::fs::write(&file, text).unwrap();
    let target = FakeTarget::start_bare(|asked| match asked.line.as_str() {
        "PUT /session" => Act::Raw(
            "HTTP/1.1 200 X\r\nx-auth: token-canary-3\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        _ => Act::Json(200, format!("{{\"echo\":{:?}}}", asked.head)),
    });
    let profile = parsed(&target, &format!("auth_file = {file:?}"));
    let shown = format!("{profile:?} {}", toml::to_string(&profile).unwrap());
    let trace = drive(profile, &["list all"]);
    let asked = target.asked();
    assert_eq!(
        asked[0].body,
        r#"{"pass":"password-canary-2","user":"foo"}"#
    );
    assert_eq!(bearer(&asked[1]), "token-canary-3");
    assert!(asked[1].head.contains("x-tenant: tenant-canary-1"));
    assert_eq!(statuses(&trace), [200]);
    let shown = format!("{shown} {trace:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
