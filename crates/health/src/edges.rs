//! Edges that no ownerReference tells: who sends requests to whom, who mounts what, who scales whom.

use std::sync::Arc;

use tautline_core::{GroupKind, Object, ResourceKey, Value};
use tautline_grammar::LabelSelector;

use crate::Surroundings;

/// An edge of the network view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Edge {
    /// From this object …
    pub from: ResourceKey,
    /// … to this one, which may not be there.
    pub to: ResourceKey,
    /// What it is.
    pub kind: EdgeKind,
}

/// What an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// Requests go from the first to the second: Ingress to Service, Service to pod.
    Traffic,
    /// The first's addresses are listed in the second: Service to EndpointSlice.
    Endpoints,
    /// The first uses the second's content: pod to claim, Secret, ConfigMap; StatefulSet to its claims.
    Uses,
    /// The first sets the second's replicas: autoscaler to workload.
    Scales,
    /// The first bounds the second's pods: a disruption budget.
    Bounds,
}

/// The edges that begin at an object, in the order of their ends. Pure, and only what is known: an end that a field
/// names is told whether it is there or not, an end that a selector finds only if it is there.
///
/// ```
/// use tautline_core::{Object, value};
/// use tautline_health::{EdgeKind, Objects, edges};
///
/// let object = |value| Object::new(value);
/// let service = object(value!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": "n" },
///     "spec": { "selector": { "app": "web" } } }))?;
/// let pod = object(value!({ "apiVersion": "v1", "kind": "Pod",
///     "metadata": { "name": "web-1", "namespace": "n", "labels": { "app": "web" } } }))?;
/// let found = edges(&service, &Objects::new([service.clone(), pod.clone()]));
/// assert_eq!((found[0].to.clone(), found[0].kind), (pod.key(), EdgeKind::Traffic));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn edges(object: &Object, around: &dyn Surroundings) -> Vec<Edge> {
    let mut found = match (object.group(), object.kind()) {
        ("", "Service") => of_service(object, around),
        ("", "Pod") => of_pod(object),
        ("apps", "StatefulSet") => of_stateful_set(object, around),
        ("networking.k8s.io" | "extensions", "Ingress") => of_ingress(object),
        ("autoscaling", "HorizontalPodAutoscaler") => of_autoscaler(object),
        ("policy", "PodDisruptionBudget") => selected(object, object.at(&["spec", "selector"]), around)
            .into_iter()
            .map(|pod| (pod, EdgeKind::Bounds))
            .collect(),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => of_route(object),
        _ => Vec::new(),
    };
    found.sort();
    found.dedup();
    let from = object.key();
    found.into_iter().map(|(to, kind)| Edge { from: from.clone(), to, kind }).collect()
}

type Ends = Vec<(ResourceKey, EdgeKind)>;

fn near(object: &Object, group: &str, kind: &str, name: &str) -> ResourceKey {
    ResourceKey::new(group, kind, object.namespace(), name)
}

fn of_service(service: &Object, around: &dyn Surroundings) -> Ends {
    let slices = around.children(service).into_iter().filter(|child| child.kind() == "EndpointSlice");
    let mut ends: Ends = slices.map(|slice| (slice.key(), EdgeKind::Endpoints)).collect();
    let selector =
        service.at(&["spec", "selector"]).filter(|s| s.as_map().is_some_and(|map| !map.is_empty()));
    let Some(selector) = selector.and_then(|labels| LabelSelector::from_labels(labels).ok()) else {
        return ends;
    };
    let pods = pods(service, around).into_iter().filter(|pod| selector.matches(|key| pod.label(key)));
    ends.extend(pods.map(|pod| (pod.key(), EdgeKind::Traffic)));
    ends
}

fn pods(object: &Object, around: &dyn Surroundings) -> Vec<Arc<Object>> {
    let all = around.of_kind(&GroupKind::new("", "Pod")).into_iter();
    all.filter(|pod| pod.namespace() == object.namespace()).collect()
}

/// The pods that a selector with `matchLabels` and `matchExpressions` finds; an empty one finds all.
fn selected(object: &Object, selector: Option<&Value>, around: &dyn Surroundings) -> Vec<ResourceKey> {
    let Some(Ok(selector)) = selector.map(LabelSelector::from_value) else { return Vec::new() };
    let fits = |pod: &Arc<Object>| selector.matches(|key| pod.label(key));
    pods(object, around).into_iter().filter(fits).map(|pod| pod.key()).collect()
}

fn of_pod(pod: &Object) -> Ends {
    crate::cause::used_by(pod).into_iter().map(|key| (key, EdgeKind::Uses)).collect()
}

/// Claims of a StatefulSet's templates bear its name and a number, and no ownerReference.
fn of_stateful_set(set: &Object, around: &dyn Surroundings) -> Ends {
    let templates = set.list_at(&["spec", "volumeClaimTemplates"]).iter();
    let starts: Vec<String> = templates
        .filter_map(|template| template.str_at(&["metadata", "name"]))
        .map(|name| format!("{name}-{}-", set.name()))
        .collect();
    let is_its = |claim: &Arc<Object>| {
        let is_number = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
        claim.namespace() == set.namespace()
            && starts.iter().any(|start| claim.name().strip_prefix(start.as_str()).is_some_and(is_number))
    };
    let claims = around.of_kind(&GroupKind::new("", "PersistentVolumeClaim"));
    claims.into_iter().filter(is_its).map(|claim| (claim.key(), EdgeKind::Uses)).collect()
}

