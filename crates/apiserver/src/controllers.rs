//! The parts of kube-controller-manager that live in the store: garbage collection by ownerReferences, the
//! deletion of namespaces' content and of a CRD's objects, what every namespace gets, CRD conditions.
//!
//! They run after each write, inside the store, until there is nothing left to do: a test that deletes an
//! owner sees its dependents gone when the call returns. Pods that a node has wait for their kubelet.

use std::sync::Arc;

use tautline_core::{GroupVersionKind, Object, Value, value};
use tautline_ownership::Propagation;

use crate::caller::{Ask, Identity, Verb};
use crate::catalog::Served;
use crate::crd_names;
use crate::state::State;
use crate::store::{Place, Todo};
use crate::write::{CRD_CLEANUP, DeleteHow, FOREGROUND, How, ORPHAN, set_finalizers};

/// The finalizers of storage that may be in use.
const STORAGE_PROTECTION: [&str; 3] =
    ["kubernetes.io/pvc-protection", "kubernetes.io/pv-protection", "kubernetes.io/vac-protection"];

const CRD: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

impl State {
    /// Looks at everything that was written since the last time, and at what that causes.
    pub(crate) fn settle(&mut self) {
        while let Some(todo) = self.store.todo.pop_front() {
            match todo {
                Todo::Written(place) => self.look_at(&place),
                Todo::Gone(shelf, object) => self.look_after(&shelf, &object),
            }
        }
    }

    fn look_at(&mut self, place: &Place) {
        let Some(object) = self.store.get(place).cloned() else { return };
        let Some(served) = self.kind_at(place) else { return };
        if served.is(CRD.0, CRD.1) {
            self.tend_crd(&served, place, &object);
        }
        if !self.options.controllers {
            return;
        }
        if self.options.rbac && served.is("rbac.authorization.k8s.io", "ClusterRole") {
            self.aggregate_roles();
        }
        if served.is("", "Namespace") {
            if crate::state::is_terminating(&object) {
                self.empty_namespace(object.name());
            } else {
                self.furnish_namespace(object.name());
            }
        }
        if object.is_terminating() {
            self.process_deleting(&served, place, &object);
            self.release_storage(&served, place, &object);
        }
        if object.owner_references().next().is_some() {
            self.check_owners(&served, place);
        }
        if self.options.quotas && !object.namespace().is_empty() {
            self.recount_quotas(object.namespace());
        }
    }

    fn look_after(&mut self, shelf: &str, object: &Arc<Object>) {
        if let Some(crd) = self.crd_of(shelf) {
            let place =
                Place { shelf: format!("{}.{}", "customresourcedefinitions", CRD.0).into(), slot: crd };
            self.store.todo.push_back(Todo::Written(place));
        }
        if object.is(CRD.0, CRD.1) {
            // Its names are free for others.
            for waiting in self.waiting_for_names(object.str_at(&["spec", "group"]).unwrap_or_default()) {
                let place = self.store.by_uid(waiting.metadata_str("uid")).cloned();
                self.store.todo.extend(place.map(Todo::Written));
            }
        }
        if !self.options.controllers {
            return;
        }
        if self.options.quotas && !object.namespace().is_empty() {
            self.recount_quotas(object.namespace());
        }
        for dependent in self.store.owned_by(object.metadata_str("uid")) {
            if let Some(served) = self.kind_at(&dependent) {
                self.check_owners(&served, &dependent);
            }
        }
        if object.is("", "Pod") {
            let claims: Vec<Place> = claims_of(object)
                .filter_map(|name| self.find_builtin("v1", "PersistentVolumeClaim", object.namespace(), name))
                .filter_map(|claim| self.store.by_uid(claim.metadata_str("uid")).cloned())
                .collect();
            claims.iter().for_each(|claim| self.look_at(claim));
        }
        let owners: Vec<Place> =
            object.owner_references().filter_map(|o| self.store.by_uid(o.uid)).cloned().collect();
        for owner in owners {
            self.look_at(&owner);
        }
        if !object.namespace().is_empty() {
            let namespace = object.namespace().to_owned();
            if let Some(found) = self.find_builtin("v1", "Namespace", "", &namespace)
                && crate::state::is_terminating(&found)
            {
                self.empty_namespace(&namespace);
            } else if object.is("", "ConfigMap") && object.name() == "kube-root-ca.crt"
                || object.is("", "ServiceAccount") && object.name() == "default"
            {
                self.furnish_namespace(&namespace);
            }
        }
    }

    /// Takes the finalizers that protect storage in use off what nobody uses.
    fn release_storage(&mut self, served: &Served, place: &Place, object: &Object) {
        let is_used =
            served.is("", "PersistentVolumeClaim") && self.is_claimed(object.namespace(), object.name());
        for finalizer in STORAGE_PROTECTION {
            if !is_used && object.finalizers().any(|f| f == finalizer) {
                self.take_finalizer(served, place, finalizer);
            }
        }
    }

