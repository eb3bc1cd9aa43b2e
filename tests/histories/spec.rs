//! What contract.md says of cards, for one reading of what it leaves open, written a second time and on purpose without
//! the harness: it is what the judge's own search is held against.

use std::collections::BTreeMap;

/// A card, by the number under which it was made.
pub type Card = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Issuing,
    Active,
    Inactive,
    Terminated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Issue,
    Activate,
    Deactivate,
    Terminate,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    Create { account: char, physical: bool },
    Act(Act, Card),
    Read(Card),
}

/// What the answer says: the code, the card, and its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answer {
    pub code: u16,
    pub shows: Option<(Card, Status)>,
}

impl Answer {
    pub fn code(code: u16) -> Self {
        Self { code, shows: None }
    }

    pub fn is_success(self) -> bool {
        self.code < 300
    }
}

/// One reading of the open points that the histories touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Readings {
    /// Deactivating an inactive card, activating an active one, terminating a terminated one.
    pub repeats_succeed: bool,
    /// Deactivate, activate and terminate while the card is issuing.
    pub issuing_changes: bool,
    /// The simulator on a card that is not issuing.
    pub issue_anywhere: bool,
    pub refusal: u16,
    pub over_limit: u16,
    pub terminated_frees: bool,
    pub changed_payload: u16,
    pub refusals_replayed: bool,
    pub payload_after_refusal_taken: bool,
}

impl Readings {
    /// The same as the pins of a profile.
    pub fn pins(&self) -> BTreeMap<String, String> {
        let either = |yes: bool, words: [&str; 2]| words[usize::from(!yes)].to_owned();
        let repeat = || either(self.repeats_succeed, ["success", "refused"]);
        let early = || either(self.issuing_changes, ["changes", "refused"]);
        let pins = [
            ("repeat-deactivate", repeat()),
            ("repeat-activate", repeat()),
            ("repeat-terminate", repeat()),
            ("deactivate-issuing", early()),
            ("activate-issuing", early()),
            ("terminate-issuing", early()),
            (
                "simulator-elsewhere",
                either(self.issue_anywhere, ["success", "refused"]),
            ),
            ("refusal-status", self.refusal.to_string()),
            ("over-limit", self.over_limit.to_string()),
            (
                "terminated-frees-slot",
                either(self.terminated_frees, ["frees", "keeps"]),
            ),
            ("changed-payload-status", self.changed_payload.to_string()),
            (
                "refusal-retried",
                either(self.refusals_replayed, ["replayed", "tried afresh"]),
            ),
            (
                "payload-after-refusal",
                either(
                    self.payload_after_refusal_taken,
                    ["taken afresh", "refused"],
                ),
            ),
            ("unknown-id-status", "404".to_owned()),
        ];
        pins.into_iter().map(|(p, r)| (p.to_owned(), r)).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Known {
    account: char,
    physical: bool,
    status: Status,
}

/// All that an implementation remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    cards: BTreeMap<Card, Known>,
    keys: BTreeMap<usize, (Ask, Answer)>,
    /// How many requests were refused since another had their key, by key.
    refused_for_others: BTreeMap<usize, usize>,
}

/// The requests that are in flight under the same key as another one.
#[derive(Clone, Debug, Default)]
pub struct Rivals {
    /// How many there are.
    pub count: usize,
    /// The codes by which a request may be refused for them.
    pub codes: &'static [u16],
}

impl State {
    /// Every answer that is allowed here, and what it leaves. A create brings `new`.
    pub fn outcomes(
        &self,
        readings: &Readings,
        ask: Ask,
        key: usize,
        rivals: &Rivals,
        new: Card,
    ) -> Vec<(Answer, Self)> {
        if let Ask::Read(card) = ask {
            return vec![(self.read(card), self.clone())];
        }
        let changed = || (Answer::code(readings.changed_payload), self.clone());
        let mut outcomes = match self.keys.get(&key) {
            None => self.fresh(readings, ask, key, new),
            Some((before, answer)) if answer.is_success() => {
                let is_same = *before == ask;
                let again = || (*answer, self.clone());
                vec![if is_same { again() } else { changed() }]
            }
            Some((before, answer)) if *before == ask && readings.refusals_replayed => {
                vec![(*answer, self.clone())]
            }
            Some((before, _)) if *before != ask && !readings.payload_after_refusal_taken => {
                vec![changed()]
            }
            Some(_) => self.fresh(readings, ask, key, new),
        };
        if let Some(refused) = self.refused_for(rivals, key) {
            let answers = rivals.codes.iter().map(|code| Answer::code(*code));
            outcomes.extend(answers.map(|answer| (answer, refused.clone())));
        }
        outcomes
    }

    /// What it leaves that a request is refused for its rivals: one of them is served, so not all have been refused too.
    fn refused_for(&self, rivals: &Rivals, key: usize) -> Option<Self> {
        let mut next = self.clone();
        let refused = next.refused_for_others.entry(key).or_default();
        if !self.keys.contains_key(&key) && *refused >= rivals.count {
            return None;
        }
        *refused += 1;
        Some(next)
    }

    fn read(&self, card: Card) -> Answer {
        match self.cards.get(&card) {
            Some(known) => Answer {
                code: 200,
                shows: Some((card, known.status)),
            },
            None => Answer::code(404),
        }
    }

    /// A request whose key says nothing.
    fn fresh(&self, readings: &Readings, ask: Ask, key: usize, new: Card) -> Vec<(Answer, Self)> {
        let mut next = self.clone();
        let answer = match ask {
            Ask::Create { account, physical } => {
                if self.is_taken(readings, account, physical) {
                    Answer::code(readings.over_limit)
                } else if self.cards.contains_key(&new) {
                    return Vec::new();
                } else {
                    let status = Status::Issuing;
                    let known = Known {
                        account,
                        physical,
                        status,
                    };
                    next.cards.insert(new, known);
                    Answer {
                        code: 201,
                        shows: Some((new, status)),
                    }
                }
            }
            Ask::Act(act, card) => match next.cards.get_mut(&card) {
                None => Answer::code(404),
                Some(known) => match after(readings, act, known.status) {
                    None => Answer::code(readings.refusal),
                    Some(status) => {
                        known.status = status;
                        Answer::code(204)
                    }
                },
            },
            Ask::Read(_) => return Vec::new(),
        };
        next.keys.insert(key, (ask, answer));
        vec![(answer, next)]
    }

    fn is_taken(&self, readings: &Readings, account: char, physical: bool) -> bool {
        self.cards.values().any(|known| {
            let holds = known.status != Status::Terminated || !readings.terminated_frees;
            known.account == account && known.physical == physical && holds
        })
    }
}

/// The status that a call leaves; none if it is refused.
fn after(readings: &Readings, act: Act, status: Status) -> Option<Status> {
    use Status::{Active, Inactive, Issuing, Terminated};
    let target = match act {
        Act::Issue | Act::Activate => Active,
        Act::Deactivate => Inactive,
        Act::Terminate => Terminated,
    };
    let succeeds = match (act, status) {
        (Act::Issue, Issuing) => true,
        (Act::Issue, _) => return readings.issue_anywhere.then_some(status),
        (_, Issuing) => readings.issuing_changes,
        (_, same) if same == target => readings.repeats_succeed,
        (_, from) => from != Terminated,
    };
    succeeds.then_some(target)
}
