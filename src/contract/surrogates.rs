//! The one thing in JSON that YAML doesn't read: characters written as two escapes (`\ud83d\ude00`).

use std::borrow::Cow;

/// JSON writes what lies beyond U+FFFF as two escapes, which YAML doesn't know; this makes them one.
/// The text gets two characters shorter there, so columns after it on that line are off by as much.
pub fn joined(text: &str) -> Cow<'_, str> {
    if !text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
        || !text.contains("\\u")
    {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        joined.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match surrogate_pair(rest) {
            Some(character) => {
                joined.push_str(&format!("\\U{:08x}", u32::from(character)));
                12
            }
            None => {
                // The escaped character goes along, so that `\\u` is not taken for an escape.
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                joined.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    joined.push_str(rest);
    Cow::Owned(joined)
}

fn surrogate_pair(text: &str) -> Option<char> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?, 16).ok();
    let (high, low) = (unit(text.get(..6)?)?, unit(text.get(6..12)?)?);
    char::decode_utf16([high, low])
        .next()?
        .ok()
        .filter(|c| u32::from(*c) > 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_escapes_become_one_in_json_only() {
        let rows = [
            (r#"{"a": "\ud83d\uDE00!"}"#, r#"{"a": "\U0001f600!"}"#),
            (r#"{"a": "\\ud83d\\ude00"}"#, r#"{"a": "\\ud83d\\ude00"}"#),
            (r#"{"a": "\ud83d \u00e9"}"#, r#"{"a": "\ud83d \u00e9"}"#),
            (r#"a: "\ud83d\ude00""#, r#"a: "\ud83d\ude00""#),
            ("{\\u\\", "{\\u\\"),
        ];
        for (text, expected) in rows {
            assert_eq!(joined(text), expected);
        }
    }
}
