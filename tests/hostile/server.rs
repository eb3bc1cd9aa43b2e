//! A card API that misbehaves: it stands before the reference, hands requests on to it, and spoils what a row says.
//!
//! Plain threads and sockets, so that every byte that goes out is one that the table has chosen.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::SockRef;

/// A request, as far as it was read.
pub struct Request {
    pub method: String,
    /// `/v1/cards`.
    pub path: String,
    pub body: String,
    /// All of it, to be handed on.
    bytes: Vec<u8>,
}

/// An answer of the reference.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Whether the connection goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    GoesOn,
    Closes,
}

/// When a misdeed is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before anything is read.
    Connecting,
    /// When the head of a request is there, and its body is not read yet.
    Head,
    /// In place of the answer.
    Answer,
}

/// What is done.
pub type Deed = fn(&mut Line<'_>) -> io::Result<Then>;

/// One kind of misbehaviour.
#[derive(Clone, Copy)]
pub struct Spoil {
    pub at: At,
    /// To which requests it is done.
    pub whom: fn(&Request) -> bool,
    /// So many of them are spared at first.
    pub after: usize,
    /// And only so many are hit.
    pub times: usize,
    pub deed: Deed,
}

/// One connection, and the request that is being answered.
pub struct Line<'a> {
    pub stream: &'a mut TcpStream,
    pub request: Request,
    pub target: &'a Target,
}

/// What all connections share.
pub struct Target {
    pub address: SocketAddr,
    /// Where requests are handed on to.
    pub reference: Mutex<SocketAddr>,
    /// A reference that knows nothing of the first.
    pub another: Mutex<Option<SocketAddr>>,
    spoil: Spoil,
    hit: AtomicUsize,
    /// So many connections are still turned away.
    pub turns_away: AtomicUsize,
    /// Kept by a deed for a later one.
    pub kept: Mutex<Option<Answer>>,
    /// Where events go.
    pub callback: Mutex<String>,
    /// Another server, where nobody has any business.
    pub elsewhere: SocketAddr,
    pub visitors: AtomicUsize,
}

impl Target {
    /// Listens before the reference, for as long as the process lives.
    pub fn start(reference: SocketAddr, spoil: Spoil) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let elsewhere = TcpListener::bind("127.0.0.1:0")?;
        let target = Arc::new(Self {
            address: listener.local_addr()?,
            reference: Mutex::new(reference),
            another: Mutex::default(),
            spoil,
            hit: AtomicUsize::new(0),
            turns_away: AtomicUsize::new(0),
            kept: Mutex::default(),
            callback: Mutex::default(),
            elsewhere: elsewhere.local_addr()?,
            visitors: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&target);
        std::thread::spawn(move || {
            for _ in elsewhere.incoming() {
                shared.visitors.fetch_add(1, Ordering::SeqCst);
            }
        });
        let shared = Arc::clone(&target);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let target = Arc::clone(&shared);
                // The client may go away at any point, which ends the connection and nothing else.
                std::thread::spawn(move || drop(target.serve(stream)));
            }
        });
        Ok(target)
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let turned = |left: usize| left.checked_sub(1);
        let ordering = Ordering::SeqCst;
        if self
            .turns_away
            .fetch_update(ordering, ordering, turned)
            .is_ok()
        {
            return reset(&stream).map(drop);
        }
        let nothing = Request {
            method: String::new(),
            path: String::new(),
            body: String::new(),
            bytes: Vec::new(),
        };
        let mut line = Line {
            stream: &mut stream,
            request: nothing,
            target: self,
        };
        if line.is_hit(At::Connecting) && (self.spoil.deed)(&mut line)? == Then::Closes {
            return Ok(());
        }
        while line.read_head()? {
            let then = if line.is_hit(At::Head) {
                (self.spoil.deed)(&mut line)?
            } else {
                line.read_body()?;
                line.note_callback();
                match line.is_hit(At::Answer) {
                    true => (self.spoil.deed)(&mut line)?,
                    false => line.pass()?,
                }
            };
            if then == Then::Closes {
                break;
            }
        }
        Ok(())
    }
}

