//! Listed accounts. They are few, so each is used again and again, one case at a time, and what is in it is remembered: the
//! cards that were there before the run, which are only ever read, and those that the run made.
//!
//! Whether a card that has ended frees its slot is not decided here: the run says so when the judge has read it
//! ([`Pool::slots_are_kept_by`]). Until then accounts are used again as if it did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::draft::Draft;
pub use super::holdings::{Holdings, Kept};
use crate::card::{AccountId, CardId, CardStatus, CardType};
use crate::case::{AccountRef, Body, Case, Command, KeyUse, Step};

/// An account of a case, and the types of card for which it must have room.
pub type Need = (char, BTreeSet<CardType>);

/// What each account of a case is needed for.
pub fn needs(case: &Case) -> Vec<Need> {
    let room = |letter: char| {
        let creates = case
            .steps
            .iter()
            .filter_map(move |step| match step.command {
                Command::Create {
                    account: AccountRef::Own(own),
                    card_type,
                } if own == letter && step.body == Body::Standard && step.flaw.is_none() => {
                    let is_sound = step.key == KeyUse::Usual || step.key.named().is_some();
                    is_sound.then_some(card_type)
                }
                _ => None,
            });
        creates.collect()
    };
    let letters = case.accounts().into_iter();
    letters.map(|letter| (letter, room(letter))).collect()
}

/// Cards stay in a listed account for good, and each list of it that is read later has them.
const CARDS_MAX: usize = 50;

/// Why a case is too much for any listed account, if it is.
pub fn too_many_cards(case: &Case) -> Option<String> {
    let cards = |letter: char| {
        let account = AccountRef::Own(letter);
        let is_made_there = |step: &&Step| match &step.command {
            Command::Create { account: of, .. } => *of == account,
            _ => false,
        };
        case.steps.iter().filter(is_made_there).count()
    };
    let most = case.accounts().into_iter().map(cards).max()?;
    (most > CARDS_MAX).then(|| {
        format!("it leaves {most} cards in one account, which those of a profile are spared")
    })
}

struct Place {
    account: AccountId,
    is_busy: bool,
    times: usize,
    holdings: Holdings,
    /// What was asked for and not answered may still be at work.
    rests_until: Option<Instant>,
}

/// Listed accounts.
pub struct Pool {
    places: Mutex<Vec<Place>>,
    keepers: Mutex<BTreeSet<CardStatus>>,
    /// First come, first served, or a case that needs two accounts would never get them.
    queue: tokio::sync::Mutex<()>,
    changed: Notify,
    /// The longest that an answer took, and the longest that one may take.
    slowest: Mutex<Duration>,
    timeout: Duration,
}

/// An account in use. It is free again when this goes.
pub struct Lease<'a> {
    pool: &'a Pool,
    account: AccountId,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let rest = self.pool.rest();
        self.pool.with(&self.account, |place| {
            place.is_busy = false;
            // A case that did not end, or to which answers are missing, may still be at work.
            place.rests_until = place.holdings.is_untidy.then(|| Instant::now() + rest);
        });
        self.pool.changed.notify_waiters();
    }
}

enum Found {
    Got(Vec<AccountId>),
    Later(Option<Instant>),
    Never(String),
}

impl Pool {
    /// These accounts, of a target whose answers may take so long.
    pub fn new(accounts: impl IntoIterator<Item = AccountId>, timeout: Duration) -> Self {
        let place = |account| Place {
            account,
            is_busy: false,
            times: 0,
            holdings: Holdings::default(),
            rests_until: None,
        };
        Self {
            places: Mutex::new(accounts.into_iter().map(place).collect()),
            keepers: Mutex::default(),
            queue: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            slowest: Mutex::default(),
            timeout,
        }
    }

    /// From now on a card in this final status is known to keep its slot.
    pub fn slots_are_kept_by(&self, status: CardStatus) {
        let keepers = self.keepers.lock();
        keepers
            .unwrap_or_else(PoisonError::into_inner)
            .insert(status);
    }

