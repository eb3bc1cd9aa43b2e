//! The table: every misbehaviour, and what the program must make of it.

use std::sync::atomic::Ordering;

use crate::deeds::{
    bomb, chunked, coded, evil, gzipped, login, long_list, measured, nested, post_a_head,
    post_event, post_events, post_without_end, redirect, start_anew, storm_of_creations, under,
    whole, with_lines, with_member,
};
use crate::server::{At, Deed, Request, Spoil, Then};

/// What the program must make of it.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// Nothing: it is strange, and no fault.
    Passes,
    /// The same, but these words are told.
    Told(&'static str),
    /// The target departs from just these requirements.
    Departs(&'static [&'static str]),
    /// Nobody's proven fault, told in these words.
    Hindered(&'static str),
    /// A departure or an obstacle, as the moment has it; never a pass.
    Wrong,
    /// There is no run, and these words say why.
    Unprepared(&'static str),
}

use Outcome::{Departs, Hindered, Passes, Told, Unprepared, Wrong};

/// One misbehaviour.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    /// What the target does.
    pub words: &'static str,
    pub spoil: Spoil,
    pub outcome: Outcome,
    /// The time that the run is given.
    pub max_time: &'static str,
    /// What else the profile says: text and what stands in its place.
    pub edits: &'static [(&'static str, &'static str)],
}

impl Row {
    /// It comes to a time-out.
    pub fn waits(&self) -> bool {
        let (Hindered(words) | Unprepared(words)) = self.outcome else {
            return false;
        };
        words.contains("no whole answer")
    }

    /// It may end in one way or another.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, Wrong)
    }

    pub fn is_about_events(&self) -> bool {
        self.name.starts_with("event-") || self.name.starts_with("listener-")
    }
}

/// Reads by id.
fn reads(request: &Request) -> bool {
    request.method == "GET" && request.path.starts_with("/v1/cards/")
}

fn creates(request: &Request) -> bool {
    request.method == "POST" && request.path.starts_with("/v1/accounts/")
}

/// Calls that are answered without a body.
fn changes(request: &Request) -> bool {
    request.path.starts_with("/v1/cards/") && !reads(request)
}

/// Every call about cards, none that prepares the run.
fn calls(request: &Request) -> bool {
    let parts = ["/v1/cards", "/v1/accounts/", "/v1/simulator/"];
    parts.iter().any(|part| request.path.starts_with(part))
}

fn issues(request: &Request) -> bool {
    request.path.starts_with("/v1/simulator/") && request.path.ends_with("/issue")
}

fn logins(request: &Request) -> bool {
    request.path == "/v1/auth/token"
}

fn keys(request: &Request) -> bool {
    request.path == "/v1/auth/signing"
}

fn accounts(request: &Request) -> bool {
    request.path == "/v1/sandbox/accounts"
}

fn all(_: &Request) -> bool {
    true
}

/// Does it to every request of a kind.
const fn every(whom: fn(&Request) -> bool, deed: Deed) -> Spoil {
    Spoil {
        at: At::Answer,
        whom,
        after: 0,
        times: usize::MAX,
        deed,
    }
}

const fn at_head(whom: fn(&Request) -> bool, deed: Deed) -> Spoil {
    Spoil {
        at: At::Head,
        ..every(whom, deed)
    }
}

const fn connecting(deed: Deed) -> Spoil {
    Spoil {
        at: At::Connecting,
        ..every(all, deed)
    }
}

