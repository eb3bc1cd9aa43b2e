//! Calls that overlap. Each scene has accounts of its own, and ends with looks at rest.

use http::HeaderValue;
use serde_json::{Value, json};

use super::Walk;
use crate::reference::call::{Call, Operation};
use crate::reference::testing::{physical_card, virtual_card};

use Operation::*;

impl Walk {
    /// An account with an active card of each type.
    async fn furnished(&mut self) -> (String, String, String) {
        let account = self.account();
        let first = self.create(&account, virtual_card()).await;
        let second = self.create(&account, physical_card()).await;
        self.step(Issue, &first).await;
        self.step(Issue, &second).await;
        (account, first, second)
    }

    /// Each call in a lane of its own.
    async fn at_once(&mut self, calls: Vec<Call>) -> Vec<Value> {
        self.race(calls.into_iter().map(|call| vec![call]).collect())
            .await
    }

    /// Both reads of what there is, and what comes of one more call of each kind.
    async fn rest(&mut self, account: &str, cards: &[&str]) {
        for card in cards {
            self.steps(card, &[ReadCard, Activate]).await;
        }
        self.lists(account).await;
    }
}

pub(super) async fn walk_with_races(walk: &mut Walk) {
    race_for_slots(walk).await;
    race_with_one_key(walk).await;
    race_of_acts(walk).await;
    race_with_reads(walk).await;
    race_of_accounts(walk).await;
}

async fn race_for_slots(walk: &mut Walk) {
    for (first, second) in [
        (virtual_card(), virtual_card()),
        (physical_card(), physical_card()),
        (virtual_card(), physical_card()),
    ] {
        let account = walk.account();
        let calls = [&first, &second].map(|body| walk.create_call(&account, body));
        for card in walk.at_once(calls.to_vec()).await {
            let id = card["id"].as_str().unwrap_or_default();
            walk.step(ReadCard, id).await;
            walk.step(Issue, id).await;
        }
        walk.lists(&account).await;
    }
    let account = walk.account();
    let spellings = [account.to_ascii_uppercase(), account.clone()];
    let calls = spellings.map(|spelling| walk.create_call(&spelling, &virtual_card()));
    walk.at_once(calls.to_vec()).await;
    walk.lists(&account).await;
    let account = walk.account();
    let ended = walk.create(&account, virtual_card()).await;
    walk.step(Terminate, &ended).await;
    let calls = [(); 2].map(|()| walk.create_call(&account, &virtual_card()));
    walk.at_once(calls.to_vec()).await;
    walk.lists(&account).await;
    let (account, first, second) = walk.furnished().await;
    let calls = [&first, &second].map(|card| walk.client.call(Terminate, card));
    walk.at_once(calls.to_vec()).await;
    walk.create(&account, virtual_card()).await;
    walk.create(&account, physical_card()).await;
    walk.lists(&account).await;
}

async fn race_with_one_key(walk: &mut Walk) {
    let changes: [fn(&mut Call); 3] = [
        |_| {},
        |call| call.body = physical_card().to_string().into(),
        |call| {
            let capitals = call.header("idempotency-key").unwrap_or_default();
            let capitals = HeaderValue::from_str(&capitals.to_uppercase());
            call.headers
                .insert("idempotency-key", capitals.expect("a key is ASCII"));
        },
    ];
    for change in changes {
        let account = walk.account();
        let first = walk.create_call(&account, &virtual_card());
        let mut second = first.clone();
        change(&mut second);
        walk.at_once(vec![first.clone(), second]).await;
        walk.send(first).await;
        walk.lists(&account).await;
    }
    for operation in [Activate, Deactivate, Terminate] {
        let (account, first, second) = walk.furnished().await;
        if operation == Activate {
            walk.step(Deactivate, &first).await;
            walk.step(Deactivate, &second).await;
        }
        let call = walk.client.call(operation, &first);
        let elsewhere = Call {
            headers: call.headers.clone(),
            ..walk.client.call(operation, &second)
        };
        walk.at_once(vec![call.clone(), call, elsewhere]).await;
        walk.rest(&account, &[&first, &second]).await;
    }
    let (account, first, _) = walk.furnished().await;
    let deactivate = walk.client.call(Deactivate, &first);
    let lane = vec![deactivate.clone(), walk.client.call(Activate, &first)];
    walk.race(vec![lane, vec![deactivate]]).await;
    walk.rest(&account, &[&first]).await;
}

