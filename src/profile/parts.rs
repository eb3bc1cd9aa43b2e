//! The values of a profile, each checked where it is read, so that a mistake is reported at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::call::{AccountCall, check_calls};
use super::command::CommandLine;
use super::secret::HeaderText;

/// An absolute http(s) address without a slash at its end: `http://127.0.0.1:8080/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The text of the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its scheme, host and port.
    pub fn origin(&self) -> &str {
        let after = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[after..]
            .find('/')
            .map_or(self.0.len(), |at| after + at);
        &self.0[..end]
    }

    /// It is on this machine.
    pub fn is_loopback(&self) -> bool {
        let url = url::Url::parse(&self.0).ok();
        match url.as_ref().and_then(url::Url::host) {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let example = "write it like http://127.0.0.1:8080/v1";
        let uri: http::Uri = text
            .parse()
            .map_err(|e| format!("this is no address ({e}): {example}"))?;
        let authority = uri
            .authority()
            .ok_or_else(|| format!("the address has no host: {example}"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(format!("the address is neither http nor https: {example}"));
        }
        if authority.as_str().contains('@') {
            return Err("an address never holds a name or password: see [credentials]".to_owned());
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(format!(
                "the address goes on after its path; paths are appended to it: {example}"
            ));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.0
    }
}

/// A length of time: `5s`, `1m 30s`, `200ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "jiff::SignedDuration", into = "jiff::SignedDuration")]
#[schemars(with = "String")]
pub struct Wait(pub Duration);

impl Default for Wait {
    /// Five seconds: long for an API, short for a person.
    fn default() -> Self {
        Self(Duration::from_secs(5))
    }
}

impl TryFrom<jiff::SignedDuration> for Wait {
    type Error = String;

    fn try_from(duration: jiff::SignedDuration) -> Result<Self, String> {
        Duration::try_from(duration)
            .ok()
            .filter(|d| !d.is_zero())
            .map(Self)
            .ok_or_else(|| "a wait is longer than nothing: write it like \"5s\"".to_owned())
    }
}

impl From<Wait> for jiff::SignedDuration {
    fn from(wait: Wait) -> Self {
        Self::try_from(wait.0).unwrap_or(Self::MAX)
    }
}

/// Where accounts come from: those that are made are used once, those that are listed again and again.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "AccountsTable", into = "AccountsTable")]
pub enum Accounts {
    /// These; cards in them are read first, and never changed.
    List(Vec<Uuid>),
    /// Every UUID is an account.
    Any,
    /// A call makes one.
    Create(AccountRecipe),
    /// Several calls make one, each with what the earlier ones brought.
    Calls(Vec<AccountCall>),
    /// A command makes one, and prints its id.
    Command(CommandLine),
}

impl Accounts {
    /// Each account is made when it is needed.
    pub fn are_made(&self) -> bool {
        match self {
            Self::List(_) | Self::Any => false,
            Self::Create(_) | Self::Calls(_) | Self::Command(_) => true,
        }
    }
}

impl AccountRecipe {
    /// The same as one of several calls.
    pub fn call(&self) -> AccountCall {
        AccountCall {
            method: self.method.clone(),
            path: self.path.clone(),
            body: self.body.clone(),
            headers: BTreeMap::new(),
            take: BTreeMap::from([(AccountCall::ACCOUNT.to_owned(), self.id.clone())]),
        }
    }
}

/// The call that makes a fresh account.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRecipe {
    /// Its method, `POST` unless said otherwise.
    #[serde(default = "post")]
    pub method: String,
    /// Its path after the base URL.
    pub path: String,
    /// Its body, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Where in the answer the id is (a JSON pointer), `/accountId` unless said otherwise.
    #[serde(default = "account_id")]
    pub id: String,
}

pub(super) fn post() -> String {
    "POST".to_owned()
}

fn account_id() -> String {
    "/accountId".to_owned()
}

/// The `[accounts]` table: one of these.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccountsTable {
    /// Accounts that have no card. Each is used by one case, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    list: Option<Vec<Uuid>>,
    /// Every UUID is an account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    any: bool,
    /// The call that makes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    create: Option<AccountRecipe>,
    /// The calls that make one together, one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<AccountCall>>,
    /// A program and its arguments, which makes one and prints its id; run without a shell, where the profile is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    command: Option<CommandLine>,
}

impl TryFrom<AccountsTable> for Accounts {
    type Error = String;

