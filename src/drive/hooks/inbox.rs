//! Which event goes to which case.
//!
//! An event may come before the answer to the create that made its card; then its account tells, or else it is kept until
//! some case learns the card's id. What names nothing that can be looked up goes to every case that is open: whichever it
//! was meant for, the target sent it to us.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::sync::Notify;
use url::form_urlencoded::parse;

use super::patience::Patience;

use crate::case::StepNumber;
use crate::profile::Foreign;
use crate::trace::{EVENTS_MAX, Event, Micros};

/// So many events of unknown cards are kept, the latest.
const STRAYS_MAX: usize = 256;
/// So much trouble is told in each case.
const TROUBLES_MAX: usize = 8;

/// Where events come in, and whose they are.
pub struct Desk {
    /// With it the last word of every callback address begins: it is secret, and what is behind it tells them apart.
    word: String,
    foreign: Vec<String>,
    heard: AtomicBool,
    silent: AtomicBool,
    patience: Mutex<Patience>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    next: usize,
    cases: BTreeMap<usize, Kept>,
    /// Cards and accounts, in lower case.
    owners: HashMap<String, usize>,
    doors: HashMap<String, Door>,
    /// The queries that belong to addresses, by their last word.
    queries: HashMap<String, String>,
    /// How many doors were ever opened, so that no two have the same word.
    opened: usize,
    strays: VecDeque<(Vec<String>, Event)>,
}

/// What a case has not taken yet.
#[derive(Default)]
struct Kept {
    events: Vec<Event>,
    /// How many came in all.
    came: usize,
    troubles: Vec<String>,
    /// So many are refused from now on.
    refusals: usize,
    bell: Arc<Notify>,
}

/// A callback address: the run's, or that of a case's own subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door(Option<(usize, StepNumber)>);

impl Door {
    /// The step that subscribed it.
    pub fn step(self) -> Option<StepNumber> {
        self.0.map(|(_, step)| step)
    }
}

impl Desk {
    /// A desk without a door. An event is waited for so long.
    pub fn new(word: &str, foreign: &Foreign, wait: Duration) -> Self {
        let foreign = foreign.account.iter().chain(&foreign.card);
        Self {
            word: word.to_owned(),
            foreign: foreign.map(ToString::to_string).collect(),
            heard: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            patience: Mutex::new(Patience::new(wait)),
            book: Mutex::default(),
        }
    }

    /// The door that an address leads to, by its last word and its query.
    pub fn door(&self, word: &str, query: &str) -> Option<Door> {
        let book = self.book();
        let asked = book.queries.get(word).map_or("", String::as_str);
        let is_whole = asked.is_empty() || parse(asked.as_bytes()).eq(parse(query.as_bytes()));
        book.doors.get(word).copied().filter(|_| is_whole)
    }

    /// Whether an address with this last word still leads anywhere.
    pub fn is_open(&self, word: &str) -> bool {
        self.book().doors.contains_key(word)
    }

    /// How the last word of every address begins.
    pub fn prefix(&self) -> String {
        format!("{}-", self.word)
    }

    /// The last word of a new callback address, for the run's own subscription; the one before leads nowhere any more.
    pub fn open_door_of_the_run(&self) -> String {
        let mut book = self.book();
        book.doors.retain(|_, door| door.0.is_some());
        book.open(&self.prefix(), Door(None))
    }

