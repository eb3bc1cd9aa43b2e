//! One long walk through the API, written down so that two walks can be compared: the correct
//! implementation gives the same account each time, and every planted fault gives another.

mod crafted;
mod tell;
mod walks;

use std::sync::Arc;

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::reference::call::{Call, Content, Operation, Reply};
use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::programme::Account;
use crate::reference::server::furnish;
use crate::reference::testing::Client;
use crate::reference::{Options, faults, open_points};
use tell::tell;
use walks::*;

use Operation::*;

/// Walks, and writes down what it sees without anything that chance decides.
struct Walk {
    client: Client,
    lines: Vec<(String, Reply)>,
    foreign: (Uuid, Uuid),
}

impl Walk {
    fn new(options: &Options, signatures: bool) -> Self {
        let client = Client::new(&Options {
            signatures,
            ..options.clone()
        });
        let foreign = furnish(&client.service.foreign, &client.service.clock);
        Self {
            client,
            lines: Vec::new(),
            foreign,
        }
    }

    fn account(&self) -> String {
        self.client
            .service
            .own
            .open_account(Uuid::new_v4())
            .id
            .to_string()
    }

    async fn send(&mut self, call: Call) -> Value {
        let reply = self.client.answer(&call).await;
        self.lines
            .push((format!("{:?}", call.operation), reply.clone()));
        match reply.content {
            Content::Json(value) => value,
            Content::None | Content::Text { .. } => Value::Null,
        }
    }

    async fn step(&mut self, operation: Operation, id: &str) {
        let call = self.client.call(operation, id);
        self.send(call).await;
    }

    /// Several steps on one card, with a read after each.
    async fn steps(&mut self, card: &str, operations: &[Operation]) {
        for operation in operations {
            self.step(*operation, card).await;
            self.step(ReadCard, card).await;
        }
    }

    fn create_call(&self, account: &str, body: &Value) -> Call {
        Call {
            body: body.to_string().into(),
            ..self.client.call(CreateCard, account)
        }
    }

    /// Creates a card; its id, or one that nothing has when none was made.
    async fn create(&mut self, account: &str, body: Value) -> String {
        let call = self.create_call(account, &body);
        let body = self.send(call).await;
        body["id"]
            .as_str()
            .map_or_else(|| Uuid::nil().to_string(), str::to_owned)
    }

    async fn lists(&mut self, account: &str) {
        self.step(AccountCards, account).await;
        self.step(ProgrammeCards, "").await;
    }

    /// A call on the path of `operation` by a method that it does not have.
    async fn by_other_method(&mut self, method: &Method, operation: Operation, id: &str) {
        match (self.client.service.rules.other_method)(method, &[operation]) {
            Ok(operation) => {
                let call = Call {
                    method: method.clone(),
                    ..self.client.call(operation, id)
                };
                drop(self.send(call).await);
            }
            Err(refusal) => self.lines.push((format!("{method}"), refusal.into())),
        }
    }

    /// The same call twice under the same key.
    async fn twice(&mut self, operation: Operation, id: &str) {
        let call = self.client.call(operation, id);
        self.send(call.clone()).await;
        self.send(call).await;
    }

    fn advance(&self, seconds: i64) {
        self.client
            .service
            .clock
            .advance(seconds)
            .expect("the clock can be put forward");
    }
}

async fn tour(options: &Options) -> Vec<String> {
    let mut walk = Walk::new(options, false);
    walk_through_a_life(&mut walk).await;
    walk_with_physical_cards(&mut walk).await;
    walk_to_the_ends(&mut walk).await;
    walk_along_the_limit(&mut walk).await;
    walk_with_keys(&mut walk).await;
    walk_with_bad_input(&mut walk).await;
    walk_by_other_methods(&mut walk).await;
    walk_with_ids(&mut walk).await;
    assert_eq!(accounts_with_two_holders(&walk, options), 0);
    let mut told = tell(&walk.lines);
    let mut walk = Walk::new(options, true);
    walk_past_the_guards(&mut walk).await;
    told.extend(tell(&walk.lines));
    told
}

/// How many accounts have two cards of one type in use, which no correct implementation has.
fn accounts_with_two_holders(walk: &Walk, options: &Options) -> usize {
    if options.fault.is_some() {
        return 0;
    }
    let in_use = |card: &Card| {
        matches!(
            card.status,
            CardStatus::Active | CardStatus::Inactive | CardStatus::Suspended
        )
    };
    let has_two = |account: &Arc<Account>| {
        [CardType::Virtual, CardType::Physical]
            .into_iter()
            .any(|card_type| {
                let cards = account.cards();
                cards
                    .iter()
                    .filter(|card| card.card_type == card_type && in_use(card))
                    .count()
                    > 1
            })
    };
    walk.client
        .service
        .own
        .accounts()
        .iter()
        .filter(|account| has_two(account))
        .count()
}

#[tokio::test]
async fn a_fault_is_seen_on_the_tour_and_the_correct_implementation_always_gives_the_same() {
    let correct = tour(&Options::default()).await;
    assert_eq!(tour(&Options::default()).await, correct);
    let mut unseen = Vec::new();
    for fault in faults() {
        let options = Options {
            fault: Some(fault),
            ..Options::default()
        };
        if tour(&options).await == correct {
            unseen.push(fault.id);
        }
    }
    assert!(unseen.is_empty(), "the tour doesn't show {unseen:?}");
}

#[tokio::test]
async fn every_reading_is_seen_on_the_tour_and_gives_no_internal_error() {
    let by_default = tour(&Options::default()).await;
    let mut unseen = Vec::new();
    for point in open_points() {
        for option in point.options {
            let mut options = Options::default();
            options
                .readings
                .set(point.name, option)
                .expect("the table names it");
            let told = tour(&options).await;
            let broken: Vec<&String> = told.iter().filter(|line| line.contains(": 5")).collect();
            assert!(broken.is_empty(), "{} {option}: {broken:?}", point.name);
            if (told == by_default) != (*option == point.options[0]) {
                unseen.push((point.name, option));
            }
        }
    }
    assert!(unseen.is_empty(), "the tour doesn't show {unseen:?}");
}
