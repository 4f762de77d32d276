//! [`owners_of`]: whose is a field.

use tautline_core::{FieldPath, Object, Value};

use crate::fieldset::raw;
use crate::structured::{Manager, Operation};

/// Somebody who owns a field of a live object, or some of what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub manager: Manager,
    /// When it last changed a value, as `managedFields` say it; a manager that only claimed fields has none.
    pub time: Option<String>,
}

/// The owners of a field, or of something in it, in no order: `managedFields` are asked as they lie there. An entry
/// that cannot be read owns nothing.
pub fn owners_of<'a>(live: &'a Object, path: &FieldPath) -> impl Iterator<Item = Owner> + use<'a> {
    let path = path.clone();
    live.list_at(&["metadata", "managedFields"]).iter().filter_map(move |entry| {
        let fields = entry.get("fieldsV1").and_then(Value::as_map)?;
        let path = path.elements();
        (raw::covers(fields, path) || raw::touches(fields, path)).then(|| owner(entry))?
    })
}

fn owner(entry: &Value) -> Option<Owner> {
    let text = |key| entry.str_at(&[key]).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return None,
    };
    let manager = Manager::exact(text("manager"), operation, text("apiVersion"), text("subresource"));
    Some(Owner { manager, time: entry.str_at(&["time"]).map(str::to_owned) })
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
            let found: Vec<String> = owners_of(&live, &path).map(|o| o.manager.name().to_owned()).collect();
            assert_eq!(found, expect, "{path}");
        }
    }
}
