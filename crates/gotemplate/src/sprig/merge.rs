//! How sprig's merges join maps: those of dario.cat/mergo.

use crate::{Engine, Exhausted, Failure, Map, Value};

/// What becomes of a key that both maps have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    /// The target's value stays unless it is empty.
    Keep,
    /// The source's value takes its place; an empty map takes no map's place.
    Overwrite,
}

const DEPTH: usize = 1000;

/// Joins a map into another in place. Maps that the target lacks come to be shared with the source.
pub(super) fn merge_into(
    engine: &mut Engine,
    target: &Map,
    source: &Map,
    mode: Mode,
    depth: usize,
) -> Result<(), Failure> {
    if depth > DEPTH {
        return Err(Failure::exhausted(Exhausted::Depth));
    }
    if target.is_same(source) {
        return Ok(());
    }
    let began_empty = target.is_empty();
    let mut tied = false;
    for (key, theirs) in source.entries() {
        engine.charge_steps(1)?;
        let ours = target.get(key.as_bytes());
        if theirs.is_nil() {
            if mode == Mode::Overwrite {
                target.set(key, Value::Nil);
            }
            continue;
        }
        if let (Some(Value::Map(ours)), Value::Map(theirs)) = (&ours, &theirs) {
            let merged = || merge_into(engine, ours, theirs, mode, depth + 1);
            stacker::maybe_grow(64 << 10, 1 << 20, merged)?;
        }
        let full = ours.as_ref().filter(|ours| !is_empty(ours));
        let replaced = match (&theirs, full) {
            (Value::Map(_), Some(Value::Map(_))) => false,
            // Slices are set before emptiness is looked at.
            (Value::List(_) | Value::Bytes(_), Some(_)) => {
                mode == Mode::Overwrite || (began_empty && target.is_empty())
            }
            (_, Some(_)) => mode == Mode::Overwrite,
            (_, None) => true,
        };
        if replaced {
            if theirs.is_container() && !std::mem::replace(&mut tied, true) {
                engine.tie(target);
            }
            target.set(key, theirs);
        }
    }
    Ok(())
}

/// mergo's emptiness: zero, false, nil, and what has no length.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Host(host) => match host.kind() {
            crate::Kind::Map | crate::Kind::Slice => host.entries().is_empty(),
            _ => false,
        },
        Value::Complex(_) => false,
        value => !value.is_true(),
    }
}
