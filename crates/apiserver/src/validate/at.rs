//! [`At`]: a field of an object while it is checked. It knows its value, its path, and where complaints go.
//!
//! A check reads like the rule: `spec.at("replicas").not_negative()`. Nothing is cloned: an `At` is two pointers and
//! a number, and a path becomes text only when something is wrong with it.

use std::cell::RefCell;
use std::fmt::Write as _;

use tautline_core::{Object, Value};

use crate::failure::Wrong;

/// One validation: the steps of the paths that were visited, and what was found.
#[derive(Debug, Default)]
pub(super) struct Check<'a> {
    steps: RefCell<Vec<(u32, Step<'a>)>>,
    wrong: RefCell<Vec<Wrong>>,
    /// What the server's declared rules say, which run after the written ones.
    late: RefCell<Vec<Wrong>>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    Key(&'a str),
    Index(usize),
}

/// The number of the step above the first.
const ROOT: u32 = u32::MAX;

impl<'a> Check<'a> {
    /// The top of an object.
    pub(super) fn root(&'a self, object: &'a Object) -> At<'a> {
        self.start(Some(object.as_map()), None)
    }

    fn start(&'a self, map: Option<&'a tautline_core::Map>, value: Option<&'a Value>) -> At<'a> {
        At { check: self, map: map.or_else(|| value.and_then(Value::as_map)), value, id: ROOT }
    }

    /// What was found, in order.
    pub(super) fn take(&self) -> Vec<Wrong> {
        let mut wrong = self.wrong.take();
        wrong.append(&mut self.late.take());
        wrong
    }

    fn path(&self, id: u32) -> String {
        let steps = self.steps.borrow();
        let mut line = Vec::new();
        let mut id = id;
        while let Some((above, step)) = steps.get(id as usize) {
            line.push(*step);
            id = *above;
        }
        let mut path = String::new();
        for step in line.iter().rev() {
            let _ = match step {
                Step::Name(name) if path.is_empty() => write!(path, "{name}"),
                Step::Name(name) => write!(path, ".{name}"),
                Step::Key(key) => write!(path, "[{key}]"),
                Step::Index(i) => write!(path, "[{i}]"),
            };
        }
        path
    }
}

/// A place in an object, with what stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    check: &'a Check<'a>,
    map: Option<&'a tautline_core::Map>,
    value: Option<&'a Value>,
    id: u32,
}

/// Moving through the object.
impl<'a> At<'a> {
    fn step(self, step: Step<'a>, value: Option<&'a Value>) -> Self {
        let mut steps = self.check.steps.borrow_mut();
        let id = u32::try_from(steps.len()).unwrap_or(ROOT);
        steps.push((self.id, step));
        let value = value.filter(|v| !v.is_null());
        At { check: self.check, map: value.and_then(Value::as_map), value, id }
    }

    /// A field.
    pub(super) fn at(self, name: &'a str) -> Self {
        self.step(Step::Name(name), self.get(name))
    }

    /// A key of a map: `limits[cpu]`.
    pub(super) fn key(self, key: &'a str) -> Self {
        self.step(Step::Key(key), self.get(key))
    }

    /// The same value under a key: `resources[storage]`, whose value stands deeper.
    pub(super) fn key_here(self, key: &'a str) -> Self {
        self.step(Step::Key(key), self.value)
    }

    /// An item of a list by number, whether it is there or not.
    pub(super) fn index(self, i: usize) -> Self {
        self.step(Step::Index(i), self.list().get(i))
    }

    /// Another value at this place.
    pub(super) fn with(self, value: Option<&'a Value>) -> Self {
        At { value, map: value.and_then(Value::as_map), ..self }
    }

    /// The items of a list.
    pub(super) fn items(self) -> impl ExactSizeIterator<Item = At<'a>> {
        self.list().iter().enumerate().map(move |(i, item)| self.step(Step::Index(i), Some(item)))
    }

    /// The entries of a map.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, At<'a>)> {
        let entries = self.map.into_iter().flat_map(|map| map.iter());
        entries.map(move |(key, value)| (key.as_str(), self.step(Step::Key(key.as_str()), Some(value))))
    }
}

