//! Services, Ingresses, aggregated APIs and webhooks: whoever sends requests to somebody.

use std::sync::Arc;

use tautline_core::{GroupKind, Object, Presence, ResourceKey, Value};

use super::walk::{Links, Walk};
use super::{Link, Relation};
use crate::conditions::condition;

impl Walk<'_> {
    /// A Service whose pods are all not ready, or that waits for its load balancer.
    pub(super) fn service(&mut self, service: &Object, link: &mut Link) -> Option<Links> {
        let pods = self.selected(service);
        if let Some(pods) = pods.filter(|pods| !pods.is_empty()) {
            let links = self.unready(&pods);
            if links.is_some() {
                link.tell("NoReadyPods", "none of the pods that it selects is ready");
                return links;
            }
        }
        let waits = link.status.is_some_and(|status| status != crate::HealthStatus::Healthy);
        if waits {
            link.tell("NoAddress", "it waits for an address of its load balancer");
            self.ask_events(service, link);
        }
        None
    }

    /// What is wrong with a Service that somebody sends requests to; then no pod at all is wrong too.
    pub(super) fn backend(&mut self, key: &ResourceKey) -> Option<Links> {
        let service = match self.around.get(key) {
            Presence::Present(service) => service,
            Presence::Absent(_) => return Some(vec![self.missing(key, Relation::Backend)]),
            Presence::Unknown(_) => return None,
        };
        if self.selected(&service).is_some_and(|pods| pods.is_empty()) {
            let mut link = Link::of(&service, Relation::Backend, None);
            link.tell("NoPods", "it selects no pod");
            return Some(vec![link]);
        }
        self.explain(&service, Relation::Backend)
    }

    /// The chain of a pod, unless some pod is ready.
    fn unready(&mut self, pods: &[Arc<Object>]) -> Option<Links> {
        let is_ready = |pod: &Arc<Object>| condition(pod, "Ready").is_some_and(|c| c.status == "True");
        if pods.iter().any(is_ready) {
            return None;
        }
        pods.iter().take(20).find_map(|pod| self.explain(pod, Relation::Selected))
    }

    /// The pods of a Service; `None` if it has no selector or pods are not known.
    fn selected(&self, service: &Object) -> Option<Vec<Arc<Object>>> {
        let selector = service.at(&["spec", "selector"])?.as_map().filter(|map| !map.is_empty())?;
        // Unless one pod's absence can be told, an empty list says nothing.
        let probe = ResourceKey::new("", "Pod", service.namespace(), "");
        if matches!(self.around.get(&probe), Presence::Unknown(_)) {
            return None;
        }
        let fits = |pod: &Arc<Object>| {
            pod.namespace() == service.namespace()
                && selector.iter().all(|(key, value)| pod.label(key.as_str()) == value.as_str())
        };
        Some(self.around.of_kind(&GroupKind::new("", "Pod")).into_iter().filter(fits).collect())
    }

    pub(super) fn ingress(&mut self, ingress: &Object, link: &mut Link) -> Option<Links> {
        if let Some(class) = ingress.str_at(&["spec", "ingressClassName"]) {
            let key = ResourceKey::new("networking.k8s.io", "IngressClass", "", class);
            if self.around.get(&key).is_absent() {
                return Some(vec![self.missing(&key, Relation::Named)]);
            }
        }
        let in_namespace = |kind: &str, name: &str| ResourceKey::new("", kind, ingress.namespace(), name);
        for name in backends(ingress) {
            if let Some(links) = self.backend(&in_namespace("Service", name)) {
                return Some(links);
            }
        }
        for name in ingress.list_at(&["spec", "tls"]).iter().filter_map(|tls| tls.str_at(&["secretName"])) {
            let key = in_namespace("Secret", name);
            if self.around.get(&key).is_absent() {
                return Some(vec![self.missing(&key, Relation::Named)]);
            }
        }
        if link.status.is_some_and(|status| status != crate::HealthStatus::Healthy) {
            link.tell("NoAddress", "no controller has given it an address");
            self.ask_events(ingress, link);
        }
        None
    }

    pub(super) fn api_service(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        if let Some(available) = condition(object, "Available").filter(|c| c.status != "True") {
            link.tell(available.reason, available.message);
        }
        let key = service_key(object.at(&["spec", "service"])?)?;
        self.backend(&key)
    }

    /// A webhook configuration: the first of its services that is not there or not ready.
    pub(super) fn webhooks(&mut self, object: &Object) -> Option<Links> {
        let services = object.list_at(&["webhooks"]).iter();
        let keys: Vec<ResourceKey> =
            services.filter_map(|hook| service_key(hook.at(&["clientConfig", "service"])?)).collect();
        keys.iter().find_map(|key| self.backend(key))
    }
}

fn service_key(reference: &Value) -> Option<ResourceKey> {
    let text = |field: &str| reference.get(field).and_then(Value::as_str);
    Some(ResourceKey::new("", "Service", text("namespace")?, text("name")?))
}

/// The Services that an Ingress names, in its order.
fn backends(ingress: &Object) -> Vec<&str> {
    let rules = ingress.list_at(&["spec", "rules"]).iter();
    let paths = rules.flat_map(|rule| rule.list_at(&["http", "paths"]));
    let named = paths.filter_map(|path| path.str_at(&["backend", "service", "name"]));
    ingress.str_at(&["spec", "defaultBackend", "service", "name"]).into_iter().chain(named).collect()
}
