//! Against the cluster of `TAUTLINE_E2E_KUBECONFIG`: `tests/control-plane/run cargo test -p tautline-kube`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;

use futures::StreamExt;
use tautline_cluster::{Cluster, Deleted, Patch, Query, RawEvent, RawObject, Stage, Target, WriteOptions};
use tautline_core::{FieldManager, GroupVersion, GroupVersionKind, Object, Value, value};
use tautline_kube::KubeCluster;

#[tokio::test]
async fn the_whole_trait_on_a_real_server() {
    let Ok(file) = std::env::var("TAUTLINE_E2E_KUBECONFIG") else {
        println!("SKIPPED: TAUTLINE_E2E_KUBECONFIG names no kubeconfig");
        return;
    };
    let cluster = KubeCluster::from_kubeconfig(Some(Path::new(&file)), None).await.unwrap();
    let found = cluster.discover().await.unwrap();
    assert!(found.server_version.starts_with("v1.") && found.resources.len() > 40);
    let deployments = found.preferred("apps", "Deployment").unwrap();
    assert!(deployments.namespaced && deployments.subresources.iter().any(|s| s == "scale"));
    let kind = found.preferred("", "ConfigMap").unwrap().clone();
    let open_api = cluster.open_api(&GroupVersion::parse("apps/v1")).await.unwrap();
    assert!(open_api.at(&["components", "schemas"]).is_some());

    let name = format!("kube-crate-{}", std::process::id());
    let target = Target::new(kind.clone(), "default", &name);
    let options = WriteOptions::by(FieldManager::new("kube-crate-test"));
    let mut query = Query::all(kind.clone());
    (query.namespace, query.fields) = (Some("default".into()), format!("metadata.name={name}"));
    let listed = cluster.list(&query, &mut |_| panic!("there is none yet")).await.unwrap();
    query.since = Some(listed.version);
    let mut events = cluster.watch(&query).await.unwrap();
    assert!(cluster.get(&target).await.unwrap().is_none());

    let mut object = Object::bare(&GroupVersionKind::new("", "v1", "ConfigMap"), "default", &name);
    object.as_map_mut().insert("data", value!({ "a": "1" }));
    let created = cluster.apply(&target, &object, &options).await.unwrap();
    assert!(created.created);
    let again = cluster.apply(&target, &object, &options).await.unwrap();
    assert!(!again.created && again.object.resource_version() == created.object.resource_version());
    let patched =
        cluster.patch(&target, &Patch::Merge(value!({ "data": { "b": "2" } })), &options).await.unwrap();
    assert_eq!(patched.object.str_at(&["data", "b"]), Some("2"));

    let mut wrong = object.clone();
    wrong.as_map_mut().insert("dat", "x");
    let refused = cluster.apply(&target, &wrong, &options).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused:?}");
    let mut lenient = options.clone();
    (lenient.strict, lenient.dry_run) = (false, true);
    wrong.metadata_mut().insert("name", format!("{name}-wrong"));
    assert!(!cluster.create(&target, &wrong, &lenient).await.unwrap().warnings.is_empty());
    let other = WriteOptions::by(FieldManager::new("somebody-else"));
    object.as_map_mut().insert("data", value!({ "a": "3" }));
    let conflict = cluster.apply(&target, &object, &other).await.unwrap_err();
    assert!(conflict.is_conflict() && conflict.status().unwrap().has_cause("FieldManagerConflict"));

    let mut items = 0;
    query.metadata_only = true;
    cluster.list(&query, &mut |_| items += 1).await.unwrap();
    assert_eq!(items, 1);
    let streaming = cluster.clone().with_streamed_lists();
    let mut streamed = 0;
    let end = streaming
        .list(&Query { metadata_only: false, ..query.clone() }, &mut |_| streamed += 1)
        .await
        .unwrap();
    assert_eq!(streamed, 1);
    assert!(end.version.is_at_least(&patched.object.resource_version().unwrap()));
    let uid = created.object.uid().unwrap();
    assert!(cluster.discard(&target, &"another".into(), None).await.unwrap_err().is_conflict());
    assert_eq!(cluster.discard(&target, &uid, None).await.unwrap(), Deleted::Gone);
    assert_eq!(cluster.discard(&target, &uid, None).await.unwrap(), Deleted::NotFound);

    let mut seen = String::new();
    while !seen.ends_with('-') {
        let (sign, object) = match events.next().await.unwrap().unwrap() {
            RawEvent::Added(object) => ('+', object),
            RawEvent::Modified(object) => ('~', object),
            RawEvent::Deleted(object) => ('-', object),
            RawEvent::Bookmark(_) => continue,
        };
        let RawObject::Json(json) = object else { panic!("a client has bytes") };
        assert_eq!(
            Value::from_json(&json).unwrap().at(&["metadata", "name"]),
            Some(&Value::from(name.as_str()))
        );
        seen.push(sign);
    }
    assert_eq!(seen, "+~-");
    query.since = Some("1".into());
    let mut old = cluster.watch(&query).await;
    let first = match &mut old {
        Ok(events) => events.next().await.unwrap().map(|_| ()),
        Err(_) => Err(old.err().unwrap()),
    };
    // A server that still remembers everything may answer with events instead.
    assert!(first.as_ref().err().is_none_or(tautline_cluster::ClusterError::is_gone), "{first:?}");
}
