//! The steps about webhooks: what they send, and how they wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::case_run::CaseRun;
use super::draft::{Ask, Draft};
use super::hooks::{
    Hooks, Inbox, callback_query, list_draft, step_draft, unsubscribe, unsubscribe_draft,
};
use super::reply::card_id;
use crate::card::CardStatus;
use crate::card_view::is_same;
use crate::case::{CardRef, Command, Hook, KeyUse, Step, StepNumber, SubscriptionRef};
use crate::redact::{card_numbers_in_body, card_numbers_in_header};
use crate::trace::{EVENTS_MAX, Event, Micros, Record, Reply};

/// A card that goes on changing is looked at so often.
const LOOKS_MAX: usize = 8;

/// One that changed each time while it was waited in vain, so often.
const WAITS_MAX: usize = 3;

/// What a case has to do with events.
#[derive(Clone, Default)]
pub struct Events<'a> {
    open: Option<(&'a Hooks, Arc<Inbox>)>,
    /// The ids of the case's own subscriptions.
    subscriptions: BTreeMap<StepNumber, String>,
    /// A wait was in vain.
    missed: bool,
}

impl Events<'_> {
    /// From now on, events of this card or account are the case's.
    pub fn claim(&self, id: &str) {
        if let Some((_, inbox)) = &self.open {
            inbox.claim(id);
        }
    }

    /// What has come of this account is nobody's.
    fn forget(&self, account: &str) {
        if let Some((_, inbox)) = &self.open {
            inbox.forget(account);
        }
    }
}

/// Which events of a card are waited for, beside one that shows it as it was read.
#[derive(Clone, Copy)]
struct Wanted {
    /// So many different ones, at least.
    count: usize,
    /// At the address that this step subscribed; none: at the run's own.
    at: Option<StepNumber>,
}

/// What there is of events, compared with a card as it was read.
enum Standing {
    /// All that is waited for; what shows the card came at this time, if anything did.
    Complete(Option<Micros>),
    /// Less.
    Lacking,
    /// One shows a later state: the card has changed since.
    Overtaken,
}

