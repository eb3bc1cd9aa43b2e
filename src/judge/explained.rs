//! What a world becomes when something that overlaps with others comes next in it, or that it can't.

use serde_json::Value;

use super::changes::{concerned, remember};
use super::follow::Judge;
use super::pending::forget_pending;
use super::request::Asked;
use crate::card::{CardId, CardStatus, CardType};
use crate::requirement::id;
use crate::trace::{Exchange, Reply, Response};
use crate::world::ways::{self, Answer, Call, Effect, Id, Way};
use crate::world::{Card, Choice, Moment, Since, World};

/// What is put in order.
pub(super) enum What {
    /// An exchange.
    Whole(Box<Whole>),
    /// What a list shows of one card.
    Part(Part),
}

/// An exchange, read once for the whole search.
pub(super) struct Whole {
    asked: Asked,
    /// The status of the card in the answer.
    status: Option<CardStatus>,
    /// The id of the card that a create brought.
    made: Option<CardId>,
}

/// What a list shows of one card.
pub(super) struct Part {
    pub card: CardId,
    shown: Option<Shown>,
}

struct Shown {
    account: String,
    card_type: Option<CardType>,
    status: Option<CardStatus>,
}

impl Part {
    /// A card, and what the list has of it.
    pub fn new(view: Option<&Value>, card: CardId) -> Self {
        let text = |view: &Value, name: &str| Some(view.get(name)?.as_str()?.to_owned());
        Self {
            card,
            shown: view.map(|view| Shown {
                account: text(view, "accountId").unwrap_or_default(),
                card_type: text(view, "type").as_deref().and_then(CardType::from_wire),
                status: status_of(view),
            }),
        }
    }
}

