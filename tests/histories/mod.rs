//! Random histories of calls that overlap: as an implementation answers that keeps the contract, and with a fault put in.
//! A seed is a history, the same on every machine.

mod dice;
pub mod spec;

use std::collections::{BTreeMap, BTreeSet};

use cardproof::card::{AccountId, CardType};
use cardproof::case::request::standard_request;
use cardproof::case::{Case, StepNumber};
use cardproof::trace::{
    CaseNumber, CaseTrace, Exchange, Issuance, Micros, Reply, Request, Response, Terms,
};
use serde_json::json;

pub use dice::Dice;
use spec::{Act, Answer, Ask, Card, Readings, Rivals, State, Status};

/// What a history is like.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub clients: usize,
    pub calls_each: usize,
    pub accounts: &'a [char],
    /// Clients take turns, so that as much overlaps as clients allow; or they go as chance has it.
    pub in_step: bool,
}

/// One call of a client.
#[derive(Clone, Debug)]
pub struct Call {
    pub ask: Ask,
    pub key: usize,
    pub sent_at: u64,
    pub carried_out_at: u64,
    pub received_at: u64,
    pub answer: Answer,
}

impl Call {
    /// The same call where as many have come before it.
    fn renumbered(mut self, before: usize) -> Self {
        self.key += before;
        if let Ask::Act(_, card) | Ask::Read(card) = &mut self.ask {
            *card += before;
        }
        if let Some((card, _)) = &mut self.answer.shows {
            *card += before;
        }
        self
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.sent_at < other.received_at && other.sent_at < self.received_at
    }
}

/// Calls in the order in which they were sent.
#[derive(Clone, Debug)]
pub struct History {
    pub readings: Readings,
    pub calls: Vec<Call>,
}

pub fn readings(dice: &mut Dice) -> Readings {
    Readings {
        repeats_succeed: dice.is(50),
        issuing_changes: dice.is(50),
        issue_anywhere: dice.is(50),
        refusal: dice.pick(&[400, 409, 422]),
        over_limit: dice.pick(&[400, 403, 409, 422]),
        terminated_frees: dice.is(70),
        changed_payload: dice.pick(&[422, 409]),
        refusals_replayed: dice.is(50),
        payload_after_refusal_taken: dice.is(50),
    }
}

/// How far a client is.
#[derive(Clone, Copy)]
enum Stage {
    Idle,
    Sent(usize),
    CarriedOut(usize),
}

impl History {
    /// A history as an implementation answers that keeps the contract: each call is carried out at one moment between
    /// being sent and being answered.
    pub fn conforming(readings: Readings, shape: Shape<'_>, dice: &mut Dice) -> Self {
        let mut history = Self {
            readings,
            calls: Vec::new(),
        };
        let mut state = State::default();
        let mut stages = vec![Stage::Idle; shape.clients];
        let mut left = vec![shape.calls_each; shape.clients];
        let mut now = 0;
        let mut turn = 0;
        loop {
            let busy: Vec<usize> = (0..shape.clients)
                .filter(|client| left[*client] > 0 || !matches!(stages[*client], Stage::Idle))
                .collect();
            if busy.is_empty() {
                break;
            }
            let client = match shape.in_step {
                true => busy[turn % busy.len()],
                false => dice.pick(&busy),
            };
            turn += 1;
            now += 10 + dice.below(20) as u64;
            stages[client] = match stages[client] {
                Stage::Idle => {
                    left[client] -= 1;
                    history.send(shape, dice, now);
                    Stage::Sent(history.calls.len() - 1)
                }
                Stage::Sent(place) => {
                    history.carry_out(place, &mut state, dice, now);
                    Stage::CarriedOut(place)
                }
                Stage::CarriedOut(place) => {
                    history.calls[place].received_at = now;
                    Stage::Idle
                }
            };
        }
        history
    }

    /// Histories of one implementation, each in accounts of its own, at the same time.
    pub fn side_by_side(parts: Vec<Self>) -> Self {
        let mut whole = Self {
            readings: parts[0].readings,
            calls: Vec::new(),
        };
        for part in parts {
            let before = whole.calls.len();
            let calls = part.calls.into_iter();
            whole
                .calls
                .extend(calls.map(|call| call.renumbered(before)));
        }
        whole.calls.sort_by_key(|call| call.sent_at);
        whole
    }

