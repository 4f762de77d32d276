//! One object in the versions its owners know.

use tautline_core::{GroupVersion, GroupVersionKind, Object, Value};
use tautline_schema::{Root, Schemas};

use super::typed::{Mismatch, Typed};

/// Turns objects of one kind into its other versions: by renaming, where both schemas allow it.
pub(super) struct Versions<'a> {
    pub(super) schemas: &'a dyn Schemas,
    pub(super) kind: GroupVersionKind,
}

/// Why there is no such version of an object.
#[derive(Debug)]
pub(super) enum NoVersion {
    /// The version is not served any more: its owners are forgotten.
    Gone,
    /// The server refuses, in these words.
    Refused(String),
    /// The schemas do not agree field by field, or the version's is unknown.
    DontKnow,
}

impl Versions<'_> {
    pub(super) fn root(&self, api_version: &str) -> Option<Root> {
        let GroupVersion { group, version } = GroupVersion::parse(api_version);
        self.schemas.root(&GroupVersionKind::new(group, version, &self.kind.kind))
    }

    /// The object in a version.
    pub(super) fn convert(&self, object: &Typed, api_version: &str) -> Result<Typed, NoVersion> {
        if object.value.str_at(&["apiVersion"]) == Some(api_version) {
            return Ok(object.clone());
        }
        let Some(root) = self.root(api_version) else {
            return Err(self.without_schema(api_version));
        };
        if let Some(converted) = self.by_code(object, api_version) {
            return Typed::check(converted.into_value(), root, true).map_err(|_| NoVersion::DontKnow);
        }
        let mut value = object.value.clone();
        if let Some(map) = value.as_map_mut() {
            map.insert("apiVersion", api_version);
        }
        let custom = self.is_custom();
        Typed::check(value, root, false).map_err(|mismatch| match custom {
            // A custom resource's other version is the same text under another name; the check tells.
            true => NoVersion::Refused(mismatch.to_string()),
            // Kubernetes' own versions are converted by code.
            false => NoVersion::DontKnow,
        })
    }

    /// Whether a version is converted by code and not by renaming.
    pub(super) fn is_converted(&self, object: &Typed, api_version: &str) -> bool {
        self.by_code(object, api_version).is_some()
    }

    fn by_code(&self, object: &Typed, api_version: &str) -> Option<Object> {
        let to = GroupVersionKind { version: GroupVersion::parse(api_version).version, ..self.kind.clone() };
        let map = object.value.as_map()?;
        self.schemas.convert(&Object::from_map(map.clone()), &to)
    }

    fn without_schema(&self, api_version: &str) -> NoVersion {
        if self.is_custom() {
            return NoVersion::Refused(format!(
                "request to convert CR to an invalid group/version: {api_version}"
            ));
        }
        NoVersion::Gone
    }

    /// Whether the kind comes from a CustomResourceDefinition: its schema knows nothing of Go types.
    pub(super) fn is_custom(&self) -> bool {
        self.schemas.root(&self.kind).is_some_and(|root| !root.node().is_compiled())
    }
}

/// An object without its `managedFields`, checked against its type.
pub(super) fn typed(object: &Object, root: &Root, duplicates: bool) -> Result<Typed, Mismatch> {
    let mut object = object.clone();
    if object.metadata().is_some_and(|m| m.contains_key("managedFields")) {
        object.metadata_mut().remove("managedFields");
    }
    Typed::check(Value::Map(object.as_map().clone()), root.clone(), duplicates)
}
