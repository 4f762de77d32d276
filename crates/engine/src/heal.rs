//! How often one object is healed (rule R23).

use std::collections::VecDeque;
use std::time::Duration;

use tautline_core::{Backoff, Timestamp};

const AT_ONCE: usize = 20;
const WINDOW: Duration = Duration::from_secs(600);
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), factor: 2.0, max: Duration::from_secs(300) };

/// Counts one object's heals: the first twenty within ten minutes come at once, later ones back off until
/// ten quiet minutes have passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealLedger {
    recent: VecDeque<Timestamp>,
    level: u32,
    until: Option<Timestamp>,
}

impl HealLedger {
    /// When the object may be healed next; `None` for at once.
    pub(crate) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now)
    }

    /// Whether somebody keeps writing against us.
    pub(crate) fn is_fight(&self) -> bool {
        self.recent.len() >= AT_ONCE
    }

    /// Counts a write that could not be done: the next try waits.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.until = Some(now + BACKOFF.delay(self.level));
        self.level += 1;
    }

    /// Counts a heal.
    pub(crate) fn healed(&mut self, now: Timestamp) {
        let is_quiet = self.recent.back().is_some_and(|last| now.since(*last) >= WINDOW);
        if is_quiet || !self.is_fight() {
            (self.level, self.until) = (0, None);
        }
        if is_quiet {
            self.recent.clear();
        }
        self.recent.push_back(now);
        if self.level == 0 {
            while self.recent.front().is_some_and(|first| now.since(*first) >= WINDOW) {
                self.recent.pop_front();
            }
        }
        if self.recent.len() >= AT_ONCE {
            self.until = Some(now + BACKOFF.delay(self.level));
            self.level += 1;
            self.recent.truncate(AT_ONCE);
            // Keep the newest time at the back for the ten quiet minutes.
            self.recent.pop_front();
            self.recent.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r23_twenty_heals_come_at_once_then_fewer_than_sixty_an_hour() {
        let mut ledger = HealLedger::default();
        let mut now = Timestamp::from_seconds(1_000_000);
        let start = now;
        let (mut heals, mut at_once) = (0, 0);
        while now.since(start) < Duration::from_secs(3600) {
            if ledger.held_until(now).is_none() {
                ledger.healed(now);
                heals += 1;
                at_once += usize::from(now == start);
            }
            now = ledger.held_until(now).unwrap_or(now);
        }
        assert_eq!(at_once, 20);
        assert!(heals <= 60, "{heals}");
    }

    #[test]
    fn r23_ten_quiet_minutes_forgive() {
        let mut ledger = HealLedger::default();
        let start = Timestamp::from_seconds(1_000_000);
        (0..25).for_each(|_| ledger.healed(start));
        let later = start + Duration::from_secs(601);
        ledger.healed(later);
        assert_eq!(ledger.held_until(later), None);
    }
}
