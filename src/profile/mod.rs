//! A profile: one target as data. How it is reached, what it can do, how it reads the open points.
//!
//! It says what *this target* is; what *this run* does is said by flags. It is TOML, and a mistake in it is reported with
//! file, line and column:
//!
//! ```
//! use cardproof::profile::Profile;
//! let text = "name = \"mine\"\nbase_url = \"http://127.0.0.1:8080/v1\"\ntimeuot = \"3s\"\n[accounts]\nany = true\n";
//! let error = Profile::parse("mine.toml", text).unwrap_err();
//! assert!(error.to_string().starts_with("mine.toml:3:1: unknown field `timeuot`"));
//! assert!(error.to_string().ends_with("did you mean `timeout`?"));
//! ```

mod clock;
mod limits;
mod parts;
mod proxy;
mod secret;
mod signing;
pub mod template;
mod tls;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::card::{AccountId, CardId};
use crate::trace::{Issuance, Micros, Terms};

pub use clock::ClockCall;
pub use limits::{Limits, Rate};
pub use parts::{AccountRecipe, Accounts, BaseUrl, Credentials, ExtraHeaders, IssuerCall, Wait};
pub use proxy::{Proxy, ProxyTable};
pub use secret::{HeaderText, Secret, SecretError};
pub use signing::{Component, DigestAlgorithm, Signing};
pub use tls::{Identity, Tls};
pub use webhooks::Webhooks;

/// One target.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is called in reports.
    pub name: String,
    /// Its address, with the version prefix; every path is appended to it.
    pub base_url: BaseUrl,
    /// How it knows who calls.
    #[serde(default)]
    #[schemars(with = "parts::CredentialsTable")]
    pub credentials: Credentials,
    /// How requests are signed and digested.
    #[serde(default)]
    pub signing: Signing,
    /// What the set-up calls send.
    #[serde(default)]
    pub setup: Setup,
    /// Where fresh accounts come from.
    #[schemars(with = "parts::AccountsTable")]
    pub accounts: Accounts,
    /// What the run made in listed accounts and is still alive at its end is terminated.
    #[serde(default = "yes")]
    pub cleanup: bool,
    /// What it offers in the issuer's stead.
    #[serde(default)]
    pub sandbox: Sandbox,
    /// Ids of another programme.
    #[serde(default)]
    pub foreign: Foreign,
    /// Where its events are received; without it none are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<webhooks::WebhooksTable>")]
    pub webhooks: Option<Webhooks>,
    /// Open points that it must read in one way: point id to reading.
    #[serde(default)]
    pub readings: BTreeMap<String, String>,
    /// What activate, deactivate and terminate answer.
    #[serde(default)]
    pub success: Success,
    /// How long an answer may take.
    #[serde(default)]
    pub timeout: Wait,
    /// How long a connection may take to come about; absent: as long as an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<Wait>,
    /// Each request says of which run it is, in `User-Agent` and `X-Cardproof-Run`.
    #[serde(default = "yes")]
    pub run_id: bool,
    /// What stands between; without it the target is reached directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<proxy::Written>")]
    pub proxy: Option<Proxy>,
    /// How TLS is done.
    #[serde(default)]
    #[schemars(with = "tls::TlsTable")]
    pub tls: Tls,
    /// How gently it is asked.
    #[serde(default)]
    #[schemars(with = "limits::LimitsTable")]
    pub limits: Limits,
    /// Further header fields of each request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub headers: ExtraHeaders,
    /// Requirements that are not judged: id to reason.
    #[serde(default)]
    pub disabled: BTreeMap<String, String>,
}

/// What `POST /auth/token` and `PUT /auth/signing` carry; the contract leaves it open.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// `Idempotency-Key`.
    pub idempotency_key: bool,
    /// `Content-Digest`.
    pub digest: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            idempotency_key: true,
            digest: true,
        }
    }
}

/// The `[sandbox]` table.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// `PATCH /simulator/cards/{cardId}/issue` and `/fail` are there.
    pub simulator: bool,
    /// How cards leave `issuing`.
    pub issuance: Issuance,
    /// How long a card may take to leave `issuing` by itself.
    pub issuance_wait: Wait,
    /// The issuer's own acts.
    pub issuer: IssuerCalls,
    /// How the clock is moved forward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockCall>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            simulator: true,
            issuance: Issuance::default(),
            issuance_wait: Wait::default(),
            issuer: IssuerCalls::default(),
            clock: None,
        }
    }
}

/// Calls that act in the issuer's stead, where the sandbox has them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerCalls {
    /// `active` → `suspended`.
    pub suspend: Option<IssuerCall>,
    /// `suspended` → `active`.
    pub unsuspend: Option<IssuerCall>,
    /// → `blocked`.
    pub block: Option<IssuerCall>,
}

