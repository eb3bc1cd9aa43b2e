//! What is known of a card from having looked at it: what never changes, and when it was updated.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::departure::{Origin, json_diff};
use super::follow::{Found, Judge, Scene};
use super::{json, overlap};
use crate::card::{AccountId, CardId, CardStatus};
use crate::card_view::is_same_address;
use crate::case::StepNumber;
use crate::requirement::{RequirementId, id};
use crate::world::ways::{Call, Id, Wish};
use crate::world::{Choice, Moment, World};

/// How a card was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The answer to the call that made or changed it.
    Answer,
    /// By its id.
    ById,
    /// In its account's list.
    Account,
    /// In the programme's list.
    Programme,
}

impl Source {
    /// Two different reads, which must agree (READ-6).
    pub fn is_other_read(self, other: Self) -> bool {
        self != other && self != Self::Answer && other != Self::Answer
    }
}

/// One look at a card.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub moment: Moment,
    pub step: StepNumber,
    pub source: Source,
    pub status: Option<CardStatus>,
    pub updated_at: Option<Stamp>,
    pub name: Value,
}

/// A point in time as printed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stamp {
    pub at: Timestamp,
    pub text: String,
}

/// A value that must stay, and where it was seen first.
#[derive(Clone, Debug)]
struct Fixed {
    value: Value,
    step: StepNumber,
    moment: Moment,
    source: Source,
}

/// All that is known of a card.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub looks: Vec<Look>,
    fixed: BTreeMap<&'static str, Fixed>,
}

impl Facts {
    /// What never changes, as first seen.
    pub fn fixed(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.fixed.iter().map(|(name, fixed)| (*name, &fixed.value))
    }

    /// The masked number, as first seen.
    pub fn masked_number(&self) -> Option<&str> {
        self.fixed.get("maskedPan")?.value.as_str()
    }
}

/// What never changes, with its rule.
const FIXED: [(&str, RequirementId); 7] = [
    ("accountId", id::KEEP_2),
    ("type", id::KEEP_3),
    ("createdAt", id::KEEP_4),
    ("network", id::KEEP_5),
    ("maskedPan", id::KEEP_6),
    ("expirationDate", id::KEEP_7),
    ("billingAddress", id::KEEP_8),
];

/// What an issued card has.
const ISSUED: [&str; 4] = ["name", "network", "maskedPan", "expirationDate"];

