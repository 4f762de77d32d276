//! An object as the API server's Go type reads and prints it again.

use tautline_core::{Entries, Key, List, Map, MapDraft, Value};

use crate::types::{FieldRef, Format, Presence, TypeKind, TypeRef};
use crate::{go_values, quantity};

/// What becomes of a value.
enum Kept {
    /// It stays as it is.
    AsIs,
    /// Nothing is left.
    Nothing,
    /// Another one.
    As(Value),
}

/// What a value is after Go read it into its type and printed it: unknown fields gone, nulls and empty values
/// as the struct tags say, numbers and quantities in their one form. `None` stands for nothing. What stays as it is
/// keeps its place in memory. What the value shares with one that is known to be stored needs no look.
pub(crate) fn stored(
    value: &Value,
    before: Option<&Value>,
    of: TypeRef<'_>,
) -> Result<Option<Value>, String> {
    Ok(match kept(value, before, of)? {
        Kept::AsIs => Some(value.clone()),
        Kept::Nothing => None,
        Kept::As(value) => Some(value),
    })
}

impl TypeRef<'_> {
    /// Whether a value of this type is stored as it is written, wherever it stands: read into its Go type and printed again
    /// it is the same, and it is not empty. Also `false` where that takes a closer look.
    pub fn stores(self, value: &Value) -> bool {
        let is_of_kind = match (value, self.kind()) {
            (Value::Int(_) | Value::Float(_), kind) => !matches!(kind, TypeKind::String | TypeKind::Boolean),
            (Value::String(_), kind) => {
                !matches!(kind, TypeKind::Integer | TypeKind::Number | TypeKind::Boolean)
            }
            (Value::Bool(_), kind) => {
                !matches!(kind, TypeKind::Integer | TypeKind::Number | TypeKind::String)
            }
            _ => true,
        };
        is_of_kind && !is_zero(value) && matches!(kept(value, None, self), Ok(Kept::AsIs))
    }
}

impl TypeRef<'_> {
    /// Whether a map of this type has an empty value that Go would print otherwise or not at all.
    pub fn omits(self, map: &Map) -> bool {
        let is_struct = self.is_compiled();
        let mut types = self.in_order();
        let mut empty = map.iter().filter(|(_, value)| is_zero(value));
        empty.any(|(key, value)| match (types.declared_ref(key), value) {
            (Some(field), Value::Null) if is_struct => {
                field.presence != Presence::Always || !field.of.zero_field().is_null()
            }
            (Some(field), _) if is_struct => field.presence == Presence::UnlessZero,
            (None, _) if is_struct => true,
            (_, value) => value.is_null(),
        })
    }
}

fn kept(value: &Value, before: Option<&Value>, of: TypeRef<'_>) -> Result<Kept, String> {
    if before.is_some_and(|before| value.is_same(before)) {
        return Ok(Kept::AsIs);
    }
    if of.is_compiled() {
        return match value {
            Value::Map(map) => kept_struct(map, before.and_then(Value::as_map), of),
            _ => Ok(Kept::Nothing),
        };
    }
    Ok(match (of.kind(), value) {
        // An int-or-string that is nobody's is printed as zero by its owner, see `Presence::Always`.
        (_, Value::Null) => Kept::Nothing,
        (TypeKind::List, Value::List(items)) => kept_list(items, before.and_then(Value::as_list), of)?,
        (TypeKind::Object, Value::Map(map)) => match of.additional() {
            Some(of) if !of.is_untyped() => kept_map(map, before.and_then(Value::as_map), of)?,
            _ => Kept::AsIs,
        },
        (TypeKind::Quantity, value) => kept_quantity(value)?,
        (TypeKind::IntOrString, Value::Float(n)) if n.fract() != 0.0 => {
            return Err(format!("json: cannot unmarshal number {n} into Go value of type int32"));
        }
        (TypeKind::Integer, Value::Float(n)) if n.fract() != 0.0 => {
            let size = if of.format() == Format::Int32 { "int32" } else { "int64" };
            return Err(format!("cannot convert float64 to {size}"));
        }
        (TypeKind::Integer, Value::Float(n)) if n.fract() == 0.0 && n.abs() < 9e15 => {
            Kept::As(Value::Int(*n as i64))
        }
        (TypeKind::String, Value::String(text)) => match of.format() {
            Format::MicroTime => {
                go_values::check_time(text, go_values::MICRO_TIME)?;
                Kept::AsIs
            }
            Format::DateTime => {
                go_values::check_time(text, go_values::TIME)?;
                Kept::AsIs
            }
            Format::Byte => {
                go_values::check_base64(text).map_err(|why| format!("error decoding from json: {why}"))?;
                match text.contains(['\n', '\r']) {
                    true => Kept::As(Value::from(text.replace(['\n', '\r'], ""))),
                    false => Kept::AsIs,
                }
            }
            _ => Kept::AsIs,
        },
        _ => Kept::AsIs,
    })
}

