//! The functions of sprig 3.3, which Helm's charts are written with.
//!
//! One module a topic, each with a table of names and signatures. `env` and `expandenv` do not exist, and
//! `getHostByName` asks nobody: a template reads nothing that it is not given.

mod case;
mod cast;
#[cfg(feature = "crypto")]
mod crypto;
mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod lists;
mod merge;
mod numbers;
mod paths;
mod random;
mod reflection;
mod regexes;
mod strings;
mod urls;
mod versions;

use crate::functions::{Entry, Signature, Type};
use crate::{Call, Failure, Str, Value};

pub(crate) use encoding::encode64;
pub(crate) use regexes::RegexCache;

/// Every table.
pub(crate) const TABLES: &[&[Entry]] = &[
    case::FUNCTIONS,
    #[cfg(feature = "crypto")]
    crypto::FUNCTIONS,
    dates::FUNCTIONS,
    defaults::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    lists::FUNCTIONS,
    numbers::FUNCTIONS,
    paths::FUNCTIONS,
    random::FUNCTIONS,
    reflection::FUNCTIONS,
    regexes::FUNCTIONS,
    strings::FUNCTIONS,
    urls::FUNCTIONS,
    versions::FUNCTIONS,
];

const S: Type = Type::String;
const I: Type = Type::Int;
const ANY: Type = Type::Any;

const fn fixed(params: &'static [Type]) -> Signature {
    Signature::fixed(params)
}

const fn many(params: &'static [Type], rest: Type) -> Signature {
    Signature::variadic(params, rest)
}

/// A string result, its bytes taken from the budget.
fn made(call: &mut Call<'_>, text: impl Into<Str>) -> Result<Value, Failure> {
    let text = text.into();
    call.engine.charge_bytes(text.len())?;
    Ok(Value::String(text))
}

fn made_bytes(call: &mut Call<'_>, bytes: Vec<u8>) -> Result<Value, Failure> {
    made(call, Str::from_bytes(bytes))
}

/// sprig's `strval`: strings as they are, bytes as text, others as `%v`.
fn text_of(value: &Value) -> Result<Str, Failure> {
    match value {
        Value::Bytes(bytes) => Ok(Str::from_bytes(bytes.to_vec())),
        value => crate::format::to_text(value),
    }
}

/// What Go's runtime says when a nil type is asked for its kind.
const NIL_TYPE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// Go's message for a type assertion that does not hold.
fn not_a(value: &Value, wanted: &str) -> Failure {
    let found = if value.is_nil() { "nil".to_owned() } else { value.type_name() };
    Failure::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}
