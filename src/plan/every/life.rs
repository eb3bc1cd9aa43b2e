//! Every state of a card by ways that differ in what lies behind it, and all that can be asked for there: what a card has been
//! through is forgotten by nobody, and changes nothing. And every state of a card while its neighbour lives.

use super::{Draft, create};
use crate::card::{Action, CardStatus, CardType};
use crate::case::{CardRef, Case, Command, StepNumber};
use crate::plan::story::after;

use Action::{Activate, Block, Deactivate, Fail, Issue, Suspend, Terminate, Unsuspend};

/// A stretch of a card's life, and its name.
type Stretch = (&'static str, &'static [Action]);

/// What an active card can have behind it, and be active again.
const PASTS: [Stretch; 7] = [
    ("fresh", &[]),
    ("woken", &[Deactivate, Activate]),
    (
        "often-woken",
        &[
            Deactivate, Activate, Deactivate, Activate, Deactivate, Activate,
        ],
    ),
    ("released", &[Suspend, Unsuspend]),
    ("often-released", &[Suspend, Unsuspend, Suspend, Unsuspend]),
    (
        "woken-and-released",
        &[Deactivate, Activate, Suspend, Unsuspend],
    ),
    (
        "released-and-woken",
        &[Suspend, Unsuspend, Deactivate, Activate],
    ),
];

/// What can become of an active card.
const ENDS: [Stretch; 8] = [
    ("active", &[]),
    ("inactive", &[Deactivate]),
    ("suspended", &[Suspend]),
    ("blocked", &[Block]),
    ("blocked-while-suspended", &[Suspend, Block]),
    ("terminated", &[Terminate]),
    ("terminated-at-rest", &[Deactivate, Terminate]),
    ("terminated-while-suspended", &[Suspend, Terminate]),
];

/// How a new card comes into the state in which its neighbour leaves it.
const BESIDE: [Stretch; 7] = [
    ("issuing", &[]),
    ("failed", &[Fail]),
    ("active", &[Issue]),
    ("inactive", &[Issue, Deactivate]),
    ("suspended", &[Issue, Suspend]),
    ("blocked", &[Issue, Block]),
    ("terminated", &[Issue, Terminate]),
];

/// The lives of that neighbour: one that needs its holder only, and one that needs the issuer.
const LIVES: [Stretch; 2] = [
    ("holder", &[Issue, Deactivate, Activate, Terminate]),
    ("issuer", &[Issue, Suspend, Unsuspend, Block]),
];

/// The cases of the set.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (row, past) in PASTS.into_iter().enumerate() {
        for (column, end) in ENDS.into_iter().enumerate() {
            // Each past and each end comes up with both types.
            let card_type = CardType::ALL[(row + column) % CardType::ALL.len()];
            cases.push(all_by_the_holder(past, end, card_type));
            cases.push(all_by_others(past, end, card_type));
        }
    }
    for state in BESIDE {
        for life in LIVES {
            cases.extend(CardType::ALL.map(|card_type| left_alone(state, life, card_type)));
        }
    }
    cases
}

/// A card that the steps bring into a state.
struct Told {
    draft: Draft,
    card: StepNumber,
    status: CardStatus,
}

impl Told {
    fn new(card_type: CardType) -> Self {
        let mut draft = Draft::default();
        let card = draft.ask(create('A', card_type));
        Self {
            draft,
            card,
            status: CardStatus::Issuing,
        }
    }

    fn act(&mut self, action: Action) {
        self.draft
            .ask(Command::Act(action, CardRef::Made(self.card)));
        self.status = after(self.status, action).unwrap_or(self.status);
    }

    fn live(&mut self, actions: &[Action]) {
        actions.iter().for_each(|action| self.act(*action));
    }

    fn read(&mut self) {
        self.draft.read(self.card);
    }

    /// Those of the actions that move no card in this state.
    fn misplaced(&self, actions: &[Action]) -> Vec<Action> {
        let mut actions = actions.to_vec();
        actions.retain(|action| after(self.status, *action).is_none());
        actions
    }
}