fn of_ingress(ingress: &Object) -> Ends {
    let rules = ingress.list_at(&["spec", "rules"]).iter();
    let paths = rules.flat_map(|rule| rule.list_at(&["http", "paths"]));
    let services = paths.filter_map(|path| path.str_at(&["backend", "service", "name"]));
    let default = ingress.str_at(&["spec", "defaultBackend", "service", "name"]);
    let services = default
        .into_iter()
        .chain(services)
        .map(|name| (near(ingress, "", "Service", name), EdgeKind::Traffic));
    let secrets = ingress.list_at(&["spec", "tls"]).iter().filter_map(|tls| tls.str_at(&["secretName"]));
    services.chain(secrets.map(|name| (near(ingress, "", "Secret", name), EdgeKind::Uses))).collect()
}

fn of_route(route: &Object) -> Ends {
    let rules = route.list_at(&["spec", "rules"]).iter();
    let backends = rules.flat_map(|rule| rule.list_at(&["backendRefs"]));
    let end = |backend: &Value| {
        let kind = backend.str_at(&["kind"]).unwrap_or("Service");
        let group = backend.str_at(&["group"]).unwrap_or_default();
        let namespace = backend.str_at(&["namespace"]).unwrap_or(route.namespace());
        Some((ResourceKey::new(group, kind, namespace, backend.str_at(&["name"])?), EdgeKind::Traffic))
    };
    backends.filter_map(end).collect()
}

fn of_autoscaler(scaler: &Object) -> Ends {
    let text = |field: &str| scaler.str_at(&["spec", "scaleTargetRef", field]);
    let (Some(kind), Some(name)) = (text("kind"), text("name")) else { return Vec::new() };
    let group = text("apiVersion").and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
    vec![(near(scaler, group, kind, name), EdgeKind::Scales)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Objects;
    use tautline_core::value;

    fn told(value: Value, around: &[Value]) -> Vec<String> {
        let object = Object::new(value).unwrap();
        let around = Objects::new(around.iter().cloned().map(|value| Object::new(value).unwrap()));
        edges(&object, &around).iter().map(|edge| format!("{:?} {}", edge.kind, edge.to)).collect()
    }

    #[test]
    fn each_kind_leads_where_its_fields_say() {
        let ingress = value!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": "web", "namespace": "n" },
            "spec": { "tls": [{ "secretName": "tls" }], "defaultBackend": { "service": { "name": "web" } },
                "rules": [{ "http": { "paths": [{ "backend": { "service": { "name": "api" } } }] } }] } });
        assert_eq!(
            told(ingress, &[]),
            ["Uses Secret n/tls", "Traffic Service n/api", "Traffic Service n/web"]
        );
        let scaler = value!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "a", "namespace": "n" },
            "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" } } });
        assert_eq!(told(scaler, &[]), ["Scales apps/Deployment n/web"]);
        let pod = value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": "n" },
            "spec": { "containers": [{ "name": "app", "envFrom": [{ "secretRef": { "name": "s" } }] }],
                "volumes": [{ "persistentVolumeClaim": { "claimName": "data" } }] } });
        assert_eq!(told(pod, &[]), ["Uses PersistentVolumeClaim n/data", "Uses Secret n/s"]);
        let route = value!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "a", "namespace": "n" },
            "spec": { "rules": [{ "backendRefs": [{ "name": "web" }, { "name": "b", "namespace": "m" }] }] } });
        assert_eq!(told(route, &[]), ["Traffic Service m/b", "Traffic Service n/web"]);
    }

    #[test]
    fn selectors_find_what_is_there_in_their_namespace() {
        let pod = |name: &str, namespace: &str, app: &str| value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace, "labels": { "app": app } } });
        let around = [pod("a", "n", "web"), pod("b", "n", "api"), pod("c", "m", "web")];
        let budget = value!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "a", "namespace": "n" },
            "spec": { "selector": { "matchLabels": { "app": "web" } } } });
        assert_eq!(told(budget, &around), ["Bounds Pod n/a"]);
        let none = value!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a", "namespace": "n" }, "spec": { "selector": {} } });
        assert!(told(none, &around).is_empty());
    }

    #[test]
    fn the_claims_of_a_stateful_set_are_found_by_their_names() {
        let claim = |name: &str| value!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name, "namespace": "n" } });
        let set = value!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "db", "namespace": "n" },
            "spec": { "volumeClaimTemplates": [{ "metadata": { "name": "data" } }] } });
        let around = [claim("data-db-0"), claim("data-db-11"), claim("data-db-x"), claim("data-dbx-0")];
        assert_eq!(
            told(set, &around),
            ["Uses PersistentVolumeClaim n/data-db-0", "Uses PersistentVolumeClaim n/data-db-11"]
        );
    }
}
