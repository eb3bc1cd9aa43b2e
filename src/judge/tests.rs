//! The judge by tables: a story with its answers, and the departures that it holds.
//!
//! In a race, the n-th steps of the lanes overlap unless times say otherwise: `204 @ 3-7` is sent 3 ms after the release,
//! and answered 7 ms after it.
//!
//! An answer is a status code, and then a card's status, or a list: `200 #1=active #2=issuing`. `lost` is none at all.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::judge;
use crate::card::AccountId;
use crate::case::request::{body_text, standard_request};
use crate::case::{AccountRef, CardRef, Case, Command, KeyUse, Step, StepNumber};
use crate::contract::Contract;
use crate::requirement::RequirementId;
use crate::trace::{
    CaseNumber, CaseTrace, Exchange, Issuance, Micros, Reply, Request, Response, Terms,
};

mod accounts;
mod overlap;

/// A story: each step with its answer, split by `=>`.
struct Story {
    steps: Vec<Step>,
    exchanges: Vec<Exchange>,
    cards: BTreeMap<StepNumber, Value>,
    clock: u64,
    /// When the lanes of the present race were released.
    released: Option<u64>,
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

fn key(step: StepNumber) -> String {
    format!("eeeeeeee-0000-4000-8000-{:012}", step.0)
}

impl Story {
    fn told(lines: &[&str]) -> Self {
        let mut story = Self {
            steps: Vec::new(),
            exchanges: Vec::new(),
            cards: BTreeMap::new(),
            clock: 0,
            released: None,
        };
        for line in lines {
            let (step, answer) = line.split_once(" => ").expect("a step and its answer");
            story.tell(step.parse().expect("a step"), answer);
        }
        story
    }

    fn tell(&mut self, step: Step, answer: &str) {
        let number = StepNumber(self.steps.len() + 1);
        let request = self.request(number, &step);
        let (answer, times) = answer.split_once(" @ ").unwrap_or((answer, ""));
        let (sent_at, received_at) = self.times(&step, times);
        let reply = match answer {
            "lost" => Reply::Lost("the connection was reset".to_owned()),
            _ => Reply::Got(self.response(number, &step, answer)),
        };
        self.exchanges.push(Exchange {
            step: number,
            sent_at: Micros(sent_at),
            received_at: Micros(received_at),
            request,
            flaw: step.flaw,
            reply,
        });
        self.steps.push(step);
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
            Command::Act(crate::card::Action::Terminate, c) => {
                ("DELETE", format!("/cards/{}", card(c)))
            }
            Command::Act(action @ (crate::card::Action::Issue | crate::card::Action::Fail), c) => {
                ("PATCH", format!("/simulator/cards/{}/{action}", card(c)))
            }
            Command::Act(action, c) => ("PATCH", format!("/cards/{}/{action}", card(c))),
            Command::MoveClock(_) => ("POST", "/sandbox/clock".to_owned()),
            Command::Retry(_) | Command::Pause(_) => unreachable!("told otherwise"),
        };
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if method != "GET" {
            let value = match &step.key {
                KeyUse::Usual => Some(key(number)),
                KeyUse::Of(other) => Some(key(*other)),
                KeyUse::Text(text) => Some(text.clone()),
                KeyUse::Missing => None,
            };
            headers.extend(value.map(|v| ("idempotency-key".to_owned(), v)));
        }
        let body = match step.command {
            Command::Create { card_type, .. } => {
                Some(body_text(&standard_request(card_type), &step.body))
            }
            _ => None,
        };
        Request {
            method: method.to_owned(),
            path,
            headers,
            body,
        }
    }

