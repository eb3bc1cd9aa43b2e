//! `cardproof init`: writes a profile, by asking where somebody can answer, or from flags.

mod ask;
mod key;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use uuid::Uuid;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::{note, show};
use super::target::{PROFILE_FILE, base_url};
use crate::exit_code::ExitCode;
use crate::profile::blank::{self, Known, quoted};
use crate::profile::{BaseUrl, Profile};
use ask::Questions;

/// Write a profile.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  cardproof init                                        asks
  cardproof init --url https://api.example/v1 --environment sandbox --accounts-path /sandbox/accounts --no-input
  cardproof init --generate-key key.pem                 a key pair for [signing], and its public half to register

No secret goes into a profile: it says in which environment variable or file one is.")]
pub struct Args {
    /// The address of the target, with its version prefix.
    #[arg(short, long, value_parser = base_url)]
    url: Option<BaseUrl>,
    /// What kind of place it is: sandbox, staging, production … Only in a sandbox is anything changed without
    /// --allow-changes. May be left out for a target on this machine.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// What the target is called in reports.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The environment variable that holds the API key.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "CARDS_API_KEY",
        help_heading = "Credentials"
    )]
    api_key_env: String,
    /// The environment variable that holds the API secret.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "CARDS_API_SECRET",
        help_heading = "Credentials"
    )]
    api_secret_env: String,
    /// The file that holds the API key.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "token_env",
        requires = "api_secret_file",
        help_heading = "Credentials"
    )]
    api_key_file: Option<PathBuf>,
    /// The file that holds the API secret.
    #[arg(
        long,
        value_name = "FILE",
        requires = "api_key_file",
        help_heading = "Credentials"
    )]
    api_secret_file: Option<PathBuf>,
    /// In place of key and secret: the environment variable that holds a bearer token.
    #[arg(long, value_name = "NAME", help_heading = "Credentials")]
    token_env: Option<String>,
    /// The target asks for no credentials.
    #[arg(long, conflicts_with_all = ["token_env", "api_key_file"], help_heading = "Credentials")]
    no_credentials: bool,
    /// The path of the call that makes an account.
    #[arg(long, value_name = "PATH", help_heading = "Accounts")]
    accounts_path: Option<String>,
    /// Where its answer has the id, as a JSON pointer.
    #[arg(
        long,
        value_name = "POINTER",
        default_value = "/accountId",
        help_heading = "Accounts"
    )]
    accounts_id: String,
    /// An account without cards; may be repeated.
    #[arg(
        long,
        value_name = "UUID",
        conflicts_with = "accounts_path",
        help_heading = "Accounts"
    )]
    account: Vec<Uuid>,
    /// Every UUID is an account.
    #[arg(long, conflicts_with_all = ["accounts_path", "account"], help_heading = "Accounts")]
    any_account: bool,
    /// The private key that signs (P-384, PEM) [default: a fresh one, registered for each run].
    #[arg(long, value_name = "FILE", help_heading = "Signing")]
    key: Option<PathBuf>,
    /// The id under which the target knows the key.
    #[arg(long, value_name = "ID", help_heading = "Signing")]
    key_id: Option<String>,
    /// Make a key pair: the private half goes into this file, the public half is printed.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "key",
        help_heading = "Signing"
    )]
    generate_key: Option<PathBuf>,
    /// How cards leave `issuing`.
    #[arg(long, value_name = "HOW", help_heading = "Sandbox")]
    issuance: Option<HowIssued>,
    /// The sandbox has no simulator.
    #[arg(long, help_heading = "Sandbox")]
    no_simulator: bool,
    /// Receive events at this address of this machine; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", help_heading = "Sandbox")]
    listen: Option<std::net::SocketAddr>,
    /// By which address the target reaches it.
    #[arg(long, value_name = "URL", value_parser = base_url, requires = "listen", help_heading = "Sandbox")]
    callback_url: Option<BaseUrl>,
    /// Where the profile goes.
    #[arg(long, value_name = "FILE", default_value = PROFILE_FILE)]
    out: PathBuf,
    /// Ask nothing.
    #[arg(long)]
    no_input: bool,
    /// Write over what is there.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HowIssued {
    /// By themselves.
    Automatic,
    /// When the simulator is told to.
    Manual,
}

