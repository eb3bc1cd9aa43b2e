//! Suites: files that say which cases there are.
//!
//! A suite names hand-written cases, tables that say what to generate, and other suites that it includes. A reproducer
//! is a suite with one case, so a finding becomes a regression test by moving its file into `suites/`:
//!
//! ```
//! use cardproof::plan::Suite;
//! let text = "[[case]]\nname = \"read-back\"\nsteps = ['create virtual on A', 'read #1']\n";
//! let suite = Suite::from_toml("mine", "mine.toml", text).unwrap();
//! assert_eq!(suite.cases[0].steps.len(), 2);
//! ```

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use indexmap::IndexMap;

use super::every::Every;
use super::read;
use crate::case::Case;
use crate::contract::Contract;
use crate::words;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/suites");

/// The suite that is run when none is named.
pub const DEFAULT_SUITE: &str = "full";

/// What generated cases dwell on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Focus {
    /// The states of a card, and the calls that move it.
    Lifecycle,
    /// One card of each type per account.
    Limits,
    /// Retries and their keys.
    Idempotency,
    /// Answers that are lost, and the retries that follow.
    Lost,
    /// Bodies: valid in every script, and invalid in every way.
    Input,
    /// The three reads, and the ids in their paths.
    Reads,
    /// Flaws in access and integrity.
    Access,
    /// Cards, keys and tokens across moves of the target's clock.
    Time,
    /// A bit of all.
    Mixed,
    /// Requests at once.
    Races,
    /// A bit of all, with an event awaited where others read.
    Webhooks,
}

impl Focus {
    /// Every focus, in the order of the columns of the weights.
    pub const ALL: [Self; 11] = [
        Self::Lifecycle,
        Self::Limits,
        Self::Idempotency,
        Self::Lost,
        Self::Input,
        Self::Reads,
        Self::Access,
        Self::Time,
        Self::Mixed,
        Self::Races,
        Self::Webhooks,
    ];

    /// The word in a suite.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Limits => "limits",
            Self::Idempotency => "idempotency",
            Self::Lost => "lost",
            Self::Input => "input",
            Self::Reads => "reads",
            Self::Access => "access",
            Self::Time => "time",
            Self::Mixed => "mixed",
            Self::Webhooks => "webhooks",
            Self::Races => "races",
        }
    }
}

/// One `[[generate]]` table: so many cases of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generate {
    /// What the names of its cases begin with.
    pub name: String,
    /// What they dwell on.
    pub focus: Focus,
    /// How many.
    pub cases: usize,
    /// No case is longer.
    pub steps: usize,
}

/// The shortest bound on the length of a generated case: below it there is no room for a card's life and the reads.
pub const STEPS_MIN: usize = 6;

/// A suite as its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// The file's name without its ending.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What it is for, in a few sentences.
    pub about: String,
    /// The suites that it includes, as they are named there.
    pub includes: Vec<String>,
    /// The requirement that a reproducer shows departed from.
    pub requirement: Option<String>,
    /// So often each of its own cases is run; none: once, a race a few times. For what comes with one card in so many.
    pub times: Option<usize>,
    /// Free words about where and how a reproducer was found.
    pub found: IndexMap<String, String>,
    /// The complete sets that it holds.
    pub every: Vec<Every>,
    /// What to generate.
    pub generate: Vec<Generate>,
    /// The cases written by hand.
    pub cases: Vec<Case>,
}

/// Why a suite can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// No built-in suite has that name.
    #[error("there is no suite `{name}`{}: the built-in ones are {}; a file is named with its path, ending in .toml",
            near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default(), known.join(", "))]
    Unknown {
        /// The name as given.
        name: String,
        /// The built-in name that looks most like it.
        near: Option<&'static str>,
        /// All built-in names.
        known: Vec<&'static str>,
    },
    /// The file or folder can't be read.
    #[error("can't read the suite {}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A folder without suites.
    #[error("the folder {} holds no file that ends in .toml", path.display())]
    EmptyFolder {
        /// Which.
        path: PathBuf,
    },
    /// Something in the file is wrong.
    #[error("{file}:{line}:{column}: {problem}")]
    At {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there, and what would be right.
        problem: String,
    },
}

