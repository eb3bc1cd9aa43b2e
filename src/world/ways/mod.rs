//! The ways a call may go in a world: every answer that the contract allows there, and what each brings about.

mod flaw;
mod keys;
mod request;
mod state;
mod subscription;

use crate::card::{AccountId, Action, CardId, CardStatus, CardType};
use crate::case::Flaw;
use crate::requirement::{RequirementId, id};
use crate::trace::Issuance;

use super::{Card, Choice, Moment, Since, World};

pub use flaw::{flaw_rule, is_open, ways_with_flaw};
pub use keys::refusals_elsewhere;
pub use request::{account_refusals, card_refusals};
pub use state::over_the_limit;
pub use subscription::{absent_subscription_ways, keyless_ways, subscription_ways, used_key_ways};

use keys::{
    refusals_in_flight, ways_after_the_hour, ways_under_fading_key, ways_under_key,
    ways_under_renewed_key,
};
use request::{fresh_ways, gate_refusals};
use state::slot_may_be_free;

/// An id in a path, as far as the case knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id<T> {
    /// One of the case's own.
    Known(T),
    /// Well-formed, and nobody's.
    Unknown,
    /// Another programme's.
    Foreign,
    /// No UUID.
    Malformed,
    /// No UUID, but a card's with something around it, or longer than any id. What lies before the API (a parser of paths, a
    /// limit of its length) may refuse it too, so that it need not be refused as other ids are.
    Odd,
}

/// The idempotency key of a modifying call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// None was sent.
    Missing,
    /// It is no UUID.
    Malformed,
    /// It is longer than any key, which may be more than a header field can hold.
    Overlong,
    /// A UUID that no other request of the case has.
    Single,
    /// A UUID that others have too, in lower case.
    Uuid(String),
    /// The call is not in the contract (an issuer's act), so none is asked for.
    Exempt,
}

/// What a correct target remembers of a key that was used before (contract.md, idempotency).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// All of it. So it is with a key that was never used.
    #[default]
    Kept,
    /// The hour is about over: all of it, or nothing.
    Fading,
    /// The hour since its first call is over, that since its last retry is not: all of it, or nothing, by how OPEN-46 is read.
    Renewed,
    /// Nothing: the hour is over.
    Gone,
}

/// What the contract says of a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is valid.
    Valid,
    /// It is not, by this rule.
    Invalid(RequirementId),
    /// It is said to be of this media type, which is another than JSON's.
    OtherMedia(String),
    /// It is valid but touches open points, each accepted or refused.
    Open(Vec<Choice>),
}

impl Input {
    /// Whether a call with it is to be refused.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::OtherMedia(_))
    }
}

/// What a modifying call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A new card.
    Create {
        /// In this account.
        account: Id<AccountId>,
        /// Of this type, as far as the body says one.
        card_type: Option<CardType>,
        /// The body has text beyond ASCII.
        beyond_ascii: bool,
    },
    /// A change of a card's status.
    Act(Action, Id<CardId>),
}

/// A modifying call, as the contract sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is called in readings: the operation's name.
    pub name: &'static str,
    /// What it asks for.
    pub wish: Wish,
    /// Its key.
    pub key: Key,
    /// What is remembered of the key.
    pub memory: Memory,
    /// The method and the path, ids in lower case.
    pub line: String,
    /// Its body, byte for byte.
    pub payload: String,
    /// What the contract says of the body.
    pub input: Input,
    /// A flaw in access or integrity.
    pub flaw: Option<Flaw>,
    /// The requests with its key that are in flight at the same time.
    pub in_flight: InFlight,
    /// A request with its key whose answer was lost may still be at work.
    pub lost_may_linger: bool,
}

/// How many requests with the same key as a call are in flight at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    /// The very same request.
    pub same: usize,
    /// Requests for something else.
    pub other: usize,
}

/// The kinds of refusal that may be remembered under a key, each in a way of its own (OPEN-16, OPEN-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// Access, integrity, the key's form: refused before anything is remembered.
    Gate,
    /// A good request, but for a token that was over by then.
    Token,
    /// The body can't be read at all: many refuse it before they look at the key.
    Form,
    /// The body.
    Input,
    /// The id.
    Id,
    /// The card's state.
    State,
    /// The limit.
    Limit,
    /// The key is taken.
    Key,
    /// The key is taken for the moment, by a request that is in flight.
    InFlight,
}

