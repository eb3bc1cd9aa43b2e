//! Steps about webhooks, and how they are written.

use std::fmt;

use super::StepNumber;

/// What a step does about webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Read a card, and wait until an event that shows it so has come, and so many different events of it in all: to the
    /// subscription of the run, or to one of the case.
    Await {
        /// The card that this step's answer brought.
        card: StepNumber,
        /// How many events, at least.
        events: usize,
        /// The step that subscribed the address at which they come; none: the run did.
        at: Option<StepNumber>,
    },
    /// Answer the next event of the case with 500, as a receiver does that is in trouble.
    RefuseNext,
    /// Subscribe to card events once more, at an address of its own.
    Subscribe,
    /// Move a subscription to another address of the step's own.
    Resubscribe(SubscriptionRef),
    /// Remove a subscription.
    Unsubscribe(SubscriptionRef),
    /// Read a subscription.
    ReadSubscription(SubscriptionRef),
    /// Read all subscriptions.
    ListSubscriptions,
}

/// Which subscription a step concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionRef {
    /// The one that this step made.
    Made(StepNumber),
    /// One of another programme.
    Foreign,
    /// One that nobody has.
    Unknown,
    /// None: its id is no UUID.
    Malformed,
}

impl fmt::Display for SubscriptionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(step) => write!(f, "{step}"),
            Self::Foreign => f.write_str("foreign"),
            Self::Unknown => f.write_str("unknown"),
            Self::Malformed => f.write_str("malformed"),
        }
    }
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
    pub fn subscription(&self) -> Option<SubscriptionRef> {
        match self {
            Self::Resubscribe(subscription)
            | Self::Unsubscribe(subscription)
            | Self::ReadSubscription(subscription) => Some(*subscription),
            Self::Await { .. } | Self::RefuseNext | Self::Subscribe | Self::ListSubscriptions => {
                None
            }
        }
    }

    /// The step that made the subscription that this one is about.
    pub fn subscribed_by(&self) -> Option<StepNumber> {
        match self.subscription()? {
            SubscriptionRef::Made(step) => Some(step),
            SubscriptionRef::Foreign | SubscriptionRef::Unknown | SubscriptionRef::Malformed => {
                None
            }
        }
    }

    /// The step at whose address events are awaited.
    pub fn awaited_at(&self) -> Option<StepNumber> {
        match self {
            Self::Await { at, .. } => *at,
            _ => None,
        }
    }

    /// The earlier steps that this one needs.
    pub fn needs(&self) -> impl Iterator<Item = StepNumber> {
        let made = self.card().or(self.subscribed_by());
        made.into_iter().chain(self.awaited_at())
    }

    /// Whether it is one request, and that alone.
    pub fn is_call(&self) -> bool {
        !matches!(self, Self::Await { .. } | Self::RefuseNext)
    }

    /// Whether it is a request that asks for a change, which carries an idempotency key.
    pub fn modifies(&self) -> bool {
        matches!(
            self,
            Self::Subscribe | Self::Resubscribe(_) | Self::Unsubscribe(_)
        )
    }

    /// Whether its request has a body.
    pub fn has_body(&self) -> bool {
        matches!(self, Self::Subscribe | Self::Resubscribe(_))
    }

    /// The same with each step number that it names put through `rename`.
    pub fn renumbered(&self, rename: impl Fn(StepNumber) -> StepNumber) -> Self {
        let of = |subscription: &SubscriptionRef| match subscription {
            SubscriptionRef::Made(step) => SubscriptionRef::Made(rename(*step)),
            other => *other,
        };
        match self {
            Self::Await { card, events, at } => Self::Await {
                card: rename(*card),
                events: *events,
                at: at.map(&rename),
            },
            Self::Resubscribe(subscription) => Self::Resubscribe(of(subscription)),
            Self::Unsubscribe(subscription) => Self::Unsubscribe(of(subscription)),
            Self::ReadSubscription(subscription) => Self::ReadSubscription(of(subscription)),
            Self::RefuseNext | Self::Subscribe | Self::ListSubscriptions => self.clone(),
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Await { card, events, at } => {
                match events {
                    1 => write!(f, "await event of {card}")?,
                    _ => write!(f, "await {events} events of {card}")?,
                }
                at.map_or(Ok(()), |at| write!(f, " at {at}"))
            }
            Self::RefuseNext => f.write_str("refuse next event"),
            Self::Subscribe => f.write_str("subscribe"),
            Self::Resubscribe(subscription) => write!(f, "subscribe again {subscription}"),
            Self::Unsubscribe(subscription) => write!(f, "unsubscribe {subscription}"),
            Self::ReadSubscription(subscription) => write!(f, "read subscription {subscription}"),
            Self::ListSubscriptions => f.write_str("list subscriptions"),
        }
    }
}
