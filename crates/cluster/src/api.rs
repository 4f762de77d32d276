//! [`Cluster`]: a Kubernetes API as the engine sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tautline_core::{
    ClusterId, FieldManager, GroupVersion, GroupVersionKind, Object, ResourceVersion, Uid, Value,
};
use tautline_ownership::Warrant;

use crate::error::ClusterError;

/// The result of a call.
pub type Result<T, E = ClusterError> = std::result::Result<T, E>;

/// A kind that the cluster serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiResource {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// The name in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The verbs that the server allows on it: `get`, `list`, `watch`, `patch`, …
    pub verbs: Vec<String>,
    /// Names that people type.
    pub short_names: Vec<String>,
    /// Subresources: `status`, `scale`.
    pub subresources: Vec<String>,
}

impl ApiResource {
    /// Whether the server allows the verb.
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    /// The URL path of the collection: `/apis/apps/v1/namespaces/prod/deployments`.
    pub fn collection(&self, namespace: Option<&str>) -> String {
        let GroupVersionKind { group, version, .. } = &self.gvk;
        let prefix =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{prefix}/namespaces/{namespace}/{}", self.plural),
            None => format!("{prefix}/{}", self.plural),
        }
    }
}

/// What a cluster serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Every kind in every served version, a group's preferred version first.
    pub resources: Vec<ApiResource>,
    /// Groups whose answer is stale or missing (a broken aggregated API): unknown, not absent.
    pub stale: Vec<GroupVersion>,
    /// The server's version: `v1.37.2`.
    pub server_version: String,
}

impl Discovery {
    /// The kind in exactly this version.
    pub fn find(&self, gvk: &GroupVersionKind) -> Option<&ApiResource> {
        self.resources.iter().find(|r| r.gvk == *gvk)
    }

    /// The kind in its group's preferred version.
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&ApiResource> {
        self.resources.iter().find(|r| r.gvk.group == group && r.gvk.kind == kind)
    }

    /// Whether a group's answer is stale or missing.
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.iter().any(|gv| gv.group == group)
    }
}

/// Which objects to list or watch.
#[derive(Clone, Debug)]
pub struct Query {
    /// The kind.
    pub resource: ApiResource,
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// A label selector; empty for all.
    pub labels: String,
    /// A field selector; empty for all.
    pub fields: String,
    /// Whether only metadata is wanted (PartialObjectMetadata).
    pub metadata_only: bool,
    /// For a watch: the version to go on from.
    pub since: Option<ResourceVersion>,
    /// Items a page.
    pub page: usize,
}

impl Query {
    /// All objects of a kind, in pages of 250, half of client-go's: the page at hand is what listing a kind again takes
    /// beside what is held.
    pub fn all(resource: ApiResource) -> Self {
        Self {
            resource,
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            metadata_only: false,
            since: None,
            page: 250,
        }
    }
}

/// An object as it came: bytes that nobody has decoded yet, or an object of a server in this process.
#[derive(Clone, Debug)]
pub enum RawObject {
    /// JSON as the server sent it.
    Json(Bytes),
    /// An object that was never encoded.
    Object(Arc<Object>),
}

impl RawObject {
    /// The object, if it can be read; a list's items do not say themselves of which kind they are.
    pub fn decode(&self, gvk: &GroupVersionKind) -> Option<Arc<Object>> {
        match self {
            Self::Object(object) => Some(object.clone()),
            Self::Json(bytes) => of_kind(Value::from_json(bytes).ok()?, gvk).map(Arc::new),
        }
    }

    /// The object's version, if it can be read.
    pub fn version(&self) -> Option<ResourceVersion> {
        match self {
            Self::Object(object) => object.resource_version(),
            Self::Json(bytes) => match crate::scan::identity(bytes) {
                Some(identity) => Some(identity.version.into()),
                None => Object::from_map(Value::from_json(bytes).ok()?.as_map()?.clone()).resource_version(),
            },
        }
    }

    /// The item of a list of metadata as an object of its kind, whatever kind the server says that it is.
    pub fn metadata(&self, gvk: &GroupVersionKind) -> Option<Object> {
        match self {
            Self::Object(object) => of_kind(object.to_value(), gvk),
            Self::Json(bytes) => of_kind(Value::from_json(bytes).ok()?, gvk),
        }
    }
}

fn of_kind(value: Value, gvk: &GroupVersionKind) -> Option<Object> {
    let Value::Map(mut map) = value else { return None };
    map.insert("apiVersion", gvk.api_version());
    map.insert("kind", gvk.kind.as_str());
    Some(Object::from_map(map))
}

