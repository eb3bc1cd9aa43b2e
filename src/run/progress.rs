//! What a run tells while it goes on.

use super::Shown;

/// Hears how a run goes.
pub trait Progress {
    /// So many cases are to be run.
    fn planned(&mut self, count: usize);
    /// So many of them are to be run once more.
    fn again(&mut self, count: usize);
    /// A case was run and judged.
    fn case_done(&mut self, shown: &Shown);
    /// All cases are done; so many departures are to be shrunk.
    fn shrinking(&mut self, count: usize);
    /// One of them is.
    fn shrunk(&mut self);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn planned(&mut self, _: usize) {}
    fn again(&mut self, _: usize) {}
    fn case_done(&mut self, _: &Shown) {}
    fn shrinking(&mut self, _: usize) {}
    fn shrunk(&mut self) {}
}
