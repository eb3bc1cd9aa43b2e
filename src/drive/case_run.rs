//! One case on its way: its steps in order, what they brought, what came in the way.

mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use self::sending::Dressed;
use super::Driver;
use super::auth::Entry;
use super::client::Delivery;
use super::draft::{Ask, Draft, Known};
use super::hook_steps::Events;
use super::outgoing::Outgoing;
use super::pool::Lease;
use super::release::Release;
use super::reply::card_id;
use super::waits::pauses;
use super::writer::TraceWriter;
use crate::card::{AccountId, Action, CardId, CardStatus, CardType};
use crate::case::{AccountRef, Body, CardRef, Case, Command, Hook, Lane, Step, StepNumber};
use crate::trace::{CaseNumber, CaseTrace, Exchange, Obstacle, Record, Reply};

/// A case being run, or one lane of a race in it.
#[derive(Clone)]
pub struct CaseRun<'a> {
    pub(super) driver: &'a Driver,
    pub(super) trace: &'a TraceWriter,
    pub(super) case: CaseTrace,
    pub(super) events: Events<'a>,
    cards: BTreeMap<StepNumber, String>,
    /// What was asked for in those steps whose requests later ones take up, and which steps these are.
    pub(super) drafts: BTreeMap<StepNumber, Draft>,
    taken_up: BTreeSet<StepNumber>,
    /// The requests whose signatures later steps take, and which steps make them.
    signed: BTreeMap<StepNumber, Outgoing>,
    taken: BTreeSet<StepNumber>,
    /// Ids whose mention keeps an element of a long list.
    pub(super) ids: Vec<String>,
    /// Nobody knows what time it is at the target, so further answers would mean nothing.
    is_lost_in_time: bool,
    /// It is no part of the run, but run again for the lab.
    pub(super) is_aside: bool,
    /// The listed accounts that it uses; they are free when the last lane is done.
    pub(super) leases: Arc<Vec<Lease<'a>>>,
    /// The cards that listed accounts held when it began.
    pub(super) before: BTreeSet<CardId>,
    /// Those of them that had ended and are like others, so that its lists need not show them.
    pub(super) left_out: Arc<BTreeSet<CardId>>,
}

impl<'a> CaseRun<'a> {
    /// A case before its first step.
    pub fn new(driver: &'a Driver, number: CaseNumber, case: Case, trace: &'a TraceWriter) -> Self {
        let foreign = &driver.profile.foreign;
        let steps = case.steps.iter();
        Self {
            driver,
            trace,
            events: Events::default(),
            cards: BTreeMap::new(),
            drafts: BTreeMap::new(),
            taken_up: steps.clone().flat_map(Step::takes_up).collect(),
            signed: BTreeMap::new(),
            taken: steps.filter_map(Step::takes_signature_of).collect(),
            ids: foreign
                .account
                .iter()
                .chain(&foreign.card)
                .map(ToString::to_string)
                .collect(),
            is_lost_in_time: false,
            is_aside: false,
            leases: Arc::default(),
            before: BTreeSet::new(),
            left_out: Arc::default(),
            case: CaseTrace {
                number,
                accounts: BTreeMap::new(),
                pasts: BTreeMap::new(),
                exchanges: Vec::with_capacity(case.steps.len()),
                events: Vec::new(),
                obstacles: Vec::new(),
                not_run: None,
                complete: false,
                case,
            },
        }
    }

    /// Runs all steps. Dropping the future gives the case up where it is.
    pub async fn run(&mut self) {
        let leased = self.lease_accounts().await;
        self.record_beginning();
        match leased {
            Ok(()) => {
                self.read_pasts().await;
                self.listen().await;
                self.steps().await;
                self.stop_listening().await;
                self.leave_accounts().await;
            }
            Err(Refused::Wanting(words)) => self.case.not_run = Some(words),
            Err(Refused::Trouble(words)) => {
                self.obstacle(None, format!("the case was not run: {words}"));
            }
        }
        self.case.complete = true;
        self.trace.append(&Record::End {
            number: self.case.number,
            obstacles: self.case.obstacles.clone(),
            not_run: self.case.not_run.clone(),
        });
    }

    /// What is known of the case now. One that was given up in an interrupted run says so; that time was up is no trouble.
    pub fn into_trace(mut self, was_interrupted: bool) -> CaseTrace {
        if !self.case.complete {
            self.case.forget_unfinished_race();
            if was_interrupted {
                let words = "the run was stopped before this case ended";
                self.obstacle(None, words.to_owned());
            }
        }
        self.case
    }

