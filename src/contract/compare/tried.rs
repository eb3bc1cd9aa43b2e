//! A sample body as it is tried: what takes the place of a member, and what is wrong with it only then.

use serde_json::Value;

use super::samples;
use crate::contract::pointer;
use crate::contract::view::View;
use crate::contract::violation::{Violation, ViolationKind};

/// What is tried in place of a member: what either document lists, and what is tried everywhere.
pub fn candidates(ours: Option<&View<'_>>, theirs: &View<'_>) -> Vec<Value> {
    let mut listed = theirs.values();
    let ours = ours.map(View::values).unwrap_or_default();
    listed.extend(theirs.given());
    listed.extend(samples::values());
    listed.extend(
        ours.into_iter()
            .filter(|value| !theirs.values().contains(value)),
    );
    listed
}

/// A sample as it is tried.
pub struct Tried<'a> {
    pub sample: &'a Value,
    /// With what their document requires besides.
    pub completed: &'a Value,
    /// What their document finds wrong even then.
    pub base: Vec<Violation>,
}

impl Tried<'_> {
    /// What their document finds wrong only once something was changed.
    pub fn only_now(&self, mut violations: Vec<Violation>) -> Vec<Violation> {
        violations.retain(|violation| !self.base.contains(violation));
        violations
    }

    /// Their document has a choice here of which the sample is none, so that what it says of a member can't be told.
    pub fn is_undecided(&self, at: &str) -> bool {
        self.base.iter().any(|violation| {
            let is_choice = matches!(&violation.kind, ViolationKind::Schema { keyword, .. } if keyword.ends_with("Of"));
            is_choice && is_within(at, &violation.instance_path)
        })
    }
}

/// Whether a pointer leads to a part, or into it.
pub fn is_within(at: &str, outer: &str) -> bool {
    let rest = at.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The body with another value at a pointer, or none.
pub fn replaced(body: &Value, at: &str, value: Option<&Value>) -> Value {
    let mut body = body.clone();
    match (value, body.pointer_mut(at)) {
        (Some(value), Some(place)) => place.clone_from(value),
        (Some(_), None) => {}
        (None, _) => pointer::take_out(&mut body, at),
    }
    body
}
