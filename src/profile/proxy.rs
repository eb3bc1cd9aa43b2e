//! `proxy`: what stands between cardproof and the target.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::parts::BaseUrl;
use super::secret::{Place, Secret};

/// The proxy that a target is reached by. Without one, the environment is not asked either.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Proxy {
    /// As `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say: `proxy = "environment"`.
    Environment(Environment),
    /// This one.
    At(ProxyTable),
}

/// The word for it.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Environment {
    /// `"environment"`.
    #[serde(rename = "environment")]
    Environment,
}

/// A proxy, and how it knows who calls.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyTable {
    /// Its address: `http://127.0.0.1:3128`.
    pub url: BaseUrl,
    /// The name that it knows the caller by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    pub username: Option<Secret>,
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    pub password: Option<Secret>,
}

impl Proxy {
    pub(super) fn secrets(&mut self) -> impl Iterator<Item = &mut Secret> {
        let table = match self {
            Self::Environment(_) => None,
            Self::At(table) => Some(table),
        };
        table
            .into_iter()
            .flat_map(|table| table.username.iter_mut().chain(&mut table.password))
    }
}

/// How a proxy is written in a profile.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is of use")]
pub(super) enum Written {
    /// `environment`, or an address.
    Text(String),
    /// An address and credentials.
    Table(ProxyTable),
}

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ProxyVisitor)
    }
}

struct ProxyVisitor;

impl<'de> Visitor<'de> for ProxyVisitor {
    type Value = Proxy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a proxy: \"http://127.0.0.1:3128\", \"environment\", or { url = \"…\", username = { env = \"NAME\" }, password = { env = \"NAME\" } }",
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Proxy, E> {
        if text == "environment" {
            return Ok(Proxy::Environment(Environment::Environment));
        }
        let url = address(text).map_err(E::custom)?;
        Ok(Proxy::At(ProxyTable {
            url,
            username: None,
            password: None,
        }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Proxy, A::Error> {
        let table = ProxyTable::deserialize(MapAccessDeserializer::new(map))?;
        let url = address(table.url.as_str()).map_err(serde::de::Error::custom)?;
        if table.username.is_some() != table.password.is_some() {
            return Err(serde::de::Error::custom(
                "username and password go together",
            ));
        }
        Ok(Proxy::At(ProxyTable { url, ..table }))
    }
}

fn address(text: &str) -> Result<BaseUrl, String> {
    let example = "write it like http://127.0.0.1:3128";
    if text.contains('@') {
        return Err(
            "an address never holds a name or password: proxy = { url = \"…\", username = { env = \"NAME\" }, password = { env = \"NAME\" } }"
                .to_owned(),
        );
    }
    let url = BaseUrl::try_from(text.to_owned())?;
    let rest = url.as_str().strip_prefix("http://");
    match rest {
        Some(rest) if !rest.contains('/') => Ok(url),
        Some(_) => Err(format!("the address of a proxy has no path: {example}")),
        None => Err(format!("a proxy is spoken to without TLS: {example}")),
    }
}
