//! Secrets are read here, and masked from then on wherever the target echoes them.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::trouble::Trouble;
use crate::profile::{ExtraHeaders, HeaderText, Secret};
use crate::redact::Masks;
use crate::trace::RunId;

/// The run's own header field.
const RUN: HeaderName = HeaderName::from_static("x-cardproof-run");

/// Reads a secret where the profile says; a command may take its time.
pub async fn read(
    what: &'static str,
    secret: &Secret,
    masks: &Masks,
) -> Result<SecretString, Trouble> {
    let place = secret.clone();
    let value = tokio::task::spawn_blocking(move || place.read())
        .await
        .map_err(|error| Trouble::Machine {
            what: "a thread that reads a secret",
            problem: error.to_string(),
        })?
        .map_err(|source| Trouble::Secret { what, source })?;
    masks.add(value.expose_secret());
    Ok(value)
}

/// Masks what a body, form or JSON, seems to keep secret by the names of its members.
pub fn mask_members(body: &SecretString, masks: &Masks) {
    let text = body.expose_secret();
    let members: Vec<(String, String)> = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect(),
        _ => form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect(),
    };
    for (name, value) in members {
        let name = name.to_ascii_lowercase();
        if ["pass", "pwd", "secret", "key", "token"]
            .iter()
            .any(|word| name.contains(word))
        {
            masks.add(&value);
        }
    }
}

/// The header fields beside those of the contract: the run's, and those of a profile. A signature covers them only where
/// the profile says so.
pub async fn extra_headers(
    extra: &ExtraHeaders,
    run: Option<RunId>,
    masks: &Masks,
) -> Result<HeaderMap, Trouble> {
    let mut map = HeaderMap::new();
    let run = run.map(|run| HeaderValue::from_str(&run.to_string()));
    map.extend(run.and_then(Result::ok).map(|run| (RUN, run)));
    map.extend(headers(&extra.0, masks).await?);
    Ok(map)
}

/// Header fields of a profile, secrets marked so that they are not printed.
pub async fn headers(
    headers: &BTreeMap<String, HeaderText>,
    masks: &Masks,
) -> Result<HeaderMap, Trouble> {
    let mut map = HeaderMap::new();
    for (name, text) in headers {
        let unusable = |problem: &str| Trouble::Unusable {
            what: format!("the header field {name}"),
            problem: problem.to_owned(),
        };
        let field: HeaderName = name
            .parse()
            .map_err(|_| unusable("that is no name of one"))?;
        let value = match text {
            HeaderText::Plain(text) => HeaderValue::from_str(text),
            HeaderText::Secret(secret) => {
                let secret = read("the value of a header field", secret, masks).await?;
                HeaderValue::from_str(secret.expose_secret()).map(|mut value| {
                    value.set_sensitive(true);
                    value
                })
            }
        };
        map.insert(
            field,
            value.map_err(|_| unusable("its value holds characters that none may hold"))?,
        );
    }
    Ok(map)
}
