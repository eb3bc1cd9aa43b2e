//! What can be done with cards.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::Issuance;
use super::call::{Operation, Refusal, Reply};
use super::card::{Card, CardRequest, CardStatus, View};
use super::events::{News, tell};
use super::lifecycle::{self, Action, Happening, Outcome, just_after};
use super::limit::{Excess, Fate};
use super::programme::Account;
use super::readings::Readings;
use super::service::{Service, Task, unknown_id};

/// Which list is asked for.
#[derive(Clone, Debug)]
pub(super) enum Scope<'a> {
    Account(&'a Arc<Account>),
    Programme,
}

/// Makes a card, or refuses it. The answer shows the card as it was made; what automatic issuance
/// or the limit do to it comes after.
pub(super) fn create(task: &Task<'_>, account: &Arc<Account>) -> Result<Reply, Refusal> {
    let service = task.service;
    let request = requested(task)?;
    let elsewhere = (service.rules.counted_elsewhere)(service, account);
    let mut cards = account.cards();
    let card = (service.rules.new_card)(account.id, request, service.clock.now());
    let excess = excess(service, cards.iter().chain(&elsewhere), &card);
    enter(service, account, &mut cards, card, excess)
}

/// What the body of a create asks for.
pub(super) fn requested(task: &Task<'_>) -> Result<CardRequest, Refusal> {
    let Task { service, call, .. } = task;
    let (rules, readings) = (&service.rules, &service.readings);
    (rules.media_type)(readings, call)?;
    let body = (rules.parse_json)(readings, &call.body)?;
    (rules.card_request)(readings, &body)
}

/// What a new card gets in place of its slot, if one of these holds it.
pub(super) fn excess<'a>(
    service: &Service,
    counted: impl Iterator<Item = &'a Card>,
    card: &Card,
) -> Option<Excess> {
    let (rules, readings) = (&service.rules, &service.readings);
    let counted: Vec<&Card> = counted.collect();
    (rules.is_full)(rules, readings, &counted, card).then(|| (rules.excess)(readings))
}

/// Enters a new card, unless it is refused, and answers its create.
pub(super) fn enter(
    service: &Arc<Service>,
    account: &Arc<Account>,
    cards: &mut Vec<Card>,
    mut card: Card,
    excess: Option<Excess>,
) -> Result<Reply, Refusal> {
    let (refusal, fate) = match excess {
        Some(Excess { refusal, card }) => (refusal, card),
        None => (None, None),
    };
    if let (Some(refusal), None) = (&refusal, fate) {
        return Err(refusal.clone());
    }
    card.over_limit = fate.is_some();
    let body = (service.rules.render)(&service.readings, &card, View::Created);
    service.own.enter_card(card.id, account);
    tell(service, &card, News::Created);
    cards.push(card);
    settle_later(service, account, cards, fate);
    refusal.map_or_else(|| Ok(Reply::json(StatusCode::CREATED, body)), Err)
}

/// Sees to it that the newest card leaves `issuing` by itself, if it is to.
fn settle_later(
    service: &Arc<Service>,
    account: &Arc<Account>,
    cards: &mut [Card],
    fate: Option<Fate>,
) {
    let delay = match (service.issuance, fate) {
        (Issuance::Automatic { delay }, _) => delay,
        (Issuance::Manual, Some(Fate::FailsByItself)) => Duration::ZERO,
        (Issuance::Manual, Some(Fate::FailsOnIssue) | None) => return,
    };
    let newest = cards.len() - 1;
    if delay.is_zero() {
        apply(service, cards, newest, Action::Issue);
        return;
    }
    let (service, account, id) = (service.clone(), account.clone(), cards[newest].id);
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let mut cards = account.cards();
        if let Some(index) = position(&cards, id) {
            apply(&service, &mut cards, index, Action::Issue);
        }
    });
}

/// Reads a card, or acts on it.
pub(super) fn on_card(task: &Task<'_>, id: Uuid, account: &Arc<Account>) -> Result<Reply, Refusal> {
    let service = task.service;
    let mut cards = account.cards();
    let index = position(&cards, id).ok_or_else(|| unknown_id(&service.readings))?;
    let Some(action) = action(task.call.operation) else {
        (service.rules.touch)(&mut cards, index, Happening::Read, service.clock.now());
        tell(service, &cards[index], News::Read);
        return Ok(Reply::json(
            StatusCode::OK,
            (service.rules.render)(&service.readings, &cards[index], View::Read),
        ));
    };
    let outcome = apply(service, &mut cards, index, action);
    if outcome == Outcome::Change(CardStatus::Active) && action == Action::Issue {
        keep_up_later(service, account, id);
    }
    answer(service, &cards[index], action, outcome)
}

/// Sees to it that a card that was issued changes by itself, if it is to.
fn keep_up_later(service: &Arc<Service>, account: &Arc<Account>, id: Uuid) {
    let Some(delay) = service.upkeep else { return };
    let (service, account) = (service.clone(), account.clone());
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let mut cards = account.cards();
        let card = cards.iter_mut().find(|card| card.id == id);
        let Some(card) = card.filter(|card| !card.status.is_final()) else {
            return;
        };
        let before = card.clone();
        card.updated_at = service.clock.now().max(just_after(card.updated_at));
        tell(&service, card, News::Changed { before: &before });
    });
}

