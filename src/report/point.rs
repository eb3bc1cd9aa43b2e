//! The open points of a report: how each is read, and where.

use std::collections::BTreeMap;

use super::Report;
use crate::requirement::RequirementId;

/// An open point that showed.
pub struct Point<'a> {
    pub id: RequirementId,
    pub name: &'a str,
    /// How it is read; more than one, where it is not read alike everywhere.
    pub rows: Vec<Row<'a>>,
}

/// A reading, or what is left of several.
pub struct Row<'a> {
    readings: &'a [String],
    /// What it is read so for; none for the point as a whole.
    pub scopes: Vec<&'a str>,
}

impl Row<'_> {
    /// Only one reading is left.
    pub fn is_clear(&self) -> bool {
        self.readings.len() == 1
    }

    /// The reading in words.
    pub fn words(&self) -> String {
        self.readings.join(" or ")
    }
}

/// The open points, in the order of the catalogue.
pub fn points(report: &Report) -> Vec<Point<'_>> {
    let ids = report.requirements.iter().map(|result| result.id);
    ids.filter_map(|id| point(report, id)).collect()
}

fn point(report: &Report, id: RequirementId) -> Option<Point<'_>> {
    let mut rows: BTreeMap<&[String], Vec<&str>> = BTreeMap::new();
    let own = report.readings.iter().filter(|reading| reading.id == id);
    for reading in own.clone() {
        let scopes = rows.entry(&reading.readings).or_default();
        scopes.extend(Some(reading.scope.as_str()).filter(|scope| !scope.is_empty()));
    }
    let name = own.map(|reading| reading.point.as_str()).next()?;
    let rows = rows.into_iter();
    Some(Point {
        id,
        name,
        rows: rows
            .map(|(readings, scopes)| Row { readings, scopes })
            .collect(),
    })
}
