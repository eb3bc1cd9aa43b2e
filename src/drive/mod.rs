//! Drives a target: cases in, traces out. The only room that waits for anything.
//!
//! Callers stay synchronous: a [`Session`] owns the runtime, and nobody outside names it. What an answer means is not
//! decided here; trouble that is nobody's proven fault becomes an obstacle of the case.
//!
//! - `draft` says what a step asks for; `auth` adds who asks; `tamper` puts a flaw in; `client` sends it once.
//! - `reply` makes what came fit for the trace, `writer` writes that down as it happens.
//! - `hooks` receives events, `hook_steps` runs the steps about them.
//! - `case_run` runs the steps of a case, `session` many cases at a time, `stop` ends them early.

mod accounts;
mod auth;
mod case_run;
mod client;
mod draft;
mod hook_steps;
mod hooks;
mod outgoing;
mod reply;
mod session;
mod setup;
mod stop;
mod tamper;
mod trouble;
mod writer;

use std::time::Instant;

use tokio::sync::OnceCell;

use self::accounts::Supply;
use self::auth::{Access, extra_headers};
use self::case_run::CaseRun;
use self::client::Client;
use self::draft::Draft;
use self::hooks::Hooks;
use self::outgoing::Outgoing;
use self::reply::Masks;
use self::setup::Caller;
use crate::card::AccountId;
use crate::case::{Case, Flaw};
use crate::profile::Profile;
use crate::trace::{CaseNumber, CaseTrace, Micros};

pub use self::session::{FinishedCases, Session};
pub use self::stop::StopSignal;
pub use self::trouble::Trouble;
pub use self::writer::{TraceWriter, WriteError};

/// A prepared target: reached, logged in to, knowing our key.
struct Driver {
    profile: Profile,
    caller: Caller,
    access: Access,
    supply: Supply,
    /// Made when the first case needs it, so that a run that awaits no event subscribes to none.
    hooks: OnceCell<Result<Hooks, String>>,
    began: Instant,
}

impl Driver {
    /// Gets the token and registers the key.
    async fn connect(profile: Profile) -> Result<Self, Trouble> {
        let client = Client::new(profile.timeout.0).map_err(|problem| Trouble::Machine {
            what: "the HTTP client",
            problem,
        })?;
        let masks = Masks::default();
        let caller = Caller {
            client,
            base_url: profile.base_url.to_string(),
            setup: profile.setup,
            digest: profile.signing.digest,
            extra: extra_headers(&profile.headers, &masks)?,
            masks,
        };
        let access = Access::prepare(&profile, &caller).await?;
        let supply = Supply::prepare(&profile.accounts, &access, &caller)
            .await
            .map_err(|problem| Trouble::NoAccount { problem })?;
        Ok(Self {
            supply,
            profile,
            caller,
            access,
            hooks: OnceCell::new(),
            began: Instant::now(),
        })
    }

    /// Runs a case to its end, or until it is to be given up.
    async fn drive(
        &self,
        number: CaseNumber,
        case: &Case,
        trace: &TraceWriter,
        stop: &StopSignal,
    ) -> CaseTrace {
        let mut run = CaseRun::new(self, number, case, trace);
        tokio::select! {
            biased;
            () = stop.abandoned() => {}
            () = run.run() => {}
        }
        run.into_trace()
    }

    async fn lease(&self) -> Result<AccountId, String> {
        self.supply.lease(&self.access, &self.caller).await
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

    /// Leaves the target as it was found.
    async fn end(&self) {
        if let Some(Ok(hooks)) = self.hooks.get() {
            hooks.end(&self.access, &self.caller).await;
        }
    }

    async fn dress(&self, draft: &Draft, flaw: Option<Flaw>) -> Result<Outgoing, String> {
        self.access.dress(draft, flaw, &self.caller).await
    }

    fn now(&self) -> Micros {
        Micros(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod fake_target;
#[cfg(test)]
mod tests;
