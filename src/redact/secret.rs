//! Masks secrets that a target may echo, however they are written: as they are, in base64, in hexadecimal, with percent
//! signs, escaped in JSON.

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

#[derive(Default)]
struct Known {
    /// All forms of all secrets.
    forms: Vec<String>,
    /// What stands for each of them.
    marks: Vec<String>,
    /// Looks for all of them at once. Made when it is needed, since it takes its time where a secret is long.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl Known {
    fn finder(&self) -> Option<&AhoCorasick> {
        let finder = self.finder.get_or_init(|| {
            // A secret may be a part of another: the longest that stands at a place is masked.
            // A table of all transitions would take hundreds of megabytes for a token of fifty kilobytes.
            let mut builder = AhoCorasick::builder();
            let builder = builder.kind(Some(AhoCorasickKind::ContiguousNFA));
            let builder = builder.match_kind(MatchKind::LeftmostLongest);
            let finder = builder.build(&self.forms).ok();
            debug_assert!(finder.is_some(), "a few short texts are not too many");
            finder
        });
        finder.as_ref()
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
        for form in forms(secret) {
            if !known.forms.contains(&form) {
                known.forms.push(form);
                known.marks.push(mark.to_owned());
            }
        }
        known.finder = OnceLock::new();
    }

    /// The text without secrets.
    pub fn apply(&self, text: String) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.finder() {
            Some(finder) if finder.is_match(&text) => {
                let mut masked = String::with_capacity(text.len());
                finder.replace_all_with(&text, &mut masked, |found, _, masked| {
                    masked.push_str(&known.marks[found.pattern().as_usize()]);
                    true
                });
                masked
            }
            _ => text,
        }
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

    #[test]
    fn other_text_stays() {
        for text in ["", "short", "s3cr", "{\"a\":1}"] {
            assert_eq!(masked(text), text);
        }
    }
}
