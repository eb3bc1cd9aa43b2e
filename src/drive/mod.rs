//! Drives a target: cases in, traces out. The only room that waits for anything.
//!
//! Callers stay synchronous: a [`Session`] owns the runtime, and nobody outside names it. What an answer means is not
//! decided here; trouble that is nobody's proven fault becomes an obstacle of the case.
//!
//! - `draft` says what a step asks for; `guard` refuses what must not be sent; `gate` says when it may go; `auth` adds who
//!   asks; `tamper` puts a flaw in; `client` sends it once. `secrets` are read when they are needed.
//! - `connector` reaches the target, by a `proxy` and over `tls` where the profile says so; `connection` speaks HTTP/1.1 with it; below, `wire` knows where each byte is, so that
//!   `release` can let the last bytes of several requests go at once.
//! - `reply` makes what came fit for the trace, `writer` writes that down as it happens.
//! - `hooks` receives events, `hook_steps` runs the steps about them.
//! - `pool` shares out listed accounts, `listed` reads what they hold first, `leftovers` ends
//!   what a case leaves in them.
//! - `greeting` asks first whether the target lets us in; `doctor` examines a target that can't be tested yet; `witness` shows it what its calls sent.
//! - `case_run` runs the steps of a case, `session` many cases at a time, `stop` ends them early.

mod accounts;
mod address;
mod auth;
mod bell;
mod case_run;
mod client;
mod connection;
mod connector;
mod doctor;
mod draft;
mod gate;
mod greeting;
mod guard;
mod holdings;
mod hook_steps;
mod hooks;
mod jwt;
mod leftovers;
mod listed;
mod outgoing;
mod pool;
mod proxy;
mod release;
mod reply;
mod secrets;
mod session;
mod setup;
mod simulator;
mod stop;
mod tamper;
mod tls;
mod trouble;
mod waits;
mod wire;
mod witness;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::Either;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use self::accounts::Supply;
use self::auth::Access;
use self::case_run::CaseRun;
use self::hooks::Hooks;
use self::pool::Pool;
use self::setup::Caller;
use self::simulator::Simulator;
use self::waits::Waits;
use crate::card::AccountId;
use crate::case::Case;
use crate::profile::{Accounts, Profile};
use crate::trace::{CaseNumber, CaseTrace, Micros, RunId};

pub use self::auth::key::NewKey;
pub use self::doctor::{Changes, examine};
pub use self::session::{FinishedCases, LeftCard, Session};
pub use self::stop::StopSignal;
pub use self::trouble::Trouble;
pub use self::writer::{TraceWriter, WriteError};

/// A prepared target: reached, logged in to, knowing our key.
struct Driver {
    profile: Profile,
    caller: Caller,
    access: Access,
    supply: Supply,
    /// Accounts that are used again and again, where the profile lists them.
    pool: Option<Pool>,
    waits: Waits,
    simulator: Simulator,
    /// Made when the first case needs it, so that a run that awaits no event subscribes to none.
    hooks: OnceCell<Result<Hooks, String>>,
    /// A case that has the target to itself waits for the others to end; those share it.
    turns: RwLock<()>,
    /// The same among the cases that subscribe: one that does so more than once has the subscriptions to itself.
    subscribing: RwLock<()>,
    /// A case that subscribes was given up before its end.
    has_left_subscriptions: AtomicBool,
    began: Instant,
}

impl Driver {
    /// Gets the token and registers the key.
    async fn connect(profile: Profile, run: Option<RunId>) -> Result<Self, Trouble> {
        let caller = Caller::new(&profile, run).await?;
        let access = Access::prepare(&profile, &caller).await?;
        let access = match &profile.sandbox.reset {
            Some(reset) if profile.is_sandbox() => {
                access.reset(reset, &caller).await?;
                // It may have forgotten both.
                Access::prepare(&profile, &caller).await?
            }
            _ => access,
        };
        let supply = Supply::prepare(&profile, &access, &caller)
            .await
            .map_err(|problem| Trouble::NoAccount { problem })?;
        let pool = match &profile.accounts {
            Accounts::List(list) => {
                let accounts = list.iter().map(|id| AccountId::new(id.to_string()));
                let usable = accounts.filter(|id| caller.guard.check_account(id).is_ok());
                Some(Pool::new(usable, profile.timeout.0))
            }
            _ => None,
        };
        Ok(Self {
            supply,
            pool,
            waits: Waits::default(),
            simulator: Simulator::default(),
            profile,
            caller,
            access,
            hooks: OnceCell::new(),
            turns: RwLock::new(()),
            subscribing: RwLock::new(()),
            has_left_subscriptions: AtomicBool::new(false),
            began: Instant::now(),
        })
    }

