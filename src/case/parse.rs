//! A step as text, both ways.

use std::fmt;
use std::str::FromStr;

use http::Method;
use serde_json::Value;

use super::{
    AccountRef, Body, CardRef, Command, Encoding, Flaw, Hook, KeyUse, Lane, Loss, Step, StepNumber,
    SubscriptionRef, Within,
};
use crate::card::{Action, CardType};

/// A step that can't be read: what stands there, what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("can't read the step `{text}`: {problem}")]
pub struct StepError {
    /// The whole step as written.
    pub text: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(letter) => write!(f, "{letter}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Foreign => f.write_str("foreign"),
            Self::Malformed(text) => write!(f, "{}", quoted(text)),
        }
    }
}

impl fmt::Display for CardRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(step) => write!(f, "{step}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Foreign => f.write_str("foreign"),
            Self::Malformed(text) => write!(f, "{}", quoted(text)),
            Self::Within(Within {
                card,
                before,
                behind,
            }) => write!(f, "{}", quoted(&format!("{before}{{{card}}}{behind}"))),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { account, card_type } => write!(f, "create {card_type} on {account}"),
            Self::Read(card) => write!(f, "read {card}"),
            Self::ListAccount(account) => write!(f, "list {account}"),
            Self::ListProgramme => f.write_str("list all"),
            Self::Act(action, card) => write!(f, "{action} {card}"),
            Self::Retry(step) => write!(f, "retry {step}"),
            Self::Pause(milliseconds) => write!(f, "pause {milliseconds}ms"),
            Self::Hook(hook) => write!(f, "{hook}"),
            Self::MoveClock(seconds) => write!(f, "move clock by {seconds}s"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutAfterSending => f.write_str("cut after sending"),
            Self::CutWhileReading => f.write_str("cut while reading"),
            Self::GiveUpAfter(milliseconds) => write!(f, "give up after {milliseconds}ms"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(lane) = self.lane {
            write!(f, "{lane} ")?;
        }
        write!(f, "{}", self.command)?;
        if let Some(method) = &self.method {
            write!(f, " by {method}")?;
        }
        if self.upper_case {
            f.write_str(" in upper case")?;
        }
        match &self.body {
            Body::Standard => {}
            Body::Patched(patch) => write!(f, " with {patch}")?,
            Body::Text(text) => write!(f, " with body {}", quoted(text))?,
        }
        if let Some(media_type) = &self.media_type {
            write!(f, " as {}", quoted(media_type))?;
        }
        if let Some(encoding) = self.encoding {
            write!(f, " {encoding}")?;
        }
        match &self.key {
            KeyUse::Usual => {}
            KeyUse::TimeOrdered => f.write_str(" with time-ordered key")?,
            KeyUse::Missing => f.write_str(" without key")?,
            KeyUse::Text(text) => write!(f, " with key {}", quoted(text))?,
            KeyUse::Of(step) => write!(f, " with key of {step}")?,
            KeyUse::NextTo(step) => write!(f, " with key next to {step}")?,
        }
        if let Some(flaw) = self.flaw {
            write!(f, " {flaw}")?;
        }
        if self.fresh_token {
            f.write_str(" with a fresh token")?;
        }
        if self.fresh_connection {
            f.write_str(" over a fresh connection")?;
        }
        match self.loss {
            Some(loss) => write!(f, " then {loss}"),
            None => Ok(()),
        }
    }
}

/// The id of a card with something around it: `urn:uuid:{#1}`.
fn within(text: &str) -> Read<Option<Within>> {
    let parts = text.split_once("{#").and_then(|(before, rest)| {
        let (number, behind) = rest.split_once('}')?;
        let number = number.parse().ok().filter(|n| *n > 0)?;
        Some((before, StepNumber(number), behind))
    });
    let Some((before, card, behind)) = parts else {
        return Ok(None);
    };
    match Within::may_hold(before) && Within::may_hold(behind) {
        true => Ok(Some(Within {
            card,
            before: before.to_owned(),
            behind: behind.to_owned(),
        })),
        false => Err(format!(
            "`{text}` can't stand in a path: write what is around {card} as it goes over the wire, a blank as %20"
        )),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl FromStr for Step {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, StepError> {
        Reader { rest: text.trim() }
            .step()
            .map_err(|problem| StepError {
                text: text.to_owned(),
                problem,
            })
    }
}

type Read<T> = Result<T, String>;

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn step(mut self) -> Read<Step> {
        let lane = self.lane()?;
        let mut step = Step {
            lane,
            ..Step::new(self.command()?)
        };
        while !self.rest.is_empty() {
            self.modifier(&mut step)?;
        }
        check_modifiers(&step)?;
        Ok(step)
    }

    fn lane(&mut self) -> Read<Option<Lane>> {
        if !self.rest.starts_with('[') {
            return Ok(None);
        }
        let word = self.word();
        let number = word.strip_prefix('[').and_then(|w| w.strip_suffix(']'));
        number
            .and_then(|n| Lane::new(n.parse().ok()?))
            .map(Some)
            .ok_or_else(|| format!("`{word}` is no lane: [1] to [{}]", Lane::MAX))
    }

    fn command(&mut self) -> Read<Command> {
        let verb = self.word();
        if let Some(action) = Action::ALL.into_iter().find(|a| a.as_str() == verb) {
            return Ok(Command::Act(action, self.card()?));
        }
        match verb {
            "create" => {
                let word = self.word();
                let card_type = CardType::from_wire(word)
                    .ok_or_else(|| format!("`{word}` is no card type: virtual or physical"))?;
                self.expect("on")?;
                let account = self.account()?;
                Ok(Command::Create { account, card_type })
            }
            "read" if self.take("subscription") => {
                Ok(Command::Hook(Hook::ReadSubscription(self.subscription()?)))
            }
            "read" => Ok(Command::Read(self.card()?)),
            "list" if self.take("all") => Ok(Command::ListProgramme),
            "list" if self.take("subscriptions") => Ok(Command::Hook(Hook::ListSubscriptions)),
            "list" => Ok(Command::ListAccount(self.account()?)),
            "retry" => Ok(Command::Retry(self.step_number()?)),
            "pause" => Ok(Command::Pause(self.milliseconds()?)),
            "await" => self.await_events(),
            "refuse" => {
                self.expect("next event")?;
                Ok(Command::Hook(Hook::RefuseNext))
            }
            "subscribe" if self.take("again") => match self.subscription()? {
                // What a change of none does is open (the OpenAPI document).
                named @ (SubscriptionRef::Unknown | SubscriptionRef::Malformed) => Err(format!(
                    "`{named}` is no subscription that can be changed: #n for the one of step n, or foreign"
                )),
                named => Ok(Command::Hook(Hook::Resubscribe(named))),
            },
            "subscribe" => Ok(Command::Hook(Hook::Subscribe)),
            "unsubscribe" => Ok(Command::Hook(Hook::Unsubscribe(self.subscription()?))),
            "move" => Ok(Command::MoveClock(self.seconds()?)),
            other => Err(unknown_verb(other)),
        }
    }

    fn await_events(&mut self) -> Read<Command> {
        let events = if self.take("event of") {
            1
        } else {
            let word = self.word();
            let events = word.parse().ok().filter(|events| *events > 1);
            let events = events.ok_or_else(|| {
                format!("`{word}` is no number of events: write it as `await event of #1` or `await 3 events of #1`")
            })?;
            self.expect("events of")?;
            events
        };
        let card = self.step_number()?;
        let at = match self.take("at") {
            true => Some(self.step_number()?),
            false => None,
        };
        Ok(Command::Hook(Hook::Await { card, events, at }))
    }

    /// By how much the clock is moved: a year at most, for cards expire.
    fn seconds(&mut self) -> Read<u64> {
        const YEAR: u64 = 366 * 24 * 60 * 60;
        self.expect("clock by")?;
        let word = self.word();
        word.strip_suffix('s')
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..=YEAR).contains(n))
            .ok_or_else(|| {
                format!(
                    "`{word}` is no time to move a clock by: write it as `3601s`, up to {YEAR}s"
                )
            })
    }

    fn modifier(&mut self, step: &mut Step) -> Read<()> {
        if let Some(flaw) = self.flaw() {
            step.flaw = Some(flaw);
        } else if let Some(encoding) = self.encoding() {
            step.encoding = Some(encoding);
        } else if self.take("with signature of") {
            step.flaw = Some(Flaw::SignatureOf(self.step_number()?));
        } else if self.take("over a fresh connection") {
            step.fresh_connection = true;
        } else if self.take("with a fresh token") {
            step.fresh_token = true;
        } else if self.take("then cut after sending") {
            step.loss = Some(Loss::CutAfterSending);
        } else if self.take("then cut while reading") {
            step.loss = Some(Loss::CutWhileReading);
        } else if self.take("then give up after") {
            step.loss = Some(Loss::GiveUpAfter(self.milliseconds()?));
        } else if self.take("in upper case") {
            step.upper_case = true;
        } else if self.take("with time-ordered key") {
            step.key = KeyUse::TimeOrdered;
        } else if self.take("without key") {
            step.key = KeyUse::Missing;
        } else if self.take("with key of") {
            step.key = KeyUse::Of(self.step_number()?);
        } else if self.take("with key next to") {
            step.key = KeyUse::NextTo(self.step_number()?);
        } else if self.take("with key") {
            step.key = KeyUse::Text(self.text()?);
        } else if self.take("with body") {
            step.body = Body::Text(self.text()?);
        } else if self.take("with") {
            step.body = Body::Patched(self.json()?);
        } else if self.take("as") {
            step.media_type = Some(self.text()?);
        } else if self.take("by") {
            step.method = Some(self.method()?);
        } else {
            return Err(format!(
                "`{}` says nothing known: with {{json}}, with body \"…\", as \"media/type\", without key, with key \"…\", \
                 with key of #n, with key next to #n, with time-ordered key, in upper case, by METHOD, {}, with a fresh token, over a fresh connection, then cut after sending, then cut while \
                 reading, then give up after 50ms, or an access flaw ({}, with signature of #n)",
                self.rest,
                Encoding::ALL
                    .map(|encoding| encoding.to_string())
                    .join(", "),
                Flaw::ALL.map(|flaw| flaw.to_string()).join(", ")
            ));
        }
        Ok(())
    }

    fn method(&mut self) -> Read<Method> {
        const KNOWN: [Method; 7] = [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let word = self.word();
        KNOWN
            .into_iter()
            .find(|m| m.as_str() == word)
            .ok_or_else(|| {
                format!("`{word}` is no method: GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE")
            })
    }

    /// The flaw whose words come next; of two that begin alike, the longer one.
    fn flaw(&mut self) -> Option<Flaw> {
        let mut flaws = Flaw::ALL.map(|flaw| (flaw.to_string(), flaw));
        flaws.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        flaws
            .into_iter()
            .find(|(words, _)| self.take(words))
            .map(|(_, flaw)| flaw)
    }

    fn encoding(&mut self) -> Option<Encoding> {
        Encoding::ALL
            .into_iter()
            .find(|encoding| self.take(&encoding.to_string()))
    }

    fn account(&mut self) -> Read<AccountRef> {
        if self.rest.starts_with('"') {
            return Ok(AccountRef::Malformed(self.text()?));
        }
        let word = self.word();
        match (word, word.as_bytes()) {
            ("unknown", _) => Ok(AccountRef::Unknown),
            ("foreign", _) => Ok(AccountRef::Foreign),
            (_, [letter @ b'A'..=b'Z']) => Ok(AccountRef::Own(char::from(*letter))),
            _ => Err(format!(
                "`{word}` names no account: a letter from A to Z, unknown, foreign, or a malformed id in quotes"
            )),
        }
    }

    fn card(&mut self) -> Read<CardRef> {
        if self.rest.starts_with('"') {
            let text = self.text()?;
            return Ok(match within(&text)? {
                Some(within) => CardRef::Within(within),
                None => CardRef::Malformed(text),
            });
        }
        if self.rest.starts_with('#') {
            return Ok(CardRef::Made(self.step_number()?));
        }
        match self.word() {
            "unknown" => Ok(CardRef::Unknown),
            "foreign" => Ok(CardRef::Foreign),
            word => Err(format!(
                "`{word}` names no card: #n for the card of step n, unknown, foreign, or a malformed id in quotes"
            )),
        }
    }

    fn subscription(&mut self) -> Read<SubscriptionRef> {
        let named = [
            SubscriptionRef::Foreign,
            SubscriptionRef::Unknown,
            SubscriptionRef::Malformed,
        ];
        match named
            .into_iter()
            .find(|named| self.take(&named.to_string()))
        {
            Some(named) => Ok(named),
            None => self.step_number().map(SubscriptionRef::Made),
        }
    }

    fn step_number(&mut self) -> Read<StepNumber> {
        let word = self.word();
        word.strip_prefix('#')
            .and_then(|n| n.parse().ok())
            .filter(|n| *n > 0)
            .map(StepNumber)
            .ok_or_else(|| format!("`{word}` is no step: write it as `#3`"))
    }

    fn milliseconds(&mut self) -> Read<u64> {
        let word = self.word();
        word.strip_suffix("ms")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| format!("`{word}` is no time: write it as `1200ms`"))
    }

    fn text(&mut self) -> Read<String> {
        match self.json()? {
            Value::String(text) => Ok(text),
            other => Err(format!("`{other}` should be a text in double quotes")),
        }
    }

    fn json(&mut self) -> Read<Value> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = values
            .next()
            .ok_or_else(|| "some JSON should follow".to_owned())?
            .map_err(|e| format!("`{}` is not JSON: {e}", self.rest))?;
        self.rest = self.rest[values.byte_offset()..].trim_start();
        Ok(value)
    }

    fn word(&mut self) -> &'a str {
        let (word, rest) = self
            .rest
            .split_once(char::is_whitespace)
            .unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        word
    }

    fn take(&mut self, words: &str) -> bool {
        let Some(after) = self.rest.strip_prefix(words) else {
            return false;
        };
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return false;
        }
        self.rest = after.trim_start();
        true
    }

    fn expect(&mut self, word: &str) -> Read<()> {
        if self.take(word) {
            Ok(())
        } else {
            Err(format!("`{word}` should stand before `{}`", self.rest))
        }
    }
}

