//! Requests whose answer was lost. Nobody knows whether they were carried out, nor when: what was cut may still be at
//! work while the next request is answered. So one world has it done, and in the other it is *pending*: before each later
//! exchange that it concerns it may take effect, once, unless a retry under its key has been answered before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::follow::{Judge, TouchKind};
use super::lists::text;
use super::request::Asked;
use crate::card::{AccountId, CardId, CardType};
use crate::case::StepNumber;
use crate::requirement::id;
use crate::trace::{Exchange, Micros};
use crate::world::limit::{self, Slot};
use crate::world::ways::{self, Answer, Call, Effect, Id, Key, RefusalKind, Way, Wish};
use crate::world::{Card, Moment, Outcome, Since, World};

/// So long a request may be at work at least, after nobody waits for its answer any more.
const LINGERS_AT_MOST: Micros = Micros(5_000_000);

/// And so many times as long as the slowest answer of the case.
const SLOWER_AT_MOST: u64 = 10;

/// By what a card that is seen for the first time may be that of a create whose answer was lost.
pub(super) struct Likeness {
    pub account: AccountId,
    pub card_type: CardType,
}

impl Likeness {
    /// What is shown of a card.
    pub fn of(view: &Value) -> Option<Self> {
        Some(Self {
            account: AccountId::new(text(view, "accountId")?),
            card_type: CardType::from_wire(text(view, "type")?)?,
        })
    }

    fn fits(&self, card: &Card) -> bool {
        card.id.is_none() && card.account == self.account && card.card_type == self.card_type
    }
}

