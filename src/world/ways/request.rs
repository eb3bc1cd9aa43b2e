//! What is wrong with a request itself, and the ways of one under a fresh key.

use super::state::state_ways;
use super::{Answer, Call, Id, Input, RefusalKind, Way, Wish, refusals};
use crate::card::{AccountId, Action, CardId};
use crate::requirement::{RequirementId, id};
use crate::world::{Choice, World};

/// A call without a good key is refused for it, or for whatever else is wrong with it.
pub(super) fn gate_refusals(world: &World, call: &Call, rule: RequirementId) -> Vec<Way> {
    let mut ways = vec![Way::refusal(rule, 400, RefusalKind::Gate)];
    if matches!(call.wish, Wish::Act(Action::Issue | Action::Fail, _)) {
        // The simulator is no part of the product: whether it insists on the key says nothing of the implementation.
        ways.extend(fresh_ways(world, call));
    } else {
        ways.extend(request_refusals(world, call));
    }
    ways
}

/// The call as if its key had never been used.
pub(super) fn fresh_ways(world: &World, call: &Call) -> Vec<Way> {
    let refusals = request_refusals(world, call);
    if !refusals.is_empty() {
        return refusals;
    }
    let ways = state_ways(world, call);
    let Input::Open(points) = &call.input else {
        return ways;
    };
    // Who refuses for the state that things are in need not have looked at the body.
    let accepted = ways.into_iter().map(|mut way| {
        if way.answer == Answer::Success {
            way.choices.extend(points.iter().cloned());
        }
        way
    });
    open_refusals(call).into_iter().chain(accepted).collect()
}

/// The refusals of a body for what the contract leaves open in it.
pub(super) fn open_refusals(call: &Call) -> Vec<Way> {
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
pub(super) fn request_refusals(world: &World, call: &Call) -> Vec<Way> {
    let mut refusals = match &call.wish {
        Wish::Create { account, .. } => account_refusals(account, call.name),
        Wish::Act(_, card) => card_refusals(card, call.name),
    };
    match &call.input {
        Input::OtherMedia(media_type) => refusals.extend(super::refusals(
            id::INPUT_6,
            RefusalKind::Form,
            &[415, 400],
            id::OPEN_27,
            media_type,
        )),
        &Input::Invalid(rule) => {
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

pub(super) fn id_refusals<T>(
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
        // A path may be too long (RFC 9110, 15.5.15); and servers write an odd one in their own way before they look at the
        // signature over it.
        Id::Odd => [
            (404, kind),
            (400, kind),
            (414, kind),
            (401, RefusalKind::Gate),
        ]
        .map(|(status, kind)| Way::refusal(malformed, status, kind))
        .to_vec(),
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
