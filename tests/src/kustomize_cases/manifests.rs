//! Objects of many kinds that refer to each other by names out of a small pool.

use super::Dice;

/// An object: what it is, and its text.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) namespace: Option<&'static str>,
    /// The path to its pod, if it has one.
    pub(super) pod: &'static [&'static str],
    pub(super) text: String,
}

const SCALARS: [&str; 18] = [
    "plain",
    "\"5\"",
    "5",
    "'yes'",
    "on",
    "0777",
    "1.50",
    "1e3",
    "null",
    "~",
    "true",
    "\"true\"",
    "2020-01-02",
    "\"multi\\nline\\n\"",
    "12345678901234567890",
    "a: b",
    "'a: b'",
    "\"x # y\"",
];

/// A value in a place where anything goes.
pub(super) fn scalar(dice: &mut Dice) -> &'static str {
    let text = dice.pick(&SCALARS);
    if *text == "a: b" { "plain text" } else { text }
}

const POD: &[&str] = &["spec"];
const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const CRON: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

/// An object; the number makes its name its own.
pub(super) fn object(dice: &mut Dice, number: usize) -> Object {
    const KINDS: [(&str, &str, &[&str]); 26] = [
        ("apps/v1", "Deployment", TEMPLATE),
        ("apps/v1", "Deployment", TEMPLATE),
        ("apps/v1", "StatefulSet", TEMPLATE),
        ("apps/v1", "DaemonSet", TEMPLATE),
        ("batch/v1", "Job", TEMPLATE),
        ("batch/v1", "CronJob", CRON),
        ("v1", "Pod", POD),
        ("v1", "Service", &[]),
        ("v1", "Service", &[]),
        ("v1", "ConfigMap", &[]),
        ("v1", "Secret", &[]),
        ("v1", "ServiceAccount", &[]),
        ("v1", "PersistentVolumeClaim", &[]),
        ("v1", "PersistentVolume", &[]),
        ("v1", "Namespace", &[]),
        ("rbac.authorization.k8s.io/v1", "Role", &[]),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", &[]),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", &[]),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", &[]),
        ("networking.k8s.io/v1", "Ingress", &[]),
        ("networking.k8s.io/v1", "NetworkPolicy", &[]),
        ("policy/v1", "PodDisruptionBudget", &[]),
        ("autoscaling/v2", "HorizontalPodAutoscaler", &[]),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", &[]),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", &[]),
        ("example.org/v1", "Widget", &[]),
    ];
    let (api_version, kind, pod) = *dice.pick(&KINDS);
    let name = format!("{}{number}", dice.pick(&["app", "db", "web", "cache"]));
    let namespace = if dice.chance(15) { Some(*dice.pick(&["one", "two"])) } else { None };
    let mut text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n");
    if let Some(namespace) = namespace {
        text.push_str(&format!("  namespace: {namespace}\n"));
    }
    if dice.chance(50) {
        text.push_str(&format!("  labels:\n    app: {name}\n    tier: \"{}\"\n", dice.roll(3)));
    }
    match dice.roll(8) {
        0 | 1 => text.push_str(&format!("  annotations:\n    note: {}\n    count: \"1\"\n", scalar(dice))),
        2 => text.push_str("  annotations: {}\n"),
        3 => text.push_str("  creationTimestamp: null\n"),
        _ => {}
    }
    body(dice, kind, &name, &mut text);
    Object { api_version, kind, name, namespace, pod, text }
}

/// A name that another object may have.
fn other(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(&["app", "db", "web", "cache"]), dice.roll(9))
}

