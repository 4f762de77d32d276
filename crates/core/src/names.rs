//! Names of things: one type each, so that none is taken for another.

use std::fmt;
use std::sync::Arc;

use crate::Text;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(NameText);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(NameText(Text::from(text.as_ref())))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}

/// Short text with serde, whatever features the text crate has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct NameText(Text);

impl serde::Serialize for NameText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for NameText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Text::from(String::deserialize(deserializer)?)))
    }
}

name_type! {
    /// A cluster: `in-cluster` for the one the Applications are read from, else the name of its Secret.
    ClusterId
}
name_type! {
    /// Who writes fields, as the API server records it in managedFields.
    FieldManager
}
name_type! {
    /// The uid that the API server gives an object for its one life.
    Uid
}
name_type! {
    /// An object's version. Equal or not; the cache compares versions of one kind as numbers where both are.
    ResourceVersion
}

impl ClusterId {
    /// The cluster that the Applications are read from.
    pub fn in_cluster() -> Self {
        Self::new("in-cluster")
    }
}

impl FieldManager {
    /// Tautline's own manager, unless told otherwise.
    pub fn tautline() -> Self {
        Self::new("tautline")
    }
}

impl ResourceVersion {
    /// Whether this version is the other one or a later one of the same object. Versions that are no
    /// numbers are only ever equal (Kubernetes promises order within one resource since 1.35).
    pub fn is_at_least(&self, other: &Self) -> bool {
        match (self.as_str().parse::<u64>(), other.as_str().parse::<u64>()) {
            (Ok(a), Ok(b)) => a >= b,
            _ => self == other,
        }
    }
}

/// An app: the namespace and name of its Application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct AppId {
    /// The Application's namespace.
    pub namespace: String,
    /// The Application's name.
    pub name: String,
}

impl AppId {
    /// Names an app.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A kind of object, whatever its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct GroupKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl GroupKind {
    /// Names a kind.
    pub fn new(group: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }

    /// Whether this is that kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// This kind in a version.
    pub fn in_version(&self, version: impl Into<String>) -> GroupVersionKind {
        GroupVersionKind { group: self.group.clone(), version: version.into(), kind: self.kind.clone() }
    }
}

impl fmt::Display for GroupKind {
    /// `Deployment.apps`; `Pod` for the core group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// An API group in one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct GroupVersion {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
}

impl GroupVersion {
    /// Reads an `apiVersion`.
    pub fn parse(api_version: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned() }
    }
}

impl fmt::Display for GroupVersion {
    /// `apps/v1`; `v1` for the core group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            f.write_str(&self.version)
        } else {
            write!(f, "{}/{}", self.group, self.version)
        }
    }
}

/// A kind of object in one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct GroupVersionKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
}

impl GroupVersionKind {
    /// Names a kind in a version.
    pub fn new(group: impl Into<String>, version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Reads an `apiVersion` and a `kind`.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let GroupVersion { group, version } = GroupVersion::parse(api_version);
        Self { group, version, kind: kind.to_owned() }
    }

    /// The kind without its version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// The group and version.
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion { group: self.group.clone(), version: self.version.clone() }
    }

    /// The `apiVersion` as written in objects.
    pub fn api_version(&self) -> String {
        self.group_version().to_string()
    }
}

impl fmt::Display for GroupVersionKind {
    /// `apps/v1 Deployment`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.group_version(), self.kind)
    }
}

/// Which object, whatever its version: group, kind, namespace and name.
///
/// Many places name one object, so a clone shares its names. Dereferences to them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey(Arc<ResourceNames>);

/// The names that make a [`ResourceKey`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ResourceNames {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ResourceKey {
    /// Names an object.
    pub fn new(
        group: impl Into<String>,
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        let (group, kind) = (group.into(), kind.into());
        Self(Arc::new(ResourceNames { group, kind, namespace: namespace.into(), name: name.into() }))
    }

    /// The same name in another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: impl Into<String>) -> Self {
        Self::new(&*self.group, &*self.kind, namespace, &*self.name)
    }

    /// The object's kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }
}

impl std::ops::Deref for ResourceKey {
    type Target = ResourceNames;
    fn deref(&self) -> &ResourceNames {
        &self.0
    }
}

impl serde::Serialize for ResourceKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for ResourceKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ResourceNames::deserialize(deserializer).map(|names| Self(Arc::new(names)))
    }
}

impl fmt::Display for ResourceKey {
    /// `apps/Deployment prod/web`; `Namespace prod` for a cluster-scoped object of the core group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_as_people_say_them() {
        assert_eq!(
            ResourceKey::new("apps", "Deployment", "prod", "web").to_string(),
            "apps/Deployment prod/web"
        );
        assert_eq!(ResourceKey::new("", "Namespace", "", "prod").to_string(), "Namespace prod");
        assert_eq!(GroupVersionKind::parse("v1", "Pod").to_string(), "v1 Pod");
    }

    #[test]
    fn versions_order_only_as_numbers() {
        assert!(ResourceVersion::new("10").is_at_least(&"9".into()));
        assert!(!ResourceVersion::new("b").is_at_least(&"a".into()));
    }
}
