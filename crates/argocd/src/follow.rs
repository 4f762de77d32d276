//! Following the objects of one kind: list, watch, list again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tautline_cluster::{ApiResource, Cluster, ClusterError, Query, RawEvent, RawObject};
use tautline_core::{GroupVersionKind, Object, ResourceVersion};
use tokio::sync::mpsc;

/// What happened to an object of the kind.
#[derive(Clone, Debug)]
pub(crate) enum Followed {
    /// It is there, new or changed.
    Is(Arc<Object>),
    /// It is gone; this is its namespace and name.
    Gone(String, String),
    /// Everything that was there at first has been told.
    Listed,
}

/// Which objects of a kind are followed; by default all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrowed {
    /// Only those of this namespace.
    pub(crate) namespace: Option<String>,
    /// Only those that this field selector takes.
    pub(crate) fields: String,
}

type Known = BTreeMap<(String, String), ResourceVersion>;

/// Follows a kind and tells of every object, until the receiver is dropped.
pub(crate) async fn follow(
    cluster: Arc<dyn Cluster>,
    gvk: GroupVersionKind,
    narrowed: Narrowed,
    out: mpsc::UnboundedSender<Followed>,
) {
    let mut known = Known::new();
    while !out.is_closed() {
        if let Err(error) = once(&*cluster, &gvk, &narrowed, &mut known, &out).await {
            tracing::warn!(%gvk, %error, "cannot be followed; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn once(
    cluster: &dyn Cluster,
    gvk: &GroupVersionKind,
    narrowed: &Narrowed,
    known: &mut Known,
    out: &mpsc::UnboundedSender<Followed>,
) -> Result<(), ClusterError> {
    let discovery = cluster.discover().await?;
    let resource = discovery.find(gvk).cloned().ok_or_else(|| ClusterError::Answer {
        step: format!("discover {gvk}"),
        problem: "the kind is not served; install its CRD with `crds apply`".to_owned(),
    })?;
    let mut query = Query {
        namespace: narrowed.namespace.clone(),
        fields: narrowed.fields.clone(),
        ..Query::all(resource.clone())
    };
    let mut items: Vec<Arc<Object>> = Vec::new();
    let mut sink = |item: RawObject| items.extend(item.decode(&resource.gvk));
    let end = cluster.list(&query, &mut sink).await?;
    let listed: Known =
        items.iter().map(|o| (name(o), o.resource_version().unwrap_or_else(|| "".into()))).collect();
    for gone in known.keys().filter(|key| !listed.contains_key(*key)) {
        let _ = out.send(Followed::Gone(gone.0.clone(), gone.1.clone()));
    }
    for object in items {
        if known.get(&name(&object)) != listed.get(&name(&object)) {
            let _ = out.send(Followed::Is(object));
        }
    }
    *known = listed;
    let _ = out.send(Followed::Listed);
    query.since = Some(end.version);
    loop {
        let mut events = match cluster.watch(&query).await {
            Err(error) if error.is_gone() => return Ok(()),
            other => other?,
        };
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => take(&event, &resource, known, &mut query, out),
                Err(error) if error.is_gone() => return Ok(()),
                Err(_) => break,
            }
        }
        if out.is_closed() {
            return Ok(());
        }
        // A watch that ends at once, again and again, must not spin.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn take(
    event: &RawEvent,
    resource: &ApiResource,
    known: &mut Known,
    query: &mut Query,
    out: &mpsc::UnboundedSender<Followed>,
) {
    let item = match event {
        RawEvent::Bookmark(version) => {
            query.since = Some(version.clone());
            return;
        }
        RawEvent::Added(item) | RawEvent::Modified(item) | RawEvent::Deleted(item) => item,
    };
    let Some(object) = item.decode(&resource.gvk) else { return };
    let key = name(&object);
    let version = object.resource_version().unwrap_or_else(|| "".into());
    query.since = Some(version.clone());
    if matches!(event, RawEvent::Deleted(_)) {
        known.remove(&key);
        let _ = out.send(Followed::Gone(key.0, key.1));
    } else {
        known.insert(key, version);
        let _ = out.send(Followed::Is(object));
    }
}

fn name(object: &Object) -> (String, String) {
    (object.namespace().to_owned(), object.name().to_owned())
}
