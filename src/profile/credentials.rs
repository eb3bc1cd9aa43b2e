//! The `[credentials]` table: how the target knows who calls.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{BaseUrl, check_method, check_path, check_pointer, post};
use super::secret::{HeaderText, Place, Secret, TextOrPlace};

/// How the target knows who calls.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(try_from = "CredentialsTable", into = "CredentialsTable")]
pub enum Credentials {
    /// It doesn't ask.
    #[default]
    None,
    /// By a bearer token that is got elsewhere.
    Token(Secret),
    /// By the token that `POST /auth/token` gives.
    Login {
        /// Names the programme.
        api_key: Secret,
        /// Proves it.
        api_secret: Secret,
    },
    /// By the token that another call gives.
    OtherLogin(Box<LoginCall>),
}

impl Credentials {
    /// The call that gives a token, if one does.
    pub fn login(&self) -> Option<LoginCall> {
        match self {
            Self::None | Self::Token(_) => None,
            Self::Login {
                api_key,
                api_secret,
            } => Some(LoginCall::of_the_contract(api_key, api_secret)),
            Self::OtherLogin(call) => Some((**call).clone()),
        }
    }

    /// Tokens are fetched, and their answers say when they expire.
    pub fn tells_expiry(&self) -> bool {
        self.login().is_some_and(|call| call.expiry.is_some())
    }

    /// Where the secrets are.
    pub(super) fn secrets(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::None => vec![],
            Self::Token(token) => vec![token],
            Self::Login {
                api_key,
                api_secret,
            } => vec![api_key, api_secret],
            Self::OtherLogin(call) => {
                let members: Vec<_> = match &mut call.body {
                    LoginBody::None => vec![],
                    LoginBody::Json(members) | LoginBody::Form(members) => members
                        .values_mut()
                        .filter_map(HeaderText::secret)
                        .collect(),
                    LoginBody::Text { text, .. } => vec![text],
                };
                let headers = call.headers.values_mut().filter_map(HeaderText::secret);
                members.into_iter().chain(headers).collect()
            }
        }
    }
}

/// A call that gives a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "LoginTable", into = "LoginTable")]
pub struct LoginCall {
    /// Its method.
    pub method: String,
    /// Where it goes.
    pub address: LoginAddress,
    /// Its header fields.
    pub headers: BTreeMap<String, HeaderText>,
    /// Its body.
    pub body: LoginBody,
    /// Where its answer has the token.
    pub token: TokenPlace,
    /// Where its answer says how long the token is good; absent: as a JWT the token says it itself, or nobody knows.
    pub expiry: Option<Expiry>,
}

/// Where a login goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginAddress {
    /// After the base URL.
    Path(String),
    /// Elsewhere.
    Url(BaseUrl),
}

/// The body of a login.
#[derive(Clone, Debug)]
pub enum LoginBody {
    /// There is none.
    None,
    /// A JSON object of texts.
    Json(BTreeMap<String, HeaderText>),
    /// `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, HeaderText>),
    /// Exactly this.
    Text {
        /// The body.
        text: Secret,
        /// Of which media type.
        media_type: String,
    },
}

/// Where the answer of a login has the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// In the body, by a JSON pointer.
    Body(String),
    /// In a header field.
    Header(String),
}

/// How the answer of a login says until when the token is good: a JSON pointer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// In seconds since the epoch.
    At(String),
    /// In seconds from then.
    In(String),
}

impl LoginCall {
    /// `POST /auth/token` (contract.md, wire facts).
    fn of_the_contract(api_key: &Secret, api_secret: &Secret) -> Self {
        let member =
            |name: &str, secret: &Secret| (name.to_owned(), HeaderText::Secret(secret.clone()));
        Self {
            method: post(),
            address: LoginAddress::Path("/auth/token".to_owned()),
            headers: BTreeMap::new(),
            body: LoginBody::Json(BTreeMap::from([
                member("apiKey", api_key),
                member("apiSecret", api_secret),
            ])),
            token: TokenPlace::Body("/token".to_owned()),
            expiry: Some(Expiry::At("/expiresAt".to_owned())),
        }
    }
}

/// The `[credentials]` table: nothing, `token`, `api_key` and `api_secret`, or `login`.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CredentialsTable {
    /// The programme's key, for `POST /auth/token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    api_key: Option<Secret>,
    /// Its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    api_secret: Option<Secret>,
    /// A bearer token. It is read again before it expires, if it is a JWT, or after it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    token: Option<Secret>,
    /// The call that gives a token, where it is another than `POST /auth/token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LoginTable>")]
    login: Option<Box<LoginCall>>,
}