/// Takes a list's items as they come.
pub trait RawSink: Send {
    /// One more item.
    fn item(&mut self, item: RawObject);
}

impl<F: FnMut(RawObject) + Send> RawSink for F {
    fn item(&mut self, item: RawObject) {
        self(item);
    }
}

/// The end of a complete list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEnd {
    /// The list's version, to watch from.
    pub version: ResourceVersion,
}

/// What a watch reports.
#[derive(Clone, Debug)]
pub enum RawEvent {
    /// The object is new.
    Added(RawObject),
    /// The object changed.
    Modified(RawObject),
    /// The object is gone; this is its last state.
    Deleted(RawObject),
    /// Nothing happened up to this version.
    Bookmark(ResourceVersion),
}

/// One object, by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The kind.
    pub resource: ApiResource,
    /// The namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Target {
    /// Names an object.
    pub fn new(resource: ApiResource, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The object that `object` names.
    pub fn of(resource: ApiResource, object: &Object) -> Self {
        Self::new(resource, object.namespace(), object.name())
    }

    /// The URL path.
    pub fn path(&self) -> String {
        format!("{}/{}", self.resource.collection(Some(&self.namespace)), self.name)
    }
}

/// How a write is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Who writes.
    pub manager: FieldManager,
    /// Whether the server only says what it would do.
    pub dry_run: bool,
    /// For an apply: whether fields of other managers are taken.
    pub force: bool,
    /// Unknown fields: an error, or dropped with a warning.
    pub strict: bool,
    /// The subresource to write: `status`, `scale`.
    pub subresource: Option<String>,
}

impl WriteOptions {
    /// A strict write by this manager, without force.
    pub fn by(manager: FieldManager) -> Self {
        Self { manager, dry_run: false, force: false, strict: true, subresource: None }
    }
}

/// A patch in one of Kubernetes' three non-apply forms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Patch {
    /// RFC 6902 operations.
    Json(Value),
    /// RFC 7386.
    Merge(Value),
    /// Kubernetes' strategic merge patch.
    Strategic(Value),
}

/// The answer to a write.
#[derive(Clone, Debug)]
pub struct Written {
    /// The object as the server has it now, or would have it after a dry run.
    pub object: Arc<Object>,
    /// Whether the write created it.
    pub created: bool,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

/// The answer to a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// It has a deletionTimestamp and waits for finalizers or dependents.
    Terminating,
    /// It was not there.
    NotFound,
}

/// A Kubernetes API.
///
/// Lists and watches deliver raw items, so that unchanged objects need no decoding. Outcomes are data: a
/// failed read is an error, never an empty result. Deleting takes a [`Warrant`].
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Which cluster this is.
    fn id(&self) -> ClusterId;

    /// The namespaces that are looked at, if not all: nothing is known of objects elsewhere.
    fn namespaces(&self) -> Option<&[String]> {
        None
    }

    /// What the cluster serves.
    async fn discover(&self) -> Result<Discovery>;

    /// The OpenAPI v3 document of a group and version.
    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value>;

    /// One object; `None` if the server says it is not there.
    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>>;

    /// The last lines of the log of a pod's container. `None` if this cluster has no logs to read.
    async fn log_tail(&self, _pod: &Target, _container: &str, _lines: usize) -> Result<Option<String>> {
        Ok(None)
    }

    /// Lists all objects of the query, page by page, into the sink. On an error the items so far mean nothing.
    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd>;

    /// Watches the objects of the query from `since` on. The stream ends when the server ends it; an error
    /// with [`ClusterError::is_gone`] asks for a new list.
    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>>;

    /// Server-side apply. Preconditions (`metadata.uid`, `metadata.resourceVersion`) are in the object.
    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written>;

    /// Creates an object.
    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written>;

    /// Replaces an object (PUT).
    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written>;

    /// Patches an object.
    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written>;

    /// Deletes the object that the warrant names, with its uid and version as preconditions.
    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted>;
}

/// A cluster whose controllers are played: what crate `workloads` needs beyond [`Cluster`].
///
/// The engine never sees this trait: its deletes are not guarded by a warrant.
#[async_trait]
pub trait Stage: Cluster {
    /// Deletes an object with this uid as a built-in controller or the kubelet does. With a grace of zero it
    /// is gone at once, finalizers aside; `None` takes the object's own grace period.
    async fn discard(&self, target: &Target, uid: &Uid, grace: Option<Duration>) -> Result<Deleted>;
}
