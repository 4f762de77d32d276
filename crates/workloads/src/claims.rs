//! Volumes: every claim is bound at once.

use tautline_core::{Object, Value, value};

use crate::action::Action;

/// Binds a claim to what it asks for.
pub(crate) fn step(claim: &Object) -> Vec<Action> {
    if claim.is_terminating() || claim.str_at(&["status", "phase"]) == Some("Bound") {
        return Vec::new();
    }
    let mut status = claim.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    status.insert("phase", "Bound");
    if let Some(modes) = claim.at(&["spec", "accessModes"]) {
        status.insert("accessModes", modes.clone());
    }
    if let Some(size) = claim.at(&["spec", "resources", "requests"]) {
        status.insert("capacity", size.clone());
    }
    Action::status(claim, status).into_iter().collect()
}

/// A volume that nobody claims is available.
pub(crate) fn step_volume(volume: &Object) -> Vec<Action> {
    let phase = volume.str_at(&["status", "phase"]).unwrap_or_default();
    if volume.is_terminating()
        || volume.at(&["spec", "claimRef"]).is_some()
        || !["", "Pending"].contains(&phase)
    {
        return Vec::new();
    }
    vec![Action::patch(volume, value!({ "status": { "phase": "Available" } }), Some("status"))]
}