    fn response(&mut self, number: StepNumber, step: &Step, answer: &str) -> Response {
        let (status, rest) = answer.split_once(' ').unwrap_or((answer, ""));
        let status: u16 = status.parse().expect("a status code");
        let body = match &step.command {
            _ if rest == "again" => self.exchanges_body(step),
            _ if rest == "afresh" => self.new_card(number, step, "issuing").to_string(),
            _ if rest.is_empty() => String::new(),
            Command::MoveClock(_) => rest.to_owned(),
            Command::ListAccount(_) | Command::ListProgramme => self.list(rest),
            Command::Read(CardRef::Made(made)) => self.card(*made, rest).to_string(),
            Command::Retry(first) if self.cards.contains_key(first) => {
                self.card(*first, rest).to_string()
            }
            _ => self.new_card(number, step, rest).to_string(),
        };
        let headers = if body.is_empty() {
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
        let card = json!({
            "id": card_id(number),
            "accountId": owner,
            "type": card_type,
            "billingAddress": standard_request(card_type)["billingAddress"],
            "status": "",
            "createdAt": "2026-01-01T00:00:00.000001Z",
            "updatedAt": "2026-01-01T00:00:00.000001Z",
        });
        self.cards.insert(number, card);
        self.card(number, status)
    }

    /// A card as it is shown with this status; its update time moves when the status does.
    fn card(&mut self, step: StepNumber, status: &str) -> Value {
        let now = format!("2026-01-01T00:00:00.{:06}Z", self.clock / 1_000);
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
        card.clone()
    }

    fn list(&mut self, text: &str) -> String {
        let cards: Vec<Value> = text
            .split_whitespace()
            .filter(|word| *word != "[]")
            .map(|word| {
                let (step, status) = word.split_once('=').expect("#1=active");
                let step = StepNumber(step.trim_start_matches('#').parse().expect("a step"));
                if !self.cards.contains_key(&step) {
                    let phantom: Step = "create virtual on A".parse().expect("a step");
                    self.new_card(step, &phantom, status);
                }
                self.card(step, status)
            })
            .collect();
        Value::from(cards).to_string()
    }

    fn trace(mut self) -> CaseTrace {
        self.exchanges.sort_by_key(|exchange| exchange.sent_at);
        let case = Case {
            name: "table".to_owned(),
            title: String::new(),
            steps: self.steps,
        };
        let letters = case.accounts().into_iter().chain(['A', 'B']);
        CaseTrace {
            number: CaseNumber(1),
            accounts: letters.map(|letter| (letter, account(letter))).collect(),
            case,
            exchanges: self.exchanges,
            obstacles: Vec::new(),
            complete: true,
        }
    }
}

fn manual() -> Terms {
    Terms {
        issuance: Issuance::Manual,
        ..Terms::default()
    }
}

fn departures(terms: &Terms, lines: &[&str]) -> Vec<(RequirementId, usize)> {
    let judgement = judge(Contract::embedded(), terms, &Story::told(lines).trace());
    judgement
        .departures
        .iter()
        .map(|d| (d.requirement, d.step.0))
        .collect()
}

#[track_caller]
fn check_with(terms: &Terms, lines: &[&str], expected: &[(&str, usize)]) {
    let found = departures(terms, lines);
    let found: Vec<(&str, usize)> = found
        .iter()
        .map(|(id, step)| (id.as_str(), *step))
        .collect();
    assert_eq!(found, expected, "{lines:#?}");
}

#[track_caller]
fn check(lines: &[&str], expected: &[(&str, usize)]) {
    check_with(&manual(), lines, expected);
}

mod clock;

const CREATE: &str = "create virtual on A => 201 issuing";

#[test]
fn a_life_as_the_contract_has_it_departs_nowhere() {
    check(
        &[
            CREATE,
            "read #1 => 200 issuing",
            "issue #1 => 204",
            "read #1 => 200 active",
            "deactivate #1 => 204",
            "read #1 => 200 inactive",
            "activate #1 => 204",
            "list A => 200 #1=active",
            "terminate #1 => 204",
            "read #1 => 200 terminated",
            "activate #1 => 409",
            "list all => 200 #1=terminated",
        ],
        &[],
    );
}

#[test]
fn a_status_that_no_world_allows_names_the_rule_that_established_the_other() {
    check(
        &[CREATE, "issue #1 => 204", "read #1 => 200 issuing"],
        &[("LIFE-12", 3)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-2", 4)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "terminate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-5", 4)],
    );
    check(&[CREATE, "read #1 => 200 active"], &[("LIFE-1", 2)]);
}

#[test]
fn a_final_card_that_comes_back_is_not_a_terminate_that_failed() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "terminate #1 => 204",
            "read #1 => 200 terminated",
            "activate #1 => 409",
            "read #1 => 200 active",
        ],
        &[("LIFE-4", 6)],
    );
}

#[test]
fn judging_goes_on_after_a_departure() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            "read #1 => 200 active",
            "deactivate #1 => 204",
            "read #1 => 200 active",
        ],
        &[("LIFE-2", 4), ("LIFE-2", 6)],
    );
}

