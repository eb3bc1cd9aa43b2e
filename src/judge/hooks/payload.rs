//! What must be so of every event, whatever became of the card.

use serde_json::Value;

use super::Told;
use crate::card::{AccountId, CardId};
use crate::contract::{Violation, ViolationKind, is_json};
use crate::judge::follow::{Found, Judge};
use crate::judge::json::{self, Caveat};
use crate::judge::leaks::{Leak, leaks};
use crate::requirement::{RequirementId, id};
use crate::trace::METHOD_FIELD;

impl Judge<'_> {
    /// False: the event can't be read, and what it says is missing in what follows.
    pub(super) fn payload(&mut self, told: &Told<'_>) -> bool {
        match json::caveat(&told.event.body) {
            None => self.readable_payload(told),
            Some(Caveat::Beyond(why)) => {
                let words = format!(
                    "an event was not judged: it is JSON of a kind that no reader need take ({why})"
                );
                let step = self.trace.exchanges[told.moment].step;
                self.obstacle(step, words);
                return false;
            }
            Some(Caveat::Ambiguous(names)) => {
                let found = Found::plain(
                    "a name that stands twice in an event",
                    "each name once in an object".into(),
                    format!(
                        "{names} with two values, so that readers differ in what the event says"
                    ),
                );
                self.depart_at(told.moment, &[id::HOOK_2], found);
            }
        }
        true
    }

    fn readable_payload(&mut self, told: &Told<'_>) {
        for rule in [id::HOOK_2, id::HOOK_7, id::HOOK_8, id::HOOK_13] {
            self.show(rule);
        }
        self.event_leaks(told);
        if let Some(method) = told.event.header(METHOD_FIELD) {
            let found = Found::plain("the method of an event", "POST".into(), method.to_owned());
            self.depart_at(told.moment, &[id::HOOK_7], found);
        }
        let media_type = told.event.header("content-type").unwrap_or_default();
        if !is_json(media_type) {
            let found = Found::plain(
                "`Content-Type` of an event",
                "`application/json`".into(),
                format!("`{media_type}`"),
            );
            self.depart_at(told.moment, &[id::HOOK_7], found);
        }
        if !told.body.is_object() {
            let found = Found::plain(
                "the body of an event",
                "a card as a JSON object".into(),
                shortened(&told.event.body),
            );
            return self.depart_at(told.moment, &[id::HOOK_2], found);
        }
        if self.is_foreign_event(told) {
            return;
        }
        for violation in self.contract.check_event(&told.body) {
            let (rule, member) = violated(&violation);
            let expected = match rule {
                id::HOOK_8 => "a UUID".to_owned(),
                id::HOOK_7 => "`card.updated`".to_owned(),
                _ => format!("`{member}` as the document has it in a card"),
            };
            let found = Found::plain(
                &format!("`{member}` of an event"),
                expected,
                violation.message,
            );
            self.depart_at(told.moment, &[rule], found);
        }
    }

    /// It names the card or the account that the profile says is another programme's.
    pub(super) fn is_foreign(&self, told: &Told<'_>) -> bool {
        let (card, account) = (&self.terms.foreign_card, &self.terms.foreign_account);
        (card.is_some() && told.card() == *card)
            || (account.is_some() && told.text("accountId").map(AccountId::new) == *account)
    }

    fn is_foreign_event(&mut self, told: &Told<'_>) -> bool {
        if self.terms.foreign_card.is_none() && self.terms.foreign_account.is_none() {
            return false;
        }
        let is_foreign = self.is_foreign(told);
        self.show(id::HOOK_9);
        if is_foreign {
            let found = Found::plain(
                "an event of a foreign card",
                "no card of another programme".into(),
                "the one that the profile names".into(),
            );
            self.depart_at(told.moment, &[id::HOOK_9], found);
        }
        is_foreign
    }

    fn event_leaks(&mut self, told: &Told<'_>) {
        let facts = self.facts.values();
        let own: Vec<&str> = facts.filter_map(|facts| facts.masked_number()).collect();
        let found = leaks(&told.event.headers, &told.event.body);
        let words = found.into_iter().find_map(|leak| match leak {
            Leak::Number(words) | Leak::Code(words) => Some(words),
            // Digits that only look like a card number are one if they are those of a card of the case.
            Leak::Doubtful(digits) => own
                .contains(&digits.as_str())
                .then(|| "that of a card of this case".to_owned()),
        });
        if let Some(words) = words {
            let found = Found::plain(
                "card data in an event",
                "no full card number, no CVV, no PIN and no PIN block".into(),
                format!("{words}, masked in this report"),
            );
            self.depart_at(told.moment, &[id::HOOK_13], found);
        }
    }

    /// The card that an event is about, if the case knows it.
    pub(super) fn known_card(&self, told: &Told<'_>) -> Option<CardId> {
        told.card().filter(|card| self.knows(card))
    }
}

/// The rule that a violation of the schema breaks, and the member that it is about.
fn violated(violation: &Violation) -> (RequirementId, &str) {
    let ViolationKind::Schema { property, .. } = &violation.kind else {
        return (id::HOOK_2, "body");
    };
    match property.as_deref() {
        Some("eventId") => (id::HOOK_8, "eventId"),
        Some("webhookType") => (id::HOOK_7, "webhookType"),
        Some(member) => (id::HOOK_2, member),
        None => (id::HOOK_2, "body"),
    }
}

/// The start of a text, for words.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 160;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The status that an event shows, as it is printed.
pub(super) fn status_word(body: &Value) -> &str {
    body.get("status")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
