//! Columns and cells of kinds that are looked at less often, as kube-apiserver 1.37 prints them.

use tautline_core::{GroupVersionKind, Object, Value};

use super::cells::labels;
use crate::state::plain;

/// Makes a row's cells, but the name's, of an object and its age.
type Cells = fn(&Object, Value) -> Vec<Value>;

/// The table of one kind: its columns (see [`super::cells`]) and how a row is made of an object and its age.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rare {
    pub(super) columns: &'static [&'static str],
    pub(super) cells: Cells,
}

/// The table of a kind, if it has more than names and ages.
pub(super) fn of(gvk: &GroupVersionKind) -> Option<Rare> {
    let (columns, cells): (&[&str], Cells) = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            (&["Name", "Scope", "Versions", "@Created At"], definition)
        }
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") | ("", "LimitRange") => {
            (&["Name", "@Created At"], |o, _| vec![created(o)])
        }
        ("apps", "ControllerRevision") => (&["Name", "Controller", "Revision", "Age"], |o, age| {
            let owners = o.list_at(&["metadata", "ownerReferences"]);
            let owner =
                owners.iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true));
            let owner = owner.map_or_else(|| "<none>".to_owned(), owned_by);
            vec![owner.into(), Value::Int(o.i64_at(&["revision"]).unwrap_or(0)), age]
        }),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            (&["Name", "Role", "Age", "+Users", "+Groups", "+ServiceAccounts"], binding)
        }
        ("networking.k8s.io", "NetworkPolicy") => (&["Name", "Pod-Selector", "Age"], |o, age| {
            let selector = o.at(&["spec", "podSelector"]);
            let text = selector.and_then(|s| tautline_grammar::LabelSelector::from_value(s).ok());
            let text = text.map(|s| s.to_string()).filter(|t| !t.is_empty());
            vec![text.map_or_else(|| "<none>".into(), Value::from), age]
        }),
        ("networking.k8s.io", "IngressClass") => {
            (&["Name", "Controller", "Parameters", "Age"], ingress_class)
        }
        ("storage.k8s.io", "StorageClass") => (
            &["Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"],
            storage_class,
        ),
        ("scheduling.k8s.io", "PriorityClass") => {
            (&["Name", "Value", "Global-Default", "Age", "PreemptionPolicy"], priority_class)
        }
        ("policy", "PodDisruptionBudget") => {
            (&["Name", "Min Available", "Max Unavailable", "*Allowed Disruptions", "Age"], |o, age| {
                let allowed = o.i64_at(&["status", "disruptionsAllowed"]).unwrap_or(0);
                let bound = |field| text(o, &["spec", field], "N/A");
                vec![bound("minAvailable"), bound("maxUnavailable"), Value::Int(allowed), age]
            })
        }
        ("", "ResourceQuota") => (&["Name", "Request", "Limit", "Age"], quota),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => (&["Name", "*Webhooks", "Age"], |o, age| vec![count(o.list_at(&["webhooks"])), age]),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            (&["Name", "*Validations", "ParamKind", "Age"], |o, age| {
                vec![count(o.list_at(&["spec", "validations"])), param_kind(o), age]
            })
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => {
            (&["Name", "*Mutations", "ParamKind", "Age"], |o, age| {
                vec![count(o.list_at(&["spec", "mutations"])), param_kind(o), age]
            })
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
        ) => (&["Name", "PolicyName", "ParamRef", "Age"], |o, age| {
            let name = o.str_at(&["spec", "paramRef", "name"]).filter(|n| !n.is_empty());
            let parameters = match (name, o.str_at(&["spec", "paramRef", "namespace"])) {
                (Some(name), Some(namespace)) => format!("{namespace}/{name}").into(),
                (Some(name), None) => format!("*/{name}").into(),
                (None, _) if o.at(&["spec", "paramRef"]).is_some() => "*/*".into(),
                (None, _) => "<unset>".into(),
            };
            vec![text(o, &["spec", "policyName"], ""), parameters, age]
        }),
        ("node.k8s.io", "RuntimeClass") => {
            (&["Name", "Handler", "Age"], |o, age| vec![text(o, &["handler"], ""), age])
        }
        ("", "PodTemplate") => (&["Name", "Containers", "Images", "Pod Labels"], |o, _| {
            let containers = o.list_at(&["template", "spec", "containers"]);
            let all = |field: &str| -> Value {
                containers.iter().filter_map(|c| c.str_at(&[field])).collect::<Vec<_>>().join(",").into()
            };
            vec![all("name"), all("image"), labels(o.at(&["template", "metadata", "labels"]))]
        }),
        ("storage.k8s.io", "CSIDriver") => (
            &[
                "Name",
                "AttachRequired",
                "PodInfoOnMount",
                "StorageCapacity",
                "TokenRequests",
                "RequiresRepublish",
                "Modes",
                "Age",
            ],
            driver,
        ),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => (
            &["Name", "PriorityLevel", "*MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"],
            flow_schema,
        ),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            (&["Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"], autoscaler)
        }
        _ => return None,
    };
    Some(Rare { columns, cells })
}

