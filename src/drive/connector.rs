//! Reaches the target.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tower_service::Service;

use super::client::chain;
use super::connection::{Connection, Line, room};
use super::tls;
use crate::profile::BaseUrl;

/// As long as a target may be silently gone while something is on its way to it.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Opens connections to one target.
pub struct Connector {
    tcp: HttpConnector,
    uri: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// For long bodies.
    room: Arc<Semaphore>,
}

impl Connector {
    /// Opens connections to the target at `base_url`, whose certificate may come from one of these roots.
    pub fn new(
        base_url: &BaseUrl,
        own_roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
        let uri: Uri = base_url.as_str().parse().map_err(|e| chain(&e))?;
        let tls = match uri.scheme_str() {
            Some("https") => Some((
                tls::connector(own_roots).map_err(|e| chain(&e))?,
                server_name(&uri)?,
            )),
            _ => None,
        };
        Ok(Self {
            tcp,
            uri,
            tls,
            room: room(),
        })
    }

    /// A new connection, or why there is none.
    pub async fn connect(&self) -> Result<Connection, String> {
        let stream = self.tcp.clone().call(self.uri.clone()).await;
        let stream = stream.map_err(|error| chain(&error))?.into_inner();
        let line = self.secure(stream).await.map_err(|error| chain(&error))?;
        let connection = Connection::over(line, Arc::clone(&self.room)).await;
        connection.map_err(|error| chain(&error))
    }

    async fn secure(&self, stream: TcpStream) -> std::io::Result<Line> {
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?),
        })
    }
}

/// The name that the target's certificate must bear.
fn server_name(uri: &Uri) -> Result<ServerName<'static>, String> {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|error| format!("{host}: {error}"))
}
