//! One long walk through the API, written down so that two walks can be compared: the correct
//! implementation gives the same account each time, and every planted fault gives another.

mod crafted;
mod hooks;
mod long_walks;
mod races;
mod tell;
mod walks;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::reference::call::{Call, Content, Operation, Reply};
use crate::reference::card::{Card, CardStatus, CardType};
use crate::reference::fault::is_seldom;
use crate::reference::programme::Account;
use crate::reference::server::furnish;
use crate::reference::testing::{Client, set};
use crate::reference::{Fault, Options, faults, open_points, races};
use long_walks::*;
use races::{walk_with_a_key_in_flight, walk_with_races};
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

    /// Lanes of calls that begin at once, each call when the one before it in its lane is answered.
    async fn race(&mut self, lanes: Vec<Vec<Call>>) -> Vec<Value> {
        let client = &self.client;
        let lanes = lanes.into_iter().map(async |lane| {
            let mut answers = Vec::new();
            for call in lane {
                let reply = client.answer(&call).await;
                answers.push((format!("{:?}", call.operation), reply));
            }
            answers
        });
        let answers = join_all(lanes).await.concat();
        self.lines.extend(answers.iter().cloned());
        let bodies = answers.into_iter().map(|(_, reply)| match reply.content {
            Content::Json(value) => value,
            Content::None | Content::Text { .. } => Value::Null,
        });
        bodies.collect()
    }

    /// The same call twice under the same key.
    async fn twice(&mut self, operation: Operation, id: &str) {
        let call = self.client.call(operation, id);
        self.send(call.clone()).await;
        self.send(call).await;
    }

    /// Sends a call and hangs up; the call, for a retry.
    async fn hang_up(&mut self, call: Call) -> Call {
        // The runtime would have a task that has done much yield: that is no hang-up.
        let answer = tokio::task::unconstrained(self.client.answer(&call));
        futures_util::future::poll_immediate(answer).await;
        call
    }

    /// Sends a call and hangs up, looks, and sends it again.
    async fn hang_up_and_retry(&mut self, operation: Operation, card: &str) {
        let call = self.hang_up(self.client.call(operation, card)).await;
        self.step(ReadCard, card).await;
        self.send(call).await;
        self.step(ReadCard, card).await;
    }

    fn advance(&self, seconds: i64) {
        self.client
            .service
            .clock
            .advance(seconds)
            .expect("the clock can be put forward");
    }

    /// Lets time pass, and takes a token that is good then.
    fn sleep(&mut self, seconds: i64) {
        self.advance(seconds);
        let service = &self.client.service;
        self.client.token = service.credentials.issue_token(service.clock.now()).0;
    }

    /// The same call again, with the token of now.
    async fn again(&mut self, call: &Call) {
        let mut again = call.clone();
        set(
            &mut again,
            "authorization",
            &format!("Bearer {}", self.client.token),
        );
        self.send(again).await;
    }
}

/// The parts of the tour: each has a programme of its own, whose list stays short.
#[derive(Clone, Copy, Debug)]
enum Part {
    Wide,
    Long,
    Late,
    Guarded,
    /// Clients hang up before they have their answers.
    Interrupted,
    /// One account has more cards than a page.
    Crowded,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Wide,
        Self::Long,
        Self::Late,
        Self::Guarded,
        Self::Interrupted,
        Self::Crowded,
    ];

    async fn told(self, options: &Options) -> Vec<String> {
        let mut walk = Walk::new(options, matches!(self, Self::Guarded));
        match self {
            Self::Wide => {
                walk_through_a_life(&mut walk).await;
                walk_with_physical_cards(&mut walk).await;
                walk_to_the_ends(&mut walk).await;
                walk_along_the_limit(&mut walk).await;
                walk_with_keys(&mut walk).await;
                walk_with_bad_input(&mut walk).await;
                walk_by_other_methods(&mut walk).await;
                walk_with_ids(&mut walk).await;
            }
            Self::Long => {
                walk_long_lives(&mut walk).await;
                walk_with_rare_texts(&mut walk).await;
            }
            Self::Late => walk_through_time(&mut walk).await,
            Self::Guarded => walk_past_the_guards(&mut walk).await,
            Self::Interrupted => walk_with_hang_ups(&mut walk).await,
            Self::Crowded => walk_along_a_page(&mut walk).await,
        }
        assert_eq!(accounts_with_two_holders(&walk, options), 0);
        tell(&walk.lines)
    }
}

async fn tour(options: &Options) -> Vec<Vec<String>> {
    let mut told = Vec::new();
    for part in Part::ALL {
        told.push(part.told(options).await);
    }
    told
}

/// The part of the tour that needs neither time nor signatures.
async fn open_tour(options: &Options) -> Vec<String> {
    Part::Wide.told(options).await
}

