//! Flags that several commands share, and what they mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::{Failure, OrUsage};
use crate::contract::Contract;
use crate::profile::Wait;

/// The document that targets are held to.
#[derive(clap::Args)]
pub struct SpecArgs {
    /// Hold the target to this OpenAPI 3.0 document instead of the one that comes with cardproof.
    #[arg(long, value_name = "FILE", env = "CARDPROOF_SPEC")]
    spec: Option<PathBuf>,
}

impl SpecArgs {
    /// The document, compiled.
    pub fn contract(&self) -> Result<&'static Contract, Failure> {
        match &self.spec {
            None => Ok(Contract::embedded()),
            // It lives as long as the process, like the embedded one.
            Some(path) => Ok(Box::leak(Box::new(load(path)?))),
        }
    }
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
