//! What mistakes have in common that only show when calls overlap: time passes where a call must
//! not be parted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use uuid::Uuid;

use crate::reference::call::{Operation, Refusal, Reply};
use crate::reference::card::Card;
use crate::reference::cards::{action, answer, apply, bring_about, position};
use crate::reference::idempotency::{recall, remember};
use crate::reference::lifecycle::{Action, Outcome, transition};
use crate::reference::programme::Account;
use crate::reference::service::{Service, Subject, Task, carry_out, execute};

/// Time enough for a call that was sent at the same moment to come in between, on a busy machine too.
const MOMENT: Duration = Duration::from_millis(8);

pub(super) async fn a_moment() {
    tokio::time::sleep(MOMENT).await;
}

/// Time enough for two or three calls, one after the other.
pub(super) async fn a_while() {
    tokio::time::sleep(MOMENT * 3).await;
}

/// A call behind the lock of its key, as it should be; its act takes time.
pub(super) fn behind_key<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    act: impl Future<Output = Reply> + Send + 'a,
) -> BoxFuture<'a, Reply> {
    Box::pin(async move {
        let Some(key) = key else { return act.await };
        let slot = task.slot(&key);
        let mut record = slot.lock().await;
        if let Some(reply) = recall(task, &mut record) {
            return reply;
        }
        let reply = act.await;
        *record = Some(remember(task, reply.clone(), task.service.clock.now()));
        reply
    })
}

/// Creates are done by `create`, all other calls as they should be.
pub(super) fn creating<'a, F>(
    task: &'a Task<'a>,
    key: Option<String>,
    create: impl FnOnce(&'a Arc<Account>) -> F,
) -> BoxFuture<'a, Reply>
where
    F: Future<Output = Result<Reply, Refusal>> + Send + 'a,
{
    match &task.subject {
        Subject::Account(account) if task.call.operation == Operation::CreateCard => {
            let created = create(account);
            behind_key(task, key, async { Reply::from(created.await) })
        }
        _ => carry_out(task, key),
    }
}

/// These acts are done by `act`, all other calls as they should be.
pub(super) fn acting<'a, F>(
    task: &'a Task<'a>,
    key: Option<String>,
    actions: &[Action],
    act: impl FnOnce(Act<'a>) -> F,
) -> BoxFuture<'a, Reply>
where
    F: Future<Output = Reply> + Send + 'a,
{
    match Act::of(task).filter(|found| actions.contains(&found.action)) {
        Some(found) => behind_key(task, key, act(found)),
        None => carry_out(task, key),
    }
}

/// Every act.
pub(super) const CHANGES: &[Action] = &[
    Action::Deactivate,
    Action::Activate,
    Action::Terminate,
    Action::Issue,
    Action::Fail,
    Action::Suspend,
    Action::Unsuspend,
    Action::Block,
];

/// A call that acts on a card.
#[derive(Clone, Copy)]
pub(super) struct Act<'a> {
    pub task: &'a Task<'a>,
    pub account: &'a Arc<Account>,
    pub id: Uuid,
    pub action: Action,
}

impl<'a> Act<'a> {
    pub(super) fn of(task: &'a Task<'a>) -> Option<Self> {
        let Subject::Card { id, account } = &task.subject else {
            return None;
        };
        Some(Self {
            task,
            account,
            id: *id,
            action: action(task.call.operation)?,
        })
    }

    fn service(&self) -> &'a Arc<Service> {
        self.task.service
    }

    /// The act as it should be.
    pub(super) fn done(&self) -> Reply {
        execute(self.task)
    }

    /// The card as it is now.
    pub(super) fn card(&self) -> Option<Card> {
        let cards = self.account.cards();
        position(&cards, self.id).map(|index| cards[index].clone())
    }

    /// What the act would do to the card as it is now.
    pub(super) fn outcome(&self) -> Outcome {
        let readings = &self.service().readings;
        self.card()
            .map_or(Outcome::Refuse(StatusCode::NOT_FOUND), |card| {
                transition(readings, &card, self.action)
            })
    }

    /// Brings an outcome about if the card is as `may` says, and else decides again.
    pub(super) fn done_if(&self, may: impl Fn(&Card) -> bool, outcome: Outcome) -> Reply {
        let service = self.service();
        let mut cards = self.account.cards();
        let Some(index) = position(&cards, self.id) else {
            return internal();
        };
        let outcome = match may(&cards[index]) {
            true => {
                bring_about(service, &mut cards, index, self.action, outcome);
                outcome
            }
            false => apply(service, &mut cards, index, self.action),
        };
        answer(service, &cards[index], self.action, outcome).into()
    }

    /// Puts the card in place of the one with its id.
    pub(super) fn put(&self, card: Card) {
        let mut cards = self.account.cards();
        if let Some(index) = position(&cards, self.id) {
            cards[index] = card;
        }
    }

    /// A name for the card.
    pub(super) fn name(&self) -> String {
        self.id.to_string()
    }
}

/// What an unforeseen conflict is answered with.
pub(super) fn internal() -> Reply {
    super::internal_error().into()
}

/// A refusal of a call because another one is under way.
pub(super) fn busy() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "busy", "another call is under way")
}

/// What calls have hold of. The names hold ids, so that implementations side by side don't meet.
static HELD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Something that a call has hold of until it is dropped.
pub(super) struct Hold(String);

/// Takes hold of a name, unless another call has it.
pub(super) fn hold(name: impl Into<String>) -> Option<Hold> {
    let name = name.into();
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.insert(name.clone()).then(|| Hold(name))
}

pub(super) fn is_held(name: &str) -> bool {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.contains(name)
}

/// Marks a name for good.
pub(super) fn mark(name: impl Into<String>) {
    hold(name).into_iter().for_each(std::mem::forget);
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.0);
    }
}

/// Whether another call comes for the same within a moment. Both hear of it.
pub(super) async fn is_contested(name: String) -> bool {
    let again = format!("{name} again");
    let first = hold(name);
    let second = first.is_none().then(|| hold(again.clone()));
    a_moment().await;
    second.is_some() || is_held(&again)
}

/// A call that comes for the same while another is under way gets that one's answer.
pub(super) fn joined<'a>(
    task: &'a Task<'a>,
    key: Option<String>,
    flight: String,
) -> BoxFuture<'a, Reply> {
    Box::pin(async move {
        let now = || task.service.clock.now();
        let flight = task.service.own.journal.slot(&flight, now());
        let Ok(mut landed) = flight.try_lock() else {
            let landed = flight.lock().await;
            return landed
                .as_ref()
                .map_or_else(internal, |record| record.reply.clone());
        };
        let reply = carry_out(task, key).await;
        a_while().await;
        *landed = Some(remember(task, reply.clone(), now()));
        reply
    })
}
