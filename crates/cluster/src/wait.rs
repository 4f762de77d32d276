//! Waiting for an object to be as wanted.

use std::sync::Arc;

use futures::StreamExt;
use tautline_core::Object;

use crate::{Cluster, Query, RawObject, Result, Target};

/// Waits until one object is as the check wants it, driven by the cluster's events; `None` is shown to the
/// check while the object is not there. Ends with the state that the check accepted. Bound it with a timeout.
pub async fn until(
    cluster: &dyn Cluster,
    target: &Target,
    check: &(dyn Fn(Option<&Object>) -> bool + Send + Sync),
) -> Result<Option<Arc<Object>>> {
    loop {
        let mut query = Query::all(target.resource.clone());
        query.namespace = Some(target.namespace.clone()).filter(|namespace| !namespace.is_empty());
        query.fields = format!("metadata.name={}", target.name);
        let mut found = None;
        let mut sink = |item: RawObject| found = item.decode(&target.resource.gvk).or(found.take());
        let end = cluster.list(&query, &mut sink).await?;
        if check(found.as_deref()) {
            return Ok(found);
        }
        query.since = Some(end.version);
        let mut events = cluster.watch(&query).await?;
        // Whatever happened, the next list tells the state.
        events.next().await;
    }
}
