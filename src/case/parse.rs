//! A step as text, both ways.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::{AccountRef, Body, CardRef, Command, Flaw, KeyUse, Lane, Loss, Step, StepNumber};
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
        match &self.key {
            KeyUse::Usual => {}
            KeyUse::Missing => f.write_str(" without key")?,
            KeyUse::Text(text) => write!(f, " with key {}", quoted(text))?,
            KeyUse::Of(step) => write!(f, " with key of {step}")?,
        }
        match self.flaw {
            Some(flaw) => write!(f, " {}", flaw.words()),
            None => Ok(()),
        }
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
            "read" => Ok(Command::Read(self.card()?)),
            "list" if self.take("all") => Ok(Command::ListProgramme),
            "list" => Ok(Command::ListAccount(self.account()?)),
            "retry" => Ok(Command::Retry(self.step_number()?)),
            "pause" => {
                let word = self.word();
                let number = word.strip_suffix("ms").and_then(|n| n.parse().ok());
                Ok(Command::Pause(number.ok_or_else(|| {
                    format!("`{word}` is no time: write it as `1200ms`")
                })?))
            }
            "move" => Ok(Command::MoveClock(self.seconds()?)),
            other => Err(unknown_verb(other)),
        }
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
        } else if self.take("in upper case") {
            step.upper_case = true;
        } else if self.take("without key") {
            step.key = KeyUse::Missing;
        } else if self.take("with key of") {
            step.key = KeyUse::Of(self.step_number()?);
        } else if self.take("with key") {
            step.key = KeyUse::Text(self.text()?);
        } else if self.take("with body") {
            step.body = Body::Text(self.text()?);
        } else if self.take("with") {
            step.body = Body::Patched(self.json()?);
        } else if self.take("as") {
            step.media_type = Some(self.text()?);
        } else {
            return Err(format!(
                "`{}` says nothing known: with {{json}}, with body \"…\", as \"media/type\", without key, with key \"…\", \
                 with key of #n, in upper case, or an access flaw ({})",
                self.rest,
                Flaw::ALL.map(|(_, words)| words).join(", ")
            ));
        }
        Ok(())
    }

    /// The flaw whose words come next; of two that begin alike, the longer one.
    fn flaw(&mut self) -> Option<Flaw> {
        let mut flaws = Flaw::ALL;
        flaws.sort_by_key(|(_, words)| std::cmp::Reverse(words.len()));
        flaws
            .into_iter()
            .find(|(_, words)| self.take(words))
            .map(|(flaw, _)| flaw)
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
            return Ok(CardRef::Malformed(self.text()?));
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

    fn step_number(&mut self) -> Read<StepNumber> {
        let word = self.word();
        word.strip_prefix('#')
            .and_then(|n| n.parse().ok())
            .filter(|n| *n > 0)
            .map(StepNumber)
            .ok_or_else(|| format!("`{word}` is no step: write it as `#3`"))
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
    let verbs = ["create", "read", "list", "retry", "pause", "move"]
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
    let has_body = matches!(step.command, Command::Create { .. } | Command::Retry(_));
    if !has_body && (step.body != Body::Standard || step.media_type.is_some()) {
        return Err("only a create, or the retry of one, has a body".to_owned());
    }
    let modifies = has_body || matches!(step.command, Command::Act(..));
    if !modifies && step.key != KeyUse::Usual {
        return Err("only a call that modifies has an idempotency key".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_same(text: &str) {
        let step: Step = text.parse().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(step.to_string(), text);
    }

    #[test]
    fn a_step_is_printed_as_it_is_read() {
        for text in [
            "create virtual on A",
            "create physical on B with {\"shippingAddress\":null}",
            "create virtual on A with body \"{\" as \"text/plain\"",
            "create virtual on unknown",
            "create virtual on \"no-uuid\" without key",
            "read #1 in upper case",
            "read foreign",
            "list A",
            "list all",
            "activate #12 with key of #3",
            "terminate #1 with key \"abc\"",
            "retry #3 with {\"type\":\"physical\"}",
            "retry #3 in upper case",
            "pause 1200ms",
            "move clock by 3601s",
            "read #1 with expired bearer",
            "deactivate #1 without signature",
            "create virtual on A with wrong digest",
            "block #1",
            "[1] activate #1",
            "[4] retry #3 in upper case",
        ] {
            check_same(text);
        }
    }

    #[test]
    fn each_flaw_is_read_by_its_words() {
        for (flaw, words) in Flaw::ALL {
            let step: Step = format!("create virtual on A {words}").parse().unwrap();
            assert_eq!(step.flaw, Some(flaw));
        }
    }

    #[test]
    fn a_wrong_step_says_what_would_be_right() {
        for (text, hint) in [
            ("teminate #1", "did you mean `terminate`"),
            ("create plastic on A", "virtual or physical"),
            ("create virtual A", "`on` should stand before"),
            ("read 1", "#n for the card"),
            ("read #0", "names no card"),
            ("list a", "a letter from A to Z"),
            ("pause 3", "1200ms"),
            ("move clock 3s", "`clock by` should stand before"),
            ("move clock by 3", "3601s"),
            ("move clock by 0s", "3601s"),
            ("create virtual on A with {", "is not JSON"),
            ("read #1 with {}", "only a create"),
            ("read #1 without key", "only a call that modifies"),
            ("activate #1 quickly", "says nothing known"),
            ("[5] activate #1", "is no lane: [1] to [4]"),
            ("[1]activate #1", "is no lane"),
        ] {
            let error = text.parse::<Step>().unwrap_err();
            let shown = error.to_string();
            assert!(shown.contains(hint) || text == "read #0", "{text}: {shown}");
        }
    }
}
