//! Complete sets of cases: nothing in them is left to chance, so every run has them all.

mod country;
mod flaw;
mod id;
mod life;
mod member;
mod page;
mod text;

use crate::card::CardType;
use crate::case::{AccountRef, CardRef, Case, Command, Step, StepNumber};
use crate::contract::Contract;

/// A complete set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Every {
    /// Every flaw in access on every call.
    Flaw,
    /// Every member of each body that the document describes, broken in every way.
    Member,
    /// Every country that the document names.
    Country,
    /// Everything around an id, and ids and keys that are too long, on every call.
    Id,
    /// Every state of a card, by ways that differ, and every call in it.
    Life,
    /// Lists that are longer than a page.
    Page,
}

impl Every {
    /// Every set.
    pub const ALL: [Self; 6] = [
        Self::Flaw,
        Self::Member,
        Self::Country,
        Self::Id,
        Self::Life,
        Self::Page,
    ];

    /// The word in a suite.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flaw => "flaw",
            Self::Member => "member",
            Self::Country => "country",
            Self::Id => "id",
            Self::Life => "life",
            Self::Page => "page",
        }
    }

    /// Its cases.
    pub fn cases(self, contract: &Contract) -> Vec<Case> {
        match self {
            Self::Flaw => flaw::cases(),
            Self::Member => member::cases(contract),
            Self::Country => country::cases(contract),
            Self::Id => id::cases(),
            Self::Life => life::cases(),
            Self::Page => page::cases(),
        }
    }
}

/// A case in the making.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
}

impl Draft {
    fn tell(&mut self, step: Step) -> StepNumber {
        self.steps.push(step);
        StepNumber(self.steps.len())
    }

    fn ask(&mut self, command: Command) -> StepNumber {
        self.tell(Step::new(command))
    }

    fn read(&mut self, card: StepNumber) -> StepNumber {
        self.ask(Command::Read(CardRef::Made(card)))
    }

    fn list(&mut self, letter: char) -> StepNumber {
        self.ask(Command::ListAccount(AccountRef::Own(letter)))
    }

    fn case(self, name: String, title: String) -> Case {
        Case {
            name,
            title,
            steps: self.steps,
        }
    }
}

/// A create on one of the case's accounts.
fn create(letter: char, card_type: CardType) -> Command {
    Command::Create {
        account: AccountRef::Own(letter),
        card_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::inconsistency;

    #[test]
    fn every_case_of_a_set_can_be_run() {
        for every in Every::ALL {
            let cases = every.cases(Contract::embedded());
            let names: std::collections::BTreeSet<_> = cases.iter().map(|c| &c.name).collect();
            assert_eq!(names.len(), cases.len(), "{}", every.as_str());
            for case in &cases {
                assert_eq!(inconsistency(case), None, "{}", case.name);
                let read: Vec<Step> = case
                    .steps
                    .iter()
                    .map(|step| step.to_string().parse().unwrap())
                    .collect();
                assert_eq!(read, case.steps, "{}", case.name);
            }
        }
    }
}
