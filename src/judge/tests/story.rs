//! Stories: each line a step and its answer, split by `=>`.
//!
//! In a race, the n-th steps of the lanes overlap unless times say otherwise: `204 @ 3-7` is sent 3 ms after the release,
//! and answered 7 ms after it.
//!
//! An answer is a status code, and then a card's status, or a list: `200 #1=active #2=issuing`; `with {…}` changes what a
//! read shows. `503 later` says when to ask again, `lost` is none at all,
//! and `cut` one that the step did without. A line `told #1=active as 7` is an event; an answer `200 active in vain` comes
//! twice, a whole wait apart.
//!
//! A subscription that is made or moved, read or listed is answered as it was asked for and stands; `200 with {…}` changes
//! that.
//!
//! `before A: #91=active #92=terminated/physical` is what an account with a past was found to hold before the first step;
//! `unknown A` says that nothing is known of it, `shared A` that others act on it meanwhile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::card::AccountId;
use crate::case::request::{CALLBACK, body_text, standard_request, standard_subscription};
use crate::case::{
    AccountRef, Body, CardRef, Case, Command, Flaw, Hook, KeyUse, Step, StepNumber, SubscriptionRef,
};
use crate::trace::{
    CaseNumber, CaseTrace, Event, Exchange, Micros, Past, Reply, Request, Response,
};

/// A story: each step with its answer, split by `=>`.
pub(crate) struct Story {
    pub steps: Vec<Step>,
    pub exchanges: Vec<Exchange>,
    pub cards: BTreeMap<StepNumber, Value>,
    /// Each card as it was first shown in each status.
    pub shown: BTreeMap<(StepNumber, String), Value>,
    pub events: Vec<Event>,
    pub pasts: BTreeMap<char, Past>,
    /// Each subscription as it stands.
    pub subscriptions: BTreeMap<String, Value>,
    pub clock: u64,
    /// When the lanes of the present race were released.
    pub released: Option<u64>,
}

fn account(letter: char) -> AccountId {
    AccountId::new(format!(
        "aaaaaaaa-0000-4000-8000-0000000000{:02x}",
        letter as u32
    ))
}

fn card_id(step: StepNumber) -> String {
    format!("cccccccc-0000-4000-8000-{:012}", step.0)
}

/// The other programme's is a constant of the tables.
fn subscription_id(subscription: SubscriptionRef) -> String {
    match subscription {
        SubscriptionRef::Made(step) => format!("99999999-0000-4000-8000-{:012}", step.0),
        SubscriptionRef::Foreign => super::FOREIGN_SUBSCRIPTION.to_owned(),
        SubscriptionRef::Unknown => "98989898-0000-4000-8000-000000000000".to_owned(),
        SubscriptionRef::Malformed => "not-a-uuid".to_owned(),
    }
}

fn key(step: StepNumber) -> String {
    format!("eeeeeeee-0000-4000-8000-{:012}", step.0)
}

impl Story {
    /// 2026-01-01, in microseconds since 1970, and a bit, so that the last digit of a time is not 0.
    const BEGAN_AT: i64 = 1_767_225_600_000_007;

    pub fn told(lines: &[&str]) -> Self {
        let mut story = Self {
            steps: Vec::new(),
            exchanges: Vec::new(),
            cards: BTreeMap::new(),
            shown: BTreeMap::new(),
            events: Vec::new(),
            pasts: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            clock: 0,
            released: None,
        };
        for line in lines {
            if let Some(event) = line.strip_prefix("told ") {
                story.hear(event);
                continue;
            }
            if let Some((letter, cards)) = line
                .strip_prefix("before ")
                .and_then(|l| l.split_once(": "))
            {
                story.read_before(letter, cards);
                continue;
            }
            if let Some(letter) = line.strip_prefix("unknown ") {
                story.pasts.insert(letter.parse().unwrap(), Past::Unknown);
                continue;
            }
            if let Some(letter) = line.strip_prefix("shared ") {
                story.pasts.insert(letter.parse().unwrap(), Past::Shared);
                continue;
            }
            let (step, answer) = line.split_once(" => ").expect("a step and its answer");
            story.tell(step.parse().expect("a step"), answer);
        }
        story
    }

    fn read_before(&mut self, letter: &str, cards: &str) {
        let list: Step = format!("list {letter}").parse().expect("a step");
        self.pasts.insert(letter.parse().unwrap(), Past::Read);
        self.send(StepNumber::BEFORE, &list, &format!("200 {cards}"));
    }

