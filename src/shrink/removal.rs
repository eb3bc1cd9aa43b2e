//! Steps go: by account, by card, in chunks, one by one, in pairs.

use crate::case::{AccountRef, CardRef, Case, Command, Step, StepNumber};

/// Up to this length all pairs of steps are tried, so that the result is minimal by two.
const PAIRS_UP_TO: usize = 10;

/// Only what concerns one account, the last step's first.
pub(super) fn one_account(case: &Case) -> Vec<Case> {
    let owners = owners(case);
    let letters = case.accounts();
    if letters.len() < 2 {
        return Vec::new();
    }
    let last = owners.last().copied().flatten();
    let mut order: Vec<_> = letters
        .iter()
        .map(|letter| (Some(*letter) != last, *letter))
        .collect();
    order.sort_unstable();
    order
        .into_iter()
        .map(|(_, letter)| {
            case.restricted(|number| owners[number.0 - 1].is_none_or(|owner| owner == letter))
        })
        .collect()
}

/// Only one card and its reads, the last card's first.
pub(super) fn one_card(case: &Case) -> Vec<Case> {
    let makers = makers(case);
    let cards = creates(case);
    if cards.len() < 2 {
        return Vec::new();
    }
    let only = |card: StepNumber| {
        let own = |n: StepNumber| makers[n.0 - 1].is_none_or(|maker| maker == card);
        case.restricted(own)
    };
    let mut candidates: Vec<_> = cards.into_iter().rev().map(only).collect();
    candidates.sort_by_key(|candidate| candidate.steps.len());
    candidates
}

/// Without one card and all that names it.
pub(super) fn without_a_card(case: &Case) -> Vec<Case> {
    let cards = creates(case).into_iter();
    let mut candidates: Vec<_> = cards
        .map(|card| case.restricted(|number| number != card))
        .collect();
    candidates.sort_by_key(|candidate| candidate.steps.len());
    candidates
}

/// Without what only waits, all of it at once: events and pauses. What departs without them departs sooner, so that all further
/// candidates do.
pub(super) fn without_waiting(case: &Case) -> Vec<Case> {
    let without = |waits: fn(&Command) -> bool| {
        case.restricted(|number| !waits(&case.steps[number.0 - 1].command))
    };
    vec![
        without(|command| matches!(command, Command::Hook(_) | Command::Pause(_))),
        without(|command| matches!(command, Command::Hook(_))),
        without(|command| matches!(command, Command::Pause(_))),
    ]
}

/// Without one chunk of steps, large chunks first, down to single steps; the late ones first, as fewer depend on them.
pub(super) fn chunks(case: &Case) -> Vec<Case> {
    let steps = case.steps.len();
    let mut candidates = Vec::new();
    let mut size = steps / 2;
    while size > 0 {
        let starts: Vec<_> = (1..=steps).step_by(size).collect();
        for start in starts.into_iter().rev() {
            let kept = |number: StepNumber| !(start..start + size).contains(&number.0);
            candidates.push(case.restricted(kept));
        }
        size /= 2;
    }
    candidates
}

/// Without two steps, for a short case.
pub(super) fn pairs(case: &Case) -> Vec<Case> {
    let steps = case.steps.len();
    if steps > PAIRS_UP_TO {
        return Vec::new();
    }
    let pairs =
        (1..=steps).flat_map(|first| (first + 1..=steps).map(move |second| (first, second)));
    let mut candidates: Vec<_> = pairs
        .map(|(first, second)| case.restricted(|number| number.0 != first && number.0 != second))
        .collect();
    candidates.sort_by_key(|candidate| candidate.steps.len());
    candidates
}

/// The steps that make cards.
pub(super) fn creates(case: &Case) -> Vec<StepNumber> {
    case.numbered()
        .filter(|(_, step)| step.makes_card())
        .map(|(number, _)| number)
        .collect()
}

/// For each step the create of the card that it concerns, if it concerns one.
fn makers(case: &Case) -> Vec<Option<StepNumber>> {
    let mut makers: Vec<Option<StepNumber>> = Vec::new();
    for (number, step) in case.numbered() {
        let maker = match &step.command {
            Command::Create { .. } => Some(number),
            Command::Read(CardRef::Made(maker)) | Command::Act(_, CardRef::Made(maker)) => {
                Some(*maker)
            }
            Command::Read(CardRef::Within(within)) | Command::Act(_, CardRef::Within(within)) => {
                Some(within.card)
            }
            Command::Retry(first) => makers.get(first.0 - 1).copied().flatten(),
            Command::Hook(hook) => hook.card(),
            _ => None,
        };
        makers.push(maker);
    }
    makers
}

/// For each step the account that it concerns, if it concerns one.
fn owners(case: &Case) -> Vec<Option<char>> {
    let makers = makers(case);
    let own = |step: &Step| match step.command {
        Command::Create {
            account: AccountRef::Own(letter),
            ..
        }
        | Command::ListAccount(AccountRef::Own(letter)) => Some(letter),
        _ => None,
    };
    let of_maker = |maker: StepNumber| case.steps.get(maker.0 - 1).and_then(own);
    case.steps
        .iter()
        .zip(makers)
        .map(|(step, maker)| own(step).or_else(|| maker.and_then(of_maker)))
        .collect()
}
