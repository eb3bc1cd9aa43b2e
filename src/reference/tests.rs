//! What the parts do together: the readings, a retry in flight, and one walk through a socket.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::call::{Call, Content, Operation, Reply};
use super::testing::{Client, physical_card, virtual_card};
use super::{Issuance, Options, Readings, start};

use Operation::*;

fn client(settings: &[(&str, &str)], issuance: Issuance) -> Client {
    let mut readings = Readings::default();
    for (point, option) in settings {
        readings.set(point, option).expect("the table names it");
    }
    Client::new(&Options {
        readings,
        issuance,
        signatures: false,
        ..Options::default()
    })
}

fn account(client: &Client) -> String {
    client
        .service
        .own
        .open_account(Uuid::new_v4())
        .id
        .to_string()
}

async fn step(client: &Client, operation: Operation, id: &str) -> Reply {
    client.answer(&client.call(operation, id)).await
}

fn create_call(client: &Client, account: &str, body: &Value) -> Call {
    Call {
        body: body.to_string().into(),
        ..client.call(CreateCard, account)
    }
}

/// Creates a card: the status of the answer, and the id if there is one.
async fn create(client: &Client, account: &str) -> (u16, String) {
    let mut reply = client
        .answer(&create_call(client, account, &virtual_card()))
        .await;
    let status = reply.status.as_u16();
    let id = reply
        .value_mut()
        .and_then(|body| body["id"].as_str())
        .unwrap_or_default()
        .to_owned();
    (status, id)
}