/// Reading.
impl<'a> At<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.map.and_then(|map| map.get(name)).filter(|v| !v.is_null())
    }

    pub(super) fn value(self) -> Option<&'a Value> {
        self.value
    }

    /// Whether it is there at all.
    pub(super) fn is_set(self) -> bool {
        self.value.is_some()
    }

    /// Whether a field below is there.
    pub(super) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The text; empty if there is none.
    pub(super) fn str(self) -> &'a str {
        self.value.and_then(Value::as_str).unwrap_or_default()
    }

    /// The text of a field below; empty if there is none.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn int(self) -> Option<i64> {
        self.value.and_then(Value::as_i64)
    }

    /// The number of a field below.
    pub(super) fn number(self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    /// Whether it is `true`.
    pub(super) fn is_true(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn list(self) -> &'a [Value] {
        self.value.and_then(Value::as_list).map(|list| &**list).unwrap_or_default()
    }

    pub(super) fn map(self) -> Option<&'a tautline_core::Map> {
        self.map
    }

    /// Whether it has nothing in it.
    pub(super) fn is_empty(self) -> bool {
        match self.value {
            Some(Value::List(list)) => list.is_empty(),
            Some(Value::Map(map)) => map.is_empty(),
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
            None => self.map.is_none_or(|map| map.is_empty()),
        }
    }

    /// How many items or entries it has.
    pub(super) fn len(self) -> usize {
        self.map.map_or_else(|| self.list().len(), |map| map.len())
    }
}

/// Complaining, in the words of `k8s.io/apimachinery/pkg/util/validation/field`.
impl At<'_> {
    pub(super) fn path(self) -> String {
        self.check.path(self.id)
    }

    /// How many complaints there are; to see whether a check below found something.
    pub(super) fn found(self) -> usize {
        self.check.wrong.borrow().len()
    }

    /// Takes back what was found after there were `n` complaints.
    pub(super) fn forget(self, n: usize) {
        self.check.wrong.borrow_mut().truncate(n);
    }

    pub(super) fn push(self, wrong: Wrong) {
        self.check.wrong.borrow_mut().push(wrong);
    }

    pub(super) fn required(self, detail: &str) {
        self.push(Wrong::required(self.path(), detail));
    }

    /// A declared rule says that it must be there.
    pub(super) fn late_required(self) {
        self.late(Wrong::required(self.path(), ""));
    }

    /// A declared rule says that its value makes no sense.
    pub(super) fn late_invalid(self, detail: &str) {
        let value = self.value.cloned().unwrap_or_default();
        self.late(Wrong::invalid(self.path(), &value, detail));
    }

    /// A declared rule complains.
    pub(super) fn late(self, wrong: Wrong) {
        self.check.late.borrow_mut().push(wrong);
    }

    /// It makes no sense as a whole; its value is not shown.
    pub(super) fn invalid_bare(self, detail: &str) {
        let message = format!("Invalid value: {detail}");
        self.push(Wrong { field: self.path(), reason: "FieldValueInvalid", message });
    }

    pub(super) fn forbidden(self, detail: &str) {
        self.push(Wrong::forbidden(self.path(), detail));
    }

    /// Its own value makes no sense. What is not there is an empty text.
    pub(super) fn invalid(self, detail: &str) {
        match self.value {
            Some(value) => self.push(Wrong::invalid(self.path(), value, detail)),
            None => self.invalid_value("", detail),
        }
    }

    /// Another value than its own makes no sense.
    pub(super) fn invalid_value(self, value: impl Into<Value>, detail: &str) {
        self.push(Wrong::invalid(self.path(), &value.into(), detail));
    }

    /// A value as Go prints it makes no sense.
    pub(super) fn invalid_go(self, printed: &str, detail: &str) {
        let message = format!("Invalid value: {printed}: {detail}");
        self.push(Wrong { field: self.path(), reason: "FieldValueInvalid", message });
    }

    /// Every complaint about a text becomes one of its own.
    pub(super) fn all_invalid(self, details: Vec<String>) {
        details.iter().for_each(|detail| self.invalid(detail));
    }

    pub(super) fn duplicate(self) {
        self.push(Wrong::duplicate(self.path(), self.value.unwrap_or(&Value::Null)));
    }

    pub(super) fn duplicate_value(self, value: impl Into<Value>) {
        self.push(Wrong::duplicate(self.path(), &value.into()));
    }

    pub(super) fn not_found(self) {
        let empty = Value::string("");
        self.push(Wrong::missing(self.path(), self.value.unwrap_or(&empty)));
    }

    pub(super) fn unsupported(self, known: &[&str]) {
        let empty = Value::string("");
        self.push(Wrong::unsupported(self.path(), self.value.unwrap_or(&empty), known));
    }

    /// A value as Go prints it is none of those that are known.
    pub(super) fn unsupported_go(self, printed: &str, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|s| format!("\"{s}\"")).collect();
        let message = format!("Unsupported value: {printed}: supported values: {}", known.join(", "));
        self.push(Wrong { field: self.path(), reason: "FieldValueNotSupported", message });
    }

    pub(super) fn too_long(self, most: usize) {
        let message = format!("Too long: may not be more than {most} bytes");
        self.push(Wrong { field: self.path(), reason: "FieldValueTooLong", message });
    }

    pub(super) fn too_many(self, have: usize, most: usize) {
        let message = format!("Too many: {have}: must have at most {most} items");
        self.push(Wrong { field: self.path(), reason: "FieldValueTooMany", message });
    }
}
