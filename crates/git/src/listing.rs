//! One listing of references for everybody who asks at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tautline_core::{Clock, Timestamp};
use tautline_source::Advertised;
use tokio::sync::Mutex;

use crate::failure::Failure;

type Outcome = Result<Arc<Advertised>, Failure>;

/// The last listing of one repository.
///
/// Callers queue at the lock. Who finds that a listing ended while it queued takes that outcome, a failure
/// too: forty apps of an unreachable repository wait for one timeout, not for forty.
#[derive(Default)]
pub(crate) struct Listing {
    last: Mutex<Option<Last>>,
    /// How many listings have ended.
    ended: AtomicU64,
    /// Raised by [`Listing::forget`]; an outcome of an earlier epoch is not taken.
    epoch: AtomicU64,
}

struct Last {
    outcome: Outcome,
    number: u64,
    epoch: u64,
    at: Timestamp,
}

impl Listing {
    /// The references: those of a listing that ended while we waited or less than `age` ago, else listed now.
    pub(crate) async fn get<F, L>(&self, clock: &dyn Clock, age: Duration, list: L) -> Outcome
    where
        F: Future<Output = Outcome>,
        L: FnOnce() -> F,
    {
        let ticket = self.ended.load(Ordering::SeqCst);
        let epoch = self.epoch.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.epoch >= epoch) {
            let waited_for = last.number > ticket;
            let young = last.outcome.is_ok() && clock.now().since(last.at) < age;
            if waited_for || young {
                return last.outcome.clone();
            }
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        let outcome = list().await;
        let number = self.ended.fetch_add(1, Ordering::SeqCst) + 1;
        *last = Some(Last { outcome: outcome.clone(), number, epoch, at: clock.now() });
        outcome
    }

    /// Makes everybody who asks from now on list anew.
    pub(crate) fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join_all;
    use tautline_core::ManualClock;

    use super::*;

    async fn ask(listing: &Listing, clock: &ManualClock, count: &Cell<u32>, fails: bool) -> bool {
        let list = || async {
            count.set(count.get() + 1);
            tokio::task::yield_now().await;
            if fails { Err(Failure::Unreachable("down".to_owned())) } else { Ok(Arc::default()) }
        };
        listing.get(clock, Duration::from_secs(1), list).await.is_ok()
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_who_waited_and_kept_for_nobody() {
        let (listing, clock, count) = (Listing::default(), ManualClock::default(), Cell::new(0));
        let all = join_all((0..40).map(|_| ask(&listing, &clock, &count, true))).await;
        assert!(all.iter().all(|ok| !ok));
        assert_eq!(count.get(), 1);
        assert!(ask(&listing, &clock, &count, false).await);
        assert_eq!(count.get(), 2);
    }

    #[tokio::test]
    async fn a_young_listing_is_used_again_until_it_is_forgotten() {
        let (listing, clock, count) = (Listing::default(), ManualClock::default(), Cell::new(0));
        for expect in [1, 1] {
            ask(&listing, &clock, &count, false).await;
            assert_eq!(count.get(), expect);
        }
        listing.forget();
        ask(&listing, &clock, &count, false).await;
        assert_eq!(count.get(), 2);
        clock.advance(Duration::from_secs(1));
        ask(&listing, &clock, &count, false).await;
        assert_eq!(count.get(), 3);
    }
}
