//! Against servers that are nothing but sockets, so that each byte counts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use futures_util::future::{join, join_all};

use super::*;
use crate::drive::address::Base;
use crate::drive::draft::Draft;
use crate::profile::{Accounts, BaseUrl, Wait};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A server that is a function of its listener, and its base URL.
fn serve<T: Send + 'static>(
    server: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    (base, std::thread::spawn(move || server(listener)))
}

fn client(base: &str, timeout: Duration) -> Client {
    let base_url = BaseUrl::try_from(base.to_owned()).unwrap();
    let mut profile = Profile::new("t", base_url, Accounts::Any);
    profile.timeout = Wait(timeout);
    Client::new(&profile, None, &Masks::default()).unwrap()
}

const LONG: Duration = Duration::from_secs(30);

fn outgoing(base: &str, path: &str, body: Option<&str>) -> Outgoing {
    let draft = Draft {
        encoding: None,
        method: http::Method::POST,
        path: path.to_owned(),
        body: body.map(str::to_owned),
        media_type: None,
        key: None,
    };
    Outgoing::new(&Base::new(base), &draft).unwrap()
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

fn body(received: Received) -> Vec<u8> {
    match received {
        Received::Whole(incoming) => incoming.body,
        Received::Lost { words, .. } | Received::LetGo(words) => panic!("{words}"),
    }
}

fn let_go(received: &Received) -> &str {
    match received {
        Received::LetGo(words) => words,
        Received::Lost { words, .. } => panic!("lost: {words}"),
        Received::Whole(_) => panic!("an answer"),
    }
}

/// Answers requests without a body over one connection, so many of them; gives out their heads.
fn answer(stream: &mut TcpStream, count: usize) -> Vec<String> {
    let heads = (0..count).map(|_| {
        let head = read_head(stream);
        stream.write_all(ANSWER).unwrap();
        head
    });
    heads.collect()
}

#[tokio::test]
async fn connections_are_used_again_until_the_target_closes_them() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let (base, server) = serve(move |listener| {
        let mut heads = Vec::new();
        for count in [3, 2] {
            let (mut stream, _) = listener.accept().unwrap();
            heads.extend(answer(&mut stream, count));
            drop(stream);
            closed.send(()).unwrap();
        }
        heads
    });
    let client = client(&base, LONG);
    for number in 0..5 {
        let request = outgoing(&base, &format!("/cards?n={number}"), None);
        let sent = client.send(request, Delivery::default()).await;
        assert_eq!(body(sent.received), b"{}");
        if number == 2 {
            is_closed.recv().unwrap();
            // The runtime learns of it when it next waits.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let heads = server.join().unwrap();
    let authority = base.trim_start_matches("http://").trim_end_matches("/v1");
    for (number, head) in heads.iter().enumerate() {
        assert!(
            head.starts_with(&format!("post /v1/cards?n={number} http/1.1\r\n")),
            "{head}"
        );
        for field in [
            &format!("host: {authority}"),
            "accept: */*",
            "user-agent: cardproof/",
        ] {
            assert!(head.contains(field), "{head}");
        }
    }
}

#[tokio::test]
async fn a_fresh_connection_is_one_that_nobody_used() {
    let (base, server) = serve(|listener| {
        let (mut first, _) = listener.accept().unwrap();
        answer(&mut first, 1);
        let (mut second, _) = listener.accept().unwrap();
        answer(&mut second, 2);
    });
    let client = client(&base, LONG);
    let fresh = Delivery {
        fresh_connection: true,
        ..Delivery::default()
    };
    for delivery in [Delivery::default(), fresh, Delivery::default()] {
        let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
        assert_eq!(body(sent.received), b"{}");
    }
    server.join().unwrap();
}

/// Reads until `end` has come.
fn read_to(stream: &mut TcpStream, end: &str) {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
}

/// Nothing more has come, nor the end.
fn is_quiet(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test]
async fn last_bytes_go_out_once_all_the_rest_is_there() {
    let (first_is_held, held) = tokio::sync::oneshot::channel();
    let (base, server) = serve(move |listener| {
        let (mut first, _) = listener.accept().unwrap();
        read_to(&mut first, r#"{"a":1"#);
        assert!(is_quiet(&first));
        first_is_held.send(()).unwrap();
        let (mut second, _) = listener.accept().unwrap();
        // Without a body, it is the last byte of the head that is held back.
        read_to(&mut second, "\r\n\r");
        read_to(&mut first, "}");
        read_to(&mut second, "\n");
        first.write_all(ANSWER).unwrap();
        second.write_all(ANSWER).unwrap();
    });
    let client = client(&base, LONG);
    let release = Release::new(2);
    let delivery = Delivery {
        release: Some(&release),
        ..Delivery::default()
    };
    let before = Instant::now();
    let first = client.send(outgoing(&base, "/cards", Some(r#"{"a":1}"#)), delivery);
    let second = async {
        held.await.unwrap();
        let began = Instant::now();
        let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
        (began, sent)
    };
    let (first, (second_began, second)) = join(first, second).await;
    assert!(before < first.at && second_began < first.at && second_began < second.at);
    assert_eq!(body(first.received), b"{}");
    assert_eq!(body(second.received), b"{}");
    server.join().unwrap();
}

#[tokio::test]
async fn a_partner_that_never_comes_leaves_only_the_timeout() {
    let (base, _server) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        read_to(&mut stream, "\r\n\r");
        let rest = stream.read_to_end(&mut Vec::new());
        assert_eq!(rest.unwrap(), 0);
    });
    let client = client(&base, Duration::from_millis(50));
    let release = Release::new(2);
    let delivery = Delivery {
        release: Some(&release),
        ..Delivery::default()
    };
    let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
    match sent.received {
        Received::Lost { words, .. } => assert_eq!(words, "no whole answer within 50ms"),
        Received::Whole(_) | Received::LetGo(_) => panic!("half a request was answered"),
    }
}

#[tokio::test]
async fn a_partner_that_is_not_connected_holds_nobody_back() {
    let (base, server) = serve(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        answer(&mut stream, 2);
    });
    let client = client(&base, LONG);
    let warm_up = client.send(outgoing(&base, "/cards", None), Delivery::default());
    assert_eq!(body(warm_up.await.received), b"{}");
    let release = Release::new(2);
    let held = |fresh_connection| Delivery {
        release: Some(&release),
        fresh_connection,
        ..Delivery::default()
    };
    let (kept, refused) = join(
        client.send(outgoing(&base, "/cards", None), held(false)),
        client.send(outgoing(&base, "/cards", None), held(true)),
    )
    .await;
    assert_eq!(body(kept.received), b"{}");
    assert!(matches!(
        refused.received,
        Received::Lost {
            no_connection: true,
            ..
        }
    ));
    server.join().unwrap();
}

#[tokio::test]
async fn an_answer_to_half_a_request_ends_the_connection() {
    let (base, server) = serve(|listener| {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            read_to(&mut stream, "\r\n\r");
            stream.write_all(ANSWER).unwrap();
            assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
        }
    });
    let client = client(&base, LONG);
    for _ in 0..2 {
        let release = Release::new(2);
        let delivery = Delivery {
            release: Some(&release),
            ..Delivery::default()
        };
        let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
        assert_eq!(body(sent.received), b"{}");
    }
    server.join().unwrap();
}

/// The server sees the whole request and then the end of the connection, and the next request on another one.
#[tokio::test]
async fn a_lost_answer_closes_its_connection() {
    let payload = r#"{"a":1}"#;
    for (loss, begins_to_answer) in [
        (Loss::CutAfterSending, false),
        (Loss::CutWhileReading, true),
        (Loss::GiveUpAfter(20), false),
        (Loss::GiveUpAfter(20), true),
    ] {
        let (base, server) = serve(move |listener| {
            let (mut first, _) = listener.accept().unwrap();
            read_to(&mut first, payload);
            if begins_to_answer {
                first.write_all(&ANSWER[..1]).unwrap();
            }
            assert_eq!(first.read_to_end(&mut Vec::new()).unwrap(), 0);
            answer(&mut listener.accept().unwrap().0, 1);
        });
        let client = client(&base, LONG);
        let delivery = Delivery {
            loss: Some(loss),
            ..Delivery::default()
        };
        let request = outgoing(&base, "/cards", Some(payload));
        let sent = client.send(request, delivery).await;
        assert_eq!(let_go(&sent.received), loss.to_string());
        let sent = client.send(outgoing(&base, "/cards", None), Delivery::default());
        assert_eq!(body(sent.await.received), b"{}");
        server.join().unwrap();
    }
}

#[tokio::test]
async fn who_waits_long_enough_gets_the_answer() {
    let (base, server) = serve(|listener| answer(&mut listener.accept().unwrap().0, 2));
    let client = client(&base, LONG);
    let delivery = Delivery {
        loss: Some(Loss::GiveUpAfter(30_000)),
        ..Delivery::default()
    };
    for _ in 0..2 {
        let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
        assert_eq!(body(sent.received), b"{}");
    }
    server.join().unwrap();
}

#[tokio::test]
async fn a_target_that_closes_without_a_byte_is_no_cut() {
    let (base, server) = serve(|listener| drop(read_head(&mut listener.accept().unwrap().0)));
    let client = client(&base, LONG);
    let delivery = Delivery {
        loss: Some(Loss::CutWhileReading),
        ..Delivery::default()
    };
    let sent = client.send(outgoing(&base, "/cards", None), delivery).await;
    assert!(matches!(sent.received, Received::Lost { .. }));
    server.join().unwrap();
}

#[tokio::test]
async fn many_releases_at_a_time_do_not_get_into_each_others_way() {
    let (base, server) = serve(|listener| {
        let threads: Vec<_> = (0..24)
            .map(|_| {
                let (mut stream, _) = listener.accept().unwrap();
                std::thread::spawn(move || drop(answer(&mut stream, 1)))
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
    });
    let client = client(&base, LONG);
    let releases: Vec<_> = (0..8).map(|_| Release::new(3)).collect();
    let requests = releases.iter().cycle().take(24).map(|release| {
        let delivery = Delivery {
            release: Some(release),
            fresh_connection: true,
            ..Delivery::default()
        };
        client.send(outgoing(&base, "/cards", None), delivery)
    });
    for sent in join_all(requests).await {
        assert_eq!(body(sent.received), b"{}");
    }
    server.join().unwrap();
}
