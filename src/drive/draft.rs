//! What a step asks for on the wire. Pure: a step and what is known so far in, a request without credentials out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::card::{AccountId, Action};
use crate::case::request::{body_text, standard_request};
use crate::case::{
    AccountRef, Body, CardRef, Command, Encoding, Hook, KeyUse, Step, StepNumber, Within,
};
use crate::profile::{Foreign, IssuerCall, Sandbox};

/// A request before access: what a retry sends again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub method: Method,
    /// After the base URL.
    pub path: String,
    pub body: Option<String>,
    /// Of the body; absent: `application/json`.
    pub media_type: Option<String>,
    /// How the body is written in bytes, if not in plain UTF-8.
    pub encoding: Option<Encoding>,
    /// The idempotency key.
    pub key: Option<String>,
}

impl Draft {
    /// A read.
    pub fn read(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            media_type: None,
            encoding: None,
            key: None,
        }
    }

    /// A change under a key of its own; without a body, unless one is given to it.
    pub fn change(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            key: Some(Uuid::new_v4().to_string()),
            ..Self::read(path)
        }
    }

    /// The read of an account's cards.
    pub fn list_of(account: &AccountId) -> Self {
        Self::read(cards_of(account))
    }
}

/// Where the cards of an account are.
pub fn cards_of(account: &AccountId) -> String {
    format!("/accounts/{}/cards", segment(account.as_str(), false))
}

/// What the driver has to do for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Send this.
    Send(Draft),
    /// Send this read until the card is no longer `issuing`.
    AwaitIssuance(Draft),
    /// Wait.
    Pause(Duration),
    /// Something about webhooks, which takes more than a request.
    Hook(Hook),
    /// Send this, which moves the target's clock by so many seconds.
    MoveClock(Draft, u64),
}

/// What the earlier steps and the profile have brought.
pub struct Known<'a> {
    pub accounts: &'a BTreeMap<char, AccountId>,
    /// The card that each step's answer brought, as the target spelt its id.
    pub cards: &'a BTreeMap<StepNumber, String>,
    /// What each step sent whose request later steps take up.
    pub drafts: &'a BTreeMap<StepNumber, Draft>,
    pub foreign: &'a Foreign,
    pub sandbox: &'a Sandbox,
}

/// Why a step is skipped.
type Skipped<T> = Result<T, String>;