impl RefusalKind {
    fn scope(self) -> &'static str {
        match self {
            Self::Gate => "access",
            Self::Token => "expired token",
            Self::Form => "unreadable body",
            Self::Input => "invalid body",
            Self::Id => "unknown id",
            Self::State => "state",
            Self::Limit => "limit",
            Self::Key | Self::InFlight => "key",
        }
    }
}

/// An answer that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The operation's success.
    Success,
    /// A refusal with this status code.
    Refusal(u16, RefusalKind),
    /// The very answer of this moment.
    Same(Moment),
}

/// What a way brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// A card.
    Create {
        /// It is going to fail, since by this rule the slot is taken.
        over_limit: Option<RequirementId>,
    },
    /// The card at this place gets this status.
    Become(usize, CardStatus),
    /// The card at this place, whose create was never answered, is the one in this answer.
    Reveal(usize),
}

/// One way a call may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The rule that says so.
    pub rule: RequirementId,
    /// Rules that may be to blame instead when this way is not taken.
    pub instead: Vec<RequirementId>,
    /// The answer.
    pub answer: Answer,
    /// The readings under which this way is open.
    pub choices: Vec<Choice>,
    /// What it brings about.
    pub effect: Effect,
}

impl Way {
    fn refusal(rule: RequirementId, status: u16, kind: RefusalKind) -> Self {
        Self {
            rule,
            instead: Vec::new(),
            answer: Answer::Refusal(status, kind),
            choices: Vec::new(),
            effect: Effect::Nothing,
        }
    }

    /// The operation's success, by this rule.
    pub fn success(rule: RequirementId, effect: Effect) -> Self {
        Self {
            rule,
            instead: Vec::new(),
            answer: Answer::Success,
            choices: Vec::new(),
            effect,
        }
    }

    /// The rule by which a card has the status that this way gives it. Where it was open whether the call would be
    /// refused, its success binds it to the rule of the ordinary case.
    fn establishes(&self) -> RequirementId {
        match self.rule {
            id::OPEN_4 => id::LIFE_2,
            id::OPEN_5 => id::LIFE_3,
            id::OPEN_6 => id::LIFE_5,
            rule => rule,
        }
    }

    fn given(mut self, choice: Choice) -> Self {
        self.choices.push(choice);
        self
    }
}

/// Refusals with each of these codes, the code being a reading of `point` in `scope`.
fn refusals(
    rule: RequirementId,
    kind: RefusalKind,
    codes: &[u16],
    point: RequirementId,
    scope: &str,
) -> Vec<Way> {
    codes
        .iter()
        .map(|code| {
            Way::refusal(rule, *code, kind).given(Choice::new(point, scope, &code.to_string()))
        })
        .collect()
}

/// Every way the call may go in this world.
pub fn ways(world: &World, call: &Call) -> Vec<Way> {
    let unflawed = || match &call.key {
        Key::Missing => gate_refusals(world, call, id::IDEM_1),
        Key::Malformed => gate_refusals(world, call, id::IDEM_2),
        Key::Overlong => {
            let mut ways = gate_refusals(world, call, id::IDEM_2);
            // RFC 6585, section 5.
            ways.push(Way::refusal(id::IDEM_2, 431, RefusalKind::Gate));
            ways
        }
        Key::Exempt | Key::Single => fresh_ways(world, call),
        Key::Uuid(key) => {
            let entries = world.keys.get(key).map_or(&[][..], Vec::as_slice);
            let mut ways = match call.memory {
                Memory::Kept => ways_under_key(world, call, entries),
                Memory::Fading => ways_under_fading_key(world, call, entries),
                Memory::Renewed => ways_under_renewed_key(world, call, entries),
                Memory::Gone => ways_after_the_hour(world, call),
            };
            ways.extend(refusals_in_flight(call.in_flight, entries));
            ways
        }
    };
    match call.flaw {
        Some(flaw) => ways_with_flaw(flaw, unflawed),
        None => unflawed(),
    }
}

fn all_given(ways: Vec<Way>, choice: &Choice) -> impl Iterator<Item = Way> + '_ {
    ways.into_iter().map(|way| way.given(choice.clone()))
}

