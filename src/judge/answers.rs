//! Calls that may be answered in one of several ways: which were, and what it means that none was.

use std::collections::BTreeSet;

use serde_json::Value;

use super::departure::{Origin, json_diff};
use super::follow::{Found, Judge, Scene};
use crate::card::Action;
use crate::contract::OperationKind;
use crate::requirement::id;
use crate::trace::Response;
use crate::world::ways::{Answer, RefusalKind, Way};
use crate::world::{Choice, Moment, World};

impl<'a> Judge<'a> {
    /// Keeps the worlds in which the answer is one of the ways; says whether there are any. If there are none, records
    /// the departure and leaves the worlds as they are.
    pub(super) fn pick(
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
                if !self.fits(&way.answer, scene.response) {
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

    pub(super) fn fits(&self, answer: &Answer, response: &Response) -> bool {
        match answer {
            Answer::Success => response.is_success(),
            Answer::Refusal(status, _) => response.status == *status,
            Answer::Same(moment) => self.same_answer(*moment, response),
        }
    }

    pub(super) fn answer_at(&self, moment: Moment) -> Option<&'a Response> {
        self.trace.exchanges.get(moment)?.response()
    }

    pub(super) fn same_answer(&self, moment: Moment, response: &Response) -> bool {
        self.answer_at(moment).is_some_and(|first| {
            first.status == response.status && same_body(&first.body, &response.body)
        })
    }

    pub(super) fn depart_from_reading(
        &mut self,
        scene: &Scene<'_>,
        way: &Way,
        choice: &Choice,
        held: usize,
    ) {
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

    pub(super) fn depart_from_ways(&mut self, scene: &Scene<'_>, missed: &[Way]) {
        let success = scene.is_success();
        // A conflict where nothing is at work any more: the key is to blame, whether the first request was done or not.
        let stuck = |way: &&Way| {
            let conflicts = scene.response.status == 409;
            conflicts && way.rule == id::IDEM_3 && way.answer == Answer::Success
        };
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
        let Some(way) = missed.iter().find(stuck).or(telling) else {
            return;
        };
        let mut rules = match way.answer {
            // Whatever holds the slot, LIMIT-4 says how a create over the limit is refused.
            Answer::Refusal(_, RefusalKind::Limit) if !success => vec![id::LIMIT_4],
            // Whether the first one is still at work nobody knows; that its retry is answered alike holds anyway.
            _ if way.rule == id::IDEM_7 => vec![id::IDEM_3, id::IDEM_7],
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
            expected: self.expected_answers(scene.operation, missed),
            since: self.origin_of(way),
            actual: answered(scene.response),
            diff,
        };
        self.depart(scene, &rules, found);
    }

    pub(super) fn origin_of(&self, way: &Way) -> Option<Origin> {
        match way.answer {
            Answer::Same(moment) => Some(Origin {
                step: self.trace.exchanges.get(moment)?.step,
                rule: id::IDEM_3,
            }),
            _ => None,
        }
    }

    pub(super) fn expected_answers(
        &self,
        operation: Option<OperationKind>,
        missed: &[Way],
    ) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut codes: Vec<u16> = Vec::new();
        for way in missed {
            let word = match way.answer {
                Answer::Success => format!("success ({})", self.success_status(operation)),
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

    pub(super) fn success_status(&self, operation: Option<OperationKind>) -> u16 {
        let shows_card = operation.is_some_and(|kind| self.shows_card(kind));
        operation
            .and_then(|kind| self.contract.operation(kind))
            .filter(|_| !shows_card)
            .map_or(200, crate::contract::Operation::success_status)
    }

    /// The profile says that this call answers with the card (contract.md, operations).
    pub(super) fn shows_card(&self, operation: OperationKind) -> bool {
        let action = match operation {
            OperationKind::ActivateCard => Action::Activate,
            OperationKind::DeactivateCard => Action::Deactivate,
            OperationKind::TerminateCard => Action::Terminate,
            _ => return false,
        };
        self.terms.success_shows_card.contains(&action)
    }
}

/// Equal as JSON, or to the letter where it is none: members may come in another order.
pub(super) fn same_body(first: &str, second: &str) -> bool {
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