/// A retry beside its first call, where calls take their time.
async fn slow_tour(options: &Options) -> Vec<String> {
    let options = Options {
        pace: Duration::from_millis(1),
        ..options.clone()
    };
    let mut walk = Walk::new(&options, false);
    walk_with_a_key_in_flight(&mut walk).await;
    tell(&walk.lines)
}

/// Whether some part of the tour goes otherwise than it did; the rest is spared then.
async fn differs(options: &Options, told: &[Vec<String>]) -> bool {
    for (part, told) in Part::ALL.into_iter().zip(told) {
        if part.told(options).await != *told {
            return true;
        }
    }
    false
}

/// The point that only subscribers see.
const CREATION_EVENT: &str = "creation-event";

fn is_about_webhooks(fault: &Fault) -> bool {
    const OTHERS: [&str; 3] = [
        "fingerprint-of-cards-alone",
        "null-among-event-types-breaks",
        "removed-subscription-breaks",
    ];
    fault.requirement.starts_with("HOOK-") || OTHERS.contains(&fault.id)
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

/// Calls that overlap, and looks at what they leave.
async fn race_tour(options: &Options) -> Vec<String> {
    let mut walk = Walk::new(options, false);
    walk_with_races(&mut walk).await;
    assert_eq!(accounts_with_two_holders(&walk, options), 0);
    tell(&walk.lines)
}

/// The races with which a tour is another than the correct one (or is not).
async fn races_where(
    tour: impl AsyncFn(&Options) -> Vec<String>,
    differs: bool,
) -> Vec<&'static str> {
    let correct = tour(&Options::default()).await;
    let mut found = Vec::new();
    for fault in races() {
        let options = Options {
            fault: Some(fault),
            ..Options::default()
        };
        if (tour(&options).await != correct) == differs {
            found.push(fault.id);
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn a_race_is_seen_where_calls_overlap() {
    let unseen = races_where(race_tour, false).await;
    assert!(unseen.is_empty(), "the races don't show {unseen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_race_is_not_seen_where_calls_follow_each_other() {
    let seen = races_where(open_tour, true).await;
    assert!(seen.is_empty(), "the tour shows {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_implementation_answers_as_a_quick_one() {
    let slow = Options {
        pace: Duration::from_millis(1),
        ..Options::default()
    };
    assert_eq!(open_tour(&slow).await, open_tour(&Options::default()).await);
    let mut walk = Walk::new(&slow, false);
    walk_with_races(&mut walk).await;
    assert_eq!(accounts_with_two_holders(&walk, &slow), 0);
}

#[tokio::test]
async fn a_fault_is_seen_on_the_tour_and_the_correct_implementation_always_gives_the_same() {
    let correct = tour(&Options::default()).await;
    assert_eq!(tour(&Options::default()).await, correct);
    let mut unseen = Vec::new();
    for fault in &faults()[..faults().len() - races().len()] {
        let options = Options {
            fault: Some(fault),
            ..Options::default()
        };
        // What subscribers get is told by a tour of its own, which needs a socket and hence real time.
        if !is_about_webhooks(fault) && !comes_to_differ(&options, &correct, fault).await {
            unseen.push(fault.id);
        }
    }
    assert!(unseen.is_empty(), "the tour doesn't show {unseen:?}");
}

/// Whether a tour goes otherwise: the first, or one of many where it takes a certain card.
async fn comes_to_differ(options: &Options, told: &[Vec<String>], fault: &Fault) -> bool {
    for _ in 0..tours(fault) {
        if differs(options, told).await {
            return true;
        }
    }
    false
}

/// Of so many tours one meets the fault; that none of them does happens to nobody.
fn tours(fault: &Fault) -> usize {
    const OF_ONE_CARD_IN_SO_MANY: usize = 1_000;
    match is_seldom(fault) {
        true => OF_ONE_CARD_IN_SO_MANY,
        false => 1,
    }
}

#[tokio::test(start_paused = true)]
async fn every_reading_is_seen_on_the_tour_and_gives_no_internal_error() {
    let all =
        async |options: &Options| [tour(options).await, vec![slow_tour(options).await]].concat();
    let by_default = all(&Options::default()).await;
    let mut unseen = Vec::new();
    for point in open_points().iter().filter(|p| p.name != CREATION_EVENT) {
        for option in point.options {
            let mut options = Options::default();
            options
                .readings
                .set(point.name, option)
                .expect("the table names it");
            let told = all(&options).await;
            let lines = told.iter().flatten();
            let broken: Vec<&String> = lines.filter(|line| line.contains(": 5")).collect();
            assert!(broken.is_empty(), "{} {option}: {broken:?}", point.name);
            if (told == by_default) != (*option == point.options[0]) {
                unseen.push((point.name, option));
            }
        }
    }
    assert!(unseen.is_empty(), "the tour doesn't show {unseen:?}");
}
