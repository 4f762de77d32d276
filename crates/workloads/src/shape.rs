//! Objects as controllers make them: owner references, pods from templates, conditions.

use tautline_core::{Map, Object, Timestamp, Value, value};
use tautline_grammar::time;

/// The reference of a controller to what it controls.
pub(crate) fn owner_reference(owner: &Object) -> Value {
    value!({ "apiVersion": owner.api_version(), "kind": owner.kind(), "name": owner.name(),
        "uid": owner.metadata_str("uid"), "controller": true, "blockOwnerDeletion": true })
}

/// A pod from its controller's template, with more labels.
pub(crate) fn pod(owner: &Object, name: &str, labels: &[(&str, &str)]) -> Object {
    let template = owner.at(&["spec", "template"]).cloned().unwrap_or_default();
    let mut metadata = Map::new();
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.at(&["metadata", field]) {
            metadata.insert(field, value.clone());
        }
    }
    let all = metadata.map_at("labels");
    labels.iter().for_each(|(key, value)| drop(all.insert(*key, *value)));
    metadata.insert("name", name);
    metadata.insert("namespace", owner.namespace());
    metadata.insert("ownerReferences", value!([owner_reference(owner)]));
    let spec = template.get("spec").cloned().unwrap_or_else(Value::map);
    let pod = value!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
    let Value::Map(map) = pod else { return Object::from_map(Map::new()) };
    Object::from_map(map)
}

/// Whether a pod has its Ready condition.
pub(crate) fn is_ready(pod: &Object) -> bool {
    condition(pod, "Ready").is_some_and(|c| c.str_at(&["status"]) == Some("True"))
}

/// Whether a pod runs or will run: it is neither done nor being deleted.
pub(crate) fn is_active(pod: &Object) -> bool {
    !pod.is_terminating() && !matches!(phase(pod), "Succeeded" | "Failed")
}

/// `status.phase`.
pub(crate) fn phase(pod: &Object) -> &str {
    pod.str_at(&["status", "phase"]).unwrap_or_default()
}

/// A condition of an object.
pub(crate) fn condition<'o>(object: &'o Object, kind: &str) -> Option<&'o Value> {
    object.list_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some(kind))
}

/// The wished number of replicas.
pub(crate) fn wished(object: &Object) -> i64 {
    object.i64_at(&["spec", "replicas"]).unwrap_or(1)
}

/// Conditions being written: each keeps its times as long as it says the same.
pub(crate) struct Conditions<'o> {
    object: &'o Object,
    now: String,
    list: Vec<Value>,
}

impl<'o> Conditions<'o> {
    pub(crate) fn of(object: &'o Object, now: Timestamp) -> Self {
        let list = object.list_at(&["status", "conditions"]).to_vec();
        Self { object, now: time::seconds(now), list }
    }

    /// Sets a condition. `timed` ones carry `lastUpdateTime` too.
    pub(crate) fn set(&mut self, kind: &str, status: &str, reason: &str, message: &str, timed: bool) {
        let old = condition(self.object, kind);
        let is = |field: &str, text: &str| old.and_then(|o| o.str_at(&[field])) == Some(text);
        if is("status", status) && is("reason", reason) && is("message", message) {
            return;
        }
        let since = match old.and_then(|o| o.str_at(&["lastTransitionTime"])) {
            Some(since) if is("status", status) => since.to_owned(),
            _ => self.now.clone(),
        };
        let mut new = value!({ "type": kind, "status": status, "lastTransitionTime": since });
        if let Value::Map(map) = &mut new {
            for (field, text) in [("reason", reason), ("message", message)] {
                if !text.is_empty() {
                    map.insert(field, text);
                }
            }
            if timed {
                map.insert("lastUpdateTime", self.now.as_str());
            }
        }
        match self.list.iter_mut().find(|c| c.str_at(&["type"]) == Some(kind)) {
            Some(place) => *place = new,
            None => self.list.push(new),
        }
    }

    /// The conditions, into a status.
    pub(crate) fn write(self, status: &mut Map) {
        if !self.list.is_empty() {
            status.insert("conditions", Value::from(self.list));
        }
    }
}

/// Sets numbers that are printed only when they are not zero.
pub(crate) fn set_counts(status: &mut Map, counts: &[(&str, usize)]) {
    for (field, count) in counts {
        if *count > 0 {
            status.insert(*field, i64::try_from(*count).unwrap_or(i64::MAX));
        } else {
            status.remove(field);
        }
    }
}
