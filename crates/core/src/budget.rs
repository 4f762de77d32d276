//! Limits for hostile input, and waiting between tries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How much an input may cost. Everything read from a repository, chart or cluster has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of one input.
    pub bytes: usize,
    /// Values it may hold, expanded aliases included.
    pub nodes: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Steps of work: template nodes executed, alias expansions, regex size and the like.
    pub steps: u64,
    /// Set by the shell at its deadline; work ends soon after.
    pub cancel: CancelFlag,
}

impl Default for Budget {
    /// 32 MiB, 4 million values, 200 levels, 100 million steps.
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            nodes: 4_000_000,
            depth: 200,
            steps: 100_000_000,
            cancel: CancelFlag::default(),
        }
    }
}

/// A flag that ends work early. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Ends the work.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work should end.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for CancelFlag {
    fn eq(&self, other: &Self) -> bool {
        self.is_cancelled() == other.is_cancelled()
    }
}

impl Eq for CancelFlag {}

/// Exponential waiting: `base × factorⁿ`, at most `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub base: Duration,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait.
    pub max: Duration,
}

impl Backoff {
    /// The wait before try number `attempt`, counted from 0.
    pub fn delay(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.min(1000)).unwrap_or(1000);
        let seconds = self.base.as_secs_f64() * self.factor.powi(exponent);
        if seconds.is_finite() && seconds < self.max.as_secs_f64() {
            Duration::from_secs_f64(seconds.max(0.0))
        } else {
            self.max
        }
    }

    /// The wait, shortened by up to a fifth: `chance` is a random number from 0 to 1 that the caller draws.
    pub fn jittered(&self, attempt: u32, chance: f64) -> Duration {
        self.delay(attempt).mul_f64(1.0 - 0.2 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum() {
        let backoff = Backoff { base: Duration::from_secs(2), factor: 2.0, max: Duration::from_secs(300) };
        assert_eq!(backoff.delay(0), Duration::from_secs(2));
        assert_eq!(backoff.delay(3), Duration::from_secs(16));
        assert_eq!(backoff.delay(u32::MAX), Duration::from_secs(300));
        assert_eq!(backoff.jittered(0, 1.0), Duration::from_millis(1600));
    }
}
