//! A target that sends every credential back, in every place and form, gets none of them into what is written or printed.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use common::{Served, cardproof, command, folder, serve};

/// A header field's value with everything that is written otherwise in JSON, URLs and base64.
const PARTNER_SECRET: &str = "pa\"rtner/se+cret&\\=?> ~canary";

/// Where the target fails, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    Nowhere,
    /// The call with this path is refused.
    At(&'static str, u16),
    /// It succeeds, and its answer is no use.
    Nonsense(&'static str),
}

#[derive(Clone)]
struct Echo {
    server: String,
    client: reqwest::Client,
    failing: Failing,
    /// What was sent as a credential, and what was given.
    heard: Arc<Mutex<Vec<String>>>,
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// As sparing as encoders are.
fn percent_of_some(text: &str) -> String {
    let encode = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(b).to_string()
        }
        _ => format!("%{b:02x}"),
    };
    text.bytes().map(encode).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

/// The forms in which it is echoed, all of them printable.
fn forms(secret: &str) -> Vec<String> {
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE.encode(secret),
        STANDARD.encode(format!("u:{secret}")),
        STANDARD.encode(format!("us:{secret}!")),
        percent_of_some(secret),
        hex(secret),
        hex(secret).to_uppercase(),
    ]
}

/// What must not be found: what none of it can be guessed from.
fn traces(secret: &str) -> Vec<String> {
    let mut traces = vec![
        secret.to_owned(),
        percent_of_some(secret),
        percent_of_some(secret).to_uppercase(),
        percent(secret),
        hex(secret),
        hex(secret).to_uppercase(),
        Value::from(secret).to_string().trim_matches('"').to_owned(),
    ];
    for before in ["", "u", "us"] {
        for encoded in [
            STANDARD.encode(format!("{before}{secret}")),
            URL_SAFE.encode(format!("{before}{secret}")),
        ] {
            traces.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    traces
}

impl Echo {
    /// All that was heard, in all forms.
    fn all(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().flat_map(|secret| forms(secret)).collect()
    }

    fn hear(&self, secret: &str) {
        let mut heard = self.heard.lock().unwrap();
        if !heard.iter().any(|known| known == secret) {
            heard.push(secret.to_owned());
        }
    }

    fn hear_request(&self, body: &Value) {
        for name in ["apiKey", "apiSecret"] {
            if let Some(secret) = body[name].as_str() {
                self.hear(secret);
            }
        }
        // The last word of a callback address: a secret, and what tells addresses apart.
        if let Some(callback) = body["callbackUrl"].as_str() {
            let word = callback.rsplit('/').next().unwrap();
            self.hear(&word[..36]);
        }
    }
}

/// Starts it in front of the server of the profile, which is changed to name it.
fn start(runtime: &Runtime, profile: &Path, failing: Failing) -> Echo {
    let text = fs::read_to_string(profile).unwrap();
    let (_, rest) = text.split_once("base_url = \"").unwrap();
    let server = rest.split_once("/v1\"").unwrap().0.to_owned();
    let echo = Echo {
        server: server.clone(),
        client: reqwest::Client::new(),
        failing,
        heard: Arc::default(),
    };
    echo.hear(PARTNER_SECRET);
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = runtime.block_on(listening).unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    let headers = "[headers]\nx-partner = { env = \"PARTNER_SECRET\" }";
    let text = text
        .replace(&server, &own)
        .replacen("[headers]", headers, 1);
    fs::write(profile, text).unwrap();
    let app = axum::Router::new()
        .fallback(answer)
        .with_state(echo.clone());
    runtime.spawn(async move { axum::serve(listener, app).await });
    echo
}

async fn answer(State(echo): State<Echo>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.to_string();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    echo.hear_request(&sent);
    if let Some(callback) = sent["callbackUrl"].as_str() {
        let event = json!({ "webhookType": "card.updated", "echo": echo.all() });
        let post = echo
            .client
            .post(callback)
            .header("x-echo", PARTNER_SECRET)
            .json(&event);
        tokio::spawn(post.send());
    }
    match echo.failing {
        Failing::At(at, status) if path.contains(at) => {
            return echoing(&echo, status, json!({ "error": "no", "echo": echo.all() }));
        }
        Failing::Nonsense(at) if path.contains(at) => {
            return echoing(&echo, 200, json!({ "token": 7, "echo": echo.all() }));
        }
        _ => {}
    }
    let passed_on = echo
        .client
        .request(parts.method, format!("{}{path}", echo.server))
        .headers(parts.headers)
        .body(body);
    let received = passed_on.send().await.unwrap();
    let status = received.status().as_u16();
    let mut body: Value = received.json().await.unwrap_or_default();
    if let Some(token) = body["token"].as_str() {
        echo.hear(token);
    }
    match &mut body {
        Value::Array(cards) => cards
            .iter_mut()
            .for_each(|card| card["echo"] = json!(echo.all())),
        Value::Object(members) => drop(members.insert("echo".into(), json!(echo.all()))),
        other => *other = json!({ "echo": echo.all() }),
    }
    echoing(&echo, status, body)
}

fn echoing(echo: &Echo, status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = Response::builder().status(status);
    for (place, form) in echo.all().into_iter().enumerate() {
        response = response.header(format!("x-echo-{place}"), form);
    }
    let body = match status == StatusCode::NO_CONTENT {
        true => Body::empty(),
        false => {
            response = response.header("content-type", "application/json");
            Body::from(body.to_string())
        }
    };
    response.body(body).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Nothing of any secret is in the text.
fn check(text: &str, whose: &str, secrets: &[String]) {
    for secret in secrets {
        for trace in traces(secret) {
            assert!(!text.contains(&trace), "{whose} holds `{trace}`");
        }
    }
}

struct Bench {
    folder: tempfile::TempDir,
    echo: Echo,
    args: String,
    key: String,
    _served: Served,
    _runtime: Runtime,
}

impl Bench {
    fn new(flags: &str, failing: Failing) -> Self {
        let folder = folder();
        let (served, args) = serve(folder.path(), flags);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let key = STANDARD.encode(key.serialize_der());
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        fs::write(folder.path().join("sandbox/key.pem"), &key).unwrap();
        let runtime = Runtime::new().unwrap();
        let profile = folder.path().join("sandbox/cardproof.toml");
        let text = fs::read_to_string(&profile).unwrap();
        let own_key = "[signing]\nprivate_key = { file = \"key.pem\" }";
        fs::write(&profile, text.replacen("[signing]", own_key, 1)).unwrap();
        let echo = start(&runtime, &profile, failing);
        Self {
            folder,
            echo,
            args,
            key,
            _served: served,
            _runtime: runtime,
        }
    }

    /// Runs the program, and looks at all that it printed and wrote.
    fn run(&self, args: &str) -> Option<i32> {
        let mut command = command(self.folder.path(), &format!("{args} {}", self.args));
        command.env("PARTNER_SECRET", PARTNER_SECRET);
        let output = command.output().unwrap();
        let secrets = self.secrets();
        for (name, text) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            check(&String::from_utf8_lossy(&text), name, &secrets);
        }
        self.check_files("out");
        output.status.code()
    }

    fn check_files(&self, out: &str) {
        for file in files(&self.folder.path().join(out)) {
            let text = fs::read(&file).unwrap();
            let name = file.display().to_string();
            check(&String::from_utf8_lossy(&text), &name, &self.secrets());
        }
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.echo.heard.lock().unwrap().clone();
        let lines = self.key.lines().filter(|line| !line.starts_with("---"));
        secrets.extend(lines.map(str::to_owned));
        for name in ["api-key", "api-secret"] {
            let text = fs::read_to_string(self.folder.path().join("sandbox").join(name)).unwrap();
            secrets.push(text.trim().to_owned());
        }
        secrets
    }
}

#[test]
fn a_run_against_an_echoing_target_keeps_its_secrets() {
    let bench = Bench::new("--fault deactivate-does-nothing", Failing::Nowhere);
    let suites = "--suite smoke --suite webhooks --cases 2";
    let code = bench.run(&format!("run {suites} --no-shrink --out out -v"));
    assert_eq!(code, Some(1));
    let trace = fs::read_to_string(bench.folder.path().join("out/trace.jsonl")).unwrap();
    assert!(trace.contains("[redacted]"), "the target did echo");
    assert!(bench.secrets().len() >= 8, "keys, secrets, a token, a word");
    // A process of its own: it can't know the token and the word of the one before.
    bench.echo.heard.lock().unwrap().truncate(1);
    let reproducer = bench.folder.path().join("out/cases/LIFE-2.toml");
    assert_eq!(
        bench.run(&format!("replay {} -v", reproducer.display())),
        Some(1)
    );
    let ended = cardproof(bench.folder.path(), "judge out/trace.jsonl --out judged -v");
    check(&ended.stdout, "judge", &bench.secrets());
    bench.check_files("judged");
}

#[test]
fn a_target_that_can_not_be_prepared_gets_no_secret_told() {
    for failing in [
        Failing::At("/auth/token", 401),
        Failing::At("/auth/token", 500),
        Failing::Nonsense("/auth/token"),
        Failing::At("/auth/signing", 400),
        Failing::Nonsense("/auth/signing"),
        Failing::At("/sandbox/accounts", 403),
        Failing::Nonsense("/sandbox/accounts"),
    ] {
        let bench = Bench::new("", failing);
        assert_eq!(
            bench.run("run --suite smoke --out out -v"),
            Some(3),
            "{failing:?}"
        );
    }
}

#[test]
fn a_secret_that_stands_in_a_profile_is_not_repeated() {
    let folder = folder();
    let secret = "canary-0123456789abcdef";
    let account = "[accounts]\nany = true\n";
    for text in [
        format!("[credentials]\napi_key = \"{secret}\"\napi_secret = {{ env = \"X\" }}\n{account}"),
        format!("[credentials]\ntoken = \"{secret}\"\n{account}"),
        format!("[credentials]\ntoken = {{ value = \"{secret}\" }}\n{account}"),
        format!("[credentials]\ntoken = [\"{secret}\"]\n{account}"),
        format!("credentials = \"{secret}\"\n{account}"),
        format!("[signing]\nprivate_key = \"{secret}\"\n{account}"),
        format!("[signing]\nenabled = \"{secret}\"\n{account}"),
        format!("[signing]\ndigest = \"{secret}\"\n{account}"),
        format!("timeout = \"{secret}\"\n{account}"),
        format!("success = \"{secret}\"\n{account}"),
        format!("[headers]\nx-key = {{ secret = \"{secret}\" }}\n{account}"),
        format!("[accounts]\nlist = [\"{secret}\"]\n"),
        format!("[accounts]\nany = \"{secret}\"\n"),
        format!("[accounts]\ncreate = \"{secret}\"\n"),
        format!("[sandbox]\nissuance = \"{secret}\"\n{account}"),
        format!("[foreign]\ncard = \"{secret}\"\n{account}"),
        format!("[credentials]\ntoken = \"{secret}\n{account}"),
    ] {
        let top = "name = \"x\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
        fs::write(folder.path().join("p.toml"), format!("{top}{text}")).unwrap();
        let ended = cardproof(folder.path(), "run --profile p.toml -v");
        assert_eq!(ended.code, Some(2), "{text}{}", ended.stderr);
        assert!(ended.stderr.contains("p.toml:"), "{}", ended.stderr);
        check(&ended.stderr, &text, &[secret.to_owned()]);
    }
    let user = format!("name = \"x\"\nbase_url = \"http://me:{secret}@127.0.0.1:1/v1\"\n{account}");
    fs::write(folder.path().join("p.toml"), user).unwrap();
    let ended = cardproof(folder.path(), "run --profile p.toml -v");
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    check(
        &ended.stderr,
        "a base URL with a password",
        &[secret.to_owned()],
    );
}
