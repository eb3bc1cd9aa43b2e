//! The way to the target: straight, or by a proxy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tower_service::Service;

use super::client::chain;
use super::trouble::Trouble;
use crate::profile::{Profile, Proxy, ProxyTable, Secret};
use crate::redact::Masks;

/// How a connection to the target comes about.
pub enum Way {
    /// Nothing is between.
    Straight,
    /// The proxy connects, and passes bytes on unseen (`CONNECT`): whatever goes over TLS.
    Tunnel(Uri, Tunnel<HttpConnector>),
    /// The proxy reads each request and passes it on.
    Forward(Uri, Option<HeaderValue>),
}

impl Way {
    /// The way that a profile says.
    pub fn new(
        profile: &Profile,
        target: &Uri,
        tcp: &HttpConnector,
        masks: &Masks,
    ) -> Result<Self, Trouble> {
        let (proxy, authorization) = match &profile.proxy {
            None => return Ok(Self::Straight),
            Some(Proxy::Environment(_)) => match Matcher::from_env().intercept(target) {
                None => return Ok(Self::Straight),
                Some(found) => (found.uri().clone(), found.basic_auth().cloned()),
            },
            Some(Proxy::At(table)) => (address(table)?, credentials(table, masks)?),
        };
        if proxy.scheme_str() != Some("http") {
            return Err(unusable(
                "the environment names a proxy that is no plain HTTP proxy: write proxy = \"http://…\" in the profile"
                    .to_owned(),
            ));
        }
        let authorization = authorization.map(|mut value| {
            masks.add(&String::from_utf8_lossy(value.as_bytes()));
            value.set_sensitive(true);
            value
        });
        if target.scheme_str() != Some("https") {
            return Ok(Self::Forward(proxy, authorization));
        }
        let tunnel = Tunnel::new(proxy.clone(), tcp.clone());
        Ok(Self::Tunnel(
            proxy,
            match authorization {
                Some(value) => tunnel.with_auth(value),
                None => tunnel,
            },
        ))
    }

    /// A connection that leads to the target, or why there is none.
    pub async fn connect(&self, target: &Uri, tcp: &HttpConnector) -> Result<TcpStream, String> {
        let mut tcp = tcp.clone();
        match self {
            Self::Straight => match tcp.call(target.clone()).await {
                Ok(stream) => Ok(stream.into_inner()),
                Err(error) => Err(chain(&error)),
            },
            Self::Forward(proxy, _) => match tcp.call(proxy.clone()).await {
                Ok(stream) => Ok(stream.into_inner()),
                Err(error) => Err(by(proxy, &chain(&error))),
            },
            Self::Tunnel(proxy, tunnel) => match tunnel.clone().call(target.clone()).await {
                Ok(stream) => Ok(stream.into_inner()),
                Err(error) => {
                    let words = chain(&error);
                    Err(match words.contains("authorization required") {
                        true => wants_credentials(proxy),
                        false => by(proxy, &words),
                    })
                }
            },
        }
    }

    /// The address of the proxy, if there is one.
    pub fn proxy(&self) -> Option<String> {
        match self {
            Self::Straight => None,
            Self::Tunnel(proxy, _) | Self::Forward(proxy, _) => Some(shown(proxy)),
        }
    }

    /// Why an answer with this status is not the target's, if it is not.
    pub fn own_answer(&self, status: http::StatusCode) -> Option<String> {
        match self {
            Self::Forward(proxy, _)
                if status == http::StatusCode::PROXY_AUTHENTICATION_REQUIRED =>
            {
                Some(wants_credentials(proxy))
            }
            Self::Forward(..) | Self::Straight | Self::Tunnel(..) => None,
        }
    }
}

fn by(proxy: &Uri, words: &str) -> String {
    format!("by the proxy {}: {words}", shown(proxy))
}

fn wants_credentials(proxy: &Uri) -> String {
    by(
        proxy,
        "it wants to know who calls (407): proxy = { url = \"…\", username = { env = \"NAME\" }, password = { env = \"NAME\" } } in the profile",
    )
}

/// Where it is; an address from the environment may hold a password.
fn shown(proxy: &Uri) -> String {
    let port = proxy
        .port_u16()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("http://{}{port}", proxy.host().unwrap_or_default())
}

fn unusable(problem: String) -> Trouble {
    Trouble::Unusable {
        what: "proxy in the profile".to_owned(),
        problem,
    }
}

fn address(table: &ProxyTable) -> Result<Uri, Trouble> {
    let parsed = table.url.as_str().parse::<Uri>();
    parsed.map_err(|error| unusable(chain(&error)))
}

/// What the proxy is told of who calls (RFC 7617).
fn credentials(table: &ProxyTable, masks: &Masks) -> Result<Option<HeaderValue>, Trouble> {
    let (Some(username), Some(password)) = (&table.username, &table.password) else {
        return Ok(None);
    };
    let read = |what, secret: &Secret| -> Result<SecretString, Trouble> {
        let value = secret
            .read()
            .map_err(|source| Trouble::Secret { what, source })?;
        masks.add(value.expose_secret());
        Ok(value)
    };
    let username = read("the user name of the proxy", username)?;
    let password = read("the password of the proxy", password)?;
    let pair = format!("{}:{}", username.expose_secret(), password.expose_secret());
    let encoded = STANDARD.encode(pair);
    masks.add(&encoded);
    HeaderValue::try_from(format!("Basic {encoded}"))
        .map(Some)
        .map_err(|error| unusable(error.to_string()))
}
