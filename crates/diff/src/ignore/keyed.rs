//! Places by number, turned into paths that name list items by their keys.

use tautline_core::{FieldPath, List, Map, PathElement, Value};
use tautline_schema::{ListType, Root, TypeRef};

/// One step of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field, or a number in text where the value is a list.
    Name(String),
    /// A place in a list, counted from 0.
    Index(usize),
}

/// The path of a place in a value. Items of keyed lists are named by the keys of the schema; where there is none,
/// items that all have a `name` by that. `None` if the place is not there.
pub(crate) fn path(root: &Value, steps: &[Step], schema: Option<&Root>) -> Option<FieldPath> {
    let mut path = FieldPath::root();
    let mut value = root;
    let mut of: Option<TypeRef<'_>> = schema.map(Root::node);
    for step in steps {
        let element = element(value, step, of)?;
        value = element.get(value)?;
        of = of.and_then(|of| of.step(&element));
        path.push(element);
    }
    Some(path)
}

fn element(value: &Value, step: &Step, of: Option<TypeRef<'_>>) -> Option<PathElement> {
    match (value, step) {
        (Value::Map(_), Step::Name(name)) => Some(PathElement::Field(name.as_str().into())),
        (Value::List(list), step) => {
            let index = match step {
                Step::Index(index) => *index,
                Step::Name(text) => tautline_grammar::pointer::index(text)?,
            };
            Some(item(list, index, of))
        }
        _ => None,
    }
}

fn item(list: &List, index: usize, of: Option<TypeRef<'_>>) -> PathElement {
    let keys: Vec<&str> = match of.map(|of| of.list_type()) {
        Some(ListType::Map(keys)) => keys.iter().map(|key| key.as_str()).collect(),
        Some(ListType::Atomic | ListType::Set) => Vec::new(),
        None => vec!["name"],
    };
    let Some(item) = list.get(index) else { return PathElement::Index(index) };
    let named: Map = keys.iter().filter_map(|key| Some((*key, item.get(key)?.clone()))).collect();
    let element = PathElement::Item(named);
    // Names that several items have tell nothing.
    let is_it = element.get(&Value::List(list.clone())).is_some_and(|found| found == item);
    if keys.is_empty() || !is_it || matches!(&element, PathElement::Item(named) if named.is_empty()) {
        return PathElement::Index(index);
    }
    element
}
