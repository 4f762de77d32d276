//! [`CustomKinds`]: schemas from CustomResourceDefinitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{FieldPath, GroupVersionKind, Key, Object, Value};

use crate::index::FieldIndex;
use crate::kind::{Kind, ScalePaths, Scope, Subresource};
use crate::types::{Field, Node, TypeKind, Types};
use crate::{Presence, Root, Schemas, builtin, openapi};

/// The kinds that CustomResourceDefinitions declare.
#[derive(Clone, Debug, Default)]
pub struct CustomKinds {
    kinds: BTreeMap<GroupVersionKind, (Root, Arc<Kind>)>,
}

/// Why a CustomResourceDefinition declares no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrdError {
    /// Something else than a CustomResourceDefinition.
    #[error("{0} is no CustomResourceDefinition; pass apiextensions.k8s.io objects only")]
    NotACrd(String),
    /// A field that every CRD needs is absent.
    #[error(
        "CustomResourceDefinition {name}: {field} is missing; set it as apiextensions.k8s.io/v1 wants it"
    )]
    Missing {
        /// The CRD.
        name: String,
        /// What it lacks.
        field: &'static str,
    },
}

impl CustomKinds {
    /// No kind yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the served versions of a CRD; kinds already there are replaced.
    ///
    /// # Errors
    /// When the object is no CRD or lacks group, names or versions.
    pub fn add(&mut self, crd: &Object) -> Result<(), CrdError> {
        if !crd.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            return Err(CrdError::NotACrd(crd.key().to_string()));
        }
        let missing = |field| CrdError::Missing { name: crd.name().to_owned(), field };
        let group = crd.str_at(&["spec", "group"]).ok_or_else(|| missing("spec.group"))?;
        let kind = crd.str_at(&["spec", "names", "kind"]).ok_or_else(|| missing("spec.names.kind"))?;
        let versions = crd.list_at(&["spec", "versions"]);
        if versions.is_empty() {
            return Err(missing("spec.versions"));
        }
        for version in versions.iter().filter(|v| v.get("served").and_then(Value::as_bool) != Some(false)) {
            let name = version.str_at(&["name"]).ok_or_else(|| missing("spec.versions[].name"))?;
            let gvk = GroupVersionKind::new(group, name, kind);
            let entry = (root(version), Arc::new(describe(crd, version, &gvk)));
            self.kinds.insert(gvk, entry);
        }
        let preferred = self.kinds.keys().filter(|k| k.group == group && k.kind == kind);
        let preferred = preferred.max_by(|a, b| compare_versions(&a.version, &b.version)).cloned();
        for (gvk, (_, known)) in &mut self.kinds {
            if gvk.group == group && gvk.kind == kind {
                Arc::make_mut(known).preferred = Some(gvk) == preferred.as_ref();
            }
        }
        Ok(())
    }

    /// Removes all versions of a kind, when its CRD is gone.
    pub fn remove(&mut self, group: &str, kind: &str) {
        self.kinds.retain(|gvk, _| gvk.group != group || gvk.kind != kind);
    }
}

impl Schemas for CustomKinds {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        self.kinds.get(gvk).map(|(root, _)| root.clone())
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.kinds.get(gvk).map(|(_, kind)| kind.clone())
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.kinds.values().map(|(_, kind)| kind.clone()).collect()
    }
}

/// The type of a version's objects: its schema with `apiVersion`, `kind` and `metadata`, which belong to
/// every object whatever the schema says of them.
fn root(version: &Value) -> Root {
    let mut types = Types::new();
    let metadata = builtin::object_meta().map_or(crate::types::DEDUCED, |meta| types.import(meta));
    let text = types.add(Node { kind: TypeKind::String, ..Node::default() });
    let empty = Value::map();
    let schema = version.at(&["schema", "openAPIV3Schema"]).unwrap_or(&empty);
    let (mut types, id) = openapi::read_inline(types, schema, false);
    embed(&mut types, metadata, text, id);
    Root::new(Arc::new(types), id)
}

