//! What an app is told to be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tautline_core::{AppId, Backoff, Digest, GroupKind, Map, Problem, ResourceKey, Timestamp, Uid, Want};
use tautline_diff::IgnoreRules;
use tautline_ownership::{Destination, Propagation};
use tautline_plan::{Phase, Purpose, Record, SyncOptions};

use crate::retry::Retry;

/// What an app should do: an `Application` in the engine's words.
#[derive(Clone, Debug, PartialEq)]
pub struct AppSpec {
    /// Which app.
    pub id: AppId,
    /// Where its objects go.
    pub destination: Destination,
    /// What is rendered.
    pub want: Want,
    /// The digest of everything that decides the render beside the revision: path and parameters.
    pub source: Digest,
    /// When and how it syncs.
    pub policy: SyncPolicy,
    /// How many entries the history keeps.
    pub history_limit: usize,
    /// What is not understood or not allowed: nothing is written while there is any (rule R1).
    pub refused: Vec<Problem>,
    /// Kinds that its objects were ever written in (rule R3).
    pub kinds: BTreeSet<GroupKind>,
    /// Set once the Application is being deleted.
    pub deletion: Option<Deletion>,
    /// Whether the app is looked at but never written (`--observe`, `skip-reconcile`).
    pub observe_only: bool,
    /// Apps that must be synced and well before a revision of this one is.
    pub depends_on: Vec<AppId>,
    /// Which differences are not to be seen.
    pub ignore: IgnoreRules,
    /// When a person last confirmed what asks for it (`argocd.argoproj.io/deletion-approved`). It answers what
    /// was asked before.
    pub deletion_approved: Option<Timestamp>,
}

/// What becomes of an app's objects when its Application is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// They go first, in a safe order; then our finalizer leaves.
    Cascade {
        /// What happens to their dependents.
        propagation: Propagation,
        /// When the Application was deleted.
        since: Timestamp,
        /// Whether a finalizer says that hooks of the deletion must run: without a render nothing goes.
        needs_hooks: bool,
        /// Whether the hooks are all: no finalizer asks for the objects to go.
        keeps_objects: bool,
    },
    /// They stay.
    Orphan,
}

/// When and how an app syncs.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncPolicy {
    /// Syncs by itself, if set.
    pub automated: Option<Automated>,
    /// Create the destination's namespace first.
    pub create_namespace: bool,
    /// `labels` and `annotations` of the namespace that is created (`managedNamespaceMetadata`).
    pub namespace_metadata: Option<Map>,
    /// How objects are synced that say nothing else.
    pub objects: SyncOptions,
    /// Whether nothing is synced while another app owns one of the objects (`FailOnSharedResource=true`).
    pub fail_on_shared: bool,
    /// Whether a sync of several waves, or with hooks, ends only when the last wave is well; Argo CD's does not.
    pub awaits_last_wave: bool,
    /// Whether a person confirms first what is pruned and bears data; Argo CD prunes it unasked.
    pub confirms_data: bool,
    /// What happens to the dependents of what is pruned.
    pub propagation: Propagation,
    /// How often a failed sync is tried again; `None` for ever.
    pub retry_limit: Option<u32>,
    /// The wait between tries.
    pub retry: Backoff,
    /// The time between two looks at the repository.
    pub poll: Duration,
    /// Managers whose fields are folded into ours when an object is adopted (rule R7).
    pub take_over_from: Vec<String>,
    /// The one beside these that the app itself names.
    pub take_over_also: Vec<String>,
}

impl SyncPolicy {
    /// All managers whose fields are folded into ours.
    pub fn taken_over(&self) -> Vec<String> {
        self.take_over_from.iter().chain(&self.take_over_also).cloned().collect()
    }
}

impl Default for SyncPolicy {
    /// Manual sync, Argo CD 3.6's retry (5 tries, 5 s × 2 up to 3 minutes), a look every 180 s.
    fn default() -> Self {
        Self {
            automated: None,
            create_namespace: false,
            namespace_metadata: None,
            objects: SyncOptions::default(),
            fail_on_shared: false,
            awaits_last_wave: true,
            confirms_data: true,
            propagation: Propagation::Foreground,
            retry_limit: Some(5),
            retry: Backoff { base: Duration::from_secs(5), factor: 2.0, max: Duration::from_secs(180) },
            poll: Duration::from_secs(180),
            take_over_from: [
                "argocd-controller",
                "kubectl-client-side-apply",
                "kustomize-controller",
                "helm",
            ]
            .map(str::to_owned)
            .to_vec(),
            take_over_also: Vec::new(),
        }
    }
}

