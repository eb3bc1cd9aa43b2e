//! One HTTP/1.1 connection to the target.
//!
//! It has no task of its own: whoever asks drives it until the answer is there. So an exchange costs no switches between
//! tasks, a request that is given up takes its connection with it, and the asker knows where each byte is.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Incoming as Stream};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bell::Bell;
use super::client::{BODY_BYTES_MAX, chain};
use super::release::Place;
use super::wire::{Progress, Valve, Wire};
use crate::case::Loss;

/// More than any honest head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// A body that is longer than this waits for room, so that many at a time don't fill the memory.
const BODY_BYTES_FREE: usize = 1 << 20;
/// So many longer ones are held at a time.
const LONG_BODIES: usize = 2;

/// Between sending and cutting. Servers throw away what they have not begun with when the connection closes, so that a
/// cut at once would mostly test nothing.
const BEFORE_CUT: Duration = Duration::from_millis(5);

/// What a connection runs over: TCP, or TLS on it.
pub type Line = Box<dyn Duplex>;

/// Bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, driven by whoever uses it. It goes from hand to hand, so what is large in it stays where it is.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    ends: Box<Ends>,
    idle_since: Instant,
}

/// The connection below the requests, polled beside whatever waits for it.
struct Ends {
    /// Absent once it has come to its end: hyper tells whoever waits for it only by going away.
    http: Option<http1::Connection<TokioIo<Wire<Line>>, Full<Bytes>>>,
    /// It ended because something came that nobody had asked for.
    surplus: bool,
    valve: Valve,
    bell: Arc<Bell>,
    room: Arc<Semaphore>,
}

/// A response as it came.
pub struct Incoming {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// More came over the connection than answers to what was asked.
    pub surplus: bool,
    /// Held as long as a long body is.
    #[expect(dead_code, reason = "it is held, not read")]
    pub room: Option<OwnedSemaphorePermit>,
}

/// Room for long bodies, shared by all connections.
pub fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(LONG_BODIES))
}

/// What came of a request on one connection.
pub enum Answer {
    Whole(Incoming),
    /// Nothing of the request was sent, because the connection had been closed.
    Unsent(Request<Full<Bytes>>),
    Lost(String),
    /// The connection must be closed, since that is what was asked for.
    LetGo(String),
}

type Response = Result<http::Response<Stream>, TrySendError<Request<Full<Bytes>>>>;

impl Connection {
    /// Speaks HTTP/1.1 over a line.
    pub async fn over(line: Line, room: Arc<Semaphore>) -> hyper::Result<Self> {
        let (wire, valve) = Wire::new(line);
        let (sender, http) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(wire))
            .await?;
        Ok(Self {
            sender,
            ends: Box::new(Ends {
                http: Some(http),
                surplus: false,
                valve,
                bell: Arc::default(),
                room,
            }),
            idle_since: Instant::now(),
        })
    }

    /// Sends a request and takes in the answer, unless it is to be lost. `sent_at` becomes the time just before the
    /// request, or its last byte where that is held back, goes out.
    pub async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        place: &mut Option<Place<'_>>,
        loss: Option<Loss>,
        sent_at: &mut Instant,
    ) -> Answer {
        let Self { sender, ends, .. } = self;
        // Whether the target has closed it meanwhile shows here.
        if ends.drive(|cx| sender.poll_ready(cx)).await.is_err() {
            return Answer::Unsent(request);
        }
        ends.valve.begin(place.is_some());
        *sent_at = Instant::now();
        let mut response = pin!(sender.try_send_request(request));
        // What few requests need is boxed, so that all others don't carry its weight.
        if place.is_some() {
            if let Some(early) = Box::pin(ends.hold_back(place, response.as_mut())).await {
                return early;
            }
            *sent_at = Instant::now();
            ends.valve.release();
        }
        match loss {
            None => ends.answer(response).await,
            Some(loss) => Box::pin(ends.lose(loss, response)).await,
        }
    }

    /// Whether more has come over it than answers to what was asked.
    pub fn has_surplus(&self) -> bool {
        self.ends.surplus
    }

    /// Whether another request can be sent over it.
    pub fn is_usable(&self) -> bool {
        self.ends.http.is_some() && !self.sender.is_closed()
    }

    /// From now on nobody uses it.
    pub fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    /// How long nobody has used it.
    pub fn idle(&self) -> Duration {
        self.idle_since.elapsed()
    }
}

