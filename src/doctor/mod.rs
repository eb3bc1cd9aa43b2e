//! What keeps cardproof from testing a target, found by evidence; pure.
//!
//! `src/drive/doctor/` goes through the steps and tries things out; what it sees becomes [`Fact`]s, and one table
//! (`causes.rs`) makes causes of them, the surest first, each with what to change. Nothing here is a verdict: a target
//! that can't be reached or prepared has departed from nothing.

mod causes;
mod evidence;
mod key_text;
mod loss;

use serde::Serialize;

pub use causes::{Cause, Sure};
pub use evidence::{Evidence, Fact, Trial};
pub use key_text::KeyForm;
pub use loss::Loss;

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The profile is read.
    Profile,
    /// Secrets are where it says.
    Secrets,
    /// The host's name resolves.
    Name,
    /// Something takes connections there.
    Connection,
    /// It can be spoken to over TLS.
    Tls,
    /// It speaks HTTP, and the API is at that path.
    Http,
    /// It gives a bearer token, or there is one.
    Token,
    /// It knows our key.
    Key,
    /// It accepts a read that we signed.
    SignedRead,
    /// It refuses one that nobody signed.
    UnsignedRead,
    /// There is an account.
    Account,
    /// Its cards can be listed.
    AccountCards,
    /// A card can be made.
    Create,
    /// It is issued.
    Issue,
    /// It can be read.
    Read,
    /// It can be terminated.
    Terminate,
    /// What happened to it was told.
    Events,
    /// The clock can be moved.
    Clock,
    /// What is another programme's stays out of reach.
    Foreign,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 19] = [
        Self::Profile,
        Self::Secrets,
        Self::Name,
        Self::Connection,
        Self::Tls,
        Self::Http,
        Self::Token,
        Self::Key,
        Self::SignedRead,
        Self::UnsignedRead,
        Self::Account,
        Self::AccountCards,
        Self::Create,
        Self::Issue,
        Self::Read,
        Self::Terminate,
        Self::Events,
        Self::Clock,
        Self::Foreign,
    ];

    /// What is looked at, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Profile => "the profile is read",
            Self::Secrets => "secrets are where it says",
            Self::Name => "the host's name resolves",
            Self::Connection => "it takes connections",
            Self::Tls => "it can be spoken to over TLS",
            Self::Http => "the API answers at base_url",
            Self::Token => "there is a bearer token",
            Self::Key => "it knows our key",
            Self::SignedRead => "a signed read is accepted",
            Self::UnsignedRead => "an unsigned read is refused",
            Self::Account => "there is an account",
            Self::AccountCards => "its cards can be listed",
            Self::Create => "a card can be made",
            Self::Issue => "the card is issued",
            Self::Read => "the card can be read",
            Self::Terminate => "the card can be terminated",
            Self::Events => "events arrive",
            Self::Clock => "the clock can be moved",
            Self::Foreign => "foreign ids stay out of reach",
        }
    }
}

/// What came of a step.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Which.
    pub step: Step,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a step ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// All is well.
    Ok {
        /// What was seen, in a few words; perhaps nothing.
        note: String,
    },
    /// It is not as it must be.
    Failed(Box<Failure>),
    /// It was not looked at.
    Skipped {
        /// Why.
        why: String,
    },
}

/// A step that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What is wrong, in a sentence.
    pub problem: String,
    /// What was sent, and what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Shown>,
    /// What was tried besides, and what came of it, each in a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
    /// What it may come from, the surest first.
    pub causes: Vec<Cause>,
    /// What was signed, where a signature may be at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signed>,
}

/// A request and what came of it, without credentials.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// `GET https://api.example/v1/cards`.
    pub request: String,
    /// Its header fields, `name: value` each.
    pub headers: Vec<String>,
    /// Its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `401`, or how no answer came.
    pub answer: String,
    /// The header fields of the answer.
    pub answer_headers: Vec<String>,
    /// The start of its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_body: Option<String>,
}

/// What was signed.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// The signature base (RFC 9421, section 2.5), line by line; a token in it is masked.
    pub base: String,
    /// SHA-384 of its bytes, the token unmasked, in hexadecimal: what the signature is made of.
    pub sha384: String,
    /// Where the server finds the value of each line.
    pub rebuild: Vec<String>,
}

/// All steps, and what came of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Examination {
    /// In the order of [`Step::ALL`].
    pub checks: Vec<Check>,
}

impl Examination {
    /// The steps that failed.
    pub fn failures(&self) -> impl Iterator<Item = (Step, &Failure)> {
        self.checks.iter().filter_map(|check| match &check.outcome {
            Outcome::Failed(failure) => Some((check.step, &**failure)),
            Outcome::Ok { .. } | Outcome::Skipped { .. } => None,
        })
    }

    /// Whether the profile itself is at fault, or a secret that it names: nothing was sent then.
    pub fn profile_is_wrong(&self) -> bool {
        self.failures()
            .any(|(step, _)| matches!(step, Step::Profile | Step::Secrets))
    }
}

#[cfg(test)]
mod tests;
