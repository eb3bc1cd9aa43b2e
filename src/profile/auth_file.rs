//! Authentication files of Web Fuzzing Commons, which other testers of APIs read too.
//!
//! The form is that of the published schema (WebFuzzing/Commons, `wfc/schemas/auth.yaml`), with the members of its
//! earlier versions. Such a file may hold secrets; nothing of it is repeated in an error, and what it says is a
//! [`Secret`] from here on. What the contract has no place for (cookies, a token in a query) is refused in words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Profile;
use super::credentials::{Credentials, LoginAddress, LoginBody, LoginCall, TokenPlace};
use super::parts::{BaseUrl, ExtraHeaders, check_method, check_path, check_pointer};
use super::secret::{HeaderText, Secret};
use crate::contract::{Document, Place};
use crate::words::nearest;

/// More than any such file has.
const FILE_BYTES_MAX: u64 = 1 << 20;

const FORM: &str = "application/x-www-form-urlencoded";

/// An authentication file that can't be used. Nothing of what it holds is shown.
#[derive(Debug, thiserror::Error)]
pub enum AuthFileError {
    /// It can't be read.
    #[error("can't read the authentication file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong, or can't be used here.
    #[error("{file}:{line}:{column}: {problem}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// What is wrong at a JSON pointer.
struct Fault {
    at: String,
    problem: String,
}

type Read<T> = Result<T, Fault>;

impl Profile {
    /// Calls as an authentication file says, in place of `[credentials]`. Where the file has several users, `auth_user`
    /// says which one.
    ///
    /// # Errors
    /// The file can't be read, is not of that form, or says what can't be done here.
    pub fn use_auth_file(&mut self, path: &Path) -> Result<(), AuthFileError> {
        self.auth_file = None;
        let text = read(path).map_err(|source| AuthFileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |place: Option<Place>, problem: String| AuthFileError::Wrong {
            file: path.display().to_string(),
            line: place.map_or(1, |place| place.line),
            column: place.map_or(1, |place| place.column),
            problem,
        };
        let document = Document::parse(&text).map_err(|place| {
            let problem = "from here on this is no YAML (or JSON): mend it, or name another file as auth_file";
            wrong(place, problem.to_owned())
        })?;
        let auth = user(&document, self.auth_user.as_deref())
            .and_then(|user| user.auth(&self.base_url))
            .map_err(|fault| wrong(document.place(&fault.at), fault.problem))?;
        self.credentials = auth.credentials;
        self.headers.add(auth.headers);
        Ok(())
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other("it is far too long for one"));
    }
    std::fs::read_to_string(path)
}

/// What a file says of one user.
struct Auth {
    credentials: Credentials,
    headers: BTreeMap<String, HeaderText>,
}

/// One user of a file; what the user leaves out stands in the template.
struct User<'a> {
    document: &'a Document,
    at: String,
}

/// The user who calls.
fn user<'a>(document: &'a Document, wanted: Option<&str>) -> Read<User<'a>> {
    check_names(
        document,
        "",
        &["schemaVersion", "auth", "authTemplate", "configs"],
    )?;
    let Some(Value::Array(users)) = document.get("/auth") else {
        return Err(fault(
            "",
            "`auth` is missing: a list of users, each with a name and how to authenticate",
        ));
    };
    let name = |user: &Value| user["name"].as_str().map(str::to_owned);
    let names: Vec<String> = users.iter().filter_map(name).collect();
    let known = names.join(", ");
    let index = match (wanted, users.len()) {
        (_, 0) => return Err(fault("/auth", "`auth` names no user")),
        (None, 1) => 0,
        (None, many) => {
            let words = format!("there are {many} users here, and cardproof calls as one: say which with auth_user = \"…\" in the profile ({known})");
            return Err(fault("/auth", words));
        }
        (Some(wanted), _) => users
            .iter()
            .position(|user| user["name"] == wanted)
            .ok_or_else(|| {
                fault("/auth", format!("there is no user `{wanted}` here: auth_user in the profile names one of {known}"))
            })?,
    };
    let user = User {
        document,
        at: format!("/auth/{index}"),
    };
    user.check()?;
    Ok(user)
}

