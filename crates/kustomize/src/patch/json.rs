//! JSON patches as Kustomize applies them: with evanphx/json-patch 4, on JSON.

use tautline_core::{Budget, Map, Value};
use tautline_yaml::{Node, NodeKind, Options, Resolver, ScalarStyle};

use crate::error::{Error, Result};
use crate::kustomization::read_value;
use crate::resource::from_value;

/// A JSON patch: what to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPatch(Vec<Map>);

impl JsonPatch {
    /// Reads JSON or YAML.
    pub(crate) fn read(text: &str, budget: &Budget) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty json patch operations".to_owned());
        }
        let value = if text.starts_with('[') {
            Value::from_json(text.as_bytes()).map_err(|error| error.to_string())?
        } else {
            read_value(text, budget)?
        };
        let Value::List(list) = value else {
            return match value {
                Value::Null => Ok(Self(Vec::new())),
                _ => Err("json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned()),
            };
        };
        let operation = |value: &Value| match value {
            Value::Map(map) => Ok(map.clone()),
            Value::Null => Ok(Map::new()),
            _ => Err("json: cannot unmarshal value into Go value of type jsonpatch.Operation".to_owned()),
        };
        list.iter().map(operation).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the patch to an object, which goes through JSON on the way.
    pub(crate) fn apply(&self, node: &Node, budget: &Budget) -> Result<Node> {
        let options = Options { resolver: Resolver::V3, strict: true, budget: budget.clone() };
        let mut document =
            node.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))?;
        let mut copied = 0;
        for operation in &self.0 {
            apply(&mut document, operation, &mut copied).map_err(Error::Patch)?;
            if copied > budget.nodes {
                let message = format!("the copies of a patch hold more than {} values", budget.nodes);
                return Err(Error::Budget(message));
            }
        }
        if is_deeper(&document, budget.depth) {
            let message = format!("the result of a patch is nested deeper than {} levels", budget.depth);
            return Err(Error::Budget(message));
        }
        if !matches!(document, Value::Map(_)) {
            let message = "json: cannot unmarshal array into Go value of type map[string]interface {}";
            return Err(Error::Patch(message.to_owned()));
        }
        Ok(float_numbers(from_value(&document)))
    }
}

/// Numbers as they come out of Go's `interface{}`: all of them floats, the long ones with exponents.
fn float_numbers(mut node: Node) -> Node {
    let is_int = node.short_tag() == "!!int";
    match &mut node.kind {
        NodeKind::Scalar { text, style: ScalarStyle::Plain } if is_int => {
            if let Some(long) = text.parse::<f64>().ok().and_then(with_exponent) {
                *text = long.into();
            }
        }
        NodeKind::Map { entries, .. } => {
            for (_, value) in entries {
                let taken = std::mem::replace(value, Node::plain(""));
                *value = float_numbers(taken);
            }
        }
        NodeKind::List { items, .. } => {
            for item in items {
                let taken = std::mem::replace(item, Node::plain(""));
                *item = float_numbers(taken);
            }
        }
        _ => {}
    }
    node
}

