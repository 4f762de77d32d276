//! Where a container mounts its volumes.

use std::collections::BTreeSet;

use tautline_core::Value;

use super::super::at::At;
use super::containers::Around;
use super::volumes::{descending, no_backsteps};

fn volume<'a>(spec: At<'a>, name: &str) -> Option<&'a Value> {
    let volumes = spec.get("volumes")?.as_list()?;
    volumes.iter().find(|v| v.str_at(&["name"]) == Some(name))
}

/// Whether a StatefulSet's claims bring a volume.
fn brought(claims: Option<At<'_>>, name: &str) -> bool {
    let list = claims.map(At::list).unwrap_or_default();
    list.iter().any(|claim| claim.str_at(&["metadata", "name"]) == Some(name))
}

fn texts<'a>(list: At<'a>, field: &'a str) -> BTreeSet<&'a str> {
    list.list().iter().map(|item| item.str_at(&[field]).unwrap_or_default()).collect()
}

/// `volumeMounts`.
pub(super) fn mounts<'a>(container: At<'a>, sound: &BTreeSet<&str>, claims: Option<At<'a>>) {
    let all = container.at("volumeMounts");
    if all.list().is_empty() {
        return;
    }
    let devices = container.at("volumeDevices");
    let (device_names, device_paths) = (texts(devices, "name"), texts(devices, "devicePath"));
    let mut paths = BTreeSet::new();
    for mount in all.items() {
        let (name, path) = (mount.at("name"), mount.at("mountPath"));
        name.needed();
        if !sound.contains(name.str()) && !brought(claims, name.str()) {
            name.not_found();
        }
        path.needed();
        if !paths.insert(path.str()) {
            path.invalid("must be unique");
        }
        if device_names.contains(name.str()) {
            name.invalid("must not already exist in volumeDevices");
        }
        if device_paths.contains(path.str()) {
            path.invalid("must not already exist as a path in volumeDevices");
        }
        sub_path(all, mount);
        propagation(all, mount, container);
    }
}

/// The path below the volume. What is wrong is said of the list, not of the item.
fn sub_path<'a>(all: At<'a>, mount: At<'a>) {
    let at = |field: &'a str| all.at(field).with(mount.get(field));
    if !mount.text("subPath").is_empty() {
        descending(at("subPath"));
    }
    if !mount.text("subPathExpr").is_empty() {
        if !mount.text("subPath").is_empty() {
            mount.at("subPathExpr").invalid("subPathExpr and subPath are mutually exclusive");
        }
        descending(at("subPathExpr"));
    }
}

fn propagation<'a>(all: At<'a>, mount: At<'a>, container: At<'a>) {
    let how = all.at("mountPropagation").with(mount.get("mountPropagation"));
    if how.is_set() {
        how.one_of(&["Bidirectional", "HostToContainer", "None"]);
        let privileged = container.at("securityContext").is_true("privileged");
        if how.str() == "Bidirectional" && !privileged {
            how.forbidden("Bidirectional mount propagation is available only to privileged containers");
        }
    }
    let recursive = all.at("recursiveReadOnly").with(mount.get("recursiveReadOnly"));
    match recursive.str() {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !mount.is_true("readOnly") {
                recursive.forbidden("may only be specified when readOnly is true");
            }
            if how.is_set() && how.str() != "None" {
                recursive.forbidden("may only be specified when mountPropagation is None or not specified");
            }
        }
        _ if recursive.is_set() => recursive.unsupported(&["Disabled", "Enabled", "IfPossible"]),
        _ => {}
    }
}

/// `volumeDevices`.
pub(super) fn devices<'a>(container: At<'a>, around: Around<'a, '_>) {
    let (spec, claims) = (around.spec, around.claims);
    let all = container.at("volumeDevices");
    let mounted = container.at("volumeMounts");
    let (mount_names, mount_paths) = (texts(mounted, "name"), texts(mounted, "mountPath"));
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for device in all.items() {
        let (name, path) = (device.at("name"), device.at("devicePath"));
        let of = volume(spec, name.str()).filter(|_| around.sound.contains(name.str()));
        name.needed();
        if names.contains(name.str()) {
            name.invalid("must be unique");
        }
        let claimed = brought(claims, name.str());
        let fits = claimed
            || of.is_some_and(|v| v.get("persistentVolumeClaim").is_some() || v.get("ephemeral").is_some());
        if of.is_none() && !claimed {
            name.not_found();
        } else if !fits {
            let detail =
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
            name.invalid(detail);
        }
        path.needed();
        if paths.contains(path.str()) {
            path.invalid("must be unique");
        }
        let before = path.found();
        no_backsteps(path);
        if path.found() > before {
            path.forget(before);
            path.invalid("can not contain backsteps ('..')");
        } else {
            paths.insert(path.str());
        }
        if mount_names.contains(name.str()) {
            name.invalid("must not already exist in volumeMounts");
        }
        if mount_paths.contains(path.str()) {
            path.invalid("must not already exist as a path in volumeMounts");
        }
        names.insert(name.str());
    }
}
