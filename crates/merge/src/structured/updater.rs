//! What an apply or an update makes of the object and of who owns what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tautline_core::FieldPath;

use super::compare::{Comparison, compare};
use super::join::merge;
use super::managed::{ManagedFields, Manager, Operation, Owned};
use super::reconcile::reconcile;
use super::remove::remove;
use super::resets::Resets;
use super::typed::Typed;
use super::versions::{NoVersion, Versions};
use super::{ApplyError, Conflict, Unknown};
use crate::FieldSet;

/// One write to an object of a version, with what the endpoint resets in it.
pub(super) struct Updater<'a> {
    pub(super) versions: Versions<'a>,
    pub(super) api_version: String,
    pub(super) resets: Resets,
}

type Result<T> = std::result::Result<T, ApplyError>;

fn refused(prefix: &str, error: NoVersion) -> ApplyError {
    match error {
        NoVersion::Gone => ApplyError::Internal(format!("{prefix}no corresponding type")),
        NoVersion::Refused(message) => ApplyError::Internal(format!("{prefix}{message}")),
        NoVersion::DontKnow => ApplyError::DontKnow(Unknown::OtherVersion),
    }
}

impl Updater<'_> {
    /// Merges an applied configuration. The object is `None` if no value changes.
    pub(super) fn apply(
        &self,
        live: &Typed,
        config: &Typed,
        managers: &ManagedFields,
        manager: &Manager,
        force: bool,
    ) -> Result<(Option<Typed>, ManagedFields, Vec<Conflict>)> {
        let mut managers = self.reconciled(live, managers)?;
        let merged =
            merge(live, config).map_err(|e| ApplyError::Internal(format!("failed to merge config: {e}")))?;
        let last = managers.0.get(manager).cloned();
        let fields = self.resets.filter(config.fields());
        let owned = Owned {
            fields,
            api_version: self.api_version.clone(),
            time: last.as_ref().and_then(|last| last.time.clone()),
        };
        managers.0.insert(manager.clone(), owned);
        let pruned = self.prune(merged, &managers, manager, last.as_ref())?;
        let (managers, _, taken) = self.settle(live, &pruned, managers, Some(manager), force)?;
        let changed = live.value != pruned.value;
        Ok((changed.then_some(pruned), managers, taken))
    }

    /// What an update changes for others, and the fields that it sets.
    pub(super) fn update(
        &self,
        live: &Typed,
        new: &Typed,
        managers: &ManagedFields,
    ) -> Result<(ManagedFields, FieldSet)> {
        let managers = self.reconciled(live, managers)?;
        let (managers, found, _) = self.settle(live, new, managers, None, true)?;
        Ok((managers, self.resets.filter(found.modified.union(&found.added))))
    }

    /// Takes changed and removed fields from those who owned them; without force, changed ones are conflicts.
    fn settle(
        &self,
        live: &Typed,
        new: &Typed,
        mut managers: ManagedFields,
        writer: Option<&Manager>,
        force: bool,
    ) -> Result<(ManagedFields, Comparison, Vec<Conflict>)> {
        let own = compare(live, new)
            .map_err(|e| ApplyError::Internal(format!("failed to compare objects: {e}")))?;
        let own = self.resets.filter_comparison(own);
        let mut by_version = BTreeMap::new();
        let mut conflicts = Vec::new();
        let names: Vec<Manager> = managers.0.keys().filter(|m| Some(*m) != writer).cloned().collect();
        for manager in names {
            let Some(version) = managers.0.get(&manager).map(|owned| owned.api_version.clone()) else {
                continue;
            };
            let found = match version == self.api_version {
                true => Some(&own),
                false => self.compared(live, new, &version, &mut by_version)?,
            };
            let (Some(found), Some(owned)) = (found, managers.0.get_mut(&manager)) else {
                managers.0.remove(&manager);
                continue;
            };
            if found.is_empty() {
                continue;
            }
            let changed = owned.fields.intersection(&found.modified.union(&found.added));
            for path in changed.paths() {
                conflicts.push(Conflict { manager: manager.clone(), path });
            }
            owned.fields = owned.fields.difference(&changed).difference(&found.removed);
        }
        if !force && !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(conflicts));
        }
        managers.0.retain(|_, owned| !owned.fields.is_empty());
        Ok((managers, own, conflicts))
    }

    /// The comparison in an owner's version; `None` if that version is gone.
    fn compared<'k>(
        &self,
        live: &Typed,
        new: &Typed,
        version: &str,
        known: &'k mut BTreeMap<String, Comparison>,
    ) -> Result<Option<&'k Comparison>> {
        if !known.contains_key(version) {
            let (old, new) = match (self.versions.convert(live, version), self.versions.convert(new, version))
            {
                (Err(NoVersion::Gone), _) | (_, Err(NoVersion::Gone)) => return Ok(None),
                (Err(e), _) => return Err(refused("failed to convert old object: ", e)),
                (_, Err(e)) => return Err(refused("failed to convert new object: ", e)),
                (Ok(old), Ok(new)) => (old, new),
            };
            let found = compare(&old, &new)
                .map_err(|e| ApplyError::Internal(format!("failed to compare objects: {e}")))?;
            known.insert(version.to_owned(), found);
        }
        Ok(known.get(version))
    }

    fn reconciled(&self, live: &Typed, managers: &ManagedFields) -> Result<ManagedFields> {
        let mut out = BTreeMap::new();
        for (manager, owned) in &managers.0 {
            let root = match self.versions.convert(live, &owned.api_version) {
                Ok(converted) => converted.root,
                Err(NoVersion::Gone) => continue,
                Err(error) => return Err(refused("", error)),
            };
            let fields = reconcile(&owned.fields, root.node()).unwrap_or_else(|| owned.fields.clone());
            out.insert(manager.clone(), Owned { fields, ..owned.clone() });
        }
        Ok(ManagedFields(out))
    }

    /// Removes what the manager applied last time, does not apply now, and nobody else owns.
    fn prune(
        &self,
        merged: Typed,
        managers: &ManagedFields,
        manager: &Manager,
        last: Option<&Owned>,
    ) -> Result<Typed> {
        let Some(last) = last.filter(|last| !last.fields.is_empty()) else { return Ok(merged) };
        if self.keeps_all(last, managers, manager) {
            return Ok(merged);
        }
        let failed = |error| {
            refused(
                "failed to prune fields: failed to convert merged object to last applied version: ",
                error,
            )
        };
        // Of what was applied in a version that is converted by code nothing is taken away, as recorded.
        if last.api_version != self.api_version && self.versions.is_converted(&merged, &last.api_version) {
            return Ok(merged);
        }
        let merged = match self.versions.convert(&merged, &last.api_version) {
            Ok(converted) => converted,
            Err(NoVersion::Gone) => return Ok(merged),
            Err(error) => return Err(failed(error)),
        };
        let last_fields = last.fields.with_declared_parents(Some(merged.root.node()));
        let pruned = remove(&merged, &last_fields);
        let pruned = self.add_back_owned(&merged, pruned, &last.api_version, managers)?;
        let pruned = self.add_back_foreign(&merged, pruned, &last.api_version, &last_fields)?;
        self.versions.convert(&pruned, &self.api_version).map_err(|e| refused("failed to prune fields: ", e))
    }

    /// Whether nothing can go: all that was applied is applied again, and nobody knows another version.
    fn keeps_all(&self, last: &Owned, managers: &ManagedFields, manager: &Manager) -> bool {
        managers.0.values().chain([last]).all(|owned| owned.api_version == self.api_version)
            && managers.0.get(manager).is_some_and(|now| last.fields.is_within(&now.fields))
    }

    /// Keeps what another owner, or the new configuration, still owns; the pruned version first.
    fn add_back_owned(
        &self,
        merged: &Typed,
        pruned: Typed,
        version: &str,
        managers: &ManagedFields,
    ) -> Result<Typed> {
        let mut owned_at: BTreeMap<&str, FieldSet> = BTreeMap::new();
        for owned in managers.0.values() {
            let set = owned_at.entry(&owned.api_version).or_default();
            *set = set.union(&owned.fields);
        }
        let first = owned_at.remove_entry(version);
        let (mut merged, mut pruned) = (merged.clone(), pruned);
        for (version, owned) in first.into_iter().chain(owned_at) {
            let failed = |what: &str, e| {
                refused(
                    &format!(
                        "failed to prune fields: failed add back owned items: failed to convert {what} object at version {version}: "
                    ),
                    e,
                )
            };
            let converted = match self.versions.convert(&merged, version) {
                Ok(converted) => converted,
                Err(NoVersion::Gone) => continue,
                Err(error) => return Err(failed("merged", error)),
            };
            merged = converted;
            let before = match self.versions.convert(&pruned, version) {
                Ok(converted) => converted,
                Err(NoVersion::Gone) => continue,
                Err(error) => return Err(failed("pruned", error)),
            };
            let of = Some(merged.root.node());
            let kept = before.fields().with_declared_parents(of).union(&owned.with_declared_parents(of));
            pruned = remove(&merged, &merged.fields().with_declared_parents(of).difference(&kept));
        }
        Ok(pruned)
    }

    /// Keeps what went although the manager never owned it: below a list or map that went as a whole.
    fn add_back_foreign(
        &self,
        merged: &Typed,
        pruned: Typed,
        version: &str,
        last: &FieldSet,
    ) -> Result<Typed> {
        let pruned = match self.versions.convert(&pruned, version) {
            Ok(converted) => converted,
            Err(NoVersion::Gone) => return Ok(merged.clone()),
            Err(error) => {
                return Err(refused(
                    "failed to prune fields: failed add back dangling items: failed to convert pruned object to last applied version: ",
                    error,
                ));
            }
        };
        let of = Some(merged.root.node());
        let kept = pruned.fields().with_declared_parents(of);
        let all = merged.fields().with_declared_parents(of);
        Ok(remove(merged, &all.difference(&kept).intersection(last)))
    }
}

/// Fields of `metadata` that are never owned: identity, and what only the server sets.
pub(crate) const NOBODYS: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// The set without what is never owned.
pub(super) fn strip(fields: &FieldSet) -> FieldSet {
    static NEVER: LazyLock<FieldSet> = LazyLock::new(|| {
        let top = ["apiVersion", "kind", "metadata"].map(|name| FieldPath::fields([name]));
        let below = NOBODYS.map(|name| FieldPath::fields(["metadata", name]));
        top.into_iter().chain(below).collect()
    });
    fields.difference(&NEVER)
}

/// The manager of a write.
pub(super) fn writer(
    name: &str,
    operation: Operation,
    api_version: &str,
    subresource: Option<&str>,
) -> Manager {
    Manager::new(name, operation, api_version, subresource.unwrap_or_default())
}
