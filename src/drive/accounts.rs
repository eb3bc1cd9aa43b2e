//! Fresh accounts. Each is used by one case, once, since what one case leaves would be a riddle to the next.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use super::auth::Access;
use super::client::Received;
use super::draft::{self, Draft};
use super::reply::{recorded, said};
use super::setup::Caller;
use super::trouble::shown_body;
use crate::card::AccountId;
use crate::profile::{AccountRecipe, Accounts};

/// Where fresh accounts come from.
pub enum Supply {
    /// What is left of a list.
    List(Mutex<VecDeque<Uuid>>),
    /// Every UUID is an account.
    Any,
    /// A call makes one; the first is made before the run, so that a wrong recipe is found then.
    Create {
        /// The call.
        recipe: AccountRecipe,
        /// Made, and not yet used.
        ready: Mutex<VecDeque<AccountId>>,
    },
}

impl Supply {
    /// The supply that a profile describes, tried out.
    pub async fn prepare(
        accounts: &Accounts,
        access: &Access,
        caller: &Caller,
    ) -> Result<Self, String> {
        Ok(match accounts {
            Accounts::List(list) => Self::List(Mutex::new(list.iter().copied().collect())),
            Accounts::Any => Self::Any,
            Accounts::Create(recipe) => Self::Create {
                ready: Mutex::new([create(recipe, access, caller).await?].into()),
                recipe: recipe.clone(),
            },
        })
    }

    /// A fresh account, or why there is none.
    pub async fn lease(&self, access: &Access, caller: &Caller) -> Result<AccountId, String> {
        match self {
            Self::List(list) => list
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
                .map(|id| AccountId::new(id.to_string()))
                .ok_or_else(|| {
                    "the accounts of the profile are used up: list more, or say how to create them"
                        .to_owned()
                }),
            Self::Any => Ok(AccountId::new(Uuid::new_v4().to_string())),
            Self::Create { recipe, ready } => {
                let ready = ready
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                match ready {
                    Some(account) => Ok(account),
                    None => create(recipe, access, caller).await,
                }
            }
        }
    }
}

async fn create(
    recipe: &AccountRecipe,
    access: &Access,
    caller: &Caller,
) -> Result<AccountId, String> {
    let call = format!("{} {}{}", recipe.method, caller.base.as_str(), recipe.path);
    let draft = Draft {
        method: draft::method(&recipe.method)?,
        path: recipe.path.clone(),
        body: recipe.body.as_ref().map(Value::to_string),
        media_type: None,
        key: Some(Uuid::new_v4().to_string()),
    };
    let incoming = match access.ask(&draft, caller).await? {
        Received::Whole(incoming) => incoming,
        Received::Lost { words, .. } | Received::LetGo(words) => {
            return Err(format!("no fresh account: {call} got no answer: {words}"));
        }
    };
    let response = recorded(incoming, &[], &caller.masks);
    let body = said(&response);
    let id = body.pointer(&recipe.id).and_then(Value::as_str);
    match id {
        // Any other id would be malformed, and everything refused as it ought to be.
        Some(id) if (200..300).contains(&response.status) && Uuid::try_parse(id).is_ok() => {
            Ok(AccountId::new(id))
        }
        _ => Err(format!(
            "no fresh account: {call} was answered with {}{}; a UUID at {} is expected",
            response.status,
            shown_body(&response.body),
            recipe.id
        )),
    }
}
