//! Reading a [`FieldPath`] from its text.

use std::str::FromStr;

use super::is_plain;
use crate::{FieldPath, Key, Map, PathElement, Value};

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
