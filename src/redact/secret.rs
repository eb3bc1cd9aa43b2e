//! Masks secrets that a target may echo, however they are written: as they are, in base64, in hexadecimal, with percent
//! signs, escaped in JSON.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{OnceLock, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands where a secret was.
pub const REDACTED: &str = "[redacted]";

/// Shorter secrets are not masked: they would be found in innocent places.
const LENGTH_MIN: usize = 8;

/// The secrets of a run.
#[derive(Default)]
pub struct Masks(RwLock<Known>);

/// Each group has fewer forms than the one before. A secret that becomes known later joins the groups that are no larger than
/// its own, so that a long one is seldom made anew, and there are never many to look through.
#[derive(Default)]
struct Known {
    groups: Vec<Group>,
    beginnings: Beginnings,
}

/// A piece of a text so long is looked at, then the next so far behind it: whatever has [`LENGTH_MIN`] bytes holds one of
/// these pieces whole, near its beginning.
const PIECE: usize = 4;
const STEP: usize = LENGTH_MIN - PIECE + 1;

/// The pieces near the beginnings of all forms. Most texts show none of them, and need not be searched.
struct Beginnings {
    pieces: BTreeSet<[u8; PIECE]>,
    /// A bit for each of them, which others seldom share.
    bits: Vec<u64>,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self {
            pieces: BTreeSet::new(),
            bits: vec![0; 1 << 10],
        }
    }
}

impl Beginnings {
    fn add(&mut self, form: &str) {
        for piece in form.as_bytes().array_windows().take(STEP) {
            let (word, bit) = place(*piece);
            self.bits[word] |= bit;
            self.pieces.insert(*piece);
        }
    }

    /// Whether a text may hold a form.
    fn may_be_in(&self, text: &str) -> bool {
        let mut pieces = text.as_bytes().array_windows().step_by(STEP);
        pieces.any(|piece| {
            let (word, bit) = place(*piece);
            self.bits[word] & bit != 0 && self.pieces.contains(piece)
        })
    }
}

/// The word and the bit of a piece in [`Beginnings`], by a product that mixes its bytes.
fn place(piece: [u8; PIECE]) -> (usize, u64) {
    let mixed = u32::from_le_bytes(piece)
        .wrapping_mul(0x9e37_79b1)
        .to_be_bytes();
    let high = usize::from(u16::from_be_bytes([mixed[0], mixed[1]]));
    (high / 64, 1 << (high % 64))
}

/// Forms that are looked for at once.
#[derive(Default)]
struct Group {
    forms: Vec<String>,
    /// What stands for each of them.
    marks: Vec<String>,
    /// Made when it is needed, since it takes its time where a secret is long.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl Group {
    fn finder(&self) -> Option<&AhoCorasick> {
        let finder = self.finder.get_or_init(|| {
            // A table of all transitions would take hundreds of megabytes for a token of fifty kilobytes.
            let mut builder = AhoCorasick::builder();
            let builder = builder.kind(Some(AhoCorasickKind::ContiguousNFA));
            // Only so are secrets found that lap over each other.
            let builder = builder.match_kind(MatchKind::Standard);
            let finder = builder.build(&self.forms).ok();
            debug_assert!(finder.is_some(), "a few short texts are not too many");
            finder
        });
        finder.as_ref()
    }

    /// Where its forms stand in a text, and what is to stand there.
    fn found<'g>(&'g self, text: &str) -> impl Iterator<Item = (Range<usize>, &'g str)> {
        let found = self
            .finder()
            .into_iter()
            .flat_map(move |f| f.find_overlapping_iter(text));
        found.map(|at| (at.range(), self.marks[at.pattern().as_usize()].as_str()))
    }
}

impl Known {
    fn has(&self, form: &String) -> bool {
        self.groups.iter().any(|group| group.forms.contains(form))
    }

    fn add(&mut self, mut group: Group) {
        for form in &group.forms {
            self.beginnings.add(form);
        }
        while let Some(last) = self
            .groups
            .pop_if(|last| last.forms.len() <= group.forms.len())
        {
            group.forms.extend(last.forms);
            group.marks.extend(last.marks);
        }
        self.groups.push(group);
    }
}

impl Masks {
    /// From now on, `secret` is masked. A very short one is not.
    pub fn add(&self, secret: &str) {
        self.add_as(secret, REDACTED);
    }

