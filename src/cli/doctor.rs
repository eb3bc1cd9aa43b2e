//! `cardproof doctor`: examines a profile and its target, and says at each step that fails what it comes from.

mod draw;

use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::{Failure, OrUsage, Outcome};
use super::output::{show, show_page};
use super::target::{self, PROFILE_FILE};
use crate::doctor::{Check, Evidence, Examination, Outcome as Came, Step};
use crate::drive::{self, Changes};
use crate::exit_code::ExitCode;
use crate::profile::{BaseUrl, Profile, ProfileError, Rate};

/// Examine a profile.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  cardproof doctor                          the nearest cardproof.toml
  cardproof doctor --profile mine.toml      another
  cardproof doctor --format json            for programs

It ends with 0 if all is well, 2 if the profile or a secret that it names is wrong, 3 if the target can't be tested.
What it makes there (a card) it terminates at its end.")]
pub struct Args {
    /// The profile [default: the nearest cardproof.toml upwards].
    #[arg(long, value_name = "FILE", env = "CARDPROOF_PROFILE")]
    profile: Option<PathBuf>,
    /// The base URL, instead of the profile's.
    #[arg(short, long, value_parser = target::base_url, env = "CARDPROOF_URL")]
    url: Option<BaseUrl>,
    /// An authentication file of Web Fuzzing Commons, instead of the profile's credentials.
    #[arg(long, value_name = "FILE", env = "CARDPROOF_AUTH_FILE")]
    auth_file: Option<PathBuf>,
    /// Send at most so many requests, such as 5/s, 100/m or 1000/h, instead of what the profile says.
    #[arg(long, value_name = "RATE", env = "CARDPROOF_RATE_LIMIT")]
    rate_limit: Option<Rate>,
    /// Register a key, make a card and terminate it although the profile's environment is no sandbox.
    #[arg(long)]
    allow_changes: bool,
    /// How to say it.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// An examination as it is told to programs.
#[derive(Serialize)]
struct Told<'a> {
    profile: &'a str,
    is_well: bool,
    #[serde(flatten)]
    examination: &'a Examination,
}

/// Examines, and says what was found.
pub fn execute(args: &Args) -> Outcome {
    let path = args
        .profile
        .clone()
        .or_else(|| target::find_upwards(PROFILE_FILE))
        .ok_or_else(no_profile)?;
    let is_text = args.format == Format::Text;
    let file = draw::File::new(&path);
    let mut tell = |check: &Check| {
        if is_text {
            // Whoever reads no further has seen what he wanted.
            drop(show_page(|page| draw::line(page, check)));
        }
    };
    let examination = match load(&path, args) {
        Ok(profile) => {
            let changes = changes(&profile);
            drive::examine(&profile, changes, &mut tell)?
        }
        Err(error) => unread(&error, &mut tell),
    };
    match args.format {
        Format::Text => show_page(|page| draw::findings(page, &file, &examination))?,
        Format::Json => tell_programs(&file, &examination)?,
    }
    Ok(code(&examination))
}

fn load(path: &Path, args: &Args) -> Result<Profile, ProfileError> {
    let mut profile = Profile::load(path)?;
    if let Some(url) = &args.url {
        profile.base_url = url.clone();
    }
    if let Some(path) = &args.auth_file {
        profile.use_auth_file(path)?;
    }
    if let Some(rate) = args.rate_limit {
        profile.limits.rate = Some(rate);
    }
    if args.allow_changes {
        profile.allow_changes();
    }
    Ok(profile)
}

/// A profile that can't be read ends the examination before it begins.
fn unread(error: &ProfileError, tell: &mut dyn FnMut(&Check)) -> Examination {
    let failure = crate::doctor::Failure {
        problem: error.to_string(),
        exchange: None,
        tried: Vec::new(),
        causes: Evidence::new(Step::Profile).causes(),
        signature: None,
    };
    let check = Check {
        step: Step::Profile,
        outcome: Came::Failed(Box::new(failure)),
    };
    tell(&check);
    Examination {
        checks: vec![check],
    }
}

/// As a run would do it.
fn changes(profile: &Profile) -> Changes {
    match profile.no_changes() {
        None => Changes::Allowed,
        Some(why) => Changes::Forbidden(why),
    }
}

fn tell_programs(file: &draw::File, examination: &Examination) -> Result<(), Failure> {
    let told = Told {
        profile: &file.name,
        is_well: examination.failures().next().is_none(),
        examination,
    };
    let text = serde_json::to_string_pretty(&told).or_usage()?;
    show(|out: &mut dyn io::Write| writeln!(out, "{text}"))
}

fn code(examination: &Examination) -> ExitCode {
    if examination.profile_is_wrong() {
        ExitCode::Usage
    } else if examination.failures().next().is_some() {
        ExitCode::Inconclusive
    } else {
        ExitCode::Conforms
    }
}

fn no_profile() -> Failure {
    Failure::usage(anyhow::anyhow!(
        "there is no {PROFILE_FILE} here or above: `cardproof init` writes one, --profile FILE names another"
    ))
}
