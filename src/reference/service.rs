//! The way of a call: access, key, id, record, and then the act.
//!
//! What is decided on that way is asked of [`Rules`], so that a planted fault changes a decision
//! and never the way.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use uuid::Uuid;

use super::access::Credentials;
use super::call::{Call, Operation, Refusal, Reply};
use super::clock::Clock;
use super::events::Courier;
use super::hang_up::HangUp;
use super::idempotency::Slot;
use super::line::Line;
use super::programme::{Account, Programme};
use super::readings::Readings;
use super::rules::Rules;
use super::{Issuance, cards, setup, webhooks};

/// One running implementation.
#[derive(Debug)]
pub(super) struct Service {
    pub readings: Readings,
    pub issuance: Issuance,
    pub upkeep: Option<Duration>,
    /// How long a call takes before its act, and a modifying one again behind it.
    pub pace: Duration,
    /// Whether digests and signatures are asked for.
    pub signatures: bool,
    pub rules: Rules,
    pub clock: Clock,
    pub courier: Courier,
    pub credentials: Credentials,
    /// The programme that the credentials belong to.
    pub own: Programme,
    /// Another programme, which the caller must not see.
    pub foreign: Programme,
    /// How long it is watched whether the client hangs up, where that matters to a fault.
    pub hang_up_wait: Duration,
    pub line: Line,
    /// How many calls came that the line may have broken for.
    pub line_calls: AtomicU32,
}

impl Service {
    async fn take_time(&self) {
        if !self.pace.is_zero() {
            tokio::time::sleep(self.pace).await;
        }
    }
}

/// What a call is about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Programme,
    Account(Arc<Account>),
    Card { id: Uuid, account: Arc<Account> },
    Webhook(Uuid),
}

/// A call that was let in.
#[derive(Clone, Debug)]
pub(super) struct Task<'a> {
    pub service: &'a Arc<Service>,
    pub call: &'a Call,
    pub subject: Subject,
}

impl Task<'_> {
    /// The place where a call under this key is remembered.
    pub(super) fn slot(&self, key: &str) -> Slot {
        let service = self.service;
        let name = (service.rules.record_name)(&service.readings, self, key);
        service.own.journal.slot(&name, service.clock.now())
    }

    /// Operation and id: what has to be equal for the same key to mean the same call.
    pub(super) fn target(&self) -> String {
        let operation = self.call.operation;
        match &self.subject {
            Subject::Programme => format!("{operation:?}"),
            Subject::Account(account) => format!("{operation:?} {}", account.id),
            Subject::Card { id, .. } | Subject::Webhook(id) => format!("{operation:?} {id}"),
        }
    }
}

/// Answers a call, whatever it is.
pub(super) async fn answer(service: &Arc<Service>, call: &Call) -> Reply {
    let reply = Reply::from(serve(service, call).await);
    (service.rules.dress)(call, reply)
}

async fn serve(service: &Arc<Service>, call: &Call) -> Result<Reply, Refusal> {
    let rules = &service.rules;
    if call.operation == Operation::Token {
        return setup::token(service, call);
    }
    (rules.bearer)(service, call)?;
    if let Some(reply) = setup::serve(service, call) {
        return reply;
    }
    if setup::is_issuers(call.operation) {
        let task = setup::issuers_task(service, call)?;
        return Ok((rules.carry_out)(&task, None).await);
    }
    if service.signatures {
        (rules.content_digest)(&service.readings, call)?;
        (rules.signature)(service, call)?;
    }
    let key = match (rules.wants_key)(call) {
        true => Some((rules.parse_key)(
            call.header("idempotency-key").as_deref(),
        )?),
        false => None,
    };
    let task = Task {
        service,
        call,
        subject: subject(service, call)?,
    };
    Ok((rules.carry_out)(&task, key).await)
}