    /// Accounts that have room for what is needed, in the order of the needs, as soon as they are free. Aside from the run
    /// the reserve may be used up.
    ///
    /// # Errors
    /// There won't be any; the words say why.
    pub async fn lease(
        &self,
        needs: &[Need],
        is_aside: bool,
    ) -> Result<Vec<(AccountId, Lease<'_>)>, String> {
        let _turn = self.queue.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.find(needs, is_aside) {
                Found::Got(accounts) => {
                    let lease = |account: AccountId| Lease {
                        pool: self,
                        account,
                    };
                    let leases = accounts.into_iter().map(|a| (a.clone(), lease(a)));
                    return Ok(leases.collect());
                }
                Found::Never(words) => return Err(words),
                Found::Later(None) => changed.await,
                Found::Later(Some(time)) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(time.into()) => {}
                    }
                }
            }
        }
    }

    fn find(&self, needs: &[Need], is_aside: bool) -> Found {
        let keepers = self.keepers().clone();
        let mut places = self.places();
        let now = Instant::now();
        let is_free = |place: &Place| !place.is_busy && place.rests_until.is_none_or(|t| t <= now);
        // Where slots are kept, each account can show but one card of each type: one account is left for the lab.
        let reserve = match !keepers.is_empty() && !is_aside && places.len() > 2 {
            true => 1,
            false => 0,
        };
        if let Some(chosen) = choose(&places, needs, &keepers, reserve, is_free) {
            let leased = chosen.iter().map(|place| {
                places[*place].is_busy = true;
                places[*place].times += 1;
                places[*place].account.clone()
            });
            return Found::Got(leased.collect());
        }
        if choose(&places, needs, &keepers, reserve, |_| true).is_some() {
            let resting = places.iter().filter(|place| !place.is_busy);
            let until = resting.filter_map(|place| place.rests_until);
            return Found::Later(until.filter(|time| *time > now).min());
        }
        Found::Never(want(&places, needs, &keepers))
    }

    /// What was found in an account. Cards that the first look shows were there before the run.
    pub fn look(&self, account: &AccountId, shown: &BTreeMap<CardId, Kept>) {
        self.with(account, |place| {
            let holdings = &mut place.holdings;
            if let Some(existing) = &mut holdings.existing {
                for (card, seen) in shown {
                    if let Some(known) = existing.get_mut(card) {
                        *known = seen.clone();
                    }
                }
            } else if holdings.own.is_empty() {
                holdings.existing = Some(shown.clone());
            }
        });
    }

    /// What is known of an account.
    pub fn holdings(&self, account: &AccountId) -> Holdings {
        let places = self.places();
        let place = places.iter().find(|place| place.account == *account);
        place.map(|p| p.holdings.clone()).unwrap_or_default()
    }

    /// A case is at work in an account.
    pub fn work_begins(&self, account: &AccountId) {
        self.with(account, |place| place.holdings.is_untidy = true);
    }

    /// A create is sent for a card of this type.
    pub fn sent(&self, account: &AccountId, card_type: CardType) {
        self.with(account, |place| {
            place.holdings.sent.insert(card_type);
        });
    }

    /// An answer brought this card.
    pub fn made(&self, account: &AccountId, card: CardId) {
        let unread = Kept {
            card_type: None,
            status: None,
            why: None,
        };
        self.with(account, |place| {
            place.holdings.own.entry(card).or_insert(unread);
        });
    }

    /// A create was refused though no card stood in its way.
    pub fn refused(&self, account: &AccountId, card_type: CardType) {
        self.with(account, |place| {
            place.holdings.taken.insert(card_type);
        });
    }

    /// This is what is left of what the run made in an account, and nothing is at work there any more.
    pub fn tidied(&self, account: &AccountId, own: BTreeMap<CardId, Kept>) {
        self.with(account, |place| {
            place.holdings.own = own;
            place.holdings.is_untidy = false;
        });
    }

    /// An answer took so long.
    pub fn answered_in(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        *slowest = (*slowest).max(time);
    }

    /// How long a request that nobody waits for may be at work: ten times as long as the slowest answer took.
    fn rest(&self) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(100);
        let slowest = *self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        (10 * slowest).max(SHORTEST).min(self.timeout.max(SHORTEST))
    }

    /// The accounts.
    pub fn accounts(&self) -> Vec<AccountId> {
        let places = self.places();
        places.iter().map(|place| place.account.clone()).collect()
    }

    /// The one door for the rule that what was there before the run is only read.
    pub fn check(&self, draft: &Draft) -> Result<(), String> {
        if draft.method.is_safe() {
            return Ok(());
        }
        let places = self.places();
        let mut named = draft.path.split(['/', '?']).map(CardId::new);
        let touched = named.find(|card| {
            let mut existing = places.iter().filter_map(|p| p.holdings.existing.as_ref());
            existing.any(|cards| cards.contains_key(card))
        });
        match touched {
            Some(card) => Err(format!(
                "the card {card} was there before the run, so it is only read"
            )),
            None => Ok(()),
        }
    }

    fn with(&self, account: &AccountId, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.places().iter_mut().find(|p| p.account == *account) {
            change(place);
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keepers(&self) -> MutexGuard<'_, BTreeSet<CardStatus>> {
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places for all needs, each the one with the least to spare, and of these the least used; none if there are not enough.
fn choose(
    places: &[Place],
    needs: &[Need],
    keepers: &BTreeSet<CardStatus>,
    reserve: usize,
    is_free: impl Fn(&Place) -> bool,
) -> Option<Vec<usize>> {
    let fits = |place: &Place, room: &BTreeSet<CardType>| {
        room.iter().all(|t| place.holdings.has_room(*t, keepers))
    };
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|need| std::cmp::Reverse(needs[*need].1.len()));
    let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
    for need in order {
        let room = &needs[need].1;
        let fitting = (0..places.len()).filter(|at| fits(&places[*at], room));
        let fitting: Vec<usize> = fitting
            .filter(|at| !chosen.values().any(|c| c == at))
            .collect();
        if !room.is_empty() && fitting.len() <= reserve {
            return None;
        }
        let spare = |at: &usize| {
            let has_room = |t: &CardType| places[*at].holdings.has_room(*t, keepers);
            let rooms = CardType::ALL.iter().filter(|t| has_room(t)).count();
            (rooms, places[*at].times, *at)
        };
        let free = fitting.into_iter().filter(|at| is_free(&places[*at]));
        chosen.insert(need, free.min_by_key(spare)?);
    }
    Some(chosen.into_values().collect())
}

/// Why no account has what is needed.
fn want(places: &[Place], needs: &[Need], keepers: &BTreeSet<CardStatus>) -> String {
    let count = places.len();
    if count < needs.len() {
        return format!(
            "it needs {} accounts, and the profile lists {count}",
            needs.len()
        );
    }
    let accounts = match count {
        1 => "the 1 account of the profile is".to_owned(),
        _ => format!("the {count} accounts of the profile are"),
    };
    let nobody = BTreeSet::new();
    if choose(places, needs, &nobody, 0, |_| true).is_some() {
        let kept = keepers.iter().map(|status| match status {
            CardStatus::Terminated => "terminated",
            CardStatus::IssueFailed => "failed",
            _ => "blocked",
        });
        let kept: Vec<&str> = kept.collect();
        return format!(
            "{accounts} spent: {} cards keep their slots here",
            kept.join(" and ")
        );
    }
    let is_taken = places.iter().any(|place| !place.holdings.taken.is_empty());
    match is_taken {
        true => format!("{accounts} spent: creates are refused there for cards that no list shows"),
        false => format!(
            "{accounts} taken: cards that the run must not or can't terminate hold their slots"
        ),
    }
}
