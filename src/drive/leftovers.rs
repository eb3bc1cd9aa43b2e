//! What a case leaves in a listed account: it is found by listing, and terminated if the run made it.
//!
//! A card counts as the run's own if an answer to a create brought it, or if it is new in an account to which the run sent
//! a create of its type: an answer may have been lost, or more was made than was told.

use std::collections::BTreeMap;
use std::time::Instant;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::Driver;
use super::draft::{Draft, segment};
use super::pool::Kept;
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::trace::Response;

/// The cards that an answer shows, a list or one card.
pub fn shown(response: &Response) -> Option<BTreeMap<CardId, Kept>> {
    let views = match response.json().filter(|_| response.status == 200)? {
        Value::Array(views) => views,
        view => vec![view],
    };
    let cards = views.iter().filter_map(|view| {
        let kept = Kept {
            card_type: view["type"].as_str().and_then(CardType::from_wire),
            status: view["status"].as_str().and_then(CardStatus::from_wire),
            why: None,
        };
        Some((CardId::new(view["id"].as_str()?), kept))
    });
    Some(cards.collect())
}

/// The read of a card.
pub fn read(card: &CardId) -> Draft {
    Draft::read(card_path(card))
}

pub fn card_path(card: &CardId) -> String {
    format!("/cards/{}", segment(card.as_str(), false))
}

impl Driver {
    /// Notes what is in an account.
    pub(super) async fn look(&self, account: &AccountId) {
        let listed = self.by_the_way(&Draft::list_of(account)).await.ok();
        if let (Some(pool), Some(cards)) = (&self.pool, listed.as_ref().and_then(shown)) {
            pool.look(account, &cards);
        }
    }

    /// Terminates what the run made in an account, and notes what is left.
    pub(super) async fn tidy(&self, account: &AccountId) {
        let Some(pool) = &self.pool else { return };
        let holdings = pool.holdings(account);
        let listed = self.by_the_way(&Draft::list_of(account)).await.ok();
        let listed = listed.as_ref().and_then(shown).unwrap_or_default();
        let existing = holdings.existing.as_ref();
        let mut left = holdings.own.clone();
        for (card, kept) in listed {
            let was_sent = kept.card_type.is_some_and(|t| holdings.sent.contains(&t));
            if left.contains_key(&card) || existing.is_some() && was_sent {
                left.insert(card, kept);
            }
        }
        left.retain(|card, _| !existing.is_some_and(|cards| cards.contains_key(card)));
        for (card, kept) in &mut left {
            if kept.is_alive() {
                *kept = self.end_card(account, card, kept.clone()).await;
            }
        }
        pool.tidied(account, left);
    }

    /// Terminates a card, and reads what became of it.
    async fn end_card(&self, account: &AccountId, card: &CardId, known: Kept) -> Kept {
        let mut now = self.read_card(card).await.unwrap_or(known);
        if !now.is_alive() {
            return now;
        }
        let mut refused = self.terminate(card).await;
        if refused.is_err() && now.status == Some(CardStatus::Issuing) {
            self.issue(account, card).await;
            refused = self.terminate(card).await;
        }
        now = self.read_card(card).await.unwrap_or(now);
        if now.is_alive() {
            let why = refused
                .err()
                .unwrap_or_else(|| "terminated, and not final".to_owned());
            now.why = Some(why);
        }
        now
    }

    async fn terminate(&self, card: &CardId) -> Result<(), String> {
        let response = self
            .by_the_way(&Draft::change(Method::DELETE, card_path(card)))
            .await;
        match response {
            Ok(response) if response.is_success() => Ok(()),
            Ok(response) => Err(format!("to terminate it was answered {}", response.status)),
            Err(words) => Err(format!("it was not terminated: {words}")),
        }
    }

    /// Helps a card out of `issuing`: by the simulator, or by waiting.
    async fn issue(&self, account: &AccountId, card: &CardId) {
        let sandbox = &self.profile.sandbox;
        if sandbox.simulator {
            let path = format!("/simulator{}/issue", card_path(card));
            let told = self.by_the_way(&Draft::change(Method::PATCH, path)).await;
            if told.is_ok_and(|response| response.is_success()) {
                self.await_simulator(card, account).await;
            }
            return;
        }
        let begun = Instant::now();
        while begun.elapsed() < sandbox.issuance_wait.0 && !self.waits.are_in_vain() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let read = self.read_card(card).await;
            if read.is_none_or(|kept| kept.status != Some(CardStatus::Issuing)) {
                return;
            }
        }
    }

    async fn read_card(&self, card: &CardId) -> Option<Kept> {
        let response = self.by_the_way(&read(card)).await.ok()?;
        shown(&response)?.remove(card)
    }

    /// A call that is no part of any case.
    pub(super) async fn by_the_way(&self, draft: &Draft) -> Result<Response, String> {
        if let Some(pool) = &self.pool {
            pool.check(draft)?;
        }
        self.access.ask(draft, HeaderMap::new(), &self.caller).await
    }

    /// What the run made in the listed accounts and what is left of it; terminated now where the profile says so.
    pub(super) async fn clean_up(&self) -> Vec<(AccountId, CardId, Kept)> {
        let Some(pool) = &self.pool else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for account in pool.accounts() {
            let holdings = pool.holdings(&account);
            let has_work = holdings.is_untidy || holdings.own.values().any(Kept::is_alive);
            if self.profile.cleanup && has_work {
                self.tidy(&account).await;
            }
            let own = pool.holdings(&account).own.into_iter();
            all.extend(own.map(|(card, kept)| (account.clone(), card, kept)));
        }
        all
    }
}
