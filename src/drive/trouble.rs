//! Why a target can't be driven at all: what was sent where, what came, what to do. Never a secret.

use crate::profile::SecretError;
use crate::visible_json::is_visible;

/// Trouble in setting up. It is no departure: set-up is not judged.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A secret is not where the profile says.
    #[error("can't find {what}: {source}")]
    Secret {
        /// Which secret.
        what: &'static str,
        /// Why.
        source: SecretError,
    },
    /// What the profile names can't be used.
    #[error("can't use {what}: {problem}")]
    Unusable {
        /// What.
        what: String,
        /// Why, and what would do.
        problem: String,
    },
    /// The recipe for fresh accounts does not work.
    #[error(
        "{problem}. Check [accounts] in the profile. Its calls are signed like every other one, by [signing]"
    )]
    NoAccount {
        /// What was sent, and what came.
        problem: String,
    },
    /// The sandbox can't be emptied.
    #[error(
        "the sandbox was not reset: {problem}. Check [sandbox.reset] in the profile, or leave it out"
    )]
    NotReset {
        /// What was sent, and what came.
        problem: String,
    },
    /// No answer came.
    #[error(
        "{call} got no answer: {words}. Check base_url ({base_url}): http or https, host and port; and that the target runs and can be reached from here"
    )]
    NoAnswer {
        /// The call: `POST /auth/token`.
        call: String,
        /// The address that the profile gives.
        base_url: String,
        /// What happened.
        words: String,
    },
    /// The answer was no success.
    #[error("{call} was answered with {status}{body}. {}", what_to_check(*status, advice))]
    Refused {
        /// The call.
        call: String,
        /// The status code.
        status: u16,
        /// The body, shortened, with what introduces it.
        body: String,
        /// What to do.
        advice: &'static str,
    },
    /// The answer was a success, but not what the contract says.
    #[error("{call} was answered with {status}, but {problem}{body}. {advice}")]
    NotUnderstood {
        /// The call.
        call: String,
        /// The status code.
        status: u16,
        /// What is missing.
        problem: String,
        /// The body, shortened, with what introduces it.
        body: String,
        /// What to do.
        advice: &'static str,
    },
    /// Calls are refused, whatever they ask for.
    #[error(
        "{call} was answered with {status}{body}. Where calls are refused like this, whatever they ask for, a run shows nothing about cards: `cardproof doctor` tries out why"
    )]
    ShutOut {
        /// The call.
        call: String,
        /// The status code.
        status: u16,
        /// The body, shortened, with what introduces it.
        body: String,
    },
    /// The machine gives no threads, no random numbers or no certificates.
    #[error("can't start {what}: {problem}")]
    Machine {
        /// What.
        what: &'static str,
        /// Why.
        problem: String,
    },
}

/// Where nothing is found, the address is the likelier mistake.
fn what_to_check(status: u16, advice: &str) -> String {
    match status {
        404 | 405 => format!(
            "Check base_url: paths are appended to it, so it has all that comes before /auth, /accounts and /cards, such as a gateway's prefix and the version. {advice}"
        ),
        _ => advice.to_owned(),
    }
}

/// The start of a body, safe to print: one line, nothing that can't be seen.
pub fn shown_body(body: &str) -> String {
    const CHARS_MAX: usize = 300;
    if body.trim().is_empty() {
        return " and no body".to_owned();
    }
    let shown: String = body
        .chars()
        .map(|c| if is_visible(c) { c } else { ' ' })
        .take(CHARS_MAX)
        .collect();
    let dots = if body.chars().nth(CHARS_MAX).is_some() {
        "…"
    } else {
        ""
    };
    format!(" and `{}{dots}`", shown.trim())
}
