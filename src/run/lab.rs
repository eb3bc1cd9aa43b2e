//! The lab: what departed is run again, smaller and smaller, and then from scratch, to see how often it comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::findings::{merge, name, order, sort};
use super::suspicion::{Example, Suspicion, contradiction, finding, seen};
use super::wanted::{Seen, Wanted};
use super::{Limits, Progress, Setting, Stage};
use crate::case::{CardRef, Case, Command, Step, StepNumber};
use crate::judge::{Clash, Judgement, UPDATE_AT_REST};
use crate::report::{Confirmation, Finding};
use crate::requirement::{RequirementId, id};
use crate::shrink::{BATCH_MAX, shrink};
use crate::trace::CaseTrace;

/// How much is spent on each departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Candidates that are run to find the shortest sequence.
    pub shrink_runs: usize,
    /// Times that the shortest sequence is run again from scratch.
    pub confirmations: u32,
    /// The same for one that holds a race, which need not come every time.
    pub race_confirmations: u32,
    /// A candidate with a race may be run so many times until it departs.
    pub race_tries: u32,
    /// Confirmations of what was seen in several cases and then does not come again: it may come with one card in so many.
    pub chance_confirmations: u32,
    /// A candidate of such a departure may be run so many times until it departs.
    pub chance_tries: u32,
    /// Departures of one requirement that are looked into; further ones are counted.
    pub per_requirement: usize,
    /// How long it is looked for the shortest sequence of one departure: a target that hangs makes every run a long one.
    pub longest: Duration,
    /// The same for all of them: each has its share of what is left. A target that disturbs itself departs from many
    /// requirements, of which few come again.
    pub altogether: Duration,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            shrink_runs: 400,
            confirmations: 5,
            race_confirmations: 50,
            race_tries: 10,
            chance_confirmations: 200,
            chance_tries: 50,
            per_requirement: 3,
            longest: Duration::from_secs(60),
            altogether: Duration::from_secs(300),
        }
    }
}

/// Where departures are looked into: cases are run again, smaller and smaller.
pub(super) struct Lab<'a> {
    stage: &'a dyn Stage,
    setting: &'a Setting<'a>,
    effort: &'a Effort,
    /// What alone matters, if it is not everything.
    sought: Option<RequirementId>,
    is_stopped: &'a dyn Fn() -> bool,
    /// When the search that is under way is given up.
    until: Instant,
    requests: usize,
    /// How often cards showed that they change by themselves, in the run and since.
    pub own_updates: u32,
    /// Why candidates could not be run for want of accounts, since the present finding was begun.
    want: Option<String>,
    /// The same, of findings that could not be confirmed for it.
    wants: BTreeMap<String, usize>,
    /// Candidates are run one after the other, so that none disturbs another.
    one_by_one: bool,
    /// A candidate must depart so many times in a row.
    times: usize,
    /// What may come by chance.
    chance: Chance,
}

/// What is run more than once until it departs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chance {
    /// Races.
    Races,
    /// Also what depends on connections: on the moment when one is cut off, or on the server that it leads to.
    Connections,
    /// Whatever there is, and more often.
    Anything,
}

/// What is seen in so many cases does come again, however seldom.
const SEEN_AGAIN: usize = 2;

