//! CVV and PIN: a few digits that only their name tells from others.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::CODE_MARK;

/// Names of a CVV or PIN (letters and digits alone, in lower case), and the lengths that one has.
const NAMES: [(&str, std::ops::RangeInclusive<usize>); 19] = [
    ("cvv", 3..=4),
    ("cvv2", 3..=4),
    ("cvc", 3..=4),
    ("cvc2", 3..=4),
    ("csc", 3..=4),
    ("cardcsc", 3..=4),
    ("cvvcode", 3..=4),
    ("cvccode", 3..=4),
    ("cardcvv", 3..=4),
    ("cardcvc", 3..=4),
    ("securitycode", 3..=4),
    ("cardsecuritycode", 3..=4),
    ("cardverificationvalue", 3..=4),
    ("cardverificationcode", 3..=4),
    ("pin", 4..=12),
    ("cardpin", 4..=12),
    ("newpin", 4..=12),
    ("pinnumber", 4..=12),
    // In some countries a post code is called so, and has six digits.
    ("pincode", 4..=4),
];

/// Whether the value of that name is a CVV or a PIN.
pub(super) fn is_code(name: &str, value: &str) -> bool {
    let value = value.trim();
    !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_digit())
        && names(name).any(|(_, lengths)| lengths.contains(&value.len()))
}

/// The names that a text ends with as a word of its own: `x-card-cvv` ends with `cvv`, `shipping` not with `pin`.
fn names(
    text: &str,
) -> impl Iterator<Item = &'static (&'static str, std::ops::RangeInclusive<usize>)> {
    let last = text.bytes().rfind(u8::is_ascii_alphanumeric);
    let last = last.map(|byte| byte.to_ascii_lowercase());
    // Most texts end with a letter that no name ends with: they need not be taken apart.
    let may_be_one = NAMES.iter().any(|(name, _)| name.bytes().last() == last);
    let words = match may_be_one {
        true => words(text),
        false => Vec::new(),
    };
    let ends: Vec<String> = (0..words.len())
        .map(|first| words[first..].concat())
        .collect();
    NAMES
        .iter()
        .filter(move |(name, _)| ends.iter().any(|end| end == name))
}

/// The last words of a text, in lower case: `securityCode`, `security_code` and `security code` have two.
pub(super) fn words(text: &str) -> Vec<String> {
    const WORDS_MAX: usize = 4;
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in text.chars() {
        let begins = c.is_ascii_uppercase() && was_lower;
        if !c.is_ascii_alphanumeric() || begins {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words.split_off(words.len().saturating_sub(WORDS_MAX))
}

/// What each name has, of a PIN block too, in any case that it is written in, looked for in one go.
static HINTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let hints = [
        "vv",
        "VV",
        "vc",
        "VC",
        "csc",
        "CSC",
        "Csc",
        "pin",
        "PIN",
        "Pin",
        "erification",
        "ecurity",
        "ECURITY",
        "lock",
        "LOCK",
    ];
    let mut builder = AhoCorasick::builder();
    builder
        .match_kind(MatchKind::LeftmostFirst)
        .build(hints)
        .ok()
});

/// Whether a text may name a CVV, a PIN or a PIN block.
pub(super) fn may_name_one(text: &str) -> bool {
    HINTS.as_ref().is_none_or(|hints| hints.is_match(text))
}

/// The text with each CVV and PIN masked; nothing if there is none.
pub(super) fn masked(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        let end = start
            + bytes[start..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
        at = end;
        if is_named(text, start)
            && stands_alone(bytes, end)
            && is_code(name_before(text, start), &text[start..end])
        {
            masked.push_str(&text[copied..start]);
            masked.push_str(CODE_MARK);
            copied = end;
        }
    }
    (copied > 0).then(|| masked + &text[copied..])
}

/// What may stand between a name and its value, in JSON (nested too), forms and prose.
pub(super) const BETWEEN: [char; 9] = [' ', '"', '\'', '\\', ':', '=', '\t', '\n', '#'];

fn is_named(text: &str, start: usize) -> bool {
    text[..start].ends_with(BETWEEN)
}

fn stands_alone(bytes: &[u8], end: usize) -> bool {
    match (bytes.get(end), bytes.get(end + 1)) {
        (None, _) => true,
        (Some(b'.' | b','), later) => later.is_none_or(|b| !b.is_ascii_digit()),
        (Some(byte), _) => {
            !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b':' | b'/' | b'_' | b'*')
        }
    }
}

/// The text in which the name before a value ends: not far back, for names are short.
pub(super) fn name_before(text: &str, start: usize) -> &str {
    const FAR: usize = 40;
    let before = text[..start].trim_end_matches(BETWEEN);
    let before = before.strip_suffix(" is").unwrap_or(before);
    let mut from = before.len().saturating_sub(FAR);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let near = &before[from..];
    // A name ends at the quotes around it.
    let begin = near
        .rfind(['"', '\'', '{', ',', '&', '?', '\n'])
        .map_or(0, |at| at + 1);
    &near[begin..]
}
