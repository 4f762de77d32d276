//! What the server accepts with a warning.

use std::collections::BTreeMap;

use tautline_core::{Object, Value};

use crate::catalog::Served;

/// What every answer about Endpoints comes with.
pub(crate) const ENDPOINTS: &str =
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// The warnings for an object.
pub(crate) fn warnings(served: &Served, object: &Object) -> Vec<String> {
    let mut out = Vec::new();
    match (served.group(), served.gvk().kind.as_str()) {
        ("", "Endpoints") => {
            out.push(ENDPOINTS.to_owned());
        }
        ("", "Service") => service(object, &mut out),
        ("", "Pod") => pod(object.get("metadata"), object.get("spec"), "spec", &mut out),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") => {
            let of = |field| object.at(&["spec", "template", field]);
            pod(of("metadata"), of("spec"), "spec.template.spec", &mut out);
        }
        ("batch", "CronJob") => {
            let path = "spec.jobTemplate.spec.template.spec";
            let of = |field| object.at(&["spec", "jobTemplate", "spec", "template", field]);
            pod(of("metadata"), of("spec"), path, &mut out);
        }
        ("networking.k8s.io", "Ingress") if object.annotation("kubernetes.io/ingress.class").is_some() => {
            let text = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use \
                        'spec.ingressClassName' instead";
            out.push(text.to_owned());
        }
        ("", "PersistentVolumeClaim") => {
            whole_bytes(
                object.at(&["spec", "resources", "requests", "storage"]),
                "spec.resources.requests[storage]",
                &mut out,
            );
        }
        ("", "Secret") if object.str_at(&["type"]) == Some("kubernetes.io/tls") => tls(object, &mut out),
        ("storage.k8s.io", "CSIDriver")
            if !object.list_at(&["spec", "tokenRequests"]).is_empty()
                && object.at(&["spec", "serviceAccountTokenInSecrets"]).is_none() =>
        {
            out.push(TOKENS_IN_ATTRIBUTES.to_owned());
        }
        _ => {}
    }
    out
}

const TOKENS_IN_ATTRIBUTES: &str = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to \
                                    true to prevent possible logging of tokens in volume attributes";

fn service(object: &Object, out: &mut Vec<String>) {
    external_addresses(object, out);
    let is_headless = object.str_at(&["spec", "clusterIP"]) == Some("None");
    let holds_on = object.str_at(&["spec", "sessionAffinity"]).is_some_and(|kind| kind != "None");
    let is_named = object.str_at(&["spec", "externalName"]).is_some_and(|name| !name.is_empty());
    let is_headless = is_headless && object.str_at(&["spec", "type"]) != Some("ExternalName");
    if is_headless && holds_on {
        out.push("spec.SessionAffinity is ignored for headless services".to_owned());
    }
    if is_named && object.str_at(&["spec", "type"]) != Some("ExternalName") {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
}

fn external_addresses(object: &Object, out: &mut Vec<String>) {
    if object.list_at(&["spec", "externalIPs"]).is_empty() {
        return;
    }
    let why = match (object.str_at(&["spec", "type"]), object.str_at(&["spec", "clusterIP"])) {
        (Some("ExternalName"), _) => "ignored when spec.type is \"ExternalName\"",
        (_, Some("None")) => "ignored for headless services",
        _ => "deprecated and may no longer be implemented in some clusters",
    };
    out.push(format!("spec.externalIPs is {why}"));
}

/// A certificate that cannot be read is stored all the same.
fn tls(object: &Object, out: &mut Vec<String>) {
    use base64::Engine as _;
    let bytes = |key: &str| {
        let text = object.str_at(&["data", key]).unwrap_or_default();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
    };
    let has_pem = |bytes: &[u8]| bytes.windows(10).any(|part| part == b"-----BEGIN");
    if !has_pem(&bytes("tls.crt")) {
        out.push("tls: failed to find any PEM data in certificate input".to_owned());
    } else if !has_pem(&bytes("tls.key")) {
        out.push("tls: failed to find any PEM data in key input".to_owned());
    }
}

fn whole_bytes(amount: Option<&Value>, path: &str, out: &mut Vec<String>) {
    let quantity = amount.and_then(tautline_grammar::Quantity::from_value).and_then(Result::ok);
    if let Some(quantity) = quantity.filter(|q| q.to_millis() % 1000 != 0) {
        let text = quantity.canonical();
        out.push(format!("{path}: fractional byte value \"{text}\" is invalid, must be an integer"));
    }
}

/// Labels of nodes that have newer names.
const OLD_LABELS: [(&str, &str, &str); 5] = [
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "v1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "v1.17", "topology.kubernetes.io/zone"),
    ("beta.kubernetes.io/instance-type", "v1.17", "node.kubernetes.io/instance-type"),
];

/// Annotations of a pod or of its template that fields have taken the place of.
fn annotations(metadata: Option<&Value>, path: &str, out: &mut Vec<String>) {
    const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
    let all = metadata.and_then(|m| m.get("annotations")).and_then(Value::as_map).into_iter().flatten();
    for (key, _) in all.filter(|(key, _)| key.starts_with(APPARMOR)) {
        out.push(format!("{path}[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
    }
}

fn pod(metadata: Option<&Value>, spec: Option<&Value>, path: &str, out: &mut Vec<String>) {
    let Some(spec) = spec else { return };
    for (label, since, newer) in OLD_LABELS {
        if spec.at(&["nodeSelector", label]).is_some() {
            out.push(format!(
                "{path}.nodeSelector[{label}]: deprecated since {since}; use \"{newer}\" instead"
            ));
        }
    }
    for (i, constraint) in spec.list_at(&["topologySpreadConstraints"]).iter().enumerate() {
        if constraint.get("labelSelector").is_none() {
            out.push(format!(
                "{path}.topologySpreadConstraints[{i}].labelSelector: a null labelSelector results in matching no pod"
            ));
        }
    }
    for (i, alias) in spec.list_at(&["hostAliases"]).iter().enumerate() {
        let ip = alias.str_at(&["ip"]).unwrap_or_default();
        let same =
            spec.list_at(&["hostAliases"]).iter().take(i).any(|other| other.str_at(&["ip"]) == Some(ip));
        if same {
            out.push(format!("{path}.hostAliases[{i}].ip: duplicate ip \"{ip}\""));
        }
    }
    names(spec, path, out);
    volumes(spec, path, out);
    let above = path.strip_suffix("spec").unwrap_or(path);
    annotations(metadata, &format!("{above}metadata.annotations"), out);
    containers(spec, path, out);
    ports(spec, path, out);
}

fn names(spec: &Value, path: &str, out: &mut Vec<String>) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, secret) in spec.list_at(&["imagePullSecrets"]).iter().enumerate() {
        let name = secret.str_at(&["name"]).unwrap_or_default();
        let at = format!("{path}.imagePullSecrets[{i}].name");
        if name.is_empty() {
            out.push(format!("{at}: invalid empty name \"\""));
        }
        if seen.contains(&name) {
            out.push(format!("{at}: duplicate name \"{name}\""));
        }
        seen.push(name);
    }
}

/// Sources of volumes whose time is over, with the words for each.
const OLD_VOLUMES: [(&str, &str); 16] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ("awsElasticBlockStore", ""),
    ("azureDisk", ""),
    ("azureFile", ""),
    ("cinder", ""),
    ("gcePersistentDisk", ""),
    ("vsphereVolume", ""),
    ("portworxVolume", ""),
];

