//! [`Action`]: what a controller wants done.

use std::time::Duration;

use tautline_core::{GroupVersionKind, Map, Object, ResourceKey, Uid, Value};

/// One write that a controller or the kubelet wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make an object.
    Create(Object),
    /// Change an object by a merge patch.
    Patch {
        /// Which.
        object: ResourceKey,
        /// In which version.
        version: String,
        /// What changes.
        patch: Value,
        /// Through which endpoint: `Some("status")`.
        subresource: Option<&'static str>,
    },
    /// Delete an object with this uid.
    Discard {
        /// Which.
        object: ResourceKey,
        /// In which version.
        version: String,
        /// Its uid.
        uid: Uid,
        /// How long it may take; `None` for as long as it says itself.
        grace: Option<Duration>,
    },
}

impl Action {
    /// The object that is written.
    pub fn key(&self) -> ResourceKey {
        match self {
            Self::Create(object) => object.key(),
            Self::Patch { object, .. } | Self::Discard { object, .. } => object.clone(),
        }
    }

    /// The kind that is written.
    pub fn gvk(&self) -> GroupVersionKind {
        match self {
            Self::Create(object) => object.gvk(),
            Self::Patch { object, version, .. } | Self::Discard { object, version, .. } => {
                object.group_kind().in_version(version)
            }
        }
    }

    /// A status that replaces the one an object has; `None` if it has it already.
    pub(crate) fn status(object: &Object, status: Map) -> Option<Self> {
        let empty = Map::new();
        let old = object.get("status").and_then(Value::as_map).unwrap_or(&empty);
        if *old == status {
            return None;
        }
        // A merge patch removes only what it names as null.
        let mut patch = Map::new();
        for key in old.keys().filter(|key| !status.contains_key(key)) {
            patch.insert(key.clone(), Value::Null);
        }
        for (key, value) in &status {
            let below = old.get(key).map_or_else(|| value.clone(), |was| difference(was, value));
            patch.insert(key.clone(), below);
        }
        let body: Map = [("status", Value::Map(patch))].into_iter().collect();
        Some(Self::patch(object, Value::Map(body), Some("status")))
    }

    pub(crate) fn patch(object: &Object, patch: Value, subresource: Option<&'static str>) -> Self {
        Self::Patch { object: object.key(), version: object.gvk().version, patch, subresource }
    }

    pub(crate) fn discard(object: &Object, grace: Option<Duration>) -> Option<Self> {
        Some(Self::Discard { object: object.key(), version: object.gvk().version, uid: object.uid()?, grace })
    }
}

/// A value with nulls where the old one had more.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Map(old), Value::Map(new)) = (old, new) else { return new.clone() };
    let mut out = new.clone();
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        out.insert(key.clone(), Value::Null);
    }
    Value::Map(out)
}
