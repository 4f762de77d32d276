//! JSON patch as kube-apiserver 1.37 runs it, or strictly by RFC 6902.
//!
//! The server's library (evanphx/json-patch v4) counts indices below zero from the end, takes `00` for 0, sets
//! with `replace` what is not there, ignores what stands before a path's first slash, and reads an absent value
//! as null. [`Dialect::Rfc6902`] refuses all of these.

use tautline_core::{List, Map, Value, value};

use super::PatchError;

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// kube-apiserver's.
    #[default]
    Kubernetes,
    /// The standard's.
    Rfc6902,
}

/// The most operations that the API server takes in one patch.
pub const MOST_OPERATIONS: usize = 10_000;

/// Applies a patch: all of it, or nothing.
///
/// ```
/// use tautline_core::value;
/// use tautline_merge::json_patch::{apply, Dialect};
/// let spec = value!({ "args": ["a", "b"] });
/// let patch = value!([{ "op": "replace", "path": "/args/-1", "value": "c" }]);
/// assert_eq!(apply(&spec, &patch, Dialect::Kubernetes)?, value!({ "args": ["a", "c"] }));
/// assert!(apply(&spec, &patch, Dialect::Rfc6902).is_err());
/// # Ok::<(), tautline_merge::PatchError>(())
/// ```
///
/// # Errors
/// 400 for what is no list of operations, 413 for too many, 422 for an operation that does not apply.
pub fn apply(document: &Value, patch: &Value, dialect: Dialect) -> Result<Value, PatchError> {
    let Value::List(operations) = patch else {
        let kind = crate::go_print::json_kind(patch);
        return Err(PatchError::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )));
    };
    if let Some(odd) = operations.iter().find(|o| o.as_map().is_none() && !o.is_null()) {
        let kind = crate::go_print::json_kind(odd);
        return Err(PatchError::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type handlers.jsonPatchOp"
        )));
    }
    if operations.len() > MOST_OPERATIONS {
        let count = operations.len();
        return Err(PatchError {
            status: 413,
            message: format!(
                "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {count}"
            ),
            cause: None,
        });
    }
    let mut patched = document.clone();
    for operation in operations {
        operate(&mut patched, operation, dialect).map_err(PatchError::unprocessable)?;
    }
    Ok(patched)
}

type Step<T> = Result<T, String>;

fn operate(document: &mut Value, operation: &Value, dialect: Dialect) -> Step<()> {
    let op = operation.str_at(&["op"]).unwrap_or("unknown");
    let path = || operation.str_at(&["path"]).ok_or(format!("{op} operation failed to decode path"));
    let from = || operation.str_at(&["from"]).ok_or(format!("{op} operation failed to decode from"));
    let value = || match operation.get("value") {
        None if dialect == Dialect::Rfc6902 => Err(format!("{op} operation has no value")),
        other => Ok(other.cloned().unwrap_or_default()),
    };
    match op {
        "add" => {
            let path = path()?;
            find(
                document,
                path,
                dialect,
                &format!("add operation does not apply: doc is missing path: {path:?}"),
            )?
            .add(value()?)
            .map_err(|why| format!("error in add for path: '{path}': {why}"))
        }
        "remove" => {
            let path = path()?;
            let missing = format!("remove operation does not apply: doc is missing path: {path:?}");
            let removed = find(document, path, dialect, &missing)?.remove();
            removed.map(drop).map_err(|why| format!("error in remove for path: '{path}': {why}"))
        }
        "replace" => replace(document, path()?, value()?, dialect),
        "move" => {
            let (from, to) = (from()?, path()?);
            if dialect == Dialect::Rfc6902 && to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/'))
            {
                return Err("a value cannot be moved into itself".to_owned());
            }
            let lacks = |what: &str| format!("move operation does not apply: doc is missing {what}");
            let moved =
                find(document, from, dialect, &lacks(&format!("from path: {from}")))?.remove_for_move()?;
            find(document, to, dialect, &lacks(&format!("destination path: {to}")))?.add(moved)
        }
        "copy" => {
            let (from, to) = (from()?, path()?);
            let lacks = |what: &str| format!("copy operation does not apply: doc is missing {what}");
            let copied = find(document, from, dialect, &lacks(&format!("from path: {from}")))?;
            let copied = copied.get()?.unwrap_or_default();
            find(document, to, dialect, &lacks(&format!("destination path: {to}")))?.add(copied)
        }
        "test" => test(document, path()?, &value()?, dialect),
        other => Err(format!("unexpected kind: {other}")),
    }
}

