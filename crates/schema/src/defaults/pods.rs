//! Defaults of pods and of the templates they are made from.

use std::sync::LazyLock;

use tautline_core::{Map, Value, value};

use super::set::{Rule, Rules, at, each, each_over, is_unset, map_at, map_in, put, set};

const POD_SPEC: &[Rule] = &[
    ("dnsPolicy", "\"ClusterFirst\""),
    ("restartPolicy", "\"Always\""),
    ("securityContext", "{}"),
    ("terminationGracePeriodSeconds", "30"),
    ("schedulerName", "\"default-scheduler\""),
    ("volumes[].secret.defaultMode", "420"),
    ("volumes[].configMap.defaultMode", "420"),
    ("volumes[].downwardAPI.defaultMode", "420"),
    ("volumes[].projected.defaultMode", "420"),
    ("volumes[].projected.sources[].serviceAccountToken.expirationSeconds", "3600"),
    ("volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion", "\"v1\""),
    ("volumes[].downwardAPI.items[].fieldRef.apiVersion", "\"v1\""),
    ("volumes[].iscsi.iscsiInterface", "\"default\""),
    ("volumes[].rbd.pool", "\"rbd\""),
    ("volumes[].rbd.user", "\"admin\""),
    ("volumes[].rbd.keyring", "\"/etc/ceph/keyring\""),
    ("volumes[].azureDisk.cachingMode", "\"ReadWrite\""),
    ("volumes[].azureDisk.kind", "\"Shared\""),
    ("volumes[].azureDisk.fsType", "\"ext4\""),
    ("volumes[].azureDisk.readOnly", "false"),
    ("volumes[].scaleIO.storageMode", "\"ThinProvisioned\""),
    ("volumes[].scaleIO.fsType", "\"xfs\""),
    ("volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode", "\"Filesystem\""),
];

const CONTAINER: &[Rule] = &[
    ("terminationMessagePath", "\"/dev/termination-log\""),
    ("terminationMessagePolicy", "\"File\""),
    ("ports[].protocol", "\"TCP\""),
    ("env[].valueFrom.fieldRef.apiVersion", "\"v1\""),
    ("env[].valueFrom.fileKeyRef.optional", "false"),
    ("lifecycle.postStart.httpGet.path", "\"/\""),
    ("lifecycle.postStart.httpGet.scheme", "\"HTTP\""),
    ("lifecycle.preStop.httpGet.path", "\"/\""),
    ("lifecycle.preStop.httpGet.scheme", "\"HTTP\""),
];

const PROBE: &[Rule] = &[
    ("timeoutSeconds", "1"),
    ("periodSeconds", "10"),
    ("successThreshold", "1"),
    ("failureThreshold", "3"),
    ("httpGet.path", "\"/\""),
    ("httpGet.scheme", "\"HTTP\""),
    ("grpc.service", "\"\""),
];

/// All of them, at the places of containers and probes.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let mut rules = Rules::of(POD_SPEC);
    for list in ["containers[]", "initContainers[]", "ephemeralContainers[]"] {
        rules.add(list, CONTAINER);
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            rules.add(&format!("{list}.{probe}"), PROBE);
        }
    }
    rules
});

/// The spec of a pod or of a template.
pub(super) fn spec(spec: &mut Value, before: Option<&Value>) {
    if before.is_some_and(|before| spec.is_same(before)) {
        return;
    }
    let Some(map) = spec.as_map_mut() else { return };
    let account = ["serviceAccountName", "serviceAccount"].into_iter();
    let account = account.filter_map(|f| map.get(f)).find(|v| v.as_str().is_some_and(|t| !t.is_empty()));
    if let Some(account) = account.cloned() {
        put(map, "serviceAccountName", account.clone());
        put(map, "serviceAccount", account);
    }
    each_over(spec, before, "volumes[].x", &mut |volume, _| volume_source(volume));
    RULES.fill(spec, before);
    for list in ["containers[].x", "initContainers[].x", "ephemeralContainers[].x"] {
        each_over(spec, before, list, &mut |container, _| pull_policy(container, "image", "imagePullPolicy"));
    }
}

