//! Reads HAR 1.2 files: traffic that other programs recorded (a browser, a proxy, an API client), as traces to judge.
//!
//! Such a recording shows a part: it starts in the middle, others act on the same accounts meanwhile, browsers leave out
//! header fields and bodies, times are coarse. What is missing is marked as such ([`NOT_RECORDED`], [`Reply::LetGo`]), and
//! every account has an unknown past, so that the judge asks for nothing that the recording can't show.
//!
//! - `form` is the file as it stands there; `base` finds the API in it; `entry` makes exchanges of entries.
//! - `cases` makes a case of what belongs together: an account, or several that a key ties to each other.
//!
//! [`NOT_RECORDED`]: crate::trace::NOT_RECORDED
//! [`Reply::LetGo`]: crate::trace::Reply::LetGo

mod base;
mod cases;
mod entry;
mod form;

use std::io;
use std::path::Path;

use crate::contract::Contract;
use crate::redact::Masks;
use crate::trace::{CaseTrace, Past, Terms};

use base::Base;
use form::Entry;

/// Traffic that somebody recorded, as far as it is about cards.
#[derive(Clone, Debug)]
pub struct Har {
    /// A case for each account, or for several that belong together.
    pub cases: Vec<CaseTrace>,
    /// What the judge must know.
    pub terms: Terms,
    /// Where the API was found.
    pub base_url: String,
    /// What was left out.
    pub left_out: LeftOut,
}

/// Entries that are not judged, by why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Outside of the API.
    pub elsewhere: usize,
    /// Set-up: tokens and keys.
    pub setup: usize,
    /// Not from the target: answered from a cache, or asked by the browser itself before the real request.
    pub browsers: usize,
    /// Other base URLs below which there is such an API, and how many entries are there.
    pub other_bases: Vec<(String, usize)>,
}

/// A HAR file that can't be judged: where, what stands there, what to do.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// The file can't be read.
    #[error("can't read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It isn't HAR.
    #[error("{file}:{line}:{column}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Nothing in it is about cards, or it is not clear what is.
    #[error("{file}: {problem}")]
    NoApi {
        /// The file.
        file: String,
        /// What is there instead, and what to do.
        problem: String,
    },
}

/// Whether these first bytes of a file are those of a HAR file rather than of a trace.
pub fn is_har(path: &Path, beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first = text.strip_prefix('{').map(str::trim_start);
    let is_named_so = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("har"));
    is_named_so || first.is_some_and(|first| first.starts_with("\"log\""))
}

/// Reads a HAR file. `base_url` says where the API is; without it, it is looked for. `past` is what is known of the
/// accounts beyond the recording.
///
/// # Errors
/// The file can't be read, is no HAR, or shows no API on cards.
pub fn read(
    path: &Path,
    contract: &Contract,
    base_url: Option<&str>,
    past: Past,
) -> Result<Har, HarError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| HarError::Unreadable {
        file: file.clone(),
        source,
    })?;
    let entries = form::entries(&file, &bytes)?;
    let base = base::find(contract, &entries, base_url)
        .map_err(|problem| HarError::NoApi { file, problem })?;
    Ok(judged(contract, &entries, base, past))
}

fn judged(contract: &Contract, entries: &[Entry], base: Base, past: Past) -> Har {
    let masks = Masks::default();
    let urls: Vec<&str> = entries
        .iter()
        .map(|entry| entry.request.url.as_str())
        .collect();
    for entry in entries {
        entry::note_secrets(entry, &urls, &masks);
    }
    let mut left_out = LeftOut {
        other_bases: base.others,
        ..LeftOut::default()
    };
    let mut own = Vec::new();
    for entry in entries {
        let Some(path) = base.url.path_of(&entry.request.url) else {
            left_out.elsewhere += 1;
            continue;
        };
        if entry.is_browsers_own() {
            left_out.browsers += 1;
        } else if path.starts_with("/auth/") {
            left_out.setup += 1;
        } else if entry::is_about_cards(contract, entry, &path) {
            own.push((entry, path));
        } else {
            left_out.elsewhere += 1;
        }
    }
    let exchanges = entry::exchanges(&own, &masks);
    let terms = Terms {
        success_shows_card: cases::shows_card(contract, &exchanges),
        ..Terms::default()
    };
    Har {
        cases: cases::cases(contract, exchanges, past),
        terms,
        base_url: base.url.to_string(),
        left_out,
    }
}
