//! [`Catalog`]: the kinds that a server serves, built in and declared by CustomResourceDefinitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_cluster::{ApiResource, Discovery};
use tautline_core::{GroupVersionKind, Object, Value};
use tautline_schema::{CustomKinds, Kind, Root, Schemas, builtin};

use crate::failure::qualified;
use crate::store::ShelfName;

/// A kind in one version, as the server serves it.
#[derive(Debug)]
pub(crate) struct Served {
    /// What discovery says.
    pub(crate) kind: Arc<Kind>,
    /// The type of its objects; `None` for a built-in kind whose type the table lacks.
    pub(crate) root: Option<Root>,
    /// Where its objects are kept.
    pub(crate) shelf: ShelfName,
    /// The version its objects are kept in.
    pub(crate) stored: GroupVersionKind,
    /// What its CRD says beyond its type.
    pub(crate) custom: Option<Custom>,
}

/// What a CRD says of one version.
#[derive(Debug)]
pub(crate) struct Custom {
    /// `openAPIV3Schema` as written.
    pub(crate) schema: Value,
    /// The compiled rules of the schema.
    pub(crate) programs: crate::write::Programs,
    /// `additionalPrinterColumns` as written.
    pub(crate) columns: Vec<Value>,
    /// The kind of lists.
    pub(crate) list_kind: String,
    /// The version's `deprecated` warning.
    pub(crate) warning: Option<String>,
}

impl Served {
    pub(crate) fn gvk(&self) -> &GroupVersionKind {
        &self.kind.gvk
    }

    pub(crate) fn group(&self) -> &str {
        &self.kind.gvk.group
    }

    pub(crate) fn plural(&self) -> &str {
        &self.kind.plural
    }

    pub(crate) fn is_namespaced(&self) -> bool {
        self.kind.is_namespaced()
    }

    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.kind.gvk.group == group && self.kind.gvk.kind == kind
    }

    pub(crate) fn has_status(&self) -> bool {
        self.kind.subresource("status").is_some()
    }

    /// The `kind` of lists.
    pub(crate) fn list_kind(&self) -> String {
        match &self.custom {
            Some(custom) => custom.list_kind.clone(),
            None => format!("{}List", self.kind.gvk.kind),
        }
    }

    /// The same kind as crate `cluster` names it.
    pub(crate) fn to_resource(&self) -> ApiResource {
        ApiResource {
            gvk: self.kind.gvk.clone(),
            plural: self.kind.plural.clone(),
            namespaced: self.is_namespaced(),
            verbs: self.kind.verbs.clone(),
            short_names: self.kind.short_names.clone(),
            subresources: self.kind.subresources.iter().map(|s| s.name.clone()).collect(),
        }
    }
}

/// A path's group, version and plural.
type PathKey = (String, String, String);

/// All kinds that are served.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    by_path: BTreeMap<PathKey, Arc<Served>>,
    by_kind: BTreeMap<GroupVersionKind, Arc<Served>>,
    /// Every shelf's kind in the version it is stored in.
    by_shelf: BTreeMap<ShelfName, Arc<Served>>,
    /// The keys that a CRD brought, by the CRD's name.
    of_crd: BTreeMap<String, Vec<PathKey>>,
    custom: CustomKinds,
}

impl Catalog {
    /// The built-in kinds.
    pub(crate) fn new() -> Self {
        let mut catalog = Self::default();
        for kind in builtin().kinds() {
            let root = builtin().root(&kind.gvk);
            let stored = stored_version(&kind.gvk);
            let shelf = qualified(&kind.plural, &stored.group).into();
            catalog.insert(Served { kind, root, shelf, stored, custom: None });
        }
        catalog
    }

    fn insert(&mut self, served: Served) -> PathKey {
        let served = Arc::new(served);
        let gvk = served.gvk();
        let key = (gvk.group.clone(), gvk.version.clone(), served.kind.plural.clone());
        if *gvk == served.stored {
            self.by_shelf.insert(served.shelf.clone(), served.clone());
        }
        self.by_kind.insert(gvk.clone(), served.clone());
        self.by_path.insert(key.clone(), served);
        key
    }

