//! Services, ConfigMaps, Secrets, claims, bindings and CRDs.

use tautline_core::{Object, Value};
use tautline_grammar::names;

use super::{port_problem, text};
use crate::failure::Wrong;

pub(super) fn service(object: &Object, wrong: &mut Vec<Wrong>) {
    let kind = text(object, &["spec", "type"]);
    let ports = object.list_at(&["spec", "ports"]);
    let headless = text(object, &["spec", "clusterIP"]) == "None";
    if ports.is_empty() && !headless && kind != "ExternalName" {
        wrong.push(Wrong::required("spec.ports", ""));
    }
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !kind.is_empty() && !known.contains(&kind) {
        wrong.push(Wrong::unsupported("spec.type", &kind.into(), &known));
    }
    for (i, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{i}]");
        match port.str_at(&["name"]).unwrap_or_default() {
            "" if ports.len() > 1 => wrong.push(Wrong::required(format!("{at}.name"), "")),
            "" => {}
            name => wrong.extend(
                names::dns_label(name).iter().map(|p| Wrong::invalid(format!("{at}.name"), &name.into(), p)),
            ),
        }
        let number = port.get("port").cloned().unwrap_or(Value::Int(0));
        if let Some(problem) = port_problem(Some(&number)) {
            wrong.push(Wrong::invalid(format!("{at}.port"), &number, problem));
        }
        let protocols = ["SCTP", "TCP", "UDP"];
        if let Some(protocol) = port.get("protocol")
            && !protocol.as_str().is_some_and(|p| protocols.contains(&p))
        {
            wrong.push(Wrong::unsupported(format!("{at}.protocol"), protocol, &protocols));
        }
        if let (Some(problem), Some(target)) = (port_problem(port.get("targetPort")), port.get("targetPort"))
        {
            wrong.push(Wrong::invalid(format!("{at}.targetPort"), target, problem));
        }
    }
}

pub(super) fn keys(object: &Object, wrong: &mut Vec<Wrong>) {
    let map = |field: &str| object.get(field).and_then(Value::as_map).cloned().unwrap_or_default();
    let (data, binary) = (map("data"), map("binaryData"));
    for (field, values) in [("data", &data), ("binaryData", &binary)] {
        for key in values.keys() {
            let at = format!("{field}[{key}]");
            let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
            if !plain {
                let detail = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
                              'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
                              '[-._a-zA-Z0-9]+')";
                wrong.push(Wrong::invalid(&at, &Value::from(key), detail));
            }
            if field == "data" && binary.contains_key(key) {
                wrong.push(Wrong::invalid(&at, &Value::from(key), "duplicate of key present in binaryData"));
            }
        }
    }
    if object.is("", "Secret") {
        let needed: &[&str] = match text(object, &["type"]) {
            "kubernetes.io/tls" => &["tls.crt", "tls.key"],
            "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
            "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
            _ => &[],
        };
        let missing = needed.iter().filter(|key| !data.contains_key(key));
        wrong.extend(missing.map(|key| Wrong::required(format!("data[{key}]"), "")));
    }
}

pub(super) fn claim(object: &Object, wrong: &mut Vec<Wrong>) {
    let modes = object.list_at(&["spec", "accessModes"]);
    if modes.is_empty() {
        wrong.push(Wrong::required("spec.accessModes", "at least 1 access mode is required"));
    }
    let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    let odd = modes.iter().filter(|mode| !mode.as_str().is_some_and(|m| known.contains(&m)));
    wrong.extend(odd.map(|mode| Wrong::unsupported("spec.accessModes", mode, &known)));
    if object.at(&["spec", "resources", "requests", "storage"]).is_none() {
        wrong.push(Wrong::required("spec.resources[storage]", ""));
    }
}

pub(super) fn binding(object: &Object, wrong: &mut Vec<Wrong>) {
    let known: &[&str] = match object.kind() {
        "RoleBinding" => &["Role", "ClusterRole"],
        _ => &["ClusterRole"],
    };
    let kind = text(object, &["roleRef", "kind"]);
    if !known.contains(&kind) {
        wrong.push(Wrong::unsupported("roleRef.kind", &kind.into(), known));
    }
    if text(object, &["roleRef", "name"]).is_empty() {
        wrong.push(Wrong::required("roleRef.name", ""));
    }
    let subjects = ["ServiceAccount", "User", "Group"];
    for (i, subject) in object.list_at(&["subjects"]).iter().enumerate() {
        let kind = subject.str_at(&["kind"]).unwrap_or_default();
        if !subjects.contains(&kind) {
            wrong.push(Wrong::unsupported(format!("subjects[{i}].kind"), &kind.into(), &subjects));
        }
        if kind == "ServiceAccount" && subject.str_at(&["namespace"]).is_none_or(str::is_empty) {
            wrong.push(Wrong::required(format!("subjects[{i}].namespace"), ""));
        }
    }
}

pub(super) fn crd(object: &Object, wrong: &mut Vec<Wrong>) {
    let (plural, group) = (text(object, &["spec", "names", "plural"]), text(object, &["spec", "group"]));
    if object.name() != format!("{plural}.{group}") {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        wrong.push(Wrong::invalid("metadata.name", &object.name().into(), detail));
    }
    for (field, value) in [
        ("spec.group", group),
        ("spec.names.kind", text(object, &["spec", "names", "kind"])),
        ("spec.names.plural", plural),
    ] {
        if value.is_empty() {
            wrong.push(Wrong::required(field, ""));
        }
    }
    let scope = text(object, &["spec", "scope"]);
    if !["Cluster", "Namespaced"].contains(&scope) {
        wrong.push(Wrong::unsupported("spec.scope", &scope.into(), &["Cluster", "Namespaced"]));
    }
    let versions = object.list_at(&["spec", "versions"]);
    let stored = versions.iter().filter(|v| v.get("storage").and_then(Value::as_bool) == Some(true)).count();
    if stored != 1 {
        let value = object.at(&["spec", "versions"]).cloned().unwrap_or_default();
        let detail = "must have exactly one version marked as storage version";
        wrong.push(Wrong::invalid("spec.versions", &value, detail));
    }
    for (i, version) in versions.iter().enumerate() {
        match version.at(&["schema", "openAPIV3Schema"]) {
            None => wrong.push(Wrong::required(format!("spec.versions[{i}].schema.openAPIV3Schema"), "")),
            Some(schema) if schema.str_at(&["type"]).is_none_or(str::is_empty) => {
                let detail = "must not be empty at the root";
                wrong.push(Wrong::required("spec.validation.openAPIV3Schema.type", detail));
            }
            Some(_) => {}
        }
    }
}
