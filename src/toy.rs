//! A toy implementation in memory, with faults that can be planted: what plans and shrinking are tested on.
//!
//! It shares nothing with the judge. Whether a case shows a fault is decided by comparing the faulty toy's answers with
//! the healthy one's.

use serde_json::Value;

use crate::card::{Action, CardStatus, CardType};
use crate::case::{AccountRef, Body, CardRef, Case, Command, KeyUse, Step};

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Activate revives a terminated card.
    Revives,
    /// An inactive card frees its slot.
    FreesInactive,
    /// A city is cut after 35 characters.
    CutsCity,
    /// A retried deactivate is done again.
    RepeatsDeactivate,
    /// Terminate ends the account's other card, too.
    EndsNeighbour,
    /// The second deactivate of a card has no effect.
    SecondDeactivateIdle,
    /// A terminated physical card keeps the virtual slot.
    PhysicalBlocksVirtual,
    /// The third create on an account is refused, whatever is free.
    RefusesThird,
    /// Activate wakes the inactive cards of other accounts, too.
    WakesElsewhere,
}

impl Fault {
    /// Every fault, with the fewest steps that show it.
    pub const ALL: [(Self, usize); 9] = [
        (Self::Revives, 3),
        (Self::FreesInactive, 4),
        (Self::CutsCity, 1),
        (Self::RepeatsDeactivate, 6),
        (Self::EndsNeighbour, 4),
        (Self::SecondDeactivateIdle, 6),
        (Self::PhysicalBlocksVirtual, 3),
        (Self::RefusesThird, 4),
        (Self::WakesElsewhere, 8),
    ];
}

#[derive(Clone, Debug)]
struct ToyCard {
    maker: usize,
    account: char,
    card_type: CardType,
    status: CardStatus,
    city: String,
    deactivations: u32,
}

#[derive(Default)]
struct Toy {
    fault: Option<Fault>,
    cards: Vec<ToyCard>,
    answers: Vec<String>,
    /// The statuses that any card had.
    reached: Vec<CardStatus>,
}

/// The statuses that the case's cards reach on a healthy implementation.
pub fn reached(case: &Case) -> Vec<CardStatus> {
    run(case, None).reached
}

/// Whether the case shows the fault.
pub fn shows(case: &Case, fault: Fault) -> bool {
    run(case, Some(fault)).answers != run(case, None).answers
}

fn run(case: &Case, fault: Option<Fault>) -> Toy {
    let mut toy = Toy {
        fault,
        ..Toy::default()
    };
    for step in &case.steps {
        let answer = toy.answer(case, step);
        toy.answers.push(answer);
        let statuses = toy.cards.iter().map(|card| card.status);
        toy.reached.extend(statuses);
    }
    toy
}

