//! Notices that the client hangs up while its call is done: the server then drops what answers it.
//!
//! A correct implementation needs none of this: nothing in a call awaits between its beginning and its record, so that it
//! is done whole whoever listens.

use std::sync::Arc;
use std::time::Duration;

use super::card::Card;
use super::idempotency::Record;
use super::programme::Account;
use super::service::{Subject, Task};

/// A call whose client may hang up before it has the answer.
#[derive(Debug)]
pub(super) struct HangUp<'a> {
    pub task: &'a Task<'a>,
    /// What is remembered of it.
    pub record: &'a mut Option<Record>,
    /// The cards of its account as they were before.
    pub before: Vec<Card>,
    /// What a fault makes of it.
    then: Option<fn(&mut HangUp<'_>)>,
}

impl<'a> HangUp<'a> {
    /// Watches over a call that is about to be done.
    pub(super) fn watch(
        task: &'a Task<'a>,
        record: &'a mut Option<Record>,
        then: fn(&mut HangUp<'_>),
    ) -> Self {
        let mut watch = Self {
            task,
            record,
            before: Vec::new(),
            then: Some(then),
        };
        if let Some(account) = watch.account() {
            watch.before = account.cards().clone();
        }
        watch
    }

    /// The account whose cards the call is about.
    pub(super) fn account(&self) -> Option<&'a Arc<Account>> {
        match &self.task.subject {
            Subject::Account(account) | Subject::Card { account, .. } => Some(account),
            Subject::Programme | Subject::Webhook(_) => None,
        }
    }

    /// Waits for the hang-up, which would drop the watch here.
    pub(super) async fn for_a_while(mut self, time: Duration) {
        tokio::task::yield_now().await;
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        self.then = None;
    }
}

impl Drop for HangUp<'_> {
    fn drop(&mut self) {
        if let Some(then) = self.then.take() {
            if let Some(record) = self.record {
                record.hung_up = true;
            }
            then(self);
        }
    }
}
