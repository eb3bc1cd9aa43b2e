//! Steps about webhooks, and how they are written.

use std::fmt;

use super::StepNumber;

/// What a step does about webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Read a card, and wait until an event that shows it so has come, and so many different events of it in all.
    Await {
        /// The card that this step's answer brought.
        card: StepNumber,
        /// How many events, at least.
        events: usize,
    },
    /// Answer the next event of the case with 500, as a receiver does that is in trouble.
    RefuseNext,
    /// Subscribe to card events once more, at an address of its own.
    Subscribe,
    /// Remove the subscription that this step made.
    Unsubscribe(StepNumber),
    /// Read the subscription that this step made.
    ReadSubscription(StepNumber),
    /// Read all subscriptions.
    ListSubscriptions,
}

impl Hook {
    /// The card that the step is about.
    pub fn card(&self) -> Option<StepNumber> {
        match self {
            Self::Await { card, .. } => Some(*card),
            _ => None,
        }
    }

    /// The subscription that the step is about.
    pub fn subscription(&self) -> Option<StepNumber> {
        match self {
            Self::Unsubscribe(step) | Self::ReadSubscription(step) => Some(*step),
            _ => None,
        }
    }

    /// The same with each step number that it names put through `rename`.
    pub fn renumbered(&self, rename: impl Fn(StepNumber) -> StepNumber) -> Self {
        match self {
            Self::Await { card, events } => Self::Await {
                card: rename(*card),
                events: *events,
            },
            Self::Unsubscribe(step) => Self::Unsubscribe(rename(*step)),
            Self::ReadSubscription(step) => Self::ReadSubscription(rename(*step)),
            Self::RefuseNext | Self::Subscribe | Self::ListSubscriptions => self.clone(),
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Await { card, events: 1 } => write!(f, "await event of {card}"),
            Self::Await { card, events } => write!(f, "await {events} events of {card}"),
            Self::RefuseNext => f.write_str("refuse next event"),
            Self::Subscribe => f.write_str("subscribe"),
            Self::Unsubscribe(step) => write!(f, "unsubscribe {step}"),
            Self::ReadSubscription(step) => write!(f, "read subscription {step}"),
            Self::ListSubscriptions => f.write_str("list subscriptions"),
        }
    }
}
