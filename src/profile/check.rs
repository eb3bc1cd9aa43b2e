//! What one value of a profile says about another, and about the catalogue; each mistake has its place.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Accounts, Credentials, Profile};
use crate::requirement::{self, Requirement};

/// A mistake in what a profile says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the profile's {}: {words}", .at.join("."))]
pub struct Mistake {
    at: Vec<String>,
    words: String,
}

impl Mistake {
    fn new(at: &[&str], words: impl Into<String>) -> Self {
        Self {
            at: at.iter().map(|name| (*name).to_owned()).collect(),
            words: words.into(),
        }
    }

    /// What is wrong, and what would be right.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Where it stands in the text of the profile.
    pub(super) fn place(&self, text: &str) -> Range<usize> {
        let Ok(root) = DeTable::parse(text) else {
            return 0..0;
        };
        let mut table = root.get_ref();
        let mut place = 0..0;
        for name in &self.at {
            let Some((key, value)) = table.iter().find(|(key, _)| *key.get_ref() == *name) else {
                break;
            };
            place = key.span();
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        place
    }
}

impl Profile {
    /// Whether what it says goes together, and names requirements and readings that there are.
    ///
    /// # Errors
    /// The first mistake.
    pub fn check(&self) -> Result<(), Mistake> {
        self.check_environment()?;
        if self.auth_file.is_some() && !matches!(self.credentials, Credentials::None) {
            let words = "auth_file says how to call, and so does [credentials]: leave one";
            return Err(Mistake::new(&["auth_file"], words));
        }
        self.check_untouchable()?;
        for (point, reading) in &self.readings {
            check_pin(point, reading)?;
        }
        for id in self.disabled.keys() {
            find("disabled", id)?;
        }
        Ok(())
    }

    /// Nobody has to say that a server on this machine may be tested; anywhere else somebody has to.
    fn check_environment(&self) -> Result<(), Mistake> {
        if self.environment.is_some() || self.base_url.is_loopback() {
            return Ok(());
        }
        let words = "this is not on this machine, so say what it is: environment = \"sandbox\" beside base_url, where \
                     accounts and cards may be made and changed, or \"staging\", \"production\", …, where nothing is \
                     changed unless --allow-changes says so";
        Err(Mistake::new(&["base_url"], words))
    }

    fn check_untouchable(&self) -> Result<(), Mistake> {
        let Accounts::List(list) = &self.accounts else {
            return Ok(());
        };
        match list
            .iter()
            .find(|id| self.never_touch.accounts.contains(id))
        {
            None => Ok(()),
            Some(id) => Err(Mistake::new(
                &["accounts", "list"],
                format!("the account {id} is under [never_touch] too: take it out of one of them"),
            )),
        }
    }
}

fn find(table: &str, id: &str) -> Result<&'static Requirement, Mistake> {
    requirement::find(id).map_err(|unknown| Mistake::new(&[table, id], unknown.to_string()))
}

fn check_pin(point: &str, reading: &str) -> Result<(), Mistake> {
    let requirement = find("readings", point)?;
    let at = ["readings", point];
    let Some(open) = requirement.point else {
        let words = format!(
            "`{point}` is no open point, so it has no readings: `cardproof list readings` names those"
        );
        return Err(Mistake::new(&at, words));
    };
    if open.readings.contains(&reading) {
        return Ok(());
    }
    let near = crate::words::nearest(reading, open.readings.iter().copied())
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    Err(Mistake::new(
        &at,
        format!(
            "`{point}` has no reading `{reading}`; it is one of: {}{near}",
            open.readings.join(", ")
        ),
    ))
}