impl CaseRun<'_> {
    /// Opens an inbox, if the case has to do with events.
    pub(super) async fn listen(&mut self) {
        if !self.case.case.listens() {
            return;
        }
        match self.driver.hooks().await {
            Ok(hooks) => {
                self.events.open = Some((hooks, Arc::new(hooks.open_inbox())));
                for account in self.case.accounts.values() {
                    // What is late of the cases that used a listed account before is no concern of this one.
                    self.events.forget(account.as_str());
                    self.events.claim(account.as_str());
                }
            }
            Err(words) => self.obstacle(None, format!("no events are received: {words}")),
        }
    }

    /// Takes in what is left, and takes back the subscriptions that the case has not.
    pub(super) async fn stop_listening(&mut self) {
        self.take_in_events();
        let driver = self.driver;
        if let Some((hooks, _)) = &self.events.open
            && self.events.missed
        {
            hooks.note_missed();
            if self.case.events.is_empty() {
                let words = hooks.silence();
                self.obstacle(None, words);
            }
        }
        if let Some((_, inbox)) = &self.events.open
            && let Some(came) = inbox.overflow()
        {
            let words = format!(
                "{came} events came in one case: those after the first {EVENTS_MAX} were dropped, and none is missed"
            );
            self.obstacle(None, words);
        }
        for id in std::mem::take(&mut self.events.subscriptions).into_values() {
            unsubscribe(&id, &driver.access, &driver.caller).await;
        }
    }

    /// A step about a card or a subscription that there is not, or at an address that was not subscribed.
    pub(super) fn is_idle_hook(&self, step: &Step) -> bool {
        let Command::Hook(hook) = &step.command else {
            return false;
        };
        let is_there = |subscription| self.subscription_id(subscription).is_some();
        let is_open = |at: StepNumber| {
            let mut answers = self.case.exchanges.iter();
            answers.any(|exchange| exchange.step == at && exchange.is_success())
        };
        hook.card().is_some_and(|made| !self.has_card(made))
            || hook.awaited_at().is_some_and(|at| !is_open(at))
            || hook.subscription().is_some_and(|named| !is_there(named))
    }

    fn subscription_id(&self, subscription: SubscriptionRef) -> Option<String> {
        match subscription {
            SubscriptionRef::Made(step) => self.events.subscriptions.get(&step).cloned(),
            SubscriptionRef::Foreign => {
                let foreign = self.driver.profile.foreign.subscription;
                foreign.map(|id| id.to_string())
            }
            SubscriptionRef::Unknown => Some(Uuid::new_v4().to_string()),
            SubscriptionRef::Malformed => Some("not-a-uuid".to_owned()),
        }
    }

    pub(super) async fn hook(&mut self, number: StepNumber, hook: &Hook) {
        let Some((_, inbox)) = &self.events.open else {
            return; // an obstacle says why
        };
        match hook {
            Hook::Await { card, events, at } => {
                let wanted = Wanted {
                    count: *events,
                    at: *at,
                };
                self.await_events(number, *card, wanted).await;
            }
            Hook::RefuseNext => inbox.refuse_next(),
            Hook::Subscribe => self.subscribe(number, None).await,
            Hook::Resubscribe(subscription) => {
                let id = self.subscription_id(*subscription);
                self.subscribe(number, id).await;
            }
            Hook::Unsubscribe(subscription) => self.unsubscribe(number, *subscription).await,
            Hook::ReadSubscription(subscription) => {
                let Some(id) = self.subscription_id(*subscription) else {
                    return;
                };
                let path = unsubscribe_draft(&id).path;
                self.ask_as_told(number, Draft::read(path)).await;
            }
            Hook::ListSubscriptions => {
                self.ask_as_told(number, list_draft()).await;
            }
        }
    }

    /// Subscribes an address of the step's own, or moves a subscription there.
    async fn subscribe(&mut self, number: StepNumber, id: Option<String>) {
        let Some((hooks, inbox)) = &self.events.open else {
            return;
        };
        let step = &self.case.case.steps[number.0 - 1];
        let word = inbox.open_door(number);
        let wanted = step_draft(&hooks.address(&word), id.as_deref(), step);
        if let Some(query) = callback_query(&wanted) {
            inbox.ask_for_query(word, query);
        }
        if self.ask_as_told(number, wanted).await
            && let Some(Reply::Got(response)) = self.last_reply()
            && let Some(made) = card_id(response)
            && id.as_ref() != Some(&made)
        {
            self.events.subscriptions.insert(number, made);
        }
    }

    /// The id stays known, so that later steps can look whether it is gone.
    async fn unsubscribe(&mut self, number: StepNumber, subscription: SubscriptionRef) {
        if let Some(id) = self.subscription_id(subscription) {
            self.ask_as_told(number, unsubscribe_draft(&id)).await;
        }
    }

    /// Asks with the flaw and the key that the step names.
    async fn ask_as_told(&mut self, number: StepNumber, draft: Draft) -> bool {
        let step = &self.case.case.steps[number.0 - 1];
        let key = match &step.key {
            KeyUse::Usual | KeyUse::Of(_) | KeyUse::NextTo(_) => draft.key,
            KeyUse::TimeOrdered => Some(Uuid::now_v7().to_string()),
            KeyUse::Missing => None,
            KeyUse::Text(text) => Some(text.clone()),
        };
        let flaw = step.flaw;
        let draft = Draft { key, ..draft };
        self.drafts.insert(number, draft.clone());
        self.ask_flawed(number, &draft, flaw).await
    }

    /// Reads the card, and waits for its event. A card that has changed meanwhile is read again. When nothing comes, a last
    /// read shows that the card has been at rest for the whole wait.
    async fn await_events(&mut self, number: StepNumber, card: StepNumber, wanted: Wanted) {
        let step = Step::new(Command::Read(CardRef::Made(card)));
        let Ok(Ask::Send(read)) = self.known().ask(&step) else {
            return;
        };
        let mut before: Option<(Value, Standing)> = None;
        let (mut looks, mut waits) = (0, 0);
        while looks < LOOKS_MAX && waits < WAITS_MAX {
            looks += 1;
            if !self.ask_once(number, &read).await {
                return;
            }
            let Some(shown) = self.shown_card() else {
                return;
            };
            let again = before.filter(|(before, _)| is_same(before, &shown));
            if matches!(again, Some((_, Standing::Lacking))) {
                // Whether the creation of a card is told is open (contract.md, webhooks).
                self.events.missed |= shown["status"].as_str().and_then(CardStatus::from_wire)
                    != Some(CardStatus::Issuing);
                return;
            }
            match self.wait(&shown, wanted, again.is_none()).await {
                Standing::Complete(_) => return,
                standing => {
                    waits += usize::from(matches!(standing, Standing::Lacking));
                    before = Some((shown, standing));
                }
            }
        }
        let words = format!(
            "the card was not at rest: it changed {looks} times while its event was awaited"
        );
        self.obstacle(Some(number), words);
    }

    /// Waits by event, as long as one may take. `is_new` says that no read has shown the card like this before, so that
    /// an event with a later state may well be right.
    async fn wait(&mut self, shown: &Value, wanted: Wanted, is_new: bool) -> Standing {
        let began = Instant::now();
        loop {
            self.take_in_events();
            if self.case.may_lack_events() {
                return Standing::Complete(None); // nothing that comes now is kept
            }
            let standing = standing(&self.case.events, shown, wanted);
            let Some((hooks, inbox)) = &self.events.open else {
                return standing;
            };
            match standing {
                Standing::Complete(came_at) => {
                    came_at.inspect(|came_at| hooks.told(*came_at, shown));
                    return standing;
                }
                Standing::Overtaken if is_new => return standing,
                Standing::Overtaken | Standing::Lacking => {}
            }
            let in_time = timeout_at(began + hooks.wait(), inbox.rings()).await;
            // Meanwhile others may have shown that events take longer.
            if in_time.is_err() && began.elapsed() >= hooks.wait() {
                return Standing::Lacking;
            }
        }
    }

    /// The card in the last answer.
    fn shown_card(&self) -> Option<Value> {
        match self.last_reply() {
            Some(Reply::Got(response)) if response.status == 200 => {
                let shown: Value = serde_json::from_str(&response.body).ok()?;
                shown.is_object().then_some(shown)
            }
            _ => None,
        }
    }

    /// Records what has come, without secrets and card numbers.
    pub(super) fn take_in_events(&mut self) {
        let Some((_, inbox)) = &self.events.open else {
            return;
        };
        let (events, troubles) = inbox.take();
        let masks = &self.driver.caller.masks;
        for mut event in events {
            event.body = masks.apply(card_numbers_in_body(&event.body).into_owned());
            for (name, value) in &mut event.headers {
                *value = masks.apply(card_numbers_in_header(name, value).into_owned());
            }
            let record = Record::Event {
                number: self.case.number,
                event,
            };
            self.trace.append(&record);
            if let Record::Event { event, .. } = record {
                self.case.events.push(event);
            }
        }
        for words in troubles {
            self.obstacle(None, words);
        }
    }
}

