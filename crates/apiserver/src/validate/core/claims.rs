//! Claims of volumes.

use tautline_core::Object;

use super::super::at::{At, Check};
use super::super::go;

pub(super) const ACCESS_MODES: [&str; 4] =
    ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The spec of a claim, or of a template for claims.
pub(in super::super) fn spec(spec: At<'_>) {
    let modes = spec.at("accessModes");
    if modes.list().is_empty() {
        modes.required("at least 1 access mode is required");
    }
    spec.at("selector").label_selector();
    access_modes(modes);
    let size =
        spec.at("resources").with(spec.at("resources").at("requests").get("storage")).key_here("storage");
    match size.quantity() {
        None => size.required(""),
        Some(quantity) if quantity.sign().is_le() => size.invalid("must be greater than zero"),
        Some(_) => super::resources::quantity("storage", size),
    }
    let class = spec.at("storageClassName");
    if !class.str().is_empty() {
        class.dns_subdomain();
    }
    if spec.has("volumeMode") {
        spec.at("volumeMode").one_of(&["Block", "Filesystem"]);
    }
    source(spec.at("dataSource"));
    source(spec.at("dataSourceRef"));
}

/// The modes themselves, and that the one for a single pod stands alone.
pub(super) fn access_modes(modes: At<'_>) {
    let mut kinds = (false, false);
    for mode in modes.list() {
        let text = mode.as_str().unwrap_or_default();
        if !ACCESS_MODES.contains(&text) {
            modes.with(Some(mode)).unsupported(&ACCESS_MODES);
        }
        kinds.0 |= text == "ReadWriteOncePod";
        kinds.1 |= text != "ReadWriteOncePod" && ACCESS_MODES.contains(&text);
    }
    if kinds == (true, true) {
        modes.forbidden("may not use ReadWriteOncePod with other access modes");
    }
}

fn source(source: At<'_>) {
    if !source.is_set() {
        return;
    }
    source.at("name").needed();
    source.at("kind").needed();
    if source.text("apiGroup").is_empty() && source.text("kind") != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        source.at("kind").invalid(detail);
    }
    if !source.text("apiGroup").is_empty() {
        source.at("apiGroup").dns_subdomain();
    }
}

/// What may change of a claim.
pub(in super::super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let root = check.root(new);
    let bound = new.str_at(&["status", "phase"]) == Some("Bound");
    let comparable = |object: &Object| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        if let Some(map) = spec.as_map_mut() {
            if old.str_at(&["spec", "volumeName"]).is_none() {
                match new.at(&["spec", "volumeName"]) {
                    Some(name) => drop(map.insert("volumeName", name.clone())),
                    None => drop(map.remove("volumeName")),
                }
            }
            if old.at(&["spec", "storageClassName"]).is_none() {
                map.remove("storageClassName");
            }
            if bound {
                map.remove("volumeAttributesClassName");
                let size = old.at(&["spec", "resources", "requests", "storage"]).cloned();
                if let Some(size) = size {
                    map.map_at("resources").map_at("requests").insert("storage", size);
                }
            }
        }
        spec
    };
    let (before, after) = (comparable(old), comparable(new));
    if before != after {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName \
                      for bound claims";
        let difference = go::difference("PersistentVolumeClaimSpec", &before, &after);
        root.at("spec").forbidden(&format!("{detail}\n{difference}"));
    }
    let size = |object: &Object, path: &[&str]| {
        object.at(path).and_then(tautline_grammar::Quantity::from_value).and_then(Result::ok)
    };
    let storage = ["spec", "resources", "requests", "storage"];
    if let (Some(old_size), Some(new_size)) = (size(old, &storage), size(new, &storage))
        && new_size < old_size
    {
        let capacity = size(old, &["status", "capacity", "storage"]);
        if capacity.is_some_and(|capacity| new_size <= capacity) {
            let at = root.at("spec").at("resources").at("requests").at("storage");
            at.forbidden("field can not be less than status.capacity");
        }
    }
    let old_mode = check.root(old).at("spec").at("volumeMode");
    root.at("volumeMode").with(root.at("spec").get("volumeMode")).unchanged(old_mode);
}
