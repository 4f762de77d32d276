//! When an app's report is written.

use std::time::Duration;

use tautline_core::{AppId, Timestamp};
use tautline_engine::{App, Event, SyncStatus};
use tautline_health::HealthStatus;
use tautline_plan::Epoch;

use super::Coordinator;
use crate::message::Message;

/// How long news waits for more of it: what comes within this time is one write.
const GATHER: Duration = Duration::from_millis(100);

/// How often is written how a sync goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How often details are written of an app that stands as was told.
const DETAILS_EVERY: Duration = Duration::from_secs(2);

/// How far an app's report is behind.
#[derive(Default)]
pub(super) struct Reporting {
    /// Since when there is something to write.
    pub(super) dirty_since: Option<Timestamp>,
    pub(super) is_urgent: bool,
    /// The plan that has ended since, and whether it ended well.
    pub(super) closes: Option<(Epoch, bool)>,
    is_running: bool,
    last: Option<Timestamp>,
    /// How the app stood when that was told last.
    told: Option<(SyncStatus, HealthStatus)>,
}

impl Reporting {
    /// A sync is about to be put on record, which tells that it runs.
    pub(super) fn tells_a_sync(&mut self, now: Timestamp) {
        self.last = Some(now);
    }

    /// When what there is to say since then is written: soon where the app stands otherwise than was told. A sync tells
    /// with its end how the app stands; how it goes on meanwhile can wait, and so can details.
    fn due(&self, app: &App, since: Timestamp) -> Timestamp {
        // Of an app that was not compared yet there is little to tell, and soon more.
        let gather = if app.is_compared() { GATHER } else { PROGRESS_EVERY };
        let rest = match app.is_syncing() {
            true => PROGRESS_EVERY,
            false if self.told != Some(app.overall()) => Duration::ZERO,
            false => DETAILS_EVERY,
        };
        self.last.map_or(since + gather, |last| (last + rest).max(since + gather))
    }
}

impl Coordinator {
    /// Writes an app's report if it is due.
    pub(super) fn flush(&mut self, id: &AppId, now: Timestamp) {
        let Some(entry) = self.apps.get_mut(id) else { return };
        let reporting = &mut entry.reporting;
        let Some(since) = reporting.dirty_since.filter(|_| !reporting.is_running) else { return };
        if entry.app.is_recording() {
            // Both would write the Application at once. A sync that ends soon tells all with its end.
            reporting.is_urgent = false;
            return;
        }
        if !reporting.is_urgent {
            let due = reporting.due(&entry.app, since);
            if due > now {
                self.timers.insert((due, id.clone()));
                return;
            }
        }
        (reporting.dirty_since, reporting.is_urgent) = (None, false);
        (reporting.is_running, reporting.last) = (true, Some(now));
        let closes = reporting.closes.take();
        let Some(report) = self.explained(id) else { return };
        if let Some(entry) = self.apps.get_mut(id) {
            entry.reporting.told = Some((report.sync, report.health.status));
        }
        self.tell_dependents(id);
        let (records, out, app) = (self.parts.records.clone(), self.out.clone(), id.clone());
        let _ = self.changes.send(app.clone());
        let journal = self.parts.journal.clone();
        tokio::spawn(async move {
            // The end of a plan and what it came to go on record together, where both are kept in one place.
            if let Some((epoch, has_succeeded)) = closes
                && let Err(error) = journal.close(&app, epoch, has_succeeded).await
            {
                tracing::warn!(%app, %error, "the end of a plan could not be put on record");
            }
            records.report(&app, &report).await;
            let _ = out.send(Message::Reported(app));
        });
    }

    /// Lets the apps that wait for one look again.
    fn tell_dependents(&self, id: &AppId) {
        for (other, _) in self.apps.iter().filter(|(_, entry)| entry.input.spec.depends_on.contains(id)) {
            let _ = self.out.send(Message::Event(other.clone(), Event::Tick));
        }
    }

    pub(super) fn reported(&mut self, id: &AppId) {
        if let Some(entry) = self.apps.get_mut(id) {
            entry.reporting.is_running = false;
        }
        self.flush(id, self.parts.clock.now());
    }
}
