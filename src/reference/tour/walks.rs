//! The stretches of the tour: each goes where some faults show and others don't.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Walk;
use super::crafted::walk_with_crafted_calls;
use crate::reference::call::{Call, Operation};
use crate::reference::testing::{Client, add_digest, physical_card, set, virtual_card};

use Operation::*;

pub(super) async fn walk_through_a_life(walk: &mut Walk) {
    let account = walk.account();
    walk.lists(&account).await;
    let card = walk.create(&account, virtual_card()).await;
    walk.lists(&account).await;
    walk.steps(
        &card,
        &[ReadCard, Deactivate, Activate, Issue, ReadCard, Activate],
    )
    .await;
    walk.lists(&account).await;
    let rounds = [
        Deactivate, Deactivate, Issue, Activate, Fail, Deactivate, Deactivate, Activate, ReadCard,
    ];
    for operation in rounds {
        walk.steps(&card, &[operation]).await;
        walk.lists(&account).await;
    }
    let second = walk.create(&account, virtual_card()).await;
    walk.steps(&second, &[Issue]).await;
    walk.steps(
        &card,
        &[Terminate, Activate, Deactivate, Issue, Fail, Terminate],
    )
    .await;
    walk.lists(&account).await;
    let third = walk.create(&account, virtual_card()).await;
    walk.steps(&third, &[Terminate]).await;
    walk.create(&account, virtual_card()).await;
    walk.lists(&account).await;
}

pub(super) async fn walk_with_physical_cards(walk: &mut Walk) {
    let (before, account) = (walk.account(), walk.account());
    let card = walk.create(&account, physical_card()).await;
    walk.lists(&before).await;
    walk.lists(&account).await;
    let rounds = [
        ReadCard, Issue, Deactivate, Issue, Activate, Terminate, Terminate,
    ];
    for operation in rounds {
        walk.steps(&card, &[operation]).await;
        walk.lists(&account).await;
    }
    let mut with_state = physical_card();
    with_state["billingAddress"]["state"] = json!("Yorkshire");
    let card = walk.create(&account, with_state).await;
    walk.steps(&card, &[Issue]).await;
    walk.create(&account, physical_card()).await;
    walk.lists(&account).await;
}

pub(super) async fn walk_to_the_ends(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Issue, Deactivate]).await;
    walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Terminate, Activate]).await;
    walk.create(&account, virtual_card()).await;

    let account = walk.account();
    for _ in 0..3 {
        let card = walk.create(&account, virtual_card()).await;
        walk.steps(&card, &[Fail, Issue]).await;
    }
    let account = walk.account();
    for operation in [Activate, Terminate] {
        let card = walk.create(&account, virtual_card()).await;
        walk.steps(&card, &[Fail, operation]).await;
    }
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Terminate, Issue]).await;

    for rounds in [
        &[Suspend, Activate, Unsuspend][..],
        &[Suspend, Deactivate, Unsuspend],
        &[Suspend, Terminate],
        &[Block, Activate],
        &[Block, Terminate],
        &[Terminate, Activate],
    ] {
        let account = walk.account();
        let card = walk.create(&account, virtual_card()).await;
        walk.steps(&card, &[Issue]).await;
        for operation in rounds {
            walk.steps(&card, &[*operation]).await;
            walk.create(&account, virtual_card()).await;
        }
    }
}

pub(super) async fn walk_along_the_limit(walk: &mut Walk) {
    let account = walk.account();
    let first = walk.create(&account, virtual_card()).await;
    walk.create(&account, virtual_card()).await;
    walk.lists(&account).await;
    walk.steps(&first, &[Issue]).await;
    walk.create(&account, virtual_card()).await;
    let physical = walk.create(&account, physical_card()).await;
    walk.create(&account, physical_card()).await;
    walk.steps(&physical, &[Issue]).await;
    walk.steps(&first, &[Deactivate]).await;
    walk.step(ReadCard, &physical).await;
    walk.steps(&first, &[Activate]).await;
    walk.create(&account, virtual_card()).await;
    walk.steps(&first, &[Terminate]).await;
    walk.step(ReadCard, &physical).await;

    let account = walk.account();
    let first = walk.create(&account, virtual_card()).await;
    let physical = walk.create(&account, physical_card()).await;
    walk.steps(&first, &[Terminate]).await;
    walk.step(ReadCard, &physical).await;
    walk.create(&walk.account(), virtual_card()).await;

    let account = walk.account();
    let first = walk.create(&account, virtual_card()).await;
    walk.steps(&first, &[Issue, Deactivate, Terminate]).await;
    for _ in 0..2 {
        walk.create(&account, virtual_card()).await;
    }
}

