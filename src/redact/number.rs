//! A full card number in a text: 13 to 19 digits of a range of Visa or Mastercard with a right check digit, a number of its
//! own, at most in groups. Ids, digests and times must not look like one: a false mark spoils evidence.

use std::borrow::Cow;

use super::CARD_NUMBER_MARK;

pub(super) const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// What may stand between the groups of a number, and whether groups of any length may be so parted. Of others, all
/// groups but the last have four digits, or decimals and lists would do.
const SEPARATORS: [(&[u8], bool); 14] = [
    (b" ", true),
    (b"-", true),
    (b".", false),
    (b"/", false),
    (b"_", false),
    (b"+", false),
    (b",", false),
    (b", ", false),
    (b" - ", false),
    (b"\t", false),
    (b"\",\"", false),
    (b"\", \"", false),
    // A no-break space, and an en dash.
    (b"\xc2\xa0", false),
    (b"\xe2\x80\x93", false),
];

/// Which bytes are digits, or may stand between the groups of a number: every byte of an answer is looked up here.
const IS_PART: [bool; 256] = {
    let mut is_part = [false; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        is_part[digit as usize] = true;
        digit += 1;
    }
    let mut separator = 0;
    while separator < SEPARATORS.len() {
        let bytes = SEPARATORS[separator].0;
        let mut at = 0;
        while at < bytes.len() {
            is_part[bytes[at] as usize] = true;
            at += 1;
        }
        separator += 1;
    }
    is_part
};