async fn race_of_acts(walk: &mut Walk) {
    const ACTS: [Operation; 6] = [Activate, Deactivate, Terminate, Suspend, Unsuspend, Block];
    for (before, firsts) in [
        (None, &ACTS[..]),
        (Some(Deactivate), &[Activate][..]),
        (Some(Suspend), &[Unsuspend][..]),
    ] {
        for first in firsts.iter().copied() {
            for second in ACTS {
                let (account, card, other) = walk.furnished().await;
                if let Some(before) = before {
                    walk.step(before, &card).await;
                }
                let calls = [first, second].map(|act| walk.client.call(act, &card));
                walk.at_once(calls.to_vec()).await;
                walk.rest(&account, &[&card, &other]).await;
            }
        }
    }
    let (account, card, _) = walk.furnished().await;
    walk.steps(&card, &[Suspend, Unsuspend]).await;
    let calls = [Deactivate, Terminate].map(|act| walk.client.call(act, &card));
    walk.at_once(calls.to_vec()).await;
    walk.rest(&account, &[&card]).await;
    for first in [Issue, Fail] {
        for second in [Issue, Fail, Terminate] {
            let account = walk.account();
            let card = walk.create(&account, virtual_card()).await;
            let calls = [first, second].map(|act| walk.client.call(act, &card));
            walk.at_once(calls.to_vec()).await;
            walk.rest(&account, &[&card]).await;
        }
    }
}

async fn race_with_reads(walk: &mut Walk) {
    for act in [Terminate, Deactivate, Activate] {
        let (account, card, other) = walk.furnished().await;
        if act == Activate {
            walk.step(Terminate, &card).await;
        }
        let looks = |walk: &Walk, read, id: &str| vec![walk.client.call(read, id); 3];
        let lanes = vec![
            looks(walk, ReadCard, &card),
            vec![
                walk.client.call(act, &card),
                walk.client.call(ReadCard, &card),
            ],
            looks(walk, ReadCard, &other),
            looks(walk, AccountCards, &account),
            looks(walk, ProgrammeCards, ""),
            looks(walk, ReadCard, &card),
        ];
        walk.race(lanes).await;
        walk.rest(&account, &[&card]).await;
    }
    for body in [virtual_card(), physical_card(), json!({})] {
        let (account, elsewhere) = (walk.account(), walk.account());
        let card = walk.create(&account, virtual_card()).await;
        let lanes = vec![
            vec![walk.client.call(AccountCards, &account); 2],
            vec![walk.create_call(&account, &body)],
            vec![walk.client.call(Issue, &card)],
            vec![walk.client.call(ReadCard, &card); 2],
            vec![walk.client.call(AccountCards, &account); 2],
            vec![walk.client.call(AccountCards, &elsewhere); 2],
            vec![walk.client.call(ProgrammeCards, ""); 2],
        ];
        walk.race(lanes).await;
        walk.rest(&account, &[&card]).await;
    }
}

async fn race_of_accounts(walk: &mut Walk) {
    let accounts = [walk.account(), walk.account()];
    let creates = accounts
        .each_ref()
        .map(|account| walk.create_call(account, &virtual_card()));
    let cards = walk.at_once(creates.to_vec()).await;
    for card in &cards {
        walk.step(Issue, card["id"].as_str().unwrap_or_default())
            .await;
    }
    let acts = cards.iter().map(|card| {
        let id = card["id"].as_str().unwrap_or_default();
        walk.client.call(Deactivate, id)
    });
    walk.at_once(acts.collect()).await;
    for account in &accounts {
        walk.lists(account).await;
    }
    let (account, card, other) = walk.furnished().await;
    let acts = vec![
        walk.client.call(Deactivate, &card),
        walk.client.call(Deactivate, &other),
    ];
    walk.at_once(acts).await;
    walk.rest(&account, &[]).await;
    let (account, card, _) = walk.furnished().await;
    walk.step(Terminate, &card).await;
    let (_, third, _) = walk.furnished().await;
    let calls = vec![
        walk.client.call(Deactivate, &third),
        walk.create_call(&account, &virtual_card()),
    ];
    walk.at_once(calls).await;
    let account = walk.account();
    let mut elsewhere = physical_card();
    elsewhere["billingAddress"]["city"] = json!("Elsewhere");
    let creates = [virtual_card(), elsewhere].map(|body| walk.create_call(&account, &body));
    walk.at_once(creates.to_vec()).await;
    walk.lists(&account).await;
    let alone = walk.account();
    let card = walk.create(&alone, virtual_card()).await;
    walk.step(Issue, &card).await;
    let calls = vec![
        walk.client.call(Deactivate, &card),
        walk.create_call(&alone, &physical_card()),
    ];
    walk.at_once(calls).await;
    walk.rest(&alone, &[]).await;
}

/// A retry beside its first call, where calls take their time.
pub(super) async fn walk_with_a_key_in_flight(walk: &mut Walk) {
    let account = walk.account();
    let call = walk.create_call(&account, &virtual_card());
    walk.at_once(vec![call.clone(), call.clone()]).await;
    walk.send(call).await;
    walk.lists(&account).await;
}
