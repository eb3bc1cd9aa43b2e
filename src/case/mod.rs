//! A case: commands that make a story about cards, and the one form in which it is written.
//!
//! A step is one line of plain words. `#3` is the card that step 3 made, `A` an account of the case's own:
//!
//! ```
//! use cardproof::case::Step;
//! let step: Step = "create physical on A with {\"shippingAddress\":null}".parse().unwrap();
//! assert_eq!(step.to_string(), "create physical on A with {\"shippingAddress\":null}");
//! ```
//!
//! Steps that begin with a lane go at once: after `[1] activate #1` and `[2] terminate #1` the case goes on when both are
//! answered.
//!
//! Cases are pure data: no ids, keys or times, so that they can be generated, shrunk, stored and run again.
//! What a step means on the wire is the driver's business; what its answer means is the judge's.

mod encoding;
mod flaw;
mod hook;
mod parse;
mod race;
pub mod request;
mod variant;

use std::fmt;

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::{Action, CardType};

pub use encoding::{Encoding, body_bytes};
pub use flaw::{Flaw, Part};
pub use hook::{Hook, SubscriptionRef};
pub use parse::StepError;

/// The place of a step in its case, counted from 1. Written `#3`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct StepNumber(pub usize);

impl StepNumber {
    /// Before the first step.
    pub const BEFORE: Self = Self(0);
}

impl fmt::Display for StepNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Which account a command concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountRef {
    /// One of the case's own accounts: `A` to `Z`.
    Own(char),
    /// A well-formed id that nobody has.
    Unknown,
    /// An account of another programme.
    Foreign,
    /// Something that is no id.
    Malformed(String),
}

/// Which card a command concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CardRef {
    /// The card that this step's answer brought.
    Made(StepNumber),
    /// A well-formed id that nobody has.
    Unknown,
    /// A card of another programme.
    Foreign,
    /// Something that is no id.
    Malformed(String),
    /// The id of a card with something around it, which makes it none.
    Within(Within),
}

/// The id of a card, and what stands around it in the path, as it goes over the wire: `%20` for a blank.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Within {
    /// The step whose answer brought the card.
    pub card: StepNumber,
    /// What stands before the id.
    pub before: String,
    /// What stands behind it.
    pub behind: String,
}

impl Within {
    /// What may stand around an id: the characters of a segment of a path (RFC 3986, section 3.3), so no slash.
    pub fn may_hold(text: &str) -> bool {
        let may_stand = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&b);
        text.bytes().all(may_stand)
    }
}

/// One abstract step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Create a card.
    Create {
        /// Whose card.
        account: AccountRef,
        /// Of which type.
        card_type: CardType,
    },
    /// Read one card.
    Read(CardRef),
    /// Read an account's cards.
    ListAccount(AccountRef),
    /// Read the programme's cards.
    ListProgramme,
    /// A call that means to change a card's status.
    Act(Action, CardRef),
    /// Send an earlier step's request again under the same key; with a [`Body`] change, another payload under it.
    Retry(StepNumber),
    /// Let time pass, in milliseconds: for targets whose timestamps are coarse.
    Pause(u64),
    /// About webhooks.
    Hook(Hook),
    /// Move the target's clock forward, in seconds. It moves for everybody.
    MoveClock(u64),
}

/// What the body of a `create` or a `subscribe` is, beyond the standard request.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// A valid request for the type, ordinary values.
    #[default]
    Standard,
    /// The standard request (of a retry: the earlier one) with this JSON merge patch (RFC 7396) applied. A text `{B}` in it
    /// stands for the id of account `B`.
    Patched(Value),
    /// Exactly this text.
    Text(String),
}

impl Eq for Body {}

impl Body {
    /// The accounts of the case that a patch names.
    pub fn accounts(&self) -> Vec<char> {
        let mut letters = Vec::new();
        self.with_accounts(|letter| {
            letters.push(letter);
            String::new()
        });
        letters
    }

    /// The body with each account that a patch names written so.
    pub fn with_accounts(&self, mut write: impl FnMut(char) -> String) -> Self {
        match self {
            Self::Patched(patch) => {
                let mut patch = patch.clone();
                write_accounts(&mut patch, &mut write);
                Self::Patched(patch)
            }
            Self::Standard | Self::Text(_) => self.clone(),
        }
    }
}

