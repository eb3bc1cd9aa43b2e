//! A PIN block: a PIN in 8 bytes, or 16, as hexadecimal digits (ISO 9564-1). Only its name tells it from others.
//!
//! PCI DSS counts it as the PIN itself. One that its name says to be encrypted is left: no PIN can be read off it.

use memchr::memmem::Finder;
use std::sync::LazyLock;

use super::CODE_MARK;
use super::code::{BETWEEN, name_before, words};

/// Its digits, of formats 0 to 3 and of format 4.
const LENGTHS: [usize; 2] = [16, 32];

/// How the last word of its name ends.
static HINTS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["lock", "LOCK"].map(Finder::new));

/// Whether the value of that name is a PIN block.
pub(super) fn is_block(name: &str, value: &str) -> bool {
    let value = value.trim();
    LENGTHS.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit()) && is_named(name)
}

fn is_named(name: &str) -> bool {
    let words = words(name);
    let is_encrypted = |word: &String| word.starts_with("enc") || word.starts_with("cipher");
    let ends = (0..words.len()).map(|first| words[first..].concat());
    ends.into_iter().any(|end| end == "pinblock") && !words.iter().any(is_encrypted)
}

/// The text with each PIN block masked; nothing if there is none.
pub(super) fn masked(text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut copied = 0;
    let mut names: Vec<usize> = HINTS
        .iter()
        .flat_map(|hint| hint.find_iter(text.as_bytes()))
        .map(|at| at + "lock".len())
        .collect();
    names.sort_unstable();
    for end_of_name in names {
        let behind = &text[end_of_name..];
        let value = behind.trim_start_matches(BETWEEN);
        let start = text.len() - value.len();
        let digits = value.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (block, rest) = value.split_at(digits);
        let stands_alone = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
        if start > end_of_name && stands_alone && is_block(name_before(text, start), block) {
            masked.push_str(&text[copied..start]);
            masked.push_str(CODE_MARK);
            copied = start + digits;
        }
    }
    (copied > 0).then(|| masked + &text[copied..])
}
