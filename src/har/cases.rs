//! Makes cases of what was recorded: each holds the exchanges of one account, or of several that share a key.
//!
//! The steps say in the words of cases what was asked. They are there to be read: cards of before have no step that made
//! them, and stand there with their ids.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::card::{AccountId, Action, CardId, CardType};
use crate::case::{AccountRef, Body, CardRef, Case, Command, Step, StepNumber};
use crate::contract::{Contract, OperationKind, RequestBody, Route};
use crate::trace::{CaseNumber, CaseTrace, Exchange, NOT_RECORDED, Past, Reply};

/// The changes of status that are answered with the card.
pub fn shows_card(contract: &Contract, exchanges: &[Exchange]) -> BTreeSet<Action> {
    let with_card = exchanges.iter().filter(|exchange| {
        let response = exchange.response();
        response.is_some_and(|response| response.status == 200)
    });
    with_card
        .filter_map(|exchange| {
            let route = contract.route(&exchange.request.method, &exchange.request.path)?;
            action(route.operation)
        })
        .collect()
}

/// The cases of a recording.
pub fn cases(contract: &Contract, exchanges: Vec<Exchange>, past: Past) -> Vec<CaseTrace> {
    let owners = Owners::of(contract, &exchanges);
    let mut groups: BTreeMap<Option<AccountId>, Vec<Exchange>> = BTreeMap::new();
    let mut lists = Vec::new();
    for exchange in exchanges {
        if is_programmes_list(contract, &exchange)
            && let Some(list) = ProgrammesList::of(&exchange)
        {
            lists.push(list);
        } else {
            let group = owners.group(contract, &exchange);
            groups.entry(group).or_default().push(exchange);
        }
    }
    // What shows nothing of any account is judged by itself.
    let of_none = lists.iter().filter(|list| list.shares.is_empty());
    let of_none: Vec<Exchange> = of_none.map(|list| list.share(&BTreeSet::new())).collect();
    if !of_none.is_empty() || groups.is_empty() && !lists.is_empty() {
        groups.entry(None).or_default().extend(of_none);
    }
    groups
        .into_iter()
        .zip(1..)
        .map(|((first, mut exchanges), number)| {
            // Of a list that others may have acted before, what it does not show tells nothing; nor does it before the first call.
            let accounts = first.map_or_else(BTreeSet::new, |first| owners.together_with(&first));
            let begin = exchanges.iter().map(|exchange| exchange.sent_at).min();
            let tells = |list: &&ProgrammesList| {
                list.shows(&accounts)
                    || past != Past::Shared && begin.is_some_and(|begin| begin < list.rest.sent_at)
            };
            let own: Vec<Exchange> = lists
                .iter()
                .filter(tells)
                .map(|l| l.share(&accounts))
                .collect();
            exchanges.extend(own);
            exchanges.sort_by_key(|exchange| exchange.step);
            case(contract, CaseNumber(number), accounts, exchanges, past)
        })
        .collect()
}

/// A list of the programme's cards, by the accounts that it shows something of.
struct ProgrammesList {
    /// The exchange, but for the body of its answer.
    rest: Exchange,
    shares: BTreeMap<AccountId, Vec<Value>>,
}

impl ProgrammesList {
    /// The list that an exchange brought; none if it brought none.
    fn of(exchange: &Exchange) -> Option<Self> {
        let Some(Value::Array(views)) = exchange.json().filter(|_| exchange.is_success()) else {
            return None;
        };
        let mut rest = exchange.clone();
        if let Reply::Got(response) = &mut rest.reply {
            response.body.clear();
        }
        let mut shares: BTreeMap<AccountId, Vec<Value>> = BTreeMap::new();
        for view in views {
            if let Some(account) = view.get("accountId").and_then(Value::as_str) {
                let account = AccountId::new(account);
                shares.entry(account).or_default().push(view);
            }
        }
        Some(Self { rest, shares })
    }

    fn shows(&self, accounts: &BTreeSet<AccountId>) -> bool {
        accounts
            .iter()
            .any(|account| self.shares.contains_key(account))
    }

    /// What it shows of these accounts.
    fn share(&self, accounts: &BTreeSet<AccountId>) -> Exchange {
        let own = accounts.iter().filter_map(|a| self.shares.get(a));
        let own: Vec<Value> = own.flatten().cloned().collect();
        let mut share = self.rest.clone();
        if let Reply::Got(response) = &mut share.reply {
            response.body = Value::Array(own).to_string();
        }
        share
    }
}

