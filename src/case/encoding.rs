//! How the text of a body is written in bytes, where it is not as JSON must be (RFC 8259, section 8.1): in UTF-8.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A way to write a body in bytes that is not plain UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// ISO 8859-1: a byte for each character, a question mark for what it doesn't have.
    Latin1,
    /// UTF-16, the low byte first, with a byte order mark.
    Utf16,
    /// UTF-8 in which a space has two bytes, as old decoders take it.
    Overlong,
    /// UTF-8 in which characters beyond the basic plane are two halves of three bytes each, as some databases write them.
    Cesu8,
    /// UTF-8 in which each character of several bytes lacks the last.
    Cut,
    /// UTF-8 behind a byte order mark, which a reader may overlook.
    Marked,
}

impl Encoding {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Latin1,
        Self::Utf16,
        Self::Overlong,
        Self::Cesu8,
        Self::Cut,
        Self::Marked,
    ];

    /// The text in bytes.
    ///
    /// ```
    /// use cardproof::case::Encoding;
    /// assert_eq!(Encoding::Latin1.bytes("é"), b"\xe9");
    /// assert_eq!(Encoding::Overlong.bytes("a b"), b"a\xc0\xa0b");
    /// ```
    pub fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Latin1 => {
                let letters = text.chars();
                letters.map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
            }
            Self::Utf16 => {
                let marked = std::iter::once(0xfeff).chain(text.encode_utf16());
                marked.flat_map(u16::to_le_bytes).collect()
            }
            Self::Overlong => each(text, |letter| match letter {
                ' ' => vec![0xc0, 0xa0],
                other => in_utf8(other),
            }),
            Self::Cesu8 => each(text, |letter| match letter.len_utf8() {
                4 => letter
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .flat_map(|half| three_bytes(*half))
                    .collect(),
                _ => in_utf8(letter),
            }),
            Self::Cut => each(text, |letter| {
                let mut bytes = in_utf8(letter);
                if bytes.len() > 1 {
                    bytes.pop();
                }
                bytes
            }),
            Self::Marked => format!("\u{feff}{text}").into_bytes(),
        }
    }

    /// Whether the bytes are text in Unicode, so that every reader who takes them reads the same.
    pub fn is_unicode(self) -> bool {
        matches!(self, Self::Utf16 | Self::Marked)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Latin1 => "in Latin-1",
            Self::Utf16 => "in UTF-16",
            Self::Overlong => "in overlong UTF-8",
            Self::Cesu8 => "in CESU-8",
            Self::Cut => "in cut UTF-8",
            Self::Marked => "behind a byte order mark",
        }
    }
}

/// The bytes of a body that has this text.
pub fn body_bytes(text: &str, encoding: Option<Encoding>) -> Cow<'_, [u8]> {
    match encoding {
        Some(encoding) => encoding.bytes(text).into(),
        None => text.as_bytes().into(),
    }
}

fn each(text: &str, bytes: impl Fn(char) -> Vec<u8>) -> Vec<u8> {
    text.chars().flat_map(bytes).collect()
}

fn in_utf8(letter: char) -> Vec<u8> {
    letter.encode_utf8(&mut [0; 4]).as_bytes().to_vec()
}

/// Half a surrogate pair, as if it were a character.
fn three_bytes(half: u16) -> [u8; 3] {
    let six = |shift: u32| 0x80 | u8::try_from(half >> shift & 0x3f).unwrap_or(0);
    let four = 0xe0 | u8::try_from(half >> 12).unwrap_or(0);
    [four, six(6), six(0)]
}

impl fmt::Display for Encoding {
    /// The words that name it in a case file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = String::deserialize(deserializer)?;
        let named = Self::ALL.into_iter().find(|e| e.words() == words);
        named.ok_or_else(|| serde::de::Error::custom(format!("`{words}` is no encoding")))
    }
}

impl JsonSchema for Encoding {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words = Self::ALL.map(Self::words);
        schemars::json_schema!({"type": "string", "enum": words})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_otherwise_is_no_utf8() {
        for encoding in Encoding::ALL {
            let bytes = encoding.bytes("{\"city\": \"Zürich 🏠\"}");
            let is_utf8 = str::from_utf8(&bytes).is_ok();
            assert_eq!(is_utf8, encoding == Encoding::Marked, "{encoding}");
        }
    }

    #[test]
    fn a_character_beyond_the_basic_plane_is_two_halves() {
        let halves = [0xed, 0xa0, 0xbc, 0xed, 0xbf, 0xa0];
        assert_eq!(Encoding::Cesu8.bytes("🏠"), halves);
        assert_eq!(Encoding::Utf16.bytes("a"), [0xff, 0xfe, b'a', 0]);
        assert_eq!(Encoding::Cut.bytes("Zü"), [b'Z', 0xc3]);
    }
}
