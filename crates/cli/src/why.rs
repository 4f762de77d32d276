//! `taut why`: the first cause of what is wrong.
//!
//! The walk asks for kinds and Events that are not known yet; they are fetched and it walks again, until it asks for
//! nothing more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tautline::cluster::{Cache, Cluster, Query, RawObject};
use tautline::core::{GroupKind, Need, Object, Presence, ResourceKey, ResourceNames, Value};
use tautline::health::{BuiltIn, Cause, HealthStatus, Surroundings, explain};
use tautline::ownership::LiveView;

use crate::arguments::{HealthOutput, WhyOptions};
use crate::failure::{Failure, Result};
use crate::live::{Live, Snapshot, connect};
use crate::system::now;
use crate::tree::roots;

/// Kinds whose objects are found by their owners, so that nobody asks for them by name.
const CHILDREN: [(&str, &str); 8] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("", "Pod"),
    ("", "PersistentVolumeClaim"),
    ("", "Service"),
];

/// How often is fetched what the walk asks for.
const MOST_ROUNDS: usize = 8;

/// Runs the verb.
pub(crate) async fn run(options: &WhyOptions) -> Result<u8> {
    let live = connect(&options.cluster).await?;
    let (mut snapshot, roots) = roots(&options.what, &options.namespace, &CHILDREN, &live).await?;
    let causes = causes(&mut snapshot, &roots, &live).await;
    match options.output {
        HealthOutput::Json => {
            let text = serde_json::to_string_pretty(&causes);
            println!("{}", text.map_err(|error| Failure::work(error.to_string()))?);
        }
        HealthOutput::Text if causes.is_empty() => println!("{}: nothing is wrong", options.what),
        HealthOutput::Text => causes.iter().for_each(|cause| println!("{cause}")),
    }
    Ok(u8::from(!causes.is_empty()))
}

/// The causes, the worst object's first; objects with the same first cause are told once.
async fn causes(snapshot: &mut Snapshot, roots: &[Arc<Object>], live: &Live) -> Vec<Cause> {
    let mut events: BTreeMap<ResourceKey, Vec<Arc<Object>>> = BTreeMap::new();
    let mut tried: BTreeSet<GroupKind> = BTreeSet::new();
    let mut found: Vec<Cause> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let seen = Seen { cache: &snapshot.cache, events: &events, asked: Mutex::default() };
        found = roots.iter().filter_map(|root| explain(root, &BuiltIn, &seen, now())).collect();
        let asked = seen.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kinds: Vec<GroupKind> = asked.difference(&tried).cloned().collect();
        let about: Vec<ResourceKey> =
            found.iter().flat_map(|cause| &cause.needs).filter_map(of_events).collect();
        if kinds.is_empty() && about.is_empty() {
            break;
        }
        tried.extend(kinds.iter().cloned());
        let resources: Vec<_> = kinds.iter().filter_map(|kind| snapshot.catalog.preferred(kind)).collect();
        snapshot.list(&*live.cluster, resources).await;
        for key in about {
            let told = events_of(snapshot, &*live.cluster, &key).await;
            events.insert(key, told);
        }
    }
    let rank =
        |cause: &Cause| cause.links.first().and_then(|link| link.status).unwrap_or(HealthStatus::Healthy);
    found.sort_by_key(|cause| std::cmp::Reverse(rank(cause)));
    let mut told = BTreeSet::new();
    found.retain(|cause| {
        cause.first().is_none_or(|l| told.insert((l.object.clone(), l.container.clone(), l.message.clone())))
    });
    found
}

fn of_events(need: &Need) -> Option<ResourceKey> {
    match need {
        Need::Events(key) => Some(key.clone()),
        _ => None,
    }
}

/// The Events about an object; none if they may not be listed.
async fn events_of(snapshot: &Snapshot, cluster: &dyn Cluster, key: &ResourceKey) -> Vec<Arc<Object>> {
    let Some(resource) = snapshot.catalog.preferred(&GroupKind::new("", "Event")) else { return Vec::new() };
    let namespace = if key.namespace.is_empty() { "default" } else { &key.namespace };
    let gvk = resource.gvk.clone();
    let query = Query { namespace: Some(namespace.to_owned()), ..Query::all(resource) };
    let mut found = Vec::new();
    let mut sink = |item: RawObject| {
        let is_about = |event: &Arc<Object>| {
            let text = |field: &str| event.str_at(&["involvedObject", field]).unwrap_or_default().to_owned();
            text("kind") == key.kind && text("name") == key.name
        };
        found.extend(item.decode(&gvk).filter(is_about));
    };
    // What cannot be listed tells nothing; the chain stands without it.
    let _ = cluster.list(&query, &mut sink).await;
    found
}

/// The cache, as the walk asks it; it notes the kinds that are not known.
struct Seen<'a> {
    cache: &'a Cache,
    events: &'a BTreeMap<ResourceKey, Vec<Arc<Object>>>,
    asked: Mutex<BTreeSet<GroupKind>>,
}

impl Seen<'_> {
    fn ask(&self, kind: GroupKind) {
        if self.cache.freshness(&kind).is_err() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        }
    }
}

impl Surroundings for Seen<'_> {
    fn children(&self, object: &Object) -> Vec<Arc<Object>> {
        object.uid().map(|uid| self.cache.children(&uid)).unwrap_or_default()
    }

    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        self.ask(key.group_kind());
        self.cache.get(key)
    }

    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.ask(kind.clone());
        self.cache.of_kind(kind)
    }

    fn events(&self, about: &ResourceKey) -> Option<Vec<Arc<Object>>> {
        self.events.get(about).cloned()
    }

    /// The Application whose status lists the object.
    fn app_of(&self, key: &ResourceKey) -> Option<String> {
        let names = |row: &Value| {
            let text = |field: &str| row.str_at(&[field]).unwrap_or_default();
            let ResourceNames { group, kind, namespace, name } = &**key;
            (text("group"), text("kind"), text("namespace"), text("name"))
                == (group.as_str(), kind.as_str(), namespace.as_str(), name.as_str())
        };
        let apps = self.of_kind(&GroupKind::new("argoproj.io", "Application"));
        let app = apps.iter().find(|app| app.list_at(&["status", "resources"]).iter().any(names))?;
        Some(app.name().to_owned())
    }
}
