//! Requests at once: against one card, for one slot, under one key, beside reads, and on two accounts.

use super::super::address;
use super::super::generate::Author;
use super::super::story::after;
use super::create_step;
use crate::card::{Action, CardStatus, CardType};
use crate::case::{AccountRef, Body, Command, Lane, Step, StepNumber};

/// What a lane does.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Calls on the card.
    Act,
    /// Reads the card.
    Read,
    /// Lists the account's cards, or the programme's.
    List,
    /// A create for the same account.
    Create,
    /// A card on another account.
    Elsewhere,
}

/// A race around one card, or for one slot, and a look at what it left.
pub(super) fn race(author: &mut Author<'_>) -> Option<()> {
    let card = author.pick_card(|status| !status.is_final());
    let kind = author.dice.draw(0..10_u32);
    let letter = match card {
        Some(card) if kind >= 5 => around_a_card(author, card),
        Some(card) if kind >= 4 => under_one_key(author, Some(card)),
        _ if kind >= 2 => for_a_slot(author),
        _ => under_one_key(author, None),
    }?;
    author.story.unsettle();
    author.tell(Command::ListAccount(AccountRef::Own(letter)));
    Some(())
}

fn lanes(author: &mut Author<'_>, least: u8) -> Vec<Lane> {
    let count = author.dice.weighted(vec![(5, 2), (3, 3), (2, Lane::MAX)]);
    (1..=count.max(least)).filter_map(Lane::new).collect()
}

/// How many races in a hundred are about a card that has lived, or a slot that was held before: what goes wrong only then
/// never shows on what is new.
const LIVED: u32 = 50;

/// Calls on one card against each other, some beside reads, creates or another account.
fn around_a_card(author: &mut Author<'_>, card: usize) -> Option<char> {
    let letter = author.story.cards[card].account;
    let is_issuing = author.story.cards[card].status == CardStatus::Issuing;
    if is_issuing && author.abilities.simulator && author.dice.chance(60) {
        act(author, card, Action::Issue);
    }
    if author.dice.chance(LIVED) {
        live(author, card);
    }
    for (place, lane) in lanes(author, 2).into_iter().enumerate() {
        let part = match place {
            0 => Part::Act,
            1 => author
                .dice
                .weighted(vec![(6, Part::Act), (3, Part::Read), (1, Part::List)]),
            _ => author.dice.weighted(vec![
                (4, Part::Act),
                (3, Part::Read),
                (2, Part::List),
                (1, Part::Create),
                (1, Part::Elsewhere),
            ]),
        };
        for _ in 0..author.dice.draw(1..=3_u32) {
            play(author, card, part, lane);
        }
    }
    Some(letter)
}

/// A few changes of a card, one after the other.
fn live(author: &mut Author<'_>, card: usize) {
    let by_issuer = author.abilities.issuer && author.dice.chance(40);
    let (there, back) = match author.story.cards[card].status {
        CardStatus::Active if by_issuer => (Action::Suspend, Action::Unsuspend),
        CardStatus::Active => (Action::Deactivate, Action::Activate),
        CardStatus::Inactive => (Action::Activate, Action::Deactivate),
        _ => return,
    };
    for _ in 0..author.dice.draw(1..=2_u32) {
        act(author, card, there);
        act(author, card, back);
    }
}

fn act(author: &mut Author<'_>, card: usize, action: Action) {
    let step = Step::new(Command::Act(action, author.story.cards[card].card_ref()));
    author.story.act(card, action, step);
}

fn play(author: &mut Author<'_>, card: usize, part: Part, lane: Lane) {
    let (card_ref, letter, card_type) = {
        let card = &author.story.cards[card];
        (card.card_ref(), card.account, card.card_type)
    };
    match part {
        Part::Act => {
            let action = likely_action(author, card);
            let step = Step::new(Command::Act(action, card_ref)).in_lane(lane);
            author.story.act(card, action, step);
        }
        Part::Read => {
            author
                .story
                .tell(Step::new(Command::Read(card_ref)).in_lane(lane));
        }
        Part::List => {
            let list = match author.dice.chance(80) {
                true => Command::ListAccount(AccountRef::Own(letter)),
                false => Command::ListProgramme,
            };
            author.story.tell(Step::new(list).in_lane(lane));
        }
        Part::Create => {
            let card_type = match author.dice.chance(50) {
                true => card_type,
                false => CardType::ALL[usize::from(card_type == CardType::ALL[0])],
            };
            create(author, letter, card_type, lane);
        }
        Part::Elsewhere => {
            let other = if letter == 'A' { 'B' } else { 'A' };
            create(author, other, card_type, lane);
        }
    }
}

