//! Secrets: a profile says where one is found, and never holds one.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::command::{CommandError, CommandLine};

/// Where a secret is found. What is found is never printed, neither by `Debug` nor by `Serialize`.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    Env(String),
    File(PathBuf),
    Command(CommandLine),
    Literal(SecretString),
}

impl Secret {
    /// The secret in an environment variable.
    pub fn env(variable: impl Into<String>) -> Self {
        Self(Source::Env(variable.into()))
    }

    /// The secret in a file; white space at its end doesn't count.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// What a command prints; white space at its ends doesn't count.
    pub fn command(command: CommandLine) -> Self {
        Self(Source::Command(command))
    }

    /// A secret that the program made itself, for a target that it made too.
    pub fn literal(value: String) -> Self {
        Self(Source::Literal(value.into()))
    }

    /// The secret itself, read afresh. A command is waited for.
    ///
    /// # Errors
    /// The variable isn't set, the file can't be read, the command fails, or there is nothing in it.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let value: SecretString = match &self.0 {
            Source::Env(variable) => std::env::var(variable)
                .map_err(|_| SecretError::NotSet(variable.clone()))?
                .into(),
            Source::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end().to_owned())
                .map_err(|source| SecretError::Unreadable {
                    path: path.clone(),
                    source,
                })?
                .into(),
            Source::Command(command) => command.output()?,
            Source::Literal(value) => value.clone(),
        };
        if value.expose_secret().is_empty() {
            return Err(SecretError::Empty(self.to_string()));
        }
        Ok(value)
    }

    /// Paths in a profile count from the profile's folder.
    pub(super) fn rebase(&mut self, folder: &Path) {
        match &mut self.0 {
            Source::File(path) => *path = folder.join(&*path),
            Source::Command(command) => command.rebase(folder),
            Source::Env(_) | Source::Literal(_) => {}
        }
    }
}

/// A secret that is not where the profile says.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable isn't set, or isn't text.
    #[error(
        "the environment variable {0} is not set (or is not UTF-8): set it, or change its name in the profile"
    )]
    NotSet(String),
    /// The file can't be read.
    #[error("can't read the secret file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The command gives none.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Nothing is in it.
    #[error("{0} is empty: put the secret there")]
    Empty(String),
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Env(variable) => write!(f, "the environment variable {variable}"),
            Source::File(path) => write!(f, "the file {}", path.display()),
            Source::Command(command) => command.fmt(f),
            Source::Literal(_) => f.write_str("[redacted]"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match &self.0 {
            Source::Literal(_) => return serializer.serialize_str("[redacted]"),
            _ => serializer.serialize_map(Some(1))?,
        };
        match &self.0 {
            Source::Env(variable) => map.serialize_entry("env", variable)?,
            Source::File(path) => map.serialize_entry("file", &path.display().to_string())?,
            Source::Command(command) => map.serialize_entry("command", command)?,
            Source::Literal(_) => {}
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Where a secret is found: one of these.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The name of an environment variable.
    env: Option<String>,
    /// The path of a file, relative to the profile.
    file: Option<PathBuf>,
    /// A program and its arguments, which prints the secret; run without a shell, where the profile is.
    #[schemars(with = "Option<Vec<String>>")]
    command: Option<CommandLine>,
}

/// A text, or where a secret is found.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only says in the schema what is taken")]
pub(super) enum TextOrPlace {
    /// Sent and recorded as it is.
    Text(String),
    /// Sent, recorded as `[redacted]`.
    Secret(Place),
}

/// The ways in which a place is written.
const WAYS: &str = "{ env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", …] }";

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "where the secret is: {WAYS}")
    }

    /// The text is a secret that should not be there, so the message must not repeat it.
    fn visit_str<E: serde::de::Error>(self, _secret: &str) -> Result<Secret, E> {
        Err(E::custom(
            "a profile never holds a secret: put this one into an environment variable and write { env = \"NAME\" } here, \
             or into a file and write { file = \"path\" }, or name a command that prints it: { command = [\"program\", …] }",
        ))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        match Place::deserialize(MapAccessDeserializer::new(map))? {
            Place {
                env: Some(variable),
                file: None,
                command: None,
            } => Ok(Secret::env(variable)),
            Place {
                env: None,
                file: Some(path),
                command: None,
            } => Ok(Secret::file(path)),
            Place {
                env: None,
                file: None,
                command: Some(command),
            } => Ok(Secret::command(command)),
            _ => Err(A::Error::custom(format!(
                "a secret is in one place: {WAYS}"
            ))),
        }
    }
}

/// The value of a header field, or of a member of a login: text, or a secret.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum HeaderText {
    /// Sent and recorded as it is.
    Plain(String),
    /// Sent, recorded as `[redacted]`.
    Secret(Secret),
}

impl HeaderText {
    /// The secret, if it is one.
    pub(super) fn secret(&mut self) -> Option<&mut Secret> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(secret) => Some(secret),
        }
    }
}

impl<'de> Deserialize<'de> for HeaderText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeaderTextVisitor)
    }
}

struct HeaderTextVisitor;

impl<'de> Visitor<'de> for HeaderTextVisitor {
    type Value = HeaderText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text, or, for a secret, {WAYS}")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<HeaderText, E> {
        Ok(HeaderText::Plain(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HeaderText, A::Error> {
        SecretVisitor.visit_map(map).map(HeaderText::Secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_where_the_profile_says() {
        let path = std::env::temp_dir().join(format!("cardproof-secret-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, "hunter2\n").unwrap();
        let secret = Secret::file(&path);
        assert_eq!(secret.read().unwrap().expose_secret(), "hunter2");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(secret.read(), Err(SecretError::Empty(_))));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(secret.read(), Err(SecretError::Unreadable { .. })));
        let unset = Secret::env("CARDPROOF_TEST_NEVER_SET").read().unwrap_err();
        assert!(unset.to_string().contains("CARDPROOF_TEST_NEVER_SET"));
    }

    #[test]
    fn a_literal_is_never_printed() {
        let secret = Secret::literal("hunter2".into());
        let shown = format!(
            "{secret} {secret:?} {}",
            serde_json::to_string(&secret).unwrap()
        );
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(secret.read().unwrap().expose_secret(), "hunter2");
    }
}