    /// Whether a pod that has not ended uses a claim.
    fn is_claimed(&self, namespace: &str, claim: &str) -> bool {
        let pods = self.store.shelf("pods").into_iter().flat_map(|shelf| shelf.within(namespace));
        pods.into_iter().any(|(_, pod)| {
            let phase = pod.str_at(&["status", "phase"]);
            !matches!(phase, Some("Succeeded" | "Failed")) && claims_of(pod).any(|name| name == claim)
        })
    }

    /// Deletes an object whose owners are all gone; takes off references to those that are, otherwise.
    fn check_owners(&mut self, served: &Served, place: &Place) {
        let Some(object) = self.store.get(place).cloned() else { return };
        let deleting_dependents = object.finalizers().any(|f| f == FOREGROUND);
        if object.is_terminating() && !deleting_dependents {
            return;
        }
        let (mut solid, mut dangling, mut waiting) = (0, Vec::new(), Vec::new());
        for owner in object.owner_references() {
            let found = self.store.by_uid(owner.uid).and_then(|place| self.store.get(place));
            match found {
                None => dangling.push(owner.uid.to_owned()),
                Some(found) if found.is_terminating() && found.finalizers().any(|f| f == FOREGROUND) => {
                    waiting.push(owner.uid.to_owned());
                }
                Some(_) => solid += 1,
            }
        }
        if solid > 0 {
            dangling.extend(waiting);
            if !dangling.is_empty() {
                self.disown(served, place, &object, &dangling);
            }
            return;
        }
        if dangling.is_empty() && waiting.is_empty() || object.is_terminating() {
            return;
        }
        let has_dependents = !self.store.owned_by(object.metadata_str("uid")).is_empty();
        let propagation = match () {
            () if !waiting.is_empty() && has_dependents => Propagation::Foreground,
            () if object.finalizers().any(|f| f == ORPHAN) => Propagation::Orphan,
            () if deleting_dependents => Propagation::Foreground,
            () => Propagation::Background,
        };
        let how = DeleteHow { propagation: Some(propagation), ..DeleteHow::default() };
        self.delete_at(served, place, &object, &how);
    }

    /// Goes on with the deletion of an object that waits for its dependents.
    fn process_deleting(&mut self, served: &Served, place: &Place, object: &Arc<Object>) {
        let uid = object.metadata_str("uid").to_owned();
        if object.finalizers().any(|f| f == ORPHAN) {
            for dependent in self.store.owned_by(&uid) {
                let found = self.store.get(&dependent).cloned();
                if let (Some(served), Some(found)) = (self.kind_at(&dependent), found) {
                    self.disown(&served, &dependent, &found, std::slice::from_ref(&uid));
                }
            }
            self.take_finalizer(served, place, ORPHAN);
        } else if object.finalizers().any(|f| f == FOREGROUND) {
            for dependent in self.store.owned_by(&uid) {
                if let Some(served) = self.kind_at(&dependent) {
                    self.check_owners(&served, &dependent);
                }
            }
            let blocked =
                self.store.owned_by(&uid).iter().filter_map(|p| self.store.get(p)).any(|dependent| {
                    dependent.owner_references().any(|o| o.uid == uid && o.block_owner_deletion)
                });
            if !blocked {
                self.take_finalizer(served, place, FOREGROUND);
            }
        }
    }

    /// Takes references to owners off an object.
    fn disown(&mut self, served: &Served, place: &Place, object: &Object, owners: &[String]) {
        let mut new = object.clone();
        let all = object.metadata().and_then(|m| m.get("ownerReferences")).and_then(Value::as_list);
        let left: Vec<Value> = all
            .into_iter()
            .flatten()
            .filter(|o| !o.str_at(&["uid"]).is_some_and(|uid| owners.iter().any(|gone| gone == uid)))
            .cloned()
            .collect();
        if left.is_empty() {
            new.metadata_mut().remove("ownerReferences");
        } else {
            new.metadata_mut().insert("ownerReferences", Value::from(left));
        }
        self.rewrite(served, place, new);
    }

    fn take_finalizer(&mut self, served: &Served, place: &Place, finalizer: &str) {
        let Some(object) = self.store.get(place).cloned() else { return };
        let mut new = Object::clone(&object);
        let left = object.finalizers().filter(|f| *f != finalizer).map(str::to_owned).collect();
        set_finalizers(new.metadata_mut(), left);
        self.rewrite(served, place, new);
    }

    /// Stores what a controller made of an object, or removes it if it was the last thing that held it.
    fn rewrite(&mut self, served: &Served, place: &Place, new: Object) {
        if crate::write::is_finished(served, &new) {
            self.take_away(place);
        } else {
            let stored = self.store.put(&place.shelf, new);
            self.noted(served, &stored);
        }
    }

