//! The fields of the API's Go types: their order, and what Go calls them in its messages.
//!
//! `go_fields.txt` holds a type a line, `core/v1.ServicePort name:string port:int32`; `+` is an embedded type.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use tautline_core::{GroupVersionKind, Map, Value};

type Fields = Vec<(&'static str, &'static str)>;

fn types() -> &'static BTreeMap<&'static str, Fields> {
    static TYPES: OnceLock<BTreeMap<&'static str, Fields>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let line = |line: &'static str| {
            let mut words = line.split(' ');
            let name = words.next()?;
            Some((name, words.filter_map(|word| word.split_once(':')).collect()))
        };
        include_str!("go_fields.txt").lines().filter_map(line).collect()
    })
}

/// The type of a kind's objects, if it is known.
pub(crate) fn of_kind(gvk: &GroupVersionKind) -> Option<&'static str> {
    let package = match gvk.group.as_str() {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    };
    let name = format!("{package}/{}.{}", gvk.version, gvk.kind);
    types().get_key_value(name.as_str()).map(|(name, _)| *name)
}

/// The fields of a type in order, those of embedded types in their place.
fn fields(of: &str) -> Fields {
    let own = types().get(of).map(Vec::as_slice).unwrap_or_default();
    let mut out = Vec::new();
    for (name, kind) in own {
        match *name {
            "+" if *kind == "meta/v1.TypeMeta" => out.extend([("kind", "string"), ("apiVersion", "string")]),
            "+" => out.extend(fields(kind)),
            name => out.push((name, *kind)),
        }
    }
    out
}

/// Where a value does not fit: the field and its type in the words of Go's decoder, and its type alone.
pub(crate) struct Misfit {
    /// `ServicePort.spec.ports.port`.
    pub(crate) field: String,
    /// `int32`.
    pub(crate) kind: String,
}

/// What Go calls the field at a path such as `spec.ports[0].port`.
pub(crate) fn misfit(root: &'static str, path: &str) -> Option<Misfit> {
    let (mut at, mut holder) = (root, root);
    let mut names: Vec<&str> = Vec::new();
    for step in path.split('.') {
        if let Some(values) = at.strip_prefix("map[string]") {
            at = values;
            break;
        }
        let name = step.split('[').next().unwrap_or_default();
        holder = at;
        at = fields(at).into_iter().find(|(field, _)| *field == name)?.1;
        names.push(name);
        if step.contains('[') {
            at = at.strip_prefix("[]")?;
        }
    }
    let short = holder.rsplit('.').next().unwrap_or_default();
    Some(Misfit { field: format!("{short}.{}", names.join(".")), kind: printed(at) })
}

/// A type without its group: `[]v1.Container`.
fn printed(kind: &str) -> String {
    match kind.rsplit_once('/') {
        Some((head, tail)) => {
            let lead = head.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
            format!("{lead}{tail}")
        }
        None => kind.to_owned(),
    }
}

/// A patched object as text: maps that the patch touched are sorted, what it left alone keeps Go's order.
pub(crate) fn text(value: &Value, of: Option<&'static str>, touched: Option<&Value>) -> String {
    let mut out = String::new();
    write(value, of, touched, &mut out);
    out
}

fn write(value: &Value, of: Option<&'static str>, touched: Option<&Value>, out: &mut String) {
    match (value, of) {
        (Value::Map(map), Some(of)) if !of.starts_with("map[") => object(map, of, touched, out),
        (Value::List(list), Some(of)) => {
            let item = of.strip_prefix("[]");
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(value, item, None, out);
            }
            out.push(']');
        }
        _ => value.write_json(out),
    }
}

fn object(map: &Map, of: &'static str, touched: Option<&Value>, out: &mut String) {
    let known = fields(of);
    let kind = |key: &str| known.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind);
    let mut keys: Vec<&str> = map.keys().map(|key| key.as_str()).collect();
    let patched = touched.and_then(Value::as_map);
    if patched.is_none() {
        let place = |key: &str| known.iter().position(|(name, _)| *name == key).unwrap_or(usize::MAX);
        keys.sort_by_key(|key| place(key));
    }
    out.push('{');
    for (i, key) in keys.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        Value::string(*key).write_json(out);
        out.push(':');
        if let Some(value) = map.get(key) {
            write(value, kind(key), patched.and_then(|patch| patch.get(key)), out);
        }
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_gos_names() {
        let check = |kind: &str, group: &str, path: &str, expect: &str| {
            let root = of_kind(&GroupVersionKind::new(group, "v1", kind)).unwrap();
            let found = misfit(root, path).unwrap();
            assert_eq!(format!("{} of type {}", found.field, found.kind), expect);
        };
        check("Service", "", "spec.ports[0].port", "ServicePort.spec.ports.port of type int32");
        check("ConfigMap", "", "data.a", "ConfigMap.data of type string");
        check("ConfigMap", "", "data", "ConfigMap.data of type map[string]string");
        check("ConfigMap", "", "metadata", "ConfigMap.metadata of type v1.ObjectMeta");
        let path = "spec.template.spec.containers";
        check("Deployment", "apps", path, "PodSpec.spec.template.spec.containers of type []v1.Container");
    }
}