    fn try_from(table: AccountsTable) -> Result<Self, String> {
        match (table.list, table.any, table.create, table.calls, table.command) {
            (Some(list), false, None, None, None) => {
                let mut seen = BTreeSet::new();
                match list.iter().find(|id| !seen.insert(**id)) {
                    Some(twice) => Err(format!(
                        "the account {twice} is listed twice"
                    )),
                    None => Ok(Self::List(list)),
                }
            }
            (None, true, None, None, None) => Ok(Self::Any),
            (None, false, Some(recipe), None, None) => check_recipe(recipe).map(Self::Create),
            (None, false, None, Some(calls), None) => {
                check_calls(&calls).map(|()| Self::Calls(calls))
            }
            (None, false, None, None, Some(command)) => Ok(Self::Command(command)),
            _ => Err(
                "say one thing of accounts: list = [\"uuid\", …], any = true, create = { path = \"…\" }, [[accounts.calls]], \
                 or command = [\"program\", …]"
                    .to_owned(),
            ),
        }
    }
}

fn check_recipe(recipe: AccountRecipe) -> Result<AccountRecipe, String> {
    check_method(&recipe.method)?;
    check_path(&recipe.path)?;
    check_pointer(&recipe.id, "/accountId")?;
    Ok(recipe)
}

impl From<Accounts> for AccountsTable {
    fn from(accounts: Accounts) -> Self {
        let table = Self::default();
        match accounts {
            Accounts::List(list) => Self {
                list: Some(list),
                ..table
            },
            Accounts::Any => Self { any: true, ..table },
            Accounts::Create(recipe) => Self {
                create: Some(recipe),
                ..table
            },
            Accounts::Calls(calls) => Self {
                calls: Some(calls),
                ..table
            },
            Accounts::Command(command) => Self {
                command: Some(command),
                ..table
            },
        }
    }
}

pub(super) fn check_method(method: &str) -> Result<(), String> {
    let known = ["POST", "PUT", "PATCH", "DELETE", "GET"];
    if known.contains(&method) {
        return Ok(());
    }
    Err(format!("`{method}` is no method: {}", known.join(", ")))
}

pub(super) fn check_path(path: &str) -> Result<(), String> {
    match path.parse::<http::uri::PathAndQuery>() {
        Ok(_) if path.starts_with('/') => Ok(()),
        _ => Err(format!(
            "`{path}` is no path: it begins with a slash and is appended to base_url"
        )),
    }
}

pub(super) fn check_pointer(pointer: &str, example: &str) -> Result<(), String> {
    match pointer.starts_with('/') {
        true => Ok(()),
        false => Err(format!(
            "`{pointer}` is no JSON pointer: it begins with a slash, like {example}"
        )),
    }
}

/// A call that the sandbox offers in the issuer's stead: `PATCH /sandbox/cards/{cardId}/suspend`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct IssuerCall {
    /// Its method.
    pub method: String,
    path: String,
}

impl IssuerCall {
    const PLACE: &str = "{cardId}";

    /// The path for a card.
    pub fn path(&self, card_id: &str) -> String {
        self.path.replace(Self::PLACE, card_id)
    }
}

impl TryFrom<String> for IssuerCall {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (method, path) = text.split_once(' ').unwrap_or((&text, ""));
        check_method(method)?;
        check_path(&path.replace(Self::PLACE, "id"))?;
        if !path.contains(Self::PLACE) {
            return Err(format!(
                "`{text}` names no card: write it like PATCH /sandbox/cards/{{cardId}}/suspend"
            ));
        }
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl From<IssuerCall> for String {
    fn from(call: IssuerCall) -> Self {
        format!("{} {}", call.method, call.path)
    }
}

/// Header fields that each request carries besides those of the contract.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(
    try_from = "BTreeMap<String, HeaderText>",
    into = "BTreeMap<String, HeaderText>"
)]
pub struct ExtraHeaders(pub BTreeMap<String, HeaderText>);

impl TryFrom<BTreeMap<String, HeaderText>> for ExtraHeaders {
    type Error = String;

    fn try_from(headers: BTreeMap<String, HeaderText>) -> Result<Self, String> {
        const OURS: [&str; 9] = [
            "authorization",
            "content-digest",
            "content-length",
            "content-type",
            "host",
            "idempotency-key",
            "signature",
            "signature-input",
            "x-cardproof-run",
        ];
        for name in headers.keys() {
            let parsed: http::HeaderName = name
                .parse()
                .map_err(|_| format!("`{name}` is no name of a header field"))?;
            if OURS.contains(&parsed.as_str()) {
                return Err(format!(
                    "`{name}` is written by cardproof itself, from the other tables"
                ));
            }
        }
        Ok(Self(headers))
    }
}

impl ExtraHeaders {
    /// Adds those of another; where both have one, the other's stays.
    pub(super) fn add(&mut self, other: BTreeMap<String, HeaderText>) {
        for (name, text) in other {
            self.0.retain(|known, _| !known.eq_ignore_ascii_case(&name));
            self.0.insert(name, text);
        }
    }
}

impl From<ExtraHeaders> for BTreeMap<String, HeaderText> {
    fn from(headers: ExtraHeaders) -> Self {
        headers.0
    }
}