impl Ends {
    /// Polls, with the connection at work, until there is a result. How the connection ends is told to whoever waits for
    /// the answer.
    async fn drive<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        let Self {
            http,
            surplus,
            bell,
            ..
        } = self;
        let waker = Waker::from(Arc::clone(bell));
        poll_fn(|cx| {
            bell.poll(&waker, cx, |cx| {
                if let Some(connection) = http
                    && let Poll::Ready(ended) = Pin::new(connection).poll(cx)
                {
                    *surplus |= ended.is_err_and(|error| is_surplus(&error));
                    *http = None;
                }
                poll(cx)
            })
        })
        .await
    }

    /// Sends all but the last byte and waits until that may go, or until an answer comes before.
    async fn hold_back(
        &mut self,
        place: &mut Option<Place<'_>>,
        response: Pin<&mut impl Future<Output = Response>>,
    ) -> Option<Answer> {
        let early = self.wait_for_all(place, response).await?;
        let answer = self.take_in(early).await;
        // What was held back stays on it.
        self.http = None;
        Some(answer)
    }

    /// What comes before the last bytes of all may go.
    async fn wait_for_all(
        &mut self,
        place: &mut Option<Place<'_>>,
        mut response: Pin<&mut impl Future<Output = Response>>,
    ) -> Option<Response> {
        let early = self.reach(Progress::HeldBack, response.as_mut()).await;
        if early.is_some() {
            return early;
        }
        let mut all_arrive = pin!(place.take()?.arrive());
        self.drive(|cx| match all_arrive.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => response.as_mut().poll(cx).map(Some),
        })
        .await
    }

    /// Drives the exchange as far as `progress`, or to what comes of it before.
    async fn reach(
        &mut self,
        progress: Progress,
        mut response: Pin<&mut impl Future<Output = Response>>,
    ) -> Option<Response> {
        let valve = self.valve.clone();
        self.drive(|cx| match valve.has_reached(progress) {
            true => Poll::Ready(None),
            false => response.as_mut().poll(cx).map(Some),
        })
        .await
    }

    /// Does without the answer, unless it comes before it can be lost.
    async fn lose(
        &mut self,
        loss: Loss,
        response: Pin<&mut impl Future<Output = Response>>,
    ) -> Answer {
        let answer = match loss {
            Loss::CutAfterSending => {
                let early = self.cut(Progress::Sent, response).await;
                tokio::time::sleep(BEFORE_CUT).await;
                early
            }
            Loss::CutWhileReading => self.cut(Progress::Answered, response).await,
            Loss::GiveUpAfter(milliseconds) => {
                let patience = Duration::from_millis(milliseconds);
                tokio::time::timeout(patience, self.answer(response))
                    .await
                    .ok()
            }
        };
        answer.unwrap_or_else(|| Answer::LetGo(loss.to_string()))
    }

    /// What comes before `progress`.
    async fn cut(
        &mut self,
        progress: Progress,
        response: Pin<&mut impl Future<Output = Response>>,
    ) -> Option<Answer> {
        let early = self.reach(progress, response).await?;
        Some(self.take_in(early).await)
    }

    async fn answer(&mut self, mut response: Pin<&mut impl Future<Output = Response>>) -> Answer {
        let response = self.drive(|cx| response.as_mut().poll(cx)).await;
        self.take_in(response).await
    }

    /// Why no answer came.
    fn lost(&self, error: &hyper::Error) -> String {
        match self.valve.has_met_tls() {
            true => "what answers speaks TLS: base_url has to begin with https://".to_owned(),
            false => chain(error),
        }
    }

    /// Takes in more of a body. True: all of it; false: there is more than `most`.
    async fn body(
        &mut self,
        stream: &mut Stream,
        body: &mut Vec<u8>,
        most: usize,
    ) -> hyper::Result<bool> {
        self.drive(|cx| poll_body(Pin::new(stream), body, most, cx))
            .await
    }

    /// Whether more came than the answer.
    async fn look_behind(&mut self) -> bool {
        self.drive(|_| Poll::Ready(())).await;
        self.surplus
    }

    async fn take_in(&mut self, response: Response) -> Answer {
        let (head, mut stream) = match response {
            Ok(response) => response.into_parts(),
            Err(mut error) => {
                return match error.take_message() {
                    Some(request) => Answer::Unsent(request),
                    None => Answer::Lost(self.lost(&error.into_error())),
                };
            }
        };
        let status = head.status;
        let mut body = Vec::new();
        let mut taken = self.body(&mut stream, &mut body, BODY_BYTES_FREE).await;
        let mut room = None;
        if let Ok(false) = taken {
            room = Arc::clone(&self.room).acquire_owned().await.ok();
            taken = self.body(&mut stream, &mut body, BODY_BYTES_MAX).await;
        }
        match taken {
            Ok(true) => Answer::Whole(Incoming {
                status,
                headers: head.headers,
                body,
                surplus: self.look_behind().await,
                room,
            }),
            Ok(false) => Answer::Lost(format!(
                "the answer ({status}) was dropped: its body is longer than {BODY_BYTES_MAX} bytes"
            )),
            Err(error) => {
                let (length, why) = (body.len(), chain(&error));
                Answer::Lost(format!(
                    "the answer ({status}) broke off after {length} bytes: {why}"
                ))
            }
        }
    }
}

/// Takes in what has come of a body. True: that was its end; false: there is more than `most`.
fn poll_body(
    mut stream: Pin<&mut Stream>,
    body: &mut Vec<u8>,
    most: usize,
    cx: &mut Context<'_>,
) -> Poll<hyper::Result<bool>> {
    while !stream.is_end_stream() {
        match stream.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                body.extend_from_slice(&frame.into_data().unwrap_or_default());
                if body.len() > most {
                    return Poll::Ready(Ok(false));
                }
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => break,
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(Ok(true))
}

/// Something came that nobody had asked for. hyper says so in words alone.
fn is_surplus(error: &hyper::Error) -> bool {
    error.to_string() == "received unexpected message from connection"
}