/// What its holder may ask of the card, another one for its slot, and the way on.
fn all_by_the_holder(past: Stretch, end: Stretch, card_type: CardType) -> Case {
    let mut told = come_to(past, end, card_type);
    told.live(&told.misplaced(&[Deactivate, Activate]));
    told.read();
    let is_over = told.status.is_final();
    if is_over {
        told.act(Terminate);
        told.read();
    }
    let second = told.draft.ask(create('A', card_type));
    told.draft.ask(Command::Act(Issue, CardRef::Made(second)));
    if is_over {
        // A slot that was freed is so for one card, and calls on the old one free it no further.
        told.act(Terminate);
        told.draft.ask(create('A', card_type));
    }
    told.read();
    told.draft.list('A');
    for action in way_on(told.status) {
        told.act(*action);
        told.read();
    }
    told.draft.case(
        format!("{}-then-{}", past.0, end.0),
        format!("{}: what its holder may do, and its slot", words(past, end)),
    )
}

/// What the simulator and the issuer must not do to the card.
fn all_by_others(past: Stretch, end: Stretch, card_type: CardType) -> Case {
    let mut told = come_to(past, end, card_type);
    told.live(&told.misplaced(&[Issue, Fail, Suspend, Unsuspend, Block]));
    told.read();
    told.draft.case(
        format!("{}-then-{}-for-others", past.0, end.0),
        format!(
            "{}: neither the simulator nor the issuer moves it against the rules",
            words(past, end)
        ),
    )
}

fn words(past: Stretch, end: Stretch) -> String {
    let [was, is] = [past, end].map(|(name, _)| name.replace('-', " "));
    format!("A card that was {was}, and is {is}")
}

fn come_to(past: Stretch, end: Stretch, card_type: CardType) -> Told {
    let mut told = Told::new(card_type);
    told.act(Issue);
    told.live(past.1);
    told.live(end.1);
    told.read();
    told
}

/// How a card that lives goes on, to its end.
fn way_on(status: CardStatus) -> &'static [Action] {
    match status {
        CardStatus::Active => &[Deactivate, Activate, Terminate],
        CardStatus::Inactive => &[Activate, Terminate],
        CardStatus::Suspended => &[Unsuspend, Deactivate, Terminate],
        _ => &[],
    }
}

/// The card is in the state, and its neighbour of the other type lives and ends.
fn left_alone(state: Stretch, life: Stretch, card_type: CardType) -> Case {
    let mut told = Told::new(card_type);
    told.live(state.1);
    let other = match card_type {
        CardType::Virtual => CardType::Physical,
        CardType::Physical => CardType::Virtual,
    };
    let neighbour = told.draft.ask(create('A', other));
    told.read();
    for action in life.1 {
        told.draft
            .ask(Command::Act(*action, CardRef::Made(neighbour)));
        told.read();
    }
    told.draft.list('A');
    told.draft.case(
        format!("{}-{card_type}-beside-the-{}s-calls", state.0, life.0),
        format!(
            "A {card_type} card that is {} stays so, whatever the {} does to its neighbour",
            state.0, life.0
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ways_lead_where_their_names_say() {
        for (past, actions) in PASTS {
            let mut told = Told::new(CardType::Virtual);
            told.act(Issue);
            told.live(actions);
            assert_eq!(told.status, CardStatus::Active, "{past}");
        }
        for end in ENDS {
            let told = come_to(PASTS[0], end, CardType::Virtual);
            let state = end.0.split('-').next().unwrap();
            assert_eq!(told.status.to_string(), state, "{}", end.0);
        }
        for (state, actions) in BESIDE {
            let mut told = Told::new(CardType::Virtual);
            told.live(actions);
            assert!(told.status.to_string().ends_with(state), "{state}");
        }
    }

    #[test]
    fn each_issued_state_meets_each_call_that_does_nothing_there_after_each_past() {
        let cases = cases();
        for past in PASTS {
            for end in ENDS {
                let status = come_to(past, end, CardType::Virtual).status;
                let name = format!("{}-then-{}", past.0, end.0);
                let of_others = format!("{name}-for-others");
                let steps = cases
                    .iter()
                    .filter(|case| case.name == name || case.name == of_others)
                    .flat_map(|case| &case.steps);
                let asked: BTreeSet<Action> = steps
                    .filter_map(|step| match step.command {
                        Command::Act(action, CardRef::Made(StepNumber(1))) => Some(action),
                        _ => None,
                    })
                    .collect();
                for action in Action::ALL {
                    let is_holders = matches!(action, Activate | Deactivate | Terminate);
                    let is_wanted = is_holders || after(status, action).is_none();
                    assert!(!is_wanted || asked.contains(&action), "{name} {action}");
                }
            }
        }
    }
}
