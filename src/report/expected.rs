//! Expected failures: departures that somebody answers for, until a day.
//!
//! ```
//! use cardproof::report::ExpectedFailures;
//! let file = "[[expected]]\nrequirement = \"LIFE-4\"\nowner = \"cards team\"\nreason = \"CARDS-112\"\nexpires = 2026-12-31\n";
//! assert_eq!(ExpectedFailures::from_toml(file).unwrap().expected.len(), 1);
//! ```

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

use super::Finding;
use crate::requirement::RequirementId;

/// What an entry is given that was not looked into yet.
const OWNER: &str = "nobody yet";
const REASON: &str = "not looked into yet";
/// How long that may last.
const DAYS: i64 = 30;

/// How the file begins.
const HEAD: &str = "# Departures that are expected for now. One that no longer comes, or whose time is over, fails the gate.\n\n";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailures {
    /// The entries, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Expected>,
}

/// One expected failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The requirement that is departed from.
    pub requirement: RequirementId,
    /// In which way: the `subject` of the departure in `report.json`. Absent: in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Who answers for it.
    #[serde(deserialize_with = "some_words")]
    pub owner: String,
    /// Why it is so for now.
    #[serde(deserialize_with = "some_words")]
    pub reason: String,
    /// The last day on which it is expected.
    #[serde(deserialize_with = "date", serialize_with = "toml_date")]
    pub expires: Date,
    /// It comes by chance, so that a run in which it does not come says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sometimes: bool,
}

fn some_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let words = String::deserialize(deserializer)?;
    match words.trim() {
        "" => Err(D::Error::custom("it must say something")),
        _ => Ok(words),
    }
}

/// As a text, or as TOML writes dates.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        _ => String::new(),
    };
    text.parse()
        .map_err(|_| D::Error::custom("a day is written like 2026-12-31"))
}

/// As TOML writes dates.
fn toml_date<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    let date: toml::value::Date = toml::value::Date {
        year: u16::try_from(date.year()).map_err(S::Error::custom)?,
        month: date.month().unsigned_abs(),
        day: date.day().unsigned_abs(),
    };
    toml::value::Datetime::from(date).serialize(serializer)
}

impl Expected {
    /// Whether this departure is the one that is meant.
    pub fn is_of(&self, finding: &Finding) -> bool {
        let subject = &finding.departure.subject;
        self.requirement == finding.requirement
            && self
                .variant
                .as_ref()
                .is_none_or(|variant| variant == subject)
    }

    /// Whether its time is over.
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires < today
    }

    /// Which failure it is, in a few words.
    pub fn name(&self) -> String {
        match &self.variant {
            None => self.requirement.to_string(),
            Some(variant) => format!("{} ({variant})", self.requirement),
        }
    }
}

impl ExpectedFailures {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no such file, with the line and what to change there.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What the file should say after a run with these findings: entries that still hold, and one for each departure that
    /// none is for. Entries of requirements for which nothing was shown stay.
    pub fn renewed(
        &self,
        findings: &[Finding],
        is_shown: impl Fn(RequirementId) -> bool,
        today: Date,
    ) -> Self {
        let comes = |entry: &&Expected| {
            entry.sometimes
                || !is_shown(entry.requirement)
                || findings.iter().any(|finding| entry.is_of(finding))
        };
        let mut expected: Vec<Expected> = self.expected.iter().filter(comes).cloned().collect();
        for finding in findings {
            if !expected.iter().any(|entry| entry.is_of(finding)) {
                expected.push(Expected {
                    requirement: finding.requirement,
                    variant: Some(finding.departure.subject.clone()),
                    owner: OWNER.to_owned(),
                    reason: REASON.to_owned(),
                    expires: today.saturating_add(jiff::Span::new().days(DAYS)),
                    sometimes: !finding.is_steady(),
                });
            }
        }
        Self { expected }
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        let entries = toml::to_string(self).expect("texts, days and a yes or no are TOML");
        format!("{HEAD}{entries}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{finding, revival};
    use crate::requirement::id;

    const ENTRY: &str = "[[expected]]\nrequirement = \"LIFE-4\"\nowner = \"x\"\nreason = \"y\"\nexpires = 2026-12-31\n";

    #[test]
    fn a_mistake_is_met_with_its_line_and_what_to_do() {
        for (from, to, wanted) in [
            ("LIFE-4", "LIVE-4", "did you mean `LIFE-4`"),
            ("owner = \"x\"", "owner = \" \"", "it must say something"),
            ("owner = \"x\"\n", "", "missing field `owner`"),
            ("2026-12-31", "\"soon\"", "a day is written like"),
            ("reason", "reasom", "unknown field `reasom`"),
        ] {
            let error = ExpectedFailures::from_toml(&ENTRY.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(error.contains(wanted) && error.contains("line"), "{error}");
        }
    }

    #[test]
    fn a_day_is_a_text_or_a_date() {
        let quoted = ENTRY.replace("2026-12-31", "\"2026-12-31\"");
        assert_eq!(
            ExpectedFailures::from_toml(ENTRY),
            ExpectedFailures::from_toml(&quoted)
        );
    }

    #[test]
    fn what_is_renewed_keeps_what_holds_and_adds_what_is_new() {
        let today = jiff::civil::date(2026, 3, 2);
        let before =
            ExpectedFailures::from_toml(&format!("{ENTRY}{}", ENTRY.replace("LIFE-4", "LIFE-2")))
                .unwrap();
        let findings = [revival(), finding(id::READ_1, 1)];
        let renewed = before.renewed(&findings, |_| true, today);
        let names: Vec<String> = renewed.expected.iter().map(Expected::name).collect();
        assert_eq!(names, ["LIFE-4", "READ-1 (something)"]);
        assert_eq!(renewed.expected[1].expires, jiff::civil::date(2026, 4, 1));
        insta::assert_snapshot!(renewed.to_toml());
        assert_eq!(
            ExpectedFailures::from_toml(&renewed.to_toml()).unwrap(),
            renewed
        );
        let unshown = before.renewed(&findings, |id| id != id::LIFE_2, today);
        assert_eq!(unshown.expected.len(), 3, "nothing was shown of LIFE-2");
    }
}
