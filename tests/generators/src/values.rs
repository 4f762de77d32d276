//! Values of a type.

use tautline_core::{Key, Map, Value};
use tautline_schema::{Format, ListType, TypeKind, TypeRef};

use crate::Dice;

const DEEPEST: usize = 9;
const WORDS: [&str; 8] =
    ["app", "web", "db", "a", "b", "yes", "0644", "long enough not to be kept inline anywhere"];
const NAMES: [&str; 5] = ["app", "side", "init", "proxy", "x/y"];
const QUANTITIES: [&str; 7] = ["1", "1000m", "0.5", "128Mi", "1Gi", "1024Mi", "2k"];

/// A value of a type, as somebody might write it.
pub(crate) fn value(of: TypeRef<'_>, dice: &mut Dice, depth: usize) -> Value {
    match of.kind() {
        TypeKind::Object => map(of, dice, depth),
        TypeKind::List => list(of, dice, depth),
        TypeKind::String => text(of.format(), dice),
        TypeKind::Integer => Value::Int(dice.roll(5) as i64 * 40),
        TypeKind::Number => Value::Float(dice.roll(9) as f64 / 4.0),
        TypeKind::Boolean => Value::Bool(dice.chance(50)),
        TypeKind::IntOrString if dice.chance(50) => Value::Int(80 + dice.roll(3) as i64),
        TypeKind::IntOrString => Value::from(dice.one(&["http", "25%", "80"])),
        TypeKind::Quantity => Value::from(dice.one(&QUANTITIES)),
        TypeKind::Any => Value::from(dice.one(&WORDS)),
    }
}

fn text(format: Format, dice: &mut Dice) -> Value {
    Value::from(match format {
        Format::Byte => dice.one(&["aGVsbG8=", "d29ybGQ=", ""]),
        Format::DateTime => "2030-01-01T00:00:00Z",
        Format::MicroTime => "2030-01-01T00:00:00.000000Z",
        Format::Duration => "1h0m0s",
        _ => dice.one(&WORDS),
    })
}

fn map(of: TypeRef<'_>, dice: &mut Dice, depth: usize) -> Value {
    let mut out = Map::new();
    for field in of.fields() {
        let is_end = depth >= DEEPEST && matches!(field.of.kind(), TypeKind::Object | TypeKind::List);
        // Seldom below, where types are wide; what Kubernetes demands is nearly always there.
        let chance =
            if field.required { 97 } else { [60, 45, 30, 22, 18, 14].get(depth).copied().unwrap_or(10) };
        if !is_end && dice.chance(chance) {
            out.insert(field.name, value(field.of, dice, depth + 1));
        }
    }
    if let Some(of) = of.additional().filter(|_| of.fields().len() == 0) {
        for _ in 0..dice.roll(4) {
            out.insert(dice.one(&NAMES), value(of, dice, depth + 1));
        }
    }
    Value::Map(out)
}

fn list(of: TypeRef<'_>, dice: &mut Dice, depth: usize) -> Value {
    let Some(items) = of.items() else { return Value::list() };
    let mut out: Vec<Value> = Vec::new();
    for _ in 0..1 + dice.roll(3) {
        let mut item = value(items, dice, depth + 1);
        let is_new = match of.list_type() {
            ListType::Atomic => true,
            ListType::Set => !out.contains(&item),
            ListType::Map(keys) => {
                name(&mut item, items, keys, dice);
                !out.iter().any(|other| is_one(other, &item, keys, Some(of)))
            }
        };
        if is_new {
            out.push(item);
        }
    }
    Value::from(out)
}

/// Whether two items cannot stand in one list: strategic merge tells them apart by one key only.
pub(crate) fn is_one(a: &Value, b: &Value, keys: &[Key], of: Option<TypeRef<'_>>) -> bool {
    let by_merge_key = of.and_then(TypeRef::merge_key).is_some_and(|key| a.get(key) == b.get(key));
    by_merge_key || keys.iter().all(|key| a.get(key) == b.get(key))
}

/// Every item of a keyed list has all its keys.
fn name(item: &mut Value, of: TypeRef<'_>, keys: &[Key], dice: &mut Dice) {
    let Value::Map(fields) = item else { return };
    for key in keys {
        let value = match (key.as_str(), of.field_key(key).map(TypeRef::kind)) {
            ("protocol", _) => Value::from(dice.one(&["TCP", "UDP"])),
            (_, Some(TypeKind::Integer)) => Value::Int(80 + dice.roll(4) as i64),
            _ => Value::from(dice.one(&NAMES)),
        };
        fields.insert(key, value);
    }
}
