//! The trace: everything that went over the wire in a run, in a form that can be judged again.
//!
//! A trace file is JSON lines ([`Record`]): a header, then cases, their exchanges as they happen, and their ends. Cases
//! overlap in time, so their lines do too. A run that ended early may go on in the same file, behind a line that says so
//! ([`Record::Resumed`]): cases that were open there are judged as far as they went, and are run again, from the start and
//! under the same number. The last line says that the plan was carried out ([`Record::Over`]); a trace without it is that
//! of a run that was killed, stopped, or is still at work. Nothing secret is in it: the driver never puts a credential into a
//! [`Request`], and [`crate::redact`] masks card numbers in what a target sends.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::card::{AccountId, Action, CardId};
use crate::case::{Case, Encoding, Flaw, StepNumber, body_bytes};

/// The version of the form of trace files.
pub const TRACE_VERSION: u32 = 1;

/// So many events of a case are kept, the first; of more than that, none says anything new.
pub const EVENTS_MAX: usize = 200;

/// The place of a case in its run, counted from 1.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct CaseNumber(pub usize);

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a run. It stands in the report, at the top of the trace, and in each request, so that the target's operators
/// find what was sent. What is compared between runs never has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RunId(#[schemars(with = "String")] Uuid);

impl RunId {
    /// An id that no run had before; later ones sort after it.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// When it was made, to the millisecond.
    pub fn began(self) -> Option<jiff::Timestamp> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        let seconds = i64::try_from(seconds).ok()?;
        jiff::Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Microseconds since the run began.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Micros(pub u64);

/// Stands for the idempotency key or the body of a request in what others recorded, where it is missing there: nobody knows
/// what was sent.
pub const NOT_RECORDED: &str = "[not recorded]";

/// Header fields in the order in which they came, names in lower case.
pub type Headers = Vec<(String, String)>;

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// `POST`, `GET`, …
    pub method: String,
    /// The path after the base URL, with its query: `/cards/…`.
    pub path: String,
    /// The header fields that matter; credentials as `[redacted]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Headers,
    /// The body, if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How the body's text was written in bytes, if not in plain UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
}

impl Request {
    /// The body as it went over the wire.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        body_bytes(self.body.as_deref().unwrap_or_default(), self.encoding)
    }

    /// The body for people: its text, and how it was written if not in plain UTF-8.
    pub fn body_in_words(&self) -> Cow<'_, str> {
        let text = self.body.as_deref().unwrap_or_default();
        match self.encoding {
            None => text.into(),
            Some(encoding) => format!("{text} ({encoding})").into(),
        }
    }

    /// The value of a header field, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A response as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// All header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Headers,
    /// The body as text; bytes that are not UTF-8 are replaced (U+FFFD) and `body_is_text` is false.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body was valid UTF-8.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub body_is_text: bool,
    /// The body was a long list; only the elements that concern the case were kept, out of this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt_of: Option<usize>,
}

impl Response {
    /// The request was answered with success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The target asks to be asked again later, which is no answer to what was asked.
    pub fn is_put_off(&self) -> bool {
        puts_off(self.status, self.header("retry-after").is_some())
    }

    /// It tells whether the request was carried out, as neither one that puts it off does nor a server error.
    pub fn tells(&self) -> bool {
        !matches!(self.status, 429 | 500..)
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// The value of a header field, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Whether a target puts a request off by an answer of this status. A 503 that does not say for how long (`Retry-After`) is a
/// server error like others.
pub fn puts_off(status: u16, says_how_long: bool) -> bool {
    match status {
        429 => true,
        503 => says_how_long,
        _ => false,
    }
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.as_str())
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_no(value: &bool) -> bool {
    !*value
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A whole response came.
    Got(Response),
    /// None came, so nobody knows whether the request was carried out. The words say what happened.
    Lost(String),
    /// None came, because the step does without. The words say how. Nobody knows whether the request was carried out.
    LetGo(String),
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The step of the case that asked for it. A step may take several (waiting for issuance reads again and again).
    /// [`StepNumber::BEFORE`]: none did, an account with a past was read before the case began.
    pub step: StepNumber,
    /// When the request was sent.
    pub sent_at: Micros,
    /// When the last byte of the response was there, or the wait was over.
    pub received_at: Micros,
    /// The request.
    pub request: Request,
    /// Which flaw was put into it; the trace holds no keys, so the judge takes the driver's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// It was refused with 401, which may only mean that its token was over: nobody knew how long that was good. If another
    /// token was to be had, the next exchange is the same request with it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub token_over: bool,
    /// What came back.
    pub reply: Reply,
}

/// A webhook event as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When its last byte was there.
    pub received_at: Micros,
    /// The step whose subscription it was delivered to; absent: that of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<StepNumber>,
    /// All header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Headers,
    /// The body as text; bytes that are not UTF-8 are replaced (U+FFFD).
    pub body: String,
    /// What it was answered with.
    pub answered: u16,
}

impl Event {
    /// The value of a header field, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Exchange {
    /// The response, if one came.
    pub fn response(&self) -> Option<&Response> {
        match &self.reply {
            Reply::Got(response) => Some(response),
            Reply::Lost(_) | Reply::LetGo(_) => None,
        }
    }

    /// The response, if it tells whether the request was carried out.
    pub fn telling(&self) -> Option<&Response> {
        self.response().filter(|response| response.tells())
    }

    /// A response came, and it was a success.
    pub fn is_success(&self) -> bool {
        self.response().is_some_and(Response::is_success)
    }

    /// The body of the response, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        self.response()?.json()
    }
}

/// The field under which an event has its method, where that is not POST; so HTTP/2 names it (RFC 9113, section 8.3.1).
pub const METHOD_FIELD: &str = ":method";

