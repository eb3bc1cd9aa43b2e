//! The paths of a document, and which operations stand there.

use serde_json::Value;

use super::kind::{OperationKind, path_shape};
use super::source::Source;
use super::{pointer, reference};

/// A path of a document, and what stands there.
pub struct Path<'a> {
    /// With `{}` for each parameter, since the names of those don't matter.
    pub shape: String,
    /// Where the document has it.
    pub at: String,
    /// Where what it has really stands, `$ref`s followed.
    pub item_at: String,
    item: &'a Value,
}

/// The paths of a document, in its order.
pub fn of(source: &Source) -> impl Iterator<Item = Path<'_>> {
    let paths = source.get("/paths").and_then(Value::as_object);
    let templates = paths.into_iter().flat_map(|paths| paths.keys());
    templates.filter_map(|template| {
        let at = pointer::join("/paths", template);
        let (item_at, item) = reference::resolve(source, &at)?;
        Some(Path {
            shape: path_shape(template),
            at,
            item_at,
            item,
        })
    })
}

impl Path<'_> {
    /// Whether it is given for a method.
    pub fn has(&self, method: &str) -> bool {
        self.item.get(method.to_ascii_lowercase()).is_some()
    }

    /// Whether it describes an operation, where all paths have a prefix.
    pub fn describes(&self, kind: OperationKind, prefix: &str) -> bool {
        self.shape.strip_prefix(prefix) == Some(kind.path()) && self.has(kind.method())
    }
}
