use secrecy::ExposeSecret;

use super::*;

const FULL: &str = r#"
name = "partner"
base_url = "https://cards.example/v1/"
environment = "sandbox"
success = "200-with-card"
timeout = "2s 500ms"

[credentials]
api_key = { env = "PARTNER_KEY" }
api_secret = { file = "secret.txt" }

[signing]
private_key = { file = "/keys/p384.pem" }
key_id = "key-1"
components = ["@method", "@path", "content-digest"]
digest = "sha-512"
longest_age = "5m"

[setup]
idempotency_key = false

[accounts]
create = { path = "/sandbox/accounts", body = { currency = "GBP" }, id = "/account/id" }

[sandbox]
simulator = false
issuance = "manual"
issuance_wait = "30s"
issuer = { suspend = "PATCH /sandbox/cards/{cardId}/suspend" }
clock = { path = "/sandbox/clock", body = { advanceSeconds = "{seconds}" } }

[foreign]
account = "11111111-1111-4111-8111-111111111111"

[readings]
terminated-frees-slot = "frees"

[headers]
X-Tenant = "t1"
X-Gateway-Key = { env = "GATEWAY" }

[disabled]
LIFE-4 = "known, ticket 12"
"#;

#[test]
fn a_full_profile_is_read() {
    let profile = Profile::parse("conf/partner.toml", FULL).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(profile.base_url.as_str(), "https://cards.example/v1");
    assert_eq!(profile.timeout.0.as_millis(), 2500);
    assert_eq!(profile.signing.digest, DigestAlgorithm::Sha512);
    assert_eq!(profile.signing.components[1], Component::Path);
    assert!(!profile.setup.idempotency_key && profile.setup.digest);
    let suspend = profile.sandbox.issuer.suspend.as_ref().unwrap();
    assert_eq!(suspend.path("7"), "/sandbox/cards/7/suspend");
    assert_eq!(profile.signing.longest_age.unwrap().0.as_secs(), 300);
    let clock = profile.sandbox.clock.as_ref().unwrap();
    assert_eq!(
        clock.body(60),
        Some(serde_json::json!({"advanceSeconds": 60}))
    );
    let Credentials::Login { api_secret, .. } = &profile.credentials else {
        panic!("{:?}", profile.credentials);
    };
    assert_eq!(api_secret.to_string(), "the file conf/secret.txt");
    let terms = profile.terms();
    assert!(terms.success_shows_card.len() == 3 && terms.issuance == Issuance::Manual);
    assert_eq!(terms.pins["terminated-frees-slot"], "frees");
    assert!(terms.foreign_account.is_some() && terms.foreign_card.is_none());
}

#[test]
fn a_profile_is_written_as_it_is_read() {
    let profile = Profile::parse("partner.toml", FULL).unwrap();
    let written = toml::to_string(&profile).unwrap();
    let again =
        Profile::parse("partner.toml", &written).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(toml::to_string(&again).unwrap(), written);
}

#[test]
fn a_profile_in_code_may_hold_what_the_program_made() {
    let base_url = BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap();
    let mut profile = Profile::new("embedded", base_url, Accounts::Any);
    profile.credentials = Credentials::Token(Secret::literal("hunter2".into()));
    assert!(!format!("{profile:?}").contains("hunter2"));
    assert!(!serde_json::to_string(&profile).unwrap().contains("hunter2"));
    let Credentials::Token(token) = &profile.credentials else {
        panic!()
    };
    assert_eq!(token.read().unwrap().expose_secret(), "hunter2");
}

const HEAD: &str = "name = \"x\"\nbase_url = \"http://127.0.0.1/v1\"\n";

