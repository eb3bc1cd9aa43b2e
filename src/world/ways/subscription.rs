//! How a request that subscribes may be answered. A subscription is no part of a world, so its ways have no effect there.

use super::keys::USED;
use super::{Effect, Input, RefusalKind, Way};
use crate::requirement::{RequirementId, id};
use crate::world::Choice;

/// The ways of a subscription with such a body, or of the change of one.
pub fn subscription_ways(input: &Input, body: &str) -> Vec<Way> {
    let refusal = |status| Way::refusal(id::HOOK_14, status, RefusalKind::Input);
    let accepted = Way::success(id::HOOK_10, Effect::Nothing);
    match input {
        Input::Valid => vec![accepted],
        Input::OtherMedia(_) => vec![refusal(400), refusal(415)],
        // The digest of nothing is a digest without a body, which may be refused as a flaw in access.
        Input::Invalid(_) if body.is_empty() => vec![refusal(400), refusal(401)],
        Input::Invalid(_) => vec![refusal(400)],
        Input::Open(points) => {
            let refused = |point: &Choice| {
                let choice = Choice {
                    reading: 1,
                    ..point.clone()
                };
                Way::refusal(point.point, 400, RefusalKind::Input).given(choice)
            };
            let mut ways: Vec<Way> = points.iter().map(refused).collect();
            ways.push(Way {
                choices: points.clone(),
                ..accepted
            });
            ways
        }
    }
}

/// The ways of a call on subscriptions that breaks this rule on idempotency keys.
pub fn keyless_ways(rule: RequirementId) -> Vec<Way> {
    vec![Way::refusal(rule, 400, RefusalKind::Gate)]
}

/// The ways of another subscription under a used key.
pub fn used_key_ways() -> Vec<Way> {
    USED.map(|status| Way::refusal(id::IDEM_5, status, RefusalKind::Key))
        .to_vec()
}

/// The ways of a call on a subscription that there is not, at least not in this programme (contract.md, access).
pub fn absent_subscription_ways(rule: RequirementId) -> Vec<Way> {
    [404, 400]
        .map(|status| Way::refusal(rule, status, RefusalKind::Id))
        .to_vec()
}
