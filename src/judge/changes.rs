//! Changes: what a modifying exchange did, in every world, and what is taken over after a departure.

use std::borrow::Cow;

use serde_json::Value;

use super::again::ways_of;
use super::answers::{answered, same_body};
use super::departure::Origin;
use super::facts::Source;
use super::follow::{Found, Judge, Scene, Touch, TouchKind};
use super::pending::forget_pending;
use super::request::Asked;
use crate::card::{Action, CardId, CardStatus, CardType};
use crate::contract::OperationKind;
use crate::requirement::{RequirementId, id};
use crate::trace::{Exchange, Reply};
use crate::world::lifecycle::{Transition, keeping_rule, transition};
use crate::world::ways::{self, Answer, Call, Id, Input, Key, Memory, RefusalKind, Way, Wish};
use crate::world::{Card, Moment, Outcome, Remembered, World};

impl<'a> Judge<'a> {
    pub(super) fn modify(&mut self, scene: &Scene<'_>, call: &Call) {
        let now = scene.now(id::LIFE_1);
        let view = scene
            .json()
            .filter(Value::is_object)
            .filter(|_| scene.is_success());
        let made = view
            .as_ref()
            .filter(|_| matches!(call.wish, Wish::Create { .. }))
            .and_then(|v| v.get("id")?.as_str().map(CardId::new));
        let kind = self.touch_kind(scene, call);
        let reveals = self.may_reveal(call);
        let reused = made
            .as_ref()
            .filter(|id| kind != TouchKind::Replayed && !reveals && self.knows(id))
            .filter(|id| !(self.has_unknown_past() && self.is_of_before(id)))
            .cloned();
        if let (Some(id), Some(view)) = (reused, &view) {
            self.reused_id(scene, call, kind, &id, view);
            self.touch(scene.moment, call, kind);
            return;
        }
        let mut worlds = self.evolve_for(call, now);
        if let Wish::Act(_, Id::Known(card)) = &call.wish
            && !self.is_explained(scene, call, &worlds)
        {
            let old = self.worlds.iter();
            worlds.extend(old.flat_map(|world| self.as_old(world, card, now)));
        }
        let lost = self.lost.clone();
        let shown =
            (self.shows_nothing(scene, call, &worlds)).then(|| self.judgement.exercised.clone());
        let past = self.least_known();
        let is_perhaps_again = self.may_be_given_again(call);
        let repeats = self.judgement.exercised.get(&id::IDEM_3).copied();
        let fits = self.pick(
            scene,
            &worlds,
            |world| ways_of(world, call, past),
            |world, way| {
                let mut next = ways::taken(world, call, way, made.clone(), now)?;
                remember(&mut next, call, way, scene.moment);
                if matches!(way.answer, Answer::Success | Answer::Same(_)) {
                    forget_pending(&mut next, &lost, call);
                }
                Some(next)
            },
        );
        if let Some(shown) = shown.filter(|_| fits) {
            self.judgement.exercised = shown;
        } else if is_perhaps_again && kind != TouchKind::Replayed {
            // That it may have been a repetition puts nothing to the test.
            self.judgement.exercised.remove(&id::IDEM_3);
            let repeats = repeats.map(|times| (id::IDEM_3, times));
            self.judgement.exercised.extend(repeats);
        }
        if fits && is_perhaps_again {
            self.unconfirmed.extend(made.clone());
        }
        if !fits {
            if let Wish::Act(_, Id::Known(card)) = &call.wish {
                self.blame_the_limit(scene, card, &worlds);
            }
            self.take_over(scene, call, made.clone(), kind);
        } else if kind != TouchKind::Replayed && self.earlier_twin(scene, call).is_some() {
            self.show(id::IDEM_11);
        }
        if fits && matches!(kind, TouchKind::Effect(_)) {
            self.slots_are_apart(scene, call);
        }
        self.touch(scene.moment, call, kind);
        match (view.as_ref(), made) {
            (Some(view), Some(id)) if reveals => {
                if fits && kind != TouchKind::Replayed && self.knows(&id) {
                    self.revealed_card(scene, call, &id, view);
                }
            }
            // What an act once did is no look at the card as it is now.
            (Some(_), None) if is_perhaps_again => {}
            (Some(view), made) => self.answer_shows_card(scene, call, kind, made, view),
            (None, _) => {}
        }
    }

