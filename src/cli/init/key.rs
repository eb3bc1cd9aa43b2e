//! `init --generate-key`: a key pair, whose public half is printed as `PUT /auth/signing` takes it.

use std::path::Path;

use super::{Failure, OrUsage, note, show};
use crate::cli::serve::write_secret;
use crate::drive::NewKey;

/// Writes the private half for the owner's eyes only.
pub fn generate(path: &Path) -> Result<(), Failure> {
    let pair = NewKey::generate()
        .map_err(|problem| anyhow::anyhow!("no key: {problem}"))
        .or_usage()?;
    write_secret(path, pair.private_pem.trim_end())
        .map_err(|error| anyhow::anyhow!("can't write {}: {error}", path.display()))
        .or_usage()?;
    note(&format!(
        "the private half is in {}; the public half, as PUT /auth/signing takes it (base64 of the PEM):",
        path.display()
    ));
    show(|out| writeln!(out, "{{\"publicKey\":\"{}\"}}", pair.public))
}