/// Gives the root, and every embedded object below it, the fields of an object.
fn embed(types: &mut Types, metadata: u32, text: u32, root: u32) {
    for id in 0..types.nodes.len() {
        let Some(node) = types.nodes.get_mut(id) else { continue };
        if id != root as usize && !node.embedded {
            continue;
        }
        if id == root as usize {
            node.kind = TypeKind::Object;
        }
        let mut fields = std::mem::take(&mut node.fields).into_vec();
        for (name, of) in [("apiVersion", text), ("kind", text), ("metadata", metadata)] {
            fields.retain(|field| field.name != name);
            fields.push(Field {
                name: Key::from(name),
                id: of,
                required: false,
                presence: Presence::AsWritten,
            });
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        node.fields = fields.into();
        node.index = FieldIndex::default();
    }
}

fn describe(crd: &Object, version: &Value, gvk: &GroupVersionKind) -> Kind {
    let texts = |keys: &[&str]| -> Vec<String> {
        crd.list_at(keys).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let singular = crd.str_at(&["spec", "names", "singular"]).filter(|s| !s.is_empty());
    let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    Kind {
        gvk: gvk.clone(),
        plural: crd.str_at(&["spec", "names", "plural"]).unwrap_or_default().to_owned(),
        singular: singular.map_or_else(|| gvk.kind.to_lowercase(), str::to_owned),
        scope: match crd.str_at(&["spec", "scope"]) {
            Some("Cluster") => Scope::Cluster,
            _ => Scope::Namespaced,
        },
        short_names: texts(&["spec", "names", "shortNames"]),
        categories: texts(&["spec", "names", "categories"]),
        verbs: verbs.map(str::to_owned).to_vec(),
        subresources: subresources(version, gvk),
        preferred: false,
    }
}

fn subresources(version: &Value, gvk: &GroupVersionKind) -> Vec<Subresource> {
    let mut found = Vec::new();
    let verbs = || ["get", "patch", "update"].map(str::to_owned).to_vec();
    if let Some(scale) = version.at(&["subresources", "scale"]).filter(|v| !v.is_null()) {
        let path = |key: &str| scale.str_at(&[key]).filter(|p| !p.is_empty()).map(dotted);
        found.push(Subresource {
            name: "scale".to_owned(),
            gvk: GroupVersionKind::new("autoscaling", "v1", "Scale"),
            verbs: verbs(),
            scale: path("specReplicasPath").zip(path("statusReplicasPath")).map(|(spec, status)| {
                ScalePaths {
                    spec_replicas: spec,
                    status_replicas: status,
                    label_selector: path("labelSelectorPath"),
                }
            }),
        });
    }
    if version.at(&["subresources", "status"]).is_some_and(|v| !v.is_null()) {
        found.push(Subresource { name: "status".to_owned(), gvk: gvk.clone(), verbs: verbs(), scale: None });
    }
    found
}

/// `.spec.replicas` as a path. CRDs allow nothing but names and dots here.
fn dotted(text: &str) -> FieldPath {
    FieldPath::fields(text.split('.').filter(|part| !part.is_empty()))
}

/// Kubernetes' order of versions, later ones greater: `v2`, `v1` over `v1beta1` over `v1alpha1` over others.
fn compare_versions(a: &str, b: &str) -> std::cmp::Ordering {
    rank(a).cmp(&rank(b)).then_with(|| b.cmp(a))
}

fn rank(version: &str) -> (u8, u64, u64) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let split = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, stage) = rest.split_at(split);
    let Ok(major) = major.parse() else { return (0, 0, 0) };
    let minor = |text: &str| text.parse().ok();
    if stage.is_empty() {
        (3, major, 0)
    } else if let Some(minor) = stage.strip_prefix("beta").and_then(minor) {
        (2, major, minor)
    } else if let Some(minor) = stage.strip_prefix("alpha").and_then(minor) {
        (1, major, minor)
    } else {
        (0, 0, 0)
    }
}
