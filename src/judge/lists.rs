//! Lists: every card that must be there, once, as it is, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::Source;
use super::follow::{Found, Judge, Scene, TouchKind};
use super::overlap::Settled;
use super::pending::Likeness;
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::card_view::is_same_address;
use crate::requirement::{RequirementId, id};
use crate::world::ways::{self, Id};
use crate::world::{Card, Choice, Outcome, World};

impl Judge<'_> {
    pub(super) fn list_account(&mut self, scene: &Scene<'_>, account: &Id<AccountId>) {
        let Id::Known(account) = account else {
            let refusals = ways::account_refusals(
                account,
                crate::contract::OperationKind::ListAccountCards.name(),
            );
            self.only(scene, refusals);
            return;
        };
        if !self.is_let_in(scene, id::READ_9) {
            return;
        }
        if let Some(views) = self.elements(scene) {
            self.list(scene, &views, Source::Account, id::READ_2, &|a| {
                a == account
            });
        }
    }

    pub(super) fn list_programme(&mut self, scene: &Scene<'_>) {
        if !self.is_let_in(scene, id::READ_9) {
            return;
        }
        let Some(views) = self.elements(scene) else {
            return;
        };
        self.nothing_foreign(scene, &views);
        let own: BTreeSet<AccountId> = self.trace.accounts.values().cloned().collect();
        let ours: Vec<Value> = views.into_iter().filter(|v| self.is_own(v)).collect();
        self.list(scene, &ours, Source::Programme, id::READ_3, &|a| {
            own.contains(a)
        });
    }

    /// ID-5: no list holds a card of another programme.
    fn nothing_foreign(&mut self, scene: &Scene<'_>, views: &[Value]) {
        let terms = self.terms;
        if terms.foreign_card.is_none() && terms.foreign_account.is_none() {
            return;
        }
        self.show(id::ID_5);
        let is_foreign = |view: &Value| {
            let card = text(view, "id").map(CardId::new);
            let account = text(view, "accountId").map(AccountId::new);
            (card.is_some() && card == terms.foreign_card)
                || (account.is_some() && account == terms.foreign_account)
        };
        if views.iter().any(is_foreign) {
            let found = Found::plain(
                "a list with a foreign card",
                "no card of another programme".into(),
                "the one that the profile names".into(),
            );
            self.depart(scene, &[id::ID_5], found);
        }
    }

    /// Whether an element of the programme's list concerns this case.
    pub(super) fn is_own(&self, view: &Value) -> bool {
        let account = text(view, "accountId").map(AccountId::new);
        let card = text(view, "id").map(CardId::new);
        account.is_some_and(|a| self.trace.accounts.values().any(|own| *own == a))
            || card.is_some_and(|c| self.knows(&c))
    }

    /// The elements of a list that was answered as one.
    fn elements(&mut self, scene: &Scene<'_>) -> Option<Vec<Value>> {
        if !scene.is_success() {
            let rules: &[RequirementId] = if scene.id_in_upper_case {
                &[id::READ_8, id::READ_9]
            } else {
                &[id::READ_9]
            };
            let found = Found::plain(
                "a list",
                "200 and an array".into(),
                super::answers::answered(scene.response),
            );
            self.depart(scene, rules, found);
            return None;
        }
        if scene.id_in_upper_case {
            self.show(id::READ_8);
        }
        match scene.json()? {
            Value::Array(views) => {
                self.show(id::READ_9);
                Some(views)
            }
            _ => None, // the schema says it
        }
    }

    fn list(
        &mut self,
        scene: &Scene<'_>,
        views: &[Value],
        source: Source,
        complete: RequirementId,
        concerns: &dyn Fn(&AccountId) -> bool,
    ) {
        if source == Source::Account {
            self.nothing_foreign(scene, views);
        }
        let mut listed = BTreeSet::new();
        self.show(id::READ_4);
        for view in views {
            let Some(card) = text(view, "id").map(CardId::new) else {
                continue;
            };
            if !listed.insert(card.clone()) {
                let found = Found::plain(
                    "a card in a list",
                    "each card once".into(),
                    format!("`{card}` twice"),
                );
                self.depart(scene, &[id::READ_4], found);
                continue;
            }
            if self.is_elsewhere(scene, view, &card, source, concerns) {
                continue;
            }
            if !self.knows(&card) && !self.settled.covers(&card) {
                self.unknown_card(scene, view, &card, complete);
            }
            if self.knows(&card) {
                self.look(scene, &card, view, source);
            }
        }
        self.creates_that_made_nothing(views);
        self.whole(scene, &listed, source, complete, concerns);
    }

    /// READ-5: a card of another account has no place in an account's list.
    fn is_elsewhere(
        &mut self,
        scene: &Scene<'_>,
        view: &Value,
        card: &CardId,
        source: Source,
        concerns: &dyn Fn(&AccountId) -> bool,
    ) -> bool {
        if source != Source::Account {
            return false;
        }
        self.show(id::READ_5);
        let believed = self
            .worlds
            .first()
            .and_then(|w| w.card(card))
            .map(|c| c.account.clone());
        let said = text(view, "accountId").map(AccountId::new);
        let account = believed.or(said);
        let Some(account) = account.filter(|a| !concerns(a)) else {
            return false;
        };
        let found = Found::plain(
            "an account's list",
            "only cards of the account".into(),
            format!("card `{card}` of account `{account}`"),
        );
        self.depart(scene, &[id::READ_5], found);
        true
    }

    /// A card that no answered create made: one whose answer was lost, or one that should not be.
    fn unknown_card(
        &mut self,
        scene: &Scene<'_>,
        view: &Value,
        card: &CardId,
        complete: RequirementId,
    ) {
        let Some(likeness) = Likeness::of(view) else {
            return;
        };
        let now = scene.now(id::LIFE_1);
        let worlds = self.worlds.iter();
        let may_be_it: Vec<World> = worlds
            .flat_map(|world| self.as_lost_create(world, card, &likeness, now))
            .collect();
        let is_it = |world: &&World| shows_what_was_sent(world, card, view);
        let mut is_it: Vec<World> = may_be_it.iter().filter(is_it).cloned().collect();
        let worlds = self.worlds.iter();
        is_it.extend(worlds.flat_map(|world| self.as_of_before(world, view, scene.moment)));
        if is_it.is_empty() && !may_be_it.is_empty() {
            let found = Found::plain(
                "`billingAddress` of a card whose create was not answered",
                "the address as it was sent".into(),
                view["billingAddress"].to_string(),
            );
            self.depart(scene, &[id::CREATE_4], found);
            return self.settle_on(may_be_it, scene.exchange.step);
        }
        if !is_it.is_empty() {
            return self.settle_on(is_it, scene.exchange.step);
        }
        let Likeness { account, card_type } = likeness;
        let mut rules = self.suspects(&account);
        rules.push(complete);
        let found = Found::plain(
            "a list",
            "only cards that a create made".into(),
            format!("an unknown {card_type} card `{card}`"),
        );
        self.depart(scene, &rules, found);
        self.adopt_card(scene, view, card, account, card_type);
    }

    fn adopt_card(
        &mut self,
        scene: &Scene<'_>,
        view: &Value,
        card: &CardId,
        account: AccountId,
        card_type: CardType,
    ) {
        let status = text(view, "status")
            .and_then(CardStatus::from_wire)
            .unwrap_or(CardStatus::Issuing);
        let adopted = Card {
            id: Some(card.clone()),
            account,
            card_type,
            status,
            over_limit: None,
            issued: false,
            made_by: scene.exchange.step,
            since: scene.now(id::READ_2),
        };
        let mut worlds = std::mem::take(&mut self.worlds);
        for world in &mut worlds {
            world.add(adopted.clone());
        }
        self.settle_on(worlds, scene.exchange.step);
    }

    /// The rules by which creates in this account must have made nothing, the latest first.
    fn suspects(&self, account: &AccountId) -> Vec<RequirementId> {
        let mut rules = Vec::new();
        for touch in self.touches.iter().rev() {
            let rule = match touch.kind {
                _ if touch.account.as_ref() != Some(account) => continue,
                TouchKind::Refused(rule) => rule,
                TouchKind::Replayed => id::IDEM_4,
                TouchKind::Elsewhere => id::IDEM_9,
                TouchKind::Effect(_) => continue,
            };
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }

    /// A list without unknown cards shows that refused and repeated creates made nothing.
    fn creates_that_made_nothing(&mut self, views: &[Value]) {
        let strange = views
            .iter()
            .any(|v| text(v, "id").is_some_and(|c| !self.knows(&CardId::new(c))));
        if strange {
            return;
        }
        let accounts: Vec<AccountId> = self.trace.accounts.values().cloned().collect();
        for account in accounts {
            for rule in self.suspects(&account) {
                self.show(rule);
                if rule == id::LIMIT_7 {
                    self.show(id::LIMIT_1);
                }
            }
        }
    }

    /// Every card that must be listed is; the ended ones as the reading has it.
    fn whole(
        &mut self,
        scene: &Scene<'_>,
        listed: &BTreeSet<CardId>,
        source: Source,
        complete: RequirementId,
        concerns: &dyn Fn(&AccountId) -> bool,
    ) {
        let now = scene.now(id::LIFE_1);
        let settled = self.settled.clone();
        // By now each listed card has got its name, so one without is not there.
        let missing = |c: &Card| match &c.id {
            Some(card) => !listed.contains(card) && !settled.covers(card),
            None => matches!(settled, Settled::Nothing),
        };
        let is_missing = |c: &Card| concerns(&c.account) && missing(c);
        self.show(complete);
        for some in self.told_apart(&is_missing) {
            let is_missing = |c: &Card| {
                is_missing(c) && some.as_ref().is_none_or(|id| c.id.as_ref() == Some(id))
            };
            let is_gone = |w: &World| {
                let mut missing = w.cards.iter().filter(|c| is_missing(c));
                missing.all(|c| !must_be_listed(c.status))
            };
            let mut worlds = self.evolve(now, is_missing);
            let before = worlds[0].clone();
            worlds.retain(is_gone);
            if worlds.is_empty() {
                return self.missing(scene, source, complete, &before, &is_missing);
            }
            self.settle_on(worlds, scene.exchange.step);
        }
        self.ended_cards(scene, listed, concerns);
    }

    /// The cards that may have turned one at a time, since what became of each is its own: the worlds for all of them at
    /// once multiply. None stands for all of them.
    fn told_apart(&self, is_chosen: &dyn Fn(&Card) -> bool) -> Vec<Option<CardId>> {
        let is_of_own = |world: &World| {
            world.pending.is_empty() && world.cards.iter().all(|card| card.id.is_some())
        };
        if !self.worlds.iter().all(is_of_own) {
            return vec![None];
        }
        let cards = self.worlds.iter().flat_map(|world| &world.cards);
        let chosen = cards.filter(|card| is_chosen(card));
        let ids: BTreeSet<&CardId> = chosen.filter_map(|card| card.id.as_ref()).collect();
        ids.into_iter().cloned().map(Some).collect()
    }

    fn missing(
        &mut self,
        scene: &Scene<'_>,
        source: Source,
        complete: RequirementId,
        world: &World,
        is_missing: &dyn Fn(&Card) -> bool,
    ) {
        let gone = world
            .cards
            .iter()
            .find(|c| is_missing(c) && must_be_listed(c.status));
        let Some(gone) = gone else {
            return;
        };
        let list = if source == Source::Account {
            "the account's list"
        } else {
            "the programme's list"
        };
        let without = match &gone.id {
            Some(id) => format!("a list without `{id}`"),
            None => "a list without it".to_owned(),
        };
        let found = Found {
            since: Some(super::departure::Origin {
                step: gone.made_by,
                rule: id::CREATE_1,
            }),
            ..Found::plain(
                &format!("{list} without a card that is {}", gone.status),
                format!("{}, which is {}", gone.in_words(), gone.status),
                without,
            )
        };
        self.depart(scene, &[complete], found);
    }

    /// OPEN-12 and OPEN-13: one reading in both lists. Which cards have ended is each world's own belief.
    fn ended_cards(
        &mut self,
        scene: &Scene<'_>,
        listed: &BTreeSet<CardId>,
        concerns: &dyn Fn(&AccountId) -> bool,
    ) {
        let settled = self.settled.clone();
        let choices = |world: &World| -> Vec<Choice> {
            let ended = world.cards.iter().filter(|c| concerns(&c.account));
            ended
                .filter(|card| !card.id.as_ref().is_some_and(|id| settled.covers(id)))
                .filter_map(|card| {
                    let is_listed = listed.contains(card.id.as_ref()?);
                    reading_of_ended(card.status, is_listed)
                })
                .collect()
        };
        let left: Vec<World> = self
            .worlds
            .iter()
            .filter_map(|world| world.with(&choices(world)))
            .collect();
        let shown: BTreeSet<Choice> = self
            .worlds
            .first()
            .map(choices)
            .into_iter()
            .flatten()
            .collect();
        if left.is_empty() {
            return self.two_readings(scene, &shown);
        }
        for choice in &shown {
            self.show(choice.point);
        }
        self.settle_on(left, scene.exchange.step);
    }

    /// An ended card is listed here and left out there.
    fn two_readings(&mut self, scene: &Scene<'_>, shown: &BTreeSet<Choice>) {
        let held = |choice: &Choice| {
            let reading = self.worlds.first()?.choices.conflict(choice)?;
            Some(Choice {
                reading,
                ..choice.clone()
            })
        };
        let clash = shown
            .iter()
            .find_map(|choice| Some((choice, held(choice)?)));
        let (point, before, now) = match (clash, shown.first(), shown.last()) {
            (Some((choice, before)), _, _) => {
                (choice.point, before.to_string(), choice.to_string())
            }
            // Within one list: some ended cards are there, and others are not.
            (None, Some(first), Some(last)) => (first.point, first.to_string(), last.to_string()),
            (None, _, _) => return,
        };
        let found = Found::plain(
            "ended cards in lists",
            format!("one reading: {before}"),
            now,
        );
        self.depart(scene, &[point], found);
    }
}

