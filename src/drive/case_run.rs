//! One case on its way: its steps in order, what they brought, what came in the way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Driver;
use super::client::Received;
use super::draft::{Ask, Draft, Known};
use super::hook_steps::Events;
use super::reply::{card_id, recorded};
use super::writer::TraceWriter;
use crate::card::CardStatus;
use crate::case::{Body, CardRef, Case, Command, Flaw, KeyUse, Step, StepNumber};
use crate::trace::{CaseNumber, CaseTrace, Exchange, Obstacle, Record, Reply, Response};

/// A case being run.
pub struct CaseRun<'a> {
    pub(super) driver: &'a Driver,
    pub(super) trace: &'a TraceWriter,
    pub(super) case: CaseTrace,
    pub(super) events: Events<'a>,
    cards: BTreeMap<StepNumber, String>,
    drafts: BTreeMap<StepNumber, Draft>,
    /// Ids whose mention keeps an element of a long list.
    ids: Vec<String>,
}

impl<'a> CaseRun<'a> {
    /// A case before its first step.
    pub fn new(
        driver: &'a Driver,
        number: CaseNumber,
        case: &Case,
        trace: &'a TraceWriter,
    ) -> Self {
        let foreign = &driver.profile.foreign;
        Self {
            driver,
            trace,
            case: CaseTrace {
                number,
                case: case.clone(),
                accounts: BTreeMap::new(),
                exchanges: Vec::with_capacity(case.steps.len()),
                events: Vec::new(),
                obstacles: Vec::new(),
                complete: false,
            },
            events: Events::default(),
            cards: BTreeMap::new(),
            drafts: BTreeMap::new(),
            ids: foreign
                .account
                .iter()
                .chain(&foreign.card)
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Runs all steps. Dropping the future gives the case up where it is.
    pub async fn run(&mut self) {
        let leased = self.lease_accounts().await;
        self.trace.append(&Record::Begin {
            number: self.case.number,
            case: self.case.case.clone(),
            accounts: self.case.accounts.clone(),
        });
        match leased {
            Ok(()) => {
                self.listen().await;
                self.steps().await;
                self.stop_listening().await;
            }
            Err(words) => self.obstacle(None, format!("the case was not run: {words}")),
        }
        self.case.complete = true;
        self.trace.append(&Record::End {
            number: self.case.number,
            obstacles: self.case.obstacles.clone(),
        });
    }

    /// What is known of the case now. One that was given up says so.
    pub fn into_trace(mut self) -> CaseTrace {
        if !self.case.complete {
            self.obstacle(
                None,
                "the run was stopped before this case ended".to_owned(),
            );
        }
        self.case
    }

    async fn lease_accounts(&mut self) -> Result<(), String> {
        for letter in self.case.case.accounts() {
            let id = self.driver.lease().await?;
            self.ids.push(id.to_string());
            self.case.accounts.insert(letter, id);
        }
        Ok(())
    }

    async fn steps(&mut self) {
        for index in 0..self.case.case.steps.len() {
            let step = self.case.case.steps[index].clone();
            self.step(StepNumber(index + 1), &step).await;
        }
    }

    /// A step about a card that was never made, or about a request that was never sent, asks for nothing.
    fn is_idle(&self, step: &Step) -> bool {
        let card = match &step.command {
            Command::Read(CardRef::Made(made)) | Command::Act(_, CardRef::Made(made)) => Some(made),
            _ => None,
        };
        let request = match (&step.command, &step.key) {
            (Command::Retry(sent), _) | (_, KeyUse::Of(sent)) => Some(sent),
            _ => None,
        };
        card.is_some_and(|made| !self.cards.contains_key(made))
            || self.is_idle_hook(step)
            || request.is_some_and(|sent| !self.drafts.contains_key(sent))
    }

    async fn step(&mut self, number: StepNumber, step: &Step) {
        if self.is_idle(step) {
            return;
        }
        match self.known().ask(step) {
            Ok(Ask::Send(draft)) => {
                if self.exchange(number, &draft, step.flaw).await {
                    self.drafts.insert(number, draft);
                    self.learn_card(number, step);
                }
            }
            Ok(Ask::AwaitIssuance(draft)) => self.await_issuance(number, &draft).await,
            Ok(Ask::Hook(hook)) => self.hook(number, &hook).await,
            Ok(Ask::Pause(time)) => tokio::time::sleep(time).await,
            Err(words) => self.obstacle(Some(number), format!("the step was skipped: {words}")),
        }
    }

    pub(super) fn known(&self) -> Known<'_> {
        Known {
            accounts: &self.case.accounts,
            cards: &self.cards,
            drafts: &self.drafts,
            foreign: &self.driver.profile.foreign,
            sandbox: &self.driver.profile.sandbox,
        }
    }

    /// Whether the step's answer has brought a card.
    pub(super) fn has_card(&self, step: StepNumber) -> bool {
        self.cards.contains_key(&step)
    }

    /// Sends a request and records what came of it. False: it could not be sent.
    pub(super) async fn exchange(
        &mut self,
        step: StepNumber,
        draft: &Draft,
        flaw: Option<Flaw>,
    ) -> bool {
        let outgoing = match self.driver.dress(draft, flaw).await {
            Ok(outgoing) => outgoing,
            Err(words) => {
                self.obstacle(Some(step), format!("the step was skipped: {words}"));
                return false;
            }
        };
        let request = outgoing.recorded(&draft.path);
        let sent_at = self.driver.now();
        let received = self.driver.caller.client.send(outgoing).await;
        let received_at = self.driver.now();
        let reply = self.reply(step, received);
        self.take_in_events();
        self.record(Exchange {
            step,
            sent_at,
            received_at,
            request,
            flaw,
            reply,
        });
        true
    }

    fn reply(&mut self, step: StepNumber, received: Received) -> Reply {
        let masks = &self.driver.caller.masks;
        match received {
            Received::Whole(incoming) => {
                let response = recorded(incoming, &self.ids, masks);
                if let Some(words) = busy(&response) {
                    self.obstacle(Some(step), words);
                }
                Reply::Got(response)
            }
            Received::Lost {
                words,
                no_connection,
            } => {
                let words = masks.apply(words);
                if no_connection {
                    self.obstacle(Some(step), format!("the target was not reached: {words}"));
                }
                Reply::Lost(words)
            }
        }
    }

    /// The record borrows nothing, so the exchange goes through it and comes back, in place of being cloned.
    fn record(&mut self, exchange: Exchange) {
        let record = Record::Exchange {
            number: self.case.number,
            exchange,
        };
        self.trace.append(&record);
        if let Record::Exchange { exchange, .. } = record {
            self.case.exchanges.push(exchange);
        }
    }

    /// A create brings a card; so does the same request sent again, when the first answer was lost.
    fn learn_card(&mut self, number: StepNumber, step: &Step) {
        let Some(origin) = self.create_behind(number, step) else {
            return;
        };
        let Some(Reply::Got(response)) = self.last_reply() else {
            return;
        };
        let Some(id) = card_id(response) else { return };
        self.ids.push(id.to_ascii_lowercase());
        self.events.claim(&id);
        self.cards.insert(number, id.clone());
        self.cards.entry(origin).or_insert(id);
    }

    /// The create whose very request this step sends. Another payload is another request.
    fn create_behind(&self, number: StepNumber, step: &Step) -> Option<StepNumber> {
        match &step.command {
            Command::Create { .. } => Some(number),
            Command::Retry(earlier) => {
                let before = earlier.0.checked_sub(1)?;
                let origin = self.create_behind(*earlier, self.case.case.steps.get(before)?)?;
                match step.body {
                    Body::Standard => Some(origin),
                    Body::Patched(_) | Body::Text(_) => Some(number),
                }
            }
            Command::Read(_)
            | Command::ListAccount(_)
            | Command::ListProgramme
            | Command::Act(..)
            | Command::Pause(_)
            | Command::Hook(_) => None,
        }
    }

    /// Reads the card until it has left `issuing`, ever more slowly.
    async fn await_issuance(&mut self, number: StepNumber, read: &Draft) {
        const LONGEST_PAUSE: Duration = Duration::from_millis(500);
        let wait = self.driver.profile.sandbox.issuance_wait.0;
        let begun = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            if !self.exchange(number, read, None).await
                || !self.last_reply().is_some_and(may_still_be_issuing)
            {
                return;
            }
            if begun.elapsed() + pause > wait {
                let words = format!("the card had not left `issuing` within {wait:?}");
                return self.obstacle(Some(number), words);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) fn last_reply(&self) -> Option<&Reply> {
        self.case.exchanges.last().map(|exchange| &exchange.reply)
    }

    pub(super) fn obstacle(&mut self, step: Option<StepNumber>, words: String) {
        self.case.obstacles.push(Obstacle { step, words });
    }
}

/// Answers that say nothing about the contract: the target has too much to do.
fn busy(response: &Response) -> Option<String> {
    let what = match response.status {
        429 => "too many requests",
        503 => "unavailable",
        _ => return None,
    };
    let status = response.status;
    Some(format!(
        "the target answered {status} ({what}): try fewer workers"
    ))
}

/// A card that is `issuing`, or an answer that doesn't tell because it was lost or refused for the moment.
fn may_still_be_issuing(reply: &Reply) -> bool {
    match reply {
        Reply::Lost(_) => true,
        Reply::Got(response) if response.status == 200 => {
            let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
            body["status"] == CardStatus::Issuing.as_str()
        }
        Reply::Got(response) => response.status == 429 || response.status >= 500,
    }
}
