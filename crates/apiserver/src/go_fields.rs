//! The fields of the API's Go types: their order, and what Go calls them in its messages.
//!
//! `go_fields.txt` holds a type a line, `core/v1.ServicePort name:string port:int32`, where `+` is an embedded type;
//! `core/v1.Protocol =string` for a type that is no struct, `meta/v1.Time !` for one that decodes itself. It is written by
//! `generator/fields`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use tautline_core::{GroupVersionKind, Map, Value};

type Fields = Vec<(&'static str, &'static str)>;

/// A type of the table.
enum Entry {
    Fields(Fields),
    Same(&'static str),
    Itself,
}

/// What a type is, as far as decoding goes.
pub(crate) enum GoType {
    Struct,
    /// Its values.
    Map(&'static str),
    /// Its items.
    List(&'static str),
    Scalar(&'static str),
    /// It decodes itself.
    Itself,
    Unknown,
}

fn types() -> &'static BTreeMap<&'static str, Entry> {
    static TYPES: OnceLock<BTreeMap<&'static str, Entry>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let line = |line: &'static str| {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let entry = match (rest, rest.strip_prefix('=')) {
                ("!", _) => Entry::Itself,
                (_, Some(same)) => Entry::Same(same),
                _ => Entry::Fields(rest.split(' ').filter_map(|word| word.split_once(':')).collect()),
            };
            (name, entry)
        };
        include_str!("go_fields.txt").lines().map(line).collect()
    })
}

fn own_fields(of: &str) -> &'static [(&'static str, &'static str)] {
    match types().get(of) {
        Some(Entry::Fields(fields)) => fields,
        _ => &[],
    }
}

/// What a type is.
pub(crate) fn go_type(kind: &'static str) -> GoType {
    if let Some(of) = kind.strip_prefix("[]") {
        return GoType::List(of);
    }
    if let Some((_, of)) = kind.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return GoType::Map(of);
    }
    match types().get_key_value(kind) {
        Some((_, Entry::Fields(_))) => GoType::Struct,
        Some((_, Entry::Same(same))) => go_type(same),
        Some((_, Entry::Itself)) => GoType::Itself,
        None if kind.contains('.') => GoType::Unknown,
        None => GoType::Scalar(kind),
    }
}

/// A field of a type: the names on the way to it, those of embedded types among them, and its type.
pub(crate) fn field(of: &str, name: &str) -> Option<(Vec<&'static str>, &'static str)> {
    let own = own_fields(of);
    if let Some((name, kind)) = own.iter().find(|(field, _)| *field == name) {
        return Some((vec![name], kind));
    }
    own.iter().filter(|(field, _)| *field == "+").find_map(|(_, embedded)| {
        let (mut way, kind) = field(embedded, name)?;
        way.insert(0, embedded.rsplit('.').next().unwrap_or_default());
        Some((way, kind))
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
    let mut out = Vec::new();
    for (name, kind) in own_fields(of) {
        match *name {
            "+" => out.extend(fields(kind)),
            name => out.push((name, *kind)),
        }
    }
    out
}

/// The type of the field at a path such as `spec.ports[0].port`, as Go prints it.
pub(crate) fn kind_at(root: &'static str, path: &str) -> Option<String> {
    let mut at = root;
    for step in path.split('.') {
        if let GoType::Map(values) = go_type(at) {
            at = values;
            break;
        }
        at = field(at, step.split('[').next().unwrap_or_default())?.1;
        if step.contains('[') {
            let GoType::List(items) = go_type(at) else { return None };
            at = items;
        }
    }
    Some(printed(at))
}

/// A type as Go prints it, by its package's last name: `[]v1.Container`, `map[v1.ResourceName]resource.Quantity`.
pub(crate) fn printed(kind: &str) -> String {
    if let Some(of) = kind.strip_prefix("[]") {
        return format!("[]{}", printed(of));
    }
    if let Some((key, of)) = kind.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return format!("map[{}]{}", printed(key), printed(of));
    }
    kind.rsplit('/').next().unwrap_or_default().to_owned()
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
            assert_eq!(kind_at(root, path).unwrap(), expect);
        };
        check("Service", "", "spec.ports[0].port", "int32");
        check("ConfigMap", "", "data.a", "string");
        check("ConfigMap", "", "data", "map[string]string");
        check("ConfigMap", "", "metadata", "v1.ObjectMeta");
        check("Deployment", "apps", "spec.template.spec.containers", "[]v1.Container");
        assert_eq!(
            printed("map[core/v1.ResourceName]api/resource.Quantity"),
            "map[v1.ResourceName]resource.Quantity"
        );
    }
}
