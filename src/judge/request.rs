//! What a recorded request asks for, read from the wire: the judge needs no knowledge of how it came to be sent.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::body::{input, of_subscription, payload, sent};
use super::follow::Judge;
use crate::card::{AccountId, Action, CardId, CardType};
use crate::case::{CardRef, Command, SubscriptionRef};
use crate::contract::OperationKind;
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, NOT_RECORDED, Reply, Request};
use crate::world::Moment;
use crate::world::ways::{Call, Id, Input, Key, Wish};

/// What an exchange asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// One card.
    Read(Id<CardId>),
    /// An account's cards.
    ListAccount(Id<AccountId>),
    /// The programme's cards.
    ListProgramme,
    /// A change.
    Modify(Call),
    /// That the target's clock moves by so many seconds.
    MoveClock(u64),
    /// Whatever it is, by a method that the document does not give for the path.
    OtherMethod(Concern),
    /// This, of a card that may have been there before the case, and that has not been seen.
    Unseen(CardId, Box<Asked>),
    /// A subscription, or a change of one, with such a body.
    Subscribe(Input),
    /// Another subscription under a key that has made or changed one.
    SubscribeUnderUsedKey,
    /// Another programme's subscription, or a change of it.
    ForeignSubscription,
    /// A subscription under an id that nobody has, or that is none.
    NoSubscription,
    /// The subscriptions, one of them, or its removal.
    Webhook,
    /// Something that is not part of the contract on cards.
    Other,
}

impl Asked {
    /// The change that it asks for, of a card that has been seen or not.
    pub fn change(&self) -> Option<&Call> {
        match self {
            Self::Modify(call) => Some(call),
            Self::Unseen(_, asked) => asked.change(),
            Self::Read(_)
            | Self::ListAccount(_)
            | Self::ListProgramme
            | Self::MoveClock(_)
            | Self::OtherMethod(_)
            | Self::Subscribe(_)
            | Self::SubscribeUnderUsedKey
            | Self::ForeignSubscription
            | Self::NoSubscription
            | Self::Webhook
            | Self::Other => None,
        }
    }
}

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    Card(Id<CardId>),
    Account(Id<AccountId>),
    Programme,
}

/// A request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Understood {
    /// The operation of the document, if the path is in it.
    pub operation: Option<OperationKind>,
    /// What it asks for.
    pub asked: Asked,
    /// An id in the path has upper-case letters.
    pub id_in_upper_case: bool,
    /// The idempotency key has upper-case letters.
    pub key_in_upper_case: bool,
}

impl<'t> Judge<'t> {
    /// What an exchange asks for.
    pub(super) fn understood(&self, moment: Moment) -> Understood {
        match self.race.understood.get(&moment) {
            Some(understood) => understood.clone(),
            None => self.understand(&self.trace.exchanges[moment]),
        }
    }

