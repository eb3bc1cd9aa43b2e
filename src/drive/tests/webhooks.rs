//! Events that come, in whatever state, and events that don't.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;
use crate::profile::Webhooks;
use crate::trace::EVENTS_MAX;

const CARD: &str =
    r#"{"id":"Card-1","status":"active","updatedAt":"2026-01-01T00:00:00Z","eventId":"e1"}"#;
const STEPS: [&str; 2] = ["create virtual on A", "await event of #1"];

/// A target that knows its first subscriber: `posts` is told each request with the callback address, once there is one.
fn target(posts: impl Fn(&str, &Asked) + Send + Sync + 'static) -> FakeTarget {
    target_that_shows(CARD, posts)
}

/// The same with another card.
fn target_that_shows(
    card: &'static str,
    posts: impl Fn(&str, &Asked) + Send + Sync + 'static,
) -> FakeTarget {
    let callback = Mutex::new(String::new());
    FakeTarget::start(move |asked| {
        if asked.line.starts_with("PUT") {
            let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            let mut callback = callback.lock().unwrap();
            if callback.is_empty() {
                *callback = body["callbackUrl"].as_str().unwrap().to_owned();
            }
            return Act::Json(200, r#"{"id":"Sub-1"}"#.into());
        }
        posts(&callback.lock().unwrap(), asked);
        match asked.line.split(' ').next() {
            Some("POST") => created(),
            _ => Act::Json(200, card.into()),
        }
    })
}

fn profile(target: &FakeTarget, wait_ms: u64) -> Profile {
    let mut profile = target.profile();
    profile.webhooks = Some(Webhooks {
        wait: Wait(Duration::from_millis(wait_ms)),
        ..Webhooks::default()
    });
    profile
}

/// Posts a body; the status code of the answer, or 0 where there is none.
fn post(url: &str, body: &str) -> u16 {
    send(
        url,
        &format!(
            "POST PATH HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
}

fn send(url: &str, request: &str) -> u16 {
    let (address, path) = url
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap_or((url, ""));
    let mut stream = TcpStream::connect(address).unwrap();
    // Who refuses a body may close before it has all of it.
    drop(stream.write_all(request.replace("PATH", &format!("/{path}")).as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_default();
    status.parse().unwrap_or(0)
}

#[test]
fn an_event_is_taken_in_even_before_the_answer_that_names_its_card() {
    let target = target(|callback, asked| {
        if asked.line.starts_with("POST") {
            assert_eq!(post(callback, CARD), 200);
        }
    });
    let session = Session::connect(profile(&target, 600_000)).unwrap();
    let trace = session
        .drive_batch(&[Case::told(&STEPS)], &StopSignal::new())
        .remove(0);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    assert_eq!(trace.exchanges.len(), 2, "it need not be waited for");
    let [event] = &trace.events[..] else {
        panic!("{trace:?}")
    };
    assert_eq!((event.body.as_str(), event.answered), (CARD, 200));
    drop(session);
    let asked = target.asked();
    let last = &asked.last().unwrap().line;
    assert_eq!(last, "DELETE /v1/webhooks/Sub-1");
}

#[test]
fn what_a_case_subscribed_is_taken_back_though_it_was_given_up() {
    let stop = StopSignal::new();
    let given_up = stop.clone();
    let callbacks = Mutex::new(vec!["https://elsewhere.invalid/theirs".to_owned()]);
    let target = FakeTarget::start(move |asked| {
        let mut callbacks = callbacks.lock().unwrap();
        let subscription =
            |(n, url): (usize, &String)| format!(r#"{{"id":"Sub-{n}","callbackUrl":"{url}"}}"#);
        if asked.line.starts_with("PUT") {
            let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            callbacks.push(body["callbackUrl"].as_str().unwrap().to_owned());
            return Act::Json(
                200,
                subscription((callbacks.len() - 1, &callbacks[callbacks.len() - 1])),
            );
        }
        if asked.line.starts_with("GET /v1/webhooks") {
            let all: Vec<String> = callbacks.iter().enumerate().map(subscription).collect();
            return Act::Json(200, format!("[{}]", all.join(",")));
        }
        if asked.line.starts_with("POST") {
            return created();
        }
        given_up.abandon();
        Act::Json(200, CARD.into())
    });
    let session = Session::connect(profile(&target, 600_000)).unwrap();
    let steps = [
        "create virtual on A",
        "subscribe",
        "await event of #1 at #2",
    ];
    let traces = session.drive_batch(&[Case::told(&steps)], &stop);
    assert!(!traces[0].complete);
    drop(session);
    let asked = target.asked().into_iter().map(|asked| asked.line);
    let asked: Vec<String> = asked
        .skip_while(|line| line != "GET /v1/webhooks")
        .collect();
    let (of_case, own) = ("DELETE /v1/webhooks/Sub-2", "DELETE /v1/webhooks/Sub-1");
    assert_eq!(asked, ["GET /v1/webhooks", of_case, own]);
}

#[test]
fn a_refused_event_is_waited_for_until_it_comes_again() {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&answers);
    let target = target(move |callback, asked| {
        if asked.line.starts_with("GET") {
            let mut answers = seen.lock().unwrap();
            answers.extend([post(callback, CARD), post(callback, CARD)]);
        }
    });
    let steps = [
        "create virtual on A",
        "refuse next event",
        "await event of #1",
    ];
    let trace = drive(profile(&target, 600_000), &steps);
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
    assert_eq!(*answers.lock().unwrap(), [500, 200]);
    let answered: Vec<u16> = trace.events.iter().map(|e| e.answered).collect();
    assert_eq!(answered, [500, 200]);
}

#[test]
fn a_target_that_never_delivers_is_an_obstacle_that_names_the_address() {
    let target = target(|_, _| {});
    let steps = [STEPS[0], STEPS[1], STEPS[1]];
    let trace = drive(profile(&target, 20), &steps);
    let words = words(&trace);
    assert!(words.contains("no event came within 20ms"), "{words}");
    assert!(
        words.contains("http://127.0.0.1:") && words.contains("callback_url"),
        "{words}"
    );
    assert!(trace.complete && trace.events.is_empty());
    let reads = trace.exchanges.iter().filter(|e| e.step.0 == 2);
    assert_eq!(reads.count(), 2, "a last read shows the card at rest");
}

/// The target keeps a subscription for one event.
#[test]
fn a_subscription_that_the_target_has_lost_is_made_anew_before_the_next_case_that_listens() {
    let callback = Mutex::new(None::<String>);
    let target = FakeTarget::start(move |asked| {
        let mut callback = callback.lock().unwrap();
        match asked.line.split(' ').next() {
            Some("PUT") => {
                let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
                *callback = body["callbackUrl"].as_str().map(str::to_owned);
                Act::Json(200, r#"{"id":"Sub-1"}"#.into())
            }
            Some("POST") => {
                if let Some(callback) = callback.take() {
                    assert_eq!(post(&callback, CARD), 200);
                }
                created()
            }
            _ => Act::Json(200, CARD.into()),
        }
    });
    let session = Session::connect(profile(&target, 20)).unwrap();
    let one_after_the_other = |_| {
        let traces = session.drive_batch(&[Case::told(&STEPS)], &StopSignal::new());
        traces[0].events.len()
    };
    let told: Vec<usize> = (0..4).map(one_after_the_other).collect();
    assert_eq!(told, [1, 0, 1, 0]);
    drop(session);
    let asked = target.asked();
    let calls = |call: &str| asked.iter().filter(|a| a.line == call).count();
    assert_eq!(
        calls("PUT /v1/webhooks"),
        2,
        "at first, and when it was lost"
    );
    assert_eq!(calls("DELETE /v1/webhooks/Sub-1"), 2);
}

/// A card that was only created need not be told: nothing is wrong with a target that is silent about it.
#[test]
fn silence_about_a_card_that_is_still_issuing_is_no_obstacle() {
    let issuing = r#"{"id":"Card-1","status":"issuing","updatedAt":"2026-01-01T00:00:00Z"}"#;
    let target = target_that_shows(issuing, |_, _| {});
    let trace = drive(profile(&target, 20), &STEPS);
    assert!(trace.complete && trace.events.is_empty());
    assert!(trace.obstacles.is_empty(), "{}", words(&trace));
}

#[test]
fn without_a_place_to_listen_the_case_goes_on_and_says_what_to_change() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = target(|_, _| {});
    let mut profile = profile(&target, 20);
    profile.webhooks.as_mut().unwrap().listen = taken.local_addr().unwrap();
    let trace = drive(
        profile,
        &["create virtual on A", "await event of #1", "read #1"],
    );
    let words = words(&trace);
    assert!(words.contains("another process has it"), "{words}");
    assert!(words.contains("`listen` under [webhooks]"), "{words}");
    let steps: Vec<usize> = trace.exchanges.iter().map(|e| e.step.0).collect();
    assert_eq!(steps, [1, 3]);
}

#[test]
fn a_subscription_that_is_refused_is_an_obstacle() {
    let target = FakeTarget::start(|asked| match asked.line.starts_with("PUT") {
        true => Act::Json(403, r#"{"message":"https only"}"#.into()),
        false => created(),
    });
    let trace = drive(profile(&target, 20), &STEPS);
    let words = words(&trace);
    assert!(words.contains("/webhooks was answered with 403"), "{words}");
    assert!(words.contains("https only"), "{words}");
}

#[test]
fn a_hostile_sender_is_survived() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&said);
    let target = target(move |callback, asked| {
        if !asked.line.starts_with("GET") {
            return;
        }
        let base = callback.rsplit_once('/').unwrap().0;
        let huge = format!("{{\"id\":\"{}\"}}", "x".repeat(300 << 10));
        let answers = [
            post(&format!("{base}/elsewhere"), CARD),
            post(callback, &huge),
            send(
                callback,
                "DELETE PATH HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
            ),
            send(callback, "\u{1b}[2J no HTTP\r\n\r\n"),
            post(callback, r#"{"id":"somebody-elses","accountId":"x"}"#),
            post(callback, "\u{1b}[31m\u{0}<script>"),
            post(callback, r#"{"id":7,"accountId":[]}"#),
            post(callback, r#"{"id":"card-1","pan":"4111111111111111"}"#),
            post(callback, CARD),
        ];
        seen.lock().unwrap().extend(answers);
    });
    let trace = drive(profile(&target, 600_000), &STEPS);
    let said = said.lock().unwrap();
    assert_eq!(said[0], 404);
    assert!(matches!(said[1], 413 | 0), "{said:?}");
    assert_eq!(said[2..], [405, 400, 200, 200, 200, 200, 200]);
    let bodies: Vec<&str> = trace.events.iter().map(|e| e.body.as_str()).collect();
    assert_eq!(bodies.len(), 4, "{bodies:?}");
    assert!(
        bodies[2].contains("[card number 411111******1111]"),
        "{bodies:?}"
    );
    let words = words(&trace);
    assert!(words.contains("longer than 65536 bytes"), "{words}");
    assert!(words.contains("a DELETE request came"), "{words}");
}

#[test]
fn a_flood_of_events_is_cut_off() {
    let target = target(|callback, asked| {
        if asked.line.starts_with("GET") {
            for _ in 0..600 {
                post(callback, r#"{"id":"card-1","n":0}"#);
            }
            post(callback, CARD);
        }
    });
    let trace = drive(profile(&target, 20), &STEPS);
    assert_eq!(trace.events.len(), EVENTS_MAX);
    assert!(
        words(&trace).contains("events came in one case: those after the first 200 were dropped"),
        "{}",
        words(&trace)
    );
}

#[test]
fn a_case_has_the_events_of_its_own_cards_alone() {
    let target = target(|callback, asked| {
        // Each account's card is called after the account.
        if let Some(account) = asked.line.strip_prefix("POST /v1/accounts/") {
            let account = account.trim_end_matches("/cards");
            post(
                callback,
                &format!(r#"{{"id":"of-{account}","accountId":"{account}"}}"#),
            );
        }
    });
    let session = Session::connect(profile(&target, 20)).unwrap();
    let cases = vec![Case::told(&["create virtual on A", "subscribe", "list A"]); 4];
    let traces = session.drive_batch(&cases, &StopSignal::new());
    for trace in traces {
        let account = trace.accounts[&'A'].as_str();
        assert_eq!(trace.events.len(), 1, "{trace:?}");
        assert!(trace.events[0].body.contains(account));
        assert_eq!(trace.events[0].subscription, None);
    }
}
