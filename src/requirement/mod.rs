//! The catalogue: every rule that cardproof judges, each in one literal.
//!
//! A requirement has an id for life; one that is dropped goes to [`RETIRED`] and its id is never used again. Open points
//! are requirements too: they allow several readings, and ask an implementation to keep to one.
//! `spec/requirements.json` is written from here (`cardproof list requirements --format json`).

mod access;
mod body;
mod create;
mod http;
mod idempotency;
mod input;
mod leak;
mod lifecycle;
mod limit;
mod open;
mod reads;
mod webhooks;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::OperationKind;

/// A requirement's id, such as `LIFE-4`. Only the catalogue makes them; a text becomes one by [`find`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequirementId(&'static str);

impl RequirementId {
    /// The id as written.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The part before the number: `LIFE`.
    pub fn group(self) -> &'static str {
        self.0.split_once('-').map_or(self.0, |(group, _)| group)
    }

    /// The requirement.
    ///
    /// # Panics
    /// Never: ids are made by the catalogue alone.
    pub fn requirement(self) -> &'static Requirement {
        static INDEX: LazyLock<HashMap<RequirementId, &'static Requirement>> =
            LazyLock::new(|| all().map(|r| (r.id, r)).collect());
        INDEX
            .get(&self)
            .expect("an id is made only together with its requirement")
    }
}

impl Ord for RequirementId {
    /// By group, then by number: `LIFE-4` before `LIFE-10`.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |id: &Self| (id.group(), id.0.len(), id.0);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for RequirementId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for RequirementId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for RequirementId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        find(&text).map(|r| r.id).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for RequirementId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RequirementId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Z]+-[0-9]+$"})
    }
}

/// How much a departure weighs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A departure fails the run.
    Must,
    /// A departure is reported; it fails the run only under `--strict`.
    Should,
}

/// How hard the sources say it (spec/contract.md, head).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// The sources say it.
    Stated,
    /// It follows from stated rules and HTTP or an RFC.
    Derived,
    /// The sources allow several readings; an implementation keeps to one.
    Open,
}

/// When cardproof exercises a requirement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Against every target.
    Nothing,
    /// Where the sandbox has the simulator.
    Simulator,
    /// Where the sandbox offers the issuer's own acts.
    Issuer,
    /// Where the profile names another programme's card or account.
    Foreign,
    /// Where events are received, and the profile names another programme's subscription.
    ForeignSubscription,
    /// Where callers have a bearer token.
    Bearer,
    /// Where requests are signed.
    Signing,
    /// Where the clock can be moved.
    Clock,
    /// Where the profile states the longest age of a signature.
    SignatureAge,
    /// Where the profile says where webhooks are received.
    Webhooks,
    /// Where something may be changed. It goes without saying for a requirement, so none names it.
    Changes,
    /// Where the profile's limits let two requests go at once.
    AtOnce,
}

impl Needs {
    /// Every need.
    pub const ALL: [Self; 12] = [
        Self::Nothing,
        Self::Simulator,
        Self::Issuer,
        Self::Foreign,
        Self::ForeignSubscription,
        Self::Bearer,
        Self::Signing,
        Self::Clock,
        Self::SignatureAge,
        Self::Webhooks,
        Self::Changes,
        Self::AtOnce,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Simulator => "simulator",
            Self::Issuer => "issuer",
            Self::Foreign => "foreign",
            Self::ForeignSubscription => "foreign-subscription",
            Self::Bearer => "bearer",
            Self::Signing => "signing",
            Self::Clock => "clock",
            Self::SignatureAge => "signature-age",
            Self::Webhooks => "webhooks",
            Self::Changes => "changes",
            Self::AtOnce => "at-once",
        }
    }

    /// Why a requirement is not shown, when this is why.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Nothing => "no case exercised it",
            Self::Simulator => "needs the simulator, which the profile says is not there",
            Self::Issuer => "needs the issuer's own acts, which the profile does not offer",
            Self::Foreign => "needs a card or account of another programme in the profile",
            Self::ForeignSubscription => {
                "needs received events, and a subscription of another programme in the profile"
            }
            Self::Bearer => "needs a bearer token, and the profile names none",
            Self::Signing => "needs signed requests, which the profile says are not sent",
            Self::Webhooks => "needs received events, and the profile has no [webhooks]",
            Self::Changes => {
                "the target is no sandbox, and nothing was changed there: --allow-changes was not given"
            }
            Self::AtOnce => {
                "needs two requests at once, which [limits] in the profile do not allow"
            }
            Self::Clock => {
                "needs a clock that can be moved: [sandbox.clock] in the profile, with api_key and api_secret"
            }
            Self::SignatureAge => {
                "needs a longest age of signatures: longest_age under [signing] in the profile"
            }
        }
    }

    /// The rule holds for a target without it too; it only can't be seen there.
    pub fn is_for_seeing(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::SignatureAge | Self::Webhooks | Self::Changes | Self::AtOnce
        )
    }
}

