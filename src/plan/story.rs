//! A case as it is being told: its steps so far, and what most likely became of its cards.
//!
//! The model guides generation only. Where the contract leaves a point open it takes one reading; a target that reads it
//! otherwise just gets a less telling case, for what an answer means is the judge's business.

use super::check;
use crate::card::{Action, CardStatus, CardType};
use crate::case::{AccountRef, CardRef, Command, Step, StepNumber};

/// What the plan takes a card to be.
#[derive(Clone, Debug)]
pub(super) struct PlannedCard {
    /// The create that made it.
    pub step: StepNumber,
    /// Whose it is.
    pub account: char,
    /// Its type.
    pub card_type: CardType,
    /// Its most likely status.
    pub status: CardStatus,
    /// It may not exist at all: its create was over the limit, or open to refusal.
    pub doubtful: bool,
    /// It was read since anything was last asked to change.
    pub seen: bool,
}

impl PlannedCard {
    fn holds_slot(&self) -> bool {
        !self.doubtful && !self.status.is_final()
    }

    /// How a step names it.
    pub fn card_ref(&self) -> CardRef {
        CardRef::Made(self.step)
    }
}

/// The steps so far and the model of what they did.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// The steps so far.
    pub steps: Vec<Step>,
    /// The cards that they made, most likely.
    pub cards: Vec<PlannedCard>,
    /// The accounts that were listed since anything was last asked to change.
    listed: Vec<char>,
    /// The programme's cards were listed.
    pub listed_all: bool,
    /// By how much the clock was moved, in all.
    pub moved_seconds: u64,
}

impl Story {
    /// Adds a step that most likely moves no card.
    pub fn tell(&mut self, step: Step) -> StepNumber {
        if let Command::MoveClock(seconds) = step.command {
            self.moved_seconds += seconds;
        }
        if check::modifies(&step) || matches!(step.command, Command::MoveClock(_)) {
            self.listed.clear();
            self.cards.iter_mut().for_each(|card| card.seen = false);
        }
        match &step.command {
            Command::Read(CardRef::Made(maker)) if step.flaw.is_none() => {
                let read = self.cards.iter_mut().filter(|card| card.step == *maker);
                read.for_each(|card| card.seen = true);
            }
            Command::ListAccount(AccountRef::Own(letter)) if step.flaw.is_none() => {
                self.listed.push(*letter);
            }
            Command::ListProgramme => self.listed_all = true,
            _ => {}
        }
        self.steps.push(step);
        StepNumber(self.steps.len())
    }

    /// Nobody knows what a race left before it is looked at.
    pub fn unsettle(&mut self) {
        self.listed.clear();
        self.cards.iter_mut().for_each(|card| card.seen = false);
    }

    /// Adds a create that is to make a card; gives the card's index.
    pub fn create(
        &mut self,
        step: Step,
        account: char,
        card_type: CardType,
        doubtful: bool,
    ) -> usize {
        let doubtful = doubtful || self.holder(account, card_type).is_some();
        let step = self.tell(step);
        self.cards.push(PlannedCard {
            step,
            account,
            card_type,
            status: CardStatus::Issuing,
            doubtful,
            seen: false,
        });
        self.cards.len() - 1
    }

    /// Adds an ordinary call on a card.
    pub fn act(&mut self, card: usize, action: Action, step: Step) {
        self.tell(step);
        let card = &mut self.cards[card];
        if let Some(next) = after(card.status, action) {
            card.status = next;
        }
    }

    /// The card that holds a slot.
    pub fn holder(&self, account: char, card_type: CardType) -> Option<usize> {
        self.cards
            .iter()
            .position(|c| c.account == account && c.card_type == card_type && c.holds_slot())
    }

    /// The accounts that cards were made on, or were tried to be.
    pub fn accounts(&self) -> Vec<char> {
        let mut letters: Vec<char> = self
            .steps
            .iter()
            .filter_map(|step| match step.command {
                Command::Create {
                    account: AccountRef::Own(letter),
                    ..
                } => Some(letter),
                _ => None,
            })
            .collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// The indices of the cards that are likely there and for which `test` holds.
    pub fn cards_where(&self, test: impl Fn(CardStatus) -> bool) -> Vec<usize> {
        (0..self.cards.len())
            .filter(|index| !self.cards[*index].doubtful && test(self.cards[*index].status))
            .collect()
    }

    /// The reads that the story has to end with: each card and each account, as far as they aren't fresh.
    pub fn audit(&self) -> Vec<Step> {
        let cards = self.cards.iter().filter(|card| !card.seen);
        let reads = cards.map(|card| Step::new(Command::Read(card.card_ref())));
        let letters = self.accounts().into_iter();
        let lists = letters
            .filter(|letter| !self.listed.contains(letter))
            .map(|letter| Step::new(Command::ListAccount(AccountRef::Own(letter))));
        reads.chain(lists).collect()
    }
}

/// The status that a call on a card most likely brings; `None` if the call is refused or without effect.
pub(super) fn after(status: CardStatus, action: Action) -> Option<CardStatus> {
    use CardStatus::{Active, Blocked, Inactive, IssueFailed, Issuing, Suspended, Terminated};
    match (status, action) {
        (Issuing, Action::Issue)
        | (Inactive, Action::Activate)
        | (Suspended, Action::Unsuspend) => Some(Active),
        (Issuing, Action::Fail) => Some(IssueFailed),
        (Active, Action::Deactivate) => Some(Inactive),
        (Active, Action::Suspend) => Some(Suspended),
        (Active | Suspended, Action::Block) => Some(Blocked),
        (Issuing | Active | Inactive | Suspended, Action::Terminate) => Some(Terminated),
        _ => None,
    }
}
