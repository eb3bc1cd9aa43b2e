//! A card number in two parts (LEAK-1): the masked number, and beside it a member with the digits that it hides.
//!
//! Six digits by chance make a masked number one with a right check digit once in ten times. So a member is said to have
//! the hidden digits only where it does so beside every masked number of the case, [`CARDS_MIN`] or more, each time with
//! other digits: by chance that comes once in a million times. Two members may have them together: one how the number
//! begins, the other how it ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::number_found;
use crate::judge::{Departure, Judgement};
use crate::redact::completes;
use crate::requirement::id;
use crate::trace::{CaseTrace, Reply};
use crate::world::Moment;

const CARDS_MIN: usize = 6;

/// What hides the digits.
const STARS: &str = "******";

/// What a member shows beside the masked numbers of a case.
#[derive(Default)]
struct Member {
    /// The hidden digits, by masked number.
    hidden: BTreeMap<String, String>,
    /// The answer that showed them for one card more, last.
    shown_at: Moment,
    /// Once it had something else.
    is_other: bool,
}

impl Member {
    fn note(&mut self, masked: &str, hidden: Option<String>, moment: Moment) {
        let Some(digits) = hidden.filter(|digits| completes(masked, digits)) else {
            self.is_other = true;
            return;
        };
        match self.hidden.get(masked) {
            Some(known) => self.is_other |= *known != digits,
            None => {
                self.hidden.insert(masked.to_owned(), digits);
                self.shown_at = moment;
            }
        }
    }

    fn is_hidden_part(&self) -> bool {
        let different: BTreeSet<&String> = self.hidden.values().collect();
        !self.is_other && different.len() == self.hidden.len() && different.len() >= CARDS_MIN
    }
}

/// LEAK-1 for all answers of a case together.
pub(in crate::judge) fn in_parts(trace: &CaseTrace, judgement: &mut Judgement) {
    let bodies = trace.exchanges.iter().enumerate();
    let bodies = bodies.filter_map(|(moment, exchange)| match &exchange.reply {
        Reply::Got(response) if response.body.contains(STARS) => Some((moment, response)),
        _ => None,
    });
    let bodies: Vec<_> = bodies.collect();
    let texts = bodies.iter().map(|(_, response)| response.body.as_str());
    if texts
        .flat_map(masked_numbers)
        .collect::<BTreeSet<_>>()
        .len()
        < CARDS_MIN
    {
        return;
    }
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    for (moment, response) in bodies {
        let body = response.json().unwrap_or_default();
        each_card(&body, &mut |masked, card| {
            let mut ends: Vec<(String, End)> = Vec::new();
            each_value(card, &mut String::new(), &mut |path, value| {
                let member = members.entry(path.to_owned()).or_default();
                member.note(masked, middle(masked, value), moment);
                ends.extend(End::of(masked, value).map(|end| (path.to_owned(), end)));
            });
            for (path, hidden) in together(&ends) {
                let both = members.entry(path).or_default();
                both.note(masked, Some(hidden), moment);
            }
        });
    }
    let hidden = members.iter().find(|(_, member)| member.is_hidden_part());
    if let Some((path, member)) = hidden {
        depart(trace, judgement, path, member);
    }
}

fn depart(trace: &CaseTrace, judgement: &mut Judgement, path: &str, member: &Member) {
    let words = format!(
        "`{path}` has the digits that `maskedPan` hides, for each of {} cards",
        member.hidden.len()
    );
    let found = number_found(&words);
    let moment = member.shown_at;
    *judgement.exercised.entry(id::LEAK_1).or_default() += 1;
    let place = judgement.departures.partition_point(|d| d.moment <= moment);
    judgement.departures.insert(
        place,
        Departure {
            requirement: id::LEAK_1,
            instead: Vec::new(),
            step: trace.exchanges[moment].step,
            moment,
            subject: "a card number in two parts".to_owned(),
            expected: found.expected,
            since: None,
            actual: words,
            tried: Vec::new(),
            diff: None,
        },
    );
}

/// Every masked number in a text.
fn masked_numbers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(STARS).filter_map(|(at, stars)| {
        let masked = text.get(at.checked_sub(6)?..at + stars.len() + 4)?;
        is_masked(masked).then_some(masked)
    })
}

fn is_masked(text: &str) -> bool {
    let digits = text.replacen(STARS, "", 1);
    text.get(6..12) == Some(STARS) && digits.len() == 10 && is_digits(&digits)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Every object in which a masked number stands.
fn each_card(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|v| each_card(v, visit)),
        Value::Object(members) => {
            let masked = members.get("maskedPan").and_then(Value::as_str);
            match masked.filter(|masked| is_masked(masked)) {
                Some(masked) => visit(masked, value),
                None => members.values().for_each(|v| each_card(v, visit)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every value in a card, with the names that lead to it: but the address, which is what was asked for.
fn each_value(value: &Value, path: &mut String, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Null => {}
        Value::Array(elements) => elements.iter().for_each(|v| each_value(v, path, visit)),
        Value::Object(members) => {
            let named = members.iter().filter(|(name, _)| *name != "billingAddress");
            for (name, member) in named {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                each_value(member, path, visit);
                path.truncate(length);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => visit(path, value),
    }
}

/// The six digits that a value has for those that are hidden: by themselves, with the first six, or with the last four.
fn middle(masked: &str, value: &Value) -> Option<String> {
    let text = digits(value)?;
    let digits = match text.len() {
        6 => Some(text.as_str()),
        10 => text.strip_suffix(&masked[12..]),
        12 => text.strip_prefix(&masked[..6]),
        _ => None,
    };
    digits.map(str::to_owned)
}

/// What a value is, if it is digits, but for others that it masks.
fn digits(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim_matches(['*', 'x', 'X', '•']).to_owned(),
        Value::Number(number) => format!("{:06}", number.as_u64()?),
        _ => return None,
    };
    is_digits(&text).then_some(text)
}

/// Some of the hidden digits, with what is shown of the number before or behind them.
enum End {
    Front(String),
    Back(String),
}

impl End {
    fn of(masked: &str, value: &Value) -> Option<Self> {
        let text = digits(value)?;
        match (
            text.strip_prefix(&masked[..6]),
            text.strip_suffix(&masked[12..]),
        ) {
            (Some(first), _) if (1..6).contains(&first.len()) => {
                Some(Self::Front(first.to_owned()))
            }
            (_, Some(last)) if (1..6).contains(&last.len()) => Some(Self::Back(last.to_owned())),
            _ => None,
        }
    }
}

/// The members that have the six hidden digits together, and the digits.
fn together(ends: &[(String, End)]) -> Vec<(String, String)> {
    let pairs = ends
        .iter()
        .flat_map(|one| ends.iter().map(move |other| (one, other)));
    pairs
        .filter_map(|pair| match pair {
            ((front, End::Front(first)), (back, End::Back(last)))
                if first.len() + last.len() == 6 =>
            {
                Some((format!("{front}` with `{back}"), format!("{first}{last}")))
            }
            _ => None,
        })
        .collect()
}
