//! Sends one request and takes in what comes, whatever that is. A target is hostile until shown otherwise.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;

use super::connection::{Answer, Connection};
use super::connector::Connector;
use super::outgoing::Outgoing;
use super::release::{Place, Release};
use super::witness::Witness;
use crate::case::Loss;
use crate::profile::BaseUrl;

pub use super::connection::Incoming;

/// More than any honest answer; what is longer counts as lost.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// A connection that was idle for longer is not used again.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// The HTTP client of one target: one request is sent once, to where it says.
pub struct Client {
    connector: Connector,
    host: HeaderValue,
    timeout: Duration,
    /// Connections that wait for the next request.
    idle: Mutex<Vec<Connection>>,
    /// Keeps what was sent last, for whoever examines the target.
    pub witness: Option<Witness>,
}

/// How a request is brought over, beyond simply sending it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivery<'a> {
    /// Hold back the last byte until all are there.
    pub release: Option<&'a Release>,
    /// Do without the answer.
    pub loss: Option<Loss>,
    /// Over no connection that was used before.
    pub fresh_connection: bool,
}

/// A request that was sent.
pub struct Sent {
    /// When its last byte went out, if it was held back; else, before its first.
    pub at: Instant,
    /// What came of it.
    pub received: Received,
}

/// What came of a request.
pub enum Received {
    /// A whole response.
    Whole(Incoming),
    /// No whole response.
    Lost {
        /// What happened.
        words: String,
        /// Not even a connection came about.
        no_connection: bool,
    },
    /// No whole response, because the delivery was to do without. The words say how.
    LetGo(String),
}

impl Client {
    /// A client for the target at `base_url` that waits at most `timeout` for a whole answer.
    pub fn new(base_url: &BaseUrl, timeout: Duration) -> Result<Self, String> {
        let uri: Uri = base_url.as_str().parse().map_err(|e| chain(&e))?;
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        Ok(Self {
            connector: Connector::new(base_url, Vec::new())?,
            host: HeaderValue::from_str(authority).map_err(|e| chain(&e))?,
            timeout,
            idle: Mutex::default(),
            witness: None,
        })
    }

    /// Sends the request.
    pub async fn send(&self, outgoing: Outgoing, delivery: Delivery<'_>) -> Sent {
        let mut attempt = Attempt {
            place: delivery.release.map(Release::place),
            at: Instant::now(),
            is_connecting: false,
        };
        let seen = self
            .witness
            .as_ref()
            .map(|witness| (witness, outgoing.clone()));
        let exchange = self.exchange(outgoing, delivery, &mut attempt);
        let received = match tokio::time::timeout(self.timeout, exchange).await {
            Ok(received) => received,
            Err(_) => Received::Lost {
                words: format!("no whole answer within {:?}", self.timeout),
                no_connection: attempt.is_connecting,
            },
        };
        if let Some((witness, outgoing)) = seen {
            witness.note(outgoing, &received);
        }
        Sent {
            at: attempt.at,
            received,
        }
    }

    /// Opens a connection for the next request, or says why there is none.
    pub async fn connect(&self) -> Result<(), String> {
        let connecting = tokio::time::timeout(self.timeout, self.connector.connect()).await;
        let connection =
            connecting.map_err(|_| format!("timed out after {:?}", self.timeout))??;
        self.keep(connection);
        Ok(())
    }

    async fn exchange(
        &self,
        outgoing: Outgoing,
        delivery: Delivery<'_>,
        attempt: &mut Attempt<'_>,
    ) -> Received {
        let mut request = match self.request(outgoing) {
            Ok(request) => request,
            Err(words) => return lost(words),
        };
        let mut idle = match delivery.fresh_connection {
            true => None,
            false => self.idle_connection(),
        };
        loop {
            let (mut connection, is_fresh) = match idle {
                Some(connection) => (connection, false),
                None => {
                    attempt.is_connecting = true;
                    let connection = match self.connector.connect().await {
                        Ok(connection) => connection,
                        Err(words) => {
                            return Received::Lost {
                                words: format!("no connection: {words}"),
                                no_connection: true,
                            };
                        }
                    };
                    attempt.is_connecting = false;
                    (connection, true)
                }
            };
            let asked = connection.ask(request, &mut attempt.place, delivery.loss, &mut attempt.at);
            request = match asked.await {
                Answer::Whole(incoming) => {
                    self.keep(connection);
                    return Received::Whole(incoming);
                }
                Answer::Unsent(request) if !is_fresh => request,
                Answer::Unsent(_) => {
                    return lost(
                        "the target closed the connection before the request was sent".to_owned(),
                    );
                }
                Answer::Lost(words) => return lost(words),
                Answer::LetGo(words) => return Received::LetGo(words),
            };
            idle = self.idle_connection();
        }
    }

    fn request(&self, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, String> {
        let uri = Uri::try_from(outgoing.url.request_target()).map_err(|e| chain(&e))?;
        let mut request = Request::new(outgoing.body.map_or_else(Full::default, Full::from));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = uri;
        let mut headers = outgoing.headers;
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "cardproof/",
                env!("CARGO_PKG_VERSION")
            )));
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The connection that was used last.
    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = idle.pop()?;
        if connection.idle() > IDLE_MAX {
            idle.clear();
            return None;
        }
        Some(connection)
    }

    fn keep(&self, mut connection: Connection) {
        if connection.is_usable() {
            connection.rest();
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }
}

/// How far a request has come, for when its time is over.
struct Attempt<'a> {
    place: Option<Place<'a>>,
    at: Instant,
    is_connecting: bool,
}

fn lost(words: String) -> Received {
    Received::Lost {
        words,
        no_connection: false,
    }
}

/// An error and its causes, from the outside in.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        cause = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests;
