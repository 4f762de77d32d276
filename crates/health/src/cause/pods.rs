//! Pods: not scheduled, not started, not ready, evicted.

use tautline_core::{Object, ResourceKey, Value};

use super::references::{Use, uses};
use super::walk::{Links, Walk};
use super::{Link, Relation};
use crate::conditions::{condition, conditions};

impl Walk<'_> {
    pub(super) fn pod(&mut self, pod: &Object, link: &mut Link) -> Option<Links> {
        if let Some(scheduled) = condition(pod, "PodScheduled").filter(|c| c.status == "False") {
            link.tell(scheduled.reason, scheduled.message);
            return self.unscheduled(pod, scheduled.message);
        }
        if let Some(reason) = pod.str_at(&["status", "reason"]) {
            link.tell(reason, pod.str_at(&["status", "message"]).unwrap_or_default());
            return None;
        }
        if let Some(links) = self.node(pod) {
            return Some(links);
        }
        if let Some(links) = self.containers(pod) {
            return Some(links);
        }
        if let Some(gate) = self.closed_gate(pod) {
            link.tell("ReadinessGatesNotReady", format!("its readiness gate {gate} is not open"));
            return None;
        }
        if link.message.is_empty() {
            let phase = pod.str_at(&["status", "phase"]).unwrap_or("Pending");
            let unready = conditions(pod).find(|c| c.kind == "Ready" && c.status != "True");
            let told = unready.map(|c| c.message).filter(|message| !message.is_empty());
            link.tell(phase, told.map_or_else(|| format!("it is {phase}"), str::to_owned));
        }
        if pod.str_at(&["status", "phase"]) == Some("Pending") {
            if let Some(links) = self.named_by(pod, Use::is_of_pod) {
                return Some(links);
            }
            self.ask_events(pod, link);
        }
        None
    }

    /// The scheduler waits for a claim, or for room on a node.
    fn unscheduled(&mut self, pod: &Object, message: &str) -> Option<Links> {
        if !message.to_ascii_lowercase().contains("persistentvolumeclaim") {
            return None;
        }
        self.named_by(pod, |used| used.key.kind == "PersistentVolumeClaim")
    }

    /// A node that does not answer is why its pods are not ready.
    fn node(&mut self, pod: &Object) -> Option<Links> {
        let name = pod.str_at(&["spec", "nodeName"])?;
        let node = self.around.get(&ResourceKey::new("", "Node", "", name)).present()?;
        let ready = condition(&node, "Ready").filter(|c| c.status != "True")?;
        let mut link = Link::of(&node, Relation::Named, None);
        link.tell(ready.reason, ready.message);
        Some(vec![link])
    }

    /// What is wrong with the first object that the pod names and that passes the test.
    pub(super) fn named_by(&mut self, pod: &Object, test: impl Fn(&Use) -> bool) -> Option<Links> {
        for used in uses(pod).into_iter().filter(|used| !used.optional && test(used)) {
            let found = self.around.get(&used.key);
            let lacks = |field: &str| {
                let holds = |object: &Object, part: &str| object.at(&[part, field]).is_some();
                found.as_ref().present().is_some_and(|o| !holds(o, "data") && !holds(o, "binaryData"))
            };
            if let Some(field) = used.field.as_deref().filter(|field| lacks(field)) {
                let mut link = self.missing(&used.key, Relation::Named);
                (link.status, link.reason) = (None, "KeyMissing".to_owned());
                link.message = format!("has no key {field}");
                return Some(vec![link]);
            }
            if let Some(links) = self.named(&used.key, Relation::Named) {
                return Some(links);
            }
        }
        None
    }

    fn closed_gate<'p>(&self, pod: &'p Object) -> Option<&'p str> {
        let gates = pod.list_at(&["spec", "readinessGates"]).iter();
        let mut kinds = gates.filter_map(|gate| gate.get("conditionType").and_then(Value::as_str));
        kinds.find(|kind| condition(pod, kind).is_none_or(|c| c.status != "True"))
    }
}