/// Ids of another programme, for showing that they stay out of reach.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Foreign {
    /// An account of it.
    #[schemars(with = "Option<String>")]
    pub account: Option<Uuid>,
    /// A card of it.
    #[schemars(with = "Option<String>")]
    pub card: Option<Uuid>,
}

/// What activate, deactivate and terminate answer (contract.md, operations).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Success {
    /// 204 without a body.
    #[default]
    #[serde(rename = "204")]
    NoContent,
    /// 200 with the card.
    #[serde(rename = "200-with-card")]
    Card,
}

/// A profile that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file can't be read.
    #[error("can't read the profile {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{file}:{line}:{column}: {problem}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl Profile {
    /// A target in the ordinary way: no credentials, a fresh key, everything else by default.
    pub fn new(name: impl Into<String>, base_url: BaseUrl, accounts: Accounts) -> Self {
        Self {
            name: name.into(),
            base_url,
            credentials: Credentials::default(),
            signing: Signing::default(),
            setup: Setup::default(),
            accounts,
            cleanup: true,
            sandbox: Sandbox::default(),
            foreign: Foreign::default(),
            webhooks: None,
            readings: BTreeMap::new(),
            success: Success::default(),
            timeout: Wait::default(),
            connect_timeout: None,
            run_id: true,
            proxy: None,
            tls: Tls::default(),
            limits: Limits::default(),
            headers: ExtraHeaders::default(),
            disabled: BTreeMap::new(),
        }
    }

    /// The profile in a file.
    ///
    /// # Errors
    /// The file can't be read, or something in it is wrong.
    pub fn load(path: &Path) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(path).map_err(|source| ProfileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The profile that `text` spells. Paths in it count from the folder of `file_name`.
    ///
    /// # Errors
    /// Something in it is wrong; the error never shows a value, which might be a secret.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, ProfileError> {
        let mut profile: Self =
            toml::from_str(text).map_err(|error| wrong(file_name, text, &error))?;
        let folder = Path::new(file_name).parent().unwrap_or(Path::new(""));
        for secret in profile.secrets() {
            secret.rebase(folder);
        }
        profile.tls.rebase(folder);
        Ok(profile)
    }

    /// What the judge must know of the target.
    pub fn terms(&self) -> Terms {
        Terms {
            issuance: self.sandbox.issuance,
            success_shows_card: self.success == Success::Card,
            pins: self.readings.clone(),
            every_account: matches!(self.accounts, Accounts::Any),
            foreign_account: self
                .foreign
                .account
                .map(|id| AccountId::new(id.to_string())),
            foreign_card: self.foreign.card.map(|id| CardId::new(id.to_string())),
            event_wait: self.webhooks.as_ref().map(|w| micros(w.wait)),
        }
    }

    fn secrets(&mut self) -> impl Iterator<Item = &mut Secret> {
        let credentials = match &mut self.credentials {
            Credentials::None => vec![],
            Credentials::Token(token) => vec![token],
            Credentials::Login {
                api_key,
                api_secret,
            } => vec![api_key, api_secret],
        };
        let headers = self.headers.0.values_mut().filter_map(|text| match text {
            HeaderText::Plain(_) => None,
            HeaderText::Secret(secret) => Some(secret),
        });
        credentials
            .into_iter()
            .chain(&mut self.signing.private_key)
            .chain(self.tls.identity.as_mut().map(|own| &mut own.key))
            .chain(self.proxy.iter_mut().flat_map(Proxy::secrets))
            .chain(headers)
    }
}

fn yes() -> bool {
    true
}

fn micros(wait: Wait) -> Micros {
    Micros(u64::try_from(wait.0.as_micros()).unwrap_or(u64::MAX))
}

fn wrong(file: &str, text: &str, error: &toml::de::Error) -> ProfileError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ProfileError::Wrong {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem: without_values(with_near_name(error.message()), text),
    }
}

/// The message without the texts that stand in the profile: any might be a secret that should not be there.
fn without_values(mut message: String, text: &str) -> String {
    /// Shorter ones are words of the profile's own, which help.
    const LENGTH_MIN: usize = 16;
    let mut values = vec![toml::from_str(text).unwrap_or(toml::Value::Boolean(false))];
    while let Some(value) = values.pop() {
        match value {
            toml::Value::String(value) if value.len() >= LENGTH_MIN => {
                message = message.replace(&value, "…");
                message = message.replace(value.escape_debug().to_string().as_str(), "…");
            }
            toml::Value::Array(more) => values.extend(more),
            toml::Value::Table(more) => values.extend(more.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    message
}

/// An unknown name stands first in backticks, the known ones after it.
fn with_near_name(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let near = match (message.starts_with("unknown "), names.next()) {
        (true, Some(unknown)) => crate::words::nearest(unknown, names),
        _ => None,
    };
    match near {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
