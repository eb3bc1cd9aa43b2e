//! Scenes: the few steps that provoke one kind of rule, with the reads that show what they did.
//!
//! The judge blames the right rule only if it saw the state before, and sees a wrong effect only if somebody looks after;
//! so most scenes read the card again, and some read it first.

mod cards;
mod flaws;
mod keys;
mod look;
mod lost;
mod races;
mod time;

use super::generate::Author;
use super::suite::Focus;
use super::weights::Scene;
use crate::card::{Action, CardStatus, CardType};
use crate::case::{AccountRef, Command, Hook, Step};

/// How many cases in a hundred end with the programme's list. It is long, hence dear.
pub(super) const LISTS_ALL_LATER: u32 = 25;

/// The accounts of a generated case.
const LETTERS: [char; 3] = ['A', 'B', 'C'];

/// Whether the story has what the scene needs.
pub(super) fn is_possible(author: &Author<'_>, scene: Scene) -> bool {
    let any = |test: fn(CardStatus) -> bool| !author.story.cards_where(test).is_empty();
    match scene {
        Scene::Create | Scene::KeyFlaw | Scene::BadId | Scene::BadBody | Scene::Flawed => true,
        Scene::CreateOver => any(|status| !status.is_final()),
        Scene::Issue => any(|status| status == CardStatus::Issuing),
        Scene::Fail => author.abilities.simulator && any(|status| status == CardStatus::Issuing),
        Scene::Turn => any(|s| matches!(s, CardStatus::Active | CardStatus::Inactive)),
        Scene::Terminate => any(|s| !s.is_final() && s != CardStatus::Issuing),
        Scene::Issuer => {
            author.abilities.issuer
                && any(|s| matches!(s, CardStatus::Active | CardStatus::Suspended))
        }
        Scene::Misplaced => any(|status| !status.is_final()),
        Scene::OnFinal => any(CardStatus::is_final),
        Scene::Retry | Scene::KeyElsewhere => !keys::retryable(author).is_empty(),
        Scene::RetryChanged => !keys::retryable_creates(author).is_empty(),
        Scene::Wait => author.abilities.clock && !author.story.steps.is_empty(),
        Scene::Lost => true,
        Scene::Look => !author.story.cards.is_empty(),
        Scene::Race => true,
    }
}

/// Tells the scene, if the story has what it needs.
pub(super) fn play(author: &mut Author<'_>, scene: Scene) {
    match scene {
        Scene::Create => cards::create(author),
        Scene::CreateOver => cards::create_over(author),
        Scene::Issue => cards::act(author, &[Action::Issue]),
        Scene::Fail => cards::act(author, &[Action::Fail]),
        Scene::Turn => cards::act(author, &[Action::Deactivate, Action::Activate]),
        Scene::Terminate => cards::act(author, &[Action::Terminate]),
        Scene::Issuer => cards::act(author, &[Action::Suspend, Action::Unsuspend, Action::Block]),
        Scene::Misplaced => cards::misplaced(author),
        Scene::OnFinal => cards::on_final(author),
        Scene::Retry => keys::retry(author),
        Scene::RetryChanged => keys::retry_changed(author),
        Scene::KeyElsewhere => keys::elsewhere(author),
        Scene::KeyFlaw => keys::flawed_key(author),
        Scene::BadId => flaws::bad_id(author),
        Scene::BadBody => flaws::bad_body(author),
        Scene::Flawed => flaws::flawed(author),
        Scene::Wait => time::wait(author),
        Scene::Lost => lost::lost(author),
        Scene::Look => look::look(author),
        Scene::Race => races::race(author),
    }
    .unwrap_or_default();
}

impl Author<'_> {
    /// Tells an ordinary step.
    fn tell(&mut self, command: Command) {
        self.story.tell(Step::new(command));
    }

    /// Reads the card, so many times in a hundred, unless it was just read.
    fn read_maybe(&mut self, card: usize, percent: u32) {
        if !self.story.cards[card].seen && self.dice.chance(percent) {
            let command = self.look_at(card);
            self.tell(command);
        }
    }

    /// A read of the card; where events are dwelt on, the wait for the event that shows the same. A card that only was made
    /// may have none, so that it would be waited for in vain.
    pub(super) fn look_at(&self, card: usize) -> Command {
        let card = &self.story.cards[card];
        let has_event = !card.doubtful && card.status != CardStatus::Issuing;
        match self.is_focus(Focus::Webhooks) && self.abilities.webhooks && has_event {
            true => Command::Hook(Hook::Await {
                card: card.step,
                events: 1,
                at: None,
            }),
            false => Command::Read(card.card_ref()),
        }
    }

    /// Lists the account's cards, so many times in a hundred.
    fn list_maybe(&mut self, letter: char, percent: u32) {
        if self.dice.chance(percent) {
            self.tell(Command::ListAccount(AccountRef::Own(letter)));
        }
    }

    /// A slot that most likely is free: on an account that is in use, mostly.
    fn free_slot(&mut self) -> (char, CardType) {
        let used = self.story.accounts().len();
        let free: Vec<_> = LETTERS
            .into_iter()
            .enumerate()
            .flat_map(|(place, letter)| CardType::ALL.map(|t| (place, letter, t)))
            .filter(|(_, letter, card_type)| self.story.holder(*letter, *card_type).is_none())
            .map(|(place, letter, card_type)| {
                let weight = match place {
                    _ if place > used => 0,
                    _ if place < used => 8,
                    0 => 8,
                    1 => 3,
                    _ => 1,
                };
                (weight, (letter, card_type))
            })
            .filter(|(weight, _)| *weight > 0)
            .collect();
        if free.is_empty() {
            return (LETTERS[0], CardType::Virtual);
        }
        self.dice.weighted(free)
    }

    /// One of the cards for whose status `test` holds, rather a late one.
    fn pick_card(&mut self, test: impl Fn(CardStatus) -> bool) -> Option<usize> {
        let cards = self.story.cards_where(test);
        if self.dice.chance(50) {
            return cards.last().copied();
        }
        self.dice.pick(&cards)
    }

    fn is_focus(&self, focus: Focus) -> bool {
        self.focus == focus
    }
}

/// A create of the type on one of the case's accounts.
fn create_step(letter: char, card_type: CardType) -> Step {
    Step::new(Command::Create {
        account: AccountRef::Own(letter),
        card_type,
    })
}