pub(super) async fn walk_with_keys(walk: &mut Walk) {
    let account = walk.account();
    let create = walk.create_call(&account, &virtual_card());
    let key = create
        .header("idempotency-key")
        .expect("a create has a key");
    let card = walk.send(create.clone()).await["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    walk.send(create.clone()).await;
    walk.send(create.clone()).await;
    walk.sleep(0);
    walk.again(&create).await;
    let mut capitals = create.clone();
    set(&mut capitals, "idempotency-key", &key.to_uppercase());
    walk.send(capitals).await;
    for (pointer, value) in [
        ("/type", json!("physical")),
        ("/billingAddress/city", json!("Leigh")),
        ("/billingAddress/postCode", json!("LS1 1AB")),
    ] {
        let mut body = virtual_card();
        *body.pointer_mut(pointer).expect("the body has it") = value;
        walk.send(Call {
            body: body.to_string().into(),
            ..create.clone()
        })
        .await;
    }
    let same_length = virtual_card().to_string().replace("Leeds", "Derby");
    walk.send(Call {
        body: same_length.into(),
        ..create.clone()
    })
    .await;
    walk.lists(&account).await;
    let other = walk.account();
    walk.send(Call {
        headers: create.headers.clone(),
        ..walk.create_call(&other, &virtual_card())
    })
    .await;
    walk.create(&account, virtual_card()).await;

    walk.twice(Deactivate, &card).await;
    walk.twice(Issue, &card).await;
    walk.step(ReadCard, &card).await;
    walk.send(create.clone()).await;
    let deactivate = walk.client.call(Deactivate, &card);
    walk.send(deactivate.clone()).await;
    walk.twice(Activate, &card).await;
    walk.send(deactivate.clone()).await;
    walk.step(ReadCard, &card).await;
    walk.steps(&card, &[Deactivate, Activate]).await;
    walk.send(Call {
        headers: deactivate.headers,
        ..walk.client.call(Terminate, &card)
    })
    .await;
    walk.step(ReadCard, &card).await;
    walk.twice(Terminate, &card).await;
    walk.send(create.clone()).await;
    walk.lists(&account).await;
    // Within a minute, within the hour, and after it.
    for seconds in [10, 1800, 2400] {
        walk.sleep(seconds);
        walk.again(&create).await;
    }
    walk_without_keys(walk).await;
    walk_with_nearly_the_same(walk).await;
    walk_with_keys_of_errors(walk).await;
    walk_with_many_keys(walk).await;
}

/// A key is remembered, however many others come after it.
async fn walk_with_many_keys(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.step(Issue, &card).await;
    let first = walk.client.call(Deactivate, &card);
    walk.send(first.clone()).await;
    for _ in 0..12 {
        walk.step(Activate, &card).await;
        walk.step(Deactivate, &card).await;
    }
    walk.step(Activate, &card).await;
    walk.send(first).await;
    walk.step(ReadCard, &card).await;
}

/// Payloads that are told apart by their last letter, or by where one member ends, under the key of the first; and keys that
/// are told apart by their last digit.
async fn walk_with_nearly_the_same(walk: &mut Walk) {
    let mut last_letter = physical_card();
    last_letter["shippingAddress"]["postCode"] = json!("HU2");
    let mut moved = physical_card();
    moved["billingAddress"]["firstLine"] = json!("2 Low StreetFlat");
    moved["billingAddress"]["secondLine"] = json!(" 3");
    let account = walk.account();
    let mut create = walk.create_call(&account, &physical_card());
    walk.send(create.clone()).await;
    for body in [last_letter, moved] {
        create.body = body.to_string().into();
        walk.send(create.clone()).await;
    }
    let mut long = physical_card();
    long["billingAddress"]["firstLine"] = json!("1 Long Street ".repeat(60));
    let mut create = walk.create_call(&walk.account(), &long);
    walk.send(create.clone()).await;
    long["shippingAddress"]["postCode"] = json!("HU2");
    create.body = long.to_string().into();
    walk.send(create).await;
    for key in [
        "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
        "6ba7b810-9dad-41d1-80b4-00c04fd430c9",
    ] {
        let mut create = walk.create_call(&account, &virtual_card());
        set(&mut create, "idempotency-key", key);
        walk.send(create).await;
    }
}

async fn walk_with_keys_of_errors(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    let too_early = walk.client.call(Deactivate, &card);
    let too_many = walk.create_call(&account, &virtual_card());
    walk.send(too_early.clone()).await;
    walk.send(too_many.clone()).await;
    walk.step(Issue, &card).await;
    walk.send(too_early).await;
    let other = physical_card().to_string().into();
    walk.send(Call {
        body: other,
        ..too_many
    })
    .await;
}

async fn walk_without_keys(walk: &mut Walk) {
    let account = walk.account();
    let elsewhere = walk.account();
    let mut in_order = walk.create_call(&elsewhere, &virtual_card());
    set(
        &mut in_order,
        "idempotency-key",
        "01a2195a-0000-7000-8000-00000000abcd",
    );
    walk.send(in_order).await;
    let mut physical = walk.create_call(&account, &physical_card());
    walk.send(physical.clone()).await;
    for pointer in ["/shippingAddress/city", "/billingAddress/secondLine"] {
        let mut body = physical_card();
        *body.pointer_mut(pointer).expect("the body has it") = json!("elsewhere");
        physical.body = body.to_string().into();
        walk.send(physical.clone()).await;
    }
    let card = walk.create(&account, virtual_card()).await;
    for mut call in [
        walk.create_call(&account, &virtual_card()),
        walk.client.call(Issue, &card),
        walk.client.call(Terminate, &card),
        walk.client.call(DeleteWebhook, &card),
    ] {
        set(&mut call, "idempotency-key", "retry-1");
        walk.send(call.clone()).await;
        call.headers.remove("idempotency-key");
        walk.send(call).await;
    }
}

pub(super) async fn walk_with_bad_input(walk: &mut Walk) {
    let changes: &[(&str, Option<Value>)] = &[
        ("/billingAddress/postCode", None),
        ("/shippingAddress/city", None),
        ("/shippingAddress", None),
        ("/type", None),
        ("/type", Some(json!("plastic"))),
        ("/billingAddress/postCode", Some(json!(7))),
        ("/billingAddress/country", Some(json!("ZZ"))),
        ("/shippingAddress/country", Some(json!("ZZ"))),
        ("/billingAddress/city", Some(json!("Łódź 🏙"))),
        ("/billingAddress/secondLine", Some(json!(""))),
        ("/nickname", Some(json!("Fred"))),
        ("/status", Some(json!("active"))),
        ("/billingAddress/country", Some(json!("NA"))),
        ("/type", Some(json!(" physical"))),
        ("/billingAddress/country", Some(json!("gb"))),
        ("/billingAddress/country", Some(json!("GBR"))),
        ("/billingAddress/city", Some(Value::Null)),
        ("/billingAddress/city", Some(json!(true))),
        ("/billingAddress/city", Some(json!("a\0b"))),
        ("/billingAddress/firstLine", Some(json!(["a"]))),
        ("/billingAddress/state", Some(json!(7))),
        ("/billingAddress/secondLine", Some(Value::Null)),
        (
            "/billingAddress/firstLine",
            Some(json!(format!(" a & b {} ", "x".repeat(120)))),
        ),
    ];
    for (pointer, value) in changes {
        let account = walk.account();
        let mut body = physical_card();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
        let object = body
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("the body has it");
        match value {
            Some(value) => drop(object.insert(name.to_owned(), value.clone())),
            None => drop(object.remove(name)),
        }
        walk.create(&account, body).await;
        walk.lists(&account).await;
    }
    let (account, other) = (walk.account(), walk.account());
    let mut body = virtual_card();
    body["accountId"] = json!(other);
    walk.create(&account, body).await;
    walk.lists(&account).await;
    let umlaut = virtual_card().to_string().replace("Leeds", "Zürich");
    for body in [
        umlaut
            .chars()
            .map(|c| u8::try_from(c).unwrap_or(b'?'))
            .collect(),
        format!("\u{feff}{umlaut}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        format!("\u{feff}{umlaut}").into_bytes(),
        umlaut.replace("Zürich", r"\ud800").into_bytes(),
    ] {
        let account = walk.account();
        let call = Call {
            body: body.into(),
            ..walk.client.call(CreateCard, &account)
        };
        walk.send(call).await;
    }
    let whole = virtual_card().to_string();
    let in_place_of_leeds = |raw: &str| whole.replace("\"Leeds\"", raw);
    for text in [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[1]".to_owned(),
        format!("[{whole}]"),
        whole.replace('"', "'"),
        whole.replacen('{', "{// a comment\n", 1),
        whole.replacen('{', "{\"type\":\"virtual\",", 1),
        in_place_of_leeds("1e400"),
        in_place_of_leeds(&format!("{}{}", "[".repeat(600), "]".repeat(600))),
    ] {
        let account = walk.account();
        let call = Call {
            body: text.into(),
            ..walk.client.call(CreateCard, &account)
        };
        walk.send(call).await;
    }
    let account = walk.account();
    for other in ["text/plain", "application/jsonp"] {
        let mut call = walk.create_call(&account, &virtual_card());
        set(&mut call, "content-type", other);
        walk.send(call).await;
    }
    for json in ["application/json; charset=utf-8", "Application/JSON"] {
        let mut call = walk.create_call(&account, &virtual_card());
        set(&mut call, "content-type", json);
        walk.send(call).await;
    }
    let rest = format!("{} x", virtual_card());
    let call = Call {
        body: rest.into(),
        ..walk.client.call(CreateCard, &account)
    };
    walk.send(call).await;
}

/// Methods that the path of a deactivate does not have.
pub(super) async fn walk_by_other_methods(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.step(Issue, &card).await;
    for method in [Method::GET, Method::POST] {
        walk.by_other_method(&method, Deactivate, &card).await;
        walk.step(ReadCard, &card).await;
        walk.step(Activate, &card).await;
    }
}

pub(super) async fn walk_with_ids(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.step(ReadCard, &card.to_uppercase()).await;
    walk.step(AccountCards, &account.to_uppercase()).await;
    let (foreign_account, foreign_card) = (walk.foreign.0.to_string(), walk.foreign.1.to_string());
    for id in [Uuid::new_v4().to_string(), "seven".to_owned(), foreign_card] {
        for operation in [ReadCard, Deactivate, Terminate] {
            walk.step(operation, &id).await;
        }
    }
    for id in [
        Uuid::new_v4().to_string(),
        "seven".to_owned(),
        foreign_account,
    ] {
        walk.step(AccountCards, &id).await;
        walk.create(&id, virtual_card()).await;
    }
    walk_with_odd_ids(walk, &account, &card).await;
}

/// What is an id or a key but for what stands around it, and what is longer than any.
async fn walk_with_odd_ids(walk: &mut Walk, account: &str, card: &str) {
    for id in [
        format!(" {card}"),
        format!("{card}."),
        format!("{card}\0"),
        format!("{card}/"),
        format!("{card}%zz"),
        format!("{card}%"),
        format!("{{{card}}}"),
        "a".repeat(300),
    ] {
        let named = Call {
            id: Some(id),
            ..walk.client.call(ReadCard, card)
        };
        walk.send(named).await;
    }
    let mut create = walk.create_call(account, &physical_card());
    let uuid = Uuid::new_v4().to_string();
    let key = format!("{uuid:0<300}");
    set(&mut create, "idempotency-key", &key);
    walk.send(create).await;
    walk.lists(account).await;
}

/// Calls with something wrong in how they are let in; each is made on an account of its own.
pub(super) async fn walk_past_the_guards(walk: &mut Walk) {
    let tampers: &[fn(&Client, &mut Call)] = &[
        |client, call| client.authorize(call),
        |client, call| {
            client.authorize(call);
            call.headers.remove("authorization");
        },
        |client, call| {
            set(call, "authorization", "Bearer a.b.c");
            client.authorize(call);
        },
        |_, call| add_digest(call),
        |client, call| {
            client.authorize(call);
            set(call, "idempotency-key", &Uuid::new_v4().to_string());
        },
        |client, call| {
            client.authorize(call);
            call.body = virtual_card().to_string().replace("Leeds", "Derby").into();
        },
        |client, call| {
            set(call, "content-digest", "sha-512=:AAAA:");
            client.sign(call, &client.input(call));
        },
        |client, call| client.sign(call, &client.input(call)),
        |client, call| sign_before(client, call, 400),
        |client, call| sign_without(client, call, "\"@method\" "),
        |client, call| sign_without(client, call, "\"@target-uri\" "),
        |client, call| sign_without(client, call, "\"content-digest\" "),
        |client, call| sign_without(client, call, "ecdsa-p384-"),
        |client, call| {
            add_digest(call);
            let input = client
                .input(call)
                .replace(&client.key_id, "0a1b2c3d-0000-4000-8000-00000000abcd");
            client.sign(call, &input);
        },
    ];
    for tamper in tampers {
        let account = walk.account();
        let mut call = walk.create_call(&account, &virtual_card());
        tamper(&walk.client, &mut call);
        walk.send(call).await;
        let mut list = walk.client.call(AccountCards, &account);
        walk.client.authorize(&mut list);
        let card = walk.send(list).await[0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for operation in [ReadCard, Fail, Deactivate, Terminate] {
            let mut call = walk.client.call(operation, &card);
            tamper(&walk.client, &mut call);
            walk.send(call).await;
        }
    }
    walk_with_crafted_calls(walk).await;
    walk.advance(3601);
    let mut late = walk.client.call(ProgrammeCards, "");
    walk.client.authorize(&mut late);
    walk.send(late).await;
}

/// A signature that was made so many seconds ago.
fn sign_before(client: &Client, call: &mut Call, seconds: i64) {
    add_digest(call);
    let (head, rest) = client
        .input(call)
        .split_once("created=")
        .map(|(head, rest)| (head.to_owned(), rest.to_owned()))
        .expect("the time is signed");
    let (_, tail) = rest.split_once(';').expect("the key follows");
    let created = client.service.clock.now().as_second() - seconds;
    client.sign(call, &format!("{head}created={created};{tail}"));
}

pub(super) fn sign_without(client: &Client, call: &mut Call, part: &str) {
    add_digest(call);
    let input = client.input(call).replace(part, "");
    client.sign(call, &input);
}

pub(super) async fn walk_with_hang_ups(walk: &mut Walk) {
    for body in [virtual_card(), physical_card()] {
        let account = walk.account();
        let create = walk.create_call(&account, &body);
        let create = walk.hang_up(create).await;
        walk.lists(&account).await;
        let mut changed = body.clone();
        changed["billingAddress"]["city"] = json!("Bath");
        walk.send(Call {
            body: changed.to_string().into(),
            ..create.clone()
        })
        .await;
        walk.lists(&account).await;
        let card = walk.send(create.clone()).await;
        let card = card["id"].as_str().unwrap_or_default().to_owned();
        walk.steps(&card, &[Issue]).await;
        walk.send(create.clone()).await;
        let deactivate = walk.hang_up(walk.client.call(Deactivate, &card)).await;
        walk.steps(&card, &[ReadCard, Activate]).await;
        walk.send(deactivate).await;
        walk.steps(&card, &[ReadCard, Deactivate]).await;
        walk.hang_up_and_retry(Activate, &card).await;
        walk.hang_up_and_retry(Terminate, &card).await;
        walk.send(create).await;
        walk.lists(&account).await;
        walk.create(&account, body).await;
        walk.lists(&account).await;
    }
}
