//! What stands before every path of a document: nothing, or a prefix that it didn't put into `servers`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::Fault;
use super::kind::{OperationKind, path_shape};
use super::source::Source;
use super::{pointer, reference};

/// The prefix below which the document describes the required operations, or most of them. A document that describes them all
/// below two has to keep one.
pub fn of(source: &Source) -> Result<String, Fault> {
    let described = described(source);
    let prefixes: BTreeSet<&str> = described
        .iter()
        .filter_map(|(_, shape, _)| shape.strip_suffix(OperationKind::ListCards.path()))
        .chain([""])
        .collect();
    let count = |prefix: &str| {
        let is_there = |kind: &&OperationKind| {
            let path = format!("{prefix}{}", kind.path());
            described
                .iter()
                .any(|(method, shape, _)| method == kind.method() && *shape == path)
        };
        let required = &OperationKind::ALL[..OperationKind::REQUIRED];
        required.iter().filter(is_there).count()
    };
    let whole: Vec<&str> = prefixes
        .iter()
        .copied()
        .filter(|prefix| count(prefix) == OperationKind::REQUIRED)
        .collect();
    if let ["", ..] | [_] = whole.as_slice() {
        return Ok(whole[0].to_owned());
    }
    if let [first, second, ..] = whole.as_slice() {
        let is_below = |shape: &str| shape.starts_with(second);
        let at = described.iter().find(|(_, shape, _)| is_below(shape));
        let found = format!("the API is described twice, below `{first}` and `{second}`");
        let at = at.map_or("/paths", |(_, _, at)| at);
        return Err(Fault::at_pointer(at, found, "keep one of them"));
    }
    // Of those that tie, the shortest: the empty one, unless another has more.
    let nearest = prefixes.iter().rev().max_by_key(|prefix| count(prefix));
    Ok(nearest.copied().unwrap_or_default().to_owned())
}

/// Each operation of the document: its method, the shape of its path, and where the path stands.
fn described(source: &Source) -> Vec<(String, String, String)> {
    let paths = source.get("/paths").and_then(Value::as_object);
    let mut described = Vec::new();
    for template in paths.into_iter().flat_map(|paths| paths.keys()) {
        let at = pointer::join("/paths", template);
        let item = reference::resolve(source, &at).and_then(|(_, item)| item.as_object());
        for method in item.into_iter().flat_map(|item| item.keys()) {
            described.push((method.to_uppercase(), path_shape(template), at.clone()));
        }
    }
    described
}