/// The text with each full card number masked.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if bytes.len() < *LENGTHS.start() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        if let Some(end) = end_of_too_few(bytes, start) {
            at = end;
            continue;
        }
        match card_number_at(bytes, start) {
            Some((end, mask)) => {
                masked.push_str(&text[copied..start]);
                masked.push_str(&mask);
                copied = end;
                at = end;
            }
            None => at = digits_end(bytes, start),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

/// The end of the digits from here on and of what may stand between them, if they are too few for a card number. So are
/// those of nearly all dates, amounts and ids, which then need no closer look.
fn end_of_too_few(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut digits, mut end) = (0, start);
    while let Some(byte) = bytes.get(end).filter(|byte| IS_PART[usize::from(**byte)]) {
        digits += usize::from(byte.is_ascii_digit());
        if digits == *LENGTHS.start() {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// The end and the mask of the longest card number that begins here.
pub(super) fn card_number_at(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    if bytes[start] == b'0' {
        return filled_up(bytes, start);
    }
    if !matches!(bytes[start], b'2' | b'4' | b'5') {
        return None;
    }
    let mut end = digits_end(bytes, start);
    let first_group = &bytes[start..end];
    if first_group.len() > *LENGTHS.end() {
        return None;
    }
    let is_joined = is_beside_a_dash(bytes, start, end) || is_in_a_word(bytes, start, end);
    if is_joined && is_card_number(first_group) {
        return Some((end, mask(first_group)));
    }
    if !starts_alone(bytes, start) {
        return None;
    }
    let mut digits = Digits::default();
    digits.extend(first_group);
    let is_number = |digits: &[u8], end: usize| {
        LENGTHS.contains(&digits.len()) && ends_alone(bytes, end) && is_card_number(digits)
    };
    let mut found = is_number(digits.all(), end).then(|| (end, mask(digits.all())));
    // The longest separator counts: of a comma and a space the space alone would end the number.
    let follows = |(separator, _): &&(&[u8], bool)| bytes[end..].starts_with(separator);
    let Some((separator, any_groups)) = SEPARATORS
        .iter()
        .filter(follows)
        .max_by_key(|(separator, _)| separator.len())
    else {
        return found;
    };
    let mut last_group = end - start;
    while bytes[end..].starts_with(separator) {
        let group_start = end + separator.len();
        let group_end = digits_end(bytes, group_start);
        let group = &bytes[group_start..group_end];
        let is_odd = !any_groups && (last_group != 4 || group.len() > 4);
        if group.is_empty() || is_odd || !digits.extend(group) {
            return found;
        }
        end = group_end;
        last_group = group.len();
        if is_number(digits.all(), end) {
            found = Some((end, mask(digits.all())));
        }
    }
    found
}

/// A number in a field of nineteen digits at most, with zeros before it.
fn filled_up(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    let end = digits_end(bytes, start);
    let field = &bytes[start..end];
    let zeros = field.iter().take_while(|digit| **digit == b'0').count();
    let number = &field[zeros..];
    let is_field = LENGTHS.contains(&field.len()) && LENGTHS.contains(&number.len());
    let is_alone = is_field && starts_alone(bytes, start) && ends_alone(bytes, end);
    (is_alone && is_card_number(number)).then(|| (end, mask(number)))
}

/// The digits of one number, without its separators. Every date begins like a number, so they are kept without asking
/// for memory.
#[derive(Default)]
struct Digits {
    digits: [u8; *LENGTHS.end()],
    count: usize,
}

impl Digits {
    fn all(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    /// Adds a group, if no number would be too short for it.
    fn extend(&mut self, group: &[u8]) -> bool {
        let free = self.digits[self.count..].get_mut(..group.len());
        let fits = free.map(|free| free.copy_from_slice(group)).is_some();
        self.count += if fits { group.len() } else { 0 };
        fits
    }
}

/// As many digits in one piece as a card number has, with a dash on one side and nothing that joins them on the other: a
/// number with a word or a version (`card-4111…`, `4111…-1`). The groups of a UUID have no more than twelve; those of a trace
/// id that may be digits alone have dashes on both sides.
fn is_beside_a_dash(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_dash = |byte: Option<&u8>| byte == Some(&b'-');
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let behind = bytes.get(end);
    LENGTHS.contains(&(end - start))
        && is_dash(before) != is_dash(behind)
        && (is_dash(before) || starts_alone(bytes, start))
        && (is_dash(behind) || ends_alone(bytes, end))
}

/// As many digits in one piece as a card number has, joined to a word (`tok_4111…`, `visa4111…`, `4111…_v1`). One of
/// hexadecimal digits is none: digests and ids are made of them.
fn is_in_a_word(bytes: &[u8], start: usize, end: usize) -> bool {
    /// So many characters on each side tell whether a word is hexadecimal; words may be as long as a body.
    const LOOKED_AT: usize = 64;
    let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric();
    let joins = |byte: Option<&u8>| byte.is_some_and(|b| *b == b'_' || b.is_ascii_alphabetic());
    let (before, behind) = (&bytes[..start], &bytes[end..]);
    let is_joined = joins(before.last()) || joins(behind.first());
    let is_free = (joins(before.last()) || starts_alone(bytes, start))
        && (joins(behind.first()) || ends_alone(bytes, end));
    if !LENGTHS.contains(&(end - start)) || !is_joined || !is_free {
        return false;
    }
    let begin = before.iter().rev().take_while(is_of_it).take(LOOKED_AT);
    let rest = behind.iter().take_while(is_of_it).take(LOOKED_AT);
    let mut word = begin.chain(rest).peekable();
    word.peek().is_none() || word.any(|byte| !byte.is_ascii_hexdigit())
}

pub(super) fn digits_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().take_while(|b| b.is_ascii_digit());
    start + length.count()
}

/// Nothing before makes it a part of something longer: a word, a fraction, a UUID, an international phone number.
fn starts_alone(bytes: &[u8], start: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).map(|at| bytes[at]);
    match (before(2), before(1)) {
        (Some(b'\\'), Some(b'n' | b't' | b'r' | b'f' | b'b')) => true,
        (_, Some(b'_' | b'+')) => false,
        (Some(b'0'..=b'9'), Some(b'.')) => false,
        (Some(earlier), Some(b'-')) => !earlier.is_ascii_alphanumeric(),
        (_, Some(byte)) => !byte.is_ascii_alphanumeric(),
        (_, None) => true,
    }
}

/// Nothing after makes it a part of something longer.
fn ends_alone(bytes: &[u8], end: usize) -> bool {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'_'), _) | (Some(b'.'), Some(b'0'..=b'9')) => false,
        (Some(b'-'), Some(later)) => !later.is_ascii_alphanumeric(),
        (Some(byte), _) => !byte.is_ascii_alphanumeric(),
        (None, _) => true,
    }
}

pub(super) fn is_card_number(digits: &[u8]) -> bool {
    is_in_range(digits) && has_right_check_digit(digits)
}

/// Visa begins with 4, Mastercard with 51 to 55 or 2221 to 2720.
fn is_in_range(digits: &[u8]) -> bool {
    let number = |length: usize| {
        digits[..length]
            .iter()
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    digits[0] == b'4' || (51..=55).contains(&number(2)) || (2221..=2720).contains(&number(4))
}

/// ISO/IEC 7812-1, annex B: every second digit from the right is doubled.
fn has_right_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn mask(digits: &[u8]) -> String {
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let last_four = text(&digits[digits.len() - 4..]);
    format!("{CARD_NUMBER_MARK}{}******{last_four}]", text(&digits[..6]))
}
