//! [`Snapshot`]: a cluster's state as text files, to start servers from and to plan against.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_cluster::{Cluster, ClusterError, Query, RawObject};
use tautline_core::{Budget, Object, Value};

use crate::options::Options;
use crate::server::Server;

/// The state of a cluster at one moment.
///
/// As files it is one line of JSON for each object, in a file for each kind: `deployments.apps.jsonl`, `pods.jsonl`,
/// in the order of namespaces and names, so that two snapshots can be compared line by line. Secrets are in it as they
/// are: keep it as you keep them.
///
/// ```
/// use tautline_apiserver::{Options, Server, Snapshot};
///
/// let files = Server::default().snapshot().to_files();
/// let again = Server::from_snapshot(Options::default(), &Snapshot::from_files(files)?)?;
/// assert_eq!(again.len(), Server::default().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    objects: BTreeMap<String, Vec<Arc<Object>>>,
}

/// Why files are no snapshot, or why it cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A line is no object.
    #[error("{file}, line {line}: {problem}")]
    Unreadable {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An object is of a kind that neither the server nor a CustomResourceDefinition of the snapshot knows.
    #[error("{0} is of a kind that is not served; add its CustomResourceDefinition to the snapshot")]
    UnknownKind(String),
    /// The cluster could not be asked.
    #[error("the cluster's {kind} cannot be listed: {source}")]
    Cluster {
        /// What was listed.
        kind: String,
        /// Why not.
        source: ClusterError,
    },
}

const CRDS: &str = "customresourcedefinitions.apiextensions.k8s.io";

impl Snapshot {
    /// The objects of a resource: `deployments.apps`.
    pub fn of_resource(&self, resource: &str) -> &[Arc<Object>] {
        self.objects.get(resource).map_or(&[], Vec::as_slice)
    }

    /// All objects, with their resources.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Object>)> {
        self.objects.iter().flat_map(|(name, all)| all.iter().map(move |object| (name.as_str(), object)))
    }

    /// Takes the state of any cluster: each kind that can be listed, in the version that discovery prefers.
    ///
    /// Kinds are listed one after the other, so what is written meanwhile may be in one kind and not yet in another.
    ///
    /// # Errors
    /// When a list fails.
    pub async fn of_cluster(cluster: &dyn Cluster) -> Result<Self, SnapshotError> {
        let failed = |kind: &str| {
            let kind = kind.to_owned();
            move |source| SnapshotError::Cluster { kind, source }
        };
        let discovery = cluster.discover().await.map_err(failed("kinds"))?;
        let mut snapshot = Self::default();
        for resource in &discovery.resources {
            let name = crate::failure::qualified(&resource.plural, &resource.gvk.group);
            let can_list = resource.verbs.iter().any(|verb| verb == "list");
            // Events stand in two groups; one is enough, and so is the preferred version.
            let is_twice = snapshot.objects.contains_key(&name) || name == "events.events.k8s.io";
            if !can_list || is_twice || name == "componentstatuses" {
                continue;
            }
            let mut found = Vec::new();
            let gvk = resource.gvk.clone();
            let mut sink = |item: RawObject| found.extend(item.decode(&gvk));
            cluster.list(&Query::all(resource.clone()), &mut sink).await.map_err(failed(&name))?;
            snapshot.objects.insert(name, found);
        }
        snapshot.objects.retain(|_, objects| !objects.is_empty());
        Ok(snapshot)
    }

    /// The files, by their names.
    pub fn to_files(&self) -> BTreeMap<String, String> {
        let file = |objects: &[Arc<Object>]| -> String {
            let mut text = String::new();
            for object in objects {
                object.to_value().write_json(&mut text);
                text.push('\n');
            }
            text
        };
        self.objects.iter().map(|(name, objects)| (format!("{name}.jsonl"), file(objects))).collect()
    }

    /// Reads files; those whose names do not end in `.jsonl` are not looked at.
    ///
    /// # Errors
    /// When a line is no object.
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, SnapshotError> {
        let mut snapshot = Self::default();
        for (file, text) in files {
            let Some(name) = file.strip_suffix(".jsonl") else { continue };
            let mut objects = Vec::new();
            for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                let wrong =
                    |problem: String| SnapshotError::Unreadable { file: file.clone(), line: i + 1, problem };
                let value = Value::from_json_within(line.as_bytes(), &Budget::default())
                    .map_err(|e| wrong(e.to_string()))?;
                let object = Object::new(value).map_err(|e| wrong(e.to_string()))?;
                objects.push(Arc::new(object));
            }
            snapshot.objects.insert(name.to_owned(), objects);
        }
        Ok(snapshot)
    }
}

impl Server {
    /// The state as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.lock();
        let all = state.store.shelves();
        let objects = all.map(|(name, shelf)| {
            (name.to_string(), shelf.within("").map(|(_, o)| o.clone()).collect::<Vec<_>>())
        });
        Snapshot { objects: objects.filter(|(_, objects)| !objects.is_empty()).collect() }
    }

    /// Starts a server with a snapshot's objects instead of those of a fresh cluster; uids, versions and times are the
    /// snapshot's.
    ///
    /// # Errors
    /// When an object is of a kind that is not served.
    pub fn from_snapshot(options: Options, snapshot: &Snapshot) -> Result<Self, SnapshotError> {
        let server = Self::bare(options);
        let mut state = server.lock();
        // Definitions first: they say what the others are.
        let ordered = snapshot.iter().filter(|(name, _)| *name == CRDS);
        let ordered = ordered.chain(snapshot.iter().filter(|(name, _)| *name != CRDS));
        for (_, object) in ordered {
            let Some(served) = state.catalog.named(&object.gvk()).cloned() else {
                return Err(SnapshotError::UnknownKind(object.key().to_string()));
            };
            let object = crate::typing::to_stored(&served, Object::clone(object));
            let stored = state.store.load(&served.shelf, object);
            state.noted(&served, &stored);
        }
        state.skip_uids();
        state.store.begin();
        drop(state);
        Ok(server)
    }
}