/// Go's `%g` of numbers from a million on.
fn with_exponent(n: f64) -> Option<String> {
    if n.abs() < 1e6 {
        return None;
    }
    let scientific = format!("{n:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: u32 = exponent.parse().ok()?;
    Some(format!("{mantissa}e+{exponent:02}"))
}

fn apply(document: &mut Value, operation: &Map, copied: &mut usize) -> Result<(), String> {
    let text = |field: &str| operation.get(field).and_then(Value::as_str);
    let kind = text("op").unwrap_or("unknown");
    let path = text("path");
    let value = || operation.get("value").cloned().unwrap_or_default();
    let missing = || format!("{kind} operation failed to decode path: missing value");
    let no_path =
        |path: &str| format!("{kind} operation does not apply: doc is missing path: {path}: missing value");
    match kind {
        "add" => {
            let path = path.ok_or_else(missing)?;
            let (place, key) = find(document, path).ok_or_else(|| {
                format!("add operation does not apply: doc is missing path: {path:?}: missing value")
            })?;
            add(place, &key, value()).map_err(|error| format!("error in add for path: '{path}': {error}"))
        }
        "remove" => {
            let path = path.ok_or_else(missing)?;
            let (place, key) = find(document, path).ok_or_else(|| {
                format!("remove operation does not apply: doc is missing path: {path:?}: missing value")
            })?;
            remove(place, &key)
                .map(|_| ())
                .map_err(|error| format!("error in remove for path: '{path}': {error}"))
        }
        "replace" => replace(document, path.ok_or_else(missing)?, value()),
        "move" => {
            let from = text("from").ok_or("move operation failed to decode from: missing value")?;
            let (place, key) = find(document, from).ok_or_else(|| {
                format!("move operation does not apply: doc is missing from path: {from}: missing value")
            })?;
            let taken =
                remove(place, &key).map_err(|error| format!("error in move for path: '{key}': {error}"))?;
            let path = path.ok_or_else(missing)?;
            let (place, key) = find(document, path).ok_or_else(|| {
                format!(
                    "move operation does not apply: doc is missing destination path: {path}: missing value"
                )
            })?;
            add(place, &key, taken).map_err(|error| format!("error in move for path: '{path}': {error}"))
        }
        "copy" => {
            let from = text("from").ok_or("copy operation failed to decode from: missing value")?;
            let (place, key) = find(document, from).ok_or_else(|| {
                format!("copy operation does not apply: doc is missing from path: {from}: missing value")
            })?;
            let found =
                get(place, &key).map_err(|error| format!("error in copy for from: '{from}': {error}"))?;
            let found = found.cloned().unwrap_or_default();
            *copied = copied.saturating_add(size(&found));
            let path = path.ok_or_else(missing)?;
            let (place, key) = find(document, path).ok_or_else(|| {
                format!(
                    "copy operation does not apply: doc is missing destination path: {path}: missing value"
                )
            })?;
            add(place, &key, found).map_err(|error| format!("error while adding value during copy: {error}"))
        }
        "test" => {
            let path = path.ok_or_else(missing)?;
            let failed = || format!("testing value {path} failed: test failed");
            if path.is_empty() {
                return if *document == value() { Ok(()) } else { Err(failed()) };
            }
            let (place, key) = find(document, path).ok_or_else(|| no_path(path))?;
            let found =
                get(place, &key).map_err(|error| format!("error in test for path: '{path}': {error}"))?;
            if found.cloned().unwrap_or_default() == value() { Ok(()) } else { Err(failed()) }
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Err("replace operation value must be object or array".to_owned());
        }
        *document = value;
        return Ok(());
    }
    let (place, key) = find(document, path).ok_or_else(|| {
        format!("replace operation does not apply: doc is missing path: {path}: missing value")
    })?;
    match place {
        Value::Map(map) => {
            map.insert(key.as_str(), value);
            Ok(())
        }
        Value::List(list) => {
            let at = index(&key, list.len(), false).map_err(|_| {
                format!("replace operation does not apply: doc is missing key: {path}: missing value")
            })?;
            if let Some(slot) = list.get_mut(at) {
                *slot = value;
            }
            Ok(())
        }
        _ => Err(format!("replace operation does not apply: doc is missing path: {path}: missing value")),
    }
}

/// The collection that holds a path's last part, and that part.
fn find<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let decode = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let (_, rest) = path.split_once('/')?;
    let mut parts = rest.split('/').peekable();
    let mut place = document;
    while let Some(part) = parts.next() {
        let part = decode(part);
        if parts.peek().is_none() {
            return matches!(place, Value::Map(_) | Value::List(_)).then_some((place, part));
        }
        place = match place {
            Value::Map(map) => map.get_mut(&part)?,
            Value::List(list) => {
                let at = index(&part, list.len(), false).ok()?;
                list.get_mut(at)?
            }
            _ => return None,
        };
        if place.is_null() {
            return None;
        }
    }
    None
}

