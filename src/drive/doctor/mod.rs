//! Examines a target step by step, as the driver itself would go about it, and tries out what may be wrong.
//!
//! Each step takes the way that a run takes; what that sent is seen by the client's witness. When a step fails, the
//! request is sent again with one thing changed at a time, as long as that is a read or what the step does anyway.
//! What was seen becomes facts; which causes they point to is decided in `src/doctor/causes.rs`.

mod accounts;
mod cards;
mod events;
mod evidence;
mod key;
mod reach;
mod secrets;
mod signed;
mod token;

use http::HeaderMap;

use crate::case::Flaw;
use crate::doctor::{Check, Examination, Failure, Outcome, Step};
use crate::profile::{BaseUrl, Profile, Tls};
use crate::redact::Masks;

use self::cards::Patient;
use super::auth::Access;
use super::auth::bearer::Bearer;
use super::client::{Client, Delivery};
use super::draft::Draft;
use super::outgoing::Outgoing;
use super::setup::Caller;
use super::trouble::Trouble;
use super::witness::Seen;

/// Whether the target may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Keys may be registered, accounts and cards made.
    Allowed,
    /// Only reads are sent, for this reason.
    Forbidden(String),
}

/// Examines the target of a profile; `tell` hears of each step as soon as it is done.
///
/// # Errors
/// The machine gives no threads. All other trouble is in the examination.
pub fn examine(
    profile: &Profile,
    changes: Changes,
    tell: &mut dyn FnMut(&Check),
) -> Result<Examination, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("doctor")
        .enable_all()
        .build()
        .map_err(|error| Trouble::Machine {
            what: "threads",
            problem: error.to_string(),
        })?;
    let mut round = Round {
        profile,
        changes,
        tell,
        examination: Examination::default(),
    };
    runtime.block_on(round.go());
    round.skip_the_rest();
    Ok(round.examination)
}

/// One examination on its way.
struct Round<'a> {
    profile: &'a Profile,
    changes: Changes,
    tell: &'a mut dyn FnMut(&Check),
    examination: Examination,
}

/// A step that was done: its result, and what is to be said of it.
type Done<T> = Result<(T, String), Box<Failure>>;

