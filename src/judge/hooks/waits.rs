//! What a wait has shown: the event that was awaited, or that it never came. Most waits are for the events of the run's own
//! subscription; one at an address of the case tells whether that was told of each change too.

use serde_json::Value;

use super::Told;
use super::changes::Change;
use super::payload::status_word;
use crate::card::{CardId, CardStatus};
use crate::card_view::{different, is_same};
use crate::case::{Command, Hook, StepNumber};
use crate::contract::OperationKind;
use crate::judge::departure::json_diff;
use crate::judge::follow::{Found, Judge, Scene};
use crate::requirement::{RequirementId, id};
use crate::trace::{Micros, Reply};
use crate::world::{Choice, Moment};

/// The end of a wait for the event of a card.
struct Wait {
    card: CardId,
    /// The step at whose address it was awaited; none: at the run's.
    at: Option<StepNumber>,
    /// The card as it was read, at the end and for the time before.
    shown: Value,
    /// The last read.
    moment: Moment,
    /// The card was at rest for the whole of the profile's wait.
    is_whole: bool,
}

impl Judge<'_> {
    /// HOOK-1, HOOK-5, HOOK-19 and OPEN-30. Where no event came at all, it may be that none can reach us, so nothing is
    /// concluded.
    pub(super) fn waits(&mut self, told: &[Told<'_>]) {
        let mut missed: Vec<(CardId, Option<StepNumber>)> = Vec::new();
        for wait in self.all_waits() {
            let is_silent = told.is_empty() && !self.elsewhere.heard;
            let awaited = (wait.card.clone(), wait.at);
            if is_silent || missed.contains(&awaited) {
                continue;
            }
            let until = self.trace.exchanges[wait.moment].sent_at;
            let (events, others): (Vec<&Told<'_>>, Vec<&Told<'_>>) = told
                .iter()
                .filter(|t| t.card().as_ref() == Some(&wait.card))
                .partition(|t| t.event.subscription == wait.at);
            let in_time = |t: &&&Told<'_>| !wait.is_whole || t.event.received_at <= until;
            let in_time: Vec<&Told<'_>> = events.iter().filter(in_time).copied().collect();
            if self.missing_change(&wait, &in_time, &others) {
                missed.push(awaited);
            } else if wait.at.is_none() {
                self.newest(&wait, &in_time);
                self.creation(&wait, &events, in_time.is_empty());
            }
        }
    }

    fn all_waits(&self) -> Vec<Wait> {
        let exchanges = &self.trace.exchanges;
        let mut waits = Vec::new();
        for (moment, exchange) in exchanges.iter().enumerate() {
            let is_last = exchanges[moment + 1..]
                .iter()
                .all(|e| e.step != exchange.step);
            if self.is_await(exchange.step) && is_last {
                waits.extend(self.wait_until(moment));
            }
        }
        waits
    }

    /// The wait whose last read is this one.
    fn wait_until(&self, moment: Moment) -> Option<Wait> {
        let exchanges = &self.trace.exchanges;
        let last = &exchanges[moment];
        let shown = self.card_shown(moment)?;
        let card = CardId::new(shown.get("id")?.as_str()?);
        let at_rest = exchanges[..=moment]
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, e)| e.step == last.step)
            .take_while(|(at, _)| self.card_shown(*at).is_some_and(|c| is_same(&c, &shown)));
        let since = at_rest
            .last()
            .map_or(last.received_at, |(_, e)| e.received_at);
        let rested = Micros(last.sent_at.0.saturating_sub(since.0));
        Some(Wait {
            card,
            at: match &self.case.step(last.step)?.command {
                Command::Hook(hook) => hook.awaited_at(),
                _ => None,
            },
            shown,
            moment,
            is_whole: self.terms.event_wait.is_some_and(|wait| rested >= wait),
        })
    }

    fn card_shown(&self, moment: Moment) -> Option<Value> {
        match &self.trace.exchanges[moment].reply {
            Reply::Got(response) if response.status == 200 => {
                let shown: Value = serde_json::from_str(&response.body).ok()?;
                shown.is_object().then_some(shown)
            }
            _ => None,
        }
    }

    /// HOOK-1 and HOOK-19: fewer different events than changes. One may show a later state than the change that it reports,
    /// so they are counted; but those of a card that is still issuing report its creation.
    fn missing_change(
        &mut self,
        wait: &Wait,
        events: &[&Told<'_>],
        elsewhere: &[&Told<'_>],
    ) -> bool {
        let changes = self.changes_to_tell(wait);
        let mut ids = Vec::new();
        for event in events {
            let id = event.event_id();
            if status_word(&event.body) != CardStatus::Issuing.as_str() && !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() >= changes.len() {
            if !changes.is_empty() {
                self.show(match wait.at {
                    None => id::HOOK_1,
                    Some(_) => id::HOOK_19,
                });
            }
            return false;
        }
        if !wait.is_whole {
            return false;
        }
        let became = |status: CardStatus| changes.iter().filter(|c| c.to == status).count();
        let mut changed = changes.iter().map(|change| change.to);
        let missing = changed.find(|status| showing(events, *status) < became(*status));
        let status = missing.unwrap_or(CardStatus::Issuing);
        let found = Found::plain(
            &format!("no event for the change to {status}"),
            format!(
                "an event that shows `{status}`, within {}",
                self.wait_words()
            ),
            format!("{} of {} changes reported", ids.len(), changes.len()),
        );
        let rules = match showing(elsewhere, status) > showing(events, status) {
            true => self.rules_of_each(wait),
            false if self.fell_silent_by_a_removal(wait, events) => &[id::HOOK_19, id::HOOK_1],
            false => &[id::HOOK_1],
        };
        self.depart_at(wait.moment, rules, found);
        true
    }

    /// The changes of which the address must have been told by the end of the wait.
    fn changes_to_tell(&self, wait: &Wait) -> Vec<Change> {
        match wait.at {
            Some(step) => self.owed(step, &wait.card, wait.moment),
            None => {
                let changes = self.changes.get(&wait.card).into_iter();
                changes.flat_map(|c| c.until(wait.moment)).collect()
            }
        }
    }

    /// The rules by which a subscription is told of what another one was told of.
    fn rules_of_each(&self, wait: &Wait) -> &'static [RequirementId] {
        let subscribed = wait.at.and_then(|at| self.case.step(at));
        match subscribed.map(|step| &step.command) {
            Some(Command::Hook(Hook::Resubscribe(_))) => &[id::HOOK_16, id::HOOK_19],
            _ => &[id::HOOK_19],
        }
    }

    /// The address was told of the card until a subscription was removed, and never again.
    fn fell_silent_by_a_removal(&self, wait: &Wait, events: &[&Told<'_>]) -> bool {
        let Some(last) = events.iter().map(|told| told.event.received_at).max() else {
            return false;
        };
        let mut exchanges = self.trace.exchanges[..wait.moment].iter();
        exchanges.any(|exchange| {
            let request = &exchange.request;
            let route = self.contract.route(&request.method, &request.path);
            let is_removal = route.is_some_and(|r| r.operation == OperationKind::DeleteWebhook);
            is_removal && exchange.is_success() && last <= exchange.received_at
        })
    }

    /// HOOK-5: some event shows the card as it is read.
    fn newest(&mut self, wait: &Wait, events: &[&Told<'_>]) {
        if events.iter().any(|t| is_same(&t.body, &wait.shown)) {
            return self.show(id::HOOK_5);
        }
        let newest = events
            .iter()
            .max_by_key(|t| t.text("updatedAt").map(str::to_owned));
        let unchanged = self
            .changes
            .get(&wait.card)
            .is_none_or(|c| c.until(wait.moment).next().is_none());
        let Some(newest) = newest.filter(|_| wait.is_whole && !unchanged) else {
            return;
        };
        let members = different(&wait.shown, &newest.body);
        let found = Found {
            diff: json_diff(&wait.shown.to_string(), &newest.event.body),
            ..Found::plain(
                &format!("{} of the newest event", members.join(" and ")),
                format!(
                    "an event that shows the card as it is read, within {}",
                    self.wait_words()
                ),
                format!("the newest shows another: {}", members.join(", ")),
            )
        };
        self.depart_at(wait.moment, &[id::HOOK_5], found);
    }

    /// OPEN-30. Only an event of the card as it was made tells that its creation is reported.
    fn creation(&mut self, wait: &Wait, events: &[&Told<'_>], none_came: bool) {
        let is_of_creation = |told: &&&Told<'_>| {
            status_word(&told.body) == CardStatus::Issuing.as_str()
                && told.text("updatedAt").is_some()
                && told.text("updatedAt") == told.text("createdAt")
        };
        let is_as_made = status_word(&wait.shown) == CardStatus::Issuing.as_str();
        let reading = if events.iter().any(|t| is_of_creation(&t)) {
            "reported"
        } else if wait.is_whole && is_as_made && none_came {
            "not reported"
        } else {
            return;
        };
        let exchange = &self.trace.exchanges[wait.moment];
        let Reply::Got(response) = &exchange.reply else {
            return;
        };
        let scene = Scene {
            moment: wait.moment,
            exchange,
            response,
            operation: None,
            id_in_upper_case: false,
            key_in_upper_case: false,
        };
        let choice = Choice::new(id::OPEN_30, "", reading);
        self.choose(&scene, &choice, "the event of a creation");
    }

    fn wait_words(&self) -> String {
        let wait = self.terms.event_wait.unwrap_or_default();
        format!("{:?}", std::time::Duration::from_micros(wait.0))
    }
}

/// How many events show this status.
fn showing(events: &[&Told<'_>], status: CardStatus) -> usize {
    let showing = events
        .iter()
        .filter(|t| status_word(&t.body) == status.as_str());
    showing.count()
}
