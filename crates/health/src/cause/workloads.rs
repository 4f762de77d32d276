//! Deployments and the like: what they own, and why they cannot make it.

use tautline_core::{Object, ResourceKey};

use super::walk::{Links, Walk};
use super::{Link, Relation};
use crate::conditions::{Condition, conditions};

impl Walk<'_> {
    /// What keeps a workload: a pod that fails, or pods that cannot be made.
    pub(super) fn workload(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        let failure = conditions(object).find(tells_failure);
        if let Some(condition) = &failure {
            link.tell(condition.reason, condition.message);
        }
        if let Some(links) = self.owned(object) {
            return Some(links);
        }
        if let Some(condition) = failure {
            return self.by_message(object, condition.message);
        }
        let observed = object.i64_at(&["status", "observedGeneration"]);
        if object.kind() != "Job" && object.generation().is_some_and(|now| observed.unwrap_or(0) < now) {
            link.reason = "NotObserved".to_owned();
            return None;
        }
        if self.around.children(object).is_empty() && object.kind() != "CronJob" {
            return self.childless(object, link);
        }
        None
    }

    /// No pod was made, and only Events say why, unless its account is missing.
    fn childless(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        if let Some(account) = object.str_at(&["spec", "template", "spec", "serviceAccountName"]) {
            let key = ResourceKey::new("", "ServiceAccount", object.namespace(), account);
            if self.around.get(&key).is_absent() {
                return Some(vec![self.missing(&key, Relation::Named)]);
            }
        }
        self.ask_events(object, link);
        let message = link.message.clone();
        self.by_message(object, &message)
    }

    /// An autoscaler: what it scales, and where its numbers come from.
    pub(super) fn autoscaler(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        let bad = conditions(object)
            .find(|c| matches!(c.kind, "AbleToScale" | "ScalingActive") && c.status == "False");
        let target = self.reference(object, &["spec", "scaleTargetRef"], "");
        if let Some(links) = target.and_then(|key| self.named(&key, Relation::Named)) {
            return Some(links);
        }
        let condition = bad?;
        link.tell(condition.reason, condition.message);
        let apis = ["custom.metrics.k8s.io", "external.metrics.k8s.io", "metrics.k8s.io"];
        let api = apis.into_iter().find(|api| condition.message.contains(api))?;
        let serves = |service: &Object| service.str_at(&["spec", "group"]) == Some(api);
        let all = self.around.of_kind(&tautline_core::GroupKind::new("apiregistration.k8s.io", "APIService"));
        match all.into_iter().find(|service| serves(service)) {
            Some(service) => self.explain(&service, Relation::Named),
            None => {
                let key =
                    ResourceKey::new("apiregistration.k8s.io", "APIService", "", format!("v1beta1.{api}"));
                self.around.get(&key).is_absent().then(|| vec![self.missing(&key, Relation::Named)])
            }
        }
    }
}

/// The conditions by which built-in controllers say that they failed.
fn tells_failure(condition: &Condition<'_>) -> bool {
    match condition.kind {
        "ReplicaFailure" | "Failed" | "FailureTarget" => condition.status == "True",
        "Progressing" => condition.reason == "ProgressDeadlineExceeded",
        _ => false,
    }
}
