//! What the server itself writes into `metadata`, and which names it takes.

use tautline_core::{Map, Object, Value};
use tautline_grammar::names;
use tautline_schema::Schemas as _;

use crate::caller::Ask;
use crate::catalog::Served;
use crate::failure::{Failure, Wrong};
use crate::state::State;

/// Kinds whose names are path segments: anything but `.`, `..`, `/` and `%`.
const PATH_SEGMENT_KINDS: [&str; 6] =
    ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PodDisruptionBudget", "Event"];

impl State {
    /// Fills in a new object's metadata.
    pub(super) fn stamp(&mut self, served: &Served, object: &mut Object) {
        let uid = self.new_uid();
        let now = self.now_text();
        if object.name().is_empty() && !object.metadata_str("generateName").is_empty() {
            let name = object.metadata_str("generateName").to_owned() + &self.new_suffix();
            object.metadata_mut().insert("name", name);
        }
        let metadata = object.metadata_mut();
        for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            metadata.remove(field);
        }
        metadata.insert("uid", uid);
        metadata.insert("creationTimestamp", now);
        if served.counts_generations() {
            metadata.insert("generation", 1);
        }
    }

    /// The namespace of an object on a path: the path's, which the body may repeat but not contradict.
    ///
    /// # Errors
    /// 400 when they differ.
    pub(super) fn place_in(&self, ask: &Ask, object: &mut Object) -> Result<(), Failure> {
        if !ask.served.is_namespaced() {
            object.metadata_mut().remove("namespace");
            return Ok(());
        }
        if !object.namespace().is_empty() && object.namespace() != ask.namespace {
            let message =
                "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(message));
        }
        object.metadata_mut().insert("namespace", ask.namespace.as_str());
        Ok(())
    }

    /// Refuses what cannot be made in a namespace that is not there or is going away.
    ///
    /// # Errors
    /// 404, or 403 with the cause `NamespaceTerminating`, from the admission plugin NamespaceLifecycle.
    pub(super) fn namespace_open(&self, ask: &Ask, name: &str) -> Result<(), Failure> {
        if !ask.served.is_namespaced() {
            return Ok(());
        }
        let Some(namespace) = self.find_builtin("v1", "Namespace", "", &ask.namespace) else {
            return Err(Failure::not_found("", "namespaces", &ask.namespace));
        };
        if !crate::state::is_terminating(&namespace) {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            ask.namespace
        );
        let cause = tautline_cluster::Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {} is being terminated", ask.namespace),
            field: "metadata.namespace".to_owned(),
        };
        Err(Failure::forbidden(&ask.group, &ask.resource, name, &why).because(vec![cause]))
    }
}

/// Checks a new object's metadata.
pub(super) fn check(served: &Served, object: &Object) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if !object.metadata_str("generateName").is_empty() {
        let prefix = object.metadata_str("generateName").trim_end_matches('-');
        wrong.extend(name_problems(served, prefix).iter().map(|problem| {
            Wrong::invalid("metadata.generateName", &object.metadata_str("generateName").into(), problem)
        }));
    }
    if object.name().is_empty() {
        wrong.push(Wrong::required("metadata.name", "name or generateName is required"));
    } else {
        let problems = name_problems(served, object.name());
        wrong.extend(problems.iter().map(|p| Wrong::invalid("metadata.name", &object.name().into(), p)));
    }
    check_maps(object, &mut wrong);
    check_owners(object, &mut wrong);
    check_finalizers(object, &mut wrong);
    wrong
}

fn name_problems(served: &Served, name: &str) -> Vec<String> {
    match served.gvk().kind.as_str() {
        kind if PATH_SEGMENT_KINDS.contains(&kind) => path_segment(name),
        "Namespace" | "Service" => names::dns_label(name),
        _ => names::dns_subdomain(name),
    }
}

fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

fn check_maps(object: &Object, wrong: &mut Vec<Wrong>) {
    let map = |field: &str| object.metadata().and_then(|m| m.get(field)).and_then(Value::as_map);
    for (key, value) in map("labels").into_iter().flatten() {
        for problem in names::qualified_name(key) {
            wrong.push(Wrong::invalid("metadata.labels", &Value::from(key), &problem));
        }
        for problem in names::label_value(value.as_str().unwrap_or_default()) {
            wrong.push(Wrong::invalid("metadata.labels", value, &problem));
        }
    }
    let mut size = 0;
    for (key, value) in map("annotations").into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        for problem in names::qualified_name(&key.to_lowercase()) {
            wrong.push(Wrong::invalid("metadata.annotations", &Value::from(key), &problem));
        }
    }
    if size > 256 * 1024 {
        wrong.push(Wrong {
            field: "metadata.annotations".to_owned(),
            reason: "FieldValueTooLong",
            message: "Too long: may not be more than 262144 bytes".to_owned(),
        });
    }
}

/// Takes owners out that stand twice; what the server remarks about it.
pub(super) fn owners_once(object: &mut Object, after_patch: bool) -> Option<String> {
    let owners = object.metadata().and_then(|m| m.get("ownerReferences")).and_then(Value::as_list)?;
    let (mut kept, mut twice): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for owner in owners {
        match kept.contains(owner) {
            true => twice.push(owner.str_at(&["uid"]).unwrap_or_default().to_owned()),
            false => kept.push(owner.clone()),
        }
    }
    if twice.is_empty() {
        return None;
    }
    object.metadata_mut().insert("ownerReferences", Value::from(kept));
    let when = if after_patch { " after mutating admission happens" } else { "" };
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and \
         may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
        twice.join(", ")
    ))
}

