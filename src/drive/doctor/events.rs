//! Whether events arrive: the subscription is made before the card, and looked at after its end.

use std::net::{IpAddr, TcpListener};
use std::time::Instant;

use url::{Host, Url};

use super::evidence::Inquiry;
use super::{Done, Visit, client_at, send};
use crate::card::AccountId;
use crate::case::StepNumber;
use crate::doctor::{Fact, Failure, Step, Trial};
use crate::drive::address::Base;
use crate::drive::hooks::{Hooks, Inbox};
use crate::drive::outgoing::Outgoing;
use crate::drive::witness::Seen;
use crate::profile::{BaseUrl, Profile, Tls, Webhooks};

/// A subscription, or why there is none.
pub type Watched<'v, 'p> = Result<Watch<'v, 'p>, Box<Failure>>;

/// A subscription, and the inbox of what comes.
pub struct Watch<'v, 'p> {
    visit: &'v Visit<'p>,
    webhooks: &'v Webhooks,
    hooks: Hooks,
    inbox: Inbox,
}

impl<'v, 'p> Watch<'v, 'p> {
    /// Listens and subscribes, if the profile says where.
    pub async fn begin(visit: &'v Visit<'p>, account: &AccountId) -> Option<Watched<'v, 'p>> {
        let webhooks = visit.profile.webhooks.as_ref()?;
        if let Err(error) = TcpListener::bind(webhooks.listen) {
            return Some(Err(cant_listen(visit, webhooks, &error)));
        }
        visit.forget();
        let foreign = &visit.profile.foreign;
        let started = Hooks::start(
            webhooks,
            foreign,
            Instant::now(),
            &visit.access,
            &visit.caller,
        );
        Some(match started.await {
            Ok(hooks) => {
                let inbox = hooks.open_inbox();
                inbox.claim(account.as_str());
                Ok(Self {
                    visit,
                    webhooks,
                    hooks,
                    inbox,
                })
            }
            Err(words) => Err(not_subscribed(visit, webhooks, words)),
        })
    }

    /// Events of this card are waited for.
    pub fn claim(&self, card: &str) {
        self.inbox.claim(card);
    }

    /// Waits for an event, and takes the subscription back.
    pub async fn end(self) -> Done<()> {
        let wait = self.webhooks.wait.0;
        let deadline = tokio::time::Instant::now() + wait;
        let mut count = self.inbox.take().0.len();
        while count == 0
            && tokio::time::timeout_at(deadline, self.inbox.rings())
                .await
                .is_ok()
        {
            count = self.inbox.take().0.len();
        }
        let done = match count {
            0 => Err(self.nothing_came().await),
            1 => Ok(((), "1 came".to_owned())),
            many => Ok(((), format!("{many} came"))),
        };
        self.hooks.end(&self.visit.access, &self.visit.caller).await;
        done
    }

    /// Takes the subscription back without waiting for anything.
    pub async fn withdraw(self) {
        self.hooks.end(&self.visit.access, &self.visit.caller).await;
    }

    async fn nothing_came(&self) -> Box<Failure> {
        let visit = self.visit;
        let wait = self.webhooks.wait.0;
        let problem = format!("no event came within {wait:?}");
        let mut inquiry = Inquiry::new(Step::Events, visit.profile, problem);
        let callback = self.hooks.address("…");
        let evidence = &mut inquiry.evidence;
        evidence.add(Fact::NoEvent);
        evidence.say("wait", format!("{wait:?}"));
        evidence.say("listen", self.webhooks.listen.to_string());
        if is_of_this_machine(&callback) && !is_of_this_machine(visit.profile.base_url.as_str()) {
            evidence.add(Fact::CallbackIsLocal);
        }
        evidence.say("callback", callback);
        self.try_own_callback(&mut inquiry).await;
        inquiry.failure(Some(&visit.caller.masks))
    }

    /// Whether the callback address leads here, at least from here: the inbox hears of a read.
    async fn try_own_callback(&self, inquiry: &mut Inquiry) {
        let address = self.hooks.address(&self.inbox.open_door(StepNumber(1)));
        let came = match ask_from_here(&address, self.visit.profile).await {
            Ok(seen) => super::evidence::answer_words(&seen),
            Err(words) => words,
        };
        let fact = match self.inbox.take().1.is_empty() {
            false => Fact::Taken(Trial::OwnCallback),
            true => Fact::Other(Trial::OwnCallback),
        };
        inquiry.tried_as(fact, Trial::OwnCallback, &came);
    }
}

async fn ask_from_here(address: &str, profile: &Profile) -> Result<Seen, String> {
    let url = BaseUrl::try_from(address.to_owned())?;
    // It is not the target: what proves to that who calls is none of its business.
    let mut profile = profile.clone();
    profile.tls = Tls::default();
    if is_of_this_machine(address) {
        profile.proxy = None;
    }
    let client = client_at(&url, &profile)?;
    let request = Outgoing {
        encoding: None,
        method: http::Method::GET,
        url: Base::new(address).address("")?,
        headers: http::HeaderMap::new(),
        body: None,
    };
    Ok(send(&client, request).await)
}

fn cant_listen(visit: &Visit<'_>, webhooks: &Webhooks, error: &std::io::Error) -> Box<Failure> {
    let problem = format!("can't listen on {}: {error}", webhooks.listen);
    let mut inquiry = Inquiry::new(Step::Events, visit.profile, problem);
    inquiry.evidence.add(match error.kind() {
        std::io::ErrorKind::AddrInUse => Fact::PortTaken,
        _ => Fact::ListenElsewhere,
    });
    inquiry.evidence.say("listen", webhooks.listen.to_string());
    inquiry.evidence.say("reason", error.to_string());
    inquiry.failure(None)
}

fn not_subscribed(visit: &Visit<'_>, webhooks: &Webhooks, words: String) -> Box<Failure> {
    let mut inquiry = visit.inquiry(Step::Events, words);
    visit.note_words(&mut inquiry);
    let callback = webhooks.callback_url.as_ref().map(ToString::to_string);
    let callback = callback.unwrap_or_else(|| format!("http://{}", webhooks.listen));
    inquiry.evidence.say("callback", callback);
    inquiry.failure(Some(&visit.caller.masks))
}

/// Whether only this machine reaches the address.
fn is_of_this_machine(url: &str) -> bool {
    let url = Url::parse(url);
    match url.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}
