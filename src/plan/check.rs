//! What makes a case consistent: each step can be sent, given the steps before it.

use crate::card::Action;
use crate::case::{Body, CardRef, Case, Command, Flaw, Hook, KeyUse, Step, StepNumber};
use crate::contract::Route;

/// What is wrong with a case, and at which step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistency {
    /// The step, unless the whole case is meant.
    pub step: Option<StepNumber>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// The first thing that makes `case` impossible to run as written.
pub fn inconsistency(case: &Case) -> Option<Inconsistency> {
    if case.steps.is_empty() {
        return Some(Inconsistency {
            step: None,
            problem: format!("the case `{}` has no steps", case.name),
        });
    }
    case.numbered().find_map(|(number, step)| {
        let problem =
            step_problem(&case.steps, number, step).or_else(|| wrong_lane(case, number, step))?;
        Some(Inconsistency {
            step: Some(number),
            problem,
        })
    })
}

fn step_problem(steps: &[Step], number: StepNumber, step: &Step) -> Option<String> {
    if let Some(later) = step.needs().into_iter().find(|need| *need >= number) {
        return Some(format!(
            "step {number} names {later}, which does not come before it"
        ));
    }
    wrong_card(steps, step)
        .or_else(|| wrong_subscription(steps, step))
        .or_else(|| wrong_key(steps, step))
        .or_else(|| wrong_body(steps, step))
        .or_else(|| wrong_flaw(steps, number, step))
        .or_else(|| wrong_method(step))
}

/// What goes at once can't wait for one another: a step may name what came before the race, what its own lane did, and
/// the request that another lane begins with.
fn wrong_lane(case: &Case, number: StepNumber, step: &Step) -> Option<String> {
    let lane = step.lane?;
    if matches!(step.command, Command::MoveClock(_)) {
        return Some(
            "the clock moves for everybody, so nothing can go at the same time".to_owned(),
        );
    }
    if matches!(step.command, Command::Hook(_)) {
        return Some("a step about webhooks goes in no lane".to_owned());
    }
    let stretches = case.stretches();
    let race = stretches.iter().find(|s| s.contains(&(number.0 - 1)))?;
    let is_first = |index: usize| {
        let mut earlier = case.steps[race.start..index].iter();
        earlier.all(|s| s.lane != case.steps[index].lane)
    };
    let names_request = |need: StepNumber| {
        matches!(step.command, Command::Retry(first) if first == need)
            || step.key == KeyUse::Of(need)
    };
    step.needs().into_iter().find_map(|need| {
        let index = need.0 - 1;
        let apart = race.contains(&index) && case.steps[index].lane != Some(lane);
        (apart && !(names_request(need) && is_first(index))).then(|| {
            format!(
                "step {number} names {need}, which goes at the same time in another lane: only the requests that lanes \
                 begin with can be repeated by one another"
            )
        })
    })
}

fn wrong_card(steps: &[Step], step: &Step) -> Option<String> {
    let maker = match &step.command {
        Command::Read(CardRef::Made(maker)) | Command::Act(_, CardRef::Made(maker)) => *maker,
        Command::Read(CardRef::Within(within)) | Command::Act(_, CardRef::Within(within)) => {
            within.card
        }
        Command::Hook(hook) => hook.card()?,
        _ => return None,
    };
    let earlier = &steps[maker.0 - 1];
    (!earlier.makes_card())
        .then(|| format!("{maker} is `{earlier}`, which makes no card: name a create"))
}

fn wrong_subscription(steps: &[Step], step: &Step) -> Option<String> {
    let Command::Hook(hook) = &step.command else {
        return None;
    };
    if let Some(at) = hook.awaited_at() {
        let earlier = &steps[at.0 - 1];
        let subscribes = matches!(&earlier.command, Command::Hook(hook) if hook.has_body());
        return (!subscribes).then(|| {
            format!("{at} is `{earlier}`, which subscribes no address: name a `subscribe`")
        });
    }
    let maker = hook.subscribed_by()?;
    let earlier = &steps[maker.0 - 1];
    (earlier.command != Command::Hook(Hook::Subscribe))
        .then(|| format!("{maker} is `{earlier}`, which makes no subscription: name a `subscribe`"))
}

