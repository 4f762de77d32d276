//! The system: its clock, and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use tautline::core::{Clock, MaskingKey, Timestamp};

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The present moment.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// A key that secret values are masked with, drawn anew each time.
pub(crate) fn masking_key() -> MaskingKey {
    MaskingKey::new(rand::random())
}
