//! The suites as tests of a partner's own crate: `cargo test`, `cargo nextest`, their filters and IDEs run them like others.
//!
//! A test is a case, or a set of cases that belong together. It is named by its suite and itself, and in front of the name stand
//! the requirements that it is about: `[LIFE-4, LIFE-9] lifecycle::terminated-for-good`. So `cargo test lifecycle`,
//! `cargo test LIFE-4` and `cargo test terminated-for-good` run what they say, and nothing else. The target is started when
//! the first test needs it, once for a process, and stopped after the last; listing starts nothing.
//!
//! This is the whole of a `tests/conformance.rs`; in `Cargo.toml` it stands as `[[test]]` with `name = "conformance"` and
//! `harness = false`. `examples/partner/` is a crate that has it.
//!
//! ```no_run
//! use cardproof::conformance::{Conformance, Target};
//! use cardproof::profile::{Accounts, BaseUrl, Profile};
//! # struct Server { base_url: String }
//! # impl Server { fn start() -> std::io::Result<Self> { Err(std::io::ErrorKind::Unsupported.into()) } }
//!
//! fn main() -> std::process::ExitCode {
//!     Conformance::of(|| {
//!         let server = Server::start()?;
//!         let base_url = BaseUrl::try_from(server.base_url.clone())?;
//!         let mut profile = Profile::new("my cards", base_url, Accounts::Any);
//!         profile.signing.enabled = false; // what else a profile says has a field too; `Profile::load` reads a file
//!         Ok(Target::new(profile).keeping(server))
//!     })
//!     .suites(["smoke", "lifecycle", "limits"])
//!     .main()
//! }
//! ```
//!
//! A test fails by what departs, and says how to run the shortest sequence that shows it again: the environment variable
//! `CARDPROOF_SUITE` puts a file in place of the suites. What the target doesn't offer is ignored, with the reason.

mod ready;
mod sets;
mod tell;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::plan::{DEFAULT_SUITE, Suite};
use crate::profile::Profile;
use ready::Stand;
use sets::Set;

/// The environment variable that puts suites in place of those that the program names, as a reproducer's line does.
const SUITE_VARIABLE: &str = "CARDPROOF_SUITE";

/// Why a target could not be started.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// A running target, and how it is reached.
pub struct Target {
    profile: Profile,
    kept: Vec<Box<dyn std::any::Any + Send + Sync>>,
}

impl Target {
    /// The target that a profile reaches.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            kept: Vec::new(),
        }
    }

    /// Keeps a value for as long as the target is tested: dropping it may stop the server.
    #[must_use]
    pub fn keeping(mut self, server: impl Send + Sync + 'static) -> Self {
        self.kept.push(Box::new(server));
        self
    }
}

/// Suites that become tests.
pub struct Conformance {
    start: Box<dyn FnOnce() -> Result<Target, StartError> + Send>,
    suites: Vec<String>,
    seed: u64,
    out: Option<PathBuf>,
}

impl Conformance {
    /// Tests of the target that `start` starts; the suite `full`, unless others are named.
    pub fn of(start: impl FnOnce() -> Result<Target, StartError> + Send + 'static) -> Self {
        Self {
            start: Box::new(start),
            suites: vec![DEFAULT_SUITE.to_owned()],
            seed: 1,
            out: None,
        }
    }

    /// These suites: built-in ones by name, files ending in .toml, or folders of such files.
    #[must_use]
    pub fn suites<S: Into<String>>(mut self, names_or_paths: impl IntoIterator<Item = S>) -> Self {
        self.suites = names_or_paths.into_iter().map(Into::into).collect();
        self
    }

    /// The seed of generated cases; 1 unless set. No test's name depends on it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The folder for reproducers; unless set, `cardproof` in the folder that cargo builds into.
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Does what the process's arguments say (`--list`, `--exact`, filters …), and says how the process is to end.
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::from_args();
        match self.trials() {
            Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// The tests, for a program that runs them beside others of its own. The target lives as long as they do.
    ///
    /// # Errors
    /// A suite can't be used.
    pub fn trials(self) -> Result<Vec<Trial>, crate::plan::SuiteError> {
        let named = std::env::var(SUITE_VARIABLE).map(|suite| vec![suite]);
        let names = named.unwrap_or(self.suites);
        let suites = Suite::find_all(names.iter().map(String::as_str))?;
        let sets: Vec<Set> = suites.iter().flat_map(Set::of).collect();
        let out = self.out.unwrap_or_else(tell::default_folder);
        let stand = Arc::new(Stand::new(self.start, names, self.seed, out));
        Ok(sets.into_iter().map(|set| trial(set, &stand)).collect())
    }
}

fn trial(set: Set, stand: &Arc<Stand>) -> Trial {
    let stand = Arc::clone(stand);
    let (name, about) = (set.name.clone(), set.about.join(", "));
    Trial::ignorable_test(name, move || stand.run(&set)).with_kind(about)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn trials(names: &[&str]) -> Vec<Trial> {
        let unstarted = || -> Result<Target, StartError> { panic!("listing starts nothing") };
        let conformance = Conformance::of(unstarted).suites(names.iter().copied());
        conformance.trials().unwrap()
    }

    #[test]
    fn each_test_has_a_name_of_its_own_without_a_blank() {
        let trials = trials(&["full"]);
        let names: BTreeSet<&str> = trials.iter().map(Trial::name).collect();
        assert_eq!(names.len(), trials.len());
        assert!(names.len() > 300, "{}", names.len());
        assert!(names.iter().all(|name| !name.contains(' ')), "{names:?}");
        for name in [
            "smoke::life-of-a-card",
            "lifecycle::any-life",
            "access::every-flaw",
        ] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn a_filter_by_requirement_leaves_few_tests() {
        let arguments = Arguments {
            filter: Some("LIFE-4".to_owned()),
            ..Arguments::default()
        };
        let trials = trials(&["full"]);
        let left: Vec<&str> = trials
            .iter()
            .filter(|trial| !arguments.is_filtered_out(trial))
            .map(Trial::name)
            .collect();
        assert!((1..10).contains(&left.len()), "{left:?}");
    }

    #[test]
    fn a_suite_that_is_not_there_is_told() {
        let start = || -> Result<Target, StartError> { unreachable!() };
        let error = Conformance::of(start)
            .suites(["smok"])
            .trials()
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("did you mean `smoke`?"),
            "{error}"
        );
    }
}