    /// A call to come, of what a client may know by now.
    fn send(&mut self, shape: Shape<'_>, dice: &mut Dice, now: u64) {
        let known: Vec<Card> = self
            .calls
            .iter()
            .filter(|call| call.received_at < now && matches!(call.ask, Ask::Create { .. }))
            .filter_map(|call| Some(call.answer.shows?.0))
            .collect();
        let repeatable: Vec<usize> = (0..self.calls.len())
            .filter(|place| !matches!(self.calls[*place].ask, Ask::Read(_)))
            .collect();
        let create = |dice: &mut Dice| Ask::Create {
            account: dice.pick(shape.accounts),
            physical: dice.is(25),
        };
        let kind = dice.below(100);
        let mut key = self.calls.len();
        let ask = if kind < 20 && !repeatable.is_empty() {
            let first = &self.calls[dice.pick(&repeatable)];
            key = first.key;
            match first.ask {
                Ask::Create { account, physical } if dice.is(20) => Ask::Create {
                    account,
                    physical: !physical,
                },
                same => same,
            }
        } else if known.is_empty() || kind < 40 {
            create(dice)
        } else if kind < 65 {
            Ask::Read(dice.pick(&known))
        } else {
            let acts = [Act::Issue, Act::Activate, Act::Deactivate, Act::Terminate];
            Ask::Act(dice.pick(&acts), dice.pick(&known))
        };
        self.calls.push(Call {
            ask,
            key,
            sent_at: now,
            carried_out_at: u64::MAX,
            received_at: u64::MAX,
            answer: Answer::code(0),
        });
    }

    fn carry_out(&mut self, place: usize, state: &mut State, dice: &mut Dice, now: u64) {
        let call = &self.calls[place];
        let rivals = self.rivals(place);
        let outcomes = state.outcomes(&self.readings, call.ask, call.key, &rivals, place);
        // A refusal for what is in flight is the rarer way.
        let chosen = match dice.is(30) {
            true => dice.below(outcomes.len()),
            false => 0,
        };
        let (answer, next) = outcomes[chosen].clone();
        *state = next;
        let call = &mut self.calls[place];
        call.answer = answer;
        call.carried_out_at = now;
    }

    /// The calls that are in flight under the key of this one.
    pub fn rivals(&self, place: usize) -> Rivals {
        let own = &self.calls[place];
        let rivals = self.calls.iter().enumerate().filter(|(other, call)| {
            *other != place
                && call.key == own.key
                && !matches!(call.ask, Ask::Read(_))
                && call.overlaps(own)
        });
        let is_same: Vec<bool> = rivals.map(|(_, rival)| rival.ask == own.ask).collect();
        let codes: &[u16] = match (is_same.is_empty(), is_same.iter().all(|same| *same)) {
            (true, _) => &[],
            (false, true) => &[409],
            (false, false) => &[409, 422],
        };
        Rivals {
            count: is_same.len(),
            codes,
        }
    }

    /// Changes answers or times, so that most often nothing explains them any more.
    pub fn spoil(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(2) {
            let place = dice.below(self.calls.len());
            match dice.below(3) {
                0 => self.shorten(place, dice),
                1 => self.swap(place),
                _ => self.answer_otherwise(place, dice),
            }
        }
        self.calls.sort_by_key(|call| call.sent_at);
    }

    /// Leaves out the time at which the call was carried out.
    fn shorten(&mut self, place: usize, dice: &mut Dice) {
        let call = &mut self.calls[place];
        if !(call.sent_at..call.received_at).contains(&call.carried_out_at) {
            return;
        }
        match dice.is(50) {
            true => call.sent_at = call.carried_out_at + 1,
            false => call.received_at = call.carried_out_at - 1,
        }
    }

    /// Swaps the answers of two calls that ask for the same.
    fn swap(&mut self, place: usize) {
        let ask = self.calls[place].ask;
        let answer = self.calls[place].answer;
        let differs = |call: &Call| call.ask == ask && call.answer != answer;
        if let Some(other) = self.calls.iter().position(differs) {
            self.calls[place].answer = self.calls[other].answer;
            self.calls[other].answer = answer;
        }
    }

    fn answer_otherwise(&mut self, place: usize, dice: &mut Dice) {
        let readings = self.readings;
        let refusals = [
            readings.refusal,
            readings.over_limit,
            readings.changed_payload,
            409,
        ];
        let call = &mut self.calls[place];
        call.answer = match (call.ask, call.answer.is_success()) {
            (Ask::Read(card), _) => {
                let statuses = [
                    Status::Issuing,
                    Status::Active,
                    Status::Inactive,
                    Status::Terminated,
                ];
                Answer {
                    code: 200,
                    shows: Some((card, dice.pick(&statuses))),
                }
            }
            (_, true) => Answer::code(dice.pick(&refusals)),
            (Ask::Create { .. }, false) => Answer {
                code: 201,
                shows: Some((place, Status::Issuing)),
            },
            (Ask::Act(..), false) => Answer::code(204),
        };
    }

