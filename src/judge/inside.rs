//! What an error must not show: the inside of the implementation, and what is another programme's.
//!
//! Only forms that nothing but a stack trace or a database's own error has are taken for one. An error may say in its own
//! words what is wrong, and repeat what the request said.

use serde_json::Value;

use super::follow::{Found, Judge, Scene};
use crate::requirement::id;

pub(super) fn check(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    judge.show(id::INPUT_10);
    let texts = texts(&scene.response.body);
    if let Some(what) = texts.iter().find_map(|text| inside(text)) {
        let found = Found::plain(
            "the inside of the implementation in an error",
            "words that say what is wrong with the request".into(),
            format!("{} with {what}", scene.response.status),
        );
        judge.depart(scene, &[id::INPUT_10], found);
    }
    foreign_ids(judge, scene);
}

/// Ids of another programme that the request did not name itself.
fn foreign_ids(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    let terms = judge.terms;
    let card = terms.foreign_card.as_ref().map(|id| ("card", id.as_str()));
    let account = terms.foreign_account.as_ref();
    let ids = card
        .into_iter()
        .chain(account.map(|id| ("account", id.as_str())));
    let request = &scene.exchange.request;
    let said = format!(
        "{} {}",
        request.path,
        request.body.as_deref().unwrap_or_default()
    );
    let holds = |text: &str, id: &str| text.to_ascii_lowercase().contains(id);
    for (what, id) in ids {
        judge.show(id::INPUT_11);
        if holds(&scene.response.body, id) && !holds(&said, id) {
            let found = Found::plain(
                "an id of another programme in an error",
                "nothing that the request did not name".into(),
                format!("the id of another programme's {what}"),
            );
            judge.depart(scene, &[id::INPUT_11], found);
        }
    }
}

/// The texts of a body: those in its JSON, with their line ends, or the whole.
fn texts(body: &str) -> Vec<String> {
    fn collect(value: &Value, texts: &mut Vec<String>) {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
            Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let Ok(value) = serde_json::from_str(body) else {
        return vec![body.to_owned()];
    };
    let mut texts = Vec::new();
    collect(&value, &mut texts);
    texts
}

/// Words that only a crash or a database writes.
const TELLING: [(&str, &str); 14] = [
    (
        "Traceback (most recent call last)",
        "a stack trace of Python",
    ),
    ("goroutine 1 [", "a stack trace of Go"),
    ("[signal SIGSEGV", "a stack trace of Go"),
    ("' panicked at ", "a panic of Rust"),
    ("stack backtrace:", "a panic of Rust"),
    ("PHP Fatal error: ", "an error of PHP"),
    ("SQLSTATE[", "an error of a database"),
    ("You have an error in your SQL syntax", "an error of MySQL"),
    (
        "duplicate key value violates unique constraint",
        "an error of PostgreSQL",
    ),
    (
        "invalid input syntax for type uuid",
        "an error of PostgreSQL",
    ),
    ("violates not-null constraint", "an error of PostgreSQL"),
    ("violates check constraint", "an error of PostgreSQL"),
    ("UNIQUE constraint failed: ", "an error of SQLite"),
    ("NOT NULL constraint failed: ", "an error of SQLite"),
];

/// What stands before the number of a line in a stack frame.
const FRAMES: [(&str, &str); 10] = [
    (".java:", "a stack trace of Java"),
    (".kt:", "a stack trace of Kotlin"),
    (".scala:", "a stack trace of Scala"),
    (".py\", line ", "a stack trace of Python"),
    (".go:", "a stack trace of Go"),
    (".cs:line ", "a stack trace of .NET"),
    (".php:", "a stack trace of PHP"),
    (".php(", "a stack trace of PHP"),
    (".php on line ", "an error of PHP"),
    (".rb:", "a stack trace of Ruby"),
];

/// The same in JavaScript, where a column follows the line.
const SCRIPTS: [&str; 4] = [".js:", ".mjs:", ".cjs:", ".ts:"];

/// What of the inside a text shows.
fn inside(text: &str) -> Option<&'static str> {
    let told = TELLING.iter().find(|(words, _)| text.contains(words));
    let frame = || {
        FRAMES
            .iter()
            .find(|(mark, _)| after_line(text, mark).next().is_some())
    };
    let is_column = |rest: &str| {
        let column = rest.strip_prefix(':');
        column.is_some_and(|column| column.starts_with(|c: char| c.is_ascii_digit()))
    };
    told.or_else(frame).map(|(_, what)| *what).or_else(|| {
        let shown = SCRIPTS
            .iter()
            .any(|mark| after_line(text, mark).any(is_column));
        shown.then_some("a stack trace of JavaScript")
    })
}

/// What follows wherever the name of a source file, `mark` and a number stand in the text, in this order.
fn after_line<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(mark).filter_map(move |(at, _)| {
        let named = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let after = &text[at + mark.len()..];
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        (named && rest.len() < after.len()).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_and_database_errors_are_told_from_words() {
        for text in [
            "java.lang.NullPointerException\n\tat com.example.Cards.create(Cards.java:42)",
            "TypeError: x is undefined\n    at create (/app/src/cards.js:12:34)",
            "  File \"/srv/app/cards.py\", line 7, in create",
            "Traceback (most recent call last):",
            "panic: runtime error\n\n/srv/cards/create.go:88 +0x1d",
            "thread 'main' panicked at src/cards.rs:10:5:",
            "   at Cards.Api.Create(Request r) in /src/Api.cs:line 31",
            "#0 /var/www/Cards.php(17): create()",
            "app/models/card.rb:9:in `create'",
            "SQLSTATE[23505]: Unique violation",
            "ERROR: duplicate key value violates unique constraint \"cards_pkey\"",
        ] {
            assert!(inside(text).is_some(), "{text}");
        }
        for text in [
            "",
            "the body is not JSON: expected value at line 1 column 1",
            "Unexpected token } in JSON at position 5",
            "billingAddress.country: must be one of AD, AE (line 3)",
            "no card has this id: ' OR 1=1 --",
            "see https://example.com/errors.ts:8080",
            "see https://example.rs:8080/errors",
            "Cards.java is no UUID",
            "retry after 12:34",
            "postCode: 5.ts: 7",
        ] {
            assert_eq!(inside(text), None, "{text}");
        }
    }

    #[test]
    fn a_trace_in_json_is_read_with_its_line_ends() {
        let body = r#"{"errors":[{"detail":"boom\n\tat a.B.c(B.java:1)"}]}"#;
        assert!(texts(body).iter().any(|text| inside(text).is_some()));
        assert_eq!(texts("plain"), ["plain"]);
    }
}