fn kept_struct(map: &Map, before: Option<&Map>, of: TypeRef<'_>) -> Result<Kept, String> {
    let mut draft = MapDraft::of(map);
    let mut before = Before(before.map_or_else(Entries::none, Map::iter));
    if of.has_always_printed(map) {
        let mut types = of.in_order();
        for (key, value) in map {
            let before = before.at(key);
            // What the stored one has needs no look, unless it would not be there.
            if before.is_some_and(|before| value.is_same(before)) && !is_zero(value) {
                draft.keep();
                continue;
            }
            match types.declared_ref(key) {
                Some(field) => kept_field(&mut draft, value, before, field)?,
                None => draft.skip(),
            }
        }
        return Ok(of_map(draft));
    }
    let mut given = map.iter().peekable();
    for field in of.fields() {
        // Both are sorted: what comes before is not declared, and goes.
        while given.next_if(|(key, _)| *key < field.name).is_some() {
            draft.skip();
        }
        match given.next_if(|(key, _)| *key == field.name) {
            Some((key, value)) => kept_field(&mut draft, value, before.at(key), field)?,
            None if field.presence == Presence::Always => {
                draft.put(field.name.clone(), field.of.zero_field());
            }
            None => {}
        }
    }
    for _ in given {
        draft.skip();
    }
    Ok(of_map(draft))
}

#[inline]
fn kept_field(
    draft: &mut MapDraft<'_>,
    value: &Value,
    before: Option<&Value>,
    field: FieldRef<'_>,
) -> Result<(), String> {
    let drops = |value: &Value| field.presence == Presence::UnlessZero && is_zero(value);
    match kept(value, before, field.of)? {
        Kept::AsIs if !drops(value) => draft.keep(),
        Kept::As(value) if !drops(&value) => draft.replace(value),
        Kept::Nothing if field.presence == Presence::Always => match field.of.zero_field() {
            zero if zero == *value => draft.keep(),
            zero => draft.replace(zero),
        },
        _ => draft.skip(),
    }
    Ok(())
}

/// The entries of a map for one who asks for keys in order.
struct Before<'a>(Entries<'a>);

impl<'a> Before<'a> {
    #[inline]
    fn at(&mut self, key: &Key) -> Option<&'a Value> {
        while let Some((other, value)) = self.0.first() {
            match other.cmp(key) {
                std::cmp::Ordering::Less => _ = self.0.next(),
                std::cmp::Ordering::Equal => return Some(value),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }
}

fn of_map(draft: MapDraft<'_>) -> Kept {
    draft.changed().map_or(Kept::AsIs, |out| Kept::As(Value::Map(out)))
}

fn kept_list(items: &List, before: Option<&List>, of: TypeRef<'_>) -> Result<Kept, String> {
    let Some(of) = of.items() else { return Ok(Kept::AsIs) };
    let mut out: Option<Vec<Value>> = None;
    for (i, item) in items.iter().enumerate() {
        let becomes = match kept(item, before.and_then(|before| before.get(i)), of)? {
            Kept::AsIs => {
                out.iter_mut().for_each(|out| out.push(item.clone()));
                continue;
            }
            Kept::Nothing => zero_element(of),
            Kept::As(value) => value,
        };
        out.get_or_insert_with(|| items.iter().take(i).cloned().collect()).push(becomes);
    }
    Ok(out.map_or(Kept::AsIs, |out| Kept::As(Value::List(out.into()))))
}

fn kept_map(map: &Map, before: Option<&Map>, of: TypeRef<'_>) -> Result<Kept, String> {
    let mut draft = MapDraft::of(map);
    for (key, value) in map {
        match kept(value, before.and_then(|before| before.get_key(key)), of)? {
            Kept::AsIs => draft.keep(),
            Kept::Nothing => draft.replace(zero_element(of)),
            Kept::As(value) => draft.replace(value),
        }
    }
    Ok(of_map(draft))
}

/// What null becomes among others of its type.
fn zero_element(of: TypeRef<'_>) -> Value {
    match of.kind() {
        TypeKind::Object if of.is_compiled() => of.zero(),
        TypeKind::String if of.format() == Format::Byte => Value::Null,
        TypeKind::String => Value::from(""),
        TypeKind::Integer | TypeKind::Number => Value::Int(0),
        TypeKind::Boolean => Value::Bool(false),
        TypeKind::Quantity => Value::from("0"),
        _ => Value::Null,
    }
}

#[inline]
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Int(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

fn kept_quantity(value: &Value) -> Result<Kept, String> {
    if value.as_str().is_some_and(quantity::is_canonical) {
        return Ok(Kept::AsIs);
    }
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_json(),
    };
    match quantity::canonical(&text) {
        Some(text) => Ok(Kept::As(Value::from(text))),
        None if text.is_empty() => Ok(Kept::As(Value::from("0"))),
        None => Err(go_values::NO_QUANTITY.to_owned()),
    }
}

/// Standard base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * i) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if i <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// Protocol buffers, in which built-in kinds are stored, know no empty lists.
pub(crate) fn empty_to_null(value: &mut Value, of: TypeRef<'_>) {
    match value {
        Value::Map(map) => {
            let keys: Vec<Key> = map.keys().cloned().collect();
            for key in keys {
                let (Some(field), Some(item)) = (of.field(&key), map.get_mut(&key)) else { continue };
                if field.is_untyped() {
                    continue;
                }
                let empty_list = matches!(item, Value::List(items) if items.is_empty());
                let empty_map = matches!(item, Value::Map(map) if map.is_empty())
                    && field.kind() == TypeKind::Object
                    && !field.is_compiled()
                    && field.additional().is_some_and(|of| !of.is_untyped());
                if empty_list || empty_map {
                    *item = Value::Null;
                } else {
                    empty_to_null(item, field);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = of.items().filter(|of| !of.is_untyped()) {
                items.iter_mut().for_each(|item| empty_to_null(item, of));
            }
        }
        _ => {}
    }
}
