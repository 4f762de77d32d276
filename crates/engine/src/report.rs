//! What an app says of itself.

use std::fmt;

use tautline_core::{GroupVersionKind, Origin, ResourceKey, ResourceNames, Timestamp};
use tautline_diff::Change;
use tautline_health::{Cause, Health, HealthStatus};
use tautline_plan::Phase;

use crate::spec::HistoryEntry;

/// Whether Git and cluster agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncStatus {
    /// They do, in every field that Git sets.
    Synced,
    /// They do not.
    OutOfSync,
    /// Nobody can say.
    #[default]
    Unknown,
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
            Self::Unknown => "Unknown",
        })
    }
}

/// The kinds of conditions, as Argo CD 3.6 names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are Argo CD's; their suffix says how bad they are")]
pub enum ConditionKind {
    ComparisonError,
    InvalidSpecError,
    SyncError,
    DeletionError,
    SharedResourceWarning,
    RepeatedResourceWarning,
    OrphanedResourceWarning,
    ExcludedResourceWarning,
    RollbackWarning,
    DependencyWarning,
    UnknownError,
}

impl fmt::Display for ConditionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that somebody should know about an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its kind.
    pub kind: ConditionKind,
    /// A full sentence with the remedy.
    pub message: String,
}

/// One object of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which object.
    pub key: ResourceKey,
    /// In which version.
    pub gvk: GroupVersionKind,
    /// Whether it is as Git wants it.
    pub sync: SyncStatus,
    /// How well it is; none for a kind without a rule.
    pub health: Option<Health>,
    /// Why it is not well, down to the first cause; only in [`App::explained`].
    ///
    /// [`App::explained`]: crate::App::explained
    pub cause: Option<Cause>,
    /// What there is to say: why it differs, who owns it, what the server said.
    pub message: String,
    /// Whether only a prune would bring it in sync.
    pub requires_pruning: bool,
    /// What differs.
    pub changes: Vec<Change>,
    /// The manifest's place.
    pub origin: Option<Origin>,
    /// The object's wave.
    pub wave: i64,
    /// Whether it is left out of the app's health (`ignore-healthcheck`).
    pub ignores_health: bool,
    /// Whether its deletion waits for a person (`Prune=confirm`, `Delete=confirm`).
    pub needs_confirmation: bool,
}

/// How a sync is going, as Argo CD 3.6 names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPhase {
    /// It runs.
    Running,
    /// It is being ended before its time.
    Terminating,
    /// Some step failed.
    Failed,
    /// It could not be tried.
    Error,
    /// Every step succeeded.
    Succeeded,
}

impl fmt::Display for OperationPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What set a sync off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A new revision.
    Automated,
    /// Drift.
    SelfHeal,
    /// A person or a pipeline.
    Manual(String),
}

/// One sync.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What set it off.
    pub trigger: Trigger,
    /// How it is going.
    pub phase: OperationPhase,
    /// What there is to say.
    pub message: String,
    /// What is synced.
    pub revision: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How often it was tried again.
    pub retries: u32,
    /// What the app followed when this revision was asked for by hand instead.
    pub instead_of: Option<String>,
    /// What became of each object.
    pub results: Vec<ObjectResult>,
}

/// What a sync did to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectResult {
    /// Which object.
    pub key: ResourceKey,
    /// In which version.
    pub gvk: GroupVersionKind,
    /// `Synced`, `SyncFailed`, `Pruned` or `PruneSkipped`.
    pub status: String,
    /// What there is to say.
    pub message: String,
    /// The phase in which it was done.
    pub phase: Phase,
    /// How the object, or the hook, has fared since.
    pub progress: OperationPhase,
    /// Whether it is a hook.
    pub is_hook: bool,
    /// The container images of the object that was written.
    pub images: Vec<String>,
}

/// All that an app says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether Git and cluster agree.
    pub sync: SyncStatus,
    /// How well the app is.
    pub health: Health,
    /// The revision that was compared; empty if none was.
    pub revision: String,
    /// `Directory`, `Helm`, `Kustomize`; empty if nothing was rendered.
    pub source_type: String,
    /// The objects, by key.
    pub rows: Vec<Row>,
    /// What somebody should know.
    pub conditions: Vec<Condition>,
    /// The last sync, or the one that runs.
    pub operation: Option<Operation>,
    /// Past syncs, oldest first.
    pub history: Vec<HistoryEntry>,
    /// When desired and live were last compared completely.
    pub reconciled_at: Option<Timestamp>,
    /// Container images of the desired objects.
    pub images: Vec<String>,
    /// The phases of a deletion that Git holds hooks for; `None` while that is not known.
    pub deletion_phases: Option<Vec<Phase>>,
    /// Whether the answer to a refresh is in.
    pub refreshed: bool,
}

impl Report {
    /// Health of the app as Argo CD 3.6 sums it up: the worst of its objects; a missing object counts only
    /// when all are missing.
    pub(crate) fn health_of(rows: &[Row]) -> Health {
        let status_of = |row: &Row| row.health.as_ref().map(|health| health.status);
        let status = sum_up(rows.iter().map(|row| (status_of(row), row.ignores_health)));
        match status {
            HealthStatus::Healthy => return Health::healthy(),
            HealthStatus::Missing => return Health::new(status, ""),
            _ => {}
        }
        let culprits: Vec<&Row> =
            rows.iter().filter(|row| !row.ignores_health && status_of(row) == Some(status)).collect();
        let named: Vec<String> = culprits.iter().take(3).map(|row| culprit(row)).collect();
        let more = match culprits.len().saturating_sub(3) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Health::new(status, format!("Caused by {}{more}", named.join(", ")))
    }
}

/// The health of an app whose objects fare like this; of each, whether it is not counted.
pub(crate) fn sum_up(objects: impl Iterator<Item = (Option<HealthStatus>, bool)> + Clone) -> HealthStatus {
    let is_missing = |(status, _): &(Option<HealthStatus>, bool)| *status == Some(HealthStatus::Missing);
    if objects.clone().next().is_some() && objects.clone().all(|object| is_missing(&object)) {
        return HealthStatus::Missing;
    }
    let counted = objects.filter(|object| !is_missing(object) && !object.1);
    tautline_health::worst(counted.filter_map(|(status, _)| status))
}

fn culprit(row: &Row) -> String {
    let ResourceNames { group, kind, namespace, name } = &*row.key;
    format!("{group}/{kind}:{namespace}/{name}")
}
