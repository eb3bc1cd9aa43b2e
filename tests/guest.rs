//! The built program as a guest: what it does to a target that is no sandbox, and how it is told to call.

mod common;

use std::fs;
use std::path::Path;

use cardproof::embedded::Embedded;
use cardproof::profile::{Credentials, Secret};
use cardproof::reference::Options;
use common::{cardproof, check_schema, folder, report};

/// A profile of the embedded reference, whose credentials are in files beside it.
fn profile(folder: &Path, embedded: &Embedded, environment: &str) -> String {
    let running = embedded.running();
    fs::write(folder.join("key"), running.api_key.to_string()).unwrap();
    fs::write(folder.join("secret"), &running.api_secret).unwrap();
    let mut profile = embedded.profile();
    profile.credentials = Credentials::Login {
        api_key: Secret::file("key"),
        api_secret: Secret::file("secret"),
    };
    let text = toml::to_string(&profile).unwrap();
    text.replace(
        "environment = \"sandbox\"",
        &format!("environment = \"{environment}\""),
    )
}

#[test]
fn outside_a_sandbox_it_takes_a_flag_to_change_anything() {
    let folder = folder();
    let embedded = Embedded::start(Options::default()).unwrap();
    let text = profile(folder.path(), &embedded, "production");
    fs::write(folder.path().join("cardproof.toml"), text).unwrap();
    let refused = cardproof(folder.path(), "run --suite smoke --out refused");
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    for hint in ["`production`", "--allow-changes", "key_id"] {
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    }
    let allowed = cardproof(
        folder.path(),
        "run --suite smoke --allow-changes --out allowed",
    );
    assert_eq!(
        allowed.code,
        Some(0),
        "{}{}",
        allowed.stdout,
        allowed.stderr
    );
}

#[test]
fn what_was_not_shown_for_want_of_leave_says_so() {
    let folder = folder();
    let unsigned = Options {
        signatures: false,
        ..Options::default()
    };
    let embedded = Embedded::start(unsigned).unwrap();
    let text = profile(folder.path(), &embedded, "production")
        .replace("[signing]\nenabled = true", "[signing]\nenabled = false");
    fs::write(folder.path().join("cardproof.toml"), text).unwrap();
    let ended = cardproof(folder.path(), "run --suite smoke --out out --no-shrink");
    assert_ne!(ended.code, Some(0), "{}", ended.stdout);
    let report = report(folder.path(), "out");
    check_schema(&report);
    let of_life = report["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|requirement| requirement["id"] == "LIFE-4")
        .unwrap();
    assert_eq!(of_life["verdict"], "not-shown");
    let because = of_life["because"].as_str().unwrap();
    assert!(because.contains("--allow-changes"), "{because}");
    let trace = fs::read_to_string(folder.path().join("out/trace.jsonl")).unwrap();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let sent = format!("\"method\":\"{method}\"");
        assert!(!trace.contains(&sent), "{method} was sent");
    }
}

#[test]
fn an_authentication_file_is_taken_in_place_of_the_credentials() {
    let folder = folder();
    let embedded = Embedded::start(Options::default()).unwrap();
    let text = profile(folder.path(), &embedded, "sandbox");
    fs::write(folder.path().join("cardproof.toml"), text).unwrap();
    let running = embedded.running();
    let auth = format!(
        "auth:\n  - name: programme\n    loginEndpointAuth:\n      endpoint: /v1/auth/token\n      verb: POST\n      payloadUserPwd: {{username: \"{}\", password: \"{}\", usernameField: apiKey, passwordField: apiSecret}}\n      token: {{extractFrom: body, extractSelector: /token, sendIn: header, sendName: Authorization, sendTemplate: \"Bearer {{token}}\"}}\n",
        running.api_key, running.api_secret
    );
    fs::write(folder.path().join("auth.yaml"), auth).unwrap();
    fs::remove_file(folder.path().join("secret")).unwrap();
    let ended = cardproof(
        folder.path(),
        "run --suite smoke --auth-file auth.yaml --out out",
    );
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for file in ["report.json", "report.txt", "trace.jsonl"] {
        let written = fs::read_to_string(folder.path().join("out").join(file)).unwrap();
        assert!(
            !written.contains(&running.api_secret),
            "the secret is in {file}"
        );
    }
    let broken = cardproof(folder.path(), "run --auth-file cardproof.toml --out broken");
    assert_eq!(broken.code, Some(2));
    assert!(
        broken.stderr.contains("cardproof.toml:"),
        "{}",
        broken.stderr
    );
}
