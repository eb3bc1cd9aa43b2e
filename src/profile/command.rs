//! A command that is run for what it prints: `["vault", "read", "-field=token", "secret/cards"]`.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use wait_timeout::ChildExt;

/// How long a command may take.
const TIME_MAX: Duration = Duration::from_secs(30);
/// More than any secret or id.
const OUTPUT_BYTES_MAX: u64 = 256 << 10;

/// A program and its arguments, run without a shell, in the folder of the profile.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Vec<String>")]
pub struct CommandLine {
    words: Vec<String>,
    folder: Option<PathBuf>,
}

impl CommandLine {
    /// What it prints, without white space at its ends. It blocks until the command has ended.
    ///
    /// # Errors
    /// It can't be started, fails, takes too long, or prints what is no text. What it printed is not repeated.
    pub fn output(&self) -> Result<SecretString, CommandError> {
        self.output_within(TIME_MAX)
    }

    fn output_within(&self, time: Duration) -> Result<SecretString, CommandError> {
        let until = Instant::now() + time;
        let late = || CommandError::Late(self.to_string(), time);
        let mut child = self.start()?;
        let printed = printed(&mut child);
        let waited = child.wait_timeout(time);
        if !matches!(waited, Ok(Some(_))) {
            // It may have ended by itself just now, and either way it is waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
        match waited {
            Ok(Some(status)) if status.success() => {}
            Ok(Some(status)) => return Err(CommandError::Failed(self.to_string(), status)),
            Ok(None) => return Err(late()),
            Err(source) => return Err(self.not_started(source)),
        }
        // A process that it left behind may hold its output open.
        let left = until.saturating_duration_since(Instant::now());
        let bytes = printed.recv_timeout(left).map_err(|_| late())?;
        match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 <= OUTPUT_BYTES_MAX => Ok(text.trim().into()),
            _ => Err(CommandError::NoText(self.to_string())),
        }
    }

    fn start(&self) -> Result<Child, CommandError> {
        let (program, arguments) = self
            .words
            .split_first()
            .ok_or_else(|| self.not_started(std::io::Error::other("it has no words")))?;
        let mut command = Command::new(program);
        if let Some(folder) = &self.folder {
            // Whose folder a relative program counts from would differ from system to system.
            if Path::new(program).components().count() > 1 {
                command = Command::new(folder.join(program));
            }
            command.current_dir(folder);
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| self.not_started(source))
    }

    fn not_started(&self, source: std::io::Error) -> CommandError {
        CommandError::NotStarted(self.to_string(), source)
    }

    /// Relative paths in a profile count from the profile's folder.
    pub(super) fn rebase(&mut self, folder: &Path) {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        self.folder = std::path::absolute(folder).ok();
    }
}

/// Reads what it prints beside waiting for it, since a full pipe would stop it.
fn printed(child: &mut Child) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if stdout
                .take(OUTPUT_BYTES_MAX + 1)
                .read_to_end(&mut bytes)
                .is_ok()
            {
                // Nobody listens any more when the command was too late.
                let _ = sender.send(bytes);
            }
        });
    }
    receiver
}

/// A command that gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such program, or it may not be run.
    #[error("{0} can't be run: {1}; check its first word, and that it is installed here")]
    NotStarted(String, #[source] std::io::Error),
    /// It ended with a failure.
    #[error(
        "{0} ended with {1}; run it by hand to see why: what it says is not shown, since it may be secret"
    )]
    Failed(String, ExitStatus),
    /// It did not end.
    #[error("{0} did not end within {1:?}; run it by hand to see whether it asks for something")]
    Late(String, Duration),
    /// What it prints is binary, or far too long.
    #[error("{0} prints no text that could be used: let it print the one value alone")]
    NoText(String),
}

impl fmt::Display for CommandLine {
    /// Its program alone: a careless profile may have a secret among the arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.words[..] {
            [] => f.write_str("the command"),
            [program] => write!(f, "the command `{program}`"),
            [program, ..] => write!(f, "the command `{program} …`"),
        }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<Vec<String>> for CommandLine {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        match words.first() {
            Some(program) if !program.trim().is_empty() => Ok(Self {
                words,
                folder: None,
            }),
            _ => Err(FORM),
        }
    }
}

const FORM: &str =
    "a command is a program and its arguments, each a text of its own: [\"vault\", \"read\", …]";

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = CommandLine;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORM)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, words: A) -> Result<CommandLine, A::Error> {
        let words: Vec<String> = Deserialize::deserialize(SeqAccessDeserializer::new(words))?;
        words.try_into().map_err(A::Error::custom)
    }

    /// A text in this place may be a secret that should not be there, so the message must not repeat it.
    fn visit_str<E: serde::de::Error>(self, _text: &str) -> Result<CommandLine, E> {
        Err(E::custom(FORM))
    }
}

impl From<CommandLine> for Vec<String> {
    fn from(command: CommandLine) -> Self {
        command.words
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn command(words: &[&str]) -> CommandLine {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        words.try_into().unwrap()
    }

    #[test]
    fn a_command_is_run_for_what_it_prints() {
        let printed = command(&["printf", " hunter2\n\n"]).output().unwrap();
        assert_eq!(printed.expose_secret(), "hunter2");
        // There is no shell that would make anything of this.
        let printed = command(&["printf", "%s", "$HOME;ls"]).output().unwrap();
        assert_eq!(printed.expose_secret(), "$HOME;ls");
    }

    #[test]
    fn it_is_run_where_the_profile_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2").unwrap();
        let mut cat = command(&["cat", "token"]);
        cat.rebase(folder.path());
        assert_eq!(cat.output().unwrap().expose_secret(), "hunter2");
    }

    #[test]
    fn a_command_that_fails_is_told_without_what_it_says() {
        for (words, hint) in [
            (&["no-such-program-of-ours"][..], "can't be run"),
            (
                &["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"],
                "`sh …` ended with exit status: 3",
            ),
            (&["printf", "\\377"], "prints no text"),
        ] {
            let error = command(words).output().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(hint), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        for words in [
            &["sleep", "600"][..],
            // It ends, and what it left behind holds its output.
            &["sh", "-c", "sleep 5 & exit 0"],
        ] {
            let error = command(words)
                .output_within(Duration::from_millis(50))
                .unwrap_err();
            assert!(matches!(error, CommandError::Late(..)), "{error}");
        }
    }

    #[test]
    fn more_output_than_any_secret_has_does_not_stop_it() {
        let error = command(&["head", "-c", "1000000", "/dev/zero"])
            .output()
            .unwrap_err();
        let is_told = matches!(
            error,
            // Its pipe is closed to it.
            CommandError::NoText(_) | CommandError::Failed(..)
        );
        assert!(is_told, "{error}");
    }
}
