//! From the name to something that speaks the API's HTTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use url::{Host, Url};

use super::evidence::{Inquiry, is_html, other_scheme};
use super::{Caller, Done, client_at, send};
use crate::doctor::{Fact, Loss, Step, Trial};
use crate::drive::address::Base;
use crate::drive::draft::Draft;
use crate::drive::gate::epoch;
use crate::drive::outgoing::Outgoing;
use crate::profile::{BaseUrl, Profile};

/// The way to the target: straight, or by a proxy, which then is what we connect to.
pub struct Way<'a> {
    profile: &'a Profile,
    proxy: Option<String>,
}

impl<'a> Way<'a> {
    /// The way that a run takes.
    pub fn of(profile: &'a Profile, caller: &Caller) -> Self {
        let proxy = caller.client.proxy();
        Self { profile, proxy }
    }

    /// What we connect to.
    fn url(&self) -> &str {
        let straight = self.profile.base_url.as_str();
        self.proxy.as_deref().unwrap_or(straight)
    }

    fn patience(&self) -> Duration {
        self.profile
            .connect_timeout
            .unwrap_or(self.profile.timeout)
            .0
    }

    fn inquiry(&self, step: Step, problem: String) -> Inquiry {
        let mut inquiry = Inquiry::new(step, self.profile, problem);
        if let Some(proxy) = &self.proxy {
            inquiry.evidence.add(Fact::ByProxy);
            inquiry.evidence.say("proxy", proxy.as_str());
        }
        inquiry
    }

    /// Of the proxy, a step's note says so.
    fn note(&self, note: String) -> String {
        match &self.proxy {
            Some(_) => format!("{note} (the proxy)"),
            None => note,
        }
    }
}

/// Where we connect to.
pub struct Place {
    url: Url,
    addresses: Vec<SocketAddr>,
}

/// Looks the name up.
pub async fn name(way: &Way<'_>) -> Done<Place> {
    let failed = |words: String, fact| {
        let whose = way
            .proxy
            .as_ref()
            .map_or("the host of base_url", |_| "the proxy");
        let mut inquiry = way.inquiry(Step::Name, format!("{whose} has no address: {words}"));
        inquiry.evidence.add(fact);
        inquiry.evidence.say("reason", words);
        inquiry.failure(None)
    };
    let url = Url::parse(way.url())
        .map_err(|error| failed(error.to_string(), Fact::Lost(Loss::Other)))?;
    let port = url.port_or_known_default().unwrap_or_default();
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        None => String::new(),
    };
    let lookup = tokio::net::lookup_host((host.as_str(), port));
    let patience = way.patience();
    let found = match tokio::time::timeout(patience, lookup).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(failed(error.to_string(), Fact::Lost(Loss::Name))),
        Err(_) => {
            let words = format!("no name server answered within {patience:?}");
            return Err(failed(words, Fact::Lost(Loss::Name)));
        }
    };
    let shown: Vec<String> = found
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    let note = way.note(shown.join(", "));
    let place = Place {
        url,
        addresses: found,
    };
    Ok((place, note))
}

/// Opens a connection to one of the addresses.
pub async fn connection(way: &Way<'_>, place: &Place) -> Done<()> {
    let mut reason = "it has no address".to_owned();
    for address in &place.addresses {
        match open(*address, way.patience()).await {
            Ok(()) => return Ok(((), way.note(address.to_string()))),
            Err(words) => reason = words,
        }
    }
    let problem = format!("no connection: {reason}");
    let mut inquiry = way.inquiry(Step::Connection, problem);
    inquiry.evidence.add(Fact::Lost(Loss::of(&reason)));
    inquiry.evidence.say("reason", reason);
    if way.proxy.is_none()
        && let Some(other) = other_loopback(&place.addresses)
    {
        let opened = open(other, way.patience()).await;
        let mut url = place.url.clone();
        // An address is a host, so this can't fail.
        let _ = url.set_ip_host(other.ip());
        inquiry.evidence.say("other_host", other.ip().to_string());
        inquiry
            .evidence
            .say("other_url", url.as_str().trim_end_matches('/'));
        let (fact, words) = match opened {
            Ok(()) => (Fact::Taken(Trial::OtherLoopback), "a connection".to_owned()),
            Err(words) => (Fact::Same(Trial::OtherLoopback), words),
        };
        inquiry.tried_as(fact, Trial::OtherLoopback, &words);
    }
    Err(inquiry.failure(None))
}

