//! Mistakes in which subscriptions are told of a card: of those that there are, and of the types that they asked for.

use super::Fault;
use crate::reference::card::Card;
use crate::reference::webhooks::{Webhook, asks_for_cards, subscribers};

/// Those that were not removed, whatever they asked for.
fn standing(webhooks: &[Webhook]) -> impl Iterator<Item = &Webhook> {
    webhooks.iter().filter(|w| w.removed_at.is_none())
}

/// Of those that are to be told, the ones of which `is_told` says so.
fn only<'w>(
    webhooks: &'w [Webhook],
    card: &Card,
    is_told: impl Fn(&Webhook) -> bool,
) -> Vec<&'w Webhook> {
    let mut told = subscribers(webhooks, card);
    told.retain(|webhook| is_told(webhook));
    told
}

/// Of those that are to be told, the one at this place, counted around.
fn one<'w>(webhooks: &'w [Webhook], card: &Card, place: usize) -> Vec<&'w Webhook> {
    let told = subscribers(webhooks, card);
    let count = told.len().max(1);
    told.get(place % count).copied().into_iter().collect()
}

/// Whether the one before it in the list was removed when it was there already.
fn lost_its_neighbour(webhooks: &[Webhook], webhook: &Webhook) -> bool {
    let mut pairs = webhooks.windows(2);
    let before = pairs.find_map(|pair| (pair[1].id == webhook.id).then_some(&pair[0]));
    let removed_at = before.and_then(|before| before.removed_at);
    removed_at.is_some_and(|removed_at| removed_at > webhook.created_at)
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "event-types-are-not-looked-at",
        words: "Every subscription is told of cards, whatever types of event it asked for.",
        requirement: "HOOK-18",
        shortest: 4,
        plant: |rules| rules.subscribers = |webhooks, _| standing(webhooks).collect(),
    },
    Fault {
        id: "event-types-of-the-start",
        words: "A subscription is told of the types that it was made with, whatever they are changed to.",
        requirement: "HOOK-18",
        shortest: 5,
        plant: |rules| {
            rules.subscribers = |webhooks, _| {
                let asking = standing(webhooks).filter(|w| asks_for_cards(&w.first_types));
                asking.collect()
            };
        },
    },
    Fault {
        id: "only-the-first-event-type-is-kept",
        words: "Of the types that a subscription asks for only the first is told.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| {
            rules.subscribers =
                |webhooks, card| only(webhooks, card, |w| asks_for_cards(&w.types[..1]));
        },
    },
    Fault {
        id: "first-subscription-alone-is-told",
        words: "Of several subscriptions only the oldest is told.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| rules.subscribers = |webhooks, card| one(webhooks, card, 0),
    },
    Fault {
        id: "newest-subscription-alone-is-told",
        words: "Of several subscriptions only the newest is told.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| {
            rules.subscribers = |webhooks, card| {
                let newest = subscribers(webhooks, card).pop();
                newest.into_iter().collect()
            };
        },
    },
    Fault {
        id: "subscriptions-take-turns",
        words: "Of several subscriptions one is told of each change of a card, in turn: the first that it was made.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| {
            rules.subscribers = |webhooks, card| one(webhooks, card, card.trail.len() - 1);
        },
    },
    Fault {
        id: "removal-silences-the-next",
        words: "When a subscription is removed, the one behind it is told nothing more either.",
        requirement: "HOOK-19",
        shortest: 6,
        plant: |rules| {
            rules.subscribers =
                |webhooks, card| only(webhooks, card, |w| !lost_its_neighbour(webhooks, w));
        },
    },
    Fault {
        id: "refused-event-silences-its-subscription",
        words: "A subscription whose receiver did not take an event is told nothing more.",
        requirement: "HOOK-1",
        shortest: 5,
        plant: |rules| {
            rules.subscribers = |webhooks, card| only(webhooks, card, |w| !w.outbox.was_refused());
        },
    },
    Fault {
        id: "subscription-silences-those-before-it",
        words: "A programme has one subscription: a new one silences those before it for good.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| {
            rules.subscribers = |webhooks, card| {
                let newest = webhooks.iter().map(|w| w.created_at).max();
                only(webhooks, card, |w| newest == Some(w.created_at))
            };
        },
    },
    Fault {
        id: "events-go-without-the-query",
        words: "Events go to the address of a subscription without its query.",
        requirement: "HOOK-19",
        shortest: 4,
        plant: |rules| {
            rules.address = |webhook| {
                let url = webhook.callback_url.split_once('?');
                url.map_or(&webhook.callback_url, |(url, _)| url)
            };
        },
    },
    Fault {
        id: "moved-subscription-is-told-nowhere",
        words: "A subscription that was moved is told at neither address.",
        requirement: "HOOK-16",
        shortest: 5,
        plant: |rules| {
            rules.subscribers =
                |webhooks, card| only(webhooks, card, |w| w.callback_url == w.first_url);
        },
    },
];
