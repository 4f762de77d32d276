//! Why a field changes, and whose it was.

use std::sync::Arc;

use tautline_core::{FieldManager, FieldPath, Object, Origin, PathElement, Value};
use tautline_merge::{Owner, Owners};

use crate::walk::Differing;
use crate::{Change, FieldOwner, Why};

/// The annotation of client-side apply.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Turns what differs, and what of it is wished, into changes that say why, and who owns the present value.
pub(crate) fn explain(
    differing: Vec<Differing>,
    live: &Object,
    origin: &Origin,
    ours: &FieldManager,
) -> Vec<Change> {
    if differing.is_empty() {
        return Vec::new();
    }
    let origin: Arc<str> = origin.text().into();
    let owners = Owners::but_applier(live, ours.as_str());
    let explained = differing.into_iter().map(|Differing { path, from, to, is_wished }| Change {
        why: match (is_wished, &to) {
            (true, _) => Why::SetInGit(origin.clone()),
            (false, None) => Why::LeftGit,
            (false, Some(_)) => Why::Defaulted,
        },
        owner: from.as_ref().and_then(|_| owner(&owners, &path)),
        path,
        from,
        to,
    });
    explained.collect()
}

/// Whether the desired object says something at a path or above it.
pub(crate) fn sets(value: &Value, path: &FieldPath) -> bool {
    let mut at = value;
    for element in path.elements() {
        match element.get(at) {
            Some(below) => at = below,
            None => return !matches!(at, Value::Map(_) | Value::List(_)),
        }
    }
    true
}

/// Who owns a field, or the most of what is in it: of several, who wrote last.
fn owner(owners: &Owners<'_>, path: &FieldPath) -> Option<Box<FieldOwner>> {
    let by_time =
        |a: &&Owner<'_>, b: &&Owner<'_>| a.time.cmp(&b.time).then_with(|| a.manager().cmp(&b.manager()));
    let last = owners.at(path).max_by(by_time)?;
    Some(Box::new(FieldOwner {
        manager: FieldManager::new(last.name),
        operation: last.operation.as_str().to_owned(),
        since: last.time.map(str::to_owned),
    }))
}

/// Whether a path is the last-applied annotation, or all annotations because of it.
pub(crate) fn is_last_applied(path: &FieldPath) -> bool {
    let names = ["metadata", "annotations", LAST_APPLIED];
    let is_it = |(element, name): (&PathElement, &str)| matches!(element, PathElement::Field(f) if f == name);
    matches!(path.len(), 2 | 3) && path.elements().zip(names).all(is_it)
}
