//! Values as the server's own Go types print them.
//!
//! Some messages show a whole value, as JSON of the internal type: its fields have no JSON names, absent ones are
//! printed as `null` or zero, and embedded structs are flattened. `go_types.txt` says so of each type: a line is a
//! type and its fields in order, `Name?:code` where `?` stands for omitempty and the code is `s`, `b`, `n` for texts,
//! flags and numbers that print their zero, `p` for what prints null, `q` a quantity, `M` an object's metadata, `L` a
//! label selector, `{T`, `*T`, `[T` a struct, a pointer to one and a list of them, `+T` an embedded one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use tautline_core::{Map, Value};

/// The fields of one type.
type Fields = Vec<(&'static str, bool, &'static str)>;

fn types() -> &'static BTreeMap<&'static str, Fields> {
    static TYPES: OnceLock<BTreeMap<&'static str, Fields>> = OnceLock::new();
    TYPES.get_or_init(|| include_str!("go_types.txt").lines().filter_map(line).collect())
}

fn line(line: &'static str) -> Option<(&'static str, Fields)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let field = |word: &'static str| match word.split_once(':') {
        None => ("", false, word),
        Some((name, code)) => match name.strip_suffix('?') {
            Some(name) => (name, true, code),
            None => (name, false, code),
        },
    };
    Some((name, words.filter(|word| !word.is_empty()).map(field).collect()))
}

/// A value of a type on one line. `[]T` is a list of them.
pub(super) fn print(name: &str, value: Option<&Value>) -> String {
    let mut out = Out { text: String::new(), pretty: false, depth: 0 };
    match name.strip_prefix("[]") {
        Some(of) => out.list(of, value),
        None => out.object(name, value),
    }
    out.text
}