fn unknown_verb(verb: &str) -> String {
    let verbs = [
        "create",
        "read",
        "list",
        "retry",
        "pause",
        "move",
        "await",
        "refuse",
        "subscribe",
        "unsubscribe",
    ]
    .into_iter()
    .chain(Action::ALL.map(Action::as_str));
    match crate::words::nearest(verb, verbs.clone()) {
        Some(near) => format!("`{verb}` is no command; did you mean `{near}`?"),
        None => format!(
            "`{verb}` is no command: {}",
            verbs.collect::<Vec<_>>().join(", ")
        ),
    }
}

fn check_modifiers(step: &Step) -> Read<()> {
    let may_be_a_create = matches!(step.command, Command::Create { .. } | Command::Retry(_));
    let has_body =
        may_be_a_create || matches!(&step.command, Command::Hook(hook) if hook.has_body());
    let is_odd_body =
        step.body != Body::Standard || step.media_type.is_some() || step.encoding.is_some();
    if !has_body && is_odd_body {
        return Err("only a create, a `subscribe`, and the retry of one have a body".to_owned());
    }
    let modifies = may_be_a_create
        || match &step.command {
            Command::Act(..) => true,
            Command::Hook(hook) => hook.modifies() && step.key.named().is_none(),
            _ => false,
        };
    let is_sent = !matches!(step.command, Command::Pause(_));
    if !is_sent && (step.fresh_connection || step.fresh_token || step.loss.is_some()) {
        return Err("a pause sends nothing, so nothing of it can be lost".to_owned());
    }
    if step.fresh_token && step.flaw.is_some_and(Flaw::is_of_bearer) {
        return Err("a call has a fresh token or a flaw in it, not both".to_owned());
    }
    if step.fresh_token && step.lane.is_some() {
        return Err("requests at once go with one token".to_owned());
    }
    if let Command::Hook(hook) = &step.command {
        let is_bent = step.upper_case
            || step.lane.is_some()
            || step.loss.is_some()
            || step.fresh_connection
            || step.fresh_token;
        if is_bent || step.flaw.is_some() && !hook.is_call() {
            return Err(
                "a step about webhooks is sent as it is, in no lane; only one call can have a flaw"
                    .to_owned(),
            );
        }
    }
    if !modifies && step.key != KeyUse::Usual {
        return Err("only a call that modifies has an idempotency key".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