fn is_programmes_list(contract: &Contract, exchange: &Exchange) -> bool {
    let route = contract.route(&exchange.request.method, &exchange.request.path);
    route.is_some_and(|route| route.operation == OperationKind::ListCards)
}

/// Whose each card is, and which accounts a key ties to each other.
struct Owners {
    cards: HashMap<CardId, AccountId>,
    /// Each account that was seen, and the one that its group is named by.
    groups: HashMap<AccountId, AccountId>,
}

impl Owners {
    fn of(contract: &Contract, exchanges: &[Exchange]) -> Self {
        let mut owners = Self {
            cards: HashMap::new(),
            groups: HashMap::new(),
        };
        for exchange in exchanges {
            let is_programmes = is_programmes_list(contract, exchange);
            for view in views(exchange) {
                let text = |name: &str| view.get(name)?.as_str();
                if let (Some(card), Some(account)) = (text("id"), text("accountId")) {
                    let account = AccountId::new(account);
                    owners.cards.insert(CardId::new(card), account.clone());
                    if !is_programmes {
                        owners.groups.entry(account.clone()).or_insert(account);
                    }
                }
            }
            // An account that was only ever not found, or not let in to, may be nobody's.
            let route = contract.route(&exchange.request.method, &exchange.request.path);
            let is_there = |status: u16| !matches!(status, 400 | 401 | 403 | 404 | 500..);
            if let Some(account) = route.and_then(|route| route.account)
                && exchange
                    .response()
                    .is_some_and(|response| is_there(response.status))
            {
                let account = AccountId::new(account);
                owners.groups.entry(account.clone()).or_insert(account);
            }
        }
        // A card that was called by its id makes its account one of the recording's, wherever it was seen.
        for exchange in exchanges {
            if let Some(account) = owners.account(contract, exchange) {
                owners.groups.entry(account.clone()).or_insert(account);
            }
        }
        owners.tie(contract, exchanges);
        owners
    }

    /// The account that an exchange is about, as far as the recording tells.
    fn account(&self, contract: &Contract, exchange: &Exchange) -> Option<AccountId> {
        let request = &exchange.request;
        let route = contract
            .route(&request.method, &request.path)
            .or_else(|| contract.route_of_other_method(&request.method, &request.path))?;
        match (route.account, route.card) {
            (Some(account), _) => {
                let account = AccountId::new(account);
                self.groups.contains_key(&account).then_some(account)
            }
            (None, Some(card)) => self.cards.get(&CardId::new(card)).cloned(),
            (None, None) => None,
        }
    }

    /// Accounts that share an idempotency key are judged together.
    fn tie(&mut self, contract: &Contract, exchanges: &[Exchange]) {
        let mut users: HashMap<String, AccountId> = HashMap::new();
        for exchange in exchanges {
            let Some(key) = exchange.request.header("idempotency-key") else {
                continue;
            };
            let Some(account) = self
                .account(contract, exchange)
                .filter(|_| key != NOT_RECORDED)
            else {
                continue;
            };
            let first = users
                .entry(key.to_ascii_lowercase())
                .or_insert_with(|| account.clone());
            let (from, to) = (self.groups[&account].clone(), self.groups[&*first].clone());
            for name in self.groups.values_mut().filter(|name| **name == from) {
                name.clone_from(&to);
            }
        }
    }

    fn group(&self, contract: &Contract, exchange: &Exchange) -> Option<AccountId> {
        self.groups.get(&self.account(contract, exchange)?).cloned()
    }

    fn together_with(&self, first: &AccountId) -> BTreeSet<AccountId> {
        let own = self.groups.iter().filter(|(_, name)| *name == first);
        own.map(|(account, _)| account.clone()).collect()
    }
}

/// The cards that a successful answer shows.
fn views(exchange: &Exchange) -> Vec<Value> {
    match exchange.json().filter(|_| exchange.is_success()) {
        Some(Value::Array(views)) => views,
        Some(view) => vec![view],
        None => Vec::new(),
    }
}