    /// Whether some world allows the answer.
    fn is_explained(&self, scene: &Scene<'_>, call: &Call, worlds: &[World]) -> bool {
        let past = self.least_known();
        worlds.iter().any(|world| {
            let ways = ways_of(world, call, past);
            let mut fitting = ways
                .iter()
                .filter(|way| self.fits(&way.answer, scene.response));
            fitting.any(|way| world.with(&way.choices).is_some())
        })
    }

    /// A good call that was refused since its token was over, as far as anybody can tell. That departs from
    /// nothing, but it must have changed nothing.
    pub(super) fn refused_for_token(&mut self, moment: Moment, asked: &Asked) {
        let Some(call) = asked.change() else {
            return;
        };
        for world in &mut self.worlds {
            remember_old_token(world, call, moment);
        }
        self.touch(moment, call, TouchKind::Refused(id::AUTH_12));
    }

    /// The act of a sandbox that the target seems not to have. That is for the profile to say, and no departure.
    pub(super) fn absent_in_sandbox(&self, scene: &Scene<'_>, asked: &Asked) -> Option<String> {
        let Asked::Modify(call) = asked else {
            return None;
        };
        let Wish::Act(action, Id::Known(card)) = &call.wish else {
            return None;
        };
        // It may have failed unseen.
        let may_be_final = || {
            let worlds = self.evolve_for(call, scene.now(id::LIFE_1));
            let mut cards = worlds.iter().filter_map(|world| world.card(card));
            cards.any(|card| card.status.is_final())
        };
        let is_absent = action.is_sandbox()
            && matches!(scene.response.status, 404 | 405 | 501)
            && call.flaw.is_none()
            && !self.has_succeeded(scene.operation)
            && !may_be_final();
        is_absent.then(|| {
            format!(
                "`{action}` was answered {} for a card that is there, as if there were no such call: \
                 say in the profile what the sandbox has (simulator = false under [sandbox], or the right path)",
                scene.response.status
            )
        })
    }

    /// Whether the trace has a success of this operation.
    fn has_succeeded(&self, operation: Option<OperationKind>) -> bool {
        let mut succeeded = self.trace.exchanges.iter().filter(|e| e.is_success());
        operation.is_some_and(|operation| {
            succeeded.any(|exchange| {
                let request = &exchange.request;
                let route = self.contract.route(&request.method, &request.path);
                route.is_some_and(|route| route.operation == operation)
            })
        })
    }

    pub(super) fn answer_shows_card(
        &mut self,
        scene: &Scene<'_>,
        call: &Call,
        kind: TouchKind,
        made: Option<CardId>,
        view: &Value,
    ) {
        match (&call.wish, made) {
            (Wish::Create { .. }, Some(id)) if kind != TouchKind::Replayed && self.knows(&id) => {
                self.show(id::CREATE_5);
                if !call.input.is_invalid() {
                    self.new_card(scene, call, &id, view);
                }
            }
            (Wish::Act(action, Id::Known(card)), _)
                if self.terms.success_shows_card.contains(action)
                    && matches!(kind, TouchKind::Effect(_)) =>
            {
                self.look(scene, &card.clone(), view, Source::Answer);
            }
            _ => {}
        }
    }