impl Toy {
    fn answer(&mut self, case: &Case, step: &Step) -> String {
        if step.flaw.is_some() {
            return "401".to_owned();
        }
        match &step.command {
            Command::Retry(first) => self.retried(case, first.0, step),
            _ if matches!(step.key, KeyUse::Missing | KeyUse::Text(_)) => "400".to_owned(),
            _ if matches!(step.key, KeyUse::Of(_)) => "422".to_owned(),
            Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            } => self.create(*letter, *card_type, step),
            Command::Read(CardRef::Made(maker)) => self
                .index(maker.0)
                .map_or("404".to_owned(), |index| self.shown(index)),
            Command::ListAccount(AccountRef::Own(letter)) => self.list(Some(*letter)),
            Command::ListProgramme => self.list(None),
            Command::Act(action, CardRef::Made(maker)) => match self.index(maker.0) {
                Some(index) => self.act(index, *action),
                None => "404".to_owned(),
            },
            Command::Pause(_) | Command::MoveClock(_) => String::new(),
            _ => "404".to_owned(),
        }
    }

    fn retried(&mut self, case: &Case, first: usize, step: &Step) -> String {
        if step.body != Body::Standard {
            return "422".to_owned();
        }
        let earlier = &case.steps[first - 1];
        let repeats = self.fault == Some(Fault::RepeatsDeactivate) && earlier.key == KeyUse::Usual;
        if let Command::Act(Action::Deactivate, CardRef::Made(maker)) = &earlier.command
            && let Some(index) = self.index(maker.0).filter(|_| repeats)
            && self.cards[index].status == CardStatus::Active
        {
            self.cards[index].status = CardStatus::Inactive;
        }
        self.answers[first - 1].clone()
    }

    fn create(&mut self, account: char, card_type: CardType, step: &Step) -> String {
        let Some(city) = city(&step.body).filter(|_| step.media_type.is_none()) else {
            return "400".to_owned();
        };
        if self
            .cards
            .iter()
            .any(|card| self.holds(card, account, card_type))
        {
            return "409".to_owned();
        }
        let crowd = self.cards.iter().filter(|card| card.account == account);
        if self.fault == Some(Fault::RefusesThird) && crowd.count() >= 2 {
            return "409".to_owned();
        }
        let cut = self.fault == Some(Fault::CutsCity);
        self.cards.push(ToyCard {
            maker: self.answers.len() + 1,
            account,
            card_type,
            status: CardStatus::Issuing,
            city: city
                .chars()
                .take(if cut { 35 } else { usize::MAX })
                .collect(),
            deactivations: 0,
        });
        format!("201 {}", self.shown(self.cards.len() - 1))
    }

    fn holds(&self, card: &ToyCard, account: char, card_type: CardType) -> bool {
        let frees = self.fault == Some(Fault::FreesInactive) && card.status == CardStatus::Inactive;
        let held = card.card_type == card_type && !card.status.is_final() && !frees;
        let stuck = self.fault == Some(Fault::PhysicalBlocksVirtual)
            && card.status == CardStatus::Terminated
            && (card.card_type, card_type) == (CardType::Physical, CardType::Virtual);
        card.account == account && (held || stuck)
    }

    fn act(&mut self, index: usize, action: Action) -> String {
        let fault = self.fault;
        let card = &mut self.cards[index];
        let revived = fault == Some(Fault::Revives)
            && card.status == CardStatus::Terminated
            && action == Action::Activate;
        let next = match (card.status, action) {
            _ if revived => CardStatus::Active,
            (CardStatus::Issuing, Action::Issue)
            | (CardStatus::Inactive, Action::Activate)
            | (CardStatus::Suspended, Action::Unsuspend) => CardStatus::Active,
            (CardStatus::Issuing, Action::Fail) => CardStatus::IssueFailed,
            (CardStatus::Active, Action::Deactivate) => CardStatus::Inactive,
            (CardStatus::Active, Action::Suspend) => CardStatus::Suspended,
            (CardStatus::Active | CardStatus::Suspended, Action::Block) => CardStatus::Blocked,
            (status, Action::Terminate) if !status.is_final() => CardStatus::Terminated,
            _ => return "409".to_owned(),
        };
        card.deactivations += u32::from(action == Action::Deactivate);
        let idle = fault == Some(Fault::SecondDeactivateIdle) && card.deactivations == 2;
        if !(idle && action == Action::Deactivate) {
            card.status = next;
        }
        let (account, ended) = (card.account, next == CardStatus::Terminated);
        if ended && fault == Some(Fault::EndsNeighbour) {
            let neighbours = self.cards.iter_mut().filter(|c| c.account == account);
            neighbours.for_each(|card| card.status = CardStatus::Terminated);
        }
        if action == Action::Activate && fault == Some(Fault::WakesElsewhere) {
            let others = self.cards.iter_mut().filter(|c| c.account != account);
            let sleeping = others.filter(|card| card.status == CardStatus::Inactive);
            sleeping.for_each(|card| card.status = CardStatus::Active);
        }
        "204".to_owned()
    }

    fn index(&self, maker: usize) -> Option<usize> {
        self.cards.iter().position(|card| card.maker == maker)
    }

    fn shown(&self, index: usize) -> String {
        let card = &self.cards[index];
        format!(
            "{} {} {} {}",
            card.maker, card.card_type, card.status, card.city
        )
    }

    fn list(&self, account: Option<char>) -> String {
        let indices = 0..self.cards.len();
        let own = indices.filter(|i| account.is_none_or(|letter| self.cards[*i].account == letter));
        own.map(|index| self.shown(index))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// The city that the body gives; `None` if the toy takes the body for invalid.
fn city(body: &Body) -> Option<String> {
    let Body::Patched(patch) = body else {
        return matches!(body, Body::Standard).then(|| "Oslo".to_owned());
    };
    let is_text = |value: Option<&Value>| value.is_none_or(Value::is_string);
    let address = match patch.get("billingAddress") {
        None => return is_text(patch.get("type")).then(|| "Oslo".to_owned()),
        Some(address) => address.as_object()?,
    };
    let valid = is_text(patch.get("type"))
        && ["firstLine", "city", "country", "postCode"]
            .iter()
            .all(|member| is_text(address.get(*member)));
    let city = address
        .get("city")
        .and_then(Value::as_str)
        .unwrap_or("Oslo");
    valid.then(|| city.to_owned())
}
