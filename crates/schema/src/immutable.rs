//! Fields that never change once an object is there.

/// The paths of a built-in kind that an update must not change, as validation in Kubernetes 1.37 has it; without
/// conditions, such as `immutable: true` of a ConfigMap. Changing one needs a new object.
///
/// `spec` means all of it. For a StatefulSet everything but a few fields of `spec` is immutable; listed are those
/// that people change.
pub fn immutable_fields(group: &str, kind: &str) -> &'static [&'static str] {
    match (group, kind) {
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => &["spec.selector"],
        ("apps", "StatefulSet") => {
            &["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"]
        }
        ("batch", "Job") => &["spec.selector", "spec.template", "spec.completionMode"],
        ("", "Secret") => &["type"],
        ("", "PersistentVolumeClaim") => &[
            "spec.accessModes",
            "spec.selector",
            "spec.storageClassName",
            "spec.volumeName",
            "spec.volumeMode",
        ],
        ("", "PersistentVolume") => &["spec.volumeMode"],
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &["roleRef"],
        ("storage.k8s.io", "StorageClass") => {
            &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]
        }
        ("scheduling.k8s.io", "PriorityClass") => &["value", "preemptionPolicy"],
        ("networking.k8s.io", "IngressClass") => &["spec.controller"],
        ("discovery.k8s.io", "EndpointSlice") => &["addressType"],
        ("node.k8s.io", "RuntimeClass") => &["handler"],
        ("apps", "ControllerRevision") => &["data"],
        _ => &[],
    }
}
