//! Fields of maps and hosts, and methods of hosts.

use super::MissingKey;
use super::run::{At, Done, Got, Run};
use crate::parse::Operand;
use crate::value::Elem;
use crate::{Kind, List, Map, Str, Value};

/// Follows fields through maps that have them, which is nearly always. Nothing where there is more to it.
pub(super) fn through_maps(receiver: &Got, path: &[Str]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let Value::Map(map) = &receiver.value else { return None };
    let mut value = map.get(first.as_bytes())?;
    for name in rest {
        let Value::Map(map) = &value else { return None };
        value = map.get(name.as_bytes())?;
    }
    Some(value)
}

impl<'t> Run<'_, 't> {
    /// Follows fields; the last may be a method with arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Got,
        receiver: &Got,
        node: At<'t>,
        path: &'t [Str],
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Value> {
        if args.is_empty()
            && last.is_none()
            && let Some(value) = through_maps(receiver, path)
        {
            return Ok(value);
        }
        let Some((end, way)) = path.split_last() else { return Ok(receiver.value.clone()) };
        let Some((start, way)) = way.split_first() else {
            return Ok(self.field(dot, end, node, args, last, receiver)?.value);
        };
        let mut got = self.field(dot, start, node, &[], None, receiver)?;
        for name in way {
            got = self.field(dot, name, node, &[], None, &got)?;
        }
        Ok(self.field(dot, end, node, args, last, &got)?.value)
    }

    fn field(
        &mut self,
        dot: &Got,
        name: &Str,
        node: At<'t>,
        args: &'t [Operand],
        last: Option<Value>,
        receiver: &Got,
    ) -> Done<Got> {
        match &receiver.value {
            Value::Map(map) => {
                let value = map.get(name.as_bytes());
                self.entry(name, value, map.elem(), !args.is_empty() || last.is_some())
            }
            Value::NoValue => {
                if self.engine.options().missing_key == MissingKey::Error {
                    return self.error(format!("nil data; no entry for key {}", quoted(name)));
                }
                Ok(Got::plain(Value::NoValue))
            }
            Value::Nil => self.error(format!("nil pointer evaluating interface {{}}.{name}")),
            Value::Host(host) => self.host_field(dot, name, node, args, last, receiver, host.as_ref()),
            _ => self.no_field(name, receiver),
        }
    }

    fn no_field<T>(&self, name: &Str, receiver: &Got) -> Done<T> {
        self.error(format!("can't evaluate field {name} in type {}", receiver.type_name()))
    }

    fn entry(&self, name: &Str, value: Option<Value>, elem: Elem, has_args: bool) -> Done<Got> {
        if has_args {
            return self.error(format!("{name} is not a method but has arguments"));
        }
        let boxed = elem == Elem::Any;
        match (value, self.engine.options().missing_key) {
            (Some(value), _) => Ok(Got { value, boxed }),
            (None, MissingKey::NoValue) => Ok(Got::plain(Value::NoValue)),
            (None, MissingKey::Zero) => Ok(Got { value: zero(elem), boxed }),
            (None, MissingKey::Error) => self.error(format!("map has no entry for key {}", quoted(name))),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the whole of a call that may be a method's")]
    fn host_field(
        &mut self,
        dot: &Got,
        name: &Str,
        node: At<'t>,
        args: &'t [Operand],
        last: Option<Value>,
        receiver: &Got,
        host: &dyn crate::Host,
    ) -> Done<Got> {
        let text = name.to_text();
        if let Some(signature) = host.method(&text) {
            let values = self.arguments(dot, &text, signature, args, last)?;
            let mut call = crate::Call { args: &values, engine: &mut *self.engine };
            return match host.call(&text, &mut call) {
                Ok(value) => Ok(Got::plain(value)),
                Err(failure) => self.calling(node, &text, failure),
            };
        }
        let has_args = !args.is_empty() || last.is_some();
        match (host.kind(), host.field(&text)) {
            (Kind::Map, value) => {
                if value.is_none() && !has_args && self.engine.options().missing_key == MissingKey::Zero {
                    return Ok(Got::plain(host.zero()));
                }
                self.entry(name, value, Elem::Any, has_args)
            }
            (_, Some(_)) if has_args => {
                self.error(format!("{name} has arguments but cannot be invoked as function"))
            }
            (_, Some(value)) => Ok(Got::plain(value)),
            (_, None) => self.no_field(name, receiver),
        }
    }
}

fn quoted(name: &Str) -> String {
    crate::format::quote(name.as_bytes())
}

/// Go's zero value of an element type.
pub(crate) fn zero(elem: Elem) -> Value {
    match elem {
        Elem::Any => Value::Nil,
        Elem::String => Value::String(Str::default()),
        Elem::Int => Value::Int(0),
        Elem::Int64 => Value::int64(0),
        Elem::Byte => crate::Number::Uint8(0).into(),
        Elem::Float => Value::Float(0.0),
        Elem::Bool => Value::Bool(false),
        Elem::Bytes => Value::Bytes([].into()),
        Elem::List => Value::List(List::nil(Elem::Any)),
        Elem::Strings => Value::List(List::nil(Elem::String)),
        Elem::Map => Value::Map(Map::nil()),
    }
}
