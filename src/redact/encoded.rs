//! Card numbers behind an encoding: percent signs, character references and escapes, base64, hexadecimal.
//!
//! Digits that stand together only once they are decoded are no chance: thirteen bytes of a digest are all digits once in
//! 10^18 times. So here a right check digit is evidence enough.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode::Indifferent;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::number::{self, LENGTHS};
use super::{CARD_NUMBER_MARK, ENCODED_NUMBER_MARK};

/// Base64 of the shortest card number.
const RUN_MIN: usize = 18;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The text with each encoded card number masked; nothing if there is none.
pub(super) fn masked(text: &str) -> Option<String> {
    let by_runs = masked_runs(text);
    let so_far = by_runs.as_deref().unwrap_or(text);
    masked_words(so_far).or(by_runs)
}

/// Runs of characters that base64 and hexadecimal are made of.
fn masked_runs(text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut copied = 0;
    for (start, end) in runs(text.as_bytes()) {
        let run = &text[start..end];
        // A prefix may be joined to it: `tok_NDEx…`.
        let tail = run.rfind(['_', '-']).map_or(run, |at| &run[at + 1..]);
        let number = [run, tail].into_iter().find_map(number_in_run);
        if let Some(mask) = number {
            masked.push_str(&text[copied..start]);
            masked.push_str(&mask);
            copied = end;
        }
    }
    (copied > 0).then(|| masked + &text[copied..])
}

/// Which bytes runs are made of: every byte of an answer is looked up here.
const IS_PART: [bool; 256] = {
    let mut is_part = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let letter = byte as u8;
        is_part[byte] =
            letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/' | b'_' | b'-');
        byte += 1;
    }
    is_part
};

fn runs(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let is_part = |byte: &u8| IS_PART[usize::from(*byte)];
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at + bytes[at..].iter().position(is_part)?;
            let end = start + bytes[start..].iter().take_while(|b| is_part(b)).count();
            at = end;
            if end - start >= RUN_MIN {
                return Some((start, end));
            }
        }
        None
    })
}

fn number_in_run(run: &str) -> Option<String> {
    if run.len() < RUN_MIN {
        return None;
    }
    in_hex(run).or_else(|| {
        if !may_hold_digits(run.as_bytes()) {
            return None;
        }
        // The last of four letters and one carries no whole byte.
        let whole = &run[..run.len() - usize::from(run.len() % 4 == 1)];
        let decoded = match run.contains(['_', '-']) {
            true => URL_SAFE.decode(whole),
            false => STANDARD.decode(whole),
        };
        in_bytes(&decoded.ok()?)
    })
}

/// Three digits in base64 are always four letters of this form, and every card number has three that come to stand so.
/// That spares nearly all digests from being decoded.
fn may_hold_digits(run: &[u8]) -> bool {
    let (quads, _) = run.as_chunks::<4>();
    quads.iter().any(|[first, second, _, fourth]| {
        matches!(first, b'M'..=b'O')
            && matches!(second, b'D' | b'T' | b'j' | b'z')
            && matches!(fourth, b'w'..=b'z' | b'0'..=b'5')
    })
}

/// Digits as ASCII in hexadecimal: `34` is a 4.
fn in_hex(run: &str) -> Option<String> {
    let run = run.strip_prefix("0x").unwrap_or(run).as_bytes();
    let is_digit = |pair: &[u8]| pair[0] == b'3' && pair[1].is_ascii_digit();
    let (pairs, rest) = run.as_chunks::<2>();
    if !rest.is_empty() || !LENGTHS.contains(&pairs.len()) || !pairs.iter().all(|p| is_digit(p)) {
        return None;
    }
    let digits: Vec<u8> = pairs.iter().map(|pair| pair[1]).collect();
    in_bytes(&digits)
}

/// The first card number in decoded bytes.
fn in_bytes(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        if let Some((_, mask)) = number::card_number_at(bytes, start) {
            return Some(encoded(&mask));
        }
        at = number::digits_end(bytes, start);
    }
    None
}

/// The mark of a number that was found by decoding.
fn encoded(mask: &str) -> String {
    mask.replace(CARD_NUMBER_MARK, ENCODED_NUMBER_MARK)
}

/// Words with percent signs, character references or escapes. One that shows a number once it is decoded stays decoded.
fn masked_words(text: &str) -> Option<String> {
    memchr::memchr3(b'%', b'&', b'\\', text.as_bytes())?;
    let mut masked = String::new();
    let mut is_found = false;
    for word in text.split_inclusive([' ', '"', '<', '\n']) {
        let decoded = decoded(word).map(|decoded| number::masked(&decoded).into_owned());
        let found =
            decoded.filter(|d| d.contains(CARD_NUMBER_MARK) && !word.contains(CARD_NUMBER_MARK));
        is_found |= found.is_some();
        match found {
            Some(found) => masked.push_str(&encoded(&found)),
            None => masked.push_str(word),
        }
    }
    is_found.then_some(masked)
}

/// The word with `%34`, `\u0034` and `&#52;` replaced by the ASCII characters that they stand for; nothing if it has none.
fn decoded(word: &str) -> Option<String> {
    let mut decoded = String::with_capacity(word.len());
    let mut rest = word;
    let mut is_changed = false;
    while let Some(next) = rest.chars().next() {
        match escape(rest) {
            Some((character, length)) => {
                decoded.push(character);
                rest = &rest[length..];
                is_changed = true;
            }
            None => {
                decoded.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    is_changed.then_some(decoded)
}

/// The printable ASCII character that an escape at the start stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let hex = |digits: &str| u8::from_str_radix(digits, 16).ok();
    let (code, length) = if let Some(rest) = text.strip_prefix('%') {
        (hex(rest.get(..2)?)?, 3)
    } else if let Some(rest) = text.strip_prefix("\\u00") {
        (hex(rest.get(..2)?)?, 6)
    } else if let Some(rest) = text.strip_prefix("&#x") {
        let end = rest.find(';').filter(|end| *end <= 2)?;
        (hex(&rest[..end])?, end + 4)
    } else {
        let rest = text.strip_prefix("&#")?;
        let end = rest.find(';').filter(|end| *end <= 3)?;
        (rest[..end].parse().ok()?, end + 3)
    };
    matches!(code, b' '..=b'~').then(|| (char::from(code), length))
}
