//! Defaults of custom resources: all in their schema.

use tautline_core::Value;

use crate::types::TypeRef;

/// Fills in what is absent, and null where null is no value.
pub(super) fn apply(value: &mut Value, of: TypeRef<'_>) {
    match value {
        Value::Map(map) => {
            // Keys that the schema does not know are dropped.
            map.retain(|key, _| of.field(key).is_some());
            for field in of.fields() {
                let Some(default) = field.of.default() else { continue };
                let missing = map.get(field.name).is_none_or(|v| v.is_null() && !field.of.nullable());
                if missing {
                    map.insert(field.name, default.clone());
                }
            }
            let keys: Vec<_> = map.keys().cloned().collect();
            for key in keys {
                if let (Some(of), Some(item)) = (of.field(&key), map.get_mut(&key))
                    && !of.is_compiled()
                    && !of.is_untyped()
                {
                    apply(item, of);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = of.items().filter(|of| !of.is_untyped()) {
                items.iter_mut().for_each(|item| apply(item, of));
            }
        }
        _ => {}
    }
}
