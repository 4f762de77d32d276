//! Documents: discovery in both forms, OpenAPI, version, health.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tautline_core::{GroupVersion, Value, value};

use super::Call;
use super::answer::{Answer, Form};
use crate::catalog::{Catalog, Served};
use crate::failure::Failure;
use crate::server::Server;

/// Answers a path that is no resource.
pub(super) fn answer(server: &Server, call: &Call, path: &[String]) -> Result<Answer, Failure> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let state = server.lock();
    let catalog = &state.catalog;
    let form = Form::of(call)?;
    let value = match words.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => return Ok(Answer::Text(200, "ok".to_owned())),
        ["metrics"] => return Ok(Answer::Text(200, metrics(&state))),
        ["version"] => version(&state.options.version),
        ["api"] if form.aggregated => return Ok(Answer::Discovery(aggregated(catalog, true))),
        ["apis"] if form.aggregated => return Ok(Answer::Discovery(aggregated(catalog, false))),
        ["api"] => value!({ "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }] }),
        ["apis"] => {
            let groups: Vec<Value> =
                groups(catalog).into_iter().map(|(name, all)| group(&name, &all)).collect();
            value!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["apis", name] => {
            let all = groups(catalog);
            let Some(versions) = all.get(*name) else { return Ok(Answer::page_not_found()) };
            let mut one = group(name, versions);
            if let Some(map) = one.as_map_mut() {
                map.insert("kind", "APIGroup");
                map.insert("apiVersion", "v1");
            }
            one
        }
        ["api", version] => resources(catalog, "", version)?,
        ["apis", name, version] if catalog.has_group(name) => resources(catalog, name, version)?,
        ["openapi", "v3"] => crate::openapi::index(catalog),
        ["openapi", "v3", rest @ ..] => {
            let gv = match rest {
                ["api", version] => GroupVersion { group: String::new(), version: (*version).to_owned() },
                ["apis", group, version] => {
                    GroupVersion { group: (*group).to_owned(), version: (*version).to_owned() }
                }
                _ => return Ok(Answer::page_not_found()),
            };
            match crate::openapi::v3(catalog, &gv) {
                Some(document) => document,
                None => return Ok(Answer::page_not_found()),
            }
        }
        ["openapi", "v2"] => crate::openapi::v2(catalog, &state.options.version),
        [] => value!({ "paths": ["/api", "/apis", "/healthz", "/openapi/v2", "/openapi/v3", "/version"] }),
        _ => return Ok(Answer::page_not_found()),
    };
    Ok(Answer::Value(200, value, Vec::new()))
}

fn version(text: &str) -> Value {
    let numbers = text.trim_start_matches('v');
    let mut parts = numbers.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // A server goes as far back as the minor version before its own.
    let oldest = minor.parse::<u32>().unwrap_or(1).saturating_sub(1).to_string();
    value!({ "major": major, "minor": minor, "gitVersion": text, "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": oldest })
}

/// Requests by agent, verb and resource, as Prometheus reads them.
fn metrics(state: &crate::state::State) -> String {
    let mut out = String::from("# TYPE apiserver_request_total counter\n");
    for (count, n) in state.rules.counts.iter() {
        out.push_str(&format!(
            "apiserver_request_total{{agent={:?},verb=\"{}\",resource=\"{}\"}} {n}\n",
            count.agent,
            count.verb.as_str(),
            count.resource
        ));
    }
    out
}

type Versions = BTreeMap<String, Vec<Arc<Served>>>;

/// The groups but the core one, with their versions.
fn groups(catalog: &Catalog) -> BTreeMap<String, Versions> {
    let mut all: BTreeMap<String, Versions> = BTreeMap::new();
    for served in catalog.all().filter(|s| !s.group().is_empty()) {
        let versions = all.entry(served.group().to_owned()).or_default();
        versions.entry(served.gvk().version.clone()).or_default().push(served.clone());
    }
    all
}

/// A group's versions, the preferred first.
fn ordered(versions: &Versions) -> Vec<(&String, &Vec<Arc<Served>>)> {
    let mut all: Vec<_> = versions.iter().collect();
    all.sort_by_key(|(_, kinds)| !kinds.iter().any(|served| served.kind.preferred));
    all
}

fn group(name: &str, versions: &Versions) -> Value {
    let entry =
        |version: &String| value!({ "groupVersion": format!("{name}/{version}"), "version": version });
    let all: Vec<Value> = ordered(versions).into_iter().map(|(version, _)| entry(version)).collect();
    let first = all.first().cloned().unwrap_or_default();
    value!({ "name": name, "versions": all, "preferredVersion": first })
}

fn resources(catalog: &Catalog, group: &str, version: &str) -> Result<Value, Failure> {
    if !catalog.has_version(group, version) {
        return Err(Failure::no_such_resource());
    }
    let gv = GroupVersion { group: group.to_owned(), version: version.to_owned() };
    let here = catalog.all().filter(|s| s.group() == group && s.gvk().version == version);
    let mut list = Vec::new();
    for served in here {
        let kind = &served.kind;
        let mut one = value!({ "name": kind.plural.as_str(), "singularName": kind.singular.as_str(),
            "namespaced": served.is_namespaced(), "kind": kind.gvk.kind.as_str(), "verbs": kind.verbs.clone() });
        if let Some(map) = one.as_map_mut() {
            for (field, names) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
                if !names.is_empty() {
                    map.insert(field, Value::from(names.clone()));
                }
            }
        }
        if let (true, Some(map)) = (kind.can("get"), one.as_map_mut()) {
            let stored = &served.stored;
            let parts = [stored.group.as_str(), &stored.version, &stored.kind];
            let digest = tautline_core::Digest::of_parts(parts);
            map.insert("storageVersionHash", STANDARD.encode(digest.as_bytes().get(..8).unwrap_or_default()));
        }
        list.push(one);
        for sub in &kind.subresources {
            let mut one = value!({ "name": format!("{}/{}", kind.plural, sub.name), "singularName": "",
                "namespaced": served.is_namespaced(), "kind": sub.gvk.kind.as_str(), "verbs": sub.verbs.clone() });
            if let (true, Some(map)) = (sub.gvk.group_version() != gv, one.as_map_mut()) {
                map.insert("group", sub.gvk.group.as_str());
                map.insert("version", sub.gvk.version.as_str());
            }
            list.push(one);
        }
    }
    Ok(
        value!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv.to_string(), "resources": list }),
    )
}