impl Suite {
    /// The names of the built-in suites, sorted.
    pub fn built_in_names() -> Vec<&'static str> {
        let mut names: Vec<_> = BUILT_IN
            .files()
            .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
            .filter_map(|file| file.path().file_stem()?.to_str())
            .collect();
        names.sort_unstable();
        names
    }

    /// The suite that `text` holds; `file` is what errors call it.
    pub fn from_toml(name: &str, file: &str, text: &str) -> Result<Self, SuiteError> {
        read::suite(name, file, text)
    }

    /// The suite, or the suites of the folder, that a user means, each after those that it includes.
    ///
    /// What contains a path separator or ends in `.toml` is a path, anything else the name of a built-in suite.
    pub fn find(name_or_path: &str) -> Result<Vec<Self>, SuiteError> {
        Self::find_all([name_or_path])
    }

    /// As [`Suite::find`], for several; a suite that is reached twice is there once.
    pub fn find_all<'a>(
        names_or_paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, SuiteError> {
        let mut finder = Finder::default();
        for name in names_or_paths {
            finder.add(name, Path::new(""))?;
        }
        Ok(finder.suites)
    }

    /// How many cases it has of its own, without those of the suites that it includes.
    pub fn case_count(&self, contract: &Contract) -> usize {
        self.given_count(contract) + self.generate.iter().map(|g| g.cases).sum::<usize>()
    }

    /// The same without those that are generated.
    pub(super) fn given_count(&self, contract: &Contract) -> usize {
        let every = self.every.iter().map(|every| every.cases(contract).len());
        let turns = self.cases.iter().map(|case| super::times(self, case));
        every.sum::<usize>() + turns.sum::<usize>()
    }
}

#[derive(Default)]
struct Finder {
    seen: Vec<PathBuf>,
    suites: Vec<Suite>,
}

impl Finder {
    fn add(&mut self, name: &str, folder: &Path) -> Result<(), SuiteError> {
        if !names_a_path(name) {
            return self.add_built_in(name);
        }
        let path = folder.join(name);
        if !path.is_dir() {
            return self.add_file(&path);
        }
        let files = toml_files(&path)?;
        files.iter().try_for_each(|file| self.add_file(file))
    }

    fn add_built_in(&mut self, name: &str) -> Result<(), SuiteError> {
        let text = BUILT_IN
            .get_file(format!("{name}.toml"))
            .and_then(|file| file.contents_utf8())
            .ok_or_else(|| unknown(name))?;
        let file = format!("suites/{name}.toml");
        self.add_text(PathBuf::from(name), name, &file, text, Path::new(""))
    }

    fn add_file(&mut self, path: &Path) -> Result<(), SuiteError> {
        let unreadable = |error| SuiteError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let place = path.canonicalize().map_err(unreadable)?;
        let name = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let folder = path.parent().unwrap_or(Path::new(""));
        self.add_text(place, &name, &path.display().to_string(), &text, folder)
    }

    fn add_text(
        &mut self,
        place: PathBuf,
        name: &str,
        file: &str,
        text: &str,
        folder: &Path,
    ) -> Result<(), SuiteError> {
        if self.seen.contains(&place) {
            return Ok(());
        }
        self.seen.push(place);
        let suite = Suite::from_toml(name, file, text)?;
        for included in &suite.includes {
            self.add(included, folder)?;
        }
        self.suites.push(suite);
        Ok(())
    }
}

/// Whether `name` is a path rather than the name of a built-in suite.
pub(super) fn names_a_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".toml")
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    let unreadable = |error| SuiteError::Unreadable {
        path: folder.to_owned(),
        error,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(SuiteError::EmptyFolder {
            path: folder.to_owned(),
        });
    }
    Ok(files)
}

fn unknown(name: &str) -> SuiteError {
    let known = Suite::built_in_names();
    SuiteError::Unknown {
        name: name.to_owned(),
        near: words::nearest(name, known.clone()),
        known,
    }
}
