//! The ways a call may go in a world: every answer that the contract allows there, and what each brings about.

use crate::card::{AccountId, Action, CardId, CardStatus, CardType};
use crate::case::Flaw;
use crate::requirement::{RequirementId, id};
use crate::trace::Issuance;

use super::lifecycle::{Transition, transition};
use super::limit::{self, Slot};
use super::{Card, Choice, Moment, Outcome, Remembered, Since, World};

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
}

/// The idempotency key of a modifying call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// None was sent.
    Missing,
    /// It is no UUID.
    Malformed,
    /// A UUID, in lower case.
    Uuid(String),
    /// The call is not in the contract (an issuer's act), so none is asked for.
    Exempt,
}

/// What the contract says of a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is valid.
    Valid,
    /// It is not, by this rule.
    Invalid(RequirementId),
    /// It is valid but touches open points, each accepted or refused.
    Open(Vec<Choice>),
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
    /// The method and the path, ids in lower case.
    pub line: String,
    /// Its body, byte for byte.
    pub payload: String,
    /// What the contract says of the body.
    pub input: Input,
    /// A flaw in access or integrity.
    pub flaw: Option<Flaw>,
}

/// The kinds of refusal that may be remembered under a key, each in a way of its own (OPEN-16, OPEN-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// Access, integrity, the key's form: refused before anything is remembered.
    Gate,
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
}

