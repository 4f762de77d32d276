//! Lists. They are never changed: each function makes a new one.

use std::borrow::Cow;

use super::cast::to_int;
use super::reflection::deep_equal;
use super::{ANY, I, NIL_TYPE, fixed, many};
use crate::functions::{Entry, Native};
use crate::value::Elem;
use crate::{Call, Failure, Kind, List, Number, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("list", many(&[], ANY), list),
    ("tuple", many(&[], ANY), list),
    ("append", fixed(&[ANY, ANY]), append),
    ("push", fixed(&[ANY, ANY]), append),
    ("mustAppend", fixed(&[ANY, ANY]), append),
    ("mustPush", fixed(&[ANY, ANY]), append),
    ("prepend", fixed(&[ANY, ANY]), prepend),
    ("mustPrepend", fixed(&[ANY, ANY]), prepend),
    ("first", fixed(&[ANY]), FIRST),
    ("mustFirst", fixed(&[ANY]), FIRST),
    ("last", fixed(&[ANY]), LAST),
    ("mustLast", fixed(&[ANY]), LAST),
    ("rest", fixed(&[ANY]), REST),
    ("mustRest", fixed(&[ANY]), REST),
    ("initial", fixed(&[ANY]), INITIAL),
    ("mustInitial", fixed(&[ANY]), INITIAL),
    ("reverse", fixed(&[ANY]), reverse),
    ("mustReverse", fixed(&[ANY]), reverse),
    ("uniq", fixed(&[ANY]), uniq),
    ("mustUniq", fixed(&[ANY]), uniq),
    ("without", many(&[ANY], ANY), without),
    ("mustWithout", many(&[ANY], ANY), without),
    ("has", fixed(&[ANY, ANY]), has),
    ("mustHas", fixed(&[ANY, ANY]), has),
    ("slice", many(&[ANY], ANY), slice),
    ("mustSlice", many(&[ANY], ANY), slice),
    ("concat", many(&[], ANY), concat),
    ("chunk", fixed(&[I, ANY]), chunk),
    ("mustChunk", fixed(&[I, ANY]), chunk),
    ("compact", fixed(&[ANY]), compact),
    ("mustCompact", fixed(&[ANY]), compact),
];

const FIRST: Native = |call| Ok(given(call, 0, "find first on type")?.first().cloned().unwrap_or(Value::Nil));
const LAST: Native = |call| Ok(given(call, 0, "find last on type")?.last().cloned().unwrap_or(Value::Nil));
const REST: Native = |call| {
    let items = given(call, 0, "find rest on type")?;
    Ok(match items.split_first() {
        Some((_, rest)) => rest.to_vec().into(),
        None => List::nil(Elem::Any).into(),
    })
};
const INITIAL: Native = |call| {
    let items = given(call, 0, "find initial on type")?;
    Ok(match items.split_last() {
        Some((_, rest)) => rest.to_vec().into(),
        None => List::nil(Elem::Any).into(),
    })
};

/// The elements of what Go calls a slice.
pub(super) fn items(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(Cow::Borrowed(list)),
        Value::Bytes(bytes) => Some(bytes.iter().map(|b| Number::Uint8(*b).into()).collect()),
        Value::Host(host) if host.kind() == Kind::Slice => {
            Some(host.entries().into_iter().map(|(_, v)| v).collect())
        }
        _ => None,
    }
}

/// The elements of an argument, their number taken from the budget; or the complaint about its kind.
fn given<'c>(call: &mut Call<'c>, i: usize, doing: &str) -> Result<Cow<'c, [Value]>, Failure> {
    let value = call.arg(i);
    match items(value) {
        Some(items) => {
            call.engine.charge_steps(items.len() as u64)?;
            Ok(items)
        }
        None if value.is_nil() => Err(NIL_TYPE.into()),
        None => Err(format!("Cannot {doing} {}", value.kind().name()).into()),
    }
}

fn list(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(call.args.to_vec().into())
}

