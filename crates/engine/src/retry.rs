//! Trying a sync that failed again.

use tautline_core::{Backoff, Timestamp};

use crate::app::App;
use crate::event::Effect;
use crate::report::{Operation, OperationPhase, Trigger};
use crate::running::Running;
use crate::spec::SyncRequest;

/// How often a sync is tried again that failed, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How often; `None` for ever.
    pub limit: Option<u32>,
    /// The wait between two tries.
    pub backoff: Backoff,
}

impl Retry {
    fn next(&self, tried: u32, now: Timestamp) -> Option<Timestamp> {
        let is_left = self.limit.is_none_or(|limit| tried < limit);
        is_left.then(|| now + self.backoff.delay(tried))
    }
}

/// A sync that is about to be tried again. Until then it counts as running, as Argo CD has it: whoever waits for its end
/// is not told of a failure that is none yet.
#[derive(Clone, Debug)]
pub(crate) struct Retrying {
    at: Timestamp,
    /// How often it was tried again by then.
    count: u32,
    /// What it came to last.
    message: String,
    /// What was asked for by hand; none where the app syncs by itself.
    request: Option<SyncRequest>,
}

impl Retrying {
    /// Whether somebody asked for the sync by hand.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.request.is_some()
    }
}

impl App {
    /// Says of a sync that has just failed that it is tried again, if it is.
    pub(crate) fn note_retry(&mut self, running: &Running, operation: &mut Operation, now: Timestamp) {
        self.retrying = None;
        if operation.phase == OperationPhase::Succeeded || running.is_heal || self.spec.deletion.is_some() {
            return;
        }
        let is_current = self.revision.as_ref().is_some_and(|revision| revision.id == operation.revision);
        let is_hopeful = running.is_hopeful() && !running.is_winding_up && is_current;
        let (retry, request) = match &operation.trigger {
            Trigger::Automated => (self.automated_retry().filter(|_| running.is_whole), None),
            Trigger::Manual(_) => {
                (running.request.as_ref().and_then(|request| request.retry.clone()), running.request.clone())
            }
            Trigger::SelfHeal => (None, None),
        };
        let at = retry.filter(|_| is_hopeful).and_then(|retry| retry.next(operation.retries, now));
        let message = operation.message.clone();
        match at {
            Some(at) => {
                operation.retries += 1;
                operation.phase = OperationPhase::Running;
                let (count, time) = (operation.retries, kitchen(at));
                operation.message = format!("{message}. Retrying attempt #{count} at {time}.");
                self.retrying = Some(Retrying { at, count, message, request });
            }
            None if operation.retries > 0 => {
                operation.message = format!("{message} (retried {} times).", operation.retries);
            }
            None => {}
        }
    }

    /// How syncs are tried again that the app began by itself.
    fn automated_retry(&self) -> Option<Retry> {
        let policy = &self.spec.policy;
        policy.automated.map(|_| Retry { limit: policy.retry_limit, backoff: policy.retry })
    }

    /// The sync that was asked for by hand and is to be tried again now.
    pub(crate) fn retry_by_hand(&self, now: Timestamp, out: &mut Vec<Effect>) -> Option<SyncRequest> {
        let retrying = self.retrying.as_ref()?;
        let request = retrying.request.as_ref()?;
        if now < retrying.at {
            out.push(Effect::WakeAt(retrying.at));
            return None;
        }
        Some(request.clone())
    }

    /// How often the sync that begins was tried before.
    pub(crate) fn tries_before(&mut self, trigger: &Trigger, revision: &str) -> u32 {
        match (trigger, &self.attempted, self.retrying.take()) {
            (Trigger::Automated, Some(a), _) if a.revision == revision && a.source == self.spec.source => {
                a.retries.saturating_add(1)
            }
            (Trigger::Manual(_), _, Some(Retrying { count, request: Some(_), .. })) => count,
            _ => 0,
        }
    }

    /// A sync that nobody tries again any more, because something else is wanted now, has failed.
    pub(crate) fn give_up_retry(&mut self, out: &mut Vec<Effect>) {
        let Some(retrying) = self.retrying.as_ref() else { return };
        let is_tried_again = match retrying.request {
            Some(_) => self.spec.deletion.is_none(),
            None => {
                let is_same = |a: &&crate::app::Attempt| {
                    a.source == self.spec.source
                        && self.revision.as_ref().is_some_and(|revision| revision.id == a.revision)
                };
                let is_same = self.attempted.as_ref().is_some_and(|attempt| is_same(&attempt));
                is_same && self.automated_retry().is_some() && self.spec.deletion.is_none()
            }
        };
        if !is_tried_again {
            let message = retrying.message.clone();
            self.end_retry(message, out);
        }
    }

    /// Ends the wait for another try.
    pub(crate) fn end_retry(&mut self, message: String, out: &mut Vec<Effect>) {
        self.retrying = None;
        if let Some(operation) = self.operation.as_mut().filter(|o| o.phase == OperationPhase::Running) {
            operation.phase = OperationPhase::Failed;
            operation.message = message;
            out.push(Effect::Report { urgent: true });
        }
    }
}

/// A time of the day as Argo CD writes it: `3:04PM`.
fn kitchen(at: Timestamp) -> String {
    let minutes = at.seconds().div_euclid(60).rem_euclid(24 * 60);
    let (hour, half) = (minutes / 60, if minutes < 12 * 60 { "AM" } else { "PM" });
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{hour}:{:02}{half}", minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_day_as_on_a_kitchen_clock() {
        let check = |seconds: i64, expect: &str| {
            assert_eq!(kitchen(Timestamp::from_seconds(seconds)), expect);
        };
        check(0, "12:00AM");
        check(12 * 3600 + 5 * 60, "12:05PM");
        check(86_400 + 15 * 3600 + 4 * 60 + 59, "3:04PM");
    }
}