    pub fn tell(&mut self, step: Step, answer: &str) {
        let number = StepNumber(self.steps.len() + 1);
        if step.command == Command::Hook(Hook::RefuseNext) {
            self.steps.push(step);
            return;
        }
        if let Command::Pause(milliseconds) = step.command {
            self.clock += 1_000 * milliseconds;
            self.steps.push(step);
            return;
        }
        let (answer, waits) = match answer.strip_suffix(" in vain") {
            Some(answer) => (answer, &[0, 1_000_000][..]),
            None => (answer, &[0][..]),
        };
        for wait in waits {
            self.clock += wait;
            self.send(number, &step, answer);
        }
        self.steps.push(step);
    }

    fn send(&mut self, number: StepNumber, step: &Step, answer: &str) {
        let request = self.request(number, step);
        let (answer, times) = answer.split_once(" @ ").unwrap_or((answer, ""));
        let for_token = answer.strip_suffix(" for its token");
        let (answer, token_over) = (for_token.unwrap_or(answer), for_token.is_some());
        let (sent_at, received_at) = self.times(step, times);
        let reply = match answer {
            "lost" => Reply::Lost("the connection was reset".to_owned()),
            "cut" => Reply::LetGo("cut after sending".to_owned()),
            _ => Reply::Got(self.response(number, step, answer)),
        };
        self.exchanges.push(Exchange {
            step: number,
            sent_at: Micros(sent_at),
            received_at: Micros(received_at),
            request,
            flaw: step.flaw,
            token_over,
            reply,
        });
    }

    fn times(&mut self, step: &Step, times: &str) -> (u64, u64) {
        let Some(lane) = step.lane else {
            self.clock += 100_000;
            self.released = None;
            return (self.clock, self.clock + 1_000);
        };
        let released = *self.released.get_or_insert_with(|| self.clock + 100_000);
        let (sent, received) = match times.split_once('-') {
            Some((sent, received)) => (sent.parse().unwrap(), received.parse().unwrap()),
            None => {
                let in_lane = self.steps.iter().rev().take_while(|s| s.lane.is_some());
                let round = in_lane.filter(|s| s.lane == Some(lane)).count() as u64;
                (2 * round, 2 * round + 1)
            }
        };
        self.clock = self.clock.max(released + received * 1_000);
        (released + sent * 1_000, released + received * 1_000)
    }

