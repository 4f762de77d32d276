//! What a pod names: Secrets, ConfigMaps, claims, its account, its classes.

use tautline_core::{Object, ResourceKey, Value};

use super::walk::Walk;

/// An object that a pod names.
pub(super) struct Use {
    pub(super) key: ResourceKey,
    /// The container that names it; none if the pod as a whole does.
    pub(super) container: Option<String>,
    /// The key in it that is wanted.
    pub(super) field: Option<String>,
    /// Whether the pod runs without it.
    pub(super) optional: bool,
    /// Whether images are pulled with it.
    pub(super) pulls: bool,
}

impl Use {
    /// Whether the pod cannot start without it. One of several secrets to pull with may be missing, so these count
    /// only for images that cannot be pulled.
    pub(super) fn is_of_pod(&self) -> bool {
        self.container.is_none() && !self.pulls
    }
}

/// Everything that a pod names, in the order of its fields: volumes, containers, account.
pub(super) fn uses(pod: &Object) -> Vec<Use> {
    let mut all = Uses { namespace: pod.namespace(), found: Vec::new() };
    let spec = |path: &str| pod.list_at(&["spec", path]).iter();
    spec("volumes").for_each(|volume| all.volume(volume));
    spec("initContainers").chain(spec("containers")).for_each(|container| all.container(container));
    if let Some(account) = pod.str_at(&["spec", "serviceAccountName"]) {
        all.add("ServiceAccount", account, None);
    }
    for secret in spec("imagePullSecrets").filter_map(|secret| secret.str_at(&["name"])) {
        all.add("Secret", secret, None).pulls = true;
    }
    all.found.retain(|used| !used.key.name.is_empty());
    all.found
}

struct Uses<'p> {
    namespace: &'p str,
    found: Vec<Use>,
}

impl Uses<'_> {
    fn add(&mut self, kind: &str, name: &str, container: Option<&str>) -> &mut Use {
        let key = ResourceKey::new("", kind, self.namespace, name);
        let container = container.map(str::to_owned);
        self.found.push(Use { key, container, field: None, optional: false, pulls: false });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn add_from(&mut self, kind: &str, source: &Value, name: &str, container: Option<&str>) {
        let optional = source.get("optional").and_then(Value::as_bool).unwrap_or(false);
        let field = source.str_at(&["key"]).map(str::to_owned);
        let name = source.str_at(&[name]).unwrap_or_default();
        let used = self.add(kind, name, container);
        (used.optional, used.field) = (optional, field);
    }

    fn volume(&mut self, volume: &Value) {
        if let Some(secret) = volume.get("secret") {
            self.add_from("Secret", secret, "secretName", None);
        }
        if let Some(map) = volume.get("configMap") {
            self.add_from("ConfigMap", map, "name", None);
        }
        if let Some(claim) = volume.str_at(&["persistentVolumeClaim", "claimName"]) {
            self.add("PersistentVolumeClaim", claim, None);
        }
        for source in volume.list_at(&["projected", "sources"]) {
            for (field, kind) in [("secret", "Secret"), ("configMap", "ConfigMap")] {
                if let Some(source) = source.get(field) {
                    self.add_from(kind, source, "name", None);
                }
            }
        }
    }

    fn container(&mut self, container: &Value) {
        let name = container.str_at(&["name"]);
        for source in container.list_at(&["envFrom"]) {
            for (field, kind) in [("secretRef", "Secret"), ("configMapRef", "ConfigMap")] {
                if let Some(source) = source.get(field) {
                    self.add_from(kind, source, "name", name);
                }
            }
        }
        for variable in container.list_at(&["env"]) {
            for (field, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
                if let Some(source) = variable.at(&["valueFrom", field]) {
                    self.add_from(kind, source, "name", name);
                }
            }
        }
    }
}

impl Walk<'_> {
    /// The object that a field names by kind and name, in the object's own namespace unless it says another.
    pub(super) fn reference(&self, object: &Object, path: &[&str], group: &str) -> Option<ResourceKey> {
        named(object.at(path)?, object.namespace(), group)
    }
}

/// What a reference names; `group` is meant where it says none.
pub(super) fn named(reference: &Value, namespace: &str, group: &str) -> Option<ResourceKey> {
    let text = |field: &str| reference.str_at(&[field]).filter(|text| !text.is_empty());
    let (kind, name) = (text("kind")?, text("name")?);
    let group = match (text("apiVersion"), text("group").or_else(|| text("apiGroup"))) {
        (Some(version), _) => version.split_once('/').map_or("", |(group, _)| group),
        (None, Some(named)) => named,
        (None, None) => group,
    };
    let is_wide = kind.starts_with("Cluster") && kind != "Cluster" || kind.ends_with("Class");
    let namespace = if is_wide { "" } else { text("namespace").unwrap_or(namespace) };
    Some(ResourceKey::new(group, kind, namespace, name))
}
