//! Tracking ids: how an object says which app it belongs to.

use std::fmt;

use tautline_core::{AppId, Object, ResourceKey, ResourceNames};

/// The annotation that holds a tracking id.
pub const TRACKING_ANNOTATION: &str = "argocd.argoproj.io/tracking-id";
/// The label that Argo CD's label method uses, and that many charts set themselves.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// A tracking id as Argo CD 3.6 writes it: `<app>:<group>/<kind>:<namespace>/<name>`.
///
/// The app is its bare name in the control-plane namespace and `<namespace>_<name>` elsewhere. An object of
/// the cluster's scope carries the destination's namespace. Parsing splits at the first two colons, so that
/// names holding `:` survive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrackingId {
    /// The app as written in the id.
    pub app: String,
    /// The object that the id was written on.
    pub object: ResourceKey,
}

impl TrackingId {
    /// Reads an id; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (app, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let (group, kind) = kind.split_once('/')?;
        let (namespace, name) = name.split_once('/')?;
        let complete = !app.is_empty() && !kind.is_empty() && !name.is_empty();
        complete.then(|| Self { app: app.to_owned(), object: ResourceKey::new(group, kind, namespace, name) })
    }

    /// The id on an object, if it has one.
    pub fn of(object: &Object) -> Option<Self> {
        Self::parse(object.annotation(TRACKING_ANNOTATION)?)
    }

    /// Whether the id names the object that holds it. An id copied along with other annotations by some
    /// controller names another object and means nothing. A cluster-scoped object's id holds the
    /// destination's namespace, so its namespace is not compared.
    pub fn names(&self, object: &Object) -> bool {
        self.object.name == object.name()
            && self.object.kind == object.kind()
            && self.object.group == object.group()
            && (object.namespace().is_empty() || self.object.namespace == object.namespace())
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ResourceNames { group, kind, namespace, name } = &*self.object;
        write!(f, "{}:{group}/{kind}:{namespace}/{name}", self.app)
    }
}

/// An app as tracking ids name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppInstance(String);

impl AppInstance {
    /// The name that ids of this app carry, seen from the control-plane namespace.
    pub fn of(app: &AppId, control_plane: &str) -> Self {
        if app.namespace == control_plane {
            Self(app.name.clone())
        } else {
            Self(format!("{}_{}", app.namespace, app.name))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which app an object belongs to, by rule R8: its tracking id names itself, and no controller owns it.
pub fn owner_of(object: &Object) -> Option<String> {
    let id = TrackingId::of(object)?;
    (id.names(object) && object.controller().is_none()).then_some(id.app)
}

/// Writes the tracking id on a desired object. CRDs get none (Argo CD 3.6: they outlive apps).
pub fn track(object: &mut Object, app: &AppInstance, destination_namespace: &str) {
    if object.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return;
    }
    let mut key = object.key();
    if key.namespace.is_empty() {
        key = key.in_namespace(destination_namespace);
    }
    let id = TrackingId { app: app.0.clone(), object: key };
    object.annotate(TRACKING_ANNOTATION, &id.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn object(annotation: &str) -> Object {
        Object::new(value!({ "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "web", "namespace": "prod", "annotations": { TRACKING_ANNOTATION: annotation } } }))
        .unwrap()
    }

    #[test]
    fn ids_print_and_parse() {
        for text in ["web:/Service:prod/web", "ns_a:rbac.authorization.k8s.io/ClusterRole:prod/system:x"] {
            assert_eq!(TrackingId::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(TrackingId::parse("web:Service:prod/web"), None);
        assert_eq!(TrackingId::parse(""), None);
    }

    #[test]
    fn r08_a_copied_id_owns_nothing() {
        assert_eq!(owner_of(&object("shop:/Service:prod/web")).as_deref(), Some("shop"));
        assert_eq!(owner_of(&object("shop:/Service:prod/other")), None);
        assert_eq!(owner_of(&object("shop:apps/Service:prod/web")), None);
    }

    #[test]
    fn r08_what_a_controller_owns_is_not_ours() {
        let mut owned = object("shop:/Service:prod/web");
        owned.metadata_mut().insert(
            "ownerReferences",
            value!([{ "apiVersion": "v1", "kind": "X", "name": "x", "uid": "u", "controller": true }]),
        );
        assert_eq!(owner_of(&owned), None);
    }

    #[test]
    fn an_app_elsewhere_carries_its_namespace() {
        assert_eq!(AppInstance::of(&AppId::new("argocd", "web"), "argocd").as_str(), "web");
        assert_eq!(AppInstance::of(&AppId::new("team", "web"), "argocd").as_str(), "team_web");
    }

    #[test]
    fn r08_crds_get_no_id() {
        let mut crd = Object::new(value!({ "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition", "metadata": { "name": "x.y" } }))
        .unwrap();
        track(&mut crd, &AppInstance("a".into()), "prod");
        assert_eq!(crd.annotation(TRACKING_ANNOTATION), None);
    }
}
