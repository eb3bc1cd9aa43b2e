//! What one test runs: a case that was written by hand, a complete set, or the cases of one `[[generate]]` table.

use crate::case::Case;
use crate::contract::Contract;
use crate::plan::aims;
use crate::plan::{Abilities, Every, Generate, Generator, Suite};

/// What a reproducer of a race shows comes by chance; it is tried so often.
const CHANCES: usize = 50;

/// What one test runs.
pub struct Set {
    /// The suite, and its own name.
    pub name: String,
    /// The requirements that it is about, as far as that is known.
    pub about: Vec<String>,
    suite: String,
    source: Source,
}

enum Source {
    /// A case, and how often it is run.
    Written(Case, usize),
    Every(Every),
    Generated(usize, Generate),
}

impl Set {
    /// The sets of a suite, without those of the suites that it includes.
    pub fn of(suite: &Suite) -> Vec<Set> {
        let set = |name: &str, about: Vec<String>, source| Set {
            name: format!("{}::{name}", suite.name),
            about,
            suite: suite.name.clone(),
            source,
        };
        let written = suite.cases.iter().map(|case| {
            // Only a reproducer names a requirement.
            let (about, times) = match &suite.requirement {
                Some(requirement) if case.may_come_by_chance() => {
                    (vec![requirement.clone()], CHANCES)
                }
                Some(requirement) => (vec![requirement.clone()], 1),
                None => (aims::of(&suite.name, &case.name), 1),
            };
            set(&case.name, about, Source::Written(case.clone(), times))
        });
        let every = suite.every.iter().map(|every| {
            let name = format!("every-{}", every.as_str());
            set(&name, Vec::new(), Source::Every(*every))
        });
        let tables = suite.generate.iter().enumerate().map(|(table, generate)| {
            let source = Source::Generated(table, generate.clone());
            set(&generate.name, Vec::new(), source)
        });
        written.chain(every).chain(tables).collect()
    }

    /// Its cases.
    pub fn cases(&self, seed: u64, contract: &Contract, offered: Abilities) -> Vec<Case> {
        match &self.source {
            Source::Written(case, times) => vec![case.clone(); *times],
            Source::Every(every) => every.cases(contract),
            Source::Generated(table, generate) => {
                let countries = contract.countries();
                let generator = Generator::new(seed, &countries, offered);
                let case = |index| generator.case(&self.suite, *table, generate, index);
                (0..generate.cases).map(case).collect()
            }
        }
    }

    /// The suite that it belongs to.
    pub fn suite(&self) -> &str {
        &self.suite
    }
}