/// The worlds into which a world may have turned by itself, as far as the card at `place` goes (contract.md, states).
pub fn evolved(world: &World, place: usize, issuance: Issuance, moment: Since) -> Vec<World> {
    let card = &world.cards[place];
    let mut worlds = vec![world.clone()];
    if card.status != CardStatus::Issuing {
        return worlds;
    }
    let automatic = issuance == Issuance::Automatic;
    let mut turn = |status: CardStatus, rule: RequirementId| {
        let mut turned = world.clone();
        turned.cards[place].status = status;
        turned.cards[place].issued |= status == CardStatus::Active;
        turned.cards[place].since = Since { rule, ..moment };
        worlds.push(turned);
    };
    if automatic && (card.over_limit.is_none() || slot_may_be_free(world, place)) {
        turn(CardStatus::Active, id::LIFE_1);
    }
    if card.over_limit.is_some() {
        turn(CardStatus::IssueFailed, id::LIMIT_4);
    } else if automatic {
        turn(CardStatus::IssueFailed, id::LIFE_1);
    }
    worlds
}

/// The worlds into which a world may have turned by what others did, as far as the card at `place` goes: it is in any state
/// that calls, the issuer or time lead to.
pub fn changed_by_others(world: &World, place: usize, moment: Since) -> Vec<World> {
    let card = &world.cards[place];
    let reachable = CardStatus::ALL.into_iter().filter(|status| {
        let is_left_for = *status != CardStatus::Issuing && *status != CardStatus::IssueFailed;
        *status != card.status
            && match card.status {
                CardStatus::Issuing => *status != CardStatus::Issuing,
                from => !from.is_final() && is_left_for,
            }
    });
    let mut worlds = vec![world.clone()];
    for status in reachable {
        let mut turned = world.clone();
        turned.cards[place].status = status;
        turned.cards[place].since = Since {
            rule: id::LIFE_1,
            ..moment
        };
        match card.over_limit.is_some() && !status.is_final() {
            true => worlds.extend(without_rivals(&turned, place)),
            false => worlds.push(turned),
        }
    }
    worlds
}

/// A card over the limit becomes usable only where whatever holds the slot has ended.
fn without_rivals(world: &World, place: usize) -> Vec<World> {
    let card = &world.cards[place];
    let is_rival = |other: &Card| {
        other.id != card.id
            && other.account == card.account
            && other.card_type == card.card_type
            && super::limit::holds(other)
    };
    let ended = |status| {
        let mut world = world.clone();
        let rivals = world.cards.iter_mut().filter(|other| is_rival(other));
        rivals.for_each(|rival| rival.status = status);
        world
    };
    [CardStatus::Terminated, CardStatus::Blocked]
        .map(ended)
        .into()
}

/// The world after a way was taken. `made` is the id in the answer, where one came.
pub fn taken(
    world: &World,
    call: &Call,
    way: &Way,
    made: Option<CardId>,
    now: Since,
) -> Option<World> {
    let mut next = world.with(&way.choices)?;
    if let (Key::Uuid(key), true) = (&call.key, keys::forgets(way)) {
        next.keys.remove(key);
    }
    match way.effect {
        Effect::Nothing => {}
        // A new card has an id of its own.
        Effect::Create { .. } if made.as_ref().is_some_and(|id| world.position(id).is_some()) => {
            return None;
        }
        Effect::Create { over_limit } => {
            if let Some(card) = new_card(call, made, over_limit, now) {
                next.add(card);
            }
        }
        Effect::Become(place, status) => {
            let by_issuance = !matches!(
                call.wish,
                Wish::Act(Action::Activate | Action::Deactivate, _)
            );
            next.cards[place].issued |= by_issuance && status == CardStatus::Active;
            next.cards[place].status = status;
            next.cards[place].since = Since {
                rule: way.establishes(),
                ..now
            };
        }
        // A list may have shown it before; then it must be the same one.
        Effect::Reveal(place) if next.cards[place].id.is_none() => {
            if made.as_ref().is_some_and(|id| world.position(id).is_some()) {
                return None;
            }
            next.cards[place].id = made;
        }
        Effect::Reveal(place) if made.is_some() && next.cards[place].id != made => return None,
        Effect::Reveal(_) => {}
    }
    Some(next)
}

/// The card that a create makes.
pub fn new_card(
    call: &Call,
    id: Option<CardId>,
    over_limit: Option<RequirementId>,
    now: Since,
) -> Option<Card> {
    let Wish::Create {
        account: Id::Known(account),
        card_type: Some(card_type),
        ..
    } = &call.wish
    else {
        return None;
    };
    Some(Card {
        id,
        account: account.clone(),
        card_type: *card_type,
        status: CardStatus::Issuing,
        over_limit,
        issued: false,
        made_by: now.step,
        since: Since {
            rule: id::LIFE_1,
            ..now
        },
    })
}