/// An open point: its short name, and the readings that the contract allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The name that profiles pin it by.
    pub name: &'static str,
    /// What an implementation may choose.
    pub readings: &'static [&'static str],
}

/// One testable rule.
#[derive(Clone, Debug, Serialize)]
pub struct Requirement {
    /// Its id for life.
    pub id: RequirementId,
    /// The rule, in one sentence.
    pub rule: &'static str,
    /// How much a departure weighs.
    pub level: Level,
    /// How hard the sources say it.
    pub tag: Tag,
    /// Where they say it: "the contract" is `spec/contract.md`, with the heading of a part.
    pub source: &'static str,
    /// The operations it concerns.
    pub operations: &'static [OperationKind],
    /// What brings it about.
    pub provoked: &'static str,
    /// How it is judged.
    pub judged: &'static str,
    /// What a target must offer for it to be exercised.
    pub needs: Needs,
    /// For an open point, its readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

/// Ids that were used once and never will be again.
pub const RETIRED: &[&str] = &[];

/// Writes requirements and their ids in one go, so that neither exists without the other.
macro_rules! catalogue {
    ($(
        $id:ident = $text:literal $level:ident $tag:ident $rule:literal
        from $source:literal
        on [$($operation:ident),*]
        provoked $provoked:literal
        judged $judged:literal
        $(needs $needs:ident)?
        $(point $point:literal [$($reading:literal),+])?
        ;
    )*) => {
        $(
            #[doc = $rule]
            pub const $id: $crate::requirement::RequirementId = $crate::requirement::RequirementId($text);
        )*
        pub(super) const TOPIC: &[$crate::requirement::Requirement] = &[$(
            $crate::requirement::Requirement {
                id: $id,
                rule: $rule,
                level: $crate::requirement::Level::$level,
                tag: $crate::requirement::Tag::$tag,
                source: $source,
                operations: &[$($crate::contract::OperationKind::$operation),*],
                provoked: $provoked,
                judged: $judged,
                needs: catalogue!(@needs $($needs)?),
                point: catalogue!(@point $($point [$($reading),+])?),
            },
        )*];
    };
    (@needs) => { $crate::requirement::Needs::Nothing };
    (@needs $needs:ident) => { $crate::requirement::Needs::$needs };
    (@point) => { None };
    (@point $name:literal [$($reading:literal),+]) => {
        Some($crate::requirement::Point { name: $name, readings: &[$($reading),+] })
    };
}
use catalogue;

/// The ids, by which rules are named in code.
pub mod id {
    pub use super::access::*;
    pub use super::body::*;
    pub use super::create::*;
    pub use super::http::*;
    pub use super::idempotency::*;
    pub use super::input::*;
    pub use super::leak::*;
    pub use super::lifecycle::*;
    pub use super::limit::*;
    pub use super::open::*;
    pub use super::reads::*;
    pub use super::webhooks::*;
}

const TOPICS: &[(&str, &[Requirement])] = &[
    ("Creating a card", create::TOPIC),
    ("The life of a card", lifecycle::TOPIC),
    ("The limit", limit::TOPIC),
    ("Idempotency", idempotency::TOPIC),
    ("The three reads, and what never changes", reads::TOPIC),
    ("Bodies", body::TOPIC),
    ("HTTP", http::TOPIC),
    ("Input", input::TOPIC),
    ("Access", access::TOPIC),
    ("Card data", leak::TOPIC),
    ("Webhooks", webhooks::TOPIC),
    ("Open points", open::TOPIC),
];

/// Every requirement, by topic and number.
pub fn all() -> impl Iterator<Item = &'static Requirement> {
    topics().flat_map(|(_, requirements)| requirements)
}