/// Trouble that is nobody's proven fault: never a departure, never a pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Obstacle {
    /// The step at which it came, if it came at a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepNumber>,
    /// What happened, and what it prevented.
    pub words: String,
}

/// What is known of an account that did not begin empty.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Past {
    /// It was read first, by the exchanges of [`StepNumber::BEFORE`] at the start of the case. A card that they did not
    /// show is final, or was never made.
    Read,
    /// Nothing: cards of before may turn up at any time.
    Unknown,
    /// Nothing, and others act on it meanwhile: cards may turn up, and change, at any time.
    Shared,
}

impl Past {
    /// Cards that nobody has seen may be in any state.
    pub fn is_unknown(self) -> bool {
        match self {
            Self::Unknown | Self::Shared => true,
            Self::Read => false,
        }
    }
}

/// One case as it was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseTrace {
    /// Which case of the run.
    pub number: CaseNumber,
    /// The case.
    pub case: Case,
    /// The account that each letter stood for.
    pub accounts: BTreeMap<char, AccountId>,
    /// Those among them that did not begin empty, and what is known of that.
    pub pasts: BTreeMap<char, Past>,
    /// Its exchanges, in the order in which they were sent.
    pub exchanges: Vec<Exchange>,
    /// The events that were delivered meanwhile, in the order in which they came.
    pub events: Vec<Event>,
    /// What came in the way.
    pub obstacles: Vec<Obstacle>,
    /// Why it was not run, where accounts were wanting for it or the simulator is too late: neither an obstacle nor evidence.
    pub not_run: Option<String>,
    /// The case ran to its end; a trace that was cut off has one that didn't.
    pub complete: bool,
}

impl CaseTrace {
    /// So many events came that there may have been others, of which nothing is known.
    pub fn may_lack_events(&self) -> bool {
        self.events.len() >= EVENTS_MAX
    }

    /// Drops what is known of a race in which the case was cut off: requests of other lanes may have done something, and
    /// their answers are missing.
    pub fn forget_unfinished_race(&mut self) {
        let Some(last) = self.exchanges.iter().map(|e| e.step).max() else {
            return;
        };
        let reached = |stretch: &std::ops::Range<usize>| stretch.contains(&last.0.wrapping_sub(1));
        if let Some(stretch) = self.case.stretches().into_iter().find(reached)
            && self.case.lanes(&stretch).len() > 1
        {
            self.exchanges.retain(|e| e.step.0 <= stretch.start);
        }
    }
}

/// How cards leave `issuing` on a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Issuance {
    /// By themselves, at some time after the create.
    #[default]
    Automatic,
    /// Only when the simulator is told to.
    Manual,
}

/// What the judge must know of the target to judge its answers; taken from the profile, kept in the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// How cards leave `issuing`.
    pub issuance: Issuance,
    /// Which of activate, deactivate and terminate answer with 200 and the card instead of 204 (contract.md, operations).
    #[serde(default, deserialize_with = "all_or_some")]
    pub success_shows_card: BTreeSet<Action>,
    /// Readings of open points that the profile pins: point id to reading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, String>,
    /// Every UUID is an account, so none is unknown.
    #[serde(default, skip_serializing_if = "is_no")]
    pub every_account: bool,
    /// An account of another programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_account: Option<AccountId>,
    /// A card of another programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_card: Option<CardId>,
    /// A subscription of another programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub foreign_subscription: Option<Uuid>,
    /// How long an event may take; absent where none are received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_wait: Option<Micros>,
}

/// Earlier recordings know all of them or none.
fn all_or_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Action>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        All(bool),
        Some(BTreeSet<Action>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::All(true) => {
            BTreeSet::from([Action::Activate, Action::Deactivate, Action::Terminate])
        }
        Written::All(false) => BTreeSet::new(),
        Written::Some(actions) => actions,
    })
}

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// [`TRACE_VERSION`].
    pub trace: u32,
    /// The version of cardproof that wrote it.
    pub cardproof: String,
    /// The run that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The name of what was tested.
    pub target: String,
    /// Its base URL.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_url: String,
    /// SHA-256 of the OpenAPI document, in hexadecimal.
    pub contract: String,
    /// The seed of the run.
    pub seed: u64,
    /// The suites that were run.
    pub suites: Vec<String>,
    /// How many cases were to be generated, if not the suites' own numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<usize>,
    /// What the judge must know.
    pub terms: Terms,
    /// Requirements that the user disabled, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disabled: BTreeMap<String, String>,
    /// What the target lacks, in the words of the catalogue's needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first line.
    Header(Header),
    /// A case begins.
    Begin {
        /// Which.
        number: CaseNumber,
        /// The case.
        case: Case,
        /// The account that each letter stands for.
        accounts: BTreeMap<char, AccountId>,
        /// Those among them that did not begin empty.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pasts: BTreeMap<char, Past>,
    },
    /// An exchange happened.
    Exchange {
        /// In which case.
        number: CaseNumber,
        /// What happened.
        #[serde(flatten)]
        exchange: Exchange,
    },
    /// An event was delivered.
    Event {
        /// In which case.
        number: CaseNumber,
        /// What came.
        #[serde(flatten)]
        event: Event,
    },
    /// A case is over.
    End {
        /// Which.
        number: CaseNumber,
        /// What came in the way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        obstacles: Vec<Obstacle>,
        /// Why it was not run, where accounts were wanting for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_run: Option<String>,
    },
    /// The run ended early, and goes on from here; times count from here. What is open is over, and will be run again.
    Resumed {},
    /// No further case follows: the plan was carried out, or as much of it as was wanted.
    Over {},
}