impl Judge<'_> {
    /// An exchange as one event.
    pub(super) fn one_event(&self, exchange: &Exchange, asked: Asked) -> What {
        What::Whole(Box::new(Whole {
            asked,
            status: body_of(exchange).as_ref().and_then(status_of),
            made: made_in(exchange),
        }))
    }

    /// The worlds that an exchange leaves of one. What no order could mend is let pass; it is judged later.
    pub(super) fn explained_whole(
        &self,
        world: &World,
        moment: Moment,
        whole: &Whole,
    ) -> Vec<World> {
        let exchange = &self.trace.exchanges[moment];
        let now = Since {
            moment,
            step: exchange.step,
            rule: id::LIFE_1,
        };
        let unanswered = |judge: &Self| match &whole.asked {
            Asked::Modify(call) => judge.without_answer(world, moment, call),
            _ => vec![world.clone()],
        };
        let response = match &exchange.reply {
            Reply::Lost(_) | Reply::LetGo(_) => return unanswered(self),
            Reply::Got(response) if matches!(response.status, 429 | 500..) => {
                return unanswered(self);
            }
            Reply::Got(response) => response,
        };
        let with_flaw = |ways: Vec<Way>| match exchange.flaw {
            Some(flaw) => ways::ways_with_flaw(flaw, || ways),
            None => ways,
        };
        let read = || vec![Way::success(id::READ_1, Effect::Nothing)];
        match &whole.asked {
            Asked::Modify(call) => self.changed(world, call, whole.made.as_ref(), response, now),
            Asked::Read(Id::Known(_)) | Asked::ListAccount(Id::Known(_)) | Asked::ListProgramme
                if exchange.flaw.is_some() =>
            {
                self.fitting(world, &with_flaw(read()), response)
            }
            Asked::Read(Id::Known(card)) => match whole.status {
                Some(status) if response.status < 300 => self.seen(world, card, status, now),
                _ => vec![world.clone()],
            },
            Asked::Read(card) => {
                let refusals = ways::card_refusals(card, "get-card");
                self.fitting(world, &with_flaw(refusals), response)
            }
            Asked::ListAccount(Id::Known(_))
            | Asked::ListProgramme
            | Asked::MoveClock(_)
            | Asked::OtherMethod(_)
            | Asked::Other => vec![world.clone()],
            Asked::ListAccount(account) => {
                let refusals = ways::account_refusals(account, "list-account-cards");
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
        let mut left = Vec::new();
        for turned in self.evolve_one(world, now, |card| concerned(card, call)) {
            for way in ways::ways(&turned, call) {
                let is_reused = matches!(way.effect, Effect::Create { .. })
                    && made.is_some_and(|card| turned.position(card).is_some());
                if is_reused || !self.fits(&way.answer, response) {
                    continue;
                }
                let taken = ways::taken(&turned, call, &way, made.cloned(), now);
                left.extend(taken.map(|mut next| {
                    remember(&mut next, call, &way, now.moment);
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
        let mut turned = self.evolve_one(world, now, |c| c.id.as_ref() == Some(card));
        turned.retain(|w| w.card(card).is_some_and(|c| c.status == status));
        turned
    }

    /// The worlds that leave a list as it shows one card.
    pub(super) fn explained_part(&self, world: &World, moment: Moment, part: &Part) -> Vec<World> {
        let now = Since {
            moment,
            step: self.trace.exchanges[moment].step,
            rule: id::LIFE_1,
        };
        let Some(shown) = &part.shown else {
            return self.absent(world, &part.card, now);
        };
        let named = match world.position(&part.card) {
            Some(_) => vec![world.clone()],
            None => {
                let worlds = self.evolve_one(world, now, |c| is_lost_create(c, shown));
                worlds
                    .iter()
                    .flat_map(|world| lost_creates(world, &part.card, shown))
                    .collect()
            }
        };
        let Some(status) = shown.status else {
            return named; // the schema says it
        };
        named
            .iter()
            .flat_map(|world| self.seen(world, &part.card, status, now))
            .filter_map(|world| ended(&world, &part.card, "listed"))
            .collect()
    }

    fn absent(&self, world: &World, card: &CardId, now: Since) -> Vec<World> {
        if world.position(card).is_none() {
            return vec![world.clone()];
        }
        self.evolve_one(world, now, |c| c.id.as_ref() == Some(card))
            .into_iter()
            .filter(|w| w.card(card).is_some_and(|c| c.status.is_final()))
            .filter_map(|world| ended(&world, card, "left out"))
            .collect()
    }

    /// Why something does not fit into a world, in words.
    pub(super) fn refuted(&self, world: &World, moment: Moment, what: &What) -> String {
        let exchange = &self.trace.exchanges[moment];
        let believed = |card: &CardId| in_words(world.card(card).map(|c| c.status));
        let whole = match what {
            What::Part(part) => {
                let shown = in_words(part.shown.as_ref().and_then(|s| s.status));
                return format!("it shows {shown}, the card is {}", believed(&part.card));
            }
            What::Whole(whole) => whole,
        };
        match (&whole.asked, &exchange.reply) {
            (Asked::Read(Id::Known(card)), _) => {
                format!(
                    "it reads {}, the card is {}",
                    in_words(whole.status),
                    believed(card)
                )
            }
            (Asked::Modify(call), Reply::Got(response)) => {
                let operation = self.understood(moment).operation;
                // What an earlier reading of the target's own rules out is not expected.
                let mut ways = ways::ways(world, call);
                ways.retain(|way| world.with(&way.choices).is_some());
                let expected = self.expected_answers(operation, &ways);
                format!(
                    "it was answered {}, in place of {expected}",
                    response.status
                )
            }
            (_, Reply::Got(response)) => format!("it was answered {}", response.status),
            (_, Reply::Lost(_) | Reply::LetGo(_)) => "its answer was lost".to_owned(),
        }
    }
}

fn in_words(status: Option<CardStatus>) -> String {
    status.map_or("not there".to_owned(), |status| format!("`{status}`"))
}

/// Of several creates whose answers were lost, any may have made the card.
fn lost_creates(world: &World, card: &CardId, shown: &Shown) -> Vec<World> {
    let cards = world.cards.iter().enumerate();
    let places = cards.filter(|(_, c)| is_lost_create(c, shown));
    places
        .map(|(place, _)| {
            let mut named = world.clone();
            named.cards[place].id = Some(card.clone());
            named
        })
        .collect()
}

fn is_lost_create(card: &Card, shown: &Shown) -> bool {
    card.id.is_none()
        && card.account.as_str().eq_ignore_ascii_case(&shown.account)
        && Some(card.card_type) == shown.card_type
}

/// OPEN-12 and OPEN-13: whether cards that have ended stand in lists.
fn ended(world: &World, card: &CardId, reading: &str) -> Option<World> {
    let point = match world.card(card)?.status {
        CardStatus::Terminated => id::OPEN_12,
        CardStatus::IssueFailed => id::OPEN_13,
        _ => return Some(world.clone()),
    };
    world.with(&[Choice::new(point, "", reading)])
}

/// Whether the request was answered with success.
pub(super) fn is_answered_well(exchange: &Exchange) -> bool {
    matches!(&exchange.reply, Reply::Got(response) if (200..300).contains(&response.status))
}

/// The body of the answer, if it is JSON.
pub(super) fn body_of(exchange: &Exchange) -> Option<Value> {
    match &exchange.reply {
        Reply::Got(response) => serde_json::from_str(&response.body).ok(),
        Reply::Lost(_) | Reply::LetGo(_) => None,
    }
}

/// The card that a create brought.
pub(super) fn made_in(exchange: &Exchange) -> Option<CardId> {
    let is_create = exchange.request.method == "POST" && is_answered_well(exchange);
    let body = body_of(exchange).filter(|_| is_create)?;
    body.get("id")?.as_str().map(CardId::new)
}

fn status_of(view: &Value) -> Option<CardStatus> {
    view.get("status")?.as_str().and_then(CardStatus::from_wire)
}
