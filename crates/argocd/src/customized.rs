//! Health as ConfigMap `argocd-cm` customizes it: Lua scripts before the built-in rules.

use std::sync::{Arc, PoisonError, RwLock};

use tautline_cluster::{Cluster, Discovery, Target};
use tautline_core::{Digest, GroupVersionKind, Object, Timestamp, Value};
use tautline_health::{Health, HealthCheck, Surroundings};
use tautline_scripts::Customizations;

/// Argo CD's settings, in the namespace of the control plane.
pub(crate) const CONFIG_MAP: &str = "argocd-cm";
/// The start of every key that matters here.
const KEYS: &str = "resource.customizations";

/// A check that asks the scripts of `argocd-cm` first, and the check beneath for kinds without one.
pub(crate) struct CustomizedHealth {
    beneath: Arc<dyn HealthCheck>,
    scripts: RwLock<Scripts>,
}

#[derive(Default)]
struct Scripts {
    customizations: Arc<Customizations>,
    /// Of the keys that they were read from.
    digest: Option<Digest>,
}

impl CustomizedHealth {
    pub(crate) fn new(beneath: Arc<dyn HealthCheck>) -> Self {
        Self { beneath, scripts: RwLock::default() }
    }

    /// Reads the scripts once, and answers the ConfigMap for its other keys, so that the first judgements are theirs already. A cluster that does not answer is
    /// asked again by whoever follows the ConfigMap.
    pub(crate) async fn read(
        &self,
        cluster: &dyn Cluster,
        discovery: &Discovery,
        control_plane: &str,
    ) -> Option<Arc<Object>> {
        let resource = discovery.find(&GroupVersionKind::new("", "v1", "ConfigMap"))?;
        match cluster.get(&Target::new(resource.clone(), control_plane, CONFIG_MAP)).await {
            Ok(config_map) => {
                self.customize(config_map.as_deref());
                config_map
            }
            Err(error) => {
                tracing::warn!(%error, "argocd-cm cannot be read; it counts for nothing until it can");
                None
            }
        }
    }

    /// Takes the ConfigMap as it is now, or that there is none; says whether that changes anything. A script that
    /// cannot be read is told in the log and left out.
    pub(crate) fn customize(&self, config_map: Option<&Object>) -> bool {
        let data = config_map.and_then(|object| object.get("data")).and_then(Value::as_map);
        let texts: Vec<(&str, &str)> = data
            .into_iter()
            .flat_map(|map| map.iter())
            .filter(|(key, _)| key.as_str().starts_with(KEYS))
            .filter_map(|(key, text)| Some((key.as_str(), text.as_str()?)))
            .collect();
        let digest = (!texts.is_empty()).then(|| Digest::of_parts(texts.iter().flat_map(|(k, v)| [*k, *v])));
        let mut scripts = self.scripts.write().unwrap_or_else(PoisonError::into_inner);
        if scripts.digest == digest {
            return false;
        }
        let (customizations, errors) = Customizations::from_data(texts);
        errors.iter().for_each(|error| tracing::warn!(%error, "argocd-cm"));
        *scripts = Scripts { customizations: Arc::new(customizations), digest };
        true
    }
}

impl HealthCheck for CustomizedHealth {
    fn assess(&self, object: &Object, around: &dyn Surroundings, now: Timestamp) -> Option<Health> {
        let scripts = self.scripts.read().unwrap_or_else(PoisonError::into_inner).customizations.clone();
        match scripts.concern(object) {
            true => scripts.judge(object, now).health,
            false => self.beneath.assess(object, around, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tautline_core::{Object, Timestamp, Value, value};
    use tautline_health::{BuiltIn, HealthCheck, Objects};

    use super::CustomizedHealth;

    fn config_map(key: &str, script: &str) -> Object {
        let data: tautline_core::Map = [(key, Value::string(script))].into_iter().collect();
        Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm" },
            "data": Value::Map(data) }))
        .expect("it has a kind and a name")
    }

    #[test]
    fn scripts_come_go_and_change() {
        let check = CustomizedHealth::new(Arc::new(BuiltIn));
        let object = config_map("url", "x");
        let status =
            || check.assess(&object, &Objects::default(), Timestamp::default()).map(|h| h.status.to_string());
        assert!(!check.customize(None));
        assert_eq!(status(), None);
        let key = "resource.customizations.health.ConfigMap";
        let degraded = config_map(key, "return { status = 'Degraded' }");
        assert!(check.customize(Some(&degraded)));
        assert!(!check.customize(Some(&degraded)), "the same again is no change");
        assert_eq!(status().as_deref(), Some("Degraded"));
        let map = "ConfigMap:\n  health.lua: return { status = 'Suspended' }\n";
        assert!(check.customize(Some(&config_map("resource.customizations", map))));
        assert_eq!(status().as_deref(), Some("Suspended"));
        assert!(check.customize(Some(&config_map("resource.customizations", ": no map"))));
        assert_eq!(status(), None);
        assert!(check.customize(Some(&config_map(key, "this is not Lua"))));
        assert_eq!(status().as_deref(), Some("Unknown"));
        assert!(!check.customize(Some(&config_map(key, "this is not Lua"))));
        assert!(check.customize(Some(&config_map("admin.enabled", "true"))));
        assert_eq!(status(), None);
    }
}
