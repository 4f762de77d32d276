//! The order in which resources are printed.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use compact_str::CompactString;

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
        let mut kinds: HashMap<Gvk, Rc<Kind>> = HashMap::new();
        let keyed = |(at, resource): (usize, &Resource)| {
            let id = resource.id();
            let object = object_text(&id);
            let kind = kinds.entry(id.gvk).or_insert_with_key(|gvk| Rc::new(Kind::new(gvk, first, last)));
            (Key { kind: Rc::clone(kind), object }, at)
        };
        let mut keys: Vec<(Key, usize)> = list.iter().flatten().enumerate().map(keyed).collect();
        keys.sort_by(|(a, _), (b, _)| a.compare(b));
        let sorted = keys.into_iter().filter_map(|(_, at)| list.get_mut(at)?.take()).collect::<Vec<_>>();
        // Names may have come to collide since; here that is noticed last.
        resources.append_all(sorted)
    }
}

/// What a resource is sorted by. Those of one kind share what there is to know of it.
struct Key {
    kind: Rc<Kind>,
    object: CompactString,
}

struct Kind {
    gvk: Gvk,
    rank: i32,
    text: String,
}

impl Kind {
    fn new(gvk: &Gvk, first: &[String], last: &[String]) -> Self {
        Self { gvk: gvk.clone(), rank: rank(&gvk.kind, first, last), text: gvk_text(gvk) }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let are_namespaces = self.gvk.kind == "Namespace" && other.gvk.kind == "Namespace";
        let one_is_core = self.gvk.group.is_empty() || other.gvk.group.is_empty();
        let texts = self.text.cmp(&other.text);
        let texts = if are_namespaces && one_is_core { texts.reverse() } else { texts };
        self.rank.cmp(&other.rank).then(texts)
    }
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        if Rc::ptr_eq(&self.kind, &other.kind) {
            return self.object.cmp(&other.object);
        }
        self.kind.compare(&other.kind)
    }
}

fn gvk_text(gvk: &Gvk) -> String {
    let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"))
}

/// Namespace and name, as one text.
fn object_text(id: &Id) -> CompactString {
    let or = |part: &CompactString, none: &'static str| {
        if part.is_empty() { CompactString::const_new(none) } else { part.clone() }
    };
    compact_str::format_compact!("{}|{}", or(&id.namespace, "~X"), or(&id.name, "~N"))
}
