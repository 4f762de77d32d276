//! Pairing what Git wants with what lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tautline_core::{GroupKind, Manifest, Object, Presence, Problem, ResourceKey};

use crate::sendable::sendable;
use crate::tracking::{AppInstance, owner_of, track};
use crate::view::{LiveView, Neighbours, Scope, Scopes};

/// Where an app's objects go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The app as tracking ids name it.
    pub app: AppInstance,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The Application itself, if it is an object of this cluster: never one of its own resources.
    pub application: Option<ResourceKey>,
}

/// A desired object, ready to send, beside the live one.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The object, its namespace set.
    pub key: ResourceKey,
    /// What Git wants: tracked, in sendable form, with its origin. `None` if Git does not hold it.
    pub desired: Option<Manifest>,
    /// What lives.
    pub live: Presence<Arc<Object>>,
    /// Whose the live object is.
    pub owner: Owner,
    /// Another app whose current render holds the object too.
    pub also_held_by: Option<String>,
}

/// Whose a live object is, seen from one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is no live object, or it is unknown.
    Nobody,
    /// It carries no tracking id: an apply adopts it.
    Untracked,
    /// It is this app's.
    Us,
    /// It is of an app that is gone, or whose complete current render no longer holds it: ours to take (R20).
    Abandoned(String),
    /// It is another app's (R20): not written.
    Other(String),
}

/// Desired objects prepared for a destination: what stays the same until the next render.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// By key, namespaces set, tracking ids written, sendable.
    pub manifests: BTreeMap<ResourceKey, Manifest>,
    /// Duplicates, unsendable objects, kinds whose scope nobody knows.
    pub problems: Vec<Problem>,
    /// The kinds of the manifests with the scope that was known of each.
    pub scopes: BTreeMap<GroupKind, Option<Scope>>,
}

impl Prepared {
    /// Whether it would be prepared alike today: a scope that was unknown, or another, moves an object's key.
    pub fn is_current(&self, scopes: &dyn Scopes) -> bool {
        self.scopes.iter().all(|(kind, scope)| scopes.scope(kind) == *scope)
    }

    /// Whether every key is certain: each kind's scope is known, or that the cluster does not serve it.
    pub fn is_certain(&self, scopes: &dyn Scopes) -> bool {
        self.scopes.iter().all(|(kind, scope)| scope.is_some() || scopes.is_served(kind) == Some(false))
    }
}

/// Prepares a render's manifests for a destination.
///
/// Cluster-scoped objects lose their namespace, namespaced ones inherit the destination's. Of two manifests
/// with one identity the last wins, with a warning (Argo CD 3.6: RepeatedResourceWarning). A kind whose scope
/// is unknown is taken as namespaced; [`Prepared::is_current`] tells when to prepare anew.
pub fn prepare(manifests: &[Manifest], destination: &Destination, scopes: &dyn Scopes) -> Prepared {
    let mut prepared = Prepared::default();
    for manifest in manifests {
        let mut object = (*manifest.object).clone();
        let kind = object.key().group_kind();
        let scope = scopes.scope(&kind);
        if scopes.is_excluded(&kind) {
            prepared.scopes.insert(kind.clone(), scope);
            let message = format!(
                "{kind} is excluded by the settings (resource.exclusions, resource.inclusions): it is neither compared \
                 nor written"
            );
            let problem = Problem::warning("excluded-resource", message);
            prepared.problems.push(problem.at(manifest.origin.clone()).about(object.key()));
            continue;
        }
        match scope {
            Some(Scope::Cluster) => drop(object.metadata_mut().remove("namespace")),
            Some(Scope::Namespaced) | None if object.namespace().is_empty() => {
                object.metadata_mut().insert("namespace", destination.namespace.as_str());
            }
            _ => {}
        }
        prepared.scopes.insert(kind, scope);
        prepared.problems.extend(sendable(&mut object, &manifest.origin));
        track(&mut object, &destination.app, &destination.namespace);
        let key = object.key();
        if destination.application.as_ref() == Some(&key) {
            continue;
        }
        let next = Manifest { object: Arc::new(object), origin: manifest.origin.clone() };
        if let Some(earlier) = prepared.manifests.insert(key.clone(), next) {
            let message = format!(
                "the manifest stands in {} and again in {}; the last one counts, remove the other",
                earlier.origin, manifest.origin
            );
            let problem = Problem::warning("repeated-resource", message);
            prepared.problems.push(problem.at(manifest.origin.clone()).about(key));
        }
    }
    prepared
}