    /// The same, where another mark than the usual one must stand: what holds the secret has to stay of its kind, or to be
    /// told from others.
    pub fn add_as(&self, secret: &str, mark: &str) {
        if secret.len() < LENGTH_MIN {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let forms: Vec<String> = forms(secret)
            .into_iter()
            .filter(|form| !known.has(form))
            .collect();
        if !forms.is_empty() {
            let marks = vec![mark.to_owned(); forms.len()];
            let finder = OnceLock::new();
            known.add(Group {
                forms,
                marks,
                finder,
            });
        }
    }

    /// The text without secrets.
    pub fn apply(&self, text: String) -> String {
        if text.len() < LENGTH_MIN {
            return text;
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if !known.beginnings.may_be_in(&text) {
            return text;
        }
        let mut found: Vec<_> = known
            .groups
            .iter()
            .flat_map(|group| group.found(&text))
            .collect();
        if found.is_empty() {
            return text;
        }
        // A secret may be a part of another, or lap over it: the longest at a place has its mark there, and no part of any
        // stays.
        found.sort_by_key(|(at, _)| (at.start, Reverse(at.end)));
        let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
        for (at, mark) in found {
            if at.start >= end {
                masked.push_str(&text[end..at.start]);
                masked.push_str(mark);
            }
            end = end.max(at.end);
        }
        masked.push_str(&text[end..]);
        masked
    }
}

/// The ways in which a secret may be written.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        json_escaped(secret),
        json_escaped(secret).replace('/', "\\/"),
        percent_encoded(secret, false),
        percent_encoded(secret, true),
        percent_encoded(secret, false).replace("%20", "+"),
        hexadecimal(secret),
        hexadecimal(secret).to_ascii_uppercase(),
    ];
    for before in 0..3 {
        forms.push(in_base64(secret, before, &STANDARD_NO_PAD));
        forms.push(in_base64(secret, before, &URL_SAFE_NO_PAD));
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// All but unreserved characters (RFC 3986, 2.3) as `%` and two digits.
fn percent_encoded(text: &str, in_lower_case: bool) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ if in_lower_case => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret within a longer text that is encoded as a whole, such as `user:secret`, so many bytes (modulo 3) behind its
/// beginning: the characters that depend on nothing else.
fn in_base64(secret: &str, before: usize, engine: &impl base64::Engine) -> String {
    let shifted = [&b"\0\0"[..before], secret.as_bytes()].concat();
    let encoded = engine.encode(&shifted);
    let from = (before * 8).div_ceil(6);
    let to = shifted.len() * 8 / 6;
    encoded[from..to].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const SECRET: &str = "s3cr\"t/käse+&x?";

    fn masked(text: &str) -> String {
        let masks = Masks::default();
        masks.add(SECRET);
        masks.add("short");
        masks.apply(text.to_owned())
    }

    #[test]
    fn a_secret_is_masked_however_it_is_written() {
        let json = serde_json::json!({ "was": SECRET }).to_string();
        for text in [
            format!("Bearer {SECRET}, twice {SECRET}"),
            json.clone(),
            json.replace('/', "\\/"),
            format!(
                "?q={}&r={}",
                percent_encoded(SECRET, false),
                percent_encoded(SECRET, true)
            ),
            hexadecimal(SECRET),
            hexadecimal(SECRET).to_ascii_uppercase(),
        ] {
            let masked = masked(&text);
            assert!(masked.contains(REDACTED), "{text}: {masked}");
            assert!(
                !forms(SECRET)
                    .iter()
                    .any(|form| masked.contains(form.as_str())),
                "{masked}"
            );
        }
    }

    #[test]
    fn of_what_is_encoded_as_a_whole_at_most_the_edges_stay() {
        for before in ["", "u", "us", "user:"] {
            for after in ["", "!", "!!"] {
                let whole = format!("{before}{SECRET}{after}");
                for encoded in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                    let masked = masked(&encoded);
                    assert!(masked.contains(REDACTED), "{whole}: {masked}");
                    assert!(masked.len() <= REDACTED.len() + 16, "{masked}");
                }
            }
        }
    }

    /// However many there are, and in whatever order they became known.
    #[test]
    fn secrets_that_hold_or_lap_over_others_leave_nothing() {
        let long = "token-of-today-and-more";
        let secrets = [
            "token-of-today",
            long,
            "and-more-of-it",
            "today-and-more-of-it",
        ];
        for turn in 0..secrets.len() {
            let masks = Masks::default();
            let mut turned = secrets;
            turned.rotate_left(turn);
            for secret in turned {
                masks.add(secret);
                (0..20).for_each(|n| masks.add(&format!("another secret {turn} {n} {secret}")));
            }
            let text = format!("a {long} b {long}-of-it c {}", secrets[0]);
            let masked = masks.apply(text);
            assert_eq!(masked, "a [redacted] b [redacted] c [redacted]");
        }
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "short", "s3cr", "{\"a\":1}"] {
            assert_eq!(masked(text), text);
        }
    }
}