/// A list's index, from the end if negative. `end` takes the place behind the last too.
fn index(key: &str, length: usize, end: bool) -> Result<usize, String> {
    let at: i64 = key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
    let limit = length + usize::from(end);
    let invalid = || format!("Unable to access invalid index: {at}: invalid index referenced");
    let from_start = if at < 0 { i64::try_from(limit).map_err(|_| invalid())? + at } else { at };
    usize::try_from(from_start).ok().filter(|at| *at < limit).ok_or_else(invalid)
}

fn get<'d>(place: &'d mut Value, key: &str) -> Result<Option<&'d Value>, String> {
    match place {
        Value::Map(map) => Ok(map.get(key)),
        Value::List(list) => {
            let at = index(key, list.len(), false)?;
            Ok(list.get(at))
        }
        _ => Ok(None),
    }
}

fn add(place: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match place {
        Value::Map(map) => {
            map.insert(key, value);
            Ok(())
        }
        Value::List(list) if key == "-" => {
            list.push(value);
            Ok(())
        }
        Value::List(list) => {
            let at = index(key, list.len(), true)?;
            let mut items = std::mem::take(list).into_vec();
            items.insert(at, value);
            *list = items.into();
            Ok(())
        }
        _ => Err("missing value".to_owned()),
    }
}

fn remove(place: &mut Value, key: &str) -> Result<Value, String> {
    match place {
        Value::Map(map) => {
            map.remove(key).ok_or_else(|| format!("Unable to remove nonexistent key: {key}: missing value"))
        }
        Value::List(list) => {
            let at = index(key, list.len(), false)?;
            let mut items = std::mem::take(list).into_vec();
            let taken = items.remove(at);
            *list = items.into();
            Ok(taken)
        }
        _ => Err(format!("Unable to remove nonexistent key: {key}: missing value")),
    }
}

/// Whether a value nests deeper than so many levels.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let below = |value: &Value| levels == 0 || is_deeper(value, levels - 1);
    match value {
        Value::List(list) => list.iter().any(below),
        Value::Map(map) => map.values().any(below),
        _ => false,
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::List(list) => list.iter().map(size).sum(),
        Value::Map(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_yaml::{nodes, write_canonical};

    fn check(object: &str, patch: &str, expect: Result<&str, &str>) {
        let budget = Budget::default();
        let node = nodes(object, &Options::default()).unwrap().remove(0);
        let patch = JsonPatch::read(patch, &budget).unwrap();
        let got = patch.apply(&node, &budget).map(|node| write_canonical(&node).unwrap());
        match (got, expect) {
            (Ok(got), Ok(expect)) => assert_eq!(got, expect),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn operations() {
        check("a: {b: 1}", "- {op: add, path: /a/c, value: 2}", Ok("a:\n  b: 1\n  c: 2\n"));
        check("a: [1, 2]", "- {op: add, path: /a/-, value: 3}", Ok("a:\n- 1\n- 2\n- 3\n"));
        check("a: [1, 2]", "- {op: add, path: /a/-1, value: 3}", Ok("a:\n- 1\n- 2\n- 3\n"));
        check("a: [1, 2]", "- {op: remove, path: /a/-1}", Ok("a:\n- 1\n"));
        check("a: 1", "- {op: replace, path: /b, value: 3}", Ok("a: 1\nb: 3\n"));
        check("a: {x~y/z: 1}", "- {op: move, from: /a/x~0y~1z, path: /b}", Ok("a: {}\nb: 1\n"));
        check("a: {b: 1}", "- {op: copy, from: /a, path: /c}", Ok("a:\n  b: 1\nc:\n  b: 1\n"));
        check("a: 1", "[{\"op\": \"test\", \"path\": \"/a\", \"value\": 1}]", Ok("a: 1\n"));
    }

    #[test]
    fn mistakes() {
        check("a: 1", "- {op: test, path: /a, value: 2}", Err("testing value /a failed: test failed"));
        check("a: 1", "- {op: remove, path: /b}", Err("Unable to remove nonexistent key: b"));
        check("a: 1", "- {op: add, path: /b/c, value: 1}", Err("doc is missing path: \"/b/c\""));
        check("a: []", "- {op: add, path: /a/1, value: 1}", Err("Unable to access invalid index: 1"));
        check("a: 1", "- {op: what, path: /a}", Err("Unexpected kind: what"));
    }
}