impl Judge<'_> {
    /// The card in the answer to its create.
    pub(super) fn new_card(&mut self, scene: &Scene<'_>, call: &Call, card: &CardId, view: &Value) {
        self.as_it_was_made(scene, call, view);
        self.look(scene, card, view, Source::Answer);
    }

    /// The card in the answer to the retry of a create that was not answered: as it was made, whatever it is now.
    pub(super) fn revealed_card(
        &mut self,
        scene: &Scene<'_>,
        call: &Call,
        card: &CardId,
        view: &Value,
    ) {
        self.as_it_was_made(scene, call, view);
        if let Some(members) = view.as_object() {
            let mut facts = self.facts.remove(card).unwrap_or_default();
            self.fixed_members(scene, card, members, Source::Answer, &mut facts);
            self.facts.insert(card.clone(), facts);
        }
    }

    fn as_it_was_made(&mut self, scene: &Scene<'_>, call: &Call, view: &Value) {
        let Wish::Create {
            account: Id::Known(account),
            card_type: Some(card_type),
            ..
        } = &call.wish
        else {
            return;
        };
        self.new_status(scene, view);
        self.member_is(
            scene,
            id::CREATE_3,
            view,
            "accountId",
            |v| v.as_str().map(AccountId::new).as_ref() == Some(account),
            account.as_str(),
        );
        self.member_is(
            scene,
            id::CREATE_3,
            view,
            "type",
            |v| v.as_str() == Some(card_type.as_str()),
            card_type.as_str(),
        );
        let sent =
            json::read(call.payload.trim_start_matches('\u{feff}')).filter(|sent| sent.is_exact);
        if let Some(sent) = sent.as_ref().and_then(|s| s.value.get("billingAddress")) {
            self.new_address(scene, sent, view);
        }
        self.fields_before_issuance(scene, view);
    }

    fn new_status(&mut self, scene: &Scene<'_>, view: &Value) {
        self.member_is(
            scene,
            id::CREATE_2,
            view,
            "status",
            |v| v.as_str() == Some("issuing"),
            "issuing",
        );
    }

    fn member_is(
        &mut self,
        scene: &Scene<'_>,
        rule: RequirementId,
        view: &Value,
        name: &str,
        holds: impl Fn(&Value) -> bool,
        expected: &str,
    ) {
        let Some(value) = view.get(name).filter(|v| v.is_string()) else {
            return;
        };
        if holds(value) {
            self.show(rule);
        } else {
            let found = Found::plain(
                &format!("`{name}` of a new card"),
                format!("`{expected}`"),
                value.to_string(),
            );
            self.depart(scene, &[rule], found);
        }
    }

    fn new_address(&mut self, scene: &Scene<'_>, sent: &Value, view: &Value) {
        let Some(shown) = view.get("billingAddress").filter(|v| v.is_object()) else {
            return;
        };
        if is_same_address(sent, shown) {
            self.show(id::CREATE_4);
        } else {
            let found = Found {
                subject: "`billingAddress` of a new card".into(),
                expected: "the address as it was sent".into(),
                actual: "another address".into(),
                diff: json_diff(&sent.to_string(), &shown.to_string()),
                since: None,
            };
            self.depart(scene, &[id::CREATE_4], found);
        }
    }

    /// OPEN-21: learnt from the answer to the create alone, since a target may set members one by one.
    fn fields_before_issuance(&mut self, scene: &Scene<'_>, view: &Value) {
        if view.get("status").and_then(Value::as_str) != Some("issuing") {
            return;
        }
        for name in ISSUED {
            let reading = match view.get(name) {
                None => "absent",
                Some(Value::Null) => "null",
                Some(_) => "present",
            };
            self.choose(
                scene,
                &Choice::new(id::OPEN_21, name, reading),
                "members of a new card",
            );
        }
    }

    /// Keeps the worlds that have this reading; if none has, records that the target does not keep to one.
    pub(super) fn choose(&mut self, scene: &Scene<'_>, choice: &Choice, subject: &str) {
        let left: Vec<_> = self
            .worlds
            .iter()
            .filter_map(|w| w.with(std::slice::from_ref(choice)))
            .collect();
        if left.is_empty() {
            let held = self.worlds.first().and_then(|w| w.choices.conflict(choice));
            let before = held.map_or_else(String::new, |reading| {
                Choice {
                    reading,
                    ..choice.clone()
                }
                .to_string()
            });
            let found = Found::plain(
                subject,
                format!("what it did before: {before}"),
                choice.to_string(),
            );
            self.depart(scene, &[choice.point], found);
        } else {
            self.show(choice.point);
            self.settle_on(left, scene.exchange.step);
        }
    }

    /// One look at a card that the case knows.
    pub(super) fn look(&mut self, scene: &Scene<'_>, card: &CardId, view: &Value, source: Source) {
        let Some(members) = view.as_object() else {
            return;
        };
        let mut facts = self.facts.remove(card).unwrap_or_default();
        self.fixed_members(scene, card, members, source, &mut facts);
        let look = Look {
            moment: scene.moment,
            step: scene.exchange.step,
            source,
            status: members
                .get("status")
                .and_then(Value::as_str)
                .and_then(CardStatus::from_wire),
            updated_at: stamp(members.get("updatedAt")),
            name: members.get("name").cloned().unwrap_or(Value::Null),
        };
        self.times(scene, card, members, &look, &facts);
        self.facts.insert(card.clone(), facts);
        if let Some(status) = look.status {
            if !self.settled.covers(card) {
                self.observe_status(scene, card, status, source);
            }
            self.issued_members(scene, card, members, status);
        }
        if let Some(facts) = self.facts.get_mut(card) {
            facts.looks.push(look);
        }
    }

    fn fixed_members(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        members: &Map<String, Value>,
        source: Source,
        facts: &mut Facts,
    ) {
        let is_issuing = members.get("status").and_then(Value::as_str) == Some("issuing");
        for (name, rule) in FIXED {
            let value = members.get(name).filter(|v| !v.is_null());
            let Some(fixed) = facts.fixed.get(name) else {
                if let Some(value) = value {
                    facts.fixed.insert(
                        name,
                        Fixed {
                            value: value.clone(),
                            step: scene.exchange.step,
                            moment: scene.moment,
                            source,
                        },
                    );
                }
                continue;
            };
            if let Some(value) = value.filter(|v| same_member(name, &fixed.value, v)) {
                self.show(rule);
                let shown = value.to_string();
                self.settle_stale_lists(card, &format!("`{name}` of a card"), &shown, source);
                continue;
            }
            let first = &self.trace.exchanges[fixed.moment];
            if value.is_none()
                && (!ISSUED.contains(&name) || !overlap::precedes(first, scene.exchange))
            {
                continue; // BODY-2 says it, or it may have come before the member was set
            }
            if value.is_none() && is_issuing {
                continue; // an answer from before it was issued, given again
            }
            let undisturbed =
                source.is_other_read(fixed.source) && self.is_undisturbed(card, fixed.moment);
            let rules = if undisturbed {
                [id::READ_6, rule]
            } else {
                [rule, id::READ_6]
            };
            let shown = value.cloned().unwrap_or(Value::Null);
            let found = Found {
                subject: format!("`{name}` of a card"),
                expected: fixed.value.to_string(),
                since: Some(Origin {
                    step: fixed.step,
                    rule,
                }),
                actual: shown.to_string(),
                diff: (shown.is_object())
                    .then(|| json_diff(&fixed.value.to_string(), &shown.to_string()))
                    .flatten(),
            };
            self.depart_of(card, scene, &rules, found);
            if source != Source::Account && source != Source::Programme && value.is_some() {
                facts.fixed.insert(
                    name,
                    Fixed {
                        value: shown,
                        step: scene.exchange.step,
                        moment: scene.moment,
                        source,
                    },
                );
            }
        }
    }

    /// No call that could have changed the card came after this moment.
    pub(super) fn is_undisturbed(&self, card: &CardId, after: Moment) -> bool {
        self.touches
            .iter()
            .all(|t| t.moment <= after || t.card.as_ref() != Some(card))
    }

    fn issued_members(
        &mut self,
        scene: &Scene<'_>,
        card: &CardId,
        members: &Map<String, Value>,
        status: CardStatus,
    ) {
        let is_issued = |world: &World| world.card(card).is_some_and(|c| c.issued);
        if !status.is_issued() || !self.worlds.iter().all(is_issued) {
            return;
        }
        self.show(id::BODY_11);
        for name in ISSUED {
            if members.get(name).is_none_or(Value::is_null) {
                let found = Found::plain(
                    &format!("`{name}` of an issued card"),
                    format!("`{name}`, since the card is {status}"),
                    if members.contains_key(name) {
                        "null"
                    } else {
                        "nothing"
                    }
                    .into(),
                );
                self.depart(scene, &[id::BODY_11], found);
            }
        }
    }
}

/// Equal values of a member that never changes.
pub(super) fn same_member(name: &str, first: &Value, second: &Value) -> bool {
    match name {
        "accountId" => match (first.as_str(), second.as_str()) {
            (Some(first), Some(second)) => first.eq_ignore_ascii_case(second),
            _ => first == second,
        },
        "createdAt" => match (stamp(Some(first)), stamp(Some(second))) {
            (Some(first), Some(second)) => first.at == second.at,
            _ => first == second,
        },
        "billingAddress" => is_same_address(first, second),
        _ => first == second,
    }
}

pub(super) fn stamp(value: Option<&Value>) -> Option<Stamp> {
    let text = value?.as_str()?;
    Some(Stamp {
        at: text.parse().ok()?,
        text: text.to_owned(),
    })
}
