//! The stage on which cases meet a live target.

use std::sync::Arc;

use super::{Continue, Stage};
use crate::case::Case;
use crate::drive::{Session, StopSignal, TraceWriter};
use crate::trace::{CaseNumber, CaseTrace};

/// A prepared target, and what this run wants of it.
pub struct Live<'a> {
    /// The target.
    pub session: &'a Session,
    /// So many cases are in flight at a time.
    pub workers: usize,
    /// Where exchanges are written as they happen.
    pub trace: Arc<TraceWriter>,
    /// Ends the run from outside.
    pub stop: StopSignal,
}

impl Stage for Live<'_> {
    fn run_all(&self, cases: Vec<(CaseNumber, Case)>, each: &mut dyn FnMut(CaseTrace) -> Continue) {
        let finished =
            self.session
                .run_cases(cases.into_iter(), self.workers, &self.trace, &self.stop);
        for trace in finished {
            // Enough: what is in flight is given up. After an interruption it has been already, and comes out as it is.
            if each(trace) == Continue::No && !self.stop.was_interrupted() {
                break;
            }
        }
    }

    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace> {
        self.session.drive_batch(cases, &self.stop)
    }
}
