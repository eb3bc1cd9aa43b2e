//! `cardproof serve`: the reference implementation, to try clients and harnesses on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::failure::{OrUsage, Outcome};
use super::interrupt;
use super::output::{note, show};
use super::target::ReferenceArgs;
use crate::embedded::Embedded;
use crate::exit_code::ExitCode;
use crate::profile::{Credentials, Profile, Secret, schema_file};
use crate::reference::Options;

/// The schema that is written beside a profile, for editors.
const SCHEMA_FILE: &str = "profile.schema.json";

/// Serve the reference implementation.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  cardproof serve --setup sandbox                    then, elsewhere: cardproof --profile sandbox/cardproof.toml
  cardproof serve --fault terminate-is-reversible    a server that departs")]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(
        short,
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8080",
        env = "CARDPROOF_ADDRESS"
    )]
    address: SocketAddr,
    /// Write a profile for this server to this folder, and beside it its credentials, in files of their own, and its schema.
    #[arg(long, value_name = "DIR")]
    setup: Option<PathBuf>,
    #[command(flatten)]
    reference: ReferenceArgs,
}

/// Serves until Ctrl-C.
pub fn execute(args: &Args) -> Outcome {
    let options = Options {
        address: args.address,
        ..args.reference.options()
    };
    let embedded = Embedded::start(options)
        .map_err(|error| cant_listen(args.address, error))
        .or_usage()?;
    let profile = args
        .setup
        .as_deref()
        .map(|folder| set_up(folder, args, &embedded))
        .transpose()
        .or_usage()?;
    let base_url = &embedded.running().base_url;
    show(|out| {
        writeln!(out, "{base_url}")?;
        match &profile {
            Some(profile) => writeln!(out, "cardproof --profile {}", profile.display()),
            None => Ok(()),
        }
    })?;
    note(&format!(
        "serving {}; Ctrl-C stops it",
        args.reference.name()
    ));
    if profile.is_none() {
        note("to test it from another process, start it with --setup DIR, which writes a profile");
    }
    interrupt::wait();
    Ok(ExitCode::Conforms)
}

fn cant_listen(address: SocketAddr, error: io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process has it; take another with --address, or any free one with --address 127.0.0.1:0"
        }
        _ => "name another with --address",
    };
    anyhow::anyhow!("can't listen on {address}: {error}; {advice}")
}

/// Writes a profile, and the credentials beside it: a profile never holds a secret.
fn set_up(folder: &Path, args: &Args, embedded: &Embedded) -> anyhow::Result<PathBuf> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| {
            anyhow::anyhow!("can't write {path}: {error}; name another folder with --setup")
        }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let running = embedded.running();
    for (name, secret) in [
        ("api-key", running.api_key.to_string()),
        ("api-secret", running.api_secret.clone()),
    ] {
        let path = folder.join(name);
        write_secret(&path, &secret).map_err(failed(&path))?;
    }
    let mut profile = embedded.profile();
    profile.name = args.reference.name();
    profile.credentials = Credentials::Login {
        api_key: Secret::file("api-key"),
        api_secret: Secret::file("api-secret"),
    };
    let schema = folder.join(SCHEMA_FILE);
    std::fs::write(&schema, schema_file()).map_err(failed(&schema))?;
    let path = folder.join("cardproof.toml");
    std::fs::write(&path, profile_text(&profile)?).map_err(failed(&path))?;
    Ok(path)
}

fn profile_text(profile: &Profile) -> anyhow::Result<String> {
    let text = toml::to_string(profile)?;
    Ok(format!(
        "#:schema {SCHEMA_FILE}\n# The profile of a server that `cardproof serve` started; its credentials are in the files beside it.\n{text}"
    ))
}

/// For the owner's eyes only, where the system knows owners.
pub fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{secret}")
}
