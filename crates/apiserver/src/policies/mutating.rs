//! What a MutatingAdmissionPolicy does: change an object by an apply configuration or a JSON patch.

use tautline_cel::{Built, Expression};
use tautline_cluster::Cause;
use tautline_core::{FieldManager, Object, Value, value};
use tautline_merge::{Apply, json_patch};
use tautline_schema::{ListType, MapType, TypeRef};

use super::evaluate::Run;
use super::policy::{Kind, Patch};
use super::{Attributes, Invocation};
use crate::caller::Ask;
use crate::failure::Failure;
use crate::state::State;
use crate::typing;

impl State {
    /// Lets all MutatingAdmissionPolicies change an object. Those that want it are run a second time when anything was
    /// changed.
    ///
    /// # Errors
    /// What a policy that fails refuses.
    pub(crate) fn mutate_by_policies(
        &self,
        ask: &Ask,
        old: Option<&Object>,
        object: &mut Object,
        dry_run: bool,
    ) -> Result<(), Failure> {
        // Nobody changes a Scale on its way.
        if !self.asks_policies(ask, Kind::Mutating.shelf()) || ask.subresource == "scale" {
            return Ok(());
        }
        let before = object.clone();
        let attributes = Attributes::new(ask, old, Some(&before), dry_run);
        let (invocations, unusable) = self.invocations(Kind::Mutating, &attributes);
        let mut refused: Vec<Refusal> = Vec::new();
        for one in unusable.iter().filter(|one| one.policy.fails) {
            refused.push(Refusal {
                policy: one.policy.name.clone(),
                binding: one.binding.as_ref().map(|binding| binding.name().to_owned()),
                why: one.message(),
                is_invalid: false,
            });
        }
        let mut again = Vec::new();
        let mut changed = false;
        for invocation in &invocations {
            let ran = self.mutated(&attributes, invocation, object, &mut refused);
            changed |= ran == Ran::Patched;
            if ran != Ran::Passed && invocation.policy.reinvoked {
                again.push(invocation);
            }
        }
        if changed {
            for invocation in again {
                self.mutated(&attributes, invocation, object, &mut refused);
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(refusal(&attributes, &refused)) }
    }

    /// Runs one policy on an object, mutation by mutation.
    fn mutated(
        &self,
        attributes: &Attributes<'_>,
        invocation: &Invocation,
        object: &mut Object,
        refused: &mut Vec<Refusal>,
    ) -> Ran {
        let policy = &invocation.policy;
        let mut wrong = |why: String| {
            if policy.fails {
                let (policy, binding) = (policy.name.clone(), Some(invocation.binding.name().to_owned()));
                refused.push(Refusal { policy, binding, why, is_invalid: true });
            }
        };
        let now = Attributes { new: Some(&*object), ..*attributes };
        match Run::new(policy, self.input(&now, invocation)).applies() {
            Ok(true) => {}
            Ok(false) => return Ran::Passed,
            Err(why) => {
                wrong(why);
                return Ran::Passed;
            }
        }
        let mut ran = Ran::Unchanged;
        for (patch, expression) in &policy.mutations {
            let now = Attributes { new: Some(&*object), ..*attributes };
            let mut run = Run::new(policy, self.input(&now, invocation));
            let built = run.run(expression, Expression::build).map_err(super::evaluate::Failed::message);
            let served = &invocation.matched.served;
            let seen = typing::from_stored(served, object);
            let made = built.and_then(|built| match patch {
                Patch::Apply => self.applied(&seen, &built),
                Patch::Json => patched(&seen, &built),
            });
            match made.and_then(|mut made| {
                typing::default(&self.catalog, &mut made)?;
                Ok(typing::from_stored(&attributes.ask.served, &made))
            }) {
                Ok(made) => {
                    *object = made;
                    ran = Ran::Patched;
                }
                Err(why) => wrong(why),
            }
        }
        ran
    }

    /// Merges an apply configuration into an object, whoever owns what.
    fn applied(&self, object: &Object, built: &Built) -> Result<Object, String> {
        let Built::Object(name, _) = built else {
            return Err("unsupported return type from ApplyConfiguration expression".to_owned());
        };
        if name != "Object" {
            return Err(format!("unsupported return type from ApplyConfiguration expression: {name}"));
        }
        fits_path(built, "Object").map_err(|why| format!("type mismatch: {why}"))?;
        let Value::Map(mut config) = plain(built) else {
            return Err("unsupported return type from ApplyConfiguration expression".to_owned());
        };
        let wrong = |why: &str| format!("error applying patch: {why}");
        let root = tautline_schema::Schemas::root(&self.catalog, &object.gvk());
        if let Some(root) = root {
            let mut atomics = Vec::new();
            find_atomics(&Value::Map(config.clone()), root.node(), "", &mut atomics);
            if !atomics.is_empty() {
                let why = format!(
                    "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {}",
                    atomics.join(", ")
                );
                return Err(wrong(&why));
            }
        }
        config.insert("apiVersion", object.api_version());
        config.insert("kind", object.kind());
        for field in ["name", "namespace"] {
            config.map_at("metadata").insert(field, object.metadata_str(field));
        }
        // A manager that owned nothing takes nothing away.
        let mut live = object.clone();
        let owners = live.metadata_mut().remove("managedFields");
        let request = Apply {
            live: Some(&live),
            config: &Object::from_map(config),
            manager: &FieldManager::new("admission-policy"),
            force: true,
            subresource: None,
            now: self.now(),
            schemas: &self.catalog,
            defaulter: &|_, _| Ok(()),
        };
        let mut merged = tautline_merge::apply(request)
            .map_err(|why| {
                let text = why.to_string();
                let why = text.split_once("): ").map_or(text.as_str(), |(_, why)| why);
                wrong(&format!("failed to convert patch object to typed object: {why}"))
            })?
            .object;
        match owners {
            Some(owners) => drop(merged.metadata_mut().insert("managedFields", owners)),
            None => drop(merged.metadata_mut().remove("managedFields")),
        }
        Ok(merged)
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    /// Its conditions did not hold.
    Passed,
    /// It ran and changed nothing.
    Unchanged,
    /// It set fields.
    Patched,
}

/// That a policy could not do its work.
struct Refusal {
    policy: String,
    binding: Option<String>,
    why: String,
    is_invalid: bool,
}

/// The refusal of a request: 403 whatever the reason, with every policy's words among the causes.
fn refusal(attributes: &Attributes<'_>, refused: &[Refusal]) -> Failure {
    let words = |one: &Refusal| match &one.binding {
        Some(binding) => {
            format!("policy '{}' with binding '{binding}' denied request: {}", one.policy, one.why)
        }
        None => format!("policy \"{}\" denied request: {}", one.policy, one.why),
    };
    let messages: Vec<String> = refused.iter().map(words).collect();
    let is_invalid = refused.first().is_some_and(|one| one.is_invalid);
    let reason = if is_invalid { "Invalid" } else { "Forbidden" };
    let first = messages.first().cloned().unwrap_or_default();
    let cause = |message: String| Cause { reason: String::new(), message, field: String::new() };
    let ask = attributes.ask;
    Failure::new(403, reason, first)
        .about(&ask.group, &ask.resource, attributes.name())
        .because(messages.into_iter().map(cause).collect())
}

/// The operations of a JSON patch done on an object. One whose test fails changes nothing.
fn patched(object: &Object, built: &Built) -> Result<Object, String> {
    let Built::List(operations) = built else {
        return Err("type mismatch: JSONPatchType.expression should evaluate to array".to_owned());
    };
    let operations: Result<Vec<Value>, String> = operations.iter().map(operation).collect();
    let patch = Value::List(operations?.into_iter().collect());
    match json_patch::apply(&object.to_value(), &patch, json_patch::Dialect::Kubernetes) {
        Ok(Value::Map(map)) => Ok(Object::from_map(map)),
        Ok(_) => Err("JSON Patch: the patched object is no object".to_owned()),
        Err(why) => match why.cause.unwrap_or(why.message) {
            test if test.starts_with("testing value ") => Ok(object.clone()),
            why => Err(format!("JSON Patch: {why}")),
        },
    }
}

fn operation(built: &Built) -> Result<Value, String> {
    let Built::Object(_, fields) = built else {
        return Err(
            "type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch".to_owned()
        );
    };
    let mut operation = value!({ "op": "", "path": "" });
    for (field, value) in fields {
        if let (true, Built::Object(name, _)) = (field == "value", value) {
            fits_path(value, name).map_err(|why| format!("type mismatch: {why}"))?;
        }
        if let Some(map) = operation.as_map_mut() {
            map.insert(field.as_str(), plain(value));
        }
    }
    Ok(operation)
}

/// Whether objects have the types of the fields they stand at: `Object.spec` at `spec`.
fn fits_path(built: &Built, path: &str) -> Result<(), String> {
    match built {
        Built::Object(name, fields) => {
            if name != path {
                return Err(format!(
                    "unexpected type name \"{name}\", expected \"{path}\", which matches field name path from root \
                     Object type"
                ));
            }
            fields.iter().try_for_each(|(field, value)| fits_path(value, &format!("{path}.{field}")))
        }
        Built::List(items) => items.iter().try_for_each(|item| fits_path(item, path)),
        Built::Map(entries) => entries.iter().try_for_each(|(_, value)| fits_path(value, path)),
        Built::Plain(_) => Ok(()),
    }
}

fn plain(built: &Built) -> Value {
    match built {
        Built::Plain(value) => value.clone(),
        Built::List(items) => Value::List(items.iter().map(plain).collect()),
        Built::Map(entries) | Built::Object(_, entries) => {
            Value::Map(entries.iter().map(|(field, value)| (field.as_str(), plain(value))).collect())
        }
    }
}

/// The places of lists and maps that are one value: who sets a part of them would take the rest away.
fn find_atomics(value: &Value, of: TypeRef<'_>, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Map(map) => {
            if of.map_type() == MapType::Atomic {
                found.push(path.to_owned());
            }
            for (key, value) in map {
                if let Some(below) = of.declared(key) {
                    find_atomics(value, below, &format!("{path}.{key}"), found);
                }
            }
        }
        Value::List(list) => {
            if matches!(of.list_type(), ListType::Atomic) {
                found.push(path.to_owned());
            }
            if let Some(below) = of.items() {
                for (i, item) in list.iter().enumerate() {
                    find_atomics(item, below, &format!("{path}[{i}]"), found);
                }
            }
        }
        _ => {}
    }
}
