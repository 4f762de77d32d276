//! Functions that the libraries below compute otherwise than cel-go, or lack.

use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr};
use cel::{Context, ExecutionError, FunctionContext, IdedExpr, ResolveResult, Value};

/// The name under which `string(x)` is evaluated.
pub(crate) const STRING: &str = "@string";
/// The name of a variable that no text can name.
const ARGUMENT: &str = "@argument";

/// The names of types, which are values: what `type(x)` gives is compared with them.
const TYPES: [&str; 11] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
];

/// Adds them to a context that has the libraries' functions.
pub(crate) fn add(context: &mut Context<'_>) {
    for name in TYPES {
        context.add_variable_from_value(name, text(name));
    }
    context.add_function("dyn", argument);
    context.add_function("type", |ftx: &FunctionContext<'_, '_>| {
        Ok::<_, ExecutionError>(named(&argument(ftx)?))
    });
    context.add_function("size", size);
    context.add_function(STRING, string);
}

fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

/// What a function is asked about: its receiver, or else its first argument.
fn argument(ftx: &FunctionContext<'_, '_>) -> ResolveResult {
    match (&ftx.this, ftx.args.first()) {
        (Some(this), _) => Ok(this.clone()),
        (None, Some(first)) => ftx.ptx.resolve(first),
        (None, None) => Err(ExecutionError::MissingArgumentOrTarget),
    }
}

fn named(value: &Value) -> Value {
    match value {
        Value::Float(_) => text("double"),
        Value::Null => text("null_type"),
        Value::Timestamp(_) => text("google.protobuf.Timestamp"),
        Value::Duration(_) => text("google.protobuf.Duration"),
        other => text(&other.type_of().to_string()),
    }
}

/// The size of a text is that of its characters, not of its bytes.
fn size(ftx: &FunctionContext<'_, '_>) -> ResolveResult {
    let size = match argument(ftx)? {
        Value::List(list) => list.len(),
        Value::Map(map) => map.map.len(),
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

/// Truths are texts too.
fn string(ftx: &FunctionContext<'_, '_>) -> ResolveResult {
    match argument(ftx)? {
        Value::Bool(truth) => Ok(text(if truth { "true" } else { "false" })),
        Value::Null | Value::List(_) | Value::Map(_) => Err(ExecutionError::NoSuchOverload),
        other => {
            let mut scope = ftx.ptx.new_inner_scope();
            scope.add_variable_from_value(ARGUMENT, other);
            let given = IdedExpr { id: 0, expr: Expr::Ident(ARGUMENT.to_owned()) };
            let call = CallExpr { func_name: "string".to_owned(), target: None, args: vec![given] };
            scope.resolve(&IdedExpr { id: 0, expr: Expr::Call(call) })
        }
    }
}
