//! What stays is said more simply: fewer accounts and cards to follow, plainer requests.

use super::removal::creates;
use crate::card::{Action, CardType};
use crate::case::{
    AccountRef, Body, CardRef, Case, Command, Flaw, Hook, KeyUse, Loss, Step, StepNumber, Within,
};

/// Moves of the clock that tell most: within a key's hour, past it, a day.
const SHORT_MOVES: [u64; 3] = [660, 3_700, 90_000];

/// Two accounts, or two cards, become one; all cards become virtual.
pub(super) fn merged(case: &Case) -> Vec<Case> {
    let letters = case.accounts();
    let pairs = letters
        .iter()
        .flat_map(|late| letters.iter().map(move |early| (*early, *late)))
        .filter(|(early, late)| early < late);
    let mut candidates: Vec<_> = pairs
        .map(|(early, late)| case.on_accounts(|letter| if letter == late { early } else { letter }))
        .collect();
    let cards = creates(case);
    for late in &cards {
        for early in cards.iter().filter(|early| *early < late) {
            candidates.push(with_one_card(case, *early, *late));
        }
    }
    candidates.push(with_types(case, |_| CardType::Virtual));
    // Both types are needed, perhaps the other way round.
    candidates.push(with_types(case, |card_type| match card_type {
        CardType::Virtual => CardType::Physical,
        CardType::Physical => CardType::Virtual,
    }));
    candidates
}

/// All that is done to the late card is done to the early one, and the late one isn't made.
fn with_one_card(case: &Case, early: StepNumber, late: StepNumber) -> Case {
    let rename = |number| if number == late { early } else { number };
    let steps = case.steps.iter().map(|step| step.renumbered(rename));
    let moved = Case {
        steps: steps.collect(),
        ..case.clone()
    };
    moved.restricted(|number| number != late)
}

fn with_types(case: &Case, change: impl Fn(CardType) -> CardType) -> Case {
    let mut case = case.clone();
    for step in &mut case.steps {
        if let Command::Create { card_type, .. } = &mut step.command {
            *card_type = change(*card_type);
        }
    }
    case
}

/// A card for a slot that was made free becomes one of the other type, whose slot was free all along.
pub(super) fn beside_instead_of_after(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for (number, step) in case.numbered() {
        let Command::Create { account, card_type } = &step.command else {
            continue;
        };
        let other = match card_type {
            CardType::Virtual => CardType::Physical,
            CardType::Physical => CardType::Virtual,
        };
        for earlier in creates(case).into_iter().take_while(|c| *c < number) {
            if case.steps[earlier.0 - 1].command != step.command {
                continue;
            }
            let mut beside = case.clone();
            beside.steps[number.0 - 1].command = Command::Create {
                account: account.clone(),
                card_type: other,
            };
            let freeing = |n: &StepNumber| acts_on(case, *n, earlier);
            let freeing: Vec<_> = (1..=case.steps.len())
                .map(StepNumber)
                .filter(freeing)
                .collect();
            candidates.push(beside.restricted(|n| !freeing.contains(&n)));
            candidates.push(beside.restricted(|n| !freeing.contains(&n) || n > number));
            let singles = freeing.iter().map(|step| beside.restricted(|n| n != *step));
            candidates.extend(singles);
        }
    }
    candidates
}

/// A card that ends in a long way is terminated at once instead: terminate needs no state but one that isn't final.
pub(super) fn terminated_at_once(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for (number, step) in case.numbered() {
        let Command::Act(action, CardRef::Made(card)) = &step.command else {
            continue;
        };
        if *action == Action::Terminate {
            continue;
        }
        let mut ended = case.clone();
        ended.steps[number.0 - 1] =
            Step::new(Command::Act(Action::Terminate, CardRef::Made(*card)));
        let before = (1..number.0).map(StepNumber);
        let detour: Vec<_> = before.filter(|n| acts_on(case, *n, *card)).collect();
        if detour.len() > 1 {
            candidates.push(ended.restricted(|n| !detour.contains(&n)));
        }
        let singles = detour.iter().map(|step| ended.restricted(|n| n != *step));
        candidates.extend(singles);
    }
    candidates
}

/// A call that is flawed in access is flawed wherever it goes: a list needs no card, nor does a create, which has a key and
/// a body.
pub(super) fn flaw_alone(case: &Case) -> Vec<Case> {
    let account = AccountRef::Own('A');
    let create = Command::Create {
        account: account.clone(),
        card_type: CardType::Virtual,
    };
    let mut candidates = Vec::new();
    for flaw in case.steps.iter().filter_map(|step| step.flaw) {
        let command = match flaw {
            Flaw::SignatureOf(_) => continue,
            _ if flaw.needs_body() || flaw.needs_key() => create.clone(),
            _ => Command::ListAccount(account.clone()),
        };
        candidates.push(Case {
            steps: vec![Step {
                flaw: Some(flaw),
                ..Step::new(command)
            }],
            ..case.clone()
        });
    }
    candidates
}

