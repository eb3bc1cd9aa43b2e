//! Which of two cases is simpler. A candidate has to be, so shrinking ends.

use serde_json::Value;

use crate::card::CardType;
use crate::case::{AccountRef, Body, CardRef, Case, Command, Hook, KeyUse, Loss, Step};

/// Smaller is simpler: first fewer steps, then plainer steps, then less text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    steps: usize,
    oddity: usize,
    length: usize,
    text: Vec<String>,
}

impl Cost {
    /// What the case costs a reader.
    pub fn of(case: &Case) -> Self {
        let text: Vec<String> = case.steps.iter().map(ToString::to_string).collect();
        Self {
            steps: case.steps.len(),
            oddity: case.steps.iter().map(oddity).sum(),
            length: text.iter().map(String::len).sum(),
            text,
        }
    }
}

/// How far a step is from the plainest of its kind.
fn oddity(step: &Step) -> usize {
    let key = match &step.key {
        KeyUse::Usual => 0,
        KeyUse::TimeOrdered | KeyUse::Missing => 1,
        KeyUse::Text(text) => 2 + text.chars().map(char_oddity).sum::<usize>(),
        KeyUse::Of(_) | KeyUse::NextTo(_) => 2,
    };
    let body = match &step.body {
        Body::Standard => 0,
        Body::Patched(patch) => 1 + json_oddity(patch),
        Body::Text(text) => 2 + text.chars().map(char_oddity).sum::<usize>(),
    };
    let loss = match step.loss {
        None => 0,
        Some(Loss::CutAfterSending) => 1,
        Some(Loss::CutWhileReading | Loss::GiveUpAfter(_)) => 2,
    };
    command_oddity(&step.command)
        + key
        + body
        + usize::from(step.lane.is_some())
        + usize::from(step.method.is_some())
        + usize::from(step.upper_case)
        + usize::from(step.media_type.is_some())
        + usize::from(step.encoding.is_some())
        + usize::from(step.flaw.is_some())
        + usize::from(step.fresh_connection)
        + usize::from(step.fresh_token)
        + loss
}

fn command_oddity(command: &Command) -> usize {
    match command {
        Command::Create { account, card_type } => {
            let physical = usize::from(*card_type == CardType::Physical);
            physical + account_oddity(account)
        }
        Command::Read(card) => card_oddity(card),
        Command::Act(_, card) => 1 + card_oddity(card),
        Command::ListAccount(account) => 1 + account_oddity(account),
        Command::ListProgramme => 2,
        Command::Retry(_) => 2,
        Command::Hook(Hook::Await { events, at, .. }) => events + usize::from(at.is_some()),
        Command::Hook(hook) => 1 + usize::from(hook.subscription().is_some()),
        Command::Pause(_) | Command::MoveClock(_) => 0,
    }
}

fn account_oddity(account: &AccountRef) -> usize {
    match account {
        AccountRef::Own(letter) => usize::from(*letter != 'A'),
        AccountRef::Unknown => 2,
        AccountRef::Foreign => 3,
        AccountRef::Malformed(text) => 4 + text.chars().map(char_oddity).sum::<usize>(),
    }
}

fn card_oddity(card: &CardRef) -> usize {
    match card {
        CardRef::Made(_) => 0,
        CardRef::Unknown => 2,
        CardRef::Foreign => 3,
        CardRef::Malformed(text) => 4 + text.chars().map(char_oddity).sum::<usize>(),
        CardRef::Within(within) => {
            let around = within.before.chars().chain(within.behind.chars());
            4 + around.map(char_oddity).sum::<usize>()
        }
    }
}

fn json_oddity(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(number) => 1 + usize::from(number.as_u64() != Some(0)),
        Value::String(text) => 1 + text.chars().map(char_oddity).sum::<usize>(),
        Value::Array(values) => 1 + values.iter().map(json_oddity).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(json_oddity).sum::<usize>(),
    }
}

fn char_oddity(c: char) -> usize {
    match c {
        'a' => 0,
        c if c.is_ascii_alphanumeric() => 1,
        c if c.is_ascii() => 2,
        _ => 3,
    }
}