impl RefusalKind {
    fn scope(self) -> &'static str {
        match self {
            Self::Gate => "access",
            Self::Form => "unreadable body",
            Self::Input => "invalid body",
            Self::Id => "unknown id",
            Self::State => "state",
            Self::Limit => "limit",
            Self::Key => "key",
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

    fn success(rule: RequirementId, effect: Effect) -> Self {
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
    if let Some(flaw) = call.flaw {
        return flaw_refusals(flaw);
    }
    match &call.key {
        Key::Missing => gate_refusals(world, call, id::IDEM_1),
        Key::Malformed => gate_refusals(world, call, id::IDEM_2),
        Key::Exempt => fresh_ways(world, call),
        Key::Uuid(key) => {
            let entries = world.keys.get(key).map_or(&[][..], Vec::as_slice);
            ways_under_key(world, call, entries)
        }
    }
}

/// The rule that a flaw tests.
pub fn flaw_rule(flaw: Flaw) -> RequirementId {
    match flaw {
        Flaw::NoBearer => id::AUTH_1,
        Flaw::WrongBearer => id::AUTH_2,
        Flaw::NoSignature => id::AUTH_4,
        Flaw::BrokenSignature => id::AUTH_5,
        Flaw::UnknownKeyId => id::AUTH_6,
        Flaw::WrongAlgorithm => id::AUTH_7,
        Flaw::UncoveredMethod | Flaw::UncoveredTarget | Flaw::UncoveredDigest => id::AUTH_8,
        Flaw::ChangedHeader => id::AUTH_9,
        Flaw::WrongDigest | Flaw::WrongOtherDigest => id::AUTH_10,
        Flaw::NoDigest => id::AUTH_11,
    }
}

/// The refusals that a flaw allows. A bearer's is 401; the others' code is open for each kind.
pub fn flaw_refusals(flaw: Flaw) -> Vec<Way> {
    let rule = flaw_rule(flaw);
    match flaw {
        Flaw::NoBearer | Flaw::WrongBearer => vec![Way::refusal(rule, 401, RefusalKind::Gate)],
        _ => refusals(
            rule,
            RefusalKind::Gate,
            &[401, 400],
            id::OPEN_28,
            flaw.words(),
        ),
    }
}

/// A call without a good key is refused for it, or for whatever else is wrong with it.
fn gate_refusals(world: &World, call: &Call, rule: RequirementId) -> Vec<Way> {
    let mut ways = vec![Way::refusal(rule, 400, RefusalKind::Gate)];
    if matches!(call.wish, Wish::Act(Action::Issue | Action::Fail, _)) {
        // The simulator is no part of the product: whether it insists on the key says nothing of the implementation.
        ways.extend(fresh_ways(world, call));
    } else {
        ways.extend(request_refusals(world, call));
    }
    ways
}

fn ways_under_key(world: &World, call: &Call, entries: &[Remembered]) -> Vec<Way> {
    let own = entries.iter().find(|entry| entry.call == call.line);
    let is_used_elsewhere = entries.iter().any(|entry| entry.call != call.line);
    let Some(entry) = own else {
        return if is_used_elsewhere {
            ways_elsewhere(world, call, entries)
        } else {
            fresh_ways(world, call)
        };
    };
    let mut ways = if entry.payload == call.payload {
        ways_again(world, call, entry.outcome)
    } else {
        ways_changed(world, call, entry.outcome)
    };
    if is_used_elsewhere && !matches!(entry.outcome, Outcome::Done(_) | Outcome::LostDone(_)) {
        // A refusal need not have taken the key, so the other call may have it.
        ways.extend(refusals_elsewhere());
    }
    ways
}

/// The same request under its key (IDEM-3, OPEN-16).
fn ways_again(world: &World, call: &Call, outcome: Outcome) -> Vec<Way> {
    match outcome {
        Outcome::Done(moment) => vec![same(moment)],
        Outcome::Refused(moment, kind) => {
            let reading = |words| Choice::new(id::OPEN_16, kind.scope(), words);
            let replayed = same(moment).given(reading("replayed"));
            std::iter::once(replayed)
                .chain(all_given(fresh_ways(world, call), &reading("tried afresh")))
                .collect()
        }
        Outcome::LostUndone => with_in_flight(fresh_ways(world, call)),
        Outcome::LostDone(card) => with_in_flight(vec![Way::success(
            id::IDEM_3,
            card.map_or(Effect::Nothing, Effect::Reveal),
        )]),
    }
}

fn same(moment: Moment) -> Way {
    Way {
        rule: id::IDEM_3,
        instead: Vec::new(),
        answer: Answer::Same(moment),
        choices: Vec::new(),
        effect: Effect::Nothing,
    }
}

/// A request whose answer was lost may still be at work.
fn with_in_flight(mut ways: Vec<Way>) -> Vec<Way> {
    ways.push(Way::refusal(id::IDEM_7, 409, RefusalKind::Gate));
    ways
}

/// Another payload under a used key (IDEM-5, OPEN-17).
fn ways_changed(world: &World, call: &Call, outcome: Outcome) -> Vec<Way> {
    let refused = refusals(id::IDEM_5, RefusalKind::Key, &[422, 409], id::OPEN_14, "");
    match outcome {
        Outcome::Done(_) | Outcome::LostDone(_) => refused
            .into_iter()
            .chain(request_refusals(world, call))
            .chain(open_refusals(call))
            .collect(),
        Outcome::Refused(_, kind) => {
            let reading = |words| Choice::new(id::OPEN_17, kind.scope(), words);
            all_given(refused, &reading("refused"))
                .chain(all_given(fresh_ways(world, call), &reading("taken afresh")))
                .collect()
        }
        Outcome::LostUndone => refused.into_iter().chain(fresh_ways(world, call)).collect(),
    }
}

fn refusals_elsewhere() -> [Way; 3] {
    [400, 409, 422].map(|code| Way::refusal(id::IDEM_9, code, RefusalKind::Key))
}

/// A used key on another call (IDEM-9, OPEN-15). A key whose calls were refused, or never arrived, may not count
/// as used.
fn ways_elsewhere(world: &World, call: &Call, entries: &[Remembered]) -> Vec<Way> {
    let refused = refusals_elsewhere();
    let fresh = fresh_ways(world, call).into_iter().map(|mut way| {
        if way.answer == Answer::Success {
            way.instead.insert(0, way.rule);
            way.rule = id::IDEM_9;
        }
        way
    });
    if entries
        .iter()
        .all(|e| matches!(e.outcome, Outcome::Refused(..) | Outcome::LostUndone))
    {
        return refused.into_iter().chain(fresh).collect();
    }
    let reading = |words| Choice::new(id::OPEN_15, "", words);
    all_given(refused.into(), &reading("refused"))
        .chain(all_given(fresh.collect(), &reading("new request")))
        .collect()
}

fn all_given(ways: Vec<Way>, choice: &Choice) -> impl Iterator<Item = Way> + '_ {
    ways.into_iter().map(|way| way.given(choice.clone()))
}

/// The call as if its key had never been used.
fn fresh_ways(world: &World, call: &Call) -> Vec<Way> {
    let refusals = request_refusals(world, call);
    if !refusals.is_empty() {
        return refusals;
    }
    let ways = state_ways(world, call);
    let Input::Open(points) = &call.input else {
        return ways;
    };
    let accepted = ways.into_iter().map(|mut way| {
        way.choices.extend(points.iter().cloned());
        way
    });
    open_refusals(call).into_iter().chain(accepted).collect()
}

/// The refusals of a body for what the contract leaves open in it.
fn open_refusals(call: &Call) -> Vec<Way> {
    let Input::Open(points) = &call.input else {
        return Vec::new();
    };
    let refusal = |accepted: &Choice| {
        let refused = Choice {
            reading: 1,
            ..accepted.clone()
        };
        Way::refusal(accepted.point, 400, RefusalKind::Input).given(refused)
    };
    points.iter().map(refusal).collect()
}

/// What is wrong with the request itself, whatever state the card is in.
fn request_refusals(world: &World, call: &Call) -> Vec<Way> {
    let mut refusals = match &call.wish {
        Wish::Create { account, .. } => account_refusals(account, call.name),
        Wish::Act(_, card) => card_refusals(card, call.name),
    };
    match call.input {
        Input::Invalid(id::INPUT_6) => refusals.extend(self::refusals(
            id::INPUT_6,
            RefusalKind::Form,
            &[415, 400],
            id::OPEN_27,
            "",
        )),
        Input::Invalid(rule) => {
            let kind = if rule == id::INPUT_5 {
                RefusalKind::Form
            } else {
                RefusalKind::Input
            };
            refusals.push(Way::refusal(rule, 400, kind));
            if call.payload.is_empty() {
                // The digest of nothing is a digest without a body, which is open and may be refused as a flaw in access.
                refusals.push(Way::refusal(rule, 401, RefusalKind::Gate));
            }
            refusals.extend(
                state_ways(world, call)
                    .into_iter()
                    .filter(|way| matches!(way.answer, Answer::Refusal(..))),
            );
        }
        Input::Valid | Input::Open(_) => {}
    }
    refusals
}

/// The refusals that an account id allows; none for one of the case's own.
pub fn account_refusals(account: &Id<AccountId>, operation: &str) -> Vec<Way> {
    id_refusals(account, operation, id::ID_3, id::ID_4)
}

/// The refusals that a card id allows; none for one of the case's own.
pub fn card_refusals(card: &Id<CardId>, operation: &str) -> Vec<Way> {
    id_refusals(card, operation, id::ID_1, id::ID_2)
}

fn id_refusals<T>(
    found: &Id<T>,
    operation: &str,
    unknown: RequirementId,
    malformed: RequirementId,
) -> Vec<Way> {
    let kind = RefusalKind::Id;
    match found {
        Id::Known(_) => Vec::new(),
        Id::Unknown => refusals(unknown, kind, &[404, 400], id::OPEN_18, operation),
        Id::Malformed => refusals(malformed, kind, &[404, 400], id::OPEN_19, operation),
        Id::Foreign => {
            let as_unknown = Way::refusal(id::ID_5, 400, kind)
                .given(Choice::new(id::OPEN_20, operation, "as unknown ids"))
                .given(Choice::new(id::OPEN_18, operation, "400"));
            refusals(id::ID_5, kind, &[404, 403], id::OPEN_20, operation)
                .into_iter()
                .chain([as_unknown])
                .collect()
        }
    }
}

fn state_ways(world: &World, call: &Call) -> Vec<Way> {
    match &call.wish {
        Wish::Create {
            account: Id::Known(account),
            card_type: Some(card_type),
            beyond_ascii,
        } => create_ways(world, account, *card_type, *beyond_ascii),
        Wish::Act(action, Id::Known(card)) => world
            .position(card)
            .map_or_else(Vec::new, |place| act_ways(world, *action, place)),
        Wish::Create { .. } | Wish::Act(..) => Vec::new(),
    }
}

fn create_ways(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    beyond_ascii: bool,
) -> Vec<Way> {
    limit::slots(world, account, card_type, None)
        .into_iter()
        .flat_map(|slot| match slot {
            Slot::Free(choices) => {
                let mut suspects = free_slot_rules(world, account, card_type, beyond_ascii);
                let mut way = Way::success(suspects.remove(0), Effect::Create { over_limit: None });
                way.instead = suspects;
                way.choices = choices;
                vec![way]
            }
            Slot::Held(holder, choice) => {
                let rule = limit::rule(world.cards[holder].status);
                let fails = Way::success(
                    rule,
                    Effect::Create {
                        over_limit: Some(rule),
                    },
                )
                .given(Choice::new(id::OPEN_8, "", "fails later"));
                let codes = &[400, 403, 409, 422];
                refusals(rule, RefusalKind::Limit, codes, id::OPEN_8, "")
                    .into_iter()
                    .chain([fails])
                    .map(|mut way| {
                        way.choices.extend(choice.clone());
                        way
                    })
                    .collect()
            }
        })
        .collect()
}

/// The rules by which a create into a free slot succeeds, the most telling first.
fn free_slot_rules(
    world: &World,
    account: &AccountId,
    card_type: CardType,
    beyond_ascii: bool,
) -> Vec<RequirementId> {
    let holder = |same_account: bool, same_type: bool| {
        world.cards.iter().any(|card| {
            (card.account == *account) == same_account
                && (card.card_type == card_type) == same_type
                && limit::holds(card)
        })
    };
    let mut rules = Vec::new();
    if beyond_ascii {
        rules.push(id::INPUT_8);
    }
    if holder(true, false) {
        rules.push(id::LIMIT_2);
    }
    if holder(false, true) {
        rules.push(id::LIMIT_3);
    }
    rules.push(id::CREATE_1);
    rules
}

fn act_ways(world: &World, action: Action, place: usize) -> Vec<Way> {
    let card = &world.cards[place];
    let scope = format!("{action} on {}", card.status);
    let refused = |rule| {
        let codes: &[u16] = if card.status.is_final() {
            &[400, 404, 409, 422]
        } else {
            &[400, 409, 422]
        };
        refusals(rule, RefusalKind::State, codes, id::OPEN_7, &scope)
    };
    if card.over_limit.is_some() && card.status == CardStatus::Issuing {
        return over_limit_ways(
            world,
            action,
            place,
            refused(limit::rule(CardStatus::Active)),
        );
    }
    match transition(card.status, action) {
        Transition::Moves(to, rule) => vec![Way::success(rule, Effect::Become(place, to))],
        Transition::Refused(rule) => refused(rule),
        Transition::RepeatOpen(point) => {
            let scope = if point == id::OPEN_29 {
                scope.as_str()
            } else {
                ""
            };
            let reading = |words| Choice::new(point, scope, words);
            let success = Way::success(point, Effect::Nothing).given(reading("success"));
            all_given(refused(point), &reading("refused"))
                .chain([success])
                .collect()
        }
        Transition::MoveOpen(to, point) => {
            let reading = |words| Choice::new(point, "", words);
            let moved = Way::success(point, Effect::Become(place, to)).given(reading("changes"));
            all_given(refused(point), &reading("refused"))
                .chain([moved])
                .collect()
        }
    }
}

/// A card over the limit only ever fails, or is terminated; it becomes usable only if the slot has been freed meanwhile.
fn over_limit_ways(world: &World, action: Action, place: usize, refused: Vec<Way>) -> Vec<Way> {
    let rule = id::LIMIT_4;
    let becomes = |status| Way::success(rule, Effect::Become(place, status));
    let may_become_usable = slot_may_be_free(world, place);
    let mut ways = refused;
    match action {
        Action::Issue => {
            ways.push(becomes(CardStatus::IssueFailed));
            if may_become_usable {
                ways.push(becomes(CardStatus::Active));
            }
        }
        Action::Fail => ways.push(becomes(CardStatus::IssueFailed)),
        Action::Terminate => ways.push(becomes(CardStatus::Terminated)),
        Action::Activate if may_become_usable => ways.push(becomes(CardStatus::Active)),
        Action::Deactivate if may_become_usable => ways.push(becomes(CardStatus::Inactive)),
        Action::Activate
        | Action::Deactivate
        | Action::Suspend
        | Action::Unsuspend
        | Action::Block => {}
    }
    ways
}

fn slot_may_be_free(world: &World, place: usize) -> bool {
    let card = &world.cards[place];
    limit::slots(world, &card.account, card.card_type, Some(place))
        .iter()
        .any(|slot| match slot {
            Slot::Free(choices) => world.with(choices).is_some(),
            Slot::Held(..) => false,
        })
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

/// The world after a way was taken. `made` is the id in the answer, where one came.
pub fn taken(
    world: &World,
    call: &Call,
    way: &Way,
    made: Option<CardId>,
    now: Since,
) -> Option<World> {
    let mut next = world.with(&way.choices)?;
    match way.effect {
        Effect::Nothing => {}
        Effect::Create { over_limit } => {
            if let Some(card) = new_card(call, made, over_limit, now) {
                next.cards.push(card);
            }
        }
        Effect::Become(place, status) => {
            let by_issuance = !matches!(way.rule, id::OPEN_4 | id::OPEN_5 | id::LIFE_3);
            next.cards[place].issued |= by_issuance && status == CardStatus::Active;
            next.cards[place].status = status;
            next.cards[place].since = Since {
                rule: way.establishes(),
                ..now
            };
        }
        // A list may have shown it before; then it must be the same one.
        Effect::Reveal(place) if next.cards[place].id.is_none() => next.cards[place].id = made,
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
