//! The bytes of a connection, below HTTP and above TLS: how far a request has got, and its last byte held back.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU8};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How far an exchange has got.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Progress {
    /// Nothing was sent.
    Begun,
    /// Part of the request may have been sent.
    Sending,
    /// The request was sent but for its last byte.
    HeldBack,
    /// The whole request was sent.
    Sent,
    /// The answer has begun.
    Answered,
}

/// What the asker and the wire tell each other. They are in one task, so neither ever waits for the other.
#[derive(Clone, Debug, Default)]
pub struct Valve(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// A [`Progress`].
    progress: AtomicU8,
    /// The newest byte is not to be sent.
    holds_back: AtomicBool,
    /// What came begins like a record of TLS.
    has_met_tls: AtomicBool,
}

impl Valve {
    /// A request comes next; its last byte is held back or not.
    pub fn begin(&self, holds_back: bool) {
        self.0.progress.store(Progress::Begun as u8, Relaxed);
        self.0.holds_back.store(holds_back, Relaxed);
    }

    /// The last byte may go, once the connection is polled.
    pub fn release(&self) {
        self.0.holds_back.store(false, Relaxed);
    }

    /// Whether the exchange has got so far.
    pub fn has_reached(&self, progress: Progress) -> bool {
        self.0.progress.load(Relaxed) >= progress as u8
    }

    /// Whether the other side answers in TLS, which nobody here has asked for.
    pub fn has_met_tls(&self) -> bool {
        self.0.has_met_tls.load(Relaxed)
    }

    /// Looks at the first bytes of an answer.
    fn look_at(&self, bytes: &[u8]) {
        // An alert of TLS 1.x (RFC 8446, section 5.1).
        let is_tls = !self.has_reached(Progress::Answered) && bytes.starts_with(&[0x15, 0x03]);
        self.0.has_met_tls.fetch_or(is_tls, Relaxed);
    }

    fn reach(&self, progress: Progress) {
        self.0.progress.fetch_max(progress as u8, Relaxed);
    }

    fn holds_back(&self) -> bool {
        self.0.holds_back.load(Relaxed)
    }
}

/// A stream with a valve in it.
///
/// It relies on how hyper writes a request whose body is in one piece: it flushes only once it has written all of it.
pub struct Wire<S> {
    stream: S,
    valve: Valve,
    /// Taken over, but not yet written, because of the byte that is held back.
    kept: VecDeque<u8>,
}

impl<S> Wire<S> {
    /// The stream, and the valve in it.
    pub fn new(stream: S) -> (Self, Valve) {
        let valve = Valve::default();
        let wire = Self {
            stream,
            valve: valve.clone(),
            kept: VecDeque::new(),
        };
        (wire, valve)
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Writes what was kept, down to the last `held` bytes.
    fn poll_kept(&mut self, held: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.kept.len() > held {
            let free = self.kept.len() - held;
            let (bytes, _) = self.kept.as_slices();
            let bytes = &bytes[..bytes.len().min(free)];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => drop(self.kept.drain(..written)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.valve.look_at(&buffer.filled()[before..]);
            self.valve.reach(Progress::Answered);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.valve.reach(Progress::Sending);
        if self.valve.holds_back() || !self.kept.is_empty() {
            self.kept.extend(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.valve.holds_back() && !self.kept.is_empty() {
            ready!(self.poll_kept(1, cx))?;
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.valve.reach(Progress::HeldBack);
            // Whoever opens the valve polls again.
            return Poll::Pending;
        }
        ready!(self.poll_kept(0, cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.valve.has_reached(Progress::Sending) {
            self.valve.reach(Progress::Sent);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn the_last_byte_waits_for_the_valve() {
        for chunks in [&["abcdef"][..], &["a", "b", "cdef"], &["abcde", "f"]] {
            // A pipe that takes only two bytes at a time.
            let (near, mut far) = duplex(2);
            let (mut wire, valve) = Wire::new(near);
            valve.begin(true);
            assert!(!valve.has_reached(Progress::Sending));
            for chunk in chunks {
                wire.write_all(chunk.as_bytes()).await.unwrap();
            }
            assert!(valve.has_reached(Progress::Sending) && !valve.has_reached(Progress::HeldBack));
            let mut come = [0; 5];
            tokio::select! {
                flushed = wire.flush() => panic!("{flushed:?}"),
                read = far.read_exact(&mut come) => assert_eq!(read.unwrap(), 5),
            }
            assert_eq!(&come, b"abcde");
            // The reader may have been first to see that all is there.
            let flushed = futures_util::future::poll_immediate(wire.flush()).await;
            assert!(flushed.is_none());
            assert!(valve.has_reached(Progress::HeldBack) && !valve.has_reached(Progress::Sent));
            valve.release();
            wire.flush().await.unwrap();
            assert!(valve.has_reached(Progress::Sent) && !valve.has_reached(Progress::Answered));
            assert_eq!(far.read_u8().await.unwrap(), b'f');
        }
    }

    #[tokio::test]
    async fn an_answer_is_noticed_and_its_absence_too() {
        let (near, mut far) = duplex(8);
        let (mut wire, valve) = Wire::new(near);
        valve.begin(false);
        wire.write_all(b"ab").await.unwrap();
        wire.flush().await.unwrap();
        assert!(valve.has_reached(Progress::Sent) && !valve.has_reached(Progress::Answered));
        far.write_all(b"x").await.unwrap();
        assert_eq!(wire.read_u8().await.unwrap(), b'x');
        assert!(valve.has_reached(Progress::Answered));
        valve.begin(false);
        wire.write_all(b"ab").await.unwrap();
        wire.flush().await.unwrap();
        drop(far);
        assert_eq!(wire.read(&mut [0]).await.unwrap(), 0);
        assert!(valve.has_reached(Progress::Sent) && !valve.has_reached(Progress::Answered));
    }
}