    async fn lease_accounts(&mut self) -> Result<(), Refused> {
        if self.driver.simulator.is_late() && self.case.case.races_the_simulator() {
            let words = "the simulator answers before it is done, so it can't take part in a race";
            return Err(Refused::Wanting(words.to_owned()));
        }
        if let Some(pool) = &self.driver.pool {
            return self.lease_listed(pool).await.map_err(Refused::Wanting);
        }
        for letter in self.case.case.accounts() {
            let id = self.driver.lease().await.map_err(Refused::Trouble)?;
            self.ids.push(id.to_string());
            self.case.accounts.insert(letter, id);
        }
        Ok(())
    }

    async fn steps(&mut self) {
        for stretch in self.case.case.stretches() {
            let lanes = self.case.case.lanes(&stretch);
            if lanes.len() > 1 {
                self.race(stretch, &lanes).await;
                continue;
            }
            for index in stretch {
                self.step(index).await;
                if self.is_lost_in_time {
                    return;
                }
            }
        }
    }

    /// Runs the lanes of a race at once, each by a run of its own that knows what was known before. The requests that
    /// lanes begin with are made up beforehand, so that another lane can repeat them.
    async fn race(&mut self, stretch: Range<usize>, lanes: &[Lane]) {
        let requests = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
        let (access, caller) = (&self.driver.access, &self.driver.caller);
        let mut entry = match access.enter(requests, caller).await {
            Ok(entry) => entry,
            Err(words) => {
                let first = StepNumber(stretch.start + 1);
                return self.obstacle(Some(first), format!("the race was skipped: {words}"));
            }
        };
        let mut runs: Vec<(Vec<usize>, Option<Ready>)> = Vec::new();
        for lane in lanes {
            let is_own = |index: &usize| self.case.case.steps[*index].lane == Some(*lane);
            let own: Vec<usize> = stretch.clone().filter(is_own).collect();
            runs.push((own, None));
        }
        let mut firsts: Vec<usize> = (0..runs.len()).collect();
        firsts.sort_by_key(|run| runs[*run].0[0]);
        for run in firsts {
            runs[run].1 = self.ready(runs[run].0[0], Some(entry.part())).await;
        }
        // What is left of it would keep others out.
        drop(entry);
        let release = Release::new(runs.iter().filter(|(_, first)| first.is_some()).count());
        let begun = self.clone();
        let runs = runs.into_iter().map(|(own, first)| {
            let (release, mut run) = (&release, begun.clone());
            run.case.exchanges.clear();
            run.case.events.clear();
            run.case.obstacles.clear();
            async move {
                if let Some(first) = first {
                    run.carry_out(own[0], first, Some(release)).await;
                }
                for index in &own[1..] {
                    run.step(*index).await;
                }
                run
            }
        });
        for run in join_all(runs).await {
            self.case.exchanges.extend(run.case.exchanges);
            self.case.events.extend(run.case.events);
            self.case.obstacles.extend(run.case.obstacles);
            self.cards.extend(run.cards);
            self.drafts.extend(run.drafts);
            self.ids.extend(run.ids);
        }
        self.ids.sort_unstable();
        self.ids.dedup();
        self.case.exchanges.sort_by_key(|exchange| exchange.sent_at);
        self.case.events.sort_by_key(|event| event.received_at);
    }

    /// A step about a card that was never made, or about a request that was never sent, asks for nothing.
    fn is_idle(&self, step: &Step) -> bool {
        let card = match &step.command {
            Command::Read(CardRef::Made(made)) | Command::Act(_, CardRef::Made(made)) => Some(made),
            _ => None,
        };
        card.is_some_and(|made| !self.cards.contains_key(made))
            || self.is_idle_hook(step)
            || step.takes_up().any(|sent| !self.drafts.contains_key(&sent))
            || step
                .takes_signature_of()
                .is_some_and(|sent| !self.signed.contains_key(&sent))
    }

    async fn step(&mut self, index: usize) {
        if let Some(ready) = self.ready(index, None).await {
            self.carry_out(index, ready, None).await;
        }
    }

