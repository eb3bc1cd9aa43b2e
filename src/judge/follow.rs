//! The thread through a case: each exchange filters and extends the worlds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Judgement;
use super::departure::{Departure, Origin, json_diff};
use super::facts::{Facts, Source};
use super::request::{Asked, Understood};
use super::wire;
use crate::card::{AccountId, CardId, CardStatus};
use crate::case::{Flaw, StepNumber};
use crate::contract::{Contract, OperationKind};
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, Obstacle, Reply, Response, Terms};
use crate::world::lifecycle::{Transition, keeping_rule, transition};
use crate::world::ways::{self, Answer, Call, Effect, Id, Input, Key, RefusalKind, Way, Wish};
use crate::world::{Card, Choice, Choices, Moment, Outcome, Since, World};

/// More worlds than this are not followed: the case ends there with an obstacle, never with a silent verdict.
const WORLDS_MAX: usize = 4096;

/// What a modifying exchange did or tried, for finding out who is to blame for a change.
#[derive(Clone, Debug)]
pub(super) struct Touch {
    pub moment: Moment,
    /// The card it was aimed at; none for a create.
    pub card: Option<CardId>,
    /// The account, for a create.
    pub account: Option<AccountId>,
    pub kind: TouchKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TouchKind {
    /// It was refused; by this rule it must have changed nothing.
    Refused(RequirementId),
    /// It was answered as a retry; the action was done before.
    Replayed,
    /// It succeeded under a key of another call.
    Elsewhere,
    /// It succeeded, or nobody knows; by this rule it may have changed the card.
    Effect(RequirementId),
}

/// The judge of one case.
pub(super) struct Judge<'a> {
    pub contract: &'a Contract,
    pub terms: &'a Terms,
    pub trace: &'a CaseTrace,
    pub worlds: Vec<World>,
    pub touches: Vec<Touch>,
    pub facts: BTreeMap<CardId, Facts>,
    pub judgement: Judgement,
    gave_up: bool,
}

/// An exchange being judged.
#[derive(Clone, Copy)]
pub(super) struct Scene<'t> {
    pub moment: Moment,
    pub exchange: &'t Exchange,
    pub response: &'t Response,
    pub operation: Option<OperationKind>,
    pub id_in_upper_case: bool,
    pub key_in_upper_case: bool,
}

impl Scene<'_> {
    pub fn now(&self, rule: RequirementId) -> Since {
        Since {
            moment: self.moment,
            step: self.exchange.step,
            rule,
        }
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.response.body).ok()
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.response.status)
    }

    fn name(&self) -> &'static str {
        self.operation.map_or("call", OperationKind::name)
    }
}

impl<'a> Judge<'a> {
    pub fn new(contract: &'a Contract, terms: &'a Terms, trace: &'a CaseTrace) -> Self {
        let start = World {
            choices: Choices::pinned(&terms.pins),
            ..World::default()
        };
        Self {
            contract,
            terms,
            trace,
            worlds: vec![start],
            touches: Vec::new(),
            facts: BTreeMap::new(),
            judgement: Judgement {
                number: trace.number,
                obstacles: trace.obstacles.clone(),
                ..Judgement::default()
            },
            gave_up: false,
        }
    }

    pub fn run(mut self) -> Judgement {
        for (moment, exchange) in self.trace.exchanges.iter().enumerate() {
            self.exchange(moment, exchange);
            if self.gave_up {
                break;
            }
        }
        self.judgement.readings = self.readings();
        self.judgement
    }

    fn readings(&self) -> BTreeMap<(RequirementId, String), BTreeSet<usize>> {
        let Some((first, others)) = self.worlds.split_first() else {
            return BTreeMap::new();
        };
        first
            .choices
            .iter()
            .filter_map(|((point, scope), reading)| {
                let rest: Option<Vec<usize>> = others
                    .iter()
                    .map(|w| w.choices.get(*point, scope))
                    .collect();
                let left = rest?.into_iter().chain([reading]).collect();
                Some(((*point, scope.clone()), left))
            })
            .collect()
    }

