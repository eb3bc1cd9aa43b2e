//! JSON that is safe to look at: what a target sent is in it, and a terminal or an editor takes some characters for orders
//! that JSON itself lets stand. They are written as escapes, so that it reads back the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// On one line, without an end of line.
///
/// # Errors
/// When the value can't be JSON.
pub fn compact(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    written(value, CompactFormatter)
}

/// The same behind what `bytes` hold.
///
/// # Errors
/// When the value can't be JSON.
pub fn append_compact(bytes: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    append(bytes, value, CompactFormatter)
}

/// For people.
///
/// # Errors
/// When the value can't be JSON.
pub fn pretty(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    written(value, PrettyFormatter::new())
}

fn written(value: &impl Serialize, layout: impl Formatter) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1 << 10);
    append(&mut bytes, value, layout)?;
    Ok(bytes)
}

fn append(
    bytes: &mut Vec<u8>,
    value: &impl Serialize,
    layout: impl Formatter,
) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(bytes, Visible(layout)))
}

/// A layout whose strings hold nothing that can't be seen.
struct Visible<F>(F);

/// What is laid out as the inner formatter does it.
macro_rules! laid_out {
    ($($method:ident($($argument:ident: $kind:ty)?)),*) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)?) -> io::Result<()> {
            self.0.$method(writer $(, $argument)?)
        })*
    };
}

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            return writer.write_all(fragment.as_bytes());
        }
        for letter in fragment.chars() {
            if is_visible(letter) {
                write!(writer, "{letter}")?;
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    laid_out!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        end_object_key(),
        begin_object_value(),
        end_object_value()
    );
}

/// Neither a control nor what turns, hides or joins text.
pub fn is_visible(letter: char) -> bool {
    matches!(letter, '\'' | '"' | '\\') || letter.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_can_not_be_seen_is_escaped_and_reads_back_the_same() {
        let value = json!({
            "a\u{9b}": ["\u{1b}[2J\u{7f}\u{202e}x\u{2066}\u{200b}\u{feff}\u{e0001}", "東京 Łódź \"'\\ 😀", 1, null],
            "b": { "c": {} },
        });
        for bytes in [compact(&value).unwrap(), pretty(&value).unwrap()] {
            let text = String::from_utf8(bytes).unwrap();
            let is_seen = |c: char| c == '\n' || is_visible(c);
            assert!(text.chars().all(is_seen), "{text}");
            assert!(
                text.contains("東京 Łódź") && text.contains("\\u202e"),
                "{text}"
            );
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn other_json_is_laid_out_as_ever() {
        let value = json!({ "a": [1, { "b": "c\n" }, []], "d": {} });
        assert_eq!(
            pretty(&value).unwrap(),
            serde_json::to_vec_pretty(&value).unwrap()
        );
        assert_eq!(
            compact(&value).unwrap(),
            serde_json::to_vec(&value).unwrap()
        );
    }
}
