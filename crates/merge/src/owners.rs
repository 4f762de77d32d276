//! [`Owners`]: whose is a field.

use std::sync::LazyLock;

use tautline_core::{FieldPath, Key, Map, Object, Value};

use crate::fieldset::{FieldSet, raw};
use crate::structured::{Manager, Operation, entries};

/// The owners of a live object's fields: `managedFields` are asked as they lie there, and never taken apart. An entry
/// that cannot be read owns nothing.
#[derive(Clone, Debug, Default)]
pub struct Owners<'a>(Vec<Owner<'a>>);

/// Somebody who owns fields of a live object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it writes.
    pub operation: Operation,
    /// When it last changed a value, as `managedFields` say it; a manager that only claimed fields has none.
    pub time: Option<&'a str>,
    api_version: &'a str,
    subresource: &'a str,
    fields: &'a Map,
}

impl<'a> Owners<'a> {
    /// All owners of an object.
    pub fn of(live: &'a Object) -> Self {
        Self(entries(live).iter().filter_map(Owner::read).collect())
    }

    /// All but the one who applies the object itself by this name.
    #[must_use]
    pub fn but_applier(live: &'a Object, name: &str) -> Self {
        let is_it = |owner: &Owner<'_>| {
            owner.name == name && owner.operation == Operation::Apply && owner.subresource.is_empty()
        };
        Self(entries(live).iter().filter_map(Owner::read).filter(|owner| !is_it(owner)).collect())
    }

    /// Each owner, as `managedFields` list them.
    pub fn iter(&self) -> impl Iterator<Item = &Owner<'a>> {
        self.0.iter()
    }

    /// The owners of a field, or of something in it.
    pub fn at<'p>(&'p self, path: &'p FieldPath) -> impl Iterator<Item = &'p Owner<'a>> {
        self.0.iter().filter(move |owner| raw::covers(owner.fields, path) || raw::touches(owner.fields, path))
    }
}

impl<'a> Owner<'a> {
    fn read(entry: &'a Value) -> Option<Self> {
        static NAMES: LazyLock<[Key; 6]> = LazyLock::new(|| {
            ["manager", "operation", "apiVersion", "subresource", "time", "fieldsV1"].map(Key::new)
        });
        let printed = entry.as_map()?;
        let [name, operation, api_version, subresource, time, fields] =
            NAMES.each_ref().map(|name| printed.get_key(name));
        let text = |value: Option<&'a Value>| value.and_then(Value::as_str);
        let operation = match text(operation).unwrap_or_default() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            name: text(name).unwrap_or_default(),
            operation,
            time: text(time),
            api_version: text(api_version).unwrap_or_default(),
            subresource: text(subresource).unwrap_or_default(),
            fields: fields.and_then(Value::as_map)?,
        })
    }

    /// The fields that it owns; none if they cannot be read.
    pub fn paths(&self) -> Vec<FieldPath> {
        FieldSet::from_value(&Value::Map(self.fields.clone())).map(|set| set.paths()).unwrap_or_default()
    }

    /// The subresource through which it writes; empty for the object itself.
    pub fn subresource(&self) -> &'a str {
        self.subresource
    }

    /// It as a manager.
    pub fn manager(&self) -> Manager {
        Manager::exact(self.name, self.operation, self.api_version, self.subresource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn an_owner_tells_its_fields() {
        let live = Object::new(
            value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "managedFields": [
            { "manager": "web", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
              "fieldsV1": { "f:data": { "f:key": {} }, "f:metadata": { "f:labels": { "f:app": {} } } } }
        ] } }),
        )
        .unwrap();
        let paths: Vec<String> =
            Owners::of(&live).iter().flat_map(Owner::paths).map(|path| path.to_string()).collect();
        assert_eq!(paths, ["data.key", "metadata.labels.app"]);
    }

    #[test]
    fn whoever_owns_a_field_or_some_of_it_is_found() {
        let entry = |name: &str, fields: Value| value!({ "manager": name, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields });
        let live = Object::new(value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "managedFields": [
            (entry("whole", value!({ "f:spec": { "f:args": {} } }))),
            (entry("item", value!({ "f:spec": { "f:containers": { "k:{\"name\":\"x\"}": { ".": {}, "f:image": {} } } } })))
        ] } }))
        .unwrap();
        for (path, expect) in [
            ("spec.args[0]", vec!["whole"]),
            ("spec", vec!["whole", "item"]),
            ("spec.containers[name=x].image", vec!["item"]),
            ("spec.containers[name=x].env", vec!["item"]),
            ("spec.containers[name=y]", vec![]),
            ("metadata", vec![]),
        ] {
            let path: FieldPath = path.parse().unwrap();
            let found: Vec<String> = Owners::of(&live).at(&path).map(|o| o.name.to_owned()).collect();
            assert_eq!(found, expect, "{path}");
        }
    }
}