impl Known<'_> {
    /// What `step` asks for.
    pub fn ask(&self, step: &Step) -> Skipped<Ask> {
        let mut ask = self.ask_of_command(step)?;
        if let (Some(method), Ask::Send(draft)) = (&step.method, &mut ask) {
            draft.method = method.clone();
            if draft.key.is_none() && !method.is_safe() {
                // A missing key would be a reason of its own to refuse it.
                draft.key = self.key(&step.key)?;
            }
        }
        Ok(ask)
    }

    fn ask_of_command(&self, step: &Step) -> Skipped<Ask> {
        let upper = step.upper_case;
        match &step.command {
            Command::Create { account, card_type } => {
                let account = self.account(account)?;
                let path = format!("/accounts/{}/cards", segment(&account, upper));
                let body = self.naming_accounts(&step.body)?;
                let body = body_text(&standard_request(*card_type), &body);
                self.modifying(step, Method::POST, path, Some(body))
            }
            Command::Read(card) => Ok(Ask::Send(Draft::read(self.card_path(card, upper)?))),
            Command::ListAccount(account) => {
                let account = self.account(account)?;
                let path = format!("/accounts/{}/cards", segment(&account, upper));
                Ok(Ask::Send(Draft::read(path)))
            }
            Command::ListProgramme => Ok(Ask::Send(Draft::read("/cards".to_owned()))),
            Command::Act(action, card) => self.act(step, *action, card),
            Command::Retry(earlier) => self.retry(step, *earlier),
            Command::Hook(hook) => Ok(Ask::Hook(hook.clone())),
            Command::Pause(milliseconds) => Ok(Ask::Pause(Duration::from_millis(*milliseconds))),
            Command::MoveClock(seconds) => self.move_clock(*seconds),
        }
    }

    fn act(&self, step: &Step, action: Action, card: &CardRef) -> Skipped<Ask> {
        let card_path = self.card_path(card, step.upper_case)?;
        let issuer = &self.sandbox.issuer;
        let (method, path) = match action {
            Action::Activate => (Method::PATCH, format!("{card_path}/activate")),
            Action::Deactivate => (Method::PATCH, format!("{card_path}/deactivate")),
            Action::Terminate => (Method::DELETE, card_path),
            Action::Issue if self.sandbox.issue.is_some() => {
                self.issuer_call(self.sandbox.issue.as_ref(), action, card, step)?
            }
            Action::Issue | Action::Fail if self.sandbox.simulator => {
                (Method::PATCH, format!("/simulator{card_path}/{action}"))
            }
            Action::Issue => return self.await_issuance(step, card, card_path),
            Action::Fail => return Err("the profile says that there is no simulator".to_owned()),
            Action::Suspend => self.issuer_call(issuer.suspend.as_ref(), action, card, step)?,
            Action::Unsuspend => self.issuer_call(issuer.unsuspend.as_ref(), action, card, step)?,
            Action::Block => self.issuer_call(issuer.block.as_ref(), action, card, step)?,
        };
        self.modifying(step, method, path, None)
    }

    fn move_clock(&self, seconds: u64) -> Skipped<Ask> {
        let call = self.sandbox.clock.as_ref();
        let call = call.ok_or("the profile has no way to move the clock")?;
        let draft = Draft {
            method: method(&call.method)?,
            path: call.path(seconds),
            body: call.body(seconds).map(|body| body.to_string()),
            media_type: None,
            encoding: None,
            key: Some(Uuid::new_v4().to_string()),
        };
        Ok(Ask::MoveClock(draft, seconds))
    }

    /// Without a simulator, a card is issued by waiting for it. That shows nothing of the flaws and
    /// losses that the step may ask for.
    fn await_issuance(&self, step: &Step, card: &CardRef, card_path: String) -> Skipped<Ask> {
        let ordinary = step.flaw.is_none() && step.key == KeyUse::Usual && step.loss.is_none();
        match card {
            CardRef::Made(_) if ordinary => Ok(Ask::AwaitIssuance(Draft::read(card_path))),
            _ => Err("the profile says that there is no simulator".to_owned()),
        }
    }

    fn issuer_call(
        &self,
        call: Option<&IssuerCall>,
        action: Action,
        card: &CardRef,
        step: &Step,
    ) -> Skipped<(Method, String)> {
        let call = call.ok_or_else(|| format!("the profile has no way to {action} a card"))?;
        let card = self.card(card)?;
        let card = segment(&card, step.upper_case);
        Ok((method(&call.method)?, call.path(&card)))
    }

    fn retry(&self, step: &Step, earlier: StepNumber) -> Skipped<Ask> {
        let sent = self
            .drafts
            .get(&earlier)
            .ok_or_else(|| format!("step {earlier} sent nothing that could be sent again"))?;
        let body = match &step.body {
            Body::Standard => sent.body.clone(),
            changed => {
                let changed = self.naming_accounts(changed)?;
                Some(body_text(&sent_value(sent, &changed)?, &changed))
            }
        };
        let key = match &step.key {
            KeyUse::Usual => sent.key.clone(),
            other => self.key(other)?,
        };
        Ok(Ask::Send(Draft {
            method: sent.method.clone(),
            path: sent.path.clone(),
            body,
            media_type: step.media_type.clone().or_else(|| sent.media_type.clone()),
            encoding: step.encoding.or(sent.encoding),
            key: match step.upper_case {
                true => key.map(|key| key.to_ascii_uppercase()),
                false => key,
            },
        }))
    }

    fn modifying(
        &self,
        step: &Step,
        method: Method,
        path: String,
        body: Option<String>,
    ) -> Skipped<Ask> {
        Ok(Ask::Send(Draft {
            method,
            path,
            body,
            media_type: step.media_type.clone(),
            encoding: step.encoding,
            key: self.key(&step.key)?,
        }))
    }

    fn key(&self, key: &KeyUse) -> Skipped<Option<String>> {
        match key {
            KeyUse::Usual => Ok(Some(Uuid::new_v4().to_string())),
            KeyUse::TimeOrdered => Ok(Some(Uuid::now_v7().to_string())),
            KeyUse::Missing => Ok(None),
            KeyUse::Text(text) => Ok(Some(text.clone())),
            KeyUse::Of(earlier) => self.key_of(*earlier).map(Some),
            KeyUse::NextTo(earlier) => Ok(Some(next_to(self.key_of(*earlier)?))),
        }
    }

    fn key_of(&self, step: StepNumber) -> Skipped<String> {
        let key = self.drafts.get(&step).and_then(|draft| draft.key.clone());
        key.ok_or_else(|| format!("step {step} sent no idempotency key"))
    }

    /// The body with the ids of the accounts that it names.
    fn naming_accounts(&self, body: &Body) -> Skipped<Body> {
        let letters = body.accounts().into_iter();
        let ids = letters.map(|letter| Ok((letter, self.account(&AccountRef::Own(letter))?)));
        let ids: BTreeMap<char, String> = ids.collect::<Skipped<_>>()?;
        Ok(body.with_accounts(|letter| ids[&letter].clone()))
    }

    fn account(&self, account: &AccountRef) -> Skipped<String> {
        match account {
            AccountRef::Own(letter) => match self.accounts.get(letter) {
                Some(id) => Ok(id.to_string()),
                None => Err(format!("there is no account {letter}")),
            },
            AccountRef::Unknown => Ok(Uuid::new_v4().to_string()),
            AccountRef::Foreign => match self.foreign.account {
                Some(id) => Ok(id.to_string()),
                None => Err("the profile names no account of another programme".to_owned()),
            },
            AccountRef::Malformed(text) => Ok(text.clone()),
        }
    }

    fn card<'s>(&'s self, card: &'s CardRef) -> Skipped<Cow<'s, str>> {
        Ok(match card {
            CardRef::Made(step) => self.made(*step)?.into(),
            CardRef::Unknown => Uuid::new_v4().to_string().into(),
            CardRef::Foreign => match self.foreign.card {
                Some(id) => id.to_string().into(),
                None => return Err("the profile names no card of another programme".to_owned()),
            },
            CardRef::Malformed(text) => text.into(),
            CardRef::Within(within) => self.made(within.card)?.into(),
        })
    }

    fn made(&self, step: StepNumber) -> Skipped<&str> {
        let id = self.cards.get(&step).map(String::as_str);
        id.ok_or_else(|| format!("step {step} brought no card, so {step} names none"))
    }

    fn card_path(&self, card: &CardRef, upper: bool) -> Skipped<String> {
        let id = self.card(card)?;
        let id = segment(&id, upper);
        Ok(match card {
            CardRef::Within(Within { before, behind, .. }) => {
                format!("/cards/{before}{id}{behind}")
            }
            _ => ["/cards/", &id].concat(),
        })
    }
}

/// A method that the profile has named.
pub fn method(name: &str) -> Skipped<Method> {
    name.parse()
        .map_err(|_| format!("`{name}` is no method of HTTP"))
}

/// What a patch is applied to: the body that was sent, or nothing.
fn sent_value(sent: &Draft, change: &Body) -> Skipped<Value> {
    match (&sent.body, change) {
        (Some(text), Body::Patched(_)) => serde_json::from_str(text)
            .map_err(|_| "the earlier body is no JSON, so it can't be patched".to_owned()),
        _ => Ok(Value::Null),
    }
}

/// A path segment: all but unreserved characters (RFC 3986, section 2.3) is percent-encoded.
pub fn segment(id: &str, upper: bool) -> Cow<'_, str> {
    let id = match upper {
        true => id.to_ascii_uppercase().into(),
        false => Cow::Borrowed(id),
    };
    if id.bytes().all(is_unreserved) {
        return id;
    }
    let mut encoded = String::with_capacity(id.len());
    for byte in id.bytes() {
        match is_unreserved(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded.into()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The key with another last digit.
fn next_to(mut key: String) -> String {
    let last = key.pop();
    key.push(if last == Some('0') { '1' } else { '0' });
    key
}

#[cfg(test)]
mod tests;