    fn request(&self, number: StepNumber, step: &Step) -> Request {
        if let Command::Retry(first) = step.command {
            let mut request = self.exchanges[first.0 - 1].request.clone();
            if let Some(body) = &request.body {
                let sent: Value = serde_json::from_str(body).expect("JSON");
                request.body = Some(body_text(&sent, &step.body));
            }
            return request;
        }
        let card = |card: &CardRef| match card {
            CardRef::Made(step) => card_id(*step),
            CardRef::Malformed(text) => text.clone(),
            CardRef::Within(within) => {
                format!("{}{}{}", within.before, card_id(within.card), within.behind)
            }
            CardRef::Unknown | CardRef::Foreign => {
                "ffffffff-0000-4000-8000-000000000000".to_owned()
            }
        };
        let owner = |owner: &AccountRef| match owner {
            AccountRef::Own(letter) => account(*letter).to_string(),
            _ => "ffffffff-0000-4000-8000-000000000001".to_owned(),
        };
        let (method, path) = match &step.command {
            Command::Create { account, .. } => {
                ("POST", format!("/accounts/{}/cards", owner(account)))
            }
            Command::ListAccount(account) => ("GET", format!("/accounts/{}/cards", owner(account))),
            Command::ListProgramme => ("GET", "/cards".to_owned()),
            Command::Read(c) => ("GET", format!("/cards/{}", card(c))),
            Command::Hook(Hook::Await { card, .. }) => {
                ("GET", format!("/cards/{}", card_id(*card)))
            }
            Command::Act(crate::card::Action::Terminate, c) => {
                ("DELETE", format!("/cards/{}", card(c)))
            }
            Command::Act(action @ (crate::card::Action::Issue | crate::card::Action::Fail), c) => {
                ("PATCH", format!("/simulator/cards/{}/{action}", card(c)))
            }
            Command::Act(action, c) => ("PATCH", format!("/cards/{}/{action}", card(c))),
            Command::Hook(Hook::Subscribe | Hook::Resubscribe(_)) => {
                ("PUT", "/webhooks".to_owned())
            }
            Command::Hook(Hook::ListSubscriptions) => ("GET", "/webhooks".to_owned()),
            Command::Hook(Hook::ReadSubscription(named)) => {
                ("GET", format!("/webhooks/{}", subscription_id(*named)))
            }
            Command::Hook(Hook::Unsubscribe(named)) => {
                ("DELETE", format!("/webhooks/{}", subscription_id(*named)))
            }
            Command::Retry(_) | Command::Pause(_) | Command::Hook(Hook::RefuseNext) => {
                unreachable!("told otherwise")
            }
            Command::MoveClock(_) => ("POST", "/sandbox/clock".to_owned()),
        };
        let method = step.method.as_ref().map_or(method, http::Method::as_str);
        let media_type = step.media_type.as_deref().unwrap_or("application/json");
        let mut headers = vec![("content-type".to_owned(), media_type.to_owned())];
        if method != "GET" {
            let value = match &step.key {
                KeyUse::Usual | KeyUse::TimeOrdered => Some(key(number)),
                KeyUse::Of(other) => Some(key(*other)),
                KeyUse::NextTo(other) => Some(format!("{}0", key(*other))),
                KeyUse::Text(text) => Some(text.clone()),
                KeyUse::Missing => None,
            };
            headers.extend(value.map(|v| ("idempotency-key".to_owned(), v)));
        }
        if step.flaw == Some(Flaw::ChangedBodyInChunks) {
            headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
        }
        let body = match &step.command {
            Command::Create { card_type, .. } => {
                Some(body_text(&standard_request(*card_type), &step.body))
            }
            Command::Hook(hook) if hook.has_body() => {
                let mut standard = standard_subscription();
                if let Some(named) = hook.subscription() {
                    standard["id"] = subscription_id(named).into();
                }
                let address = format!("http://h/{}", number.0);
                Some(body_text(&standard, &step.body).replace(CALLBACK, &address))
            }
            _ => None,
        };
        Request {
            method: method.to_owned(),
            path,
            headers,
            body,
            encoding: step.encoding,
        }
    }

    fn response(&mut self, number: StepNumber, step: &Step, answer: &str) -> Response {
        let (status, rest) = answer.split_once(' ').unwrap_or((answer, ""));
        let status: u16 = status.parse().expect("a status code");
        let body = match &step.command {
            Command::Hook(hook) if hook.card().is_none() => {
                self.subscription(number, step, status, rest)
            }
            _ if rest == "again" => self.exchanges_body(step),
            _ if rest == "afresh" => self.new_card(number, step, "issuing").to_string(),
            _ if rest.is_empty() || rest == "later" => String::new(),
            Command::MoveClock(_) => rest.to_owned(),
            _ if rest.starts_with('{') => rest.to_owned(),
            Command::ListAccount(_) | Command::ListProgramme => self.list(rest),
            Command::Read(CardRef::Made(made)) | Command::Hook(Hook::Await { card: made, .. }) => {
                let (status, change) = rest.split_once(" with ").unwrap_or((rest, "{}"));
                let change = Body::Patched(serde_json::from_str(change).expect("JSON"));
                body_text(&self.card(*made, status), &change)
            }
            Command::Retry(first) if self.cards.contains_key(first) => {
                self.card(*first, rest).to_string()
            }
            _ => self.new_card(number, step, rest).to_string(),
        };
        let headers = if rest == "later" {
            vec![("retry-after".to_owned(), "1".to_owned())]
        } else if body.is_empty() {
            Vec::new()
        } else {
            vec![("content-type".to_owned(), "application/json".to_owned())]
        };
        Response {
            status,
            headers,
            body,
            body_is_text: true,
            excerpt_of: None,
        }
    }