/// Whether an element shows the address that was sent with the create of its card.
fn shows_what_was_sent(world: &World, card: &CardId, view: &Value) -> bool {
    let made = Outcome::LostDone(world.card(card).map(|c| c.made_by));
    let remembered = world.keys.values().flatten();
    let mut payloads = remembered
        .filter(|entry| entry.outcome == made)
        .filter_map(|entry| serde_json::from_str::<Value>(&entry.payload).ok());
    payloads.all(|sent| {
        let shown = view.get("billingAddress").filter(|v| v.is_object());
        match (sent.get("billingAddress"), shown) {
            (Some(sent), Some(shown)) => is_same_address(sent, shown),
            _ => true,
        }
    })
}

/// OPEN-12 and OPEN-13: how it is read that a card which has ended stands in a list, or doesn't.
pub(super) fn reading_of_ended(status: CardStatus, is_listed: bool) -> Option<Choice> {
    let point = match status {
        CardStatus::Terminated => id::OPEN_12,
        CardStatus::IssueFailed => id::OPEN_13,
        _ => return None,
    };
    let reading = if is_listed { "listed" } else { "left out" };
    Some(Choice::new(point, "", reading))
}

/// Whether a card with this status stands in lists in every reading. Of blocked ones the contract says nothing.
pub(super) fn must_be_listed(status: CardStatus) -> bool {
    !status.is_final()
}

/// The text of a member of a card, as it is shown.
pub(super) fn text<'v>(view: &'v Value, name: &str) -> Option<&'v str> {
    view.get(name)?.as_str()
}

/// The cards that the body of an answer shows.
pub(super) fn views(body: Option<Value>) -> Vec<Value> {
    match body {
        Some(Value::Array(views)) => views,
        Some(view) => vec![view],
        None => Vec::new(),
    }
}
