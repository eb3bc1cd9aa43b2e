//! Stopping a run before its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Says that a run should end early; shared by whoever may want that.
#[derive(Clone, Debug)]
pub struct StopSignal {
    level: Arc<watch::Sender<Level>>,
    interrupted: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Go,
    NoNewCases,
    Abandon,
}

impl Default for StopSignal {
    fn default() -> Self {
        Self {
            level: Arc::new(watch::Sender::new(Level::Go)),
            interrupted: Arc::default(),
        }
    }
}

impl StopSignal {
    /// A signal that nobody has given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No case is begun any more; those in flight run to their end.
    pub fn no_new_cases(&self) {
        self.raise(Level::NoNewCases);
    }

    /// Cases in flight are given up where they are; they come out with `complete: false`.
    pub fn abandon(&self) {
        self.raise(Level::Abandon);
    }

    /// The user wants it: everything is given up, and [`StopSignal::was_interrupted`] says so.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.abandon();
    }

    /// Some kind of stop was asked for.
    pub fn is_stopping(&self) -> bool {
        *self.level.borrow() > Level::Go
    }

    /// The user wanted it.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Waits until cases in flight should be given up.
    pub(super) async fn abandoned(&self) {
        let mut level = self.level.subscribe();
        // The sender lives as long as `self`, so there is always a level to wait for.
        let _ = level.wait_for(|level| *level == Level::Abandon).await;
    }

    fn raise(&self, level: Level) {
        self.level.send_if_modified(|current| {
            let higher = level > *current;
            *current = level.max(*current);
            higher
        });
    }
}
