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
