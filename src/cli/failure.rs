//! What keeps a command from doing its work, and the exit code that says so.

use crate::drive::Trouble;
use crate::exit_code::ExitCode;

use super::output;

/// How a command ended.
pub type Outcome = Result<ExitCode, Failure>;

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    error: anyhow::Error,
}

impl Failure {
    /// A mistake in what the user gave.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: ExitCode::Usage,
            error: error.into(),
        }
    }

    /// How the process ends for it.
    pub fn code(&self) -> ExitCode {
        self.code
    }

    /// Tells the user, and gives the exit code.
    pub fn tell(self) -> ExitCode {
        // Some errors word their cause themselves; it is told once.
        let mut words = String::new();
        for cause in self.error.chain().map(ToString::to_string) {
            if !words.contains(&cause) {
                let join = if words.is_empty() { "" } else { ": " };
                words = format!("{words}{join}{cause}");
            }
        }
        output::note(&format!("error: {words}"));
        self.code
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let code = match trouble {
            Trouble::Secret { .. } | Trouble::Unusable { .. } => ExitCode::Usage,
            Trouble::NoAnswer { .. }
            | Trouble::NoAccount { .. }
            | Trouble::NotReset { .. }
            | Trouble::Refused { .. }
            | Trouble::NotUnderstood { .. }
            | Trouble::ShutOut { .. } => ExitCode::Inconclusive,
            Trouble::Machine { .. } => ExitCode::Internal,
        };
        Self {
            code,
            error: anyhow::Error::new(trouble).context("the target could not be prepared"),
        }
    }
}

/// Makes failures of errors.
pub trait OrUsage<T> {
    /// The user can put it right.
    fn or_usage(self) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrUsage<T> for Result<T, E> {
    fn or_usage(self) -> Result<T, Failure> {
        self.map_err(Failure::usage)
    }
}
