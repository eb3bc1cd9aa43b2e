//! The cards of a world. Worlds are copied often and changed seldom, so copies share their cards until one is changed: a
//! recording may hold hundreds.

use std::ops::{Deref, DerefMut};
use std::slice;
use std::sync::Arc;

use super::Card;

/// The cards of a world, in the order of the steps that made them. To change one copies all of them, if they are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cards(Arc<Vec<Card>>);

impl Cards {
    /// Whether the others are the very same, known without looking at each.
    pub fn are_shared_with(&self, others: &Self) -> bool {
        Arc::ptr_eq(&self.0, &others.0)
    }
}

impl Deref for Cards {
    type Target = Vec<Card>;

    fn deref(&self) -> &Vec<Card> {
        &self.0
    }
}

impl DerefMut for Cards {
    fn deref_mut(&mut self) -> &mut Vec<Card> {
        Arc::make_mut(&mut self.0)
    }
}

impl<'a> IntoIterator for &'a Cards {
    type Item = &'a Card;
    type IntoIter = slice::Iter<'a, Card>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