/// How an app syncs by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automated {
    /// Whether what Git no longer holds is deleted.
    pub prune: bool,
    /// Whether drift is undone.
    pub self_heal: bool,
    /// Whether an empty render may prune everything.
    pub allow_empty: bool,
}

/// A sync that a person or a pipeline asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncRequest {
    /// Whether what Git no longer holds is deleted.
    pub prune: bool,
    /// Whether only a plan is wanted.
    pub dry_run: bool,
    /// Only these objects; empty for all. Matched by group, kind and name, and by namespace if set.
    pub only: Vec<ResourceKey>,
    /// Whether hooks are left out (`syncStrategy.apply`).
    pub skips_hooks: bool,
    /// The revision that is to be synced, if one is named.
    pub revision: Option<String>,
    /// What of the request is not understood: it is refused with this (rule R1).
    pub refused: Option<String>,
    /// Options of this sync alone, instead of the app's.
    pub options: Option<RequestOptions>,
    /// How it is tried again if it fails; not at all if nothing is said.
    pub retry: Option<Retry>,
    /// Who asked.
    pub by: String,
}

/// The sync options of one sync that take the place of the app's.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestOptions {
    /// How objects are synced that say nothing else.
    pub objects: SyncOptions,
    /// Create the destination's namespace first.
    pub create_namespace: bool,
    /// Whether nothing is synced while another app owns one of the objects.
    pub fail_on_shared: bool,
    /// What happens to the dependents of what is pruned.
    pub propagation: Propagation,
    /// Whether other tools' fields are taken over (rule R7).
    pub migrates: bool,
}

/// What is remembered of an app from before a restart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The revision of the last sync that succeeded, with the source digest if it is known.
    pub synced: Option<(String, Digest)>,
    /// Past syncs, oldest first.
    pub history: Vec<HistoryEntry>,
    /// A revision that was synced by hand, and what the app followed then.
    pub pinned: Option<(String, String)>,
    /// Whether the status was written by us, so that the recorded kinds are complete.
    pub is_ours: bool,
    /// A sync that was running when its controller ended, as far as that is known without the journal.
    pub interrupted: Option<Interrupted>,
}

/// A sync that was begun and whose end nobody wrote down: it goes on where it was, with the same hooks.
#[derive(Clone, Debug, PartialEq)]
pub struct Interrupted {
    /// What was synced.
    pub revision: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it pruned.
    pub prune: bool,
    /// Who asked for it; none if the app synced by itself.
    pub by: Option<String>,
    /// The objects that were synced, if not all.
    pub only: Vec<ResourceKey>,
    /// Whether hooks were left out.
    pub skips_hooks: bool,
    /// The hooks that had succeeded, by their objects' keys, with the phase they ran in.
    pub finished_hooks: BTreeSet<(ResourceKey, Phase)>,
    /// The hooks whose objects had been made, with what they had become, if that is known. One that is gone is not
    /// made again: it has run.
    pub made_hooks: BTreeMap<(ResourceKey, Phase), Option<Uid>>,
}

impl Interrupted {
    /// The sync that a record tells of; none if that has ended, or was none.
    pub fn of(record: &Record) -> Option<Self> {
        let Record { intent, is_closed: false, .. } = record else { return None };
        (intent.purpose == Purpose::Sync).then(|| Self {
            revision: intent.revision.clone(),
            started_at: intent.started_at,
            prune: intent.prune,
            by: intent.by.clone(),
            only: intent.only.clone(),
            skips_hooks: intent.skips_hooks,
            finished_hooks: record.finished_hooks(),
            made_hooks: record.made_hooks(),
        })
    }
}

/// One past sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Counts up.
    pub id: i64,
    /// What was synced.
    pub revision: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub deployed_at: Timestamp,
    /// Who asked for it; none if the app synced by itself.
    pub by: Option<String>,
}