impl User<'_> {
    /// It has no members that the format doesn't know.
    fn check(&self) -> Read<()> {
        for at in [self.at.as_str(), "/authTemplate"] {
            let inside = |member: &str| format!("{at}{member}");
            for (member, names) in [
                (
                    "",
                    &[
                        "name",
                        "requireMockHandling",
                        "fixedHeaders",
                        "loginEndpointAuth",
                        "createUsers",
                    ][..],
                ),
                (
                    "/loginEndpointAuth",
                    &[
                        "endpoint",
                        "externalEndpointURL",
                        "payloadRaw",
                        "payloadUserPwd",
                        "headers",
                        "verb",
                        "contentType",
                        "token",
                        "expectCookies",
                    ],
                ),
                (
                    "/loginEndpointAuth/payloadUserPwd",
                    &["username", "password", "usernameField", "passwordField"],
                ),
                (
                    "/loginEndpointAuth/token",
                    &[
                        "extractFrom",
                        "extractSelector",
                        "sendIn",
                        "sendName",
                        "sendTemplate",
                        "extractFromField",
                        "extractFromHeader",
                        "httpHeaderName",
                        "headerPrefix",
                        "headerPostfix",
                    ],
                ),
            ] {
                check_names(self.document, &inside(member), names)?;
            }
        }
        Ok(())
    }

    fn auth(&self, base_url: &BaseUrl) -> Read<Auth> {
        for (member, words) in [
            (
                "/requireMockHandling",
                "mocked logins can't be set up from outside: set requireMockHandling to false, and give what the target itself takes",
            ),
            (
                "/createUsers",
                "cardproof makes no users: take createUsers out, and name one that there is",
            ),
        ] {
            if self.is_set(member) {
                return Err(fault(self.place(member), words));
            }
        }
        let (token, headers) = self.fixed_headers()?;
        let login = self.is_set("/loginEndpointAuth");
        let credentials = match (token, login) {
            (Some(_), true) => {
                let words =
                    "this user has both a fixed Authorization header and a login: leave one";
                return Err(fault(self.place("/fixedHeaders"), words));
            }
            (Some(token), false) => Credentials::Token(Secret::literal(token)),
            (None, true) => Credentials::OtherLogin(Box::new(self.login(base_url)?)),
            (None, false) if !headers.is_empty() => Credentials::None,
            (None, false) => {
                let words =
                    "this user has no way to authenticate: fixedHeaders or loginEndpointAuth";
                return Err(fault(self.at.clone(), words));
            }
        };
        Ok(Auth {
            credentials,
            headers,
        })
    }

    /// The token among the fixed header fields, and the other ones.
    fn fixed_headers(&self) -> Read<(Option<String>, BTreeMap<String, HeaderText>)> {
        let at = self.place("/fixedHeaders");
        let mut headers = self.headers("/fixedHeaders")?;
        let authorization = headers
            .keys()
            .find(|name| name.eq_ignore_ascii_case("authorization"))
            .cloned();
        let mut token = None;
        if let Some(value) = authorization.and_then(|name| headers.remove(&name)) {
            let bearer = value.split_once(' ').filter(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
            });
            let (_, value) = bearer.ok_or_else(|| {
                fault(&at, "the contract's calls carry `Authorization: Bearer <token>`: another scheme can't be used")
            })?;
            token = Some(value.trim().to_owned());
        }
        let headers = header_texts(headers);
        let extra = ExtraHeaders::try_from(headers).map_err(|problem| fault(&at, problem))?;
        Ok((token, extra.0))
    }

    fn login(&self, base_url: &BaseUrl) -> Read<LoginCall> {
        if self.is_set("/loginEndpointAuth/expectCookies") {
            let words = "the contract's calls carry a bearer token, not cookies: set expectCookies to false, and say in `token` where the answer has one";
            return Err(fault(self.place("/loginEndpointAuth/expectCookies"), words));
        }
        let method = self.needed("/loginEndpointAuth/verb", "POST")?;
        let at = self.place("/loginEndpointAuth/verb");
        check_method(&method).map_err(|problem| fault(at, problem))?;
        Ok(LoginCall {
            method,
            address: self.address(base_url)?,
            headers: header_texts(self.headers("/loginEndpointAuth/headers")?),
            body: self.body()?,
            token: self.token()?,
            expiry: None,
        })
    }

    /// A path counts from the root of the target's host, where the format has it count from.
    fn address(&self, base_url: &BaseUrl) -> Read<LoginAddress> {
        let (path, url) = (
            "/loginEndpointAuth/endpoint",
            "/loginEndpointAuth/externalEndpointURL",
        );
        let (at, text) = match (self.text(path)?, self.text(url)?) {
            (Some(endpoint), None) => {
                check_path(&endpoint).map_err(|_| {
                    fault(
                        self.place(path),
                        "this is no path: it begins with a slash, like /login",
                    )
                })?;
                (path, format!("{}{endpoint}", base_url.origin()))
            }
            (None, Some(url_text)) => (url, url_text),
            _ => {
                let words =
                    "say one thing of where the login goes: endpoint or externalEndpointURL";
                return Err(fault(self.place("/loginEndpointAuth"), words));
            }
        };
        BaseUrl::try_from(text)
            .map(LoginAddress::Url)
            .map_err(|_| fault(self.place(at), "this is no address that a login could go to: write it like https://login.example/oauth2/token, without a query"))
    }

    fn body(&self) -> Read<LoginBody> {
        let media_type = self.text("/loginEndpointAuth/contentType")?;
        let pair = "/loginEndpointAuth/payloadUserPwd";
        match (
            self.text("/loginEndpointAuth/payloadRaw")?,
            self.is_set(pair),
        ) {
            (None, false) => Ok(LoginBody::None),
            (Some(_), true) => Err(fault(
                self.place(pair),
                "a login has one body: leave payloadRaw or payloadUserPwd",
            )),
            (Some(text), false) => Ok(LoginBody::Text {
                text: Secret::literal(text),
                media_type: media_type.unwrap_or_else(|| "application/json".to_owned()),
            }),
            (None, true) => {
                let member = |name: &str| self.needed(&format!("{pair}/{name}"), "…");
                let members = BTreeMap::from([
                    (
                        member("usernameField")?,
                        HeaderText::Plain(member("username")?),
                    ),
                    (
                        member("passwordField")?,
                        HeaderText::Secret(Secret::literal(member("password")?)),
                    ),
                ]);
                match media_type.as_deref() {
                    None | Some("application/json") => Ok(LoginBody::Json(members)),
                    Some(FORM) => Ok(LoginBody::Form(members)),
                    Some(_) => Err(fault(
                        self.place("/loginEndpointAuth/contentType"),
                        format!(
                            "a name and a password are sent as application/json or {FORM}; for another type write payloadRaw"
                        ),
                    )),
                }
            }
        }
    }

    fn token(&self) -> Read<TokenPlace> {
        let token = |member: &str| format!("/loginEndpointAuth/token/{member}");
        let place = match (
            self.text(&token("extractFrom"))?.as_deref(),
            self.text(&token("extractFromField"))?,
            self.text(&token("extractFromHeader"))?,
        ) {
            (Some("body"), None, None) => {
                TokenPlace::Body(self.needed(&token("extractSelector"), "/token")?)
            }
            (Some("header"), None, None) => {
                TokenPlace::Header(self.needed(&token("extractSelector"), "X-Auth-Token")?)
            }
            (None, Some(pointer), None) => TokenPlace::Body(pointer),
            (None, None, Some(field)) => TokenPlace::Header(field),
            _ => {
                let words = "say where the answer has the token: token: { extractFrom: body, extractSelector: /token, sendIn: header, sendName: Authorization, sendTemplate: \"Bearer {token}\" }";
                return Err(fault(self.place("/loginEndpointAuth/token"), words));
            }
        };
        if let TokenPlace::Body(pointer) = &place {
            let at = self.place("/loginEndpointAuth/token");
            check_pointer(pointer, "/token").map_err(|problem| fault(at, problem))?;
        }
        self.check_sending()?;
        Ok(place)
    }

    /// The contract leaves one way to send the token.
    fn check_sending(&self) -> Read<()> {
        let text = |member: &str| self.text(&format!("/loginEndpointAuth/token/{member}"));
        let place = text("sendIn")?.unwrap_or_else(|| "header".to_owned());
        let name = match text("sendName")? {
            Some(name) => name,
            None => text("httpHeaderName")?.unwrap_or_default(),
        };
        let (prefix, postfix) = (text("headerPrefix")?, text("headerPostfix")?);
        let template = text("sendTemplate")?.unwrap_or_else(|| {
            format!(
                "{}{{token}}{}",
                prefix.unwrap_or_default(),
                postfix.unwrap_or_default()
            )
        });
        let is_bearer = template.split_once(' ').is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && token.trim() == "{token}"
        });
        if place == "header" && name.eq_ignore_ascii_case("authorization") && is_bearer {
            return Ok(());
        }
        let words = "the contract's calls carry `Authorization: Bearer <token>`: write sendIn: header, sendName: Authorization, sendTemplate: \"Bearer {token}\"";
        Err(fault(self.place("/loginEndpointAuth/token"), words))
    }

    fn headers(&self, member: &str) -> Read<BTreeMap<String, String>> {
        let at = self.place(member);
        let wrong = || {
            fault(
                &at,
                "a list of header fields, each with a name and a value, is expected here, both as texts",
            )
        };
        let Some(value) = self.get(member) else {
            return Ok(BTreeMap::new());
        };
        let mut headers = BTreeMap::new();
        for header in value.as_array().ok_or_else(wrong)? {
            match (header["name"].as_str(), header["value"].as_str()) {
                (Some(name), Some(value)) => {
                    name.parse::<http::HeaderName>().map_err(|_| wrong())?;
                    headers.insert(name.to_owned(), value.to_owned())
                }
                _ => return Err(wrong()),
            };
        }
        Ok(headers)
    }

    /// The text of a member; its value is not shown when it is none.
    fn text(&self, member: &str) -> Read<Option<String>> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => {
                let words = "a text is expected here: put it between quotes";
                Err(fault(self.place(member), words))
            }
        }
    }

    fn needed(&self, member: &str, example: &str) -> Read<String> {
        let name = member.rsplit('/').next().unwrap_or(member);
        let missing = || {
            fault(
                self.place(member),
                format!("`{name}` is missing here: write {name}: {example}"),
            )
        };
        self.text(member)?
            .filter(|text| !text.is_empty())
            .ok_or_else(missing)
    }

    fn is_set(&self, member: &str) -> bool {
        !matches!(self.get(member), None | Some(Value::Bool(false)))
    }

    /// The user's own, or the template's. `null` says nothing.
    fn get(&self, member: &str) -> Option<&Value> {
        let own = self.document.get(&format!("{}{member}", self.at));
        own.filter(|value| !value.is_null())
            .or_else(|| self.document.get(&format!("/authTemplate{member}")))
            .filter(|value| !value.is_null())
    }

    /// Where a member stands, or what is around it.
    fn place(&self, member: &str) -> String {
        let own = format!("{}{member}", self.at);
        let template = format!("/authTemplate{member}");
        match self.document.get(&own).is_none() && self.document.get(&template).is_some() {
            true => template,
            false => own,
        }
    }
}