/// A call that gives a token.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginTable {
    /// Its method, `POST` unless said otherwise.
    #[serde(default = "post")]
    method: String,
    /// Its path after the base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Its whole address, where another host gives tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<BaseUrl>,
    /// Its header fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, TextOrPlace>")]
    headers: BTreeMap<String, HeaderText>,
    /// The members of its body, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, TextOrPlace>>")]
    json: Option<BTreeMap<String, HeaderText>>,
    /// The members of its body, as a form: `grant_type`, `client_id` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, TextOrPlace>>")]
    form: Option<BTreeMap<String, HeaderText>>,
    /// Where its answer has the token (a JSON pointer), `/token` unless said otherwise; `/access_token` for a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Where its answer says until when the token is good, in seconds since the epoch (a JSON pointer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Where its answer says how many seconds the token is good (a JSON pointer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_in: Option<String>,
}

impl TryFrom<CredentialsTable> for Credentials {
    type Error = &'static str;

    fn try_from(table: CredentialsTable) -> Result<Self, Self::Error> {
        match (table.api_key, table.api_secret, table.token, table.login) {
            (None, None, None, None) => Ok(Self::None),
            (None, None, Some(token), None) => Ok(Self::Token(token)),
            (None, None, None, Some(call)) => Ok(Self::OtherLogin(call)),
            (Some(api_key), Some(api_secret), None, None) => Ok(Self::Login {
                api_key,
                api_secret,
            }),
            (Some(_), None, None, None) | (None, Some(_), None, None) => {
                Err("api_key and api_secret go together")
            }
            _ => Err("credentials are either a token, or api_key and api_secret, or a login"),
        }
    }
}

impl From<Credentials> for CredentialsTable {
    fn from(credentials: Credentials) -> Self {
        let table = Self::default();
        match credentials {
            Credentials::None => table,
            Credentials::Token(token) => Self {
                token: Some(token),
                ..table
            },
            Credentials::Login {
                api_key,
                api_secret,
            } => Self {
                api_key: Some(api_key),
                api_secret: Some(api_secret),
                ..table
            },
            Credentials::OtherLogin(call) => Self {
                login: Some(call),
                ..table
            },
        }
    }
}

impl TryFrom<LoginTable> for LoginCall {
    type Error = String;

    fn try_from(table: LoginTable) -> Result<Self, String> {
        check_method(&table.method)?;
        for name in table.headers.keys() {
            name.parse::<http::HeaderName>()
                .map_err(|_| format!("`{name}` is no name of a header field"))?;
        }
        let address = match (table.path, table.url) {
            (Some(path), None) => check_path(&path).map(|()| LoginAddress::Path(path))?,
            (None, Some(url)) => LoginAddress::Url(url),
            _ => return Err("say one thing: path = \"/oauth2/token\" after base_url, or url = \"https://…\" elsewhere".to_owned()),
        };
        let usual = match &table.form {
            Some(_) => "/access_token",
            None => "/token",
        };
        let token = table.token.unwrap_or_else(|| usual.to_owned());
        check_pointer(&token, usual)?;
        let expiry = match (table.expires_at, table.expires_in) {
            (None, None) => None,
            (Some(at), None) => Some(check_pointer(&at, "/expiresAt").map(|()| Expiry::At(at))?),
            (None, Some(within)) => {
                Some(check_pointer(&within, "/expires_in").map(|()| Expiry::In(within))?)
            }
            _ => return Err("say one thing: expires_at or expires_in".to_owned()),
        };
        Ok(Self {
            method: table.method,
            address,
            headers: table.headers,
            body: match (table.json, table.form) {
                (None, None) => LoginBody::None,
                (Some(members), None) => LoginBody::Json(members),
                (None, Some(members)) => LoginBody::Form(members),
                _ => return Err("a body is either json or form".to_owned()),
            },
            token: TokenPlace::Body(token),
            expiry,
        })
    }
}

/// What only an authentication file can say (a body as text, a token in a header field) has no form here.
impl From<LoginCall> for LoginTable {
    fn from(call: LoginCall) -> Self {
        let (path, url) = match call.address {
            LoginAddress::Path(path) => (Some(path), None),
            LoginAddress::Url(url) => (None, Some(url)),
        };
        let (json, form) = match call.body {
            LoginBody::None | LoginBody::Text { .. } => (None, None),
            LoginBody::Json(members) => (Some(members), None),
            LoginBody::Form(members) => (None, Some(members)),
        };
        let (expires_at, expires_in) = match call.expiry {
            None => (None, None),
            Some(Expiry::At(pointer)) => (Some(pointer), None),
            Some(Expiry::In(pointer)) => (None, Some(pointer)),
        };
        Self {
            method: call.method,
            path,
            url,
            headers: call.headers,
            json,
            form,
            token: match call.token {
                TokenPlace::Body(pointer) => Some(pointer),
                TokenPlace::Header(_) => None,
            },
            expires_at,
            expires_in,
        }
    }
}
