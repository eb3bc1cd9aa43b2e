//! The thread through a case: each exchange filters and extends the worlds.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Judgement;
use super::clock::Clock;
use super::departure::{Departure, Origin};
use super::facts::Facts;
use super::hooks::Changes;
use super::json::Caveat;
use super::overlap::{self, Order, Race, Settled};
use super::request::{Asked, Concern, Understood, shared_keys};
use super::spent::ToCome;
use super::{json, leaks, wire};
use crate::card::{AccountId, CardId};
use crate::case::{Body, Case, Command, Step, StepNumber};
use crate::contract::{Contract, OperationKind};
use crate::requirement::{RequirementId, id};
use crate::trace::{CaseTrace, Exchange, Obstacle, Reply, Response, Terms};
use crate::world::ways::{self, Call, Id, Way};
use crate::world::{Choices, Moment, Since, World, distinct};

/// More worlds than this are not followed: the case ends there with an obstacle, never with a silent verdict.
const WORLDS_MAX: usize = 4096;

/// So many equal departures of one case are told; a hostile target has thousands.
const ALIKE_MAX: usize = 16;

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

/// What the judge of a part of a case must know of the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elsewhere<'a> {
    /// All exchanges of the case.
    pub exchanges: &'a [Exchange],
    /// Events came, so that others can come too.
    pub heard: bool,
    /// So many came that not all are known.
    pub may_lack_events: bool,
}

/// The judge of one case.
pub(super) struct Judge<'a> {
    pub contract: &'a Contract,
    pub terms: &'a Terms,
    pub trace: &'a CaseTrace,
    /// The case, of which the trace may be a part.
    pub case: &'a Case,
    /// What is not in the trace, where that is a part.
    pub elsewhere: Elsewhere<'a>,
    /// The idempotency keys that more than one request has.
    pub shared_keys: BTreeSet<String>,
    pub to_come: ToCome,
    pub worlds: Vec<World>,
    pub touches: Vec<Touch>,
    pub facts: BTreeMap<CardId, Facts>,
    /// Cards that no read has shown since a create brought them, which may be an old one that was answered again.
    pub unconfirmed: BTreeSet<CardId>,
    /// The exchanges that show each card, where that matters ([`super::past`]).
    pub shown: HashMap<CardId, Vec<Moment>>,
    /// Responses that may show a card number, looked at again when the numbers are known.
    pub marked: Vec<Moment>,
    /// What surely became of each card, for those who were to be told.
    pub changes: BTreeMap<CardId, Changes>,
    pub clock: Clock,
    pub judgement: Judgement,
    /// The exchanges that overlap with the one being judged.
    pub race: Race,
    /// Some of the orders in which the last race may have gone, and what they left.
    pub orders: Vec<Order>,
    /// The exchanges during which a change was under way, so that they don't show a card at rest.
    pub contended: BTreeSet<Moment>,
    /// What has been put in order of the list being judged.
    pub settled: Settled,
    /// The requests whose answers were lost.
    pub lost: BTreeMap<Moment, Call>,
    /// The departures, by their place, that are about what was seen of a card.
    pub about: BTreeMap<usize, CardId>,
    gave_up: bool,
    /// How many worlds were looked at, for the exchange being judged, in which a request came late.
    pub late_worlds: Cell<usize>,
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
        self.response.json()
    }

    pub fn is_success(&self) -> bool {
        self.response.is_success()
    }

    pub fn name(&self) -> &'static str {
        self.operation.map_or("call", OperationKind::name)
    }
}

impl<'a> Judge<'a> {
    pub fn new(
        contract: &'a Contract,
        terms: &'a Terms,
        trace: &'a CaseTrace,
        case: &'a Case,
    ) -> Self {
        let start = World {
            choices: Choices::pinned(&terms.pins),
            unseen: super::past::unseen(contract, trace),
            ..World::default()
        };
        Self {
            contract,
            terms,
            trace,
            case,
            elsewhere: Elsewhere::default(),
            shared_keys: shared_keys(trace),
            to_come: ToCome::of(trace),
            worlds: vec![start],
            touches: Vec::new(),
            facts: BTreeMap::new(),
            unconfirmed: BTreeSet::new(),
            shown: super::past::shown(trace),
            marked: Vec::new(),
            changes: BTreeMap::new(),
            clock: Clock::default(),
            judgement: Judgement {
                number: trace.number,
                obstacles: trace.obstacles.clone(),
                ..Judgement::default()
            },
            race: Race::default(),
            contended: BTreeSet::new(),
            orders: Vec::new(),
            settled: Settled::default(),
            lost: BTreeMap::new(),
            about: BTreeMap::new(),
            gave_up: false,
            late_worlds: Cell::new(0),
        }
    }

    /// The same, for a part of a case.
    pub fn beside(self, elsewhere: Elsewhere<'a>) -> Self {
        Self { elsewhere, ..self }
    }

