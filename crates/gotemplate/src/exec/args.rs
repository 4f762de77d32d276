//! Arguments: evaluated, and made to fit the parameter's type.

use smallvec::SmallVec;

use super::run::{At, Done, Got, Run};
use crate::functions::{Signature, Type};
use crate::parse::Operand;
use crate::{Number, Value};

pub(super) type Args = SmallVec<[Value; 4]>;

impl<'t> Run<'_, 't> {
    /// The arguments of a call, in the types its signature wants.
    pub(super) fn arguments(
        &mut self,
        dot: &Got,
        name: &str,
        signature: Signature,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Args> {
        let given = args.len() + usize::from(last.is_some());
        self.check_count(name, signature, args.len(), given)?;
        let wanted = |i: usize| signature.params.get(i).copied().or(signature.rest).unwrap_or(Type::Any);
        let mut values = Args::with_capacity(given);
        for (i, arg) in args.iter().enumerate() {
            values.push(self.argument(dot, wanted(i), arg)?);
        }
        if let Some(last) = last {
            values.push(self.fit(last, wanted(given - 1))?);
        }
        Ok(values)
    }

    pub(super) fn check_count(
        &self,
        name: &str,
        signature: Signature,
        written: usize,
        given: usize,
    ) -> Done<()> {
        let want = signature.params.len();
        match signature.rest {
            Some(_) if given < want => {
                self.error(format!("wrong number of args for {name}: want at least {want} got {written}"))
            }
            None if given != want => {
                self.error(format!("wrong number of args for {name}: want {want} got {given}"))
            }
            _ => Ok(()),
        }
    }

    /// One argument, in the type that is wanted.
    pub(super) fn argument(&mut self, dot: &Got, wanted: Type, arg: &'t Operand) -> Done<Value> {
        self.at(At::Operand(arg));
        match arg {
            Operand::Dot { .. } => self.fit(dot.value.clone(), wanted),
            Operand::Nil { .. } => match wanted.nil() {
                Some(value) => Ok(value),
                None => self.error(format!("cannot assign nil to {}", wanted.name())),
            },
            Operand::Field { .. }
            | Operand::Variable { .. }
            | Operand::Pipe(_)
            | Operand::Function { .. }
            | Operand::Chain { .. } => {
                let value = self.free_argument(dot, arg)?;
                self.fit(value, wanted)
            }
            literal => self.literal_argument(wanted, literal),
        }
    }

    /// A field, variable, function or pipeline, whatever its type.
    pub(super) fn free_argument(&mut self, dot: &Got, arg: &'t Operand) -> Done<Value> {
        match arg {
            Operand::Field { path, .. } => {
                self.at(At::Operand(arg));
                self.fields(dot, dot, At::Operand(arg), path, &[], None)
            }
            Operand::Variable { .. } => self.variable_with(dot, arg, &[], None),
            Operand::Pipe(pipe) => self.parenthesised(dot, pipe),
            Operand::Function { function, .. } => {
                self.at(At::Operand(arg));
                self.call_function(dot, function, At::Operand(arg), &[], None)
            }
            Operand::Chain { on, path, .. } => self.chain(dot, arg, on, path, &[], None),
            Operand::Dot { .. } => Ok(dot.value.clone()),
            Operand::Nil { .. } => self.error(format!("indirection through explicit nil in {arg}")),
            literal => self.literal(literal),
        }
    }

    fn literal_argument(&mut self, wanted: Type, literal: &'t Operand) -> Done<Value> {
        let expected = |what: &str| format!("expected {what}; found {literal}");
        let number = match literal {
            Operand::Number { constant, .. } => Some(constant),
            _ => None,
        };
        match wanted {
            Type::Any | Type::Reflect => self.literal(literal),
            Type::String => match literal {
                Operand::String { text, .. } => Ok(Value::String(text.clone())),
                _ => self.error(expected("string")),
            },
            Type::Bool => match literal {
                Operand::Bool { value, .. } => Ok(Value::Bool(*value)),
                _ => self.error(expected("bool")),
            },
            Type::Int | Type::Int64 => match number.and_then(|n| n.int) {
                Some(n) if wanted == Type::Int => Ok(Value::Int(n)),
                Some(n) => Ok(Number::Int64(n).into()),
                None => self.error(expected("integer")),
            },
            Type::Float => match number.and_then(|n| n.float) {
                Some(n) => Ok(Value::Float(n)),
                None => self.error(expected("float")),
            },
            other => self.error(format!("can't handle {literal} for arg of type {}", other.name())),
        }
    }

    /// Makes a value fit a parameter's type, or says why it does not.
    pub(super) fn fit(&self, value: Value, wanted: Type) -> Done<Value> {
        match &value {
            Value::NoValue => match wanted.nil() {
                Some(value) => Ok(value),
                None => self.error(format!("invalid value; expected {}", wanted.name())),
            },
            Value::Nil if matches!(wanted, Type::Any | Type::Reflect) => Ok(value),
            Value::Map(map) if wanted == Type::Map && wanted.takes(&value) => Ok(map.plain().into()),
            fitting if wanted.takes(fitting) => Ok(value),
            other => {
                let found = match other {
                    Value::Nil => "interface {}".to_owned(),
                    other => other.type_name(),
                };
                self.error(format!("wrong type for value; expected {}; got {found}", wanted.name()))
            }
        }
    }
}
