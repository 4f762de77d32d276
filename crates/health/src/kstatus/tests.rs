//! Each documented rule, on an object that it decides.

use tautline_core::{Object, Timestamp, Value};

use super::{KStatus, kstatus, kstatus_of_all};

/// `status reason | apiVersion kind | the rest of the object in JSON`, at 2030-01-01T00:01:00Z.
const ROWS: &str = r#"
Terminating | v1 ConfigMap | "metadata":{"name":"a","deletionTimestamp":"2030-01-01T00:00:00Z"}
InProgress LatestGenerationNotObserved | apps/v1 Deployment | "metadata":{"name":"a","generation":2},"status":{"observedGeneration":1}
Unknown | tea.example.org/v1 Cup | "metadata":{"name":"a","generation":2},"status":{"observedGeneration":"2"}
InProgress Busy | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Reconciling","status":"True","reason":"Busy"},{"type":"Stalled","status":"True"}]}
Failed Stuck | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Stalled","status":"True","reason":"Stuck"},{"type":"Reconciling","status":"True"}]}
Failed Stuck | v1 Secret | "status":{"conditions":[{"type":"Stalled","status":"True","reason":"Stuck"}]}
Current | tea.example.org/v1 Cup |
Current | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Ready","status":"True"}]}
InProgress Cold | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Ready","status":"False","reason":"Cold"}]}
InProgress | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Ready","status":"Unknown"}]}
Current | tea.example.org/v1 Cup | "status":{"conditions":[{"type":"Ready","status":"Maybe"}]}
Current | v1 Secret |
Current | v1 ConfigMap |
Current | batch/v1 CronJob |
Current | policy/v1 PodDisruptionBudget | "status":{"conditions":[{"type":"DisruptionAllowed","status":"False"}]}
Current | v1 Service |
InProgress NoIPAssigned | v1 Service | "spec":{"type":"LoadBalancer"}
Current | v1 Service | "spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"}
InProgress NotBound | v1 PersistentVolumeClaim |
InProgress NotBound | v1 PersistentVolumeClaim | "status":{"phase":"Lost"}
Current | v1 PersistentVolumeClaim | "status":{"phase":"Bound"}
InProgress PodNotObserved | v1 Pod |
Current | v1 Pod | "status":{"phase":"Succeeded"}
Current | v1 Pod | "status":{"phase":"Failed"}
Unknown | v1 Pod | "status":{"phase":"Confused"}
Current | v1 Pod | "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}
Failed ContainerCrashLooping | v1 Pod | "status":{"phase":"Running","containerStatuses":[{"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}
InProgress PodRunningNotReady | v1 Pod | "status":{"phase":"Running","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}
InProgress PodPending | v1 Pod | "status":{"phase":"Pending"}
Failed PodUnschedulable | v1 Pod | "metadata":{"name":"a","creationTimestamp":"2030-01-01T00:00:00Z"},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}
InProgress PodPending | v1 Pod | "metadata":{"name":"a","creationTimestamp":"2030-01-01T00:00:50Z"},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}
Failed ProgressDeadlineExceeded | apps/v1 Deployment | "status":{"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}
InProgress LessReplicas | apps/v1 Deployment |
InProgress LessUpdated | apps/v1 Deployment | "status":{"replicas":1}
InProgress ExtraPods | apps/v1 Deployment | "status":{"replicas":2,"updatedReplicas":1}
InProgress LessAvailable | apps/v1 Deployment | "status":{"replicas":1,"updatedReplicas":1}
InProgress LessReady | apps/v1 Deployment | "status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1}
InProgress ReplicaSetNotAvailable | apps/v1 Deployment | "spec":{"progressDeadlineSeconds":600},"status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1}
InProgress DeploymentNotAvailable | apps/v1 Deployment | "status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1}
Current | apps/v1 Deployment | "spec":{"paused":true},"status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1,"conditions":[{"type":"Available","status":"True"}]}
Current | extensions/v1beta1 Deployment | "spec":{"progressDeadlineSeconds":600},"status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1,"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}
InProgress ReplicaFailure | apps/v1 ReplicaSet | "status":{"conditions":[{"type":"ReplicaFailure","status":"True"}]}
InProgress LessLabelled | apps/v1 ReplicaSet |
InProgress LessAvailable | apps/v1 ReplicaSet | "status":{"fullyLabeledReplicas":1}
InProgress LessReady | apps/v1 ReplicaSet | "status":{"fullyLabeledReplicas":1,"availableReplicas":1}
InProgress ExtraPods | apps/v1 ReplicaSet | "spec":{"replicas":0},"status":{"replicas":1}
Current | apps/v1 ReplicaSet | "status":{"replicas":1,"fullyLabeledReplicas":1,"availableReplicas":1,"readyReplicas":1}
Current | apps/v1 StatefulSet | "spec":{"updateStrategy":{"type":"OnDelete"}}
InProgress LessReplicas | apps/v1 StatefulSet |
InProgress LessReady | apps/v1 StatefulSet | "status":{"replicas":1}
InProgress ExtraPods | apps/v1 StatefulSet | "status":{"replicas":2,"readyReplicas":2}
InProgress PartitionRollout | apps/v1 StatefulSet | "spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}},"status":{"replicas":1,"readyReplicas":1}
Current | apps/v1 StatefulSet | "spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}},"status":{"replicas":1,"readyReplicas":1,"updatedReplicas":1,"currentRevision":"a","updateRevision":"b"}
InProgress LessCurrent | apps/v1 StatefulSet | "status":{"replicas":1,"readyReplicas":1}
InProgress RevisionMismatch | apps/v1 StatefulSet | "status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,"currentRevision":"a","updateRevision":"b"}
Current | apps/v1 StatefulSet | "status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,"currentRevision":"a","updateRevision":"a"}
InProgress NoGeneration | apps/v1 DaemonSet |
InProgress NoObservedGeneration | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1}
InProgress NoDesiredNumber | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1}
InProgress LessCurrent | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":1}
InProgress LessUpdated | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":1,"currentNumberScheduled":1}
InProgress LessAvailable | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":1,"currentNumberScheduled":1,"updatedNumberScheduled":1}
InProgress LessReady | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":1,"currentNumberScheduled":1,"updatedNumberScheduled":1,"numberAvailable":1}
Current | apps/v1 DaemonSet | "metadata":{"name":"a","generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":0}
InProgress JobNotStarted | batch/v1 Job |
Current | batch/v1 Job | "status":{"startTime":"2030-01-01T00:00:00Z"}
Current | batch/v1 Job | "status":{"conditions":[{"type":"Complete","status":"True"}]}
Failed JobFailed | batch/v1 Job | "status":{"conditions":[{"type":"Failed","status":"True"}]}
Current | batch/v1 Job | "spec":{"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True"}]}
InProgress JobNotStarted | batch/v1 Job | "status":{"conditions":[{"type":"Suspended","status":"True"}]}
InProgress Installing | apiextensions.k8s.io/v1 CustomResourceDefinition |
InProgress Installing | apiextensions.k8s.io/v1 CustomResourceDefinition | "status":{"conditions":[{"type":"Established","status":"False","reason":"Installing"}]}
Failed Taken | apiextensions.k8s.io/v1 CustomResourceDefinition | "status":{"conditions":[{"type":"NamesAccepted","status":"False","reason":"Taken"}]}
Failed Broken | apiextensions.k8s.io/v1 CustomResourceDefinition | "status":{"conditions":[{"type":"Established","status":"False","reason":"Broken"}]}
Current | apiextensions.k8s.io/v1 CustomResourceDefinition | "status":{"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}
Current | networking.k8s.io/v1 Ingress |
Current | autoscaling/v2 HorizontalPodAutoscaler |
"#;

#[test]
fn each_rule_decides_as_it_is_documented() {
    let now = Timestamp::from_seconds(1_893_456_060);
    for row in ROWS.lines().filter(|row| !row.is_empty()) {
        let [expect, kind, rest] = row.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let (version, kind) = kind.split_once(' ').unwrap();
        let name = if rest.contains("\"metadata\"") { "" } else { r#","metadata":{"name":"a"}"# };
        let comma = if rest.is_empty() { "" } else { "," };
        let json = format!(r#"{{"apiVersion":"{version}","kind":"{kind}"{name}{comma}{rest}}}"#);
        let object = Object::new(Value::from_json(json.as_bytes()).unwrap()).unwrap();
        let found = kstatus(&object, now);
        assert_eq!(format!("{:?} {}", found.status, found.reason).trim(), expect, "{row}");
    }
}

#[test]
fn the_worst_of_many_counts() {
    use KStatus::{Current, Failed, InProgress, Unknown};
    assert_eq!(kstatus_of_all([], Current), Current);
    assert_eq!(kstatus_of_all([Current, Current], Current), Current);
    assert_eq!(kstatus_of_all([Current, InProgress], Current), InProgress);
    assert_eq!(kstatus_of_all([Unknown, InProgress], Current), Unknown);
    assert_eq!(kstatus_of_all([Unknown, InProgress, Failed], Current), Failed);
}
