//! Choices: which reading of an open point a world has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::requirement::{Point, RequirementId};

/// What a reading is consistent over: a point as a whole (empty), or one call and state, one member, …
pub type Scope = String;

/// One reading of one open point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// The open point.
    pub point: RequirementId,
    /// What it is consistent over.
    pub scope: Scope,
    /// The place of the reading among those of the point.
    pub reading: usize,
}

impl Choice {
    /// The reading named `reading` of `point`.
    ///
    /// # Panics
    /// When the point has no such reading, which is a mistake in the model.
    pub fn new(point: RequirementId, scope: impl Into<Scope>, reading: &str) -> Self {
        let readings = readings(point);
        Self {
            point,
            scope: scope.into(),
            reading: readings
                .iter()
                .position(|r| *r == reading)
                .unwrap_or_else(|| panic!("{point} has no reading {reading:?}")),
        }
    }

    /// The reading in words.
    pub fn words(&self) -> &'static str {
        readings(self.point)[self.reading]
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.point.requirement().point.map_or("", |p| p.name);
        if self.scope.is_empty() {
            write!(f, "{name}: {}", self.words())
        } else {
            write!(f, "{name} ({}): {}", self.scope, self.words())
        }
    }
}

/// The readings that the catalogue allows for a point.
pub fn readings(point: RequirementId) -> &'static [&'static str] {
    point
        .requirement()
        .point
        .map_or(&[], |Point { readings, .. }| readings)
}

/// The readings that a world has decided. A pin holds for every scope of its point.
/// Copies share what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    decided: Arc<BTreeMap<(RequirementId, Scope), usize>>,
    pinned: Arc<BTreeMap<RequirementId, usize>>,
}

impl Choices {
    /// Nothing decided but what a profile pins: point name or id to reading.
    pub fn pinned(pins: &BTreeMap<String, String>) -> Self {
        let pinned = pins
            .iter()
            .filter_map(|(point, reading)| {
                let requirement = crate::requirement::find(point).ok()?;
                let place = readings(requirement.id).iter().position(|r| r == reading)?;
                Some((requirement.id, place))
            })
            .collect();
        Self {
            decided: Arc::default(),
            pinned: Arc::new(pinned),
        }
    }

    /// Decides a reading; false if it is decided otherwise.
    #[must_use]
    pub fn decide(&mut self, choice: &Choice) -> bool {
        if self.conflict(choice).is_some() {
            return false;
        }
        if self.get(choice.point, &choice.scope).is_none() {
            Arc::make_mut(&mut self.decided)
                .insert((choice.point, choice.scope.clone()), choice.reading);
        }
        true
    }

    /// Takes back what is decided for these points, in every scope.
    pub fn forget(&mut self, points: &[RequirementId]) {
        let is_forgotten = |(point, _): &(RequirementId, Scope)| points.contains(point);
        if self.decided.keys().any(is_forgotten) {
            Arc::make_mut(&mut self.decided).retain(|key, _| !is_forgotten(key));
        }
    }

    /// The other reading that is decided where `choice` would be.
    pub fn conflict(&self, choice: &Choice) -> Option<usize> {
        self.pinned
            .get(&choice.point)
            .or_else(|| self.decided.get(&(choice.point, choice.scope.clone())))
            .copied()
            .filter(|reading| *reading != choice.reading)
    }

    /// Whether the others have decided all of this, and perhaps more.
    pub fn are_among(&self, others: &Self) -> bool {
        let is_decided = |(key, reading)| others.decided.get(key) == Some(reading);
        self.pinned == others.pinned
            && (Arc::ptr_eq(&self.decided, &others.decided)
                || self.decided.len() <= others.decided.len()
                    && self.decided.iter().all(is_decided))
    }

    /// Everything decided.
    pub fn iter(&self) -> impl Iterator<Item = (&(RequirementId, Scope), usize)> {
        self.decided.iter().map(|(key, reading)| (key, *reading))
    }

    /// The reading decided for a point in a scope.
    pub fn get(&self, point: RequirementId, scope: &str) -> Option<usize> {
        self.decided.get(&(point, scope.to_owned())).copied()
    }
}