/// A label selector: `matchLabels` first.
pub(super) fn label_selector(value: Option<&Value>) -> String {
    let Some(map) = value.and_then(Value::as_map) else { return "null".to_owned() };
    let mut parts = Vec::new();
    if let Some(labels) = map.get("matchLabels").filter(|v| v.as_map().is_some_and(|m| !m.is_empty())) {
        parts.push(format!("\"matchLabels\":{}", labels.to_json()));
    }
    let list = map.get("matchExpressions").and_then(Value::as_list).map(|l| &**l).unwrap_or_default();
    if !list.is_empty() {
        let one = |item: &Value| {
            let field = |name: &str| item.get(name).cloned().unwrap_or_else(|| "".into()).to_json();
            let values =
                item.get("values").map(|v| format!(",\"values\":{}", v.to_json())).unwrap_or_default();
            format!("{{\"key\":{},\"operator\":{}{values}}}", field("key"), field("operator"))
        };
        let items: Vec<String> = list.iter().map(one).collect();
        parts.push(format!("\"matchExpressions\":[{}]", items.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

/// What differs between two values of a type, as a unified diff of both printed over lines.
pub(super) fn difference(name: &str, old: &Value, new: &Value) -> String {
    let lines = |value: &Value| {
        let mut out = Out { text: String::new(), pretty: true, depth: 0 };
        out.object(name, Some(value));
        out.text
    };
    super::diff::unified(&lines(old), &lines(new))
}

/// JSON as `encoding/json` writes it, on one line or indented by one blank.
struct Out {
    text: String,
    pretty: bool,
    depth: usize,
}

impl Out {
    fn object(&mut self, name: &str, value: Option<&Value>) {
        let empty = Map::new();
        let map = value.and_then(Value::as_map).unwrap_or(&empty);
        self.open('{');
        let mut is_first = true;
        self.fields(name, map, &mut is_first);
        self.close('}', is_first);
    }

    fn fields(&mut self, name: &str, map: &Map, is_first: &mut bool) {
        let known: &[(&str, bool, &str)] = types().get(name).map(Vec::as_slice).unwrap_or_default();
        for (field, optional, code) in known {
            if let Some(embedded) = code.strip_prefix('+') {
                match embedded {
                    "M" => self.metadata(map, is_first),
                    name => self.fields(name, map, is_first),
                }
                continue;
            }
            let value = find(map, field).filter(|value| !value.is_null());
            if *optional && value.is_none_or(is_empty) {
                continue;
            }
            self.key(field, is_first);
            self.value(code, value);
        }
    }

    /// An embedded ObjectMeta, which has JSON names of its own.
    fn metadata(&mut self, map: &Map, is_first: &mut bool) {
        const FIELDS: [&str; 11] = [
            "name",
            "generateName",
            "namespace",
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "labels",
            "annotations",
            "ownerReferences",
            "finalizers",
        ];
        let Some(metadata) = map.get("metadata").and_then(Value::as_map) else { return };
        for field in FIELDS {
            if let Some(value) = metadata.get(field).filter(|value| !value.is_null() && !is_empty(value)) {
                self.key(field, is_first);
                self.plain(value);
            }
        }
    }

    fn value(&mut self, code: &str, value: Option<&Value>) {
        match (code.split_at_checked(1), value) {
            (Some(("{", name)), value) => self.object(name, value),
            (Some(("*", name)), Some(value)) => self.object(name, Some(value)),
            (Some(("[", name)), value @ Some(_)) => self.list(name, value),
            (_, Some(value)) if code == "L" && !self.pretty => {
                self.text.push_str(&label_selector(Some(value)))
            }
            (_, Some(value)) => self.plain(value),
            (_, None) => self.text.push_str(match code {
                "s" => "\"\"",
                "b" => "false",
                "n" | "i" => "0",
                "q" => "\"0\"",
                _ => "null",
            }),
        }
    }

    fn list(&mut self, name: &str, value: Option<&Value>) {
        let Some(list) = value.and_then(Value::as_list) else { return self.text.push_str("[]") };
        self.open('[');
        for (i, item) in list.iter().enumerate() {
            self.next(i == 0);
            self.object(name, Some(item));
        }
        self.close(']', list.is_empty());
    }

    /// A value without a type: maps and lists as they are.
    fn plain(&mut self, value: &Value) {
        match value {
            Value::Map(map) if self.pretty => {
                self.open('{');
                let mut is_first = true;
                for (key, value) in map {
                    self.key(key, &mut is_first);
                    self.plain(value);
                }
                self.close('}', is_first);
            }
            Value::List(list) if self.pretty => {
                self.open('[');
                for (i, item) in list.iter().enumerate() {
                    self.next(i == 0);
                    self.plain(item);
                }
                self.close(']', list.is_empty());
            }
            other => self.text.push_str(&other.to_json()),
        }
    }

    fn key(&mut self, key: &str, is_first: &mut bool) {
        self.next(*is_first);
        *is_first = false;
        let _ = write!(self.text, "\"{key}\":{}", if self.pretty { " " } else { "" });
    }

    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
    }

    fn next(&mut self, is_first: bool) {
        if !is_first {
            self.text.push(',');
        }
        self.line();
    }

    fn line(&mut self) {
        if self.pretty {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', self.depth));
        }
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.text.push(bracket);
    }
}

/// A field of the API by the name that Go gives it.
fn find<'v>(map: &'v Map, field: &str) -> Option<&'v Value> {
    let name = match field {
        "DeprecatedServiceAccount" => "serviceAccount",
        other => other,
    };
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Int(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn absent_fields_are_printed() {
        let strategy = value!({ "type": "Bogus" });
        assert_eq!(print("DeploymentStrategy", Some(&strategy)), r#"{"Type":"Bogus","RollingUpdate":null}"#);
        let claims = value!([{ "metadata": { "name": "v" }, "spec": { "accessModes": ["ReadWriteOnce"] } }]);
        assert!(
            print("[]PersistentVolumeClaim", Some(&claims))
                .starts_with(r#"[{"name":"v","Spec":{"AccessModes":["ReadWriteOnce"],"Selector":null,"Resources":{"Limits":null"#)
        );
        assert_eq!(
            label_selector(Some(&value!({ "matchLabels": { "a": "b" } }))),
            r#"{"matchLabels":{"a":"b"}}"#
        );
    }

    #[test]
    fn differences_are_unified() {
        let spec = |mode: &str| value!({ "accessModes": ["ReadWriteOnce"], "volumeMode": mode });
        let text = difference("PersistentVolumeClaimSpec", &spec("Filesystem"), &spec("Block"));
        assert!(
            text.contains("\n- \"VolumeMode\": \"Filesystem\",\n+ \"VolumeMode\": \"Block\",\n"),
            "{text}"
        );
    }
}
