//! Where in an object a sign looks.

use std::borrow::Cow;

use tautline_core::{Object, Value};

/// The object that is judged, and what paths of a sign begin at: its `status`, or an entry of a list in it.
#[derive(Clone, Copy)]
pub(super) struct Sight<'o> {
    pub(super) object: &'o Object,
    pub(super) root: &'o Value,
}

/// A path: names with dots between them, in quotes where a name has dots itself.
#[derive(Clone, Debug)]
pub(super) struct Path {
    is_absolute: bool,
    keys: Vec<String>,
}

/// What a path leads to.
pub(super) enum Found<'o> {
    Value(&'o Value),
    /// A part of a text such as `2/3`.
    Part(&'o str),
}

impl<'o> Sight<'o> {
    /// What rules look at first: the status.
    pub(super) fn of(object: &'o Object) -> Self {
        static NOTHING: Value = Value::Null;
        Self { object, root: object.get("status").unwrap_or(&NOTHING) }
    }

    pub(super) fn within(self, root: &'o Value) -> Self {
        Self { root, ..self }
    }

    /// Whether a status was written at all.
    pub(super) fn is_told(self) -> bool {
        self.root.as_map().is_some_and(|status| !status.is_empty())
    }
}

impl Path {
    /// `spec.…`, `metadata.…` and what begins with a slash are looked for in the object, `.` is where one stands.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_absolute = text.starts_with('/') || text.starts_with("spec.") || text.starts_with("metadata.");
        let mut rest = text.strip_prefix('/').unwrap_or(text);
        let mut keys = Vec::new();
        while !rest.is_empty() && rest != "." {
            let (key, after) = match rest.strip_prefix('\'') {
                Some(quoted) => {
                    quoted.split_once('\'').map(|(key, after)| (key, after.trim_start_matches('.')))?
                }
                None => rest.split_once('.').unwrap_or((rest, "")),
            };
            if key.contains([' ', '[', ']', '=', ':']) && !rest.starts_with('\'') {
                return None;
            }
            keys.push(key.to_owned());
            rest = after;
        }
        (!keys.is_empty() || text == ".").then_some(Self { is_absolute, keys })
    }

    pub(super) fn find<'o>(&self, sight: Sight<'o>) -> Option<Found<'o>> {
        let (first, rest) = match (self.is_absolute, self.keys.split_first()) {
            (true, Some((first, rest))) => (sight.object.get(first)?, rest),
            _ => (sight.root, self.keys.as_slice()),
        };
        let mut at = first;
        for (depth, key) in rest.iter().enumerate() {
            at = match at {
                Value::Map(map) => map.get(key)?,
                Value::List(list) if key == "last" => list.last()?,
                Value::List(list) => list.get(key.parse::<usize>().ok()?)?,
                value if depth + 1 == rest.len() => {
                    return value.as_str()?.split('/').nth(key.parse().ok()?).map(Found::Part);
                }
                _ => return None,
            };
        }
        (!at.is_null()).then_some(Found::Value(at))
    }

    /// The entries of a list, or of a map whose names count for nothing.
    pub(super) fn entries<'o>(&self, sight: Sight<'o>) -> impl Iterator<Item = &'o Value> + use<'o> {
        let (list, map) = match self.find(sight) {
            Some(Found::Value(value)) => (value.as_list(), value.as_map()),
            _ => (None, None),
        };
        let values = map.into_iter().flat_map(|map| map.values());
        list.into_iter().flat_map(|list| list.iter()).chain(values)
    }

    /// The text, number or truth there, as text.
    pub(super) fn text<'o>(&self, sight: Sight<'o>) -> Option<Cow<'o, str>> {
        self.find(sight).and_then(|found| found.text())
    }
}

impl<'o> Found<'o> {
    /// As text; `None` for maps and lists.
    pub(super) fn text(&self) -> Option<Cow<'o, str>> {
        Some(match *self {
            Self::Part(part) => Cow::Borrowed(part),
            Self::Value(value) => match (value.as_str(), value.as_i64(), value.as_bool()) {
                (Some(text), ..) => Cow::Borrowed(text),
                (_, Some(number), _) => Cow::Owned(number.to_string()),
                (.., Some(truth)) => Cow::Borrowed(if truth { "true" } else { "false" }),
                _ => Cow::Owned(value.as_f64()?.to_string()),
            },
        })
    }

    /// As a number; texts that are written as one count.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Part(part) => part.parse().ok(),
            Self::Value(value) => value
                .as_f64()
                .or_else(|| value.as_i64().map(|n| n as f64))
                .or_else(|| value.as_str()?.parse().ok()),
        }
    }
}