    /// An earlier create with the very same payload that succeeded under another key.
    pub(super) fn earlier_twin(&self, scene: &Scene<'_>, call: &Call) -> Option<&'a Exchange> {
        let Wish::Create { .. } = call.wish else {
            return None;
        };
        self.trace.exchanges[..scene.moment].iter().find(|e| {
            let same = e.request.path == scene.exchange.request.path
                && e.request.body == scene.exchange.request.body
                && e.request.header("idempotency-key")
                    != scene.exchange.request.header("idempotency-key");
            same && matches!(&e.reply, Reply::Got(r) if r.status < 300)
        })
    }

    /// A create that is answered with a card that was there before (CREATE-5, IDEM-11).
    pub(super) fn reused_id(
        &mut self,
        scene: &Scene<'_>,
        call: &Call,
        kind: TouchKind,
        card: &CardId,
        view: &Value,
    ) {
        if let (Some(flaw), TouchKind::Refused(id::AUTH_12)) = (call.flaw, kind) {
            let found = Found::plain(
                &format!("{} {flaw}", scene.name()),
                "a refusal, whatever its key has done".into(),
                answered(scene.response),
            );
            return self.depart(scene, &[ways::flaw_rule(flaw)], found);
        }
        let first = self.trace.exchanges[..scene.moment].iter().find(|e| {
            matches!(&e.reply, Reply::Got(r) if r.status < 300 && same_body(&r.body, &scene.response.body))
        });
        let rules: &[RequirementId] = match (kind, &first) {
            _ if call.memory == Memory::Gone => &[id::IDEM_8],
            (TouchKind::Refused(id::IDEM_6), _) => &[id::IDEM_5],
            (TouchKind::Elsewhere, _) => &[id::IDEM_9],
            (_, Some(_)) => &[id::IDEM_11, id::CREATE_5],
            (_, None) => &[id::CREATE_5],
        };
        let found = Found {
            subject: "id of a new card".into(),
            expected: "a card with an id of its own".into(),
            since: first.map(|e| Origin {
                step: e.step,
                rule: id::CREATE_1,
            }),
            actual: format!(
                "{} with the id of an earlier card, `{card}`",
                view["status"]
            ),
            diff: None,
        };
        self.depart(scene, rules, found);
    }

    /// What kind of touch a modifying exchange is, given what is remembered under its key.
    pub(super) fn touch_kind(&self, scene: &Scene<'_>, call: &Call) -> TouchKind {
        let entries = match (&call.key, self.worlds.first()) {
            (Key::Uuid(key), Some(world)) => world.keys.get(key).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        let is_same = |e: &Remembered| matches!(e.outcome, Outcome::Done(moment) if self.same_answer(moment, scene.response));
        let entries = match call.memory {
            Memory::Fading | Memory::Renewed
                if scene.is_success() && !entries.iter().any(is_same) =>
            {
                &[]
            }
            Memory::Kept | Memory::Fading | Memory::Renewed | Memory::Gone => entries,
        };
        let done = |o: &Outcome| matches!(o, Outcome::Done(_));
        let known = entries.iter().find(|e| e.call == call.line);
        let again = known.is_some_and(|e| done(&e.outcome) && e.payload == call.payload)
            || scene.is_success() && self.was_done_unseen(call);
        let changed = known.is_some_and(|e| {
            e.payload != call.payload && (done(&e.outcome) || !scene.is_success())
        });
        let elsewhere = known.is_none() && entries.iter().any(|e| done(&e.outcome));
        if call
            .flaw
            .is_some_and(|flaw| !ways::is_open(flaw) || !scene.is_success())
        {
            TouchKind::Refused(id::AUTH_12)
        } else if changed {
            TouchKind::Refused(id::IDEM_6)
        } else if again {
            TouchKind::Replayed
        } else if scene.is_success() {
            if elsewhere {
                TouchKind::Elsewhere
            } else {
                TouchKind::Effect(self.effect_rule(call))
            }
        } else {
            TouchKind::Refused(match (&call.wish, &call.input) {
                (Wish::Create { .. }, input) if *input != Input::Valid => id::INPUT_7,
                (Wish::Create { .. }, _) => match call.key {
                    Key::Missing | Key::Malformed | Key::Overlong | Key::Exempt => id::INPUT_7,
                    Key::Single | Key::Uuid(_) => id::LIMIT_7,
                },
                (Wish::Act(..), _) => id::LIFE_9,
            })
        }
    }

    /// The rule by which a call that succeeds changes its card; where it should not succeed, the rule that says so.
    pub(super) fn effect_rule(&self, call: &Call) -> RequirementId {
        let Wish::Act(action, Id::Known(card)) = &call.wish else {
            return id::CREATE_1;
        };
        let believed = self.worlds.first().and_then(|w| w.card(card));
        match believed.map(|c| transition(c.status, *action)) {
            Some(Transition::Moves(_, rule)) => rule,
            _ => id::LIFE_10,
        }
    }

    pub(super) fn touch(&mut self, moment: Moment, call: &Call, kind: TouchKind) {
        let (card, account) = match &call.wish {
            Wish::Act(_, Id::Known(card)) => (Some(card.clone()), None),
            Wish::Create {
                account: Id::Known(account),
                ..
            } => (None, Some(account.clone())),
            Wish::Act(..) | Wish::Create { .. } => return,
        };
        self.touches.push(Touch {
            moment,
            card,
            account,
            kind,
        });
    }

    /// After a departure: what was seen is taken for true, so that the rest of the case is judged by itself.
    pub(super) fn take_over(
        &mut self,
        scene: &Scene<'_>,
        call: &Call,
        made: Option<CardId>,
        kind: TouchKind,
    ) {
        if scene.is_success() && kind == TouchKind::Replayed {
            self.name_card(call, made);
            return;
        }
        if !scene.is_success() {
            return;
        }
        let now = scene.now(id::LIFE_1);
        let call = &as_answered(scene, call);
        let mut next = Vec::new();
        for world in &self.worlds {
            let mut base = world.clone();
            if let Key::Uuid(key) = &call.key {
                base.remember(key, &call.line, &call.payload, Outcome::Done(scene.moment));
            }
            let moved = match &call.wish {
                Wish::Create { .. } => {
                    if let Some(card) = ways::new_card(call, made.clone(), None, now) {
                        base.add(card);
                    }
                    None
                }
                Wish::Act(action, Id::Known(card)) => moved_on(&base, *action, card),
                Wish::Act(..) => None,
            };
            // What the contract asks for comes first, so that blame is worded by it.
            next.push(base);
            next.extend(moved);
        }
        self.settle_on(next, scene.exchange.step);
    }

    /// Where the first answer under a key brought no card, that of another request under it tells which it is.
    fn name_card(&mut self, call: &Call, made: Option<CardId>) {
        let Some(made) = made.filter(|made| !self.knows(made)) else {
            return;
        };
        for world in &mut self.worlds {
            let mut cards = world.cards.iter_mut();
            if let Some(card) = cards.find(|c| c.id.is_none() && concerned(c, call)) {
                card.id = Some(made.clone());
            }
        }
    }

    pub(super) fn server_error(&mut self, scene: &Scene<'_>, asked: &Asked) {
        let encoding = scene.exchange.request.encoding;
        let invalid = self.is_bent(scene.exchange)
            || encoding.is_some_and(|encoding| !encoding.is_unicode())
            || match asked {
                Asked::Read(card) => !matches!(card, Id::Known(_)),
                Asked::ListAccount(account) => !matches!(account, Id::Known(_)),
                Asked::ListProgramme
                | Asked::MoveClock(_)
                | Asked::Unseen(..)
                | Asked::SubscribeUnderUsedKey
                | Asked::Webhook
                | Asked::Other => false,
                Asked::OtherMethod(_) | Asked::ForeignSubscription | Asked::NoSubscription => true,
                Asked::Modify(call) => is_invalid(call),
                Asked::Subscribe(input) => input.is_invalid(),
            };
        let rule = if invalid { id::HTTP_3 } else { id::HTTP_2 };
        let found = Found::plain(
            &format!("{} answered {}", scene.name(), scene.response.status),
            if invalid {
                "a refusal (4xx)"
            } else {
                "an answer other than a server error"
            }
            .into(),
            answered(scene.response),
        );
        self.depart(scene, &[rule], found);
    }
}

/// The world in which an answer that should not have been was true. Where a rule of its own keeps the card's status there
/// is none: if the card moves all the same, that is a departure of its own.
fn moved_on(world: &World, action: Action, card: &CardId) -> Option<World> {
    let place = world.position(card)?;
    if keeping_rule(world.cards[place].status) != id::LIFE_9 {
        return None;
    }
    let mut moved = world.clone();
    moved.cards[place].status = destination(action);
    Some(moved)
}

pub(super) fn remember(world: &mut World, call: &Call, way: &Way, moment: Moment) {
    let Key::Uuid(key) = &call.key else {
        return;
    };
    let outcome = match way.answer {
        Answer::Success => Outcome::Done(moment),
        // What is refused for access may be replayed too: the sources speak of error responses without exception.
        Answer::Refusal(_, RefusalKind::Gate) if call.flaw.is_none() => return,
        Answer::Refusal(_, RefusalKind::InFlight) => Outcome::InFlight(1),
        Answer::Refusal(_, RefusalKind::Key) | Answer::Same(_) => return,
        Answer::Refusal(_, kind) => Outcome::Refused(moment, kind),
    };
    world.remember(key, &call.line, &call.payload, outcome);
}

/// What is refused for an old token may be remembered under its key, as other refusals are.
pub(super) fn remember_old_token(world: &mut World, call: &Call, moment: Moment) {
    if let Key::Uuid(key) = &call.key {
        let outcome = Outcome::Refused(moment, RefusalKind::Token);
        world.remember(key, &call.line, &call.payload, outcome);
    }
}

/// Whether a call's answer depends on what a card has turned into by itself.
pub(super) fn concerned(card: &Card, call: &Call) -> bool {
    match &call.wish {
        Wish::Create {
            account: Id::Known(account),
            card_type,
            ..
        } => card.account == *account && Some(card.card_type) == *card_type,
        Wish::Act(_, Id::Known(id)) => card.id.as_ref() == Some(id),
        Wish::Create { .. } | Wish::Act(..) => false,
    }
}

/// A create whose body says no type, with that of the card that came nevertheless.
fn as_answered<'c>(scene: &Scene<'_>, call: &'c Call) -> Cow<'c, Call> {
    let Wish::Create {
        card_type: None, ..
    } = call.wish
    else {
        return Cow::Borrowed(call);
    };
    let shown = scene.json();
    let shown = shown.as_ref().and_then(|card| card.get("type")?.as_str());
    let mut call = call.clone();
    if let Wish::Create { card_type, .. } = &mut call.wish {
        *card_type = shown.and_then(CardType::from_wire);
    }
    Cow::Owned(call)
}

pub(super) fn is_invalid(call: &Call) -> bool {
    let known = match &call.wish {
        Wish::Create { account, .. } => matches!(account, Id::Known(_)),
        Wish::Act(_, card) => matches!(card, Id::Known(_)),
    };
    !known
        || matches!(call.key, Key::Missing | Key::Malformed | Key::Overlong)
        || call.input.is_invalid()
}

pub(super) fn destination(action: Action) -> CardStatus {
    match action {
        Action::Activate | Action::Issue | Action::Unsuspend => CardStatus::Active,
        Action::Deactivate => CardStatus::Inactive,
        Action::Terminate => CardStatus::Terminated,
        Action::Fail => CardStatus::IssueFailed,
        Action::Suspend => CardStatus::Suspended,
        Action::Block => CardStatus::Blocked,
    }
}
