//! The id of a card with something around it, on every call that names one, and reads that show that nothing changed; and
//! ids and idempotency keys that are longer than any.
//!
//! Absent is what well-kept libraries take for the same id: blanks around it, braces, `urn:uuid:` (RFC 9562, section 4), a slash
//! behind it.

use super::Draft;
use super::flaw::{Target, look, prepared};
use crate::card::{Action, CardType};
use crate::case::{AccountRef, CardRef, Case, Command, KeyUse, Step, StepNumber, Within};

/// What stands before and behind an id: a dot, the null character, a percent sign that escapes nothing, the one that stands for
/// any text in a pattern of SQL, quotes.
const AROUND: [(&str, &str); 5] = [
    ("", "."),
    ("", "%00"),
    ("", "%zz"),
    ("", "%25"),
    ("%22", "%22"),
];

/// How long what is too long is: above the limits of columns, and well above those that are nobody's mistake.
const LENGTHS: [usize; 2] = [300, 5_000];

/// A text that is a UUID as far as this.
const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";

const OF_CARDS: [Target; 4] = [
    Target::Read,
    Target::Act(Action::Deactivate),
    Target::Act(Action::Activate),
    Target::Act(Action::Terminate),
];

const OF_KEYS: [Target; 4] = [
    Target::Create,
    Target::Act(Action::Deactivate),
    Target::Act(Action::Activate),
    Target::Act(Action::Terminate),
];

/// The cases of the set.
pub(super) fn cases() -> Vec<Case> {
    let of_cards = OF_CARDS.into_iter().map(of_cards);
    let of_keys = OF_KEYS.into_iter().map(of_keys);
    of_cards.chain([of_accounts()]).chain(of_keys).collect()
}

/// The call on a card that is named like this.
fn on(target: Target, card: CardRef) -> Command {
    match target {
        Target::Act(action) => Command::Act(action, card),
        _ => Command::Read(card),
    }
}

fn of_cards(target: Target) -> Case {
    let mut draft = Draft::default();
    let card = prepared(&mut draft, target, 'A');
    let within = |(before, behind): (&str, &str)| {
        CardRef::Within(Within {
            card,
            before: before.to_owned(),
            behind: behind.to_owned(),
        })
    };
    let overlong = LENGTHS.map(|length| CardRef::Malformed("a".repeat(length)));
    for id in AROUND.into_iter().map(within).chain(overlong) {
        draft.ask(on(target, id));
        look(&mut draft, target, 'A', card);
    }
    good(draft, target, card).case(
        format!("odd-ids-{}", target.name()),
        format!(
            "An id with something around it is none for a {}",
            target.name()
        ),
    )
}

fn of_accounts() -> Case {
    let mut draft = Draft::default();
    for account in LENGTHS.map(|length| AccountRef::Malformed("a".repeat(length))) {
        draft.ask(Command::ListAccount(account.clone()));
        draft.ask(Command::Create {
            account,
            card_type: CardType::Virtual,
        });
    }
    draft.case(
        "overlong-account-ids".to_owned(),
        "An account id that is longer than any is refused".to_owned(),
    )
}

fn of_keys(target: Target) -> Case {
    let mut draft = Draft::default();
    let card = prepared(&mut draft, target, 'A');
    for length in LENGTHS {
        draft.tell(Step {
            key: KeyUse::Text(format!("{UUID:0<length$}")),
            ..Step::new(target.command('A', card))
        });
        look(&mut draft, target, 'A', card);
    }
    good(draft, target, card).case(
        format!("overlong-keys-{}", target.name()),
        format!(
            "A {} under a key that is longer than any is refused and changes nothing",
            target.name()
        ),
    )
}

/// With the same call as it should be, for a target that refuses everything would pass all the rest.
fn good(mut draft: Draft, target: Target, card: StepNumber) -> Draft {
    draft.ask(target.command('A', card));
    look(&mut draft, target, 'A', card);
    draft
}