    fn exchange(&mut self, moment: Moment, exchange: &'a Exchange) {
        let Understood {
            operation,
            asked,
            id_in_upper_case,
            key_in_upper_case,
        } = self.understand(exchange);
        let response = match &exchange.reply {
            Reply::Lost(words) => {
                self.obstacle(exchange.step, format!("no answer: {words}"));
                return self.unanswered(moment, exchange, &asked);
            }
            Reply::Got(response) => response,
        };
        let scene = Scene {
            moment,
            exchange,
            response,
            operation,
            id_in_upper_case,
            key_in_upper_case,
        };
        if matches!(response.status, 429 | 503) {
            return self.unanswered(moment, exchange, &asked);
        }
        wire::check(self, &scene);
        if response.status >= 500 {
            self.server_error(&scene, &asked);
            return self.unanswered(moment, exchange, &asked);
        }
        match asked {
            Asked::Read(card) => self.read(&scene, &card),
            Asked::ListAccount(account) => self.list_account(&scene, &account),
            Asked::ListProgramme => self.list_programme(&scene),
            Asked::Modify(call) => self.modify(&scene, &call),
            Asked::Other => {}
        }
    }

    // ── what every part needs ────────────────────────────────────────────────────────────────────

    pub fn knows(&self, card: &CardId) -> bool {
        self.worlds.iter().any(|w| w.position(card).is_some())
    }

    pub fn made_by(&self, step: StepNumber) -> Option<CardId> {
        let cards = &self.worlds.first()?.cards;
        cards.iter().find(|c| c.made_by == step)?.id.clone()
    }

    pub fn show(&mut self, rule: RequirementId) {
        *self.judgement.exercised.entry(rule).or_default() += 1;
    }

    /// Records a departure. The first rule is the one to blame, the others may be.
    pub fn depart(&mut self, scene: &Scene<'_>, rules: &[RequirementId], found: Found) {
        let Some((&requirement, instead)) = rules.split_first() else {
            return;
        };
        self.show(requirement);
        self.judgement.departures.push(Departure {
            requirement,
            instead: instead.to_vec(),
            step: scene.exchange.step,
            moment: scene.moment,
            subject: found.subject,
            expected: found.expected,
            since: found.since,
            actual: found.actual,
            diff: found.diff,
        });
    }

    pub fn obstacle(&mut self, step: StepNumber, words: String) {
        self.judgement.obstacles.push(Obstacle {
            step: Some(step),
            words,
        });
    }

    /// Takes `worlds` for the set that is left, each once.
    pub fn settle_on(&mut self, mut worlds: Vec<World>, step: StepNumber) {
        let mut seen = BTreeSet::new();
        worlds.retain(|w| seen.insert(w.clone()));
        if worlds.len() > WORLDS_MAX {
            self.gave_up = true;
            self.obstacle(
                step,
                format!("more than {WORLDS_MAX} worlds explain what was seen; the rest of the case was not judged"),
            );
            worlds.truncate(WORLDS_MAX);
        }
        self.worlds = worlds;
    }

    /// The worlds into which the present ones may have turned by themselves, as far as the chosen cards go.
    pub fn evolve(&self, now: Since, concerns: impl Fn(&Card) -> bool) -> Vec<World> {
        let mut worlds = self.worlds.clone();
        let places = worlds.iter().map(|w| w.cards.len()).max().unwrap_or(0);
        for place in 0..places {
            worlds = worlds
                .into_iter()
                .flat_map(|world| match world.cards.get(place) {
                    Some(card) if concerns(card) => {
                        ways::evolved(&world, place, self.terms.issuance, now)
                    }
                    _ => vec![world],
                })
                .collect();
        }
        worlds
    }

    // ── calls that are answered in one of several ways ───────────────────────────────────────────

    /// Keeps the worlds in which the answer is one of the ways; says whether there are any. If there are none, records
    /// the departure and leaves the worlds as they are.
    fn pick(
        &mut self,
        scene: &Scene<'_>,
        worlds: &[World],
        ways: impl Fn(&World) -> Vec<Way>,
        take: impl Fn(&World, &Way) -> Option<World>,
    ) -> bool {
        let mut next = Vec::new();
        let mut shown = BTreeSet::new();
        let mut missed = Vec::new();
        let mut clashing = Vec::new();
        for world in worlds {
            for way in ways(world) {
                if !self.fits(&way.answer, scene) {
                    missed.push(way);
                } else if let Some(taken) = take(world, &way) {
                    shown.insert(way.rule);
                    shown.extend(way.choices.iter().map(|c| c.point));
                    next.push(taken);
                } else {
                    let clash = way.choices.iter().find_map(|c| {
                        let held = world.choices.conflict(c)?;
                        Some((c.clone(), held))
                    });
                    clashing.extend(clash.map(|c| (way.clone(), c)));
                }
            }
        }
        if !next.is_empty() {
            if scene.id_in_upper_case {
                shown.insert(id::READ_8);
            }
            if scene.key_in_upper_case && shown.contains(&id::IDEM_3) {
                shown.insert(id::IDEM_10);
            }
            for rule in shown {
                self.show(rule);
            }
            self.settle_on(next, scene.exchange.step);
            return true;
        }
        if let Some((way, (choice, held))) = clashing.into_iter().next() {
            self.depart_from_reading(scene, &way, &choice, held);
        } else {
            self.depart_from_ways(scene, &missed);
        }
        false
    }

