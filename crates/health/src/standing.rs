//! [`Standings`]: since when objects are as they are, and which of them cannot make up their mind.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tautline_core::{ResourceKey, Timestamp};

use crate::{Health, HealthStatus};

/// How long changes are remembered.
const WINDOW: Duration = Duration::from_secs(300);
/// So many times in the window an object may cease to be Healthy before it counts as flapping.
const MOST_FALLS: usize = 3;
/// An object that flapped is Healthy again when it has been so for this long.
const PROOF: Duration = Duration::from_secs(60);

/// How an object is, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its health; Progressing for an object that flaps and is Healthy just now.
    pub health: Health,
    /// Since when it has this status.
    pub since: Timestamp,
    /// Whether it ceased to be Healthy again and again.
    pub is_flapping: bool,
    /// When this may change by itself, without news of the object: look again then.
    pub until: Option<Timestamp>,
}

/// What is remembered of objects' health.
///
/// Bad news counts at once. Good news counts at once too, unless an object has fallen ill three times in five minutes:
/// then it is Progressing until it has been Healthy for a minute, so that a wave does not go on, and nobody is told
/// that all is well, over a container that crashes every half minute. Pure: the caller tells the time.
///
/// ```
/// use tautline_core::{ResourceKey, Timestamp};
/// use tautline_health::{Health, HealthStatus, Standings};
///
/// let (mut all, web) = (Standings::default(), ResourceKey::new("apps", "Deployment", "prod", "web"));
/// let at = |seconds| Timestamp::from_seconds(seconds);
/// for crash in 0..3 {
///     all.note(&web, Health::new(HealthStatus::Healthy, ""), at(crash * 30));
///     all.note(&web, Health::new(HealthStatus::Degraded, "it crashed"), at(crash * 30 + 20));
/// }
/// let now = all.note(&web, Health::new(HealthStatus::Healthy, ""), at(90));
/// assert_eq!((now.health.status, now.is_flapping, now.until), (HealthStatus::Progressing, true, Some(at(150))));
/// let later = all.note(&web, Health::new(HealthStatus::Healthy, ""), at(150));
/// assert_eq!((later.health.status, later.is_flapping), (HealthStatus::Healthy, false));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Standings {
    known: BTreeMap<ResourceKey, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    /// As it was told last, and since when.
    told: HealthStatus,
    told_since: Timestamp,
    /// As it is shown, and since when.
    shown: HealthStatus,
    shown_since: Timestamp,
    falls: VecDeque<Timestamp>,
}

impl Standings {
    /// Takes note of an object's health; answers how it stands now.
    pub fn note(&mut self, key: &ResourceKey, health: Health, now: Timestamp) -> Standing {
        let status = health.status;
        let known = self.known.entry(key.clone()).or_insert_with(|| Known {
            told: status,
            told_since: now,
            shown: status,
            shown_since: now,
            falls: VecDeque::new(),
        });
        if known.told != status {
            if known.told == HealthStatus::Healthy {
                known.falls.push_back(now);
            }
            (known.told, known.told_since) = (status, now);
        }
        while known.falls.front().is_some_and(|fall| now.since(*fall) >= WINDOW) {
            known.falls.pop_front();
        }
        let is_proven = status == HealthStatus::Healthy && now.since(known.told_since) >= PROOF;
        if is_proven {
            known.falls.clear();
        }
        let is_flapping = known.falls.len() >= MOST_FALLS;
        let is_held = is_flapping && status == HealthStatus::Healthy;
        let health = if is_held { known.held(now) } else { health };
        if known.shown != health.status {
            (known.shown, known.shown_since) = (health.status, now);
        }
        let until = is_held.then(|| known.told_since + PROOF);
        Standing { health, since: known.shown_since, is_flapping, until }
    }

    /// Forgets an object that is gone.
    pub fn forget(&mut self, key: &ResourceKey) {
        self.known.remove(key);
    }

    /// How many objects are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl Known {
    fn held(&self, now: Timestamp) -> Health {
        let times = self.falls.len();
        let left = PROOF.saturating_sub(now.since(self.told_since)).as_secs();
        Health::progressing(format!(
            "it ceased to be healthy {times} times in five minutes; it counts as healthy again in {left} s"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn key() -> ResourceKey {
        ResourceKey::new("", "Pod", "n", "a")
    }

    #[test]
    fn since_is_the_last_change_of_status_and_no_message() {
        let mut all = Standings::default();
        assert_eq!(all.note(&key(), Health::progressing("one"), at(10)).since, at(10));
        assert_eq!(all.note(&key(), Health::progressing("two"), at(20)).since, at(10));
        assert_eq!(all.note(&key(), Health::healthy(), at(30)).since, at(30));
        all.forget(&key());
        assert_eq!(all.note(&key(), Health::healthy(), at(40)).since, at(40));
    }

    #[test]
    fn bad_news_counts_at_once_also_while_it_flaps() {
        let mut all = Standings::default();
        for i in 0..10 {
            all.note(&key(), Health::healthy(), at(i * 10));
            let bad = all.note(&key(), Health::degraded("x"), at(i * 10 + 5));
            assert_eq!(bad.health.status, HealthStatus::Degraded);
            assert_eq!(bad.is_flapping, i >= 2);
        }
    }

    #[test]
    fn a_rollout_now_and_then_is_no_flapping() {
        let mut all = Standings::default();
        for i in 0..10 {
            let well = all.note(&key(), Health::healthy(), at(i * 200));
            assert_eq!(well.health.status, HealthStatus::Healthy);
            all.note(&key(), Health::progressing("rolling"), at(i * 200 + 100));
        }
    }

    #[test]
    fn a_minute_of_health_is_proof_and_clears_the_past() {
        let mut all = Standings::default();
        for i in 0..5 {
            all.note(&key(), Health::healthy(), at(i * 20));
            all.note(&key(), Health::degraded("x"), at(i * 20 + 10));
        }
        assert_eq!(all.note(&key(), Health::healthy(), at(100)).health.status, HealthStatus::Progressing);
        assert_eq!(all.note(&key(), Health::healthy(), at(159)).health.status, HealthStatus::Progressing);
        let well = all.note(&key(), Health::healthy(), at(160));
        assert_eq!((well.health.status, well.since), (HealthStatus::Healthy, at(160)));
        all.note(&key(), Health::degraded("x"), at(170));
        assert_eq!(all.note(&key(), Health::healthy(), at(175)).health.status, HealthStatus::Healthy);
    }
}