#[test]
fn each_reading_of_an_open_point_conforms_and_two_do_not() {
    let twice = |first: &'static str, second: &'static str| {
        [
            CREATE,
            "issue #1 => 204",
            "deactivate #1 => 204",
            first,
            "activate #1 => 204",
            "deactivate #1 => 204",
            second,
            "read #1 => 200 inactive",
        ]
    };
    check(&twice("deactivate #1 => 204", "deactivate #1 => 204"), &[]);
    check(&twice("deactivate #1 => 422", "deactivate #1 => 422"), &[]);
    check(
        &twice("deactivate #1 => 422", "deactivate #1 => 204"),
        &[("OPEN-1", 7)],
    );
    check(
        &twice("deactivate #1 => 422", "deactivate #1 => 409"),
        &[("OPEN-7", 7)],
    );
}

#[test]
fn a_pin_leaves_one_reading() {
    let mut terms = manual();
    terms
        .pins
        .insert("repeat-activate".to_owned(), "refused".to_owned());
    check_with(
        &terms,
        &[CREATE, "issue #1 => 204", "activate #1 => 204"],
        &[("OPEN-2", 3)],
    );
    check(&[CREATE, "issue #1 => 204", "activate #1 => 204"], &[]);
}

#[test]
fn a_card_over_the_limit_may_be_taken_but_never_used() {
    let taken = [
        CREATE,
        "issue #1 => 204",
        "create virtual on A => 201 issuing",
        "issue #3 => 204",
    ];
    check(
        &[&taken[..], &["read #3 => 200 issue_failed"]].concat(),
        &[],
    );
    check(
        &[&taken[..], &["read #3 => 200 active"]].concat(),
        &[("LIMIT-1", 5)],
    );
    check(&[CREATE, "create virtual on A => 404"], &[("LIMIT-4", 2)]);
    check(
        &[
            CREATE,
            "create virtual on A => 409",
            "list A => 200 #1=issuing #9=issuing",
        ],
        &[("LIMIT-7", 3)],
    );
}

#[test]
fn a_slot_may_be_freed_or_kept() {
    let ended = [CREATE, "issue #1 => 204", "terminate #1 => 204"];
    check(&[&ended[..], &["create virtual on A => 409"]].concat(), &[]);
    check(
        &[
            &ended[..],
            &[
                "create virtual on A => 201 issuing",
                "issue #4 => 204",
                "read #4 => 200 active",
            ],
        ]
        .concat(),
        &[],
    );
    check(
        &[
            &ended[..],
            &[
                "create virtual on A => 201 issuing",
                "issue #4 => 204",
                "read #4 => 200 active",
                "terminate #4 => 204",
                "create virtual on A => 409",
            ],
        ]
        .concat(),
        &[("OPEN-9", 8)],
    );
}

#[test]
fn types_and_accounts_are_counted_apart() {
    check(&[CREATE, "create physical on A => 409"], &[("LIMIT-2", 2)]);
    check(&[CREATE, "create virtual on B => 422"], &[("LIMIT-3", 2)]);
}

#[test]
fn a_retry_brings_the_same_answer_and_nothing_else() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "retry #1 => 201 again",
            "list A => 200 #1=active",
        ],
        &[],
    );
    check(
        &[CREATE, "issue #1 => 204", "retry #2 => 409"],
        &[("IDEM-3", 3)],
    );
    check(
        &[
            CREATE,
            "retry #1 => 201 again",
            "list A => 200 #1=issuing #9=issuing",
        ],
        &[("IDEM-4", 3)],
    );
    let changed = "retry #1 with {\"billingAddress\":{\"city\":\"Bath\"}}";
    check(&[CREATE, &format!("{changed} => 422")], &[]);
    check(
        &[CREATE, &format!("{changed} => 201 again")],
        &[("IDEM-5", 2)],
    );
    check(
        &[CREATE, "activate #1 without key => 204"],
        &[("IDEM-1", 2)],
    );
}

#[test]
fn a_refusal_is_replayed_or_tried_afresh() {
    let refused = [CREATE, "deactivate #1 => 409", "issue #1 => 204"];
    check(
        &[&refused[..], &["retry #2 => 409", "read #1 => 200 active"]].concat(),
        &[],
    );
    check(
        &[
            &refused[..],
            &["retry #2 => 204", "read #1 => 200 inactive"],
        ]
        .concat(),
        &[],
    );
    check(
        &[&refused[..], &["retry #2 => 204", "read #1 => 200 active"]].concat(),
        &[("LIFE-2", 5)],
    );
}

#[test]
fn a_lost_answer_leaves_both_worlds() {
    let lost = [CREATE, "issue #1 => 204", "terminate #1 => lost"];
    check(&[&lost[..], &["read #1 => 200 active"]].concat(), &[]);
    check(&[&lost[..], &["read #1 => 200 terminated"]].concat(), &[]);
    check(
        &[&lost[..], &["read #1 => 200 inactive"]].concat(),
        &[("LIFE-5", 4)],
    );
    check(
        &["create virtual on A => lost", "list A => 200 #9=issuing"],
        &[],
    );
    check(&["create virtual on A => lost", "list A => 200 []"], &[]);
}

