//! [`Local`]: a caller in the same process, which is a [`Cluster`] and a [`Stage`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawObject,
    RawSink, Result, Stage, Target, WriteOptions, Written,
};
use tautline_core::{ClusterId, GroupVersion, Object, ResourceVersion, Uid, Value};
use tautline_ownership::{Propagation, Warrant};

use crate::caller::{Ask, Identity, Verb};
use crate::failure::Failure;
use crate::read::{ListHow, Selection};
use crate::server::Server;
use crate::watch::{Watch, WatchEvent, WatchHow};
use crate::write::{DeleteHow, FieldValidation, How, Outcome, PatchBody, Removal};

/// A caller in the same process. Its calls are answered at once; the `async` in [`Cluster`] never waits.
///
/// The methods of this type are the same without `async`, for simulations that have no executor.
#[derive(Clone, Debug)]
pub struct Local {
    server: Server,
    who: Identity,
}

impl Local {
    pub(crate) fn new(server: Server, who: Identity) -> Self {
        Self { server, who }
    }

    /// The server that is called.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What the server serves.
    pub fn discovery(&self) -> Discovery {
        let version = &self.server.options.version;
        self.server.lock().catalog.discovery(version)
    }

    /// The kind by its `apiVersion` and name.
    pub fn resource(&self, api_version: &str, kind: &str) -> Option<ApiResource> {
        let gvk = tautline_core::GroupVersionKind::parse(api_version, kind);
        self.server.lock().catalog.named(&gvk).map(|served| served.to_resource())
    }

    /// Reads one object; `None` if it is not there.
    ///
    /// # Errors
    /// What a rule about rights or faults says, and 404 for a kind that is not served.
    pub fn read(&self, target: &Target) -> Result<Option<Arc<Object>>, Failure> {
        let ask = self.ask(Verb::Get, target)?;
        let mut state = self.server.lock();
        state.enter(&ask)?;
        match state.get(&ask) {
            Err(failure) if failure.code == 404 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Lists objects on one page, with the version to watch from.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn list_all(&self, query: &Query) -> Result<(Vec<Arc<Object>>, u64), Failure> {
        let (ask, selection) = self.ask_many(Verb::List, query)?;
        let mut state = self.server.lock();
        state.enter(&ask)?;
        let listing = state.list(&ask, &ListHow { selection, ..ListHow::default() })?;
        Ok((listing.items, listing.version))
    }

    /// Opens a watch.
    ///
    /// # Errors
    /// What the server refuses; a version that is too old is an event of the watch.
    pub fn open_watch(&self, query: &Query) -> Result<Watch, Failure> {
        let (ask, selection) = self.ask_many(Verb::Watch, query)?;
        let faults = self.server.lock().rules.faults.of_answer(&ask);
        let drops = faults.iter().find_map(|f| match f {
            crate::rules::Fault::DropWatch(events) => Some(*events),
            _ => None,
        });
        self.server.lock().enter(&ask)?;
        let since = query.since.as_ref().map(|v| parse_version(v.as_str())).transpose()?.filter(|v| *v > 0);
        let how = WatchHow { selection, since, bookmarks: true, initial: false };
        Ok(Watch::open(&self.server, ask, how)?.ending_after(drops))
    }

    /// Creates an object.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn make(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written, Failure> {
        let mut ask = self.ask(Verb::Create, target)?;
        ask.name = object.name().to_owned();
        self.write(ask, options, |state, ask, how| state.create(ask, object.to_value(), how))
    }

    /// Replaces an object.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn put(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written, Failure> {
        let ask = self.ask(Verb::Update, target)?;
        self.write(ask, options, |state, ask, how| state.replace(ask, object.to_value(), how))
    }

    /// Applies an object.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn server_apply(
        &self,
        target: &Target,
        object: &Object,
        options: &WriteOptions,
    ) -> Result<Written, Failure> {
        let ask = self.ask(Verb::Patch, target)?;
        self.write(ask, options, |state, ask, how| state.patch(ask, PatchBody::Apply(object.to_value()), how))
    }

    /// Patches an object.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn change(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written, Failure> {
        let ask = self.ask(Verb::Patch, target)?;
        let body = match patch {
            Patch::Json(body) => PatchBody::Json(body.clone()),
            Patch::Merge(body) => PatchBody::Merge(body.clone()),
            Patch::Strategic(body) => PatchBody::Strategic(body.clone()),
        };
        self.write(ask, options, |state, ask, how| state.patch(ask, body, how))
    }

    /// Deletes an object as `kubectl delete` does, without a warrant: for tests and for those who play users.
    ///
    /// # Errors
    /// What the server refuses; that the object is not there is an answer.
    pub fn remove(&self, target: &Target, propagation: Propagation) -> Result<Deleted, Failure> {
        self.delete_with(target, &DeleteHow { propagation: Some(propagation), ..DeleteHow::default() })
    }

    fn delete_with(&self, target: &Target, how: &DeleteHow) -> Result<Deleted, Failure> {
        let ask = self.ask(Verb::Delete, target)?;
        let mut state = self.server.lock();
        let after = state.enter(&ask)?;
        let (removal, _) = match state.delete(&ask, how) {
            Err(failure) if failure.code == 404 => return Ok(Deleted::NotFound),
            other => other?,
        };
        state.after_write();
        let gone = state.find(&ask.served, &ask.namespace, &ask.name);
        let same = |object: &Object| gone.as_ref().is_some_and(|now| now.uid() == object.uid());
        match (after, removal) {
            (Some(failure), _) => Err(failure),
            (None, Removal::Waiting(object)) if same(&object) => Ok(Deleted::Terminating),
            _ => Ok(Deleted::Gone),
        }
    }

    fn write(
        &self,
        ask: Ask,
        options: &WriteOptions,
        act: impl FnOnce(&mut crate::state::State, &Ask, &How) -> Result<Outcome, Failure>,
    ) -> Result<Written, Failure> {
        let ask = match &options.subresource {
            Some(subresource) => ask.with_subresource(subresource),
            None => ask,
        };
        if !ask.subresource.is_empty() && ask.served.kind.subresource(&ask.subresource).is_none() {
            return Err(Failure::no_such_resource());
        }
        let how = How {
            manager: options.manager.to_string(),
            dry_run: options.dry_run,
            force: options.force,
            validation: if options.strict { FieldValidation::Strict } else { FieldValidation::Warn },
            noted: Vec::new(),
            body: bytes::Bytes::new(),
            writes_anyway: false,
        };
        let mut state = self.server.lock();
        let after = state.enter(&ask)?;
        let outcome = act(&mut state, &ask, &how)?;
        state.after_write();
        match after {
            Some(failure) => Err(failure),
            None => {
                Ok(Written { object: outcome.object, created: outcome.created, warnings: outcome.warnings })
            }
        }
    }

    fn ask(&self, verb: Verb, target: &Target) -> Result<Ask, Failure> {
        let state = self.server.lock();
        let served = state.catalog.named(&target.resource.gvk).ok_or_else(Failure::no_such_resource)?;
        Ok(Ask::new(&self.who, verb, served, &target.namespace, &target.name))
    }

    fn ask_many(&self, verb: Verb, query: &Query) -> Result<(Ask, Selection), Failure> {
        let state = self.server.lock();
        let served = state.catalog.named(&query.resource.gvk).ok_or_else(Failure::no_such_resource)?;
        let selection = Selection::parse(served, &query.labels, &query.fields)?;
        Ok((Ask::new(&self.who, verb, served, query.namespace.as_deref().unwrap_or_default(), ""), selection))
    }
}

