//! [`Object`]: a value that is a Kubernetes object.

use std::fmt;
use std::sync::LazyLock;

use crate::{GroupVersionKind, Key, Map, ResourceKey, ResourceVersion, Uid, Value};

/// A Kubernetes object: a map with `apiVersion`, `kind` and `metadata.name`.
///
/// Objects travel as `Arc<Object>`. Accessors never fail: what is absent or of another type reads as empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Object(Map);

/// Why a value is not an [`Object`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnObject {
    /// The value is a scalar or a list.
    #[error("a Kubernetes object is a map, this is a {0}")]
    NotAMap(&'static str),
    /// A field that every object needs is absent, empty or no string.
    #[error("{0} is missing or not a string")]
    Missing(&'static str),
}

/// `apiVersion`, `kind` and `metadata`: asked for all the time, and found faster by number than by text.
static KEYS: LazyLock<(Key, Key, Key)> =
    LazyLock::new(|| (Key::new("apiVersion"), Key::new("kind"), Key::new("metadata")));

impl Object {
    /// Takes a value that has `apiVersion`, `kind` and a name (or `generateName`).
    pub fn new(value: Value) -> Result<Self, NotAnObject> {
        let kind_name = value.kind_name();
        let Value::Map(map) = value else { return Err(NotAnObject::NotAMap(kind_name)) };
        let object = Self(map);
        if object.api_version().is_empty() {
            return Err(NotAnObject::Missing("apiVersion"));
        }
        if object.kind().is_empty() {
            return Err(NotAnObject::Missing("kind"));
        }
        if object.name().is_empty() && object.metadata_str("generateName").is_empty() {
            return Err(NotAnObject::Missing("metadata.name"));
        }
        Ok(object)
    }

    /// Takes a map as it is, for a server that fills in what is missing.
    pub fn from_map(map: Map) -> Self {
        Self(map)
    }

    /// An object with nothing but its identity.
    pub fn bare(gvk: &GroupVersionKind, namespace: &str, name: &str) -> Self {
        let mut object = Self(Map::new());
        object.0.insert("apiVersion", gvk.api_version());
        object.0.insert("kind", gvk.kind.as_str());
        object.metadata_mut().insert("name", name);
        if !namespace.is_empty() {
            object.metadata_mut().insert("namespace", namespace);
        }
        object
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.0.get_key(&KEYS.0).and_then(Value::as_str).unwrap_or_default()
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.0.get_key(&KEYS.1).and_then(Value::as_str).unwrap_or_default()
    }

    /// The group of `apiVersion`; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::parse(self.api_version(), self.kind())
    }

    /// Whether this object is of that kind, whatever the version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind() == kind && self.group() == group
    }

    /// Group, kind, namespace and name.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(self.group(), self.kind(), self.namespace(), self.name())
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.metadata_str("name")
    }

    /// `metadata.namespace`; empty if absent.
    pub fn namespace(&self) -> &str {
        self.metadata_str("namespace")
    }

    /// `metadata.uid`, if it has one.
    pub fn uid(&self) -> Option<Uid> {
        Some(self.metadata_str("uid")).filter(|uid| !uid.is_empty()).map(Uid::new)
    }

    /// `metadata.resourceVersion`, if it has one.
    pub fn resource_version(&self) -> Option<ResourceVersion> {
        Some(self.metadata_str("resourceVersion")).filter(|v| !v.is_empty()).map(ResourceVersion::new)
    }

    /// `metadata.generation`.
    pub fn generation(&self) -> Option<i64> {
        self.metadata()?.get("generation")?.as_i64()
    }

    /// Whether somebody asked for its deletion: `metadata.deletionTimestamp` is set.
    pub fn is_terminating(&self) -> bool {
        !self.metadata_str("deletionTimestamp").is_empty()
    }

    /// `metadata`, if it is there.
    pub fn metadata(&self) -> Option<&Map> {
        self.0.get_key(&KEYS.2)?.as_map()
    }

    /// `metadata`, put there empty if it is not.
    pub fn metadata_mut(&mut self) -> &mut Map {
        self.0.map_at("metadata")
    }

    /// A text field of `metadata`; empty if absent.
    pub fn metadata_str(&self, field: &str) -> &str {
        self.metadata().and_then(|m| m.get(field)).and_then(Value::as_str).unwrap_or_default()
    }

    /// An annotation's value.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata()?.get("annotations")?.get(name)?.as_str()
    }

    /// Sets an annotation.
    pub fn annotate(&mut self, name: &str, value: &str) {
        self.metadata_mut().map_at("annotations").insert(name, value);
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata()?.get("labels")?.get(name)?.as_str()
    }

    /// The labels as pairs.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.metadata().and_then(|m| m.get("labels")).and_then(Value::as_map);
        labels.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)))
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        let list = self.metadata().and_then(|m| m.get("finalizers")).and_then(Value::as_list);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`.
    pub fn owner_references(&self) -> impl Iterator<Item = OwnerReference<'_>> {
        let list = self.metadata().and_then(|m| m.get("ownerReferences")).and_then(Value::as_list);
        list.into_iter().flatten().filter_map(OwnerReference::read)
    }

    /// The controller among the owners, of which there is at most one.
    pub fn controller(&self) -> Option<OwnerReference<'_>> {
        self.owner_references().find(|owner| owner.controller)
    }

    /// A top-level field: `object.get("spec")`.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The value below a chain of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Value> {
        let (first, rest) = keys.split_first()?;
        self.0.get(first)?.at(rest)
    }

    /// The text below a chain of keys.
    pub fn str_at(&self, keys: &[&str]) -> Option<&str> {
        self.at(keys)?.as_str()
    }

    /// The integer below a chain of keys.
    pub fn i64_at(&self, keys: &[&str]) -> Option<i64> {
        self.at(keys)?.as_i64()
    }

    /// The values of the list below a chain of keys; empty if there is none.
    pub fn list_at(&self, keys: &[&str]) -> &[Value] {
        match self.at(keys) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// The fields.
    pub fn as_map(&self) -> &Map {
        &self.0
    }

    /// The fields, to change.
    pub fn as_map_mut(&mut self) -> &mut Map {
        &mut self.0
    }

    /// The object as a value. Shares, does not copy.
    pub fn to_value(&self) -> Value {
        Value::Map(self.0.clone())
    }

    /// The object as a value.
    pub fn into_value(self) -> Value {
        Value::Map(self.0)
    }

    /// The names of the top-level fields.
    pub fn field_names(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }
}

impl TryFrom<Value> for Object {
    type Error = NotAnObject;
    fn try_from(value: Value) -> Result<Self, NotAnObject> {
        Self::new(value)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.into_value()
    }
}

impl fmt::Debug for Object {
    /// Prints identity and shape, never a scalar: an object may be a Secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} {:?})", self.key(), self.0)
    }
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerReference<'a> {
    /// The owner's `apiVersion`.
    pub api_version: &'a str,
    /// The owner's kind.
    pub kind: &'a str,
    /// The owner's name.
    pub name: &'a str,
    /// The owner's uid.
    pub uid: &'a str,
    /// Whether the owner is the one controller.
    pub controller: bool,
    /// Whether the owner's foreground deletion waits for this object.
    pub block_owner_deletion: bool,
}

impl<'a> OwnerReference<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        let flag = |name| value.get(name).and_then(Value::as_bool).unwrap_or(false);
        Some(Self {
            api_version: value.get("apiVersion")?.as_str()?,
            kind: value.get("kind")?.as_str()?,
            name: value.get("name")?.as_str()?,
            uid: value.get("uid")?.as_str()?,
            controller: flag("controller"),
            block_owner_deletion: flag("blockOwnerDeletion"),
        })
    }

    /// The group of the owner's `apiVersion`.
    pub fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn identity_is_required() {
        let missing = |v| Object::new(v).unwrap_err().to_string();
        assert_eq!(missing(value!([])), "a Kubernetes object is a map, this is a list");
        assert_eq!(missing(value!({ "kind": "Pod" })), "apiVersion is missing or not a string");
        assert_eq!(
            missing(value!({ "apiVersion": "v1", "kind": "Pod" })),
            "metadata.name is missing or not a string"
        );
    }

    #[test]
    fn accessors_read_metadata() {
        let pod = Object::new(value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "a", "namespace": "b", "labels": { "x": "y" },
                "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u", "controller": true }] }
        }))
        .unwrap();
        assert_eq!(pod.key().to_string(), "Pod b/a");
        assert_eq!(pod.label("x"), Some("y"));
        assert_eq!(pod.controller().map(|o| o.group()), Some("apps"));
    }
}
