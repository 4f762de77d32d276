//! When an app's report is written.

use std::collections::VecDeque;
use std::time::Duration;

use tautline_core::{AppId, Timestamp};
use tautline_engine::{App, Event, SyncStatus};
use tautline_health::HealthStatus;
use tautline_plan::Epoch;
use tokio::sync::mpsc;

use super::Coordinator;
use crate::message::Message;

/// How long news waits for more of it: what comes within this time is one write.
const GATHER: Duration = Duration::from_millis(100);

/// How often is written how a sync goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How long details rest of an app that stands as was told: as many times as long as writing them took, within bounds.
/// A server that has much to do is asked less.
const DETAILS_REST: u32 = 50;
const DETAILS_SOONEST: Duration = Duration::from_secs(2);
const DETAILS_LATEST: Duration = Duration::from_secs(20);

/// How many reports are written at once. An app whose turn comes later tells by then what came meanwhile too: under load
/// there are fewer reports.
const AT_ONCE: usize = 4;

/// Who writes a report now, and who is next.
#[derive(Default)]
pub(crate) struct Reports {
    running: usize,
    /// In the order in which they had something to say.
    waiting: VecDeque<AppId>,
}

/// How far an app's report is behind.
#[derive(Default)]
pub(super) struct Reporting {
    /// Since when there is something to write.
    pub(super) dirty_since: Option<Timestamp>,
    pub(super) is_urgent: bool,
    /// The plan that has ended since, and whether it ended well.
    pub(super) closes: Option<(Epoch, bool)>,
    is_running: bool,
    is_waiting: bool,
    last: Option<Timestamp>,
    /// How long the report before took to write.
    took: Duration,
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
        let gather = match app.overall() {
            // Nothing more is to come.
            (SyncStatus::Synced, HealthStatus::Healthy) => Duration::ZERO,
            _ if app.is_compared() => GATHER,
            // Of an app that was not compared yet there is little to tell, and soon more.
            _ => PROGRESS_EVERY,
        };
        let rest = match app.is_syncing() {
            true => PROGRESS_EVERY,
            false if self.told != Some(app.overall()) => Duration::ZERO,
            false => (self.took * DETAILS_REST).clamp(DETAILS_SOONEST, DETAILS_LATEST),
        };
        self.last.map_or(since + gather, |last| (last + rest).max(since + gather))
    }
}

/// A report's turn: ends when it is written, and also if writing it panics.
struct Turn {
    out: mpsc::UnboundedSender<Message>,
    app: AppId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.out.send(Message::Reported(self.app.clone()));
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
        if self.reports.running >= AT_ONCE {
            if !std::mem::replace(&mut reporting.is_waiting, true) {
                self.reports.waiting.push_back(id.clone());
            }
            return;
        }
        (reporting.dirty_since, reporting.is_urgent) = (None, false);
        (reporting.is_running, reporting.last) = (true, Some(now));
        self.write_report(id);
    }

    /// Writes what an app says of itself now.
    fn write_report(&mut self, id: &AppId) {
        let Some(report) = self.explained(id) else { return };
        let Some(entry) = self.apps.get_mut(id) else { return };
        entry.reporting.told = Some((report.sync, report.health.status));
        let closes = entry.reporting.closes.take();
        self.reports.running += 1;
        self.tell_dependents(id);
        let (records, app) = (self.parts.records.clone(), id.clone());
        let turn = Turn { out: self.out.clone(), app: id.clone() };
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
            drop(turn);
        });
    }

    /// Lets the apps that wait for one look again.
    fn tell_dependents(&self, id: &AppId) {
        for (other, _) in self.apps.iter().filter(|(_, entry)| entry.input.spec.depends_on.contains(id)) {
            let _ = self.out.send(Message::Event(other.clone(), Event::Tick));
        }
    }

    pub(super) fn reported(&mut self, id: &AppId) {
        let now = self.parts.clock.now();
        self.reports.running = self.reports.running.saturating_sub(1);
        if let Some(entry) = self.apps.get_mut(id) {
            let reporting = &mut entry.reporting;
            reporting.is_running = false;
            reporting.took = reporting.last.map_or(Duration::ZERO, |began| now.since(began));
        }
        // Those who wait come before the one that was just heard.
        while self.reports.running < AT_ONCE
            && let Some(next) = self.reports.waiting.pop_front()
        {
            if let Some(entry) = self.apps.get_mut(&next) {
                entry.reporting.is_waiting = false;
            }
            self.flush(&next, now);
        }
        self.flush(id, now);
    }
}