    /// What a profile says of the implementation.
    pub fn terms(&self) -> Terms {
        Terms {
            issuance: Issuance::Manual,
            pins: self.readings.pins(),
            ..Terms::default()
        }
    }

    /// The history as it would have been recorded.
    pub fn trace(&self) -> CaseTrace {
        let letters: BTreeSet<char> = self
            .calls
            .iter()
            .filter_map(|call| match call.ask {
                Ask::Create { account, .. } => Some(account),
                Ask::Act(..) | Ask::Read(_) => None,
            })
            .collect();
        CaseTrace {
            number: CaseNumber(1),
            case: Case {
                name: "history".to_owned(),
                title: String::new(),
                steps: Vec::new(),
            },
            accounts: letters.into_iter().map(|a| (a, account_id(a))).collect(),
            pasts: BTreeMap::new(),
            exchanges: (0..self.calls.len()).map(|n| self.exchange(n)).collect(),
            events: Vec::new(),
            obstacles: Vec::new(),
            not_run: None,
            complete: true,
        }
    }

    fn exchange(&self, place: usize) -> Exchange {
        let call = &self.calls[place];
        let body = call
            .answer
            .shows
            .map(|(card, status)| self.view(card, status));
        Exchange {
            step: StepNumber(place + 1),
            sent_at: Micros(call.sent_at),
            received_at: Micros(call.received_at),
            request: request(call),
            flaw: None,
            token_over: false,
            reply: Reply::Got(Response {
                status: call.answer.code,
                headers: match body {
                    Some(_) => json_header(),
                    None => Vec::new(),
                },
                body: body.unwrap_or_default(),
                body_is_text: true,
                excerpt_of: None,
            }),
        }
    }

    /// A card as it is shown. Its times are printed so coarsely that nothing shows in them.
    fn view(&self, card: Card, status: Status) -> String {
        let made_by = self.calls.iter().find_map(|call| match call.ask {
            Ask::Create { account, physical } => {
                (call.answer.shows?.0 == card).then_some((account, physical))
            }
            Ask::Act(..) | Ask::Read(_) => None,
        });
        let (account, physical) = made_by.unwrap_or(('A', false));
        let card_type = card_type(physical);
        json!({
            "id": card_id(card),
            "accountId": account_id(account),
            "type": card_type,
            "billingAddress": standard_request(card_type)["billingAddress"],
            "status": match status {
                Status::Issuing => "issuing",
                Status::Active => "active",
                Status::Inactive => "inactive",
                Status::Terminated => "terminated",
            },
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
            "name": "A. N. Other",
            "network": "visa",
            "maskedPan": "400000******0000",
            "expirationDate": "12/2030",
        })
        .to_string()
    }
}

fn request(call: &Call) -> Request {
    let (method, path) = match call.ask {
        Ask::Create { account, .. } => ("POST", format!("/accounts/{}/cards", account_id(account))),
        Ask::Read(card) => ("GET", format!("/cards/{}", card_id(card))),
        Ask::Act(Act::Issue, card) => {
            ("PATCH", format!("/simulator/cards/{}/issue", card_id(card)))
        }
        Ask::Act(Act::Activate, card) => ("PATCH", format!("/cards/{}/activate", card_id(card))),
        Ask::Act(Act::Deactivate, card) => {
            ("PATCH", format!("/cards/{}/deactivate", card_id(card)))
        }
        Ask::Act(Act::Terminate, card) => ("DELETE", format!("/cards/{}", card_id(card))),
    };
    let mut headers = Vec::new();
    let mut body = None;
    if method != "GET" {
        let key = format!("eeeeeeee-0000-4000-8000-{:012x}", call.key);
        headers.push(("idempotency-key".to_owned(), key));
    }
    if let Ask::Create { physical, .. } = call.ask {
        headers.extend(json_header());
        body = Some(standard_request(card_type(physical)).to_string());
    }
    Request {
        encoding: None,
        method: method.to_owned(),
        path,
        headers,
        body,
    }
}

fn json_header() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}

fn card_type(physical: bool) -> CardType {
    match physical {
        true => CardType::Physical,
        false => CardType::Virtual,
    }
}

pub fn account_id(letter: char) -> AccountId {
    AccountId::new(format!(
        "aaaaaaaa-0000-4000-8000-{:012x}",
        u32::from(letter)
    ))
}

fn card_id(card: Card) -> String {
    format!("cccccccc-0000-4000-8000-{card:012x}")
}
