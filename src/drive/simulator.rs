//! A simulator may answer before it has done what it was told. Its card is looked at then until it has left `issuing`, which is
//! no part of the case: how a sandbox issues cards is no part of the product.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::Driver;
use super::draft::Draft;
use super::leftovers::{card_path, shown};
use super::waits::{IN_VAIN_MAX, pauses};
use crate::card::{AccountId, CardId, CardStatus};

/// Where so many cards had left `issuing` at the first look, no further one is looked at.
const PROMPT_ENOUGH: usize = 3;

/// How it went so far.
#[derive(Debug, Default)]
pub struct Simulator {
    prompt: AtomicUsize,
    is_late: AtomicBool,
    in_vain: AtomicUsize,
}

impl Simulator {
    /// A card that it was told about had left `issuing` only after its answer.
    pub fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Relaxed)
    }

    /// Whether a card that it was told about is to be looked at.
    fn is_watched(&self) -> bool {
        let is_known_as_prompt = self.prompt.load(Ordering::Relaxed) >= PROMPT_ENOUGH;
        let is_of_no_use = self.in_vain.load(Ordering::Relaxed) >= IN_VAIN_MAX;
        !is_of_no_use && (self.is_late() || !is_known_as_prompt)
    }

    /// A card had left `issuing` after so many looks in vain.
    fn note_done(&self, looks: usize) {
        match looks {
            0 => drop(self.prompt.fetch_add(1, Ordering::Relaxed)),
            _ => self.is_late.store(true, Ordering::Relaxed),
        }
    }
}

impl Driver {
    /// Waits until the card has left `issuing`, as long as the profile says that this may take. Where the account's list does
    /// not show it as `issuing`, the simulator is done, and what the read shows is for a case to tell.
    pub(super) async fn await_simulator(&self, card: &CardId, account: &AccountId) {
        if !self.simulator.is_watched() {
            return;
        }
        let wait = self.profile.sandbox.issuance_wait.0;
        let read = Draft::read(card_path(card));
        let begun = Instant::now();
        for (pause, looks) in pauses().zip(0..) {
            if !self.is_still_issuing(card, &read).await {
                return self.simulator.note_done(looks);
            }
            let is_late = looks > 0 || self.simulator.is_late();
            if !is_late && !self.is_still_issuing(card, &Draft::list_of(account)).await {
                return self.simulator.note_done(looks);
            }
            if begun.elapsed() + pause > wait {
                self.simulator.in_vain.fetch_add(1, Ordering::Relaxed);
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether the answer shows the card as `issuing`.
    async fn is_still_issuing(&self, card: &CardId, asked: &Draft) -> bool {
        let response = self.by_the_way(asked).await.ok();
        let kept = response.and_then(|response| shown(&response)?.remove(card));
        kept.is_some_and(|kept| kept.status == Some(CardStatus::Issuing))
    }
}
