//! Sends one request and takes in what comes, whatever that is. A target is hostile until shown otherwise.

use std::error::Error;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::outgoing::Outgoing;

/// More than any honest answer; what is longer counts as lost.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// The HTTP client, set so that one request is sent once, to where it says.
pub struct Client {
    http: reqwest::Client,
    timeout: Duration,
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
}

/// A response as it came.
pub struct Incoming {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    /// A client that waits at most `timeout` for a whole answer.
    pub fn new(timeout: Duration) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .tcp_nodelay(true)
            .user_agent(concat!("cardproof/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| chain(&error))?;
        Ok(Self { http, timeout })
    }

    /// Sends the request.
    pub async fn send(&self, outgoing: Outgoing) -> Received {
        let mut request = reqwest::Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        *request.body_mut() = outgoing.body.map(Into::into);
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => return self.lost("", &error),
        };
        self.whole(response).await
    }

    async fn whole(&self, mut response: reqwest::Response) -> Received {
        let status = response.status();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() + chunk.len() <= BODY_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Received::Lost {
                        words: format!(
                            "the answer ({status}) was dropped: its body is longer than {BODY_BYTES_MAX} bytes"
                        ),
                        no_connection: false,
                    };
                }
                Err(error) => {
                    let length = body.len();
                    let prefix = format!("the answer ({status}) broke off after {length} bytes: ");
                    return self.lost(&prefix, &error);
                }
            }
        }
        Received::Whole(Incoming {
            status,
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    fn lost(&self, prefix: &str, error: &reqwest::Error) -> Received {
        let words = if error.is_timeout() {
            format!("no whole answer within {:?}", self.timeout)
        } else if error.is_connect() {
            format!("no connection: {}", chain(error))
        } else {
            chain(error)
        };
        Received::Lost {
            words: format!("{prefix}{words}"),
            no_connection: error.is_connect(),
        }
    }
}

/// The causes of an error, from the outside in; the outermost names the URL, which the request has too.
fn chain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        cause = error.source();
    }
    if words.is_empty() {
        return "the request failed for an unknown reason".to_owned();
    }
    words.join(": ")
}
