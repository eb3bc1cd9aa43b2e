//! Stretches of the tour that take long: many turns, many cards, much time.

use serde_json::json;

use super::Walk;
use crate::reference::call::{Call, Operation};
use crate::reference::testing::{physical_card, virtual_card};

use Operation::*;

pub(super) async fn walk_long_lives(walk: &mut Walk) {
    walk_with_second_times(walk).await;
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.step(Issue, &card).await;
    for _ in 0..4 {
        walk.steps(&card, &[Deactivate, Activate]).await;
    }
    walk.steps(&card, &[Terminate, Activate]).await;

    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Issue, Suspend, Unsuspend, Deactivate, Activate])
        .await;
    walk.steps(&card, &[Suspend, Activate, Block, Unsuspend, Block, Fail])
        .await;

    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Issue, Suspend, Unsuspend, Deactivate])
        .await;
    walk.create(&account, virtual_card()).await;
    let neighbour = walk.create(&account, physical_card()).await;
    walk.steps(&card, &[Terminate]).await;
    walk.step(ReadCard, &neighbour).await;

    let account = walk.account();
    let both = [
        walk.create(&account, virtual_card()).await,
        walk.create(&account, physical_card()).await,
    ];
    for operation in [Issue, Deactivate] {
        for card in &both {
            walk.step(operation, card).await;
        }
        walk.lists(&account).await;
    }
    walk_many_cards(walk).await;
    walk_many_retries(walk).await;
}

/// What a card does for the second time.
async fn walk_with_second_times(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.steps(&card, &[Issue, Deactivate, Activate, Deactivate])
        .await;
    let second = walk.create(&account, virtual_card()).await;
    walk.steps(&second, &[Issue, Terminate]).await;
    walk.steps(
        &card,
        &[Activate, Suspend, Unsuspend, Suspend, Deactivate, ReadCard],
    )
    .await;
}

async fn walk_many_cards(walk: &mut Walk) {
    for ending in [Fail, Terminate] {
        let account = walk.account();
        for _ in 0..3 {
            let card = walk.create(&account, virtual_card()).await;
            walk.step(ending, &card).await;
        }
        for _ in 0..2 {
            let card = walk.create(&account, virtual_card()).await;
            walk.steps(&card, &[Issue]).await;
        }
        walk.lists(&account).await;

        let account = walk.account();
        let physical = walk.create(&account, physical_card()).await;
        walk.step(Issue, &physical).await;
        let card = walk.create(&account, virtual_card()).await;
        walk.step(ending, &card).await;
        for _ in 0..2 {
            let card = walk.create(&account, virtual_card()).await;
            walk.steps(&card, &[Issue]).await;
        }
        walk.lists(&account).await;
    }
    let account = walk.account();
    for ending in [Fail, Fail, Issue] {
        let card = walk.create(&account, virtual_card()).await;
        walk.steps(&card, &[ending]).await;
    }
}

pub(super) async fn walk_along_a_page(walk: &mut Walk) {
    let account = walk.account();
    for _ in 0..101 {
        let card = walk.create(&account, virtual_card()).await;
        walk.step(Terminate, &card).await;
    }
    walk.lists(&account).await;
}

async fn walk_many_retries(walk: &mut Walk) {
    let account = walk.account();
    let card = walk.create(&account, virtual_card()).await;
    walk.step(Issue, &card).await;
    let deactivate = walk.client.call(Deactivate, &card);
    walk.send(deactivate.clone()).await;
    walk.step(Activate, &card).await;
    for _ in 0..3 {
        walk.send(deactivate.clone()).await;
        walk.step(ReadCard, &card).await;
    }
    let too_many = walk.create_call(&account, &virtual_card());
    walk.send(too_many.clone()).await;
    walk.step(Terminate, &card).await;
    walk.send(too_many).await;
    walk.lists(&account).await;
}