/// Writes the profile, and says what to do next.
pub fn execute(args: &Args) -> Outcome {
    let may_ask = !args.no_input && std::io::stdin().is_terminal();
    let only_key = args.generate_key.is_some() && args.url.is_none() && !may_ask;
    if !only_key {
        check_free(&args.out, args.force)?;
    }
    if let Some(path) = &args.generate_key {
        check_free(path, args.force)?;
        key::generate(path)?;
    }
    if only_key {
        note("no profile is written without --url");
        return Ok(ExitCode::Conforms);
    }
    let mut known = known(args);
    match (may_ask, &args.url) {
        (true, _) => Questions::of_the_terminal().complete(&mut known, args)?,
        (false, None) => {
            return Err(Failure::usage(anyhow::anyhow!(
                "say where the target is: --url http://127.0.0.1:8080/v1"
            )));
        }
        (false, Some(_)) => {}
    }
    if !known.has_accounts() {
        return Err(Failure::usage(anyhow::anyhow!(
            "say where fresh accounts come from: --accounts-path /sandbox/accounts, --account UUID, or --any-account"
        )));
    }
    let text = blank::text(&known);
    let name = args.out.display().to_string();
    // A mistake in a flag is met as one in the profile would be.
    Profile::parse(&name, &text).or_usage()?;
    std::fs::write(&args.out, text)
        .map_err(|error| anyhow::anyhow!("can't write {name}: {error}; name another with --out"))
        .or_usage()?;
    show(|out| writeln!(out, "{name}"))?;
    let flag = match args.out == Path::new(PROFILE_FILE) {
        true => String::new(),
        false => format!(" --profile {name}"),
    };
    note(&format!(
        "written; see whether it works: cardproof doctor{flag}"
    ));
    Ok(ExitCode::Conforms)
}

/// Nothing that is there is lost.
fn check_free(path: &Path, force: bool) -> Result<(), Failure> {
    match path.exists() && !force {
        true => Err(Failure::usage(anyhow::anyhow!(
            "{} is there already: --force writes over it",
            path.display()
        ))),
        false => Ok(()),
    }
}

/// What the flags say.
fn known(args: &Args) -> Known {
    let mut known = Known::default();
    known.set("name", quoted(args.name.as_deref().unwrap_or("my cards")));
    if let Some(url) = &args.url {
        known.set("base_url", quoted(url.as_str()));
    }
    if let Some(environment) = &args.environment {
        known.set("environment", quoted(environment));
    }
    know_credentials(args, &mut known);
    know_accounts(args, &mut known);
    if let Some(path) = args.key.as_ref().or(args.generate_key.as_ref()) {
        known.set("signing.private_key", file(path, &args.out));
    }
    if let Some(id) = &args.key_id {
        known.set("signing.key_id", quoted(id));
    }
    if let Some(how) = args.issuance {
        let how = if how == HowIssued::Manual {
            "manual"
        } else {
            "automatic"
        };
        known.set("sandbox.issuance", quoted(how));
    }
    if args.no_simulator {
        known.set("sandbox.simulator", "false".to_owned());
    }
    if let Some(listen) = &args.listen {
        known.set("webhooks.listen", quoted(&listen.to_string()));
    }
    if let Some(url) = &args.callback_url {
        known.set("webhooks.callback_url", quoted(url.as_str()));
    }
    known
}

fn know_credentials(args: &Args, known: &mut Known) {
    match (&args.token_env, &args.api_key_file, &args.api_secret_file) {
        _ if args.no_credentials => {}
        (Some(token), ..) => known.set("credentials.token", env(token)),
        (None, Some(key), Some(secret)) => {
            known.set("credentials.api_key", file(key, &args.out));
            known.set("credentials.api_secret", file(secret, &args.out));
        }
        _ => {
            known.set("credentials.api_key", env(&args.api_key_env));
            known.set("credentials.api_secret", env(&args.api_secret_env));
        }
    }
}

fn know_accounts(args: &Args, known: &mut Known) {
    if let Some(path) = &args.accounts_path {
        let (path, id) = (quoted(path), quoted(&args.accounts_id));
        known.set("accounts.create", format!("{{ path = {path}, id = {id} }}"));
    }
    if !args.account.is_empty() {
        let ids: Vec<String> = args
            .account
            .iter()
            .map(|id| quoted(&id.to_string()))
            .collect();
        known.set("accounts.list", format!("[{}]", ids.join(", ")));
    }
    if args.any_account {
        known.set("accounts.any", "true".to_owned());
    }
}

fn env(name: &str) -> String {
    format!("{{ env = {} }}", quoted(name))
}

/// Paths in a profile count from the profile's folder, those of flags from here.
fn file(path: &Path, profile: &Path) -> String {
    let folder = profile.parent().unwrap_or(Path::new(""));
    let from_there = match (folder == Path::new(""), path.strip_prefix(folder)) {
        (false, Ok(inside)) => inside.to_owned(),
        (false, Err(_)) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        (true, _) => path.to_owned(),
    };
    format!("{{ file = {} }}", quoted(&from_there.display().to_string()))
}
