//! How a target's clock is moved forward.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parts::{check_method, check_path, post};
use super::template::{filled_text, filled_value};

/// The call that moves the clock forward. `{seconds}` in its path or body stands for how far.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "ClockTable", into = "ClockTable")]
#[schemars(with = "ClockTable")]
pub struct ClockCall {
    /// Its method.
    pub method: String,
    path: String,
    body: Option<Value>,
}

/// The `[sandbox.clock]` table as written.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ClockTable {
    /// Its method, `POST` unless said otherwise.
    #[serde(default = "post")]
    method: String,
    /// Its path after the base URL.
    path: String,
    /// Its body, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

const PLACE: &str = "seconds";

impl ClockCall {
    /// A `POST` with this body.
    ///
    /// # Errors
    /// Neither the path nor the body says how far the clock is moved, or the path is none.
    pub fn post(path: &str, body: Value) -> Result<Self, String> {
        Self::try_from(ClockTable {
            method: post(),
            path: path.to_owned(),
            body: Some(body),
        })
    }

    /// The path that moves the clock by so many seconds.
    pub fn path(&self, seconds: u64) -> String {
        filled_text(&self.path, &mut |name| {
            (name == PLACE).then(|| seconds.to_string())
        })
    }

    /// The body that does, if there is one.
    pub fn body(&self, seconds: u64) -> Option<Value> {
        let mut fill = |name: &str| (name == PLACE).then(|| Value::from(seconds));
        self.body.as_ref().map(|body| filled_value(body, &mut fill))
    }
}

impl TryFrom<ClockTable> for ClockCall {
    type Error = String;

    fn try_from(table: ClockTable) -> Result<Self, String> {
        check_method(&table.method)?;
        check_path(&table.path.replace("{seconds}", "1"))?;
        let call = Self {
            method: table.method,
            path: table.path,
            body: table.body,
        };
        if call.path(1) == call.path && call.body(1) == call.body {
            return Err(format!(
                "the call does not say how far the clock is moved: put {{{PLACE}}} into its path or body"
            ));
        }
        Ok(call)
    }
}

impl From<ClockCall> for ClockTable {
    fn from(call: ClockCall) -> Self {
        Self {
            method: call.method,
            path: call.path,
            body: call.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_seconds_stand_where_the_profile_says() {
        let call: ClockCall = toml::from_str(
            "path = \"/clock/{seconds}\"\nbody = { by = \"{seconds}\", iso = [\"PT{seconds}S\"], x = 1 }\n",
        )
        .unwrap();
        assert_eq!(
            (call.method.as_str(), call.path(60)),
            ("POST", "/clock/60".into())
        );
        assert_eq!(
            call.body(60),
            Some(json!({"by": 60, "iso": ["PT60S"], "x": 1}))
        );
    }

    #[test]
    fn a_call_that_can_move_no_clock_is_refused() {
        for (text, hint) in [
            ("path = \"/clock\"", "{seconds}"),
            ("path = \"clock/{seconds}\"", "begins with a slash"),
            ("path = \"/{seconds}\"\nmethod = \"MOVE\"", "no method"),
            ("path = \"/{seconds}\"\nby = 1", "unknown field"),
        ] {
            let error = toml::from_str::<ClockCall>(text).unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