/// Pairs every desired object, and every live object tracked by the app, with its other side.
pub fn pair(
    prepared: &Prepared,
    destination: &Destination,
    live: &dyn LiveView,
    neighbours: &dyn Neighbours,
) -> Vec<Pair> {
    let mut keys: BTreeSet<ResourceKey> = prepared.manifests.keys().cloned().collect();
    keys.extend(live.tracked_by(destination.app.as_str()));
    keys.into_iter().map(|key| pair_one(key, prepared, destination, live, neighbours)).collect()
}

/// Pairs one object.
pub fn pair_one(
    key: ResourceKey,
    prepared: &Prepared,
    destination: &Destination,
    live: &dyn LiveView,
    neighbours: &dyn Neighbours,
) -> Pair {
    let app = destination.app.as_str();
    let desired = prepared.manifests.get(&key).cloned();
    let live = live.get(&key);
    let owner = match &live {
        Presence::Present(object) => owner(object, &key, app, neighbours),
        _ => Owner::Nobody,
    };
    let also_held_by = neighbours.other_holder(app, &key);
    Pair { key, desired, live, owner, also_held_by }
}

fn owner(object: &Object, key: &ResourceKey, app: &str, neighbours: &dyn Neighbours) -> Owner {
    match owner_of(object) {
        None => Owner::Untracked,
        Some(owner) if owner == app => Owner::Us,
        Some(owner) if !neighbours.exists(&owner) => Owner::Abandoned(owner),
        Some(owner) if neighbours.holds(&owner, key) == Some(false) => Owner::Abandoned(owner),
        Some(owner) => Owner::Other(owner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::TRACKING_ANNOTATION;
    use tautline_core::{AppId, Freshness, Origin, Uid, Value, Why, value};

    struct World(Vec<Object>);

    impl Scopes for World {
        fn scope(&self, kind: &GroupKind) -> Option<Scope> {
            match kind.kind.as_str() {
                "Namespace" => Some(Scope::Cluster),
                "Mystery" => None,
                _ => Some(Scope::Namespaced),
            }
        }
        fn is_served(&self, kind: &GroupKind) -> Option<bool> {
            Some(self.scope(kind).is_some())
        }
    }

    impl LiveView for World {
        fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
            match self.0.iter().find(|o| o.key() == *key) {
                Some(object) => Presence::Present(Arc::new(object.clone())),
                None => Presence::Unknown(Why::NotWatched(key.group_kind())),
            }
        }
        fn freshness(&self, kind: &GroupKind) -> Result<Freshness, Why> {
            Err(Why::NotWatched(kind.clone()))
        }
        fn tracked_by(&self, app: &str) -> Vec<ResourceKey> {
            self.0.iter().filter(|o| owner_of(o).as_deref() == Some(app)).map(Object::key).collect()
        }
        fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
            self.0.iter().filter(|o| o.key().group_kind() == *kind).cloned().map(Arc::new).collect()
        }
        fn children(&self, _: &Uid) -> Vec<Arc<Object>> {
            Vec::new()
        }
    }

    /// App `gone` does not exist; app `done` exists and its render holds nothing.
    impl Neighbours for World {
        fn exists(&self, app: &str) -> bool {
            app != "gone"
        }
        fn holds(&self, app: &str, _: &ResourceKey) -> Option<bool> {
            (app == "done").then_some(false)
        }
        fn other_holder(&self, _: &str, _: &ResourceKey) -> Option<String> {
            None
        }
    }

    fn object(kind: &str, name: &str, tracking: Option<&str>) -> Object {
        let annotations = match tracking {
            Some(id) => value!({ TRACKING_ANNOTATION: id }),
            None => Value::map(),
        };
        Object::new(value!({ "apiVersion": "v1", "kind": kind,
            "metadata": { "name": name, "namespace": "prod", "annotations": annotations } }))
        .unwrap()
    }

    fn destination() -> Destination {
        let app = AppInstance::of(&AppId::new("argocd", "web"), "argocd");
        Destination { app, namespace: "prod".into(), application: None }
    }

    fn manifest(kind: &str, name: &str) -> Manifest {
        let object =
            Object::new(value!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } })).unwrap();
        Manifest::new(object, Origin::file("a.yaml", 1))
    }

    #[test]
    fn namespaces_follow_the_scope() {
        let manifests = [manifest("Service", "a"), manifest("Namespace", "b"), manifest("Mystery", "c")];
        let prepared = prepare(&manifests, &destination(), &World(Vec::new()));
        let keys: Vec<String> = prepared.manifests.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["Mystery prod/c", "Namespace b", "Service prod/a"]);
    }

    #[test]
    fn r17_a_render_with_a_kind_of_unknown_scope_is_certain_only_where_it_is_not_served() {
        struct Nothing;
        impl Scopes for Nothing {
            fn scope(&self, _: &GroupKind) -> Option<Scope> {
                None
            }
            fn is_served(&self, _: &GroupKind) -> Option<bool> {
                None
            }
        }
        let prepared = prepare(&[manifest("Namespace", "b")], &destination(), &Nothing);
        assert!(prepared.is_current(&Nothing) && !prepared.is_certain(&Nothing));
        let world = World(Vec::new());
        assert!(!prepared.is_current(&world), "its key has a namespace, and now it is known to have none");
        let mystery = prepare(&[manifest("Mystery", "c")], &destination(), &world);
        assert!(mystery.is_current(&world) && mystery.is_certain(&world));
    }

    #[test]
    fn the_last_of_two_manifests_counts() {
        let prepared = prepare(
            &[manifest("Service", "a"), manifest("Service", "a")],
            &destination(),
            &World(Vec::new()),
        );
        assert_eq!(prepared.manifests.len(), 1);
        assert_eq!(prepared.problems[0].code, "repeated-resource");
    }

    #[test]
    fn r20_owners_decide_who_writes() {
        let live = |name, id| object("Service", name, id);
        let world = World(vec![
            live("ours", Some("web:/Service:prod/ours")),
            live("extra", Some("web:/Service:prod/extra")),
            live("theirs", Some("api:/Service:prod/theirs")),
            live("moved", Some("done:/Service:prod/moved")),
            live("orphan", Some("gone:/Service:prod/orphan")),
            live("plain", None),
        ]);
        let manifests: Vec<Manifest> = ["ours", "theirs", "moved", "orphan", "plain", "new"]
            .iter()
            .map(|n| manifest("Service", n))
            .collect();
        let prepared = prepare(&manifests, &destination(), &world);
        let pairs = pair(&prepared, &destination(), &world, &world);
        let owner = |name: &str| pairs.iter().find(|p| p.key.name == name).map(|p| p.owner.clone()).unwrap();
        assert_eq!(owner("ours"), Owner::Us);
        assert_eq!(owner("theirs"), Owner::Other("api".into()));
        assert_eq!(owner("moved"), Owner::Abandoned("done".into()));
        assert_eq!(owner("orphan"), Owner::Abandoned("gone".into()));
        assert_eq!(owner("plain"), Owner::Untracked);
        assert_eq!(owner("new"), Owner::Nobody);
        assert!(pairs.iter().any(|p| p.key.name == "extra" && p.desired.is_none()));
    }
}