fn acts_on(case: &Case, number: StepNumber, card: StepNumber) -> bool {
    let command = &case.steps[number.0 - 1].command;
    matches!(command, Command::Act(_, CardRef::Made(acted)) if *acted == card)
}

/// One step, said more simply.
pub(super) fn plain_steps(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for (number, step) in case.numbered() {
        let mut push = |simpler: Step| {
            let mut case = case.clone();
            case.steps[number.0 - 1] = simpler;
            candidates.push(case);
        };
        without_modifiers(step).into_iter().for_each(&mut push);
        for command in simpler_commands(case, number, &step.command) {
            push(fitting(Step {
                command,
                ..step.clone()
            }));
        }
    }
    candidates
}

fn without_modifiers(step: &Step) -> Vec<Step> {
    let bare = Step::new(step.command.clone());
    let mut simpler = vec![bare];
    simpler.push(Step {
        upper_case: false,
        ..step.clone()
    });
    simpler.push(Step {
        method: None,
        ..step.clone()
    });
    simpler.push(Step {
        media_type: None,
        ..step.clone()
    });
    simpler.push(Step {
        encoding: None,
        ..step.clone()
    });
    simpler.push(Step {
        flaw: None,
        ..step.clone()
    });
    simpler.push(Step {
        body: Body::Standard,
        ..step.clone()
    });
    simpler.push(Step {
        fresh_connection: false,
        ..step.clone()
    });
    simpler.push(Step {
        fresh_token: false,
        ..step.clone()
    });
    let losses = match step.loss {
        None => Vec::new(),
        Some(Loss::CutAfterSending) => vec![None],
        Some(Loss::CutWhileReading | Loss::GiveUpAfter(_)) => {
            vec![None, Some(Loss::CutAfterSending)]
        }
    };
    simpler.extend(losses.into_iter().map(|loss| Step {
        loss,
        ..step.clone()
    }));
    let keys = match &step.key {
        KeyUse::Usual => Vec::new(),
        KeyUse::TimeOrdered | KeyUse::Missing | KeyUse::NextTo(_) => vec![KeyUse::Usual],
        KeyUse::Of(number) => vec![KeyUse::Usual]
            .into_iter()
            .chain((1..number.0).map(|n| KeyUse::Of(StepNumber(n))))
            .collect(),
        KeyUse::Text(text) => [KeyUse::Usual, KeyUse::Missing]
            .into_iter()
            .chain(shorter(text).into_iter().map(KeyUse::Text))
            .collect(),
    };
    simpler.extend(keys.into_iter().map(|key| Step {
        key,
        ..step.clone()
    }));
    simpler.retain(|simpler| simpler != step);
    simpler
}

fn simpler_commands(case: &Case, number: StepNumber, command: &Command) -> Vec<Command> {
    match command {
        Command::Create { account, card_type } => {
            let accounts = simpler_accounts(account).into_iter();
            let types =
                (*card_type == CardType::Physical).then_some((account.clone(), CardType::Virtual));
            let moved = accounts.map(|account| (account, *card_type));
            moved
                .chain(types)
                .map(|(account, card_type)| Command::Create { account, card_type })
                .collect()
        }
        Command::Read(card) => simpler_cards(case, number, card)
            .into_iter()
            .map(Command::Read)
            .collect(),
        Command::Act(action, card) => std::iter::once(Command::Read(card.clone()))
            .chain(
                simpler_cards(case, number, card)
                    .into_iter()
                    .map(|card| Command::Act(*action, card)),
            )
            .collect(),
        Command::ListAccount(account) => reads_instead(case, number)
            .chain(
                simpler_accounts(account)
                    .into_iter()
                    .map(Command::ListAccount),
            )
            .collect(),
        Command::ListProgramme => {
            let letters = case.accounts().into_iter().chain(['A']);
            let lists = letters.map(|letter| Command::ListAccount(AccountRef::Own(letter)));
            reads_instead(case, number).chain(lists).collect()
        }
        Command::Retry(first) => simpler_retries(case, *first),
        Command::MoveClock(seconds) => SHORT_MOVES
            .into_iter()
            .filter(|shorter| shorter < seconds)
            .map(Command::MoveClock)
            .collect(),
        Command::Pause(_) => Vec::new(),
        Command::Hook(hook) => simpler_hooks(case, number, hook),
    }
}

