//! Why a field changes, and whose it was.

use tautline_core::{FieldManager, FieldPath, Object, PathElement, Value};
use tautline_merge::{Manager, Operation, Owners};

use crate::walk::Differing;
use crate::{Change, FieldOwner, Why};

/// The annotation of client-side apply.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Turns what differs into changes that say why, and who owns the present value.
pub(crate) fn explain(
    differing: Vec<Differing>,
    desired: &Object,
    live: &Object,
    origin: &str,
    ours: &FieldManager,
) -> Vec<Change> {
    if differing.is_empty() {
        return Vec::new();
    }
    let us = Manager::new(ours.as_str(), Operation::Apply, live.api_version(), "");
    let (wanted, owners) = (desired.to_value(), Owners::of(live).without(&us));
    let explained = differing.into_iter().map(|(path, from, to)| Change {
        why: why(&wanted, &path, to.as_ref(), origin),
        owner: from.as_ref().and_then(|_| owner(&owners, &path)),
        path,
        from,
        to,
    });
    explained.collect()
}

fn why(desired: &Value, path: &FieldPath, to: Option<&Value>, origin: &str) -> Why {
    if sets(desired, path.elements()) {
        Why::SetInGit(origin.to_owned())
    } else if to.is_none() {
        Why::LeftGit
    } else {
        Why::Defaulted
    }
}

/// Whether the desired object says something at a path or above it.
pub(crate) fn sets(value: &Value, path: &[PathElement]) -> bool {
    match path.split_first() {
        None => true,
        Some((element, rest)) => match element.get(value) {
            Some(below) => sets(below, rest),
            None => !matches!(value, Value::Map(_) | Value::List(_)),
        },
    }
}

/// Who owns a field, or the most of what is in it: of several, who wrote last.
fn owner(owners: &Owners<'_>, path: &FieldPath) -> Option<FieldOwner> {
    let last = owners.at(path).max_by(|a, b| (a.time, &a.manager).cmp(&(b.time, &b.manager)))?;
    Some(FieldOwner {
        manager: FieldManager::new(last.manager.name()),
        operation: last.manager.operation().as_str().to_owned(),
        since: last.time.map(str::to_owned),
    })
}

/// Whether a path is the last-applied annotation, or all annotations because of it.
pub(crate) fn is_last_applied(path: &FieldPath) -> bool {
    match path.elements() {
        [PathElement::Field(metadata), PathElement::Field(annotations), rest @ ..] => {
            metadata == "metadata"
                && annotations == "annotations"
                && matches!(rest, [] | [PathElement::Field(_)])
                && rest.iter().all(|name| matches!(name, PathElement::Field(name) if name == LAST_APPLIED))
        }
        _ => false,
    }
}
