//! The reference implementation, started beside the harness: a target that is always there.

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;

use crate::profile::{
    AccountRecipe, Accounts, BaseUrl, ClockCall, Credentials, Environment, Foreign, IssuerCall,
    Profile, Secret, Success, SuccessCode, Wait, Webhooks,
};
use crate::reference::{self, Issuance, Options, Running};
use crate::trace;

/// How long an event may take: it takes milliseconds, unless the machine is very busy.
const EVENT_WAIT: Duration = Duration::from_secs(1);

/// A running reference implementation and the threads that serve it. Dropping it stops it.
pub struct Embedded {
    running: Running,
    issuance: Issuance,
    shows_card: bool,
    // Dropped last: the server runs on it.
    _runtime: Runtime,
}

impl Embedded {
    /// Starts it.
    ///
    /// # Errors
    /// When the address is taken, or the machine gives no threads.
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("reference")
            .enable_all()
            .build()?;
        let issuance = options.issuance;
        let shows_card = options.readings.get("success-code") == Some("200-with-card");
        let running = runtime.block_on(reference::start(options))?;
        Ok(Self {
            running,
            issuance,
            shows_card,
            _runtime: runtime,
        })
    }

    /// Where it is reached.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// How it is reached, and what it can do.
    ///
    /// # Panics
    /// Never: the address is one that it listens on.
    pub fn profile(&self) -> Profile {
        let running = &self.running;
        let base_url =
            BaseUrl::try_from(running.base_url.clone()).expect("the reference gives a base URL");
        let mut profile = Profile::new("reference", base_url, accounts());
        // It is ours, wherever it listens.
        profile.environment = Some(Environment::sandbox());
        profile.credentials = Credentials::Login {
            api_key: Secret::literal(running.api_key.to_string()),
            api_secret: Secret::literal(running.api_secret.clone()),
        };
        profile.sandbox.issuance = match self.issuance {
            Issuance::Manual => trace::Issuance::Manual,
            Issuance::Automatic { .. } => trace::Issuance::Automatic,
        };
        let issuer = &mut profile.sandbox.issuer;
        issuer.suspend = Some(issuer_call("suspend"));
        issuer.unsuspend = Some(issuer_call("unsuspend"));
        issuer.block = Some(issuer_call("block"));
        profile.sandbox.clock = Some(clock_call());
        profile.signing.longest_age = running.longest_signature_age.map(Wait);
        profile.foreign = Foreign {
            account: Some(running.foreign_account),
            card: Some(running.foreign_card),
            subscription: Some(running.foreign_subscription),
        };
        profile.webhooks = Some(Webhooks {
            wait: Wait(EVENT_WAIT),
            ..Webhooks::default()
        });
        if self.shows_card {
            profile.success = Success::all(SuccessCode::Card);
        }
        profile
    }
}

fn accounts() -> Accounts {
    Accounts::Create(AccountRecipe {
        method: "POST".to_owned(),
        path: "/sandbox/accounts".to_owned(),
        body: Some(json!({})),
        id: "/accountId".to_owned(),
    })
}

fn clock_call() -> ClockCall {
    let body = json!({ "advanceSeconds": "{seconds}" });
    ClockCall::post("/sandbox/clock", body).expect("it says how far")
}

fn issuer_call(act: &str) -> IssuerCall {
    IssuerCall::try_from(format!("PATCH /sandbox/cards/{{cardId}}/{act}"))
        .expect("a method and a path")
}
