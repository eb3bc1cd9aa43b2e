//! The domain's words: accounts, cards, their type and their status.
//!
//! Ids are kept in lower case, since UUIDs compare without case (contract.md, wire facts). Copies share their text: the
//! judge keeps many worlds.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A card's id as the target gave it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct CardId(Arc<str>);

/// An account's id, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct AccountId(Arc<str>);

macro_rules! id_text {
    ($id:ident) => {
        impl $id {
            /// The id that `text` spells, whatever its case.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().to_ascii_lowercase().into())
            }

            /// The id in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
id_text!(CardId);
id_text!(AccountId);

/// What a card is made of. Each account may hold one of each (contract.md, the limit).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum CardType {
    /// Exists as numbers only.
    Virtual,
    /// Is printed and shipped, hence needs a shipping address.
    Physical,
}

impl CardType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::Virtual, Self::Physical];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Physical => "physical",
        }
    }

    /// The type that `word` names on the wire.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == word)
    }
}

impl fmt::Display for CardType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A card's status (contract.md, states).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CardStatus {
    /// Ordered, not yet usable.
    Issuing,
    /// Usable.
    Active,
    /// Put to rest by the holder; `activate` brings it back.
    Inactive,
    /// Put to rest by the issuer; only the issuer brings it back.
    Suspended,
    /// Ended by the issuer. Final.
    Blocked,
    /// Never became usable. Final.
    IssueFailed,
    /// Ended by `terminate`. Final.
    Terminated,
}

impl CardStatus {
    /// Every status, in the order of a card's life.
    pub const ALL: [Self; 7] = [
        Self::Issuing,
        Self::Active,
        Self::Inactive,
        Self::Suspended,
        Self::Blocked,
        Self::IssueFailed,
        Self::Terminated,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuing => "issuing",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
            Self::Blocked => "blocked",
            Self::IssueFailed => "issue_failed",
            Self::Terminated => "terminated",
        }
    }

    /// The status that `word` names on the wire.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// No call leaves a final status (contract.md, states: `*`).
    pub fn is_final(self) -> bool {
        matches!(self, Self::Blocked | Self::IssueFailed | Self::Terminated)
    }

    /// The card has been issued, so its number, network and expiry are set.
    pub fn is_issued(self) -> bool {
        matches!(
            self,
            Self::Active | Self::Inactive | Self::Suspended | Self::Blocked
        )
    }
}

impl fmt::Display for CardStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that means to move a card from one status to another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The holder wakes an inactive card.
    Activate,
    /// The holder puts an active card to rest.
    Deactivate,
    /// The holder ends the card.
    Terminate,
    /// The simulator lets issuance succeed.
    Issue,
    /// The simulator lets issuance fail.
    Fail,
    /// The issuer puts an active card to rest (only where the target offers it).
    Suspend,
    /// The issuer lifts a suspension (likewise).
    Unsuspend,
    /// The issuer ends the card (likewise).
    Block,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 8] = [
        Self::Activate,
        Self::Deactivate,
        Self::Terminate,
        Self::Issue,
        Self::Fail,
        Self::Suspend,
        Self::Unsuspend,
        Self::Block,
    ];

    /// The verb in a case file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Terminate => "terminate",
            Self::Issue => "issue",
            Self::Fail => "fail",
            Self::Suspend => "suspend",
            Self::Unsuspend => "unsuspend",
            Self::Block => "block",
        }
    }

    /// The issuer's own acts: not in the contract, offered by some sandboxes.
    pub fn is_issuers(self) -> bool {
        matches!(self, Self::Suspend | Self::Unsuspend | Self::Block)
    }

    /// What only a sandbox offers: the simulator's acts and the issuer's own.
    pub fn is_sandbox(self) -> bool {
        matches!(self, Self::Issue | Self::Fail) || self.is_issuers()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
