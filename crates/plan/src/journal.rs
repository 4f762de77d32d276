//! What is on record of the plan that is followed, so that another process can go on with it.
//!
//! Applies need no entry: sent twice they come to the same. A hook run, a delete, a recreate and a replace have one
//! each. The journal says what was begun and what came of it; the cluster says what is. Both together decide how a
//! plan goes on after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tautline_core::{Digest, GroupKind, ResourceKey, Timestamp, Uid};
use tautline_ownership::Reason;

use crate::step::{Action, Phase, Step};

/// Counts the plans of an app that were begun, by whomever. Who finds a later one than its own on record has been
/// overtaken. It is compared in the journal alone: the API server knows nothing of it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is about to be written (rule R4): on record before the first write of a plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The plan's digest.
    pub plan: Digest,
    /// The revision that is synced.
    pub revision: String,
    /// The digest of what decides the render beside the revision.
    pub source: Digest,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it prunes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prune: bool,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// Who asked for it; none if the app syncs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What the app followed when another revision was asked for by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// The objects that are synced, if not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<ResourceKey>,
    /// Whether hooks are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skips_hooks: bool,
    /// Kinds that the app will own objects of (rule R3).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<GroupKind>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A sync of the app, or of a part of it: after a restart it is gone on with.
    #[default]
    Sync,
    /// Drift is undone: after a restart it is judged anew.
    Heal,
    /// The app is deleted; it began when that was asked for.
    Deletion,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A hook is run.
    RunHook,
    /// An object, or what a hook left, is deleted.
    Delete,
    /// An object is deleted to be created anew.
    Recreate,
    /// An object is put in the place of another as a whole.
    Replace,
}

/// How far a deed has come. It never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It is about to be done, or was, and nobody heard.
    Begun,
    /// The hook's object is made.
    Made,
    /// The hook has failed.
    Failed,
    /// The hook has succeeded.
    Succeeded,
}

/// One deed on record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What is done.
    pub deed: Deed,
    /// To which object.
    pub key: ResourceKey,
    /// In which phase.
    pub phase: Phase,
    /// How far it has come.
    pub stage: Stage,
    /// The object that is deleted or replaced, or that a hook has become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
}

impl Entry {
    /// The entry that a step needs before it is performed; none for one that may be done twice.
    pub fn of(step: &Step) -> Option<Self> {
        let deed = match &step.action {
            Action::Await => return None,
            Action::Delete { reason: Reason::Recreate, .. } => Deed::Recreate,
            Action::Delete { .. } => Deed::Delete,
            _ if step.runs_hook() => Deed::RunHook,
            Action::Replace => Deed::Replace,
            Action::CreateNamespace | Action::Create | Action::Apply { .. } | Action::ClientApply => {
                return None;
            }
        };
        let uid = if deed == Deed::RunHook { None } else { step.precondition.uid.clone() };
        Some(Self { deed, key: step.key.clone(), phase: step.phase, stage: Stage::Begun, uid })
    }

    /// The entry that says how far a hook has come.
    pub fn of_hook(step: &Step, stage: Stage, uid: Option<Uid>) -> Self {
        Self { deed: Deed::RunHook, key: step.key.clone(), phase: step.phase, stage, uid }
    }
}

/// Everything on record of an app's plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Which of the app's plans.
    pub epoch: Epoch,
    /// What was about to be written.
    pub intent: Intent,
    /// What was done, or is being done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// Whether it was followed to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
    /// Whether it ended well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_succeeded: bool,
}

impl Record {
    /// The record of a plan that is about to be followed. One that goes on with an interrupted sync, the one that
    /// began at the same moment, takes over what is on record of that.
    pub fn opened(before: Option<Self>, intent: Intent) -> Self {
        let epoch = before.as_ref().map_or(Epoch::default(), |record| record.epoch).next();
        let is_same = |record: &Self| {
            !record.is_closed && record.intent.started_at.seconds() == intent.started_at.seconds()
        };
        let entries = before.filter(is_same).map(|record| record.entries).unwrap_or_default();
        Self { epoch, intent, entries, is_closed: false, has_succeeded: false }
    }

    /// Takes an entry. What is known already of the same deed is never taken back.
    pub fn note(&mut self, entry: &Entry) {
        let same = |known: &&mut Entry| {
            known.deed == entry.deed && known.key == entry.key && known.phase == entry.phase
        };
        match self.entries.iter_mut().find(same) {
            Some(known) if known.stage <= entry.stage => {
                known.stage = entry.stage;
                known.uid = entry.uid.clone().or(known.uid.take());
            }
            Some(_) => {}
            None => self.entries.push(entry.clone()),
        }
    }

    /// The hooks that have succeeded.
    pub fn finished_hooks(&self) -> BTreeSet<(ResourceKey, Phase)> {
        let finished = self.hooks().filter(|entry| entry.stage == Stage::Succeeded);
        finished.map(|entry| (entry.key.clone(), entry.phase)).collect()
    }

    /// The hooks whose objects were made, with what they became; those that have succeeded are among them.
    pub fn made_hooks(&self) -> BTreeMap<(ResourceKey, Phase), Option<Uid>> {
        let made = self
            .hooks()
            .filter(|entry| matches!(entry.stage, Stage::Made | Stage::Failed | Stage::Succeeded));
        made.map(|entry| ((entry.key.clone(), entry.phase), entry.uid.clone())).collect()
    }

    fn hooks(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.deed == Deed::RunHook)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(at: i64) -> Intent {
        Intent {
            plan: Digest::of_bytes(b"plan"),
            revision: "abc".into(),
            source: Digest::of_bytes(b"source"),
            started_at: Timestamp::from_seconds(at),
            prune: true,
            purpose: Purpose::Sync,
            by: None,
            instead_of: None,
            only: Vec::new(),
            skips_hooks: false,
            kinds: BTreeSet::new(),
        }
    }

    fn hook(stage: Stage) -> Entry {
        let key = ResourceKey::new("batch", "Job", "prod", "migrate");
        Entry { deed: Deed::RunHook, key, phase: Phase::PreSync, stage, uid: None }
    }

    #[test]
    fn what_is_known_is_never_taken_back() {
        let mut record = Record::opened(None, intent(1));
        record.note(&hook(Stage::Succeeded));
        record.note(&hook(Stage::Begun));
        assert_eq!(record.entries, [hook(Stage::Succeeded)]);
        assert_eq!(record.finished_hooks().len(), 1);
    }

    #[test]
    fn the_same_sync_goes_on_with_what_is_on_record_and_another_does_not() {
        let mut first = Record::opened(None, intent(1));
        first.note(&hook(Stage::Made));
        let resumed = Record::opened(Some(first.clone()), intent(1));
        assert_eq!((resumed.epoch, resumed.made_hooks().len()), (Epoch(2), 1));
        let other = Record::opened(Some(first.clone()), intent(2));
        assert_eq!((other.epoch, other.entries.len()), (Epoch(2), 0));
        let closed = Record { is_closed: true, ..first };
        assert!(Record::opened(Some(closed), intent(1)).entries.is_empty());
    }

    #[test]
    fn a_record_comes_back_equal() {
        let mut record = Record::opened(None, intent(1));
        record.note(&hook(Stage::Made));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
