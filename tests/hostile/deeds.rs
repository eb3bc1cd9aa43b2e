//! What rows have in common: ways to spoil an answer, and what is put into it.

use std::io::{self, Read, Write};
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::Value;
use uuid::Uuid;

use crate::server::{Answer, Line, Then};

/// A whole answer with this body, under this media type.
pub fn whole(line: &mut Line<'_>, media_type: &str, body: impl AsRef<[u8]>) -> io::Result<Then> {
    line.pass_as(|answer| {
        answer.set("content-type", media_type);
        answer.body = body.as_ref().to_vec();
    })
}

/// The answer, with another member in its object.
pub fn with_member(line: &mut Line<'_>, member: &str) -> io::Result<Then> {
    line.pass_as(|answer| answer.add_member(member))
}

/// The answer of the reference under another status line.
pub fn under(line: &mut Line<'_>, status_line: &str) -> io::Result<Then> {
    let bytes = line.answer()?.bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let rest = text.split_once("\r\n").map_or("", |(_, rest)| rest);
    line.send(format!("{status_line}\r\n{rest}"))?;
    Ok(Then::GoesOn)
}

/// The answer with its length told like this, and the connection closed after it.
pub fn measured(line: &mut Line<'_>, framing: &str) -> io::Result<Then> {
    let (head, body) = line.taken_apart(framing)?;
    line.send(head)?;
    line.say(body)
}

/// The body in chunks, and what follows them.
pub fn chunked(line: &mut Line<'_>, extension: &str, end: &str) -> io::Result<Then> {
    let (head, body) = line.taken_apart("transfer-encoding: chunked\r\nconnection: close")?;
    line.send(head)?;
    line.send(format!("{:x}{extension}\r\n", body.len()))?;
    line.send(body)?;
    line.say(format!("\r\n{end}"))
}

/// The answer with these lines in its head.
pub fn with_lines(line: &mut Line<'_>, lines: &str) -> io::Result<Then> {
    let answer = line.answer()?;
    let framing = format!("content-length: {}\r\n{lines}", answer.body.len());
    line.send(answer.head(&framing))?;
    line.send(answer.body)?;
    Ok(Then::GoesOn)
}

pub fn redirect(line: &mut Line<'_>, location: &str) -> io::Result<Then> {
    line.send(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ))?;
    Ok(Then::GoesOn)
}

pub fn login(line: &mut Line<'_>, token: &str, expires_at: &str) -> io::Result<Then> {
    let body =
        format!("{{\"token\":\"{token}\",\"expiresAt\":{expires_at},\"tokenType\":\"Bearer\"}}");
    whole(line, "application/json", body)
}

/// The answer with this body, which is coded.
pub fn coded(line: &mut Line<'_>, coding: &str, body: Vec<u8>) -> io::Result<Then> {
    line.pass_as(|answer| {
        answer.set("content-encoding", coding);
        answer.body = body;
    })
}

pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .unwrap()
}

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .unwrap()
}

/// Well-formed JSON, so deep.
pub fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// A JSON string that clears a screen, names a window, runs as script and turns text around.
pub fn evil() -> String {
    r#""\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eevil\u2066\u0000<script>alert(1)</script>'\"|rm -rf /""#
        .replace("\\u009b", "\u{9b}")
        .replace("\\u202e", "\u{202e}")
}

/// Puts twelve megabytes of cards of others before those of a list.
pub fn long_list(answer: &mut Answer) {
    static OTHERS: OnceLock<String> = OnceLock::new();
    let Ok(Value::Array(cards)) = serde_json::from_slice(&answer.body) else {
        return;
    };
    let Some(mut other) = cards.first().cloned() else {
        return;
    };
    let others = OTHERS.get_or_init(|| {
        other["accountId"] = Uuid::new_v4().to_string().into();
        other["id"] = "{id}".into();
        let other = other.to_string();
        let count = (12 << 20) / other.len();
        (0..count).fold(String::new(), |list, _| {
            list + "," + &other.replace("{id}", &Uuid::new_v4().to_string())
        })
    });
    answer.body.pop();
    answer.body.extend_from_slice(others.as_bytes());
    answer.body.push(b']');
}

/// Ten megabytes of white space, compressed once.
pub fn bomb(coding: &'static str) -> Vec<u8> {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    let nothing = || vec![b' '; 10 << 20];
    let bomb = BOMB.get_or_init(|| match coding {
        "gzip" => gzipped(&nothing()),
        _ => deflated(&nothing()),
    });
    bomb.clone()
}

/// From now on, requests are handed on to a reference that knows nothing.
pub fn start_anew(line: &Line<'_>) {
    let another = *line.target.another.lock().unwrap();
    *line.target.reference.lock().unwrap() = another.unwrap();
}

const POST: &str = "POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n";

/// Posts an event to where events go, and waits for the answer.
pub fn post_event(line: &Line<'_>, body: &str) {
    post_events(line, body, 1);
}

/// Posts the same event many times, some at once over one connection, and waits for the answers.
pub fn post_events(line: &Line<'_>, body: &str, times: usize) {
    const AT_ONCE: usize = 200;
    (0..times.div_ceil(AT_ONCE)).for_each(|_| post_at_once(line, body, times.min(AT_ONCE)));
}

fn post_at_once(line: &Line<'_>, body: &str, times: usize) {
    let rest = format!("content-length: {}\r\n\r\n{body}", body.len());
    let last = format!("{POST}connection: close\r\n{rest}");
    let all = format!("{POST}{rest}").repeat(times - 1) + &last;
    if let Some(mut stream) = line.deliver(all) {
        drop(stream.read_to_end(&mut Vec::new()));
    }
}

/// Keeps what a create is answered with, and tells of it again and again before the card is issued.
pub fn storm_of_creations(line: &mut Line<'_>) -> io::Result<Then> {
    if !line.request.path.ends_with("/issue") {
        let answer = line.answer()?;
        *line.target.kept.lock().unwrap() = Some(answer.clone());
        line.send(answer.bytes())?;
        return Ok(Then::GoesOn);
    }
    let kept = line.target.kept.lock().unwrap().take();
    if let Some(made) = kept
        && let Ok(mut event) = serde_json::from_slice::<Value>(&made.body)
    {
        event["webhookType"] = "card.updated".into();
        event["eventId"] = Uuid::new_v4().to_string().into();
        post_events(line, &event.to_string(), 600);
    }
    line.pass()
}

/// Posts chunk after chunk, until whoever listens has had enough.
pub fn post_without_end(line: &Line<'_>) {
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    if let Some(mut stream) = line.deliver(format!("{POST}transfer-encoding: chunked\r\n\r\n")) {
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    }
}

/// Posts the head of an event, and nothing more for as long as whoever listens waits.
pub fn post_a_head(line: &Line<'_>) {
    if let Some(mut stream) = line.deliver(format!("{POST}content-length: 1000\r\n\r\n")) {
        std::thread::spawn(move || drop(stream.read_to_end(&mut Vec::new())));
    }
}
