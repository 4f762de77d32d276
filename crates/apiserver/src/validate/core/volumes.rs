//! Volumes of pods.

use std::collections::BTreeSet;

use super::super::at::At;
use super::env::{object_field, resource_field};

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const ONE_TYPE: &str = "may not specify more than 1 volume type";
const DOWNWARD: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// The sources of a volume in the order in which they are looked at, with the field that must be there.
const SOURCES: [(&str, &str); 30] = [
    ("emptyDir", ""),
    ("hostPath", ""),
    ("gitRepo", ""),
    ("gcePersistentDisk", "pdName"),
    ("awsElasticBlockStore", "volumeID"),
    ("secret", ""),
    ("nfs", ""),
    ("iscsi", ""),
    ("glusterfs", ""),
    ("flocker", ""),
    ("persistentVolumeClaim", "claimName"),
    ("rbd", ""),
    ("cinder", "volumeID"),
    ("cephfs", ""),
    ("quobyte", ""),
    ("downwardAPI", ""),
    ("fc", ""),
    ("flexVolume", "driver"),
    ("configMap", ""),
    ("azureFile", ""),
    ("vsphereVolume", "volumePath"),
    ("photonPersistentDisk", "pdID"),
    ("portworxVolume", "volumeID"),
    ("azureDisk", ""),
    ("storageos", ""),
    ("projected", ""),
    ("scaleIO", ""),
    ("csi", ""),
    ("ephemeral", ""),
    ("image", ""),
];

/// `volumes`: the names of those with which nothing is wrong.
pub(super) fn all<'a>(volumes: At<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for volume in volumes.items() {
        let before = volume.found();
        let count =
            SOURCES.iter().filter(|(name, _)| volume.has(name)).enumerate().map(|(i, (name, field))| {
                let at = volume.at(name);
                match i {
                    0 => source(at, name, field),
                    _ => at.forbidden(ONE_TYPE),
                }
            });
        if count.count() == 0 {
            volume.required("must specify a volume type");
        }
        let name = volume.at("name");
        if name.needed() {
            name.dns_label();
            if names.contains(name.str()) {
                name.duplicate();
            }
        }
        if volume.found() == before {
            names.insert(name.str());
        }
    }
    names
}

fn source(at: At<'_>, name: &str, field: &'static str) {
    match name {
        "emptyDir" if at.at("sizeLimit").quantity().is_some_and(|q| q.sign().is_lt()) => {
            at.at("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity");
        }
        "hostPath" => host_path(at),
        "gitRepo" => {
            at.at("repository").needed();
            descending(at.at("directory"));
        }
        "secret" => {
            at.at("secretName").needed();
            default_mode(at);
            at.at("items").items().for_each(key_to_path);
        }
        "configMap" => {
            at.at("name").needed();
            default_mode(at);
            at.at("items").items().for_each(key_to_path);
        }
        "nfs" => nfs(at),
        "downwardAPI" => {
            default_mode(at);
            at.at("items").items().for_each(|item| downward_file(at, item));
        }
        "projected" => projected(at),
        "csi" => {
            at.at("driver").needed();
            if at.has("nodePublishSecretRef") {
                at.at("nodePublishSecretRef").at("name").needed();
            }
        }
        "ephemeral" => match at.has("volumeClaimTemplate") {
            true => super::claims::spec(at.at("volumeClaimTemplate").at("spec")),
            false => at.at("volumeClaimTemplate").required(""),
        },
        "image" => {
            at.at("pullPolicy").one_of_if_set(&["Always", "IfNotPresent", "Never"]);
            at.at("reference").needed();
        }
        "gcePersistentDisk" | "awsElasticBlockStore" => {
            // The path of a GCE disk is not that of its field.
            at.at(field).needed();
            at.at("partition").within(0, 255);
        }
        "cinder"
        | "persistentVolumeClaim"
        | "flexVolume"
        | "vsphereVolume"
        | "photonPersistentDisk"
        | "portworxVolume" => {
            at.at(field).needed();
        }
        "azureFile" => {
            at.at("secretName").needed();
            at.at("shareName").needed();
        }
        "rbd" => {
            if at.at("monitors").list().is_empty() {
                at.at("monitors").required("");
            }
            at.at("image").needed();
        }
        "cephfs" if at.at("monitors").list().is_empty() => at.at("monitors").required(""),
        "glusterfs" => {
            at.at("endpoints").needed();
            at.at("path").needed();
        }
        _ => {}
    }
}

