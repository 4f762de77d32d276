//! [`FieldPath`]: where in an object a field is, list items named by their keys.

mod elements;
mod parse;
mod trail;

use std::fmt;
use std::sync::Arc;

use crate::{Key, Map, Value};

pub use elements::Elements;
pub use parse::PathError;
pub use trail::Trail;

/// One step of a [`FieldPath`], with the four kinds of managedFields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathElement {
    /// A field of a map: `spec`.
    Field(Key),
    /// The item of a keyed list with these keys: `[containerPort=80,protocol=TCP]`. Sorted by key.
    Item(Map),
    /// The item of a set with this value: `[="a"]`.
    Value(Value),
    /// The item of a list at this place, counted from 0: `[2]`.
    Index(usize),
}

/// A path into an object: `spec.containers[name=app].ports[containerPort=80,protocol=TCP]`.
///
/// Prints and parses. A field name with other characters than letters, digits, `_`, `-` and `$` is written
/// as `["a.b/c"]`; a key's text is quoted where it would read as something else. Many paths into one part of an object
/// may share their first steps in memory, see [`Trail`].
#[derive(Clone, Default)]
pub struct FieldPath {
    /// The first steps, where others share them.
    stem: Option<Arc<[PathElement]>>,
    steps: Vec<PathElement>,
}

impl FieldPath {
    /// The path of the object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of fields.
    pub fn fields<K: Into<Key>>(fields: impl IntoIterator<Item = K>) -> Self {
        fields.into_iter().map(|field| PathElement::Field(field.into())).collect()
    }

    /// The steps from the root.
    #[inline]
    pub fn elements(&self) -> Elements<'_> {
        Elements::of(self.stem.as_deref().unwrap_or_default(), &self.steps)
    }

    /// The last step.
    pub fn last(&self) -> Option<&PathElement> {
        self.elements().next_back()
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.elements().len()
    }

    /// Whether there is no step: [`FieldPath::is_root`].
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a step at the end.
    pub fn push(&mut self, element: PathElement) {
        self.steps.push(element);
    }

    /// Takes the last step off.
    pub fn pop(&mut self) -> Option<PathElement> {
        if self.steps.is_empty()
            && let Some(stem) = self.stem.take()
        {
            self.steps = stem.to_vec();
        }
        self.steps.pop()
    }

    /// This path and a field below it.
    pub fn field(&self, name: impl Into<Key>) -> Self {
        self.with(PathElement::Field(name.into()))
    }

    /// This path and one more step.
    pub fn with(&self, element: PathElement) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() + 1);
        steps.extend_from_slice(&self.steps);
        steps.push(element);
        Self { stem: self.stem.clone(), steps }
    }

    /// Whether this is the object itself.
    pub fn is_root(&self) -> bool {
        self.is_empty()
    }

    /// Whether `other` is this path or below it.
    pub fn covers(&self, other: &Self) -> bool {
        self.len() <= other.len() && self.elements().eq(other.elements().take(self.len()))
    }

    /// The value at this path, if the object has it.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.elements().try_fold(root, |value, element| element.get(value))
    }
}

impl PartialEq for FieldPath {
    fn eq(&self, other: &Self) -> bool {
        self.elements().eq(other.elements())
    }
}

impl Eq for FieldPath {}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.elements()).finish()
    }
}

impl PathElement {
    /// The value one step below `value`, if it is there.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match (self, value) {
            (Self::Field(name), Value::Map(map)) => map.get_key(name),
            (Self::Item(keys), Value::List(list)) => {
                let is_it = |item: &&Value| {
                    let item = item.as_map();
                    keys.iter().all(|(k, v)| item.and_then(|item| item.get_key(k)) == Some(v))
                };
                list.iter().find(is_it)
            }
            (Self::Value(want), Value::List(list)) => list.iter().find(|item| *item == want),
            (Self::Index(i), Value::List(list)) => list.get(*i),
            _ => None,
        }
    }
}

impl FromIterator<PathElement> for FieldPath {
    fn from_iter<I: IntoIterator<Item = PathElement>>(elements: I) -> Self {
        Self { stem: None, steps: elements.into_iter().collect() }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, element) in self.elements().enumerate() {
            match element {
                PathElement::Field(name) if is_plain(name) => {
                    write!(f, "{}{name}", if i > 0 { "." } else { "" })?;
                }
                PathElement::Field(name) => write!(f, "[{}]", Value::from(name).to_json())?,
                PathElement::Item(keys) => {
                    f.write_str("[")?;
                    for (i, (key, value)) in keys.iter().enumerate() {
                        let comma = if i > 0 { "," } else { "" };
                        if is_plain(key) {
                            write!(f, "{comma}{key}=")?;
                        } else {
                            write!(f, "{comma}{}=", Value::from(key).to_json())?;
                        }
                        write_key_value(value, f)?;
                    }
                    f.write_str("]")?;
                }
                PathElement::Value(value) => write!(f, "[={}]", value.to_json())?,
                PathElement::Index(i) => write!(f, "[{i}]")?,
            }
        }
        Ok(())
    }
}

fn write_key_value(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::String(text) if is_plain(text) && Value::from_json(text.as_bytes()).is_err() => {
            f.write_str(text)
        }
        other => f.write_str(&other.to_json()),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b))
}

impl serde::Serialize for FieldPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for FieldPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) {
        let path: FieldPath = text.parse().unwrap();
        assert_eq!(path.to_string(), text);
    }

    #[test]
    fn paths_print_and_parse() {
        check("spec.containers[name=app].ports[containerPort=80,protocol=TCP]");
        check(r#"metadata.annotations["a.b/c"]"#);
        check(r#"metadata.finalizers[="x]y"]"#);
        check(r#"spec.x[name="80"][3].y"#);
        check(r#"spec.env[name="a=b,c"]"#);
        check("");
    }

    #[test]
    fn mistakes_are_named() {
        let error = "spec.[x".parse::<FieldPath>().unwrap_err();
        assert!(error.to_string().contains("byte 5: a field name expected"), "{error}");
        assert!("a[b=1".parse::<FieldPath>().is_err());
        assert!("a..b".parse::<FieldPath>().is_err());
    }

    #[test]
    fn finds_items_by_key() {
        let value = crate::value!({ "c": [{ "name": "a", "x": 1 }, { "name": "b", "x": 2 }] });
        assert_eq!("c[name=b].x".parse::<FieldPath>().unwrap().get(&value), Some(&Value::Int(2)));
    }
}