fn volumes(spec: &Value, path: &str, out: &mut Vec<String>) {
    for (i, volume) in spec.list_at(&["volumes"]).iter().enumerate() {
        for (name, words) in OLD_VOLUMES.iter().filter(|(_, words)| !words.is_empty()) {
            if volume.get(name).is_some() {
                out.push(format!("{path}.volumes[{i}].{name}: {words}"));
            }
        }
    }
}

fn containers(spec: &Value, path: &str, out: &mut Vec<String>) {
    for field in ["initContainers", "containers"] {
        for (i, container) in spec.list_at(&[field]).iter().enumerate() {
            let at = format!("{path}.{field}[{i}]");
            for kind in ["limits", "requests"] {
                for name in ["memory", "ephemeral-storage"] {
                    let amount = container.at(&["resources", kind, name]);
                    whole_bytes(amount, &format!("{at}.resources.{kind}[{name}]"), out);
                }
            }
            let mut seen: Vec<(&str, bool)> = Vec::new();
            for (j, variable) in container.list_at(&["env"]).iter().enumerate() {
                let name = variable.str_at(&["name"]).unwrap_or_default();
                if seen.iter().any(|(known, _)| *known == name) {
                    out.push(format!(
                        "{at}.env[{j}]: hides previous definition of \"{name}\", which may be dropped when using apply"
                    ));
                }
                seen.push((name, variable.get("value").is_some()));
            }
        }
    }
}

/// Ports that clash: one number twice, one name twice.
fn ports(spec: &Value, path: &str, out: &mut Vec<String>) {
    type Seen<'v> = BTreeMap<&'v str, String>;
    let (mut names, mut all): (Seen<'_>, Vec<(&Value, String)>) = (Seen::new(), Vec::new());
    let sidecars = spec.list_at(&["initContainers"]).iter().enumerate();
    let sidecars = sidecars.filter(|(_, c)| c.str_at(&["restartPolicy"]) == Some("Always"));
    let own = spec.list_at(&["containers"]).iter().enumerate();
    let lists = sidecars.map(|(i, c)| ("initContainers", i, c)).chain(own.map(|(i, c)| ("containers", i, c)));
    for (field, i, container) in lists {
        let mut here = Vec::new();
        let mut named = Vec::new();
        for (j, port) in container.list_at(&["ports"]).iter().enumerate() {
            let at = format!("{path}.{field}[{i}].ports[{j}]");
            let same = |other: &Value, keys: &[&str]| keys.iter().all(|key| other.get(key) == port.get(key));
            let exact = ["containerPort", "protocol", "hostPort", "hostIP"];
            if let Some((_, other)) = all.iter().find(|(other, _)| same(other, &exact)) {
                here.push(format!("{at}: duplicate port definition with {other}"));
            }
            if let Some(name) = port.str_at(&["name"]).filter(|name| !name.is_empty()) {
                match names.get(name) {
                    Some(first) => named.push(format!(
                        "{at}: duplicate port name \"{name}\" with {first}, services and probes that select ports by \
                         name will use {first}"
                    )),
                    None => drop(names.insert(name, at.clone())),
                }
            }
            all.push((port, at));
        }
        out.extend(here);
        out.extend(named);
    }
}