async fn open(address: SocketAddr, patience: Duration) -> Result<(), String> {
    match tokio::time::timeout(patience, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("timed out after {patience:?}")),
    }
}

/// The loopback address of the other family, if the host is one of them alone.
fn other_loopback(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let first = addresses.first()?;
    if !addresses.iter().all(|address| address.ip().is_loopback()) {
        return None;
    }
    let other = match first.ip() {
        IpAddr::V4(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    Some(SocketAddr::new(other, first.port()))
}

/// Shakes hands over TLS.
pub async fn tls(profile: &Profile, caller: &Caller) -> Done<()> {
    let Err(reason) = caller.client.open().await else {
        return Ok(((), String::new()));
    };
    let problem = format!("no TLS: {reason}");
    let mut inquiry = Way::of(profile, caller).inquiry(Step::Tls, problem);
    let loss = Loss::of(&reason);
    inquiry.evidence.add(Fact::Lost(loss));
    inquiry.evidence.say("reason", reason);
    if matches!(loss, Loss::Tls | Loss::Closed | Loss::Other)
        && let Some(base) = with_scheme(profile, &mut inquiry)
        && let Ok(client) = client_at(&base, profile)
        && let Ok(request) = bare(&Base::new(base.as_str()), caller)
    {
        let seen = send(&client, request).await;
        let is_taken = seen.status().is_some();
        inquiry.tried(Trial::OtherScheme, &seen, is_taken);
    }
    Err(inquiry.failure(Some(&caller.masks)))
}

/// The base URL with the other scheme, which the inquiry may advise.
fn with_scheme(profile: &Profile, inquiry: &mut Inquiry) -> Option<BaseUrl> {
    let (scheme, rest) = profile.base_url.as_str().split_once("://")?;
    let other = format!("{}://{rest}", other_scheme(scheme));
    inquiry.evidence.say("other_url", other.as_str());
    BaseUrl::try_from(other).ok()
}

/// Asks for cards as nobody in particular. Gives how many seconds the target's clock is ahead.
pub async fn http(profile: &Profile, caller: &Caller) -> Done<Option<i64>> {
    let seen = match bare(&caller.base, caller) {
        Ok(request) => send(&caller.client, request).await,
        Err(words) => return Err(Inquiry::new(Step::Http, profile, words).failure(None)),
    };
    let status = seen.status();
    let ahead = seen.header("date").and_then(epoch);
    let ahead = ahead.map(|date| date - jiff::Timestamp::now().as_second());
    let mut inquiry = match status {
        None => Inquiry::of(Step::Http, profile, "no answer came", seen),
        Some(404 | 405) => {
            let problem = "something answers, but does not know the path";
            let mut inquiry = Inquiry::of(Step::Http, profile, problem, seen);
            if !try_paths(profile, caller, &mut inquiry).await && hides_from_strangers(caller).await
            {
                return Ok((ahead, "404 to a stranger's read".to_owned()));
            }
            inquiry
        }
        Some(300..=399 | 429 | 500..) => Inquiry::of(
            Step::Http,
            profile,
            "something answers, but not the API",
            seen,
        ),
        Some(code) if is_html(&seen) && code < 300 => Inquiry::of(
            Step::Http,
            profile,
            "a page came in place of an answer",
            seen,
        ),
        Some(400) if seen.body().contains("HTTPS port") => {
            Inquiry::of(Step::Http, profile, "the port wants TLS", seen)
        }
        Some(code) => return Ok((ahead, note(code, ahead))),
    };
    let speaks_oddly = matches!(status, None | Some(400));
    if speaks_oddly && profile.base_url.as_str().starts_with("http:") {
        try_tls(profile, &mut inquiry).await;
    }
    if let Some(proxy) = caller.client.proxy() {
        inquiry.evidence.add(Fact::ByProxy);
        inquiry.evidence.say("proxy", proxy);
    }
    Err(inquiry.failure(Some(&caller.masks)))
}

fn note(code: u16, ahead: Option<i64>) -> String {
    let answer = format!("{code} to a stranger's read");
    match ahead {
        Some(ahead) if ahead.abs() > super::token::CLOCK_SLACK_S => {
            format!("{answer}; its clock is {}", clock_words(ahead))
        }
        _ => answer,
    }
}

/// How far a clock is ahead of ours, in words.
pub fn clock_words(ahead: i64) -> String {
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    format!("{} s {direction} ours", ahead.abs())
}

/// Whether TLS is spoken, by whomever.
async fn try_tls(profile: &Profile, inquiry: &mut Inquiry) {
    let Some(base) = with_scheme(profile, inquiry) else {
        return;
    };
    let Ok(client) = client_at(&base, profile) else {
        return;
    };
    let shaken = client.open().await;
    let is_tls = match &shaken {
        Ok(()) => true,
        Err(words) => matches!(
            Loss::of(words),
            Loss::CertificateName
                | Loss::CertificateIssuer
                | Loss::CertificateTime
                | Loss::ClientCertificate
        ),
    };
    let fact = match is_tls {
        true => Fact::Taken(Trial::OtherScheme),
        false => Fact::Other(Trial::OtherScheme),
    };
    let words = shaken.map_or_else(|words| words, |()| "TLS is spoken".to_owned());
    inquiry.tried_as(fact, Trial::OtherScheme, &words);
}

/// Whether the API is at a path near the one of base_url.
async fn try_paths(profile: &Profile, caller: &Caller, inquiry: &mut Inquiry) -> bool {
    let mut is_found = false;
    for (trial, base) in near_paths(profile.base_url.as_str()) {
        let Ok(request) = bare(&Base::new(&base), caller) else {
            continue;
        };
        let seen = send(&caller.client, request).await;
        let is_page = is_html(&seen);
        let is_api = seen.status().is_some_and(|code| match code {
            300..=399 | 404 | 405 | 429 | 500.. => false,
            _ => code >= 300 || !is_page,
        });
        if is_api && !is_found {
            inquiry.evidence.say("other_url", base);
        }
        if is_api && is_found {
            continue;
        }
        is_found |= is_api;
        inquiry.tried(trial, &seen, is_api);
    }
    is_found
}

/// Base URLs that differ in their path.
fn near_paths(base: &str) -> Vec<(Trial, String)> {
    let mut near = vec![(Trial::PrefixAdded, format!("{base}/v1"))];
    let path_at = base.find("://").map_or(0, |at| at + 3);
    let path_at = base[path_at..]
        .find('/')
        .map_or(base.len(), |at| path_at + at);
    let (site, path) = base.split_at(path_at);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let joined = |parts: &[&str]| {
        parts
            .iter()
            .fold(site.to_owned(), |url, part| url + "/" + part)
    };
    if let Some(at) = (1..parts.len()).find(|at| parts[*at] == parts[at - 1]) {
        let once = [&parts[..at], &parts[at + 1..]].concat();
        near.push((Trial::PrefixOnce, joined(&once)));
    }
    if let Some((_, shorter)) = parts.split_last() {
        near.push((Trial::PrefixRemoved, joined(shorter)));
    }
    near
}

/// Whether the path of the token is known though that of cards is not: some targets show strangers nothing.
async fn hides_from_strangers(caller: &Caller) -> bool {
    let draft = Draft {
        path: "/auth/token".to_owned(),
        ..Draft::read("/cards")
    };
    match Outgoing::new(&caller.base, &draft) {
        Ok(request) => send(&caller.client, request).await.status() != Some(404),
        Err(_) => false,
    }
}

/// The read that anybody may send.
fn bare(base: &Base, caller: &Caller) -> Result<Outgoing, String> {
    let mut request = Outgoing::new(base, &Draft::read("/cards"))?;
    request.headers.extend(caller.extra.clone());
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_near_the_one_that_is_wrong_are_tried() {
        let near =
            |base| -> Vec<String> { near_paths(base).into_iter().map(|(_, url)| url).collect() };
        assert_eq!(near("http://h:1"), ["http://h:1/v1"]);
        assert_eq!(
            near("http://h/v1/v1"),
            ["http://h/v1/v1/v1", "http://h/v1", "http://h/v1"]
        );
        assert_eq!(near("http://h/a/v2"), ["http://h/a/v2/v1", "http://h/a"]);
    }

    #[test]
    fn a_host_on_both_loopbacks_has_no_other() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(
            other_loopback(&[address("127.0.0.1:1")]),
            Some(address("[::1]:1"))
        );
        assert_eq!(
            other_loopback(&[address("[::1]:1")]),
            Some(address("127.0.0.1:1"))
        );
        assert_eq!(other_loopback(&[address("10.0.0.1:1")]), None);
    }
}