/// How an act is answered.
pub(super) fn answer(
    service: &Service,
    card: &Card,
    action: Action,
    outcome: Outcome,
) -> Result<Reply, Refusal> {
    match outcome {
        Outcome::Change(_) | Outcome::Nothing => Ok(success(service, card, action)),
        Outcome::Refuse(status) => Err(refusal(status, card.status, action)),
    }
}

pub(super) fn action(operation: Operation) -> Option<Action> {
    match operation {
        Operation::Deactivate => Some(Action::Deactivate),
        Operation::Activate => Some(Action::Activate),
        Operation::Terminate => Some(Action::Terminate),
        Operation::Issue => Some(Action::Issue),
        Operation::Fail => Some(Action::Fail),
        Operation::Suspend => Some(Action::Suspend),
        Operation::Unsuspend => Some(Action::Unsuspend),
        Operation::Block => Some(Action::Block),
        _ => None,
    }
}

/// Applies an action to one card of an account.
///
/// A card over the limit waits only to fail. When a reading would let a client's call bring it
/// into use, it fails at that moment, and the call meets a failed card.
pub(super) fn apply(
    service: &Service,
    cards: &mut [Card],
    index: usize,
    action: Action,
) -> Outcome {
    let rules = &service.rules;
    let mut outcome = (rules.transition)(&service.readings, &cards[index], action);
    let brings_into_use = matches!(
        outcome,
        Outcome::Change(CardStatus::Active | CardStatus::Inactive)
    );
    if cards[index].over_limit && brings_into_use {
        change(service, cards, index, CardStatus::IssueFailed, Action::Fail);
        outcome = lifecycle::refusal(&service.readings, &cards[index]);
    }
    bring_about(service, cards, index, action, outcome);
    outcome
}

/// Lets an outcome happen to a card.
pub(super) fn bring_about(
    service: &Service,
    cards: &mut [Card],
    index: usize,
    action: Action,
    outcome: Outcome,
) {
    match outcome {
        Outcome::Change(status) => change(service, cards, index, status, action),
        Outcome::Nothing => {}
        Outcome::Refuse(_) => {
            (service.rules.touch)(
                cards,
                index,
                Happening::Refused { action },
                service.clock.now(),
            );
            tell(service, &cards[index], News::Refused { action });
        }
    }
}

fn change(service: &Service, cards: &mut [Card], index: usize, status: CardStatus, action: Action) {
    let before = cards[index].clone();
    let card = &mut cards[index];
    card.status = status;
    card.issued |= matches!(status, CardStatus::Active | CardStatus::Inactive);
    card.trail.push(status);
    (service.rules.touch)(
        cards,
        index,
        Happening::Changed { action },
        service.clock.now(),
    );
    tell(service, &cards[index], News::Changed { before: &before });
}

fn success(service: &Service, card: &Card, action: Action) -> Reply {
    let by_client = matches!(
        action,
        Action::Deactivate | Action::Activate | Action::Terminate
    );
    match by_client && service.readings.success_with_card {
        true => Reply::json(
            StatusCode::OK,
            (service.rules.render)(&service.readings, card, View::Changed),
        ),
        false => Reply::empty(StatusCode::NO_CONTENT),
    }
}

/// The issuer's own acts are no part of the contract, and neither is a reading of how they're refused.
fn refusal(status: StatusCode, card_status: CardStatus, action: Action) -> Refusal {
    let status = match action {
        Action::Suspend | Action::Unsuspend | Action::Block => StatusCode::CONFLICT,
        Action::Deactivate
        | Action::Activate
        | Action::Terminate
        | Action::Issue
        | Action::Fail => status,
    };
    Refusal::new(
        status,
        "card-state",
        format!("{action:?} is not possible while the card is {card_status:?}"),
    )
}

pub(super) fn list_account(task: &Task<'_>, account: &Arc<Account>) -> Result<Reply, Refusal> {
    Ok(list(
        task.service,
        &Scope::Account(account),
        View::AccountList,
    ))
}

pub(super) fn list_programme(task: &Task<'_>) -> Result<Reply, Refusal> {
    Ok(list(task.service, &Scope::Programme, View::ProgrammeList))
}

fn list(service: &Service, scope: &Scope<'_>, view: View) -> Reply {
    let cards = (service.rules.listed)(service, scope);
    let bodies = cards
        .iter()
        .map(|card| (service.rules.render)(&service.readings, card, view))
        .collect();
    Reply::json(StatusCode::OK, Value::Array(bodies))
}

/// The cards of a list: by account, oldest first.
pub(super) fn listed(service: &Service, scope: &Scope<'_>) -> Vec<Card> {
    let accounts = match scope {
        Scope::Account(account) => vec![Arc::clone(account)],
        Scope::Programme => service.own.accounts(),
    };
    let shown = |account: &Arc<Account>| {
        account
            .cards()
            .iter()
            .filter(|card| stays_listed(&service.readings, card))
            .cloned()
            .collect::<Vec<_>>()
    };
    accounts.iter().flat_map(shown).collect()
}

fn stays_listed(readings: &Readings, card: &Card) -> bool {
    match card.status {
        CardStatus::Terminated => readings.lists_terminated,
        CardStatus::IssueFailed => readings.lists_failed,
        CardStatus::Issuing
        | CardStatus::Active
        | CardStatus::Inactive
        | CardStatus::Suspended
        | CardStatus::Blocked => true,
    }
}

pub(super) fn position(cards: &[Card], id: Uuid) -> Option<usize> {
    cards.iter().position(|card| card.id == id)
}
