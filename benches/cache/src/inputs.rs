//! Objects as clusters hold them, written as the pages of lists.

use std::fmt::Write as _;
use std::path::Path;

use tautline_cluster::ApiResource;
use tautline_core::GroupVersionKind;

/// The kinds, each with whether an app owns its objects.
pub(crate) const KINDS: [(&str, &str, &str, bool); 6] = [
    ("apps/v1", "Deployment", "deployments", true),
    ("v1", "Service", "services", true),
    ("v1", "ConfigMap", "configmaps", true),
    ("apps/v1", "ReplicaSet", "replicasets", false),
    ("v1", "Pod", "pods", false),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", false),
];

/// Items a page.
const PAGE: usize = 250;

pub(crate) fn resource(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        gvk: GroupVersionKind::parse(api_version, kind),
        plural: plural.to_owned(),
        namespaced: true,
        verbs: Vec::new(),
        short_names: Vec::new(),
        subresources: Vec::new(),
    }
}

/// Writes `count` objects, their metadata alone, and events that change pods, into a folder.
pub(crate) fn write(folder: &Path, count: usize) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    // A workload is a Deployment with its Service and ConfigMap, a ReplicaSet, three pods and an EndpointSlice.
    let workloads = count.div_ceil(8);
    for (api_version, kind, plural, _) in KINDS {
        let each = if kind == "Pod" { 3 } else { 1 };
        let all: Vec<(usize, usize)> = (0..workloads).flat_map(|w| (0..each).map(move |n| (w, n))).collect();
        for (page, part) in all.chunks(PAGE).enumerate() {
            let items = |only_metadata: bool| {
                let items = part.iter().map(|(w, n)| object(kind, *w, *n, 0, only_metadata));
                items.collect::<Vec<_>>().join(",")
            };
            for (name, only_metadata) in [("list", false), ("metadata", true)] {
                let text = format!(
                    r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{{"resourceVersion":"90000000"}},"items":[{}]}}"#,
                    items(only_metadata)
                );
                put(folder, &format!("{name}-{plural}-{page:05}.json"), &text)?;
            }
        }
    }
    let mut events = String::new();
    for i in 0..50_000 {
        let workload = i * 7919 % workloads;
        let pod = object("Pod", workload, i % 3, i + 1, false);
        let typed = pod.replacen('{', r#"{"kind":"Pod","apiVersion":"v1","#, 1);
        writeln!(events, r#"{{"type":"MODIFIED","object":{typed}}}"#).map_err(|e| e.to_string())?;
    }
    put(folder, "events.jsonl", &events)
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|e| format!("{name}: {e}"))
}

/// Letters and digits that a controller might have drawn.
fn drawn(seed: usize, count: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut state = seed as u64 + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[(state >> 33) as usize % LETTERS.len()])
    };
    (0..count).map(|_| letter()).collect()
}

fn uid(kind: &str, workload: usize, n: usize) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in format!("{kind}/{workload}/{n}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    let other = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        hash >> 32,
        (hash >> 16) & 0xffff,
        hash & 0xfff,
        other >> 52,
        other & 0xffff_ffff_ffff
    )
}

fn name(kind: &str, workload: usize, n: usize) -> String {
    let base = format!("checkout-{}-{workload}", ["api", "web", "worker", "cache"][workload % 4]);
    let set = format!("{base}-{}", drawn(workload, 10));
    match kind {
        "ReplicaSet" => set,
        "Pod" => format!("{set}-{}", drawn(workload * 31 + n, 5)),
        "EndpointSlice" => format!("{base}-{}", drawn(workload + 77, 5)),
        _ => base,
    }
}

