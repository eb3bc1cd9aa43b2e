//! The stage on which cases meet a live target.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use super::{Continue, Stage};
use crate::card::CardStatus;
use crate::case::Case;
use crate::drive::{LeftCard, Session, StopSignal, TraceWriter};
use crate::report::{Left, Made};
use crate::trace::{CaseNumber, CaseTrace, Record};

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
    fn run_all(
        &self,
        cases: &mut dyn Iterator<Item = (CaseNumber, Case)>,
        each: &mut dyn FnMut(CaseTrace) -> Continue,
    ) {
        // Cases are planned in this thread, a few ahead of those in flight: whenever one ends, the queue is filled up.
        let (queue, waiting) = sync_channel(4 * self.workers.max(1));
        let mut ahead = Ahead {
            queue: Some(queue),
            next: None,
        };
        ahead.fill(cases);
        let waiting = waiting.into_iter();
        let finished = self
            .session
            .run_cases(waiting, self.workers, &self.trace, &self.stop);
        for trace in finished {
            // Enough: what is in flight is given up. After a stop it has been already, and comes out as it is.
            if each(trace) == Continue::No && !self.is_over() {
                break;
            }
            ahead.fill(cases);
        }
        if !self.is_over() {
            self.trace.append(&Record::Over {});
        }
    }

    fn run_aside(&self, cases: &[Case]) -> Vec<CaseTrace> {
        self.session.drive_batch(cases, &self.stop)
    }

    fn slots_are_kept_by(&self, status: CardStatus) {
        self.session.slots_are_kept_by(status);
    }

    fn accounts_are_few(&self) -> bool {
        self.session.accounts_are_listed()
    }

    fn trouble(&self) -> Option<String> {
        self.session.trouble()
    }

    fn is_over(&self) -> bool {
        self.stop.is_stopping()
    }

    fn clean_up(&self) -> Option<Made> {
        let cards = self.session.clean_up()?;
        let is_alive = |card: &LeftCard| card.status.is_none_or(|status| !status.is_final());
        let left = cards.iter().filter(|card| is_alive(card));
        Some(Made {
            cards: cards.len(),
            left: left.map(in_words).collect(),
        })
    }
}

fn in_words(card: &LeftCard) -> Left {
    let why = card.why.clone();
    Left {
        card: card.card.clone(),
        account: card.account.clone(),
        card_type: card.card_type,
        status: card.status,
        because: why.unwrap_or_else(|| "it was not asked to be terminated".to_owned()),
    }
}

type Numbered = (CaseNumber, Case);

/// The queue of planned cases; closed when there are no more.
struct Ahead {
    queue: Option<SyncSender<Numbered>>,
    next: Option<Numbered>,
}

impl Ahead {
    fn fill(&mut self, cases: &mut dyn Iterator<Item = Numbered>) {
        while let Some(queue) = &self.queue {
            let Some(case) = self.next.take().or_else(|| cases.next()) else {
                self.queue = None;
                return;
            };
            if let Err(full) = queue.try_send(case) {
                let (std::sync::mpsc::TrySendError::Full(case)
                | std::sync::mpsc::TrySendError::Disconnected(case)) = full;
                self.next = Some(case);
                return;
            }
        }
    }
}
