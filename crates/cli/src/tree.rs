//! `taut tree`: objects, what they own, and how healthy they are.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use tautline::cluster::ApiResource;
use tautline::core::{GroupKind, Object, Presence};
use tautline::health::assess;
use tautline::merge::Owners;
use tautline::ownership::{LiveView, owner_of};

use crate::arguments::TreeOptions;
use crate::failure::{Failure, Result};
use crate::live::{Live, Snapshot, connect};
use crate::system::masking_key;

/// Kinds whose objects built-in controllers make for others.
const CHILDREN: [(&str, &str); 7] = [
    ("apps", "ReplicaSet"),
    ("apps", "ControllerRevision"),
    ("batch", "Job"),
    ("", "Pod"),
    ("", "PersistentVolumeClaim"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("policy", "PodDisruptionBudget"),
];

/// Runs the verb.
pub(crate) async fn run(options: &TreeOptions) -> Result<u8> {
    let live = connect(&options.cluster).await?;
    print!("{}", tree(options, &live).await?);
    Ok(0)
}

/// The tree as text.
pub(crate) async fn tree(options: &TreeOptions, live: &Live) -> Result<String> {
    let (snapshot, roots) = roots(&options.what, &options.namespace, &CHILDREN, live).await?;
    let mut out = String::new();
    for root in &roots {
        if options.fields {
            out.push_str(&fields(root));
            continue;
        }
        branch(&snapshot, root, 0, &mut out);
    }
    Ok(out)
}

/// The objects that somebody means by an app's name or by KIND/NAME, and a snapshot with them and these kinds.
pub(crate) async fn roots(
    what: &str,
    namespace: &str,
    children: &[(&str, &str)],
    live: &Live,
) -> Result<(Snapshot, Vec<Arc<Object>>)> {
    let mut snapshot = Snapshot::open(&*live.cluster, masking_key()).await?;
    let mut kinds: BTreeSet<GroupKind> =
        children.iter().map(|(group, kind)| GroupKind::new(*group, *kind)).collect();
    let named = what.split_once('/').and_then(|(kind, name)| Some((named_kind(&snapshot, kind)?, name)));
    match &named {
        Some((resource, _)) => drop(kinds.insert(resource.gvk.group_kind())),
        None => kinds.extend(snapshot.kinds_of(&*live.cluster, what).await?),
    }
    let resources: Vec<ApiResource> =
        kinds.iter().filter_map(|kind| snapshot.catalog.preferred(kind)).collect();
    snapshot.list(&*live.cluster, resources).await;
    let roots: Vec<Arc<Object>> = match &named {
        Some((resource, name)) => {
            let of_kind = snapshot.cache.objects(&resource.gvk.group_kind()).into_iter();
            let is_here = |o: &Arc<Object>| o.namespace().is_empty() || o.namespace() == namespace;
            of_kind.filter(|object| object.name() == *name && is_here(object)).collect()
        }
        None => {
            let keys = snapshot.cache.tracked_by(what);
            keys.iter()
                .filter_map(|key| match snapshot.cache.get(key) {
                    Presence::Present(object) => Some(object),
                    _ => None,
                })
                .collect()
        }
    };
    if roots.is_empty() {
        let message = match named {
            Some(_) => format!("there is no {} in namespace {namespace}.", what),
            None => format!("no object of an app {} was found; write KIND/NAME for an object.", what),
        };
        return Err(Failure::work(message));
    }
    Ok((snapshot, roots))
}

/// The kind as people name it: `Deployment`, `deployments`, `deploy`.
fn named_kind(snapshot: &Snapshot, word: &str) -> Option<ApiResource> {
    let (word, group) = word.split_once('.').map_or((word, None), |(word, group)| (word, Some(group)));
    let mut listable = snapshot.catalog.listable().into_iter();
    listable.find(|resource| {
        let ApiResource { gvk, plural, short_names, .. } = resource;
        group.is_none_or(|group| group == gvk.group)
            && (gvk.kind.eq_ignore_ascii_case(word)
                || plural == word
                || short_names.iter().any(|s| s == word))
    })
}

/// Whose each field of an object is. What a GitOps tool applies is its app's, by the object's tracking id.
fn fields(object: &Object) -> String {
    let mut out = format!("{}\n", object.key());
    let app = owner_of(object);
    for owner in Owners::of(object).iter() {
        let whose = match &app {
            Some(app) if TOOLS.contains(&owner.name) && owner.subresource().is_empty() => {
                format!("app {app}")
            }
            _ => "no app".to_owned(),
        };
        let part = if owner.subresource().is_empty() { "" } else { "/" };
        let _ = write!(out, "  {whose}: {} ({:?}{part}{})", owner.name, owner.operation, owner.subresource());
        let _ = writeln!(out, "{}", owner.time.map(|time| format!(", {time}")).unwrap_or_default());
        for path in owner.paths() {
            let _ = writeln!(out, "    {path}");
        }
    }
    out
}

/// The managers by which GitOps tools apply what an app's manifests say.
const TOOLS: [&str; 3] = ["tautline", "tautline-handover", "argocd-controller"];

fn branch(snapshot: &Snapshot, object: &Object, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let health = assess(object).map(|health| format!("  {}  {}", health.status, health.message));
    let _ = writeln!(out, "{}", format!("{indent}{}{}", object.key(), health.unwrap_or_default()).trim_end());
    // Owner chains are short; a cycle among hostile ownerReferences ends here.
    if depth < 8
        && let Some(uid) = object.uid()
    {
        let mut children = snapshot.cache.children(&uid);
        children.sort_by_key(|child| child.key());
        children.iter().for_each(|child| branch(snapshot, child, depth + 1, out));
    }
}
