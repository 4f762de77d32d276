//! Secret values become numbers.

use std::collections::BTreeMap;

use tautline_core::{PathElement, Value};

use crate::Change;
use crate::why::LAST_APPLIED;

/// Replaces a Secret's values by numbers, equal ones by equal numbers, in both sides and in the changes.
pub(super) fn hide(before: &mut Option<Value>, after: &mut Option<Value>, changes: &mut [Change]) {
    let mut seen = Seen::default();
    for side in [before, after].into_iter().flatten() {
        seen.hide_object(side);
    }
    for change in changes {
        let names: Vec<&str> = change.path.elements().filter_map(field).collect();
        let depth = match names.as_slice() {
            ["data" | "stringData", ..] => names.len() - 1,
            // An annotation may hold the whole Secret; only the names of annotations are shown.
            ["metadata", "annotations", ..] => names.len() - 2,
            _ => continue,
        };
        let is_map = depth == 0;
        for value in [&mut change.from, &mut change.to].into_iter().flatten() {
            if is_map { seen.hide_values(value) } else { seen.hide_value(value) }
        }
    }
}

fn field(element: &PathElement) -> Option<&str> {
    match element {
        PathElement::Field(name) => Some(name.as_str()),
        _ => None,
    }
}

#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn hide_object(&mut self, object: &mut Value) {
        for field in ["data", "stringData"] {
            if let Some(values) = object.get_mut(field) {
                self.hide_values(values);
            }
        }
        let annotations = object.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        if let Some(last) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
            self.hide_value(last);
        }
    }

    fn hide_values(&mut self, values: &mut Value) {
        match values {
            Value::Map(map) => map.values_mut().for_each(|value| self.hide_value(value)),
            other => self.hide_value(other),
        }
    }

    fn hide_value(&mut self, value: &mut Value) {
        if value.is_null() {
            return;
        }
        let next = self.0.len() + 1;
        let text = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
        let number = *self.0.entry(text).or_insert(next);
        *value = Value::from(format!("(hidden {number})"));
    }
}
