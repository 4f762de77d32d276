//! ConfigMaps and Secrets.

use base64::Engine as _;
use tautline_core::{Object, Value};

use super::super::at::{At, Check};
use super::super::rules::IMMUTABLE;
use super::super::texts::config_key;

/// What the values of one object may weigh.
const MOST: usize = 1024 * 1024;
const FROZEN: &str = "field is immutable when `immutable` is set";

pub(in super::super) fn config_map(root: At<'_>) {
    let (data, binary) = (root.at("data"), root.at("binaryData"));
    let mut size = 0;
    for (key, value) in data.entries() {
        for problem in config_key(key) {
            value.invalid_value(key, &problem);
        }
        if binary.has(key) {
            value.invalid_value(key, "duplicate of key present in binaryData");
        }
        size += value.str().len();
    }
    for (key, value) in binary.entries() {
        for problem in config_key(key) {
            value.invalid_value(key, &problem);
        }
        size += decoded_size(value.str());
    }
    if size > MOST {
        root.at("").too_long(MOST);
    }
}

/// How many bytes a base64 text stands for.
fn decoded_size(text: &str) -> usize {
    text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count().min(2)
}

pub(in super::super) fn secret(root: At<'_>) {
    let data = root.at("data");
    let mut size = 0;
    for (key, value) in data.entries() {
        for problem in config_key(key) {
            value.invalid_value(key, &problem);
        }
        size += decoded_size(value.str());
    }
    if size > MOST {
        data.too_long(MOST);
    }
    let need = |keys: &[&'static str]| {
        keys.iter().filter(|k| !holds(data, k)).for_each(|k| data.key(k).required(""))
    };
    match root.text("type") {
        "kubernetes.io/service-account-token" => {
            let annotations = root.at("metadata").at("annotations");
            annotations.key("kubernetes.io/service-account.name").needed();
        }
        "kubernetes.io/dockercfg" => docker(data, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => docker(data, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if !data.has("username") && !data.has("password") => {
            need(&["username", "password"]);
        }
        "kubernetes.io/ssh-auth" => {
            data.key("ssh-privatekey").needed();
        }
        "kubernetes.io/tls" => need(&["tls.crt", "tls.key"]),
        _ => {}
    }
}

/// Whether a key is there, be it with null.
fn holds(data: At<'_>, key: &str) -> bool {
    data.map().is_some_and(|map| map.contains_key(key))
}

/// Credentials for registries: a JSON object.
fn docker(data: At<'_>, key: &'static str) {
    let at = data.key(key);
    if !holds(data, key) {
        return at.required("");
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(at.str()).unwrap_or_default();
    if let Err(problem) = crate::go_json::check_object(&bytes) {
        at.invalid_value("<secret contents redacted>", &problem);
    }
}

fn frozen<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object, fields: &[&'static str]) {
    let is_frozen = |object: &Object| object.get("immutable").and_then(Value::as_bool) == Some(true);
    if !is_frozen(old) {
        return;
    }
    let root = check.root(new);
    if !is_frozen(new) {
        root.at("immutable").forbidden(FROZEN);
    }
    for field in fields.iter().filter(|field| old.get(field) != new.get(field)) {
        root.at(field).forbidden(FROZEN);
    }
}

/// What may change of a ConfigMap.
pub(in super::super) fn update_config_map<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    frozen(check, old, new, &["data", "binaryData"]);
}

/// What may change of a Secret.
pub(in super::super) fn update_secret<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    if old.get("type") != new.get("type") {
        check.root(new).at("type").invalid(IMMUTABLE);
    }
    frozen(check, old, new, &["data"]);
}
