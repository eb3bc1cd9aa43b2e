//! A suite's file, read by hand over spans, so that each error has its place and each unknown key its nearest.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check;
use super::every::Every;
use super::suite::{Focus, Generate, STEPS_MIN, Suite, SuiteError, names_a_path};
use crate::case::{Case, Step};
use crate::words;

const SUITE_KEYS: [&str; 9] = [
    "title",
    "about",
    "includes",
    "requirement",
    "times",
    "found",
    "every",
    "generate",
    "case",
];
const GENERATE_KEYS: [&str; 4] = ["name", "focus", "cases", "steps"];
const CASE_KEYS: [&str; 3] = ["name", "title", "steps"];

/// What is run more often would never end.
const TIMES_MAX: usize = 10_000;

type Value<'i> = Spanned<DeValue<'i>>;
/// Either the thing, or what is wrong where.
type Read<T> = Result<T, (Range<usize>, String)>;

/// The suite that `text` holds.
pub(super) fn suite(name: &str, file: &str, text: &str) -> Result<Suite, SuiteError> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        at(file, text, span.start, error.message().to_owned())
    })?;
    suite_of(name, &table).map_err(|(span, problem)| at(file, text, span.start, problem))
}

fn at(file: &str, text: &str, offset: usize, problem: String) -> SuiteError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    SuiteError::At {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem,
    }
}

fn suite_of(name: &str, table: &Spanned<DeTable<'_>>) -> Read<Suite> {
    known_keys(table.get_ref(), "a suite", &SUITE_KEYS)?;
    let table = table.get_ref();
    let mut suite = Suite {
        name: name.to_owned(),
        title: optional(table, "title", text)?.unwrap_or_default(),
        about: optional(table, "about", text)?.unwrap_or_default(),
        requirement: optional(table, "requirement", text)?,
        times: optional(table, "times", times)?,
        ..Suite::default()
    };
    for value in optional(table, "includes", list)?.unwrap_or_default() {
        suite.includes.push(included(value)?);
    }
    if let Some(found) = optional(table, "found", as_table)? {
        for (key, value) in found {
            suite.found.insert(key.get_ref().to_string(), text(value)?);
        }
    }
    for value in optional(table, "every", list)?.unwrap_or_default() {
        suite.every.push(every(value)?);
    }
    for value in optional(table, "generate", list)?.unwrap_or_default() {
        let generate = generate_of(value)?;
        unique(value, &suite.generate, |g| &g.name, &generate.name)?;
        suite.generate.push(generate);
    }
    for value in optional(table, "case", list)?.unwrap_or_default() {
        let case = case_of(value)?;
        unique(value, &suite.cases, |c| &c.name, &case.name)?;
        suite.cases.push(case);
    }
    Ok(suite)
}

fn included(value: &Value<'_>) -> Read<String> {
    let name = text(value)?;
    let known = Suite::built_in_names();
    if names_a_path(&name) || known.contains(&name.as_str()) {
        return Ok(name);
    }
    Err((
        value.span(),
        not_among("suite", &name, &known, "a file is named with its path"),
    ))
}

fn generate_of(value: &Value<'_>) -> Read<Generate> {
    let table = as_table(value)?;
    known_keys(table, "a [[generate]] table", &GENERATE_KEYS)?;
    let focus = focus(required(value, table, "focus")?)?;
    let name =
        optional(table, "name", name_text)?.unwrap_or_else(|| format!("any-{}", focus.as_str()));
    let steps = required(value, table, "steps")?;
    let steps_max = count(steps)?;
    if steps_max < STEPS_MIN {
        let problem =
            format!("{steps_max} steps leave no room for a card's life: at least {STEPS_MIN}");
        return Err((steps.span(), problem));
    }
    Ok(Generate {
        name,
        focus,
        cases: count(required(value, table, "cases")?)?,
        steps: steps_max,
    })
}

fn every(value: &Value<'_>) -> Read<Every> {
    let word = text(value)?;
    Every::ALL
        .into_iter()
        .find(|every| every.as_str() == word)
        .ok_or_else(|| {
            let known = Every::ALL.map(Every::as_str);
            (value.span(), not_among("complete set", &word, &known, ""))
        })
}

fn focus(value: &Value<'_>) -> Read<Focus> {
    let word = text(value)?;
    Focus::ALL
        .into_iter()
        .find(|focus| focus.as_str() == word)
        .ok_or_else(|| {
            let known = Focus::ALL.map(Focus::as_str);
            (value.span(), not_among("focus", &word, &known, ""))
        })
}