fn wrong_key(steps: &[Step], step: &Step) -> Option<String> {
    let keyed = match step.command {
        Command::Retry(first) => step.key.named().unwrap_or(first),
        _ => step.key.named()?,
    };
    let earlier = &steps[keyed.0 - 1];
    (!sends_key(earlier)).then(|| {
        format!("{keyed} is `{earlier}`, which sends no idempotency key: name a call that modifies")
    })
}

fn wrong_body(steps: &[Step], step: &Step) -> Option<String> {
    let bodied =
        step.body != Body::Standard || step.media_type.is_some() || step.encoding.is_some();
    (bodied && !has_body(steps, step))
        .then(|| "only a create, a `subscribe`, and the retry of one have a body".to_owned())
}

fn wrong_flaw(steps: &[Step], number: StepNumber, step: &Step) -> Option<String> {
    let flaw = step.flaw?;
    if matches!(step.command, Command::Pause(_)) {
        return Some("a pause sends nothing, so nothing can be wrong with its access".to_owned());
    }
    if matches!(step.command, Command::MoveClock(_)) {
        return Some("the clock is no part of the product, so its access is not tested".to_owned());
    }
    let moves = |earlier: &Step| matches!(earlier.command, Command::MoveClock(_));
    if flaw == Flaw::ExpiredBearer && !steps[..number.0 - 1].iter().any(moves) {
        return Some("no bearer token has expired before the clock was moved".to_owned());
    }
    if flaw.needs_body() && !has_body(steps, step) {
        return Some(format!(
            "`{flaw}` needs a body: only a create, a `subscribe`, and the retry of one have one"
        ));
    }
    if let Flaw::SignatureOf(signed) = flaw
        && matches!(steps[signed.0 - 1].command, Command::Pause(_))
    {
        return Some(format!(
            "{signed} is a pause, which sends nothing: name a call"
        ));
    }
    (flaw.needs_key() && !sends_key(step))
        .then(|| format!("`{flaw}` needs an idempotency key: name a call that modifies"))
}

fn wrong_method(step: &Step) -> Option<String> {
    let method = step.method.as_ref()?;
    let path = match &step.command {
        Command::Create { .. } | Command::ListAccount(_) => "/accounts/id/cards",
        Command::ListProgramme => "/cards",
        Command::Read(_) | Command::Act(Action::Terminate, _) => "/cards/id",
        Command::Act(Action::Activate, _) => "/cards/id/activate",
        Command::Act(Action::Deactivate, _) => "/cards/id/deactivate",
        Command::Act(Action::Issue, _) => "/simulator/cards/id/issue",
        Command::Act(Action::Fail, _) => "/simulator/cards/id/fail",
        Command::Act(Action::Suspend | Action::Unsuspend | Action::Block, _)
        | Command::Retry(_)
        | Command::Pause(_)
        | Command::MoveClock(_)
        | Command::Hook(_) => {
            return Some(
                "only calls of the contract on cards and accounts can go by another method"
                    .to_owned(),
            );
        }
    };
    let route = Route::of(method.as_str(), path)?;
    Some(format!(
        "{method} on that path is \"{}\": write it as that",
        route.operation.name()
    ))
}

/// Whether the step's request carries an idempotency key.
pub(super) fn sends_key(step: &Step) -> bool {
    modifies(step) && step.key != KeyUse::Missing
}

/// Whether the step asks for a change.
pub(super) fn modifies(step: &Step) -> bool {
    matches!(
        step.command,
        Command::Create { .. } | Command::Act(..) | Command::Retry(_)
    ) || matches!(&step.command, Command::Hook(hook) if hook.modifies())
}

/// The step that a chain of retries goes back to.
pub(super) fn first_try<'a>(steps: &'a [Step], step: &'a Step) -> &'a Step {
    let mut first = step;
    while let Command::Retry(earlier) = first.command {
        match steps.get(earlier.0 - 1) {
            Some(earlier) => first = earlier,
            None => return first,
        }
    }
    first
}

fn has_body(steps: &[Step], step: &Step) -> bool {
    let first = first_try(steps, step);
    first.makes_card() || matches!(&first.command, Command::Hook(hook) if hook.has_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No file can say so, but a case beside a copy of itself could.
    #[test]
    fn subscriptions_are_in_no_lane() {
        let at_once = |steps: &[&str]| Case::told(steps).doubled(true);
        let cards = at_once(&["create virtual on A"]).expect("a double");
        assert_eq!(inconsistency(&cards), None);
        let subscriptions = at_once(&["subscribe"]).expect("a double");
        assert!(inconsistency(&subscriptions).is_some());
    }
}