    pub(super) fn understand(&self, exchange: &Exchange) -> Understood {
        let request = &exchange.request;
        let has_upper = |text: &str| text.bytes().any(|b| b.is_ascii_uppercase());
        let key_in_upper_case = request.header("idempotency-key").is_some_and(has_upper);
        let Some(route) = self.contract.route(&request.method, &request.path) else {
            return Understood {
                operation: None,
                asked: self
                    .asked_by_other_method(request)
                    .unwrap_or_else(|| self.sandbox_call(exchange)),
                id_in_upper_case: has_upper(&request.path),
                key_in_upper_case,
            };
        };
        let account = || self.account_id(route.account.unwrap_or_default());
        let card = || self.card_id(route.card.unwrap_or_default());
        let act = |action| {
            Asked::Modify(self.call(exchange, route.operation.name(), Wish::Act(action, card())))
        };
        if self.terms.every_account && route.account.is_some() && account() == Id::Unknown {
            // A fresh account, but none that the case was given: there is nothing to hold its answers to.
            return Understood {
                operation: None,
                asked: Asked::Other,
                id_in_upper_case: false,
                key_in_upper_case: false,
            };
        }
        let asked = match route.operation {
            OperationKind::CreateCard => Asked::Modify(self.create(exchange, account())),
            OperationKind::ListAccountCards => Asked::ListAccount(account()),
            OperationKind::ListCards => Asked::ListProgramme,
            OperationKind::GetCard => Asked::Read(card()),
            OperationKind::DeactivateCard => act(Action::Deactivate),
            OperationKind::ActivateCard => act(Action::Activate),
            OperationKind::TerminateCard => act(Action::Terminate),
            OperationKind::SimulateIssue => act(Action::Issue),
            OperationKind::SimulateFail => act(Action::Fail),
            OperationKind::PutWebhook => self.subscription(exchange),
            OperationKind::CreateToken
            | OperationKind::PutSigningKey
            | OperationKind::DeleteSigningKey => Asked::Other,
            OperationKind::ListWebhooks
            | OperationKind::GetWebhook
            | OperationKind::DeleteWebhook => match self.is_foreign_subscription(route.webhook) {
                true => Asked::ForeignSubscription,
                false if self.names_no_subscription(exchange) => Asked::NoSubscription,
                false => Asked::Webhook,
            },
        };
        let asked = match route.card {
            _ if self.is_let_pass(exchange, &route) => Asked::Other,
            Some(card) => self.unless_unseen(asked, card),
            None => asked,
        };
        Understood {
            operation: Some(route.operation),
            asked,
            id_in_upper_case: route.account.or(route.card).is_some_and(has_upper),
            key_in_upper_case,
        }
    }

    /// What others recorded of subscriptions may have any reason; what the case asks for has none but its body.
    fn subscription(&self, exchange: &Exchange) -> Asked {
        let step = self.case.step(exchange.step);
        match step.map(|step| &step.command) {
            Some(Command::Retry(_)) if self.has_used_key(exchange) => Asked::SubscribeUnderUsedKey,
            Some(Command::Hook(hook)) if hook.has_body() => {
                let request = &exchange.request;
                let sent = sent(request);
                let kind = OperationKind::PutWebhook;
                let input = input(self.contract, kind, request, sent.as_ref());
                let named = sent
                    .as_ref()
                    .and_then(|sent| sent.value.get("id")?.as_str());
                match named {
                    Some(_) if self.is_foreign_subscription(named) => {
                        match made_another(exchange, named) {
                            true => Asked::Other,
                            false => Asked::ForeignSubscription,
                        }
                    }
                    Some(id) if !input.is_invalid() && !self.surely_stands(id, exchange) => {
                        Asked::Other
                    }
                    _ => Asked::Subscribe(of_subscription(input, named.is_some())),
                }
            }
            _ => Asked::Other,
        }
    }

    /// Whether another payload has succeeded under the key of a good call on subscriptions, and not this one.
    fn has_used_key(&self, exchange: &Exchange) -> bool {
        let request = &exchange.request;
        let kind = OperationKind::PutWebhook;
        let input = input(self.contract, kind, request, sent(request).as_ref());
        let mut done = self.done_under_key(exchange).peekable();
        let is_good = !input.is_invalid() && !self.is_bent(exchange);
        is_good && done.peek().is_some() && done.all(|first| first.request.body != request.body)
    }