/// A volume without a source is an empty directory; an image is pulled by a policy, and a path of the host has a type.
fn volume_source(volume: &mut Map) {
    if volume.iter().all(|(key, value)| key == "name" || value.is_null()) {
        volume.insert("emptyDir", value!({}));
    }
    if matches!(volume.get("image"), Some(Value::Map(_))) {
        map_in(volume, "image", |image| pull_policy(image, "reference", "pullPolicy"));
    }
    if matches!(volume.get("hostPath"), Some(Value::Map(_))) {
        map_in(volume, "hostPath", |path| set(path, "type", ""));
    }
}

/// `Always` for the tag `latest`, or none, without digest; else `IfNotPresent`.
fn pull_policy(map: &mut Map, image: &str, policy: &str) {
    if is_unset(map.get(policy)) {
        let latest = is_latest(map.get(image).and_then(Value::as_str).unwrap_or_default());
        map.insert(policy, if latest { "Always" } else { "IfNotPresent" });
    }
}

fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        // With a digest no tag is assumed; one that is written counts.
        let name = image.split('@').next().unwrap_or_default();
        return name.rsplit('/').next().is_some_and(|last| last.ends_with(":latest"));
    }
    // What is no image reference has no tag at all.
    let valid = is_reference(image);
    match image.rsplit('/').next().and_then(|last| last.split_once(':')) {
        Some((_, tag)) => tag == "latest",
        None => valid,
    }
}

/// Whether a text without digest names an image, as Docker's reference grammar has it: a domain where the first part has
/// a dot, a colon or an upper-case letter, and lower-case names.
fn is_reference(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    let (name, tag) = match last.split_once(':') {
        Some((_, tag)) => {
            (image.strip_suffix(tag).and_then(|n| n.strip_suffix(':')).unwrap_or(image), Some(tag))
        }
        None => (image, None),
    };
    let is_domain =
        |part: &str| part.contains(['.', ':']) || part == "localhost" || part.chars().any(char::is_uppercase);
    let (domain, path) = match name.split_once('/') {
        Some((first, rest)) if is_domain(first) => (first, rest),
        _ => ("", name),
    };
    let well_tagged = tag.is_none_or(|tag| {
        tag.len() <= 128
            && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    });
    let well_placed = domain.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c));
    name.len() <= 255 && well_tagged && well_placed && path.split('/').all(is_component)
}

/// A part of an image's name: letters and digits, with one dot, one or two underscores or any dashes between them.
fn is_component(part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_plain)
        && part.ends_with(is_plain)
        && part.chars().all(|c| is_plain(c) || "._-".contains(c))
        && part
            .split(is_plain)
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

/// What only pods get, not templates: requests from limits, and service links.
pub(super) fn pod(pod: &mut Value) {
    at(pod, &["spec"], pod_spec);
    map_at(pod, &["status"], pod_ips);
}

fn pod_spec(spec: &mut Value) {
    for list in ["containers[].resources.x", "initContainers[].resources.x"] {
        each(spec, list, &mut |resources, _| requests_from_limits(resources));
    }
    if spec.get("hostNetwork").and_then(Value::as_bool) == Some(true) {
        for list in ["containers[].ports[].x", "initContainers[].ports[].x"] {
            each(spec, list, &mut |port, _| {
                if let Some(number) = port.get("containerPort").cloned() {
                    set(port, "hostPort", number);
                }
            });
        }
    }
    if let Some(spec) = spec.as_map_mut() {
        set(spec, "enableServiceLinks", true);
    }
}

fn requests_from_limits(resources: &mut Map) {
    let Some(Value::Map(limits)) = resources.get("limits").cloned() else { return };
    map_in(resources, "requests", |requests| {
        for (name, limit) in &limits {
            if !requests.contains_key(name) {
                requests.insert(name, limit.clone());
            }
        }
    });
}

fn pod_ips(status: &mut Map) {
    let one = status.get("podIP").and_then(Value::as_str).unwrap_or_default().to_owned();
    let first = match status.get("podIPs") {
        Some(Value::List(ips)) => ips.first().and_then(|ip| ip.str_at(&["ip"])).map(str::to_owned),
        _ => None,
    };
    match (one.as_str(), first) {
        ("", Some(first)) => {
            status.insert("podIP", first);
        }
        (one, first) if !one.is_empty() && first.as_deref() != Some(one) => {
            status.insert("podIPs", value!([{ "ip": one }]));
        }
        _ => {}
    }
}
