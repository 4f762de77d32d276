//! Go's own template functions. `and`, `or` and `call` are part of the execution itself.

mod compare;
mod escape;
mod index;

use crate::format::{sprint, sprintf, sprintln};
use crate::functions::{Entry, Signature, Type};
use crate::{Call, Failure, Value};

const REFLECT: Type = Type::Reflect;
const ONE_OR_MORE: Signature = Signature::variadic(&[REFLECT], REFLECT);
const TWO: Signature = Signature::fixed(&[REFLECT, REFLECT]);
const ONE: Signature = Signature::fixed(&[REFLECT]);
const ANY: Signature = Signature::variadic(&[], Type::Any);

pub(crate) const FUNCTIONS: &[Entry] = &[
    ("eq", ONE_OR_MORE, compare::eq),
    ("ne", TWO, compare::ne),
    ("lt", TWO, compare::lt),
    ("le", TWO, compare::le),
    ("gt", TWO, compare::gt),
    ("ge", TWO, compare::ge),
    ("not", ONE, |call| Ok(Value::Bool(!call.arg(0).is_true()))),
    ("len", ONE, index::len),
    ("index", ONE_OR_MORE, index::index),
    ("slice", ONE_OR_MORE, index::slice),
    ("print", ANY, |call| {
        let text = sprint(call.args, call.engine.bytes_left());
        Ok(made(call, text)?.into())
    }),
    ("println", ANY, |call| {
        let text = sprintln(call.args, call.engine.bytes_left());
        Ok(made(call, text)?.into())
    }),
    ("printf", Signature::variadic(&[Type::String], Type::Any), |call| {
        let text = sprintf(call.text(0).as_bytes(), call.rest(1), call.engine.bytes_left());
        Ok(made(call, text)?.into())
    }),
    ("html", ANY, escape::html),
    ("js", ANY, escape::js),
    ("urlquery", ANY, escape::urlquery),
];

/// Takes the bytes of a text that was made from the budget.
fn made(call: &mut Call<'_>, text: Result<crate::Str, Failure>) -> Result<crate::Str, Failure> {
    let text = text?;
    call.engine.charge_bytes(text.len())?;
    Ok(text)
}