/// `apidiscovery.k8s.io/v2`.
fn aggregated(catalog: &Catalog, core: bool) -> Value {
    let mut items = Vec::new();
    let all = match core {
        true => {
            let mut versions = Versions::new();
            for served in catalog.all().filter(|s| s.group().is_empty()) {
                versions.entry(served.gvk().version.clone()).or_default().push(served.clone());
            }
            BTreeMap::from([(String::new(), versions)])
        }
        false => groups(catalog),
    };
    for (name, versions) in &all {
        let list: Vec<Value> = ordered(versions)
            .into_iter()
            .map(|(version, kinds)| {
                let resources: Vec<Value> = kinds.iter().map(|served| described(served)).collect();
                value!({ "version": version, "freshness": "Current", "resources": resources })
            })
            .collect();
        let metadata = if name.is_empty() { Value::map() } else { value!({ "name": name }) };
        items.push(value!({ "metadata": metadata, "versions": list }));
    }
    value!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

fn described(served: &Served) -> Value {
    let kind = &served.kind;
    let of = |gvk: &tautline_core::GroupVersionKind| value!({ "group": gvk.group.as_str(), "version": gvk.version.as_str(), "kind": gvk.kind.as_str() });
    let scope = if served.is_namespaced() { "Namespaced" } else { "Cluster" };
    let mut one = value!({ "resource": kind.plural.as_str(), "responseKind": of(&kind.gvk), "scope": scope,
        "singularResource": kind.singular.as_str(), "verbs": kind.verbs.clone() });
    let Some(map) = one.as_map_mut() else { return one };
    for (field, names) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
        if !names.is_empty() {
            map.insert(field, Value::from(names.clone()));
        }
    }
    let subs: Vec<Value> = kind
        .subresources
        .iter()
        .map(|sub| {
            value!({ "subresource": sub.name.as_str(), "responseKind": of(&sub.gvk), "verbs": sub.verbs.clone() })
        })
        .collect();
    if !subs.is_empty() {
        map.insert("subresources", Value::from(subs));
    }
    one
}
