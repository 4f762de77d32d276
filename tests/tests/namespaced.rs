//! A controller whose rights are Roles in some namespaces, and nothing over the whole cluster.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use futures::StreamExt;
use tautline::runtime::Namespaced;
use tautline_apiserver::Identity;
use tautline_cluster::{Cluster, Query, RawEvent, RawObject};
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, set};

/// What the account may do in a namespace: `(API group, resources, verbs)`.
type Rules<'a> = &'a [(&'a str, &'a [&'a str], &'a [&'a str])];

const ALL: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];

/// Gives the controller's account these rights in a namespace.
async fn grant(stand: &Stand, namespace: &str, rules: Rules<'_>) {
    let rules = rules.iter().map(|(group, resources, verbs)| {
        let words = |all: &[&str]| all.iter().map(|word| Value::string(*word)).collect::<Vec<_>>();
        value!({ "apiGroups": [(*group)], "resources": (words(resources)), "verbs": (words(verbs)) })
    });
    let rules: Vec<Value> = rules.collect();
    stand
        .apply(value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "tautline", "namespace": namespace }, "rules": rules }))
        .await;
    stand
        .apply(value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "tautline", "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tautline" },
            "subjects": [{ "kind": "ServiceAccount", "name": "tautline", "namespace": "argocd" }] }))
        .await;
}

/// A controller that may work with ConfigMaps and Services in `shop` and `cellar`, and read its Applications.
async fn start() -> Stand {
    let mut stand = Stand::with_rights_in(&["argocd", "cellar", "shop"]).await;
    for namespace in ["shop", "cellar", "attic"] {
        stand
            .apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
            .await;
    }
    let control: Rules<'_> = &[
        ("argoproj.io", &["applications", "appprojects"], ALL),
        ("", &["configmaps", "secrets", "services"], &["get", "list", "watch"]),
        ("", &["events"], &["create", "patch"]),
    ];
    grant(&stand, "argocd", control).await;
    for namespace in ["shop", "cellar"] {
        grant(&stand, namespace, &[("", &["configmaps", "services"], ALL)]).await;
    }
    stand.start_controller().await;
    stand
}

#[tokio::test]
async fn a_watch_of_one_namespace_goes_on_where_it_ended() {
    let stand = Stand::embedded().await;
    for namespace in ["m", "n"] {
        stand
            .apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
            .await;
    }
    let admin: std::sync::Arc<dyn Cluster> =
        std::sync::Arc::new(stand.server().caller(Identity::admin("test")));
    let seen = Namespaced::new(admin.clone(), ["m", "n"].map(str::to_owned));
    let discovery = seen.discover().await.unwrap();
    let query = Query::all(discovery.preferred("", "ConfigMap").unwrap().clone());
    let mut items = 0;
    let end = seen.list(&query, &mut |_: RawObject| items += 1).await.unwrap();
    assert_eq!(items, 0);
    let mut events = seen.watch(&Query { since: Some(end.version), ..query.clone() }).await.unwrap();
    let add = async |namespace: &str, name: &str| {
        let metadata = value!({ "name": name, "namespace": namespace });
        stand.apply(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata })).await;
    };
    let gvk = query.resource.gvk.clone();
    let mut told = async |count: usize| {
        let mut names = Vec::new();
        while names.len() < count {
            match events.next().await.unwrap() {
                Ok(RawEvent::Added(item)) => names.push(item.decode(&gvk).unwrap().name().to_owned()),
                Ok(_) => {}
                Err(error) => names.push(format!("gone: {}", error.is_gone())),
            }
        }
        names.sort_unstable();
        names
    };
    add("m", "a").await;
    assert_eq!(told(1).await, ["a"]);
    stand.server().drop_watches();
    add("n", "b").await;
    add("m", "c").await;
    add("default", "out-of-sight").await;
    assert_eq!(told(2).await, ["b", "c"], "nothing is missed, and nothing told twice");
    // What the server has forgotten must be listed anew.
    stand.server().drop_watches();
    add("n", "d").await;
    stand.server().compact();
    assert_eq!(told(1).await, ["gone: true"]);
    let cluster_wide = Query::all(discovery.preferred("", "Namespace").unwrap().clone());
    assert!(seen.list(&cluster_wide, &mut |_: RawObject| ()).await.unwrap_err().is_forbidden());
}