/// The event of another card, fewer events, and those of the run's own subscription; a subscription that is made and not moved;
/// the list in place of a call on one.
fn simpler_hooks(case: &Case, number: StepNumber, hook: &Hook) -> Vec<Command> {
    let (card, events, at) = match hook {
        Hook::Await { card, events, at } => (card, events, at),
        Hook::Resubscribe(_) => return vec![Command::Hook(Hook::Subscribe)],
        Hook::ReadSubscription(_) | Hook::Unsubscribe(_) => {
            return vec![Command::Hook(Hook::ListSubscriptions)];
        }
        _ => return Vec::new(),
    };
    let fewer = (1..*events).map(|events| (*card, events, *at));
    let at_the_runs = at.map(|_| (*card, *events, None));
    let cards = creates(case).into_iter();
    let others = cards.filter(|other| *other < number && other != card);
    fewer
        .chain(at_the_runs)
        .chain(others.map(|other| (other, *events, *at)))
        .map(|(card, events, at)| Command::Hook(Hook::Await { card, events, at }))
        .collect()
}

fn reads_instead(case: &Case, before: StepNumber) -> impl Iterator<Item = Command> {
    let cards = creates(case).into_iter().filter(move |card| *card < before);
    cards.map(|card| Command::Read(CardRef::Made(card)))
}

fn simpler_accounts(account: &AccountRef) -> Vec<AccountRef> {
    match account {
        AccountRef::Own(letter) => ('A'..*letter).map(AccountRef::Own).collect(),
        AccountRef::Unknown => vec![AccountRef::Own('A')],
        AccountRef::Foreign => vec![AccountRef::Own('A'), AccountRef::Unknown],
        AccountRef::Malformed(text) => [AccountRef::Own('A'), AccountRef::Unknown]
            .into_iter()
            .chain(shorter(text).into_iter().map(AccountRef::Malformed))
            .collect(),
    }
}

fn simpler_cards(case: &Case, number: StepNumber, card: &CardRef) -> Vec<CardRef> {
    let earlier = creates(case).into_iter().filter(|made| *made < number);
    let made: Vec<_> = earlier.clone().map(CardRef::Made).collect();
    match card {
        CardRef::Made(this) => made
            .into_iter()
            .filter(|other| *other != CardRef::Made(*this))
            .collect(),
        CardRef::Unknown => made,
        CardRef::Foreign => made.into_iter().chain([CardRef::Unknown]).collect(),
        CardRef::Malformed(text) => made
            .into_iter()
            .chain([CardRef::Unknown])
            .chain(shorter(text).into_iter().map(CardRef::Malformed))
            .collect(),
        CardRef::Within(within) => {
            let others = earlier.filter(|other| *other != within.card);
            let others = others.map(|card| Within {
                card,
                ..within.clone()
            });
            made.into_iter()
                .chain([CardRef::Unknown])
                .chain(others.map(CardRef::Within))
                .collect()
        }
    }
}

/// The call that is retried, as a call of its own; the retry of what the retried step retries.
fn simpler_retries(case: &Case, first: StepNumber) -> Vec<Command> {
    match case.steps.get(first.0 - 1).map(|step| &step.command) {
        Some(Command::Retry(before)) => vec![Command::Retry(*before)],
        Some(command) => vec![command.clone()],
        None => Vec::new(),
    }
}

/// A step whose modifiers its command can have.
fn fitting(mut step: Step) -> Step {
    let may_be_a_create = matches!(step.command, Command::Create { .. } | Command::Retry(_));
    let subscribes = matches!(&step.command, Command::Hook(hook) if hook.has_body());
    if !may_be_a_create && !subscribes {
        step.body = Body::Standard;
        step.media_type = None;
        step.encoding = None;
    }
    if !may_be_a_create && !matches!(step.command, Command::Act(..)) {
        step.key = KeyUse::Usual;
    }
    step
}

/// Shorter and plainer texts: none, halves, without one end, all `a`, each character that isn't an `a` made one.
pub(super) fn shorter(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let first = |n: usize| letters[..n].iter().collect::<String>();
    let length = letters.len();
    if length == 0 {
        return Vec::new();
    }
    let mut texts = vec!["a".repeat(length), "a".to_owned(), first(length / 2)];
    // From the half upwards, so that the length that matters is found by bisection.
    let mut cut = length / 4;
    while cut > 0 {
        texts.push(first(length - cut));
        cut /= 2;
    }
    texts.extend([
        letters[length / 2..].iter().collect(),
        letters[1..].iter().collect(),
    ]);
    for place in (0..length).filter(|place| letters[*place] != 'a') {
        let mut plainer = letters.clone();
        plainer[place] = 'a';
        texts.push(plainer.into_iter().collect());
    }
    texts.retain(|shorter| shorter != text && !shorter.is_empty());
    texts
}
