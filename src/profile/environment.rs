//! What kind of place a target is, and what a run may do there: cardproof is a guest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Profile;

/// What kind of place a target is: `sandbox`, or anything else, where nothing is changed unless a flag says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["sandbox", "staging", "production"]))]
pub struct Environment(String);

impl Environment {
    const SANDBOX: &str = "sandbox";

    /// A place to play.
    pub fn sandbox() -> Self {
        Self(Self::SANDBOX.to_owned())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Environment {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let is_meant = |known: &str| crate::words::nearest(&name.to_lowercase(), [known]).is_some();
        match name.as_str() {
            "" => Err(
                "an environment has a name: \"sandbox\", \"staging\", \"production\", …".to_owned(),
            ),
            Self::SANDBOX => Ok(Self(name)),
            _ if is_meant(Self::SANDBOX) => Err(format!(
                "`{name}` is not `sandbox`, which alone lets a run change things; did you mean `sandbox`?"
            )),
            _ => Ok(Self(name)),
        }
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.0
    }
}

/// Ids that no request that changes anything ever names, whatever else is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NeverTouch {
    /// Accounts. No case uses them either.
    #[schemars(with = "Vec<String>")]
    pub accounts: Vec<Uuid>,
    /// Cards.
    #[schemars(with = "Vec<String>")]
    pub cards: Vec<Uuid>,
}

impl NeverTouch {
    /// It names nothing.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.cards.is_empty()
    }
}

impl Profile {
    /// A place to play: the profile says so, or says nothing and the target is on this machine.
    pub fn is_sandbox(&self) -> bool {
        match &self.environment {
            Some(environment) => environment.as_str() == Environment::SANDBOX,
            None => self.base_url.is_loopback(),
        }
    }

    /// From now on, this run may change things, wherever it is: the user's word (`--allow-changes`).
    pub fn allow_changes(&mut self) {
        self.changes_allowed = true;
    }

    /// Why nothing may be changed, if so. This is the only place where that is decided.
    pub fn no_changes(&self) -> Option<String> {
        if self.is_sandbox() || self.changes_allowed {
            return None;
        }
        let what = match &self.environment {
            Some(environment) => {
                format!("its environment is `{}`, no sandbox", environment.as_str())
            }
            None => "its profile does not say that it is a sandbox".to_owned(),
        };
        Some(format!("{what}, and --allow-changes was not given"))
    }
}