fn body(dice: &mut Dice, kind: &str, name: &str, text: &mut String) {
    let mut add = |part: &str| text.push_str(part);
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => {
            add("spec:\n");
            if dice.chance(50) && kind != "DaemonSet" && kind != "Job" {
                add(&format!("  replicas: {}\n", dice.roll(4)));
            }
            if kind == "StatefulSet" {
                add(&format!("  serviceName: {}\n", other(dice)));
                if dice.chance(40) {
                    add(
                        "  volumeClaimTemplates:\n  - metadata:\n      name: data\n    spec:\n      storageClassName: fast\n",
                    );
                }
            }
            if kind != "Job" {
                add(&format!("  selector:\n    matchLabels:\n      app: {name}\n"));
            }
            add(&format!("  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n"));
            add(&pod(dice, "      "));
        }
        "CronJob" => {
            add(
                "spec:\n  schedule: \"* * * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n",
            );
            add(&pod(dice, "          "));
        }
        "Pod" => {
            add("spec:\n");
            add(&pod(dice, "  "));
        }
        "Service" => {
            add(&format!("spec:\n  selector:\n    app: {}\n  ports:\n  - port: 80\n", other(dice)));
            add(match dice.roll(3) {
                0 => "    protocol: TCP\n    name: http\n  - port: 80\n    protocol: UDP\n",
                1 => "    targetPort: 8080\n  - port: 443\n    name: https\n",
                _ => "",
            });
        }
        "ConfigMap" => add(&format!(
            "data:\n  key: {}\n  text: |\n    a: 1\n    b:\n      c: d\n  json: '{{\"x\": {{\"y\": \"z\"}}}}'\n",
            scalar(dice)
        )),
        "Secret" => add("type: Opaque\nstringData:\n  key: value\n"),
        "ServiceAccount" => add("imagePullSecrets:\n- name: token\n"),
        "PersistentVolumeClaim" => {
            add(&format!("spec:\n  storageClassName: fast\n  volumeName: {}\n", other(dice)))
        }
        "PersistentVolume" => {
            add("spec:\n  storageClassName: fast\n  nfs:\n    server: $(HOST)\n    path: /\n")
        }
        "Role" | "ClusterRole" => add(&format!(
            "rules:\n- apiGroups: [\"\"]\n  resources: [secrets, configmaps]\n  resourceNames: [token, settings, {}]\n  verbs: [get]\n",
            other(dice)
        )),
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = if dice.chance(50) { "Role" } else { "ClusterRole" };
            add(&format!(
                "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {}\nsubjects:\n",
                other(dice)
            ));
            for _ in 0..=dice.roll(2) {
                let account = if dice.chance(25) { "default".to_owned() } else { other(dice) };
                add(&format!("- kind: ServiceAccount\n  name: {account}\n"));
                if dice.chance(50) {
                    add(&format!("  namespace: {}\n", dice.pick(&["one", "two", "default"])));
                }
            }
        }
        "Ingress" => add(&format!(
            "spec:\n  ingressClassName: nginx\n  tls:\n  - secretName: token\n    hosts: [a.example]\n  rules:\n  - host: a.example\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: {}\n            port: {{number: 80}}\n",
            other(dice)
        )),
        "NetworkPolicy" => add(
            "spec:\n  podSelector:\n    matchLabels:\n      app: x\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels: {a: b}\n",
        ),
        "PodDisruptionBudget" => {
            add("spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: x\n")
        }
        "HorizontalPodAutoscaler" => add(&format!(
            "spec:\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: {}\n  maxReplicas: 3\n",
            other(dice)
        )),
        "CustomResourceDefinition" => add(
            "spec:\n  group: example.org\n  names: {kind: Widget, plural: widgets}\n  scope: Namespaced\n  conversion:\n    webhook:\n      clientConfig:\n        service: {name: web1, namespace: system}\n",
        ),
        "ValidatingWebhookConfiguration" => add(&format!(
            "webhooks:\n- name: a.example.org\n  clientConfig:\n    service:\n      name: {}\n      namespace: {}\n      path: /v\n- name: b.example.org\n  failurePolicy: Fail\n",
            other(dice),
            dice.pick(&["one", "default"])
        )),
        "Widget" => {
            add(&format!("spec:\n  size: {}\n  secretName: token\n", scalar(dice)));
            add(
                "  list:\n  - name: a\n    value: 1\n  - name: b\n    value: two\n  containers:\n  - name: x\n    image: shop:1.4\n",
            );
            if dice.chance(30) {
                add("  anchor: &a {k: v}\n  alias: *a\n  merge: {<<: *a, z: 1}\n");
            }
        }
        _ => {}
    }
}

/// The spec of a pod.
fn pod(dice: &mut Dice, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if dice.chance(40) {
        lines.push(format!("serviceAccountName: {}", other(dice)));
    }
    for list in ["containers", "initContainers"] {
        if list == "initContainers" && !dice.chance(25) {
            continue;
        }
        lines.push(format!("{list}:"));
        for at in 0..=dice.roll(2) {
            container(dice, at, &mut lines);
        }
    }
    if dice.chance(50) {
        lines.push("volumes:".to_owned());
        lines.push("- name: config".to_owned());
        lines.push(format!("  configMap: {{name: {}}}", dice.pick(&["settings", "app1", "web2"])));
        if dice.chance(50) {
            lines.push("- name: secret".to_owned());
            lines.push("  secret: {secretName: token}".to_owned());
        }
        if dice.chance(30) {
            lines.push("- name: all".to_owned());
            lines.push(
                "  projected: {sources: [{configMap: {name: settings}}, {secret: {name: token}}]}".to_owned(),
            );
        }
        if dice.chance(30) {
            lines.push("- name: tmp".to_owned());
            lines.push("  emptyDir: {}".to_owned());
        }
    }
    if dice.chance(20) {
        lines.push("tolerations: [{key: a, operator: Exists}]".to_owned());
    }
    if dice.chance(20) {
        lines.push("affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: x}}, topologyKey: zone}]}}".to_owned());
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

fn container(dice: &mut Dice, at: usize, lines: &mut Vec<String>) {
    let mut add = |line: String| lines.push(line);
    add(format!("- name: {}", ["main", "side", "extra"][at]));
    add(format!(
        "  image: {}",
        dice.pick(&[
            "shop:1.4",
            "shop",
            "registry.example:5000/team/api:v2",
            "busybox@sha256:0123456789abcdef",
            "nginx"
        ])
    ));
    if dice.chance(50) {
        add("  env:".to_owned());
        add("  - name: A".to_owned());
        add(format!("    value: {}", scalar(dice)));
        if dice.chance(50) {
            add("  - {name: B, valueFrom: {configMapKeyRef: {name: settings, key: a}}}".to_owned());
        }
        if dice.chance(50) {
            add("  - {name: C, valueFrom: {secretKeyRef: {name: token, key: k}}}".to_owned());
        }
        if dice.chance(30) {
            add("  - {name: D, value: $(HOST)}".to_owned());
        }
    }
    if dice.chance(30) {
        add("  envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: token}}]".to_owned());
    }
    if dice.chance(40) {
        add(format!(
            "  ports: {}",
            dice.pick(&[
                "[{containerPort: 80}]",
                "[{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}]",
                "[{containerPort: 80, name: http}, {containerPort: 53, protocol: UDP}]",
            ])
        ));
    }
    if dice.chance(30) {
        add("  args: [\"--a\", --host=$(HOST), '5']".to_owned());
    }
    if dice.chance(30) {
        add("  volumeMounts: [{name: config, mountPath: /etc/c}, {name: secret, mountPath: /etc/s}]"
            .to_owned());
    }
    if dice.chance(20) {
        add("  resources: {limits: {cpu: 1, memory: 1Gi}}".to_owned());
    }
}
