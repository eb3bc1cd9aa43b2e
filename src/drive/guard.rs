//! The one door to the target: what may change nothing, or must never be touched, is refused here, before it is sent.

use serde_json::Value;

use super::draft::Draft;
use crate::card::AccountId;
use crate::profile::Profile;

/// What a run may not do to the target that it is a guest of.
#[derive(Default)]
pub struct Guard {
    /// Nothing may be changed, for this reason.
    no_changes: Option<String>,
    /// No request that changes anything may name these, in lower case.
    untouchable: Vec<String>,
}

impl Guard {
    /// The rules that a profile sets. Outside a sandbox what belongs to another programme is not to be touched either: there
    /// it is somebody's card.
    pub fn new(profile: &Profile) -> Self {
        let never = &profile.never_touch;
        let foreign = match profile.is_sandbox() {
            true => [None; 3],
            false => {
                let foreign = profile.foreign;
                [foreign.account, foreign.card, foreign.subscription]
            }
        };
        Self {
            no_changes: profile.no_changes(),
            untouchable: never
                .accounts
                .iter()
                .chain(&never.cards)
                .copied()
                .chain(foreign.into_iter().flatten())
                .map(|id| id.to_string())
                .collect(),
        }
    }

    /// Whether a request may be sent; if not, why.
    pub fn check(&self, draft: &Draft) -> Result<(), String> {
        if draft.method.is_safe() {
            return Ok(());
        }
        if let Some(reason) = &self.no_changes {
            return Err(format!(
                "{} {} was not sent: {reason}",
                draft.method, draft.path
            ));
        }
        match self.untouchable.iter().find(|id| names(draft, id)) {
            None => Ok(()),
            Some(id) => Err(format!(
                "a {} that names {id} was not sent: it is under [never_touch], or another programme's outside a sandbox",
                draft.method
            )),
        }
    }

    /// Whether an account may be used for a case.
    pub fn check_account(&self, account: &AccountId) -> Result<(), String> {
        match self.untouchable.iter().any(|id| id == account.as_str()) {
            false => Ok(()),
            true => Err(format!(
                "the account {account} is under [never_touch], so no case uses it"
            )),
        }
    }
}

/// Whether a request names an id, however it is spelt.
fn names(draft: &Draft, id: &str) -> bool {
    let path = percent_decoded(&draft.path);
    let body = draft.body.as_deref().unwrap_or_default();
    let read_body = serde_json::from_str::<Value>(body).unwrap_or_default();
    [path, body.to_owned(), read_body.to_string()]
        .iter()
        .any(|text| text.to_ascii_lowercase().contains(id))
}

fn percent_decoded(path: &str) -> String {
    let mut rest = path.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        match digits.map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(hidden)) if *byte == b'%' => {
                decoded.push(hidden);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    const KEPT: &str = "0b5cb0a1-1c1b-4ad3-9a53-0c4d6e6a7c01";

    fn guard(more: &str) -> Guard {
        let text = format!("name = \"x\"\naccounts = {{ any = true }}\n{more}");
        Guard::new(&Profile::parse("x.toml", &text).unwrap_or_else(|e| panic!("{e}")))
    }

    fn draft(method: &Method, path: &str, body: &str) -> Draft {
        Draft {
            method: method.clone(),
            path: path.to_owned(),
            body: Some(body.to_owned()).filter(|body| !body.is_empty()),
            media_type: None,
            encoding: None,
            key: None,
        }
    }

    #[test]
    fn nothing_that_changes_anything_names_what_must_not_be_touched() {
        let guard = guard(&format!(
            "base_url = \"http://127.0.0.1/v1\"\n[never_touch]\ncards = [\"{KEPT}\"]"
        ));
        let upper = KEPT.to_ascii_uppercase();
        let encoded = format!("%30{}", &KEPT[1..]);
        let escaped = format!("\\u0030{}", &KEPT[1..]);
        for (path, body) in [
            (format!("/cards/{KEPT}"), String::new()),
            (format!("/cards/{upper}/activate"), String::new()),
            (format!("/cards/{encoded}"), String::new()),
            ("/sandbox".to_owned(), format!("{{\"card\":\"{KEPT}\"}}")),
            ("/sandbox".to_owned(), format!("{{\"card\":\"{escaped}\"}}")),
        ] {
            let refused = guard.check(&draft(&Method::DELETE, &path, &body));
            assert!(
                refused.unwrap_err().contains("[never_touch]"),
                "{path} {body}"
            );
            assert_eq!(guard.check(&draft(&Method::GET, &path, &body)), Ok(()));
        }
        let other = "/cards/0b5cb0a1-1c1b-4ad3-9a53-0c4d6e6a7c02";
        assert_eq!(guard.check(&draft(&Method::DELETE, other, "")), Ok(()));
        assert!(guard.check_account(&AccountId::new(KEPT)).is_err());
        assert!(guard.check_account(&AccountId::new("other")).is_ok());
    }

    #[test]
    fn another_programmes_card_is_touched_in_a_sandbox_alone() {
        for (environment, is_sent) in [("sandbox", true), ("production", false)] {
            let text = format!(
                "base_url = \"https://h/v1\"\nenvironment = \"{environment}\"\n[foreign]\ncard = \"{KEPT}\"\n\
                 account = \"{KEPT}\""
            );
            let mut profile = format!("name = \"x\"\naccounts = {{ any = true }}\n{text}");
            profile.push('\n');
            let mut profile = Profile::parse("x.toml", &profile).unwrap();
            profile.allow_changes();
            let terminate = draft(&Method::DELETE, &format!("/cards/{KEPT}"), "");
            assert_eq!(Guard::new(&profile).check(&terminate).is_ok(), is_sent);
        }
    }

    #[test]
    fn outside_a_sandbox_nothing_is_changed() {
        let guard = guard("base_url = \"https://h/v1\"\nenvironment = \"staging\"");
        for (method, is_sent) in [
            (Method::GET, true),
            (Method::HEAD, true),
            (Method::POST, false),
            (Method::PATCH, false),
            (Method::DELETE, false),
        ] {
            let checked = guard.check(&draft(&method, "/cards", ""));
            assert_eq!(checked.is_ok(), is_sent, "{method}");
            let words = checked.err().unwrap_or_default();
            assert!(is_sent || words.contains("--allow-changes"), "{words}");
        }
    }
}