impl Line<'_> {
    fn is_hit(&self, at: At) -> bool {
        let Target { spoil, hit, .. } = self.target;
        if spoil.at != at || !(spoil.whom)(&self.request) {
            return false;
        }
        let earlier = hit.fetch_add(1, Ordering::SeqCst);
        (spoil.after..spoil.after.saturating_add(spoil.times)).contains(&earlier)
    }

    /// Reads a head. False: the client has closed the connection.
    fn read_head(&mut self) -> io::Result<bool> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end + 4;
            }
            let mut some = [0; 4096];
            match self.stream.read(&mut some)? {
                0 => return Ok(false),
                read => bytes.extend_from_slice(&some[..read]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut words = head.split_whitespace().map(str::to_owned);
        self.request = Request {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            body: String::new(),
            bytes,
        };
        Ok(true)
    }

    fn read_body(&mut self) -> io::Result<()> {
        let bytes = &mut self.request.bytes;
        let start = find(bytes, b"\r\n\r\n").map_or(0, |end| end + 4);
        let length = content_length(&String::from_utf8_lossy(&bytes[..start]));
        let missing = (start + length).saturating_sub(bytes.len());
        let mut rest = vec![0; missing];
        self.stream.read_exact(&mut rest)?;
        bytes.extend_from_slice(&rest);
        self.request.body = String::from_utf8_lossy(&bytes[start..]).into_owned();
        Ok(())
    }

    /// A subscription says where events go.
    fn note_callback(&self) {
        if self.request.path != "/v1/webhooks" || self.request.method != "PUT" {
            return;
        }
        let body: serde_json::Value = serde_json::from_str(&self.request.body).unwrap_or_default();
        if let Some(url) = body["callbackUrl"].as_str() {
            url.clone_into(&mut self.target.callback.lock().unwrap());
        }
    }

    /// What the reference answers.
    pub fn answer(&self) -> io::Result<Answer> {
        let reference = *self.target.reference.lock().unwrap();
        let mut stream = TcpStream::connect(reference)?;
        stream.write_all(&self.request.bytes)?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end + 4;
            }
            let mut some = [0; 4096];
            match stream.read(&mut some)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => bytes.extend_from_slice(&some[..read]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut body = bytes.split_off(end);
        let mut rest = vec![0; content_length(&head).saturating_sub(body.len())];
        stream.read_exact(&mut rest)?;
        body.extend_from_slice(&rest);
        let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok());
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        let fields = fields.filter(|(name, _)| *name != "content-length");
        Ok(Answer {
            status: status.unwrap_or_default(),
            headers: fields.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            body,
        })
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Answers as the reference does.
    pub fn pass(&mut self) -> io::Result<Then> {
        self.pass_as(|_| {})
    }

    /// Answers as the reference does, but for a change.
    pub fn pass_as(&mut self, change: impl FnOnce(&mut Answer)) -> io::Result<Then> {
        let mut answer = self.answer()?;
        change(&mut answer);
        self.send(answer.bytes())?;
        Ok(Then::GoesOn)
    }

    /// Sends this, and closes the connection.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<Then> {
        self.send(bytes)?;
        Ok(Then::Closes)
    }

    /// Sends this, and then nothing for as long as the client waits.
    pub fn hang(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<Then> {
        self.send(bytes)?;
        while self.stream.read(&mut [0; 4096])? > 0 {}
        Ok(Then::Closes)
    }

    /// Sends this, and then this again and again for as long as the client reads. Little is under way at a time, so that
    /// a slow client is not kept busy long after it wants no more.
    pub fn flood(&mut self, head: &str, again: &[u8]) -> io::Result<Then> {
        SockRef::from(&*self.stream).set_send_buffer_size(4096)?;
        self.send(head)?;
        loop {
            self.send(again)?;
        }
    }

    /// Sends this, and then a byte each second for as long as the client waits.
    pub fn drip(&mut self, head: &str) -> io::Result<Then> {
        self.send(head)?;
        self.stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        loop {
            match self.stream.read_exact(&mut [0]) {
                Err(error) if is_timeout(&error) => self.send(" ")?,
                _ => return Ok(Then::Closes),
            }
        }
    }

    /// Sends this, and breaks the connection.
    pub fn break_off(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<Then> {
        self.send(bytes)?;
        reset(self.stream)
    }

    /// Posts something to where events go, and does not mind what comes of it.
    pub fn deliver(&self, bytes: impl AsRef<[u8]>) -> Option<TcpStream> {
        let callback = self.target.callback.lock().unwrap().clone();
        let (address, path) = callback.strip_prefix("http://")?.split_once('/')?;
        let mut stream = TcpStream::connect(address).ok()?;
        let text = String::from_utf8_lossy(bytes.as_ref()).into_owned();
        let text = text.replace("{path}", &format!("/{path}"));
        stream.write_all(text.as_bytes()).ok()?;
        Some(stream)
    }

    /// The head of the reference's answer with other framing, and its body.
    pub fn taken_apart(&self, framing: &str) -> io::Result<(String, Vec<u8>)> {
        let answer = self.answer()?;
        Ok((answer.head(framing), answer.body))
    }
}

impl Answer {
    /// Status line and header fields; `framing` stands where the length stood.
    pub fn head(&self, framing: &str) -> String {
        let fields: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!("HTTP/1.1 {} X\r\n{fields}{framing}\r\n\r\n", self.status)
    }

    /// The whole, honestly framed.
    pub fn bytes(&self) -> Vec<u8> {
        let framing = match self.status {
            204 | 304 => "x-framing: none".to_owned(),
            _ => format!("content-length: {}", self.body.len()),
        };
        let mut bytes = self.head(&framing).into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Puts another member first into an object that is the body.
    pub fn add_member(&mut self, member: &str) {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        if let Some(rest) = text.strip_prefix('{') {
            self.body = format!("{{{member},{rest}").into_bytes();
        }
    }

    pub fn replace(&mut self, from: &str, to: &str) {
        self.body = String::from_utf8_lossy(&self.body)
            .replace(from, to)
            .into_bytes();
    }
}

/// Closes in the way that tells the client of trouble.
fn reset(stream: &TcpStream) -> io::Result<Then> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    Ok(Then::Closes)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn content_length(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    let value = head.split("content-length: ").nth(1);
    let digits = value.and_then(|rest| rest.split("\r\n").next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
