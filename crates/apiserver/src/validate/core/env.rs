//! Environment variables of containers and where they come from.

use tautline_grammar::names;

use super::super::at::At;
use super::super::texts::{config_key, env_name};

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const SOURCES: [&str; 5] = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
const DIVISORS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// `env`.
pub(super) fn variables(env: At<'_>) {
    for variable in env.items() {
        let name = variable.at("name");
        if name.needed() {
            name.all_invalid(env_name(name.str()));
        }
        if variable.has("valueFrom") {
            source(variable.at("valueFrom"), !variable.text("value").is_empty());
        }
    }
}

fn source(from: At<'_>, has_value: bool) {
    let mut count = 0;
    for name in SOURCES.iter().filter(|name| from.has(name)) {
        count += 1;
        let source = from.at(name);
        match *name {
            "fieldRef" => object_field(source, &FIELDS),
            "resourceFieldRef" => resource_field(source, false),
            "fileKeyRef" => file_key(source),
            _ => key_of(source),
        }
    }
    if count == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                      `fileKeyRef`";
        from.invalid_value("", detail);
    } else if has_value {
        from.invalid_value("", "may not be specified when `value` is not empty");
    } else if count > 1 {
        from.invalid_value("", "may not have more than one field specified at a time");
    }
}

/// A field of the pod, by its path in the downward API.
pub(super) fn object_field(field: At<'_>, known: &[&str]) {
    if !field.at("apiVersion").needed() || !field.at("fieldPath").needed() {
        return;
    }
    let at = field.at("fieldPath");
    let path = at.str();
    let subscript = path.strip_suffix(']').and_then(|p| p.split_once("['").or_else(|| p.split_once('[')));
    match subscript.map(|(head, key)| (head, key.trim_end_matches('\''))) {
        Some(("metadata.annotations", key)) => {
            names::qualified_name(&key.to_lowercase())
                .iter()
                .for_each(|p| field.invalid_value(key.to_lowercase(), p));
        }
        Some(("metadata.labels", key)) => {
            names::qualified_name(key).iter().for_each(|p| field.invalid_value(key, p));
        }
        Some((head, _)) if !convertible(head) => unconvertible(at),
        Some((head, _)) => field.invalid_value(head, "does not support subscript"),
        None if !convertible(path) => unconvertible(at),
        None if !known.contains(&path) => at.unsupported(known),
        None => {}
    }
}

fn convertible(path: &str) -> bool {
    FIELDS.contains(&path)
        || [
            "metadata.annotations",
            "metadata.labels",
            "spec.restartPolicy",
            "spec.schedulerName",
            "status.phase",
            "spec.host",
        ]
        .contains(&path)
}

fn unconvertible(path: At<'_>) {
    path.invalid(&format!("error converting fieldPath: field label not supported: {}", path.str()));
}

/// A resource of a container in the downward API.
pub(super) fn resource_field(field: At<'_>, in_volume: bool) {
    let resource = field.at("resource");
    let name = resource.str();
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if in_volume && field.text("containerName").is_empty() {
        field.at("containerName").required("");
    } else if name.is_empty() {
        resource.required("");
    } else if !RESOURCES.contains(&name) && !huge {
        resource.unsupported(&RESOURCES);
    }
    let divisor = field.at("divisor");
    if divisor.str().is_empty() || divisor.str() == "0" {
        return;
    }
    let what = match name.split_once('.').map(|(_, what)| what) {
        Some("cpu") => {
            if !["1", "1m"].contains(&divisor.str()) {
                divisor.invalid_value(
                    name,
                    "only divisor's values 1m and 1 are supported with the cpu resource",
                );
            }
            return;
        }
        Some("memory") => "memory",
        Some("ephemeral-storage") => "local ephemeral storage",
        _ if huge => "hugepages",
        _ => return,
    };
    if !DIVISORS.contains(&divisor.str()) {
        let known = DIVISORS.join(", ");
        let detail = format!("only divisor's values {known} are supported with the {what} resource");
        divisor.invalid_value(name, &detail);
    }
}

/// `configMapKeyRef`, `secretKeyRef`.
fn key_of(source: At<'_>) {
    source.at("name").dns_subdomain();
    let key = source.at("key");
    if key.needed() {
        key.all_invalid(config_key(key.str()));
    }
}

fn file_key(source: At<'_>) {
    let key = source.at("key");
    if key.needed() {
        key.all_invalid(env_name(key.str()));
    }
    let volume = source.at("volumeName");
    if volume.needed() {
        volume.dns_label();
    }
    let path = source.at("path");
    if path.needed() {
        super::volumes::no_backsteps(path);
    }
}

/// `envFrom`.
pub(super) fn maps(from: At<'_>) {
    for source in from.items() {
        let prefix = source.at("prefix");
        if !prefix.str().is_empty() {
            prefix.all_invalid(env_name(prefix.str()));
        }
        let mut count = 0;
        for name in ["configMapRef", "secretRef"].into_iter().filter(|name| source.has(name)) {
            count += 1;
            let of = source.at(name).at("name");
            if of.needed() {
                of.dns_subdomain();
            }
        }
        match count {
            0 => from.invalid_value("", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => from.invalid_value("", "may not have more than one field specified at a time"),
        }
    }
}