impl<'a> Lab<'a> {
    pub fn new(
        stage: &'a dyn Stage,
        setting: &'a Setting<'a>,
        limits: &'a Limits,
        is_stopped: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            stage,
            setting,
            effort: &limits.effort,
            sought: limits.sought,
            is_stopped,
            until: Instant::now(),
            requests: 0,
            own_updates: 0,
            want: None,
            wants: BTreeMap::new(),
            one_by_one: false,
            times: 1,
            chance: Chance::Races,
        }
    }

    pub fn requests(&self) -> usize {
        self.requests
    }

    /// Why findings were not confirmed for want of accounts, and how many.
    pub fn wants(&self) -> BTreeMap<String, usize> {
        self.wants.clone()
    }

    /// What is found by now has to do.
    fn is_out_of_time(&self) -> bool {
        (self.is_stopped)() || Instant::now() >= self.until
    }

    fn try_out(&mut self, cases: &[Case]) -> Vec<(CaseTrace, Judgement)> {
        let traces = if self.one_by_one {
            let alone = cases
                .iter()
                .flat_map(|case| self.stage.run_aside(std::slice::from_ref(case)));
            alone.collect()
        } else {
            self.stage.run_aside(cases)
        };
        if let Some(want) = traces.iter().find_map(|trace| trace.not_run.clone()) {
            self.want = Some(want);
        }
        traces
            .into_iter()
            .map(|trace| {
                self.requests += trace.exchanges.len();
                let judgement = self.setting.judge(&trace);
                self.own_updates += judgement.own_updates;
                (trace, judgement)
            })
            .collect()
    }

    /// Two cases that contradict each other, as one that contradicts itself; as they were seen, if that one does not.
    pub fn join(&mut self, clash: &Clash) -> Suspicion {
        let mut seen = contradiction(clash);
        let joined = seen.examples[0].case.clone();
        let Some((trace, judgement)) = self.try_out(std::slice::from_ref(&joined)).pop() else {
            return seen;
        };
        // Neither departs alone, so whatever the two show together comes of the contradiction.
        let departures = &judgement.departures;
        let shown = departures
            .iter()
            .find(|d| d.concerns(clash.point))
            .or_else(|| departures.first());
        if let Some(departure) = shown {
            let found_in = seen.examples[0].found_in.clone();
            seen.examples = vec![Example {
                found_in,
                ..Example::of(&trace, &trace.events.clone().into(), departure)
            }];
        }
        seen
    }

    /// Finds the shortest sequence of each suspicion, and merges those that come to the same.
    pub fn investigate(
        &mut self,
        mut suspicions: Vec<Suspicion>,
        progress: &mut dyn Progress,
    ) -> Vec<Finding> {
        suspicions.sort_by(|a, b| {
            let is_aside = |s: &Suspicion| self.sought.is_some_and(|rule| !s.may_be_of(rule));
            is_aside(a)
                .cmp(&is_aside(b))
                .then_with(|| order(a.departure(), b.departure()))
        });
        let mut counts: BTreeMap<RequirementId, usize> = BTreeMap::new();
        let mut seen_of: BTreeMap<RequirementId, usize> = BTreeMap::new();
        for suspicion in &suspicions {
            *seen_of
                .entry(suspicion.departure().requirement)
                .or_default() += suspicion.seen_in.len();
        }
        let (few, further): (Vec<_>, Vec<_>) = suspicions.into_iter().partition(|suspicion| {
            let requirement = suspicion.departure().requirement;
            let count = counts.entry(requirement).or_default();
            *count += 1;
            *count <= self.effort.per_requirement
        });
        further.iter().for_each(|_| progress.shrunk());
        let mut findings: Vec<Finding> = Vec::new();
        let end = Instant::now() + self.effort.altogether;
        for (suspicion, left) in few.iter().zip((1..=few.len()).rev()) {
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            let share = end.saturating_duration_since(Instant::now()) / left;
            self.until = Instant::now() + self.effort.longest.min(share);
            let rule = suspicion.departure().requirement;
            let is_told = |rule| {
                let is_told = |told: &Finding| told.requirement == rule && told.is_confirmed();
                findings.iter().any(is_told)
            };
            let is_enough = self
                .sought
                .is_some_and(|sought| rule != sought && is_told(sought));
            let finding = if is_enough || (self.is_stopped)() {
                seen(suspicion)
            } else {
                // What departs from the same rule otherwise is that mistake again, unless it was found already.
                let seen_of_rule = match is_told(rule) {
                    true => suspicion.seen_in.len(),
                    false => seen_of[&rule],
                };
                self.look_into(suspicion, seen_of_rule)
            };
            merge(&mut findings, finding);
            progress.shrunk();
        }
        findings
            .iter_mut()
            .for_each(|finding| self.slow_down(finding));
        sort(&mut findings);
        name(&mut findings);
        findings
    }

    /// The ways to look into a departure, until it comes again every time. Candidates are run side by side at first; what
    /// then does not come again alone was a disturbance between them, so the next search runs one at a time, from an
    /// example that departs alone. One that needs time to show is run with the time that it had, one that needs a neighbour
    /// beside a copy of itself, one that needs another server over fresh connections. What was seen in several cases and still
    /// does not come is run many times. Of a departure that comes by chance, candidates that come more surely are taken.
    fn look_into(&mut self, suspicion: &Suspicion, seen_of_rule: usize) -> Finding {
        self.want = None;
        let seen_in = suspicion.seen_in.len();
        // Subscriptions are the programme's: candidates that are run side by side would have them in common.
        self.one_by_one = suspicion.examples[0].case.touches_subscriptions();
        let mut best = self.shortest(&suspicion.examples[0], seen_in);
        if self.may_be_the_cards_own(&best) {
            return best;
        }
        self.one_by_one = true;
        if !best.is_steady() && !best.case.has_race() && !self.is_out_of_time() {
            best = self.with_cuts_by_chance(suspicion, best);
        }
        if !best.is_confirmed() && !self.is_out_of_time() {
            let alone = suspicion.examples.iter().cloned();
            let patient = suspicion.examples.iter().map(Example::with_its_time);
            let beside = suspicion.examples.iter().flat_map(Example::with_neighbours);
            let tries: Vec<Example> = alone.chain(beside).chain(patient).collect();
            if let Some(example) = tries.iter().find(|e| self.departs_again(e)) {
                best = surer(best, self.shortest(example, seen_in));
            }
        }
        if !best.is_confirmed() && !self.is_out_of_time() {
            best = self.over_fresh_connections(suspicion, best);
        }
        let is_fickle = best.is_confirmed() && !best.is_steady() && !best.case.has_race();
        if is_fickle && !self.is_out_of_time() {
            self.times = 3;
            best = surer(best, self.shortest(&suspicion.examples[0], seen_in));
            self.times = 1;
        }
        let may_be_seldom = best.comes_seldom() && !best.case.has_race();
        let may_repeat = !self.stage.accounts_are_few() && !self.is_out_of_time();
        if may_be_seldom && may_repeat && seen_of_rule >= SEEN_AGAIN {
            best = self.shortest_that_comes_seldom(suspicion, best);
        }
        self.one_by_one = false;
        if best.confirmation.attempts == 0
            && let Some(want) = self.want.take()
        {
            *self.wants.entry(want).or_default() += 1;
        }
        best
    }

    /// A moved update time that did not come again every time, at a target whose cards change by themselves: no further search
    /// makes it the fault of a call.
    fn may_be_the_cards_own(&self, best: &Finding) -> bool {
        self.own_updates > 0 && best.departure.subject == UPDATE_AT_REST && !best.is_steady()
    }

    /// A moved update time that came every time, again with pauses between the steps: what a call does it still does then, and
    /// what a card does by itself, so long after its last change, falls into a pause. What comes without pauses alone is the
    /// time's doing, and no call's. One that did not come every time is tried so too, since a card that is seen to change in
    /// a pause does it by itself.
    fn slow_down(&mut self, finding: &mut Finding) {
        let is_moved_time = finding.departure.subject == UPDATE_AT_REST;
        let came_every_time = finding.is_confirmed() && finding.is_steady();
        let is_settled = !came_every_time && self.own_updates > 0;
        let was_looked_into = finding.confirmation.attempts > 0;
        if !is_moved_time || is_settled || !was_looked_into || finding.case.has_race() {
            return;
        }
        self.until = Instant::now() + self.effort.longest;
        let slow = with_pauses(&finding.case);
        let (mut came, mut stayed_away) = (0, 0);
        for (trace, judgement) in self.try_out(&vec![slow; SLOW_TIMES]) {
            let mut departures = judgement.departures.iter();
            let departs = departures.any(|d| d.requirement == finding.requirement);
            came += usize::from(departs);
            stayed_away += usize::from(!departs && trace.complete && trace.not_run.is_none());
        }
        if came_every_time && came < SLOW_TIMES {
            finding.confirmation.reproduced = 0;
        }
        self.own_updates += u32::from(came_every_time && stayed_away == SLOW_TIMES);
    }

    /// What a cut answer shows mostly comes every time. Where it does not, whatever cuts an answer is tried as a race is.
    fn with_cuts_by_chance(&mut self, suspicion: &Suspicion, best: Finding) -> Finding {
        let mut examples = suspicion.examples.iter();
        let Some(example) = examples.find(|e| e.case.may_come_by_chance()) else {
            return best;
        };
        self.chance = Chance::Connections;
        let found = self.shortest(example, suspicion.seen_in.len());
        self.chance = Chance::Races;
        surer(best, found)
    }

    /// Behind one address may be several servers, and the connection may decide which of them is met: a case that runs alone
    /// has one connection.
    fn over_fresh_connections(&mut self, suspicion: &Suspicion, best: Finding) -> Finding {
        self.chance = Chance::Connections;
        let examples = suspicion.examples.iter();
        let mut tries = examples.filter_map(Example::over_fresh_connections);
        let found = tries
            .find(|example| self.departs_again(example))
            .map(|example| self.shortest(&example, suspicion.seen_in.len()));
        self.chance = Chance::Races;
        match found {
            Some(found) => surer(best, found),
            None => best,
        }
    }

    /// What comes with one card in so many is run that often. Events take their time, so where they matter the candidates
    /// stay out of each other's way.
    fn shortest_that_comes_seldom(&mut self, suspicion: &Suspicion, best: Finding) -> Finding {
        let example = &suspicion.examples[0];
        self.one_by_one = example.case.listens();
        self.chance = Chance::Anything;
        let found = self.shortest(example, suspicion.seen_in.len());
        self.chance = Chance::Races;
        match found.is_confirmed() {
            true => found,
            false => best,
        }
    }

    fn may_come_by_chance(&self, case: &Case) -> bool {
        match self.chance {
            Chance::Races => case.has_race(),
            Chance::Connections => case.may_come_by_chance(),
            Chance::Anything => true,
        }
    }

    fn tries(&self) -> u32 {
        match self.chance {
            Chance::Anything => self.effort.chance_tries,
            _ => self.effort.race_tries,
        }
    }

    /// How often a case is run again, and how often where it has not come by then.
    fn confirmations(&self, case: &Case) -> (u32, u32) {
        let (times, patience) = match (self.chance, self.may_come_by_chance(case)) {
            (Chance::Anything, _) => (self.effort.chance_confirmations, 1),
            (_, true) => (self.effort.race_confirmations, RACE_PATIENCE),
            (_, false) => (self.effort.confirmations, 1),
        };
        (times, patience * times)
    }

    /// Which of these cases depart as is wanted. Only the first that does is taken, so only it may narrow what is wanted.
    /// One with a race is run until it departs, as often as may be.
    fn still_depart(&mut self, cases: &[Case], wanted: &mut Wanted) -> Vec<bool> {
        let mut departs = vec![false; cases.len()];
        let mut left: Vec<usize> = (0..cases.len()).collect();
        let (mut tries, mut at_once) = (0, 1);
        while tries < self.tries().max(1) && !self.is_out_of_time() {
            let copies = left
                .iter()
                .flat_map(|place| std::iter::repeat_n(*place, at_once));
            let copies: Vec<usize> = copies.collect();
            let side_by_side = if self.one_by_one { 1 } else { BATCH_MAX };
            for copies in copies.chunks(side_by_side) {
                let tried: Vec<Case> = copies.iter().map(|place| cases[*place].clone()).collect();
                let judged = self.try_out(&tried);
                for (place, (_, judgement)) in copies.iter().zip(judged) {
                    departs[*place] |= !departs.contains(&true)
                        && judgement.departures.iter().any(|d| wanted.accept(d))
                        && self.departs_further(&cases[*place], wanted);
                }
                if departs.contains(&true) {
                    break;
                }
            }
            left.retain(|place| self.may_come_by_chance(&cases[*place]));
            if left.is_empty() || departs.contains(&true) {
                break;
            }
            // What did not come at once is tried side by side, since mostly it never comes.
            tries += u32::try_from(at_once).unwrap_or(u32::MAX);
            at_once = (BATCH_MAX / left.len()).max(1).min(2 * at_once);
        }
        departs
    }

    /// The case departs in each of the further runs that are asked for.
    fn departs_further(&mut self, case: &Case, wanted: &Wanted) -> bool {
        (1..self.times).all(|_| {
            let tried = self.try_out(std::slice::from_ref(case));
            let mut departures = tried
                .iter()
                .flat_map(|(_, judgement)| &judgement.departures);
            departures.any(|d| d.requirement == wanted.requirement)
        })
    }

    fn departs_again(&mut self, example: &Example) -> bool {
        let case = std::slice::from_ref(&example.case);
        let mut wanted = Wanted::of(&example.departure);
        self.still_depart(case, &mut wanted) == [true]
    }

    fn shortest(&mut self, example: &Example, seen_in: usize) -> Finding {
        let mut wanted = Wanted::of(&example.departure);
        let budget = self.effort.shrink_runs;
        // A part of the time is kept for seeing how often it comes: the shortest sequence is worth nothing unless it does.
        let until = self.until;
        self.until -= until.saturating_duration_since(Instant::now()) / 3;
        let shrunk = {
            let lab = &mut *self;
            let mut still_departs = |cases: &[Case]| lab.still_depart(cases, &mut wanted);
            shrink(&example.case, &mut still_departs, budget)
        };
        self.until = until;
        let sharpened = self.sharpen(&shrunk.case, &wanted);
        let (case, wanted) = sharpened.unwrap_or((shrunk.case, wanted));
        let is_as_seen = case == example.case;
        let found = self.confirm(example, seen_in, case, &wanted);
        if is_as_seen || found.is_confirmed() || self.is_out_of_time() {
            return found;
        }
        // A race may have come once in a smaller case, and come more often as it was seen.
        let wanted = Wanted::of(&example.departure);
        surer(
            found,
            self.confirm(example, seen_in, example.case.clone(), &wanted),
        )
    }

    /// What a list alone shows may be the list's fault or the card's. A read of the card tells.
    fn sharpen(&mut self, case: &Case, wanted: &Wanted) -> Option<(Case, Wanted)> {
        let last = case.steps.last()?;
        if !matches!(
            last.command,
            Command::ListAccount(_) | Command::ListProgramme
        ) {
            return None;
        }
        let cards = (1..=case.steps.len())
            .map(StepNumber)
            .filter(|s| case.steps[s.0 - 1].makes_card());
        let probed: Vec<Case> = cards
            .map(|card| {
                let mut probed = case.clone();
                probed
                    .steps
                    .push(Step::new(Command::Read(CardRef::Made(card))));
                probed
            })
            .collect();
        self.try_out(&probed)
            .into_iter()
            .find_map(|(trace, judgement)| {
                let blamed = judgement.departures.iter().find(|d| {
                    d.requirement == id::READ_6 && d.instead.contains(&wanted.requirement)
                })?;
                Some((trace.case, Wanted::of(blamed)))
            })
    }

    fn confirm(
        &mut self,
        example: &Example,
        seen_in: usize,
        case: Case,
        wanted: &Wanted,
    ) -> Finding {
        let by_chance = self.may_come_by_chance(&case);
        let (times, most) = self.confirmations(&case);
        let (mut seen, mut at_once) = (Seen::default(), BATCH_MAX);
        loop {
            let wished = if seen.reproduced == 0 { most } else { times };
            // However slow the target is, a departure is run again a few times.
            let is_late = seen.attempts >= self.effort.confirmations && self.is_out_of_time();
            if seen.attempts >= wished || is_late {
                break;
            }
            let left = usize::try_from(wished - seen.attempts).unwrap_or(usize::MAX);
            let copies = vec![case.clone(); left.min(at_once)];
            let tried = self.try_out(&copies);
            // Those that were given up in the middle have shown nothing.
            if (self.is_stopped)() {
                break;
            }
            tried.into_iter().for_each(|tried| seen.add(tried, wanted));
            // Copies of what needs no chance may disturb each other: then they are run one after the other.
            if !by_chance && at_once > 1 && seen.reproduced < seen.attempts {
                (seen, at_once) = (Seen::default(), 1);
            }
        }
        let confirmation = Confirmation {
            reproduced: seen.reproduced,
            attempts: seen.attempts - seen.not_run,
        };
        match seen.departed {
            Some((departure, evidence)) => {
                finding(example, seen_in, departure, case, evidence, confirmation)
            }
            // What never came again is told as it was seen.
            None => finding(
                example,
                seen_in,
                example.departure.clone(),
                example.case.clone(),
                example.evidence.clone(),
                confirmation,
            ),
        }
    }
}

/// A race that has not come again is tried so many times as often.
const RACE_PATIENCE: u32 = 4;

/// So often a case with pauses must depart, or not.
const SLOW_TIMES: usize = 3;

/// How long each pause is.
const PAUSE_MS: u64 = 200;

/// The case with a pause before each of its steps but the first.
fn with_pauses(case: &Case) -> Case {
    let places = (1..case.steps.len()).rev();
    places.fold(case.clone(), |case, place| {
        case.with_inserted(place, Step::new(Command::Pause(PAUSE_MS)))
    })
}

/// The finding that comes again more surely; of two alike, the first.
fn surer(first: Finding, second: Finding) -> Finding {
    if second.rate() > first.rate() {
        second
    } else {
        first
    }
}

#[cfg(test)]
mod tests;
