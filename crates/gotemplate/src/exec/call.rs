//! Calls of functions, `and`, `or` and `call` among them.

use std::sync::Arc;

use super::run::{At, Done, Got, Run};
use crate::functions::{FunctionBody, Type};
use crate::parse::Operand;
use crate::{Failure, Function, Value};

impl<'t> Run<'_, 't> {
    pub(super) fn call_function(
        &mut self,
        dot: &Got,
        function: &'t Arc<Function>,
        node: At<'t>,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Value> {
        self.step()?;
        match function.body {
            FunctionBody::And => return self.and_or(dot, function, args, last, false),
            FunctionBody::Or => return self.and_or(dot, function, args, last, true),
            FunctionBody::Call => return self.call_value(dot, function, node, args, last),
            _ => {}
        }
        let values = self.arguments(dot, function.name(), function.signature, args, last)?;
        match function.run(self.engine, &values) {
            Ok(value) => Ok(value),
            Err(failure) => self.calling(node, function.name(), failure),
        }
    }

    /// Fails as a call does.
    pub(super) fn calling<T>(&mut self, node: At<'t>, name: &str, failure: Failure) -> Done<T> {
        self.at(node);
        self.fail(failure.within(&format!("error calling {name}: ")))
    }

    /// The first argument that decides, or the last.
    fn and_or(
        &mut self,
        dot: &Got,
        function: &Function,
        args: &'t [Operand],
        last: Option<Value>,
        decides: bool,
    ) -> Done<Value> {
        let given = args.len() + usize::from(last.is_some());
        self.check_count(function.name(), function.signature, args.len(), given)?;
        let mut value = Value::NoValue;
        for arg in args {
            value = self.argument(dot, Type::Reflect, arg)?;
            if value.is_true() == decides {
                return Ok(value);
            }
        }
        if let Some(last) = last {
            value = self.fit(last, Type::Reflect)?;
        }
        Ok(value)
    }

    /// `call`: a function that is a value.
    fn call_value(
        &mut self,
        dot: &Got,
        function: &Function,
        node: At<'t>,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Value> {
        let name = match (args.first(), &last) {
            (Some(arg), _) => arg.to_string(),
            (None, Some(last)) => match last {
                Value::String(text) => text.to_string(),
                Value::NoValue => "<invalid Value>".to_owned(),
                value => format!("<{} Value>", value.type_name()),
            },
            (None, None) => String::new(),
        };
        let values = self.arguments(dot, function.name(), function.signature, args, last)?;
        match self.call_with(&name, &values) {
            Ok(value) => Ok(value),
            Err(failure) => self.calling(node, function.name(), failure),
        }
    }

    fn call_with(&mut self, name: &str, values: &[Value]) -> Result<Value, Failure> {
        let Some((callee, args)) = values.split_first() else { return Err("call of nil".into()) };
        let Value::Function(callee) = callee else {
            return Err(match callee {
                Value::NoValue | Value::Nil => "call of nil".into(),
                other => format!("non-function {name} of type {}", other.type_name()).into(),
            });
        };
        let (params, rest) = (callee.signature.params, callee.signature.rest);
        let (got, want) = (args.len(), params.len());
        if got < want || (got > want && rest.is_none()) {
            let least = if rest.is_some() { "at least " } else { "" };
            return Err(format!("wrong number of args for {name}: got {got} want {least}{want}").into());
        }
        let mut fitting = Vec::with_capacity(got);
        for (i, arg) in args.iter().enumerate() {
            let wanted = params.get(i).copied().or(rest).unwrap_or(Type::Any);
            fitting.push(prepare(arg, wanted).map_err(|e| format!("arg {i}: {e}"))?);
        }
        callee.clone().run(self.engine, &fitting)
    }
}

/// Makes a value fit a type as `call` and `index` do: integers convert to each other.
fn prepare(value: &Value, wanted: Type) -> Result<Value, String> {
    if value.is_nil() {
        return wanted.nil().ok_or_else(|| format!("value is nil; should be of type {}", wanted.name()));
    }
    if wanted.takes(value) {
        return Ok(value.clone());
    }
    let int = value.as_signed().or_else(|| value.as_unsigned().map(|n| n as i64));
    match (wanted, int) {
        (Type::Int, Some(n)) => Ok(Value::Int(n)),
        (Type::Int64, Some(n)) => Ok(Value::int64(n)),
        _ => Err(format!("value has type {}; should be {}", value.type_name(), wanted.name())),
    }
}
