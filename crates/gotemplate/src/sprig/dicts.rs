//! Maps. `set`, `unset` and the merges change the map they are given; everyone who holds it sees it.

use super::merge::{Mode, merge_into};
use super::{ANY, S, fixed, many, not_a, text_of};
use crate::functions::{Entry, Signature, Type};
use crate::value::Elem;
use crate::{Call, Engine, Failure, List, Map, Str, Value};

const M: Type = Type::Map;
const MERGE: Signature = many(&[M], M);

pub(super) const FUNCTIONS: &[Entry] = &[
    ("dict", many(&[], ANY), dict),
    ("get", fixed(&[M, S]), |call| {
        Ok(call.map(0).get(call.text(1).as_bytes()).unwrap_or(Value::String(Str::default())))
    }),
    ("set", fixed(&[M, S, ANY]), set),
    ("unset", fixed(&[M, S]), |call| {
        call.map(0).unset(call.text(1).as_bytes());
        Ok(call.arg(0).clone())
    }),
    ("hasKey", fixed(&[M, S]), |call| Ok(call.map(0).contains(call.text(1).as_bytes()).into())),
    ("pluck", many(&[S], M), |call| {
        let key = call.text(0).as_bytes();
        let found = call.rest(1).iter().filter_map(|map| map.as_map()?.get(key));
        Ok(found.collect::<Vec<_>>().into())
    }),
    ("keys", many(&[], M), |call| {
        let mut keys = Vec::new();
        for map in call.args.iter().filter_map(Value::as_map) {
            call.engine.charge_steps(map.len() as u64)?;
            keys.extend(map.keys());
        }
        Ok(List::strings(keys).into())
    }),
    ("values", fixed(&[M]), |call| {
        let entries = call.map(0).entries();
        call.engine.charge_steps(entries.len() as u64)?;
        Ok(entries.into_iter().map(|(_, v)| v).collect::<Vec<_>>().into())
    }),
    ("pick", many(&[M], S), |call| {
        let map = call.map(0);
        let wanted = call.rest(1).iter().filter_map(Value::as_string);
        Ok(wanted.filter_map(|key| Some((key.clone(), map.get(key.as_bytes())?))).collect::<Map>().into())
    }),
    ("omit", many(&[M], S), |call| {
        let entries = call.map(0).entries();
        call.engine.charge_steps(entries.len() as u64)?;
        let out = call.rest(1);
        let kept = entries.into_iter().filter(|(k, _)| !out.iter().any(|o| o.as_string() == Some(k)));
        Ok(kept.collect::<Map>().into())
    }),
    ("merge", MERGE, |call| merge(call, Mode::Keep)),
    ("mustMerge", MERGE, |call| merge(call, Mode::Keep)),
    ("mergeOverwrite", MERGE, |call| merge(call, Mode::Overwrite)),
    ("mustMergeOverwrite", MERGE, |call| merge(call, Mode::Overwrite)),
    ("deepCopy", fixed(&[ANY]), copied),
    ("mustDeepCopy", fixed(&[ANY]), copied),
    ("dig", many(&[], ANY), dig),
];

fn dict(call: &mut Call<'_>) -> Result<Value, Failure> {
    let entries = call.args.chunks(2).map(|pair| {
        let value = pair.get(1).cloned().unwrap_or(Value::String(Str::default()));
        Ok((text_of(&pair[0])?, value))
    });
    Ok(entries.collect::<Result<Map, Failure>>()?.into())
}

fn set(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (map, value) = (call.map(0), call.arg(2));
    if map.is_nil() {
        return Err("assignment to entry in nil map".into());
    }
    if value.is_container() {
        call.engine.tie(&map);
    }
    map.set(call.text(1).clone(), value.clone());
    Ok(call.arg(0).clone())
}

fn merge(call: &mut Call<'_>, mode: Mode) -> Result<Value, Failure> {
    let mut target = call.map(0);
    if target.is_nil() {
        target = Map::new();
    }
    for source in call.rest(1).iter().filter_map(Value::as_map) {
        merge_into(call.engine, &target, source, mode, 0)?;
    }
    Ok(target.into())
}

fn copied(call: &mut Call<'_>) -> Result<Value, Failure> {
    if call.arg(0).is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    deep_copy(call.engine, call.arg(0), 0)
}

/// How deep data may nest to be copied.
const DEPTH: usize = 1000;

fn deep_copy(engine: &mut Engine, value: &Value, depth: usize) -> Result<Value, Failure> {
    if depth > DEPTH {
        return Err(Failure::exhausted(crate::Exhausted::Depth));
    }
    engine.charge_steps(1)?;
    Ok(match value {
        Value::Map(map) => {
            let mut copy = Map::typed(map.elem());
            if let Some(named) = map.named_type() {
                copy = copy.named(named);
            }
            for (key, item) in map.entries() {
                copy.set(
                    key,
                    stacker::maybe_grow(64 << 10, 1 << 20, || deep_copy(engine, &item, depth + 1))?,
                );
            }
            copy.into()
        }
        Value::List(list) if !list.is_nil() => {
            let copy = |item| stacker::maybe_grow(64 << 10, 1 << 20, || deep_copy(engine, item, depth + 1));
            List::typed(list.elem(), list.iter().map(copy).collect::<Result<_, _>>()?).into()
        }
        Value::NoValue => Value::Nil,
        Value::Host(host) => host.deep_copy().unwrap_or_else(|| value.clone()),
        other => other.clone(),
    })
}

fn dig(call: &mut Call<'_>) -> Result<Value, Failure> {
    const PLAIN: &str = "map[string]interface {}";
    let [path @ .., default, map] = call.args else {
        return Err("dig needs at least three arguments".into());
    };
    if path.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let plain = |value: &Value| match value {
        Value::Map(map) if map.is_plain() && map.elem() == Elem::Any => Ok(map.clone()),
        other => Err(not_a(other, PLAIN)),
    };
    let mut map = plain(map)?;
    let mut keys = Vec::with_capacity(path.len());
    for key in path {
        keys.push(key.as_string().ok_or_else(|| not_a(key, "string"))?);
    }
    for (i, key) in keys.iter().enumerate() {
        let Some(value) = map.get(key.as_bytes()) else { return Ok(default.clone()) };
        if i + 1 == keys.len() {
            return Ok(value);
        }
        map = plain(&value)?;
    }
    Ok(default.clone())
}
