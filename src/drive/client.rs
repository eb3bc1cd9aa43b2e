//! Sends one request and takes in what comes, whatever that is. A target is hostile until shown otherwise.

use std::error::Error;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;

use super::connection::{Answer, Connection};
use super::connector::Connector;
use super::gate::{Again, Gate, PutOff, Slot};
use super::outgoing::Outgoing;
use super::release::{Place, Release};
use super::tls;
use super::trouble::Trouble;
use super::witness::Witness;
use crate::case::Loss;
use crate::profile::Profile;
use crate::redact::Masks;
use crate::trace::RunId;

pub use super::connection::Incoming;

/// More than any honest answer; what is longer counts as lost.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// A connection that was idle for longer is not used again.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// The HTTP client of one target: one request is sent once, to where it says.
pub struct Client {
    connector: Connector,
    gate: Arc<Gate>,
    host: HeaderValue,
    user_agent: HeaderValue,
    timeout: Duration,
    connect_timeout: Duration,
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

/// Leave to send: whoever has none sends nothing.
pub struct Pass<'a> {
    client: &'a Client,
    slot: Slot,
    /// So often the request was put off before.
    times: u32,
}

impl<'a> Pass<'a> {
    /// Of leave to send several requests, the part of one.
    pub fn part(&mut self) -> Pass<'a> {
        Pass {
            client: self.client,
            slot: self.slot.as_mut().and_then(|slot| slot.split(1)),
            times: self.times,
        }
    }

    /// Sends the request.
    pub async fn send(self, outgoing: Outgoing, delivery: Delivery<'_>) -> Sent {
        let sent = self.client.send(outgoing, delivery).await;
        if let Received::Whole(incoming) = &sent.received {
            self.client.gate.note(incoming, self.times);
        }
        sent
    }
}

/// A request that was sent.
pub struct Sent {
    /// When its last byte went out, if it was held back; else, before its first.
    pub at: Instant,
    /// What came of it.
    pub received: Received,
}

impl Sent {
    /// It was answered with 401.
    pub fn is_unauthorized(&self) -> bool {
        matches!(&self.received, Received::Whole(incoming) if incoming.status == http::StatusCode::UNAUTHORIZED)
    }
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

impl Received {
    /// The target asks to be left alone for a while.
    pub fn put_off(&self) -> Option<PutOff> {
        match self {
            Self::Whole(incoming) => PutOff::of(incoming.status, &incoming.headers),
            Self::Lost { .. } | Self::LetGo(_) => None,
        }
    }
}

impl Client {
    /// A client for the target of a profile; what it must not tell goes to `masks`.
    pub fn new(profile: &Profile, run: Option<RunId>, masks: &Masks) -> Result<Self, Trouble> {
        let base_url = profile.base_url.as_str();
        let unusable = |problem| Trouble::Unusable {
            what: format!("base_url ({base_url})"),
            problem,
        };
        let uri: Uri = base_url.parse().map_err(|e| unusable(chain(&e)))?;
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        let timeout = profile.timeout.0;
        Ok(Self {
            connector: Connector::new(profile, masks)?,
            gate: Arc::new(Gate::new(&profile.limits)),
            host: HeaderValue::from_str(authority).map_err(|e| unusable(chain(&e)))?,
            user_agent: user_agent(run),
            timeout,
            connect_timeout: profile.connect_timeout.map_or(timeout, |wait| wait.0),
            idle: Mutex::default(),
            witness: None,
        })
    }

    /// The same, held to the limits together with another client of the same target.
    pub fn by_the_door_of(self, other: &Client) -> Self {
        let gate = Arc::clone(&other.gate);
        Self { gate, ..self }
    }

    /// Waits until so many requests may be sent at once. Why they may not, in words.
    pub async fn enter(&self, requests: u32) -> Result<Pass<'_>, String> {
        Ok(Pass {
            client: self,
            slot: self.gate.admit(requests).await?,
            times: 0,
        })
    }

