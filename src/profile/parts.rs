//! The values of a profile, each checked where it is read, so that a mistake is reported at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::secret::{HeaderText, Place, Secret};

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

/// How the target knows who calls.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(try_from = "CredentialsTable", into = "CredentialsTable")]
pub enum Credentials {
    /// It doesn't ask.
    #[default]
    None,
    /// By a bearer token that stays.
    Token(Secret),
    /// By the token that `POST /auth/token` gives.
    Login {
        /// Names the programme.
        api_key: Secret,
        /// Proves it.
        api_secret: Secret,
    },
}

/// The `[credentials]` table as written.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CredentialsTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    api_key: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    api_secret: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    token: Option<Secret>,
}

impl TryFrom<CredentialsTable> for Credentials {
    type Error = &'static str;

    fn try_from(table: CredentialsTable) -> Result<Self, Self::Error> {
        match (table.api_key, table.api_secret, table.token) {
            (None, None, None) => Ok(Self::None),
            (None, None, Some(token)) => Ok(Self::Token(token)),
            (Some(api_key), Some(api_secret), None) => Ok(Self::Login {
                api_key,
                api_secret,
            }),
            (_, _, Some(_)) => Err("credentials are either a token, or api_key and api_secret"),
            _ => Err("api_key and api_secret go together"),
        }
    }
}

impl From<Credentials> for CredentialsTable {
    fn from(credentials: Credentials) -> Self {
        match credentials {
            Credentials::None => Self::default(),
            Credentials::Token(token) => Self {
                token: Some(token),
                ..Self::default()
            },
            Credentials::Login {
                api_key,
                api_secret,
            } => Self {
                api_key: Some(api_key),
                api_secret: Some(api_secret),
                token: None,
            },
        }
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

/// The `[accounts]` table as written.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccountsTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    list: Option<Vec<Uuid>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    any: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    create: Option<AccountRecipe>,
}

impl TryFrom<AccountsTable> for Accounts {
    type Error = String;

    fn try_from(table: AccountsTable) -> Result<Self, String> {
        match (table.list, table.any, table.create) {
            (Some(list), false, None) => {
                let mut seen = BTreeSet::new();
                match list.iter().find(|id| !seen.insert(**id)) {
                    Some(twice) => Err(format!(
                        "the account {twice} is listed twice"
                    )),
                    None => Ok(Self::List(list)),
                }
            }
            (None, true, None) => Ok(Self::Any),
            (None, false, Some(recipe)) => check_recipe(recipe).map(Self::Create),
            _ => Err(
                "say one thing of accounts: list = [\"uuid\", …], any = true, or create = { path = \"…\" }"
                    .to_owned(),
            ),
        }
    }
}

fn check_recipe(recipe: AccountRecipe) -> Result<AccountRecipe, String> {
    check_method(&recipe.method)?;
    check_path(&recipe.path)?;
    if !recipe.id.starts_with('/') {
        return Err(format!(
            "`{}` is no JSON pointer: it begins with a slash, like /accountId",
            recipe.id
        ));
    }
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

impl From<ExtraHeaders> for BTreeMap<String, HeaderText> {
    fn from(headers: ExtraHeaders) -> Self {
        headers.0
    }
}