/// One object of a workload; `change` counts what happened to it since the list.
fn object(kind: &str, workload: usize, n: usize, change: usize, only_metadata: bool) -> String {
    let app = name("Deployment", workload, 0);
    let namespace = format!("team-{}", workload % 200);
    let owner = match kind {
        "ReplicaSet" => Some(("apps/v1", "Deployment", 0)),
        "Pod" => Some(("apps/v1", "ReplicaSet", 0)),
        "EndpointSlice" => Some(("v1", "Service", 0)),
        _ => None,
    };
    let owner = owner.map_or(String::new(), |(api, of, n)| {
        format!(
            r#","ownerReferences":[{{"apiVersion":"{api}","kind":"{of}","name":"{}","uid":"{}","controller":true,"blockOwnerDeletion":true}}]"#,
            name(of, workload, n),
            uid(of, workload, n)
        )
    });
    let group = if kind == "Deployment" { "apps" } else { "" };
    let annotations = match owner.is_empty() {
        true => format!(
            r#","annotations":{{"argocd.argoproj.io/tracking-id":"shop-{}:{group}/{kind}:{namespace}/{app}"}}"#,
            workload % 500
        ),
        false => String::new(),
    };
    let version = 1_000_000 + workload * 8 + n + change * 100;
    let hash = match kind {
        "ReplicaSet" | "Pod" => format!(r#","pod-template-hash":"{}""#, drawn(workload, 10)),
        _ => String::new(),
    };
    let metadata = format!(
        r#""metadata":{{"name":"{}","namespace":"{namespace}","uid":"{}","resourceVersion":"{version}","generation":1,"creationTimestamp":"2026-01-0{}T1{}:0{}:00Z","labels":{{"app.kubernetes.io/name":"{app}","app.kubernetes.io/part-of":"shop","app.kubernetes.io/managed-by":"tautline"{hash}}}{annotations}{owner},"managedFields":[{}]}}"#,
        name(kind, workload, n),
        uid(kind, workload, n),
        workload % 9 + 1,
        workload % 10,
        n,
        MANAGED
    );
    if only_metadata {
        return format!("{{{metadata}}}");
    }
    format!("{{{metadata},{}}}", rest(kind, workload, n, change, &app))
}

/// What server-side apply and the controllers own, as it stands in every object.
const MANAGED: &str = r#"{"manager":"tautline","operation":"Apply","apiVersion":"apps/v1","time":"2026-01-02T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:argocd.argoproj.io/tracking-id":{}},"f:labels":{"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},"f:app.kubernetes.io/managed-by":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app.kubernetes.io/name":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:env":{"k:{\"name\":\"DATABASE\"}":{".":{},"f:name":{},"f:valueFrom":{}}},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},"f:readinessProbe":{},"f:resources":{}}}}}}}},{"manager":"kube-controller-manager","operation":"Update","apiVersion":"apps/v1","time":"2026-01-02T10:00:05Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:deployment.kubernetes.io/revision":{}}},"f:status":{"f:availableReplicas":{},"f:conditions":{".":{},"k:{\"type\":\"Available\"}":{".":{},"f:lastTransitionTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Progressing\"}":{".":{},"f:lastTransitionTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}}},"f:observedGeneration":{},"f:readyReplicas":{},"f:replicas":{},"f:updatedReplicas":{}}},"subresource":"status"}"#;

fn pod_spec(workload: usize, app: &str, extra: &str) -> String {
    format!(
        r#"{{"containers":[{{"name":"app","image":"registry.example.com/shop/checkout:1.{}.0","env":[{{"name":"DATABASE","valueFrom":{{"secretKeyRef":{{"name":"{app}","key":"url"}}}}}},{{"name":"LOG_LEVEL","value":"info"}},{{"name":"REGION","value":"eu-{}"}}],"ports":[{{"name":"http","containerPort":8080,"protocol":"TCP"}}],"resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"readinessProbe":{{"httpGet":{{"path":"/ready","port":8080,"scheme":"HTTP"}},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true}}}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"{app}","serviceAccount":"{app}","securityContext":{{"runAsNonRoot":true}},"schedulerName":"default-scheduler"{extra}}}"#,
        workload % 40,
        workload % 5
    )
}

fn rest(kind: &str, workload: usize, n: usize, change: usize, app: &str) -> String {
    let labels = format!(r#"{{"app.kubernetes.io/name":"{app}"}}"#);
    let template = |extra: &str| {
        format!(
            r#"{{"metadata":{{"creationTimestamp":null,"labels":{labels}}},"spec":{}}}"#,
            pod_spec(workload, app, extra)
        )
    };
    let time = format!("2026-01-0{}T12:00:{:02}Z", workload % 9 + 1, change % 60);
    match kind {
        "Deployment" => format!(
            r#""spec":{{"replicas":3,"selector":{{"matchLabels":{labels}}},"template":{},"strategy":{{"type":"RollingUpdate","rollingUpdate":{{"maxUnavailable":"25%","maxSurge":"25%"}}}},"revisionHistoryLimit":10,"progressDeadlineSeconds":600}},"status":{{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"readyReplicas":3,"availableReplicas":3,"conditions":[{{"type":"Available","status":"True","lastUpdateTime":"{time}","lastTransitionTime":"{time}","reason":"MinimumReplicasAvailable","message":"Deployment has minimum availability."}},{{"type":"Progressing","status":"True","lastUpdateTime":"{time}","lastTransitionTime":"{time}","reason":"NewReplicaSetAvailable","message":"ReplicaSet has successfully progressed."}}]}}"#,
            template("")
        ),
        "ReplicaSet" => format!(
            r#""spec":{{"replicas":3,"selector":{{"matchLabels":{labels}}},"template":{}}},"status":{{"replicas":3,"fullyLabeledReplicas":3,"readyReplicas":3,"availableReplicas":3,"observedGeneration":1}}"#,
            template("")
        ),
        "Pod" => {
            let node = (workload * 3 + n) % 300;
            let access = drawn(workload * 3 + n, 5);
            let extra = format!(
                r#","nodeName":"node-{node}","volumes":[{{"name":"kube-api-access-{access}","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":"kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],"defaultMode":420}}}}],"tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}]"#
            );
            let is_ready = change % 4 != 1;
            let ready = if is_ready { "True" } else { "False" };
            format!(
                r#""spec":{},"status":{{"phase":"Running","conditions":[{{"type":"PodReadyToStartContainers","status":"True","lastProbeTime":null,"lastTransitionTime":"{time}"}},{{"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"{time}"}},{{"type":"Ready","status":"{ready}","lastProbeTime":null,"lastTransitionTime":"{time}"}},{{"type":"ContainersReady","status":"{ready}","lastProbeTime":null,"lastTransitionTime":"{time}"}},{{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"{time}"}}],"hostIP":"10.0.{}.{}","podIP":"10.{}.{}.{}","startTime":"{time}","containerStatuses":[{{"name":"app","state":{{"running":{{"startedAt":"{time}"}}}},"lastState":{{}},"ready":{is_ready},"restartCount":0,"image":"registry.example.com/shop/checkout:1.{}.0","imageID":"registry.example.com/shop/checkout@sha256:{:064x}","containerID":"containerd://{:064x}","started":true}}],"qosClass":"Burstable"}}"#,
                pod_spec(workload, app, &extra),
                node / 250,
                node % 250,
                workload % 250,
                workload / 250 % 250,
                n,
                workload % 40,
                workload % 40,
                workload * 3 + n
            )
        }
        "Service" => format!(
            r#""spec":{{"ports":[{{"name":"http","protocol":"TCP","port":80,"targetPort":"http"}}],"selector":{labels},"clusterIP":"10.96.{}.{}","clusterIPs":["10.96.{}.{}"],"type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster"}},"status":{{"loadBalancer":{{}}}}"#,
            workload / 250 % 250,
            workload % 250,
            workload / 250 % 250,
            workload % 250
        ),
        "EndpointSlice" => format!(
            r#""addressType":"IPv4","endpoints":[{{"addresses":["10.{}.{}.0"],"conditions":{{"ready":true,"serving":true,"terminating":false}},"targetRef":{{"kind":"Pod","namespace":"team-{}","name":"{}","uid":"{}"}},"nodeName":"node-{}"}}],"ports":[{{"name":"http","protocol":"TCP","port":8080}}]"#,
            workload % 250,
            workload / 250 % 250,
            workload % 200,
            name("Pod", workload, 0),
            uid("Pod", workload, 0),
            workload * 3 % 300
        ),
        _ => format!(
            r#""data":{{"application.yaml":"server:\n  port: 8080\n  shutdown: graceful\nspring:\n  application:\n    name: {app}\nmanagement:\n  endpoints:\n    web:\n      exposure:\n        include: health,prometheus\nfeatures:\n  rate-limit: {}\n  region: eu-{}\n","LOG_LEVEL":"info","FEATURE_FLAGS":"checkout-v2,search-{}"}}"#,
            workload % 1000,
            workload % 5,
            workload % 30
        ),
    }
}