    /// What a step is going to do, as far as that can be said before it does it. None: nothing. What it sends goes by
    /// `entry`, or, if there is none, as soon as it may.
    async fn ready(&mut self, index: usize, entry: Option<Entry<'a>>) -> Option<Ready<'a>> {
        let (number, step) = (StepNumber(index + 1), &self.case.case.steps[index]);
        if self.is_idle(step) {
            return None;
        }
        let skipped = |words: String| format!("the step was skipped: {words}");
        let ready = match self.known().ask(step).map_err(skipped) {
            Ok(Ask::Send(draft)) => {
                let flaw = step.flaw;
                let request = match entry {
                    Some(entry) => self.dressed(&draft, flaw, entry),
                    None if step.fresh_token => self.dressed_afresh(&draft, flaw).await,
                    None => self.dressed_in_turn(&draft, flaw).await,
                };
                request.map_err(skipped).map(|request| {
                    if self.taken_up.contains(&number) {
                        self.drafts.insert(number, draft.clone());
                    }
                    Ready::Send(draft, request)
                })
            }
            Ok(Ask::AwaitIssuance(draft)) => Ok(Ready::AwaitIssuance(draft)),
            Ok(Ask::Hook(hook)) => Ok(Ready::Hook(hook)),
            Ok(Ask::Pause(time)) => Ok(Ready::Pause(time)),
            Ok(Ask::MoveClock(draft, seconds)) => Ok(Ready::MoveClock(draft, seconds)),
            Err(words) => Err(words),
        };
        ready
            .map_err(|words| self.obstacle(Some(number), words))
            .ok()
    }

    /// Does it; with a release, at the same moment as other lanes do theirs.
    async fn carry_out(&mut self, index: usize, ready: Ready<'a>, release: Option<&Release>) {
        let number = StepNumber(index + 1);
        if let (Some(release), Ready::AwaitIssuance(_) | Ready::Pause(_)) = (release, &ready) {
            release.place().arrive().await;
        }
        match ready {
            Ready::Send(draft, request) => {
                let step = &self.case.case.steps[index];
                let delivery = Delivery {
                    release,
                    loss: step.loss,
                    fresh_connection: step.fresh_connection,
                };
                let flaw = step.flaw;
                self.exchange(number, &draft, request, flaw, delivery).await;
                if let Some((card, account)) = self.told_to_the_simulator(index) {
                    self.driver.await_simulator(&card, account).await;
                }
                self.learn_card(number);
                self.learn_from_list(number);
            }
            Ready::AwaitIssuance(draft) => Box::pin(self.await_issuance(number, &draft)).await,
            Ready::Hook(hook) => Box::pin(self.hook(number, &hook)).await,
            Ready::Pause(time) => tokio::time::sleep(time).await,
            Ready::MoveClock(draft, seconds) => {
                Box::pin(self.move_clock(number, &draft, seconds)).await;
            }
        }
    }

    /// The card that the simulator has just taken on, and its account. In a race nothing is waited for.
    fn told_to_the_simulator(&self, index: usize) -> Option<(CardId, &AccountId)> {
        let step = &self.case.case.steps[index];
        let Command::Act(Action::Issue | Action::Fail, CardRef::Made(made)) = step.command else {
            return None;
        };
        let is_taken_on = self.case.exchanges.last().is_some_and(Exchange::is_success);
        if !is_taken_on || step.lane.is_some() {
            return None;
        }
        let card = CardId::new(self.cards.get(&made)?);
        match self.case.case.step(made)?.command {
            Command::Create {
                account: AccountRef::Own(letter),
                ..
            } => Some((card, self.case.accounts.get(&letter)?)),
            _ => None,
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

    /// A create brings a card; so does the same request sent again, when the first answer was lost.
    fn learn_card(&mut self, number: StepNumber) {
        let step = &self.case.case.steps[number.0 - 1];
        let Some(origin) = self.create_behind(number, step) else {
            return;
        };
        let Some(Reply::Got(response)) = self.last_reply() else {
            return;
        };
        let Some(id) = card_id(response) else { return };
        self.ids.push(id.to_ascii_lowercase());
        self.note_made(origin, &id);
        self.events.claim(&id);
        self.cards.insert(number, id.clone());
        self.cards.entry(origin).or_insert(id);
    }

    /// A list may show the card of a create whose answer was lost, if it can be no other's.
    fn learn_from_list(&mut self, number: StepNumber) {
        let step = &self.case.case.steps[number.0 - 1];
        let Command::ListAccount(AccountRef::Own(letter)) = step.command else {
            return;
        };
        let Some(Reply::Got(response)) = self.last_reply() else {
            return;
        };
        let Some((made_by, card_type)) = self.only_lost_create(letter) else {
            return;
        };
        let Ok(Value::Array(elements)) = serde_json::from_str(&response.body) else {
            return;
        };
        let mut unknown = elements
            .iter()
            .filter(|card| card["type"] == card_type.as_str())
            .filter_map(|card| card["id"].as_str())
            .filter(|id| !self.cards.values().any(|known| known == id))
            .filter(|id| !self.before.contains(&CardId::new(id)));
        if let (Some(id), None) = (unknown.next(), unknown.next()) {
            let id = id.to_owned();
            self.ids.push(id.to_ascii_lowercase());
            self.note_made(made_by, &id);
            self.cards.insert(made_by, id);
        }
    }

    /// The create on the account whose answer was lost, if there is only one.
    fn only_lost_create(&self, letter: char) -> Option<(StepNumber, CardType)> {
        let mut lost = self.case.exchanges.iter().filter_map(|exchange| {
            let step = self.case.case.step(exchange.step)?;
            let is_lost = !matches!(exchange.reply, Reply::Got(_));
            match &step.command {
                Command::Create {
                    account: AccountRef::Own(own),
                    card_type,
                } if *own == letter && is_lost && !self.cards.contains_key(&exchange.step) => {
                    Some((exchange.step, *card_type))
                }
                _ => None,
            }
        });
        lost.next().filter(|_| lost.next().is_none())
    }

    /// The create whose very request this step sends. Another payload is another request.
    fn create_behind(&self, number: StepNumber, step: &Step) -> Option<StepNumber> {
        match &step.command {
            Command::Create { .. } => Some(number),
            Command::Retry(earlier) => {
                let origin = self.create_behind(*earlier, self.case.case.step(*earlier)?)?;
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
            | Command::Hook(_)
            | Command::MoveClock(_) => None,
        }
    }

    /// Moves the clock. An adapter's word is not enough: the next token has to show it.
    async fn move_clock(&mut self, step: StepNumber, draft: &Draft, seconds: u64) {
        let sent = self.ask_once(step, draft).await;
        let answered = match self.last_reply() {
            _ if !sent => Err("the call was not sent".to_owned()),
            Some(Reply::Got(response)) if (200..300).contains(&response.status) => Ok(()),
            Some(Reply::Got(response)) => Err(format!("it answered {}", response.status)),
            Some(Reply::Lost(_) | Reply::LetGo(_)) | None => Err("it did not answer".to_owned()),
        };
        let renewed = self.driver.access.clock_moved(seconds, &self.driver.caller);
        if let Err(problem) = answered.and(renewed.await) {
            self.is_lost_in_time = true;
            let words = format!(
                "the clock was not moved by {seconds}s as [sandbox.clock] says: {problem}; the case ends here"
            );
            self.obstacle(Some(step), words);
        }
    }

    /// Reads the card until it has left `issuing`, ever more slowly.
    async fn await_issuance(&mut self, number: StepNumber, read: &Draft) {
        let waits = &self.driver.waits;
        let wait = self.driver.profile.sandbox.issuance_wait.0;
        let begun = Instant::now();
        for pause in pauses() {
            if !self.ask_once(number, read).await {
                return;
            }
            if !self.last_reply().is_some_and(may_still_be_issuing) {
                return waits.one_has_come();
            }
            if waits.are_in_vain() {
                let words = format!(
                    "the card had not left `issuing`; it was not waited for, since none has left it within {wait:?} in this run"
                );
                return self.obstacle(Some(number), words);
            }
            if begun.elapsed() + pause > wait {
                waits.one_was_in_vain();
                let words = format!("the card had not left `issuing` within {wait:?}");
                return self.obstacle(Some(number), words);
            }
            tokio::time::sleep(pause).await;
        }
    }

    pub(super) fn last_reply(&self) -> Option<&Reply> {
        self.case.exchanges.last().map(|exchange| &exchange.reply)
    }

    pub(super) fn obstacle(&mut self, step: Option<StepNumber>, words: String) {
        self.case.obstacles.push(Obstacle { step, words });
    }
}

/// Why a case has no accounts.
pub(super) enum Refused {
    /// The listed ones don't do, or no account would.
    Wanting(String),
    /// None was to be had.
    Trouble(String),
}

/// What a step is going to do.
enum Ready<'a> {
    Send(Draft, Box<Dressed<'a>>),
    Hook(Hook),
    AwaitIssuance(Draft),
    Pause(Duration),
    MoveClock(Draft, u64),
}

/// A card that is `issuing`, or an answer that doesn't tell because it was lost or refused for the moment.
fn may_still_be_issuing(reply: &Reply) -> bool {
    match reply {
        Reply::Lost(_) | Reply::LetGo(_) => true,
        Reply::Got(response) if response.status == 200 => {
            let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
            body["status"] == CardStatus::Issuing.as_str()
        }
        Reply::Got(response) => !response.tells(),
    }
}
