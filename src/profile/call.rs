//! Calls that a profile describes: one that stands alone, and those that make an account together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parts::{check_method, check_path, check_pointer, post};
use super::secret::{HeaderText, TextOrPlace};
use super::template::{filled_text, filled_value};

/// A call without anything to fill in.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "PlainTable", into = "PlainTable")]
#[schemars(with = "PlainTable")]
pub struct PlainCall {
    /// Its method.
    pub method: String,
    /// Its path after the base URL.
    pub path: String,
    /// Its body, if it has one.
    pub body: Option<Value>,
}

/// A call.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlainTable {
    /// Its method, `POST` unless said otherwise.
    #[serde(default = "post")]
    method: String,
    /// Its path after the base URL.
    path: String,
    /// Its body, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

impl TryFrom<PlainTable> for PlainCall {
    type Error = String;

    fn try_from(table: PlainTable) -> Result<Self, String> {
        check_method(&table.method)?;
        check_path(&table.path)?;
        Ok(Self {
            method: table.method,
            path: table.path,
            body: table.body,
        })
    }
}

impl From<PlainCall> for PlainTable {
    fn from(call: PlainCall) -> Self {
        Self {
            method: call.method,
            path: call.path,
            body: call.body,
        }
    }
}

/// One of the calls that make an account.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountCall {
    /// Its method, `POST` unless said otherwise.
    #[serde(default = "post")]
    pub method: String,
    /// Its path after the base URL. `{name}` stands for what an earlier call took, `{uuid}` for a fresh UUID.
    pub path: String,
    /// Its body, if it has one; places are filled there too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Further header fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, TextOrPlace>")]
    pub headers: BTreeMap<String, HeaderText>,
    /// What is taken from its answer: a name, and a JSON pointer. One of the calls takes `account`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub take: BTreeMap<String, String>,
}

impl AccountCall {
    /// The name under which the account's id is taken.
    pub const ACCOUNT: &str = "account";
    /// The place for a fresh UUID.
    pub const UUID: &str = "uuid";
}

/// Calls that make an account: each takes what it fills in from an earlier one, and one takes the account.
pub(super) fn check_calls(calls: &[AccountCall]) -> Result<(), String> {
    let mut known = BTreeSet::from([AccountCall::UUID.to_owned()]);
    for (index, call) in calls.iter().enumerate() {
        let of_call = |problem: String| format!("call {}: {problem}", index + 1);
        check_method(&call.method).map_err(of_call)?;
        check_path(&filled_text(&call.path, &mut |_| Some("x".to_owned()))).map_err(of_call)?;
        if let Some(unknown) = first_unknown(call, &known) {
            let near = crate::words::nearest(&unknown, known.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let words = format!(
                "no earlier call takes `{unknown}`, which `{{{unknown}}}` stands for{near}"
            );
            return Err(of_call(words));
        }
        for (name, pointer) in &call.take {
            check_pointer(pointer, "/id").map_err(of_call)?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(of_call(format!(
                    "`{name}` is no name: letters, digits and _ make one"
                )));
            }
        }
        known.extend(call.take.keys().cloned());
    }
    match known.contains(AccountCall::ACCOUNT) {
        true => Ok(()),
        false => Err(
            "no call takes the account: write take = { account = \"/id\" } at the last one"
                .to_owned(),
        ),
    }
}

/// A place of the call of which nothing is known by then.
fn first_unknown(call: &AccountCall, known: &BTreeSet<String>) -> Option<String> {
    let mut unknown = None;
    let mut look = |name: &str| {
        if !known.contains(name) {
            unknown.get_or_insert(name.to_owned());
        }
        None
    };
    filled_text(&call.path, &mut look);
    if let Some(body) = &call.body {
        filled_value(body, &mut |name| {
            look(name);
            None
        });
    }
    unknown
}
