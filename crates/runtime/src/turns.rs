//! [`Turns`]: one after another where it is about the same thing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// Lets those who come for the same thing do it one after another, so that the second sees what the first has done.
pub(crate) struct Turns<K>(Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Waits for this thing's turn, which lasts until what is returned is dropped.
    pub(crate) async fn take(&self, thing: &K) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody is at those, and nobody waits for them.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(thing.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_thing_waits_and_another_does_not() {
        let turns = Turns::default();
        let first = turns.take(&"a").await;
        let other = turns.take(&"b").await;
        let mut second = Box::pin(turns.take(&"a"));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        drop((second.await, other));
        drop(turns.take(&"c").await);
        assert_eq!(turns.0.lock().unwrap().len(), 1, "what nobody holds is forgotten");
    }
}
