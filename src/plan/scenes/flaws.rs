//! Requests that are to be refused: ids of nobody, invalid bodies, flaws in access.

use super::super::generate::Author;
use super::super::story::after;
use super::super::{check, invalid};
use super::create_step;
use crate::card::{Action, CardStatus, CardType};
use crate::case::{AccountRef, CardRef, Command, Flaw, Step};

/// How long most tokens live.
const TOKEN_SECONDS: u64 = 3600;

/// Texts that stand in one segment of a path and are no UUIDs.
const MALFORMED_IDS: [&str; 7] = [
    "not-a-uuid",
    "123",
    "null",
    "00000000-0000-0000-0000-00000000000g",
    "00000000-0000-0000-0000-0000000000",
    "' OR 1=1 --",
    "💳",
];

pub(super) fn bad_id(author: &mut Author<'_>) -> Option<()> {
    const ACTIONS: [Action; 3] = [Action::Activate, Action::Deactivate, Action::Terminate];
    let choices = vec![(3, 0), (3, 1), (2, 2), (4, 3)];
    let command = match author.dice.weighted(choices) {
        0 => Command::Read(bad_card(author)?),
        1 => Command::ListAccount(bad_account(author)?),
        2 => Command::Create {
            account: bad_account(author)?,
            card_type: author.dice.pick(&CardType::ALL)?,
        },
        _ => Command::Act(author.dice.pick(&ACTIONS)?, bad_card(author)?),
    };
    author.tell(command);
    Some(())
}

fn bad_card(author: &mut Author<'_>) -> Option<CardRef> {
    let foreign = author.abilities.foreign.then_some((3, CardRef::Foreign));
    let malformed = author.dice.pick(&MALFORMED_IDS)?.to_owned();
    let choices = [(4, CardRef::Unknown), (4, CardRef::Malformed(malformed))];
    Some(
        author
            .dice
            .weighted(choices.into_iter().chain(foreign).collect()),
    )
}

fn bad_account(author: &mut Author<'_>) -> Option<AccountRef> {
    let foreign = author.abilities.foreign.then_some((3, AccountRef::Foreign));
    let malformed = author.dice.pick(&MALFORMED_IDS)?.to_owned();
    let choices = [
        (4, AccountRef::Unknown),
        (4, AccountRef::Malformed(malformed)),
    ];
    Some(
        author
            .dice
            .weighted(choices.into_iter().chain(foreign).collect()),
    )
}

pub(super) fn bad_body(author: &mut Author<'_>) -> Option<()> {
    let (letter, card_type) = author.free_slot();
    let kind = author.dice.weighted(invalid::kinds(card_type));
    let invalid = author.dice.pick(&kind)?;
    author.story.tell(Step {
        body: invalid.body,
        media_type: invalid.media_type.map(str::to_owned),
        ..create_step(letter, card_type)
    });
    author.list_maybe(letter, 60);
    Some(())
}

/// A request with a token that has expired, if one has.
pub(super) fn with_an_expired_bearer(author: &mut Author<'_>) {
    if is_offered(author, Flaw::ExpiredBearer) {
        flawed_by(author, &[Flaw::ExpiredBearer]).unwrap_or_default();
    }
}

pub(super) fn flawed(author: &mut Author<'_>) -> Option<()> {
    flawed_by(author, &Flaw::ALL.map(|(flaw, _)| flaw))
}

/// A flawed request that would have an effect or an answer without its flaw, and then a look at what it did.
fn flawed_by(author: &mut Author<'_>, flaws: &[Flaw]) -> Option<()> {
    let target = author.pick_card(|status| !status.is_final());
    let step = match (author.dice.draw(0..10_u32), target) {
        (0..=3, Some(card)) => movable(author, card)?,
        (4..=5, Some(card)) => Step::new(Command::Read(author.story.cards[card].card_ref())),
        (6, Some(card)) => {
            let letter = author.story.cards[card].account;
            Step::new(Command::ListAccount(AccountRef::Own(letter)))
        }
        (7, Some(_)) if author.dice.chance(50) => Step::new(Command::ListProgramme),
        _ => {
            let (letter, card_type) = author.free_slot();
            create_step(letter, card_type)
        }
    };
    let fitting: Vec<_> = flaws
        .iter()
        .copied()
        .filter(|flaw| fits(*flaw, &step) && is_offered(author, *flaw))
        .collect();
    let flaw = author.dice.pick(&fitting)?;
    if let Some(card) = target {
        author.read_maybe(card, 50);
    }
    let letter = match step.command {
        Command::Create {
            account: AccountRef::Own(letter),
            ..
        } => Some(letter),
        _ => None,
    };
    author.story.tell(Step {
        flaw: Some(flaw),
        ..step
    });
    if let Some(letter) = letter {
        author.list_maybe(letter, 90);
    }
    if let Some(card) = target {
        author.read_maybe(card, 80);
    }
    Some(())
}

fn movable(author: &mut Author<'_>, card: usize) -> Option<Step> {
    let status = author.story.cards[card].status;
    let holders = [Action::Activate, Action::Deactivate, Action::Terminate];
    let allowed: Vec<_> = holders
        .into_iter()
        .filter(|action| after(status, *action).is_some() || status == CardStatus::Suspended)
        .collect();
    let action = author.dice.pick(&allowed)?;
    Some(Step::new(Command::Act(
        action,
        author.story.cards[card].card_ref(),
    )))
}

/// Some flaws come of time: a token has expired once the clock was moved, a signature is too old by the profile's word.
fn is_offered(author: &Author<'_>, flaw: Flaw) -> bool {
    match flaw {
        Flaw::ExpiredBearer => author.story.moved_seconds > TOKEN_SECONDS,
        Flaw::StaleSignature => author.abilities.signature_age,
        _ => true,
    }
}

fn fits(flaw: Flaw, step: &Step) -> bool {
    (!check::needs_body(flaw) || step.makes_card())
        && (flaw != Flaw::ChangedHeader || check::modifies(step))
}
