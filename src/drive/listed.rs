//! A case on listed accounts: what they hold is read first, and stands in the trace as the start of the case; what the
//! case leaves is ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case_run::CaseRun;
use super::draft::Draft;
use super::leftovers::{self, shown};
use super::pool::{Pool, needs, too_many_cards};
use crate::card::{AccountId, CardId, CardType};
use crate::case::{AccountRef, Body, Command, KeyUse, StepNumber};
use crate::trace::{Exchange, Past, Reply};

impl<'a> CaseRun<'a> {
    pub(super) async fn lease_listed(&mut self, pool: &'a Pool) -> Result<(), String> {
        if let Some(words) = too_many_cards(&self.case.case) {
            return Err(words);
        }
        let needs = needs(&self.case.case);
        let leased = pool.lease(&needs, self.is_aside).await?;
        let (mut leases, mut left_out) = (Vec::new(), BTreeSet::new());
        for ((letter, _), (account, lease)) in needs.into_iter().zip(leased) {
            leases.push(lease);
            if pool.holdings(&account).is_untidy {
                self.driver.tidy(&account).await;
            }
            if pool.holdings(&account).existing.is_none() {
                self.driver.look(&account).await;
            }
            left_out.extend(pool.holdings(&account).left_out());
            for (own, card_type) in
                (1..=self.case.case.steps.len()).filter_map(|step| self.created(StepNumber(step)))
            {
                if own == letter {
                    pool.sent(&account, card_type);
                }
            }
            self.ids.push(account.to_string());
            self.case.accounts.insert(letter, account);
            self.case.pasts.insert(letter, Past::Read);
        }
        self.leases = Arc::new(leases);
        self.before.extend(left_out.iter().cloned());
        self.left_out = Arc::new(left_out);
        Ok(())
    }

    /// Reads what the accounts hold: the list, and each card that may still change.
    pub(super) async fn read_pasts(&mut self) {
        let Some(pool) = &self.driver.pool else {
            return;
        };
        let accounts: Vec<AccountId> = self.case.accounts.values().cloned().collect();
        for account in accounts {
            let mut cards = self.read_past(&Draft::list_of(&account)).await;
            let own = pool.holdings(&account).own.into_iter();
            let alive = own.filter(|(_, kept)| kept.is_alive());
            let mut to_read: BTreeSet<CardId> = alive.map(|(card, _)| card).collect();
            let listed = cards.iter().flatten();
            to_read.extend(
                listed
                    .filter(|(_, k)| k.is_alive())
                    .map(|(card, _)| card.clone()),
            );
            for card in to_read {
                let read = self.read_past(&leftovers::read(&card)).await;
                if let Some(cards) = &mut cards {
                    cards.extend(read.into_iter().flatten());
                }
            }
            if let Some(cards) = cards {
                self.before.extend(cards.keys().cloned());
                pool.look(&account, &cards);
            }
            pool.work_begins(&account);
        }
    }

    async fn read_past(
        &mut self,
        read: &super::draft::Draft,
    ) -> Option<std::collections::BTreeMap<CardId, super::pool::Kept>> {
        let was_sent = self.ask_once(StepNumber::BEFORE, read).await;
        match self.last_reply() {
            Some(Reply::Got(response)) if was_sent => shown(response),
            _ => None,
        }
    }

    /// Notes whose card an answer brought.
    pub(super) fn note_made(&self, step: StepNumber, card: &str) {
        let account = self
            .created(step)
            .and_then(|(letter, _)| self.case.accounts.get(&letter));
        if let (Some(pool), Some(account)) = (&self.driver.pool, account) {
            pool.made(account, CardId::new(card));
        }
    }

    /// The account and the type that a step asks a card for.
    fn created(&self, step: StepNumber) -> Option<(char, CardType)> {
        match self.case.case.step(step)?.command {
            Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            } => Some((letter, card_type)),
            _ => None,
        }
    }

    /// Ends what the case made. Where an answer is missing, something may still be at work: then that has time until the
    /// account is used again.
    pub(super) async fn leave_accounts(&mut self) {
        let Some(pool) = &self.driver.pool else {
            return;
        };
        self.note_refusals(pool);
        if self.case.exchanges.iter().any(is_unsettled) {
            return;
        }
        for account in self.case.accounts.values() {
            self.driver.tidy(account).await;
        }
    }

    /// Notes where the first create of a type was refused as if there were a card.
    fn note_refusals(&self, pool: &Pool) {
        let mut asked = BTreeSet::new();
        for exchange in &self.case.exchanges {
            let Some((letter, card_type)) = self.created(exchange.step) else {
                continue;
            };
            let is_first = asked.insert((letter, card_type));
            let account = self.case.accounts.get(&letter);
            if let Some(account) = account.filter(|_| is_first && self.speaks_of_a_card(exchange)) {
                pool.refused(account, card_type);
            }
        }
    }

    /// The answer to an ordinary create, which needs nothing but room, speaks of a card that has the slot.
    fn speaks_of_a_card(&self, exchange: &Exchange) -> bool {
        let step = &self.case.case.steps[exchange.step.0 - 1];
        let is_ordinary = step.body == Body::Standard
            && step.flaw.is_none()
            && step.lane.is_none()
            && step.method.is_none()
            && step.media_type.is_none()
            && step.encoding.is_none()
            && step.key == KeyUse::Usual;
        let status = exchange.response().map(|response| response.status);
        is_ordinary && matches!(status, Some(403 | 409 | 422))
    }
}

/// It changes something, and nobody knows whether it has been carried out.
fn is_unsettled(exchange: &Exchange) -> bool {
    exchange.request.method != "GET" && exchange.telling().is_none()
}