/// A create, mostly with an address of its own: what is mixed up between requests shows only where they differ.
fn create(author: &mut Author<'_>, letter: char, card_type: CardType, lane: Lane) -> usize {
    let mut step = create_step(letter, card_type).in_lane(lane);
    if author.dice.chance(60) {
        let countries = author.countries;
        step.body = Body::Patched(author.dice.draw(address::valid_patch(countries)));
    }
    author.story.create(step, letter, card_type, false)
}

/// A call that the card's state allows, mostly; in a race, what it was may just have been allowed.
fn likely_action(author: &mut Author<'_>, card: usize) -> Action {
    let status = author.story.cards[card].status;
    let abilities = author.abilities;
    let weighted = Action::ALL.into_iter().filter_map(|action| {
        let offered = match action {
            Action::Issue | Action::Fail => abilities.simulator && status == CardStatus::Issuing,
            _ => !action.is_issuers() || abilities.issuer,
        };
        let weight = match (after(status, action).is_some(), action.is_issuers()) {
            (true, false) => 6,
            (true, true) => 2,
            (false, false) => 2,
            (false, true) => 0,
        };
        (offered && weight > 0).then_some((weight, action))
    });
    let weighted: Vec<_> = weighted.collect();
    author.dice.weighted(weighted)
}

/// Creates for one slot at once, each issued then.
fn for_a_slot(author: &mut Author<'_>) -> Option<char> {
    let (letter, card_type) = author.free_slot();
    if author.dice.chance(LIVED) {
        let step = create_step(letter, card_type);
        let before = author.story.create(step, letter, card_type, false);
        act(author, before, Action::Issue);
        act(author, before, Action::Terminate);
    }
    let lanes = lanes(author, 2);
    let mut cards = Vec::new();
    for (place, lane) in lanes.into_iter().enumerate() {
        let elsewhere = place > 1 && author.dice.chance(50);
        let letter = match (elsewhere, letter) {
            (false, letter) => letter,
            (true, 'A') => 'B',
            (true, _) => 'A',
        };
        cards.push(create(author, letter, card_type, lane));
        if author.dice.chance(25) {
            let list = Command::ListAccount(AccountRef::Own(letter));
            author.story.tell(Step::new(list).in_lane(lane));
        }
    }
    for card in cards {
        act(author, card, Action::Issue);
    }
    Some(letter)
}

/// One request several times at once; some with another payload.
fn under_one_key(author: &mut Author<'_>, card: Option<usize>) -> Option<char> {
    let lanes = lanes(author, 2);
    let first_lane = *lanes.first()?;
    let (first, letter, card_type) = match card {
        Some(card) => {
            let action = likely_action(author, card);
            if action.is_issuers() {
                return None;
            }
            let step = Step::new(Command::Act(action, author.story.cards[card].card_ref()));
            author.story.act(card, action, step.in_lane(first_lane));
            let card = &author.story.cards[card];
            (
                StepNumber(author.story.steps.len()),
                card.account,
                card.card_type,
            )
        }
        None => {
            let (letter, card_type) = author.free_slot();
            let made = create(author, letter, card_type, first_lane);
            (author.story.cards[made].step, letter, card_type)
        }
    };
    for lane in lanes.into_iter().skip(1) {
        let mut retry = Step::new(Command::Retry(first)).in_lane(lane);
        if card.is_none() && author.dice.chance(25) {
            let countries = author.countries;
            retry.body = Body::Patched(author.dice.draw(address::change(countries, card_type)));
        }
        retry.upper_case = author.dice.chance(10);
        author.story.tell(retry);
    }
    if author.dice.chance(50) {
        author.tell(Command::Retry(first));
    }
    Some(letter)
}