/// The place of a path, or the API server's word for there being none.
fn find<'d>(document: &'d mut Value, path: &str, dialect: Dialect, missing: &str) -> Step<Place<'d>> {
    Place::find(document, path, dialect).map_err(|why| match dialect {
        Dialect::Kubernetes => format!("{missing}: missing value"),
        Dialect::Rfc6902 => why,
    })
}

fn replace(document: &mut Value, path: &str, value: Value, dialect: Dialect) -> Step<()> {
    if path.is_empty() && dialect == Dialect::Kubernetes && !matches!(value, Value::Map(_) | Value::List(_)) {
        return Err("replace operation value must be object or array".to_owned());
    }
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let missing = format!("replace operation does not apply: doc is missing path: {path}");
    let place = find(document, path, dialect, &missing)?;
    if place.get()?.is_none() && dialect == Dialect::Rfc6902 {
        return Err(format!("replace operation does not apply: {path} is missing"));
    }
    place.set(value)
}

fn test(document: &mut Value, path: &str, value: &Value, dialect: Dialect) -> Step<()> {
    let found = match path {
        "" => Some(document.clone()),
        path => Place::find(document, path, dialect)?.get()?,
    };
    let equal = match (found, dialect) {
        (Some(found), Dialect::Kubernetes) => same(&found, value),
        (Some(found), Dialect::Rfc6902) => found == *value,
        (None, Dialect::Kubernetes) => value.is_null(),
        (None, Dialect::Rfc6902) => false,
    };
    if equal { Ok(()) } else { Err(format!("testing value {path} failed")) }
}

/// Equal as text: the server compares numbers by how they are written.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => false,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((k, v), (l, w))| k == l && same(v, w))
        }
        (a, b) => a == b,
    }
}

/// A path's last step, in the map or list that holds it.
struct Place<'d> {
    holder: Holder<'d>,
    key: String,
    dialect: Dialect,
}