fn case_of(value: &Value<'_>) -> Read<Case> {
    let table = as_table(value)?;
    known_keys(table, "a [[case]] table", &CASE_KEYS)?;
    let lines = required(value, table, "steps")?;
    let mut case = Case {
        name: name_text(required(value, table, "name")?)?,
        title: optional(table, "title", text)?.unwrap_or_default(),
        steps: Vec::new(),
    };
    let spans: Vec<_> = list(lines)?.into_iter().map(Spanned::span).collect();
    for line in list(lines)? {
        let step: Step = text(line)?.parse().map_err(|error| {
            let crate::case::StepError { problem, .. } = error;
            (line.span(), format!("can't read this step: {problem}"))
        })?;
        case.steps.push(step);
    }
    match check::inconsistency(&case) {
        None => Ok(case),
        Some(wrong) => {
            let span = wrong.step.map(|step| spans[step.0 - 1].clone());
            Err((span.unwrap_or_else(|| lines.span()), wrong.problem))
        }
    }
}

fn known_keys(table: &DeTable<'_>, what: &str, known: &[&str]) -> Read<()> {
    let mut unknown: Vec<_> = table
        .keys()
        .filter(|key| !known.contains(&key.get_ref().as_ref()))
        .collect();
    unknown.sort_by_key(|key| key.span().start);
    match unknown.first() {
        None => Ok(()),
        Some(key) => {
            let problem = not_among(&format!("key of {what}"), key.get_ref(), known, "");
            Err((key.span(), problem))
        }
    }
}

fn not_among(what: &str, word: &str, known: &[&str], more: &str) -> String {
    let hint = match words::nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    let more = if more.is_empty() {
        String::new()
    } else {
        format!("; {more}")
    };
    format!("`{word}` is no {what}: {hint}{more}")
}

fn unique<T>(value: &Value<'_>, earlier: &[T], name: fn(&T) -> &String, new: &str) -> Read<()> {
    if !earlier.iter().any(|e| name(e) == new) {
        return Ok(());
    }
    let place = as_table(value)?
        .get("name")
        .map_or_else(|| value.span(), Spanned::span);
    let problem = format!("the name `{new}` is taken already in this suite: choose another");
    Err((place, problem))
}

fn required<'t, 'i>(place: &Value<'_>, table: &'t DeTable<'i>, key: &str) -> Read<&'t Value<'i>> {
    table
        .get(key)
        .ok_or_else(|| (place.span(), format!("the key `{key}` is missing here")))
}

fn optional<'t, 'i, T>(
    table: &'t DeTable<'i>,
    key: &str,
    read: impl Fn(&'t Value<'i>) -> Read<T>,
) -> Read<Option<T>> {
    table.get(key).map(read).transpose()
}

fn text(value: &Value<'_>) -> Read<String> {
    value
        .get_ref()
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| expected("text in quotes", value))
}

/// Names become parts of file names and of command lines, so they are plain.
fn name_text(value: &Value<'_>) -> Read<String> {
    let name = text(value)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with('.') {
        return Ok(name);
    }
    let problem =
        format!("`{name}` is no name: ASCII letters, digits and dashes, such as `revived`");
    Err((value.span(), problem))
}

fn count(value: &Value<'_>) -> Read<usize> {
    value
        .get_ref()
        .as_integer()
        .filter(|integer| integer.radix() == 10)
        .and_then(|integer| integer.as_str().parse().ok())
        .ok_or_else(|| expected("a whole number", value))
}

/// How often a case is run.
fn times(value: &Value<'_>) -> Read<usize> {
    let times = count(value)?;
    match (1..=TIMES_MAX).contains(&times) {
        true => Ok(times),
        false => Err((
            value.span(),
            format!("a case is run 1 to {TIMES_MAX} times"),
        )),
    }
}

fn list<'t, 'i>(value: &'t Value<'i>) -> Read<Vec<&'t Value<'i>>> {
    value
        .get_ref()
        .as_array()
        .map(|array| array.iter().collect())
        .ok_or_else(|| expected("a list", value))
}

fn as_table<'t, 'i>(value: &'t Value<'i>) -> Read<&'t DeTable<'i>> {
    value
        .get_ref()
        .as_table()
        .ok_or_else(|| expected("a table", value))
}

fn expected(what: &str, value: &Value<'_>) -> (Range<usize>, String) {
    let problem = format!(
        "{what} should stand here, not {}",
        value.get_ref().type_str()
    );
    (value.span(), problem)
}
