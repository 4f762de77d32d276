//! Defaults by kind that hold whatever else the object says.

use std::sync::LazyLock;

use super::set::{Rule, Rules};

/// Kinds by group and name, and the rules that hold for them whatever else the object says.
type KindRules = (&'static [(&'static str, &'static str)], &'static [Rule]);

const RULES: &[KindRules] = &[
    (
        &[("apps", "Deployment")],
        &[
            ("spec.replicas", "1"),
            ("spec.strategy.type", "\"RollingUpdate\""),
            ("spec.revisionHistoryLimit", "10"),
            ("spec.progressDeadlineSeconds", "600"),
        ],
    ),
    (&[("apps", "ReplicaSet"), ("", "ReplicationController")], &[("spec.replicas", "1")]),
    (
        &[("apps", "DaemonSet")],
        &[("spec.updateStrategy.type", "\"RollingUpdate\""), ("spec.revisionHistoryLimit", "10")],
    ),
    (
        &[("apps", "StatefulSet")],
        &[
            ("spec.podManagementPolicy", "\"OrderedReady\""),
            ("spec.replicas", "1"),
            ("spec.revisionHistoryLimit", "10"),
            ("spec.persistentVolumeClaimRetentionPolicy", "{}"),
            ("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "\"Retain\""),
            ("spec.persistentVolumeClaimRetentionPolicy.whenScaled", "\"Retain\""),
            ("spec.volumeClaimTemplates[].spec.volumeMode", "\"Filesystem\""),
            ("spec.volumeClaimTemplates[].status.phase", "\"Pending\""),
        ],
    ),
    (
        &[("batch", "CronJob")],
        &[
            ("spec.concurrencyPolicy", "\"Allow\""),
            ("spec.suspend", "false"),
            ("spec.successfulJobsHistoryLimit", "3"),
            ("spec.failedJobsHistoryLimit", "1"),
            ("spec.jobTemplate.spec.podFailurePolicy.rules[].onPodConditions[].status", "\"True\""),
        ],
    ),
    (
        &[("batch", "Job")],
        &[
            ("spec.completionMode", "\"NonIndexed\""),
            ("spec.suspend", "false"),
            ("spec.manualSelector", "false"),
            ("spec.podFailurePolicy.rules[].onPodConditions[].status", "\"True\""),
        ],
    ),
    (&[("autoscaling", "HorizontalPodAutoscaler")], &[("spec.minReplicas", "1")]),
    (&[("", "Secret")], &[("type", "\"Opaque\"")]),
    (&[("", "Namespace")], &[("status.phase", "\"Active\"")]),
    (
        &[("", "PersistentVolumeClaim")],
        &[("spec.volumeMode", "\"Filesystem\""), ("status.phase", "\"Pending\"")],
    ),
    (
        &[("", "PersistentVolume")],
        &[
            ("status.phase", "\"Pending\""),
            ("spec.persistentVolumeReclaimPolicy", "\"Retain\""),
            ("spec.volumeMode", "\"Filesystem\""),
            ("spec.iscsi.iscsiInterface", "\"default\""),
        ],
    ),
    (&[("", "Endpoints")], &[("subsets[].ports[].protocol", "\"TCP\"")]),
    (&[("discovery.k8s.io", "EndpointSlice")], &[("ports[].name", "\"\""), ("ports[].protocol", "\"TCP\"")]),
    (
        &[("networking.k8s.io", "NetworkPolicy")],
        &[("spec.ingress[].ports[].protocol", "\"TCP\""), ("spec.egress[].ports[].protocol", "\"TCP\"")],
    ),
    (&[("networking.k8s.io", "IngressClass")], &[("spec.parameters.scope", "\"Cluster\"")]),
    (
        &[("rbac.authorization.k8s.io", "ClusterRoleBinding"), ("rbac.authorization.k8s.io", "RoleBinding")],
        &[("roleRef.apiGroup", "\"rbac.authorization.k8s.io\"")],
    ),
    (&[("scheduling.k8s.io", "PriorityClass")], &[("preemptionPolicy", "\"PreemptLowerPriority\"")]),
    (
        &[("storage.k8s.io", "StorageClass")],
        &[("reclaimPolicy", "\"Delete\""), ("volumeBindingMode", "\"Immediate\"")],
    ),
    (
        &[("storage.k8s.io", "CSIDriver")],
        &[
            ("spec.attachRequired", "true"),
            ("spec.podInfoOnMount", "false"),
            ("spec.storageCapacity", "false"),
            ("spec.fsGroupPolicy", "\"ReadWriteOnceWithFSType\""),
            ("spec.volumeLifecycleModes", "[\"Persistent\"]"),
            ("spec.requiresRepublish", "false"),
            ("spec.seLinuxMount", "false"),
            ("spec.preventPodSchedulingIfMissing", "false"),
        ],
    ),
    (
        &[("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")],
        &[
            ("spec.exempt.nominalConcurrencyShares", "0"),
            ("spec.exempt.lendablePercent", "0"),
            ("spec.limited.nominalConcurrencyShares", "30"),
            ("spec.limited.lendablePercent", "0"),
        ],
    ),
    (
        &[
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ],
        &[
            ("spec.failurePolicy", "\"Fail\""),
            ("spec.matchConstraints.matchPolicy", "\"Equivalent\""),
            ("spec.matchConstraints.namespaceSelector", "{}"),
            ("spec.matchConstraints.objectSelector", "{}"),
            ("spec.matchConstraints.resourceRules[].scope", "\"*\""),
            ("spec.matchConstraints.excludeResourceRules[].scope", "\"*\""),
        ],
    ),
    (
        &[
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ],
        &[
            ("spec.matchResources.matchPolicy", "\"Equivalent\""),
            ("spec.matchResources.namespaceSelector", "{}"),
            ("spec.matchResources.objectSelector", "{}"),
            ("spec.matchResources.resourceRules[].scope", "\"*\""),
            ("spec.matchResources.excludeResourceRules[].scope", "\"*\""),
        ],
    ),
    (&[("apiregistration.k8s.io", "APIService")], &[("spec.service.port", "443")]),
    (
        &[("apiextensions.k8s.io", "CustomResourceDefinition")],
        &[
            ("spec.conversion", "{\"strategy\":\"None\"}"),
            ("spec.conversion.webhook.clientConfig.service.port", "443"),
        ],
    ),
];

/// The rules of a kind, put together.
pub(super) fn rules(group: &str, kind: &str) -> Option<&'static Rules> {
    type Kinds = &'static [(&'static str, &'static str)];
    static BY_KIND: LazyLock<Vec<(Kinds, Rules)>> =
        LazyLock::new(|| RULES.iter().map(|(kinds, rules)| (*kinds, Rules::of(*rules))).collect());
    let is_it = |(g, k): &(&str, &str)| *g == group && *k == kind;
    BY_KIND.iter().find(|(kinds, _)| kinds.iter().any(is_it)).map(|(_, rules)| rules)
}