impl Round<'_> {
    /// All steps, until one fails that the others need.
    async fn go(&mut self) -> Option<()> {
        self.pass(Step::Profile, String::new());
        let (caller, bearer) = self.settle(Step::Secrets, secrets::read(self.profile).await)?;
        let way = reach::Way::of(self.profile, &caller);
        let place = self.settle(Step::Name, reach::name(&way).await)?;
        self.settle(Step::Connection, reach::connection(&way, &place).await)?;
        match self.profile.base_url.as_str().starts_with("https:") {
            true => self.settle(Step::Tls, reach::tls(self.profile, &caller).await)?,
            false => self.skip(Step::Tls, "base_url begins with http"),
        }
        let ahead = self.settle(Step::Http, reach::http(self.profile, &caller).await)?;
        let mut visit = Visit {
            profile: self.profile,
            access: Access::unsigned(bearer),
            changes: self.changes.clone(),
            caller,
            ahead,
        };
        self.settle(Step::Token, visit.token().await)?;
        self.may_register(&visit)?;
        self.settle(Step::Key, visit.key().await)?;
        self.settle(Step::SignedRead, visit.signed_read().await)?;
        match visit.access.signs() {
            true => {
                self.settle(Step::UnsignedRead, visit.unsigned_read().await);
            }
            false => self.skip(
                Step::UnsignedRead,
                "the profile says that nothing is signed",
            ),
        }
        Patient::new(&visit).treat(self).await;
        self.say_of_clock();
        self.foreign(&visit).await;
        Some(())
    }

    /// Registering a key changes the target.
    fn may_register(&mut self, visit: &Visit<'_>) -> Option<()> {
        let signing = &visit.profile.signing;
        let registers = signing.enabled && signing.key_id.is_none();
        match (&self.changes, registers) {
            (Changes::Forbidden(why), true) => {
                let why = format!("without key_id a key would be registered, and {why}");
                self.skip(Step::Key, &why);
                None
            }
            _ => Some(()),
        }
    }

    fn say_of_clock(&mut self) {
        let words = match &self.profile.sandbox.clock {
            None => "the profile has no [sandbox.clock]".to_owned(),
            Some(clock) => format!(
                "a clock moves for everybody, so {} {} is left alone here",
                clock.method,
                clock.path(3600)
            ),
        };
        self.skip(Step::Clock, &words);
    }

    async fn foreign(&mut self, visit: &Visit<'_>) {
        match visit.foreign().await {
            Some(done) => {
                self.settle(Step::Foreign, done);
            }
            None => self.skip(Step::Foreign, "the profile has no [foreign]"),
        }
    }

    /// Tells how a step went, and gives what it brought.
    fn settle<T>(&mut self, step: Step, done: Done<T>) -> Option<T> {
        match done {
            Ok((value, note)) => {
                self.pass(step, note);
                Some(value)
            }
            Err(failure) => {
                self.enter(step, Outcome::Failed(failure));
                None
            }
        }
    }

    fn pass(&mut self, step: Step, note: String) {
        self.enter(step, Outcome::Ok { note });
    }

    fn skip(&mut self, step: Step, why: &str) {
        let why = why.to_owned();
        self.enter(step, Outcome::Skipped { why });
    }

    fn enter(&mut self, step: Step, outcome: Outcome) {
        let check = Check { step, outcome };
        (self.tell)(&check);
        self.examination.checks.push(check);
    }

    fn skip_the_rest(&mut self) {
        let known: Vec<Step> = self.examination.checks.iter().map(|c| c.step).collect();
        let missing = Step::ALL.into_iter().filter(|step| !known.contains(step));
        for step in missing {
            self.skip(step, "it takes what came before");
        }
        self.examination.checks.sort_by_key(|check| check.step);
    }
}

/// A target that answers, and how we call it.
struct Visit<'a> {
    profile: &'a Profile,
    changes: Changes,
    caller: Caller,
    access: Access,
    /// How many seconds its clock is ahead of ours, if it tells.
    ahead: Option<i64>,
}

impl Visit<'_> {
    /// Sends a request, whatever comes, and again where the target puts it off.
    async fn ask(&self, request: Outgoing) -> Seen {
        match self.caller.client.ask(request.clone()).await {
            Ok(received) => Seen::new(request, &received),
            Err(words) => Seen::unsent(request, words),
        }
    }

    /// A draft, dressed and sent as a run does.
    async fn call(&self, draft: &Draft) -> Result<Seen, String> {
        self.forget();
        let headers = HeaderMap::new();
        self.access
            .ask_patiently(draft, &headers, &self.caller)
            .await?;
        self.witnessed()
            .ok_or_else(|| "nothing was sent".to_owned())
    }

    /// A draft, dressed as a run does, with a flaw if there is one.
    async fn dress(&self, draft: &Draft, flaw: Option<Flaw>) -> Result<Outgoing, String> {
        let token = self.access.token(&self.caller).await;
        let token = token.map_err(|trouble| trouble.to_string())?;
        self.access.dress(draft, flaw, None, &self.caller, token)
    }
}

/// A client for the target at another address, in the way of the profile.
fn client_at(base: &BaseUrl, profile: &Profile) -> Result<Client, String> {
    let mut profile = profile.clone();
    profile.base_url = base.clone();
    if !base.as_str().starts_with("https:") {
        // What is said of TLS is for the address that the profile names.
        profile.tls = Tls::default();
    }
    let client = Client::new(&profile, None, &Masks::default());
    client.map_err(|trouble| trouble.to_string())
}

/// Sends a request once, whatever comes.
async fn send(client: &Client, request: Outgoing) -> Seen {
    match client.enter(1).await {
        Ok(pass) => {
            let sent = pass.send(request.clone(), Delivery::default()).await;
            Seen::new(request, &sent.received)
        }
        Err(words) => Seen::unsent(request, words),
    }
}
