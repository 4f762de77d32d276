//! `range`.

use super::Go;
use super::run::{At, Done, Flow, Got, Run};
use crate::parse::Branch;
use crate::value::Elem;
use crate::{Kind, Number, Value};

impl<'t> Run<'_, 't> {
    pub(super) fn range(&mut self, dot: &Got, branch: &'t Branch) -> Done<Flow> {
        let mark = self.mark();
        let value = self.pipeline(dot, &branch.pipe)?;
        let ran = self.iterate(branch, &value);
        let flow = match ran {
            Ok(false) => match &branch.otherwise {
                Some(otherwise) => self.nested(dot, otherwise),
                None => Ok(Flow::Next),
            },
            Ok(true) => Ok(Flow::Next),
            Err(error) => Err(error),
        };
        self.pop(mark);
        // A `break` in the else branch leaves this range, as Go has it; the parser lets none in.
        flow.map(|flow| if flow == Flow::Break { Flow::Next } else { flow })
    }

    /// Runs the body for each element. Whether there was one.
    fn iterate(&mut self, branch: &'t Branch, value: &Value) -> Done<bool> {
        match value {
            Value::NoValue | Value::Nil => Ok(false),
            Value::List(list) => {
                let boxed = list.elem() == Elem::Any;
                for (i, item) in list.iter().enumerate() {
                    let item = Got { value: item.clone(), boxed };
                    if self.once(branch, Some(Value::Int(i as i64)), item)? == Flow::Break {
                        break;
                    }
                }
                Ok(!list.is_empty())
            }
            Value::Map(map) => {
                let boxed = map.elem() == Elem::Any;
                let entries = map.entries();
                let any = !entries.is_empty();
                for (key, value) in entries {
                    if self.once(branch, Some(key.into()), Got { value, boxed })? == Flow::Break {
                        break;
                    }
                }
                Ok(any)
            }
            Value::Bytes(bytes) => {
                for (i, byte) in bytes.iter().enumerate() {
                    let item = Got::plain(Number::Uint8(*byte).into());
                    if self.once(branch, Some(Value::Int(i as i64)), item)? == Flow::Break {
                        break;
                    }
                }
                Ok(!bytes.is_empty())
            }
            Value::Host(host) if matches!(host.kind(), Kind::Map | Kind::Slice) => {
                let entries = host.entries();
                let any = !entries.is_empty();
                for (key, value) in entries {
                    if self.once(branch, Some(key), Got::plain(value))? == Flow::Break {
                        break;
                    }
                }
                Ok(any)
            }
            Value::Int(_) | Value::Number(_) => self.count(branch, value),
            other => self.cannot_iterate(other),
        }
    }

    fn cannot_iterate<T>(&self, value: &Value) -> Done<T> {
        match crate::format::print_value(value) {
            Ok(text) => self.error(format!("range can't iterate over {text}")),
            Err(failure) => self.fail(failure),
        }
    }

    /// A range over an integer counts from zero to below it, in its own type.
    fn count(&mut self, branch: &'t Branch, value: &Value) -> Done<bool> {
        if self.engine.options().go < Go::V1_26 || value.as_float().is_some() {
            return self.cannot_iterate(value);
        }
        if branch.pipe.declares.len() > 1 {
            return self.error(format!("can't use {value} to iterate over more than one variable"));
        }
        let signed = value.as_signed().map(|n| u64::try_from(n).unwrap_or(0));
        let end = signed.or(value.as_unsigned()).unwrap_or(0);
        for i in 0..end {
            let item = like(value, i);
            if self.once(branch, None, Got::plain(item))? == Flow::Break {
                break;
            }
        }
        Ok(end > 0)
    }

    fn once(&mut self, branch: &'t Branch, index: Option<Value>, item: Got) -> Done<Flow> {
        self.step()?;
        let pipe = &branch.pipe;
        let index = || Got::plain(index.unwrap_or(Value::NoValue));
        match (&*pipe.declares, pipe.assigns) {
            ([], _) => {}
            ([one], true) => self.assign(one.id, &one.name, item.clone())?,
            ([_], false) => self.set_top(1, item.clone()),
            ([first, second, ..], true) => {
                self.assign(first.id, &first.name, index())?;
                self.assign(second.id, &second.name, item.clone())?;
            }
            ([_, _, ..], false) => {
                self.set_top(1, item.clone());
                self.set_top(2, index());
            }
        }
        let mark = self.mark();
        let flow = self.nested(&item, &branch.body);
        self.pop(mark);
        flow
    }

    pub(super) fn assign(&mut self, id: u32, name: &crate::Str, got: Got) -> Done<()> {
        match self.set(id, got) {
            Some(()) => Ok(()),
            None => self.error(format!("undefined variable: {name}")),
        }
    }

    pub(super) fn at_pipe(&mut self, pipe: &'t crate::parse::Pipe) {
        self.at(At::Pipe(pipe));
    }
}

/// A number in the type of another.
fn like(value: &Value, n: u64) -> Value {
    match value {
        Value::Number(Number::Int8(_)) => Number::Int8(n as i8).into(),
        Value::Number(Number::Int16(_)) => Number::Int16(n as i16).into(),
        Value::Number(Number::Int32(_)) => Number::Int32(n as i32).into(),
        Value::Number(Number::Int64(_)) => Value::int64(n as i64),
        Value::Number(Number::Uint(_)) => Number::Uint(n).into(),
        Value::Number(Number::Uint8(_)) => Number::Uint8(n as u8).into(),
        Value::Number(Number::Uint16(_)) => Number::Uint16(n as u16).into(),
        Value::Number(Number::Uint32(_)) => Number::Uint32(n as u32).into(),
        Value::Number(Number::Uint64(_)) => Number::Uint64(n).into(),
        _ => Value::Int(n as i64),
    }
}