fn check_owners(object: &Object, wrong: &mut Vec<Wrong>) {
    let owners = object.metadata().and_then(|m| m.get("ownerReferences")).and_then(Value::as_list);
    for (i, owner) in owners.into_iter().flatten().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if owner.str_at(&[field]).is_none_or(str::is_empty) {
                let path = format!("metadata.ownerReferences[{i}].{field}");
                wrong.push(Wrong::required(path, "must not be empty"));
            }
        }
    }
    for (i, owner) in owners.into_iter().flatten().enumerate() {
        // Events come and go: nothing may hang on them.
        if owner.str_at(&["kind"]) == Some("Event")
            && ["v1", "events.k8s.io/v1"].contains(&owner.str_at(&["apiVersion"]).unwrap_or_default())
        {
            let version = owner.str_at(&["apiVersion"]).unwrap_or_default();
            let version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
            let message = format!(
                "Invalid value: {}: {version}, Kind=Event is disallowed from being an owner",
                print_owner(owner)
            );
            let field = format!("metadata.ownerReferences[{i}]");
            wrong.push(Wrong { field, reason: "FieldValueInvalid", message });
        }
    }
    let controllers: Vec<String> = object
        .owner_references()
        .filter(|owner| owner.controller)
        .map(|owner| format!("{}/{}", owner.kind, owner.name))
        .collect();
    if let [first, second, ..] = controllers.as_slice() {
        let all: Vec<String> = owners.into_iter().flatten().map(print_owner).collect();
        let message = format!(
            "Invalid value: [{}]: Only one reference can have Controller set to true. Found \"true\" in references for \
             {first} and {second}",
            all.join(",")
        );
        let field = "metadata.ownerReferences".to_owned();
        wrong.push(Wrong { field, reason: "FieldValueInvalid", message });
    }
}

/// An owner as Go prints it.
fn print_owner(owner: &Value) -> String {
    let part = |field: &str| {
        owner.get(field).filter(|v| !v.is_null()).map(|value| format!("\"{field}\":{}", value.to_json()))
    };
    let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    format!("{{{}}}", fields.into_iter().filter_map(part).collect::<Vec<_>>().join(","))
}

fn check_finalizers(object: &Object, wrong: &mut Vec<Wrong>) {
    // Custom resources take any qualified name, such as Argo CD's finalizers; built-in kinds are stricter.
    let is_builtin = tautline_schema::builtin().kind(&object.gvk()).is_some()
        && object.kind() != "CustomResourceDefinition";
    for (i, finalizer) in object.finalizers().enumerate() {
        let value = Value::string(finalizer);
        for problem in names::qualified_name(finalizer) {
            wrong.push(Wrong::invalid("metadata.finalizers", &value, &problem));
        }
        let standard = ["orphan", "foregroundDeletion", "kubernetes"].contains(&finalizer);
        if is_builtin && !standard && !finalizer.contains('/') {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            wrong.push(Wrong::invalid(format!("metadata.finalizers[{i}]"), &value, detail));
        }
    }
    let has = |name: &str| object.finalizers().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let all: Vec<&str> = object.finalizers().collect();
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        wrong.push(Wrong::invalid("metadata.finalizers", &Value::from(all), detail));
    }
}

/// Carries over what a writer cannot change, and says what it tried to.
pub(super) fn keep(old: &Object, new: &mut Object) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let fields =
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];
    for field in ["uid", "deletionTimestamp"] {
        let have = old.metadata().and_then(|m| m.get(field));
        if let Some(value) =
            new.metadata().and_then(|m| m.get(field)).filter(|v| !v.is_null() && v.as_str() != Some(""))
            && Some(value) != have
        {
            wrong.push(Wrong::invalid(format!("metadata.{field}"), value, "field is immutable"));
        }
    }
    let grace = |object: &Object| {
        object.metadata().and_then(|m| m.get("deletionGracePeriodSeconds")).and_then(Value::as_i64)
    };
    if let Some(seconds) = grace(new).filter(|_| grace(new) != grace(old)) {
        let field = "metadata.deletionGracePeriodSeconds";
        wrong.push(Wrong::invalid(field, &Value::Int(seconds), "field is immutable"));
    }
    for field in fields {
        copy(old, new, field);
    }
    if old.is_terminating() {
        let added: Vec<&str> = new.finalizers().filter(|f| !old.finalizers().any(|o| o == *f)).collect();
        if !added.is_empty() {
            let quoted: Vec<String> = added.iter().map(|f| format!("\"{f}\"")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                quoted.join(", ")
            );
            wrong.push(Wrong::forbidden("metadata.finalizers", &detail));
        }
    }
    if new.name() != old.name() {
        wrong.push(Wrong::invalid("metadata.name", &new.name().into(), "field is immutable"));
    }
    check_maps(new, &mut wrong);
    check_owners(new, &mut wrong);
    check_finalizers(new, &mut wrong);
    wrong
}

/// Copies one field of the metadata, absence included.
pub(super) fn copy(old: &Object, new: &mut Object, field: &str) {
    match old.metadata().and_then(|m| m.get(field)) {
        Some(value) => drop(new.metadata_mut().insert(field, value.clone())),
        None => drop(new.metadata_mut().remove(field)),
    }
}

/// Drops empty maps and lists that Go's `omitempty` would not print.
pub(super) fn tidy(object: &mut Object) {
    let metadata: &mut Map = object.metadata_mut();
    for field in ["labels", "annotations", "finalizers", "ownerReferences", "managedFields"] {
        let empty = match metadata.get(field) {
            Some(Value::Map(map)) => map.is_empty(),
            Some(Value::List(list)) => list.is_empty(),
            Some(Value::Null) => true,
            _ => false,
        };
        if empty {
            metadata.remove(field);
        }
    }
}
