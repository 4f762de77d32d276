//! What the page shows, as plain data.
//!
//! Statuses are Argo CD's words; the page knows icons and colours for `Synced`, `OutOfSync`, `Healthy`,
//! `Progressing`, `Degraded`, `Suspended`, `Missing` and `Unknown`, and shows others as they are. Moments are
//! RFC 3339 texts.

use serde::Serialize;
use tautline_diff::Section;

/// One app in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppSummary {
    /// The Application's name.
    pub name: String,
    /// The Application's namespace.
    pub namespace: String,
    /// Whether Git and cluster agree.
    pub sync: String,
    /// How well it is.
    pub health: String,
    /// Why it is not well, or what else there is to say; empty if nothing.
    pub message: String,
    /// The revision that was compared.
    pub revision: String,
    /// Where the content is from.
    pub repository: String,
    /// The folder in it.
    pub path: String,
    /// The namespace that it goes to.
    pub destination: String,
    /// How many objects it has.
    pub counts: Counts,
}

/// Numbers of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All that Git wants or wanted.
    pub objects: usize,
    /// Those that differ.
    pub out_of_sync: usize,
    /// Those that are not well.
    pub unhealthy: usize,
}

/// Everything about one app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppPage {
    /// What the list shows too.
    pub summary: AppSummary,
    /// What somebody should know.
    pub conditions: Vec<Condition>,
    /// The last sync, or the one that runs.
    pub operation: Option<Operation>,
    /// The plan that the app follows, would follow, or followed last.
    pub plan: Option<Plan>,
    /// Past syncs, newest first.
    pub history: Vec<HistoryEntry>,
    /// The app's objects, each with what it owns.
    pub tree: Vec<Node>,
}

/// Something that somebody should know about an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// `ComparisonError`, `SyncError`, …
    pub kind: String,
    /// A full sentence.
    pub message: String,
}

/// One sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `Running`, `Succeeded`, `Failed`, `Error`.
    pub phase: String,
    /// What there is to say.
    pub message: String,
    /// What set it off.
    pub trigger: String,
    /// What is synced.
    pub revision: String,
    /// When it began.
    pub started_at: String,
    /// When it ended; empty while it runs.
    pub finished_at: String,
    /// What became of each object.
    pub results: Vec<OperationResult>,
}

/// A plan, for people: what is destroyed first, then the steps by phase and wave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The first digits of its digest.
    pub digest: String,
    /// What it is made from.
    pub revision: String,
    /// `Proposed`, `Refused`, `Running`, `Ended`.
    pub state: String,
    /// Why it is not followed, or what it waits for; empty if nothing is in its way.
    pub blocked: String,
    /// How many objects are created, changed, deleted, and how many hooks are run.
    pub counts: PlanCounts,
    /// What is deleted for good, each with what goes with it.
    pub destroyed: Vec<String>,
    /// The steps by phase and wave, in their order.
    pub groups: Vec<PlanGroup>,
}

/// Numbers of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanCounts {
    /// Objects that are created.
    pub create: usize,
    /// Objects that are changed or replaced.
    pub change: usize,
    /// Objects that are deleted.
    pub delete: usize,
    /// Hooks that are run.
    pub hooks: usize,
}

/// The steps of one phase and wave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanGroup {
    /// `PreSync`, `Sync`, …
    pub phase: String,
    /// The wave within the phase.
    pub wave: i64,
    /// Its steps.
    pub steps: Vec<PlanStep>,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanStep {
    /// `create`, `change`, `replace`, `prune`, `run hook`, …
    pub action: String,
    /// The object: `apps/Deployment prod/web`.
    pub object: String,
    /// Why, in words.
    pub why: String,
    /// The manifest's place; empty for a delete.
    pub origin: String,
    /// What changes, one field each, free of secret values.
    pub changes: Vec<String>,
    /// `Waiting`, `Running`, `Open` (done, and its object is not well yet), `Done`, `Failed`.
    pub state: String,
    /// What it waits for, or why it failed; empty if for nothing but its turn.
    pub message: String,
}

/// What a sync did to one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperationResult {
    /// The object: `apps/Deployment prod/web`.
    pub object: String,
    /// `Synced`, `SyncFailed`, `Pruned`, `PruneSkipped`.
    pub status: String,
    /// What there is to say.
    pub message: String,
}

/// One past sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Its number.
    pub id: i64,
    /// What was deployed.
    pub revision: String,
    /// When it was.
    pub deployed_at: String,
}

/// One object of the live tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// Whether it is as Git wants it; empty for an object that Git does not hold.
    pub sync: String,
    /// How well it is; empty for a kind without a rule.
    pub health: String,
    /// Why.
    pub message: String,
    /// What differs, one field each, free of secret values.
    pub changes: Vec<String>,
    /// The same in two columns: the live object's lines beside those after a write, free of secret values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Section>,
    /// What it owns.
    pub children: Vec<Node>,
}
