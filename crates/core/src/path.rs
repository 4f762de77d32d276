//! [`FieldPath`]: where in an object a field is, list items named by their keys.

use std::fmt;
use std::str::FromStr;

use crate::{Key, Map, Value};

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
/// as `["a.b/c"]`; a key's text is quoted where it would read as something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<PathElement>);

impl FieldPath {
    /// The path of the object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of fields.
    pub fn fields<K: Into<Key>>(fields: impl IntoIterator<Item = K>) -> Self {
        Self(fields.into_iter().map(|f| PathElement::Field(f.into())).collect())
    }

    /// The steps from the root.
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// Adds a step at the end.
    pub fn push(&mut self, element: PathElement) {
        self.0.push(element);
    }

    /// Takes the last step off.
    pub fn pop(&mut self) -> Option<PathElement> {
        self.0.pop()
    }

    /// This path and a field below it.
    pub fn field(&self, name: impl Into<Key>) -> Self {
        self.with(PathElement::Field(name.into()))
    }

    /// This path and one more step.
    pub fn with(&self, element: PathElement) -> Self {
        let mut path = Vec::with_capacity(self.0.len() + 1);
        path.extend_from_slice(&self.0);
        path.push(element);
        Self(path)
    }

    /// Whether this is the object itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` is this path or below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The value at this path, if the object has it.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, element| element.get(value))
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
        Self(elements.into_iter().collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, element) in self.0.iter().enumerate() {
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

/// Why text is not a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field path {text:?}, byte {at}: {expected} expected; write it like spec.containers[name=app].image")]
pub struct PathError {
    text: String,
    at: usize,
    expected: &'static str,
}

impl FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut parser = Parser { text, at: 0 };
        let mut path = Self::root();
        while parser.at < text.len() {
            let element = match parser.peek() {
                Some(b'[') => parser.bracket()?,
                _ => {
                    if !path.is_root() {
                        parser.expect(b'.', "'.' or '['")?;
                    }
                    PathElement::Field(Key::new(parser.plain()?))
                }
            };
            path.push(element);
        }
        Ok(path)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn bracket(&mut self) -> Result<PathElement, PathError> {
        self.at += 1;
        let element = match self.peek() {
            Some(b'=') => {
                self.at += 1;
                PathElement::Value(self.json()?)
            }
            Some(b'0'..=b'9') => {
                let word = self.plain()?;
                match self.peek() {
                    Some(b'=') => PathElement::Item(self.keys(Key::new(word))?),
                    _ => PathElement::Index(word.parse().map_err(|_| self.error("an index"))?),
                }
            }
            _ => {
                let first = self.name()?;
                if self.peek() == Some(b']') {
                    PathElement::Field(first)
                } else {
                    PathElement::Item(self.keys(first)?)
                }
            }
        };
        self.expect(b']', "']'")?;
        Ok(element)
    }

    fn keys(&mut self, first: Key) -> Result<Map, PathError> {
        let mut keys = Map::new();
        let mut name = first;
        loop {
            self.expect(b'=', "'='")?;
            keys.insert(name, self.key_value()?);
            if self.peek() != Some(b',') {
                return Ok(keys);
            }
            self.at += 1;
            name = self.name()?;
        }
    }

    fn name(&mut self) -> Result<Key, PathError> {
        if self.peek() != Some(b'"') {
            return Ok(Key::new(self.plain()?));
        }
        match self.json()? {
            Value::String(text) => Ok(Key::new(&text)),
            _ => Err(self.error("a quoted name")),
        }
    }

    fn key_value(&mut self) -> Result<Value, PathError> {
        let end = self.rest().find([',', ']']).unwrap_or(self.rest().len());
        let word = self.rest().get(..end).unwrap_or_default();
        if is_plain(word) && Value::from_json(word.as_bytes()).is_err() {
            self.at += end;
            return Ok(Value::string(word));
        }
        self.json()
    }

    /// A JSON scalar, list or map: as long as the shortest prefix that parses and is followed by `,` or `]`.
    fn json(&mut self) -> Result<Value, PathError> {
        let ends = self.rest().match_indices([',', ']', '=']).map(|(i, _)| i);
        for end in ends {
            let candidate = self.rest().get(..end).unwrap_or_default();
            if let Ok(value) = Value::from_json(candidate.as_bytes()) {
                self.at += end;
                return Ok(value);
            }
        }
        Err(self.error("a JSON value"))
    }

    fn plain(&mut self) -> Result<&'a str, PathError> {
        let end = self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || "_-$".contains(c)));
        let word = self.rest().get(..end.unwrap_or(self.rest().len())).unwrap_or_default();
        if word.is_empty() {
            return Err(self.error("a field name"));
        }
        self.at += word.len();
        Ok(word)
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), PathError> {
        if self.peek() != Some(byte) {
            return Err(self.error(what));
        }
        self.at += 1;
        Ok(())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, expected: &'static str) -> PathError {
        PathError { text: self.text.to_owned(), at: self.at, expected }
    }
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