/// The topics with their titles, in the order of reports.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static [Requirement])> {
    TOPICS.iter().copied()
}

/// An id or a point's name that the catalogue doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no requirement `{text}`{}", .near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
pub struct UnknownRequirement {
    /// What was asked for.
    pub text: String,
    /// The nearest that there is.
    pub near: Option<&'static str>,
}

/// The requirement with this id (in any case), or the open point with this name.
///
/// # Errors
/// When there is none; the nearest is named.
pub fn find(text: &str) -> Result<&'static Requirement, UnknownRequirement> {
    let named = |r: &&Requirement| {
        r.id.as_str().eq_ignore_ascii_case(text) || r.point.is_some_and(|p| p.name == text)
    };
    all().find(named).ok_or_else(|| UnknownRequirement {
        text: text.to_owned(),
        near: crate::words::nearest(&text.to_ascii_uppercase(), all().map(|r| r.id.as_str()))
            .or_else(|| crate::words::nearest(text, all().filter_map(|r| r.point.map(|p| p.name)))),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_never_reused() {
        let mut seen = BTreeSet::new();
        for requirement in all() {
            let id = requirement.id.as_str();
            assert!(seen.insert(id), "{id} stands twice");
            assert!(!RETIRED.contains(&id), "{id} was retired");
            let number = id.split_once('-').map(|(_, number)| number.parse::<u32>());
            assert!(
                matches!(number, Some(Ok(1..))),
                "{id} is not of the form LIFE-4"
            );
        }
        assert!(seen.len() >= 60, "only {} requirements", seen.len());
    }

    #[test]
    fn a_part_of_the_contract_that_is_named_is_there() {
        let contract = include_str!("../../spec/contract.md").to_lowercase();
        let headings: Vec<&str> = contract.lines().filter(|l| l.starts_with("## ")).collect();
        for requirement in all() {
            for source in requirement.source.split("; ") {
                let Some(part) = source.strip_prefix("the contract, ") else {
                    continue;
                };
                let part = part.trim_end_matches(" (silent)");
                let is_it = |heading: &&str| heading.starts_with(&format!("## {part}"));
                assert!(headings.iter().any(is_it), "{}: {part}", requirement.id);
            }
        }
    }

    #[test]
    fn every_rule_is_a_sentence() {
        for requirement in all() {
            let Requirement { id, rule, .. } = requirement;
            assert!(rule.ends_with('.'), "{id}: {rule}");
            assert!(
                rule.starts_with(|c: char| c.is_uppercase() || c == '`'),
                "{id}: {rule}"
            );
            assert!(
                !rule.trim_end_matches('.').contains(". "),
                "{id} has two sentences"
            );
        }
    }

    #[test]
    fn open_points_have_readings_and_only_they_do() {
        for requirement in all() {
            assert_eq!(
                requirement.tag == Tag::Open,
                requirement.point.is_some(),
                "{}",
                requirement.id
            );
            if let Some(point) = requirement.point {
                assert!(
                    point.readings.len() >= 2,
                    "{} leaves nothing open",
                    requirement.id
                );
            }
        }
    }

    #[test]
    fn a_mistyped_id_is_met_with_the_nearest() {
        assert_eq!(find("life-4").unwrap().id, id::LIFE_4);
        assert_eq!(find("terminated-frees-slot").unwrap().id, id::OPEN_9);
        let error = find("LIVE-4").unwrap_err().to_string();
        assert!(error.contains("did you mean `LIFE-4`"), "{error}");
    }
}
