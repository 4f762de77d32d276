//! What a value is.

use super::{ANY, S, fixed};
use crate::functions::Entry;
use crate::{Kind, Map, Number, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("typeOf", fixed(&[ANY]), |call| Ok(call.arg(0).type_name().into())),
    ("typeIs", fixed(&[S, ANY]), |call| Ok((*call.text(0) == *call.arg(1).type_name()).into())),
    ("typeIsLike", fixed(&[S, ANY]), |call| {
        let (wanted, found) = (call.text(0), call.arg(1).type_name());
        Ok((*wanted == *found || found.strip_prefix('*').is_some_and(|found| *wanted == *found)).into())
    }),
    ("kindOf", fixed(&[ANY]), |call| Ok(call.arg(0).kind().name().into())),
    ("kindIs", fixed(&[S, ANY]), |call| Ok((*call.text(0) == *call.arg(1).kind().name()).into())),
    ("deepEqual", fixed(&[ANY, ANY]), |call| Ok(deep_equal(call.arg(0), call.arg(1)).into())),
];

/// How deep values are compared; deeper ones count as different.
const DEPTH: usize = 10_000;

/// `reflect.DeepEqual`: types must be the same, `1` is not `1.0`.
pub(crate) fn deep_equal(a: &Value, b: &Value) -> bool {
    equal(a, b, 0)
}

fn equal(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    match (a, b) {
        (Value::NoValue | Value::Nil, Value::NoValue | Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Number(Number::Float32(a)), Value::Number(Number::Float32(b))) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::Complex(a), Value::Complex(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.elem() == b.elem()
                && a.is_nil() == b.is_nil()
                && a.len() == b.len()
                && deeper(|| a.iter().zip(b.iter()).all(|(a, b)| equal(a, b, depth + 1)))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.elem() == b.elem() && a.type_name() == b.type_name() && same_entries(a, b, depth)
        }
        (Value::Host(a), Value::Host(b)) => {
            std::sync::Arc::ptr_eq(a, b)
                || (a.type_name() == b.type_name()
                    && a.kind() != Kind::Func
                    && a.text() == b.text()
                    && deeper(|| same_lists(&a.entries(), &b.entries(), depth)))
        }
        _ => false,
    }
}

fn deeper(work: impl FnOnce() -> bool) -> bool {
    stacker::maybe_grow(64 << 10, 1 << 20, work)
}

fn same_entries(a: &Map, b: &Map, depth: usize) -> bool {
    if a.is_same(b) {
        return true;
    }
    let (a_entries, b_entries) = (a.entries(), b.entries());
    a.is_nil() == b.is_nil()
        && a_entries.len() == b_entries.len()
        && deeper(|| {
            let mut pairs = a_entries.iter().zip(&b_entries);
            pairs.all(|((ka, va), (kb, vb))| ka == kb && equal(va, vb, depth + 1))
        })
}

fn same_lists(a: &[(Value, Value)], b: &[(Value, Value)], depth: usize) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|((ka, va), (kb, vb))| equal(ka, kb, depth + 1) && equal(va, vb, depth + 1))
}