impl Judge<'_> {
    /// The worlds in which a card is that of a create whose answer was lost. Of several, any may have made it, at any time
    /// until now; over the limit too, whoever holds the slot by now.
    pub(super) fn as_lost_create(
        &self,
        world: &World,
        card: &CardId,
        likeness: &Likeness,
        now: Since,
    ) -> Vec<World> {
        let mut named = Vec::new();
        for world in self.evolve_one(world, now, |c| likeness.fits(c)) {
            named.extend(self.made_over_the_limit(&world, card, likeness));
            for place in (0..world.cards.len()).filter(|p| likeness.fits(&world.cards[*p])) {
                let mut world = world.clone();
                world.cards[place].id = Some(card.clone());
                named.push(world);
            }
        }
        named
    }

    /// The worlds in which a card is that of a create which was carried out unseen while another card held the slot. Until
    /// it is seen such a card does nothing, so that the create counts as pending.
    fn made_over_the_limit(&self, world: &World, card: &CardId, likeness: &Likeness) -> Vec<World> {
        let has_slot =
            |c: &Card| c.account == likeness.account && c.card_type == likeness.card_type;
        let may_be_held = world.cards.iter().any(has_slot)
            || limit::slots(world, &likeness.account, likeness.card_type, None)
                .iter()
                .any(|slot| matches!(slot, Slot::Held(..)));
        if !may_be_held {
            return Vec::new();
        }
        let way = ways::over_the_limit(id::LIMIT_4);
        let lost = world.pending.iter().filter_map(|moment| {
            let call = self.lost.get(moment)?;
            let made = ways::new_card(call, None, None, self.since(*moment))?;
            (self.is_over_for(call) && likeness.fits(&made)).then_some((*moment, call))
        });
        lost.filter_map(|(moment, call)| {
            let mut done = ways::taken(world, call, &way, Some(card.clone()), self.since(moment))?;
            self.note_as_done(&mut done, moment, call, Some(self.since(moment).step));
            Some(done)
        })
        .collect()
    }

    /// Nobody knows whether the call was carried out: both worlds stay. In company it is one of the calls of others.
    pub(super) fn unanswered(&mut self, moment: Moment, exchange: &Exchange, asked: &Asked) {
        let Some(call) = asked.change() else {
            return;
        };
        let rule = self.effect_rule(call);
        if self.is_in_company() {
            return self.touch(moment, call, TouchKind::Effect(rule));
        }
        self.lost.insert(moment, call.clone());
        let worlds = self.worlds.iter();
        let next = worlds
            .flat_map(|world| self.without_answer(world, moment, call))
            .collect();
        self.settle_on(next, exchange.step);
        self.touch(moment, call, TouchKind::Effect(rule));
    }

    /// The worlds that a lost request, which is known as one, leaves of one.
    pub(super) fn without_answer(&self, world: &World, moment: Moment, call: &Call) -> Vec<World> {
        let now = self.since(moment);
        let mut next = Vec::new();
        for world in self.evolve_one_for(call, world, now) {
            let mut undone = world.clone();
            if let Key::Uuid(key) = &call.key {
                undone.remember(key, &call.line, &call.payload, Outcome::LostUndone);
            }
            // Where the key has an answer, one that never arrived left it as it was.
            let absent = knows_a_refusal(&world, call).then(|| world.clone());
            for mut undone in absent.into_iter().chain([undone]) {
                if self.may_come_later(&undone, call) {
                    undone.pending.insert(moment);
                }
                next.push(undone);
            }
            next.extend(self.carried_out(&world, moment, call));
            next.extend(self.refused_unseen(&world, moment, call));
        }
        next
    }

    /// The worlds in which one of the pending requests that concern these cards has been carried out.
    pub(super) fn one_came_late(
        &self,
        world: &World,
        concerns: &impl Fn(&Card) -> bool,
    ) -> Vec<World> {
        let pending = world.pending.iter();
        pending
            .filter_map(|moment| Some((*moment, self.lost.get(moment)?)))
            .filter(|(moment, call)| match &call.wish {
                Wish::Act(_, Id::Known(card)) => world.card(card).is_some_and(concerns),
                Wish::Create { .. } => {
                    let card = ways::new_card(call, None, None, self.since(*moment));
                    card.as_ref().is_some_and(concerns)
                }
                Wish::Act(..) => false,
            })
            .flat_map(|(moment, call)| {
                let mut worlds = self.carried_out(world, moment, call);
                worlds.extend(self.refused_unseen(world, moment, call));
                worlds
            })
            .collect()
    }

    /// The ways in which a lost request changes this world.
    fn carried_out(&self, world: &World, moment: Moment, call: &Call) -> Vec<World> {
        let now = self.since(moment);
        let mut worlds = Vec::new();
        for way in ways::ways(world, call) {
            let over_the_limit = matches!(
                way.effect,
                Effect::Create {
                    over_limit: Some(_)
                }
            );
            if way.answer != Answer::Success || over_the_limit && self.is_over_for(call) {
                continue;
            }
            let Some(mut done) = ways::taken(world, call, &way, None, now) else {
                continue;
            };
            let made = matches!(way.effect, Effect::Create { .. }).then_some(now.step);
            self.note_as_done(&mut done, moment, call, made);
            worlds.push(done);
        }
        worlds
    }

    /// The lost request has been carried out in this world, and made a card by this step, if it made one.
    fn note_as_done(
        &self,
        world: &mut World,
        moment: Moment,
        call: &Call,
        made: Option<StepNumber>,
    ) {
        world.pending.remove(&moment);
        forget_pending(world, &self.lost, call);
        if let Key::Uuid(key) = &call.key {
            world.remember(key, &call.line, &call.payload, Outcome::LostDone(made));
            if self.is_spent(key) {
                self.forget(world, key);
            }
        }
    }

    /// Nobody will ask for it again.
    fn is_over_for(&self, call: &Call) -> bool {
        match &call.key {
            Key::Uuid(key) => self.is_spent(key),
            Key::Missing | Key::Malformed | Key::Overlong | Key::Exempt | Key::Single => true,
        }
    }

    /// The world in which a lost request was refused for the state that the cards were in, if it could be.
    fn refused_unseen(&self, world: &World, moment: Moment, call: &Call) -> Option<World> {
        let Key::Uuid(key) = &call.key else {
            return None;
        };
        // Nobody will ever know, so that it may as well be pending for good.
        if self.is_spent(key) {
            return None;
        }
        let depends_on_state = |way: &Way| {
            matches!(
                way.answer,
                Answer::Refusal(_, RefusalKind::State | RefusalKind::Limit)
            )
        };
        if !ways::ways(world, call).iter().any(depends_on_state) {
            return None;
        }
        let mut refused = world.clone();
        refused.remember(key, &call.line, &call.payload, Outcome::LostRefused);
        refused.pending.remove(&moment);
        Some(refused)
    }

    /// Whether a request with this key, whose answer was lost, may still be at work when an exchange is sent.
    pub(super) fn lost_may_linger(&self, key: &Key, exchange: &Exchange) -> bool {
        let Key::Uuid(key) = key else {
            return false;
        };
        let exchanges = &self.trace.exchanges;
        let has_key = |other: &&Exchange| {
            let own = other.request.header("idempotency-key");
            own.is_some_and(|own| own.eq_ignore_ascii_case(key))
        };
        let answered = exchanges.iter().filter(|e| e.telling().is_some());
        let slowest = answered.map(|e| e.received_at.0.saturating_sub(e.sent_at.0));
        let patience = (SLOWER_AT_MOST * slowest.max().unwrap_or(0)).max(LINGERS_AT_MOST.0);
        let earlier = exchanges.iter().filter(|e| e.sent_at <= exchange.sent_at);
        let lost = earlier.filter(|other| other.telling().is_none());
        let mut since = lost.filter(has_key).map(|other| other.received_at.0);
        since.any(|since| exchange.sent_at.0 <= since.saturating_add(patience))
    }

    /// Whether the card may be changed by a request that nobody waits for any more.
    pub(super) fn may_still_change(&self, card: &CardId) -> bool {
        let is_about = |moment: &Moment| {
            let lost = self.lost.get(moment).map(|call| &call.wish);
            matches!(lost, Some(Wish::Act(_, Id::Known(about))) if about == card)
        };
        self.worlds.iter().any(|w| w.pending.iter().any(is_about))
    }

    /// Whether a call may be the retry of a create whose answer was lost: then its answer is that of the create, and no
    /// look at the card as it is now.
    pub(super) fn may_reveal(&self, call: &Call) -> bool {
        let Key::Uuid(key) = &call.key else {
            return false;
        };
        let Wish::Create { .. } = call.wish else {
            return false;
        };
        self.worlds.iter().any(|world| {
            let mut remembered = world.keys.get(key).into_iter().flatten();
            remembered.any(|entry| {
                entry.call == call.line
                    && match entry.outcome {
                        Outcome::LostDone(made) => made.is_some(),
                        Outcome::LostUndone => !world.pending.is_empty(),
                        Outcome::Done(_)
                        | Outcome::Refused(..)
                        | Outcome::LostRefused
                        | Outcome::InFlight(_) => false,
                    }
            })
        })
    }

    /// The call is the retry of an act whose answer was lost, and which has surely been done.
    pub(super) fn was_done_unseen(&self, call: &Call) -> bool {
        let Key::Uuid(key) = &call.key else {
            return false;
        };
        self.worlds.iter().all(|world| {
            let mut remembered = world.keys.get(key).into_iter().flatten();
            remembered.any(|entry| {
                entry.call == call.line
                    && entry.payload == call.payload
                    && entry.outcome == Outcome::LostDone(None)
            })
        })
    }

    /// A request that would be refused whenever it came, or whose action was done under its key, changes nothing later.
    fn may_come_later(&self, world: &World, call: &Call) -> bool {
        let is_done = match &call.key {
            Key::Uuid(key) => world.keys.get(key).is_some_and(|entries| {
                entries.iter().any(|e| {
                    e.call == call.line
                        && matches!(e.outcome, Outcome::Done(_) | Outcome::LostDone(_))
                })
            }),
            Key::Missing | Key::Malformed | Key::Overlong | Key::Exempt | Key::Single => false,
        };
        let is_there = world.pending.iter().any(|moment| {
            let same = |lost: &Call| {
                matches!(call.key, Key::Uuid(_))
                    && lost.key == call.key
                    && lost.line == call.line
                    && lost.payload == call.payload
            };
            self.lost.get(moment).is_some_and(same)
        });
        !is_done
            && !is_there
            && call.flaw.is_none_or(ways::is_open)
            && !super::changes::is_invalid(call)
    }

    fn since(&self, moment: Moment) -> Since {
        Since {
            moment,
            step: self.trace.exchanges[moment].step,
            rule: id::LIFE_1,
        }
    }
}

/// The key has a refusal of this call, or of one with another payload, which may be what the next call under it gets.
fn knows_a_refusal(world: &World, call: &Call) -> bool {
    let Key::Uuid(key) = &call.key else {
        return false;
    };
    let mut entries = world.keys.get(key).into_iter().flatten();
    entries.any(|entry| {
        let is_refusal = matches!(entry.outcome, Outcome::Refused(..) | Outcome::LostRefused);
        entry.call == call.line && is_refusal
    })
}

/// The action was done under its key, so that no pending request under it does it again.
pub(super) fn forget_pending(world: &mut World, lost: &BTreeMap<Moment, Call>, call: &Call) {
    let Key::Uuid(_) = call.key else {
        return;
    };
    let same = |lost: &Call| lost.key == call.key && lost.line == call.line;
    world
        .pending
        .retain(|moment| !lost.get(moment).is_some_and(same));
}