fn append(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 0, "push on type")?;
    let mut longer = Vec::with_capacity(items.len() + 1);
    longer.extend_from_slice(&items);
    longer.push(call.arg(1).clone());
    Ok(longer.into())
}

fn prepend(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 0, "prepend on type")?;
    let mut longer = Vec::with_capacity(items.len() + 1);
    longer.push(call.arg(1).clone());
    longer.extend_from_slice(&items);
    Ok(longer.into())
}

fn reverse(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(given(call, 0, "find reverse on type")?.iter().rev().cloned().collect::<Vec<_>>().into())
}

fn uniq(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 0, "find uniq on type")?;
    let mut kept: Vec<Value> = Vec::new();
    for item in items.iter() {
        call.engine.charge_steps(kept.len() as u64)?;
        if !contains(&kept, item) {
            kept.push(item.clone());
        }
    }
    Ok(kept.into())
}

fn contains(items: &[Value], item: &Value) -> bool {
    items.iter().any(|other| deep_equal(item, other))
}

fn without(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 0, "find without on type")?;
    let out = call.rest(1);
    call.engine.charge_steps(items.len().saturating_mul(out.len()) as u64)?;
    Ok(items.iter().filter(|item| !contains(out, item)).cloned().collect::<Vec<_>>().into())
}

fn has(call: &mut Call<'_>) -> Result<Value, Failure> {
    if call.arg(1).is_nil() {
        return Ok(false.into());
    }
    let items = given(call, 1, "find has on type")?;
    Ok(contains(&items, call.arg(0)).into())
}

fn slice(call: &mut Call<'_>) -> Result<Value, Failure> {
    let list = call.arg(0);
    let Some(items) = items(list) else {
        let kind = list.kind().name();
        return Err(if list.is_nil() {
            NIL_TYPE.into()
        } else {
            format!("list should be type of slice or array but {kind}").into()
        });
    };
    call.engine.charge_steps(items.len() as u64)?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let len = items.len() as i64;
    let from = call.args.get(1).map_or(0, to_int);
    let to = call.args.get(2).map_or(len, to_int);
    if from < 0 || to < from || to > len {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    }
    let part = items[from as usize..to as usize].to_vec();
    Ok(match list {
        Value::List(list) => List::typed(list.elem(), part).into(),
        Value::Bytes(bytes) => Value::Bytes(bytes[from as usize..to as usize].into()),
        _ => part.into(),
    })
}

fn concat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut all = Vec::new();
    for value in call.args {
        let Some(items) = items(value) else {
            let kind = value.kind().name();
            return Err(if value.is_nil() {
                NIL_TYPE.into()
            } else {
                format!("Cannot concat type {kind} as list").into()
            });
        };
        call.engine.charge_steps(items.len() as u64)?;
        all.extend_from_slice(&items);
    }
    Ok(if all.is_empty() { List::nil(Elem::Any).into() } else { all.into() })
}

fn chunk(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 1, "chunk type")?;
    // sprig computes the number of chunks in floats, which gives an answer even to some negative sizes.
    let count = ((items.len() as f64 - 1.0) / call.int(0) as f64).floor() + 1.0;
    let size = match usize::try_from(call.int(0)) {
        Ok(size) if size > 0 => size,
        _ if count == 0.0 => return Ok(List::typed(Elem::List, Vec::new()).into()),
        _ if count == 1.0 && items.len() == 1 => {
            return Ok(List::typed(Elem::List, vec![items.to_vec().into()]).into());
        }
        _ => return Err("runtime error: makeslice: len out of range".into()),
    };
    let chunks = items.chunks(size).map(|chunk| chunk.to_vec().into()).collect();
    Ok(List::typed(Elem::List, chunks).into())
}

fn compact(call: &mut Call<'_>) -> Result<Value, Failure> {
    let items = given(call, 0, "compact on type")?;
    Ok(items.iter().filter(|v| !super::defaults::is_empty(v)).cloned().collect::<Vec<_>>().into())
}