    /// What every namespace gets.
    fn furnish_namespace(&mut self, namespace: &str) {
        let account = value!({ "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": "default", "namespace": namespace } });
        let certificate = value!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "kube-root-ca.crt", "namespace": namespace, "annotations": {
                "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters." } },
            "data": { "ca.crt": "" } });
        for body in [account, certificate] {
            let Ok(object) = Object::new(body) else { continue };
            let Some(served) = self.catalog.named(&object.gvk()).cloned() else { continue };
            if self.find(&served, namespace, object.name()).is_some() {
                continue;
            }
            let who = Identity::new("system:kube-controller-manager", "kube-controller-manager");
            let ask = Ask::new(&who, Verb::Create, &served, namespace, object.name());
            // A namespace that began to go away meanwhile takes nothing in: nothing is owed to it then.
            let _ = self.create(&ask, object.into_value(), &How::by("kube-controller-manager"));
        }
    }

    /// Deletes what is in a namespace; when nothing is left, the namespace.
    fn empty_namespace(&mut self, namespace: &str) {
        let content: Vec<Place> = self
            .store
            .shelves()
            .flat_map(|(name, shelf)| {
                shelf.within(namespace).map(|(slot, _)| Place { shelf: name.clone(), slot: slot.clone() })
            })
            .collect();
        for place in &content {
            let found = self.store.get(place).filter(|o| !o.is_terminating()).cloned();
            if let (Some(served), Some(object)) = (self.kind_at(place), found) {
                let how = DeleteHow { propagation: Some(Propagation::Background), ..DeleteHow::default() };
                self.delete_at(&served, place, &object, &how);
            }
        }
        if content.iter().any(|place| self.store.get(place).is_some()) {
            return;
        }
        let gvk = GroupVersionKind::new("", "v1", "Namespace");
        let Some(served) = self.catalog.named(&gvk).cloned() else { return };
        let place = self.place(&served, "", namespace);
        let Some(object) = self.store.get(&place).cloned() else { return };
        let mut new = Object::clone(&object);
        let spec = new.as_map_mut().map_at("spec");
        if spec.remove("finalizers").is_some() || crate::write::is_finished(&served, &new) {
            self.rewrite(&served, &place, new);
        }
    }
}

impl State {
    /// Says what a CustomResourceDefinition waits for: names taken, established; its objects when it goes.
    fn tend_crd(&mut self, served: &Arc<Served>, place: &Place, crd: &Arc<Object>) {
        if crd.is_terminating() {
            let shelf = crd.name();
            let left: Vec<Place> = match self.store.shelf(shelf) {
                Some(found) => found
                    .within("")
                    .map(|(slot, _)| Place { shelf: shelf.into(), slot: slot.clone() })
                    .collect(),
                None => Vec::new(),
            };
            for place in &left {
                let found = self.store.get(place).filter(|o| !o.is_terminating()).cloned();
                if let (Some(kind), Some(object)) = (self.kind_at(place), found) {
                    self.delete_at(&kind, place, &object, &DeleteHow::default());
                }
            }
            if left.iter().all(|place| self.store.get(place).is_none())
                && crd.finalizers().any(|f| f == CRD_CLEANUP)
            {
                self.take_finalizer(served, place, CRD_CLEANUP);
            }
            return;
        }
        let names = self.names_of(crd);
        let conditions = crd_names::conditions(crd, &names, &self.now_text());
        if crd.at(&["status", "acceptedNames"]) == Some(&names.accepted)
            && crd.list_at(&["status", "conditions"]) == conditions
        {
            return;
        }
        let mut new = Object::clone(crd);
        let status = new.as_map_mut().map_at("status");
        status.insert("conditions", conditions);
        status.insert("acceptedNames", names.accepted);
        let who = Identity::admin("kube-apiserver");
        let ask = Ask::new(&who, Verb::Update, served, "", crd.name()).with_subresource("status");
        let new = crate::typing::own_update(&self.catalog, &ask, crd, new, "kube-apiserver", self.now());
        self.rewrite(served, place, new);
    }

    /// The CRD that a shelf's objects belong to, if it is waiting for them.
    fn crd_of(&self, shelf: &str) -> Option<crate::store::Slot> {
        let crd = self.find_builtin("apiextensions.k8s.io/v1", CRD.1, "", shelf)?;
        crd.is_terminating().then(|| crate::store::Slot::of(&crd))
    }
}

/// The claims that a pod's volumes name.
fn claims_of(pod: &Object) -> impl Iterator<Item = &str> {
    pod.list_at(&["spec", "volumes"]).iter().filter_map(|v| v.str_at(&["persistentVolumeClaim", "claimName"]))
}