/// What says how a body is read is no secret; whatever else a header field holds may be one.
fn header_texts(headers: BTreeMap<String, String>) -> BTreeMap<String, HeaderText> {
    let text = |name: &str, value: String| match name.to_ascii_lowercase().as_str() {
        "accept" | "accept-language" | "content-type" | "user-agent" => HeaderText::Plain(value),
        _ => HeaderText::Secret(Secret::literal(value)),
    };
    headers
        .into_iter()
        .map(|(name, value)| {
            let text = text(&name, value);
            (name, text)
        })
        .collect()
}

/// An object at a pointer has no members but these.
fn check_names(document: &Document, at: &str, names: &[&str]) -> Read<()> {
    let object = match document.get(at) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(object)) => object,
        Some(_) => {
            let words = format!("an object with {} is expected here", names.join(", "));
            return Err(fault(at, words));
        }
    };
    let Some(unknown) = object.keys().find(|name| !names.contains(&name.as_str())) else {
        return Ok(());
    };
    let near = match nearest(unknown, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", names.join(", ")),
    };
    let escaped = unknown.replace('~', "~0").replace('/', "~1");
    Err(fault(
        format!("{at}/{escaped}"),
        format!("the format has no `{unknown}` here; {near}"),
    ))
}

fn fault(at: impl Into<String>, problem: impl Into<String>) -> Fault {
    Fault {
        at: at.into(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests;