fn write_accounts(value: &mut Value, write: &mut impl FnMut(char) -> String) {
    match value {
        Value::String(text) => {
            if let [b'{', letter @ b'A'..=b'Z', b'}'] = text.as_bytes() {
                *text = write(char::from(*letter));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|v| write_accounts(v, write)),
        Value::Object(members) => members.values_mut().for_each(|v| write_accounts(v, write)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Which idempotency key a modifying step sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyUse {
    /// A fresh one (a retry: the earlier step's).
    #[default]
    Usual,
    /// A fresh one that begins with the time, as version 7 of UUIDs does (RFC 9562), where others are all chance.
    TimeOrdered,
    /// None.
    Missing,
    /// This text, which need not be a UUID.
    Text(String),
    /// The one that this step used.
    Of(StepNumber),
    /// The one that this step used but for its last digit: another key.
    NextTo(StepNumber),
}

impl KeyUse {
    /// The step whose key it is made from.
    pub fn named(&self) -> Option<StepNumber> {
        match self {
            Self::Of(step) | Self::NextTo(step) => Some(*step),
            _ => None,
        }
    }
}

/// A branch of a case, `[1]` to `[4]`. Neighbouring steps with lanes are a race: each lane's steps go one after the other,
/// the lanes go at once, and the next step without a lane waits for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(u8);

impl Lane {
    /// So many may go at once.
    pub const MAX: u8 = 4;

    /// The lane of this number, counted from 1.
    pub fn new(number: u8) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// How a response is lost on purpose: nobody then knows whether the request was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The connection is closed once the whole request is sent.
    CutAfterSending,
    /// The connection is closed at the first byte of the answer.
    CutWhileReading,
    /// The connection is closed when there is no whole answer after so many milliseconds.
    GiveUpAfter(u64),
}

/// A command and how its request deviates from the ordinary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its branch, if it goes at the same time as others.
    pub lane: Option<Lane>,
    /// What is asked.
    pub command: Command,
    /// The body, for a create or the retry of one, and for a subscription.
    pub body: Body,
    /// Another media type than `application/json`.
    pub media_type: Option<String>,
    /// How the body is written in bytes, if not in plain UTF-8.
    pub encoding: Option<Encoding>,
    /// The idempotency key.
    pub key: KeyUse,
    /// Another method than the call's own.
    pub method: Option<Method>,
    /// Ids in the path (of a retry: the key) are spelt in upper case.
    pub upper_case: bool,
    /// A flaw in access or integrity.
    pub flaw: Option<Flaw>,
    /// It goes over a connection that was not used before.
    pub fresh_connection: bool,
    /// It goes with a bearer token that was got for it.
    pub fresh_token: bool,
    /// Its answer is lost on purpose.
    pub loss: Option<Loss>,
}

impl Step {
    /// The ordinary request for a command.
    pub fn new(command: Command) -> Self {
        Self {
            lane: None,
            command,
            body: Body::Standard,
            media_type: None,
            encoding: None,
            key: KeyUse::Usual,
            method: None,
            upper_case: false,
            flaw: None,
            fresh_connection: false,
            fresh_token: false,
            loss: None,
        }
    }

    /// The same step in a lane.
    pub fn in_lane(mut self, lane: Lane) -> Self {
        self.lane = Some(lane);
        self
    }

    /// Whether its answer can bring a card that later steps name.
    pub fn makes_card(&self) -> bool {
        matches!(self.command, Command::Create { .. })
    }

    /// The earlier step whose signature it takes.
    pub fn takes_signature_of(&self) -> Option<StepNumber> {
        match self.flaw {
            Some(Flaw::SignatureOf(step)) => Some(step),
            _ => None,
        }
    }

    /// The earlier steps whose requests it takes up: one that it sends again, one under whose key it sends.
    pub fn takes_up(&self) -> impl Iterator<Item = StepNumber> {
        let sent_again = match self.command {
            Command::Retry(step) => Some(step),
            _ => None,
        };
        sent_again.into_iter().chain(self.key.named())
    }

    /// The earlier steps that this one needs.
    pub fn needs(&self) -> Vec<StepNumber> {
        let card = match &self.command {
            Command::Read(CardRef::Made(step)) | Command::Act(_, CardRef::Made(step)) => {
                Some(*step)
            }
            Command::Read(CardRef::Within(within)) | Command::Act(_, CardRef::Within(within)) => {
                Some(within.card)
            }
            Command::Retry(step) => Some(*step),
            _ => None,
        };
        let hook = match &self.command {
            Command::Hook(hook) => Some(hook.needs()),
            _ => None,
        };
        let signature = self.takes_signature_of();
        let hook = hook.into_iter().flatten();
        card.into_iter()
            .chain(hook)
            .chain(self.key.named())
            .chain(signature)
            .collect()
    }

    /// The same step with each step number that it names put through `rename`.
    pub fn renumbered(&self, rename: impl Fn(StepNumber) -> StepNumber) -> Self {
        let card = |card: &CardRef| match card {
            CardRef::Made(step) => CardRef::Made(rename(*step)),
            CardRef::Within(within) => CardRef::Within(Within {
                card: rename(within.card),
                ..within.clone()
            }),
            other => other.clone(),
        };
        let command = match &self.command {
            Command::Read(c) => Command::Read(card(c)),
            Command::Act(action, c) => Command::Act(*action, card(c)),
            Command::Retry(step) => Command::Retry(rename(*step)),
            Command::Hook(hook) => Command::Hook(hook.renumbered(&rename)),
            other => other.clone(),
        };
        let key = match &self.key {
            KeyUse::Of(step) => KeyUse::Of(rename(*step)),
            KeyUse::NextTo(step) => KeyUse::NextTo(rename(*step)),
            other => other.clone(),
        };
        let flaw = match self.flaw {
            Some(Flaw::SignatureOf(step)) => Some(Flaw::SignatureOf(rename(step))),
            other => other,
        };
        Self {
            command,
            key,
            flaw,
            ..self.clone()
        }
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Step {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "one step in the words of a case file"})
    }
}

/// A story: steps in order, on fresh accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is called in reports: words joined by dashes.
    pub name: String,
    /// What it shows, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

impl Case {
    /// The steps with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (StepNumber, &Step)> {
        let numbers = (1..).map(StepNumber);
        numbers.zip(&self.steps)
    }

    /// The step of a number.
    pub fn step(&self, number: StepNumber) -> Option<&Step> {
        self.steps.get(number.0.checked_sub(1)?)
    }

    /// The accounts that the case needs, in the order of their letters.
    pub fn accounts(&self) -> Vec<char> {
        let own = self.steps.iter().filter_map(|step| match &step.command {
            Command::Create {
                account: AccountRef::Own(letter),
                ..
            }
            | Command::ListAccount(AccountRef::Own(letter)) => Some(*letter),
            _ => None,
        });
        let named = self.steps.iter().flat_map(|step| step.body.accounts());
        let mut letters: Vec<char> = own.chain(named).collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// Whether the case has to do with events, so that those of its cards are kept.
    pub fn listens(&self) -> bool {
        let is_hook = |step: &Step| matches!(step.command, Command::Hook(_));
        self.steps.iter().any(is_hook)
    }

    /// How many subscriptions it makes. They are the programme's, so that those of other cases stand beside them.
    pub fn subscriptions(&self) -> usize {
        let subscribe = Command::Hook(Hook::Subscribe);
        let steps = self.steps.iter();
        steps.filter(|step| step.command == subscribe).count()
    }

    /// Whether it may change what other cases are told: it subscribes, or turns away an event of the run's own subscription.
    pub fn touches_subscriptions(&self) -> bool {
        let refuse = Command::Hook(Hook::RefuseNext);
        self.subscriptions() > 0 || self.steps.iter().any(|step| step.command == refuse)
    }

    /// Whether nothing else may be under way meanwhile. A clock moves for everybody, and where a login ends what an earlier
    /// one began, so does that.
    pub fn has_target_alone(&self) -> bool {
        self.moves_clock() || self.steps.iter().any(|step| step.fresh_token)
    }

    /// Whether it moves the target's clock, which no other case may notice.
    pub fn moves_clock(&self) -> bool {
        let moves = |step: &Step| matches!(step.command, Command::MoveClock(_));
        self.steps.iter().any(moves)
    }
}

#[cfg(test)]
impl Case {
    /// A case of these steps, as the tables of tests write it.
    pub(crate) fn told(steps: &[&str]) -> Self {
        Self {
            name: "case".to_owned(),
            title: String::new(),
            steps: steps.iter().map(|step| step.parse().unwrap()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_may_be_named_in_a_body() {
        let case = Case::told(&[
            "create virtual on B with {\"accountId\":\"{A}\",\"x\":[\"{D}\",\"{d}\"]}",
            "create virtual on B with body \"{C}\"",
        ]);
        assert_eq!(case.accounts(), ['A', 'B', 'D']);
        let moved = case.on_accounts(|letter| char::from(letter as u8 + 1));
        assert_eq!(
            moved.steps[0].to_string(),
            "create virtual on C with {\"accountId\":\"{B}\",\"x\":[\"{E}\",\"{d}\"]}"
        );
    }
}
