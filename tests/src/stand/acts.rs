//! What people and other tools do to the objects of a cluster.

use std::sync::Arc;

use tautline_cluster::{Patch, Query, RawObject, Target, WriteOptions};
use tautline_core::{FieldManager, Object, Value};

use super::Stand;

impl Stand {
    /// Applies an object as a person does.
    pub async fn apply(&self, object: Value) {
        let object = Object::new(object).expect("tests write whole objects");
        let resource = self.resource(object.api_version(), object.kind()).await;
        let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("person")) };
        let written = self.admin.apply(&Target::of(resource, &object), &object, &options).await;
        written.unwrap_or_else(|error| panic!("{}: {error}", object.key()));
    }

    /// Creates an object in the name of another tool, as client-side tools do.
    pub async fn create_as(&self, manager: &str, object: Value) {
        let object = Object::new(object).expect("tests write whole objects");
        let target = Target::of(self.resource(object.api_version(), object.kind()).await, &object);
        let options = WriteOptions::by(FieldManager::new(manager));
        let written = self.admin.create(&target, &object, &options).await;
        written.unwrap_or_else(|error| panic!("{}: {error}", object.key()));
    }

    /// Patches an object as a person does.
    pub async fn patch(&self, api_version: &str, kind: &str, namespace: &str, name: &str, patch: Patch) {
        self.patch_as("person", api_version, kind, namespace, name, patch).await;
    }

    /// Patches an object in the name of another tool.
    pub async fn patch_as(
        &self,
        manager: &str,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: Patch,
    ) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let options = WriteOptions::by(FieldManager::new(manager));
        let written = self.admin.patch(&target, &patch, &options).await;
        written.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// Writes into an object's status, as its controller does.
    pub async fn patch_status(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: Value,
    ) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let options = WriteOptions {
            subresource: Some("status".to_owned()),
            ..WriteOptions::by(FieldManager::new("person"))
        };
        let written = self.admin.patch(&target, &Patch::Merge(patch), &options).await;
        written.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// Deletes an object as a person does.
    pub async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let live = self.get(api_version, kind, namespace, name).await;
        let uid =
            live.and_then(|live| live.uid()).unwrap_or_else(|| panic!("{kind} {namespace}/{name} is there"));
        let deleted = self.admin.discard(&target, &uid, None).await;
        deleted.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// An object, if it is there.
    pub async fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Object>> {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        self.admin.get(&target).await.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"))
    }

    /// All objects of a kind in a namespace.
    pub async fn list(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Arc<Object>> {
        let query = Query {
            namespace: Some(namespace.to_owned()),
            ..Query::all(self.resource(api_version, kind).await)
        };
        let mut found = Vec::new();
        let gvk = query.resource.gvk.clone();
        let mut sink = |raw: RawObject| found.extend(raw.decode(&gvk));
        let listed = self.admin.list(&query, &mut sink).await;
        listed.unwrap_or_else(|error| panic!("{kind}: {error}"));
        found
    }
}
