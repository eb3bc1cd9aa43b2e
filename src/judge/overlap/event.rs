//! What a world becomes when something that overlaps with others comes next in it, or that it can't.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::card::{AccountId, CardId, CardStatus};
use crate::contract::OperationKind;
use crate::judge::again::ways_of;
use crate::judge::changes::{remember, remember_old_token};
use crate::judge::facts::Source;
use crate::judge::follow::{Judge, made_in};
use crate::judge::lists::{must_be_listed, reading_of_ended, text};
use crate::judge::pending::{Likeness, forget_pending};
use crate::judge::request::{Asked, Understood};
use crate::requirement::id;
use crate::trace::{Exchange, Response};
use crate::world::ways::{self, Answer, Call, Effect, Id, Key, Way, Wish};
use crate::world::{Moment, Since, World};

/// Something to be put in order.
pub(super) struct Event {
    pub moment: Moment,
    pub what: What,
    /// How it reads, if it does.
    pub source: Option<Source>,
}

/// What is put in order.
pub(super) enum What {
    /// An exchange, read once for the whole search.
    Exchange(Box<Whole>),
    /// What a list shows of one card.
    Listed(Listed),
    /// A list whose cards are events of their own.
    List,
}

/// What events have in common if the one may tell of what the other does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concerned {
    /// A card.
    Card(CardId),
    /// A key, in lower case.
    Key(String),
}

/// An exchange, by what the search has to know of it.
pub(super) struct Whole {
    asked: Asked,
    /// The status of the card in the answer.
    status: Option<CardStatus>,
    /// The id of the card that a create brought.
    made: Option<CardId>,
}

/// What a list shows of one card.
pub(super) struct Listed {
    pub card: CardId,
    /// None: the card is not in it.
    shown: Option<Shown>,
}

struct Shown {
    view: Value,
    likeness: Option<Likeness>,
    status: Option<CardStatus>,
}

impl Event {
    /// What it is about where others act on the accounts too, so that no slot is known to be held or free. Readings apart:
    /// these are the same in whatever order they are decided.
    pub fn concerned(&self) -> Vec<Concerned> {
        match &self.what {
            What::Listed(listed) => vec![Concerned::Card(listed.card.clone())],
            What::List => Vec::new(),
            What::Exchange(whole) => {
                let made = whole.made.iter().cloned().map(Concerned::Card);
                made.chain(concerned(&whole.asked)).collect()
            }
        }
    }
}

fn concerned(asked: &Asked) -> Vec<Concerned> {
    match asked {
        Asked::Read(Id::Known(card)) => vec![Concerned::Card(card.clone())],
        Asked::Unseen(card, asked) => {
            let mut all = concerned(asked);
            all.push(Concerned::Card(card.clone()));
            all
        }
        Asked::Modify(call) => {
            let card = match &call.wish {
                Wish::Act(_, Id::Known(card)) => Some(Concerned::Card(card.clone())),
                Wish::Act(..) | Wish::Create { .. } => None,
            };
            let key = match &call.key {
                Key::Uuid(key) => Some(Concerned::Key(key.clone())),
                Key::Missing | Key::Malformed | Key::Overlong | Key::Single | Key::Exempt => None,
            };
            card.into_iter().chain(key).collect()
        }
        Asked::Read(_)
        | Asked::ListAccount(_)
        | Asked::ListProgramme
        | Asked::MoveClock(_)
        | Asked::OtherMethod(_)
        | Asked::Subscribe(_)
        | Asked::SubscribeUnderUsedKey
        | Asked::ForeignSubscription
        | Asked::NoSubscription
        | Asked::Webhook
        | Asked::Other => Vec::new(),
    }
}