const fn row(name: &'static str, words: &'static str, spoil: Spoil, outcome: Outcome) -> Row {
    Row {
        name,
        words,
        spoil,
        outcome,
        max_time: "20s",
        edits: &[],
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const LETTERS: &[u8] = &[b'x'; 1 << 16];
const JSON: &str = "application/json";

/// What a read departs from that is not answered with the card.
const UNREADABLE: &[&str] = &["HTTP-1", "LIFE-11", "READ-1"];
/// Answers may take longer than the run.
const PATIENT: &[(&str, &str)] = &[("timeout = \"10s\"", "timeout = \"60s\"")];

/// The table.
#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // How much, how fast, how told.
        row("endless-body", "a body without end",
            every(reads, |line| line.flood(&format!("{OK}\r\n"), LETTERS)), Hindered("is longer than")),
        row("endless-chunks", "chunks without end",
            every(reads, |line| line.flood(&format!("{OK}transfer-encoding: chunked\r\n\r\n"), b"4\r\nxxxx\r\n")), Hindered("no whole answer within 300ms")),
        row("huge-body", "a hundred megabytes, honestly told",
            every(reads, |line| line.flood(&format!("{OK}content-length: 100000000\r\n\r\n"), LETTERS)), Hindered("is longer than")),
        row("big-card", "a good card with a megabyte in a further member",
            every(reads, |line| with_member(line, &format!("\"note\":\"{}\"", "x".repeat(1 << 20)))), Hindered("is longer than")),
        row("big-list", "a programme's list with twelve megabytes of others' cards",
            every(|r| r.path == "/v1/cards", |line| line.pass_as(long_list)), Passes),
        row("slow-body", "a byte a second",
            every(reads, |line| line.drip(&format!("{OK}content-length: 1000\r\n\r\n"))), Hindered("no whole answer within 300ms")),
        row("slow-head", "a head of a byte a second",
            every(reads, |line| line.drip("HTTP/1.1 200 OK\r\nx-slow: ")), Hindered("no whole answer within 300ms")),
        row("slow-loris", "every call is answered a byte a second, without end",
            every(calls, |line| line.drip("HTTP/1.1 200 OK\r\n")), Hindered("no whole answer within 300ms")),
        row("gzip-bomb", "ten megabytes of nothing, gzipped",
            every(reads, |line| coded(line, "gzip", bomb("gzip"))), Departs(&["BODY-12"])),
        row("deflate-bomb", "ten megabytes of nothing, deflated",
            every(reads, |line| coded(line, "deflate", bomb("deflate"))), Departs(&["BODY-12"])),
        row("brotli-bomb", "what is said to be brotli",
            every(reads, |line| coded(line, "br", vec![0x5b, 0xff, 0xff, 0xff])), Departs(&["BODY-12"])),
        row("honest-gzip", "the card, gzipped though nobody asked",
            every(reads, |line| { let body = line.answer()?.body; coded(line, "gzip", gzipped(&body)) }), Departs(&["BODY-12"])),
        row("body-cut", "less of a body than was told",
            every(reads, |line| measured(line, "content-length: 100000")), Hindered("broke off after")),
        row("length-too-short", "a length shorter than the body",
            every(reads, |line| measured(line, "content-length: 20")), Departs(&["BODY-12"])),
        row("length-twice", "two lengths that differ",
            every(reads, |line| measured(line, "content-length: 20\r\ncontent-length: 30")), Hindered("content-length")),
        row("length-twice-alike", "the right length, twice",
            every(reads, |line| { let n = line.answer()?.body.len(); measured(line, &format!("content-length: {n}\r\ncontent-length: {n}\r\nconnection: close")) }), Passes),
        row("length-negative", "a length below nothing",
            every(reads, |line| measured(line, "content-length: -1")), Hindered("content-length")),
        row("length-in-words", "a length that is no number",
            every(reads, |line| measured(line, "content-length: many")), Hindered("content-length")),
        row("length-beyond-numbers", "a length that no number holds",
            every(reads, |line| measured(line, "content-length: 99999999999999999999999")), Hindered("content-length")),
        row("chunk-size-in-words", "a chunk whose size is no number",
            every(reads, |line| line.say(format!("{OK}transfer-encoding: chunked\r\n\r\nzz\r\n"))), Hindered("chunk size")),
        row("chunk-size-beyond-numbers", "a chunk whose size no number holds",
            every(reads, |line| line.say(format!("{OK}transfer-encoding: chunked\r\n\r\nfffffffffffffffffff\r\n"))), Hindered("chunk size")),
        row("chunk-extension-huge", "a chunk with a megabyte of extension",
            every(reads, |line| chunked(line, &format!(";x={}", "y".repeat(1 << 20)), "0\r\n\r\n")), Hindered("chunk")),
        row("chunks-without-end", "no last chunk",
            every(reads, |line| chunked(line, "", "")), Hindered("broke off after")),
        row("chunks-with-trailers", "fields after the last chunk",
            every(reads, |line| chunked(line, "", "0\r\nx-sum: 7\r\n\r\n")), Passes),
        row("trailers-without-end", "fields after the last chunk, without end",
            every(reads, |line| line.flood(&format!("{OK}transfer-encoding: chunked\r\n\r\n0\r\n"), b"x-more: 7\r\n")), Hindered("trailer")),
        row("length-and-chunks", "both a length and chunks",
            every(reads, |line| { let (head, body) = line.taken_apart("content-length: 3\r\ntransfer-encoding: chunked\r\nconnection: close")?; line.send(head)?; line.send(format!("{:x}\r\n", body.len()))?; line.send(body)?; line.say("\r\n0\r\n\r\n") }), Passes),
        row("body-on-204", "a body where none may be",
            every(changes, |line| { line.pass()?; line.send("{\"surprise\":1}")?; Ok(Then::GoesOn) }), Hindered("more than the answer")),
        row("length-on-204", "a body where none may be, and its length",
            every(changes, |line| line.pass_as(|answer| if answer.status == 204 { answer.set("content-length", "14"); answer.body = b"{\"surprise\":1}".to_vec(); })), Departs(&["BODY-12"])),
        row("body-on-304", "not modified, with a body",
            every(reads, |line| line.say("HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n{}")), Departs(UNREADABLE)),

        // What it holds.
        row("html-as-json", "a page of a gateway, said to be JSON",
            every(reads, |line| whole(line, JSON, "<html><script>alert(1)</script></html>")), Departs(&["BODY-12"])),
        row("text-as-json", "words, said to be JSON",
            every(reads, |line| whole(line, JSON, "all is well")), Departs(&["BODY-12"])),
        row("json-as-html", "a good card, said to be a page",
            every(reads, |line| line.pass_as(|answer| answer.set("content-type", "text/html"))), Departs(&["BODY-12"])),
        row("xml", "a card in XML",
            every(reads, |line| whole(line, "application/xml", "<card/>")), Departs(&["BODY-12"])),
        row("no-media-type", "a good card that does not say what it is",
            every(reads, |line| line.pass_as(|answer| answer.headers.retain(|(name, _)| name != "content-type"))), Departs(&["BODY-12"])),
        row("media-type-twice", "two media types",
            every(reads, |line| with_lines(line, "content-type: text/html")), Passes),
        row("empty-body", "a success without its body",
            every(reads, |line| whole(line, JSON, "")), Departs(&["BODY-12"])),
        row("no-utf8", "bytes that are no UTF-8, in a further member",
            every(reads, |line| line.pass_as(|answer| { answer.add_member("\"note\":\"?\""); answer.body[9] = 0xff; })), Departs(&["BODY-12"])),
        row("json-cut", "JSON that ends too early",
            every(reads, |line| line.pass_as(|answer| { answer.body.pop(); })), Departs(&["BODY-12"])),
        row("json-twice", "two JSON texts in one body",
            every(reads, |line| line.pass_as(|answer| answer.body.extend_from_slice(b"{}"))), Departs(&["BODY-12"])),
        row("nested-card", "a good card with a member that is nested ten thousand deep",
            every(reads, |line| with_member(line, &format!("\"deep\":{}", nested(10_000)))), Hindered("recursion limit")),
        row("nested-list", "a list of everything, ten thousand deep",
            every(|r| r.path == "/v1/cards", |line| whole(line, JSON, nested(10_000))), Hindered("recursion limit")),
        row("list-of-numbers", "an account's list of thirty thousand numbers",
            every(|r| r.method == "GET" && r.path.starts_with("/v1/accounts/"), |line| whole(line, JSON, format!("[{}0]", "0,".repeat(30_000)))), Departs(&["BODY-1", "READ-2"])),
        row("nested-refusal", "refusals that are nested ten thousand deep",
            every(all, |line| line.pass_as(|answer| if answer.status >= 400 { answer.body = nested(10_000).into_bytes(); })), Hindered("recursion limit")),
        row("name-twice", "a status, and another status",
            every(reads, |line| with_member(line, "\"status\":\"blocked\"")), Departs(&["BODY-1"])),
        row("name-twice-alike", "a further member, twice the same",
            every(reads, |line| with_member(line, "\"note\":1,\"note\":1")), Passes),
        row("huge-number", "a number beyond all others, in a further member",
            every(reads, |line| with_member(line, "\"note\":1e999999")), Hindered("number out of range")),
        row("long-number", "a number of a thousand digits, in a further member",
            every(reads, |line| with_member(line, &format!("\"note\":{}", "7".repeat(1000)))), Hindered("number out of range")),
        row("not-a-number", "NaN, which JSON does not have",
            every(reads, |line| with_member(line, "\"note\":NaN")), Departs(&["BODY-12"])),
        row("byte-order-mark", "a byte order mark before the JSON",
            every(reads, |line| line.pass_as(|answer| drop(answer.body.splice(0..0, *b"\xef\xbb\xbf")))), Departs(&["BODY-12"])),
        row("lone-surrogate", "half a surrogate pair, in a further member",
            every(reads, |line| with_member(line, r#""note":"\ud800""#)), Hindered("hex escape")),
        row("nul", "a bare NUL within a text",
            every(reads, |line| with_member(line, "\"note\":\"a\0b\"")), Departs(&["BODY-12"])),
        row("escapes-in-further-members", "terminal escapes, script and turned text in every further member",
            every(all, |line| line.pass_as(|answer| answer.add_member(&format!("\"note\":{}", evil())))), Passes),
        row("escapes-in-the-status", "the same as the status of a card",
            every(reads, |line| line.pass_as(|answer| answer.replace("\"status\":\"active\"", &format!("\"status\":{}", evil())))), Departs(&["BODY-4"])),
        row("escapes-in-refusals", "the same as the words of each refusal, bare, and said to be JSON",
            every(calls, |line| line.pass_as(|answer| if answer.status >= 400 { answer.body = evil().replace("\\u", "\u{1b}\u{202e}\u{9b}").into_bytes(); answer.set("content-type", JSON); })), Departs(&["BODY-13"])),
        row("ids-that-are-paths", "cards whose id leads elsewhere",
            every(creates, |line| line.pass_as(|answer| { let text = String::from_utf8_lossy(&answer.body).into_owned(); let id = text.split('"').nth(3).unwrap_or_default().to_owned(); answer.replace(&id, "../../../etc/passwd"); })), Departs(&["BODY-3", "READ-2", "READ-3"])),
        row("created-elsewhen", "cards that were made in another century",
            every(calls, |line| line.pass_as(|answer| { answer.replace("At\":\"20", "At\":\"19"); })), Passes),

        // Heads.
        row("early-hints", "three informational answers before the true one",
            every(reads, |line| { line.send("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(3))?; line.pass() }), Passes),
        row("informational-flood", "informational answers without end",
            every(reads, |line| line.flood("", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")), Hindered("no whole answer within 300ms")),
        row("huge-field", "a field of a megabyte",
            every(reads, |line| with_lines(line, &format!("x-huge: {}", "x".repeat(1 << 20)))), Hindered("too large")),
        row("thousands-of-fields", "five thousand fields",
            every(reads, |line| with_lines(line, "x-many: 1\r\n".repeat(5000).trim_end())), Hindered("too large")),
        row("field-without-colon", "a field that is none",
            every(reads, |line| with_lines(line, "no colon here")), Hindered("invalid HTTP header")),
        row("field-with-escape", "a terminal escape in a field",
            every(reads, |line| with_lines(line, "x-evil: \u{1b}[2J")), Hindered("invalid HTTP header")),
        row("field-with-turned-text", "what turns text around in a field",
            every(reads, |line| with_lines(line, "x-evil: \u{202e}\u{9b}31m")), Passes),
        row("field-with-nul", "a NUL in a field",
            every(reads, |line| with_lines(line, "x-evil: a\0b")), Hindered("invalid HTTP header")),
        row("field-split", "a field that was split by what a caller sent",
            every(reads, |line| with_lines(line, "x-echo: a\r\nset-cookie: evil=1\r\ncontent-type: text/html")), Passes),
        row("folded-field", "a field that goes on in the next line, as was once allowed",
            every(reads, |line| with_lines(line, "x-old: a\r\n b")), Hindered("invalid HTTP header")),
        row("bare-line-feeds", "lines that end in a line feed alone",
            every(reads, |line| { let (head, body) = line.taken_apart("connection: close")?; line.send(head.replace('\r', ""))?; line.say(body) }), Passes),
        row("bare-carriage-returns", "lines that end in a carriage return alone",
            every(reads, |line| { let (head, body) = line.taken_apart("connection: close")?; line.send(head.replace('\n', ""))?; line.say(body) }), Hindered("invalid HTTP")),
        row("http-0.9", "a body and nothing else",
            every(reads, |line| line.say("{\"status\":\"active\"}")), Hindered("invalid HTTP")),
        row("http-1.0", "a good answer of an older version",
            every(reads, |line| { let answer = line.answer()?; line.send(answer.head("x-old: yes").replacen("HTTP/1.1", "HTTP/1.0", 1))?; line.say(answer.body) }), Passes),
        row("http-2", "the frames of another version",
            every(reads, |line| line.say(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\xa0\0\0\0\x02\0\0\0\0")), Hindered("invalid HTTP")),
        row("status-line-in-lower-case", "http/1.1 200 ok",
            every(reads, |line| under(line, "http/1.1 200 ok")), Hindered("invalid HTTP")),
        row("status-0", "a status of one digit",
            every(reads, |line| under(line, "HTTP/1.1 0 X")), Hindered("invalid HTTP")),
        row("status-99", "a status of two digits",
            every(reads, |line| under(line, "HTTP/1.1 099 X")), Hindered("invalid HTTP")),
        row("status-600", "a status beyond the classes, which counts as a server error",
            every(reads, |line| under(line, "HTTP/1.1 600 X")), Departs(&["HTTP-2"])),
        row("status-999", "the last status that three digits hold",
            every(reads, |line| under(line, "HTTP/1.1 999 X")), Departs(&["HTTP-2"])),
        row("status-1000", "a status of four digits",
            every(reads, |line| under(line, "HTTP/1.1 1000 X")), Hindered("invalid HTTP")),
        row("no-reason", "a status line without a reason",
            every(reads, |line| under(line, "HTTP/1.1 200")), Passes),
        row("reason-with-escape", "a terminal escape as the reason",
            every(reads, |line| under(line, "HTTP/1.1 200 \u{1b}[31mOK")), Hindered("invalid HTTP")),
        row("words-before-the-status-line", "a warning of some script before the answer",
            every(reads, |line| { line.send("Warning: deprecated\r\n")?; line.pass() }), Hindered("invalid HTTP")),
        row("lines-before-the-status-line", "empty lines before the answer",
            every(reads, |line| { line.send("\r\n\r\n")?; line.pass() }), Passes),
        row("switching-protocols", "another protocol, for which nobody asked",
            every(reads, |line| line.say("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n\0\0\0")), Departs(UNREADABLE)),
        row("upgrade-offered", "a good answer that offers another protocol",
            every(reads, |line| with_lines(line, "upgrade: h2c\r\nconnection: upgrade")), Passes),
        row("dates-elsewhen", "a `Date` that is ten years off, of everything but the login",
            every(calls, |line| line.pass_as(|answer| answer.set("date", "Tue, 20 Apr 2016 02:07:53 GMT"))), Passes),

        row("dates-of-logins-ahead", "a `Date` of the login that is many years ahead",
            every(logins, |line| line.pass_as(|answer| answer.set("date", "Wed, 20 Apr 2095 02:07:53 GMT"))), Told("ahead of the clock of this machine")),
        row("dates-of-logins-behind", "a `Date` of the login that is years behind",
            every(logins, |line| line.pass_as(|answer| answer.set("date", "Wed, 20 Apr 2016 02:07:53 GMT"))), Told("behind the clock of this machine")),

        // Connections.
        row("two-answers", "two answers to one request",
            every(reads, |line| { let twice = line.answer()?.bytes().repeat(2); line.send(twice)?; Ok(Then::GoesOn) }), Hindered("more than the answer")),
        row("answer-before-the-request", "an answer to nothing",
            connecting(|line| { line.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?; line.hang("") }), Unprepared("/auth/token")),
        row("answer-of-another", "a read is answered with what another connection asked for",
            every(reads, |line| { let own = line.answer()?; let id = line.request.path.replace("/v1/cards/", ""); let first = line.target.kept.lock().unwrap().get_or_insert(own.clone()).clone(); let is_its_own = String::from_utf8_lossy(&first.body).contains(&id); line.send(if is_its_own { own } else { first }.bytes())?; Ok(Then::GoesOn) }), Departs(&["KEEP-1"])),
        row("reset-at-once", "each connection is reset",
            connecting(|line| line.break_off("")), Unprepared("got no answer")),
        row("reset-within-the-request", "reset when half of a create is there",
            at_head(creates, |line| line.break_off("")), Hindered("no answer:")),
        row("reset-before-the-answer", "reset once the request is there",
            every(reads, |line| line.break_off("")), Hindered("no answer:")),
        row("reset-in-the-head", "reset within the head of the answer",
            every(reads, |line| line.break_off("HTTP/1.1 200 OK\r\nx-h")), Hindered("no answer:")),
        row("reset-in-the-body", "reset within the body of the answer",
            every(reads, |line| line.break_off(format!("{OK}content-length: 500\r\n\r\n{{"))), Hindered("no answer:")),
        row("closed-before-the-answer", "closed once the request is there",
            every(reads, |_| Ok(Then::Closes)), Hindered("no answer:")),
        row("closed-after-each-answer", "each connection is closed after its first answer",
            every(all, |line| line.pass_as(|answer| answer.set("connection", "close")).map(|_| Then::Closes)), Passes),
        row("hang-at-once", "no connection gets anywhere",
            connecting(|line| line.hang("")), Unprepared("no whole answer within 300ms. Check base_url")),
        row("hang-within-the-request", "nothing more is read once the head of a create is there",
            at_head(creates, |line| line.hang("")), Hindered("no whole answer within 300ms")),
        row("hang-before-the-answer", "no answer to a read",
            every(reads, |line| line.hang("")), Hindered("no whole answer within 300ms")),
        row("hang-in-the-head", "half a head",
            every(reads, |line| line.hang("HTTP/1.1 200 OK\r\nx-h")), Hindered("no whole answer within 300ms")),
        row("hang-in-the-body", "half a body",
            every(reads, |line| line.hang(format!("{OK}content-length: 500\r\n\r\n{{"))), Hindered("no whole answer within 300ms")),
        row("hang-on-every-call", "prepared well, and then no call is answered",
            every(calls, |line| line.hang("")), Hindered("no whole answer within 300ms")),
        Row { edits: PATIENT, max_time: "2s", ..row("hang-beyond-the-time", "no call is answered, where the profile would wait for a minute",
            every(calls, |line| line.hang("")), Hindered("check that the target runs, that base_url leads to it")) },
        Row { edits: PATIENT, max_time: "3s", ..row("hang-beside-a-departure", "reads are wrong, and after them nothing is answered for a minute",
            every(|r| reads(r) || changes(r), |line| match line.request.method.as_str() { "GET" => whole(line, JSON, "<html>"), _ => line.hang("") }), Departs(&["BODY-12"])) },
        Row { max_time: "1300ms", ..row("hang-until-the-time", "reads are never answered, and the time is up while they are tried once more",
            every(reads, |line| line.hang("")), Hindered("no whole answer within 300ms")) },
        row("one-lost-answer", "a single answer is lost, among good ones",
            Spoil { times: 1, ..every(|r| r.path.ends_with("/deactivate"), |line| line.break_off("")) }, Told("no answer:")),
        row("restart", "gone for a while, and back as it was",
            Spoil { after: 4, times: 1, ..every(calls, |line| { line.target.turns_away.store(3, Ordering::SeqCst); line.break_off("") }) }, Told("no answer:")),
        row("restart-with-nothing", "gone for a while, and back without anything that it knew",
            Spoil { after: 4, times: 1, ..every(calls, |line| { line.target.turns_away.store(3, Ordering::SeqCst); start_anew(line); line.break_off("") }) }, Wrong),
        Row { edits: &[("base_url = \"http://127.0.0.1:", "base_url = \"http://127.0.0.2:")], ..row("refused-connections", "nobody listens at the address",
            every(all, |line| line.pass()), Unprepared("no connection")) },
        row("busy", "every call is answered with 429",
            every(calls, |line| line.pass_as(|answer| answer.status = 429)), Hindered("429 (too many requests)")),
        row("unavailable", "every call is answered with 503, and not a word on when it is over",
            every(calls, |line| line.pass_as(|answer| answer.status = 503)), Departs(&["HTTP-2", "HTTP-3"])),
        row("broken", "every read is answered with 500",
            every(reads, |line| line.pass_as(|answer| answer.status = 500)), Departs(&["HTTP-2"])),
        row("bad-gateway", "every read is answered with a gateway's page",
            every(reads, |line| line.say("HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")), Departs(&["HTTP-2"])),

        // Elsewhere.
        row("redirect-loop", "a redirect to the same place",
            every(reads, |line| { let path = line.request.path.clone(); redirect(line, &path) }), Departs(UNREADABLE)),
        row("redirect-elsewhere", "a redirect to another server",
            every(reads, |line| { let elsewhere = line.target.elsewhere; redirect(line, &format!("http://{elsewhere}/v1/cards")) }), Departs(UNREADABLE)),
        row("redirect-with-a-password", "a redirect to another server, with a name and a password",
            every(reads, |line| { let elsewhere = line.target.elsewhere; redirect(line, &format!("http://admin:hunter2@{elsewhere}/")) }), Departs(UNREADABLE)),
        row("redirect-to-a-file", "a redirect to a file of this machine",
            every(reads, |line| redirect(line, "file:///etc/passwd")), Departs(UNREADABLE)),
        row("redirected-login", "the login is answered with a redirect to another server",
            every(logins, |line| { let elsewhere = line.target.elsewhere; redirect(line, &format!("http://{elsewhere}/v1/auth/token")) }), Unprepared("answered with 307")),
        row("tls-on-a-plain-port", "a TLS alert where HTTP is spoken",
            connecting(|line| line.say(b"\x15\x03\x01\0\x02\x02\x46")), Unprepared("got no answer")),
        Row { edits: &[("base_url = \"http://", "base_url = \"https://")], ..row("plain-on-a-tls-port", "plain HTTP where TLS is spoken",
            connecting(|line| line.say("HTTP/1.1 400 Bad Request\r\n\r\n")), Unprepared("no connection")) },

        // Set-up.
        row("token-of-a-megabyte", "a bearer token of a megabyte",
            every(logins, |line| login(line, &"x".repeat(1 << 20), "99999999999")), Unprepared("is longer than")),
        row("long-token", "a bearer token of fifty kilobytes",
            every(logins, |line| login(line, &"x".repeat(50_000), "99999999999")), Unprepared("answered with 401")),
        row("token-with-a-line-feed", "a bearer token that would split a head",
            every(logins, |line| login(line, "a\\r\\nx-evil: 1", "99999999999")), Unprepared("its token is unusable")),
        row("token-expired", "a bearer token that expired long ago",
            every(logins, |line| login(line, "token-of-somebody", "1")), Unprepared("expired already")),
        row("token-expires-in-words", "an expiry in words",
            every(logins, |line| login(line, "token-of-somebody", "\"tomorrow\"")), Unprepared("no `expiresAt` in epoch seconds")),
        row("token-expires-never", "an expiry at the end of numbers",
            every(logins, |line| line.pass_as(|answer| { let text = String::from_utf8_lossy(&answer.body).into_owned(); let from = text.find("\"expiresAt\":").map_or(0, |at| at + 12); let digits: String = text[from..].chars().take_while(char::is_ascii_digit).collect(); answer.replace(&digits, "9223372036854775807"); })), Passes),
        row("login-without-end", "a login whose answer never ends",
            every(logins, |line| line.flood(OK, b"x: y\r\n")), Unprepared("too large")),
        row("nested-login", "a login that is nested ten thousand deep",
            every(logins, |line| whole(line, JSON, nested(10_000))), Unprepared("is no JSON")),
        row("login-with-escapes", "a login that is refused with terminal escapes",
            every(logins, |line| line.pass_as(|answer| { answer.status = 401; answer.body = "\u{1b}[2J\u{202e}\u{9b}".into(); })), Unprepared("answered with 401")),
        row("key-with-a-line-feed", "a key id that would split a head",
            every(keys, |line| whole(line, JSON, r#"{"keyId":"a\r\nx-evil: 1"}"#)), Unprepared("keyId")),
        row("account-that-is-a-path", "an account whose id leads elsewhere",
            every(accounts, |line| whole(line, JSON, r#"{"accountId":"../../x"}"#)), Unprepared("a UUID at /accountId is expected")),
        row("account-without-end", "an account whose id is a megabyte",
            every(accounts, |line| whole(line, JSON, format!("{{\"accountId\":\"{}\"}}", "x".repeat(1 << 20)))), Unprepared("a UUID at /accountId is expected")),

        // Events.
        row("event-endless", "an event without end, before the true ones",
            every(issues, |line| { post_without_end(line); line.pass() }), Hindered("an event was dropped")),
        row("event-slow", "an event of which nothing comes but its head, beside the true ones",
            every(issues, |line| { let then = line.pass()?; post_a_head(line); Ok(then) }), Passes),
        row("event-by-get", "an event by GET, beside the true ones",
            every(issues, |line| { if let Some(mut stream) = line.deliver("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n") { std::io::Read::read(&mut stream, &mut [0])?; } line.pass() }), Hindered("events are posted")),
        row("event-no-json", "an event that is no JSON",
            every(issues, |line| { let then = line.pass()?; post_event(line, "all is well"); Ok(then) }), Departs(&["HOOK-2"])),
        row("event-nested", "an event that is nested ten thousand deep",
            every(issues, |line| { let then = line.pass()?; post_event(line, &nested(10_000)); Ok(then) }), Hindered("recursion limit")),
        row("event-storm", "ten thousand events that say nothing, before the true ones",
            every(issues, |line| { post_events(line, "{}", 10_000); line.pass() }), Departs(&["HOOK-2", "HOOK-7", "HOOK-8"])),
        row("event-storm-of-duplicates", "six hundred times the event of a creation, before the true ones",
            every(|r| creates(r) || issues(r), storm_of_creations), Hindered("events came in one case")),
        row("event-with-escapes", "an event of terminal escapes",
            every(issues, |line| { let then = line.pass()?; post_event(line, &format!("{{\"webhookType\":{}}}", evil())); Ok(then) }), Departs(&["HOOK-2", "HOOK-7", "HOOK-8"])),
        Row { edits: &[("[webhooks]\n", "[webhooks]\nlisten = \"{taken}\"\n")], ..row("listener-taken", "the address for events is in use",
            every(all, |line| line.pass()), Hindered("another process has it")) },
    ]
}
