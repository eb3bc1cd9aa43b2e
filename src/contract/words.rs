//! Values and errors in plain words. Everything here may come from a hostile file or answer, so nothing is
//! printed as it came: controls are escaped, long texts cut, card numbers and secrets masked.

use serde_json::Value;

const TEXT_CHARS_MAX: usize = 60;
const LISTED_MAX: usize = 8;
/// How alike two names must be for one to be meant by the other.
const NEAR_ENOUGH: f32 = 0.65;
/// From how many digits on a run of them may be a card number.
const PAN_DIGITS_MIN: usize = 12;

/// What kind of value it is, as part of a sentence.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value itself when it is short and no secret, else its kind.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => masked_digits(&number.to_string()),
        Value::Array(_) | Value::Object(_) => kind_of(value).to_owned(),
    }
}

/// A text in quotes, cut, escaped, with card numbers masked.
pub fn quoted(text: &str) -> String {
    format!("{:?}", cut(&masked_digits(text)))
}

/// At most so much of a text as fits into a sentence.
pub fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// A text with everything escaped that a terminal might obey.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => printable.push(character),
            _ => printable.extend(character.escape_debug()),
        }
    }
    printable
}

/// Keeps the first six and the last four of a run of digits that may be a card number.
fn masked_digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            run.push(character);
            continue;
        }
        push_run(&mut masked, &mut run);
        masked.push(character);
    }
    push_run(&mut masked, &mut run);
    masked
}

fn push_run(masked: &mut String, run: &mut String) {
    if run.len() < PAN_DIGITS_MIN {
        masked.push_str(run);
    } else {
        masked.push_str(&run[..6]);
        masked.push_str(&"*".repeat(run.len() - 10));
        masked.push_str(&run[run.len() - 4..]);
    }
    run.clear();
}

/// Whether the value of a property is never to be shown.
pub fn is_secret(property: &str) -> bool {
    let name = property.to_ascii_lowercase();
    ["token", "secret", "apikey", "password", "cvv", "cvc", "pin"]
        .iter()
        .any(|word| name == *word)
        || name.ends_with("secret")
}

/// The first few of a list, as part of a sentence.
pub fn listed<'a>(values: impl ExactSizeIterator<Item = &'a Value>) -> String {
    let more = values.len().saturating_sub(LISTED_MAX);
    let mut text = values
        .take(LISTED_MAX)
        .map(value)
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The known name that a mistyped one most likely means.
pub fn nearest<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |name: &&str| {
        let (wanted, name) = (wanted.to_lowercase(), name.to_lowercase());
        similar::TextDiff::from_chars(wanted.as_str(), name.as_str()).ratio()
    };
    let scored = known
        .iter()
        .map(|name| (score(name), *name))
        .filter(|(score, _)| *score >= NEAR_ENOUGH);
    scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A message of serde in the words of this tool.
pub fn plain(message: &str) -> String {
    let replaced = message
        .replace("invalid type: sequence", "a list was found")
        .replace("invalid type: map", "an object was found")
        .replace("invalid type: ", "what was found is ")
        .replace("expected struct ", "expected an object of the kind ")
        .replace("expected a sequence", "expected a list")
        .replace("expected a map", "expected an object")
        .replace("expected usize", "expected a whole number");
    masked_digits(&replaced.chars().take(300).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_shown_short_masked_and_harmless() {
        let rows = [
            (json!("a\u{1b}[31m\u{202e}"), r#""a\u{1b}[31m\u{202e}""#),
            (json!("PAN 4000001234560002."), r#""PAN 400000******0002.""#),
            (json!(4000001234560002u64), "400000******0002"),
            (json!(1767229200), "1767229200"),
            (json!({ "a": 1 }), "an object"),
        ];
        for (shown, expected) in rows {
            assert_eq!(value(&shown), expected);
        }
        assert!(value(&json!("x".repeat(1_000))).chars().count() < 70);
        assert_eq!(listed([json!(1), json!("b")].iter()), "1, \"b\"");
        assert_eq!(printable("it's \"a\\b\"\u{9b}"), "it's \"a\\b\"\\u{9b}");
    }

    #[test]
    fn a_mistyped_name_leads_to_the_known_one() {
        let known = ["required", "properties", "$comment"];
        assert_eq!(nearest("requierd", &known), Some("required"));
        assert_eq!(nearest("Properties", &known), Some("properties"));
        assert_eq!(nearest("const", &known), None);
    }
}
