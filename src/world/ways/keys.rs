//! The ways of a call whose idempotency key has been used (contract.md, idempotency).

use super::request::{fresh_ways, open_refusals, request_refusals};
use super::{Answer, Call, Effect, InFlight, RefusalKind, Way, Wish, all_given, refusals};
use crate::requirement::id;
use crate::world::{Choice, Moment, Outcome, Remembered, World};

pub(super) fn ways_under_key(world: &World, call: &Call, entries: &[Remembered]) -> Vec<Way> {
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

/// A key whose hour is about over is known, or it is not.
pub(super) fn ways_under_fading_key(
    world: &World,
    call: &Call,
    entries: &[Remembered],
) -> Vec<Way> {
    let mut ways = ways_under_key(world, call, entries);
    ways.extend(fresh_ways(world, call));
    ways
}

/// A key that was retried less than an hour ago, and first used more than an hour ago (OPEN-46).
pub(super) fn ways_under_renewed_key(
    world: &World,
    call: &Call,
    entries: &[Remembered],
) -> Vec<Way> {
    let reading = |words| Choice::new(id::OPEN_46, "", words);
    let known = reading("each call");
    let over = reading(SINCE_THE_FIRST);
    let mut ways: Vec<Way> = all_given(ways_under_key(world, call, entries), &known).collect();
    ways.extend(all_given(ways_after_the_hour(world, call), &over));
    ways
}

/// The reading of OPEN-46 by which no retry begins the hour anew.
const SINCE_THE_FIRST: &str = "first call";

/// Whether a way is open only where the key was forgotten.
pub(super) fn forgets(way: &Way) -> bool {
    way.choices
        .contains(&Choice::new(id::OPEN_46, "", SINCE_THE_FIRST))
}

/// A key whose hour is over is a fresh one (IDEM-8).
pub(super) fn ways_after_the_hour(world: &World, call: &Call) -> Vec<Way> {
    let afresh = fresh_ways(world, call).into_iter().map(|mut way| {
        way.instead.insert(0, way.rule);
        way.rule = id::IDEM_8;
        way
    });
    afresh.collect()
}

/// The same request under its key (IDEM-3, OPEN-16).
pub(super) fn ways_again(world: &World, call: &Call, outcome: Outcome) -> Vec<Way> {
    match outcome {
        Outcome::Done(moment) => vec![same(moment)],
        Outcome::Refused(moment, kind) => {
            let reading = |words| Choice::new(id::OPEN_16, kind.scope(), words);
            let replayed = same(moment).given(reading("replayed"));
            std::iter::once(replayed)
                .chain(all_given(fresh_ways(world, call), &reading("tried afresh")))
                .collect()
        }
        Outcome::LostUndone => with_in_flight(call, fresh_ways(world, call)),
        Outcome::InFlight(_) => fresh_ways(world, call),
        Outcome::LostRefused => {
            let mut ways = fresh_ways(world, call);
            ways.extend(unseen_refusals(call));
            with_in_flight(call, ways)
        }
        Outcome::LostDone(made_by) => {
            let card = world.cards.iter().position(|c| Some(c.made_by) == made_by);
            let done = Way::success(id::IDEM_3, card.map_or(Effect::Nothing, Effect::Reveal));
            with_in_flight(call, vec![done])
        }
    }
}

pub(super) fn same(moment: Moment) -> Way {
    Way {
        rule: id::IDEM_3,
        instead: Vec::new(),
        answer: Answer::Same(moment),
        choices: Vec::new(),
        effect: Effect::Nothing,
    }
}

/// A request whose answer was lost may still be at work, but not for ever.
pub(super) fn with_in_flight(call: &Call, mut ways: Vec<Way>) -> Vec<Way> {
    if call.lost_may_linger {
        ways.push(Way::refusal(id::IDEM_7, 409, RefusalKind::Gate));
    }
    ways
}

/// A refusal that nobody saw may be replayed (OPEN-16), though the cards would allow the call by now.
fn unseen_refusals(call: &Call) -> Vec<Way> {
    let (kind, codes): (_, &[u16]) = match call.wish {
        Wish::Create { .. } => (RefusalKind::Limit, &[400, 403, 422]),
        Wish::Act(..) => (RefusalKind::State, &[400, 404, 422]),
    };
    let refusal = |code: &u16| Way::refusal(id::IDEM_3, *code, kind);
    codes.iter().map(refusal).collect()
}

/// By what another payload under a used key is refused (IDEM-5).
pub(super) const USED: [u16; 2] = [422, 409];

/// Another payload under a used key (IDEM-5, OPEN-17).
pub(super) fn ways_changed(world: &World, call: &Call, outcome: Outcome) -> Vec<Way> {
    let refused = refusals(id::IDEM_5, RefusalKind::Key, &USED, id::OPEN_14, "");
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
        Outcome::LostUndone | Outcome::LostRefused => {
            refused.into_iter().chain(fresh_ways(world, call)).collect()
        }
        // What was refused for another request did not take the key; that one did.
        Outcome::InFlight(_) => fresh_ways(world, call),
    }
}

/// A key whose first request is in flight is taken, whatever the second one asks for (IDEM-5, IDEM-7, IDEM-9).
///
/// That one is served, so they are not all refused for each other.
pub(super) fn refusals_in_flight(
    in_flight: InFlight,
    entries: &[Remembered],
) -> impl Iterator<Item = Way> {
    let InFlight { same, other } = in_flight;
    let refused = entries.iter().map(|entry| match entry.outcome {
        Outcome::InFlight(times) => Some(times),
        _ => None,
    });
    let all_refused = refused
        .sum::<Option<usize>>()
        .is_some_and(|times| times >= same + other);
    let codes: &[u16] = match (same, other) {
        (0, 0) => &[],
        _ if all_refused => &[],
        (_, 0) => &[409],
        (_, _) => &[409, 422],
    };
    codes
        .iter()
        .map(|code| Way::refusal(id::IDEM_7, *code, RefusalKind::InFlight))
}

/// How a call is refused whose key belongs to another one.
pub fn refusals_elsewhere() -> [Way; 3] {
    [400, 409, 422].map(|code| Way::refusal(id::IDEM_9, code, RefusalKind::Key))
}

/// A used key on another call (IDEM-9, OPEN-15). A key whose calls were refused, or never arrived, may not count
/// as used.
pub(super) fn ways_elsewhere(world: &World, call: &Call, entries: &[Remembered]) -> Vec<Way> {
    let refused = refusals_elsewhere();
    let fresh = fresh_ways(world, call).into_iter().map(|mut way| {
        if way.answer == Answer::Success {
            way.instead.insert(0, way.rule);
            way.rule = id::IDEM_9;
        }
        way
    });
    if entries.iter().all(|e| {
        matches!(
            e.outcome,
            Outcome::Refused(..)
                | Outcome::LostUndone
                | Outcome::LostRefused
                | Outcome::InFlight(_)
        )
    }) {
        return refused.into_iter().chain(fresh).collect();
    }
    let reading = |words| Choice::new(id::OPEN_15, "", words);
    all_given(refused.into(), &reading("refused"))
        .chain(all_given(fresh.collect(), &reading("new request")))
        .collect()
}