    /// Serves the versions that a CRD declares, or serves them anew after a change.
    pub(crate) fn add_crd(&mut self, crd: &Object) {
        self.remove_crd(crd.name());
        if self.custom.add(crd).is_err() {
            return;
        }
        let text = |keys: &[&str]| crd.str_at(keys).unwrap_or_default().to_owned();
        let (group, kind) = (text(&["spec", "group"]), text(&["spec", "names", "kind"]));
        let list_kind = match text(&["spec", "names", "listKind"]) {
            none if none.is_empty() => format!("{kind}List"),
            some => some,
        };
        let versions = crd.list_at(&["spec", "versions"]);
        let is = |v: &&Value, field: &str| v.get(field).and_then(Value::as_bool) == Some(true);
        let name = |v: &Value| v.str_at(&["name"]).unwrap_or_default().to_owned();
        let stored = versions.iter().find(|v| is(v, "storage")).map(name).unwrap_or_default();
        let mut keys = Vec::new();
        for version in versions.iter().filter(|v| is(v, "served")) {
            let gvk = GroupVersionKind::new(&group, name(version), &kind);
            let Some(described) = self.custom.kind(&gvk) else { continue };
            keys.push(self.insert(Served {
                root: self.custom.root(&gvk),
                shelf: qualified(&described.plural, &group).into(),
                stored: GroupVersionKind::new(&group, &stored, &kind),
                custom: Some(Custom::read(version, &gvk, list_kind.clone())),
                kind: described,
            }));
        }
        self.of_crd.insert(crd.name().to_owned(), keys);
    }

    /// Stops serving what a CRD declared.
    pub(crate) fn remove_crd(&mut self, crd: &str) {
        for key in self.of_crd.remove(crd).unwrap_or_default() {
            if let Some(served) = self.by_path.remove(&key) {
                self.by_kind.remove(served.gvk());
                self.by_shelf.remove(&served.shelf);
                self.custom.remove(served.group(), &served.gvk().kind);
            }
        }
    }

    /// The kind at a path.
    pub(crate) fn at(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        self.by_path.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// The kind by name.
    pub(crate) fn named(&self, gvk: &GroupVersionKind) -> Option<&Arc<Served>> {
        self.by_kind.get(gvk)
    }

    /// The kind of a shelf, in the version that is stored.
    pub(crate) fn shelf(&self, name: &str) -> Option<&Arc<Served>> {
        self.by_shelf.get(name)
    }

    /// Every kind in every version.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.by_path.values()
    }

    /// Whether any version of a group is served.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.all().any(|served| served.group() == group)
    }

    /// Whether a group holds kinds that are built in. Of other groups what is not there is a page that is not there.
    pub(crate) fn is_builtin(&self, group: &str) -> bool {
        self.all().any(|served| served.group() == group && served.custom.is_none())
    }

    /// Whether a group is served in a version.
    pub(crate) fn has_version(&self, group: &str, version: &str) -> bool {
        self.all().any(|served| served.group() == group && served.gvk().version == version)
    }

    /// What the server serves, a group's preferred version first.
    pub(crate) fn discovery(&self, server_version: &str) -> Discovery {
        let mut all: Vec<&Arc<Served>> = self.all().collect();
        all.sort_by_key(|s| (s.group().to_owned(), !s.kind.preferred, s.gvk().version.clone()));
        Discovery {
            resources: all.into_iter().map(|s| s.to_resource()).collect(),
            stale: Vec::new(),
            server_version: server_version.to_owned(),
        }
    }
}

impl Custom {
    pub(crate) fn read(version: &Value, gvk: &GroupVersionKind, list_kind: String) -> Self {
        let deprecated = version.get("deprecated").and_then(Value::as_bool) == Some(true);
        let warning = version.str_at(&["deprecationWarning"]).map(str::to_owned);
        Self {
            schema: version.at(&["schema", "openAPIV3Schema"]).cloned().unwrap_or_default(),
            programs: crate::write::Programs::default(),
            columns: version.list_at(&["additionalPrinterColumns"]).to_vec(),
            list_kind,
            warning: deprecated.then(|| {
                warning.unwrap_or_else(|| format!("{} {} is deprecated", gvk.api_version(), gvk.kind))
            }),
        }
    }
}

impl Schemas for Catalog {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        match self.by_kind.get(gvk) {
            Some(served) => served.root.clone(),
            None => builtin().root(gvk),
        }
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.by_kind.get(gvk).map(|served| served.kind.clone())
    }

    fn convert(&self, object: &Object, to: &GroupVersionKind) -> Option<Object> {
        let is_autoscaler = object.is("autoscaling", "HorizontalPodAutoscaler");
        is_autoscaler.then(|| crate::convert::convert(object, to))
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.by_kind.values().map(|served| served.kind.clone()).collect()
    }
}

/// The version in which the real server keeps a kind that several groups or versions share.
fn stored_version(gvk: &GroupVersionKind) -> GroupVersionKind {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("events.k8s.io", "Event") => GroupVersionKind::new("", "v1", "Event"),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            GroupVersionKind::new("autoscaling", "v2", "HorizontalPodAutoscaler")
        }
        _ => gvk.clone(),
    }
}
