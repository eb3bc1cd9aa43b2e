//! What a programme owns. Cards are locked account by account; the book, which finds them, is
//! held only for a look-up, and never while a lock of an account is wanted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use uuid::Uuid;

use super::card::Card;
use super::idempotency::Journal;
use super::signature::SigningKey;
use super::webhooks::Webhook;

/// A customer of this service: accounts, cards, keys and webhooks. Programmes don't see each other.
#[derive(Debug, Default)]
pub(super) struct Programme {
    pub journal: Journal,
    book: RwLock<Book>,
    signing_keys: RwLock<Vec<Arc<SigningKey>>>,
    webhooks: Mutex<Vec<Webhook>>,
}

#[derive(Debug, Default)]
struct Book {
    accounts: Vec<Arc<Account>>,
    account_by_id: HashMap<Uuid, Arc<Account>>,
    account_by_card: HashMap<Uuid, Arc<Account>>,
}

/// An account and its cards, oldest first.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Uuid,
    cards: Mutex<Vec<Card>>,
}

impl Account {
    /// The cards, unless somebody else has them in hand.
    pub(super) fn cards_if_free(&self) -> Option<MutexGuard<'_, Vec<Card>>> {
        self.cards.try_lock().ok()
    }

    pub(super) fn cards(&self) -> MutexGuard<'_, Vec<Card>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Programme {
    pub(super) fn open_account(&self, id: Uuid) -> Arc<Account> {
        let account = Arc::new(Account {
            id,
            cards: Mutex::default(),
        });
        let mut book = self.write();
        book.accounts.push(account.clone());
        book.account_by_id.insert(id, account.clone());
        account
    }

    pub(super) fn account(&self, id: Uuid) -> Option<Arc<Account>> {
        self.read().account_by_id.get(&id).cloned()
    }

    pub(super) fn account_of_card(&self, card_id: Uuid) -> Option<Arc<Account>> {
        self.read().account_by_card.get(&card_id).cloned()
    }

    /// Every account, oldest first.
    pub(super) fn accounts(&self) -> Vec<Arc<Account>> {
        self.read().accounts.clone()
    }

    /// Makes a card findable by its id.
    pub(super) fn enter_card(&self, card_id: Uuid, account: &Arc<Account>) {
        self.write()
            .account_by_card
            .insert(card_id, account.clone());
    }

    /// Makes a card unfindable by its id.
    pub(super) fn strike_card(&self, card_id: Uuid) {
        self.write().account_by_card.remove(&card_id);
    }

    pub(super) fn signing_keys(&self) -> RwLockReadGuard<'_, Vec<Arc<SigningKey>>> {
        self.signing_keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signing_keys_mut(&self) -> RwLockWriteGuard<'_, Vec<Arc<SigningKey>>> {
        self.signing_keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn webhooks(&self) -> MutexGuard<'_, Vec<Webhook>> {
        self.webhooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}
