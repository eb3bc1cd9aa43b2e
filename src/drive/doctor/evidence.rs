//! Makes facts of exchanges, and failures of facts.

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use url::Url;

use crate::doctor::{Evidence, Fact, Failure, Loss, Shown, Signed, Step, Trial};
use crate::drive::auth::signature;
use crate::drive::outgoing::Outgoing;
use crate::drive::reply::recorded;
use crate::drive::trouble::shown_body;
use crate::drive::witness::{Came, Seen};
use crate::profile::{Component, Profile};
use crate::redact::{Masks, REDACTED};

/// A step that is looked into: what was seen, tried, sent.
pub struct Inquiry {
    pub evidence: Evidence,
    problem: String,
    seen: Option<Seen>,
    tried: Vec<String>,
    /// The body of the answer may hold a token.
    hides_answer: bool,
}

impl Inquiry {
    /// A step that failed before anything was sent.
    pub fn new(step: Step, profile: &Profile, problem: impl Into<String>) -> Self {
        let mut evidence = Evidence::new(step);
        if let Ok(url) = Url::parse(profile.base_url.as_str()) {
            say_address(&mut evidence, &url);
        }
        evidence.say("said", "");
        Self {
            evidence,
            problem: problem.into(),
            seen: None,
            tried: Vec::new(),
            hides_answer: false,
        }
    }

    /// A step that failed with this exchange.
    pub fn of(step: Step, profile: &Profile, problem: impl Into<String>, seen: Seen) -> Self {
        let mut inquiry = Self::new(step, profile, problem);
        add_answer(&mut inquiry.evidence, &seen);
        inquiry.hides_answer = step == Step::Token && seen.is_success();
        inquiry.seen = Some(seen);
        inquiry
    }

    /// The answer that the step got.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// What came of a request that was changed in one thing.
    pub fn tried(&mut self, trial: Trial, came: &Seen, is_taken: bool) {
        let is_same = self.seen.as_ref().is_some_and(|seen| is_same(seen, came));
        let (fact, aside) = match (is_taken, is_same) {
            (true, _) => (Fact::Taken(trial), ", accepted"),
            (false, true) => (Fact::Same(trial), ", the same answer"),
            (false, false) => (Fact::Other(trial), ", another answer"),
        };
        let answer = answer_words(came);
        self.tried_as(fact, trial, &format!("{answer}{aside}"));
    }

    /// What came of something else that was tried.
    pub fn tried_as(&mut self, fact: Fact, trial: Trial, came: &str) {
        self.evidence.add(fact);
        self.tried.push(format!("{}: {came}", trial.words()));
    }

    /// What was tried for the same step, compared with another answer.
    pub fn take_trials(&mut self, other: Self) {
        self.evidence.add_trials(&other.evidence);
        self.tried.extend(other.tried);
    }

    /// The failure that all this is.
    pub fn failure(self, masks: Option<&Masks>) -> Box<Failure> {
        let none = Masks::default();
        let masks = masks.unwrap_or(&none);
        let signed = matches!(self.evidence.step, Step::SignedRead)
            .then(|| self.seen.as_ref().and_then(|seen| signed(&seen.request)))
            .flatten();
        Box::new(Failure {
            problem: masks.apply(self.problem),
            causes: self.evidence.causes(),
            exchange: self.seen.map(|seen| shown(&seen, masks, self.hides_answer)),
            tried: self.tried,
            signature: signed,
        })
    }
}

fn say_address(evidence: &mut Evidence, url: &Url) {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    evidence.say("url", url.as_str().trim_end_matches('/'));
    evidence.say("scheme", url.scheme());
    evidence.say("other_scheme", other_scheme(url.scheme()));
    evidence.say("host", host);
    evidence.say("port", port.to_string());
    evidence.say("path", url.path().trim_end_matches('/'));
    evidence.say(
        "authority",
        &url[url::Position::BeforeHost..url::Position::AfterPort],
    );
}

/// https of http, and the reverse.
pub fn other_scheme(scheme: &str) -> &'static str {
    match scheme {
        "https" => "http",
        _ => "https",
    }
}

/// What the answer itself tells.
fn add_answer(evidence: &mut Evidence, seen: &Seen) {
    match &seen.came {
        Came::Nothing(words) => {
            evidence.add(Fact::Lost(Loss::of(words)));
            evidence.say("reason", words.as_str());
        }
        Came::Answer { status, .. } => {
            evidence.add(Fact::Status(status.as_u16()));
            evidence.say("status", status.as_u16().to_string());
            if is_html(seen) {
                evidence.add(Fact::Html);
            }
            if status.is_redirection() {
                add_redirect(evidence, seen);
            }
            let retry = seen
                .header(RETRY_AFTER.as_str())
                .and_then(|v| v.to_str().ok());
            let retry = retry.map_or(String::new(), |after| format!("; Retry-After: {after}"));
            evidence.say("retry", retry);
        }
    }
}