/// Does a call behind the lock of its key; a read has none.
///
/// Nothing awaits between looking up and remembering, so a client that hangs up can't leave a call
/// half done.
pub(super) fn carry_out<'a>(task: &'a Task<'a>, key: Option<String>) -> BoxFuture<'a, Reply> {
    Box::pin(async move {
        let service = task.service;
        let Some(key) = key else {
            service.take_time().await;
            return execute(task);
        };
        let slot = task.slot(&key);
        let mut record = match slot.try_lock() {
            Ok(record) => record,
            Err(_) if service.readings.refuse_key_in_flight => return key_in_flight().into(),
            Err(_) => slot.lock().await,
        };
        service.take_time().await;
        let Some(hung_up) = service.rules.hung_up else {
            let reply = (service.rules.once)(task, &mut record);
            service.take_time().await;
            return reply;
        };
        let watch = HangUp::watch(task, &mut record, hung_up);
        let reply = (service.rules.once)(task, watch.record);
        watch.for_a_while(service.hang_up_wait).await;
        reply
    })
}

fn key_in_flight() -> Refusal {
    Refusal::new(
        StatusCode::CONFLICT,
        "idempotency-key-in-flight",
        "the first call under the key is not answered yet",
    )
}

/// Does what the call asks for, without a thought of whether it was done before.
pub(super) fn execute(task: &Task<'_>) -> Reply {
    Reply::from(match &task.subject {
        Subject::Programme if task.call.operation == Operation::ProgrammeCards => {
            cards::list_programme(task)
        }
        Subject::Account(account) if task.call.operation == Operation::CreateCard => {
            cards::create(task, account)
        }
        Subject::Account(account) => cards::list_account(task, account),
        Subject::Card { id, account } => cards::on_card(task, *id, account),
        Subject::Programme => webhooks::on_webhooks(task),
        Subject::Webhook(id) => webhooks::on_webhook(task, *id),
    })
}

fn subject(service: &Service, call: &Call) -> Result<Subject, Refusal> {
    let id = || (service.rules.parse_id)(&service.readings, call);
    match call.operation {
        Operation::ProgrammeCards | Operation::PutWebhook | Operation::ListWebhooks => {
            Ok(Subject::Programme)
        }
        Operation::ReadWebhook | Operation::DeleteWebhook => Ok(Subject::Webhook(id()?)),
        Operation::CreateCard | Operation::AccountCards => {
            Ok(Subject::Account((service.rules.locate)(
                service,
                call,
                id()?,
            )?))
        }
        _ => {
            let id = id()?;
            Ok(Subject::Card {
                id,
                account: (service.rules.locate)(service, call, id)?,
            })
        }
    }
}

/// The id in the path: a UUID with its hyphens, in any case.
pub(super) fn parse_id(readings: &Readings, call: &Call) -> Result<Uuid, Refusal> {
    let text = call.id.as_deref().unwrap_or_default();
    match Uuid::try_parse(text) {
        Ok(id) if text.len() == 36 => Ok(id),
        Ok(_) | Err(_) => Err(Refusal::new(
            readings.malformed_id_code,
            "malformed-id",
            "the id is not a UUID",
        )),
    }
}

/// The account that an id in the path leads to: its own, or that of a card.
pub(super) fn locate(service: &Service, call: &Call, id: Uuid) -> Result<Arc<Account>, Refusal> {
    let readings = &service.readings;
    match (
        look_up(&service.own, call, id),
        look_up(&service.foreign, call, id),
    ) {
        (Some(account), _) => Ok(account),
        (None, Some(_)) => Err(Refusal::new(
            readings.foreign_code,
            "not-found",
            "nothing of yours has this id",
        )),
        (None, None) => Err(unknown_id(readings)),
    }
}

/// Looks an id up in one programme.
pub(super) fn look_up(programme: &Programme, call: &Call, id: Uuid) -> Option<Arc<Account>> {
    match call.operation {
        Operation::CreateCard | Operation::AccountCards => programme.account(id),
        _ => programme.account_of_card(id),
    }
}

pub(super) fn unknown_id(readings: &Readings) -> Refusal {
    Refusal::new(readings.unknown_id_code, "not-found", "nothing has this id")
}
