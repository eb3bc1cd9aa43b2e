//! Reaches the target.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::client::chain;
use super::connection::{Connection, Line, room};
use super::proxy::Way;
use super::tls;
use super::trouble::Trouble;
use crate::profile::Profile;
use crate::redact::Masks;

/// As long as a target may be silently gone while something is on its way to it.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Opens connections to one target.
pub struct Connector {
    tcp: HttpConnector,
    uri: Uri,
    way: Way,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// A client certificate is shown.
    is_certified: bool,
    /// For long bodies.
    room: Arc<Semaphore>,
}

impl Connector {
    /// Opens connections to the target of a profile.
    pub fn new(profile: &Profile, masks: &Masks) -> Result<Self, Trouble> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
        let uri: Uri = profile
            .base_url
            .as_str()
            .parse()
            .map_err(|error| unusable("base_url", chain(&error)))?;
        let tls = match uri.scheme_str() {
            Some("https") => Some((tls::connector(&profile.tls)?, server_name(profile, &uri)?)),
            _ if profile.tls.is_plain() => None,
            _ => {
                let problem = "base_url begins with http://, so that no TLS is spoken: write https:// there, or leave the table out";
                return Err(unusable("[tls]", problem.to_owned()));
            }
        };
        Ok(Self {
            way: Way::new(profile, &uri, &tcp, masks)?,
            tcp,
            uri,
            tls,
            is_certified: profile.tls.identity.is_some(),
            room: room(),
        })
    }

    /// A new connection, or why there is none.
    pub async fn connect(&self) -> Result<Connection, String> {
        let stream = self.way.connect(&self.uri, &self.tcp).await?;
        let line = self.secure(stream).await;
        let line = line.map_err(|error| broken_off(&error))?;
        let connection = Connection::over(line, Arc::clone(&self.room)).await;
        connection.map_err(|error| chain(&error))
    }

    /// What it may mean that a connection is closed as soon as it is there. In TLS 1.3 a client certificate is looked at only
    /// after the client has done its part of the handshake.
    pub fn hint_at_closing(&self) -> &'static str {
        match (&self.tls, self.is_certified) {
            (None, _) => "",
            (Some(_), false) => {
                ", as one does that demands a client certificate (certificate and key under [tls])"
            }
            (Some(_), true) => ", as one does that refuses the client certificate",
        }
    }

    /// Whether requests go to a proxy that reads them, and what says to it who calls.
    pub fn forwards(&self) -> Option<Option<&HeaderValue>> {
        match &self.way {
            Way::Forward(_, authorization) => Some(authorization.as_ref()),
            Way::Straight | Way::Tunnel(..) => None,
        }
    }

    /// The address of the proxy that is between.
    pub fn proxy(&self) -> Option<String> {
        self.way.proxy()
    }

    /// Why an answer with this status is not the target's, if it is not.
    pub fn own_answer(&self, status: http::StatusCode) -> Option<String> {
        self.way.own_answer(status)
    }

    async fn secure(&self, stream: TcpStream) -> std::io::Result<Line> {
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?),
        })
    }
}

/// Why TLS did not come about.
fn broken_off(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            "the target ends the connection in the handshake, as one does that speaks no TLS: does base_url have to begin with http://, or to name another port?".to_owned()
        }
        _ => chain(error),
    }
}

fn unusable(what: &str, problem: String) -> Trouble {
    Trouble::Unusable {
        what: what.to_owned(),
        problem,
    }
}

/// The name that the target's certificate must bear.
fn server_name(profile: &Profile, uri: &Uri) -> Result<ServerName<'static>, Trouble> {
    let host = uri.host().unwrap_or_default();
    let (what, name) = match &profile.tls.server_name {
        Some(name) => ("server_name under [tls]", name.as_str()),
        None => ("the host in base_url", host),
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned())
        .map_err(|error| unusable(what, format!("`{name}` is no name of a server ({error})")))
}
