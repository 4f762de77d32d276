//! Which kinds live outside namespaces, as far as Kustomize 5.8 knows: Kubernetes' own of 1.21. All others
//! count as namespaced.

use super::id::Gvk;

pub(crate) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    let kinds: &[&str] = match (gvk.group.as_str(), gvk.version.as_str()) {
        ("", "v1") => &["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
        ("admissionregistration.k8s.io", "v1" | "v1beta1") => {
            &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
        }
        ("apiextensions.k8s.io", "v1" | "v1beta1") => &["CustomResourceDefinition"],
        ("apiregistration.k8s.io", "v1" | "v1beta1") => &["APIService"],
        ("certificates.k8s.io", "v1" | "v1beta1") => &["CertificateSigningRequest"],
        ("flowcontrol.apiserver.k8s.io", "v1beta1") => &["FlowSchema", "PriorityLevelConfiguration"],
        ("networking.k8s.io", "v1" | "v1beta1") => &["IngressClass"],
        ("node.k8s.io", "v1" | "v1beta1") => &["RuntimeClass"],
        ("policy", "v1beta1") => &["PodSecurityPolicy"],
        ("rbac.authorization.k8s.io", "v1" | "v1beta1") => &["ClusterRole", "ClusterRoleBinding"],
        ("scheduling.k8s.io", "v1" | "v1beta1") => &["PriorityClass"],
        ("storage.k8s.io", "v1" | "v1beta1") => &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        _ => &[],
    };
    kinds.contains(&gvk.kind.as_str())
}

/// Whether Kustomize has the scope of a kind at hand; of another it asks its types.
pub(crate) fn is_known(gvk: &Gvk) -> bool {
    const NAMESPACED: [(&str, &[&str]); 14] = [
        ("apps/v1", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
        ("autoscaling/v1", &["HorizontalPodAutoscaler", "Scale"]),
        ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"]),
        ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"]),
        ("batch/v1", &["CronJob", "Job"]),
        ("batch/v1beta1", &["CronJob"]),
        ("coordination.k8s.io/v1", &["Lease"]),
        ("discovery.k8s.io/v1", &["EndpointSlice"]),
        ("extensions/v1beta1", &["Ingress"]),
        ("networking.k8s.io/v1", &["Ingress", "NetworkPolicy"]),
        ("networking.k8s.io/v1beta1", &["Ingress"]),
        ("policy/v1", &["PodDisruptionBudget"]),
        ("policy/v1beta1", &["PodDisruptionBudget"]),
        ("rbac.authorization.k8s.io/v1", &["Role", "RoleBinding"]),
    ];
    const CORE: [&str; 14] = [
        "ConfigMap",
        "Endpoints",
        "Event",
        "LimitRange",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "ResourceQuota",
        "Secret",
        "Service",
        "ServiceAccount",
        "PodExecOptions",
        "PodProxyOptions",
    ];
    let kind = gvk.kind.as_str();
    is_cluster_scoped(gvk)
        || (gvk.group.is_empty() && gvk.version == "v1" && CORE.contains(&kind))
        || NAMESPACED.iter().any(|(api_version, kinds)| {
            api_version.split_once('/') == Some((&gvk.group, &gvk.version)) && kinds.contains(&kind)
        })
}
