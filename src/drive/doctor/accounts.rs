//! An account, and the list of its cards.

use serde_json::Value;

use super::evidence::Inquiry;
use super::{Done, Visit};
use crate::card::AccountId;
use crate::doctor::{Fact, Step};
use crate::drive::accounts::Supply;
use crate::drive::draft::Draft;
use crate::drive::witness::Seen;
use crate::profile::Accounts;

/// An account to try things on.
pub struct Account {
    pub id: AccountId,
    /// It has cards already.
    pub is_used: bool,
}

impl Visit<'_> {
    /// What is known of a failure whose words the driver gave: the last exchange, if there was one.
    pub(super) fn inquiry(&self, step: Step, words: String) -> Inquiry {
        let witness = self.caller.client.witness.as_ref();
        match witness.and_then(|witness| witness.take()) {
            Some(seen) => Inquiry::of(step, self.profile, words, seen),
            None => Inquiry::new(step, self.profile, words),
        }
    }

    /// Has an account by the way that the profile says.
    pub async fn account(&self) -> Done<AccountId> {
        self.forget();
        if let Accounts::List(list) = &self.profile.accounts
            && let Some(id) = list.first()
        {
            let account = AccountId::new(id.to_string());
            let note = account.to_string();
            return Ok((account, note));
        }
        let supply = Supply::prepare(self.profile, &self.access, &self.caller).await;
        let leased = match &supply {
            Ok(supply) => supply.lease(&self.access, &self.caller).await,
            Err(words) => Err(words.clone()),
        };
        let words = match leased {
            Ok(account) => {
                let note = account.to_string();
                return Ok((account, note));
            }
            Err(words) => words,
        };
        let mut inquiry = self.inquiry(Step::Account, words);
        self.note_words(&mut inquiry);
        self.note_accounts(&mut inquiry);
        if inquiry.seen().is_some_and(Seen::is_success) {
            look_for_id(&mut inquiry);
        }
        Err(inquiry.failure(Some(&self.caller.masks)))
    }

    /// Lists its cards.
    pub async fn account_cards(&self, account: &AccountId) -> Done<bool> {
        let step = Step::AccountCards;
        let seen = match self.call(&Draft::list_of(account)).await {
            Ok(seen) => seen,
            Err(words) => return Err(super::signed::unmade(step, self, words)),
        };
        if seen.is_success() {
            let cards: Vec<Value> = serde_json::from_str(&seen.body()).unwrap_or_default();
            let note = match cards.len() {
                0 => "none yet".to_owned(),
                count => format!("{count} already"),
            };
            return Ok((!cards.is_empty(), note));
        }
        let mut inquiry = Inquiry::of(
            step,
            self.profile,
            "the account's cards can't be listed",
            seen,
        );
        self.note_words(&mut inquiry);
        self.note_accounts(&mut inquiry);
        inquiry.evidence.say("account", account.as_str());
        Err(inquiry.failure(Some(&self.caller.masks)))
    }

    /// Another of the listed accounts that has no cards, where this one has some: a run shares them out so too.
    pub async fn roomier(&self, account: Account) -> Account {
        let Accounts::List(list) = &self.profile.accounts else {
            return account;
        };
        if !account.is_used {
            return account;
        }
        for id in list.iter().map(|id| AccountId::new(id.to_string())) {
            let may_be_used = self.caller.guard.check_account(&id).is_ok();
            if may_be_used && matches!(self.account_cards(&id).await, Ok((false, _))) {
                return Account { id, is_used: false };
            }
        }
        account
    }

    /// Where the account is from.
    pub fn note_accounts(&self, inquiry: &mut Inquiry) {
        match &self.profile.accounts {
            Accounts::List(_) => inquiry.evidence.add(Fact::AccountListed),
            Accounts::Any => inquiry.evidence.add(Fact::AccountDrawn),
            Accounts::Create(recipe) => inquiry.evidence.say("pointer", recipe.id.as_str()),
            Accounts::Calls(_) | Accounts::Command(_) => {
                inquiry
                    .evidence
                    .say("pointer", "the place that `take` names");
            }
        }
    }

    /// What is seen from now on belongs to the next step.
    pub fn forget(&self) {
        if let Some(witness) = &self.caller.client.witness {
            witness.take();
        }
    }
}

/// The answer has no id where the profile says; perhaps it has one elsewhere.
fn look_for_id(inquiry: &mut Inquiry) {
    inquiry.evidence.add(Fact::NotUnderstood);
    let body = inquiry.seen().map(Seen::body).unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let mut found = Vec::new();
    collect_ids(&body, String::new(), &mut found);
    // The account's own id most likely says so.
    found.sort_by_key(|pointer| !pointer.to_ascii_lowercase().contains("account"));
    if let Some(pointer) = found.into_iter().next() {
        inquiry.evidence.add(Fact::IdElsewhere);
        inquiry.evidence.say("found", pointer);
    }
}

/// Pointers to all that looks like an id.
fn collect_ids(value: &Value, pointer: String, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::String(text) => {
            let name = pointer
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            if uuid::Uuid::try_parse(text).is_ok() || name.ends_with("id") {
                found.push(pointer);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                collect_ids(member, format!("{pointer}/{}", escaped(name)), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_ids(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let body = json!({"data": [{"x/y": "a2b6a3a0-3f0e-4d0c-9b44-5a4f6f0e1a2b"}], "ownerId": "7", "n": 1, "word": "x"});
        let mut found = Vec::new();
        collect_ids(&body, String::new(), &mut found);
        assert_eq!(found, ["/data/0/x~1y", "/ownerId"]);
    }
}
