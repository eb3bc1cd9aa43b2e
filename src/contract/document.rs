//! A YAML or JSON document with the place of each part, for other rooms that read such files.

use serde_json::Value;

use super::error::At;
use super::source::{Place, Source};

/// A document that is well-formed YAML or JSON.
pub(crate) struct Document(Source);

impl Document {
    /// The document that `text` spells. The error is the place of the first fault alone: words about it might repeat what
    /// the document holds.
    pub fn parse(text: &str) -> Result<Self, Option<Place>> {
        Source::parse(text)
            .map(Self)
            .map_err(|fault| match fault.at {
                At::Place(place) => Some(place),
                At::File | At::Pointer(_) => None,
            })
    }

    /// The part at a JSON pointer.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.0.get(pointer)
    }

    /// Where a part stands, or else the nearest part around it.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        self.0.place(pointer)
    }
}
