//! The order in which resources are printed.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kustomization::SortOptions;
use crate::resource::{Gvk, Id, Resource, Resources};

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// A kind's place in the default order; 0 for most.
pub(crate) fn default_rank(kind: &str) -> i32 {
    rank(kind, &FIRST, &LAST)
}

fn rank<S: AsRef<str>>(kind: &str, first: &[S], last: &[S]) -> i32 {
    // A kind that stands twice counts where it stands last.
    let place = |list: &[S]| list.iter().rposition(|known| known.as_ref() == kind);
    let number = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    match (place(last), place(first)) {
        (Some(at), _) => 1 + number(at),
        (None, Some(at)) => number(at) - number(first.len()),
        (None, None) => 0,
    }
}

/// Sorts resources, or leaves them as they come.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    /// Kinds that come first and last; nothing for the order in which resources come.
    order: Option<(Vec<String>, Vec<String>)>,
}

impl Sort {
    /// The default order.
    pub(crate) fn legacy() -> Self {
        let own = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Self { order: Some((own(&FIRST), own(&LAST))) }
    }

    pub(crate) fn new(options: Option<&SortOptions>) -> Result<Self> {
        let Some(options) = options else { return Ok(Self { order: None }) };
        match (options.order.as_str(), &options.legacy) {
            ("legacy", None) => Ok(Self::legacy()),
            ("legacy", Some(legacy)) => Ok(Self { order: Some((legacy.first.clone(), legacy.last.clone())) }),
            ("fifo", None) => Ok(Self { order: None }),
            ("fifo", Some(_)) => Err(Error::Configuration(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
                    .to_owned(),
            )),
            _ => Err(Error::Configuration(
                "the field 'sortOptions.order' must be one of [fifo, legacy]".to_owned(),
            )),
        }
    }

    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        let Some((first, last)) = &self.order else { return Ok(()) };
        // Resources are large: their keys are sorted, and they are moved once.
        let mut list: Vec<Option<Resource>> =
            std::mem::take(resources).into_vec().into_iter().map(Some).collect();
        let keyed = |(at, resource): (usize, &Resource)| {
            let id = resource.id();
            let rank = rank(&id.gvk.kind, first, last);
            (Key { rank, text: gvk_text(&id.gvk), id_text: id_text(&id), id }, at)
        };
        let mut keys: Vec<(Key, usize)> = list.iter().flatten().enumerate().map(keyed).collect();
        keys.sort_by(|(a, _), (b, _)| a.compare(b));
        let sorted = keys.into_iter().filter_map(|(_, at)| list.get_mut(at)?.take());
        // Names may have come to collide since; here that is noticed last.
        resources.append_all(sorted)
    }
}

struct Key {
    rank: i32,
    text: String,
    id_text: String,
    id: Id,
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        if self.id.gvk == other.id.gvk {
            return self.id_text.cmp(&other.id_text);
        }
        let are_namespaces = self.id.gvk.kind == "Namespace" && other.id.gvk.kind == "Namespace";
        let one_is_core = self.id.gvk.group.is_empty() || other.id.gvk.group.is_empty();
        let texts = self.text.cmp(&other.text);
        let texts = if are_namespaces && one_is_core { texts.reverse() } else { texts };
        self.rank.cmp(&other.rank).then(texts)
    }
}

fn gvk_text(gvk: &Gvk) -> String {
    let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"))
}

fn id_text(id: &Id) -> String {
    let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
    format!("{}|{}|{}", id.gvk, or(&id.namespace, "~X"), or(&id.name, "~N"))
}
