//! The order in which kinds are applied.

use tautline_core::Object;

/// Argo CD 3.6's order of kinds; the group is ignored there, and here. Every other kind comes last.
const KINDS: [&str; 35] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// A kind's place in the order of applies; deletes run it backwards.
pub fn kind_rank(kind: &str) -> usize {
    KINDS.iter().position(|k| *k == kind).unwrap_or(KINDS.len())
}

/// An object's wave: its `argocd.argoproj.io/sync-wave`, else its `helm.sh/hook-weight`, else 0. A number with blanks
/// around it is none, as for Argo CD.
pub fn wave(object: &Object) -> i64 {
    let number = |annotation| object.annotation(annotation)?.parse().ok();
    number("argocd.argoproj.io/sync-wave").or_else(|| number("helm.sh/hook-weight")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn kinds_in_order() {
        assert!(kind_rank("Namespace") < kind_rank("CustomResourceDefinition"));
        assert!(kind_rank("Deployment") < kind_rank("Ingress"));
        assert!(kind_rank("APIService") < kind_rank("Widget"));
    }

    #[test]
    fn waves_are_numbers_or_zero() {
        let with = |wave: &str| {
            Object::new(value!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": "x",
                "annotations": { "argocd.argoproj.io/sync-wave": wave, "helm.sh/hook-weight": "7" } } }))
            .unwrap()
        };
        assert_eq!(wave(&with("-3")), -3);
        assert_eq!(wave(&with("soon")), 7);
    }
}