/// `deployment.apps/web`.
fn owned_by(owner: &Value) -> String {
    let of = |field| owner.str_at(&[field]).unwrap_or_default();
    let group = tautline_core::GroupVersion::parse(of("apiVersion")).group;
    let dot = if group.is_empty() { "" } else { "." };
    format!("{}{dot}{group}/{}", of("kind").to_lowercase(), of("name"))
}

fn text(object: &Object, keys: &[&str], or: &str) -> Value {
    object.at(keys).map(plain).filter(|t| !t.is_empty()).map_or_else(|| or.into(), Value::String)
}

fn truth(object: &Object, keys: &[&str]) -> Value {
    let is = object.at(keys).and_then(Value::as_bool) == Some(true);
    if is { "true" } else { "false" }.into()
}

fn count(list: &[Value]) -> Value {
    Value::Int(i64::try_from(list.len()).unwrap_or(i64::MAX))
}

fn created(object: &Object) -> Value {
    text(object, &["metadata", "creationTimestamp"], "")
}

fn param_kind(policy: &Object) -> Value {
    match policy.at(&["spec", "paramKind"]) {
        Some(kind) => {
            let of = |field: &str| kind.str_at(&[field]).unwrap_or_default();
            format!("{}/{}", of("apiVersion"), of("kind")).into()
        }
        None => "<unset>".into(),
    }
}

/// Versions, the stored one marked, and whether they are served.
fn definition(crd: &Object, _age: Value) -> Vec<Value> {
    let is = |v: &Value, field: &str| v.get(field).and_then(Value::as_bool) == Some(true);
    let version = |v: &Value| {
        let name = v.str_at(&["name"]).unwrap_or_default();
        match (is(v, "storage"), is(v, "served")) {
            (true, true) => format!("{name}(storage)"),
            (true, false) => format!("{name}(storage,!served)"),
            (false, true) => name.to_owned(),
            (false, false) => format!("{name}(!served)"),
        }
    };
    let versions: Vec<String> = crd.list_at(&["spec", "versions"]).iter().map(version).collect();
    vec![text(crd, &["spec", "scope"], ""), versions.join(",").into(), created(crd)]
}

fn binding(binding: &Object, age: Value) -> Vec<Value> {
    let of = |field: &str| binding.str_at(&["roleRef", field]).unwrap_or_default();
    let subjects = |kind: &str| -> Value {
        let all = binding.list_at(&["subjects"]).iter().filter(|s| s.str_at(&["kind"]) == Some(kind));
        let name = |s: &Value| {
            let name = s.str_at(&["name"]).unwrap_or_default();
            match s.str_at(&["namespace"]) {
                Some(namespace) if kind == "ServiceAccount" => format!("{namespace}/{name}"),
                _ => name.to_owned(),
            }
        };
        all.map(name).collect::<Vec<_>>().join(", ").into()
    };
    let role = format!("{}/{}", of("kind"), of("name")).into();
    vec![role, age, subjects("User"), subjects("Group"), subjects("ServiceAccount")]
}

fn ingress_class(class: &Object, age: Value) -> Vec<Value> {
    let parameters = class.at(&["spec", "parameters"]).map(|p| {
        let of = |field: &str| p.str_at(&[field]).unwrap_or_default().to_owned();
        let group = of("apiGroup");
        let kind = if group.is_empty() { of("kind") } else { format!("{}.{group}", of("kind")) };
        format!("{kind}/{}", of("name"))
    });
    let parameters = parameters.map_or_else(|| "<none>".into(), Value::from);
    vec![text(class, &["spec", "controller"], ""), parameters, age]
}

fn storage_class(class: &Object, age: Value) -> Vec<Value> {
    vec![
        text(class, &["provisioner"], ""),
        text(class, &["reclaimPolicy"], "Delete"),
        text(class, &["volumeBindingMode"], "Immediate"),
        truth(class, &["allowVolumeExpansion"]),
        age,
    ]
}

fn priority_class(class: &Object, age: Value) -> Vec<Value> {
    let policy = text(class, &["preemptionPolicy"], "PreemptLowerPriority");
    vec![text(class, &["value"], "0"), truth(class, &["globalDefault"]), age, policy]
}