impl Judge<'_> {
    /// The exchanges of the race as events.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (moment, understood) in &self.race.understood {
            let exchange = &self.trace.exchanges[*moment];
            let whats = match self.listed(exchange, &understood.asked) {
                Some(mut listed) => {
                    listed.retain(|listed| !self.fits_at_any_time(listed));
                    let cards = listed.into_iter().map(What::Listed);
                    cards.chain([What::List]).collect()
                }
                None => vec![What::Exchange(Box::new(Whole {
                    asked: understood.asked.clone(),
                    status: exchange.json().as_ref().and_then(status_of),
                    made: made_in(exchange),
                }))],
            };
            events.extend(whats.into_iter().map(|what| Event {
                moment: *moment,
                what,
                source: source(&understood.asked),
            }));
        }
        events
    }

    /// What a list shows of each card that the case has heard of; none if the exchange is no list that can be read.
    fn listed(&self, exchange: &Exchange, asked: &Asked) -> Option<Vec<Listed>> {
        let is_list = matches!(
            asked,
            Asked::ListAccount(Id::Known(_)) | Asked::ListProgramme
        );
        let is_good = exchange.flaw.is_none() && exchange.is_success();
        let body = exchange.json().filter(|_| is_list && is_good)?;
        let Value::Array(views) = body else {
            return None;
        };
        let concerns = |account: &AccountId| match asked {
            Asked::ListAccount(Id::Known(own)) => account == own,
            _ => self.trace.accounts.values().any(|own| account == own),
        };
        let mut shown: BTreeMap<CardId, Shown> = BTreeMap::new();
        for view in &views {
            let account = text(view, "accountId").map(AccountId::new);
            let card = text(view, "id").map(CardId::new);
            if let Some(card) = card.filter(|_| account.is_some_and(|a| concerns(&a))) {
                shown.entry(card).or_insert_with(|| Shown {
                    view: view.clone(),
                    likeness: Likeness::of(view),
                    status: status_of(view),
                });
            }
        }
        let believed = self.worlds.iter().flat_map(|world| &world.cards);
        let believed = believed.filter(|card| concerns(&card.account));
        let mut cards: BTreeSet<CardId> = believed.filter_map(|card| card.id.clone()).collect();
        cards.extend(
            self.race
                .understood
                .iter()
                .filter(|(_, understood)| creates_for(understood, concerns))
                .filter_map(|(moment, _)| made_in(&self.trace.exchanges[*moment])),
        );
        cards.extend(shown.keys().cloned());
        let listed = cards.into_iter().map(|card| Listed {
            shown: shown.remove(&card),
            card,
        });
        Some(listed.collect())
    }

    /// A card in a final state, shown as it is: that was so before the race, will be after it, and tells nothing new. An
    /// account with a past may have hundreds.
    fn fits_at_any_time(&self, listed: &Listed) -> bool {
        let shown = listed.shown.as_ref().map(|shown| shown.status);
        self.worlds.iter().all(|world| {
            let card = world.card(&listed.card);
            card.is_some_and(|card| {
                let reading = reading_of_ended(card.status, shown.is_some());
                card.status.is_final()
                    && shown.is_none_or(|shown| shown == Some(card.status))
                    && world.with(reading.as_slice()).as_ref() == Some(world)
            })
        })
    }

    /// The worlds that an event leaves of one; none if that one can't explain it.
    pub(super) fn explained(&self, world: &World, event: &Event) -> Vec<World> {
        let now = Since {
            moment: event.moment,
            step: self.trace.exchanges[event.moment].step,
            rule: id::LIFE_1,
        };
        let left = match &event.what {
            What::Listed(listed) => self.explained_listed(world, listed, now),
            What::Exchange(whole) => self.explained_exchange(world, whole, now),
            What::List => vec![world.clone()],
        };
        self.as_others_leave(left)
    }

    /// The worlds that an exchange leaves of one. What no order could mend is let pass; it is judged later.
    fn explained_exchange(&self, world: &World, whole: &Whole, now: Since) -> Vec<World> {
        let exchange = &self.trace.exchanges[now.moment];
        let asked = match &whole.asked {
            // What came before it may have shown the card.
            Asked::Unseen(card, asked) if world.position(card).is_some() => asked,
            asked => asked,
        };
        let Some(response) = exchange.telling() else {
            return match asked {
                Asked::Modify(call) if !self.is_in_company() => {
                    self.without_answer(world, now.moment, call)
                }
                _ => vec![world.clone()],
            };
        };
        if exchange.token_over {
            let mut refused = world.clone();
            if let Some(call) = asked.change() {
                remember_old_token(&mut refused, call, now.moment);
            }
            return vec![refused];
        }
        let with_flaw = |ways: Vec<Way>| match exchange.flaw {
            Some(flaw) => ways::ways_with_flaw(flaw, || ways),
            None => ways,
        };
        match asked {
            Asked::Modify(call) => self.changed(world, call, whole.made.as_ref(), response, now),
            Asked::Read(Id::Known(_)) | Asked::ListAccount(Id::Known(_)) | Asked::ListProgramme
                if exchange.flaw.is_some() =>
            {
                let read = vec![Way::success(id::READ_1, Effect::Nothing)];
                self.fitting(world, &with_flaw(read), response)
            }
            Asked::Read(Id::Known(card)) => match whole.status {
                Some(status) if response.is_success() => self.seen(world, card, status, now),
                _ => vec![world.clone()],
            },
            Asked::Read(card) => {
                let refusals = ways::card_refusals(card, OperationKind::GetCard.name());
                self.fitting(world, &with_flaw(refusals), response)
            }
            Asked::ListAccount(Id::Known(_))
            | Asked::ListProgramme
            | Asked::MoveClock(_)
            | Asked::OtherMethod(_)
            | Asked::Unseen(..)
            | Asked::Subscribe(_)
            | Asked::SubscribeUnderUsedKey
            | Asked::ForeignSubscription
            | Asked::NoSubscription
            | Asked::Webhook
            | Asked::Other => vec![world.clone()],
            Asked::ListAccount(account) => {
                let operation = OperationKind::ListAccountCards.name();
                let refusals = ways::account_refusals(account, operation);
                self.fitting(world, &with_flaw(refusals), response)
            }
        }
    }

    fn fitting(&self, world: &World, ways: &[Way], response: &Response) -> Vec<World> {
        let fitting = ways.iter().filter(|way| self.fits(&way.answer, response));
        fitting.filter_map(|way| world.with(&way.choices)).collect()
    }

    fn changed(
        &self,
        world: &World,
        call: &Call,
        made: Option<&CardId>,
        response: &Response,
        now: Since,
    ) -> Vec<World> {
        let turned = self.evolve_one_for(call, world, now);
        let left = self.changed_from(turned, call, made, response, now);
        match &call.wish {
            Wish::Act(_, Id::Known(card)) if left.is_empty() => {
                let old = self.as_old(world, card, now);
                self.changed_from(old, call, made, response, now)
            }
            _ => left,
        }
    }

    fn changed_from(
        &self,
        worlds: Vec<World>,
        call: &Call,
        made: Option<&CardId>,
        response: &Response,
        now: Since,
    ) -> Vec<World> {
        let mut left = Vec::new();
        for turned in worlds {
            let ways = ways_of(&turned, call, self.least_known());
            for way in ways.iter().filter(|way| self.fits(&way.answer, response)) {
                let taken = ways::taken(&turned, call, way, made.cloned(), now);
                left.extend(taken.map(|mut next| {
                    remember(&mut next, call, way, now.moment);
                    if matches!(way.answer, Answer::Success | Answer::Same(_)) {
                        forget_pending(&mut next, &self.lost, call);
                    }
                    next
                }));
            }
        }
        left
    }

    fn seen(&self, world: &World, card: &CardId, status: CardStatus, now: Since) -> Vec<World> {
        let is_so = |w: &World| w.card(card).is_some_and(|c| c.status == status);
        let mut turned = self.evolve_one(world, now, |c| c.id.as_ref() == Some(card));
        turned.retain(is_so);
        if turned.is_empty() {
            turned = self.as_old(world, card, now);
            turned.retain(is_so);
        }
        turned
    }

    fn explained_listed(&self, world: &World, listed: &Listed, now: Since) -> Vec<World> {
        let card = &listed.card;
        let Some(shown) = &listed.shown else {
            return self.absent(world, card, now);
        };
        let known = match (world.position(card), &shown.likeness) {
            (Some(_), _) => vec![world.clone()],
            (None, Some(likeness)) => {
                let mut known = self.as_lost_create(world, card, likeness, now);
                known.extend(self.as_of_before(world, &shown.view, now.moment));
                known
            }
            (None, None) => Vec::new(),
        };
        let Some(status) = shown.status else {
            return known; // the schema says it
        };
        known
            .iter()
            .flat_map(|world| self.seen(world, card, status, now))
            .filter_map(|world| with_reading(&world, card, true))
            .collect()
    }

    fn absent(&self, world: &World, card: &CardId, now: Since) -> Vec<World> {
        if world.position(card).is_none() {
            return vec![world.clone()];
        }
        self.evolve_one(world, now, |c| c.id.as_ref() == Some(card))
            .into_iter()
            .filter(|w| w.card(card).is_some_and(|c| !must_be_listed(c.status)))
            .filter_map(|world| with_reading(&world, card, false))
            .collect()
    }

    /// Why an event does not fit into a world, in words.
    pub(super) fn refuted(&self, world: &World, event: &Event) -> String {
        let exchange = &self.trace.exchanges[event.moment];
        let believed = |card: &CardId| in_words(world.card(card).map(|c| c.status));
        let whole = match &event.what {
            What::Listed(listed) => {
                let shown = in_words(listed.shown.as_ref().and_then(|s| s.status));
                return format!("it shows {shown}, the card is {}", believed(&listed.card));
            }
            What::List => return String::new(), // it fits everywhere
            What::Exchange(whole) => whole,
        };
        match (&whole.asked, exchange.response()) {
            (_, None) => "its answer was lost".to_owned(),
            (Asked::Read(Id::Known(card)), Some(_)) => {
                let read = in_words(whole.status);
                format!("it reads {read}, the card is {}", believed(card))
            }
            (Asked::Modify(call), Some(response)) => {
                // What an earlier reading of the target's own rules out is not expected.
                let mut ways = ways::ways(world, call);
                ways.retain(|way| world.with(&way.choices).is_some());
                let operation = self.understood(event.moment).operation;
                let expected = self.expected_answers(operation, &ways);
                let status = response.status;
                format!("it was answered {status}, in place of {expected}")
            }
            (_, Some(response)) => format!("it was answered {}", response.status),
        }
    }
}

