//! [`ClusterOpenApi`]: what a cluster itself serves at `/openapi/v3`, one document per group and version.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tautline_core::{GroupVersion, GroupVersionKind, Value};

use crate::types::{Id, Types};
use crate::{KUBERNETES_VERSION, Kind, Root, Schemas, openapi};

/// Schemas from a cluster's own OpenAPI documents, and kinds from its discovery.
///
/// Documents are read when a kind of theirs is first asked for. A group version without a document is unknown.
#[derive(Debug, Default)]
pub struct ClusterOpenApi {
    documents: BTreeMap<GroupVersion, Document>,
    kinds: BTreeMap<GroupVersionKind, Arc<Kind>>,
    version: String,
}

#[derive(Debug)]
struct Document {
    text: Value,
    read: OnceLock<(Arc<Types>, BTreeMap<GroupVersionKind, Id>)>,
}

impl ClusterOpenApi {
    /// A cluster of a version, as `/version` tells it (`v1.36.1`), without documents.
    pub fn new(version: &str) -> Self {
        Self { version: version.trim_start_matches('v').to_owned(), ..Self::default() }
    }

    /// Adds the document of a group version; one already there is replaced.
    pub fn add_document(&mut self, of: GroupVersion, document: Value) {
        self.documents.insert(of, Document { text: document, read: OnceLock::new() });
    }

    /// Adds what discovery says of a kind.
    pub fn add_kind(&mut self, kind: Kind) {
        self.kinds.insert(kind.gvk.clone(), Arc::new(kind));
    }

    /// Whether a group version's document is there.
    pub fn has_document(&self, of: &GroupVersion) -> bool {
        self.documents.contains_key(of)
    }
}

/// Whether a cluster of a version (`v1.37.2`) is of the minor that the built-in table is of, so that the table may
/// speak for it (rule R6).
pub fn is_tables_minor(version: &str) -> bool {
    let minor = |version: &str| {
        version.trim_start_matches('v').splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    minor(version) == minor(KUBERNETES_VERSION)
}

impl Schemas for ClusterOpenApi {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        let document = self.documents.get(&gvk.group_version())?;
        let (types, roots) = document.read.get_or_init(|| {
            let read = openapi::read(std::slice::from_ref(&document.text));
            (Arc::new(read.types), read.roots)
        });
        roots.get(gvk).map(|id| Root::new(types.clone(), *id))
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.kinds.get(gvk).cloned()
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.kinds.values().cloned().collect()
    }

    /// Only for the minor that the built-in table is of: elsewhere code may default what OpenAPI does not say.
    fn knows_defaults(&self, gvk: &GroupVersionKind) -> bool {
        is_tables_minor(&self.version) && self.root(gvk).is_some()
    }
}