enum Holder<'d> {
    Map(&'d mut Map),
    List(&'d mut List),
    /// The document itself, which only the standard lets operations name.
    Root(&'d mut Value),
}

impl<'d> Place<'d> {
    fn find(document: &'d mut Value, path: &str, dialect: Dialect) -> Step<Self> {
        let missing = || format!("doc is missing path: {path:?}");
        if path.is_empty() && dialect == Dialect::Rfc6902 {
            return Ok(Self { holder: Holder::Root(document), key: String::new(), dialect });
        }
        if dialect == Dialect::Rfc6902 && !path.starts_with('/') {
            return Err(format!("path {path:?} does not begin with a slash"));
        }
        let (_, rest) = path.split_once('/').ok_or_else(missing)?;
        let (before, last) = match rest.rsplit_once('/') {
            Some((before, last)) => (Some(before), last),
            None => (None, rest),
        };
        let mut at = document;
        for part in before.into_iter().flat_map(|before| before.split('/')) {
            let part = unescape(part);
            at = match at {
                Value::Map(map) => map.get_mut(&part),
                Value::List(list) => {
                    let i = index(&part, list.len(), dialect).ok_or_else(missing)?;
                    list.get_mut(i)
                }
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        let holder = match at {
            Value::Map(map) => Holder::Map(map),
            Value::List(list) => Holder::List(list),
            _ => return Err(missing()),
        };
        Ok(Self { holder, key: unescape(last), dialect })
    }

    fn index(&self, len: usize) -> Step<usize> {
        index(&self.key, len, self.dialect)
            .ok_or_else(|| format!("unable to access invalid index: {}", self.key))
    }

    fn get(&self) -> Step<Option<Value>> {
        Ok(match &self.holder {
            Holder::Map(map) => map.get(&self.key).cloned(),
            Holder::List(list) => list.get(self.index(list.len())?).cloned(),
            Holder::Root(root) => Some((**root).clone()),
        })
    }

    fn set(mut self, value: Value) -> Step<()> {
        let i = if let Holder::List(list) = &self.holder { Some(self.index(list.len())?) } else { None };
        match (&mut self.holder, i) {
            (Holder::Map(map), _) => drop(map.insert(self.key.as_str(), value)),
            (Holder::List(list), Some(i)) => {
                if let Some(place) = list.get_mut(i) {
                    *place = value;
                }
            }
            (Holder::Root(root), _) => **root = value,
            (Holder::List(_), None) => {}
        }
        Ok(())
    }

    fn add(self, value: Value) -> Step<()> {
        let Holder::List(list) = self.holder else { return self.set(value) };
        let mut items = std::mem::take(list).into_vec();
        let at = match self.key.as_str() {
            "-" => Some(items.len()),
            // One more place than there are items.
            key => index(key, items.len() + 1, self.dialect),
        };
        if let Some(at) = at {
            items.insert(at, value);
        }
        *list = items.into();
        at.map(drop).ok_or_else(|| format!("unable to access invalid index: {}", self.key))
    }

    fn remove(self) -> Step<Value> {
        let i = if let Holder::List(list) = &self.holder { Some(self.index(list.len())?) } else { None };
        match (self.holder, i) {
            (Holder::Map(map), _) => map
                .remove(&self.key)
                .ok_or_else(|| format!("Unable to remove nonexistent key: {}: missing value", self.key)),
            (Holder::List(list), Some(i)) => {
                let mut items = std::mem::take(list).into_vec();
                let removed = items.remove(i);
                *list = items.into();
                Ok(removed)
            }
            (Holder::Root(root), _) => Ok(std::mem::take(root)),
            (Holder::List(_), None) => Err("no such item".to_owned()),
        }
    }

    fn remove_for_move(self) -> Step<Value> {
        self.remove()
    }
}

fn unescape(part: &str) -> String {
    // In this order one pass over each suffices: `~01` is `~1`.
    part.replace("~1", "/").replace("~0", "~")
}

fn index(key: &str, len: usize, dialect: Dialect) -> Option<usize> {
    if dialect == Dialect::Rfc6902 {
        let plain = key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
        return key.parse().ok().filter(|i| plain && *i < len);
    }
    let i: i64 = key.parse().ok()?;
    let len = i64::try_from(len).ok()?;
    let i = if i < 0 { i + len } else { i };
    usize::try_from(i).ok().filter(|_| i < len)
}

/// A patch that turns one value into another: what is gone is removed, what differs is set. Lists of equal length
/// are compared item by item, others are set as a whole.
pub fn create(from: &Value, to: &Value) -> Value {
    let mut operations = Vec::new();
    differ(from, to, String::new(), &mut operations);
    Value::List(operations.into())
}

fn differ(from: &Value, to: &Value, at: String, operations: &mut Vec<Value>) {
    let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match (from, to) {
        (Value::Map(a), Value::Map(b)) => {
            for key in a.keys().filter(|key| !b.contains_key(key)) {
                operations.push(value!({ "op": "remove", "path": step(key) }));
            }
            for (key, wanted) in b {
                match a.get(key) {
                    Some(present) => differ(present, wanted, step(key), operations),
                    None => operations.push(value!({ "op": "add", "path": step(key), "value": wanted })),
                }
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                differ(a, b, format!("{at}/{i}"), operations);
            }
        }
        (a, b) if same(a, b) => {}
        (_, wanted) => operations.push(value!({ "op": "replace", "path": at, "value": wanted })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: Value, patch: Value, expect: Option<Value>) {
        assert_eq!(apply(&document, &patch, Dialect::Kubernetes).ok(), expect, "{}", patch.to_json());
    }

    #[test]
    fn the_servers_dialect() {
        let list = || value!({ "l": [1, 2] });
        check(
            list(),
            value!([{ "op": "add", "path": "/l/-1", "value": 3 }]),
            Some(value!({ "l": [1, 2, 3] })),
        );
        check(list(), value!([{ "op": "remove", "path": "/l/00" }]), Some(value!({ "l": [2] })));
        check(
            list(),
            value!([{ "op": "replace", "path": "/x", "value": 3 }]),
            Some(value!({ "l": [1, 2], "x": 3 })),
        );
        check(list(), value!([{ "op": "remove", "path": "/x" }]), None);
        check(list(), value!([{ "op": "add", "path": "/l/3", "value": 3 }]), None);
        check(
            list(),
            value!([{ "op": "remove", "path": "/l/0" }, { "op": "test", "path": "/l/0", "value": 1 }]),
            None,
        );
        check(list(), value!([{ "op": "test", "path": "/x", "value": null }]), Some(list()));
        check(
            list(),
            value!([{ "op": "move", "from": "/l", "path": "/a~1b" }]),
            Some(value!({ "a/b": [1, 2] })),
        );
    }
}