fn in_words(status: Option<CardStatus>) -> String {
    status.map_or("not there".to_owned(), |status| format!("`{status}`"))
}

fn with_reading(world: &World, card: &CardId, is_listed: bool) -> Option<World> {
    let choice = reading_of_ended(world.card(card)?.status, is_listed);
    world.with(choice.as_slice())
}

fn creates_for(understood: &Understood, concerns: impl Fn(&AccountId) -> bool) -> bool {
    match &understood.asked {
        Asked::Modify(call) => match &call.wish {
            Wish::Create {
                account: Id::Known(account),
                ..
            } => concerns(account),
            Wish::Create { .. } | Wish::Act(..) => false,
        },
        _ => false,
    }
}

/// How an exchange reads, if it does.
fn source(asked: &Asked) -> Option<Source> {
    match asked {
        Asked::Read(_) => Some(Source::ById),
        Asked::ListAccount(_) => Some(Source::Account),
        Asked::ListProgramme => Some(Source::Programme),
        Asked::Modify(_)
        | Asked::MoveClock(_)
        | Asked::OtherMethod(_)
        | Asked::Unseen(..)
        | Asked::Subscribe(_)
        | Asked::SubscribeUnderUsedKey
        | Asked::ForeignSubscription
        | Asked::NoSubscription
        | Asked::Webhook
        | Asked::Other => None,
    }
}

fn status_of(view: &Value) -> Option<CardStatus> {
    text(view, "status").and_then(CardStatus::from_wire)
}
