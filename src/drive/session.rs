//! The way in for synchronous callers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Driver, StopSignal, TraceWriter, Trouble};
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::case::Case;
use crate::profile::Profile;
use crate::trace::{CaseNumber, CaseTrace, RunId};

/// How many cases of a batch run at a time.
const BATCH_WORKERS: usize = 8;
/// How long the end of a session may take.
const END_WAIT: Duration = Duration::from_secs(5);
/// How long cleaning up may take.
const CLEAN_UP_WAIT: Duration = Duration::from_secs(30);

/// A card that the run made in a listed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftCard {
    /// Its account.
    pub account: AccountId,
    /// The card.
    pub card: CardId,
    /// Its type, if an answer has shown it.
    pub card_type: Option<CardType>,
    /// Its status as last read.
    pub status: Option<CardStatus>,
    /// Why it was not terminated, where that was tried.
    pub why: Option<String>,
}

/// A prepared target and the threads that drive it. Its methods block; call them from plain threads.
pub struct Session {
    driver: Arc<Driver>,
    runtime: Runtime,
}

impl Session {
    /// Reaches the target, gets its token, registers the key.
    ///
    /// # Errors
    /// Any of it failed; the error says what was sent where, what came, and what to do.
    pub fn connect(profile: Profile) -> Result<Self, Trouble> {
        Self::connect_as(profile, None)
    }

    /// The same for a run that has an id.
    ///
    /// # Errors
    /// As above.
    pub fn connect_as(profile: Profile, run: Option<RunId>) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("drive")
            .enable_all()
            .build()
            .map_err(|error| Trouble::Machine {
                what: "threads",
                problem: error.to_string(),
            })?;
        let driver = runtime.block_on(Driver::connect(profile, run))?;
        Ok(Self {
            driver: Arc::new(driver),
            runtime,
        })
    }

    /// Asks whether the target lets in what we send, and knows the accounts that the profile lists.
    ///
    /// # Errors
    /// It doesn't, so that running cases would show nothing about cards.
    pub fn greet(&self, stop: &StopSignal) -> Result<(), Trouble> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.abandoned() => Ok(()),
                greeted = self.driver.greet() => greeted,
            }
        })
    }

    /// Starts to run cases, up to `workers` at a time, and gives them out as they finish. The next case is taken from
    /// `cases` only when there is room for it. Dropping what is returned stops the run.
    pub fn run_cases<I>(
        &self,
        cases: I,
        workers: usize,
        trace: &Arc<TraceWriter>,
        stop: &StopSignal,
    ) -> FinishedCases
    where
        I: Iterator<Item = (CaseNumber, Case)> + Send + 'static,
    {
        let cases = Arc::new(Mutex::new(cases));
        let (sender, receiver) = mpsc::channel(workers.max(1));
        let tasks = (0..workers.max(1))
            .map(|_| {
                let worker = Worker {
                    driver: Arc::clone(&self.driver),
                    trace: Arc::clone(trace),
                    stop: stop.clone(),
                    finished: sender.clone(),
                };
                self.runtime.spawn(worker.work(Arc::clone(&cases)))
            })
            .collect();
        FinishedCases {
            receiver,
            tasks,
            handle: self.runtime.handle().clone(),
        }
    }

    /// Runs a few cases apart from the run, side by side, and waits for all: for confirming and shrinking. They are
    /// numbered from 1, and written to no trace.
    pub fn drive_batch(&self, cases: &[Case], stop: &StopSignal) -> Vec<CaseTrace> {
        let trace = TraceWriter::none();
        let runs = cases.iter().enumerate().map(|(index, case)| {
            let number = CaseNumber(index + 1);
            self.driver.drive(number, case.clone(), &trace, stop)
        });
        self.runtime.block_on(async {
            self.driver.tidy_up().await;
            stream::iter(runs).buffered(BATCH_WORKERS).collect().await
        })
    }

    /// A card in this final status is known to keep its slot, so that an account is spent with it.
    pub fn slots_are_kept_by(&self, status: CardStatus) {
        if let Some(pool) = &self.driver.pool {
            pool.slots_are_kept_by(status);
        }
    }

    /// The profile lists the accounts that there are.
    pub fn accounts_are_listed(&self) -> bool {
        self.driver.pool.is_some()
    }

    /// What the run made in listed accounts and what became of it, once what is alive has been terminated where the
    /// profile says so. None where accounts are not listed.
    pub fn clean_up(&self) -> Option<Vec<LeftCard>> {
        self.driver.pool.as_ref()?;
        let clean_up = async { tokio::time::timeout(CLEAN_UP_WAIT, self.driver.clean_up()).await };
        let cards = self.runtime.block_on(clean_up).unwrap_or_default();
        let left = cards.into_iter().map(|(account, card, kept)| LeftCard {
            account,
            card,
            card_type: kept.card_type,
            status: kept.status,
            why: kept.why,
        });
        Some(left.collect())
    }

    /// Trouble with the target that is no case's own.
    pub fn trouble(&self) -> Option<String> {
        let of_access = self.driver.access.trouble().map(str::to_owned);
        of_access.or_else(|| self.driver.caller.client.put_off())
    }

    /// From now on, Ctrl-C interrupts the run in place of killing the process.
    pub fn interrupt_on_ctrl_c(&self, stop: &StopSignal) {
        let stop = stop.clone();
        self.runtime.spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                stop.interrupt();
            }
        });
    }

    /// Once `time` is over, whatever is in flight is given up, and nothing more comes of what is begun.
    pub fn stop_after(&self, time: Duration, stop: &StopSignal) {
        let stop = stop.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(time).await;
            stop.abandon();
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A target that no longer answers keeps what it has.
        let end = async { tokio::time::timeout(END_WAIT, self.driver.end()).await };
        drop(self.runtime.block_on(end));
    }
}

struct Worker {
    driver: Arc<Driver>,
    trace: Arc<TraceWriter>,
    stop: StopSignal,
    finished: mpsc::Sender<CaseTrace>,
}

impl Worker {
    async fn work(self, cases: Arc<Mutex<impl Iterator<Item = (CaseNumber, Case)>>>) {
        while !self.stop.is_stopping() {
            let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, case)) = next else { return };
            let driving = self.driver.drive(number, case, &self.trace, &self.stop);
            if self.finished.send(driving.await).await.is_err() {
                return;
            }
        }
    }
}

/// Cases as they finish, in that order. It ends when all are done, or after a stop when none is in flight any more.
pub struct FinishedCases {
    receiver: mpsc::Receiver<CaseTrace>,
    tasks: Vec<JoinHandle<()>>,
    handle: Handle,
}

impl Iterator for FinishedCases {
    type Item = CaseTrace;

    /// # Panics
    /// A worker panicked: the panic goes on here, or the case it drove would be missing without a word.
    fn next(&mut self) -> Option<CaseTrace> {
        if let Some(case) = self.receiver.blocking_recv() {
            return Some(case);
        }
        for task in self.tasks.drain(..) {
            if let Err(error) = self.handle.block_on(task)
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
        }
        None
    }
}

impl Drop for FinishedCases {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // What comes next must find none under way.
        for task in self.tasks.drain(..) {
            drop(self.handle.block_on(task));
        }
    }
}
