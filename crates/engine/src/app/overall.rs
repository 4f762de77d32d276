//! What the app says of itself.

use tautline_health::{Health, HealthStatus};

use super::App;
use crate::report::{Report, SyncStatus, sum_up};
use crate::resource::Resource;

impl App {
    /// What an app that depends on this one waits for; `None` if it is synced with the latest revision and well.
    pub fn unfinished(&self) -> Option<String> {
        let is_current = self.rendered.as_ref().map(|r| &r.revision) == self.revision.as_ref();
        let (sync, health) = self.overall();
        if self.spec.deletion.is_some() {
            Some("is being deleted".to_owned())
        } else if !is_current || sync != SyncStatus::Synced {
            Some("is not synced".to_owned())
        } else if self.is_syncing() {
            Some("is being synced".to_owned())
        } else {
            (health != HealthStatus::Healthy).then(|| format!("is {health}"))
        }
    }

    /// Whether Git and cluster agree, and how well the app is, without a word about its objects.
    pub fn overall(&self) -> (SyncStatus, HealthStatus) {
        let health = match self.spec.refused.is_empty() {
            true => sum_up(self.own().map(|r| (r.health().map(|health| health.status), r.ignores_health()))),
            false => HealthStatus::Unknown,
        };
        (self.sync_status(), health)
    }

    /// The objects that are the app's. A deletion takes the hooks for what goes with the app; rows they are not.
    pub(super) fn own(&self) -> impl Iterator<Item = &Resource> + Clone {
        self.resources.values().filter(|resource| !resource.is_hook())
    }

    /// Whether a sync runs that is told of: the healing of what it has brought is not.
    pub fn is_syncing(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.is_heal)
    }

    /// Whether desired and live were compared since the app was first seen.
    pub fn is_compared(&self) -> bool {
        self.reconciled_at.is_some()
    }

    /// Whether the intent of a sync is being put on record: that write tells that it begins, and what else there is to
    /// tell waits for it.
    pub fn is_recording(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.is_recorded)
    }

    /// Everything the app says of itself.
    pub fn report(&self) -> Report {
        let rows: Vec<_> = self.own().map(Resource::row).collect();
        let health = match self.spec.refused.is_empty() {
            true => Report::health_of(&rows),
            false => Health::new(HealthStatus::Unknown, ""),
        };
        let running = self.running.as_ref().filter(|r| !r.is_heal).map(|r| r.operation.clone());
        Report {
            sync: self.sync_status(),
            health,
            revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            source_type: self.rendered.as_ref().map(|r| r.source_type.clone()).unwrap_or_default(),
            conditions: self.conditions(),
            operation: running.or_else(|| self.operation.clone()),
            history: self.history.clone(),
            reconciled_at: self.reconciled_at,
            images: self.images(),
            deletion_phases: self.deletion_phases(),
            refreshed: !self.refresh_pending,
            rows,
        }
    }
}