    /// The calls that succeeded before on the path of this one, under its key, which is not forgotten since.
    pub(super) fn done_under_key(&self, exchange: &Exchange) -> impl Iterator<Item = &'t Exchange> {
        let earlier = self.trace.exchanges.iter().enumerate();
        let earlier = earlier.take_while(|(_, first)| !std::ptr::eq(*first, exchange));
        let done = earlier.filter(|(moment, first)| {
            first.is_success()
                && has_same_key(&exchange.request, &first.request)
                && !self.is_bent(first)
                && !self.clock.moved_since(*moment)
        });
        done.map(|(_, first)| first)
    }

    /// Whether a subscription of the case surely has this id when it is sent. What one does that names none is open (the OpenAPI
    /// document), and one that may have been removed by then may name none.
    fn surely_stands(&self, id: &str, sent: &Exchange) -> bool {
        let mut earlier = self
            .trace
            .exchanges
            .iter()
            .filter(|other| other.sent_at < sent.received_at);
        let may_remove = |other: &Exchange| {
            let route = self
                .contract
                .route(&other.request.method, &other.request.path);
            let named = route
                .filter(|route| route.operation == OperationKind::DeleteWebhook)
                .and_then(|route| route.webhook);
            let is_refused = other.telling().is_some_and(|r| r.status >= 400);
            !is_refused && named.is_some_and(|named| named.eq_ignore_ascii_case(id))
        };
        self.was_made(id) && !earlier.any(may_remove)
    }

    fn was_made(&self, id: &str) -> bool {
        let exchanges = self.trace.exchanges.iter();
        exchanges
            .filter(|exchange| exchange.request.method == "PUT" && exchange.is_success())
            .filter_map(Exchange::json)
            .filter_map(|answer| answer.get("id")?.as_str().map(str::to_owned))
            .any(|made| made.eq_ignore_ascii_case(id))
    }

    fn is_foreign_subscription(&self, id: Option<&str>) -> bool {
        let foreign = self.terms.foreign_subscription;
        id.and_then(|id| Uuid::try_parse(id).ok())
            .is_some_and(|id| Some(id) == foreign)
    }

    /// Whether the step says that the id is nobody's. What others recorded may have been anybody's.
    fn names_no_subscription(&self, exchange: &Exchange) -> bool {
        let step = self.case.step(exchange.step);
        let named = match step.map(|step| &step.command) {
            Some(Command::Hook(hook)) => hook.subscription(),
            _ => None,
        };
        matches!(
            named,
            Some(SubscriptionRef::Unknown | SubscriptionRef::Malformed)
        )
    }

    fn asked_by_other_method(&self, request: &Request) -> Option<Asked> {
        let route = self
            .contract
            .route_of_other_method(&request.method, &request.path)?;
        let concern = match (route.card, route.account) {
            (Some(card), _) => Concern::Card(self.card_id(card)),
            (None, Some(account)) => Concern::Account(self.account_id(account)),
            (None, None) => Concern::Programme,
        };
        Some(Asked::OtherMethod(concern))
    }

    /// The issuer's acts, a profile's own way to issue and the clock are no part of the contract; the case says what was asked
    /// for.
    fn sandbox_call(&self, exchange: &Exchange) -> Asked {
        let step = self.case.step(exchange.step);
        let as_it_is_done = step.filter(|step| step.method.is_none());
        let (action, made_by) = match as_it_is_done.map(|s| &s.command) {
            Some(Command::Act(action, CardRef::Made(made_by))) => (action, made_by),
            Some(Command::MoveClock(seconds)) => return Asked::MoveClock(*seconds),
            _ => return Asked::Other,
        };
        match self.made_by(*made_by) {
            Some(card) if action.is_issuers() || *action == Action::Issue => {
                let mut call = self.call(
                    exchange,
                    action.as_str(),
                    Wish::Act(*action, Id::Known(card)),
                );
                call.key = Key::Exempt;
                Asked::Modify(call)
            }
            _ => Asked::Other,
        }
    }

    fn account_id(&self, text: &str) -> Id<AccountId> {
        let account = AccountId::new(text);
        if self.trace.accounts.values().any(|own| *own == account) {
            Id::Known(account)
        } else if self.terms.foreign_account.as_ref() == Some(&account) {
            Id::Foreign
        } else {
            shape(text)
        }
    }

    fn card_id(&self, text: &str) -> Id<CardId> {
        let card = CardId::new(text);
        if self.knows_by_now(&card) {
            Id::Known(card)
        } else if self.terms.foreign_card.as_ref() == Some(&card) {
            Id::Foreign
        } else if self.may_be_unseen(&card) {
            Id::Known(card)
        } else {
            shape(text)
        }
    }

    fn create(&self, exchange: &Exchange, account: Id<AccountId>) -> Call {
        let request = &exchange.request;
        let text = request.body.as_deref().unwrap_or_default();
        let sent = sent(request);
        let body = sent.as_ref().map(|sent| &sent.value);
        let wish = Wish::Create {
            account,
            card_type: body
                .and_then(|b| b.get("type")?.as_str())
                .and_then(CardType::from_wire),
            beyond_ascii: !text.is_ascii() || text.contains("\\u"),
        };
        let mut call = self.call(exchange, OperationKind::CreateCard.name(), wish);
        call.input = input(
            self.contract,
            OperationKind::CreateCard,
            request,
            sent.as_ref(),
        );
        call
    }

    fn call(&self, exchange: &Exchange, name: &'static str, wish: Wish) -> Call {
        let request = &exchange.request;
        let key = self.key(request);
        Call {
            name,
            wish,
            memory: self.clock.memory(&key, exchange),
            lost_may_linger: self.lost_may_linger(&key, exchange),
            key,
            line: format!("{} {}", request.method, request.path.to_ascii_lowercase()),
            payload: payload(request),
            input: Input::Valid,
            flaw: exchange.flaw,
            in_flight: self.in_flight(exchange),
        }
    }

    /// What is wrong with the access or the key of a call, whatever it asks for.
    pub(super) fn is_bent(&self, exchange: &Exchange) -> bool {
        exchange.flaw.is_some() || self.wrong_key(&exchange.request).is_some()
    }

    /// The rule on idempotency keys that the request breaks.
    pub(super) fn wrong_key(&self, request: &Request) -> Option<RequirementId> {
        match self.key(request) {
            _ if request.method == "GET" => None,
            Key::Missing => Some(id::IDEM_1),
            Key::Malformed | Key::Overlong => Some(id::IDEM_2),
            Key::Exempt | Key::Single | Key::Uuid(_) => None,
        }
    }

    fn key(&self, request: &Request) -> Key {
        match request.header("idempotency-key") {
            None => Key::Missing,
            // Whatever it was, no other request is known to have it.
            Some(NOT_RECORDED) => Key::Single,
            Some(text) => match Uuid::try_parse(text) {
                Ok(_) if text.len() == 36 => {
                    let key = text.to_ascii_lowercase();
                    match self.shared_keys.contains(&key) {
                        true => Key::Uuid(key),
                        false => Key::Single,
                    }
                }
                _ if text.len() > LENGTH_MAX => Key::Overlong,
                _ => Key::Malformed,
            },
        }
    }
}