    /// Somebody has waited in vain.
    pub fn note_silence(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// Something has come since the run began.
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Somebody has waited in vain, and nothing has come since the run began.
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed) && !self.has_heard()
    }

    /// How long an event may take, by those that were waited for.
    pub fn patience(&self) -> Duration {
        let patience = self.patience.lock();
        patience.unwrap_or_else(PoisonError::into_inner).now()
    }

    /// An event has come that was waited for, and shows this card.
    pub fn told(&self, came_at: Micros, card: &Value) {
        let patience = self.patience.lock();
        let mut patience = patience.unwrap_or_else(PoisonError::into_inner);
        patience.told(came_at, card);
    }

    /// Hands an event to the case that it is about; says how it is to be answered.
    pub fn deliver(&self, door: Door, event: Event) -> StatusCode {
        self.heard.store(true, Ordering::Relaxed);
        let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
        let names = names(&body);
        let is_foreign = names.iter().any(|name| self.foreign.contains(name));
        let mut book = self.book();
        let owner = names.iter().find_map(|name| book.owners.get(name).copied());
        let is_strange = is_foreign || names.is_empty();
        match (door.0, owner) {
            (Some((case, _)), Some(owner)) if case == owner => book.hand(case, event),
            (Some((case, _)), None) if is_strange => book.hand(case, event),
            // A case's own subscription tells of all cards of the programme; those of others are not its business.
            (Some(_), _) => StatusCode::OK,
            (None, Some(owner)) => book.hand(owner, event),
            (None, None) if is_strange => {
                let open: Vec<usize> = book.cases.keys().copied().collect();
                for case in open {
                    book.hand(case, event.clone());
                }
                StatusCode::OK
            }
            (None, None) => {
                book.strays.push_back((names, event));
                if book.strays.len() > STRAYS_MAX {
                    book.strays.pop_front();
                }
                StatusCode::OK
            }
        }
    }

    /// Tells those whom it may concern of something that is no event.
    pub fn tell(&self, door: Door, words: &str) {
        let mut book = self.book();
        for (case, kept) in &mut book.cases {
            if door.0.is_none_or(|(owner, _)| owner == *case) {
                kept.tell(words);
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Opens a door; the word that leads to it.
    fn open(&mut self, prefix: &str, door: Door) -> String {
        self.opened += 1;
        let word = format!("{prefix}{}", self.opened);
        self.doors.insert(word.clone(), door);
        word
    }

    fn hand(&mut self, case: usize, mut event: Event) -> StatusCode {
        let Some(kept) = self.cases.get_mut(&case) else {
            return StatusCode::OK;
        };
        kept.came += 1;
        if kept.came > EVENTS_MAX {
            return StatusCode::OK;
        }
        let mut answer = StatusCode::OK;
        if kept.refusals > 0 && event.subscription.is_none() {
            kept.refusals -= 1;
            answer = StatusCode::INTERNAL_SERVER_ERROR;
        }
        event.answered = answer.as_u16();
        kept.events.push(event);
        kept.bell.notify_one();
        answer
    }
}

impl Kept {
    fn tell(&mut self, words: &str) {
        if self.troubles.len() < TROUBLES_MAX && !self.troubles.iter().any(|t| t == words) {
            self.troubles.push(words.to_owned());
        }
    }
}

/// The card and the account that an event names, in lower case. Absurdly long ones are no ids.
fn names(body: &Value) -> Vec<String> {
    const LENGTH_MAX: usize = 128;
    ["id", "accountId"]
        .into_iter()
        .filter_map(|name| body.get(name)?.as_str())
        .filter(|id| (1..=LENGTH_MAX).contains(&id.len()))
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The events of one case. Dropping it closes it.
pub struct Inbox {
    desk: Arc<Desk>,
    case: usize,
    bell: Arc<Notify>,
}

impl Inbox {
    /// A new one, of a case that owns nothing yet.
    pub fn open(desk: &Arc<Desk>) -> Self {
        let bell = Arc::new(Notify::new());
        let mut book = desk.book();
        let case = book.next;
        book.next += 1;
        book.cases.insert(
            case,
            Kept {
                bell: Arc::clone(&bell),
                ..Kept::default()
            },
        );
        drop(book);
        Self {
            desk: Arc::clone(desk),
            case,
            bell,
        }
    }

    /// From now on events of this card or account are the case's; those that came already are handed over.
    pub fn claim(&self, id: &str) {
        let id = id.to_ascii_lowercase();
        let mut book = self.desk.book();
        let (ours, others) = std::mem::take(&mut book.strays)
            .into_iter()
            .partition::<VecDeque<_>, _>(|(names, _)| names.contains(&id));
        book.strays = others;
        for (_, event) in ours {
            book.hand(self.case, event);
        }
        book.owners.insert(id, self.case);
    }

    /// Drops what has come of this card or account and is nobody's.
    pub fn forget(&self, id: &str) {
        let id = id.to_ascii_lowercase();
        let mut book = self.desk.book();
        book.strays.retain(|(names, _)| !names.contains(&id));
    }

    /// The last word of a new callback address, for the subscription of this step.
    pub fn open_door(&self, step: StepNumber) -> String {
        let door = Door(Some((self.case, step)));
        self.desk.book().open(&self.desk.prefix(), door)
    }

    /// What is sent to the address that ends in `word` needs this query too.
    pub fn ask_for_query(&self, word: String, query: String) {
        self.desk.book().queries.insert(word, query);
    }

    /// Refuses the next event.
    pub fn refuse_next(&self) {
        if let Some(kept) = self.desk.book().cases.get_mut(&self.case) {
            kept.refusals += 1;
        }
    }

    /// What has come since the last time: events, and words on what is none.
    pub fn take(&self) -> (Vec<Event>, Vec<String>) {
        let mut book = self.desk.book();
        let kept = book.cases.get_mut(&self.case);
        kept.map_or_else(Default::default, |kept| {
            (
                std::mem::take(&mut kept.events),
                std::mem::take(&mut kept.troubles),
            )
        })
    }

    /// How many have come in all, if not all of them were kept.
    pub fn overflow(&self) -> Option<usize> {
        let book = self.desk.book();
        let came = book.cases.get(&self.case)?.came;
        (came > EVENTS_MAX).then_some(came)
    }

    /// Waits until something has come since the last time.
    pub async fn rings(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let case = self.case;
        let mut book = self.desk.book();
        book.cases.remove(&case);
        book.owners.retain(|_, owner| *owner != case);
        let Book { doors, queries, .. } = &mut *book;
        doors.retain(|_, door| door.0.is_none_or(|(owner, _)| owner != case));
        queries.retain(|word, _| doors.contains_key(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else what one case was refused would be what another one has.
    #[test]
    fn no_two_doors_have_the_same_word() {
        let desk = Arc::new(Desk::new(
            "word",
            &Foreign::default(),
            Duration::from_secs(1),
        ));
        let (first, second) = (Inbox::open(&desk), Inbox::open(&desk));
        let ended = first.open_door(StepNumber(1));
        let open = second.open_door(StepNumber(1));
        drop(first);
        let later = second.open_door(StepNumber(2));
        assert!(ended != open && open != later && later != ended);
    }
}
