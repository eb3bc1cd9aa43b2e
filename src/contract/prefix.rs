//! What stands before every path of a document: nothing, or a prefix that it didn't put into `servers`.

use std::collections::BTreeSet;

use super::error::Fault;
use super::kind::OperationKind;
use super::paths::{self, Path};
use super::source::Source;

/// The prefix below which the document describes the required operations, or most of them. A document that describes them all
/// below two has to keep one.
pub fn of(source: &Source) -> Result<String, Fault> {
    let paths: Vec<Path<'_>> = paths::of(source).collect();
    let prefixes: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| path.shape.strip_suffix(OperationKind::ListCards.path()))
        .chain([""])
        .collect();
    let count = |prefix: &str| {
        let is_there =
            |kind: &&OperationKind| paths.iter().any(|path| path.describes(**kind, prefix));
        let required = &OperationKind::ALL[..OperationKind::REQUIRED];
        required.iter().filter(is_there).count()
    };
    let whole: Vec<&str> = prefixes
        .iter()
        .copied()
        .filter(|prefix| count(prefix) == OperationKind::REQUIRED)
        .collect();
    match whole.as_slice() {
        [whole @ "", ..] | [whole] => Ok((*whole).to_owned()),
        [first, second, ..] => {
            let below = paths.iter().find(|path| path.shape.starts_with(second));
            let found = format!("the API is described twice, below `{first}` and `{second}`");
            let at = below.map_or("/paths", |path| &path.at);
            Err(Fault::at_pointer(at, found, "keep one of them"))
        }
        [] => {
            // Of those that tie, the shortest: the empty one, unless another has more.
            let nearest = prefixes.iter().rev().max_by_key(|prefix| count(prefix));
            Ok(nearest.copied().unwrap_or_default().to_owned())
        }
    }
}
