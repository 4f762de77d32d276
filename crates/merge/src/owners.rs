//! [`Owners`]: whose is a field.

use tautline_core::{FieldPath, Map, Object, Value};

use crate::fieldset::raw;
use crate::structured::{Manager, Operation};

/// The owners of a live object's fields: `managedFields` are asked as they lie there, and never taken apart. An entry
/// that cannot be read owns nothing.
#[derive(Clone, Debug, Default)]
pub struct Owners<'a>(Vec<Owner<'a>>);

/// Somebody who owns fields of a live object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Who.
    pub manager: Manager,
    /// When it last changed a value, as `managedFields` say it; a manager that only claimed fields has none.
    pub time: Option<&'a str>,
    fields: &'a Map,
}

impl<'a> Owners<'a> {
    /// All owners of an object.
    pub fn of(live: &'a Object) -> Self {
        let entries = live.list_at(&["metadata", "managedFields"]);
        Self(entries.iter().filter_map(Owner::read).collect())
    }

    /// All but one.
    #[must_use]
    pub fn without(mut self, manager: &Manager) -> Self {
        self.0.retain(|owner| owner.manager != *manager);
        self
    }

    /// The owners of a field, or of something in it.
    pub fn at(&self, path: &FieldPath) -> impl Iterator<Item = &Owner<'a>> {
        let path = path.elements();
        self.0.iter().filter(move |owner| raw::covers(owner.fields, path) || raw::touches(owner.fields, path))
    }
}

impl<'a> Owner<'a> {
    fn read(entry: &'a Value) -> Option<Self> {
        let text = |key| entry.str_at(&[key]).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let manager = Manager::exact(text("manager"), operation, text("apiVersion"), text("subresource"));
        let fields = entry.get("fieldsV1").and_then(Value::as_map)?;
        Some(Self { manager, time: entry.str_at(&["time"]), fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

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
            let found: Vec<String> =
                Owners::of(&live).at(&path).map(|o| o.manager.name().to_owned()).collect();
            assert_eq!(found, expect, "{path}");
        }
    }
}
