//! Cardproof's suites, as tests of this crate: `cargo test`, `cargo test --test conformance lifecycle`, `… LIFE-4`.
//!
//! With `PLANT=1` the service has a mistake in it, to see what a departure looks like.

use std::process::ExitCode;

use cardproof::conformance::{Conformance, Target};
use cardproof::profile::{Accounts, BaseUrl, Profile};
use partner::Server;

fn main() -> ExitCode {
    Conformance::of(|| {
        let server = Server::start(std::env::var_os("PLANT").is_some())?;
        let base_url = BaseUrl::try_from(server.base_url.clone())?;
        let mut profile = Profile::new("the partner's cards", base_url, Accounts::Any);
        profile.signing.enabled = false; // the gateway checks signatures, and isn't here
        Ok(Target::new(profile).keeping(server))
    })
    .suites([
        "smoke",
        "lifecycle",
        "limits",
        "idempotency",
        "lost",
        "input",
        "reads",
        "races",
    ])
    .main()
}
