//! Set-ups that are broken in one thing each, and whether `cardproof doctor` names it and says what to change.

#[path = "doctor/middle.rs"]
mod middle;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cardproof::doctor::{Outcome, Step};
use cardproof::drive::{Changes, NewKey, examine};
use cardproof::embedded::Embedded;
use cardproof::reference::{Issuance, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use middle::{Gateway, answer};

/// A reference, a folder with a profile for it, and room for whatever stands before it.
struct Bench {
    folder: TempDir,
    reference: Embedded,
    runtime: Runtime,
    base_url: String,
    profile: String,
    env: Vec<(String, String)>,
    held: Option<TcpListener>,
}

/// Where one of these steps fails, a run would have nothing to say of cards, and says nothing.
const SHUTS_OUT: [&str; 9] = [
    "profile",
    "secrets",
    "name",
    "connection",
    "tls",
    "http",
    "token",
    "key",
    "signed-read",
];

const CREDENTIALS: &str = "api_key = { env = \"KEY\" }\napi_secret = { env = \"SECRET\" }\n";
const ACCOUNTS: &str = "create = { path = \"/sandbox/accounts\", body = {} }\n";

impl Bench {
    fn new() -> Self {
        Self::of(Options::default())
    }

    fn of(options: Options) -> Self {
        let reference = Embedded::start(options).unwrap();
        let running = reference.running();
        let env = vec![
            ("KEY".to_owned(), running.api_key.to_string()),
            ("SECRET".to_owned(), running.api_secret.clone()),
        ];
        Self {
            folder: tempfile::tempdir().unwrap(),
            base_url: running.base_url.clone(),
            reference,
            runtime: Runtime::new().unwrap(),
            profile: format!(
                "timeout = \"3s\"\n[credentials]\n{CREDENTIALS}[accounts]\n{ACCOUNTS}[sandbox]\nissuance = \"manual\"\nissuance_wait = \"300ms\"\n[signing]\n"
            ),
            env,
            held: None,
        }
    }

    fn address(&self) -> SocketAddr {
        self.reference.running().address
    }

    /// The base URL says this.
    fn at(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// A gateway stands before the reference.
    fn behind(self, does: Gateway) -> Self {
        let address = middle::gateway(&self.runtime, self.address(), does);
        self.at(format!("http://{address}/v1"))
    }

    /// The profile says this in place of that.
    fn with(mut self, that: &str, this: &str) -> Self {
        assert!(self.profile.contains(that), "{that}");
        self.profile = self.profile.replacen(that, this, 1);
        self
    }

    /// The profile says this too, in a table that it has or in one more.
    fn and(mut self, more: &str) -> Self {
        self.profile += more;
        self
    }

    fn env(mut self, name: &str, value: Option<&str>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// The signing key is in a file with this text.
    fn signed_by(self, text: &str) -> Self {
        self.file("key.pem", text)
            .and("private_key = { file = \"key.pem\" }\n")
    }

    /// The profile has a token that stays, in place of key and secret.
    fn token(self, token: &str) -> Self {
        self.with(CREDENTIALS, "token = { env = \"TOKEN\" }\n")
            .env("TOKEN", Some(token))
    }

    fn post(&self, method: &str, path: &str, body: &Value, token: Option<&str>) -> Value {
        let url = format!("http://{}/v1{path}", self.address());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method.parse().unwrap(), url).json(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.runtime
            .block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }

    fn good_token(&self) -> String {
        let running = self.reference.running();
        let body = json!({ "apiKey": running.api_key, "apiSecret": running.api_secret });
        self.post("POST", "/auth/token", &body, None)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Registers a public key.
    fn register(&self, public: &str) -> String {
        let body = json!({ "publicKey": public });
        let answer = self.post("PUT", "/auth/signing", &body, Some(&self.good_token()));
        answer["keyId"].as_str().unwrap().to_owned()
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::cargo_bin("cardproof").unwrap();
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.env.iter().cloned())
            .args(args.split_whitespace());
        command
    }

    fn write_profile(&self) {
        let text = format!(
            "name = \"bench\"\nenvironment = \"sandbox\"\nbase_url = \"{}\"\n{}",
            self.base_url, self.profile
        );
        fs::write(self.folder.path().join("cardproof.toml"), text).unwrap();
    }

    fn examined(&self) -> (Option<i32>, Value) {
        self.write_profile();
        let output = self.command("doctor --format json").output().unwrap();
        let told = serde_json::from_slice(&output.stdout);
        let told = told
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        for (name, secret) in &self.env {
            let is_secret = ["SECRET", "TOKEN"].contains(&name.as_str()) && secret.len() > 8;
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                !is_secret || !text.contains(secret.trim()),
                "{name} is told: {text}"
            );
        }
        (output.status.code(), told)
    }

    /// The first cause that is named, and the advice, which has these words in it.
    fn check(self, step: &str, cause: &str, advice: &str) {
        let (code, told) = self.examined();
        let failed = told["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["outcome"] == "failed");
        let failed = failed.unwrap_or_else(|| panic!("{cause}: nothing failed: {told:#}"));
        let first = &failed["causes"][0];
        assert_eq!(
            (failed["step"].as_str(), first["id"].as_str()),
            (Some(step), Some(cause)),
            "{failed:#}"
        );
        let said = format!(
            "{}: {}",
            first["key"].as_str().unwrap(),
            first["advice"].as_str().unwrap()
        );
        assert!(said.contains(advice), "{cause}: no {advice:?} in {said:?}");
        for text in [&first["words"], &first["advice"]] {
            let names = text.as_str().unwrap().split('{').skip(1);
            let mut names = names.filter_map(|rest| Some(rest.split_once('}')?.0));
            assert!(
                !names.any(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')),
                "{text} is not filled"
            );
        }
        let is_profile = ["profile", "secrets"].contains(&step);
        assert_eq!(code, Some(if is_profile { 2 } else { 3 }), "{cause}");
        if SHUTS_OUT.contains(&step) {
            let run = self.command("run -s smoke --quiet").output().unwrap();
            let words = String::from_utf8_lossy(&run.stderr);
            assert!(matches!(run.status.code(), Some(2 | 3)), "{cause}: {words}");
            assert!(
                words.contains("could not be prepared") || is_profile,
                "{cause}: {words}"
            );
        }
    }
}

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(&json!({"alg": "HS256"})),
        part(claims)
    )
}

fn key() -> NewKey {
    NewKey::generate().unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
}

#[test]
fn a_good_set_up_is_well_and_leaves_nothing_behind() {
    let bench = Bench::new().and("[webhooks]\nwait = \"3s\"\n[foreign]\n");
    let running = bench.reference.running();
    let foreign = format!(
        "account = \"{}\"\ncard = \"{}\"\n",
        running.foreign_account, running.foreign_card
    );
    let bench = bench.and(&foreign);
    let (code, told) = bench.examined();
    assert_eq!(
        (code, &told["is_well"]),
        (Some(0), &json!(true)),
        "{told:#}"
    );
    let skipped: Vec<&str> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["outcome"] == "skipped")
        .map(|check| check["step"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["tls", "clock"]);
}

#[test]
fn a_secret_or_key_that_can_not_be_used() {
    let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .unwrap();
    let good = key().private_pem;
    let public = String::from_utf8(STANDARD.decode(key().public).unwrap()).unwrap();
    let der: String = good.lines().filter(|line| !line.starts_with('-')).collect();
    for (text, cause, advice) in [
        (
            pem("PRIVATE KEY", p256.as_ref()),
            "key-on-another-curve",
            "secp384r1",
        ),
        (public, "key-is-public", "BEGIN PRIVATE KEY"),
        (
            pem("ENCRYPTED PRIVATE KEY", b"x"),
            "key-encrypted",
            "openssl pkcs8",
        ),
        (STANDARD.encode(&good), "key-encoded", "base64 -d"),
        (der, "key-encoded", "signing.private_key"),
        ("hunter2".to_owned(), "key-not-pem", "BEGIN PRIVATE KEY"),
    ] {
        Bench::new()
            .signed_by(&text)
            .check("secrets", cause, advice);
    }
    Bench::new()
        .env("KEY", None)
        .check("secrets", "secret-not-set", "credentials.api_key");
    Bench::new()
        .env("SECRET", Some(""))
        .check("secrets", "secret-empty", "credentials.api_secret");
    Bench::new()
        .with(
            "api_key = { env = \"KEY\" }",
            "api_key = { file = \"gone\" }",
        )
        .check("secrets", "secret-unreadable", "credentials.api_key");
    Bench::new()
        .and("key_id = \"k\"\n")
        .check("secrets", "key-id-alone", "signing.private_key");
    Bench::new()
        .token("a-token\n")
        .check("token", "token-unsendable", "credentials.token");
    Bench::new()
        .and("digset = \"sha-512\"\n")
        .check("profile", "profile-wrong", "line");
}

#[test]
fn an_address_that_leads_nowhere_or_elsewhere() {
    Bench::new()
        .at("http://cards.invalid/v1")
        .check("name", "name-unknown", "base_url");
    Bench::new()
        .at("http://127.0.0.1:1/v1")
        .check("connection", "nothing-listens", "port");
    let bench = Bench::new();
    let other = format!("http://[::1]:{}/v1", bench.address().port());
    let right = format!("http://127.0.0.1:{}/v1", bench.address().port());
    bench
        .at(other)
        .check("connection", "other-loopback", &right);
    for (path, cause, advice) in [
        ("", "prefix-missing", "/v1"),
        ("/v1/v1", "prefix-doubled", "/v1"),
        ("/v1/api", "prefix-too-long", "/v1"),
        ("/elsewhere", "not-the-api", "base_url"),
    ] {
        let bench = Bench::new();
        let url = format!("http://{}{path}", bench.address());
        bench.at(url).check("http", cause, advice);
    }
}

#[test]
fn tls_that_fails() {
    let bench = Bench::new();
    let https = format!("https://{}/v1", bench.address());
    let http = format!("write http://{}/v1", bench.address());
    bench.at(https).check("tls", "plain-port-spoken-tls", &http);

    let secured = |name: &str, host: &str, scheme: &str, is_trusted: bool| {
        let bench = Bench::new();
        let (address, ca) = middle::tls(&bench.runtime, bench.address(), name, bench.folder.path());
        let url = format!("{scheme}://{host}:{}/v1", address.port());
        let ca = is_trusted.then(|| ca.display().to_string());
        bench.at(url).env("SSL_CERT_FILE", ca.as_deref())
    };
    secured("localhost", "localhost", "http", true).check(
        "http",
        "tls-port-spoken-plainly",
        "https://localhost",
    );
    secured("localhost", "localhost", "https", false).check("tls", "certificate-issuer", "CA");
    secured("cards.example", "localhost", "https", true).check(
        "tls",
        "certificate-name",
        "base_url",
    );
    secured("localhost", "localhost", "https", true).check(
        "signed-read",
        "tls-offloading",
        "X-Forwarded-Proto",
    );
}

#[test]
fn something_else_answers() {
    Bench::new()
        .behind(|_| {
            answer(
                200,
                &[("content-type", "text/html")],
                "<!doctype html><title>Sign in</title>",
            )
        })
        .check("http", "login-page", "headers");
    Bench::new()
        .behind(|_| answer(429, &[("retry-after", "30")], ""))
        .check("http", "too-many-requests", "Retry-After");
    Bench::new()
        .behind(|passing| {
            let host = passing.headers["host"].to_str().unwrap();
            answer(
                301,
                &[("location", &format!("https://{host}{}", passing.path))],
                "",
            )
        })
        .check("http", "redirects-to-https", "write https://127.0.0.1");
    Bench::new()
        .behind(|_| answer(302, &[("location", "https://sso.example/login")], ""))
        .check("http", "redirects-elsewhere", "SSO");
    Bench::new()
        .behind(|_| answer(502, &[], ""))
        .check("http", "gateway-without-target", "route");
}

#[test]
fn credentials_that_are_not_taken() {
    let wrong = "0".repeat(64);
    Bench::new()
        .env("SECRET", Some(&wrong))
        .check("token", "api-secret-wrong", "pair");
    Bench::new().env("KEY", Some("partner-7")).check(
        "token",
        "api-key-no-uuid",
        "credentials.api_key",
    );
    let bench = Bench::new();
    let (key, secret) = (bench.env[0].1.clone(), bench.env[1].1.clone());
    bench
        .env("KEY", Some(&secret))
        .env("SECRET", Some(&key))
        .check("token", "credentials-swapped", "exchange");
    let bench = Bench::new();
    let secret = format!("{}\n", bench.env[1].1);
    bench
        .env("SECRET", Some(&secret))
        .check("token", "secrets-have-white-space", "printf");
    Bench::new()
        .behind(|passing| {
            match passing.path.ends_with("/token") && passing.headers.contains_key("content-digest")
            {
                true => answer(400, &[], "{\"error\":\"unexpected header\"}"),
                false => None,
            }
        })
        .check("token", "setup-fields", "digest = false");
    let claims = json!({ "aud": "https://live.cards.example", "exp": 99_999_999_999_i64 });
    let bench = Bench::new();
    bench
        .token(&jwt(&claims))
        .check("key", "token-of-another-environment", "environment");
    Bench::new()
        .token(&jwt(&json!({ "exp": 1_600_000_000 })))
        .check("token", "token-expired", "credentials.token");
    Bench::new()
        .token("nobody-issued-this-one")
        .check("key", "token-refused", "token");
    Bench::new()
        .with(CREDENTIALS, "")
        .check("key", "no-token", "credentials");
}

#[test]
fn signatures_that_are_not_taken() {
    let (registered, other) = (key(), key());
    let bench = Bench::new();
    let key_id = bench.register(&registered.public);
    bench
        .signed_by(&other.private_pem)
        .and(&format!("key_id = \"{key_id}\"\n"))
        .check("signed-read", "wrong-key", "signing.private_key");
    Bench::new()
        .signed_by(&registered.private_pem)
        .and("key_id = \"0d3ae2a5-16a4-4d7c-a5a7-6a2b3d4c5e6f\"\n")
        .check("signed-read", "key-id-unknown", "signing.key_id");
    let bench = Bench::new();
    let token = bench.good_token();
    bench.post(
        "POST",
        "/sandbox/clock",
        &json!({ "advanceSeconds": 600 }),
        Some(&token),
    );
    bench.token(&token).check("signed-read", "clock-off", "NTP");
    Bench::new()
        .and("components = [\"@method\", \"@target-uri\"]\n")
        .check("create", "components-incomplete", "signing.components");
    Bench::new()
        .behind(|passing| {
            let input = passing.headers.get("signature-input")?.to_str().ok()?;
            input
                .contains("alg=")
                .then(|| answer(401, &[], "{\"error\":\"unknown parameter\"}"))
                .flatten()
        })
        .check("signed-read", "alg-refused", "alg");
}

#[test]
fn gateways_that_change_what_passes() {
    Bench::new()
        .behind(|passing| {
            passing.headers.remove("signature");
            passing.headers.remove("signature-input");
            None
        })
        .check("signed-read", "signature-stripped", "pass both fields on");
    Bench::new()
        .behind(|passing| {
            passing.headers.remove("authorization");
            None
        })
        .check("key", "authorization-stripped", "Authorization");
    let bench = Bench::new().behind(|passing| {
        passing.path = passing.path.replacen("/cards-api", "", 1);
        None
    });
    let url = bench.base_url.replace("/v1", "/cards-api/v1");
    bench
        .at(url)
        .check("signed-read", "path-rewritten", "X-Forwarded-Prefix");
    Bench::new()
        .behind(|passing| {
            passing
                .headers
                .insert("host", "cards.internal".parse().unwrap());
            None
        })
        .check("signed-read", "host-rewritten", "@path");
    Bench::new()
        .behind(|passing| {
            if let Ok(value) = serde_json::from_slice::<Value>(&passing.body) {
                passing.body = serde_json::to_vec_pretty(&value).unwrap().into();
            }
            None
        })
        .check("create", "body-changed", "byte for byte");
    Bench::new()
        .behind(|passing| {
            passing.headers.remove("content-digest");
            None
        })
        .check("create", "digest-stripped", "Content-Digest");
    Bench::new()
        .behind(|passing| {
            let digest = passing.headers.get("content-digest")?.to_str().ok()?;
            let is_refused = passing.path.ends_with("/cards") && digest.starts_with("sha-256");
            is_refused
                .then(|| answer(400, &[], "{\"error\":\"digest\"}"))
                .flatten()
        })
        .check("create", "digest-algorithm", "sha-512");
}

#[test]
fn accounts_and_cards_that_are_otherwise_than_the_profile_says() {
    let pointer = "create = { path = \"/sandbox/accounts\", body = {}, id = \"/data/id\" }\n";
    Bench::new()
        .with(ACCOUNTS, pointer)
        .check("account", "account-pointer", "id = \"/accountId\"");
    let path = "create = { path = \"/accounts\" }\n";
    Bench::new()
        .with(ACCOUNTS, path)
        .check("account", "account-recipe-path", "path");
    Bench::new().with(ACCOUNTS, "list = []\n").check(
        "account",
        "no-accounts-left",
        "accounts.list",
    );
    let bench = Bench::new();
    let list = format!(
        "list = [\"{}\"]\n",
        bench.reference.running().foreign_account
    );
    bench
        .with(ACCOUNTS, &list)
        .check("account-cards", "account-of-others", "programme");
    Bench::new()
        .behind(|passing| match passing.path.contains("/simulator/") {
            true => answer(404, &[], ""),
            false => None,
        })
        .check("issue", "simulator-absent", "simulator = false");
    let automatic = Options {
        issuance: Issuance::Automatic {
            delay: Duration::ZERO,
        },
        ..Options::default()
    };
    Bench::of(automatic).check("issue", "issued-by-itself", "issuance = \"automatic\"");
    Bench::new()
        .with("issuance = \"manual\"", "issuance = \"automatic\"")
        .check("issue", "never-issued", "issuance = \"manual\"");
    let mut options = Options::default();
    options
        .readings
        .set("success-code", "200-with-card")
        .unwrap();
    Bench::of(options).check("terminate", "other-success", "success = \"200-with-card\"");
    let unsigned = Options {
        signatures: false,
        ..Options::default()
    };
    Bench::of(unsigned).check("unsigned-read", "signature-not-checked", "signing.enabled");
    let bench = Bench::new();
    let token = bench.good_token();
    let own = bench.post("POST", "/sandbox/accounts", &json!({}), Some(&token));
    let own = own["accountId"].as_str().unwrap();
    let foreign = format!("[foreign]\naccount = \"{own}\"\n");
    bench
        .and(&foreign)
        .check("foreign", "foreign-is-own", "foreign");
}

#[test]
fn events_that_do_not_arrive() {
    Bench::new()
        .and("[webhooks]\nwait = \"300ms\"\ncallback_url = \"http://127.0.0.1:1/hooks\"\n")
        .check("events", "callback-unreachable", "webhooks.callback_url");
    let mut bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("[webhooks]\nlisten = \"{}\"\n", taken.local_addr().unwrap());
    bench.held = Some(taken);
    bench
        .and(&listen)
        .check("events", "listen-port-taken", "port 0");
    Bench::new()
        .behind(|passing| match passing.path.ends_with("/webhooks") {
            true => answer(404, &[], ""),
            false => None,
        })
        .and("[webhooks]\n")
        .check("events", "no-webhooks", "leave [webhooks] out");
}

#[test]
fn a_refused_signature_is_shown_byte_for_byte_without_the_token() {
    let bench = Bench::new();
    let (registered, other) = (key(), key());
    let key_id = bench.register(&registered.public);
    let bench = bench
        .signed_by(&other.private_pem)
        .and(&format!("key_id = \"{key_id}\"\n"));
    bench.write_profile();
    let output = bench.command("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, base) = text.split_once("-----BEGIN SIGNATURE BASE-----\n").unwrap();
    let (base, rest) = base.split_once("\n-----END SIGNATURE BASE-----").unwrap();
    let lines: Vec<&str> = base.lines().collect();
    assert_eq!(lines[0], "\"@method\": GET");
    assert_eq!(
        lines[1],
        format!("\"@target-uri\": {}/cards", bench.base_url)
    );
    assert_eq!(lines[2], "\"authorization\": [redacted]");
    assert!(lines[3].starts_with(
        "\"@signature-params\": (\"@method\" \"@target-uri\" \"authorization\");created="
    ));
    assert!(
        rest.contains("SHA-384") && rest.contains("scheme, host, port"),
        "{text}"
    );
    assert!(
        text.contains("failed   a signed read is accepted"),
        "{text}"
    );
    assert!(text.contains("skipped  a card can be made"), "{text}");
    assert!(text.contains("cardproof.toml:"), "{text}");
}

#[test]
fn a_target_that_may_not_be_changed_is_only_read() {
    let bench = Bench::new();
    let profile = bench.reference.profile();
    let forbidden = Changes::Forbidden("it is somebody's production".to_owned());
    let examination = examine(&profile, forbidden, &mut |_| {}).unwrap();
    assert_eq!(examination.failures().count(), 0);
    let is_skipped = |step| {
        let check = examination
            .checks
            .iter()
            .find(|check| check.step == step)
            .unwrap();
        matches!(check.outcome, Outcome::Skipped { .. })
    };
    assert!(is_skipped(Step::Key) && is_skipped(Step::Account) && is_skipped(Step::Create));
}
