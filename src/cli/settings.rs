//! Flags that several commands share, and what they mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::FalseyValueParser;

use super::failure::{Failure, OrUsage};
use super::output::note;
use crate::contract::Contract;
use crate::profile::{Profile, Wait};

/// The document that targets are held to.
#[derive(clap::Args)]
pub struct SpecArgs {
    /// Hold the target to this OpenAPI document, 3.0 or 3.1, instead of the one that comes with cardproof, which it may extend
    /// [default: the profile's]. Where it contradicts that one, nothing is run.
    #[arg(long, value_name = "FILE", env = "CARDPROOF_SPEC")]
    spec: Option<PathBuf>,
    /// Go on although the document contradicts the one that comes with cardproof; the report says where.
    #[arg(long, env = "CARDPROOF_ALLOW_CONTRADICTIONS", value_parser = FalseyValueParser::new())]
    allow_contradictions: bool,
}

/// A document, and what in it is against the one that comes with cardproof.
#[derive(Clone)]
pub struct Held {
    /// The document, compiled.
    pub contract: &'static Contract,
    /// A line for each contradiction, with its place.
    pub contradictions: Vec<String>,
    /// The flags that choose it again.
    pub flags: String,
}

impl SpecArgs {
    /// The document that a target is held to: the one named, else its profile's, else the one that comes with cardproof.
    pub fn held(&self, profile: Option<&Profile>) -> Result<Held, Failure> {
        let own = profile.and_then(|profile| profile.spec.as_ref());
        let Some(path) = self.spec.as_ref().or(own) else {
            return Ok(Held {
                contract: Contract::embedded(),
                contradictions: Vec::new(),
                flags: String::new(),
            });
        };
        // It lives as long as the process, like the embedded one.
        let contract: &'static Contract = Box::leak(Box::new(load(path)?));
        let headers = profile.map(|profile| profile.headers.0.keys());
        let sent: Vec<&str> = headers.into_iter().flatten().map(String::as_str).collect();
        let contradictions = contract.contradictions(Contract::embedded(), &sent);
        let contradictions: Vec<String> = contradictions.iter().map(ToString::to_string).collect();
        if !contradictions.is_empty() {
            let list = told(path, &contradictions);
            match self.allow_contradictions {
                true => note(&format!("note: {list}")),
                false => return Err(Failure::usage(anyhow::anyhow!("{list}\n{ADVICE}"))),
            }
        }
        let spec = self
            .spec
            .as_ref()
            .map(|path| format!("--spec {}", path.display()));
        let allowed = self
            .allow_contradictions
            .then(|| "--allow-contradictions".to_owned());
        let flags: Vec<String> = spec.into_iter().chain(allowed).collect();
        Ok(Held {
            contract,
            contradictions,
            flags: flags.join(" "),
        })
    }
}

const ADVICE: &str = "What keeps to it can't keep to the contract, so nothing was run. Correct the document, or hold the target to it \
                      all the same with --allow-contradictions: the report then lists them.";

fn told(path: &Path, contradictions: &[String]) -> String {
    let places = match contradictions.len() {
        1 => "in one place".to_owned(),
        many => format!("in {many} places"),
    };
    let list = contradictions.join("\n  ");
    format!(
        "{} contradicts the contract that comes with cardproof {places}:\n  {list}",
        path.display()
    )
}

fn load(path: &Path) -> Result<Contract, Failure> {
    Contract::load(path)
        .map_err(|error| anyhow::anyhow!("the OpenAPI document can't be used\n{error}"))
        .or_usage()
}

/// Reads `60s`, `5m`, `1h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "a time is written like 60s, 5m or 1h30m".to_owned())?;
    Wait::try_from(parsed).map(|wait| wait.0)
}
