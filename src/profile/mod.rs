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

mod auth_file;
pub mod blank;
mod call;
mod check;
mod clock;
mod command;
mod credentials;
mod environment;
mod limits;
mod parts;
mod proxy;
mod secret;
mod signing;
mod success;
mod template;
mod tls;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::card::{AccountId, CardId};
use crate::trace::{Issuance, Micros, Terms};

pub use auth_file::AuthFileError;
pub use call::{AccountCall, PlainCall};
pub use check::Mistake;
pub use clock::ClockCall;
pub use command::{CommandError, CommandLine};
pub use credentials::{Credentials, Expiry, LoginAddress, LoginBody, LoginCall, TokenPlace};
pub use environment::{Environment, NeverTouch};
pub use limits::{Limits, Rate};
pub use parts::{AccountRecipe, Accounts, BaseUrl, ExtraHeaders, IssuerCall, Wait};
pub use proxy::{Proxy, ProxyTable};
pub use secret::{HeaderText, Secret, SecretError};
pub use signing::{Component, DigestAlgorithm, Signing};
pub use success::{Success, SuccessCode};
pub(crate) use template::{filled_text, filled_value, plain};
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
    /// Its OpenAPI document, 3.0 or 3.1, where it extends the one that comes with cardproof: the path, relative to the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<PathBuf>,
    /// What kind of place it is. Only in a sandbox is anything changed without `--allow-changes`. May be left out for a target on
    /// this machine, which is taken for a sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// How it knows who calls.
    #[serde(default)]
    #[schemars(with = "credentials::CredentialsTable")]
    pub credentials: Credentials,
    /// An authentication file of Web Fuzzing Commons, instead of `[credentials]`: its path, relative to the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_file: Option<PathBuf>,
    /// Which of the users in `auth_file` calls, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_user: Option<String>,
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
    /// What no request that changes anything may ever name.
    #[serde(default, skip_serializing_if = "NeverTouch::is_empty")]
    pub never_touch: NeverTouch,
    /// Where its events are received; without it none are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<webhooks::WebhooksTable>")]
    pub webhooks: Option<Webhooks>,
    /// Open points that it must read in one way: point id to reading.
    #[serde(default)]
    pub readings: BTreeMap<String, String>,
    /// What activate, deactivate and terminate answer: all the same, or each its own.
    #[serde(default)]
    #[schemars(with = "success::SuccessTable")]
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
    #[schemars(with = "BTreeMap<String, secret::TextOrPlace>")]
    pub headers: ExtraHeaders,
    /// Requirements that are not judged: id to reason.
    #[serde(default)]
    pub disabled: BTreeMap<String, String>,
    /// This run may change things outside a sandbox too. It is the run's, so no file can say it.
    #[serde(skip)]
    changes_allowed: bool,
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
    /// The call that issues a card, where it is another than the simulator's: `PATCH /sandbox/cards/{cardId}/approve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<IssuerCall>,
    /// How cards leave `issuing`.
    pub issuance: Issuance,
    /// How long a card may take to leave `issuing` by itself, or after the simulator was told.
    pub issuance_wait: Wait,
    /// The issuer's own acts.
    pub issuer: IssuerCalls,
    /// How the clock is moved forward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockCall>,
    /// The call that empties the sandbox, made before the run; the token is got and the key registered anew after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<PlainCall>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            simulator: true,
            issue: None,
            issuance: Issuance::default(),
            issuance_wait: Wait::default(),
            issuer: IssuerCalls::default(),
            clock: None,
            reset: None,
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
    /// A subscription of it (`PUT /webhooks`).
    #[schemars(with = "Option<String>")]
    pub subscription: Option<Uuid>,
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
    /// The authentication file that it names can't be used.
    #[error(transparent)]
    AuthFile(#[from] AuthFileError),
}

impl Profile {
    /// A target in the ordinary way: no credentials, a fresh key, everything else by default.
    pub fn new(name: impl Into<String>, base_url: BaseUrl, accounts: Accounts) -> Self {
        Self {
            name: name.into(),
            base_url,
            spec: None,
            environment: None,
            credentials: Credentials::default(),
            auth_file: None,
            auth_user: None,
            signing: Signing::default(),
            setup: Setup::default(),
            accounts,
            cleanup: true,
            sandbox: Sandbox::default(),
            foreign: Foreign::default(),
            never_touch: NeverTouch::default(),
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
            changes_allowed: false,
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
        let wrong = |place, problem| wrong(file_name, text, place, problem);
        let mut profile: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            wrong(start, without_values(with_near_name(error.message()), text))
        })?;
        let folder = Path::new(file_name).parent().unwrap_or(Path::new(""));
        profile.rebase(folder);
        let checked = profile.check();
        checked.map_err(|mistake| wrong(mistake.place(text).start, mistake.words().to_owned()))?;
        if let Some(path) = profile.auth_file.clone() {
            profile.use_auth_file(&path)?;
        }
        Ok(profile)
    }

    /// What it names counts from its folder.
    fn rebase(&mut self, folder: &Path) {
        for secret in self.secrets() {
            secret.rebase(folder);
        }
        match &mut self.accounts {
            Accounts::Calls(calls) => calls
                .iter_mut()
                .flat_map(|call| call.headers.values_mut())
                .filter_map(HeaderText::secret)
                .for_each(|secret| secret.rebase(folder)),
            Accounts::Command(command) => command.rebase(folder),
            Accounts::List(_) | Accounts::Any | Accounts::Create(_) => {}
        }
        for path in self.auth_file.iter_mut().chain(&mut self.spec) {
            *path = folder.join(&*path);
        }
        self.tls.rebase(folder);
    }

    /// What the judge must know of the target.
    pub fn terms(&self) -> Terms {
        Terms {
            issuance: self.sandbox.issuance,
            success_shows_card: self.success.with_card(),
            pins: self.readings.clone(),
            every_account: matches!(self.accounts, Accounts::Any),
            foreign_account: self
                .foreign
                .account
                .map(|id| AccountId::new(id.to_string())),
            foreign_card: self.foreign.card.map(|id| CardId::new(id.to_string())),
            foreign_subscription: self.foreign.subscription,
            event_wait: self.webhooks.as_ref().map(|w| micros(w.wait)),
        }
    }

    fn secrets(&mut self) -> impl Iterator<Item = &mut Secret> {
        let credentials = self.credentials.secrets();
        let headers = self.headers.0.values_mut().filter_map(HeaderText::secret);
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

/// The JSON Schema of a profile, as it stands in `spec/profile.schema.json`: editors check and complete by it.
///
/// # Panics
/// Never: a schema is JSON.
pub fn schema_file() -> Vec<u8> {
    let schema = schemars::schema_for!(Profile).to_value();
    let mut bytes = serde_json::to_vec_pretty(&schema).expect("names of members are texts");
    bytes.push(b'\n');
    bytes
}

fn micros(wait: Wait) -> Micros {
    Micros(u64::try_from(wait.0.as_micros()).unwrap_or(u64::MAX))
}

fn wrong(file: &str, text: &str, start: usize, problem: String) -> ProfileError {
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ProfileError::Wrong {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem,
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