/// `hostPath`.
pub(super) fn host_path(at: At<'_>) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if at.at("path").needed() {
        no_backsteps(at.at("path"));
        at.at("type").one_of(&TYPES);
    }
}

/// `nfs`.
pub(super) fn nfs(at: At<'_>) {
    at.at("server").needed();
    let path = at.at("path");
    path.needed();
    if !path.str().starts_with('/') {
        path.invalid("must be an absolute path");
    }
}

fn default_mode(at: At<'_>) {
    mode(at.at("defaultMode"));
}

fn mode(at: At<'_>) {
    if at.int().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        at.invalid(MODE);
    }
}

fn key_to_path(item: At<'_>) {
    item.at("key").needed();
    item.at("path").needed();
    local_path(item.at("path"));
    mode(item.at("mode"));
}

/// An item of a downward API volume. What is wrong is said of the volume, not of the item.
fn downward_file<'a>(volume: At<'a>, item: At<'a>) {
    let at = |field: &'a str| volume.at(field).with(item.get(field));
    at("path").needed();
    local_path(at("path"));
    match (item.has("fieldRef"), item.has("resourceFieldRef")) {
        (true, both) => {
            object_field(at("fieldRef"), &DOWNWARD);
            if both {
                volume.invalid_value(
                    "resource",
                    "fieldRef and resourceFieldRef can not be specified simultaneously",
                );
            }
        }
        (false, true) => resource_field(at("resourceFieldRef"), true),
        (false, false) => volume.required("one of fieldRef and resourceFieldRef is required"),
    }
    mode(at("mode"));
}

fn projected(at: At<'_>) {
    default_mode(at);
    let mut paths = BTreeSet::new();
    for source in at.at("sources").items() {
        let mut count = 0;
        for name in ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"] {
            if !source.has(name) {
                continue;
            }
            let projection = source.at(name);
            count += 1;
            if count > 1 {
                projection.forbidden(ONE_TYPE);
                continue;
            }
            projection_of(projection, name, &mut paths);
        }
        if count == 0 && !source.has("podCertificate") {
            source.required("must specify a projection type");
        }
    }
}

fn projection_of<'a>(at: At<'a>, name: &str, paths: &mut BTreeSet<&'a str>) {
    match name {
        "secret" | "configMap" => {
            at.at("name").needed();
            at.at("items").items().for_each(key_to_path);
        }
        "downwardAPI" => at.at("items").items().for_each(|item| downward_file(at, item)),
        "serviceAccountToken" => {
            let seconds = at.at("expirationSeconds");
            if seconds.int().is_some_and(|n| n < 600) {
                seconds.invalid("may not specify a duration less than 10 minutes");
            }
            if seconds.int().is_some_and(|n| n > 1 << 32) {
                seconds.invalid("may not specify a duration larger than 2^32 seconds");
            }
            at.at("path").needed();
        }
        _ => {
            at.at("path").needed();
        }
    }
    for item in at.at("items").items() {
        let path = item.text("path");
        if !path.is_empty() && !paths.insert(path) {
            at.invalid_value(path, "conflicting duplicate paths");
        }
    }
}

/// A relative path that does not climb.
pub(super) fn descending(path: At<'_>) {
    if path.str().starts_with('/') {
        path.invalid("must be a relative path");
    }
    no_backsteps(path);
}

pub(super) fn no_backsteps(path: At<'_>) {
    if path.str().split('/').any(|part| part == "..") {
        path.invalid("must not contain '..'");
    }
}

fn local_path(path: At<'_>) {
    descending(path);
    if path.str().starts_with("..") && !path.str().starts_with("../") {
        path.invalid("must not start with '..'");
    }
}