    /// Runs a case to its end, or until it is to be given up.
    async fn drive(
        &self,
        number: CaseNumber,
        case: Case,
        trace: &TraceWriter,
        stop: &StopSignal,
    ) -> CaseTrace {
        let has_target_alone = case.has_target_alone();
        let subscriptions = case.subscriptions();
        let listens = case.listens();
        let mut run = CaseRun::new(self, number, case, trace);
        run.is_aside = trace.is_none();
        let in_turn = async {
            if listens {
                self.renew_doubtful_hooks().await;
            }
            let _turn = turn(&self.turns, has_target_alone).await;
            if subscriptions == 0 {
                return run.run().await;
            }
            let _subscribing = turn(&self.subscribing, subscriptions > 1).await;
            let mut subscriber = Subscriber {
                has_ended: false,
                has_left: &self.has_left_subscriptions,
            };
            run.run().await;
            subscriber.has_ended = true;
        };
        tokio::select! {
            biased;
            () = stop.abandoned() => {}
            () = in_turn => {}
        }
        run.into_trace(stop.was_interrupted())
    }

    async fn lease(&self) -> Result<AccountId, String> {
        let account = self.supply.lease(&self.access, &self.caller).await?;
        self.caller.guard.check_account(&account)?;
        Ok(account)
    }

    /// The listener and the subscription, or why there are none.
    async fn hooks(&self) -> Result<&Hooks, &str> {
        let Some(webhooks) = &self.profile.webhooks else {
            return Err("the profile has no [webhooks]");
        };
        let foreign = &self.profile.foreign;
        let start = || Hooks::start(webhooks, foreign, self.began, &self.access, &self.caller);
        let hooks = self.hooks.get_or_init(start).await;
        hooks.as_ref().map_err(String::as_str)
    }

    /// Subscribes the run anew where a target may have lost its subscription, while no case is under way.
    async fn renew_doubtful_hooks(&self) {
        if let Some(Ok(hooks)) = self.hooks.get()
            && hooks.are_doubtful()
        {
            let _alone = self.turns.write().await;
            hooks.renew(&self.access, &self.caller).await;
        }
    }

    /// Takes back what cases that were given up have left behind.
    async fn tidy_up(&self) {
        let has_left = self.has_left_subscriptions.swap(false, Ordering::Relaxed);
        if let (true, Some(Ok(hooks))) = (has_left, self.hooks.get()) {
            hooks
                .take_back_what_is_left(&self.access, &self.caller)
                .await;
        }
    }

    /// Leaves the target as it was found.
    async fn end(&self) {
        self.tidy_up().await;
        if let Some(Ok(hooks)) = self.hooks.get() {
            hooks.end(&self.access, &self.caller).await;
        }
    }

    fn micros(&self, time: Instant) -> Micros {
        let since = time.saturating_duration_since(self.began);
        Micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// A case that subscribes, on its way: dropping it before its end tells that its subscriptions may stand.
struct Subscriber<'a> {
    has_ended: bool,
    has_left: &'a AtomicBool,
}

impl Drop for Subscriber<'_> {
    fn drop(&mut self) {
        self.has_left.fetch_or(!self.has_ended, Ordering::Relaxed);
    }
}

/// A turn that is shared with others, or had alone, until it is dropped.
async fn turn(
    turns: &RwLock<()>,
    is_alone: bool,
) -> Either<RwLockReadGuard<'_, ()>, RwLockWriteGuard<'_, ()>> {
    match is_alone {
        false => Either::Left(turns.read().await),
        true => Either::Right(turns.write().await),
    }
}

#[cfg(test)]
mod fake_target;
#[cfg(test)]
mod tests;
