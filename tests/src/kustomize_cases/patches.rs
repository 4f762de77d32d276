//! Patches of all kinds.

use super::Dice;
use super::manifests::{Object, scalar};

/// The head of a patch for an object.
fn head(object: &Object, dice: &mut Dice) -> String {
    let namespace = match object.namespace {
        Some(namespace) if dice.chance(90) => format!("\n  namespace: {namespace}"),
        _ => String::new(),
    };
    format!(
        "apiVersion: {}\nkind: {}\nmetadata:\n  name: {}{namespace}\n",
        object.api_version, object.kind, object.name
    )
}

/// A strategic merge patch.
pub(super) fn strategic(dice: &mut Dice, object: &Object) -> String {
    let mut text = head(object, dice);
    match dice.roll(9) {
        0 => text.push_str("  labels:\n    patched: \"true\"\n    tier: null\n"),
        1 => text.push_str(&format!("  annotations:\n    patched: {}\n", scalar(dice))),
        2 => text.push_str("  annotations: null\n"),
        _ => {}
    }
    if dice.chance(4) {
        text.push_str("$patch: delete\n");
        return text;
    }
    if !object.pod.is_empty() {
        let mut indent = String::new();
        for part in object.pod {
            text.push_str(&format!("{indent}{part}:\n"));
            indent.push_str("  ");
        }
        for line in pod(dice).lines() {
            text.push_str(&format!("{indent}{line}\n"));
        }
        return text;
    }
    text.push_str(match object.kind {
        "ConfigMap" => match dice.roll(4) {
            0 => "data:\n  key: \"patched\"\n  new: '1'\n",
            1 => "data:\n  $patch: replace\n  only: this\n",
            2 => "data: null\n",
            _ => "data:\n  key: 5\n  text: null\n",
        },
        "Service" => match dice.roll(4) {
            0 => "spec:\n  ports:\n  - port: 80\n    protocol: TCP\n    nodePort: 30080\n",
            1 => "spec:\n  ports:\n  - port: 443\n    name: tls\n",
            2 => "spec:\n  ports:\n  - $patch: replace\n  - port: 1\n",
            _ => "spec:\n  type: LoadBalancer\n  selector: {app: null, run: x}\n",
        },
        "Widget" => match dice.roll(3) {
            0 => "spec:\n  list:\n  - name: b\n    value: 3\n",
            1 => "spec:\n  size: 7\n  deep: {er: {a: null, b: [null, 1]}}\n",
            _ => "spec:\n  $patch: replace\n  size: \"new\"\n",
        },
        "ValidatingWebhookConfiguration" => {
            "webhooks:\n- name: b.example.org\n  failurePolicy: Ignore\n- name: c.example.org\n"
        }
        "ServiceAccount" => "imagePullSecrets:\n- name: more\n- name: token\n  $patch: delete\n",
        "RoleBinding" | "ClusterRoleBinding" => "subjects:\n- kind: User\n  name: jane\n",
        "Ingress" => "spec:\n  tls: []\n  rules:\n  - host: b.example\n",
        _ => "extra:\n  field: 1\n",
    });
    text
}

fn pod(dice: &mut Dice) -> String {
    let name = *dice.pick(&["main", "side", "new"]);
    match dice.roll(12) {
        0 => format!("containers:\n- name: {name}\n  image: patched:2\n"),
        1 => format!(
            "containers:\n- name: {name}\n  env:\n  - name: A\n    value: {}\n  - name: Z\n    value: z\n",
            scalar(dice)
        ),
        2 => format!("containers:\n- name: {name}\n  $patch: delete\n"),
        3 => format!("containers:\n- $patch: replace\n- name: {name}\n  image: only:1\n"),
        4 => format!(
            "containers:\n- name: {name}\n  ports:\n  - containerPort: 80\n    protocol: UDP\n    name: dns\n  - containerPort: 9\n"
        ),
        5 => format!("containers:\n- name: {name}\n  args: [x]\n  env:\n  - name: B\n    $patch: delete\n"),
        6 => "volumes:\n- name: config\n  configMap: null\n  emptyDir: {}\n- name: tmp\n  $patch: delete\n"
            .to_owned(),
        7 => "serviceAccountName: app1\nnodeSelector: {a: b}\ntolerations: [{key: b}]\n".to_owned(),
        8 => format!(
            "containers:\n- name: {name}\n  volumeMounts:\n  - mountPath: /etc/c\n    name: tmp\n  resources:\n    $patch: replace\n    requests: {{cpu: 2}}\n"
        ),
        9 => "initContainers:\n- name: first\n  image: init:1\n- name: main\n  image: shop:9\n".to_owned(),
        10 => "volumes: null\naffinity: {$patch: delete}\n".to_owned(),
        _ => "hostNetwork: true\nsecurityContext: {runAsUser: 1000650000}\n".to_owned(),
    }
}

/// A JSON patch.
pub(super) fn json(dice: &mut Dice, object: &Object) -> String {
    let pod = object.pod.join("/");
    let mut text = String::new();
    for _ in 0..=dice.roll(2) {
        let operation = match dice.roll(if object.pod.is_empty() { 6 } else { 10 }) {
            0 => "{op: add, path: /metadata/annotations/json, value: \"1\"}".to_owned(),
            1 => "{op: add, path: /metadata/labels, value: {json: patched}}".to_owned(),
            2 => format!("{{op: replace, path: /metadata/name, value: {}x}}", object.name),
            3 => format!(
                "{{op: add, path: /extra, value: {{a: [1, {{b: {}}}]}}}}",
                dice.pick(&["1000000", "1.5", "\"5\"", "null", "123456789012"])
            ),
            4 if object.text.contains("  labels:\n    app") => {
                "{op: remove, path: /metadata/labels}".to_owned()
            }
            5 if dice.chance(30) => format!("{{op: test, path: /kind, value: {}}}", object.kind),
            6 => format!("{{op: replace, path: /{pod}/containers/0/image, value: json:1}}"),
            7 => format!("{{op: add, path: /{pod}/containers/-, value: {{name: json, image: shop}}}}"),
            8 => format!("{{op: add, path: /{pod}/containers/0/env, value: [{{name: A, value: \"json\"}}]}}"),
            9 => format!("{{op: copy, from: /{pod}/containers/0, path: /{pod}/containers/-}}"),
            _ => "{op: add, path: /extra, value: 1}".to_owned(),
        };
        text.push_str(&format!("- {operation}\n"));
    }
    text
}

/// The target of a patch: the object, or several.
pub(super) fn target(dice: &mut Dice, object: &Object) -> String {
    match dice.roll(7) {
        0 => format!("kind: {}", object.kind),
        1 => format!("name: {}", object.name),
        2 => "kind: Deployment|StatefulSet|Widget".to_owned(),
        3 => "labelSelector: tier in (0,1)".to_owned(),
        4 => "name: (app|web).*".to_owned(),
        5 => format!("kind: {}\n    name: {}", object.kind, object.name),
        _ => format!(
            "version: {}\n    kind: {}",
            object.api_version.rsplit('/').next().unwrap_or("v1"),
            object.kind
        ),
    }
}