/// How the accepted events stand to a card as it was read. A refused one may come again, so it is waited for.
fn standing(events: &[Event], shown: &Value, wanted: Wanted) -> Standing {
    let accepted = events
        .iter()
        .filter(|e| e.subscription == wanted.at && e.answered < 300);
    let of_card: Vec<(Micros, Value)> = accepted
        .filter_map(|event| Some((event.received_at, serde_json::from_str(&event.body).ok()?)))
        .filter(|(_, body): &(_, Value)| is_same_text(&body["id"], &shown["id"]))
        .collect();
    let mut ids: Vec<&Value> = Vec::new();
    for (_, body) in &of_card {
        if !ids.contains(&&body["eventId"]) {
            ids.push(&body["eventId"]);
        }
    }
    let first = of_card.iter().find(|(_, body)| is_same(body, shown));
    if let (true, Some((came_at, _))) = (ids.len() >= wanted.count, first) {
        return Standing::Complete(Some(*came_at));
    }
    let time = |card: &Value| card["updatedAt"].as_str()?.parse::<Timestamp>().ok();
    let is_later = |body: &Value| {
        time(body)
            .zip(time(shown))
            .is_some_and(|(event, read)| event > read)
            && body["status"] != shown["status"]
    };
    match of_card.iter().any(|(_, body)| is_later(body)) {
        true => Standing::Overtaken,
        false => Standing::Lacking,
    }
}

fn is_same_text(first: &Value, second: &Value) -> bool {
    let texts = first.as_str().zip(second.as_str());
    texts.is_some_and(|(first, second)| first.eq_ignore_ascii_case(second))
}