/// Requests and limits apart, each with what is used of it.
fn quota(quota: &Object, age: Value) -> Vec<Value> {
    let hard = quota.at(&["status", "hard"]).and_then(Value::as_map);
    let used = |name: &str| {
        let used = quota.at(&["status", "used"]).and_then(|used| used.get(name));
        used.map_or_else(|| "0".into(), plain)
    };
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, most) in hard.into_iter().flatten() {
        let shown = format!("{name}: {}/{}", used(name), plain(most));
        if name.starts_with("limits.") { limits.push(shown) } else { requests.push(shown) }
    }
    vec![requests.join(", ").into(), limits.join(", ").into(), age]
}

fn driver(driver: &Object, age: Value) -> Vec<Value> {
    let or_true = |field: &str| match driver.at(&["spec", field]).and_then(Value::as_bool) {
        Some(false) => "false".into(),
        _ => Value::from("true"),
    };
    let tokens: Vec<&str> =
        driver.list_at(&["spec", "tokenRequests"]).iter().filter_map(|t| t.str_at(&["audience"])).collect();
    let modes: Vec<&str> =
        driver.list_at(&["spec", "volumeLifecycleModes"]).iter().filter_map(Value::as_str).collect();
    vec![
        or_true("attachRequired"),
        truth(driver, &["spec", "podInfoOnMount"]),
        truth(driver, &["spec", "storageCapacity"]),
        if tokens.is_empty() { "<unset>".into() } else { tokens.join(",").into() },
        truth(driver, &["spec", "requiresRepublish"]),
        if modes.is_empty() { "<none>".into() } else { modes.join(",").into() },
        age,
    ]
}

fn flow_schema(schema: &Object, age: Value) -> Vec<Value> {
    let dangling =
        schema.list_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some("Dangling"));
    let missing = dangling.and_then(|c| c.str_at(&["status"])).unwrap_or("?").to_owned();
    vec![
        text(schema, &["spec", "priorityLevelConfiguration", "name"], ""),
        Value::Int(schema.i64_at(&["spec", "matchingPrecedence"]).unwrap_or(0)),
        text(schema, &["spec", "distinguisherMethod", "type"], "<none>"),
        age,
        missing.into(),
    ]
}

fn autoscaler(scaler: &Object, age: Value) -> Vec<Value> {
    let of = ["kind", "name"]
        .map(|f| scaler.str_at(&["spec", "scaleTargetRef", f]).unwrap_or_default().to_owned());
    vec![
        of.join("/").into(),
        targets(scaler).into(),
        text(scaler, &["spec", "minReplicas"], "<unset>"),
        scaler.at(&["spec", "maxReplicas"]).cloned().unwrap_or(Value::Int(0)),
        Value::Int(scaler.i64_at(&["status", "currentReplicas"]).unwrap_or(0)),
        age,
    ]
}

/// The first two metrics, as what is there over what is wished for.
fn targets(scaler: &Object) -> String {
    if let Some(percent) = scaler.i64_at(&["spec", "targetCPUUtilizationPercentage"]) {
        let now = scaler.i64_at(&["status", "currentCPUUtilizationPercentage"]);
        return format!("cpu: {}/{percent}%", now.map_or_else(|| "<unknown>".into(), |n| format!("{n}%")));
    }
    let metrics = scaler.list_at(&["spec", "metrics"]);
    let current = scaler.list_at(&["status", "currentMetrics"]);
    let shown: Vec<String> = metrics.iter().enumerate().map(|(i, m)| target(m, current.get(i))).collect();
    match shown.as_slice() {
        [] => "<none>".to_owned(),
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} + {} more...", rest.len())
        }
        few => few.join(", "),
    }
}

fn target(metric: &Value, current: Option<&Value>) -> String {
    let kind = metric.str_at(&["type"]).unwrap_or_default();
    let field = match kind {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        _ => "external",
    };
    let of = |value: Option<&Value>, place: &str, which: &str| {
        value.and_then(|v| v.at(&[field, place, which])).map(plain).filter(|t| !t.is_empty())
    };
    let unknown = || "<unknown>".into();
    let lead = match kind {
        "Resource" | "ContainerResource" => {
            format!("{}: ", metric.str_at(&[field, "name"]).unwrap_or_default())
        }
        _ => String::new(),
    };
    if let Some(percent) = of(Some(metric), "target", "averageUtilization") {
        let now = of(current, "current", "averageUtilization");
        return format!("{lead}{}/{percent}%", now.map_or_else(|| "<unknown>".into(), |n| format!("{n}%")));
    }
    let mut which = "averageValue";
    let wished = of(Some(metric), "target", which).or_else(|| {
        which = "value";
        of(Some(metric), "target", which)
    });
    let now = of(current, "current", which).unwrap_or_else(unknown);
    let average =
        if which == "averageValue" && ["Object", "External"].contains(&kind) { " (avg)" } else { "" };
    format!("{lead}{now}/{}{average}", wished.unwrap_or_default())
}
