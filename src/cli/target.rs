//! Which implementation a command speaks to: a profile's, or the embedded reference.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::failure::{Failure, OrUsage};
use crate::embedded::Embedded;
use crate::profile::{BaseUrl, Profile, Rate};
use crate::reference::{self, Fault, Issuance, Options, Readings, UnknownReading};
use crate::words::nearest;

/// The file that is looked for when no profile is named.
pub const PROFILE_FILE: &str = "cardproof.toml";

/// How long the reference takes to issue a card by itself.
const ISSUANCE_DELAY: Duration = Duration::from_millis(20);

/// Which target.
#[derive(clap::Args)]
pub struct TargetArgs {
    /// The profile of the target [default: the nearest cardproof.toml upwards; else the embedded reference].
    #[arg(long, value_name = "FILE", env = "CARDPROOF_PROFILE", conflicts_with_all = ["fault", "reading", "issuance"], help_heading = "Target")]
    profile: Option<PathBuf>,
    /// The base URL, instead of the profile's.
    #[arg(short, long, value_parser = base_url, env = "CARDPROOF_URL", conflicts_with_all = ["fault", "reading", "issuance"], help_heading = "Target")]
    url: Option<BaseUrl>,
    /// An authentication file of Web Fuzzing Commons, instead of the profile's credentials.
    #[arg(long, value_name = "FILE", env = "CARDPROOF_AUTH_FILE", conflicts_with_all = ["fault", "reading", "issuance"], help_heading = "Target")]
    auth_file: Option<PathBuf>,
    /// Change things although the profile's environment is no sandbox: make accounts and cards, register keys, subscribe.
    #[arg(long, help_heading = "Target")]
    allow_changes: bool,
    /// Send at most so many requests, such as 5/s, 100/m or 1000/h, instead of what the profile says.
    #[arg(
        long,
        value_name = "RATE",
        env = "CARDPROOF_RATE_LIMIT",
        help_heading = "Target"
    )]
    rate_limit: Option<Rate>,
    #[command(flatten)]
    reference: ReferenceArgs,
}

/// How the reference implementation is to behave.
#[derive(clap::Args)]
pub struct ReferenceArgs {
    /// Plant this fault in the embedded reference (`cardproof list faults`).
    #[arg(long, value_name = "ID", value_parser = fault, env = "CARDPROOF_FAULT", help_heading = "Embedded reference")]
    fault: Option<&'static Fault>,
    /// How the embedded reference reads an open point (`cardproof list readings`); may be repeated.
    #[arg(long, value_name = "POINT=READING", value_parser = reading, env = "CARDPROOF_READING", value_delimiter = ',', help_heading = "Embedded reference")]
    reading: Vec<Choice>,
    /// How cards leave `issuing` in the embedded reference [default: manual].
    #[arg(
        long,
        value_name = "HOW",
        env = "CARDPROOF_ISSUANCE",
        help_heading = "Embedded reference"
    )]
    issuance: Option<HowIssued>,
}

/// How cards leave `issuing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HowIssued {
    /// By themselves.
    Automatic,
    /// When the simulator is told to.
    Manual,
}

/// One reading of one open point, both known to the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    point: String,
    reading: String,
}

impl Target {
    /// Adds to the flags that choose it again.
    pub fn add_flags(&mut self, flags: &str) {
        self.flags = format!("{} {flags}", self.flags).trim().to_owned();
    }

    /// It is the embedded reference, at an address of this process alone.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

/// A target to speak to.
pub struct Target {
    /// How it is reached.
    pub profile: Profile,
    /// The flags that choose it again.
    pub flags: String,
    /// The reference, if it is that: it serves as long as this lives.
    embedded: Option<Embedded>,
}

impl TargetArgs {
    /// Reads the profile, or starts the reference.
    pub fn resolve(&self) -> Result<Target, Failure> {
        let found = match (&self.profile, self.reference.is_given()) {
            (Some(path), _) => Some(path.clone()),
            (None, true) => None,
            (None, false) => find_upwards(PROFILE_FILE),
        };
        let mut target = match (found, &self.url) {
            (Some(path), url) => self.with_profile(&path, url.as_ref()),
            (None, Some(url)) => Err(Failure::usage(no_profile(url))),
            (None, None) if self.auth_file.is_some() => Err(Failure::usage(anyhow::anyhow!(
                "--auth-file says how to call, and a profile whom: name one with --profile, or put a {PROFILE_FILE} here"
            ))),
            (None, None) => self.reference.target(),
        }?;
        if let Some(rate) = self.rate_limit {
            target.profile.limits.rate = Some(rate);
            target.add_flags(&format!("--rate-limit {rate}"));
        }
        Ok(target)
    }

    fn with_profile(&self, path: &Path, url: Option<&BaseUrl>) -> Result<Target, Failure> {
        let mut profile = Profile::load(path).or_usage()?;
        let mut flags = format!("--profile {}", path.display());
        if let Some(url) = url {
            profile.base_url = url.clone();
            flags += &format!(" --url {url}");
        }
        if let Some(path) = &self.auth_file {
            profile.use_auth_file(path).or_usage()?;
            flags += &format!(" --auth-file {}", path.display());
        }
        if self.allow_changes {
            profile.allow_changes();
            flags += " --allow-changes";
        }
        Ok(Target {
            profile,
            flags,
            embedded: None,
        })
    }
}

impl ReferenceArgs {
    fn is_given(&self) -> bool {
        self.fault.is_some() || !self.reading.is_empty() || self.issuance.is_some()
    }

