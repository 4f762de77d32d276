//! Persistent volumes.

use tautline_core::Object;

use super::super::at::{At, Check};
use super::super::go;
use super::{claims, resources, scheduling, volumes};

const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

pub(in super::super) fn volume(root: At<'_>) {
    let spec = root.at("spec");
    let modes = spec.at("accessModes");
    if modes.list().is_empty() {
        modes.required("");
    }
    claims::access_modes(modes);
    let capacity = spec.at("capacity");
    if capacity.is_empty() {
        capacity.required("");
    }
    if !capacity.has("storage") || capacity.len() > 1 {
        capacity.unsupported_go(
            &capacity.value().map_or("null".to_owned(), tautline_core::Value::to_json),
            &["storage"],
        );
    }
    for (name, amount) in capacity.entries() {
        resources::name(name, amount);
        if amount.quantity().is_some_and(|q| q.sign().is_le()) {
            amount.invalid("must be greater than zero");
        }
    }
    let policy = spec.at("persistentVolumeReclaimPolicy");
    policy.one_of_if_set(&["Delete", "Recycle", "Retain"]);
    affinity(spec.at("nodeAffinity"));
    sources(spec);
    let root_path = spec.at("hostPath").text("path");
    let is_root = !root_path.is_empty() && root_path.chars().all(|c| c == '/');
    if is_root && policy.str() == "Recycle" {
        policy.forbidden("may not be 'recycle' for a hostPath mount of '/'");
    }
    if !spec.text("storageClassName").is_empty() {
        spec.at("storageClassName").dns_subdomain();
    }
    if spec.has("volumeMode") {
        spec.at("volumeMode").one_of(&["Block", "Filesystem"]);
    }
}

fn affinity(affinity: At<'_>) {
    if affinity.is_set() {
        match affinity.has("required") {
            true => scheduling::node_selector(affinity.at("required")),
            false => affinity.at("required").required("must specify required node constraints"),
        }
    }
}

fn sources(spec: At<'_>) {
    let mut count = 0;
    for name in SOURCES.into_iter().filter(|name| spec.has(name)) {
        let at = spec.at(name);
        count += 1;
        if count > 1 {
            at.forbidden("may not specify more than 1 volume type");
            continue;
        }
        match name {
            "hostPath" => volumes::host_path(at),
            "nfs" => volumes::nfs(at),
            "local" => {
                if at.at("path").needed() {
                    volumes::no_backsteps(at.at("path"));
                }
                if !spec.has("nodeAffinity") {
                    spec.at("nodeAffinity").required("Local volume requires node affinity");
                }
            }
            "csi" => {
                at.at("driver").needed();
                at.at("volumeHandle").needed();
            }
            "gcePersistentDisk" => drop(at.at("pdName").needed()),
            "awsElasticBlockStore" | "cinder" => drop(at.at("volumeID").needed()),
            _ => {}
        }
    }
    if count == 0 {
        spec.required("must specify a volume type");
    }
}

/// What may change of a volume: not its source.
pub(in super::super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    if SOURCES.iter().any(|name| spec.get(name) != before.get(name)) {
        let of = |at: At<'_>| {
            let map = at.map().into_iter().flat_map(|map| map.iter());
            let map = map.filter(|(key, _)| SOURCES.contains(&key.as_str()));
            tautline_core::Value::Map(map.map(|(k, v)| (k.clone(), v.clone())).collect())
        };
        let difference = go::difference("PersistentVolumeSource", &of(before), &of(spec));
        let detail = "spec.persistentvolumesource is immutable after creation";
        spec.at("persistentvolumesource").forbidden(&format!("{detail}\n{difference}"));
    }
    if before.has("nodeAffinity") && spec.get("nodeAffinity") != before.get("nodeAffinity") {
        let detail = "field is immutable, except for updating from beta label to GA";
        let printed = go::print("VolumeNodeAffinity", spec.get("nodeAffinity"));
        check.root(new).at("nodeAffinity").invalid_go(&printed, detail);
    }
    if spec.get("volumeMode") != before.get("volumeMode") {
        spec.at("volumeMode").with(spec.get("volumeMode")).unchanged(before.at("volumeMode"));
    }
}