    fn fits(&self, answer: &Answer, scene: &Scene<'_>) -> bool {
        match answer {
            Answer::Success => scene.is_success(),
            Answer::Refusal(status, _) => scene.response.status == *status,
            Answer::Same(moment) => self.same_answer(*moment, scene.response),
        }
    }

    fn answer_at(&self, moment: Moment) -> Option<&'a Response> {
        match &self.trace.exchanges.get(moment)?.reply {
            Reply::Got(response) => Some(response),
            Reply::Lost(_) => None,
        }
    }

    fn same_answer(&self, moment: Moment, response: &Response) -> bool {
        self.answer_at(moment).is_some_and(|first| {
            first.status == response.status && same_body(&first.body, &response.body)
        })
    }

    fn depart_from_reading(&mut self, scene: &Scene<'_>, way: &Way, choice: &Choice, held: usize) {
        let before = Choice {
            reading: held,
            ..choice.clone()
        };
        // A create that succeeds over the limit breaks the limit, whatever reading it contradicts as well.
        let over_limit = choice.point == id::OPEN_8 && way.answer == Answer::Success;
        // The same request under the same key, answered otherwise for no reason that the first answer left.
        let again = way.choices.iter().any(|c| c.point == id::OPEN_16);
        let rules = if over_limit {
            vec![way.rule, choice.point]
        } else if again {
            vec![id::IDEM_3, choice.point]
        } else {
            vec![choice.point]
        };
        let found = Found {
            subject: format!("{} against an earlier reading", scene.name()),
            expected: format!("what it did before: {before}"),
            since: None,
            actual: format!("{}, hence {choice}", answered(scene.response)),
            diff: None,
        };
        self.depart(scene, &rules, found);
    }

    fn depart_from_ways(&mut self, scene: &Scene<'_>, missed: &[Way]) {
        let success = scene.is_success();
        let telling = missed
            .iter()
            .find(|way| match way.answer {
                Answer::Success => !success,
                Answer::Refusal(..) => success,
                Answer::Same(_) => true,
            })
            .filter(|way| {
                // A refusal with the wrong code breaks the rule of the refusal, where there is one at all.
                success
                    || !matches!(way.answer, Answer::Success)
                    || !missed
                        .iter()
                        .any(|w| matches!(w.answer, Answer::Refusal(..)))
            })
            .or_else(|| {
                missed
                    .iter()
                    .find(|w| matches!(w.answer, Answer::Refusal(..)))
            })
            .or_else(|| missed.first());
        let Some(way) = telling else {
            return;
        };
        let mut rules = match way.answer {
            // Whatever holds the slot, LIMIT-4 says how a create over the limit is refused.
            Answer::Refusal(_, RefusalKind::Limit) if !success => vec![id::LIMIT_4],
            _ => vec![way.rule],
        };
        rules.extend(&way.instead);
        if matches!(scene.response.status, 403 | 409 | 422)
            && matches!(rules[0], id::LIMIT_2 | id::LIMIT_3)
        {
            // Such a code speaks of a state, so the other card is to blame and not the create by itself.
            rules.truncate(1);
        }
        if scene.key_in_upper_case && way.rule == id::IDEM_3 {
            rules.insert(0, id::IDEM_10);
        }
        if scene.id_in_upper_case && !success && way.answer == Answer::Success {
            rules.insert(0, id::READ_8);
        }
        let diff = match way.answer {
            Answer::Same(moment) => self
                .answer_at(moment)
                .and_then(|first| json_diff(&first.body, &scene.response.body)),
            _ => None,
        };
        let found = Found {
            subject: format!("{} answered {}", scene.name(), class(scene.response.status)),
            expected: self.expected_answers(scene, missed),
            since: self.origin_of(way),
            actual: answered(scene.response),
            diff,
        };
        self.depart(scene, &rules, found);
    }

    fn origin_of(&self, way: &Way) -> Option<Origin> {
        match way.answer {
            Answer::Same(moment) => Some(Origin {
                step: self.trace.exchanges.get(moment)?.step,
                rule: id::IDEM_3,
            }),
            _ => None,
        }
    }

    fn expected_answers(&self, scene: &Scene<'_>, missed: &[Way]) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut codes: Vec<u16> = Vec::new();
        for way in missed {
            let word = match way.answer {
                Answer::Success => format!("success ({})", self.success_status(scene)),
                Answer::Refusal(status, _) => {
                    if !codes.contains(&status) {
                        codes.push(status);
                    }
                    continue;
                }
                Answer::Same(moment) => {
                    let step = self.trace.exchanges.get(moment).map_or(0, |e| e.step.0);
                    format!("the answer of step #{step} again, status and body")
                }
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        codes.sort_unstable();
        if !codes.is_empty() {
            let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
            words.push(format!("a refusal ({})", codes.join(", ")));
        }
        words.join(", or ")
    }

    pub fn success_status(&self, scene: &Scene<'_>) -> u16 {
        let shows_card = self.terms.success_shows_card && is_change(scene.operation);
        scene
            .operation
            .and_then(|kind| self.contract.operation(kind))
            .filter(|_| !shows_card)
            .map_or(200, crate::contract::Operation::success_status)
    }

    // ── reads ────────────────────────────────────────────────────────────────────────────────────

    fn read(&mut self, scene: &Scene<'_>, card: &Id<CardId>) {
        if let Some(flaw) = scene.exchange.flaw {
            return self.refused_for(scene, flaw);
        }
        let Id::Known(card) = card else {
            let refusals = ways::card_refusals(card, scene.name());
            return self.only(scene, &refusals);
        };
        if !scene.is_success() {
            return self.unreadable(scene, card);
        }
        if scene.id_in_upper_case {
            self.show(id::READ_8);
        }
        self.show(self.readable_rule(card));
        if let Some(view) = scene.json().filter(Value::is_object) {
            self.show(id::KEEP_1);
            let found = view.get("id").and_then(Value::as_str).map(CardId::new);
            if found.as_ref().is_some_and(|found| found != card) {
                return self.depart(
                    scene,
                    &[id::KEEP_1],
                    Found::plain(
                        "id of a card that was read",
                        format!("`{card}`"),
                        format!("`{}`", view["id"]),
                    ),
                );
            }
            self.look(scene, card, &view, Source::ById);
        }
    }

    fn readable_rule(&self, card: &CardId) -> RequirementId {
        let terminated = self.worlds.iter().any(|w| {
            w.card(card)
                .is_some_and(|c| c.status == CardStatus::Terminated)
        });
        if terminated { id::LIFE_11 } else { id::READ_1 }
    }

    fn unreadable(&mut self, scene: &Scene<'_>, card: &CardId) {
        let mut rules = vec![self.readable_rule(card)];
        if scene.id_in_upper_case {
            rules.insert(0, id::READ_8);
        }
        self.depart(
            scene,
            &rules,
            Found::plain(
                "a card that was made",
                "200 and the card".into(),
                answered(scene.response),
            ),
        );
    }

    /// An answer that must be one of these refusals, in every world.
    pub fn only(&mut self, scene: &Scene<'_>, refusals: &[Way]) {
        let worlds = self.worlds.clone();
        self.pick(
            scene,
            &worlds,
            |_| refusals.to_vec(),
            |world, way| world.with(&way.choices),
        );
    }

    pub fn refused_for(&mut self, scene: &Scene<'_>, flaw: Flaw) {
        self.only(scene, &ways::flaw_refusals(flaw));
    }

    // ── changes ──────────────────────────────────────────────────────────────────────────────────

    fn modify(&mut self, scene: &Scene<'_>, call: &Call) {
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
        let reused = made
            .as_ref()
            .filter(|id| kind != TouchKind::Replayed && self.knows(id))
            .cloned();
        if let (Some(id), Some(view)) = (reused, &view) {
            self.reused_id(scene, kind, &id, view);
            self.touch(scene.moment, call, kind);
            return;
        }
        let worlds = self.evolve(now, |card| concerned(card, call));
        let fits = self.pick(
            scene,
            &worlds,
            |world| ways::ways(world, call),
            |world, way| {
                let mut next = ways::taken(world, call, way, made.clone(), now)?;
                remember(&mut next, call, way, scene.moment);
                Some(next)
            },
        );
        if !fits {
            self.take_over(scene, call, made.clone(), kind);
        } else if kind != TouchKind::Replayed && self.earlier_twin(scene, call).is_some() {
            self.show(id::IDEM_11);
        }
        self.touch(scene.moment, call, kind);
        if let Some(view) = &view {
            self.answer_shows_card(scene, call, kind, made, view);
        }
    }

    fn answer_shows_card(
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
                if matches!(call.input, Input::Valid | Input::Open(_)) {
                    self.new_card(scene, call, &id, view);
                }
            }
            (Wish::Act(_, Id::Known(card)), _)
                if self.terms.success_shows_card && matches!(kind, TouchKind::Effect(_)) =>
            {
                self.look(scene, &card.clone(), view, Source::Answer);
            }
            _ => {}
        }
    }

    /// An earlier create with the very same payload that succeeded under another key.
    fn earlier_twin(&self, scene: &Scene<'_>, call: &Call) -> Option<&'a Exchange> {
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
    fn reused_id(&mut self, scene: &Scene<'_>, kind: TouchKind, card: &CardId, view: &Value) {
        let first = self.trace.exchanges[..scene.moment].iter().find(|e| {
            matches!(&e.reply, Reply::Got(r) if r.status < 300 && same_body(&r.body, &scene.response.body))
        });
        let rules: &[RequirementId] = match (kind, &first) {
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
    fn touch_kind(&self, scene: &Scene<'_>, call: &Call) -> TouchKind {
        let entries = match (&call.key, self.worlds.first()) {
            (Key::Uuid(key), Some(world)) => world.keys.get(key).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        let done = |o: &Outcome| matches!(o, Outcome::Done(_));
        let known = entries.iter().find(|e| e.call == call.line);
        let again = known.is_some_and(|e| done(&e.outcome) && e.payload == call.payload);
        let changed = known.is_some_and(|e| {
            e.payload != call.payload && (done(&e.outcome) || !scene.is_success())
        });
        let elsewhere = known.is_none() && entries.iter().any(|e| done(&e.outcome));
        if call.flaw.is_some() {
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
                (Wish::Create { .. }, Input::Invalid(_) | Input::Open(_)) => id::INPUT_7,
                (Wish::Create { .. }, Input::Valid) if !matches!(call.key, Key::Uuid(_)) => {
                    id::INPUT_7
                }
                (Wish::Create { .. }, Input::Valid) => id::LIMIT_7,
                (Wish::Act(..), _) => id::LIFE_9,
            })
        }
    }

    /// The rule by which a call that succeeds changes its card; where it should not succeed, the rule that says so.
    fn effect_rule(&self, call: &Call) -> RequirementId {
        let Wish::Act(action, Id::Known(card)) = &call.wish else {
            return id::CREATE_1;
        };
        let believed = self.worlds.first().and_then(|w| w.card(card));
        match believed.map(|c| transition(c.status, *action)) {
            Some(Transition::Moves(_, rule)) => rule,
            _ => id::LIFE_10,
        }
    }

    fn touch(&mut self, moment: Moment, call: &Call, kind: TouchKind) {
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
    fn take_over(&mut self, scene: &Scene<'_>, call: &Call, made: Option<CardId>, kind: TouchKind) {
        if !scene.is_success() || kind == TouchKind::Replayed {
            return;
        }
        let now = scene.now(id::LIFE_1);
        let mut next = Vec::new();
        for world in &self.worlds {
            let mut base = world.clone();
            if let Key::Uuid(key) = &call.key {
                base.remember(key, &call.line, &call.payload, Outcome::Done(scene.moment));
            }
            let moved = match &call.wish {
                Wish::Create { .. } => {
                    base.cards
                        .extend(ways::new_card(call, made.clone(), None, now));
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

    // ── no usable answer ─────────────────────────────────────────────────────────────────────────

    fn server_error(&mut self, scene: &Scene<'_>, asked: &Asked) {
        let invalid = scene.exchange.flaw.is_some()
            || match asked {
                Asked::Read(card) => !matches!(card, Id::Known(_)),
                Asked::ListAccount(account) => !matches!(account, Id::Known(_)),
                Asked::ListProgramme | Asked::Other => false,
                Asked::Modify(call) => is_invalid(call),
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

    /// Nobody knows whether the call was carried out: both worlds stay.
    fn unanswered(&mut self, moment: Moment, exchange: &Exchange, asked: &Asked) {
        let Asked::Modify(call) = asked else {
            return;
        };
        let now = Since {
            moment,
            step: exchange.step,
            rule: id::LIFE_1,
        };
        let rule = self.effect_rule(call);
        let mut next = Vec::new();
        for world in self.evolve(now, |card| concerned(card, call)) {
            let mut undone = world.clone();
            if let Key::Uuid(key) = &call.key {
                undone.remember(key, &call.line, &call.payload, Outcome::LostUndone);
            }
            next.push(undone);
            for way in ways::ways(&world, call) {
                if way.answer != Answer::Success {
                    continue;
                }
                let Some(mut done) = ways::taken(&world, call, &way, None, now) else {
                    continue;
                };
                let made =
                    matches!(way.effect, Effect::Create { .. }).then(|| done.cards.len() - 1);
                if let Key::Uuid(key) = &call.key {
                    done.remember(key, &call.line, &call.payload, Outcome::LostDone(made));
                }
                next.push(done);
            }
        }
        self.settle_on(next, exchange.step);
        self.touch(moment, call, TouchKind::Effect(rule));
    }
}

/// What was found, in words.
#[derive(Default)]
pub(super) struct Found {
    pub subject: String,
    pub expected: String,
    pub since: Option<Origin>,
    pub actual: String,
    pub diff: Option<String>,
}

impl Found {
    pub fn plain(subject: &str, expected: String, actual: String) -> Self {
        Self {
            subject: subject.to_owned(),
            expected,
            actual,
            ..Self::default()
        }
    }
}

/// The world in which an answer that should not have been was true. Where a rule of its own keeps the card's status there
/// is none: if the card moves all the same, that is a departure of its own.
fn moved_on(world: &World, action: crate::card::Action, card: &CardId) -> Option<World> {
    let place = world.position(card)?;
    if keeping_rule(world.cards[place].status) != id::LIFE_9 {
        return None;
    }
    let mut moved = world.clone();
    moved.cards[place].status = destination(action);
    Some(moved)
}

fn remember(world: &mut World, call: &Call, way: &Way, moment: Moment) {
    let Key::Uuid(key) = &call.key else {
        return;
    };
    let outcome = match way.answer {
        Answer::Success => Outcome::Done(moment),
        Answer::Refusal(_, RefusalKind::Gate | RefusalKind::Key) | Answer::Same(_) => return,
        Answer::Refusal(_, kind) => Outcome::Refused(moment, kind),
    };
    world.remember(key, &call.line, &call.payload, outcome);
}

/// Whether a call's answer depends on what a card has turned into by itself.
fn concerned(card: &Card, call: &Call) -> bool {
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

fn is_invalid(call: &Call) -> bool {
    let known = match &call.wish {
        Wish::Create { account, .. } => matches!(account, Id::Known(_)),
        Wish::Act(_, card) => matches!(card, Id::Known(_)),
    };
    !known
        || matches!(call.key, Key::Missing | Key::Malformed)
        || matches!(call.input, Input::Invalid(_))
}

fn is_change(operation: Option<OperationKind>) -> bool {
    matches!(
        operation,
        Some(
            OperationKind::ActivateCard
                | OperationKind::DeactivateCard
                | OperationKind::TerminateCard
        )
    )
}

fn destination(action: crate::card::Action) -> CardStatus {
    use crate::card::Action;
    match action {
        Action::Activate | Action::Issue | Action::Unsuspend => CardStatus::Active,
        Action::Deactivate => CardStatus::Inactive,
        Action::Terminate => CardStatus::Terminated,
        Action::Fail => CardStatus::IssueFailed,
        Action::Suspend => CardStatus::Suspended,
        Action::Block => CardStatus::Blocked,
    }
}

/// Equal as JSON, or to the letter where it is none: members may come in another order.
fn same_body(first: &str, second: &str) -> bool {
    first == second
        || match (
            serde_json::from_str::<Value>(first),
            serde_json::from_str::<Value>(second),
        ) {
            (Ok(first), Ok(second)) => first == second,
            _ => false,
        }
}

fn class(status: u16) -> &'static str {
    match status {
        200..300 => "with success",
        400..500 => "with a refusal",
        _ => "otherwise",
    }
}

pub(super) fn answered(response: &Response) -> String {
    const SHOWN_MAX: usize = 160;
    let body: String = response.body.chars().take(SHOWN_MAX).collect();
    let more = if body.len() < response.body.len() {
        "…"
    } else {
        ""
    };
    if body.is_empty() {
        response.status.to_string()
    } else {
        format!("{} {body}{more}", response.status)
    }
}