    pub fn run(mut self) -> Judgement {
        for run in overlap::runs(&self.trace.exchanges) {
            let last = run.last().copied();
            let departed = self.judgement.departures.len();
            match run[..] {
                [moment] => self.exchange(moment, &self.trace.exchanges[moment]),
                _ => self.race(run.clone()),
            }
            if let Some(most) = self.overlooked() {
                // The true world may be none of those that are left.
                self.judgement.departures.truncate(departed);
                self.about.retain(|place, _| *place < departed);
                self.give_up_for_worlds(self.trace.exchanges[run[0]].step, most);
            }
            self.forget_spent_keys(&run);
            if let Some(last) = last {
                self.note_changes(last);
            }
            if self.gave_up {
                break;
            }
        }
        self.all_events();
        leaks::of_this_case(&mut self);
        // Of the worlds that are left then, the true one may be none.
        if !self.gave_up {
            self.judgement.readings = self.readings();
        }
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

    pub fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// What follows is not judged, and what the worlds say from here on tells nothing.
    pub fn give_up(&mut self, step: StepNumber, words: String) {
        self.gave_up = true;
        self.obstacle(step, words);
    }

    pub fn exchange(&mut self, moment: Moment, exchange: &'a Exchange) {
        if exchange.step == StepNumber::BEFORE {
            return self.read_before(moment, exchange);
        }
        let body = exchange.request.body.as_deref();
        if body
            .and_then(json::read)
            .is_some_and(|sent| sent.is_ambiguous)
        {
            let words = "a name stands twice in the body with two values, so readers differ in what it asks for; the rest of the case was not judged";
            return self.give_up(exchange.step, words.to_owned());
        }
        let Understood {
            operation,
            asked,
            id_in_upper_case,
            key_in_upper_case,
        } = self.understood(moment);
        let asked = match asked {
            // Seen by now, in a race.
            Asked::Unseen(card, asked) if self.knows(&card) => *asked,
            asked => asked,
        };
        if let Asked::MoveClock(seconds) = asked {
            return self.move_clock(moment, exchange, seconds);
        }
        self.recall(&asked, exchange);
        self.note_tried(exchange, &asked);
        let response = match &exchange.reply {
            Reply::Lost(words) => {
                self.obstacle(exchange.step, format!("no answer: {words}"));
                return self.unanswered(moment, exchange, &asked);
            }
            Reply::LetGo(_) => return self.unanswered(moment, exchange, &asked),
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
        if response.is_put_off() {
            return self.unanswered(moment, exchange, &asked);
        }
        if let Some(words) = self.absent_in_sandbox(&scene, &asked) {
            return self.obstacle(exchange.step, words);
        }
        if self.is_unreadable(&scene) {
            return self.unanswered(moment, exchange, &asked);
        }
        wire::check(self, &scene);
        if exchange.token_over {
            return self.refused_for_token(moment, &asked);
        }
        // RFC 9110, 15.6.2: that is how a method is refused which the server has for no path at all.
        let is_refused_method = matches!(asked, Asked::OtherMethod(_)) && response.status == 501;
        if response.status >= 500 && !is_refused_method {
            self.server_error(&scene, &asked);
            return self.unanswered(moment, exchange, &asked);
        }
        match asked {
            Asked::Read(card) => self.read(&scene, &card),
            Asked::ListAccount(account) => self.list_account(&scene, &account),
            Asked::ListProgramme => self.list_programme(&scene),
            Asked::Modify(call) => self.modify(&scene, &call),
            Asked::OtherMethod(concern) => self.other_method(moment, concern),
            Asked::Unseen(card, _) => self.unseen_card(&scene, &card),
            Asked::Subscribe(input) => {
                let body = exchange.request.body.as_deref().unwrap_or_default();
                let ways = match self.wrong_key(&exchange.request) {
                    Some(rule) => ways::keyless_ways(rule),
                    None => ways::subscription_ways(&input, body),
                };
                self.only(&scene, ways);
            }
            Asked::SubscribeUnderUsedKey => {
                self.only(&scene, ways::used_key_ways());
            }
            Asked::Webhook => self.webhook(&scene),
            Asked::ForeignSubscription => {
                self.only(&scene, ways::absent_subscription_ways(id::HOOK_17));
            }
            Asked::NoSubscription => {
                self.only(&scene, ways::absent_subscription_ways(id::HOOK_20));
            }
            Asked::MoveClock(_) | Asked::Other => {}
        }
    }

    /// Whether readers may differ in what the answer says, or need not read it at all. Then it tells nothing.
    fn is_unreadable(&mut self, scene: &Scene<'_>) -> bool {
        match json::caveat(&scene.response.body) {
            None => false,
            Some(Caveat::Beyond(why)) => {
                let words = format!(
                    "the answer was not judged: it is JSON of a kind that no reader need take ({why})"
                );
                self.obstacle(scene.exchange.step, words);
                true
            }
            Some(Caveat::Ambiguous(_)) if !scene.is_success() => false,
            Some(Caveat::Ambiguous(names)) => {
                let found = Found::plain(
                    "a name that stands twice",
                    "each name once in an object".into(),
                    format!(
                        "{names} with two values, so that readers differ in what the body says"
                    ),
                );
                self.depart(scene, &[id::BODY_1], found);
                true
            }
        }
    }

    pub fn knows(&self, card: &CardId) -> bool {
        self.worlds.iter().any(|w| w.position(card).is_some())
    }

    /// The card that a step's answer brought; of a create whose answer was lost, the one that its retry may have made.
    pub fn made_by(&self, step: StepNumber) -> Option<CardId> {
        let mut own = self.trace.exchanges.iter().filter(|e| e.step == step);
        own.find_map(made_in).or_else(|| {
            let create = self.first_try(step);
            let mut cards = self.worlds.iter().flat_map(|world| &world.cards);
            cards
                .find(|c| c.id.is_some() && self.first_try(c.made_by) == create)?
                .id
                .clone()
        })
    }

    fn first_try(&self, step: StepNumber) -> StepNumber {
        match self.case.step(step) {
            Some(Step {
                command: Command::Retry(earlier),
                body: Body::Standard,
                ..
            }) if *earlier < step => self.first_try(*earlier),
            _ => step,
        }
    }

    pub fn show(&mut self, rule: RequirementId) {
        *self.judgement.exercised.entry(rule).or_default() += 1;
    }

    /// Records a departure. The first rule is the one to blame, the others may be.
    pub fn depart(&mut self, scene: &Scene<'_>, rules: &[RequirementId], found: Found) {
        self.note(scene.moment, rules, found);
    }

    /// The same, where it is about what was seen of this card.
    pub fn depart_of(
        &mut self,
        card: &CardId,
        scene: &Scene<'_>,
        rules: &[RequirementId],
        found: Found,
    ) {
        let place = self.judgement.departures.len();
        self.depart(scene, rules, found);
        if self.judgement.departures.len() > place {
            self.about.insert(place, card.clone());
        }
    }

    /// The same, of what is no answer to a request of its own: an event. Of those that are charged to one exchange, equal
    /// ones are told once.
    pub fn depart_at(&mut self, moment: Moment, rules: &[RequirementId], found: Found) {
        let is_told = |d: &Departure| {
            rules.first() == Some(&d.requirement)
                && d.moment == moment
                && d.subject == found.subject
                && d.actual == found.actual
        };
        if !self.judgement.departures.iter().any(is_told) {
            self.note(moment, rules, found);
        }
    }

    fn note(&mut self, moment: Moment, rules: &[RequirementId], found: Found) {
        let Some((&requirement, instead)) = rules.split_first() else {
            return;
        };
        self.show(requirement);
        let departures = self.judgement.departures.iter();
        let is_alike = |d: &&Departure| d.requirement == requirement && d.subject == found.subject;
        if departures.filter(is_alike).count() >= ALIKE_MAX {
            return;
        }
        self.judgement.departures.push(Departure {
            requirement,
            instead: instead.to_vec(),
            step: self.trace.exchanges[moment].step,
            moment,
            subject: found.subject,
            expected: found.expected,
            since: found.since,
            actual: found.actual,
            tried: Vec::new(),
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
    pub fn settle_on(&mut self, worlds: Vec<World>, step: StepNumber) {
        let mut worlds = distinct(self.as_others_leave(worlds));
        let most = self.at_most(WORLDS_MAX);
        if worlds.len() > most {
            self.give_up_for_worlds(step, most);
            worlds.truncate(most);
        }
        self.worlds = worlds;
    }

    fn give_up_for_worlds(&mut self, step: StepNumber, most: usize) {
        let words = format!(
            "more than {most} worlds explain what was seen; the rest of the case was not judged"
        );
        self.give_up(step, words);
    }

    /// However such a request is answered, it changes nothing: what a later look shows is to its blame.
    fn other_method(&mut self, moment: Moment, concern: Concern) {
        let (card, account) = match concern {
            Concern::Card(Id::Known(card)) => (Some(card), None),
            Concern::Account(Id::Known(account)) => (None, Some(account)),
            Concern::Card(_) | Concern::Account(_) | Concern::Programme => return,
        };
        self.touches.push(Touch {
            moment,
            card,
            account,
            kind: TouchKind::Refused(id::INPUT_9),
        });
    }

    /// An answer that must be one of these ways, in every world, or a refusal of the flaw if the request has one.
    pub fn only(&mut self, scene: &Scene<'_>, ways: Vec<Way>) -> bool {
        let ways = match scene.exchange.flaw {
            Some(flaw) => ways::ways_with_flaw(flaw, || ways),
            None => ways,
        };
        let worlds = self.worlds.clone();
        self.pick(
            scene,
            &worlds,
            |_| ways.clone(),
            |world, way| world.with(&way.choices),
        )
    }
}

/// The card that a create brought.
pub(super) fn made_in(exchange: &Exchange) -> Option<CardId> {
    let is_create = exchange.request.method == "POST" && exchange.is_success();
    let body = exchange.json().filter(|_| is_create)?;
    body.get("id")?.as_str().map(CardId::new)
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