/// A resourceVersion as a number.
pub(crate) fn parse_version(text: &str) -> Result<u64, Failure> {
    let invalid = || {
        Failure::internal(format!(
            "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    };
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| invalid()) }
}

fn raw(object: Arc<Object>, metadata_only: bool) -> RawObject {
    if !metadata_only {
        return RawObject::Object(object);
    }
    let gvk = tautline_core::GroupVersionKind::new("meta.k8s.io", "v1", "PartialObjectMetadata");
    let mut partial = Object::bare(&gvk, "", "");
    *partial.metadata_mut() = object.metadata().cloned().unwrap_or_default();
    RawObject::Object(Arc::new(partial))
}

#[async_trait]
impl Cluster for Local {
    fn id(&self) -> ClusterId {
        self.server.options.id.clone()
    }

    async fn discover(&self) -> Result<Discovery> {
        Ok(self.discovery())
    }

    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value> {
        let state = self.server.lock();
        crate::openapi::v3(&state.catalog, group_version)
            .ok_or_else(|| ClusterError::from(Failure::no_such_resource()))
    }

    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>> {
        Ok(self.read(target)?)
    }

    async fn log_tail(&self, pod: &Target, _: &str, lines: usize) -> Result<Option<String>> {
        let mut ask = self.ask(Verb::Get, pod)?;
        ask.subresource = "log".to_owned();
        let mut state = self.server.lock();
        state.enter(&ask)?;
        state.get(&ask)?;
        Ok(Some(state.log_tail(&pod.namespace, &pod.name, Some(lines))))
    }

    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        let (ask, selection) = self.ask_many(Verb::List, query)?;
        let mut go_on = String::new();
        loop {
            let listing = {
                let mut state = self.server.lock();
                state.enter(&ask)?;
                let how =
                    ListHow { selection: selection.clone(), limit: query.page, go_on, ..ListHow::default() };
                state.list(&ask, &how)?
            };
            listing.items.into_iter().for_each(|item| sink.item(raw(item, query.metadata_only)));
            match listing.go_on {
                Some(token) => go_on = token,
                None => return Ok(ListEnd { version: ResourceVersion::new(listing.version.to_string()) }),
            }
        }
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        let watch = self.open_watch(query)?;
        let metadata_only = query.metadata_only;
        let events = watch.map(move |event| match event {
            WatchEvent::Added(object) => Ok(RawEvent::Added(raw(object, metadata_only))),
            WatchEvent::Modified(object) => Ok(RawEvent::Modified(raw(object, metadata_only))),
            WatchEvent::Deleted(object) => Ok(RawEvent::Deleted(raw(object, metadata_only))),
            WatchEvent::Bookmark(version, _) => {
                Ok(RawEvent::Bookmark(ResourceVersion::new(version.to_string())))
            }
            WatchEvent::Failed(failure) => Err(failure.into()),
        });
        Ok(events.boxed())
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        Ok(self.server_apply(target, object, options)?)
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        Ok(self.make(target, object, options)?)
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        Ok(self.put(target, object, options)?)
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        Ok(self.change(target, patch, options)?)
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        let key = warrant.key();
        let target = Target::new(resource.clone(), &key.namespace, &key.name);
        let how = DeleteHow {
            uid: Some(warrant.uid().to_string()),
            version: Some(warrant.version().to_string()),
            propagation: Some(warrant.propagation()),
            ..DeleteHow::default()
        };
        Ok(self.delete_with(&target, &how)?)
    }
}

#[async_trait]
impl Stage for Local {
    async fn discard(&self, target: &Target, uid: &Uid, grace: Option<Duration>) -> Result<Deleted> {
        let how = DeleteHow {
            uid: Some(uid.to_string()),
            grace: grace.map(|g| i64::try_from(g.as_secs()).unwrap_or(i64::MAX)),
            ..DeleteHow::default()
        };
        Ok(self.delete_with(target, &how)?)
    }
}
