//! The order of kinds.

use crate::Dialect;

/// What is there before something else needs it.
const INSTALL: [&str; 38] = [
    "PriorityClass",
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
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The kinds that Helm 3 orders too.
const HELM3: usize = 36;

/// The order of installing: known kinds first, then unknown ones by name.
pub(crate) fn install_rank(kind: &str, dialect: Dialect) -> (usize, &str) {
    let known = match dialect {
        Dialect::Helm3 => INSTALL.get(..HELM3).unwrap_or_default(),
        Dialect::Helm4 => &INSTALL,
    };
    match known.iter().position(|k| *k == kind) {
        Some(rank) => (rank, ""),
        None => (usize::MAX, kind),
    }
}

/// The order of uninstalling: the other way round, but Services go after Ingresses and before all that
/// serves them; unknown kinds last, by name.
pub fn uninstall_rank(kind: &str, dialect: Dialect) -> (usize, &str) {
    let (rank, unknown) = install_rank(kind, dialect);
    match (rank, kind) {
        (usize::MAX, _) => (usize::MAX, unknown),
        // Behind IngressClass, before CronJob.
        (_, "Service") => (2 * (INSTALL.len() - 33) + 1, ""),
        (rank, _) => (2 * (INSTALL.len() - rank), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let mut kinds =
            ["Zebra", "Deployment", "APIService", "Alpha", "Namespace", "ValidatingWebhookConfiguration"];
        kinds.sort_by_key(|k| install_rank(k, Dialect::Helm4));
        assert_eq!(
            kinds,
            ["Namespace", "Deployment", "APIService", "ValidatingWebhookConfiguration", "Alpha", "Zebra"]
        );
        kinds.sort_by_key(|k| install_rank(k, Dialect::Helm3));
        assert_eq!(
            kinds,
            ["Namespace", "Deployment", "APIService", "Alpha", "ValidatingWebhookConfiguration", "Zebra"]
        );
        let mut kinds = ["Pod", "CronJob", "Service", "Ingress", "IngressClass", "Job", "Other"];
        kinds.sort_by_key(|k| uninstall_rank(k, Dialect::Helm4));
        assert_eq!(kinds, ["Ingress", "IngressClass", "Service", "CronJob", "Job", "Pod", "Other"]);
    }
}