#[test]
fn a_retry_reveals_the_card_whose_create_was_lost() {
    let lost = ["create virtual on A => lost", "list A => 200 #1=issuing"];
    check(&[&lost[..], &["retry #1 => 201 issuing"]].concat(), &[]);
    let two = [
        "create virtual on A => lost",
        "create virtual on A => lost",
        "list A => 200 #2=issuing #1=issuing",
        "retry #1 => 201 issuing",
        "retry #2 => 201 issuing",
    ];
    check(&two, &[]);
    let elsewhere = [
        CREATE,
        "activate unknown => lost",
        "create physical on A with key of #2 => 201 issuing",
        "activate #1 with key of #1 => 422",
    ];
    check(&elsewhere, &[]);
}

#[test]
fn a_card_that_was_moved_before_it_was_issued_need_not_have_a_number() {
    // The table's cards have none while they are issuing; a terminated one shows what it had.
    check(
        &[CREATE, "terminate #1 => 204", "read #1 => 200 terminated"],
        &[],
    );
}

#[test]
fn the_reads_must_agree() {
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "read #1 => 200 active",
            "list A => 200 #1=issuing",
        ],
        &[("READ-6", 4)],
    );
    check(
        &[
            CREATE,
            "issue #1 => 204",
            "list A => 200 #1=issuing",
            "read #1 => 200 active",
        ],
        &[("READ-6", 3)],
    );
    check(&[CREATE, "list A => 200 []"], &[("READ-2", 2)]);
    check(
        &[CREATE, "list A => 200 #1=issuing #1=issuing"],
        &[("READ-4", 2)],
    );
}

#[test]
fn unknown_ids_are_refused() {
    check(
        &[
            "read unknown => 404",
            "list unknown => 400",
            "terminate unknown => 404",
        ],
        &[],
    );
    check(
        &["read unknown => 404", "read unknown => 400"],
        &[("OPEN-18", 2)],
    );
    check(&["terminate unknown => 204"], &[("ID-1", 1)]);
}

#[test]
fn a_server_error_departs_and_leaves_both_worlds() {
    check(
        &[CREATE, "issue #1 => 500", "read #1 => 200 active"],
        &[("HTTP-2", 2)],
    );
    check(&["read \"x\" => 500"], &[("HTTP-3", 1)]);
}

#[test]
fn cards_may_be_issued_by_themselves() {
    let automatic = Terms::default();
    check_with(
        &automatic,
        &[CREATE, "read #1 => 200 issuing", "read #1 => 200 active"],
        &[],
    );
    check_with(
        &automatic,
        &[
            CREATE,
            "read #1 => 200 issue_failed",
            "read #1 => 200 active",
        ],
        &[("LIFE-6", 3)],
    );
    check_with(
        &automatic,
        &[CREATE, "read #1 => 200 inactive"],
        &[("LIFE-1", 2)],
    );
}

#[test]
fn a_departure_says_since_when_the_other_was_true() {
    let lines = [
        CREATE,
        "issue #1 => 204",
        "terminate #1 => 204",
        "read #1 => 200 active",
    ];
    let judgement = judge(
        Contract::embedded(),
        &manual(),
        &Story::told(&lines).trace(),
    );
    let departure = &judgement.departures[0];
    assert_eq!(departure.expected, "`terminated`");
    assert_eq!(departure.actual, "`active`");
    let since = departure.since.as_ref().expect("an origin");
    assert_eq!((since.step, since.rule.as_str()), (StepNumber(3), "LIFE-5"));
}

#[test]
fn what_is_judged_is_counted() {
    let lines = [CREATE, "issue #1 => 204", "read #1 => 200 active"];
    let judgement = judge(
        Contract::embedded(),
        &manual(),
        &Story::told(&lines).trace(),
    );
    for rule in [
        "CREATE-1", "CREATE-2", "CREATE-4", "LIFE-12", "BODY-11", "KEEP-1",
    ] {
        let id = crate::requirement::find(rule).expect("a requirement").id;
        assert!(
            judgement.exercised.contains_key(&id),
            "{rule} was not counted"
        );
    }
    let never = crate::requirement::id::LIFE_4;
    assert!(!judgement.exercised.contains_key(&never));
}