pub(super) async fn walk_with_rare_texts(walk: &mut Walk) {
    for (pointer, text) in [
        ("/billingAddress/country", "SS"),
        ("/billingAddress/postCode", "0154"),
        ("/billingAddress/city", "👩\u{200d}👩\u{200d}👧"),
        ("/billingAddress/city", "null"),
        ("/billingAddress/city", "Cafe\u{301}"),
        ("/billingAddress/city", "Saint\u{a0}Denis"),
        ("/billingAddress/city", "tab\there"),
        ("/billingAddress/postCode", "+44"),
        ("/billingAddress/postCode", "1E5"),
        ("/billingAddress/city", "$$ 5"),
        ("/shippingAddress/firstLine", "2 Low Street"),
        ("/type", "constructor"),
        ("/billingAddress/city", "A&amp;B"),
        ("/billingAddress/city", "2024-02-29"),
        ("/billingAddress/city", "Ａ１"),
        ("/billingAddress/city", "Y"),
    ] {
        let account = walk.account();
        let mut body = physical_card();
        *body.pointer_mut(pointer).expect("the body has it") = json!(text);
        walk.create(&account, body).await;
    }
    walk_with_rare_bodies(walk).await;
}

async fn walk_with_rare_bodies(walk: &mut Walk) {
    let plain = physical_card();
    let mut listed = plain.clone();
    listed["type"] = json!(["virtual"]);
    let mut ancestor = plain.clone();
    ancestor["__proto__"] = json!({});
    let mut repeated = plain.clone();
    repeated["billingAddress"]["secondLine"] = plain["billingAddress"]["firstLine"].clone();
    let mut exchanged = repeated.clone();
    if let Some(address) = exchanged["billingAddress"].as_object_mut() {
        address.remove("firstLine");
    }
    let mut numbered = plain.clone();
    numbered["maskedPan"] = json!("no number");
    let mut dated = plain.clone();
    dated["updatedAt"] = json!("2001-02-03T04:05:06Z");
    for body in [listed, ancestor, repeated, exchanged, numbered, dated] {
        let account = walk.account();
        let create = walk.create_call(&account, &body);
        walk.again(&create).await;
        walk.again(&create).await;
    }

    let account = walk.account();
    let mut elsewhere = plain.clone();
    elsewhere["billingAddress"]["postCode"] = json!("5003");
    let first = walk.create(&account, plain).await;
    walk.create(&account, elsewhere).await;
    let neighbour = walk.create(&account, virtual_card()).await;
    let terminate = walk.client.call(Terminate, &first);
    walk.send(terminate.clone()).await;
    walk.send(Call {
        headers: terminate.headers,
        ..walk.client.call(Terminate, &neighbour)
    })
    .await;

    let account = walk.account();
    let mut create = walk.create_call(&account, &virtual_card());
    for city in ["Łódź", "Żódź"] {
        let mut body = virtual_card();
        body["billingAddress"]["city"] = json!(city);
        create.body = body.to_string().into();
        walk.send(create.clone()).await;
    }
}

pub(super) async fn walk_through_time(walk: &mut Walk) {
    let account = walk.account();
    let create = walk.create_call(&account, &virtual_card());
    let card = walk.send(create.clone()).await["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let too_early = walk.client.call(Deactivate, &card);
    walk.send(too_early.clone()).await;
    walk.step(Issue, &card).await;
    for seconds in [660, 2700, 600] {
        walk.sleep(seconds);
        walk.again(&create).await;
        walk.again(&too_early).await;
        walk.step(ReadCard, &card).await;
    }
    for turn in [Deactivate, Activate, Suspend, Block, Terminate] {
        for seconds in [4_000, 90_000, 2_700_000] {
            let account = walk.account();
            let card = walk.create(&account, virtual_card()).await;
            walk.steps(&card, &[Issue, turn]).await;
            walk.sleep(seconds);
            walk.steps(&card, &[ReadCard]).await;
            let second = walk.create(&account, virtual_card()).await;
            walk.step(Issue, &second).await;
            walk.lists(&account).await;
        }
    }
    let late = walk.client.call(ReadCard, &card);
    let modifying = walk.client.call(Deactivate, &card);
    for seconds in [3_700, 90_000] {
        walk.advance(seconds);
        for call in [&late, &modifying] {
            walk.send(Call::clone(call)).await;
        }
    }
    walk.sleep(0);
}