    fn subscription(&mut self, number: StepNumber, step: &Step, status: u16, rest: &str) -> String {
        let Command::Hook(hook) = &step.command else {
            return String::new();
        };
        let named = hook.subscription().unwrap_or(SubscriptionRef::Made(number));
        let id = subscription_id(named);
        let mut shown = match hook {
            _ if status >= 300 => return String::new(),
            Hook::ListSubscriptions => self.subscriptions.values().cloned().collect(),
            Hook::ReadSubscription(_) => self.subscriptions[&id].clone(),
            Hook::Subscribe | Hook::Resubscribe(_) => {
                let body = self.request(number, step).body.unwrap_or_default();
                let mut shown: Value = serde_json::from_str(&body).unwrap_or(json!({}));
                shown["id"] = id.clone().into();
                shown["createdAt"] = json!("2026-01-01T00:00:00Z");
                shown["updatedAt"] = json!("2026-01-01T00:00:00Z");
                shown
            }
            _ => return String::new(),
        };
        if let Some(change) = rest.strip_prefix("with ") {
            let change = Body::Patched(serde_json::from_str(change).expect("JSON"));
            shown = serde_json::from_str(&body_text(&shown, &change)).expect("JSON");
        }
        if hook.has_body() {
            self.subscriptions.insert(id, shown.clone());
        }
        shown.to_string()
    }

    fn exchanges_body(&self, step: &Step) -> String {
        let Command::Retry(first) = step.command else {
            unreachable!("only a retry is answered again");
        };
        match &self.exchanges[first.0 - 1].reply {
            Reply::Got(response) => response.body.clone(),
            Reply::Lost(_) | Reply::LetGo(_) => String::new(),
        }
    }

    fn new_card(&mut self, number: StepNumber, step: &Step, status: &str) -> Value {
        let (owner, card_type) = match &step.command {
            Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            } => (account(*letter), *card_type),
            _ => (account('A'), crate::card::CardType::Virtual),
        };
        let now = self.now();
        let standard = standard_request(card_type);
        let asked = match &step.command {
            Command::Create { .. } => {
                serde_json::from_str(&body_text(&standard, &step.body)).unwrap_or(standard)
            }
            _ => standard,
        };
        let card = json!({
            "id": card_id(number),
            "accountId": owner,
            "type": card_type,
            "billingAddress": asked["billingAddress"],
            "status": "",
            "createdAt": now,
            "updatedAt": now,
        });
        self.cards.insert(number, card);
        self.card(number, status)
    }

    /// The target's clock, which goes as the story's does.
    fn now(&self) -> String {
        let now = Timestamp::from_microsecond(Self::BEGAN_AT + self.clock as i64);
        format!("{:.6}", now.expect("a time in this century"))
    }

    /// A card as it is shown with this status; its update time moves when the status does.
    pub fn card(&mut self, step: StepNumber, status: &str) -> Value {
        let now = self.now();
        let card = self.cards.get_mut(&step).expect("a card that was made");
        if card["status"] != status {
            if card["status"] != "" {
                card["updatedAt"] = json!(now);
            }
            card["status"] = json!(status);
        }
        if matches!(status, "active" | "inactive" | "suspended" | "blocked") {
            card["name"] = json!("A. N. Other");
            card["network"] = json!("visa");
            card["maskedPan"] = json!("400000******0000");
            card["expirationDate"] = json!("12/2030");
        }
        let card = card.clone();
        let first = self.shown.entry((step, status.to_owned()));
        first.or_insert_with(|| card.clone());
        card
    }

    fn list(&mut self, text: &str) -> String {
        let cards: Vec<Value> = text
            .split_whitespace()
            .filter(|word| *word != "[]")
            .map(|word| {
                let (step, status) = word.split_once('=').expect("#1=active");
                let (status, card_type) = status.split_once('/').unwrap_or((status, "virtual"));
                let step = StepNumber(step.trim_start_matches('#').parse().expect("a step"));
                if !self.cards.contains_key(&step) {
                    let phantom: Step = format!("create {card_type} on A").parse().expect("a step");
                    self.new_card(step, &phantom, status);
                }
                self.card(step, status)
            })
            .collect();
        Value::from(cards).to_string()
    }

    pub fn trace(mut self) -> CaseTrace {
        self.exchanges.sort_by_key(|exchange| exchange.sent_at);
        let case = Case {
            name: "table".to_owned(),
            title: String::new(),
            steps: self.steps,
        };
        // A case in listed accounts has those that it names, since each is judged apart.
        let further: &[char] = if self.pasts.is_empty() {
            &['A', 'B']
        } else {
            &[]
        };
        let named = case
            .accounts()
            .into_iter()
            .chain(self.pasts.keys().copied());
        let letters = named.chain(further.iter().copied());
        CaseTrace {
            number: CaseNumber(1),
            accounts: letters.map(|letter| (letter, account(letter))).collect(),
            case,
            pasts: self.pasts,
            exchanges: self.exchanges,
            events: self.events,
            obstacles: Vec::new(),
            not_run: None,
            complete: true,
        }
    }
}