fn in_shop(name: &str) -> Value {
    let mut app = application(name, name, "shop");
    set(&mut app, &["spec", "syncPolicy", "syncOptions"], Value::list());
    app
}

fn row<'a>(app: &'a Object, kind: &str) -> Option<&'a Value> {
    app.list_at(&["status", "resources"]).iter().find(|row| row.str_at(&["kind"]) == Some(kind))
}

#[tokio::test]
async fn roles_in_namespaces_are_enough() {
    let stand = start().await;
    let files = [("web/a.yaml", config_map("a", "1")), ("web/b.yaml", config_map("b", "1"))];
    stand.commit("main", &[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]);
    stand.apply(in_shop("web")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    // A change that somebody makes is seen, and what leaves Git is pruned.
    stand.apply(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "shop" },
        "data": { "key": "mine" } })).await;
    stand
        .until("v1", "ConfigMap", "shop", "a", "healed", |o| {
            o.is_some_and(|o| o.str_at(&["data", "key"]) == Some("1"))
        })
        .await;
    let revision = stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    stand.until("v1", "ConfigMap", "shop", "b", "pruned", |o| o.is_none()).await;
    // The app goes with all that it owns.
    stand.delete("argoproj.io/v1alpha1", "Application", "argocd", "web").await;
    stand.until("v1", "ConfigMap", "shop", "a", "gone", |o| o.is_none()).await;
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "web", "gone", |o| o.is_none()).await;
}

#[tokio::test]
async fn r03_what_cannot_be_seen_is_unknown_and_nothing_else_is() {
    let stand = start().await;
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  key: v\n";
    let role =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: wide\nrules: []\n";
    let attic = config_map("up", "1").replace("name: up", "name: up\n  namespace: attic");
    stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("hidden/secret.yaml", secret),
            ("wide/role.yaml", role),
            ("far/up.yaml", &attic),
        ],
    );
    // There, but out of sight: it must not be taken for absent.
    let mut up = value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "up", "namespace": "attic" } });
    set(&mut up, &["data", "key"], "theirs".into());
    stand.apply(up).await;
    for name in ["web", "hidden", "wide", "far"] {
        stand.apply(in_shop(name)).await;
    }
    stand.until_app("web", "Synced", "Healthy").await;
    for (name, kind, says) in [
        ("hidden", "Secret", "forbidden"),
        ("wide", "ClusterRole", "outside of namespaces"),
        ("far", "ConfigMap", "attic"),
    ] {
        let app = stand.until("argoproj.io/v1alpha1", "Application", "argocd", name, "Unknown", |app| {
            app.is_some_and(|app| app.str_at(&["status", "sync", "status"]) == Some("Unknown"))
        });
        let app = app.await.unwrap();
        let status = app.get("status").unwrap().to_json();
        assert!(status.contains(says), "{name}: {status}");
        assert_eq!(
            row(&app, kind).and_then(|row| row.str_at(&["status"])),
            Some("Unknown"),
            "{name}: {status}"
        );
    }
    // Nothing of them was written.
    let up = stand.get("v1", "ConfigMap", "attic", "up").await.unwrap();
    assert_eq!(up.str_at(&["data", "key"]), Some("theirs"));
    assert!(stand.get("v1", "Secret", "shop", "s").await.is_none());
    assert!(stand.get("rbac.authorization.k8s.io/v1", "ClusterRole", "", "wide").await.is_none());
    stand.until_app("web", "Synced", "Healthy").await;
}