/// No id and no key is longer; most servers have a limit of their own far above.
pub(super) const LENGTH_MAX: usize = 255;

/// How long a UUID is, with its hyphens.
const UUID_LENGTH: usize = 36;

fn shape<T>(text: &str) -> Id<T> {
    let has_more = || {
        let bytes = text.as_bytes();
        bytes.len() > UUID_LENGTH
            && bytes
                .windows(UUID_LENGTH)
                .any(|part| Uuid::try_parse_ascii(part).is_ok())
    };
    match Uuid::try_parse(text) {
        _ if text.len() > LENGTH_MAX || has_more() => Id::Odd,
        Ok(_) => Id::Unknown,
        Err(_) => Id::Malformed,
    }
}

/// Whether a subscription was made under another id than the one that was named, which then named none.
fn made_another(exchange: &Exchange, named: Option<&str>) -> bool {
    let answer = exchange.json().filter(|_| exchange.is_success());
    let made = answer
        .as_ref()
        .and_then(|answer| answer.get("id")?.as_str());
    made.is_some_and(|made| !named.is_some_and(|named| named.eq_ignore_ascii_case(made)))
}

/// The idempotency keys that more than one request has, in lower case.
pub(super) fn shared_keys(trace: &CaseTrace) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let keys = trace.exchanges.iter().filter_map(|exchange| {
        let key = exchange.request.header("idempotency-key")?;
        if key == NOT_RECORDED {
            return None;
        }
        let is_answered = matches!(exchange.reply, Reply::Got(_));
        Some((key.to_ascii_lowercase(), is_answered))
    });
    keys.filter(|(key, is_answered)| !seen.insert(key.clone()) || !is_answered)
        .map(|(key, _)| key)
        .collect()
}

/// Whether it is the same call but for the payload, under the same key.
fn has_same_key(request: &Request, first: &Request) -> bool {
    let key = |request: &Request| {
        request
            .header("idempotency-key")
            .map(str::to_ascii_lowercase)
    };
    request.method == first.method
        && request.path == first.path
        && key(request).is_some_and(|text| Some(text) == key(first))
}