/// `rest` follows two good lines; `place` is where the error is.
fn check_error(rest: &str, place: &str, hints: &[&str]) {
    let error = Profile::parse("x.toml", &format!("{HEAD}{rest}"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with(&format!("x.toml:{place}: ")), "{error}");
    for hint in hints {
        assert!(error.contains(hint), "{hint} is not in: {error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_mistake_is_shown_with_its_place_and_what_to_do() {
    let any = "accounts = { any = true }\n";
    for (rest, place, hints) in [
        ("", "1:1", &["missing field `accounts`"][..]),
        (
            "accounts = { all = true }",
            "3:14",
            &["unknown field `all`"],
        ),
        ("accounts = { lst = [] }", "3:14", &["did you mean `list`"]),
        ("accounts = {}", "3:12", &["say one thing of accounts"]),
        (
            "accounts = { any = true, list = [] }",
            "3:12",
            &["say one thing"],
        ),
        ("accounts = { list = [\"7\"] }", "3:22", &["UUID"]),
        (
            "accounts = { list = [\"11111111-1111-4111-8111-111111111111\", \"11111111-1111-4111-8111-111111111111\"] }",
            "3:12",
            &["listed twice"],
        ),
        (
            "accounts = { create = { path = \"sandbox\" } }",
            "3:12",
            &["begins with a slash"],
        ),
        (
            "accounts = { create = { path = \"/a\", method = \"SEND\" } }",
            "3:12",
            &["is no method"],
        ),
        ("timeout = 5", "3:11", &[]),
        ("timeout = \"-5s\"", "3:11", &["longer than nothing"]),
        ("success = \"205\"", "3:11", &["200-with-card"]),
        (
            "[credentials]\napi_secret = \"hunter2\"",
            "4:14",
            &["never holds a secret", "{ env = \"NAME\" }"],
        ),
        (
            "[credentials]\ntoken = { evn = \"X\" }",
            "4:11",
            &["did you mean `env`"],
        ),
        ("[credentials]\ntoken = {}", "4:9", &["one place"]),
        (
            "[credentials]\napi_key = { env = \"X\" }",
            "3:1",
            &["go together"],
        ),
        (
            "[signing]\nprivate_key = \"hunter2\"",
            "4:15",
            &["never holds a secret"],
        ),
        (
            "[signing]\ncomponents = [\"@mehtod\"]",
            "4:14",
            &["did you mean `@method`"],
        ),
        ("[signing]\ndigest = \"md5\"", "4:10", &["sha-256"]),
        (
            "[sandbox]\nissuer = { suspend = \"PATCH /suspend\" }",
            "4:22",
            &["names no card"],
        ),
        (
            "[headers]\nauthorization = \"hunter2\"",
            "3:1",
            &["written by cardproof itself"],
        ),
        (
            "[headers]\n\"a b\" = \"x\"",
            "3:1",
            &["no name of a header field"],
        ),
        ("oops", "3:5", &[]),
    ] {
        let rest = if rest.is_empty() || rest.starts_with("accounts") {
            rest.to_owned()
        } else if rest.starts_with('[') {
            format!("{rest}\n[accounts]\nany = true\n")
        } else {
            format!("{rest}\n{any}")
        };
        check_error(&rest, place, hints);
    }
}

#[test]
fn an_address_is_plain_http() {
    for (address, hint) in [
        ("cards.example/v1", "address"),
        ("ftp://cards.example/v1", "neither http nor https"),
        (
            "http://me:hunter2@cards.example",
            "never holds a name or password",
        ),
        ("http://cards.example/v1?x=1", "goes on after its path"),
    ] {
        let text = format!("name = \"x\"\nbase_url = \"{address}\"\naccounts = {{ any = true }}");
        let error = Profile::parse("x.toml", &text).unwrap_err().to_string();
        assert!(error.starts_with("x.toml:2:12: "), "{error}");
        assert!(
            error.contains(hint) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn a_place_for_events_is_checked_where_it_is_written() {
    let profile = |table: &str| {
        let text = format!(
            "name = \"t\"\nbase_url = \"http://localhost/v1\"\n[accounts]\nany = true\n[webhooks]\n{table}\n"
        );
        Profile::parse("t.toml", &text)
    };
    let webhooks = profile("").unwrap().webhooks.unwrap();
    assert_eq!(webhooks.listen.to_string(), "127.0.0.1:0");
    let terms = profile("wait = \"200ms\"").unwrap().terms();
    assert_eq!(terms.event_wait, Some(Micros(200_000)));
    for (table, hint) in [
        ("listen = \"localhost\"", "like 127.0.0.1:8090"),
        ("listen = \"0.0.0.0:80\"", "callback_url says by which one"),
        ("callback_url = \"hooks.example\"", "neither http nor https"),
        ("url = \"http://h\"", "unknown field `url`"),
        ("wait = \"0s\"", "longer than nothing"),
    ] {
        let error = profile(table).unwrap_err().to_string();
        assert!(error.contains(hint), "{table}: {error}");
        assert!(error.starts_with("t.toml:"), "{error}");
    }
}

/// What is wrong with a profile on this machine that has these tables, and any account unless they say otherwise.
fn problem(tables: &str) -> String {
    let accounts = match tables.contains("accounts") {
        true => "",
        false => "\n[accounts]\nany = true\n",
    };
    let text = format!("{HEAD}{tables}{accounts}");
    let error = Profile::parse("x.toml", &text)
        .expect_err(&text)
        .to_string();
    assert!(!error.contains("hunter2"), "{error}");
    error
}

#[test]
fn what_one_value_says_of_another_is_checked_at_its_place() {
    let id = "11111111-1111-4111-8111-111111111111";
    for (tables, place, hints) in [
        (
            "environment = \"Sandbox\"".to_owned(),
            "3:15",
            &["did you mean `sandbox`"][..],
        ),
        (
            "environment = \"\"".to_owned(),
            "3:15",
            &["an environment has a name"],
        ),
        (
            "auth_file = \"a.yaml\"\n[credentials]\ntoken = { env = \"T\" }".to_owned(),
            "3:1",
            &["leave one"],
        ),
        (
            "[readings]\nover-limit = \"4009\"".to_owned(),
            "4:1",
            &["no reading `4009`", "did you mean `400`"],
        ),
        (
            "[readings]\n\nover-limt = \"409\"".to_owned(),
            "5:1",
            &["did you mean"],
        ),
        (
            "[readings]\nLIFE-4 = \"yes\"".to_owned(),
            "4:1",
            &["is no open point"],
        ),
        (
            "[disabled]\nINPUT-4 = \"\"\nLIVE-4 = \"why\"".to_owned(),
            "5:1",
            &["did you mean `LIFE-4`"],
        ),
        (
            format!("[accounts]\nlist = [\"{id}\"]\n[never_touch]\naccounts = [\"{id}\"]"),
            "4:1",
            &["[never_touch] too"],
        ),
        (
            "[never_touch]\ncards = [\"7\"]".to_owned(),
            "4:10",
            &["UUID"],
        ),
        (
            "success = { activat = \"204\" }".to_owned(),
            "3:13",
            &["did you mean `activate`"],
        ),
    ] {
        let error = problem(&tables);
        assert!(
            error.starts_with(&format!("x.toml:{place}: ")),
            "{tables}\n{error}"
        );
        for hint in hints {
            assert!(error.contains(hint), "{tables}\n{hint} is not in: {error}");
        }
    }
}

#[test]
fn another_machine_is_no_sandbox_unless_the_profile_says_so() {
    for (address, environment, is_sandbox) in [
        ("http://localhost/v1", "", Ok(true)),
        ("http://[::1]:80", "", Ok(true)),
        (
            "http://127.0.0.2/v1",
            "environment = \"production\"",
            Ok(false),
        ),
        (
            "https://cards.example/v1",
            "environment = \"sandbox\"",
            Ok(true),
        ),
        (
            "https://cards.example/v1",
            "environment = \"staging\"",
            Ok(false),
        ),
        ("https://cards.example/v1", "", Err(())),
        ("http://127.0.0.1.example/v1", "", Err(())),
    ] {
        let text = format!(
            "name = \"x\"\nbase_url = \"{address}\"\n{environment}\n[accounts]\nany = true"
        );
        let profile = Profile::parse("x.toml", &text);
        let read = profile.as_ref().map(Profile::is_sandbox).map_err(|_| ());
        assert_eq!(read, is_sandbox, "{text}");
        if let Err(error) = profile {
            let error = error.to_string();
            assert!(
                error.starts_with("x.toml:2:1: ") && error.contains("environment = \"sandbox\""),
                "{error}"
            );
        }
    }
}

#[test]
fn a_recipe_that_cannot_work_is_refused_where_it_is_written() {
    for (calls, hint) in [
        ("path = \"/a\"", "no call takes the account"),
        (
            "path = \"/{acount}\"\ntake = { account = \"/id\" }",
            "call 1: no earlier call takes `acount`",
        ),
        (
            "path = \"/a\"\nbody = { a = [\"{x}\"] }\ntake = { account = \"/id\" }",
            "takes `x`",
        ),
        (
            "path = \"a\"\ntake = { account = \"/id\" }",
            "begins with a slash",
        ),
        (
            "path = \"/a\"\ntake = { account = \"id\" }",
            "no JSON pointer",
        ),
        ("path = \"/a\"\ntake = { \"a b\" = \"/id\" }", "is no name"),
        ("path = \"/a\"\nmethod = \"SEND\"", "is no method"),
    ] {
        let error = problem(&format!("[[accounts.calls]]\n{calls}"));
        assert!(
            error.starts_with("x.toml:3:") && error.contains(hint),
            "{calls}\n{error}"
        );
    }
}

#[test]
fn a_way_to_log_in_that_cannot_work_is_refused_where_it_is_written() {
    for (table, hint) in [
        ("[credentials.login]\nform = {}", "say one thing: path"),
        (
            "[credentials.login]\npath = \"/a\"\nurl = \"http://h/a\"",
            "say one thing: path",
        ),
        (
            "[credentials.login]\npath = \"/a\"\nform = {}\njson = {}",
            "either json or form",
        ),
        (
            "[credentials.login]\npath = \"/a\"\ntoken = \"token\"",
            "no JSON pointer",
        ),
        (
            "[credentials.login]\npath = \"/a\"\nexpires_in = \"/a\"\nexpires_at = \"/b\"",
            "say one thing: expires_at",
        ),
        (
            "[credentials.login]\npath = \"/a\"\nheaders = { \"a b\" = \"c\" }",
            "no name of a header field",
        ),
        (
            "[credentials]\ntoken = { env = \"T\" }\nlogin = { path = \"/a\" }",
            "either a token",
        ),
        (
            "[credentials]\ntoken = { command = [] }",
            "a program and its arguments",
        ),
        (
            "[credentials]\ntoken = { command = [\"a\"], env = \"B\" }",
            "in one place",
        ),
        (
            "[credentials]\ntoken = { command = \"hunter2\" }",
            "each a text of its own",
        ),
    ] {
        let error = problem(table);
        assert!(
            error.starts_with("x.toml:") && error.contains(hint),
            "{table}\n{error}"
        );
    }
}

#[test]
fn what_a_profile_may_say_is_written_as_it_is_read() {
    let text = r#"
name = "x"
base_url = "http://127.0.0.1/v1"
environment = "sandbox"
[success]
terminate = "200-with-card"
[credentials.login]
url = "https://login.example/t"
form = { grant_type = "client_credentials", secret = { command = ["vault", "read"] } }
expires_in = "/expires_in"
[[accounts.calls]]
path = "/a"
headers = { X = { env = "X" } }
take = { account = "/id" }
[sandbox]
issue = "POST /issue/{cardId}"
reset = { path = "/reset" }
[never_touch]
cards = ["11111111-1111-4111-8111-111111111111"]
"#;
    let profile = Profile::parse("x.toml", text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(profile.terms().success_shows_card.len(), 1);
    let written = toml::to_string(&profile).unwrap();
    let again = Profile::parse("x.toml", &written).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(toml::to_string(&again).unwrap(), written);
    assert!(
        written.contains("command = [\"vault\", \"read\"]"),
        "{written}"
    );
}
