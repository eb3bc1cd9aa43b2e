//! What activate, deactivate and terminate answer, which the contract leaves open: `success = "204"`, or one by one.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::card::Action;

/// What each of the three calls answers (contract.md, operations).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// Activate.
    pub activate: SuccessCode,
    /// Deactivate.
    pub deactivate: SuccessCode,
    /// Terminate.
    pub terminate: SuccessCode,
}

/// What a successful call answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum SuccessCode {
    /// 204 without a body.
    #[default]
    #[serde(rename = "204")]
    NoContent,
    /// 200 with the card.
    #[serde(rename = "200-with-card")]
    Card,
}

impl Success {
    /// The same for all three.
    pub fn all(code: SuccessCode) -> Self {
        Self {
            activate: code,
            deactivate: code,
            terminate: code,
        }
    }

    /// The calls that answer with the card.
    pub fn with_card(self) -> BTreeSet<Action> {
        [
            (Action::Activate, self.activate),
            (Action::Deactivate, self.deactivate),
            (Action::Terminate, self.terminate),
        ]
        .into_iter()
        .filter(|(_, code)| *code == SuccessCode::Card)
        .map(|(action, _)| action)
        .collect()
    }
}

/// One code for all three calls, or one for each.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only says in the schema what is taken")]
pub(super) enum SuccessTable {
    /// The same for all.
    All(SuccessCode),
    /// For each its own.
    Each(Each),
}

/// A code for each call; one that is left out is `204`.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Each {
    /// Activate.
    activate: SuccessCode,
    /// Deactivate.
    deactivate: SuccessCode,
    /// Terminate.
    terminate: SuccessCode,
}

impl Serialize for Success {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            activate,
            deactivate,
            terminate,
        } = *self;
        match *self == Self::all(activate) {
            true => activate.serialize(serializer),
            false => Each {
                activate,
                deactivate,
                terminate,
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Success {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SuccessVisitor)
    }
}

struct SuccessVisitor;

impl<'de> Visitor<'de> for SuccessVisitor {
    type Value = Success;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"204\", \"200-with-card\", or { terminate = \"200-with-card\", … }")
    }

    fn visit_str<E: serde::de::Error>(self, code: &str) -> Result<Success, E> {
        SuccessCode::deserialize(StrDeserializer::new(code)).map(Success::all)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Success, A::Error> {
        let each = Each::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Success {
            activate: each.activate,
            deactivate: each.deactivate,
            terminate: each.terminate,
        })
    }
}
