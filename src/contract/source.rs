//! A document as it was read: its text, its value, and where each part stands.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{At, Fault, LoadError};
use super::{pointer, yaml};

/// A larger file is hardly a description of an API, and is refused before it is read as one.
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where in a file something stands; line and column count from 1, as editors show them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// A document that is well-formed YAML or JSON; nothing is known yet about what it says.
#[derive(Debug)]
pub struct Source {
    pub value: Value,
    places: yaml::Places,
}

/// Reads a file as text.
pub fn read_text(path: &Path) -> Result<String, LoadError> {
    let file = path.display().to_string();
    let fail = |fault: Fault| locate(fault, &file, "", None);
    let bytes = std::fs::read(path).map_err(|error| fail(unreadable(&error)))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fail(oversized(bytes.len())));
    }
    String::from_utf8(bytes)
        .map_err(|error| fail(not_text(error.as_bytes(), error.utf8_error().valid_up_to())))
}

impl Source {
    pub fn parse(text: &str) -> Result<Source, Fault> {
        if text.len() > FILE_BYTES_MAX {
            return Err(oversized(text.len()));
        }
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(yaml::empty());
        }
        let (value, places) = yaml::read(text)?;
        Ok(Source { value, places })
    }

    /// The part at a pointer.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// The place of a part, or of the nearest part around it that stands in the text.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        self.places.get(self.standing(pointer)).copied()
    }

    /// The pointer itself, or that of the nearest part around it that stands in the text.
    pub fn standing<'p>(&self, pointer: &'p str) -> &'p str {
        let mut at = pointer;
        while !self.places.contains_key(at) {
            match pointer::parent(at) {
                Some(parent) => at = parent,
                None => return "",
            }
        }
        at
    }
}

/// Turns a fault into the error that is shown, now that the file is known.
pub fn locate(fault: Fault, file: &str, text: &str, source: Option<&Source>) -> LoadError {
    let place = match &fault.at {
        At::File => None,
        At::Place(place) => Some(*place),
        At::Pointer(pointer) => source.and_then(|source| source.place(pointer)),
    };
    LoadError::new(file, text, place, fault.found, fault.advice)
}

fn unreadable(error: &std::io::Error) -> Fault {
    Fault::of_file(
        format!("the file can't be read: {error}"),
        "check the path and the permissions",
    )
}

fn oversized(bytes: usize) -> Fault {
    let found = format!("the file has {bytes} bytes");
    Fault::of_file(
        found,
        format!("a description may have {FILE_BYTES_MAX} at most"),
    )
}

fn not_text(bytes: &[u8], valid_up_to: usize) -> Fault {
    let before = String::from_utf8_lossy(&bytes[..valid_up_to]);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    Fault::at_place(
        Place { line, column },
        "the file isn't UTF-8 from here on",
        "save it as UTF-8",
    )
}