fn add_redirect(evidence: &mut Evidence, seen: &Seen) {
    let location = seen.header(LOCATION.as_str()).and_then(|v| v.to_str().ok());
    let location = location.unwrap_or("nowhere").to_owned();
    let from = Url::parse(seen.request.url.as_str());
    let to = from
        .as_ref()
        .ok()
        .and_then(|from| from.join(&location).ok());
    evidence.say("location", location.as_str());
    match (from, to) {
        (Ok(from), Some(to))
            if from.scheme() == "http" && to.scheme() == "https" && from.host() == to.host() =>
        {
            let beyond = seen.request.url.request_target();
            let wanted = to.as_str().trim_end_matches('/');
            // What was appended to base_url is no part of it.
            let base = wanted.strip_suffix("/cards").unwrap_or(wanted);
            evidence.add(Fact::RedirectToHttps);
            evidence.say("other_url", base);
            evidence.say("beyond", beyond);
        }
        _ => evidence.add(Fact::RedirectElsewhere),
    }
}

/// Whether a page came in place of an answer.
pub fn is_html(seen: &Seen) -> bool {
    let media_type = seen
        .header(CONTENT_TYPE.as_str())
        .and_then(|v| v.to_str().ok());
    media_type.is_some_and(|text| text.starts_with("text/html"))
        || seen
            .body()
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("<!doctype html")
}

/// Whether two answers say the same, but for what no two answers share: ids and times.
fn is_same(one: &Seen, other: &Seen) -> bool {
    let plain = |seen: &Seen| -> String {
        let body = seen.body();
        let words = body.split(|c: char| !c.is_alphanumeric() && c != '-');
        words
            .filter(|word| !word.contains(|c: char| c.is_ascii_digit()))
            .collect()
    };
    one.status().is_some() && one.status() == other.status() && plain(one) == plain(other)
}

/// The status, or how none came.
pub fn answer_words(seen: &Seen) -> String {
    match &seen.came {
        Came::Answer { status, .. } => status.as_u16().to_string(),
        Came::Nothing(words) => words.clone(),
    }
}

/// What the target says itself, to be put behind a cause.
pub fn said(seen: &Seen, masks: &Masks) -> String {
    const CHARS_MAX: usize = 160;
    let body = masks.apply(seen.body());
    let body = body.trim();
    match body.is_empty() || is_html(seen) {
        true => String::new(),
        false => format!(
            ": it says {}",
            body.chars().take(CHARS_MAX).collect::<String>()
        ),
    }
}

fn shown(seen: &Seen, masks: &Masks, hides_answer: bool) -> Shown {
    let request = seen.request.recorded("");
    let field = |(name, value): &(String, String)| masks.apply(format!("{name}: {value}"));
    let is_login = request
        .body
        .as_deref()
        .is_some_and(|b| b.contains("\"apiSecret\""));
    let body = match is_login {
        true => Some(format!(
            "{{\"apiKey\":\"{REDACTED}\",\"apiSecret\":\"{REDACTED}\"}}"
        )),
        false => request.body.map(|body| masks.apply(body)),
    };
    let came = seen
        .incoming()
        .map(|incoming| recorded(incoming, None, masks));
    let answer_body = match (&came, hides_answer) {
        (None, _) => None,
        (Some(_), true) => Some(format!("{REDACTED}: it may hold a token")),
        (Some(response), false) if response.body.trim().is_empty() => None,
        (Some(response), false) => Some(plain_body(&response.body)),
    };
    Shown {
        request: format!("{} {}", request.method, seen.request.url.as_str()),
        headers: request.headers.iter().map(field).collect(),
        body,
        answer: masks.apply(answer_words(seen)),
        answer_headers: came
            .iter()
            .flat_map(|response| response.headers.iter().map(field))
            .collect(),
        answer_body,
    }
}

/// The start of a body, without what introduces it in a sentence.
fn plain_body(body: &str) -> String {
    let shown = shown_body(body);
    shown
        .trim_start_matches(" and `")
        .trim_end_matches('`')
        .to_owned()
}

/// What was signed: the base with the token masked, and where each line is from.
fn signed(request: &Outgoing) -> Option<Signed> {
    let bytes = signature::base_signed(request)?;
    let components = signature::components_signed(request)?;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, &bytes);
    let base = String::from_utf8_lossy(&bytes).into_owned();
    let lines = base
        .lines()
        .enumerate()
        .map(|(index, line)| match components.get(index) {
            Some(Component::Field(name)) if is_secret(request, name) => {
                format!("\"{name}\": {REDACTED}")
            }
            _ => line.to_owned(),
        });
    Some(Signed {
        base: lines.collect::<Vec<_>>().join("\n"),
        sha384: hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        rebuild: components.iter().map(source).collect(),
    })
}

fn is_secret(request: &Outgoing, name: &str) -> bool {
    request
        .headers
        .get_all(name)
        .iter()
        .any(http::HeaderValue::is_sensitive)
}

/// Where a verifier finds the value of a component.
fn source(component: &Component) -> String {
    let from = match component {
        Component::Method => "the method of the request line, in capitals",
        Component::TargetUri => {
            "the whole URL as the client wrote it: scheme, host, port unless it is the default, path, query; behind a gateway, the outer one"
        }
        Component::Authority => "the Host field, in small letters, without the default port",
        Component::Scheme => "http or https, as the client spoke it",
        Component::RequestTarget => "the request line between method and version",
        Component::Path => "the path of the URL, percent-encoded as it came",
        Component::Query => "the query with its question mark; `?` alone where there is none",
        Component::Field(_) => {
            "the field's value without white space around it; several are joined by `, `"
        }
    };
    format!("\"{component}\": {from}")
}