fn case(
    contract: &Contract,
    number: CaseNumber,
    accounts: BTreeSet<AccountId>,
    mut exchanges: Vec<Exchange>,
    past: Past,
) -> CaseTrace {
    let name = match accounts.first() {
        Some(first) => format!("account {first}"),
        None => "calls without an account".to_owned(),
    };
    let accounts: BTreeMap<char, AccountId> = ('A'..='Z').zip(accounts).collect();
    let mut steps = Steps {
        contract,
        accounts: &accounts,
        made: HashMap::new(),
        steps: Vec::new(),
    };
    for exchange in &mut exchanges {
        exchange.step = steps.add(exchange);
    }
    let steps = steps.steps;
    // Where no account is known, cards may be there all the same.
    let letters = accounts
        .keys()
        .copied()
        .chain(accounts.is_empty().then_some('A'));
    CaseTrace {
        number,
        case: Case {
            name,
            title: String::new(),
            steps,
        },
        pasts: letters.map(|letter| (letter, past)).collect(),
        accounts,
        exchanges,
        events: Vec::new(),
        obstacles: Vec::new(),
        complete: true,
        not_run: None,
    }
}

/// What was asked, in the words of cases.
struct Steps<'a> {
    contract: &'a Contract,
    accounts: &'a BTreeMap<char, AccountId>,
    /// The step that made each card.
    made: HashMap<CardId, StepNumber>,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn add(&mut self, exchange: &Exchange) -> StepNumber {
        let number = StepNumber(self.steps.len() + 1);
        let request = &exchange.request;
        let own = self.contract.route(&request.method, &request.path);
        let other = || {
            self.contract
                .route_of_other_method(&request.method, &request.path)
        };
        let route = own.or_else(other);
        let mut step = Step::new(route.map_or(Command::ListProgramme, |route| {
            self.command(&route, exchange)
        }));
        if own.is_none() {
            step.method = request.method.parse().ok();
        }
        if let (Command::Create { .. }, Some(body)) = (&step.command, &request.body)
            && !self.is_plain(body)
        {
            step.body = Body::Text(body.clone());
        }
        if matches!(step.command, Command::Create { .. })
            && exchange.is_success()
            && let Some(id) = exchange
                .json()
                .as_ref()
                .and_then(|view| view["id"].as_str())
        {
            self.made.entry(CardId::new(id)).or_insert(number);
        }
        self.steps.push(step);
        number
    }

    /// The body says nothing that a reader must know of.
    fn is_plain(&self, body: &str) -> bool {
        let operation = self.contract.operation(OperationKind::CreateCard);
        let body = serde_json::from_str(body).ok();
        operation.zip(body).is_some_and(|(operation, body)| {
            matches!(operation.check_request_body(&body), RequestBody::Valid)
        })
    }

    fn command(&self, route: &Route<'_>, exchange: &Exchange) -> Command {
        if let Some(action) = action(route.operation) {
            return Command::Act(action, self.card(route));
        }
        match route.operation {
            OperationKind::CreateCard => {
                let body = exchange.request.body.as_deref().unwrap_or_default();
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                let card_type = body["type"].as_str().and_then(CardType::from_wire);
                Command::Create {
                    account: self.account(route),
                    card_type: card_type.unwrap_or(CardType::Virtual),
                }
            }
            OperationKind::ListAccountCards => Command::ListAccount(self.account(route)),
            OperationKind::GetCard => Command::Read(self.card(route)),
            _ => Command::ListProgramme,
        }
    }

    fn account(&self, route: &Route<'_>) -> AccountRef {
        let text = route.account.unwrap_or_default();
        let id = AccountId::new(text);
        let own = self.accounts.iter().find(|(_, account)| **account == id);
        own.map_or_else(
            || AccountRef::Malformed(text.to_owned()),
            |(letter, _)| AccountRef::Own(*letter),
        )
    }

    fn card(&self, route: &Route<'_>) -> CardRef {
        let text = route.card.unwrap_or_default();
        let made = self.made.get(&CardId::new(text));
        made.map_or_else(
            || CardRef::Malformed(text.to_owned()),
            |step| CardRef::Made(*step),
        )
    }
}

fn action(operation: OperationKind) -> Option<Action> {
    match operation {
        OperationKind::DeactivateCard => Some(Action::Deactivate),
        OperationKind::ActivateCard => Some(Action::Activate),
        OperationKind::TerminateCard => Some(Action::Terminate),
        OperationKind::SimulateIssue => Some(Action::Issue),
        OperationKind::SimulateFail => Some(Action::Fail),
        _ => None,
    }
}
