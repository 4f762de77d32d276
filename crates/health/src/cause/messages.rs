//! What controllers' messages name: quotas, webhooks, objects that were not found.

use tautline_core::{Object, ResourceKey};

use super::walk::{Links, Walk};
use super::{Link, Relation};

/// The words for kinds in `secret "x" not found`, and whether the kind is namespaced.
const WORDS: [(&str, &str, &str, bool); 12] = [
    ("secret", "", "Secret", true),
    ("secrets", "", "Secret", true),
    ("configmap", "", "ConfigMap", true),
    ("configmaps", "", "ConfigMap", true),
    ("serviceaccount", "", "ServiceAccount", true),
    ("serviceaccounts", "", "ServiceAccount", true),
    ("persistentvolumeclaim", "", "PersistentVolumeClaim", true),
    ("persistentvolumeclaims", "", "PersistentVolumeClaim", true),
    ("service", "", "Service", true),
    ("services", "", "Service", true),
    ("storageclass.storage.k8s.io", "storage.k8s.io", "StorageClass", false),
    ("priorityclass.scheduling.k8s.io", "scheduling.k8s.io", "PriorityClass", false),
];

impl Walk<'_> {
    /// Follows a message to the object that it names.
    pub(super) fn by_message(&mut self, object: &Object, message: &str) -> Option<Links> {
        if let Some(rest) = after(message, "exceeded quota: ") {
            let (name, rest) = rest.split_once(", ").unwrap_or((rest, ""));
            let key = ResourceKey::new("", "ResourceQuota", object.namespace(), name.trim());
            return Some(vec![link(key, "QuotaExceeded", rest)]);
        }
        if message.contains("failed calling webhook") {
            return self.webhook_call(message);
        }
        if let Some(name) = between(message, "no PriorityClass with name ", " was found") {
            let key = ResourceKey::new("scheduling.k8s.io", "PriorityClass", "", name);
            return self.if_missing(key);
        }
        let key = not_found(message, object.namespace())?;
        self.if_missing(key)
    }

    fn if_missing(&mut self, key: ResourceKey) -> Option<Links> {
        self.around.get(&key).is_absent().then(|| vec![self.missing(&key, Relation::Named)])
    }

    /// `Post "https://NAME.NAMESPACE.svc:443/…"`: the Service behind a webhook.
    fn webhook_call(&mut self, message: &str) -> Option<Links> {
        let host = after(message, "https://")?.split(['/', ':', '?']).next()?;
        let mut parts = host.split('.');
        let (name, namespace) = (parts.next()?, parts.next()?);
        (parts.next() == Some("svc")).then_some(())?;
        let key = ResourceKey::new("", "Service", namespace, name);
        self.backend(&key).or_else(|| {
            let reason = after(message, ": ").unwrap_or(message);
            Some(vec![Link { relation: Relation::Backend, ..link(key, "WebhookFailed", reason) }])
        })
    }
}

fn link(object: ResourceKey, reason: &str, message: &str) -> Link {
    Link {
        relation: Relation::Named,
        object,
        container: None,
        status: None,
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

/// The first `KIND "NAME" not found` of a message.
fn not_found(message: &str, namespace: &str) -> Option<ResourceKey> {
    let mut before = message.match_indices("\" not found").map(|(end, _)| message.get(..end));
    before.find_map(|text| {
        let (start, name) = text?.rsplit_once('"')?;
        let word = start.trim_end().rsplit([' ', ':', '(']).next()?.to_ascii_lowercase();
        let (_, group, kind, is_namespaced) = WORDS.iter().find(|(known, ..)| *known == word)?;
        let name = name.rsplit('/').next()?;
        Some(ResourceKey::new(*group, *kind, if *is_namespaced { namespace } else { "" }, name))
    })
}

fn after<'m>(message: &'m str, mark: &str) -> Option<&'m str> {
    message.split_once(mark).map(|(_, rest)| rest)
}

fn between<'m>(message: &'m str, start: &str, end: &str) -> Option<&'m str> {
    after(message, start)?.split_once(end).map(|(name, _)| name.trim())
}
