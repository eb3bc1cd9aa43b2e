//! Fresh accounts. Each is used by one case, once, since what one case leaves would be a riddle to the next. Those that a
//! profile lists are no supply: the pool shares them out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::auth::Access;
use super::draft::{self, Draft};
use super::reply::said;
use super::secrets;
use super::setup::Caller;
use super::trouble::shown_body;
use crate::card::AccountId;
use crate::profile::{
    AccountCall, Accounts, CommandLine, Profile, filled_text, filled_value, plain,
};

/// Where fresh accounts come from.
pub enum Supply {
    /// Every UUID is an account.
    Any,
    /// They are made; the first one before the run, so that a wrong recipe is found then.
    Made {
        maker: Maker,
        /// Made, and not yet used.
        ready: Mutex<VecDeque<AccountId>>,
    },
    /// There are none, for this reason.
    None(String),
}

/// What makes an account.
pub enum Maker {
    Calls(Vec<AccountCall>),
    Command(CommandLine),
}

impl Supply {
    /// The supply that a profile describes, tried out.
    pub async fn prepare(
        profile: &Profile,
        access: &Access,
        caller: &Caller,
    ) -> Result<Self, String> {
        let maker = match &profile.accounts {
            Accounts::List(_) => {
                let words = "the accounts that the profile lists are shared out by the pool";
                return Ok(Self::None(words.to_owned()));
            }
            Accounts::Any => return Ok(Self::Any),
            Accounts::Create(recipe) => Maker::Calls(vec![recipe.call()]),
            Accounts::Calls(calls) => Maker::Calls(calls.clone()),
            Accounts::Command(command) => Maker::Command(command.clone()),
        };
        if let Some(reason) = profile.no_changes() {
            return Ok(Self::None(format!("no account is made: {reason}")));
        }
        Ok(Self::Made {
            ready: Mutex::new([maker.make(access, caller).await?].into()),
            maker,
        })
    }

    /// A fresh account, or why there is none.
    pub async fn lease(&self, access: &Access, caller: &Caller) -> Result<AccountId, String> {
        match self {
            Self::Any => Ok(AccountId::new(Uuid::new_v4().to_string())),
            Self::Made { maker, ready } => {
                let ready = ready
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                match ready {
                    Some(account) => Ok(account),
                    None => maker.make(access, caller).await,
                }
            }
            Self::None(reason) => Err(reason.clone()),
        }
    }
}

/// Why no account was made.
struct Failure {
    words: String,
    /// A gateway or a broken line may be to blame, so another try may bring one.
    may_pass: bool,
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self {
            words,
            may_pass: false,
        }
    }
}

impl Maker {
    /// A new account. That there is one more that nobody uses does no harm, so what may pass is tried again.
    async fn make(&self, access: &Access, caller: &Caller) -> Result<AccountId, String> {
        const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];
        let mut pauses = PAUSES.into_iter();
        loop {
            let made = match self {
                Self::Calls(calls) => by_calls(calls, access, caller).await,
                Self::Command(command) => by_command(command).await.map_err(Failure::from),
            };
            match (made, pauses.next()) {
                (Err(failure), Some(pause)) if failure.may_pass => tokio::time::sleep(pause).await,
                (made, _) => {
                    return made.map_err(|failure| format!("no fresh account: {}", failure.words));
                }
            }
        }
    }
}

async fn by_command(command: &CommandLine) -> Result<AccountId, String> {
    let line = command.clone();
    let printed = tokio::task::spawn_blocking(move || line.output())
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let id = printed.expose_secret();
    match Uuid::try_parse(id).is_ok() {
        true => Ok(AccountId::new(id)),
        false => Err(format!(
            "{command} is to print the id of an account, a UUID, and nothing else"
        )),
    }
}

/// Makes the calls one after the other, each with what the earlier ones brought.
async fn by_calls(
    calls: &[AccountCall],
    access: &Access,
    caller: &Caller,
) -> Result<AccountId, Failure> {
    let mut taken: BTreeMap<String, Value> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        let draft = call_draft(call, &taken)?;
        let which = match calls.len() {
            1 => String::new(),
            many => format!("call {} of {many}, ", index + 1),
        };
        let headers = secrets::headers(&call.headers, &caller.masks)
            .await
            .map_err(|e| e.to_string())?;
        let response = access
            .ask(&draft, headers, caller)
            .await
            .map_err(|words| Failure {
                words: format!("{which}{words}"),
                may_pass: true,
            })?;
        let body = said(&response);
        let came = || {
            let Draft { method, path, .. } = &draft;
            let (status, body) = (response.status, shown_body(&response.body));
            format!(
                "{which}{method} {}{path} was answered with {status}{body}",
                caller.base.as_str()
            )
        };
        if !(200..300).contains(&response.status) {
            return Err(Failure {
                words: came(),
                may_pass: response.status >= 500,
            });
        }
        for (name, pointer) in &call.take {
            let is_account = name == AccountCall::ACCOUNT;
            let fits = if is_account { is_uuid } else { is_id };
            let value = body.pointer(pointer).filter(|value| fits(value));
            let value = value.ok_or_else(|| {
                let what = if is_account { "a UUID" } else { name };
                format!("{}; {what} at {pointer} is expected", came())
            })?;
            taken.insert(name.clone(), value.clone());
        }
    }
    match taken.remove(AccountCall::ACCOUNT) {
        Some(account) => Ok(AccountId::new(plain(account))),
        None => Err("no call takes the account".to_owned().into()),
    }
}

/// Any other id of an account would be malformed, and everything refused as it ought to be.
fn is_uuid(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| Uuid::try_parse(text).is_ok())
}

fn is_id(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.is_empty())
}

fn call_draft(call: &AccountCall, taken: &BTreeMap<String, Value>) -> Result<Draft, String> {
    let value = |name: &str| match name {
        AccountCall::UUID => Some(Value::from(Uuid::new_v4().to_string())),
        _ => taken.get(name).cloned(),
    };
    let segment =
        |name: &str| value(name).map(|value| draft::segment(&plain(value), false).into_owned());
    Ok(Draft {
        method: draft::method(&call.method)?,
        path: filled_text(&call.path, &mut { segment }),
        body: call
            .body
            .as_ref()
            .map(|body| filled_value(body, &mut { value }).to_string()),
        media_type: None,
        encoding: None,
        key: Some(Uuid::new_v4().to_string()),
    })
}
