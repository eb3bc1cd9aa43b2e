//! Where the API is: the base URL below which entries look like calls of the document.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;
use uuid::Uuid;

use super::form::Entry;
use crate::contract::Contract;

/// The base URL of the recording's API, and others that it could have been.
pub struct Base {
    pub url: BaseUrl,
    /// Those, with the number of entries.
    pub others: Vec<(String, usize)>,
}

/// An origin and the path before that of the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseUrl {
    /// `https://host:port`, the port only where it is unusual.
    origin: String,
    /// `/v1`, without a slash at its end.
    prefix: String,
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

impl BaseUrl {
    /// The base URL that somebody wrote.
    fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The path of a URL below this one, with its query.
    pub fn path_of(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        if url.origin().ascii_serialization() != self.origin {
            return None;
        }
        let path = url.path().strip_prefix(&self.prefix)?;
        let query = url
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        path.starts_with('/').then(|| format!("{path}{query}"))
    }
}

/// How much speaks for a base URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Signs {
    /// Calls with an id where the document has one.
    strong: usize,
    /// Others whose path and method fit: a list of cards, but perhaps a page of that name.
    weak: usize,
}

/// Finds the API, or takes the base URL that was given.
pub fn find(contract: &Contract, entries: &[Entry], given: Option<&str>) -> Result<Base, String> {
    let mut found: BTreeMap<BaseUrl, Signs> = BTreeMap::new();
    for entry in entries {
        if let Some((base, is_strong)) = base_of(contract, entry) {
            let signs = found.entry(base).or_default();
            signs.strong += usize::from(is_strong);
            signs.weak += usize::from(!is_strong);
        }
    }
    if let Some(text) = given {
        let url = BaseUrl::parse(text).map_err(|error| {
            format!("--base-url {text} is no URL ({error}): write it as https://host/v1")
        })?;
        if !found.contains_key(&url) {
            return Err(format!(
                "nothing below {url} is about cards; {}",
                there_is(&found)
            ));
        }
        return Ok(with_others(url, &found));
    }
    // Several may have a `/cards`; only one that is called with ids is sure to be it.
    let most = found.values().copied().max().unwrap_or_default();
    let mut best = found.iter().filter(|(_, signs)| **signs == most);
    match (best.next(), best.next()) {
        (Some((url, _)), None) => Ok(with_others(url.clone(), &found)),
        _ => Err(format!(
            "where is the API? Name it with --base-url; {}",
            there_is(&found)
        )),
    }
}

fn with_others(url: BaseUrl, found: &BTreeMap<BaseUrl, Signs>) -> Base {
    let others = found
        .iter()
        .filter(|(other, signs)| **other != url && signs.strong > 0)
        .map(|(other, signs)| (other.to_string(), signs.strong + signs.weak));
    Base {
        others: others.collect(),
        url,
    }
}

fn there_is(found: &BTreeMap<BaseUrl, Signs>) -> String {
    const TOLD_MAX: usize = 5;
    let told: Vec<String> = found
        .keys()
        .take(TOLD_MAX)
        .map(ToString::to_string)
        .collect();
    match told.is_empty() {
        true => "no entry is a call of the document".to_owned(),
        false => format!("calls of the document are found below {}", told.join(", ")),
    }
}

/// The shortest base URL below which an entry is a call of the document, and whether an id in its path confirms that.
fn base_of(contract: &Contract, entry: &Entry) -> Option<(BaseUrl, bool)> {
    let url = Url::parse(&entry.request.url).ok()?;
    let path = url.path();
    let starts = path.match_indices('/').map(|(place, _)| place);
    for start in starts {
        let Some(route) = contract.route(&entry.request.method, &path[start..]) else {
            continue;
        };
        let id = route.card.or(route.account).or(route.webhook);
        let base = BaseUrl {
            origin: url.origin().ascii_serialization(),
            prefix: path[..start].to_owned(),
        };
        let is_strong = id.is_some_and(|id| Uuid::try_parse(id).is_ok());
        return (is_strong || entry.is_json()).then_some((base, is_strong));
    }
    None
}
