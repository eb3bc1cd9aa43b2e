//! The order of cases where accounts are few and time may be over early: each next case is the one that does most that has
//! not been done yet.
//!
//! What a case does is read from its steps: each kind of request with what is odd about it, and what was done before it to
//! the same card. The first cases are those that make a card in the place of one that has ended, since what they show of
//! slots says how often an account can be used.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet};

use super::Planned;
use crate::card::Action;
use crate::case::{AccountRef, Body, CardRef, Case, Command, KeyUse, Step, StepNumber};

/// So many cases that tell how slots are freed come first.
const TELLING_MAX: usize = 2;

/// The same cases, the most worth first.
pub fn by_worth(planned: Vec<Planned>) -> Vec<Planned> {
    let deeds: Vec<BTreeSet<String>> = planned.iter().map(|p| deeds(&p.case)).collect();
    let telling = (0..planned.len()).filter(|at| tells_of_slots(&planned[*at].case));
    let mut order: Vec<usize> = telling.take(TELLING_MAX).collect();
    let mut done: HashSet<&str> = HashSet::new();
    for at in &order {
        done.extend(deeds[*at].iter().map(String::as_str));
    }
    let first: HashSet<usize> = order.iter().copied().collect();
    let rest = (0..planned.len()).filter(|at| !first.contains(at));
    let mut heap: BinaryHeap<(usize, Reverse<usize>)> =
        rest.map(|at| (deeds[at].len(), Reverse(at))).collect();
    while let Some((hoped, Reverse(at))) = heap.pop() {
        let new = deeds[at]
            .iter()
            .filter(|deed| !done.contains(deed.as_str()));
        let new = new.count();
        // What was new may have been done meanwhile; then its turn comes later.
        if new < hoped && heap.peek().is_some_and(|(other, _)| *other > new) {
            heap.push((new, Reverse(at)));
            continue;
        }
        done.extend(deeds[at].iter().map(String::as_str));
        order.push(at);
    }
    let mut planned: Vec<Option<Planned>> = planned.into_iter().map(Some).collect();
    let ordered = order.into_iter().filter_map(|at| planned[at].take());
    ordered.collect()
}

/// A create, the termination of its card, and another create in its place.
fn tells_of_slots(case: &Case) -> bool {
    let mut ended = BTreeSet::new();
    let mut made = BTreeMap::new();
    for (number, step) in case.numbered() {
        let is_plain = step.flaw.is_none() && step.body == Body::Standard && step.lane.is_none();
        match &step.command {
            Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            } if is_plain => {
                if ended.contains(&(*letter, *card_type)) {
                    return true;
                }
                made.insert(number, (*letter, *card_type));
            }
            Command::Act(Action::Terminate, CardRef::Made(card)) if is_plain => {
                ended.extend(made.get(card).copied());
            }
            _ => {}
        }
    }
    false
}

/// What a case does.
fn deeds(case: &Case) -> BTreeSet<String> {
    let mut deeds = BTreeSet::new();
    let mut lives: BTreeMap<StepNumber, String> = BTreeMap::new();
    let mut before = String::new();
    for (number, step) in case.numbered() {
        let kind = kind(step);
        let of = match &step.command {
            Command::Create { .. } => Some(number),
            Command::Act(_, CardRef::Made(card)) | Command::Read(CardRef::Made(card)) => {
                Some(*card)
            }
            _ => None,
        };
        match of {
            Some(card) => {
                let life = lives.entry(card).or_default();
                deeds.insert(format!("{life} > {kind}"));
                if !matches!(step.command, Command::Read(_)) {
                    life.clone_from(&kind);
                }
            }
            None => {
                deeds.insert(format!("{before} > {kind}"));
            }
        }
        before.clone_from(&kind);
        deeds.insert(kind);
    }
    deeds.insert(format!("{} accounts", case.accounts().len()));
    deeds
}

/// The kind of request that a step makes.
fn kind(step: &Step) -> String {
    let command = match &step.command {
        Command::Create { card_type, .. } => format!("create {card_type}"),
        Command::Act(action, card) => format!("{action} {}", card_kind(card)),
        Command::Read(card) => format!("read {}", card_kind(card)),
        Command::ListAccount(AccountRef::Own(_)) => "list".to_owned(),
        Command::ListAccount(_) => "list another".to_owned(),
        Command::ListProgramme => "list all".to_owned(),
        Command::Retry(_) => "retry".to_owned(),
        Command::Pause(_) => "pause".to_owned(),
        Command::Hook(hook) => format!("hook {:?}", std::mem::discriminant(hook)),
        Command::MoveClock(_) => "clock".to_owned(),
    };
    let body = match &step.body {
        Body::Standard => String::new(),
        Body::Patched(patch) => format!(" with {patch}"),
        Body::Text(_) => " with text".to_owned(),
    };
    let key = match step.key {
        KeyUse::Usual => "",
        KeyUse::TimeOrdered => " time-ordered key",
        KeyUse::Missing => " no key",
        KeyUse::Text(_) => " odd key",
        KeyUse::Of(_) => " used key",
        KeyUse::NextTo(_) => " nearly used key",
    };
    let flaw = step
        .flaw
        .map_or(String::new(), |flaw| format!(" {}", flaw.kind()));
    let odd = [
        (step.lane.is_some(), " at once"),
        (step.method.is_some(), " other method"),
        (step.media_type.is_some(), " other media type"),
        (step.encoding.is_some(), " other encoding"),
        (step.upper_case, " upper case"),
        (step.loss.is_some(), " lost"),
    ];
    let odd: String = odd
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| *word)
        .collect();
    format!("{command}{body}{key}{flaw}{odd}")
}

fn card_kind(card: &CardRef) -> &'static str {
    match card {
        CardRef::Made(_) => "a card",
        CardRef::Unknown => "unknown",
        CardRef::Foreign => "foreign",
        CardRef::Malformed(_) => "malformed",
        CardRef::Within(_) => "within",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Origin;

    fn planned(steps: &[&str]) -> Planned {
        Planned {
            case: Case {
                name: steps.join(", "),
                ..Case::told(steps)
            },
            suite: "suite".to_owned(),
            origin: Origin::Written,
            missing: Vec::new(),
        }
    }

    #[test]
    fn what_tells_of_slots_comes_first_and_then_what_does_most_that_is_new() {
        let list = planned(&["list A"]);
        let long = planned(&["list A", "create virtual on A", "issue #2", "read #2"]);
        let other = planned(&["create physical on A", "fail #1"]);
        let slots = planned(&["create virtual on A", "terminate #1", "create virtual on A"]);
        let order = by_worth(vec![
            list.clone(),
            other.clone(),
            long.clone(),
            slots.clone(),
        ]);
        assert_eq!(order, [slots, long, other, list]);
    }

    #[test]
    fn no_case_is_lost() {
        let cases: Vec<Planned> = (0..20).map(|_| planned(&["list A", "list all"])).collect();
        assert_eq!(by_worth(cases.clone()), cases);
    }
}