    /// The same for a request that was put off.
    pub async fn enter_again(&self, again: &mut Again) -> Result<Pass<'_>, String> {
        Ok(Pass {
            client: self,
            slot: self.gate.admit_again(again).await?,
            times: again.times(),
        })
    }

    /// Sends a request that is not judged, again where the target puts it off.
    pub async fn ask(&self, outgoing: Outgoing) -> Result<Received, String> {
        let mut again = Again::default();
        let mut pass = self.enter(1).await?;
        loop {
            let sent = pass.send(outgoing.clone(), Delivery::default()).await;
            if sent.received.put_off().is_none() {
                return Ok(sent.received);
            }
            pass = match self.enter_again(&mut again).await {
                Ok(pass) => pass,
                Err(_) => return Ok(sent.received),
            };
        }
    }

    /// Opens a connection for the next request, or says why there is none.
    pub async fn open(&self) -> Result<(), String> {
        let connection = self.connect().await?;
        self.keep(connection);
        Ok(())
    }

    /// How the target puts off what is asked of it now, if it does.
    pub fn put_off(&self) -> Option<String> {
        self.gate.put_off()
    }

    /// The proxy that is between, without what it knows the caller by.
    pub fn proxy(&self) -> Option<String> {
        self.connector.proxy()
    }

    async fn send(&self, outgoing: Outgoing, delivery: Delivery<'_>) -> Sent {
        let mut attempt = Attempt {
            place: delivery.release.map(Release::place),
            at: Instant::now(),
            is_connecting: false,
        };
        let seen = self
            .witness
            .as_ref()
            .map(|witness| (witness, outgoing.clone()));
        let in_time = {
            // It is large, and stays where it is.
            let exchange = pin!(self.exchange(outgoing, delivery, &mut attempt));
            tokio::time::timeout(self.timeout, exchange).await
        };
        let received = in_time.unwrap_or_else(|_| Received::Lost {
            words: format!("no whole answer within {:?}", self.timeout),
            no_connection: attempt.is_connecting,
        });
        if let Some((witness, outgoing)) = seen {
            witness.note(outgoing, &received);
        }
        Sent {
            at: attempt.at,
            received,
        }
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
        let mut surplus = false;
        loop {
            let (mut connection, is_fresh) = match idle {
                Some(connection) => (connection, false),
                None => {
                    attempt.is_connecting = true;
                    let connection = match self.connect().await {
                        Ok(connection) => connection,
                        Err(words) => {
                            return Received::Lost {
                                words,
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
                Answer::Whole(mut incoming) => {
                    self.keep(connection);
                    incoming.surplus |= surplus;
                    return match self.connector.own_answer(incoming.status) {
                        None => Received::Whole(incoming),
                        Some(words) => Received::Lost {
                            words,
                            no_connection: true,
                        },
                    };
                }
                Answer::Unsent(request) if !is_fresh => {
                    surplus |= connection.has_surplus();
                    request
                }
                Answer::Unsent(_) if connection.has_surplus() => {
                    return lost("the target sent an answer before there was a request".to_owned());
                }
                Answer::Unsent(_) => {
                    return lost(format!(
                        "the target closed the connection before the request was sent{}",
                        self.connector.hint_at_closing()
                    ));
                }
                Answer::Lost(words) => return lost(words),
                Answer::LetGo(words) => return Received::LetGo(words),
            };
            idle = self.idle_connection();
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        // A future that is rarely waited for is boxed, so that the many that hold it are not moved with all its weight.
        let connecting = Box::pin(self.connector.connect());
        match tokio::time::timeout(self.connect_timeout, connecting).await {
            Ok(connected) => connected.map_err(|words| format!("no connection: {words}")),
            Err(_) => Err(format!("no connection within {:?}", self.connect_timeout)),
        }
    }

    fn request(&self, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, String> {
        let forwards = self.connector.forwards();
        let target = match forwards {
            Some(_) => outgoing.url.as_str(),
            None => outgoing.url.request_target(),
        };
        let uri = Uri::try_from(target).map_err(|e| chain(&e))?;
        let body = Bytes::from(outgoing.bytes().into_owned());
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = uri;
        let mut headers = outgoing.headers;
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        // What is compressed may be a thousand times as long as it looks.
        headers
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("identity"));
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.user_agent.clone());
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        if let Some(Some(authorization)) = forwards {
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
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

fn user_agent(run: Option<RunId>) -> HeaderValue {
    const NAME: &str = concat!("cardproof/", env!("CARGO_PKG_VERSION"));
    let with_run = run.and_then(|run| HeaderValue::try_from(format!("{NAME} (run {run})")).ok());
    with_run.unwrap_or(HeaderValue::from_static(NAME))
}

fn lost(words: String) -> Received {
    Received::Lost {
        words,
        no_connection: false,
    }
}

/// An error and its causes, from the outside in; of TLS, what it means.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    if let Some(words) = tls::explained(error) {
        return words;
    }
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