    /// The options of the reference.
    pub fn options(&self) -> Options {
        let mut readings = Readings::default();
        for choice in &self.reading {
            readings
                .set(&choice.point, &choice.reading)
                .expect("it was checked when the flag was read");
        }
        Options {
            readings,
            issuance: match self.issuance {
                Some(HowIssued::Automatic) => Issuance::Automatic {
                    delay: ISSUANCE_DELAY,
                },
                Some(HowIssued::Manual) | None => Issuance::Manual,
            },
            fault: self.fault,
            ..Options::default()
        }
    }

    /// What it is, in a few words.
    pub fn name(&self) -> String {
        let fault = self.fault.map(|fault| format!("fault {}", fault.id));
        let readings = self
            .reading
            .iter()
            .map(|c| format!("{} {}", c.point, c.reading));
        let issuance = self.issuance.map(|how| format!("{} issuance", how.word()));
        let special: Vec<String> = fault.into_iter().chain(readings).chain(issuance).collect();
        match special.is_empty() {
            true => "the embedded reference".to_owned(),
            false => format!("the embedded reference, {}", special.join(", ")),
        }
    }

    fn flags(&self) -> String {
        let fault = self.fault.map(|fault| format!("--fault {}", fault.id));
        let readings = self
            .reading
            .iter()
            .map(|c| format!("--reading {}={}", c.point, c.reading));
        let issuance = self
            .issuance
            .map(|how| format!("--issuance {}", how.word()));
        let flags: Vec<String> = fault.into_iter().chain(readings).chain(issuance).collect();
        flags.join(" ")
    }

    fn target(&self) -> Result<Target, Failure> {
        let embedded = Embedded::start(self.options())
            .map_err(|error| {
                anyhow::Error::new(error).context("can't start the embedded reference")
            })
            .or_usage()?;
        let mut profile = embedded.profile();
        profile.name = self.name();
        Ok(Target {
            profile,
            flags: self.flags(),
            embedded: Some(embedded),
        })
    }
}

impl HowIssued {
    fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

/// The nearest file of that name, here or above.
pub fn find_upwards(name: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn no_profile(url: &BaseUrl) -> anyhow::Error {
    let profile = least_profile(url);
    anyhow::anyhow!(
        "an address alone does not say where fresh accounts come from; put this into {PROFILE_FILE} and run again:\n\n{profile}"
    )
}

/// The least that a profile says.
fn least_profile(url: &BaseUrl) -> String {
    let environment = match url.is_loopback() {
        true => "",
        false => {
            "environment = \"sandbox\"  # elsewhere nothing is changed without --allow-changes\n"
        }
    };
    format!(
        "name = \"my cards\"\n\
         base_url = \"{url}\"\n{environment}\n\
         [credentials]\n\
         api_key = {{ env = \"CARDS_API_KEY\" }}\n\
         api_secret = {{ env = \"CARDS_API_SECRET\" }}\n\n\
         [accounts]  # or: list = [\"uuid\", …], or: any = true\n\
         create = {{ path = \"/sandbox/accounts\" }}"
    )
}

/// An address as a profile has it.
pub fn base_url(text: &str) -> Result<BaseUrl, String> {
    BaseUrl::try_from(text.to_owned())
}

/// The planted fault of that name.
pub fn fault(id: &str) -> Result<&'static Fault, String> {
    reference::fault(id).ok_or_else(|| {
        let near = nearest(id, reference::faults().iter().map(|fault| fault.id));
        unknown("fault", near, "cardproof list faults")
    })
}

fn reading(text: &str) -> Result<Choice, String> {
    let (point, reading) = text
        .split_once('=')
        .ok_or("write it as POINT=READING, such as repeat-terminate=success")?;
    match Readings::default().set(point, reading) {
        Ok(()) => Ok(Choice {
            point: point.to_owned(),
            reading: reading.to_owned(),
        }),
        Err(UnknownReading::Point(point)) => {
            let near = nearest(&point, reference::open_points().iter().map(|p| p.name));
            Err(unknown("open point", near, "cardproof list readings"))
        }
        Err(error @ UnknownReading::Option { .. }) => Err(error.to_string()),
    }
}

/// What to say when something has no such name.
pub fn unknown(what: &str, near: Option<&str>, listing: &str) -> String {
    match near {
        Some(near) => {
            format!("there is no such {what}; did you mean `{near}`? (`{listing}` names all)")
        }
        None => format!("there is no such {what}: `{listing}` names all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_that_is_recommended_is_one() {
        for url in ["http://127.0.0.1:8080/v1", "https://cards.example/v1"] {
            let url = base_url(url).unwrap();
            Profile::parse(PROFILE_FILE, &least_profile(&url)).unwrap();
        }
    }

    #[test]
    fn each_reading_that_is_listed_is_taken() {
        for point in reference::open_points() {
            for option in point.options {
                assert!(reading(&format!("{}={option}", point.name)).is_ok());
            }
        }
    }
}