async fn status(client: &Client, card: &str) -> String {
    let mut reply = step(client, ReadCard, card).await;
    reply
        .value_mut()
        .map(|body| body["status"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_create_over_the_limit_follows_its_reading() {
    for (option, code) in [
        ("refuse-409", 409),
        ("refuse-400", 400),
        ("refuse-403", 403),
        ("refuse-422", 422),
    ] {
        let client = client(&[("limit", option)], Issuance::Manual);
        let account = account(&client);
        assert_eq!(create(&client, &account).await.0, 201);
        assert_eq!(create(&client, &account).await.0, code);
    }
    let client = client(&[("limit", "fail-later")], Issuance::Manual);
    let account = account(&client);
    create(&client, &account).await;
    let (code, second) = create(&client, &account).await;
    assert_eq!(
        (code, status(&client, &second).await.as_str()),
        (201, "issue_failed")
    );
}

#[tokio::test]
async fn a_card_over_the_limit_never_comes_into_use() {
    let change = [
        ("limit", "fail-on-issue"),
        ("activate-issuing", "change"),
        ("deactivate-issuing", "change"),
    ];
    for operation in [Issue, Fail, Activate, Deactivate] {
        let client = client(&change, Issuance::Manual);
        let account = account(&client);
        let (_, first) = create(&client, &account).await;
        let (_, second) = create(&client, &account).await;
        assert_eq!(status(&client, &second).await, "issuing");
        let reply = step(&client, operation, &second).await;
        assert_eq!(
            reply.status.is_success(),
            matches!(operation, Issue | Fail),
            "{operation:?}"
        );
        assert_eq!(
            status(&client, &second).await,
            "issue_failed",
            "{operation:?}"
        );
        step(&client, Issue, &first).await;
        assert_eq!(status(&client, &first).await, "active");
    }
}

#[tokio::test]
async fn automatic_issuance_comes_after_the_answer() {
    for delay in [Duration::ZERO, Duration::from_millis(1)] {
        let client = client(&[], Issuance::Automatic { delay });
        let account = account(&client);
        let mut reply = client
            .answer(&create_call(&client, &account, &virtual_card()))
            .await;
        let body = reply
            .value_mut()
            .expect("a create answers with the card")
            .clone();
        assert_eq!(body["status"], "issuing");
        let id = body["id"].as_str().expect("an id is text");
        let issued = async {
            while status(&client, id).await != "active" {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(5), issued).await;
        assert!(in_time.is_ok(), "after {delay:?}");
    }
}

#[tokio::test]
async fn errors_under_a_key_follow_their_readings() {
    for (replay, mismatch, expected) in [
        ("replay", "refuse", [409, 422]),
        ("afresh", "refuse", [204, 422]),
        ("replay", "afresh", [409, 201]),
        ("afresh", "afresh", [204, 201]),
    ] {
        let settings = [("error-replay", replay), ("after-error-mismatch", mismatch)];
        let client = client(&settings, Issuance::Manual);
        let account = account(&client);
        let (_, card) = create(&client, &account).await;
        let deactivate = client.call(Deactivate, &card);
        assert_eq!(
            client.answer(&deactivate).await.status,
            StatusCode::CONFLICT
        );
        step(&client, Issue, &card).await;
        let retried = client.answer(&deactivate).await.status.as_u16();

        let over_limit = create_call(&client, &account, &virtual_card());
        client.answer(&over_limit).await;
        let other = Call {
            body: physical_card().to_string().into(),
            ..over_limit
        };
        assert_eq!(
            [retried, client.answer(&other).await.status.as_u16()],
            expected,
            "{replay} {mismatch}"
        );
    }
}

#[tokio::test]
async fn a_key_elsewhere_is_refused_or_new() {
    for (option, expected) in [
        ("refuse-422", 422),
        ("refuse-409", 409),
        ("refuse-400", 400),
        ("new", 204),
    ] {
        let client = client(&[("key-elsewhere", option)], Issuance::Manual);
        let (_, card) = create(&client, &account(&client)).await;
        let issue = client.call(Issue, &card);
        client.answer(&issue).await;
        let elsewhere = Call {
            headers: issue.headers,
            ..client.call(Deactivate, &card)
        };
        assert_eq!(client.answer(&elsewhere).await.status, expected, "{option}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_leave_one_holder_and_one_answer_for_each_key() {
    let client = std::sync::Arc::new(client(&[], Issuance::Manual));
    let account = account(&client);
    let one_key = create_call(&client, &account, &virtual_card());
    let calls = (0..16).map(|index| match index % 2 {
        0 => one_key.clone(),
        _ => create_call(&client, &account, &virtual_card()),
    });
    let answers: Vec<_> = calls
        .map(|call| {
            let client = client.clone();
            tokio::spawn(async move { client.answer(&call).await })
        })
        .collect();
    let mut of_one_key = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        let reply = answer.await.expect("no answer panics");
        if index % 2 == 0 {
            of_one_key.push(reply);
        }
    }
    assert!(of_one_key.windows(2).all(|pair| pair[0] == pair[1]));
    let Content::Json(Value::Array(cards)) = step(&client, AccountCards, &account).await.content
    else {
        panic!("a list is an array");
    };
    assert_eq!(cards.len(), 1);
}

/// One request over a connection of its own: the status line's code, and the body.
async fn request(address: std::net::SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let length = body.len();
    let request = format!(
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("the server answers and closes");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let code = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status line has a code");
    (code, body.to_owned())
}

#[tokio::test]
async fn the_server_answers_through_a_socket_and_stops() {
    let running = start(Options {
        signatures: false,
        ..Options::default()
    })
    .await
    .expect("a port is free");
    let address = running.address;
    let json = "content-type: application/json";
    let credentials =
        serde_json::json!({ "apiKey": running.api_key, "apiSecret": running.api_secret });
    let (code, body) = request(
        address,
        &format!("POST /v1/auth/token HTTP/1.1\r\n{json}"),
        &credentials.to_string(),
    )
    .await;
    assert_eq!(code, 200, "{body}");
    let token: Value = serde_json::from_str(&body).expect("a token answer is JSON");
    let bearer = format!(
        "authorization: Bearer {}",
        token["token"].as_str().expect("a token is text")
    );

    let (code, body) = request(
        address,
        &format!("POST /v1/sandbox/accounts HTTP/1.1\r\n{bearer}"),
        "",
    )
    .await;
    assert_eq!(code, 201, "{body}");
    let account: Value = serde_json::from_str(&body).expect("an account answer is JSON");
    let account = account["accountId"].as_str().expect("an id is text");
    let key = Uuid::new_v4();
    let head = format!(
        "POST /v1/accounts/{account}/cards HTTP/1.1\r\n{json}\r\n{bearer}\r\nidempotency-key: {key}"
    );
    let (code, body) = request(address, &head, &virtual_card().to_string()).await;
    assert_eq!(code, 201, "{body}");
    assert_eq!(
        request(address, &head, &virtual_card().to_string()).await,
        (201, body)
    );

    let foreign = format!(
        "GET /v1/cards/{} HTTP/1.1\r\n{bearer}",
        running.foreign_card
    );
    assert_eq!(request(address, &foreign, "").await.0, 404);
    assert_eq!(request(address, "GET /v1/cards HTTP/1.1", "").await.0, 401);
    assert_eq!(
        request(address, "GET /v1/nothing HTTP/1.1", "").await.0,
        404
    );
    assert_eq!(request(address, "PUT /v1/cards HTTP/1.1", "").await.0, 405);
    running.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
